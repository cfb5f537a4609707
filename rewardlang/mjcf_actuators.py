"""What the actuators of an MJCF say of its joints: effort limits, and the gains of those that hold a position.

MuJoCo's force is gear · (gain · ctrl + bias), with bias = b0 + b1 · gear · q + b2 · gear · q' for an affine one.
"""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from rewardlang.marked_xml import Attributes, numbers
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


def drives(document: Document, joints: Mapping[str, Attributes]) -> Dict[str, Drive]:
    """{joint: its drive}, the first that the model lists. Muscles, adhesion, tendons and sites drive no joint here."""
    found: Dict[str, Drive] = {}
    for section in document.root.named("actuator"):
        for element in section:
            joint = element.get("joint") or element.get("jointinparent") or ""
            if element.tag in DRIVES and joint in joints and joint not in found:
                actuator = document.attributes(element, None)
                if element.tag == "general" and actuator.get("gaintype", "fixed") != "fixed":
                    continue
                found[joint] = _drive(document, joint, element.tag, actuator, joints[joint])
    return found


def _drive(document: Document, name: str, tag: str, actuator: Attributes, joint: Attributes) -> Drive:
    subject = f"joint {name!r}"
    gear = abs(numbers(actuator, "gear", (1.0,), subject)[0])
    stiffness, damping = _gains(tag, actuator, subject)
    efforts: List[float] = []  # what each limit leaves, at the joint
    ends = document.limits(actuator, "forcelimited", "forcerange", subject)
    if ends is not None:
        efforts.append(gear * _larger(ends))
    ends = document.limits(actuator, "ctrllimited", "ctrlrange", subject)
    if ends is not None and (tag == "motor" or (tag == "general" and stiffness is None)):
        gain = 1.0 if tag == "motor" else abs(numbers(actuator, "gainprm", (1.0,), subject)[0])
        efforts.append(gear * gain * _larger(ends))
    ends = document.limits(joint, "actuatorfrclimited", "actuatorfrcrange", subject)
    if ends is not None:
        efforts.append(_larger(ends))
    scaled = [None if gain is None else gain * gear * gear for gain in (stiffness, damping)]
    return Drive(min(efforts, default=math.inf), *scaled)


def _larger(ends: Tuple[float, float]) -> float:
    return max(abs(end) for end in ends)


def _gains(tag: str, actuator: Attributes, subject: str) -> Tuple[Optional[float], Optional[float]]:
    """(kp, kv) of an actuator that holds a position, kv None where the file leaves it open; (None, None) of another."""
    if tag == "position":
        stiffness = numbers(actuator, "kp", numbers(actuator, "gainprm", (1.0,), subject), subject)[0]
        return stiffness, (numbers(actuator, "kv", (0.0,), subject)[0] if "kv" in actuator else None)
    if tag == "general" and actuator.get("biastype") == "affine":
        bias = [*numbers(actuator, "biasprm", (0.0,), subject), 0.0, 0.0]
        if bias[1] < 0:
            return -bias[1], (-bias[2] if bias[2] else None)
    return None, None
