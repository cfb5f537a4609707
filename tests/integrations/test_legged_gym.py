"""Specs in robots of legged_gym: in a small one of the same shape, and in its own unmodified LeggedRobot.

REWARDLANG_LEGGED_GYM names a checkout of legged_gym for the latter; its simulator is a fake one without physics.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, Iterator

import pytest
import torch

import rewardlang
from rewardlang.integrations.legged_gym import RewardMixin

from .fake_gym import FakeGym

ENVS, STEPS, DT = 6, 60, 0.02
CHECKOUT = os.environ.get("REWARDLANG_LEGGED_GYM", "")
LEGS = ("FL", "FR", "RL", "RR")
JOINTS = [f"{leg}_{part}" for leg in LEGS for part in ("hip", "thigh", "calf")]
BODIES = ["trunk", *(f"{leg}_{part}" for leg in LEGS for part in ("hip", "thigh", "calf", "foot"))]
FEET = [i for i, name in enumerate(BODIES) if "foot" in name]


class Small:
    """The order of calls and the names of a LeggedRobot."""

    def __init__(self, curriculum: bool = False) -> None:
        gym = self.gym = FakeGym(JOINTS, BODIES, ENVS)
        self.envs, self.num_envs, self.num_actions, self.device, self.dt = [None], ENVS, 12, "cpu", DT
        self.cfg = SimpleNamespace(
            commands=SimpleNamespace(curriculum=curriculum, max_curriculum=1.0),
            control=SimpleNamespace(action_scale=0.5),
        )
        self.command_ranges = {name: [-1.0, 1.0] for name in ("lin_vel_x", "lin_vel_y", "ang_vel_yaw")}
        self.max_episode_length, self.max_episode_length_s = 10.0, 0.2
        self.feet_indices = torch.tensor(FEET)
        self.p_gains, self.d_gains, self.default_dof_pos = (
            torch.full((12,), 80.0),
            torch.full((12,), 2.0),
            torch.zeros(1, 12),
        )
        self.torque_limits, self.dof_vel_limits = torch.full((12,), 40.0), torch.full((12,), 7.5)
        self.reward_scales: Dict[str, float] = {"torques": -1.0}
        self.root_states, state = gym.root_states, gym.dof_state.view(ENVS, 12, 2)
        self.dof_pos, self.dof_vel = state[..., 0], state[..., 1]
        self.contact_forces = gym.contact_forces.view(ENVS, -1, 3)
        self.commands, self.actions, self.torques = (
            torch.rand(ENVS, 4),
            torch.zeros(ENVS, 12),
            torch.zeros(ENVS, 12),
        )
        self.rew_buf, self.extras = torch.zeros(ENVS), {}  # type: torch.Tensor, Dict[str, Any]
        self.episode_length_buf = torch.zeros(ENVS, dtype=torch.long)
        self._prepare_reward_function()

    def _prepare_reward_function(self) -> None:
        raise AssertionError("the robot's own rewards are not prepared")

    def reset_idx(self, ids: torch.Tensor) -> None:
        if len(ids) == 0:
            return
        self.root_states[ids] = torch.tensor([0.0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        self.dof_vel[ids] = 0.0
        self.episode_length_buf[ids] = 0
        self.extras["episode"] = {}
        for key in self.episode_sums:
            self.extras["episode"]["rew_" + key] = (
                torch.mean(self.episode_sums[key][ids]) / self.max_episode_length_s
            )
            self.episode_sums[key][ids] = 0.0

    def compute_reward(self) -> None:
        raise AssertionError("the robot's own rewards are not paid")

    episode_sums: Dict[str, torch.Tensor]

    def step(self, actions: torch.Tensor) -> None:
        self.actions = actions
        self.gym.draw()
        self.torques, self.reached = actions * 3, (self.root_states.clone(), self.dof_vel.clone())
        self.episode_length_buf += 1
        self.reset_buf = self.root_states[:, 2] < 0.2
        self.time_out_buf = self.episode_length_buf > self.max_episode_length
        self.reset_buf |= self.time_out_buf
        self.compute_reward()
        self.done = self.reset_buf.clone()
        self.reset_idx(self.reset_buf.nonzero().flatten())


SPEC = """
touch = contact_forces[feet].z > 1[N]
reward per second = exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25) as tracking_lin_vel
    - 1e-3*sum(torques^2) as torques - 0.1*sum(delta(actions)^2) as action_rate + sum(timer(touch)) as feet
    + sum(rising(touch)) as steps
reward penalty = - 2.0*(terminated and not time_limit) as termination - 1e-5*sum(delta(dof_vel)^2) as shake
terminate spun when abs(root_ang_vel.z) > 1.9
"""


class Robot(RewardMixin, Small):
    reward_spec = rewardlang.parse(SPEC)


def test_a_small_robot() -> None:
    """What is paid, what the sums hold, and what begins anew at resets."""
    robot = Robot()
    assert list(robot.episode_sums) == [
        "tracking_lin_vel",
        "torques",
        "action_rate",
        "feet",
        "steps",
        "termination",
        "shake",
    ]
    assert robot.reward_scales["tracking_lin_vel"] == pytest.approx(DT)
    robot.reset_idx(torch.arange(ENVS))
    last, speed, held = torch.zeros(ENVS, 12), robot.dof_vel.clone(), torch.zeros(ENVS, 4)
    sums = {name: torch.zeros(ENVS) for name in robot.episode_sums}
    spun = fallen = 0
    for _ in range(STEPS):
        actions = torch.randn(ENVS, 12)
        robot.step(actions)
        root, vel = robot.reached
        out = root[:, 12].abs() > 1.9
        fell = root[:, 2] < 0.2
        assert torch.equal(robot.done, out | fell | robot.time_out_buf)
        before = held > 0
        held = torch.where(robot.contact_forces[:, FEET, 2] > 1.0, held + DT, torch.zeros(()))
        paid = {"torques": -1e-3 * DT * (3 * actions).square().sum(1), "action_rate": -0.1 * DT * (actions - last).square().sum(1), "feet": DT * held.sum(1), "steps": DT * ((held > 0) & ~before).sum(1),
                "termination": -2.0 * ((out | fell) & ~robot.time_out_buf), "shake": -1e-5 * (vel - speed).square().sum(1)}  # fmt: skip
        over = robot.done
        for name, mine in paid.items():
            sums[name] += mine
            if over.any():
                torch.testing.assert_close(
                    robot.extras["episode"]["rew_" + name],
                    sums[name][over].mean() / 0.2,
                    atol=1e-4,
                    rtol=1e-4,
                )
            sums[name][over] = 0.0
            torch.testing.assert_close(robot.episode_sums[name], sums[name], atol=1e-5, rtol=1e-4)
        last, speed = actions.masked_fill(over[:, None], 0.0), robot.dof_vel.clone()
        held = held.masked_fill(over[:, None], 0.0)
        spun, fallen = spun + int(out.sum()), fallen + int(fell.sum())
    assert spun and fallen


def test_what_the_curriculum_needs() -> None:
    class Lacks(RewardMixin, Small):
        reward_spec = rewardlang.parse("reward = alive")

    Robot(curriculum=True)
    Lacks()
    with pytest.raises(ValueError, match="commands.curriculum reads a term `tracking_lin_vel`; .* has alive"):
        Lacks(curriculum=True)


# the unmodified LeggedRobot


def rotated_back(q: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    axis, w = q[:, :3], q[:, 3:]
    t = 2 * torch.cross(axis, v, dim=-1)
    return v - w * t + torch.cross(axis, t, dim=-1)


TORCH_UTILS = {
    "torch": torch, "quat_rotate_inverse": rotated_back, "to_torch": lambda x, device: torch.tensor(x, device=device),
    "get_axis_params": lambda value, axis: [value if i == axis else 0.0 for i in range(3)], "quat_apply": None, "normalize": None,
    "torch_rand_float": lambda low, high, shape, device: low + (high - low) * torch.rand(*shape),
}  # fmt: skip


def plain(config: Any) -> Any:
    """The settings of a config class as a dictionary."""
    if isinstance(config, (int, float, str, list, dict, type(None))):
        return config
    return {name: plain(getattr(config, name)) for name in dir(config) if not name.startswith("_")}


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`legged_gym.envs.base.NAME` of the checkout, with modules in place of the simulator and of what draws and registers."""
    if not CHECKOUT:
        pytest.skip("REWARDLANG_LEGGED_GYM names no checkout of legged_gym")
    root = Path(CHECKOUT) / "legged_gym"
    made: Dict[str, Dict[str, Any]] = {
        "isaacgym": {"__path__": []}, "isaacgym.gymapi": {}, "isaacgym.gymutil": {}, "isaacgym.torch_utils": TORCH_UTILS,
        "isaacgym.gymtorch": {"unwrap_tensor": lambda x: x, "wrap_tensor": lambda x: x},
        "legged_gym": {"__path__": [str(root)], "LEGGED_GYM_ROOT_DIR": ""}, "legged_gym.envs": {"__path__": [str(root / "envs")]},
        "legged_gym.envs.base": {"__path__": [str(root / "envs/base")]}, "legged_gym.envs.base.base_task": {"BaseTask": object},
        "legged_gym.utils": {"__path__": [str(root / "utils")]}, "legged_gym.utils.terrain": {"Terrain": None},
        "legged_gym.utils.helpers": {"class_to_dict": plain},
    }  # fmt: skip
    before = set(sys.modules)
    for name, content in made.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
        if "." in name:
            monkeypatch.setattr(
                sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module, raising=False
            )
    yield lambda name: importlib.import_module(f"legged_gym.envs.base.{name}")
    for name in set(sys.modules) - before - set(made):
        if name.split(".")[0] == "legged_gym":
            del sys.modules[name]


def robot_of(robot_class: Any, config: Any) -> Any:
    """A robot whose constructor's buffers are made by its own code, and the rest of them here."""
    robot = robot_class.__new__(robot_class)
    gym = FakeGym(JOINTS, BODIES, ENVS)
    limits = torch.stack(
        [torch.tensor(gym.get_actor_dof_properties(None, 0)[side]) for side in ("lower", "upper")], 1
    )
    gym.acquire_actor_root_state_tensor = lambda sim: gym.root_states
    gym.acquire_dof_state_tensor = lambda sim: gym.dof_state
    gym.acquire_net_contact_force_tensor = lambda sim: gym.contact_forces
    start = torch.zeros(13)
    start[2], start[6] = 0.5, 1.0
    vars(robot).update(cfg=config, gym=gym, sim=None, sim_params=SimpleNamespace(dt=0.005), envs=[None], num_envs=ENVS, num_actions=12, num_dof=12,
                       num_dofs=12, num_bodies=len(BODIES), dof_names=JOINTS, device="cpu", viewer=None, up_axis_idx=2, init_done=True, custom_origins=False,
                       feet_indices=torch.tensor(FEET), termination_contact_indices=torch.tensor([0]),
                       penalised_contact_indices=torch.tensor([i for i, n in enumerate(BODIES) if "thigh" in n or "calf" in n]),
                       dof_pos_limits=limits, dof_vel_limits=torch.full((12,), 9.0), torque_limits=torch.full((12,), 40.0),
                       base_init_state=start, env_origins=torch.zeros(ENVS, 3), obs_buf=torch.zeros(ENVS, 48), rew_buf=torch.zeros(ENVS),
                       episode_length_buf=torch.zeros(ENVS, dtype=torch.long), reset_buf=torch.ones(ENVS, dtype=torch.long), time_out_buf=torch.zeros(ENVS, dtype=torch.bool))  # fmt: skip
    robot._parse_cfg(config)
    robot.max_episode_length = 12.0
    robot._init_buffers()
    robot._prepare_reward_function()
    robot.reset_idx(torch.arange(ENVS))
    return robot


def test_an_unmodified_robot_is_paid_the_same(upstream: Any) -> None:
    """ANYmal's flat weights, on states without physics, over resets: each sum, each mean of an episode, and the reward."""
    original = upstream("legged_robot").LeggedRobot
    config = upstream("legged_robot_config").LeggedRobotCfg()
    scales = config.rewards.scales
    scales.orientation, scales.torques, scales.feet_air_time, config.rewards.max_contact_force = (
        -5.0,
        -2.5e-5,
        2.0,
        350.0,
    )
    config.terrain.mesh_type, config.terrain.measure_heights, config.commands.heading_command = (
        "plane",
        False,
        False,
    )
    config.init_state.default_joint_angles = {name: 0.1 for name in JOINTS}
    config.domain_rand.push_robots, config.rewards.only_positive_rewards = (
        False,
        False,
    )  # else most of it is 0 without physics

    class Attached(RewardMixin, original):  # type: ignore[misc, valid-type]
        reward_spec = rewardlang.parse(
            'extends "zoo/legged_gym/anymal_c_flat.reward"\ntotal = reward + penalty'
        )

    torch.manual_seed(0)
    theirs = robot_of(original, config)
    torch.manual_seed(0)
    mine = robot_of(Attached, config)
    assert {name: mine.reward_scales[name] for name in theirs.reward_scales} == pytest.approx(
        theirs.reward_scales
    )
    ends, paid = 0, []
    for i in range(STEPS):
        actions = 0.1 * torch.randn(ENVS, 12)
        for robot in (theirs, mine):
            torch.manual_seed(i)
            robot.gym.draw()
            robot.root_states[:, 7:13] *= 0.15
            robot.contact_forces[:, :14] *= (torch.rand(ENVS, 1, 1) > 0.9).float()
            robot.actions, robot.torques = actions, actions * 30
            robot.post_physics_step()
        torch.testing.assert_close(mine.rew_buf, theirs.rew_buf, atol=1e-5, rtol=1e-4)
        assert torch.equal(mine.reset_buf.bool(), theirs.reset_buf.bool())
        for name, total in theirs.episode_sums.items():
            torch.testing.assert_close(mine.episode_sums[name], total, atol=1e-6, rtol=1e-4)
        for name, mean in theirs.extras["episode"].items():
            torch.testing.assert_close(mine.extras["episode"][name], mean, atol=1e-6, rtol=1e-4)
        over = theirs.reset_buf.bool()
        theirs.last_actions[over], theirs.last_contacts[over] = (
            0.0,
            False,
        )  # which the source lets outlive a reset
        ends += int(over.sum())
        paid.append(theirs.rew_buf.clone())
    assert ends > ENVS and torch.stack(paid).std() > 0.03
    assert [name for name, total in mine.episode_sums.items() if not total.any()] == ["termination"]
