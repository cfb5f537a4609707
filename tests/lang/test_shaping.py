"""`potential` on real episodes: the discounted sum telescopes to gamma^T * phi(s_T) * (1 - terminated) - phi(s_0)."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import rewardlang
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim

GAMMA = 0.97


@pytest.mark.parametrize("seconds", [0.3, 10.0], ids=["time-outs", "falls"])
def test_potential_telescopes(seconds):
    task = dataclasses.replace(rewardlang.load_task("humanoid"), episode_length_s=seconds)
    spec = "phi = forward_vel + 2*base_height\nreward = potential(phi) as shaping\nmetric last = phi"
    program = rewardlang.compile(spec, task, observations=True)
    env = RewardEnv(task, program, make_sim("mujoco", task, 16), seed=3, gamma=GAMMA)
    phi = lambda: (env.quantities["root_pos"][:, 2] * 2 + forward(env.quantities)).double()
    generator = torch.Generator().manual_seed(0)
    first, total, discount = phi(), torch.zeros(16, dtype=torch.float64), torch.ones(16, dtype=torch.float64)
    seen = {"falls": 0, "time-outs": 0}
    for _ in range(120):
        _, reward, done, info = env.step(2 * torch.rand(16, 12, generator=generator) - 1)
        total += discount * reward.double()
        discount *= GAMMA
        out = env.last
        last = out.metrics["last"].double()
        expected = discount * last * (~out.terminated).double() - first
        for i in done.nonzero().flatten().tolist():
            assert total[i] == pytest.approx(expected[i].item(), abs=2e-5)
            seen["time-outs" if info["time_outs"][i] else "falls"] += 1
        now = phi()
        first, total = torch.where(done, now, first), torch.where(done, torch.zeros_like(total), total)
        discount = torch.where(done, torch.ones_like(discount), discount)
    assert seen["time-outs" if seconds < 1 else "falls"] > 10


def forward(q):
    """Velocity along the base's x axis. [N]"""
    x, y, z, w = q["root_quat"].unbind(1)
    axis = torch.stack((1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)), 1)
    return (axis * q["root_lin_vel"]).sum(1)
