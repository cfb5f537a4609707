"""How a robot moves, from recorded steps. T steps, N environments, F feet."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Dict, Optional

import torch

DEBOUNCE = 0.1  # s; a contact shorter than half of it is chatter of the contact solver
SETTLING = 1.0  # s left out at the start of an episode: the robot starts standing
TOUCH = 0.02  # of the robot's weight; a foot that carries less is in the air


def forward_axis(quat: torch.Tensor) -> torch.Tensor:
    """The base's x axis. [N, 3], unit length, world frame. `quat` is [N, 4], xyzw, base to world."""
    x, y, z, w = quat.unbind(-1)
    return torch.stack((1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)), -1)


def heading(quat: torch.Tensor) -> torch.Tensor:
    """The base's x axis laid flat. [N, 2], unit length, world frame."""
    return torch.nn.functional.normalize(forward_axis(quat)[:, :2], dim=-1)


def base_velocity(root: torch.Tensor) -> torch.Tensor:
    """x and y velocity in m/s and yaw rate in rad/s, in the frame of the base. [N, 3]. `root` is [N, 13], as root_states."""
    axis, w = -root[:, 3:6], root[:, 6:7]

    def rotated(v: torch.Tensor) -> torch.Tensor:
        twice = 2 * torch.linalg.cross(axis, v)
        return v + w * twice + torch.linalg.cross(axis, twice)

    return torch.cat((rotated(root[:, 7:10])[:, :2], rotated(root[:, 10:13])[:, 2:]), 1)


def debounced(contact: torch.Tensor, dt: float) -> torch.Tensor:
    """The majority over a centred window of `DEBOUNCE`. [T, N, F] bool."""
    half = max(1, round(DEBOUNCE / dt / 2 - 0.5))  # 2 steps to either side at 50 Hz
    padded = torch.cat((contact[:1].expand(half, -1, -1), contact, contact[-1:].expand(half, -1, -1)))
    counts = padded.unfold(0, 2 * half + 1, 1).sum(-1)  # [T, N, F]
    return counts > half


def gait(
    contact: torch.Tensor, foot_x: torch.Tensor, valid: torch.Tensor, dt: float
) -> Optional[Dict[str, Any]]:
    """How many feet are down, how often each comes down, which swing together; None if no step counts.

    `contact` [T, N, F] bool, `foot_x` [T, N, F] m: how far a foot is ahead of the base, `valid` [T, N] bool:
    within the episode. `feet_down` are the shares of the time with 0, 1, ... F feet on the ground. `swing` is
    (foot, foot, correlation of their `foot_x`) for each two feet: -1 when they swing in turn, +1 when together; empty
    where feet never lift.
    """
    touch = debounced(contact, dt)
    start = round(SETTLING / dt)
    counted = valid[start:]
    steps = int(counted.sum())
    if steps == 0:
        return None
    feet = touch.shape[-1]
    down = touch[start:].sum(-1)  # [T, N] feet on the ground
    landing = touch[start:] & ~touch[start - 1 : -1]  # [T, N, F]
    touchdowns = float((landing & counted[..., None]).sum()) / (steps * dt * feet)
    pairs = combinations(range(feet), 2) if touchdowns > 0 else ()  # feet that never lift have no phase
    return {
        "feet_down": [float((counted & (down == number)).sum()) / steps for number in range(feet + 1)],
        "touchdowns_per_s_and_foot": touchdowns,
        "swing": [(a, b, _correlation(foot_x[start:][..., [a, b]], counted)) for a, b in pairs],
    }


def _correlation(foot_x: torch.Tensor, counted: torch.Tensor) -> float:
    """Correlation between two feet, -1..1: the mean of the environments with at least a second of steps."""
    weight = counted[..., None].float()  # [T, N, 1]
    count = weight.sum(0)  # [N, 1]
    centred = (foot_x - (foot_x * weight).sum(0) / count.clamp(min=1)) * weight
    left, right = centred.unbind(-1)  # [T, N]
    bottom = ((left**2).sum(0) * (right**2).sum(0)).sqrt().clamp(min=1e-9)
    each = (left * right).sum(0) / bottom  # [N]
    enough = count[:, 0] >= min(50, int(count.max()))
    return float(each[enough].mean())
