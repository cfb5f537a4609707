"""The URDF importer: a file becomes an MJCF of one body tree, as the MJCF importer leaves one.

Children come in the alphabetical order of their links, depth first: seen on the binary for ANYmal and A1, whose files have another order.
[?] Of a joint's dynamics the damping becomes its drive's, the friction is lost. [?] A revolute joint whose limit gives no range has none.
[?] A capsule in place of a cylinder has the cylinder's length between the centres of its ends.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path
from typing import Dict, List, Tuple

import mujoco
import numpy as np

from .structs import FLT_MAX, AssetOptions, GymError

Element = ElementTree.Element
MOVING = {"revolute": "hinge", "continuous": "hinge", "prismatic": "slide"}
Pose = Tuple[np.ndarray, np.ndarray]  # place and turn


class Link:
    """A rigid body: its own link's masses and shapes, and those of the links that were merged into it."""

    def __init__(self) -> None:
        self.masses: List[Tuple[float, np.ndarray, np.ndarray]] = []  # mass, centre, inertia about it
        self.shapes: List[Tuple[Element, Pose]] = []


def read(path: Path, options: AssetOptions) -> Tuple[str, Dict[str, Tuple[float, float]]]:
    """The MJCF, and the greatest velocity and effort of each joint. Raises GymError for what is not modelled."""
    robot = ElementTree.parse(path).getroot()
    links = {link.get("name"): link for link in robot.findall("link")}
    children = defaultdict(list)
    for joint in robot.findall("joint"):
        if joint.get("type") not in (*MOVING, "fixed"):
            raise GymError(f"not modelled: a {joint.get('type')} joint")
        children[joint.find("parent").get("link")].append(joint)
    grown = {joint.find("child").get("link") for joints in children.values() for joint in joints}
    roots = [name for name in links if name not in grown]
    if len(roots) != 1:
        raise GymError(f"{path.name}: {len(roots)} links have no parent; a robot has one")
    top = Element("mujoco")
    ElementTree.SubElement(
        top, "compiler", angle="radian", autolimits="false", balanceinertia="true", boundmass="1e-6", boundinertia="1e-9"
    )  # fmt: skip
    limits: Dict[str, Tuple[float, float]] = {}

    def merge(name: str, pose: Pose, link: Link) -> List[Tuple[Element, Pose]]:
        """Adds a link at a pose of the body; gives the joints that lead to other bodies."""
        _add(links[name], pose, link)
        leave = []
        for joint in sorted(children[name], key=lambda each: each.find("child").get("link")):
            there = _after(pose, _origin(joint))
            kept = joint.get("dont_collapse", "").lower() == "true"
            if joint.get("type") == "fixed" and options.collapse_fixed_joints and not kept:
                leave += merge(joint.find("child").get("link"), there, link)
            else:
                leave.append((joint, there))
        return leave

    def build(parent: Element, name: str, pose: Pose, joint: Element = None) -> None:
        body = ElementTree.SubElement(
            parent, "body", name=name, pos=_text(pose[0]), quat=_text(_quat(pose[1]))
        )
        if joint is not None and joint.get("type") in MOVING:
            limits[joint.get("name")] = _joint(body, joint, options)
        link = Link()
        leave = merge(name, (np.zeros(3), np.eye(3)), link)
        if link.masses:
            _inertial(body, link.masses)
        for shape, where in link.shapes:
            _geom(body, shape, where, options)
        for next_joint, where in sorted(leave, key=lambda each: each[0].find("child").get("link")):
            build(body, next_joint.find("child").get("link"), where, next_joint)

    build(ElementTree.SubElement(top, "worldbody"), roots[0], (np.zeros(3), np.eye(3)))
    return ElementTree.tostring(top, encoding="unicode"), limits


def _add(element: Element, pose: Pose, link: Link) -> None:
    inertial = element.find("inertial")
    if inertial is not None:
        place, turn = _after(pose, _origin(inertial))
        given = {key: float(value) for key, value in inertial.find("inertia").items()}
        own = np.array([[given["i" + "".join(sorted(a + b))] for b in "xyz"] for a in "xyz"])
        link.masses.append((float(inertial.find("mass").get("value")), place, turn @ own @ turn.T))
    for collision in element.findall("collision"):
        link.shapes.append((collision.find("geometry")[0], _after(pose, _origin(collision))))


def _inertial(body: Element, parts: list) -> None:
    mass = sum(part[0] for part in parts)
    centre = sum(part[0] * part[1] for part in parts) / mass
    whole = np.zeros((3, 3))
    for each, place, inertia in parts:
        arm = place - centre
        whole += inertia + each * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    six = whole[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    ElementTree.SubElement(
        body, "inertial", pos=_text(centre), mass=repr(float(mass)), fullinertia=_text(six)
    )


def _joint(body: Element, joint: Element, options: AssetOptions) -> Tuple[float, float]:
    axis, limit, dynamics = joint.find("axis"), joint.find("limit"), joint.find("dynamics")
    made = ElementTree.SubElement(
        body, "joint", name=joint.get("name"), type=MOVING[joint.get("type")], armature=repr(options.armature),
        axis="1 0 0" if axis is None else axis.get("xyz"), damping="0" if dynamics is None else dynamics.get("damping", "0"),
    )  # fmt: skip
    of = {} if limit is None else limit.attrib
    if joint.get("type") != "continuous" and "lower" in of and "upper" in of:
        made.set("range", f"{of['lower']} {of['upper']}")
        made.set("limited", "true")
    return float(of.get("velocity", FLT_MAX)), float(of.get("effort", FLT_MAX))


def _geom(body: Element, shape: Element, pose: Pose, options: AssetOptions) -> None:
    read = lambda name: np.array([float(x) for x in shape.get(name).split()])
    geom = ElementTree.SubElement(
        body,
        "geom",
        type=shape.tag,
        pos=_text(pose[0]),
        quat=_text(_quat(pose[1])),
        density=repr(options.density),
    )
    if shape.tag == "sphere":
        geom.set("size", _text(read("radius")))
    elif shape.tag == "box":
        geom.set("size", _text(read("size") / 2))
    elif shape.tag in ("cylinder", "capsule"):
        geom.set("size", _text([*read("radius"), *read("length") / 2]))
        if options.replace_cylinder_with_capsule:
            geom.set("type", "capsule")
    else:
        raise GymError(f"not modelled: a {shape.tag} that collides")


def _origin(element: Element) -> Pose:
    origin = element.find("origin")
    if origin is None:
        return np.zeros(3), np.eye(3)
    read = lambda name: np.array([float(x) for x in origin.get(name, "0 0 0").split()])
    (cr, cp, cy), (sr, sp, sy) = np.cos(read("rpy")), np.sin(read("rpy"))
    roll = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    pitch = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    yaw = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    return read("xyz"), yaw @ pitch @ roll


def _after(first: Pose, second: Pose) -> Pose:
    return first[0] + first[1] @ second[0], first[1] @ second[1]


def _quat(turn: np.ndarray) -> np.ndarray:
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, turn.ravel())
    return quat


def _text(numbers) -> str:
    return " ".join(repr(float(number)) for number in numbers)
