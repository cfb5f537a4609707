"""The formatter: input, `# output`, expected; idempotent and meaning-preserving on everything at hand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import rewardlang
from rewardlang.cli import main
from rewardlang.lang.fmt import comments, formatted
from rewardlang.lang.source import Source
from rewardlang.lang.syntax import parse

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "data" / "format").glob("*.reward"))
EVERYTHING = sorted(
    [*(ROOT / "reward_specs").glob("**/*.reward"), *(ROOT / "tests" / "data" / "specs").glob("*.reward")]
)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_layout(path):
    text, _, expected = path.read_text(encoding="utf-8").partition("# output\n")
    assert formatted(Source(path.name, text)) == expected


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda p: p.stem)
def test_nothing_is_lost(path):
    source = Source(path.name, path.read_text(encoding="utf-8"))
    again = Source(path.name, formatted(source))
    assert parse(again) == parse(source) and formatted(again) == again.text
    assert [c.text for c in comments(again)] == [c.text for c in comments(source)]


def test_command(tmp_path, capsys, monkeypatch):
    path = tmp_path / "a.reward"
    path.write_text("reward=alive   # yes\n")
    assert main(["fmt", "--check", str(path)]) == 1 and path.read_text() == "reward=alive   # yes\n"
    assert main(["fmt", str(path)]) == 0 and path.read_text() == "reward =\n    alive  # yes\n"
    assert main(["fmt", "--check", str(path)]) == 0
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"x=1\nreward=x**2*alive")))
    assert main(["fmt", "-"]) == 0 and capsys.readouterr().out == "x = 1\n\nreward =\n    x^2 * alive\n"


def test_what_does_not_parse_is_left_alone(tmp_path):
    path = tmp_path / "a.reward"
    path.write_text("reward = (\n")
    assert main(["fmt", str(path)]) == 2 and path.read_text() == "reward = (\n"


def test_a_finding_that_is_meant_stays_so():
    text = "reward = alive\nmetric q = exp(-abs(forward_vel))  # allow RW310: one\n  + abs(base_height/1[m])  # plain note\n"
    new = formatted(Source("a", text))
    assert "# plain note\nmetric q = " in new and new.count("  # allow RW310: one\n") == 1
    two = "x = exp(-abs(forward_vel))  # allow RW310: one\n  + exp(-abs(base_height))  # allow RW310: two\nreward = x\n"
    assert formatted(Source("a", two)).startswith(two.split("reward")[0])
    assert not rewardlang.compile(new).warnings and not rewardlang.compile(two).warnings
