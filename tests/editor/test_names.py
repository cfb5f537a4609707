"""Definitions, references, renaming, the outline, formatting and quick fixes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

import rewardlang
from rewardlang.editor import rename
from rewardlang.editor.analysis import analyse
from rewardlang.editor.fixes import fixes
from rewardlang.editor.links import Files
from rewardlang.lang.fmt import formatted
from rewardlang.lang.source import Source

from .client import ROOT, WAIT, Client, Refusal, applied, marked

TEXT = """\
import "legs.reward" as legs
param target = 1.0[m/s] in [0, 3]
track(error, width) = exp(-(error / width)^2)
error = base_lin_vel.x - target
speed = track(error, width=0.25)
reward = speed + legs.near(error, reach=2) * legs.gap - 2 * sum(torques^2) as effort
reward style = - error^2 as drift
total = max(reward, 0) + style
terminate slow when speed < target * 0.1
metric error = abs(error)
weight effort = -0.01
weight speed = 2
expect effort <= 0
"""
LEGS = "gap = base_height\nnear(x, reach) = exp(-(x / reach)^2)\nfar = near(gap, 1)\n"


@pytest.fixture
def two(editor: Client) -> Client:
    """TEXT and the file that it imports, open and on disk."""
    for name, text in (("legs.reward", LEGS), ("a.reward", TEXT)):
        (editor.folder / name).write_text(text, encoding="utf-8")
    assert editor.open(TEXT) == []
    return editor


def at(place: str, text: str = TEXT) -> Tuple[int, int]:
    """Where the mark of a stretch of the text stands."""
    assert text.count(place.replace("|", "")) >= 1, place
    return marked(text.replace(place.replace("|", ""), place, 1))[1]


def word(text: str, range: Dict[str, Any]) -> str:
    return text.split("\n")[range["start"]["line"]][range["start"]["character"] : range["end"]["character"]]


DEFINITIONS = [
    ("- tar|get\nspeed", "a.reward", 1, "target"), ("tra|ck(error, width=", "a.reward", 2, "track"), ("(err|or / width)", "a.reward", 2, "error"),
    ("(error / wid|th)", "a.reward", 2, "width"), ("track(err|or, width=", "a.reward", 3, "error"), ("wid|th=0.25", "a.reward", 2, "width"),
    ("reward = spe|ed", "a.reward", 4, "speed"), ("le|gs.near", "a.reward", 0, "legs"), ("legs.ne|ar", "legs.reward", 1, "near"),
    ("legs.ga|p", "legs.reward", 0, "gap"), ("rea|ch=2", "legs.reward", 1, "reach"), ("+ sty|le", "a.reward", 6, "style"),
    ("max(rew|ard", "a.reward", 5, "reward"), ("weight eff|ort", "a.reward", 5, "effort"), ("weight spe|ed", "a.reward", 5, "speed"),
    ('"leg|s.reward"', "legs.reward", 0, ""), ("when spe|ed", "a.reward", 4, "speed"), ("expect eff|ort", "a.reward", 5, "effort"),
    ("abs(err|or)", "a.reward", 3, "error"), ("metric err|or", "a.reward", 9, "error"),
]  # fmt: skip


@pytest.mark.parametrize("place, file, line, name", DEFINITIONS, ids=[d[0] for d in DEFINITIONS])
def test_definition(two: Client, place: str, file: str, line: int, name: str) -> None:
    answer = two.ask("definition", at(place))
    assert answer["uri"] == two.uri(file) and answer["range"]["start"]["line"] == line
    assert not name or word(LEGS if file == "legs.reward" else TEXT, answer["range"]) == name


@pytest.mark.parametrize("place", ["base_lin_vel|.x", "sum|(torques", "tor|ques", "# "])
def test_no_definition(two: Client, place: str) -> None:
    if place != "# ":
        assert two.ask("definition", at(place)) is None


def test_definition_of_the_base(editor: Client) -> None:
    (editor.folder / "base.reward").write_text(
        "pace = base_lin_vel.x\nreward = pace as speed - alive\n", encoding="utf-8"
    )
    editor.open('extends "base.reward"\nreward += pace as more\nweight speed = 2\ndrop alive\n')
    for line, character, wanted in ((1, 11, 0), (2, 8, 1), (3, 6, 1), (0, 12, 0)):
        answer = editor.ask("definition", (line, character))
        assert answer["uri"] == editor.uri("base.reward") and answer["range"]["start"]["line"] == wanted


REFERENCES = [
    ("param tar|get", [1, 3, 8]), ("err|or = base", [3, 4, 5, 6, 9]), ("track(err|or, width) = ", [2, 2]), ("metric err|or", [9]),
    ("spe|ed = ", [4, 5, 8]), ("weight eff|ort", [5, 10, 12]), ("torq|ues", [5]), ("sty|le = - ", [6, 7]),
]  # fmt: skip


@pytest.mark.parametrize("place, lines", REFERENCES, ids=[r[0] for r in REFERENCES])
def test_references(two: Client, place: str, lines: List[int]) -> None:
    found = two.ask("references", at(place), context={"includeDeclaration": True})
    assert sorted(f["range"]["start"]["line"] for f in found) == lines
    assert {f["uri"] for f in found} == {two.uri("a.reward")}


def test_references_in_other_files(two: Client) -> None:
    found = two.ask("references", at("legs.ga|p"), context={"includeDeclaration": False})
    assert sorted((Path(f["uri"]).name, f["range"]["start"]["line"]) for f in found) == [
        ("a.reward", 5),
        ("legs.reward", 2),
    ]
    assert len(two.ask("documentHighlight", at("err|or = base"))) == 5


RENAMED = [
    ("param tar|get", "goal"), ("- tar|get\n", "goal"), ("err|or = base", "gap"), ("track(err|or, width) = ", "e"), ("width|=0.25", "w"),
    ("tra|ck(error, width=", "follow"), ("le|gs.near", "lower"), ("legs.ga|p", "height"), ("legs.ne|ar", "close"), ("rea|ch=2", "span"),
    ("sty|le = - ", "taste"), ("terminate sl|ow", "lame"), ("metric err|or", "miss"), ("as eff|ort", "cost"), ("expect eff|ort", "cost"),
    ("weight eff|ort", "cost"), ("spe|ed = ", "pace"), ("as dri|ft", "torques"), ("err|or = base", "track"),
]  # fmt: skip


def contents(editor: Client, changes: Optional[Dict[str, Any]]) -> Dict[str, str]:
    """The two files after the changes of a workspace edit."""
    texts = {"a.reward": TEXT, "legs.reward": LEGS}
    for uri, edits in (changes or {}).items():
        name = Path(uri).name
        texts[name] = applied(texts[name], edits)
    return texts


def shape(folder: Path, texts: Dict[str, str]) -> Any:
    """A program without its names: the operations and types, and how terms weigh."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    program = rewardlang.compile(rewardlang.load(folder / "a.reward"))
    trees: List[Any] = []
    for node in program.typed.nodes:
        data = node.data if node.op == "const" else ()
        trees.append(hash((node.op, data, str(node.type), *(trees[i] for i in node.args))))
    typed = program.typed
    outputs = [typed.total, *(o.value for o in typed.metrics), *typed.outcomes.values()]
    return [(trees[t.weight], trees[t.value]) for t in typed.terms], [
        trees[i] for i in outputs if i is not None
    ]


@pytest.mark.parametrize("place, new", RENAMED, ids=[f"{place} {new}" for place, new in RENAMED])
def test_rename(two: Client, tmp_path: Path, place: str, new: str) -> None:
    """No name is forgotten or hit by chance: the result compiles to the same program, and naming it back gives the same text."""
    position = at(place)
    old = two.ask("prepareRename", position)
    edit = two.ask("rename", position, newName=new)["changes"]
    texts = contents(two, edit)
    assert texts != contents(two, None)
    assert shape(tmp_path, texts) == shape(tmp_path, contents(two, None))
    every = [e for edits in edit.values() for e in edits]
    assert {e["newText"] for e in every} == {new} and len(every) >= 1
    assert {
        word(TEXT if Path(uri).name == "a.reward" else LEGS, e["range"])
        for uri, edits in edit.items()
        for e in edits
    } == {old["placeholder"]}


REFUSED = [
    ("base_lin_v|el", "x", "name of the task"), ("sum|(torques", "x", "function of the language"), ("param tar|get", "torques", "name of the task"),
    ("param tar|get", "error", "taken"), ("param tar|get", "1x", "no name"), ("param tar|get", "and", "reserved"), ("param tar|get", "", "no name"),
    ("param tar|get", "total", "cannot be defined"), ("tra|ck(error, width)", "exp", "function of the language"), ("track(err|or, width)", "width", "taken"),
    ("max(rew|ard", "x", "no name of its own"), ("weight spe|ed", "x", "named by what it is"), ("met|ric", "x", "no name here"),
    ("legs.ga|p", "far", "taken"), ("sty|le = - ", "target", "taken"), ("as eff|ort", "drift", "taken"), ("as eff|ort", "speed", "mixed up"),
    ("error, wid|th)", "error", "taken"),
]  # fmt: skip


@pytest.mark.parametrize("place, new, why", REFUSED, ids=[f"{place} {new}" for place, new, _ in REFUSED])
def test_rename_refused(two: Client, place: str, new: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        two.ask("rename", at(place), newName=new)


def test_what_is_refused_leaves_nothing_in_the_log(two: Client) -> None:
    log = two.folder / "stderr.txt"
    before = log.read_text(encoding="utf-8")
    for request, more in (("rename", {"newName": "x"}), ("prepareRename", {})):
        with pytest.raises(Refusal, match="name of the task"):
            two.ask(request, at("base_lin_v|el"), **more)
    assert log.read_text(encoding="utf-8") == before
    two.notify("textDocument/didChange", {"textDocument": {}})  # a fault is told
    end = time.monotonic() + WAIT
    while log.read_text(encoding="utf-8") == before:
        assert time.monotonic() < end, "the log says nothing of a fault"
        time.sleep(0.01)


def test_rename_refused_where_it_would_be_caught(editor: Client) -> None:
    """A parameter of that name would catch the definition that the function reads."""
    editor.open("gain = 2\nf(x) = gain * x\nreward = f(alive)\n")
    with pytest.raises(Refusal, match="mixed up"):
        editor.ask("rename", (0, 1), newName="x")
    with pytest.raises(Refusal, match="mixed up|taken"):
        editor.ask("rename", (1, 2), newName="gain")
    editor.change("gain = 2 +\nreward = alive\n")
    with pytest.raises(Refusal, match="line 1 does not parse"):
        editor.ask("prepareRename", (0, 1))


def test_rename_refused_where_another_file_has_the_name(editor: Client) -> None:
    """In a file that extends this one, or that this one extends, one would replace the other."""
    (editor.folder / "base.reward").write_text("under = 1\nreward = alive\n", encoding="utf-8")
    (editor.folder / "over.reward").write_text('extends "a.reward"\nabove = 3\n', encoding="utf-8")
    text = 'extends "base.reward"\ngain = 2\nreward += gain * heading\n'
    (editor.folder / "a.reward").write_text(text, encoding="utf-8")
    editor.open(text)
    for new, line in (("under", 1), ("above", 2)):
        with pytest.raises(Refusal, match=f"`{new}` is taken: line {line} of"):
            editor.ask("rename", (1, 1), newName=new)
    assert editor.ask("rename", (1, 1), newName="free")


def test_outline(two: Client) -> None:
    found = two.ask("documentSymbol")
    names = [s["name"] for s in found]
    assert names == [
        "legs",
        "target",
        "track",
        "error",
        "speed",
        "reward",
        "style",
        "total",
        "slow",
        "error",
        "effort",
        "speed",
        "effort <= 0",
    ]
    reward = next(s for s in found if s["name"] == "reward")
    assert reward["detail"] == "reward per step" and reward["children"][-1]["name"] == "effort"
    terms = [child for entry in found for child in entry.get("children") or []]
    for s in found + terms:
        outer, inner = s["range"], s["selectionRange"]
        key = lambda p: (p["line"], p["character"])
        assert key(outer["start"]) <= key(inner["start"]) <= key(inner["end"]) <= key(outer["end"])


SPECS = sorted((ROOT / "reward_specs").rglob("*.reward"))
OPTIONS = {"tabSize": 4, "insertSpaces": True}


@pytest.mark.parametrize(
    "text",
    [p.read_text(encoding="utf-8") for p in SPECS]
    + ["reward=1*alive+2**2*forward_vel # é\nx=1\n\n\n\ny  =  2", "\n\nreward = alive", ""],
)
def test_formatting_is_fmts(editor: Client, text: str) -> None:
    editor.open(text)
    edits = editor.ask("formatting", options=OPTIONS)
    assert applied(text, edits) == formatted(Source("a", text))
    assert len(edits) == (0 if formatted(Source("a", text)) == text else 1)


def test_formatting_keeps_line_ends_and_refuses_what_does_not_parse(editor: Client) -> None:
    editor.open("reward = alive\r\nx=1\r\n")
    (edit,) = editor.ask("formatting", options=OPTIONS)
    assert "\n" not in edit["newText"].replace("\r\n", "") and "x = 1" in edit["newText"]
    editor.change("reward = alive +\nx=1\n")
    assert not editor.ask("formatting", options=OPTIONS)
    told = [m["params"]["message"] for m in editor.later if m.get("method") == "window/logMessage"]
    assert any("not formatted" in message for message in told)


FIXES = [
    ("reward = sum(torqes)\n", "reward = sum(torques)\n"), ("task humanoidd\nreward = alive\n", "task humanoid\nreward = alive\n"),
    ('reward = sum(torques["left_kne"])\n', 'reward = sum(torques["left_knee"])\n'), ("reward = alive − 1\n", "reward = alive - 1\n"),
    ("reward = exq(alive)\n", "reward = exp(alive)\n"), ("reward = alive\nweight aliv = 2\n", "reward = alive\nweight alive = 2\n"),
    ("reward = 1[k] * alive\n", "reward = 1[kg] * alive\n"),
]  # fmt: skip


@pytest.mark.parametrize("bad, good", FIXES, ids=[bad for bad, _ in FIXES])
def test_quick_fixes(editor: Client, bad: str, good: str) -> None:
    (d,) = editor.open(bad)
    actions = editor.ask("codeAction", range=d["range"], context={"diagnostics": [d]})
    results = [applied(bad, next(iter(a["edit"]["changes"].values()))) for a in actions]
    assert good in results and all(a["kind"] == "quickfix" for a in actions)
    assert 1 not in [d["severity"] for d in editor.change(good)]


def test_no_fix_makes_it_worse() -> None:
    """A fix leaves a text that parses, or at least without the finding that it mends."""
    count = 0
    for path in sorted((ROOT / "tests" / "data" / "check").glob("rw*.reward")):
        text = path.read_text(encoding="utf-8")
        for d in analyse(text).diagnostics:
            for fix in fixes(d):
                later = analyse(text[: fix.span.start] + fix.text + text[fix.span.end :]).diagnostics
                same = [x for x in later if (x.code, x.span.start) == (d.code, d.span.start)]
                broken = (
                    [x for x in later if x.code.startswith("RW0")] if not d.code.startswith("RW0") else []
                )
                assert not same and not broken, f"{path.name}: {fix.title}"
                count += 1
    assert count > 10


def test_rename_refused_where_one_statement_replaces_another(editor: Client) -> None:
    base = "pace = 1\nreward = pace * alive as walk\n"
    (editor.folder / "base.reward").write_text(base, encoding="utf-8")
    derived = 'extends "base.reward"\npace = 2\nterminate fallen when base_height < 0.1\n'
    (editor.folder / "a.reward").write_text(derived, encoding="utf-8")
    editor.open(derived)
    for line, character, why in (
        (1, 1, "replaces the one of base.reward"),
        (2, 12, "replaces a termination of the task"),
    ):
        with pytest.raises(Refusal, match=why):
            editor.ask("rename", (line, character), newName="other")
    editor.open(base, "base.reward")
    with pytest.raises(Refusal, match="is replaced in a.reward"):
        editor.ask("rename", (0, 1), "base.reward", newName="other")
    assert len(editor.ask("rename", (1, 25), "base.reward", newName="gait")["changes"]) == 1


@pytest.mark.parametrize("name", ["groups", "causes", "functions", "weights", "tutorial"])
def test_every_name_of_a_spec_renamed(name: str, tmp_path: Path) -> None:
    """Each name that a file gives can have another one, and the program stays what it is."""
    text = (ROOT / "tests" / "data" / "specs" / f"{name}.reward").read_text(encoding="utf-8")
    analysis, files, before = analyse(text), Files(lambda path: None), shape(tmp_path, {"a.reward": text})
    keys, renamed = set(), 0
    for use in analysis.uses:
        if use.key not in keys and use.declares and use.space != "task":
            keys.add(use.key)
            try:
                ((outline, spans),) = rename.rename(analysis, use.span.start, "zz_new", files, text)
            except rename.Refused as problem:
                assert "its name says which" in str(problem) or "would bring an error" in str(problem)
                continue
            renamed += 1
            assert shape(tmp_path, {"a.reward": rename.replaced(text, spans, "zz_new")}) == before
    assert renamed >= 2
