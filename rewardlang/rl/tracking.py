"""How well a robot does what its commands ask, from recorded steps. T steps, N environments."""

from __future__ import annotations

from typing import Dict, Optional

import torch

WINDOW = 1.0  # s; a mean over it is free of the sway within a step
NEW = 0.05  # m/s or rad/s; a command that changes by more at once is a new one (following a heading changes it by less)


def tracking(
    asked: torch.Tensor, measured: torch.Tensor, valid: torch.Tensor, dt: float
) -> Optional[Dict[str, Optional[float]]]:
    """Mean errors of velocity in m/s and of turn in rad/s, over windows of `WINDOW`; None if no window counts.

    `asked` and `measured` [T, N, 3] are x and y velocity and yaw rate in the base's frame, `valid` [T, N] bool: within the
    episode. A window counts if it lies within the episode and no command was new in it or in the one before: the
    robot has had the time to speed up. Environments that are asked to stand have a row of their own, `standing_speed`.
    """
    size = round(WINDOW / dt)
    count = asked.shape[0] // size

    def windows(x: torch.Tensor) -> torch.Tensor:
        return x[: count * size].reshape(count, size, *x.shape[1:])

    step = torch.arange(asked.shape[0], device=asked.device)[:, None]
    new = torch.zeros_like(valid)
    new[1:] = ((asked[1:] - asked[:-1]).abs() > NEW).any(-1)
    since = windows((step * new).cummax(0).values)[
        :, -1
    ]  # [W, N] the step that brought the command of a window's end
    counted = windows(valid).all(1) & (since <= windows(step)[:, 0] - size)
    if not bool(counted.any()):
        return None
    goal, got = windows(asked).mean(1), windows(measured).mean(1)  # [W, N, 3]
    standing = windows(asked == 0).all(1).all(-1)
    moving = counted & ~standing
    error = got - goal
    speeds = goal[..., :2].norm(dim=-1)

    def mean(x: torch.Tensor, on: torch.Tensor) -> Optional[float]:
        return float(x[on].mean()) if bool(on.any()) else None

    return {
        "asked_speed": mean(speeds, moving),
        "velocity_error": mean(error[..., :2].norm(dim=-1), moving),
        "asked_turn": mean(goal[..., 2].abs(), moving),
        "turn_error": mean(error[..., 2].abs(), moving),
        "standing_speed": mean(got[..., :2].norm(dim=-1), counted & standing),
    }
