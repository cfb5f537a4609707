"""What a task needs from a robot's MJCF: names, order, ranges, limits, gains and poses. Reads the XML, never MuJoCo.

Order and rules are MuJoCo's: bodies and joints depth first, `angle`, `autolimits`, `ref`. Ball joints are left passive:
they are no dofs, and a reset puts them where the model's keyframe or its own pose has them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from rewardlang.marked_xml import Element, Value, numbers, word
from rewardlang.mjcf_actuators import Drive, drives
from rewardlang.mjcf_frames import IDENTITY, Pose, direction, in_degrees, placed, quaternion
from rewardlang.mjcf_xml import Document, parse

INFINITE = (-math.inf, math.inf)
ORIGIN: Pose = ((0.0, 0.0, 0.0), IDENTITY)
TYPES = ("hinge", "slide", "ball", "free")
SIZES = {"free": 7, "ball": 4, "hinge": 1, "slide": 1}  # numbers in MuJoCo's qpos
JOINTS = ("joint", "freejoint")
TIMESTEPS = (1e-6, 1.0)  # s; the shortest and the longest physics step


class Stance(NamedTuple):
    """Where the root is and how the joints stand."""

    pos: Tuple[float, ...]  # m, world
    rot: Tuple[float, ...]  # xyzw
    dof_pos: Tuple[float, ...]  # rad or m


class Keyframe(NamedTuple):
    name: str
    number: int  # among the model's keyframes
    stance: Stance


@dataclass(frozen=True)
class Robot:
    """The names of an MJCF model and its limits; tuples run in the order of `dof_names` or `body_names`."""

    body_names: tuple  # [0] is the root body; the world is not listed
    parents: tuple  # index of each body's parent; -1 for the root
    body_positions: tuple  # m, of each body's origin in the root's frame, the model in its own pose
    dof_names: tuple  # hinge and slide joints
    dof_bodies: tuple  # index of the body that each joint moves
    dof_range: tuple  # (lower, upper) a joint, rad or m; infinite where the model sets none
    dof_axes: tuple  # unit direction of each joint's axis in the root's frame, the model in its own pose
    dof_damping: tuple  # N·m·s/rad, of the joint itself
    slides: tuple  # names of the joints that slide
    drives: Dict[str, Drive]  # {joint: what its actuator does}, in the order of `dof_names`
    fixed_base: bool  # the root body has no free joint
    stance: Stance  # the model's own pose
    keyframes: Tuple[Keyframe, ...]
    timestep: Optional[float]  # s; None if the file sets none

    @property
    def actuated(self) -> tuple:
        """Names of the joints that have an actuator."""
        return tuple(self.drives)

    @property
    def rails(self) -> tuple:
        """Names of the root body's own joints: on them the base of a planar robot moves, which has no free joint."""
        return tuple(name for name, body in zip(self.dof_names, self.dof_bodies) if body == 0)

    @property
    def roams(self) -> bool:
        """Whether the root body has a free joint, or slides."""
        return not self.fixed_base or any(name in self.slides for name in self.rails)

    @property
    def torque_limits(self) -> tuple:
        """N·m; infinite where the model sets none, 0 for a joint without an actuator."""
        return tuple(self.drives[name].effort if name in self.drives else 0.0 for name in self.dof_names)


def read(path: Path) -> Robot:
    """The robot in an MJCF file: of the bodies that stand in the world, the one with the most joints.

    Raises ConfigError with file, line and column.
    """
    document = parse(path)
    tops = [top for world in document.root.named("worldbody") for top in document.children(world, None)]
    moving = [top for top in tops if top[0].tag == "body" and _count(top[0])]
    if not moving:
        raise document.root.error("no body with a joint in <worldbody>")
    chosen = max(moving, key=lambda top: _count(top[0]))
    before = 0  # numbers of qpos that belong to other bodies of the world
    for other in moving[: moving.index(chosen)]:
        before += sum(SIZES[joint.type] for joint in _walk(document, other).joints)
    tree = _walk(document, chosen)
    root = placed(chosen[2], chosen[0].attributes, document.compiler)

    dofs = {joint.name: joint for joint in tree.joints if joint.type in ("hinge", "slide")}
    attributes = {name: joint.attributes for name, joint in dofs.items()}
    driven = drives(document, attributes)
    stance = Stance(
        root[0], quaternion(root[1]), tuple(_own_position(document, joint) for joint in dofs.values())
    )
    return Robot(
        body_names=tuple(tree.names),
        parents=tuple(tree.parents),
        body_positions=tuple(pose[0] for pose in tree.poses),
        dof_names=tuple(dofs),
        dof_bodies=tuple(joint.body for joint in dofs.values()),
        dof_range=tuple(_range(document, joint) for joint in dofs.values()),
        dof_axes=tuple(joint.axis for joint in dofs.values()),
        dof_damping=tuple(_number(joint, "damping") for joint in dofs.values()),
        slides=tuple(name for name, joint in dofs.items() if joint.type == "slide"),
        drives={name: driven[name] for name in dofs if name in driven},
        fixed_base=all(joint.type != "free" for joint in tree.joints),
        stance=stance,
        keyframes=_keyframes(document, tree.joints, before, stance),
        timestep=_timestep(document),
    )


@dataclass
class _Joint:
    name: str
    type: str
    body: int
    axis: Tuple[float, ...]
    attributes: Dict[str, Value]


@dataclass
class _Tree:
    names: List[str] = field(default_factory=list)
    parents: List[int] = field(default_factory=list)
    poses: List[Pose] = field(default_factory=list)
    joints: List[_Joint] = field(default_factory=list)


def _count(body: Element) -> int:
    return sum(element.tag in JOINTS for element in body.all())


def _walk(document: Document, top: Tuple[Element, Optional[str], Pose]) -> _Tree:
    """The bodies and joints below `top`, depth first, poses in its frame.

    An unnamed body is called after its first joint, an unnamed joint after its body; else both after their number.
    """
    tree = _Tree()
    todo = [(-1, top[0], top[1], ORIGIN)]
    while todo:
        parent, body, childclass, pose = todo.pop()
        at = len(tree.names)
        childclass = body.get("childclass") or childclass
        inside = list(document.children(body, childclass, pose))
        joints = [item for item in inside if item[0].tag in JOINTS]
        named = [joint.get("name") for joint, _, _ in joints if joint.get("name")]
        name = _unused([body.get("name"), *named[:1], f"body_{at}"], tree.names)
        if name in tree.names:
            raise body.error(f"body {name!r}: every body of the robot needs a name of its own")
        tree.names.append(name)
        tree.parents.append(parent)
        tree.poses.append(pose)
        for joint, own, frame in joints:
            taken = [other.name for other in tree.joints]
            if joint.get("name") in taken:
                raise joint.error(f"joint {joint.get('name')!r}: every joint needs a name of its own")
            label = _unused([joint.get("name"), body.get("name"), f"joint_{len(taken)}"], taken)
            attributes = document.attributes(joint, own) if joint.tag == "joint" else {}
            kind = word(attributes, "type", TYPES, f"joint {label!r}") if joint.tag == "joint" else "free"
            axis = direction(frame, attributes, "axis")
            tree.joints.append(_Joint(label, kind, at, axis, attributes))
        below = [
            (at, child, own, placed(frame, child.attributes, document.compiler))
            for child, own, frame in inside
            if child.tag == "body"
        ]
        todo += reversed(below)
    return tree


def _unused(candidates: List[str], taken: List[str]) -> str:
    """The first of `candidates` that may be a name here; the first one of all, if it is the file's own, in any case."""
    if candidates[0]:
        return candidates[0]
    return next((name for name in candidates if name and name not in taken), candidates[-1] + "_")


def _number(joint: _Joint, key: str) -> float:
    return numbers(joint.attributes, key, (0.0,), f"joint {joint.name!r}")[0]


def _in_degrees(document: Document, joint: _Joint) -> bool:
    return joint.type == "hinge" and in_degrees(document.compiler)


def _own_position(document: Document, joint: _Joint) -> float:
    """Where a joint is in the model's own pose, rad or m."""
    ref = _number(joint, "ref")
    return math.radians(ref) if _in_degrees(document, joint) else ref


def _range(document: Document, joint: _Joint) -> Tuple[float, float]:
    """(lower, upper) of a joint in rad or m."""
    ends = document.limits(joint.attributes, "limited", "range", f"joint {joint.name!r}")
    if ends is None:
        return INFINITE
    return (math.radians(ends[0]), math.radians(ends[1])) if _in_degrees(document, joint) else ends


def _keyframes(document: Document, joints: List[_Joint], before: int, own: Stance) -> Tuple[Keyframe, ...]:
    """Those that say where the robot is."""
    found: List[Keyframe] = []
    last = before + sum(SIZES[joint.type] for joint in joints)
    keys = [key for section in document.root.named("keyframe") for key in section.named("key")]
    for number, key in enumerate(keys):
        qpos = numbers(key.attributes, "qpos", (), f"keyframe {str(key.get('name') or number)!r}")
        if len(qpos) < last:
            continue
        at, stance = before, own
        dof_pos: Tuple[float, ...] = ()
        for joint in joints:
            values = qpos[at : at + SIZES[joint.type]]
            at += len(values)
            if joint.type == "free":
                length = math.sqrt(sum(x * x for x in values[3:])) or 1.0
                w, x, y, z = (part / length for part in values[3:])
                stance = Stance(tuple(values[:3]), (x, y, z, w), ())
            elif joint.type in ("hinge", "slide"):
                dof_pos += values
        found.append(Keyframe(key.get("name"), number, stance._replace(dof_pos=dof_pos)))
    return tuple(found)


def _timestep(document: Document) -> Optional[float]:
    found: Optional[float] = None
    for option in document.root.named("option"):
        if "timestep" in option.attributes:
            found = numbers(option.attributes, "timestep", (0.0,))[0]
            if not TIMESTEPS[0] <= found <= TIMESTEPS[1]:
                raise option.error(
                    f"timestep must be in [{TIMESTEPS[0]:g}, {TIMESTEPS[1]:g}] s, not {found:g}"
                )
    return found
