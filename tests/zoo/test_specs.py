"""The files of the zoo: headers, canonical layout, no warnings, listed, shipped, and alive on the robots of their tasks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import rewardlang
from rewardlang.lang.fmt import formatted
from rewardlang.lang.source import Source

from .cases import CASES, HOSTS, ZOO
from .episodes import model, still

ROOT = Path(__file__).parents[2]
SPECS = sorted(ZOO.glob("*/*.reward"))
NAMES = [f"{path.parent.name}/{path.stem}" for path in SPECS]
SET = re.compile(r"--set (\w+)=([\d.]+)")


def compiled(spec: rewardlang.Spec, path: Path) -> rewardlang.Compiled:
    return rewardlang.compile(spec, quantities=HOSTS.get(f"{path.parent.name}/{path.stem}"))


@pytest.fixture(params=SPECS, ids=NAMES)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_a_spec_says_where_it_is_from(path: Path) -> None:
    header = re.match(r"(#.*\n)+", path.read_text(encoding="utf-8"))
    assert header and "\n# Source: " in header[0] and "\n# Differences:" in header[0]


def test_canonical_and_without_warnings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(Source(path.name, text)) == text
    assert compiled(rewardlang.load(path), path).warnings == ()


def test_every_spec_has_a_formula_beside_it_and_a_row(path: Path) -> None:
    name = f"{path.parent.name}/{path.stem}"
    assert name in {case.spec for case in CASES}
    assert f"`{name}.reward`" in (ZOO / "README.md").read_text(encoding="utf-8")
    assert f'"rewardlang._data.reward_specs.zoo.{path.parent.name}" = ["*.reward"]' in (
        ROOT / "pyproject.toml"
    ).read_text(encoding="utf-8")


def test_extended_by_name(path: Path) -> None:
    """From anywhere: what a shipped spec itself extends is found beside it."""
    text = f'extends "zoo/{path.parent.name}/{path.name}"\nmetric height = base_height\n'
    assert "height" in [m.name for m in compiled(rewardlang.parse(text), path).typed.metrics]


def test_the_robot_of_the_task_is_not_ended_where_it_stands(path: Path) -> None:
    """With what the header says to set, if anything."""
    spec = rewardlang.load(path)
    task = rewardlang.task_of(spec)
    state = {name: torch.as_tensor(x[None]) for name, x in still(task).items()}
    state.update({name: torch.as_tensor(x) for name, x in model(task).items()})
    settings = {name: float(value) for name, value in SET.findall(path.read_text(encoding="utf-8"))}

    reward = rewardlang.Reward(compiled(spec, path), 1, dtype=torch.float64, params=settings)
    reward.reset(state)
    assert not reward.step(state).terminated
