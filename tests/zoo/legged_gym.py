"""legged_gym's reward for one environment: every `_reward_*` of its base class, from the published formulas."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List

import numpy as np

from rewardlang.task import Task

from .episodes import State
from .formula import Paid
from .rotations import matrix


@dataclass(frozen=True)
class Config:
    """LeggedRobotCfg.rewards, and the bodies that the robot's config names by a part of their name."""

    scales: Dict[str, float]
    penalize_contacts_on: List[str] = field(default_factory=lambda: ["_thigh", "_calf"])
    terminate_after_contacts_on: List[str] = field(default_factory=list)
    measure_heights: bool = False  # of the terrain around the robot
    tracking_sigma: float = 0.25
    base_height_target: float = 1.0
    max_contact_force: float = 100.0
    soft_dof_pos_limit: float = 1.0
    soft_dof_vel_limit: float = 1.0
    soft_torque_limit: float = 1.0


DEFAULT = {
    "tracking_lin_vel": 1.0,
    "tracking_ang_vel": 0.5,
    "lin_vel_z": -2.0,
    "ang_vel_xy": -0.05,
    "torques": -0.00001,
    "dof_acc": -2.5e-7,
    "feet_air_time": 1.0,
    "collision": -1.0,
    "action_rate": -0.01,
    "termination": -0.0,
}


class LeggedGym:
    """State that the source keeps by hand is set at the reset state here; with `leaks` as the source leaves it."""

    def __init__(self, task: Task, fixed: State, config: Config, leaks: bool = False) -> None:
        self.task, self.config, self.leaks = task, config, leaks
        self.dt, self.fixed = task.dt, fixed
        find = lambda parts: [i for i, name in enumerate(task.body_names) if any(p in name for p in parts)]
        self.feet = find(["foot"])
        self.penalised = find(config.penalize_contacts_on)
        self.terminating = find(config.terminate_after_contacts_on)
        self.last_actions = np.zeros(len(task.actuated))
        self.last_contacts = np.zeros(len(self.feet), bool)
        middle = (fixed["dof_pos_lower"] + fixed["dof_pos_upper"]) / 2
        width = (fixed["dof_pos_upper"] - fixed["dof_pos_lower"]) * config.soft_dof_pos_limit
        self.soft_lower, self.soft_upper = middle - width / 2, middle + width / 2

    def reset(self, s: State) -> None:
        self.air_time = np.zeros(len(self.feet))
        self.last_dof_vel = s["dof_vel"]
        if not self.leaks:
            self.last_actions = s["actions"]
            self.last_contacts = s["contact_forces"][self.feet, 2] > 1.0

    def ends(self, s: State) -> bool:
        return any(np.linalg.norm(s["contact_forces"][i]) > 1.0 for i in self.terminating)

    def step(self, s: State) -> Paid:
        ended = self.ends(s)
        values: Dict[str, Any] = {}
        scales = self.config.scales
        for name in scales:
            if name != "termination":
                values[name] = getattr(self, "_" + name)(s)
        paid = {name: float(values[name]) * scales[name] * self.dt for name in values}
        total = max(sum(paid.values()), 0.0)
        paid["termination"] = float(ended and not s["time_limit"]) * scales["termination"] * self.dt
        self.last_actions, self.last_dof_vel = s["actions"], s["dof_vel"]
        return Paid(paid, total + paid["termination"], ended)

    # the base's velocity and attitude, in its own frame
    def _lin_vel(self, s: State) -> np.ndarray:
        return matrix(s["root_quat"]).T @ s["root_lin_vel"]

    def _ang_vel(self, s: State) -> np.ndarray:
        return matrix(s["root_quat"]).T @ s["root_ang_vel"]

    def _tracking_lin_vel(self, s: State) -> float:
        error = np.sum((s["command_lin_vel"] - self._lin_vel(s)[:2]) ** 2)
        return np.exp(-error / self.config.tracking_sigma)

    def _tracking_ang_vel(self, s: State) -> float:
        return np.exp(-((s["command_ang_vel"] - self._ang_vel(s)[2]) ** 2) / self.config.tracking_sigma)

    def _lin_vel_z(self, s: State) -> float:
        return self._lin_vel(s)[2] ** 2

    def _ang_vel_xy(self, s: State) -> float:
        return np.sum(self._ang_vel(s)[:2] ** 2)

    def _orientation(self, s: State) -> float:
        gravity = matrix(s["root_quat"]).T @ np.array([0.0, 0.0, -1.0])
        return gravity[0] ** 2 + gravity[1] ** 2

    def _base_height(self, s: State) -> float:
        measured_heights = s["ground_heights"] if self.config.measure_heights else np.zeros(187)
        return (np.mean(s["root_pos"][2] - measured_heights) - self.config.base_height_target) ** 2

    def _torques(self, s: State) -> float:
        return np.sum(s["torques"] ** 2)

    def _dof_vel(self, s: State) -> float:
        return np.sum(s["dof_vel"] ** 2)

    def _dof_acc(self, s: State) -> float:
        return np.sum(((self.last_dof_vel - s["dof_vel"]) / self.dt) ** 2)

    def _action_rate(self, s: State) -> float:
        return np.sum((self.last_actions - s["actions"]) ** 2)

    def _collision(self, s: State) -> float:
        return sum(np.linalg.norm(s["contact_forces"][i]) > 0.1 for i in self.penalised)

    def _dof_pos_limits(self, s: State) -> float:
        below = np.clip(self.soft_lower - s["dof_pos"], 0.0, None)
        return np.sum(below + np.clip(s["dof_pos"] - self.soft_upper, 0.0, None))

    def _dof_vel_limits(self, s: State) -> float:
        limit = self.fixed["dof_vel_limits"] * self.config.soft_dof_vel_limit
        return np.sum(np.clip(abs(s["dof_vel"]) - limit, 0.0, 1.0))

    def _torque_limits(self, s: State) -> float:
        limit = self.fixed["torque_limits"] * self.config.soft_torque_limit
        return np.sum(np.clip(abs(s["torques"]) - limit, 0.0, None))

    def _feet_air_time(self, s: State) -> float:
        contact = s["contact_forces"][self.feet, 2] > 1.0
        filtered = contact | self.last_contacts
        self.last_contacts = contact
        first = (self.air_time > 0.0) & filtered
        self.air_time = self.air_time + self.dt
        paid = np.sum((self.air_time - 0.5) * first)
        self.air_time = self.air_time * ~filtered
        return paid * (np.linalg.norm(s["command_lin_vel"]) > 0.1)

    def _feet_stumble(self, s: State) -> float:  # `_reward_stumble` there, which its scale's name never finds
        force = s["contact_forces"][self.feet]
        return any(np.linalg.norm(f[:2]) > 5 * abs(f[2]) for f in force)

    def _stand_still(self, s: State) -> float:
        away = np.sum(abs(s["dof_pos"] - self.fixed["default_dof_pos"]))
        return away * (np.linalg.norm(s["command_lin_vel"]) < 0.1)

    def _feet_contact_forces(self, s: State) -> float:
        sizes = [np.linalg.norm(f) for f in s["contact_forces"][self.feet]]
        return sum(max(size - self.config.max_contact_force, 0.0) for size in sizes)
