"""Quantities that a task or a Python host adds: declared, checked, read like any other, given at run time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import rewardlang
from rewardlang import HostQuantity
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim

ROOT = Path(__file__).parents[1]
DECLARED = """
quantities:
  feet_apart: norm(body_pos["left_foot"] - body_pos["right_foot"])
  low: feet_apart < near
  near: {unit: m, range: [0, 1], doc: how close is too close}
  heights: {axes: [{points: 5}], unit: m}
  tips: {axes: [{hands: [left, right]}, xyz], unit: m, frame: world, mirror: polar}
"""
SPEC = """
reward = alive
    - 0.5 * low                         as close
    - mean(heights, over=points)        as bumps
    + tips["left"].z                    as left_up
    + mirror(tips["right"].y)           as swapped
terminate split when feet_apart > 5
"""


@pytest.fixture
def task(tmp_path):
    folder = tmp_path / "humanoid"
    shutil.copytree(ROOT / "tasks" / "humanoid", folder)
    path = folder / "task.yaml"
    path.write_text(path.read_text(encoding="utf-8") + DECLARED, encoding="utf-8")
    return folder


def test_a_task_declares_and_an_environment_asks_the_host(task):
    loaded = rewardlang.load_task(task)
    program = rewardlang.compile(SPEC, loaded, observations=True)
    with pytest.raises(
        ValueError, match=r"reads `near`, which a Python host gives: from Python train\(..., host="
    ):
        RewardEnv(loaded, program, make_sim("mujoco", loaded, 3))
    asked = []

    def heights(env):
        asked.append(int(env.episode_step[0]))
        return env.quantities["root_pos"][:, 2:] * torch.arange(5)

    host = {
        "near": lambda env: torch.full((3,), 0.5),
        "heights": heights,
        "tips": lambda env: torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).expand(3, 2, 3),
        "unread": lambda env: 1 / 0,
    }
    env = RewardEnv(loaded, program, make_sim("mujoco", loaded, 3), host=host)
    env.step(torch.zeros(3, 12))
    assert asked == [0, 1]
    paid = dict(zip(env.reward.names, env.last.contributions.unbind(1)))
    torch.testing.assert_close(paid["bumps"], -2 * env.quantities["root_pos"][:, 2])
    assert paid["close"].tolist() == [-0.5] * 3  # the feet are 0.2 m apart
    assert paid["left_up"].tolist() == [3.0] * 3 and paid["swapped"].tolist() == [-5.0] * 3


def test_from_python():
    program = rewardlang.compile(
        "reward = -log(1 - score) as style + sum(bend)",
        quantities={"score": HostQuantity(range=(0, 0.99), doc="D(s)"), "bend": "dof_pos^2 * (score > 0.5)"},
    )
    reward = rewardlang.Reward(program, 2)
    upright = {"root_pos": torch.ones(2, 3), "root_quat": torch.tensor([[0.0, 0.0, 0.0, 1.0]] * 2)}
    _, terms = reward({"score": torch.tensor([0.2, 0.7]), "dof_pos": torch.ones(2, 12), **upright})
    torch.testing.assert_close(terms["style"], -torch.log(torch.tensor([0.8, 0.3])))
    assert terms["sum_bend"].tolist() == [0.0, 12.0]


def test_along_a_group():
    """What is given along a group goes with what is selected by it."""
    host = {"load": HostQuantity(axes="feet", unit="N")}
    program = rewardlang.compile("reward = -sum(contact_forces[feet].z - load) as lifted", quantities=host)
    forces = torch.arange(2.0 * len(program.vocabulary.axes["bodies"]) * 3).view(2, -1, 3)
    feet = [i for i, name in enumerate(program.vocabulary.axes["bodies"].elements) if "foot" in name]
    given = {"contact_forces": forces, "load": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}
    upright = {"root_pos": torch.ones(2, 3), "root_quat": torch.tensor([[0.0, 0.0, 0.0, 1.0]] * 2)}
    paid, _ = rewardlang.Reward(program, 2)({**given, **upright})
    torch.testing.assert_close(paid, -(forces[:, feet, 2] - given["load"]).sum(1))


@pytest.mark.parametrize(
    "name, what, code, message",
    [
        ("x", HostQuantity(axes="joint"), "RW109", "did you mean 'joints'"),
        ("x", HostQuantity(axes="xyz joints"), "RW109", "components is the last"),
        ("x", HostQuantity(axes="joints joints"), "RW109", "twice"),
        ("x", HostQuantity(axes=[{"points": 0}]), "RW109", "size of at least 1"),
        ("x", HostQuantity(axes=[{"sum": 3}]), "RW109", "no axis can be called 'sum'"),
        ("x", HostQuantity(axes=[{"joints": 3}]), "RW109", "another axis 'joints'"),
        ("x", HostQuantity(axes=[{"x": 3}]), "RW109", "'x' is the name of a quantity"),
        ("x", HostQuantity(unit="furlong"), "RW109", "furlong"),
        ("x", HostQuantity(frame="torso"), "RW109", "frame"),
        ("x", HostQuantity(kind="rotation", frame="base"), "RW109", "from a frame to another"),
        ("x", HostQuantity(range=(1, 0)), "RW109", "empty"),
        ("x", HostQuantity(kind="text"), "RW109", "kind"),
        ("x", HostQuantity(mirror="y"), "RW109", "mirror"),
        ("alive", HostQuantity(), "RW107", "already"),
        ("feet", "1", "RW107", "already"),
        ("total", "1", "RW107", "cannot be"),
        ("x y", "1", "RW107", "cannot be"),
        ("x", "forward_vel + yy", "RW101", "yy"),
        ("x", "x + 1", "RW103", "by itself"),
        ("x", "1 +", "RW003", "must follow"),
        ("x", " ", "RW109", "has no line"),
        ("x", "forward_vel + dof_vel", "RW302", "rad/s"),
        ("x", "feet", "RW109", "selection"),
    ],
)
def test_declared_wrongly(name, what, code, message):
    with pytest.raises(rewardlang.RewardError) as caught:
        rewardlang.compile("alive", quantities={name: what})
    assert [d.code for d in caught.value.diagnostics] == [code]
    assert message in str(caught.value)


def test_mistakes_in_yaml_point_into_it(task):
    path = task / "task.yaml"
    text = path.read_text(encoding="utf-8")
    line = text[: text.index("heights:")].count("\n") + 1
    path.write_text(text.replace("unit: m}", "unit: metre}"), encoding="utf-8")
    with pytest.raises(rewardlang.RewardError, match=rf"task.yaml:{line}:\d+: error: .*metre"):
        rewardlang.compile("alive", str(task))
    path.write_text(text.replace("unit: m}", "units: m}"), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"task.yaml:{line}:\d+: error: unknown key 'units'"):
        rewardlang.compile("alive", str(task))
    path.write_text(text.replace("feet_apart < near", "feet_apart < nearer"), encoding="utf-8")
    with pytest.raises(
        rewardlang.RewardError, match=rf"task.yaml:{line - 2}:\d+: error: unknown name `nearer`"
    ):
        rewardlang.compile("alive", str(task))
