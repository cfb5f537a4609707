"""What the actuators of an MJCF say of its joints: effort limits, and the gains of those that hold a position.

MuJoCo's force is gear · (gain · ctrl + bias), with bias = b0 + b1 · gear · q + b2 · gear · q' for an affine one.
"""

from __future__ import annotations

import math
from typing import Dict, List, NamedTuple, Optional

from rewardlang.mjcf_xml import Document

DRIVES = (
    "motor",
    "position",
    "velocity",
    "intvelocity",
    "general",
)  # what a position controller can stand in for


class Drive(NamedTuple):
    """How a joint is driven."""

    effort: float  # N·m or N; infinite where the model sets no limit
    stiffness: Optional[float]  # N·m/rad; None if the actuator does not hold a position
    damping: Optional[float]  # N·m·s/rad; None if the file does not say


def drives(document: Document, joints: Dict[str, Dict[str, str]]) -> Dict[str, Drive]:
    """{joint: its drive}, the first that the model lists. Muscles, adhesion, tendons and sites drive no joint here."""
    found: Dict[str, Drive] = {}
    for section in document.root.findall("actuator"):
        for element in section:
            joint = element.get("joint") or element.get("jointinparent") or ""
            if element.tag in DRIVES and joint in joints and joint not in found:
                actuator = document.attributes(element, None)
                if element.tag == "general" and actuator.get("gaintype", "fixed") != "fixed":
                    continue
                found[joint] = _drive(document, joint, element.tag, actuator, joints[joint])
    return found


def _drive(document: Document, name: str, tag: str, actuator: Dict[str, str], joint: Dict[str, str]) -> Drive:
    gear = abs(numbers(document, name, "gear", {"gear": "1", **actuator}, 1)[0])
    stiffness, damping = _gains(document, name, tag, actuator)
    limits: List[float] = []
    if actuator.get("forcelimited") != "false" and "forcerange" in actuator:
        limits.append(gear * numbers(document, name, "forcerange", actuator, 2)[1])
    direct = tag == "motor" or (tag == "general" and stiffness is None)
    if direct and actuator.get("ctrllimited") != "false" and "ctrlrange" in actuator:
        gain = 1.0 if tag == "motor" else _first(document, name, "gainprm", actuator, 1.0)
        limits.append(gear * gain * numbers(document, name, "ctrlrange", actuator, 2)[1])
    if joint.get("actuatorfrclimited") != "false" and "actuatorfrcrange" in joint:
        limits.append(numbers(document, name, "actuatorfrcrange", joint, 2)[1])
    scaled = [None if gain is None else gain * gear * gear for gain in (stiffness, damping)]
    return Drive(min(limits, default=math.inf), *scaled)


def _gains(document: Document, name: str, tag: str, actuator: Dict[str, str]):
    """(kp, kv) of an actuator that holds a position, kv None where the file leaves it open; (None, None) of another."""
    if tag == "position":
        stiffness = _first(document, name, "kp", actuator, _first(document, name, "gainprm", actuator, 1.0))
        return stiffness, (_first(document, name, "kv", actuator, 0.0) if "kv" in actuator else None)
    if tag == "general" and actuator.get("biastype") == "affine" and "biasprm" in actuator:
        bias = [*numbers(document, name, "biasprm", actuator, 1), 0.0, 0.0]
        if bias[1] < 0:
            return -bias[1], (-bias[2] if bias[2] else None)
    return None, None


def _first(document: Document, name: str, key: str, attributes: Dict[str, str], default: float) -> float:
    return numbers(document, name, key, attributes, 1)[0] if key in attributes else default


def numbers(document: Document, name: str, key: str, attributes: Dict[str, str], count: int) -> tuple:
    """All numbers of an attribute, `count` of them at least; `name` is the joint's, for the message."""
    try:
        values = tuple(float(number) for number in attributes[key].split())
        if len(values) < count:
            raise ValueError
    except ValueError:
        problem = f"joint {name!r}: {key} must be {count} number(s), not {attributes[key]!r}"
        raise document.error(problem) from None
    return values
