"""Commands: what each environment is asked to do, drawn anew at resets and every `resampling_time`, as in legged_gym."""

from __future__ import annotations

import math
from typing import Callable, Dict, Mapping

import torch

from ..task import Commands as Ranges

HEADING_GAIN = 0.5  # rad/s per rad of heading error, legged_gym's


def worthwhile(mask: torch.Tensor) -> bool:
    """Whether a masked operation is worth its while: to ask would make a GPU wait; on a CPU it is free and spares most of them."""
    return mask.device.type != "cpu" or bool(mask.any())


class Commands:
    """The commands of N environments. `lin_vel` [N, 2] m/s, `ang_vel` [N] rad/s, `heading` [N] rad.

    A command holds for whole steps: it changes before a step's physics, so each step is paid for the command it ran under. With
    `heading_command` the yaw rate follows the heading's error after each step; an environment that is to stand has none.
    A velocity below `zero_below` is asked for as none, as in legged_gym: a robot can't tell a crawl from standing still.
    """

    def __init__(
        self,
        ranges: Ranges,
        num_envs: int,
        dt: float,
        device: torch.device,
        draw: Callable[[int], torch.Tensor],
    ) -> None:
        self.ranges, self.draw = ranges, draw  # draw(width): uniform numbers in [0, 1], [N, width]
        self.interval = max(1, round(ranges.resampling_time / dt))
        self.values = torch.zeros(
            num_envs, 4, device=device
        )  # all but `standing`, so that one operation writes them
        self.lin_vel, self.ang_vel, self.heading = self.values[:, :2], self.values[:, 2], self.values[:, 3]
        self.standing = torch.zeros(num_envs, dtype=torch.bool, device=device)
        r = ranges
        self.low = torch.tensor(
            [r.lin_vel_x[0], r.lin_vel_y[0], r.ang_vel_yaw[0], r.heading[0]], device=device
        )
        self.span = (
            torch.tensor([r.lin_vel_x[1], r.lin_vel_y[1], r.ang_vel_yaw[1], r.heading[1]], device=device)
            - self.low
        )

    def tensors(self) -> Dict[str, torch.Tensor]:
        """The readable ones by the names of their quantities."""
        return {
            "command_lin_vel": self.lin_vel,
            "command_ang_vel": self.ang_vel,
            "command_heading": self.heading,
        }

    def state_dict(self) -> Dict[str, torch.Tensor]:
        """What a checkpoint keeps: the commands in force."""
        return {**self.tensors(), "standing": self.standing}

    def load_state_dict(self, saved: Mapping[str, torch.Tensor]) -> None:
        for name, tensor in self.state_dict().items():
            tensor.copy_(saved[name])

    def before_step(self, episode_step: torch.Tensor) -> None:
        """New commands where `resampling_time` is over. episode_step [N]: steps done since the reset."""
        due = (episode_step > 0) & (episode_step % self.interval == 0)
        if worthwhile(due):
            self.resample(due)

    def resample(self, mask: torch.Tensor) -> None:
        """New commands for the environments of `mask` [N] bool."""
        drawn = self.draw(5)
        values = self.low + self.span * drawn[:, :4]
        standing = drawn[:, 4] < self.ranges.standing_share
        slow = values[:, :2].norm(dim=1) < self.ranges.zero_below
        values[:, :3].masked_fill_(standing[:, None], 0.0)
        values[:, :2].masked_fill_(slow[:, None], 0.0)
        torch.where(mask[:, None], values, self.values, out=self.values)
        torch.where(mask, standing, self.standing, out=self.standing)

    def follow_heading(self, root_quat: torch.Tensor) -> None:
        """The yaw rate that turns towards the commanded heading. root_quat [N, 4] xyzw."""
        if not self.ranges.heading_command:
            return
        x, y, z, w = root_quat.unbind(1)
        yaw = torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
        error = torch.remainder(self.heading - yaw + math.pi, 2 * math.pi) - math.pi
        low, high = self.ranges.ang_vel_yaw
        self.ang_vel.copy_((HEADING_GAIN * error).clamp(low, high) * ~self.standing)
