"""Specs in robots of legged_gym: in a small one of the same shape, and in its own unmodified robots.

For the latter REWARDLANG_LEGGED_GYM names a checkout of legged_gym, REWARDLANG_RSL_RL one of rsl_rl v1.0.2; scipy and matplotlib, which they
import, must be there. Their simulator is the test double of Isaac Gym: MuJoCo's physics.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, Iterator, List

import pytest
import torch

import rewardlang
from rewardlang.integrations.legged_gym import RewardMixin

from .fake_gym import FakeGym

ENVS, STEPS, DT = 6, 60, 0.02
ROOT = Path(__file__).parents[2]
DOUBLE = ROOT / "tests" / "isaacgym_double"
CHECKOUTS = [os.environ.get(f"REWARDLANG_{name}", "") for name in ("LEGGED_GYM", "RSL_RL")]
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

    def _post_physics_step_callback(self) -> None:
        self.root_states[:, 7:9] = torch.randn(ENVS, 2)  # a push

    def step(self, actions: torch.Tensor) -> None:
        self.actions = actions
        self.gym.draw()
        self.torques, self.reached = actions * 3, (self.root_states.clone(), self.dof_vel.clone())
        self.episode_length_buf += 1
        self.reset_buf = self.root_states[:, 2] < 0.2
        self.time_out_buf = self.episode_length_buf > self.max_episode_length
        self._post_physics_step_callback()
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


def rotated_back(q: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    axis, w = q[:, :3], q[:, 3:]
    t = 2 * torch.cross(axis, v, dim=-1)
    return v - w * t + torch.cross(axis, t, dim=-1)


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
        error = robot.commands[:, :2] - rotated_back(root[:, 3:7], root[:, 7:10])[:, :2]  # before the push
        paid = {"tracking_lin_vel": DT * (-error.square().sum(1) / 0.25).exp(), "torques": -1e-3 * DT * (3 * actions).square().sum(1), "action_rate": -0.1 * DT * (actions - last).square().sum(1), "feet": DT * held.sum(1), "steps": DT * ((held > 0) & ~before).sum(1),
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


def test_the_mixin_goes_first() -> None:
    """Behind the robot it would do nothing."""
    with pytest.raises(
        TypeError,
        match=r"Late has the rewards of Small: RewardMixin goes first, `class Late\(RewardMixin, ...\)`",
    ):

        class Late(Small, RewardMixin):
            reward_spec = rewardlang.parse("reward = alive")

    class Second(Robot):  # one robot of another: the spec nearest to it
        reward_spec = rewardlang.parse("reward = 2*alive")

        def _prepare_reward_function(self) -> None:
            super()._prepare_reward_function()

    class Third(Second):
        pass

    assert Third().reward_names == ["alive"]


# unmodified robots


ANYMAL = """extends "zoo/legged_gym/anymal_c_flat.reward"
penalised = bodies("*SHANK", "*THIGH")
terminate base_contact when norm(contact_forces["base"]) > 1[N]
"""
ROUGH = ANYMAL.replace("flat", "rough")
A1 = """extends "zoo/legged_gym/default.reward"
param soft_dof_pos_limit = 0.9 in [0, 1]
penalised = bodies("*thigh", "*calf")
reward per second += - 10.0 * dof_pos_limits
weight torques = -0.0002
"""
CASSIE = """extends "zoo/legged_gym/default.reward"
param soft_dof_pos_limit = 0.95 in [0, 1]
penalised = bodies("*_thigh")
drop collision
drop ang_vel_xy
reward per second +=
    0.25 * (count(contact_forces[feet].z > 0.1[N]) == 1) as no_fly
  - 1.0 * dof_pos_limits
weight tracking_ang_vel = 1.0
weight lin_vel_z = -0.5
weight torques = -5e-6
weight dof_acc = -2e-7
weight feet_air_time = 5.0
weight termination = -200 * dt
"""
UNCLIPPED = "total = reward + penalty\n"
FALL = "weight termination = -20 * dt\n"


def test_the_examples_spec_compiles() -> None:
    """With ANYmal's names, where the original is not there."""
    names = {"trunk": "base", "thigh": "THIGH", "calf": "SHANK", "foot": "FOOT"}
    task = rewardlang.load_task("quadruped")
    spelt = lambda body: "_".join(names.get(part, part) for part in body.split("_"))
    groups = {"feet": ("bodies", [spelt(body) for body in task.groups["feet"][1]])}
    task = replace(task, body_names=tuple(spelt(body) for body in task.body_names), groups=groups)
    spec = rewardlang.load(ROOT / "examples" / "legged_gym" / "trot.reward")
    assert {"standing_base", "drift"} < {term.name for term in rewardlang.compile(spec, task).terms}


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """legged_gym.envs of the checkout, on the double."""
    if not all(CHECKOUTS):
        pytest.skip("REWARDLANG_LEGGED_GYM and REWARDLANG_RSL_RL name no checkouts of legged_gym and rsl_rl")
    for path in (*CHECKOUTS, DOUBLE):
        monkeypatch.syspath_prepend(str(path))
    monkeypatch.setenv("ISAACGYM_DOUBLE", "after_torch=True")
    profiling = torch._C._jit_set_profiling_mode(True), torch._C._jit_set_profiling_executor(True)
    before = set(sys.modules)
    import isaacgym
    from legged_gym import envs

    isaacgym.set_knobs(after_torch=True)
    yield envs
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("isaacgym", "legged_gym", "rsl_rl"):
            del sys.modules[name]
    torch._C._jit_set_profiling_mode(profiling[0])
    torch._C._jit_set_profiling_executor(profiling[1])


def attached(original: Any, spec: str) -> Any:
    return type("Mine", (RewardMixin, original), {"reward_spec": rewardlang.parse(spec)})


def arguments(*more: str) -> Any:
    from legged_gym.utils import get_args

    before, sys.argv = (
        sys.argv,
        ["train.py", "--headless", "--sim_device", "cpu", "--rl_device", "cpu", *more],
    )
    try:
        return get_args()
    finally:
        sys.argv = before


def small(config: Any) -> Any:
    """Less terrain, short episodes, frequent pushes."""
    terrain = config.terrain
    terrain.num_rows, terrain.num_cols, terrain.border_size, terrain.max_init_terrain_level = 2, 5, 4, 1
    config.env.num_envs, config.env.episode_length_s, config.domain_rand.push_interval_s = ENVS, 2, 0.5
    return config


def robot_of(robot_class: Any, config: Any) -> Any:
    from isaacgym import gymapi
    from legged_gym.utils import task_registry

    gymapi.forget()
    task_registry.register("mine", robot_class, config, SimpleNamespace(seed=3))
    torch.manual_seed(0)
    robot, _ = task_registry.make_env("mine", arguments())
    robot.reset()
    return robot


def rolled(robot: Any, steps: int, size: float) -> List[Dict[str, torch.Tensor]]:
    """Each step's reward, resets, sums and means of episodes, where each step's random numbers are the same for all robots."""
    out = []
    for i in range(steps):
        torch.manual_seed(i)
        robot.extras.pop("episode", None)
        observed, _, reward, reset, extras = robot.step(
            size * (i > 120) * torch.randn(ENVS, robot.num_actions)
        )
        over = reset.bool()
        robot.last_actions[over], robot.last_contacts[over] = (
            0.0,
            False,
        )  # which the source lets outlive a reset
        given = {
            "reward": reward,
            "reset": over,
            "late": robot.time_out_buf,
            "observed": observed,
            **extras.get("episode", {}),
        }
        given.update({"sum of " + name: total for name, total in robot.episode_sums.items()})
        out.append({name: torch.as_tensor(value).clone() for name, value in given.items()})
    return out


CASES = {
    "anymal_c_flat": ("Anymal", "AnymalCFlatCfg", ANYMAL, {}),
    "anymal_c_flat, unclipped": ("Anymal", "AnymalCFlatCfg", ANYMAL + UNCLIPPED + FALL, {"rewards.only_positive_rewards": False, "rewards.scales.termination": -20.0}),
    "anymal_c_flat, PD": ("Anymal", "AnymalCFlatCfg", ANYMAL + FALL, {"control.use_actuator_network": False, "rewards.scales.termination": -20.0}),
    "anymal_c_rough": ("Anymal", "AnymalCRoughCfg", ROUGH + UNCLIPPED, {"rewards.only_positive_rewards": False}),
    "anymal_c_rough, height field": ("Anymal", "AnymalCRoughCfg", ROUGH, {"terrain.mesh_type": "heightfield"}),
    "anymal_b": ("Anymal", "AnymalBRoughCfg", ROUGH + UNCLIPPED, {"rewards.only_positive_rewards": False}),
    "cassie": ("Cassie", "CassieRoughCfg", CASSIE + UNCLIPPED, {"rewards.scales.collision": 0.0, "env.episode_length_s": 0.5}),  # collisions of no bodies
    "a1": ("LeggedRobot", "A1RoughCfg", A1 + UNCLIPPED, {"rewards.only_positive_rewards": False}),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("case", CASES)
def test_unmodified_robots_are_paid_the_same(case: str, upstream: Any) -> None:
    """Step by step over episodes, pushes and falls: the reward, each term's sum and each mean of an episode."""
    name, config, spec, changes = CASES[case]
    original = getattr(upstream, name)
    runs, scales = [], []
    for robot_class in (original, attached(original, spec)):
        chosen = small(getattr(upstream, config)())
        for path, value in changes.items():
            part = chosen
            for step in path.split(".")[:-1]:
                part = getattr(part, step)
            setattr(part, path.split(".")[-1], value)
        robot = robot_of(robot_class, chosen)
        runs.append(rolled(robot, 250, 3.0))
        scales.append(robot.reward_scales)
    assert {name: scales[1][name] for name in scales[0]} == pytest.approx(scales[0])
    differs = 0.0
    for theirs, mine in zip(*runs):
        assert torch.equal(theirs["observed"], mine["observed"]) and torch.equal(
            theirs["reset"], mine["reset"]
        )
        differs = max(differs, float((theirs["reward"] - mine["reward"]).abs().max()))
        for name, value in theirs.items():
            torch.testing.assert_close(mine[name], value, atol=2e-6, rtol=1e-4, msg=lambda text, name=name: f"{name}: {text}")  # fmt: skip
    late = sum(int(step["late"].sum()) for step in runs[0])
    fell = sum(int(step["reset"].sum()) for step in runs[0]) - late
    print(f"{case}: rewards differ by {differs:.1e} at most, {fell} falls, {late} time-outs")
    assert differs < 2e-6
    assert late >= ENVS and fell >= ENVS and torch.stack([step["reward"] for step in runs[0]]).std() > 1e-3


@pytest.mark.filterwarnings("ignore")
def test_the_command_curriculum(upstream: Any) -> None:
    """Commands widen with a spec as they do without one."""
    ranges = []
    for robot_class in (upstream.Anymal, attached(upstream.Anymal, ANYMAL)):
        config = small(upstream.AnymalCFlatCfg())
        config.commands.curriculum, config.commands.max_curriculum, config.domain_rand.push_robots = (
            True,
            0.8,
            False,
        )
        config.commands.ranges.lin_vel_x = config.commands.ranges.lin_vel_y = [-0.1, 0.1]
        robot = robot_of(robot_class, config)
        robot.episode_length_buf[:] += 1  # so that an episode ends when the curriculum looks
        assert robot.command_ranges["lin_vel_x"] == [-0.1, 0.1]
        seen = rolled(robot, 220, 0.0)
        ranges.append([step["max_command_x"].item() for step in seen if "max_command_x" in step])
        assert robot.command_ranges["lin_vel_x"] == pytest.approx([-0.6, 0.6])
    assert ranges[0] == ranges[1]


@pytest.mark.filterwarnings("ignore")
def test_rsl_rl_trains_and_logs(upstream: Any, tmp_path: Path) -> None:
    """Three iterations of unmodified rsl_rl: the means of its event file are those of the terms; a step afterwards works too."""
    from legged_gym.utils import task_registry
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    told: List[Dict[str, torch.Tensor]] = []

    class Told(attached(upstream.Anymal, ANYMAL)):  # type: ignore[misc]
        def step(self, actions: torch.Tensor) -> Any:
            out = super().step(actions)
            told.append(
                {name: torch.as_tensor(mean).reshape(()).clone() for name, mean in out[4]["episode"].items()}
            )
            return out

    config, training = small(upstream.AnymalCFlatCfg()), upstream.AnymalCFlatCfgPPO()
    robot = robot_of(Told, config)
    runner, _ = task_registry.make_alg_runner(
        robot, args=arguments(), train_cfg=training, log_root=str(tmp_path)
    )
    before = [weights.clone() for weights in runner.alg.actor_critic.parameters()]
    told.clear()
    runner.learn(3, init_at_random_ep_len=True)
    assert any((a != b).any() for a, b in zip(before, runner.alg.actor_critic.parameters()))
    events = EventAccumulator(str(next(tmp_path.iterdir())))
    events.Reload()
    steps = training.runner.num_steps_per_env
    for name in robot.reward_names:
        logged = [event.value for event in events.Scalars(f"Episode/rew_{name}")]
        means = [
            torch.stack([each[f"rew_{name}"] for each in told[i * steps : (i + 1) * steps]]).mean()
            for i in range(3)
        ]
        assert logged == pytest.approx([float(mean) for mean in means], rel=1e-4, abs=1e-7)
    assert any(event.value for event in events.Scalars("Episode/rew_tracking_lin_vel"))
    runner.get_inference_policy()(robot.step(torch.zeros(ENVS, 12))[0])
    robot.reset()


def test_the_example(tmp_path: Path) -> None:
    """As its user starts it: in a process of its own, on the double."""
    if not all(CHECKOUTS):
        pytest.skip("REWARDLANG_LEGGED_GYM and REWARDLANG_RSL_RL name no checkouts of legged_gym and rsl_rl")
    paths = os.pathsep.join([*CHECKOUTS, str(DOUBLE), str(ROOT)])
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "legged_gym" / "train.py"), "--headless", "--sim_device", "cpu", "--rl_device", "cpu",
         "--num_envs", "8", "--max_iterations", "2"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "Learning iteration 1/2" in run.stdout and "Mean episode rew_standing_base" in run.stdout
    assert len(list((tmp_path / "logs" / "trotting_anymal").glob("*/model_2.pt"))) == 1
