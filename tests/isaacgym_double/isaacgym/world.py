"""One environment's physics: an actor in a MuJoCo model of its own. Isaac Gym's conventions in, Isaac Gym's conventions out."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Union

import mujoco
import numpy as np

from . import KNOBS
from .importer import Asset, default_properties
from .sensors import read_sensors
from .structs import DOF_PROPERTIES, DofDriveMode, PlaneParams, SimParams, Transform
from .terrain import Terrain

SPRUNG = {DofDriveMode.DOF_MODE_POS, DofDriveMode.DOF_MODE_EFFORT}  # to the target, or to 0 beside an effort
ROBOT, GROUND = 1, 2  # bits of what collides
Ground = Union[PlaneParams, Terrain, None]


class Actor:
    """A robot at its pose. `properties`, `masses` and so on may change until the model is built."""

    def __init__(self, asset: Asset, pose: Transform, group: int, filter: int):
        self.asset, self.pose, self.group, self.filter = asset, pose, group, filter
        self.force_sensors = False
        asset.used = True
        self.friction = [shape.friction for shape in asset.shape_properties]
        self.plain = mujoco.MjModel.from_xml_string(asset.text)
        self.properties = np.zeros(len(asset.dofs), DOF_PROPERTIES)
        default_properties(asset, self.plain, self.properties)


class World:
    """An environment's ground, gravity and actor, in coordinates relative to `origin`."""

    def __init__(self, params: SimParams, ground: Ground, actor: Actor, origin: np.ndarray):
        self.actor, self.origin, asset = actor, origin, actor.asset
        self.model = model = mujoco.MjModel.from_xml_string(_scene(actor, ground, origin))
        model.opt.timestep = params.dt / params.substeps
        model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        model.opt.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        gravity = params.gravity
        model.opt.gravity = 0 if asset.options.disable_gravity else [gravity.x, gravity.y, gravity.z]
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
        if isinstance(ground, Terrain):
            model.hfield_data[:] = ground.shares.T.ravel()
        self.data = mujoco.MjData(model)
        self.bodies = np.array([model.body(name).id for name in asset.bodies])
        plain = [actor.plain.body(name).id for name in asset.bodies]
        if (model.body_mass[self.bodies] != actor.plain.body_mass[plain]).any():
            model.body_mass[self.bodies] = actor.plain.body_mass[plain]
            model.body_inertia[self.bodies] = actor.plain.body_inertia[plain]
            mujoco.mj_setConst(model, self.data)
        joints = np.array([model.joint(name).id for name in asset.dofs], int)
        self.qpos, self.qvel = model.jnt_qposadr[joints], model.jnt_dofadr[joints]
        self.joints = joints
        self._set_friction(ground)
        self.apply_properties()
        self.targets = np.zeros(len(joints))
        self.efforts = np.zeros(len(joints))
        self.substeps, self.collect = params.substeps, params.physx.contact_collection
        self.contacts = np.zeros((len(self.bodies), 3))
        self.sensed = np.zeros((len(asset.sensors), 6))
        mujoco.mj_forward(model, self.data)

    def apply_properties(self) -> None:
        """The drives, limits, armature and friction of the DOF properties in the model."""
        model = self.model
        for i, (row, joint, dof) in enumerate(zip(self.actor.properties, self.joints, self.qvel)):
            mode = DofDriveMode(int(row["driveMode"]))
            position = row["stiffness"] if mode in SPRUNG else 0.0
            damping = row["damping"] if mode != DofDriveMode.DOF_MODE_NONE else 0.0
            gain = {DofDriveMode.DOF_MODE_POS: position, DofDriveMode.DOF_MODE_VEL: damping,
                    DofDriveMode.DOF_MODE_EFFORT: 1.0}.get(mode, 0.0)  # fmt: skip
            model.actuator_gaintype[i] = mujoco.mjtGain.mjGAIN_FIXED
            model.actuator_gainprm[i, 0] = gain
            model.actuator_biastype[i] = mujoco.mjtBias.mjBIAS_AFFINE
            model.actuator_biasprm[i, :3] = 0, -position, -damping
            model.actuator_forcelimited[i] = row["effort"] < 1e30
            model.actuator_forcerange[i] = (-row["effort"], row["effort"]) if row["effort"] < 1e30 else 0
            model.jnt_range[joint] = (row["lower"], row["upper"]) if row["hasLimits"] else 0
            model.dof_armature[dof], model.dof_frictionloss[dof] = row["armature"], row["friction"]
            model.dof_damping[dof] = model.jnt_stiffness[joint] = 0  # of the file: these are the drive's now

    def step(self) -> None:
        """One simulate."""
        model, data, asset = self.model, self.data, self.actor.asset
        modes = self.actor.properties["driveMode"]
        position = modes == int(DofDriveMode.DOF_MODE_POS)
        velocity = modes == int(DofDriveMode.DOF_MODE_VEL)
        data.ctrl[:] = np.where(position, self.targets, np.where(velocity, 0.0, self.efforts))
        limit, options = self.actor.properties["velocity"], asset.options
        collected = np.zeros_like(self.contacts)
        for i in range(self.substeps):
            mujoco.mj_step(model, data)
            if asset.sensors and i == self.substeps - 1:
                self.sensed = read_sensors(model, data, asset.sensors, self.bodies)
            forces = self._contact_forces()
            collected = collected + forces / self.substeps
            data.qvel[self.qvel] = np.clip(data.qvel[self.qvel], -limit, limit)
            if asset.floating:
                spin, most = np.linalg.norm(data.qvel[3:6]), options.max_angular_velocity
                data.qvel[0:3] *= 1 - options.linear_damping * model.opt.timestep
                data.qvel[3:6] *= 1 - options.angular_damping * model.opt.timestep
                data.qvel[3:6] *= most / spin if spin > most else 1
        last = self.collect == self.collect.CC_LAST_SUBSTEP
        self.contacts = 0 * forces if self.collect == self.collect.CC_NEVER else forces if last else collected
        mujoco.mj_fwdPosition(model, data)  # else the poses lag behind the joints by a step
        mujoco.mj_fwdVelocity(model, data)

    def states(self) -> np.ndarray:
        """Those of the bodies as of the last simulate: setters change qpos and qvel, and nothing that follows from them. [B, 13]"""
        return np.array([self._state(body) for body in self.bodies])

    def root(self) -> np.ndarray:
        """[13], in the gym's conventions; the pose that is asked for or reached, whatever the bodies show. [13]"""
        if not self.actor.asset.floating:
            return self._state(self.bodies[0])
        pos, quat = self.data.qpos[0:3], self.data.qpos[3:7]
        turn = _matrix(quat)
        spin = turn @ self.data.qvel[3:6]
        vel = self.data.qvel[0:3] + self._arm(turn, spin)
        return np.concatenate([self._shown(pos), quat[[1, 2, 3, 0]], vel, spin])

    def set_root(self, state: np.ndarray) -> None:
        data = self.data
        if not self.actor.asset.floating:
            raise RuntimeError("not modelled: the root state of an actor with a fixed base")
        data.qpos[0:3] = state[0:3] - (self.origin if KNOBS.positions == "global" else 0)
        data.qpos[3:7] = state[[6, 3, 4, 5]]
        turn = _matrix(data.qpos[3:7])
        data.qvel[0:3] = state[7:10] - self._arm(turn, state[10:13])
        data.qvel[3:6] = turn.T @ state[10:13]
        data.qacc_warmstart[:] = 0

    def dofs(self) -> np.ndarray:
        return np.stack([self.data.qpos[self.qpos], self.data.qvel[self.qvel]], -1)

    def set_dofs(self, state: np.ndarray) -> None:
        self.data.qpos[self.qpos], self.data.qvel[self.qvel] = state[:, 0], state[:, 1]
        self.data.qacc_warmstart[:] = 0

    def drive_forces(self) -> np.ndarray:
        on = self.actor.force_sensors
        return self.data.qfrc_actuator[self.qvel] if on else np.zeros(len(self.qvel))

    def _arm(self, turn: np.ndarray, spin: np.ndarray) -> np.ndarray:
        """What a spin adds to the velocity on the way from the origin of the root to the point that the tensors mean."""
        com = self.model.body_ipos[self.bodies[0]] if KNOBS.velocity_at == "com" else np.zeros(3)
        return np.cross(spin, turn @ com)

    def _state(self, body: int) -> np.ndarray:
        velocity = np.zeros(6)
        at_com = KNOBS.velocity_at == "com"
        kind = mujoco.mjtObj.mjOBJ_BODY if at_com else mujoco.mjtObj.mjOBJ_XBODY
        mujoco.mj_objectVelocity(self.model, self.data, kind, body, velocity, 0)
        pos, quat = self.data.xpos[body], self.data.xquat[body]
        return np.concatenate([self._shown(pos), quat[[1, 2, 3, 0]], velocity[3:], velocity[:3]])

    def _shown(self, pos: np.ndarray) -> np.ndarray:
        return pos + (self.origin if KNOBS.positions == "global" else 0)

    def _contact_forces(self) -> np.ndarray:
        """Net force on each body in the last step, world axes: of the normals, and of friction where asked for."""
        model, data = self.model, self.data
        total = np.zeros((model.nbody, 3))
        if data.ncon:
            contacts, six = data.contact, np.zeros(6)
            for i, (address, geoms) in enumerate(zip(contacts.efc_address.tolist(), contacts.geom)):
                if address < 0:
                    continue
                frame = contacts.frame[i]
                force = data.efc_force[address] * frame[:3]  # elliptic cones: the normal comes first
                if KNOBS.friction_in_contacts:
                    mujoco.mj_contactForce(model, data, i, six)
                    force = frame.reshape(3, 3).T @ six[:3]
                first, second = model.geom_bodyid[geoms]
                total[second] += force
                total[first] -= force
        return total[self.bodies]

    def _set_friction(self, ground: Ground) -> None:
        """PhysX takes the mean of two shapes' friction."""
        shapes = [
            g for body in self.actor.asset.bodies for g in _geoms_of(self.model, self.model.body(body).id)
        ]
        assert len(shapes) == len(self.actor.friction)
        for geom, friction in zip(shapes, self.actor.friction):
            mean = friction if ground is None else (friction + ground.static_friction) / 2
            self.model.geom_friction[geom, 0], self.model.geom_priority[geom] = mean, 1


def _geoms_of(model: mujoco.MjModel, body: int) -> list:
    return [g for g in range(model.ngeom) if model.geom_bodyid[g] == body]


def _scene(actor: Actor, ground: Ground, origin: np.ndarray) -> str:
    """The MJCF of an actor at its pose on the ground, a motor on each DOF.

    Every shape of its file collides, whatever its contype: the worst case. With a filter of 0 also with the robot itself; -1 leaves
    that to the file.
    """
    top = ElementTree.fromstring(actor.asset.text)
    world = top.find("worldbody")
    root = world.find("body")
    p, r = actor.pose.p, actor.pose.r
    root.set("pos", _text(p.x, p.y, p.z))
    root.set("quat", _text(r.w, r.x, r.y, r.z))
    if actor.asset.floating:
        root.insert(0, ElementTree.Element("freejoint"))
    if actor.filter >= 0:
        for geom in root.iter("geom"):
            geom.set("contype", str(ROBOT))
            geom.set("conaffinity", str(GROUND if actor.filter else GROUND | ROBOT))
    collides = {"contype": str(GROUND), "conaffinity": str(ROBOT)}
    if isinstance(ground, Terrain):
        columns, rows = (str(n) for n in ground.shares.shape)
        field = {"name": "ground", "nrow": rows, "ncol": columns, "size": _text(*ground.size)}
        ElementTree.SubElement(ElementTree.SubElement(top, "asset"), "hfield", field)
        ElementTree.SubElement(
            world, "geom", type="hfield", hfield="ground", pos=_text(*(ground.centre - origin)), **collides
        )
    elif ground is not None:
        normal, quat = np.array([ground.normal.x, ground.normal.y, ground.normal.z]), np.zeros(4)
        mujoco.mju_quatZ2Vec(quat, normal)
        ElementTree.SubElement(
            world, "geom", type="plane", size="0 0 1", quat=_text(*quat), pos=_text(*(-ground.distance * normal)),
            **collides,
        )  # fmt: skip
    motors = ElementTree.SubElement(top, "actuator")
    for name in actor.asset.dofs:
        ElementTree.SubElement(motors, "general", joint=name)
    return ElementTree.tostring(top, encoding="unicode")


def _text(*numbers: float) -> str:
    return " ".join(repr(float(number)) for number in numbers)


def _matrix(quat: np.ndarray) -> np.ndarray:
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, quat)
    return flat.reshape(3, 3)
