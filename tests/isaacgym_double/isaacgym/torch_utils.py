"""The tensor functions of isaacgym.torch_utils, from their names and published uses: quaternions are xyzw, angles radians.

Others script functions that call these, so all of it is TorchScript, and `from isaacgym.torch_utils import *` gives torch and np too.
"""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np  # noqa: F401
import torch
from torch import Tensor


def to_torch(x, dtype=torch.float, device="cuda:0", requires_grad=False):
    return torch.tensor(x, dtype=dtype, device=device, requires_grad=requires_grad)


def normalize(x: Tensor, eps: float = 1e-9) -> Tensor:
    return x / x.norm(p=2, dim=-1).clamp(min=eps).unsqueeze(-1)


def quat_unit(a: Tensor) -> Tensor:
    return normalize(a)


def quat_conjugate(a: Tensor) -> Tensor:
    return torch.cat([-a[..., :3], a[..., 3:]], dim=-1)


def quat_mul(a: Tensor, b: Tensor) -> Tensor:
    """The turn b, then a."""
    u, s, v, t = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    axis = s * v + t * u + torch.cross(u, v, dim=-1)
    return torch.cat([axis, s * t - (u * v).sum(-1, keepdim=True)], dim=-1)


def quat_apply(a: Tensor, b: Tensor) -> Tensor:
    """Vectors b turned by a; the result has the shape of b."""
    shape = b.shape
    q, v = a.reshape(-1, 4), b.reshape(-1, 3)
    twice = 2.0 * torch.cross(q[:, :3], v, dim=-1)
    return (v + q[:, 3:] * twice + torch.cross(q[:, :3], twice, dim=-1)).view(shape)


def quat_rotate(q: Tensor, v: Tensor) -> Tensor:
    return quat_apply(q, v)


def quat_rotate_inverse(q: Tensor, v: Tensor) -> Tensor:
    return quat_apply(quat_conjugate(q), v)


def quat_from_angle_axis(angle: Tensor, axis: Tensor) -> Tensor:
    half = angle.unsqueeze(-1) / 2
    return quat_unit(torch.cat([normalize(axis) * half.sin(), half.cos()], dim=-1))


def normalize_angle(x: Tensor) -> Tensor:
    return torch.atan2(torch.sin(x), torch.cos(x))


def tf_inverse(q: Tensor, t: Tensor) -> Tuple[Tensor, Tensor]:
    back = quat_conjugate(q)
    return back, -quat_apply(back, t)


def tf_apply(q: Tensor, t: Tensor, v: Tensor) -> Tensor:
    return quat_apply(q, v) + t


def tf_vector(q: Tensor, v: Tensor) -> Tensor:
    return quat_apply(q, v)


def tf_combine(q1: Tensor, t1: Tensor, q2: Tensor, t2: Tensor) -> Tuple[Tensor, Tensor]:
    return quat_mul(q1, q2), quat_apply(q1, t2) + t1


def get_basis_vector(q: Tensor, v: Tensor) -> Tensor:
    return quat_rotate(q, v)


def get_axis_params(value, axis_idx, x_value=0.0, dtype=float, n_dims=3):
    """`value` at `axis_idx`, `x_value` in front, zeros elsewhere."""
    out = [0.0] * n_dims
    out[0] = x_value
    out[axis_idx] = value
    return [dtype(each) for each in out]


def copysign(a: float, b: Tensor) -> Tensor:
    return torch.full_like(b, abs(a)) * torch.sign(b)


def get_euler_xyz(q: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Roll, pitch, yaw about fixed axes, each in [0, 2 pi)."""
    x, y, z, w = q[:, 0], q[:, 1], q[:, 2], q[:, 3]
    roll = torch.atan2(2.0 * (w * x + y * z), w * w - x * x - y * y + z * z)
    pitch = torch.asin((2.0 * (w * y - z * x)).clamp(-1.0, 1.0))
    yaw = torch.atan2(2.0 * (w * z + x * y), w * w + x * x - y * y - z * z)
    turn = 2.0 * math.pi
    return roll % turn, pitch % turn, yaw % turn


def quat_from_euler_xyz(roll: Tensor, pitch: Tensor, yaw: Tensor) -> Tensor:
    zero = torch.zeros_like(roll)
    x = torch.stack([torch.sin(roll / 2), zero, zero, torch.cos(roll / 2)], dim=-1)
    y = torch.stack([zero, torch.sin(pitch / 2), zero, torch.cos(pitch / 2)], dim=-1)
    z = torch.stack([zero, zero, torch.sin(yaw / 2), torch.cos(yaw / 2)], dim=-1)
    return quat_mul(z, quat_mul(y, x))


def torch_rand_float(lower: float, upper: float, shape: Tuple[int, int], device: str) -> Tensor:
    return (upper - lower) * torch.rand(shape[0], shape[1], device=device) + lower


def torch_random_dir_2(shape: Tuple[int, int], device: str) -> Tensor:
    angle = torch_rand_float(-math.pi, math.pi, shape, device).squeeze(-1)
    return torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1)


def tensor_clamp(t: Tensor, min_t: Tensor, max_t: Tensor) -> Tensor:
    return torch.max(torch.min(t, max_t), min_t)


def scale(x: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    """From [-1, 1] to [lower, upper]."""
    return 0.5 * (x + 1.0) * (upper - lower) + lower


def unscale(x: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    return (2.0 * x - upper - lower) / (upper - lower)


def unscale_np(x, lower, upper):
    return (2.0 * x - upper - lower) / (upper - lower)
