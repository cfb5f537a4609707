"""What the docs say is so: each error code's example fails with it, its fix passes, and no code is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rewardlang

ROOT = Path(__file__).parent.parent
ERRORS = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (RW\d{3})\n(.*?)(?=^##|\Z)", ERRORS, re.MULTILINE | re.DOTALL))
BLOCKS = {code: re.findall(r"```reward\n(.*?)```", text, re.DOTALL) for code, text in SECTIONS.items()}


def findings(text):
    try:
        return [w.code for w in rewardlang.compile(text).warnings]
    except rewardlang.RewardError as problem:
        return [d.code for d in problem.diagnostics]


@pytest.mark.parametrize("code", [code for code, blocks in BLOCKS.items() if blocks])
def test_the_example_fails_and_the_fix_does_not(code):
    bad, good = BLOCKS[code]
    assert findings(bad) == [code]
    assert findings(good) == []


def test_every_code_is_documented():
    raised = set()
    for path in (ROOT / "rewardlang").rglob("*.py"):
        raised |= set(re.findall(r'"(RW\d{3})"', path.read_text(encoding="utf-8")))
    assert raised == set(SECTIONS)


PAGES = [ROOT / "README.md", ROOT / "docs" / "language.md"]


def blocks(language):
    for page in PAGES:
        for i, text in enumerate(
            re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        ):
            yield pytest.param(text, id=f"{page.name}-{i}")


@pytest.mark.parametrize("text", list(blocks("reward")))
def test_specs_compile(text):
    rewardlang.compile(text, "humanoid")


@pytest.mark.parametrize("code", list(blocks("python")))
def test_python_runs(code, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
