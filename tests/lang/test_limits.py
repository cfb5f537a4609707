"""Hostile and huge texts: a diagnostic or success in bounded time, never a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict

import pytest

import rewardlang
from rewardlang.lang.source import MAX_BYTES, decode
from rewardlang.lang.syntax import parse

DATA = Path(__file__).parents[1] / "data"
ROOT = Path(__file__).parents[2]
SECONDS = 5.0


def compiles(data: bytes) -> rewardlang.Compiled:
    """The compiled program; RewardError, whose every position lies in the text, else."""
    try:
        tree = parse(decode(data, "f.reward"))
        return rewardlang.compile(rewardlang.Spec("f.reward", tree))
    except rewardlang.RewardError as problem:
        for found in problem.diagnostics:
            assert re.fullmatch(r"RW\d{3}", found.code) and found.message and found.labels
            for label in found.labels:
                text = label.span.source.text
                assert 0 <= label.span.start <= label.span.end <= len(text) + 1, found
                line, column = label.span.source.position(label.span.start)
                assert 1 <= line <= text.count("\n") + label.span.source.first_line and column >= 1
        assert problem.render()
        raise


def doubling(form: str, count: int) -> str:
    return "\n".join([form.format(i + 1, i) for i in range(count)])


PARTS = ["forward_vel", "base_height", "heading"]
HUGE: Dict[str, Callable[[], str]] = {
    "a megabyte of comments": lambda: "reward = alive\n" + "# " + "x" * (MAX_BYTES - 100),
    "a megabyte of comment lines": lambda: "reward = alive\n" + "#\n" * (MAX_BYTES // 2 - 100),
    "a megabyte of blank lines": lambda: "reward = alive" + "\n" * (MAX_BYTES - 100),
    "chain of 60 doubling definitions": lambda: "a0 = forward_vel / 1[m/s]\n" + doubling("a{0} = (a{1} + a{1}) / 2", 60) + "\nreward = a60",
    "chain of 60 doubling products": lambda: "a0 = forward_vel\n" + doubling("a{0} = a{1} * a{1} / 1[m/s]", 30) + "\nreward = a5",
    "chain of 60 doubling functions": lambda: "f0(x) = x\n" + doubling("f{0}(x) = f{1}(x) + f{1}(x)", 60) + "\nreward = f60(alive)",
    "1,000 definitions in a chain": lambda: "a0 = forward_vel\n" + doubling("a{0} = a{1} + 1[m/s]", 1000) + "\nreward = a1000",
    "2,000 addends": lambda: "reward = " + " + ".join(f"{i}*forward_vel^{i % 7} as t{i}" for i in range(2000)),
    "2,000 factors": lambda: "reward = " + "*".join(["alive"] * 2000),
    "comparison chain of 1,000": lambda: "reward = (" + " < ".join(["forward_vel"] * 1000) + ") * 1",
    "a name of 100,000 letters": lambda: f"reward = 1.0*{'a' * 100_000}",
    "a term's name of 50,000 letters": lambda: f"reward = alive as {'a' * 50_000}",
    "a string of 100,000 letters": lambda: f"reward = sum(torques[\"{'*' * 30}{'a' * 100_000}\"])",
    "many wild cards": lambda: f"reward = sum(torques[\"{'*a' * 200}\"])",
    "exponent of 100,000 digits": lambda: f"reward = 1e{'9' * 100_000} * alive",
    "huge power": lambda: "reward = 9^9^9^9 * alive",
    "huge constant power of a quantity": lambda: "reward = forward_vel^1e30",
    "huge unit": lambda: f"reward = forward_vel / 1[{'*'.join(['m'] * 20_000)}]",
    "power of a unit": lambda: "reward = forward_vel / 1[m^999999999]",
    "minus signs": lambda: "reward = " + "-" * 5000 + "alive",
    "nots": lambda: "reward = " + "not " * 5000 + "alive",
    "powers": lambda: "reward = " + "alive^" * 5000 + "2",
    "components": lambda: "reward = base_lin_vel" + ".x" * 5000,
    "selections": lambda: "reward = dof_pos" + '["*"]' * 5000,
    "vectors in vectors": lambda: "reward = " + "[" * 5000 + "1" + "]" * 5000,
    "10,000 parentheses": lambda: "reward = " + "(" * 10_000 + "alive" + ")" * 10_000,
    "10,000 open parentheses": lambda: "reward = " + "(" * 10_000,
    "10,000 closing parentheses": lambda: "reward = alive" + ")" * 10_000,
    "calls nested 5,000 deep": lambda: "reward = " + "abs(" * 5000 + "alive" + ")" * 5000,
    "calls nested 100 deep": lambda: "reward = " + "abs(" * 100 + "forward_vel" + ")" * 100,
    "functions nested 100 deep": lambda: "f0(x) = abs(x)\n" + doubling("f{0}(x) = f{1}(abs(x))", 100) + "\nreward = f100(alive)",
    "functions nested 1,000 deep": lambda: "f0(x) = abs(x)\n" + doubling("f{0}(x) = f{1}(abs(x))", 1000) + "\nreward = f1000(alive)",
    "state in state, 100 deep": lambda: "reward = " + "prev(" * 100 + "forward_vel" + ")" * 100,
    "calls that multiply": lambda: "f0(x) = x\n" + doubling("f{0}(x) = f{1}(x + 1) + f{1}(x + 2) + f{1}(x * 3)", 30) + "\nreward = f30(alive)",
    "sums to distribute": lambda: "reward = " + "2*(alive + " * 60 + "forward_vel" + ")" * 60,
    "sum of sums distributed": lambda: "reward = " + "*".join(["(forward_vel + base_height)"] * 50),
    "20,000 broken statements": lambda: "= = =\n" * 10_000,
    "many unknown names": lambda: "\n".join(f"reward g{i} = unknwon{i}" for i in range(1000)),
    "every quote": lambda: "\"'" * 10_000,
    "a number of 100,000 digits": lambda: f"reward = {'9' * 100_000} * alive",
    "a fraction of 100,000 digits": lambda: f"reward = 0.{'3' * 100_000} * alive",
    "only a BOM": lambda: "\ufeff",
    "empty": lambda: "",
    "one open quote": lambda: '"',
    "control characters": lambda: "reward = \x01\x7f\x1b[31malive",
    "separators of other scripts": lambda: "reward = alive\u2028+ 2\x85\x0b\x1c",
    "right to left": lambda: "reward = \u202ealive\u202c",
    "a lone surrogate": lambda: "reward = alive # \udc80",
}  # fmt: skip


@pytest.mark.parametrize("build", HUGE.values(), ids=HUGE.keys())
def test_bounded(build: Callable[[], str]) -> None:
    data = build().encode("utf-8", "surrogatepass")
    start = time.process_time()
    try:
        compiles(data)
    except rewardlang.RewardError:
        pass
    assert time.process_time() - start < SECONDS


MUST_COMPILE = ["a megabyte of comments", "chain of 60 doubling definitions", "chain of 60 doubling functions", "10,000 parentheses",
                "a fraction of 100,000 digits", "calls nested 100 deep", "1,000 definitions in a chain"]  # fmt: skip


@pytest.mark.parametrize("name", MUST_COMPILE)
def test_large_but_sound(name: str) -> None:
    assert compiles(HUGE[name]().encode()).terms


BYTES = {
    "not UTF-8": (b"reward = alive # \xff", "RW001", "0xff"),
    "UTF-16": ("reward = alive".encode("utf-16"), "RW001", "UTF-8"),
    "Latin-1": ("reward = alive # \u00fc".encode("latin-1"), "RW001", "0xfc"),
    "NUL": (b"reward = al\0ive", "RW002", "NUL"),
    "UTF-16 without a BOM": ("reward = alive".encode("utf-16-le"), "RW002", "NUL"),
    "zeros": (bytes(1000), "RW002", "NUL"),
    "too large": (b"reward = alive\n" + b"#" * MAX_BYTES, "RW601", "at most 1,048,576"),
    "too many words": (b"reward = " + b"alive + " * 100_000 + b"alive", "RW601", "at most"),
    "calls that multiply": (HUGE["calls that multiply"]().encode(), "RW603", "10,000"),
    "deep": (HUGE["calls nested 5,000 deep"]().encode(), "RW602", "120 levels"),
    "deep functions": (HUGE["functions nested 1,000 deep"]().encode(), "RW602", "levels"),
}


@pytest.mark.parametrize("data, code, part", BYTES.values(), ids=BYTES.keys())
def test_the_finding_says_what_is_wrong(data: bytes, code: str, part: str) -> None:
    with pytest.raises(rewardlang.RewardError) as problem:
        compiles(data)
    (found,) = problem.value.diagnostics
    assert found.code == code and part in found.message


def test_the_place_of_a_bad_byte() -> None:
    with pytest.raises(rewardlang.RewardError) as problem:
        decode(b"a = 1\r\nreward = \xc3\x28", "f")
    assert problem.value.diagnostics[0].where() == "f:2:10"


def test_memory_and_no_traceback_on_the_command_line(tmp_path: Path) -> None:
    """The worst of them in processes of their own, with 500 MB."""
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (500 << 20, 500 << 20)); from rewardlang.cli import main; sys.exit(main())"
    for name in (
        "10,000 parentheses",
        "chain of 60 doubling functions",
        "2,000 addends",
        "a megabyte of comments",
    ):
        path = tmp_path / "f.reward"
        path.write_text(HUGE[name](), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", code, "check", str(path)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
        )
        assert done.returncode in (0, 2) and "Traceback" not in done.stderr, (name, done.stderr[-2000:])
