"""The names a task offers, as plain data: the language knows nothing of YAML, MuJoCo or torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple

from .source import Span
from .types import Axis, Type


@dataclass(frozen=True)
class Quantity:
    """A readable name. `definition` is its line in the language if it is derived; `kind` says where a raw one comes from.

    `state` changes per environment and step; `model` is fixed by the robot; `run` is one number for the whole run;
    `outcome` is decided by the terminations; `host` is a tensor that the Python host gives.
    """

    name: str
    type: Type
    doc: str
    kind: str = "state"
    definition: str = ""
    mirror: str = ""  # what a mirror does to it: polar, axial, joint, rotation, flip, or nothing
    each: Tuple[Tuple[float, float], ...] = ()  # the range of each of its elements, where they differ


@dataclass(frozen=True)
class HostQuantity:
    """A quantity that a Python host gives as a tensor [N, axes]: a discriminator's score, a signed distance, ray hits.

    `axes` are names of the task's axes, its groups and of vector components, in order ("bodies xyz", "feet"), or a sequence of them in which an axis
    of its own is a mapping: [{"points": 187}] or [{"tips": ["thumb", "index"]}, "xyz"]. `unit` None fits any unit. `frame` is a
    vector's, or a rotation's as "base->world". `mirror` says what a mirrored robot does to it: polar, axial, joint, rotation, flip.
    """

    axes: Any = ""
    unit: Optional[str] = None
    frame: str = ""
    range: Tuple[float, float] = (-math.inf, math.inf)
    doc: str = ""
    kind: str = "number"  # or bool, rotation
    mirror: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """Everything that a spec written for one task may read."""

    task: str
    dt: float
    quantities: Mapping[str, Quantity]
    axes: Mapping[str, Axis]
    groups: Mapping[str, Axis] = field(default_factory=dict)
    pairs: Mapping[str, Tuple[Tuple[str, str], ...]] = field(
        default_factory=dict
    )  # axis → (left, right) elements
    joint_signs: Mapping[str, float] = field(
        default_factory=dict
    )  # +1 or -1; 0 for a joint without a mirror image
    episode_steps: int = 1000  # control steps that an episode has at most
    terminations: Tuple[Tuple[str, Span], ...] = ()
    observations: Tuple[Span, ...] = ()
    listed: str = (
        ""  # what `rewardlang quantities` takes to list it; nothing for an environment without a file
    )

    @property
    def control_rate(self) -> float:
        """Control steps a second, Hz: whole if it is but for rounding. Steps divided by it are seconds that are rounded once: 15
        steps of 0.02 s are the float 0.3."""
        rate = 1 / self.dt
        return float(round(rate)) if abs(rate - round(rate)) < 1e-9 * rate else rate
