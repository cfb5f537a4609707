"""The MJCF importer: what it reads, what it drops, what it cannot take. A file becomes an MJCF of one body tree."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import mujoco
import numpy as np

from . import KNOBS, urdf
from .sensors import ForceSensor
from .structs import FLT_MAX, ActuatorProperties, AssetOptions, DofDriveMode, GymError, RigidShapeProperties

READ = ("compiler", "default", "worldbody", "actuator")  # sections; the others are dropped
ACTUATORS = {  # others were seen to make it loop for ever
    "motor": DofDriveMode.DOF_MODE_EFFORT, "position": DofDriveMode.DOF_MODE_POS, "velocity": DofDriveMode.DOF_MODE_VEL,
}  # fmt: skip
PRIMITIVES = ("sphere", "capsule", "box", "cylinder")


class Asset:
    """A loaded robot: `text` is what was read of its file, `bodies` and `dofs` are names in the gym's order.

    `limits` are the greatest velocity and effort of its joints, where the file says them.
    """

    def __init__(
        self, text: str, options: AssetOptions, limits: Optional[Dict[str, Tuple[float, float]]] = None
    ):
        self.text, self.options, self.limits = text, options, limits or {}
        self.actuators: List[
            ActuatorProperties
        ] = []  # in the file's order, which need not be that of the DOFs
        self.modes: Dict[str, DofDriveMode] = {}  # of the joints with an actuator
        self.sensors: List[ForceSensor] = []
        self.used = False  # by an actor
        model = mujoco.MjModel.from_xml_string(text)
        kinds = [mujoco.mjtJoint(kind) for kind in model.jnt_type]
        if mujoco.mjtJoint.mjJNT_BALL in kinds:
            raise GymError("not modelled: a ball joint")
        hinges = [model.jnt_bodyid[i] for i, kind in enumerate(kinds) if kind != mujoco.mjtJoint.mjJNT_FREE]
        if KNOBS.several_joints == "refuse" and len(set(hinges)) < len(hinges):
            raise GymError(
                "not modelled: several hinges of a body become a spherical joint, positions a rotation vector"
            )
        self.bodies = _ordered([model.body(i).name for i in range(1, model.nbody)], keep=1)
        joints = [i for i, kind in enumerate(kinds) if kind != mujoco.mjtJoint.mjJNT_FREE]
        self.dofs = _ordered([model.joint(i).name for i in joints])
        self.floating = not options.fix_base_link
        # every shape that was imported, body after body
        self.shapes_of_body = [
            [g for g in range(model.ngeom) if model.geom_bodyid[g] == model.body(name).id]
            for name in self.bodies
        ]
        self.geoms = [geom for shapes in self.shapes_of_body for geom in shapes]
        self.shape_properties = [RigidShapeProperties() for _ in self.geoms]


def load(rootpath: str, filename: str, options: AssetOptions) -> Asset:
    """The asset in a file. Raises GymError where the binary would crash, hang or return None."""
    path = Path(rootpath) / filename
    for name in ("override_com", "override_inertia", "vhacd_enabled"):
        if getattr(options, name):
            raise GymError(f"not modelled: AssetOptions.{name}")
    if path.suffix == ".urdf":
        text, limits = urdf.read(path, options)
        return Asset(text, options, limits)
    if path.suffix != ".xml":
        raise GymError(f"not modelled: {path.suffix} assets")
    root = ElementTree.parse(path).getroot()
    if root.tag != "mujoco":
        raise GymError(f"{path.name}: no MJCF")
    if next(root.iter("include"), None) is not None:
        raise GymError(f"{path.name}: the importer knows no <include>")
    for name in ("armature", "collapse_fixed_joints"):
        if getattr(options, name):
            raise GymError(f"not modelled: AssetOptions.{name}")
    if not options.enable_gyroscopic_forces or not options.use_physx_armature:
        raise GymError("not modelled: armature that is not the joint's, or no gyroscopic forces")
    for section in root.findall("actuator"):
        for actuator in section:
            if actuator.tag not in ACTUATORS:
                raise GymError(f"{path.name}: <{actuator.tag}> makes the importer loop for ever")
    for section in list(root):
        if section.tag not in READ:
            root.remove(section)
    worlds = root.findall("worldbody")
    bodies = [child for world in worlds for child in world if child.tag == "body"]
    if len(worlds) != 1 or len(bodies) != 1:
        raise GymError(
            f"{path.name}: {len(bodies)} bodies stand in the world; the importer takes exactly one"
        )
    for child in list(worlds[0]):
        if child.tag != "body":
            worlds[0].remove(child)  # geoms of the world are no part of the robot
    _clean(root, bodies[0], options)
    with_actuators = ElementTree.tostring(root, encoding="unicode")
    tags = [actuator.tag for section in root.findall("actuator") for actuator in section]
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (*ACTUATORS, "general", "actuator"):
                parent.remove(child)
    asset = Asset(ElementTree.tostring(root, encoding="unicode"), options)
    if tags:
        _read_actuators(asset, mujoco.MjModel.from_xml_string(with_actuators), tags)
    return asset


def _read_actuators(asset: Asset, model: mujoco.MjModel, tags: List[str]) -> None:
    """What the file says of its motors: a motor's effort is its gear, whatever its range of control."""
    for i, tag in enumerate(tags):
        found = ActuatorProperties()
        found.motor_effort = model.actuator_gear[i, 0]
        found.control_limited = bool(model.actuator_ctrllimited[i])
        found.force_limited = bool(model.actuator_forcelimited[i])
        found.lower_control_limit, found.upper_control_limit = model.actuator_ctrlrange[i]
        found.lower_force_limit, found.upper_force_limit = model.actuator_forcerange[i]
        found.kp, found.kv = -model.actuator_biasprm[i, 1], -model.actuator_biasprm[i, 2]
        asset.actuators.append(found)
        asset.modes[model.joint(model.actuator_trnid[i, 0]).name] = ACTUATORS[tag]


def _clean(root: ElementTree.Element, body: ElementTree.Element, options: AssetOptions) -> None:
    """Only what the importer reads: it needs `limited`, ignores the mass of geoms and loses frictionloss."""
    compiler = root.find("compiler")
    compiler = ElementTree.SubElement(root, "compiler") if compiler is None else compiler
    compiler.set("autolimits", "false")
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in ("site", "light", "camera"):
                parent.remove(child)
    for geom in root.iter("geom"):
        for key in ("material", "mass", "class") if geom.get("class") == "visual" else ("material", "mass"):
            geom.attrib.pop(key, None)
        if geom.get("type", "sphere") not in PRIMITIVES:
            raise GymError(f"the importer takes no geom of type {geom.get('type')!r}")
        if geom.get("density") is None and not _has_density(root):
            geom.set("density", repr(options.density))
    limited = any("limited" in joint.attrib for part in root.iter("default") for joint in part.iter("joint"))
    for joint in root.iter("joint"):
        joint.attrib.pop("frictionloss", None)
        if not limited and "limited" not in joint.attrib:
            joint.attrib.pop("range", None)
    free = [j for j in body if j.tag == "freejoint" or (j.tag == "joint" and j.get("type") == "free")]
    for joint in free:
        body.remove(joint)  # whether the base floats is said by the options alone
    for key in ("pos", "quat", "euler", "axisangle"):
        body.attrib.pop(key, None)  # the actor's pose says where it is


def _has_density(root: ElementTree.Element) -> bool:
    """Whether the file's defaults give a density: the options' is for files that say nothing of it."""
    found = [geom for default in root.iter("default") for geom in default.findall("geom")]
    return any(geom.get("density") is not None for geom in found)


def _ordered(names: List[str], keep: int = 0) -> List[str]:
    """The gym's order: the file's, or one that is not its own inverse. The first `keep` stay."""
    if KNOBS.order == "document":
        return names
    rest = names[keep:]
    turn = (len(rest) + 1) // 3
    return names[:keep] + rest[turn:] + rest[:turn]


def default_properties(asset: Asset, model: mujoco.MjModel, properties: np.ndarray) -> None:
    """The DOF properties that an actor is born with."""
    for row, name in zip(properties, asset.dofs):
        joint = model.joint(name)
        i, dof = joint.id, model.jnt_dofadr[joint.id]
        row["hasLimits"] = model.jnt_limited[i]
        row["lower"], row["upper"] = model.jnt_range[i] if model.jnt_limited[i] else (-FLT_MAX, FLT_MAX)
        row["driveMode"] = int(asset.modes.get(name, asset.options.default_dof_drive_mode))
        row["velocity"], row["effort"] = asset.limits.get(name, (100.0, FLT_MAX))
        row["stiffness"], row["damping"] = model.jnt_stiffness[i], model.dof_damping[dof]
        row["friction"], row["armature"] = 0.0, model.dof_armature[dof]
