"""A task's compiled model as a plain MJCF for another simulator's importer, with the numbers that it must come out with.

Importers of MJCF lose what they don't know: defaults, frictionloss, masses of geoms, ranges without `limited`. So the file holds one
tree of bodies with everything written out, and the numbers beside it are what the adapter sets by name and compares.

Isaac Gym makes one spherical joint of several hinges of a body, and their positions a rotation vector (nv-tlabs/ASE issue 30). So a
body with several joints stands at the end of a chain of small links, a joint each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, List, Optional, Tuple
from xml.etree import ElementTree

import mujoco
import numpy as np

from rewardlang.sim.mujoco_model import SLIDE, check_names, check_start, dofs_of, load_model, root_of, servos

XYZW = [1, 2, 3, 0]
PLANE = int(mujoco.mjtGeom.mjGEOM_PLANE)
SPHERE, CAPSULE = int(mujoco.mjtGeom.mjGEOM_SPHERE), int(mujoco.mjtGeom.mjGEOM_CAPSULE)
ELLIPSOID, CYLINDER = int(mujoco.mjtGeom.mjGEOM_ELLIPSOID), int(mujoco.mjtGeom.mjGEOM_CYLINDER)
BOX = int(mujoco.mjtGeom.mjGEOM_BOX)
LINK = 5e-3  # share of a body's mass and inertia that each link before it gets: PhysX moves nothing without
SHAPES = (SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX)


@dataclass(frozen=True)
class Asset:
    """A robot. Arrays run in the order of `body_names` [B] or `dof_names` [D]; SI units, quaternions xyzw."""

    xml: str
    body_names: Tuple[str, ...]
    dof_names: Tuple[str, ...]
    links: Tuple[str, ...]  # of the file beside the bodies
    fixed_base: bool
    root_pose: np.ndarray  # [7] position and quaternion in the file
    gravity: np.ndarray  # [3] m/s²
    ground_friction: Optional[float]  # None without a ground
    parents: Tuple[int, ...]  # index of each body's parent, -1 for the root
    body_pos: np.ndarray  # [B, 3] in the parent; the root's is 0
    body_quat: np.ndarray  # [B, 4]
    body_kept: np.ndarray  # [B] share of its mass and inertia that is not in links
    body_mass: np.ndarray  # [B]
    body_com: np.ndarray  # [B, 3] in the body
    body_inertia: np.ndarray  # [B, 3, 3] about the centre of mass, axes of the body
    body_friction: np.ndarray  # [B] of contacts with the ground; NaN for a body that touches nothing
    dof_body: Tuple[int, ...]  # the body that each joint moves; several of a body act one after the other
    dof_slides: np.ndarray  # [D] bool
    dof_axis: np.ndarray  # [D, 3] in the body
    dof_anchor: np.ndarray  # [D, 3] in the body
    dof_lower: np.ndarray  # [D], infinite where there is no limit
    dof_upper: np.ndarray
    dof_armature: np.ndarray
    dof_driven: np.ndarray  # [D] bool: has a motor
    dof_stiffness: np.ndarray  # of the motor, or of the joint's own spring
    dof_damping: np.ndarray  # of the motor
    dof_own_damping: np.ndarray  # of the joint itself
    dof_effort: np.ndarray  # what the motor can give at most; infinite without a limit
    dof_rest: np.ndarray  # where the spring of a joint without a motor pulls it


def plain_asset(task) -> Asset:
    """The robot of a task. Raises ValueError for what no plain file can say, and names it."""
    model = load_model(task, batched=False)
    root = root_of(model)
    count = len(task.body_names)
    bodies, joints = slice(root, root + count), dofs_of(model, root)
    check_names(task, model, bodies, joints)
    for problem in _problems(model, root, bodies, joints):
        raise ValueError(f"{task.mjcf}: error: Isaac Gym can't load this robot: {problem}")
    data = mujoco.MjData(model)
    if not task.fixed_base:
        x, y, z, w = task.init_state.rot
        data.qpos[:7] = *task.init_state.pos, w, x, y, z
    data.qpos[model.jnt_qposadr[joints]] = task.default_dof_pos
    check_start(task, model, data)
    dofs = model.jnt_dofadr[joints]
    driven = np.zeros(len(joints), bool)
    driven[servos(model, joints)[1]] = True
    own = lambda given, passive: np.where(driven, np.asarray(given, float), passive)
    limited = model.jnt_limited[joints].astype(bool)
    dof_body = tuple(int(body) - root for body in model.jnt_bodyid[joints])
    last = {body: d for d, body in enumerate(dof_body)}  # its body's last joint
    linked = [d for d, body in enumerate(dof_body) if d != last[body]]
    asset = Asset(
        xml="",
        body_names=tuple(task.body_names),
        dof_names=tuple(task.dof_names),
        links=tuple(_link(task.body_names[dof_body[d]], task.dof_names[d]) for d in linked),
        fixed_base=task.fixed_base,
        root_pose=np.concatenate([model.body_pos[root], model.body_quat[root][XYZW]]),
        gravity=model.opt.gravity.copy(),
        ground_friction=max(model.geom_friction[_ground(model), 0].tolist(), default=None),
        parents=(-1, *(int(parent) - root for parent in model.body_parentid[bodies][1:])),
        body_pos=np.concatenate([np.zeros((1, 3)), model.body_pos[bodies][1:]]),
        body_quat=np.concatenate([[[0, 0, 0, 1.0]], model.body_quat[bodies][1:, XYZW]]),
        body_kept=1 - LINK * np.bincount([dof_body[d] for d in linked], minlength=count),
        body_mass=model.body_mass[bodies].copy(),
        body_com=model.body_ipos[bodies].copy(),
        body_inertia=np.array([_inertia(model, body) for body in range(root, root + count)]),
        body_friction=np.array([_friction(model, body) for body in range(root, root + count)]),
        dof_body=dof_body,
        dof_slides=model.jnt_type[joints] == SLIDE,
        dof_axis=model.jnt_axis[joints].copy(),
        dof_anchor=model.jnt_pos[joints].copy(),
        dof_lower=np.where(limited, model.jnt_range[joints, 0], -np.inf),
        dof_upper=np.where(limited, model.jnt_range[joints, 1], np.inf),
        dof_armature=model.dof_armature[dofs].copy(),
        dof_driven=driven,
        dof_stiffness=own(task.stiffness, model.jnt_stiffness[joints]),
        dof_damping=own(task.damping, 0.0),
        dof_own_damping=model.dof_damping[dofs].copy(),
        dof_effort=own(task.torque_limits, np.inf),
        dof_rest=model.qpos_spring[model.jnt_qposadr[joints]].copy(),
    )
    object.__setattr__(asset, "xml", _xml(task.name, model, root, asset))
    return asset


def _problems(model: Any, root: int, bodies: slice, joints: np.ndarray) -> Iterator[str]:
    """What the plain file cannot say, most telling first."""
    name = lambda kind, i: repr(getattr(model, kind)(int(i)).name or f"{kind} {i}")
    kinds = model.jnt_type
    others = [i for i in range(model.njnt) if model.body_rootid[model.jnt_bodyid[i]] != root]
    balls = [i for i in range(model.njnt) if kinds[i] == mujoco.mjtJoint.mjJNT_BALL]
    if others:
        yield f"joint {name('joint', others[0])} belongs to another thing that moves in the world; it takes the robot alone"
    if balls:
        yield f"joint {name('joint', balls[0])} is a ball joint; it takes hinges and slides"
    moved = [i for i in joints if model.jnt_bodyid[i] == root]
    if moved:
        yield f"joint {name('joint', moved[0])} moves the root body, which must be free or fixed"
    for i in joints:
        if model.qpos0[model.jnt_qposadr[i]]:
            yield f"joint {name('joint', i)} has a `ref`, which its importer does not read"
        if (
            model.jnt_stiffness[i]
            and i in joints[servos(model, joints)[1]]
            and model.body_rootid[model.jnt_bodyid[i]] == root
        ):
            yield f"joint {name('joint', i)} has a spring beside its motor; its drives hold one of them"
    for i in np.flatnonzero(model.eq_active0):
        yield f"equality {name('eq', i)} closes a loop or ties joints; its importer does not read them"
    for body in range(bodies.start, bodies.stop):
        for geom in _touching(model, body):
            if int(model.geom_type[geom]) not in SHAPES:
                yield f"geom {name('geom', geom)} collides as a mesh; its importer takes spheres, capsules, cylinders and boxes"
    for body in range(bodies.start, bodies.stop):
        if not model.body_mass[body] and model.body_weldid[body]:
            yield f"body {name('body', body)} has no mass, and moves; give it a small <inertial>"
    for geom in range(model.ngeom):
        if (
            model.body_rootid[model.geom_bodyid[geom]] != root
            and (model.geom_contype[geom] or model.geom_conaffinity[geom])
            and int(model.geom_type[geom]) != PLANE
        ):
            yield f"geom {name('geom', geom)} stands in the world; the ground here is a plane at height 0"
    for geom in _ground(model):
        up, height = _matrix(model.geom_quat[geom])[2, 2], model.geom_pos[geom, 2]
        if up < 1 - 1e-9 or abs(height) > 1e-9:
            yield f"geom {name('geom', geom)} must be a plane at height 0 that faces up"


def _ground(model: Any) -> np.ndarray:
    return np.flatnonzero(model.geom_type == PLANE)


def _touching(model: Any, body: int) -> List[int]:
    """Geoms of a body that touch the ground."""
    mine = range(model.body_geomadr[body], model.body_geomadr[body] + max(0, model.body_geomnum[body]))
    ground = _ground(model)
    return [
        g
        for g in mine
        if any(
            model.geom_contype[g] & model.geom_conaffinity[p]
            or model.geom_contype[p] & model.geom_conaffinity[g]
            for p in ground
        )
    ]


def _friction(model: Any, body: int) -> float:
    """MuJoCo takes the greater of two geoms' coefficients."""
    pairs = [
        max(model.geom_friction[g, 0], *model.geom_friction[_ground(model), 0])
        for g in _touching(model, body)
    ]
    return float(max(pairs, default=np.nan))


def _inertia(model: Any, body: int) -> np.ndarray:
    turn = _matrix(model.body_iquat[body])
    return turn @ np.diag(model.body_inertia[body]) @ turn.T


def _matrix(quat: np.ndarray) -> np.ndarray:
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, quat)
    return flat.reshape(3, 3)


def _xml(name: str, model: Any, root: int, asset: Asset) -> str:
    """The file: one tree, nothing inherited, nothing that the importer would have to infer."""
    top = ElementTree.Element("mujoco", model=name)
    ElementTree.SubElement(top, "compiler", angle="radian", inertiafromgeom="false")
    nodes = [ElementTree.SubElement(top, "worldbody")]
    for i, body_name in enumerate(asset.body_names):
        body, node = root + i, nodes[asset.parents[i] + 1]
        place = {"pos": _text(asset.body_pos[i]), "quat": _text(asset.body_quat[i][[3, 0, 1, 2]])}
        mass, inertia = model.body_mass[body], model.body_inertia[body]
        if not mass:  # of what can't move any will do, but there must be some
            mass, inertia = 1.0, np.ones(3)
        joints = [d for d, moved in enumerate(asset.dof_body) if moved == i]
        for d in joints[:-1]:
            node = ElementTree.SubElement(
                node, "body", {"name": _link(body_name, asset.dof_names[d]), **place}
            )
            link_inertia = np.full(3, LINK * inertia.mean())
            _add_inertial(node, asset.dof_anchor[d], np.array([1.0, 0, 0, 0]), LINK * mass, link_inertia)
            _add_joint(node, asset, d)
            place = {}
        node = ElementTree.SubElement(node, "body", {"name": body_name, **place})
        nodes.append(node)
        if i == 0 and not asset.fixed_base:
            ElementTree.SubElement(node, "freejoint", name="root")
        kept = asset.body_kept[i]
        _add_inertial(node, model.body_ipos[body], model.body_iquat[body], kept * mass, kept * inertia)
        for d in joints[-1:]:
            _add_joint(node, asset, d)
        for geom in _touching(model, body):
            ElementTree.SubElement(node, "geom", _shape(model, geom))
    return ElementTree.tostring(top, encoding="unicode")


def _link(body: str, joint: str) -> str:
    return f"{body}__{joint}"


def _add_inertial(
    node: ElementTree.Element, pos: np.ndarray, quat: np.ndarray, mass: float, inertia: np.ndarray
) -> None:
    texts = {"pos": _text(pos), "quat": _text(quat), "mass": _text(mass), "diaginertia": _text(inertia)}
    ElementTree.SubElement(node, "inertial", texts)


def _add_joint(node: ElementTree.Element, asset: Asset, d: int) -> None:
    limited = bool(np.isfinite(asset.dof_lower[d]))
    joint = ElementTree.SubElement(
        node, "joint", name=asset.dof_names[d], type="slide" if asset.dof_slides[d] else "hinge",
        pos=_text(asset.dof_anchor[d]), axis=_text(asset.dof_axis[d]), armature=_text(asset.dof_armature[d]),
        damping="0", limited="true" if limited else "false",
    )  # fmt: skip
    if limited:
        joint.set("range", _text([asset.dof_lower[d], asset.dof_upper[d]]))


def _shape(model: Any, geom: int) -> dict:
    """A geom's attributes. An ellipsoid becomes the capsule along its longest axis, as wide as its middle one."""
    kind, size, pos = int(model.geom_type[geom]), model.geom_size[geom], model.geom_pos[geom]
    axes = _matrix(model.geom_quat[geom]).T  # rows: the geom's axes in the body
    if kind == SPHERE or (kind == ELLIPSOID and np.ptp(size) == 0):
        return {"type": "sphere", "pos": _text(pos), "size": _text(size[0])}
    if kind == BOX:
        return {"type": "box", "pos": _text(pos), "quat": _text(model.geom_quat[geom]), "size": _text(size)}
    radius, half, along = size[0], size[1], axes[2]
    if kind == ELLIPSOID:
        short, middle, long = np.argsort(size)
        radius, half, along = size[middle], size[long] - size[middle], axes[long]
        if half < 1e-3:
            return {"type": "sphere", "pos": _text(pos), "size": _text(radius)}
    ends = _text([*(pos - half * along), *(pos + half * along)])
    return {"type": "cylinder" if kind == CYLINDER else "capsule", "fromto": ends, "size": _text(radius)}


def _text(numbers: Any) -> str:
    return " ".join(f"{number:.9g}" for number in np.atleast_1d(numbers))
