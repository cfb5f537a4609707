"""The functions of rotations. Quaternions are xyzw; a rotation goes from a frame to another, and vectors are taken along."""

from __future__ import annotations

import math

from .mismatch import Mismatch, Value, unify_axes, want_rotation, want_vector
from .registry import builtin
from .typed import Operations
from .types import FRAMES, XYZ, Kind, Type
from .units import RADIAN


@builtin("rotate(q, v)", "rotations")
def rotate(ops: Operations, q: Value, v: Value) -> Value:
    """The vector v of the rotation's first frame, in its second.

    Formula: v + 2*w*(u x v) + 2*u x (u x v) for q = (u, w)
    Example: rotate(root_quat, [0, 0, 1]).z
    """
    return _turn(ops, "rotate", q, v, 0)


@builtin("rotate_inverse(q, v)", "rotations")
def rotate_inverse(ops: Operations, q: Value, v: Value) -> Value:
    """The vector v of the rotation's second frame, in its first.

    Formula: v - 2*w*(u x v) + 2*u x (u x v) for q = (u, w)
    Example: rotate_inverse(yaw_frame(root_quat), root_lin_vel).x
    Source: Isaac Gym's quat_rotate_inverse
    """
    return _turn(ops, "rotate_inverse", q, v, 1)


def _turn(ops: Operations, op: str, q: Value, v: Value, side: int) -> Value:
    want_rotation(q)
    if want_vector(v) != XYZ:
        raise Mismatch("RW210", f"`{op}` wants a vector [xyz], not {v.type.axes_text()}", "rotate first, then take `.xy`",
                       {1: v.type.axes_text()})  # fmt: skip
    wanted, given = q.type.turns[side], q.type.turns[1 - side]
    if wanted and wanted not in v.type.frames:
        other = "rotate" if op == "rotate_inverse" else "rotate_inverse"
        frame = " or ".join(sorted(v.type.frames))
        raise Mismatch("RW306", f"`{op}` wants a vector in the {wanted} frame, this one is in the {frame} frame",
                       f"`{other}(q, v)` turns it the other way" if given in v.type.frames else "",
                       {0: f"{q.type.turns[0]} to {q.type.turns[1]}", 1: f"{frame} frame"})  # fmt: skip
    entities = unify_axes(
        (Value(q.node, q.type.but(kind=Kind.NUMBER)), Value(v.node, v.type.but(axes=v.type.entities))),
        "rotate",
    )
    size = math.sqrt(3) * max(abs(v.type.range[0]), abs(v.type.range[1]))
    type = v.type.but(axes=(*entities, XYZ), frames=frozenset({given}) if given else FRAMES, range=(-size, size),
                      depends=max(q.type.depends, v.type.depends))  # fmt: skip
    return Value(ops.builder.add(op, (q.node, v.node), type), type)


@builtin("axis_angle(axis, angle)", "rotations")
def axis_angle(ops: Operations, axis: Value, angle: Value) -> Value:
    """The rotation by an angle (rad) about a vector of length 1.

    Formula: (axis*sin(angle/2), cos(angle/2))
    Example: quat_error(root_quat, axis_angle([0, 0, 1], command_heading))
    """
    want_vector(axis)
    angle = ops.as_number(angle)
    if axis.type.vector != XYZ:
        raise Mismatch(
            "RW210",
            f"an axis is a vector [xyz], not {axis.type.axes_text()}",
            sides={0: axis.type.axes_text()},
        )
    entities = unify_axes((Value(axis.node, axis.type.but(axes=axis.type.entities)), angle), "turn by")
    type = Type(Kind.ROTATION, entities, None, depends=max(axis.type.depends, angle.type.depends))
    return Value(ops.builder.add("axis_angle", (axis.node, angle.node), type), type)


@builtin("quat_multiply(p, q)", "rotations")
def quat_multiply(ops: Operations, p: Value, q: Value) -> Value:
    """The rotation q followed by the rotation p.

    Formula: (p.w*q.u + q.w*p.u + p.u x q.u, p.w*q.w - dot(p.u, q.u)) for p = (p.u, p.w)
    Example: roll(quat_multiply(quat_inverse(yaw_frame(root_quat)), root_quat))
    """
    if (
        p.type.kind is q.type.kind is Kind.ROTATION
        and p.type.turns[0]
        and q.type.turns[1]
        and p.type.turns[0] != q.type.turns[1]
    ):
        raise Mismatch("RW306", f"q ends in the {q.type.turns[1]} frame, p starts in the {p.type.turns[0]} frame",
                       "`quat_multiply(p, q)` turns by q first", {0: "->".join(p.type.turns), 1: "->".join(q.type.turns)})  # fmt: skip
    return _rotations(ops, "quat_multiply", (p, q), (q.type.turns[0], p.type.turns[1]))


@builtin("quat_inverse(q)", "rotations")
def quat_inverse(ops: Operations, q: Value) -> Value:
    """The rotation back.

    Formula: (-u, w) for q = (u, w)
    Example: yaw(quat_inverse(root_quat))
    """
    return _rotations(ops, "quat_inverse", (q,), (q.type.turns[1], q.type.turns[0]))


@builtin("yaw_frame(q)", "rotations")
def yaw_frame(ops: Operations, q: Value) -> Value:
    """The heading of q kept upright: the rotation from the yaw frame to the world frame; of a turn within the world, its yaw part.

    Formula: axis_angle([0, 0, 1], yaw(q))
    Example: rotate_inverse(yaw_frame(root_quat), root_lin_vel).x
    Source: Isaac Lab's yaw_quat
    """
    within = q.type.turns == ("world", "world")
    return _rotations(ops, "yaw_frame", (q,), ("world" if within else "yaw", "world"))


@builtin("quat_error(p, q)", "rotations")
def quat_error(ops: Operations, p: Value, q: Value) -> Value:
    """The angle between two rotations that end in one frame, in [0, pi], exact for small angles too.

    Formula: 2*acos(abs(dot(p, q))) of the quaternions; a project's 1 - dot(p, q)^2 is sin(quat_error(p, q)/2)^2
    Example: quat_error(body_quat["torso"], root_quat)
    """
    ends = p.type.turns[1], q.type.turns[1]
    if p.type.kind is q.type.kind is Kind.ROTATION and all(ends) and ends[0] != ends[1]:
        raise Mismatch("RW306", "two rotations that end in different frames cannot be compared",
                       sides={0: "->".join(p.type.turns), 1: "->".join(q.type.turns)})  # fmt: skip
    return _angle(ops, "quat_error", (p, q), (0.0, math.pi))


@builtin("roll(q)", "rotations")
def roll(ops: Operations, q: Value) -> Value:
    """Roll angle of a rotation, about x, in [-pi, pi].

    Formula: atan2(2*(w*x + y*z), 1 - 2*(x^2 + y^2))
    Example: roll(root_quat)^2
    """
    return _angle(ops, "roll", (q,), (-math.pi, math.pi))


@builtin("pitch(q)", "rotations")
def pitch(ops: Operations, q: Value) -> Value:
    """Pitch angle of a rotation, about y, in [-pi/2, pi/2].

    Formula: asin(clip(2*(w*y - z*x), -1, 1))
    Example: pitch(root_quat)^2
    """
    return _angle(ops, "pitch", (q,), (-math.pi / 2, math.pi / 2))


@builtin("yaw(q)", "rotations")
def yaw(ops: Operations, q: Value) -> Value:
    """Yaw angle of a rotation, about z, in [-pi, pi].

    Formula: atan2(2*(w*z + x*y), 1 - 2*(y^2 + z^2))
    Example: wrap_angle(yaw(root_quat) - command_heading)
    """
    return _angle(ops, "yaw", (q,), (-math.pi, math.pi))


def _rotations(ops: Operations, op: str, qs: tuple, turns: tuple) -> Value:
    type = Type(
        Kind.ROTATION, _rotation_axes(ops, qs), None, turns=turns, depends=max(q.type.depends for q in qs)
    )
    return Value(ops.builder.add(op, [q.node for q in qs], type), type)


def _angle(ops: Operations, op: str, qs: tuple, range: tuple) -> Value:
    type = Type(
        Kind.NUMBER, _rotation_axes(ops, qs), RADIAN, range=range, depends=max(q.type.depends for q in qs)
    )
    return Value(ops.builder.add(op, [q.node for q in qs], type), type)


def _rotation_axes(ops: Operations, qs: tuple) -> tuple:
    for q in qs:
        want_rotation(q)
    return unify_axes(qs, "combine")
