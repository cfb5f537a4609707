"""A small training task: the shipped humanoid with settings that train in a second."""

from __future__ import annotations

import gc
import re
import shutil
import warnings
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # importing rl_games makes torch warn of what rl_games uses
    from rewardlang.rl.train import train

ROOT = Path(__file__).parents[2]
SMALL = {"save_frequency": 4, "save_best_after": 2}
SPEC = "forward_vel + 1.0*alive - 0.01*sum(torques^2)\n"


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """What the command line freezes for the collector is thawed: a Hypothesis of Python 3.8 looks for its own among the rest."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task folder: the humanoid, saving every 4 epochs and the best from the second on."""
    folder = tmp_path_factory.mktemp("tasks") / "humanoid"
    shutil.copytree(ROOT / "tasks" / "humanoid", folder)
    text = (folder / "ppo.yaml").read_text(encoding="utf-8")
    for key, value in SMALL.items():
        text = re.sub(rf"{key}: \d+", f"{key}: {value}", text)
    (folder / "ppo.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs") / "my.reward"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small(task: Path, spec: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Trains a new run with 16 environments; keywords as `train`. Returns its folder."""

    def run(**options: Any) -> Path:
        options = {
            "task": task,
            "num_envs": 16,
            "max_epochs": 6,
            "out": tmp_path_factory.mktemp("runs"),
            "name": "a",
            **options,
        }
        return train(options.pop("spec", spec), **options)

    return run


@pytest.fixture(scope="session")
def trained(small: Callable[..., Path]) -> Path:
    """A finished run of 6 epochs, for tests that only read it."""
    return small()


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests that change it."""
    return Path(shutil.copytree(trained, tmp_path / "a"))
