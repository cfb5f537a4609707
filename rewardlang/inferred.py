"""What a task has where its YAML is silent: gains, the step of an action, the start, what the policy sees, what is a fall.

The rules are in docs/tasks.md.
"""

from __future__ import annotations

import math
from typing import Dict, Optional, Tuple

from rewardlang.mjcf import Keyframe, Robot, Stance

CONTROL_PERIOD = 0.02  # s
TIMESTEP = 0.005  # s, where the model names none
HOLD = 1.0  # rad; how far off its target a joint's motor pushes with all its effort
DAMPING_TIME = 0.025  # s; damping over stiffness
STANDING = ("home", "stand", "standing", "default")  # names of keyframes, the first that the model has
UPRIGHT = 0.9
SLOPE = 0.5  # of a slide's axis, the share along z from which on a base on it can fall
FALLEN = 0.4  # of the height that a robot starts at
MAX_STEP = 0.5  # rad or m that an action of 1 moves a target
SHARE_OF_RANGE = 0.25


def keyframe(robot: Robot) -> Optional[Keyframe]:
    """The keyframe that a robot starts in: a standing one by its name, else the first; None for a model without."""
    by_name = {key.name: key for key in reversed(robot.keyframes)}
    standing = [by_name[name] for name in STANDING if name in by_name]
    return next(iter([*standing, *robot.keyframes]), None)


def pose(robot: Robot, stance: Stance) -> Tuple[float, ...]:
    """The stance's joint positions, moved into the joints' ranges. rad or m."""
    return tuple(min(max(x, low), high) for x, (low, high) in zip(stance.dof_pos, robot.dof_range))


def stiffness(robot: Robot) -> Tuple[Optional[float], ...]:
    """The actuator's own, else all of the effort at an error of 1 rad; None where neither is known. N·m/rad"""
    found = []
    for name in robot.dof_names:
        drive = robot.drives.get(name)
        effort = None if drive is None or math.isinf(drive.effort) else drive.effort / HOLD
        found.append(0.0 if drive is None else effort if drive.stiffness is None else drive.stiffness)
    return tuple(found)


def damping(robot: Robot, gains: Tuple[float, ...], own: bool) -> Tuple[float, ...]:
    """The actuator's own (if the gains are its `own`), none where the joint is damped by itself, else a share of the stiffness."""
    found = []
    for name, gain, passive in zip(robot.dof_names, gains, robot.dof_damping):
        drive = robot.drives.get(name)
        if own and drive is not None and drive.damping is not None:
            found.append(drive.damping)
        else:
            held = own and drive is not None and drive.stiffness is not None
            found.append(0.0 if held and passive > 0 else gain * DAMPING_TIME)
    return tuple(found)


def action_scale(robot: Robot, gains: Tuple[float, ...]) -> Tuple[float, ...]:
    """Where the motor gives all its effort; at most a quarter of the joint's range, and 0.5 rad. One an actuated joint."""
    found = []
    for name, gain, (low, high) in zip(robot.dof_names, gains, robot.dof_range):
        if name in robot.drives:
            reach = robot.drives[name].effort / gain if gain else math.inf
            found.append(min(MAX_STEP, SHARE_OF_RANGE * (high - low), reach))
    return tuple(found)


def timestep(robot: Robot) -> float:
    """The model's own, s."""
    return TIMESTEP if robot.timestep is None else robot.timestep


def decimation(dt: float) -> int:
    """Physics steps that make a control step of about 20 ms."""
    return max(1, round(CONTROL_PERIOD / dt))


def terminations(robot: Robot, pos: Tuple[float, ...], rot: Tuple[float, ...]) -> Dict[str, str]:
    """A fall: below 40% of the height it starts at, or tilted by more than 60 degrees if it starts upright."""
    upwards = (
        axis
        for name, axis in zip(robot.dof_names, robot.dof_axes)
        if name in robot.rails and name in robot.slides
    )
    if robot.fixed_base and not any(abs(axis[2]) > SLOPE for axis in upwards):
        return {}
    x, y = rot[0], rot[1]
    upright = 1 - 2 * (x * x + y * y) > UPRIGHT  # of the base's z axis, the share along the world's
    low = f"base_height < {FALLEN * pos[2]:.3g}[m]" if pos[2] > 0 else ""
    tilted = "projected_gravity.z > -0.5" if upright else ""
    text = " or ".join(part for part in (low, tilted) if part)
    return {"fallen": text} if text else {}


def observations(robot: Robot, commands: bool) -> Tuple[str, ...]:
    """Velocities of the base and its tilt (if it can move), joints, the last actions, and commands (if the task has any)."""
    base = ("base_lin_vel * 2.0", "base_ang_vel * 0.25", "projected_gravity")
    asked = ("command_lin_vel * 2.0", "command_ang_vel * 0.25")
    joints = ("dof_pos - default_dof_pos", "dof_vel * 0.05", "actions")
    return (base if robot.roams else ()) + joints + (asked if commands else ())
