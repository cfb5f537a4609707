"""Broken specs with the expected findings written in the file, sound ones without any, and the same through the command line.

`# E:LINE:COLUMN[RWnnn] message -> help` is an error, `# W:` a warning; every finding of a file is listed, none else is allowed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import List, Tuple

import pytest

import rewardlang
from rewardlang.lang.compiler import compile_tree
from rewardlang.lang.types import Axis
from rewardlang.lang.vocabulary import Quantity

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "data" / "check").glob("*.reward"))
EXPECTED = re.compile(r"^# ([EW]):(\d+):(\d+)\[(RW\d{3})\] (.*)$", re.MULTILINE)
# Codes that no small text file can show, and the test that shows them.
ELSEWHERE = {
    "RW001": "test_limits.py: bytes that are not UTF-8",
    "RW002": "test_limits.py: NUL",
    **dict.fromkeys(("RW110", "RW111", "RW112", "RW113", "RW604"), "test_loader.py: files"),
    "RW109": "test_added_quantities.py: what a task.yaml or Python code declares",
    "RW108": "docs/errors.md: the task is looked for before the spec is compiled",
    "RW213": "below: only a host's own quantity has two axes of elements",
    **dict.fromkeys(("RW512", "RW518"), "rl/test_probe.py: measured in the simulator"),
    "RW517": "test_lints.py: only with the observations of the task",
    "RW601": "test_limits.py: too large a file",
    "RW603": "test_limits.py: calls that double",
}


def findings(text: str, name: str) -> Tuple[rewardlang.Diagnostic, ...]:
    try:
        return rewardlang.compile(rewardlang.parse(text, name)).warnings
    except rewardlang.RewardError as problem:
        return problem.diagnostics


def shown(found: rewardlang.Diagnostic) -> str:
    line, column = found.span.source.position(found.span.start)
    kind = "E" if found.severity == "error" else "W"
    return f"# {kind}:{line}:{column}[{found.code}] {found.message}" + (
        f" -> {found.help}" if found.help else ""
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_findings_are_those_written_in_the_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [match[0] for match in EXPECTED.finditer(text)]
    assert [shown(found) for found in findings(text, path.name)] == expected
    assert bool(expected) != path.stem.startswith("ok_")
    if path.stem.startswith("rw"):
        assert f"[{path.stem[:5].upper()}]" in expected[0]


def test_there_are_enough() -> None:
    sound = [path for path in FILES if path.stem.startswith("ok_")]
    assert len(sound) >= 20 and len(FILES) - len(sound) >= 80


def test_every_code_has_an_example() -> None:
    raised = set()
    for path in (ROOT / "rewardlang").rglob("*.py"):
        raised |= set(re.findall(r'"(RW\d{3})"', path.read_text(encoding="utf-8")))
    shown_codes = {
        code for path in FILES for _, _, _, code, _ in EXPECTED.findall(path.read_text(encoding="utf-8"))
    }
    assert raised - shown_codes - set(ELSEWHERE) == set()
    assert shown_codes - raised == set(), "an example of a code that nothing raises"


# the marks: what is underlined, and what is written under it


CARETS = [
    ("reward = 0.5 * abs(base_lin_vel.y + base_ang_vel.z)", ["base_lin_vel.y: m/s", "base_ang_vel.z: rad/s"]),
    ("reward = sum(torques * body_mass)", ["torques: [joints]", "body_mass: [bodies]"]),
    ("reward = norm(base_lin_vel - root_lin_vel)", ["base_lin_vel: base frame", "root_lin_vel: world frame"]),
    ("reward = sum(2 + root_quat)", ["root_quat: rotation"]),
    ("reward = where(forward_vel, 1, 0)", ["forward_vel: number"]),
    ("reward = sum(torques]", ["]: ", "(: "]),
    ("a = 1\na = 2\nreward = a*alive", ["a: ", "a: the first"]),
    ("f(x) = x + base_height\nreward = f(forward_vel)", ["x: m/s", "base_height: m", "f(forward_vel): called here"]),
    ("reward = gauss(forward_vel, 0.5[m])", ["forward_vel: m/s", "0.5[m]: m"]),
    ("reward = forward_vel + 2 * (1[m] + 2[s])*alive", ["1[m]: m", "2[s]: s"]),
]  # fmt: skip


@pytest.mark.parametrize("text, labels", CARETS, ids=[text for text, _ in CARETS])
def test_carets(text: str, labels: List[str]) -> None:
    (found,) = findings(text, "f.reward")
    assert [f"{label.span.text}: {label.text}" for label in found.labels] == labels


def test_the_page_of_the_reference() -> None:
    """Section 7 of the language's reference, as a terminal shows it."""
    text = "\n" * 8 + "reward = base_height\n  + 0.5 * abs(base_lin_vel.y + base_ang_vel.z)\n"
    (found,) = findings(text, "walk.reward")
    assert found.render().splitlines() == [
        "walk.reward:10:15: error: cannot add m/s and rad/s [RW302]",
        "   10 |   + 0.5 * abs(base_lin_vel.y + base_ang_vel.z)",
        "      |               ^^^^^^^^^^^^^^   ^^^^^^^^^^^^^^",
        "      |               m/s              rad/s",
        "   help: scale one of them, e.g. `base_ang_vel.z * 0.3[m]`",
    ]


def test_a_finding_in_the_task_points_into_its_file(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "robot"
    shutil.copytree(ROOT / "tasks" / "humanoid", folder)
    text = (folder / "task.yaml").read_text(encoding="utf-8")
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "fallen:" in row)
    (folder / "task.yaml").write_text(
        text.replace("fallen: base_height", "fallen: base_hight"), encoding="utf-8"
    )
    with pytest.raises(rewardlang.RewardError) as problem:
        rewardlang.compile("reward = alive", rewardlang.load_task(str(folder)))
    (found,) = problem.value.diagnostics
    assert found.code == "RW101" and found.where().startswith(f"{folder}/task.yaml:{line}:")
    assert "did you mean `base_height`" in found.help


def test_norm_of_two_axes_of_elements() -> None:
    """A host may register a quantity such as distances between joints and bodies."""
    program = rewardlang.compile("reward = alive")
    names = program.vocabulary
    base = names.quantities["body_mass"]
    gaps = Quantity("gaps", base.type.but(axes=(names.axes["joints"], names.axes["bodies"])), "Gaps.")
    wider = replace(names, quantities={**names.quantities, "gaps": gaps})
    with pytest.raises(rewardlang.RewardError, match="RW213"):
        compile_tree(rewardlang.parse("reward = norm(gaps)").tree, wider)
    assert compile_tree(
        rewardlang.parse("reward = norm(sum(gaps, over=bodies)) + sum(gaps * dof_pos) as b").tree, wider
    ).terms
    assert isinstance(names.axes["joints"], Axis)


def test_at_most_fifty_are_shown() -> None:
    found = findings("\n".join(f"a{i} = nothing{i}" for i in range(80)) + "\nreward = alive", "f")
    assert len(found) == 80
    text = str(rewardlang.RewardError(found))
    assert text.count("error:") == 50 and text.endswith("... and 30 more")


# the command line


def rewardlang_check(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "rewardlang", "check", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )


@pytest.mark.parametrize(
    "stem", ["rw003_two_errors", "rw101_several", "rw302_add", "rw407_twins", "rw602_deep"]
)
def test_command_line(stem: str) -> None:
    path = str(Path("tests", "data", "check", f"{stem}.reward"))
    expected = EXPECTED.findall((ROOT / path).read_text(encoding="utf-8"))
    done = rewardlang_check(path)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    for _, line, column, code, message in expected:
        assert f"{path}:{line}:{column}: error: {message.split(' -> ')[0]} [{code}]" in done.stderr
    assert done.stderr.rstrip().endswith(f"{len(expected)} error{'s' if len(expected) > 1 else ''}")


def test_command_line_json() -> None:
    path = str(Path("tests", "data", "check", "rw101_several.reward"))
    done = rewardlang_check(path, "--format", "json")
    assert done.returncode == 2 and done.stderr == ""
    data = json.loads(done.stdout)
    expected = EXPECTED.findall((ROOT / path).read_text(encoding="utf-8"))
    got = [
        (d["severity"][0].upper(), str(d["line"]), str(d["column"]), d["code"]) for d in data["diagnostics"]
    ]
    assert not data["ok"] and got == [row[:4] for row in expected]
    assert all(d["file"] == path and d["labels"] for d in data["diagnostics"])


def test_command_line_on_a_sound_file_and_on_warnings() -> None:
    data = Path("tests", "data", "check")
    done = rewardlang_check(str(data / "ok_continuation.reward"))
    assert done.returncode == 0 and done.stderr == "" and "effort" in done.stdout
    warned = rewardlang_check(str(data / "rw310_exp.reward"))
    assert warned.returncode == 0 and "warning: `exp` of a value in m/s [RW310]" in warned.stderr
    assert rewardlang_check(str(data / "rw310_exp.reward"), "--strict").returncode == 2
    missing = rewardlang_check("nothing.reward")
    assert (
        missing.returncode == 2 and "nothing.reward" in missing.stderr and "Traceback" not in missing.stderr
    )
