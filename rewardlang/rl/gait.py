"""How a robot moves, from recorded steps. T steps, N environments, F feet."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

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


def debounced(contact: torch.Tensor, dt: float) -> torch.Tensor:
    """The majority over a centred window of `DEBOUNCE`. [T, N, F] bool."""
    half = max(1, round(DEBOUNCE / dt / 2 - 0.5))  # 2 steps to either side at 50 Hz
    padded = torch.cat((contact[:1].expand(half, -1, -1), contact, contact[-1:].expand(half, -1, -1)))
    counts = padded.unfold(0, 2 * half + 1, 1).sum(-1)  # [T, N, F]
    return counts > half


def gait(
    contact: torch.Tensor, foot_x: torch.Tensor, valid: torch.Tensor, dt: float
) -> Optional[Dict[str, float]]:
    """Shares of support, touchdowns per second and foot, how left and right relate; None if no step counts.

    `contact` [T, N, F] bool, `foot_x` [T, N, F] m: how far a foot is ahead of the base, `valid` [T, N] bool:
    within the episode. `left_right` is the correlation of the two feet's `foot_x`: -1 when they swing in
    turn, +1 when they hop together.
    """
    touch = debounced(contact, dt)
    start = round(SETTLING / dt)
    counted = valid[start:]
    steps = int(counted.sum())
    if steps == 0:
        return None
    feet = touch[start:].sum(-1)  # [T, N] feet on the ground
    landing = touch[start:] & ~touch[start - 1 : -1]  # [T, N, F]
    result = {name: float((counted & on).sum()) / steps for name, on in _supports(feet)}
    result["touchdowns_per_s_and_foot"] = float((landing & counted[..., None]).sum()) / (
        steps * dt * touch.shape[-1]
    )
    if touch.shape[-1] == 2 and result["touchdowns_per_s_and_foot"] > 0:  # feet that never lift have no phase
        result["left_right"] = _correlation(foot_x[start:], counted)
    return result


def _supports(feet: torch.Tensor) -> Tuple[Tuple[str, torch.Tensor], ...]:
    return ("single_support", feet == 1), ("double_support", feet >= 2), ("no_support", feet == 0)


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
