"""Means over the newest finished episodes, on the device: rl_games' `AverageMeter` without its question how many have ended."""

from __future__ import annotations

from typing import Any, Tuple

import torch


class Meters:
    """K means over the last `most` episodes, all of one count. `add` asks the device for nothing."""

    def __init__(self, count: int, most: int, device: Any) -> None:
        self.most = most
        self.mean = torch.zeros(count, device=device)  # [K]
        self.size = torch.zeros((), device=device)  # of the episodes in the means

    def add(self, sums: torch.Tensor, ended: torch.Tensor) -> None:
        """Count `ended` episodes more, whose values add up to `sums` [K]. As rl_games does, newer ones push older ones out."""
        new = ended.clamp(max=self.most)
        old = torch.minimum(self.most - new, self.size)
        size = old + new
        mean = (self.mean * old + sums / ended.clamp(min=1) * new) / size.clamp(min=1)
        any_ended = ended > 0
        self.mean.copy_(torch.where(any_ended, mean, self.mean))
        self.size.copy_(torch.where(any_ended, size, self.size))


class Meter:
    """One of the means, as rl_games asks for it. Reading waits for the device."""

    def __init__(self, meters: Meters, index: int, shape: Tuple[int, ...]) -> None:
        self._meters, self._mean = meters, meters.mean[index].view(shape)

    @property
    def mean(self) -> torch.Tensor:
        return self._mean

    @mean.setter
    def mean(self, value: torch.Tensor) -> None:
        self._mean.copy_(value.view_as(self._mean))

    @property
    def current_size(self) -> int:
        return int(self._meters.size)

    @current_size.setter
    def current_size(self, size: int) -> None:
        self._meters.size.fill_(size)

    def get_mean(self) -> Any:
        return self._mean.squeeze(0).cpu().numpy()

    def clear(self) -> None:
        self.mean, self.current_size = torch.zeros_like(self._mean), 0
