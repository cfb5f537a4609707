"""What is shipped trains: every spec compiles without a warning, every task takes a few epochs."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

import rewardlang
from rewardlang.cli import main
from rewardlang.rl.play import play, play_text
from rewardlang.rl.scalars import read_csv
from rewardlang.rl.train import train

ROOT = Path(__file__).parents[2]
SPECS = sorted(
    path
    for path in (ROOT / "reward_specs").rglob("*.reward")
    if path.parent.name in rewardlang.task.shipped_tasks()
)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_spec_is_of_its_folders_task_and_has_no_warning(path: Path, capsys: Any) -> None:
    loaded = rewardlang.load(path)
    assert loaded.task == path.parent.name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rewardlang.compile(loaded)
    assert main(["check", "--strict", str(path)]) == 0
    assert "warning" not in "".join(capsys.readouterr())
    assert main(["fmt", "--check", str(path)]) == 0


# (what the feet do from the reset on, 20 ms a letter: Left down, Right down, Both, None; whether walk.reward's stride pays for it)
GAITS = [
    ("B" * 50, False),  # standing
    ("B" + "L" * 50, False),  # a fall over one leg: training stopped at it when it was paid
    ("B" + "LR" * 25, False),  # what chatters is not a step
    ("B" + "N" * 50, False),
    ("B" + ("L" * 12 + "R" * 12) * 3, True),
]


@pytest.mark.parametrize("feet, paid", GAITS, ids=["standing", "falling", "chattering", "flying", "walking"])
def test_a_walk_is_paid_from_its_second_step_on(feet: str, paid: bool) -> None:
    program = rewardlang.compile(rewardlang.load(ROOT / "reward_specs" / "humanoid" / "walk.reward"))
    reward = rewardlang.Reward(program, 1)
    state = {name: torch.zeros(shape, dtype=kind) for name, (shape, kind) in reward.shapes.items()}
    state["root_quat"][:, 3], state["root_lin_vel"][:, 0] = 1, 0.7  # upright, m/s
    bodies = rewardlang.load_task("humanoid").body_names
    left, right = bodies.index("left_foot"), bodies.index("right_foot")
    pays = []
    for step in feet:
        state["contact_forces"][:, left, 2] = 40.0 * (step in "LB")
        state["contact_forces"][:, right, 2] = 40.0 * (step in "RB")
        pays.append(float(reward(state)[1]["stride"]))
    first = feet.index("R") if "R" in feet else len(feet)
    assert sum(pays[:first]) == 0
    assert (sum(pays) / len(pays) > 0.5) == paid


@pytest.mark.parametrize(
    "task, spec", [("humanoid_velocity", "walk"), ("quadruped", "trot"), ("humanoid29", "walk")]
)
def test_a_task_trains_and_plays(task: str, spec: str, tmp_path: Path) -> None:
    path = ROOT / "reward_specs" / task / f"{spec}.reward"
    run = train(path, task=task, num_envs=16, max_epochs=3, out=tmp_path, name="a")
    assert all(math.isfinite(row["reward/total"]) for row in read_csv(run / "scalars.csv"))
    result = play(run, episodes=4)
    feet = len(rewardlang.load_task(task).groups["feet"][1])
    assert result["gait"] is None or len(result["gait"]["feet_down"]) == feet + 1
    assert "touchdowns" in play_text(result) or result["gait"] is None
