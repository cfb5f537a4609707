"""The Pygments lexer: no text of the language is an error, and words have their colours."""

from __future__ import annotations

import re

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String

from rewardlang.editor.highlight import RewardLexer

from .client import ROOT

SPECS = sorted((ROOT / "reward_specs").rglob("*.reward")) + sorted(
    (ROOT / "tests" / "data").rglob("ok_*.reward")
)


@pytest.mark.parametrize(
    "path", SPECS + sorted((ROOT / "tests/data/specs").glob("*.reward")), ids=lambda path: path.name
)
def test_no_errors_and_nothing_lost(path):
    text = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    found = list(RewardLexer(stripnl=False).get_tokens(text))
    assert [value for kind, value in found if kind is Error] == []
    assert "".join(value for _, value in found) == text


KINDS = [
    ("param gain = 1.5e0[m/s] in [0, 3]  # a knob", {"param": Keyword, "gain": Name, "1.5e0": Number, "m/s": Keyword.Type, "in": Keyword, "# a knob": Comment.Single}),
    ("reward style per second = sum(x, over=joints) * not base.xy as y",
     {"reward": Keyword, "per": Keyword, "second": Keyword, "sum": Name.Builtin, "not": Operator.Word, "xy": Name.Attribute, "as": Keyword, "y": Name.Label}),
    ("track(e) = exp(-e^2)", {"track": Name.Function, "exp": Name.Builtin, "^": Operator}),
    ("soles = bodies('*_foot')", {"soles": Name.Variable, "bodies": Name.Builtin, "'*_foot'": String}),
    ("weight = pi * task", {"weight": Name.Variable, "pi": Name.Constant, "task": Name}),
    ("drop terminate fallen", {"drop": Keyword, "terminate": Keyword, "fallen": Name}),
    ("x = legs.norm(y)", {"norm": Name.Function}),
]  # fmt: skip


@pytest.mark.parametrize("text, kinds", KINDS, ids=[text for text, _ in KINDS])
def test_colours(text, kinds):
    found = {value: kind for kind, value in RewardLexer().get_tokens(text)}
    assert {word: found.get(word) for word in kinds} == kinds


def test_where_pygments_finds_it():
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'"pygments\.lexers"\]\nrewardlang = "rewardlang\.editor\.highlight:RewardLexer"', lines)
    assert (
        RewardLexer.name == "rewardlang"
        and "reward" in RewardLexer.aliases
        and RewardLexer.filenames == ["*.reward"]
    )


def test_colours_of_an_editor(editor):
    """Each word with what it is, lines and characters counted on from the word before."""
    legend = editor.server["capabilities"]["semanticTokensProvider"]["legend"]
    text = "param gain = 1.5[m]  # \U0001f916\nf(x) = gain * x\nreward = sum(torques[knees]) * f(alive) as y\nb = (gain\n"
    editor.open(text)
    data = editor.ask("semanticTokens/full")["data"]
    found, line, character = [], 0, 0
    for i in range(0, len(data), 5):
        lines, characters, length, kind, bits = data[i : i + 5]
        line, character = line + lines, characters + (0 if lines else character)
        units = (
            text.split("\n")[line]
            .encode("utf-16-le")[2 * character : 2 * (character + length)]
            .decode("utf-16-le")
        )
        found.append(
            (
                units,
                legend["tokenTypes"][kind],
                [m for j, m in enumerate(legend["tokenModifiers"]) if bits >> j & 1],
            )
        )
    own = ["readonly"]
    assert found == [
        ("param", "keyword", []), ("gain", "variable", ["declaration", "readonly"]), ("1.5", "number", []), ("[m]", "type", []), ("# \U0001f916", "comment", []),
        ("f", "function", ["declaration"]), ("x", "parameter", ["declaration"]), ("gain", "variable", own), ("x", "parameter", []),
        ("reward", "keyword", []), ("sum", "function", ["defaultLibrary"]), ("torques", "variable", ["readonly", "defaultLibrary"]),
        ("knees", "enumMember", ["defaultLibrary"]), ("f", "function", []), ("alive", "variable", ["readonly", "defaultLibrary"]),
        ("as", "keyword", []), ("y", "event", ["declaration"]), ("b", "variable", []), ("gain", "variable", own),
    ]  # fmt: skip
