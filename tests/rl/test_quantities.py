"""Derived quantities against what MuJoCo itself says of the same state."""

from __future__ import annotations

import mujoco
import pytest
import torch

import rewardlang
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim

SPEC = """
reward = alive
metric x = com_pos.x
metric y = com_pos.y
metric z = com_pos.z
metric vx = com_lin_vel.x
metric vy = com_lin_vel.y
metric vz = com_lin_vel.z
metric gains = sum(stiffness + 100*damping/1[s])
metric scale = sum(action_scale)
"""


def test_centre_of_mass_and_gains() -> None:
    task = rewardlang.load_task("humanoid")
    env = RewardEnv(task, rewardlang.compile(SPEC, task, observations=True), make_sim("mujoco", task, 4))
    generator = torch.Generator().manual_seed(2)
    for _ in range(15):
        env.step(2 * torch.rand(4, 12, generator=generator) - 1)
    assert env.last is not None and not env.last.done.any()
    got = {name: value.double() for name, value in env.last.metrics.items()}
    for i in range(4):
        data = env.sim._batch.get_data(i)
        mujoco.mj_forward(env.sim.model, data)
        mujoco.mj_subtreeVel(env.sim.model, data)
        torch.testing.assert_close(
            torch.stack([got[name][i] for name in ("x", "y", "z", "vx", "vy", "vz")]),
            torch.tensor([*data.subtree_com[1], *data.subtree_linvel[1]]),
            rtol=1e-5,
            atol=1e-5,
        )
    gains = sum(task.stiffness) + 100 * sum(task.damping)
    assert got["gains"].tolist() == pytest.approx([gains] * 4)
    assert got["scale"].tolist() == pytest.approx([sum(task.action_scale)] * 4)
