"""States of a robot's bodies from those of its root and joints, where a simulator does not give them before it steps."""

from __future__ import annotations

from typing import Any, List, Tuple

import torch
from torch import Tensor


class Kinematics:
    """The tree of a robot (`mujoco_asset.Asset`) on a device."""

    def __init__(self, asset: Any, device: torch.device):
        numbers = lambda array: torch.tensor(array, dtype=torch.float32, device=device)
        self._parents, self._slides = asset.parents, asset.dof_slides.tolist()
        self._pos, self._quat = numbers(asset.body_pos), numbers(asset.body_quat)
        self._axis, self._anchor = numbers(asset.dof_axis), numbers(asset.dof_anchor)
        self._joints = [
            [d for d, b in enumerate(asset.dof_body) if b == i] for i in range(len(asset.parents))
        ]

    def __call__(self, root: Tensor, dof_pos: Tensor, dof_vel: Tensor) -> Tensor:
        """States of all bodies, laid out as protocol.Sim's: [N, B, 13] from [N, 13], [N, D], [N, D]."""
        states: List[Tuple[Tensor, Tensor, Tensor, Tensor]] = [root.split((3, 4, 3, 3), 1)]  # type: ignore[list-item]
        for body, parent in list(enumerate(self._parents))[1:]:
            states.append(self._child(body, states[parent], dof_pos, dof_vel))
        return torch.stack([torch.cat(state, 1) for state in states], 1)

    def _child(self, body: int, parent: Tuple[Tensor, ...], q: Tensor, qd: Tensor) -> Tuple:
        """Position, quaternion, velocity and spin of a body. Its joints act one after the other, each in the frame it finds."""
        start, frame, lin_vel, spin = parent
        pos = start + rotate(frame, self._pos[body])
        quat = multiply(frame, self._quat[body])
        moves: List[Tuple[Tensor, Tensor]] = []  # (what a hinge turns with, the point that it turns about)
        slip = torch.zeros_like(pos)
        for d in self._joints[body]:
            axis, speed = rotate(quat, self._axis[d]), qd[:, d : d + 1]
            if self._slides[d]:
                pos, slip = pos + axis * q[:, d : d + 1], slip + axis * speed
                continue
            anchor = pos + rotate(quat, self._anchor[d])
            half = 0.5 * q[:, d : d + 1]
            quat = multiply(quat, torch.cat((self._axis[d] * half.sin(), half.cos()), 1))
            pos = anchor - rotate(quat, self._anchor[d])
            moves.append((axis * speed, anchor))
        lin_vel = lin_vel + torch.cross(spin, pos - start, dim=1) + slip
        for turn, anchor in moves:
            lin_vel = lin_vel + torch.cross(turn, pos - anchor, dim=1)
            spin = spin + turn
        return pos, quat, lin_vel, spin


def rotate(quat: Tensor, vector: Tensor) -> Tensor:
    """Vectors in the frames of quaternions xyzw, seen from outside. [..., 3]."""
    axis, vector = quat[..., 0:3], vector.expand(*quat.shape[:-1], 3)
    twice = 2 * torch.cross(axis, vector, dim=-1)
    return vector + quat[..., 3:4] * twice + torch.cross(axis, twice, dim=-1)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Products of quaternions xyzw: b, then a. [..., 4]."""
    b = b.expand_as(a)
    vector = (
        a[..., 3:4] * b[..., 0:3] + b[..., 3:4] * a[..., 0:3] + torch.cross(a[..., 0:3], b[..., 0:3], dim=-1)
    )
    scalar = a[..., 3:4] * b[..., 3:4] - (a[..., 0:3] * b[..., 0:3]).sum(-1, keepdim=True)
    return torch.cat((vector, scalar), -1)
