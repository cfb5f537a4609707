"""The VS Code extension: its words are those of the language, its files are what its manifest says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Dict

import pytest

from rewardlang.editor import words
from rewardlang.lang.syntax import grammar

FOLDER = Path(__file__).parents[2] / "editors" / "vscode"
GRAMMAR = FOLDER / "syntaxes" / "reward.tmLanguage.json"
SNIPPETS = FOLDER / "snippets" / "reward.json"
NAMED = r"(?=\s+(?!(?:and|or|as|in|when|per)\b)[A-Za-z_])"
HEADS = {
    "reward": r"(?=\s*\+?=(?!=)|\s+(?:per\b|(?!(?:and|or|as|in|when|not)\b)[A-Za-z_]))",
    "total": r"(?=\s*=(?!=))",
    "expect": r"\b",
    "import": r"(?=\s*[\"'])",
    "extends": r"(?=\s*[\"'])",
}
FURTHER = {
    "kernel": ("Tracking kernel", ["exp(-(${1:error} / ${2:width})^2)"]),
    "walk": ("A reward to start from",
             ["task ${1:humanoid}", "", "reward =", "    1.0 * ${2:forward_vel}         as speed", "  + 1.0 * alive",
              "  - ${3:0.01} * sum(torques^2) as effort", "$0"]),
    "air_time": ("Reward for the time in the air, paid at touchdown",
                 ["touch = contact_forces[${1:feet}].z > ${2:1[N]}", "swing = timer(not touch)", "",
                  "reward += ${3:0.5} * sum((prev(swing) - ${4:0.3[s]}) * rising(touch)) as air_time"]),
}  # fmt: skip


def patterns() -> Dict[str, str]:
    """The parts of the grammar that list words of the language."""
    heads: Dict[str, list] = {}
    for word in words.STATEMENTS:
        heads.setdefault(HEADS.get(word, NAMED), []).append(word)
    return {
        "statement": "^(?:"
        + "|".join(f"(?:{'|'.join(group)}){after}" for after, group in heads.items())
        + ")",
        "component": rf"(\.)({'|'.join(sorted(words.COMPONENT_NAMES, key=len, reverse=True))})\b",
        "function": rf"(?<![.\w])(?:{'|'.join(sorted(words.function_names()))})(?=\s*\()",
        "constant": rf"\b(?:{'|'.join(words.CONSTANTS)})\b",
    }


def snippets() -> Dict[str, Dict]:
    found = {
        word: {"prefix": word, "body": w.snippet.split("\n"), "description": w.doc}
        for word, w in words.STATEMENTS.items()
    }
    more = {name: {"prefix": name, "body": body, "description": doc} for name, (doc, body) in FURTHER.items()}
    return {**found, **more}


def test_words_of_the_grammar(request: pytest.FixtureRequest) -> None:
    """A new function or statement word is coloured as well: `pytest --update-golden` writes the lists."""
    data = json.loads(GRAMMAR.read_text(encoding="utf-8"))
    if request.config.getoption("--update-golden"):
        text = GRAMMAR.read_text(encoding="utf-8")
        for name, pattern in patterns().items():
            text = (
                text.replace(json.dumps(data["repository"][name]["match"]), json.dumps(pattern), 1)
                if (data["repository"][name]["match"])
                else re.sub(
                    rf'("{name}": {{ "name": "[^"]*", "match": )""',
                    lambda m, p=pattern: m[1] + json.dumps(p),
                    text,
                )
            )
        GRAMMAR.write_text(text, encoding="utf-8")
        data = json.loads(text)
    for name, pattern in patterns().items():
        assert data["repository"][name]["match"] == pattern, (
            f"{name}: run pytest --update-golden {Path(__file__).name}"
        )
    used = {p["include"][1:] for p in data["patterns"]}
    assert used == set(data["repository"])


def test_snippets(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        SNIPPETS.write_text(json.dumps(snippets(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(SNIPPETS.read_text(encoding="utf-8")) == snippets()


def test_statement_words_are_those_of_the_parser() -> None:
    """The table of words and the grammar of the language name the same statements and reserved words."""
    terminals = {t.name.lower() for t in grammar().terminals if t.priority == 2}
    assert terminals == set(words.STATEMENTS) | set(words.OPERATORS)


def test_manifest() -> None:
    manifest = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    made = {"./dist/extension.js"}
    parts = manifest["contributes"]
    named = (
        [g["path"] for g in parts["grammars"]]
        + [s["path"] for s in parts["snippets"]]
        + [x["configuration"] for x in parts["languages"]]
    )
    for path in [*named, manifest["main"]]:
        assert path in made or (FOLDER / path).is_file(), path
    json.loads((FOLDER / "language-configuration.json").read_text(encoding="utf-8"))
    assert (FOLDER / "LICENSE").read_bytes() == (FOLDER.parents[1] / "LICENSE").read_bytes()
