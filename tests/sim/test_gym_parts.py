"""Parts of the Isaac Gym double that no simulator of ours needs: what unmodified projects import beside the gym."""

from __future__ import annotations

import sys

import gym_double
import mujoco
import numpy as np
import pytest
import torch


@pytest.fixture
def parts(monkeypatch):
    """isaacgym, its parts imported."""
    gym_double.use(monkeypatch)
    import isaacgym
    from isaacgym import gymapi, gymutil, torch_utils  # noqa: F401

    return isaacgym


def test_quaternions_are_mujocos(parts):
    utils = parts.torch_utils
    a, b = utils.quat_unit(torch.randn(2, 9, 4, dtype=torch.float64))
    v = torch.randn(9, 3, dtype=torch.float64)
    both, turned = np.zeros(4), np.zeros(3)
    for i in range(9):
        first, second = a[i, [3, 0, 1, 2]].numpy(), b[i, [3, 0, 1, 2]].numpy()
        mujoco.mju_mulQuat(both, first, second)
        np.testing.assert_allclose(utils.quat_mul(a, b)[i, [3, 0, 1, 2]], both, atol=1e-12)
        mujoco.mju_rotVecQuat(turned, v[i].numpy(), first)
        np.testing.assert_allclose(utils.quat_rotate(a, v)[i], turned, atol=1e-12)
    torch.testing.assert_close(utils.quat_rotate_inverse(a, utils.quat_apply(a, v)), v)
    q, t = utils.tf_combine(a, v, *utils.tf_inverse(a, v))
    torch.testing.assert_close(t, torch.zeros_like(v), atol=1e-12, rtol=0)
    torch.testing.assert_close(q[:, :3], torch.zeros_like(v), atol=1e-12, rtol=0)
    again = utils.quat_from_euler_xyz(*utils.get_euler_xyz(a))
    torch.testing.assert_close(again * (again * a).sum(-1, keepdim=True).sign(), a)
    turn = utils.quat_from_angle_axis(torch.tensor([np.pi / 2]), torch.tensor([[0.0, 0.0, 2.0]]))
    torch.testing.assert_close(
        utils.quat_apply(turn, torch.tensor([[1.0, 0, 0]])), torch.tensor([[0.0, 1, 0]])
    )


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")
def test_scripts_may_call_the_tensor_functions(parts):
    utils = parts.torch_utils
    for name in ("quat_mul", "quat_rotate_inverse", "get_euler_xyz", "quat_from_angle_axis", "tf_combine", "torch_rand_float", "unscale"):  # fmt: skip
        torch.jit.script(getattr(utils, name))
    drawn = utils.torch_rand_float(-3.0, -1.0, (200, 2), device="cpu")
    assert -3 <= drawn.min() < -2.9 and -1.1 < drawn.max() < -1
    assert utils.get_axis_params(-1.0, 2) == [0.0, 0.0, -1.0]
    assert utils.to_torch([1, 2], device="cpu").dtype == torch.float32


def test_arguments_and_parameters(parts, monkeypatch):
    util, api = parts.gymutil, parts.gymapi
    assert util.parse_device_str("cuda:1") == ("cuda", 1) and util.parse_device_str("cpu") == ("cpu", 0)
    with pytest.raises(ValueError, match="tpu"):
        util.parse_device_str("tpu")
    monkeypatch.setattr(sys, "argv", ["train.py", "--sim_device", "cpu", "--task", "a1"])
    args = util.parse_arguments(custom_parameters=[{"name": "--task", "type": str}])
    assert (args.task, args.sim_device_type, args.use_gpu, args.use_gpu_pipeline) == (
        "a1",
        "cpu",
        False,
        False,
    )
    assert args.physics_engine == api.SIM_PHYSX
    params = api.SimParams()
    util.parse_sim_config({"dt": 0.005, "up_axis": 1, "gravity": [0, 0, -9.81], "physx": {"contact_collection": 1, "rest_offset": 0}}, params)  # fmt: skip
    assert params.up_axis == api.UP_AXIS_Z and params.gravity.z == pytest.approx(-9.81)
    assert params.physx.contact_collection is api.CC_LAST_SUBSTEP and params.dt == pytest.approx(0.005)
    with pytest.raises(AttributeError, match="substep'"):
        util.parse_sim_config({"substep": 1}, params)
