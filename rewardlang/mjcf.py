"""What a task needs from a robot's MJCF: names, order, ranges and effort limits. Reads the XML, never MuJoCo.

Order and rules are MuJoCo's: bodies and joints depth first, `<default>` classes, `<include>`, `angle`,
`autolimits`.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from rewardlang.marked_yaml import ConfigError
from rewardlang.mjcf_frames import joint_axes

ACTUATORS = ("motor", "position", "velocity", "general")
INFINITE = (-math.inf, math.inf)


@dataclass(frozen=True)
class Robot:
    """The names of an MJCF model and its limits; tuples run in the order of `dof_names`."""

    body_names: tuple  # [0] is the root body; the world is not listed
    dof_names: tuple  # hinge and slide joints
    dof_range: tuple  # (lower, upper) a joint, rad or m; infinite where the model sets none
    torque_limits: tuple  # N·m; infinite where the model sets none, 0 for a joint without an actuator
    actuated: tuple  # names of the joints that have an actuator
    fixed_base: bool  # the root body has no free joint
    dof_axes: tuple = ()  # unit direction of each joint's axis in the root's frame, the model in its own pose
    slides: tuple = ()  # names of the joints that slide


def read(path: Path) -> Robot:
    """The robot in an MJCF file: the first body of the world that can move.

    Raises ConfigError with the file and, where the parser knows it, the line.
    """
    root = _parse(path)
    compiler: dict = {}
    for element in root.iter("compiler"):
        compiler.update(element.attrib)
    defaults: dict = {}
    for element in root.findall("default"):
        _read_defaults(element, {}, defaults)
    world = root.find("worldbody")
    trunks = [body for body in (world if world is not None else ()) if body.tag == "body"]
    moving = [body for body in trunks if any(True for tag in ("joint", "freejoint") for _ in body.iter(tag))]
    if not moving:
        raise ConfigError(path, 0, 0, "no body with a joint in <worldbody>")

    bodies: list = []
    joints: list = []  # (name, attributes with the defaults filled in)
    _walk(moving[0], None, defaults, bodies, joints, path)
    free = [name for name, joint in joints if joint["type"] == "free"]
    dofs = {name: joint for name, joint in joints if joint["type"] in ("hinge", "slide")}
    for name, joint in joints:
        if joint["type"] == "ball":
            raise ConfigError(path, 0, 0, f"joint {name!r} is a ball joint: only hinge and slide joints work")
        if joint["type"] != "free" and name not in dofs:
            raise ConfigError(path, 0, 0, f"joint {name!r} has the unknown type {joint['type']!r}")

    effort: dict = {}
    for element in root.findall("actuator/*"):
        joint = element.get("joint", "")
        if joint in dofs:
            if element.tag not in ACTUATORS:
                raise ConfigError(path, 0, 0, f"joint {joint!r}: <{element.tag}> cannot hold a position")
            actuator = _with_defaults(element, None, defaults)
            effort[joint] = _effort(joint, actuator, element.tag, dofs[joint], path)
    return Robot(
        body_names=tuple(bodies),
        dof_names=tuple(dofs),
        dof_range=tuple(_range(name, joint, compiler, path) for name, joint in dofs.items()),
        torque_limits=tuple(effort.get(name, 0.0) for name in dofs),
        actuated=tuple(name for name in dofs if name in effort),
        fixed_base=not free,
        dof_axes=_axes(moving[0], dofs, compiler, path),
        slides=tuple(name for name, joint in dofs.items() if joint["type"] == "slide"),
    )


def _axes(root: ElementTree.Element, dofs: dict, compiler: dict, path: Path) -> tuple:
    try:
        axes = joint_axes(root, dofs, compiler)
    except ValueError as error:
        raise ConfigError(path, 0, 0, f"orientation of a body or axis of a joint: {error}") from None
    return tuple(axes[name] for name in dofs)


def _parse(path: Path, depth: int = 0) -> ElementTree.Element:
    """The root element with every <include> replaced by the content of its file."""
    try:
        root = ElementTree.parse(str(path)).getroot()
    except OSError as error:
        raise ConfigError(path, 0, 0, error.strerror or str(error)) from None
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ConfigError(path, line, column + 1, f"not XML: {str(error).split(':')[0]}") from None
    if depth > 16:
        raise ConfigError(path, 0, 0, "<include> nested more than 16 deep")
    for parent in list(root.iter()):
        for child in list(parent.findall("include")):
            at = list(parent).index(child)
            parent.remove(child)
            for offset, element in enumerate(_parse(path.parent / child.get("file", ""), depth + 1)):
                parent.insert(at + offset, element)
    return root


def _read_defaults(element: ElementTree.Element, inherited: dict, found: dict) -> None:
    """Fills found: {class: {tag: attributes}}, each class with what it inherits."""
    own = {tag: dict(attributes) for tag, attributes in inherited.items()}
    for child in element:
        if child.tag != "default":
            own[child.tag] = {**own.get(child.tag, {}), **child.attrib}
    found[element.get("class", "main")] = own
    for child in element.findall("default"):
        _read_defaults(child, own, found)


def _with_defaults(element: ElementTree.Element, childclass, defaults: dict) -> dict:
    name = element.get("class") or childclass or "main"
    return {**defaults.get(name, {}).get(element.tag, {}), **element.attrib}


def _walk(body, childclass, defaults: dict, bodies: list, joints: list, path: Path) -> None:
    """Appends the body's and its descendants' names and joints, depth first."""
    name = body.get("name")
    if not name or name in bodies:
        raise ConfigError(path, 0, 0, f"body {name!r}: every body of the robot needs a name of its own")
    bodies.append(name)
    childclass = body.get("childclass", childclass)
    for element in body:
        if element.tag in ("joint", "freejoint"):
            joint = {"type": "free"}
            if element.tag == "joint":
                joint = {"type": "hinge", **_with_defaults(element, childclass, defaults)}
            label = element.get("name", "")
            if joint["type"] != "free" and (not label or any(label == other for other, _ in joints)):
                problem = f"joint {label!r} of body {name!r}: every joint needs a name of its own"
                raise ConfigError(path, 0, 0, problem)
            joints.append((label, joint))
    for child in body.findall("body"):
        _walk(child, childclass, defaults, bodies, joints, path)


def _numbers(name: str, key: str, attributes: dict, count: int, path: Path) -> tuple:
    """The first `count` numbers of an attribute; `name` is the joint's, for the message."""
    try:
        values = tuple(float(number) for number in attributes[key].split())
        if len(values) < count:
            raise ValueError
    except ValueError:
        problem = f"joint {name!r}: {key} must be {count} number(s), not {attributes[key]!r}"
        raise ConfigError(path, 0, 0, problem) from None
    return values


def _range(name: str, joint: dict, compiler: dict, path: Path) -> tuple:
    """(lower, upper) of a joint in rad or m."""
    if "range" not in joint or joint.get("limited", "auto") == "false":
        return INFINITE
    if joint.get("limited", "auto") == "auto" and compiler.get("autolimits", "true") == "false":
        return INFINITE
    lower, upper = _numbers(name, "range", joint, 2, path)
    in_degrees = joint["type"] == "hinge" and compiler.get("angle", "degree") == "degree"
    return (math.radians(lower), math.radians(upper)) if in_degrees else (lower, upper)


def _effort(name: str, actuator: dict, tag: str, joint: dict, path: Path) -> float:
    """The largest torque: the tightest of the force range, a motor's control range and the joint's."""
    gear = abs(_numbers(name, "gear", {"gear": "1", **actuator}, 1, path)[0])
    limits = []
    if "forcerange" in actuator:
        limits.append(gear * _numbers(name, "forcerange", actuator, 2, path)[1])
    if tag == "motor" and "ctrlrange" in actuator:
        limits.append(gear * _numbers(name, "ctrlrange", actuator, 2, path)[1])
    if "actuatorfrcrange" in joint:
        limits.append(_numbers(name, "actuatorfrcrange", joint, 2, path)[1])
    return min(limits, default=math.inf)
