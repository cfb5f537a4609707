"""Gymnasium's Humanoid-v5 for one environment, from the published formula."""

from __future__ import annotations

import numpy as np

from rewardlang.task import Task

from .episodes import State
from .formula import Paid
from .rotations import matrix


class HumanoidV5:
    """With `torques` the cost of contacts has the torques of `cfrc_ext` too."""

    def __init__(self, task: Task, fixed: State, torques: bool = False) -> None:
        self.dt, self.fixed, self.torques = task.dt, fixed, torques

    def mass_center(self, s: State) -> float:
        """x of the mean of the bodies' centres of mass."""
        moment = 0.0
        for mass, com, pos, quat in zip(
            self.fixed["body_mass"], self.fixed["body_com"], s["body_pos"], s["body_quat"]
        ):
            moment += mass * (pos + matrix(quat) @ com)[0]
        return moment / sum(self.fixed["body_mass"])

    def reset(self, s: State) -> None:
        self.before = self.mass_center(s)

    def ends(self, s: State) -> bool:
        return not 1.0 < s["root_pos"][2] < 2.0

    def step(self, s: State) -> Paid:
        after = self.mass_center(s)
        forward = 1.25 * (after - self.before) / self.dt
        self.before = after
        healthy = not self.ends(s)
        wrench = np.concatenate([s["contact_forces"], s["contact_torques"] * self.torques], 1)
        contact = np.clip(5e-7 * np.sum(np.square(wrench)), -np.inf, 10.0)
        paid = {
            "forward": forward,
            "survive": 5.0 * healthy,
            "ctrl": -0.1 * np.sum(s["actions"] ** 2),
            "contact": -contact,
        }
        return Paid(paid, sum(paid.values()), not healthy)
