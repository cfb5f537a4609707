"""Emitted source runs on Python 3.8: on one it is compiled; elsewhere vermin finds what is newer."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import shipped

import rewardlang
from rewardlang import show
from rewardlang.lang.standalone import standalone

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def emitted(tmp_path_factory):
    """A folder with both sources of every shipped spec, but Triton's kernels, which need newer Pythons anyway."""
    folder = tmp_path_factory.mktemp("emitted")
    for number, path in enumerate(shipped.SPECS):
        program = rewardlang.compile(rewardlang.load(path))
        (folder / f"{path.stem}_{number}.py").write_text(show.STAGES["torch"](program), encoding="utf-8")
        (folder / f"{path.stem}_{number}_standalone.py").write_text(standalone(program, {}), encoding="utf-8")
    return folder


def too_new(path):
    command = [
        sys.executable,
        "-c",
        "from vermin import main; main()",
        "--quiet",
        "--no-tips",
        "--violations",
        "--eval-annotations",
    ]
    return subprocess.run([*command, "-t=3.8-", str(path)], capture_output=True, text=True)


def test_it_is_python_3_8(emitted):
    files = list(emitted.glob("*.py"))
    assert len(files) > 20
    for path in files:
        compile(path.read_text(encoding="utf-8"), path.name, "exec")
    if importlib.util.find_spec("vermin") is None:
        assert sys.version_info < (3, 9), "vermin is not installed"
        return
    done = too_new(emitted)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(importlib.util.find_spec("vermin") is None, reason="vermin is not installed")
@pytest.mark.parametrize(
    "line", ["def f(x: list[int]): ...", "import math; math.lcm(1)", "'a'.removeprefix('a')"]
)
def test_what_is_newer_is_found(line, tmp_path):
    (tmp_path / "newer.py").write_text(line + "\n")
    done = too_new(tmp_path)
    assert done.returncode == 1 and "newer.py" in done.stdout
