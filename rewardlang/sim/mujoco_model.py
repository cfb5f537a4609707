"""A task's MJCF as a MuJoCo model: position servos for its joints, a floor where the file has none."""

from __future__ import annotations

from typing import List, Tuple

import mujoco
import numpy as np

SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)  # and hinge come after free and ball
ON_A_JOINT = (mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT)
EXPLICIT = (mujoco.mjtIntegrator.mjINT_EULER, mujoco.mjtIntegrator.mjINT_RK4)
GROUND = (mujoco.mjtGeom.mjGEOM_PLANE, mujoco.mjtGeom.mjGEOM_HFIELD)
EVERYTHING = 2**31 - 1  # bits of contype: whatever collides with anything collides with the floor
NAME = "rewardlang"
IN_THE_GROUND = 0.02  # m; soft contacts alone are a few millimetres


def load_model(task, batched: bool) -> mujoco.MjModel:
    """The task's MJCF with its time step and PD gains; motors of any kind become position servos.

    `batched` if it is for MuJoCo's own batch. Raises ValueError if MuJoCo refuses the file.
    """
    try:
        spec = mujoco.MjSpec()
        spec = (
            spec.from_file(str(task.mjcf)) or spec
        )  # before 3.2.5 it reads into the spec that it is called on
        for actuator in spec.actuators:
            if actuator.trntype in ON_A_JOINT and actuator.gaintype == mujoco.mjtGain.mjGAIN_FIXED:
                actuator.dyntype, actuator.actlimited = mujoco.mjtDyn.mjDYN_NONE, False
        if batched:
            _add_contact_sensor(spec)
        if not task.fixed_base and not _has_ground(spec, task):
            _add_floor(spec)
        model = spec.compile()
    except ValueError as error:
        raise ValueError(f"{task.mjcf}: error: MuJoCo: {' '.join(str(error).split())}") from None
    model.opt.timestep = task.sim_dt
    if (
        mujoco.mjtIntegrator(model.opt.integrator) in EXPLICIT
    ):  # a servo's damping on a light link needs an implicit one
        model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # A diverging environment must show as NaN, not be put back to the start by MuJoCo without a word.
    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
    model.opt.disableflags &= ~int(mujoco.mjtDisableBit.mjDSBL_SENSOR)
    joints = dofs_of(model, root_of(model))
    for actuator, dof in zip(*servos(model, joints)):
        _make_servo(model, actuator, task.stiffness[dof], task.damping[dof], task.torque_limits[dof])
    return model


def root_of(model: mujoco.MjModel) -> int:
    """The robot's first body: of those that stand in the world, the one with the most joints below it."""
    return int(np.argmax(np.bincount(model.body_rootid[model.jnt_bodyid])))


def dofs_of(model: mujoco.MjModel, root: int) -> np.ndarray:
    """Numbers of the hinges and slides of the robot."""
    return np.flatnonzero((model.body_rootid[model.jnt_bodyid] == root) & (model.jnt_type >= SLIDE))


def servos(model: mujoco.MjModel, joints: np.ndarray) -> Tuple[List[int], List[int]]:
    """The first actuator that drives each joint, and the place of its joint in `joints`."""
    actuators: List[int] = []
    dofs: List[int] = []
    fixed = int(mujoco.mjtGain.mjGAIN_FIXED)  # muscles and dampers have other gains: they stay passive
    for i in range(model.nu):
        at = np.flatnonzero(joints == model.actuator_trnid[i, 0])
        drives = (
            mujoco.mjtTrn(model.actuator_trntype[i]) in ON_A_JOINT and model.actuator_gaintype[i] == fixed
        )
        if drives and len(at) and int(at[0]) not in dofs:
            actuators.append(i)
            dofs.append(int(at[0]))
    return actuators, dofs


def check_names(task, model: mujoco.MjModel, bodies: slice, joints: np.ndarray) -> None:
    """Raises ValueError unless MuJoCo has the robot's bodies and joints as the task has read them."""
    found = [model.body(i).name for i in range(bodies.start, min(bodies.stop, model.nbody))]
    same = all(name in ("", own) for name, own in zip(found, task.body_names)) and len(found) == len(
        task.body_names
    )
    driven = [model.joint(int(i)).name for i in joints]
    same = same and len(driven) == len(task.dof_names)
    if not same or any(name not in ("", own) for name, own in zip(driven, task.dof_names)):
        raise ValueError(
            f"{task.mjcf}: MuJoCo makes other bodies or joints of it ({', '.join([*found, *driven])}); "
            "leave out what merges or copies them, such as fusestatic"
        )


def check_start(task, model: mujoco.MjModel, data: mujoco.MjData) -> None:
    """Raises ValueError if the robot's initial state lies in the ground, with the height that would do."""
    if task.fixed_base:
        return
    mujoco.mj_forward(model, data)
    fixed = model.body_weldid[model.geom_bodyid] == 0
    depths = [-c.dist for c in data.contact if fixed[c.geom1] != fixed[c.geom2]]
    deepest = max(depths, default=0.0)
    if deepest > IN_THE_GROUND:
        x, y, z = task.init_state.pos
        raise ValueError(
            f"{task.path}: error: the robot starts {deepest:.3g} m deep in the ground; "
            f"say `init_state: {{pos: [{x:g}, {y:g}, {z + deepest:.3f}]}}`"
        )


def _make_servo(model: mujoco.MjModel, i: int, stiffness: float, damping: float, effort: float) -> None:
    """Turns actuator `i` into torque = stiffness · (ctrl - q) - damping · q', within the effort limit."""
    limited = bool(np.isfinite(effort))
    model.actuator_gear[i] = [1, 0, 0, 0, 0, 0]
    model.actuator_gaintype[i], model.actuator_gainprm[i] = mujoco.mjtGain.mjGAIN_FIXED, 0
    model.actuator_gainprm[i, 0] = stiffness
    model.actuator_biastype[i], model.actuator_biasprm[i] = mujoco.mjtBias.mjBIAS_AFFINE, 0
    model.actuator_biasprm[i, 1:3] = -stiffness, -damping
    model.actuator_ctrllimited[i] = False
    model.actuator_forcelimited[i] = limited
    model.actuator_forcerange[i] = (-effort, effort) if limited else (0, 0)


def _add_contact_sensor(spec: mujoco.MjSpec) -> None:
    """MuJoCo's batch sums contact forces by body (`cfrc_ext`) only for a sensor of forces."""
    spec.worldbody.add_site(name=NAME)
    site = mujoco.mjtObj.mjOBJ_SITE
    spec.add_sensor(name=NAME, type=mujoco.mjtSensor.mjSENS_FORCE, objtype=site, objname=NAME)


def _has_ground(spec: mujoco.MjSpec, task) -> bool:
    if hasattr(spec, "geoms"):
        return any(geom.type in GROUND for geom in spec.geoms)
    return any(
        mujoco.mjtGeom(kind) in GROUND for kind in mujoco.MjModel.from_xml_path(str(task.mjcf)).geom_type
    )


def _add_floor(spec: mujoco.MjSpec) -> None:
    """A plane at height 0, and a light."""
    floor, light = spec.worldbody.add_geom(), spec.worldbody.add_light()
    floor.name = light.name = NAME
    floor.type, floor.size = mujoco.mjtGeom.mjGEOM_PLANE, [0, 0, 0.05]
    floor.conaffinity, floor.rgba = EVERYTHING, [0.5, 0.55, 0.6, 1]
    light.pos, light.dir = [0, 0, 5], [0, 0.3, -1]
