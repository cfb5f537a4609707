"""The zoo's specs with the formulas that they are to equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Mapping

import rewardlang
from rewardlang.task import Task

from . import dm_control, gymnasium, isaacgymenvs, legged_gym, mjlab, mujoco_playground, unitree_rl_gym
from .episodes import State, Style
from .formula import Formula
from .legged_gym import Config

ZOO = Path(__file__).parents[2] / "reward_specs" / "zoo"
HIGH = Style(height=(0.8, 0.2))


@dataclass(frozen=True, eq=False)
class Case:
    """A spec, its formula for a task and what the robot fixes, and how the states are drawn."""

    name: str
    spec: str
    formula: Callable[[Task, State], Formula]
    style: Style = Style()
    added: str = ""  # statements that extend the spec
    host: Mapping[str, rewardlang.HostQuantity] = field(
        default_factory=dict
    )  # what the added statements read
    metrics: bool = False  # the formula's parts are the spec's metrics, not its terms

    def load(self) -> rewardlang.Spec:
        if self.added:
            return rewardlang.parse(f'extends "zoo/{self.spec}.reward"\n{self.added}', self.spec)
        return rewardlang.load(ZOO / f"{self.spec}.reward")


ANYMAL = {"terminate_after_contacts_on": ["trunk"], "base_height_target": 0.5}
ALL_OF_LEGGED_GYM = {
    **legged_gym.DEFAULT,
    "orientation": -0.2,
    "base_height": -0.5,
    "dof_vel": -1e-4,
    "feet_stumble": -0.3,
    "stand_still": -0.1,
    "dof_pos_limits": -0.4,
    "dof_vel_limits": -0.02,
    "torque_limits": -0.03,
    "feet_contact_forces": -0.001,
    "termination": -200.0,
}
ADDED_TO_LEGGED_GYM = """
param soft_dof_pos_limit = 0.9 in [0, 1]
param soft_dof_vel_limit = 0.8 in [0, 1]
param soft_torque_limit = 0.7 in [0, 1]
reward per second += - 0.2*orientation - 0.5*height_error as base_height - 1e-4*joint_speed as dof_vel
    - 0.3*feet_stumble - 0.1*stand_still - 0.4*dof_pos_limits - 0.02*over_speed as dof_vel_limits
    - 0.03*over_torque as torque_limits - 0.001*feet_contact_forces
weight termination = -200*dt
terminate fallen when norm(contact_forces["trunk"]) > 1[N]
"""
ALL_OF_PLAYGROUND = {**mujoco_playground.DEFAULT, "lin_vel_z": -0.3, "base_height": -0.4, "torques": -1e-3, "action_rate": -0.02,
                     "energy": -1e-4, "dof_acc": -1e-7, "feet_clearance": -0.5, "feet_height": -0.6}  # fmt: skip
ADDED_TO_PLAYGROUND = """
reward per second += - 0.3*lin_vel_z - 0.4*height_error as base_height - 1e-3*effort as torques - 0.02*action_rate
    - 1e-4*energy - 1e-7*joint_acc as dof_acc - 0.5*feet_clearance - 0.6*feet_height
"""
# What the specs leave out because no simulator's state holds it, given by a Python host.
OVER_TERRAIN = """
height_error = (mean(base_height - ground_heights) - base_height_target)^2
reward per second += - 0.5*height_error as base_height
"""
WITH_TORQUES = "impact = sum(contact_forces^2) + sum(contact_torques^2) / 1[m^2]"
WITH_PAIRS = """
cycle = phase(1 / episode_frequency, table(feet, "left_*": 0.5, "right_*": 0) - dt * episode_frequency)
collision = hand_on_thigh
terminate fallen when torso_up.z < 0 or feet_crossed
"""
FLAG = rewardlang.HostQuantity(kind="bool")


def legged(scales: Dict[str, float], **config: Any) -> Callable[[Task, State], Formula]:
    return lambda task, fixed: legged_gym.LeggedGym(task, fixed, Config(scales, **config))


def joystick(scales: Dict[str, float], **options: bool) -> Callable[[Task, State], Formula]:
    return partial(mujoco_playground.Joystick, scales=scales, **options)


def unitree_g1(task: Task, fixed: State) -> Formula:
    return unitree_rl_gym.G1Robot(task, fixed, Config(
        unitree_rl_gym.G1, terminate_after_contacts_on=["torso"], base_height_target=0.78, soft_dof_pos_limit=0.9))  # fmt: skip


ALL = legged(
    ALL_OF_LEGGED_GYM,
    terminate_after_contacts_on=["trunk"],
    soft_dof_pos_limit=0.9,
    soft_dof_vel_limit=0.8,
    soft_torque_limit=0.7,
)
ROUGH = legged(legged_gym.DEFAULT, max_contact_force=500.0, **ANYMAL)
TERRAIN = legged(
    {**legged_gym.DEFAULT, "base_height": -0.5}, max_contact_force=500.0, measure_heights=True, **ANYMAL
)
FLAT = legged(
    {**legged_gym.DEFAULT, "orientation": -5.0, "torques": -0.000025, "feet_air_time": 2.0},
    max_contact_force=350.0,
    **ANYMAL,
)
HEIGHTS = {"ground_heights": rewardlang.HostQuantity(axes=[{"points": 11}], unit="m")}
TORQUES = {"contact_torques": rewardlang.HostQuantity(axes="bodies xyz", unit="N*m", frame="world")}
PAIRS = {
    "hand_on_thigh": FLAG,
    "feet_crossed": FLAG,
    "episode_frequency": rewardlang.HostQuantity(unit="1/s"),
}
SENSORS = {
    "feet_ground_contact_found": rewardlang.HostQuantity(axes="feet"),
    "feet_ground_contact_first_contact": rewardlang.HostQuantity(axes="feet", kind="bool"),
    "feet_ground_contact_air_time": rewardlang.HostQuantity(axes="feet", unit="s"),
    "feet_ground_contact_force": rewardlang.HostQuantity(axes="feet xyz", unit="N", frame="world"),
    "foot_height_scan_heights": rewardlang.HostQuantity(axes="feet", unit="m"),
    "foot_height_scan_lin_vel": rewardlang.HostQuantity(axes="feet xyz", unit="m/s", frame="world"),
}
OF_G1 = {
    "root_angmom": rewardlang.HostQuantity(axes="xyz"),
    "self_collision_force_history": rewardlang.HostQuantity(axes=[{"substeps": 4}, "xyz"], unit="N"),
}
CONTACTS = Style(height=(1.4, 0.2), force=1500.0)
CASES = [
    Case("legged_gym default", "legged_gym/default", legged(legged_gym.DEFAULT), added="drop terminate fallen"),
    Case("all of legged_gym", "legged_gym/default", ALL, added=ADDED_TO_LEGGED_GYM),
    Case("anymal_c_rough", "legged_gym/anymal_c_rough", ROUGH),
    Case("anymal_c_rough over terrain", "legged_gym/anymal_c_rough", TERRAIN, added=OVER_TERRAIN, host=HEIGHTS),
    Case("anymal_c_flat", "legged_gym/anymal_c_flat", FLAT),
    Case("isaacgymenvs humanoid", "isaacgymenvs/humanoid", isaacgymenvs.Humanoid, Style(height=(1.1, 0.2))),
    Case("isaacgymenvs ant", "isaacgymenvs/ant", isaacgymenvs.Ant, Style(height=(0.5, 0.1))),
    Case("isaacgymenvs ant as published", "isaacgymenvs/ant_as_published", isaacgymenvs.AntAsPublished, Style(height=(0.5, 0.1))),
    Case("unitree g1", "unitree_rl_gym/g1", unitree_g1, Style(height=(0.8, 0.2), late=1e-3)),
    Case("g1_joystick", "mujoco_playground/g1_joystick", joystick(mujoco_playground.DEFAULT), HIGH),
    Case("all of g1_joystick", "mujoco_playground/g1_joystick", joystick(ALL_OF_PLAYGROUND), HIGH, ADDED_TO_PLAYGROUND),
    Case("g1_joystick with pairs", "mujoco_playground/g1_joystick", joystick(mujoco_playground.DEFAULT, pairs=True), HIGH, WITH_PAIRS, PAIRS),
    Case("mjlab velocity", "mjlab/velocity", mjlab.Velocity, Style(force=100.0)),
    Case("mjlab go1_flat", "mjlab/go1_flat", mjlab.Go1, host=SENSORS),
    Case("mjlab g1_flat", "mjlab/g1_flat", mjlab.G1, HIGH, host={**SENSORS, **OF_G1}),
    Case("gymnasium humanoid", "gymnasium/humanoid_v5", gymnasium.HumanoidV5, CONTACTS),
    Case("gymnasium humanoid with torques", "gymnasium/humanoid_v5", partial(gymnasium.HumanoidV5, torques=True), CONTACTS, WITH_TORQUES, TORQUES),
    *(Case(f"dm_control {name}", f"dm_control/humanoid_{name}", partial(dm_control.Humanoid, move_speed=speed), Style(head=(1.3, 0.2)), metrics=True)
      for name, speed in (("stand", 0), ("walk", 1), ("run", 10))),
]  # fmt: skip
HOSTS = {case.spec: case.host for case in CASES if not case.added}  # what a spec itself reads of a host
