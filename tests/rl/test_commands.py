"""Commands of a task: what is drawn, when, and what the spec and the policy see of it."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

import rewardlang
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim
from rewardlang.task import Commands

TASK = rewardlang.load_task("humanoid_velocity")
N = 64


def environment(seed=1, **commands):
    task = dataclasses.replace(TASK, commands=dataclasses.replace(TASK.commands, **commands))
    program = rewardlang.compile(
        "reward = command_lin_vel.x as x + command_ang_vel as turn\ndrop terminate fallen",
        task,
        observations=True,
    )
    return RewardEnv(task, program, make_sim("mujoco", task, N), seed)


def steps(env, count):
    for _ in range(count):
        out = env.step(torch.zeros(N, 12))
    return out


def test_drawn_from_the_ranges_and_seen_by_spec_and_policy():
    env = environment(standing_share=0.0)
    r, c = TASK.commands, env.commands
    for values, (low, high) in (
        (c.lin_vel[:, 0], r.lin_vel_x),
        (c.lin_vel[:, 1], r.lin_vel_y),
        (c.ang_vel, r.ang_vel_yaw),
    ):
        assert (
            values.min() >= low and values.max() <= high and values.max() - values.min() > 0.7 * (high - low)
        )
    before = c.lin_vel.clone()
    observations, reward, _, _ = steps(env, 1)
    torch.testing.assert_close(observations[:, 33:35], 2 * before)
    torch.testing.assert_close(reward, before[:, 0] + c.ang_vel)


def test_drawn_anew_when_the_time_is_over_and_not_before():
    env = environment(resampling_time=0.1, zero_below=0.0)  # 5 steps
    first = env.commands.lin_vel.clone()
    steps(env, 5)
    assert torch.equal(env.commands.lin_vel, first)
    steps(env, 1)
    assert (env.commands.lin_vel != first).any(1).float().mean() > 0.8


def test_a_reset_draws_for_its_environments_only():
    env = environment(standing_share=0.0, zero_below=0.0)
    first = env.commands.lin_vel.clone()
    mask = torch.arange(N) % 4 == 0
    env._reset(mask)
    changed = (env.commands.lin_vel != first).any(1)
    assert torch.equal(changed, mask)


def test_some_are_to_stand():
    assert (environment(standing_share=1.0).commands.lin_vel == 0).all()
    share = (environment(standing_share=0.5).commands.lin_vel == 0).all(1).float().mean()
    assert 0.25 < share < 0.75


def test_a_small_velocity_is_asked_for_as_none():
    """As in legged_gym; the turn is kept."""
    env = environment(standing_share=0.0, zero_below=0.4)
    speeds = env.commands.lin_vel.norm(dim=1)
    assert 0.2 < (speeds == 0).float().mean() < 0.9 and speeds[speeds > 0].min() >= 0.4
    assert (env.commands.ang_vel != 0).all()
    assert (environment(standing_share=0.0, zero_below=0.0).commands.lin_vel != 0).all()


def test_a_checkpoint_keeps_the_commands_in_force():
    env, other = environment(), environment(seed=2)
    other.set_env_state(env.get_env_state())
    for name, tensor in env.commands.state_dict().items():
        assert torch.equal(other.commands.state_dict()[name], tensor), name
    for one in (env, other):  # and draws go on from there
        one.commands.resample(torch.ones(N, dtype=torch.bool))
    assert torch.equal(env.commands.lin_vel, other.commands.lin_vel)
    saved = env.get_env_state()
    del saved["commands"]  # one of an earlier version
    other.set_env_state(saved)


def test_the_yaw_rate_follows_the_heading():
    env = environment(heading_command=True, standing_share=0.0, heading=(1.0, 1.0), ang_vel_yaw=(-0.3, 0.3))
    steps(env, 3)
    x, y, z, w = env.quantities["root_quat"].unbind(1)
    error = 1.0 - torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    torch.testing.assert_close(env.commands.ang_vel, (0.5 * error).clamp(-0.3, 0.3))
    assert (
        environment(heading_command=True, standing_share=1.0, heading=(1.0, 1.0)).commands.ang_vel == 0
    ).all()


def test_a_seed_gives_the_same_commands():
    a, b, other = (environment(seed=s) for s in (3, 3, 4))
    assert torch.equal(a.commands.lin_vel, b.commands.lin_vel) and not torch.equal(
        a.commands.lin_vel, other.commands.lin_vel
    )


def test_only_tasks_with_commands_have_the_names():
    with pytest.raises(rewardlang.RewardError, match="unknown name `command_lin_vel`"):
        rewardlang.compile("reward = command_lin_vel.x", "humanoid")
    assert rewardlang.load_task("humanoid").commands is None


@pytest.mark.parametrize(("old", "new", "message"), [
    ("resampling_time: 5 ", "resampling_tim: 5 ", "did you mean 'resampling_time'?"),
    ("lin_vel_x: [0, 0.8]", "lin_vel_x: [0.8, 0]", "must be [lowest, highest]"),
    ("zero_below: 0.2 ", "zero_below: 2 ", "no velocity in these ranges reaches zero_below, 2.0 m/s"),
    ("standing_share: 0.1", "standing_share: 1.5", "must be a finite number in [0, 1]"),
    ("heading_command: false", "heading_command: 3", "true or false"),
])  # fmt: skip
def test_mistakes_in_the_yaml(tmp_path, old, new, message):
    text = TASK.path.read_text(encoding="utf-8").replace("../humanoid/humanoid.xml", str(TASK.mjcf))
    assert text.count(old) == 1
    (tmp_path / "task.yaml").write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=r"task\.yaml:\d+:\d+: error: ") as caught:
        rewardlang.load_task(tmp_path)
    assert message in str(caught.value)


def test_a_heading_needs_no_range_of_its_turn(tmp_path):
    text = TASK.path.read_text(encoding="utf-8").replace("../humanoid/humanoid.xml", str(TASK.mjcf))
    text = text.replace("heading_command: false", "heading_command: true")
    text = "".join(line for line in text.splitlines(True) if "ang_vel_yaw" not in line)
    (tmp_path / "task.yaml").write_text(text)
    assert rewardlang.load_task(tmp_path).commands.ang_vel_yaw == (-1.0, 1.0)


def test_the_defaults_ask_for_nothing():
    assert Commands().lin_vel_x == (0.0, 0.0) and math.isclose(Commands().resampling_time, 10.0)
