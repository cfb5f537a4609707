"""Defects of the sources that the specs do not have, each with what the spec pays and what the source's formula pays."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np
import pytest
import torch

import rewardlang
from rewardlang.task import Task

from . import isaacgymenvs, legged_gym, mujoco_playground
from .cases import ZOO
from .episodes import Moment, State, model, still
from .formula import Formula
from .legged_gym import Config
from .playing import formula_pays, spec_pays


def scene(task: Task, steps: Sequence[Dict[str, Any]], over: Sequence[int] = ()) -> List[Moment]:
    """One environment: the reset state, then the steps, each standing still but for what it names. After those in `over` it starts anew."""
    first = still(task)
    moments = [Moment([first], [True], [first])]
    for i, changed in enumerate(steps):
        state = {
            **still(task),
            **changed,
            "episode_time": np.array((i + 1) * task.dt),
            "time_limit": np.array(i in over),
        }
        moments.append(Moment([state], [i in over], [first if i in over else state]))
    return moments


def both(
    spec: str, source: Callable[[Task, State], Formula], steps: Callable[[Task], List[Moment]], term: str
) -> Tuple[List[float], List[float]]:
    """What the term pays on each step, by the spec and by the source's formula."""
    loaded = rewardlang.load(ZOO / f"{spec}.reward")
    task = rewardlang.task_of(loaded)
    fixed, moments = model(task), steps(task)
    paid = spec_pays(rewardlang.compile(loaded, task), fixed, moments)[term][:, 0]
    return paid.round(9).tolist(), formula_pays(source, task, fixed, moments)[term][:, 0].round(9).tolist()


def pushed(task: Task, *names: str, force: float = 50.0) -> np.ndarray:
    """An upward contact force on some bodies."""
    out = np.zeros((len(task.body_names), 3))
    out[[task.body_names.index(name) for name in names], 2] = force
    return out


LEGGED = lambda task, fixed: legged_gym.LeggedGym(task, fixed, Config(legged_gym.DEFAULT), leaks=True)
PLAYGROUND = lambda task, fixed: mujoco_playground.Joystick(
    task, fixed, mujoco_playground.DEFAULT, as_published=True
)
LEAKING = lambda task, fixed: mujoco_playground.Joystick(task, fixed, mujoco_playground.DEFAULT, leaks=True)


class UpperOnly(isaacgymenvs.Ant):
    upper_only = True


def test_legged_gym_last_actions_outlive_the_reset() -> None:
    """An action of 1 on the last step of an episode, none on the first of the next: no change of action in that one."""
    steps = lambda task: scene(task, [{"actions": np.ones(12)}, {}], over=[0])
    spec, source = both("legged_gym/default", LEGGED, steps, "action_rate")
    assert spec == pytest.approx([-0.01 * 12 * 0.02, 0.0])
    assert source == pytest.approx([-0.01 * 12 * 0.02, -0.01 * 12 * 0.02])


def test_legged_gym_last_contacts_outlive_the_reset() -> None:
    """A foot on the ground at the end of an episode, then five steps in the air from the reset on: six with the landing step."""
    walk = {"command_lin_vel": np.array([1.0, 0.0])}

    def steps(task: Task) -> List[Moment]:
        down = {**walk, "contact_forces": pushed(task, "FL_foot")}
        return scene(task, [down, *[walk] * 5, down], over=[0])

    spec, source = both("legged_gym/default", LEGGED, steps, "feet_air_time")
    assert spec[-1] == pytest.approx((6 * 0.02 - 0.5) * 0.02)
    assert source[-1] == pytest.approx((5 * 0.02 - 0.5) * 0.02)


def test_legged_gym_feet_stumble_finds_its_formula() -> None:
    """The source looks for `_reward_feet_stumble`, which it does not have; here a wrong name is an error, with the right one."""
    added = 'extends "zoo/legged_gym/default.reward"\n'
    names = rewardlang.compile(rewardlang.parse(added + "reward per second += -1 * feet_stumble")).terms
    assert "feet_stumble" in [term.name for term in names]
    with pytest.raises(rewardlang.RewardError, match="did you mean `feet_stumble`"):
        rewardlang.compile(rewardlang.parse(added + "reward per second += -1 * feet_stumbel"))


def test_legged_gym_logs_add_up() -> None:
    """The sums that the source logs leave out what its clip adds: -2 m/s of lin_vel_z are logged, and 0 is paid."""
    loaded = rewardlang.load(ZOO / "legged_gym" / "default.reward")
    task = rewardlang.task_of(loaded)
    reward = rewardlang.Reward(rewardlang.compile(loaded, task), 1, dtype=torch.float64)
    falling = {**still(task), "root_lin_vel": np.array([0.0, 0.0, -2.0])}
    state = {name: torch.as_tensor(x[None]) for name, x in falling.items()}
    total, terms = reward({**state, **{name: torch.as_tensor(x) for name, x in model(task).items()}})
    logged = reward.read_statistics()
    assert sum(map(float, terms.values())) == pytest.approx(
        0.02 + 0.01 - 2.0 * 4 * 0.02
    )  # what the source logs: -0.13
    assert float(total) == 0.0
    assert logged["reward/total_rule"] == pytest.approx(0.13) and logged["reward/total"] == pytest.approx(0.0)


def test_ant_joints_at_both_limits() -> None:
    """All joints at their lower limits: twelve at a limit, of which the source counts none."""
    steps = lambda task: scene(
        task, [{"dof_pos": np.array(task.dof_pos_lower)}, {"dof_pos": np.array(task.dof_pos_upper)}]
    )
    spec, source = both("isaacgymenvs/ant", UpperOnly, steps, "joints_at_limit")
    assert spec == pytest.approx([-1.2, -1.2]) and source == pytest.approx([0.0, -1.2])


def test_humanoid_progress_in_float32() -> None:
    """Half a metre a second: in float32 the source's difference of 1000 m / dt is off by per cents, the spec by parts of a million."""
    dt, steps = np.float32(0.02), 20

    def potential(x: float) -> np.float32:
        return -np.float32(np.sqrt(np.float32((np.float32(1000) - np.float32(x)) ** 2))) / dt

    xs = [np.float32(0.5 * 0.02 * i) for i in range(steps + 1)]
    source = [float(potential(b) - potential(a)) for a, b in zip(xs, xs[1:])]
    loaded = rewardlang.load(ZOO / "isaacgymenvs" / "humanoid.reward")
    task = rewardlang.task_of(loaded)
    moments = scene(task, [{"root_pos": np.array([x, 0.0, 1.0], float)} for x in xs[1:]])
    spec = spec_pays(rewardlang.compile(loaded, task), model(task), moments, torch.float32)["progress"][:, 0]
    assert max(abs(spec - 0.5)) < 1e-5 < 1e-3 < max(abs(np.array(source) - 0.5))


def test_playground_feet_slip_is_the_feet_s() -> None:
    """The pelvis at 1 m/s over two feet at rest on the ground: no slip. A foot that slides at 1 m/s: one."""

    def steps(task: Task) -> List[Moment]:
        slide = np.zeros((len(task.body_names), 3))
        slide[task.body_names.index("left_foot"), 0] = 1.0
        down = {"contact_forces": pushed(task, "left_foot", "right_foot")}
        return scene(
            task, [{**down, "root_lin_vel": np.array([1.0, 0.0, 0.0])}, {**down, "body_lin_vel": slide}]
        )

    spec, source = both("mujoco_playground/g1_joystick", PLAYGROUND, steps, "feet_slip")
    assert spec == pytest.approx([0.0, -0.25 * 0.02]) and source == pytest.approx([-2 * 0.25 * 0.02, 0.0])


def test_playground_hips_to_either_side() -> None:
    """Hips rolled by 0.1 rad each, with steps to the left and to the right: free in both, in the source to the left alone."""

    def steps(task: Task) -> List[Moment]:
        rolled = np.array(task.default_dof_pos) + [
            0.1 * name.endswith("_hip_roll") for name in task.dof_names
        ]
        return scene(
            task, [{"dof_pos": rolled, "command_lin_vel": np.array([0.0, y])} for y in (0.4, -0.4, 0.0)]
        )

    spec, source = both("mujoco_playground/g1_joystick", PLAYGROUND, steps, "joint_deviation_hip")
    cost = -0.25 * 0.2 * 0.02
    assert spec == pytest.approx([0.0, 0.0, cost]) and source == pytest.approx([0.0, cost, cost])


def test_playground_air_time_outlives_the_reset() -> None:
    """Ten steps in the air, a reset, five more and a landing: six with the landing step; the source's wrapper makes it sixteen."""

    def steps(task: Task) -> List[Moment]:
        return scene(task, [*[{}] * 10, *[{}] * 5, {"contact_forces": pushed(task, "left_foot")}], over=[9])

    spec, source = both("mujoco_playground/g1_joystick", LEAKING, steps, "feet_air_time")
    assert spec[-1] == pytest.approx(2.0 * (6 * 0.02 - 0.2) * 0.02)
    assert source[-1] == pytest.approx(2.0 * (16 * 0.02 - 0.2) * 0.02)
