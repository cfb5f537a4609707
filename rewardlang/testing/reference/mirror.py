"""The reference interpreter's left, right and mirror: from the task's pairs and the geometry of a mirror in the robot's x-z plane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...lang.vocabulary import Quantity, Vocabulary
from .arrays import V, take

FLIP = np.diag([1.0, -1.0, 1.0])  # the mirror itself: y changes its sign


def side(vocabulary: Vocabulary, x: V, which: int) -> V:
    """The left (0) or right (1) members of the pairs that x has both of, on the axis `pairs`."""
    for axis, names in x.entities:
        both = [pair for pair in vocabulary.pairs.get(axis, ()) if set(pair) <= set(names)]
        if both:
            out = take(x, axis, [pair[which] for pair in both], False)
            named = ("pairs", tuple(pair[0] for pair in both))
            return replace(out, axes=tuple(named if a == axis else (a, e) for a, e in out.axes))
    raise AssertionError(x.axes)


def image(vocabulary: Vocabulary, quantity: Quantity, x: V) -> V:
    """What a quantity is on the mirrored robot. A robot's own properties are what they are."""
    if quantity.kind != "state":
        return x
    for at, (axis, names) in enumerate(x.entities):
        other = {a: b for pair in vocabulary.pairs.get(axis, ()) for a, b in (pair, pair[::-1])}
        x = replace(x, data=np.take(x.data, [names.index(other.get(name, name)) for name in names], axis=at))
    return replace(x, data=_seen(vocabulary, quantity.mirror, x))


def _seen(vocabulary: Vocabulary, kind: str, x: V) -> Any:
    if kind == "rotation":
        return FLIP @ x.data @ FLIP
    if kind in ("polar", "axial"):
        keep = np.array([{"x": 1, "y": -1, "z": 1}[c] for c in x.axes[-1][0]], float)
        return x.data * (keep if kind == "polar" else -keep)
    if kind == "joint":
        return x.data * np.array([vocabulary.joint_signs[name] for name in dict(x.axes)["joints"]])
    return -x.data if kind == "flip" else x.data
