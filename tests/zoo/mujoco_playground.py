"""mujoco_playground's G1 joystick for one environment, from the published formulas."""

from __future__ import annotations

import math
from typing import Dict

import numpy as np

from rewardlang.task import Task

from .episodes import State
from .formula import Paid
from .rotations import matrix

PELVIS_IMU = np.array([0.04525, 0, -0.08339])
TORSO_IMU = np.array([-0.03959, -0.00224, 0.14792])
FREQUENCY = 1.375  # Hz; the source draws it from 1.25 .. 1.5 for each episode
DEFAULT = {
    "tracking_lin_vel": 1.0,
    "tracking_ang_vel": 0.75,
    "ang_vel_xy": -0.15,
    "orientation": -2.0,
    "feet_air_time": 2.0,
    "feet_slip": -0.25,
    "feet_phase": 1.0,
    "stand_still": -1.0,
    "termination": -100.0,
    "collision": -0.1,
    "contact_force": -0.01,
    "joint_deviation_knee": -0.1,
    "joint_deviation_hip": -0.25,
    "dof_pos_limits": -1.0,
    "pose": -0.1,
}


def swing_height(phi: float, height: float) -> float:
    """Where a foot is to be at the phase phi, in [-pi, pi]: up in its first half, down in its second."""
    x = (phi + math.pi) / (2 * math.pi)
    ease = lambda t: t**3 + 3 * t**2 * (1 - t)
    return height * ease(2 * x) if x <= 0.5 else height * (1 - ease(2 * x - 1))


class Joystick:
    """State that the source keeps by hand is set at every reset; with `leaks` once, as by its wrapper that resets the state of the
    simulator alone. `as_published` has its two defects: the slip of the base, and the command's sign. `pairs` reads which pairs of bodies touch."""

    def __init__(
        self,
        task: Task,
        fixed: State,
        scales: Dict[str, float],
        leaks: bool = False,
        as_published: bool = False,
        pairs: bool = False,
    ) -> None:
        self.task, self.fixed, self.scales, self.dt = task, fixed, scales, task.dt
        self.leaks, self.as_published, self.pairs, self.started = leaks, as_published, pairs, False
        bodies, joints = task.body_names, task.dof_names
        self.feet = [bodies.index("left_foot"), bodies.index("right_foot")]
        self.torso = bodies.index("torso")
        self.hips = [
            joints.index(f"{side}_hip_{way}") for side in ("left", "right") for way in ("roll", "yaw")
        ]
        self.knees = [joints.index("left_knee"), joints.index("right_knee")]
        self.touching = [
            (bodies.index(f"{side}_hand"), bodies.index(f"{side}_thigh")) for side in ("left", "right")
        ]
        middle = (fixed["dof_pos_lower"] + fixed["dof_pos_upper"]) / 2
        reach = 0.95 * (fixed["dof_pos_upper"] - fixed["dof_pos_lower"]) / 2
        self.soft_lower, self.soft_upper = middle - reach, middle + reach

    def reset(self, s: State) -> None:
        self.last_dof_vel = s["dof_vel"]
        if self.leaks and self.started:
            return
        self.started = True
        self.last_act = np.zeros(len(self.task.actuated))
        self.air_time = np.zeros(2)
        self.last_contact = np.zeros(2, bool)
        self.phase = np.array([0.0, math.pi])
        # The peak of a swing counts from the reset state on; the source forgets the height there.
        contact = s["contact_forces"][self.feet, 2] > 0
        self.swing_peak = np.where(contact, 0.0, s["body_pos"][self.feet, 2])

    def ends(self, s: State) -> bool:
        upside_down = matrix(s["body_quat"][self.torso])[2, 2] < 0
        return bool(upside_down or (self.pairs and s["feet_crossed"]))

    def step(self, s: State) -> Paid:
        contact = s["contact_forces"][self.feet, 2] > 0
        first = (self.air_time > 0) & (contact | self.last_contact)
        self.air_time = self.air_time + self.dt
        self.swing_peak = np.maximum(self.swing_peak, s["body_pos"][self.feet, 2])
        done = self.ends(s)
        values = self.values(s, contact, first, done)
        paid = {name: float(values[name]) * scale * self.dt for name, scale in self.scales.items()}
        frequency = float(s["episode_frequency"]) if self.pairs else FREQUENCY
        self.phase = np.fmod(self.phase + 2 * math.pi * self.dt * frequency + math.pi, 2 * math.pi) - math.pi
        self.last_act, self.last_dof_vel, self.last_contact = s["actions"], s["dof_vel"], contact
        self.air_time, self.swing_peak = self.air_time * ~contact, self.swing_peak * ~contact
        return Paid(paid, sum(paid.values()), done)

    def values(self, s: State, contact: np.ndarray, first: np.ndarray, done: bool) -> Dict[str, float]:
        base, torso = matrix(s["root_quat"]), matrix(s["body_quat"][self.torso])
        pelvis_vel = s["root_lin_vel"] + np.cross(s["root_ang_vel"], base @ PELVIS_IMU)  # of the site, world
        torso_vel = s["body_lin_vel"][self.torso] + np.cross(s["body_ang_vel"][self.torso], torso @ TORSO_IMU)
        gyro = base.T @ s["root_ang_vel"]
        command = np.array([*s["command_lin_vel"], s["command_ang_vel"]])
        error = s["dof_pos"] - self.fixed["default_dof_pos"]
        foot_z, foot_vel = s["body_pos"][self.feet, 2], s["body_lin_vel"][self.feet, :2]
        force = s["contact_forces"]
        slip = np.linalg.norm(foot_vel, axis=1) if not self.as_published else np.linalg.norm(pelvis_vel[:2])
        sideways = command[1] if self.as_published else abs(command[1])
        hips = np.array([0.0, 1.0, 0.0, 1.0]) if sideways > 0.1 else np.ones(4)
        wanted = np.array([swing_height(phi, 0.15) for phi in self.phase])
        moving = (
            np.linalg.norm(pelvis_vel[:2]) > 0.1
            or abs(s["root_ang_vel"][2]) > 0.1
            or np.linalg.norm(command) > 0.01
        )
        hit = lambda i: np.linalg.norm(force[i]) > 0.1
        return {
            "tracking_lin_vel": np.exp(-np.sum((command[:2] - (base.T @ pelvis_vel)[:2]) ** 2) / 0.25),
            "tracking_ang_vel": np.exp(-((command[2] - gyro[2]) ** 2) / 0.25),
            "lin_vel_z": pelvis_vel[2] ** 2 + torso_vel[2] ** 2,
            "ang_vel_xy": np.sum(s["body_ang_vel"][self.torso, :2] ** 2),
            "orientation": np.sum((torso[:, 2] - [0.073, 0.0, 1.0]) ** 2),
            "base_height": (s["root_pos"][2] - 0.5) ** 2,
            "torques": np.sum(abs(s["torques"])),
            "action_rate": np.sum((s["actions"] - self.last_act) ** 2),
            "energy": np.sum(abs(s["dof_vel"]) * abs(s["torques"])),
            "dof_acc": np.sum(((s["dof_vel"] - self.last_dof_vel) / self.dt) ** 2),
            "feet_slip": np.sum(slip * contact),
            "feet_clearance": np.sum(abs(foot_z - 0.15) * np.sqrt(np.linalg.norm(foot_vel, axis=1))),
            "feet_height": np.sum((self.swing_peak / 0.15 - 1) ** 2 * first),
            "feet_air_time": np.sum(np.minimum((self.air_time - 0.2) * first, 0.3)),
            "feet_phase": np.exp(-np.sum((foot_z - wanted) ** 2) / 0.01) * moving,
            "alive": 1.0,
            "termination": done,
            "stand_still": np.sum(abs(error)) * (np.linalg.norm(command) < 0.01),
            "collision": s["hand_on_thigh"] if self.pairs else any(hit(hand) and hit(thigh) for hand, thigh in self.touching),
            "contact_force": sum(max(abs(force[i, 2]) - 500.0, 0.0) for i in self.feet),
            "joint_deviation_hip": np.sum(abs(error[self.hips]) * hips),
            "joint_deviation_knee": np.sum(abs(error[self.knees])),
            "dof_pos_limits": np.sum(np.maximum(self.soft_lower - s["dof_pos"], 0) + np.maximum(s["dof_pos"] - self.soft_upper, 0)),
            "pose": np.sum(error**2),
        }  # fmt: skip
