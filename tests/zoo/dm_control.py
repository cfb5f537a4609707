"""dm_control's humanoid stand, walk and run for one environment, from the published formulas."""

from __future__ import annotations

import math
from typing import Dict

import numpy as np

from rewardlang.task import Task

from .episodes import State
from .formula import Paid
from .rotations import matrix

STAND_HEIGHT = 1.4


def beyond(x: float, lower: float, upper: float, margin: float) -> float:
    """How far x is outside the bounds, in margins."""
    return max(lower - x, x - upper, 0.0) / margin


def gaussian(distance: float) -> float:
    return math.exp(-0.5 * (distance * math.sqrt(-2 * math.log(0.1))) ** 2)


def linear(distance: float) -> float:
    return max(1 - distance, 0.0)


class Humanoid:
    def __init__(self, task: Task, fixed: State, move_speed: float) -> None:
        self.task, self.fixed, self.move_speed = task, fixed, move_speed

    def com_velocity(self, s: State) -> np.ndarray:
        momentum = np.zeros(3)
        for i, mass in enumerate(self.fixed["body_mass"]):
            arm = matrix(s["body_quat"][i]) @ self.fixed["body_com"][i]
            momentum += mass * (s["body_lin_vel"][i] + np.cross(s["body_ang_vel"][i], arm))
        return momentum / sum(self.fixed["body_mass"])

    def factors(self, s: State) -> Dict[str, float]:
        head, torso = (self.task.body_names.index(name) for name in ("head", "torso"))
        zz = matrix(s["body_quat"][torso])[2, 2]
        control = [max(1 - a**2, 0.0) for a in s["actions"]]
        velocity = self.com_velocity(s)[:2]
        out = {
            "standing": gaussian(beyond(s["body_pos"][head, 2], STAND_HEIGHT, math.inf, STAND_HEIGHT / 4)),
            "upright": linear(beyond(zz, 0.9, math.inf, 1.9)),
            "small_control": (4 + sum(control) / len(control)) / 5,
        }
        if self.move_speed == 0:
            out["dont_move"] = sum(gaussian(beyond(v, 0, 0, 2)) for v in velocity) / 2
        else:
            speed = float(np.linalg.norm(velocity))
            out["move"] = (5 * linear(beyond(speed, self.move_speed, math.inf, self.move_speed)) + 1) / 6
        return out

    def reset(self, s: State) -> None:
        pass

    def ends(self, s: State) -> bool:
        return False

    def step(self, s: State) -> Paid:
        factors = self.factors(s)
        total = math.prod(factors.values())
        return Paid(factors, total, False)
