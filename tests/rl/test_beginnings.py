"""The forces that operators start from: those of an episode's first physics step."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import rewardlang
from rewardlang.rl.behaviours import Limp
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim

SPEC = """
reward = alive
metric felt = sum(prev(contact_forces[feet].z))
metric turned = sum(abs(prev(torques)))
metric acted = sum(abs(prev(actions)))
metric stood = prev(base_height)
"""


@pytest.fixture(params=["mujoco", "mujoco_warp"])
def sim_name(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param)
    return request.param


def test_operators_start_from_the_first_physics_step(sim_name: str) -> None:
    """Of every episode, also of those that begin while others go on. That step is done by a simulator that makes one at a time."""
    n, task = 3, rewardlang.load_task("humanoid")
    env = RewardEnv(task, rewardlang.compile(SPEC, task, observations=True), make_sim(sim_name, task, n))
    first, everyone = make_sim(sim_name, replace(task, decimation=1), n), torch.ones(n, dtype=torch.bool)
    feet = [i for i, name in enumerate(task.body_names) if name.endswith("_foot")]
    generator = torch.Generator().manual_seed(1)
    begun = 0
    for step in range(12):
        if step in (4, 5, 9):
            env.episode_step[step % n] = task.max_episode_length - 1  # it ends with this step
        new = env.episode_step == 0
        height = env.sim.root_states[:, 2].clone()
        first.reset(everyone, env.sim.root_states, env.sim.dof_pos, env.sim.dof_vel)
        actions = torch.randn(n, len(task.actuated), generator=generator)
        env.step(actions)
        first.step(
            env.default_targets + env.action_scale * actions.clamp(-task.clip_actions, task.clip_actions)
        )
        assert env.last is not None
        expected = {
            "felt": first.contact_forces[:, feet, 2].sum(1),
            "turned": first.dof_forces.abs().sum(1),
            "acted": torch.zeros(n),
            "stood": height,
        }
        for name, value in expected.items():
            torch.testing.assert_close(env.last.metrics[name][new], value[new], atol=1e-3, rtol=1e-4)
        assert (env.last.metrics["acted"][~new] > 0).all()
        begun += int(new.sum())
    assert begun == 3 + 3 and expected["felt"].abs().max() > 1 and not env.begun.any()


def test_limp_motors_are_limp_from_the_first_physics_step_on() -> None:
    task = rewardlang.load_task("humanoid")
    env = RewardEnv(task, rewardlang.compile(SPEC, task, observations=True), make_sim("mujoco", task, 2))
    env.sim = Limp(env.sim, [task.dof_names.index(name) for name in task.actuated])
    env.step(torch.ones(2, len(task.actuated)))
    assert env.last is not None and (env.last.metrics["turned"] < 0.5).all()
