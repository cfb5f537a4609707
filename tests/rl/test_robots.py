"""Trainings of a robot that is nothing but a file: what the run keeps of it, and that it goes on from there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rewardlang.rl.play import play
from rewardlang.rl.train import train
from rewardlang.task import load_task

ROBOTS = Path(__file__).parents[1] / "data" / "robots"
SPEC = Path(__file__).parents[2] / "examples" / "robots" / "forward.reward"
YAML = "name: four_legs\nasset: {file: features.xml}  # beside this file\n"


@pytest.fixture(scope="module")
def robots(tmp_path_factory):
    """A folder with the robot's files, a YAML that names one, and something that no run needs."""
    folder = tmp_path_factory.mktemp("robots")
    for path in ROBOTS.glob("*.xml"):
        shutil.copy(path, folder)
    (folder / "robot.yaml").write_text(YAML)
    (folder / "large.bin").write_bytes(b"0" * 1000)
    return folder


@pytest.mark.parametrize("file", ["robot.yaml", "features.xml"])
def test_a_robot_trains_and_goes_on(robots, tmp_path, capsys, file):
    run = train(SPEC, task=robots / file, num_envs=16, max_epochs=2, name="a", out=tmp_path)
    assert f"no ppo.yaml beside {file}: the shipped humanoid's is used" in capsys.readouterr().out
    assert [path.name for path in (run / "task").iterdir()] == [
        "task.yaml"
    ]  # its includes stay where they are
    kept, own = load_task(run / "task"), load_task(robots / file)
    assert kept.mjcf == own.mjcf and kept.dof_names == own.dof_names and kept.name == own.name
    if file == "robot.yaml":
        assert train(resume=run, max_epochs=3) == run
        assert play(run, episodes=2, seed=1)["episodes"] == 2
