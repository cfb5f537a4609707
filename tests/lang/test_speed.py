"""A guard on how long a spec of 300 lines takes to check and to compile: user CPU time, least of three. The figures are `benchmarks/compile.py`'s."""

from __future__ import annotations

import importlib.util
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

import rewardlang

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("benchmark", ROOT / "benchmarks" / "compile.py")
    assert spec is not None and spec.loader is not None
    benchmark: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    path = tmp_path_factory.mktemp("long") / "long.reward"
    path.write_text(benchmark.text(310), encoding="utf-8")
    assert 285 <= len(path.read_text().splitlines()) <= 310
    return path


def cpu(call: Callable[[], Any], who: int) -> float:
    """Seconds of user CPU, the least of three calls."""
    took = []
    for _ in range(3):
        before = resource.getrusage(who).ru_utime
        call()
        took.append(resource.getrusage(who).ru_utime - before)
    return min(took)


def test_check_of_a_long_spec(path: Path) -> None:
    command = [sys.executable, "-m", "rewardlang", "check", str(path)]
    run = lambda: subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    assert (
        cpu(run, resource.RUSAGE_CHILDREN) < 1.0
    )  # 0.4 s where nothing else runs; a busy second core and Python 3.8 take their share


def test_compile_of_a_long_spec(path: Path) -> None:
    def compiled() -> None:
        program = rewardlang.compile(rewardlang.load(path))
        assert len(program.terms) > 80 and program.source

    assert cpu(compiled, resource.RUSAGE_SELF) < 0.8
