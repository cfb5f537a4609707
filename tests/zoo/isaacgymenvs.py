"""IsaacGymEnvs' rewards of Humanoid and Ant for one environment, from the published formulas."""

from __future__ import annotations

from typing import Dict, Tuple

import numpy as np

from rewardlang.task import Task

from .episodes import State
from .formula import Paid
from .rotations import matrix

TARGET = np.array([1000.0, 0.0])


class Locomotion:
    """What Humanoid and Ant share."""

    actions_cost = 0.01
    velocity_scale = 0.1  # dofVelocityScale, of the observation that the reward reads
    alive = 2.0
    death_cost = -1.0
    termination_height = 0.8

    def __init__(self, task: Task, fixed: State) -> None:
        self.dt, self.fixed = task.dt, fixed

    def reset(self, s: State) -> None:
        self.potential = -np.linalg.norm(TARGET - s["root_pos"][:2]) / self.dt

    def costs(self, s: State, scaled: np.ndarray, speed: np.ndarray) -> Tuple[float, float]:
        """Electricity and joints at their limits."""
        gear = self.fixed["torque_limits"] / np.max(self.fixed["torque_limits"])
        beyond = 0.25 * (abs(scaled) - 0.98) / 0.02
        at_limit = np.sum((abs(scaled) > 0.98) * beyond * gear)
        return 0.05 * np.sum(abs(s["actions"] * speed) * gear), at_limit

    def ends(self, s: State) -> bool:
        return bool(s["root_pos"][2] < self.termination_height)

    def step(self, s: State) -> Paid:
        last, axes = self.potential, matrix(s["root_quat"])
        self.reset(s)
        way = TARGET - s["root_pos"][:2]
        facing = axes[:2, 0] @ way / np.linalg.norm(way)
        low, high = self.fixed["dof_pos_lower"], self.fixed["dof_pos_upper"]
        scaled = (2 * s["dof_pos"] - high - low) / (high - low)
        energy, at_limit = self.costs(s, scaled, s["dof_vel"] * self.velocity_scale)
        paid: Dict[str, float] = {
            "progress": self.potential - last,
            "alive": self.alive,
            "up": 0.1 if axes[2, 2] > 0.93 else 0.0,
            "heading": 0.5 if facing > 0.8 else 0.5 * facing / 0.8,
            "actions": -self.actions_cost * np.sum(s["actions"] ** 2),
            "energy": -energy,
            "joints_at_limit": -at_limit,
        }
        fallen = self.ends(s)
        return Paid(paid, self.death_cost if fallen else sum(paid.values()), fallen)


class Humanoid(Locomotion):
    pass


class Ant(Locomotion):
    actions_cost, velocity_scale, alive = 0.005, 0.2, 0.5
    death_cost, termination_height = -2.0, 0.31
    upper_only = False

    def costs(self, s: State, scaled: np.ndarray, speed: np.ndarray) -> Tuple[float, float]:
        at_limit = np.sum((scaled if self.upper_only else abs(scaled)) > 0.99)
        return 0.05 * np.sum(abs(s["actions"] * speed)), 0.1 * at_limit


class AntAsPublished(Ant):
    """As the source has it: without an abs."""

    upper_only = True

    def step(self, s: State) -> Paid:
        out = super().step(s)
        out.terms["joints_at_upper_limit"] = out.terms.pop("joints_at_limit")
        return out
