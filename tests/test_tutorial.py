"""The tutorial's reward equals its formula written in torch by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import rewardlang

SPEC = Path(__file__).parent.parent / "reward_specs" / "humanoid" / "tutorial.reward"


def formula(q):
    """forward velocity + alive - 0.01 * sum of squared torques - 1.0 * sum of squares of gravity's x and y. [N]"""
    x, y, z, w = q["root_quat"].unbind(1)
    # rows of the rotation matrix from world to base, from the quaternion
    base_x = torch.stack((1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)), 1)
    base_y = torch.stack((2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)), 1)
    base_z = torch.stack((2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)), 1)
    forward = (base_x * q["root_lin_vel"]).sum(1)
    gravity_x, gravity_y, gravity_z = -base_x[:, 2], -base_y[:, 2], -base_z[:, 2]
    fallen = (q["root_pos"][:, 2] < 0.24) | (gravity_z > -0.6)
    return (
        forward
        + (~fallen).double()
        - 0.01 * q["torques"].square().sum(1)
        - gravity_x.square()
        - gravity_y.square()
    )


@pytest.mark.parametrize("n", [1, 2, 4096])
def test_equals_the_formula(n):
    generator = torch.Generator().manual_seed(n)
    rand = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    quat = rand(n, 4) * torch.tensor([0.4, 0.4, 1.0, 1.0])
    q = {"root_pos": 0.3 + 0.1 * rand(n, 3), "root_quat": quat / quat.norm(dim=1, keepdim=True), "root_lin_vel": rand(n, 3),
         "torques": 3 * rand(n, 12)}  # fmt: skip
    reward = rewardlang.Reward(rewardlang.compile(rewardlang.load(SPEC)), n, dtype=torch.float64)
    total, terms = reward(q)
    torch.testing.assert_close(total, formula(q), rtol=1e-12, atol=1e-12)
    assert list(terms) == ["forward_vel", "alive", "effort", "tilt"]
    torch.testing.assert_close(sum(terms.values()), total, rtol=1e-12, atol=1e-12)
    if n > 2:
        assert 0 < terms["alive"].mean() < 1  # both sides of the fall are there
