"""Poses from MJCF's attributes of position and orientation, and what a mirror makes of the directions of joints."""

from __future__ import annotations

import math
from typing import Dict, Mapping, Sequence, Tuple

from rewardlang.marked_xml import Attributes, numbers, word

Vector = Tuple[float, ...]
Matrix = Tuple[Vector, Vector, Vector]  # rows
Pose = Tuple[Vector, Matrix]

IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def rotation(attributes: Attributes, compiler: Attributes) -> Matrix:
    """The rotation matrix that a body's quat, axisangle, euler, xyaxes or zaxis gives, as MuJoCo reads them."""
    degrees = in_degrees(compiler)
    if "quat" in attributes:
        w, x, y, z = _unit(numbers(attributes, "quat", (1, 0, 0, 0))[:4])
        return _from_quaternion(w, x, y, z)
    if "axisangle" in attributes:
        *axis, angle = numbers(attributes, "axisangle", (1, 0, 0, 0))[:4]
        return _about(axis, math.radians(angle) if degrees else angle)
    if "euler" in attributes:
        out = IDENTITY
        for letter, angle in zip(_sequence(compiler), numbers(attributes, "euler", (0, 0, 0))):
            axis = [float(letter.lower() == c) for c in "xyz"]
            turn = _about(axis, math.radians(angle) if degrees else angle)
            out = _times(out, turn) if letter.islower() else _times(turn, out)
        return out
    if "xyaxes" in attributes:
        six = numbers(attributes, "xyaxes", (1, 0, 0, 0, 1, 0))
        first = _unit(six[:3])
        along = sum(a * b for a, b in zip(first, six[3:6]))
        second = _unit([b - along * a for a, b in zip(first, six[3:6])])
        return _transposed((first, second, _cross(first, second)))
    if "zaxis" in attributes:
        up = _unit(numbers(attributes, "zaxis", (0, 0, 1))[:3])
        aside = _cross((0.0, 0.0, 1.0), up)
        return _about(aside if any(aside) else (1.0, 0.0, 0.0), math.acos(max(-1.0, min(1.0, up[2]))))
    return IDENTITY


def in_degrees(compiler: Attributes) -> bool:
    """Whether the file's angles are in degrees. Raises ConfigError for any other unit than MuJoCo's two."""
    return word(compiler, "angle", ("degree", "radian")) == "degree"


def _sequence(compiler: Attributes) -> str:
    """The axes of Euler angles, one letter each: in lower case those that turn along."""
    text = compiler.get("eulerseq")
    if text is None:
        return "xyz"
    if len(text) != 3 or not set(text) <= set("xyzXYZ"):
        raise text.place.error(f"eulerseq must be three of x, y, z, X, Y, Z, not {str(text)!r}")
    return text


def placed(pose: Pose, attributes: Attributes, compiler: Attributes) -> Pose:
    """The pose of a body or frame with these attributes whose parent has `pose`."""
    position, turn = pose
    offset = _applied(turn, numbers(attributes, "pos", (0, 0, 0))[:3])
    return tuple(a + b for a, b in zip(position, offset)), _times(turn, rotation(attributes, compiler))


def direction(pose: Pose, attributes: Attributes, key: str) -> Vector:
    """Unit vector along a joint's axis, which is given in the frame of `pose`; z if it is not."""
    return _unit(_applied(pose[1], numbers(attributes, key, (0, 0, 1))[:3]))


def quaternion(turn: Matrix) -> Vector:
    """A rotation matrix as a unit quaternion xyzw, w not negative. (Shepperd's method: divides by the largest component.)"""
    (a, b, c), (d, e, f), (g, h, i) = turn
    squares = (1 + a - e - i, 1 - a + e - i, 1 - a - e + i, 1 + a + e + i)  # 4 times x², y², z², w²
    rows = (
        (squares[0], b + d, c + g, h - f),
        (b + d, squares[1], f + h, c - g),
        (c + g, f + h, squares[2], d - b),
        (h - f, c - g, d - b, squares[3]),
    )
    x, y, z, w = _unit(rows[max(range(4), key=lambda k: squares[k])])
    return (x, y, z, w) if w >= 0 else (-x, -y, -z, -w)


def mirror_signs(
    names: Sequence[str], axes: Mapping[str, Vector], slides: Sequence[str], partner: Mapping[str, str]
) -> Dict[str, float]:
    """+1 or -1 for each joint: what its value is multiplied by on the mirrored robot; 0 if it has no mirror image.

    The mirror is the root's x-z plane. A hinge's axis is an axial vector, a slide's a polar one.
    """
    out = {}
    for name in names:
        x, y, z = axes[name]
        image = (x, -y, z) if name in slides else (-x, y, -z)
        along = sum(a * b for a, b in zip(image, axes[partner.get(name, name)]))
        out[name] = math.copysign(1.0, along) if abs(along) > 0.999 else 0.0
    return out


def _unit(vector: Sequence[float]) -> Vector:
    length = math.sqrt(sum(x * x for x in vector))
    return tuple(x / length for x in vector) if length else tuple(vector)


def _from_quaternion(w: float, x: float, y: float, z: float) -> Matrix:
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


def _about(axis: Sequence[float], angle: float) -> Matrix:
    x, y, z = _unit(axis)
    s = math.sin(angle / 2)
    return _from_quaternion(math.cos(angle / 2), x * s, y * s, z * s)


def _times(a: Matrix, b: Matrix) -> Matrix:
    columns = _transposed(b)
    rows = [tuple(sum(x * y for x, y in zip(row, column)) for column in columns) for row in a]
    return rows[0], rows[1], rows[2]


def _transposed(a: Sequence[Vector]) -> Matrix:
    x, y, z = (tuple(row[i] for row in a) for i in range(3))
    return x, y, z


def _applied(a: Matrix, v: Sequence[float]) -> Vector:
    return tuple(sum(x * y for x, y in zip(row, v)) for row in a)


def _cross(a: Sequence[float], b: Sequence[float]) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
