"""Random episodes of a robot, in NumPy: contacts that come and go, commands that change, falls, time-outs, resets at any time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable, Dict, List, NamedTuple, Tuple

import numpy as np

from rewardlang.task import Task

from .rotations import matrix

State = Dict[str, np.ndarray]  # one environment: quantity -> array, a quaternion as xyzw
STRETCH = 0.15  # chance of a contact, or of a command, to change on a step


@dataclass(frozen=True)
class Style:
    """What the states of a test are like."""

    height: Tuple[float, float] = (0.5, 0.2)  # m; mean and spread of the base's
    tilt: float = 0.3  # rad
    head: Tuple[float, float] = (1.2, 0.3)  # m; of the bodies called head
    fallen_share: float = 0.03  # of the steps: turned over, the base on the ground
    time_out_share: float = 0.05
    force: float = 250.0  # N; of contacts, each direction
    late: float = (
        0.0  # s; the clock beside the control steps, to stay off a step of a formula that they would meet
    )


class Moment(NamedTuple):
    """The states that a step reached, whose episodes are over, and the states after the resets. One for each environment."""

    reached: List[State]
    over: List[bool]
    after: List[State]


class Walk:
    """The random walk of one environment through its states."""

    def __init__(self, task: Task, style: Style, rng: np.random.Generator) -> None:
        self.task, self.style, self.rng = task, style, rng
        self.contacts = rng.random(len(task.body_names)) < 0.5
        self.command = np.zeros(3)
        self.vigour = 1.0  # of the motion: 0 does what is commanded
        self.steps, self.frequency, self.place = 0, 1.0, np.zeros(2)

    def reset(self) -> State:
        self.contacts = self.rng.random(len(self.contacts)) < 0.5
        self.steps, self.frequency = 0, self.rng.uniform(1.25, 1.5)  # Hz
        self.place = self.rng.normal(0, 5, 2)
        state = self._state()
        state["actions"] = np.zeros(len(self.task.actuated))
        state["time_limit"] = np.array(False)
        return state

    def step(self) -> State:
        self.steps += 1
        changed = self.rng.random(len(self.contacts)) < STRETCH
        self.contacts = self.contacts ^ changed
        return self._state()

    def _state(self) -> State:
        task, style, rng = self.task, self.style, self.rng
        joints, bodies = len(task.dof_names), len(task.body_names)
        low, high = np.array(task.dof_pos_lower), np.array(task.dof_pos_upper)
        fallen = rng.random() < style.fallen_share
        if rng.random() < STRETCH:
            size = rng.choice([0.0, 0.004, 0.05, 0.5, 1.5], 3)
            self.command = size * rng.uniform(-1, 1, 3) * (rng.random() > 0.3)
            self.vigour = rng.choice([0.02, 0.2, 1.0])
        command, vigour = self.command, 1.0 if fallen else self.vigour
        root_quat = turns(rng, 1, style.tilt * vigour + 2.5 * fallen)[0]
        axes = matrix(root_quat)
        body_pos = rng.normal(0, 1, (bodies, 3))
        for i, name in enumerate(task.body_names):
            if name.endswith("_foot"):
                body_pos[i, 2] = rng.uniform(0, 0.2)
            if name == "head":
                body_pos[i, 2] = rng.normal(*style.head)
        force = rng.normal(0, style.force, (bodies, 3)) * self.contacts[:, None]
        force[:, 2] = abs(force[:, 2])
        if vigour < 1:  # on its feet alone
            force *= np.array([[name.endswith("_foot")] for name in task.body_names])
        if not fallen:
            force[0] = rng.normal(0, 0.3, 3) * self.contacts[0]
        near_default = np.array(task.default_dof_pos) + rng.normal(0, 0.2, joints) * vigour
        anywhere = low + (high - low) * rng.uniform(-0.1, 1.1, joints)
        velocity = axes @ np.array([*command[:2], 0.0]) + rng.normal(0, 1, 3) * vigour
        self.place = self.place + velocity[:2] * task.dt
        state = {
            "root_pos": np.array([*self.place, style.height[0] + rng.normal(0, style.height[1]) * vigour]),
            "root_quat": root_quat,
            "root_lin_vel": velocity,
            "root_ang_vel": axes @ np.array([0.0, 0.0, command[2]]) + rng.normal(0, 1, 3) * vigour,
            "dof_pos": np.where(rng.random(joints) < 1 - vigour / 2, near_default, anywhere),
            "dof_vel": rng.normal(0, 10, joints) * vigour,
            "torques": np.array(task.torque_limits) * rng.uniform(-1.2, 1.2, joints) * vigour,
            "body_pos": body_pos,
            "body_quat": turns(rng, bodies, style.tilt + 2.5 * fallen),
            "body_lin_vel": rng.normal(0, 1, (bodies, 3)) * vigour,
            "body_ang_vel": rng.normal(0, 1, (bodies, 3)) * vigour,
            "contact_forces": force,
            "actions": rng.uniform(-1, 1, len(task.actuated)) * vigour,
            "command_lin_vel": command[:2],
            "command_ang_vel": command[2],
            "episode_step": np.array(float(self.steps)),
            "episode_time": np.array(self.steps * task.dt + style.late),
            "time_limit": np.array(rng.random() < style.time_out_share),
            # what a Python host may add
            "ground_heights": rng.normal(0, 0.1, 11),
            "contact_torques": rng.normal(0, 30, (bodies, 3)) * (force != 0),
            "hand_on_thigh": np.array(rng.random() < 0.1),
            "feet_crossed": np.array(rng.random() < 0.03),
            "episode_frequency": np.array(self.frequency),
        }
        state.update(sensors(task, state))
        exact = ("root_quat", "body_quat", "episode_time")  # of length 1; on the grid of the clock
        return {name: value if name in exact else rounded(value) for name, value in state.items()}


def sensors(task: Task, s: State) -> State:
    """What sensors of mjlab measure beside the state, as numbers of their own made of it."""
    feet = [i for i, name in enumerate(task.body_names) if name.endswith("_foot")]
    found = np.linalg.norm(s["contact_forces"][feet], axis=1) > 0
    return {
        "feet_ground_contact_found": found.astype(float),
        "feet_ground_contact_first_contact": found & (s["body_pos"][feet, 0] > 0),
        "feet_ground_contact_air_time": abs(s["body_pos"][feet, 1]) * ~found,
        "feet_ground_contact_force": s["contact_forces"][feet],
        "foot_height_scan_heights": abs(s["body_pos"][feet, 2]) + 0.01,
        "foot_height_scan_lin_vel": s["body_lin_vel"][feet] + 0.1,
        "root_angmom": s["root_ang_vel"] * 0.3,
        "self_collision_force_history": s["body_lin_vel"][:4] * 8.0,
    }


def rounded(x: np.ndarray) -> np.ndarray:
    """x as a float32 holds it: what is then compared in float32 is the arithmetic alone."""
    return x if x.dtype == bool else x.astype(np.float32).astype(np.float64)


def turns(rng: np.random.Generator, count: int, tilt: float) -> np.ndarray:
    """Rotations: any heading, leaning by about `tilt` to any side. [count, 4] xyzw"""
    heading, way, lean = *rng.uniform(-math.pi, math.pi, (2, count)), rng.normal(0, tilt, count)
    x, y, w = np.sin(lean / 2) * np.cos(way), np.sin(lean / 2) * np.sin(way), np.cos(lean / 2)
    s, c = np.sin(heading / 2), np.cos(heading / 2)
    return np.stack([c * x - s * y, c * y + s * x, s * w, c * w], 1)


def model(task: Task, seed: int = 0) -> State:
    """What the robot fixes: limits and the default pose as the task has them, any masses and centres of mass."""
    rng = np.random.default_rng(seed)
    names = "default_dof_pos dof_pos_lower dof_pos_upper dof_vel_limits torque_limits".split()
    fixed = {name: np.array(getattr(task, name)) for name in names}
    bodies = len(task.body_names)
    fixed.update(body_mass=rng.uniform(0.1, 3, bodies), body_com=rng.normal(0, 0.1, (bodies, 3)))
    return {name: rounded(value) for name, value in fixed.items()}


def episodes(
    task: Task, style: Style, ends: Callable[[State], bool], envs: int, steps: int, seed: int = 0
) -> List[Moment]:
    """First the initial reset of all, then the steps; an episode is over where `ends` says so, and at time limits."""
    walks = [Walk(task, style, np.random.default_rng([seed, i])) for i in range(envs)]
    first = [walk.reset() for walk in walks]
    moments = [Moment(first, [True] * envs, first)]
    for _ in range(steps):
        reached = [walk.step() for walk in walks]
        over = [ends(s) or bool(s["time_limit"]) for s in reached]
        after = [walk.reset() if done else s for walk, s, done in zip(walks, reached, over)]
        moments.append(Moment(reached, over, after))
    return moments


def still(task: Task) -> State:
    """The robot standing still in its default pose, with no contacts and no command."""
    bodies, joints = len(task.body_names), len(task.dof_names)
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    zeros = lambda *shape: np.zeros(shape)
    state = {
        "root_pos": np.array(task.init_state.pos, float), "root_quat": upright, "root_lin_vel": zeros(3), "root_ang_vel": zeros(3),
        "dof_pos": np.array(task.default_dof_pos), "dof_vel": zeros(joints), "torques": zeros(joints),
        "body_pos": zeros(bodies, 3), "body_quat": np.tile(upright, (bodies, 1)), "body_lin_vel": zeros(bodies, 3),
        "body_ang_vel": zeros(bodies, 3), "contact_forces": zeros(bodies, 3), "actions": zeros(len(task.actuated)),
        "command_lin_vel": zeros(2), "command_ang_vel": zeros(), "episode_step": zeros(), "episode_time": zeros(),
        "time_limit": np.array(False),
    }  # fmt: skip
    return {**state, **sensors(task, state)}
