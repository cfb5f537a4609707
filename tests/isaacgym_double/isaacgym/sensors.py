"""Force sensors of bodies: the net force and torque on each, as its own motion shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List

import mujoco
import numpy as np

from .structs import ForceSensorProperties, GymError, Transform


@dataclass(frozen=True)
class ForceSensor:
    """At a pose in the frame of `body`, an index in the gym's order."""

    body: int
    pose: Transform
    world_frame: bool

    @staticmethod
    def of(body: int, pose: Transform, properties: ForceSensorProperties) -> ForceSensor:
        if not properties.enable_constraint_solver_forces or not properties.enable_forward_dynamics_forces:
            raise GymError("not modelled: force sensors for a part of the forces")
        return ForceSensor(body, pose, properties.use_world_frame)


def read_sensors(
    model: mujoco.MjModel, data: mujoco.MjData, sensors: List[ForceSensor], bodies: np.ndarray
) -> np.ndarray:
    """Force and torque about each sensor's origin, in its own axes or the world's; 0 for a body that rests. [S, 6]

    As of the step just made, whose poses and velocities are still those that it began with.
    """
    mujoco.mj_rnePostConstraint(model, data)
    return np.array([_read(model, data, sensor, bodies[sensor.body]) for sensor in sensors])


def _read(model: mujoco.MjModel, data: mujoco.MjData, sensor: ForceSensor, body: int) -> np.ndarray:
    moving, gaining = np.zeros(6), np.zeros(6)
    mujoco.mj_objectVelocity(model, data, mujoco.mjtObj.mjOBJ_BODY, body, moving, 0)
    mujoco.mj_objectAcceleration(model, data, mujoco.mjtObj.mjOBJ_BODY, body, gaining, 0)
    axes = data.ximat[body].reshape(3, 3)
    inertia = axes @ np.diag(model.body_inertia[body]) @ axes.T
    force = model.body_mass[body] * (
        gaining[3:] + model.opt.gravity
    )  # an accelerometer at rest shows gravity
    torque = inertia @ gaining[:3] + np.cross(moving[:3], inertia @ moving[:3])
    turn = data.xmat[body].reshape(3, 3)
    p, r = sensor.pose.p, sensor.pose.r
    origin = data.xpos[body] + turn @ [p.x, p.y, p.z]
    torque = torque + np.cross(data.xipos[body] - origin, force)
    if sensor.world_frame:
        return np.concatenate([force, torque])
    own = np.zeros(9)
    mujoco.mju_quat2Mat(own, np.array([r.w, r.x, r.y, r.z]))
    turn = turn @ own.reshape(3, 3)
    return np.concatenate([turn.T @ force, turn.T @ torque])
