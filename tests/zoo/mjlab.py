"""mjlab's reward of its velocity tasks for one environment, from the published formulas, without the terms that it leaves at 0."""

from __future__ import annotations

from typing import Dict, Tuple

import numpy as np

from rewardlang.task import Task

from .episodes import State
from .formula import Paid
from .rotations import matrix

QUADRUPED = ({"calf": 0.1, "": 0.05}, {"calf": 0.6, "": 0.3}, {"calf": 0.6, "": 0.3})
HUMANOID = (
    {"": 0.05},
    {"hip_pitch": 0.3, "hip_roll": 0.15, "hip_yaw": 0.15, "knee": 0.35, "ankle_pitch": 0.25, "ankle_roll": 0.1, "waist_yaw": 0.2, "waist_roll": 0.08,
     "waist_pitch": 0.1, "shoulder_pitch": 0.15, "shoulder_roll": 0.15, "shoulder_yaw": 0.1, "elbow": 0.15, "wrist": 0.3},
    {"hip_pitch": 0.5, "hip_roll": 0.2, "hip_yaw": 0.2, "knee": 0.6, "ankle_pitch": 0.35, "ankle_roll": 0.15, "waist_yaw": 0.3, "waist_roll": 0.08,
     "waist_pitch": 0.2, "shoulder_pitch": 0.5, "shoulder_roll": 0.2, "shoulder_yaw": 0.15, "elbow": 0.35, "wrist": 0.3},
)  # fmt: skip
WEIGHTS = {"track_linear_velocity": 2.0, "track_angular_velocity": 2.0, "upright": 1.0, "pose": 1.0, "dof_pos_limits": -1.0, "action_rate_l2": -0.1,
           "foot_clearance": -2.0, "foot_swing_height": -0.25, "foot_slip": -0.1, "soft_landing": -1e-5}  # fmt: skip


class Velocity:
    """Feet as the state has them; peak heights begin anew with an episode."""

    weights = WEIGHTS
    widths: Tuple[Dict[str, float], ...] = QUADRUPED

    def __init__(self, task: Task, fixed: State) -> None:
        self.task, self.fixed, self.dt = task, fixed, task.dt
        self.feet = [i for i, name in enumerate(task.body_names) if name.endswith("_foot")]
        self.std = [
            np.array([next(x for part, x in width.items() if part in name) for name in task.dof_names])
            for width in self.widths
        ]

    def reset(self, s: State) -> None:
        self.actions, self.peak, self.touched = (
            s["actions"],
            np.zeros(len(self.feet)),
            np.zeros(len(self.feet), bool),
        )

    def touch(self, s: State) -> np.ndarray:
        return s["contact_forces"][self.feet, 2] > 0

    def landed(self, s: State) -> np.ndarray:
        return self.touch(s) & ~self.touched

    def foot(self, s: State) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Heights, horizontal speeds, sizes of contact forces."""
        return s["body_pos"][self.feet, 2], np.linalg.norm(s["body_lin_vel"][self.feet, :2], axis=1), np.linalg.norm(s["contact_forces"][self.feet], axis=1)  # fmt: skip

    def down(self, s: State) -> np.ndarray:
        return matrix(s["root_quat"]).T @ np.array([0.0, 0.0, -1.0])

    def ends(self, s: State) -> bool:
        """As the task says: mjlab's own robots are not those of the tasks."""
        up = -(matrix(s["root_quat"]).T @ np.array([0.0, 0.0, -1.0]))[2]
        return bool(s["root_pos"][2] < {"quadruped": 0.15, "humanoid29": 0.45}[self.task.name] or up < 0.6)

    def values(self, s: State) -> Dict[str, float]:
        axes = matrix(s["root_quat"]).T
        linear, angular = axes @ s["root_lin_vel"], axes @ s["root_ang_vel"]
        way, turn = s["command_lin_vel"], float(s["command_ang_vel"])
        speed = np.linalg.norm(way) + abs(turn)
        asked = speed > 0.05
        std = self.std[0] if speed < 0.05 else self.std[1] if speed < 1.5 else self.std[2]
        low, high = self.fixed["dof_pos_lower"], self.fixed["dof_pos_upper"]
        middle, reach = (low + high) / 2, 0.9 * (high - low) / 2
        touch, landed, (height, fast, force) = self.touch(s), self.landed(s), self.foot(s)
        self.peak = np.where(touch, self.peak, np.maximum(self.peak, height))
        out = {
            "track_linear_velocity": np.exp(-(np.sum((way - linear[:2]) ** 2) + linear[2] ** 2) / 0.25),
            "track_angular_velocity": np.exp(-((turn - angular[2]) ** 2 + np.sum(angular[:2] ** 2)) / 0.5),
            "upright": np.exp(-np.sum(self.down(s)[:2] ** 2) / 0.2),
            "pose": np.exp(-np.mean((s["dof_pos"] - self.fixed["default_dof_pos"]) ** 2 / std**2)),
            "dof_pos_limits": np.sum(-np.minimum(s["dof_pos"] - (middle - reach), 0) + np.maximum(s["dof_pos"] - (middle + reach), 0)),
            "action_rate_l2": np.sum((s["actions"] - self.actions) ** 2),
            "foot_clearance": np.sum(abs(height - 0.1) * fast) * asked,
            "foot_swing_height": np.sum((self.peak / 0.1 - 1) ** 2 * landed) * asked,
            "foot_slip": np.sum(fast**2 * touch) * asked,
            "soft_landing": np.sum(force * landed) * asked,
        }  # fmt: skip
        self.peak = np.where(landed, 0.0, self.peak)
        self.actions, self.touched = s["actions"], touch
        return out

    def step(self, s: State) -> Paid:
        terms = {name: self.weights[name] * self.dt * float(x) for name, x in self.values(s).items()}
        return Paid(terms, sum(terms.values()), self.ends(s))


class Go1(Velocity):
    """Feet as the sensors have them."""

    def touch(self, s: State) -> np.ndarray:
        return s["feet_ground_contact_found"] > 0

    def landed(self, s: State) -> np.ndarray:
        return s["feet_ground_contact_first_contact"]

    def foot(self, s: State) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        return s["foot_height_scan_heights"], np.linalg.norm(s["foot_height_scan_lin_vel"][:, :2], axis=1), np.linalg.norm(s["feet_ground_contact_force"], axis=1)  # fmt: skip


class G1(Go1):
    weights = {**WEIGHTS, "body_ang_vel": -0.05, "angular_momentum": -0.02, "self_collisions": -1.0}
    widths = HUMANOID

    def down(self, s: State) -> np.ndarray:
        return matrix(s["body_quat"][self.task.body_names.index("torso")]).T @ np.array([0.0, 0.0, -1.0])

    def values(self, s: State) -> Dict[str, float]:
        turning = s["body_ang_vel"][self.task.body_names.index("torso"), :2]
        return {
            **super().values(s),
            "body_ang_vel": np.sum(turning**2),
            "angular_momentum": np.sum(s["root_angmom"] ** 2),
            "self_collisions": np.sum(np.linalg.norm(s["self_collision_force_history"], axis=1) > 10),
        }
