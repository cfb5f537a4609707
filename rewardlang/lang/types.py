"""What is known of an expression before it runs: kind, axes, unit, frame, range, and what it depends on."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from typing import Any, FrozenSet, Optional, Tuple

from .units import ONE, Unit


class Kind(enum.Enum):
    NUMBER = "number"
    BOOL = "bool"
    ROTATION = "rotation"
    SELECTION = "selection"
    STRING = "string"


class Depends(enum.IntEnum):
    """What can change a value, from least to most."""

    NOTHING = 0  # a literal, dt
    RUN = 1  # a param, epoch, frames, progress: one number for all environments
    MODEL = 2  # the robot: default_dof_pos, torque_limits
    STATE = 3  # the environment's state: [N, ...]


COMPONENTS = ("xyz", "xy", "xz", "yz")
FRAMES = frozenset({"world", "base", "yaw", "body"})
Interval = Tuple[float, float]
EVERYTHING: Interval = (-math.inf, math.inf)


@dataclass(frozen=True)
class Axis:
    """A named axis and its elements in the model's order; two axes are one only if both agree."""

    name: str
    elements: Tuple[str, ...]

    @property
    def is_components(self) -> bool:
        return self.name in COMPONENTS

    def __len__(self) -> int:
        return len(self.elements)

    def __str__(self) -> str:
        return self.name


XYZ = Axis("xyz", ("x", "y", "z"))


def components(letters: str) -> Axis:
    """The component axis of a swizzle: `xyz`, `xy`, `xz` or `yz`."""
    return Axis(letters, tuple(letters))


@dataclass(frozen=True)
class Type:
    """The type of an expression. The environment axis is implicit: it is there if `depends` is STATE.

    `unit` None fits any unit (a plain number). `frames` are those a vector may be taken in; scalars have all.
    A rotation goes from frame `turns[0]` to frame `turns[1]`.
    """

    kind: Kind = Kind.NUMBER
    axes: Tuple[Axis, ...] = ()
    unit: Optional[Unit] = None
    frames: FrozenSet[str] = FRAMES
    turns: Tuple[str, str] = ("", "")
    range: Interval = EVERYTHING
    depends: Depends = Depends.STATE

    @property
    def vector(self) -> Optional[Axis]:
        """The component axis, which is always the last."""
        return self.axes[-1] if self.axes and self.axes[-1].is_components else None

    @property
    def entities(self) -> Tuple[Axis, ...]:
        """The axes that are not components."""
        return self.axes[:-1] if self.vector else self.axes

    @property
    def batched(self) -> bool:
        return self.depends is Depends.STATE

    def but(self, **changes: Any) -> Type:
        return replace(self, **changes)

    def shape(self) -> str:
        """`[N, joints]`, as comments and messages show it."""
        names = (["N"] if self.batched else []) + [axis.name for axis in self.axes]
        if self.kind is Kind.ROTATION:
            names.append("xyzw")
        return f"[{', '.join(names)}]"

    def axes_text(self) -> str:
        return f"[{', '.join(axis.name for axis in self.axes)}]" if self.axes else "a single number"


BOOL = Type(kind=Kind.BOOL, unit=ONE, range=(0.0, 1.0))


def constant(value: float, unit: Optional[Unit] = None) -> Type:
    """The type of a literal number."""
    return Type(unit=unit, range=(value, value), depends=Depends.NOTHING)


def frame_text(frames: FrozenSet[str]) -> str:
    return "" if frames == FRAMES else " or ".join(sorted(frames))
