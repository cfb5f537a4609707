"""Values of the reference interpreter: float64 arrays of one environment whose axes have names. Matched by name, always."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Sequence, Set, Tuple

import numpy as np

AxisKey = Tuple[str, Tuple[str, ...]]
COMPONENTS = ("xyz", "xy", "xz", "yz")


@dataclass(frozen=True)
class V:
    """A number or bool (`data` has one dimension an axis), or a rotation (3x3 matrices after the axes)."""

    data: np.ndarray
    axes: Tuple[AxisKey, ...] = ()
    rotation: bool = False

    @property
    def is_bool(self) -> bool:
        return self.data.dtype == bool

    @property
    def vector(self) -> bool:
        return bool(self.axes) and self.axes[-1][0] in COMPONENTS

    @property
    def entities(self) -> Tuple[AxisKey, ...]:
        return self.axes[:-1] if self.vector else self.axes


@dataclass(frozen=True)
class Selection:
    axis: str
    names: Tuple[str, ...]
    drop: bool


def scalar(x: float) -> V:
    return V(np.asarray(x, dtype=bool if isinstance(x, (bool, np.bool_)) else float))


def number(v: V) -> V:
    return V(v.data.astype(float), v.axes) if v.is_bool else v


def align(v: V, axes: Sequence[AxisKey]) -> np.ndarray:
    """v's data broadcast to these axes, each matched by name and elements."""
    assert all(axis in axes for axis in v.axes), (v.axes, axes)
    tail = 2 if v.rotation else 0
    order = [axis for axis in axes if axis in v.axes]
    data = v.data.transpose([v.axes.index(a) for a in order] + [v.data.ndim - tail + k for k in range(tail)])
    index = tuple(slice(None) if axis in v.axes else None for axis in axes)
    return data[index] if axes else data


def widest(*values: V) -> Tuple[AxisKey, ...]:
    return max((v.axes for v in values), key=len)


def elementwise(function: Callable[..., np.ndarray], *values: V) -> V:
    """function of numbers or bools, on the axes of the operand that has most."""
    axes = widest(*values)
    shape = tuple(len(names) for _, names in axes)
    with np.errstate(all="ignore"):
        out = np.asarray(function(*(align(v, axes) for v in values)))
    return V(np.broadcast_to(out, shape), axes)


def on_numbers(function: Callable[..., np.ndarray], *values: V) -> V:
    return elementwise(function, *(number(v) for v in values))


def reduce(function: Callable[..., np.ndarray], v: V, over: str = "") -> V:
    """function(data, axis=...) over all axes, or the one of that name."""
    at = tuple(i for i, (name, _) in enumerate(v.axes) if not over or name == over)
    rest = tuple(axis for i, axis in enumerate(v.axes) if i not in at)
    with np.errstate(all="ignore"):
        return V(np.asarray(function(v.data, axis=at)), rest) if at else v


def inner(v: V) -> str:
    """The axis that `norm` and `dot` run over: the components if there are any, else the only one."""
    assert v.vector or len(v.axes) <= 1
    return v.axes[-1][0] if v.axes else ""


def choose(patterns: Sequence[str], names: Sequence[str]) -> Tuple[str, ...]:
    """What the patterns select, in the model's order; `!` takes away."""
    chosen: Set[str] = set()
    for pattern in patterns:
        regex = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern.lstrip("!"))
        fitting = {name for name in names if re.fullmatch(regex, name)}
        chosen = chosen - fitting if pattern.startswith("!") else chosen | fitting
    return tuple(name for name in names if name in chosen)


def single(patterns: Sequence[str]) -> bool:
    return len(patterns) == 1 and not any(c in patterns[0] for c in "*?!")


def take(v: V, axis: str, names: Sequence[str], drop: bool) -> V:
    at = next(i for i, (name, _) in enumerate(v.axes) if name == axis)
    where = [v.axes[at][1].index(name) for name in names]
    data = np.take(v.data, where, axis=at)
    if drop:
        return V(data.squeeze(at), v.axes[:at] + v.axes[at + 1 :], v.rotation)
    return V(data, v.axes[:at] + ((axis, tuple(names)),) + v.axes[at + 1 :], v.rotation)


# rotations: matrices, from Rodrigues' formula and products


def matrix(quat: np.ndarray) -> np.ndarray:
    """Rotation matrices of unit quaternions xyzw. [..., 3, 3]"""
    x, y, z, w = np.moveaxis(quat, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def turn(q: V, v: V, back: bool) -> V:
    axes = max(q.axes, v.entities, key=len)
    m = align(q, axes)
    m = np.swapaxes(m, -1, -2) if back else m
    data = align(v, (*axes, v.axes[-1]))
    shape = tuple(len(names) for _, names in axes) + (3,)
    return V(np.broadcast_to((m * data[..., None, :]).sum(-1), shape), (*axes, v.axes[-1]))


def about(axis: V, angle: V) -> V:
    """Rodrigues' formula: the rotation by an angle about a unit vector."""
    axes = max(axis.entities, angle.axes, key=len)
    u, a = align(axis, (*axes, axis.axes[-1])), align(number(angle), axes)[..., None, None]
    x, y, z = np.moveaxis(u, -1, 0)
    o = np.zeros_like(x)
    k = np.stack([np.stack([o, -z, y], -1), np.stack([z, o, -x], -1), np.stack([-y, x, o], -1)], -2)
    return V(np.eye(3) + np.sin(a) * k + (1 - np.cos(a)) * (k @ k), axes, rotation=True)


def euler(q: V, which: str) -> V:
    m = q.data
    angle = {
        "roll": np.arctan2(m[..., 2, 1], m[..., 2, 2]),
        "pitch": np.arcsin(np.clip(-m[..., 2, 0], -1, 1)),
        "yaw": np.arctan2(m[..., 1, 0], m[..., 0, 0]),
    }[which]
    return V(angle, q.axes)


def compose(p: V, q: V) -> V:
    axes = widest(p, q)
    return V(align(p, axes) @ align(q, axes), axes, rotation=True)


def inverse(q: V) -> V:
    return V(np.swapaxes(q.data, -1, -2), q.axes, rotation=True)


def angle_between(p: V, q: V) -> V:
    m = compose(inverse(p), q)
    d = m.data
    skew = [d[..., 2, 1] - d[..., 1, 2], d[..., 0, 2] - d[..., 2, 0], d[..., 1, 0] - d[..., 0, 1]]
    sine = 0.5 * np.sqrt(sum(s * s for s in skew))
    return V(np.arctan2(sine, 0.5 * (np.trace(d, axis1=-2, axis2=-1) - 1)), m.axes)
