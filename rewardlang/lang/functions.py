"""The stateless functions of the language (section 4 of the reference). Formulas are in each function's doc."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Optional, Sequence

from .mismatch import Mismatch, Value, unify_axes, unify_units, want_bool, want_rotation, want_vector
from .registry import builtin
from .typed import Operations
from .types import FRAMES, XYZ, Depends, Kind, Type
from .units import ONE, RADIAN, Unit

# elementwise


def _keeps_unit(name: str, doc: str) -> None:
    builtin(f"{name}(x)", "elementwise", doc)(lambda ops, x: ops.unary(name, x, x.type.unit))


def _plain(name: str, doc: str, unit: Unit = ONE) -> None:
    builtin(f"{name}(x)", "elementwise", doc)(lambda ops, x: ops.plain(name, x, unit))


_keeps_unit("abs", "The size of x.")
_keeps_unit("floor", "The largest whole number not above x.")
_plain("exp", "e^x.")
_plain("log", "Natural logarithm.")
_plain("log1p", "log(1 + x), exact for small x.")
_plain("sin", "Sine of an angle in radians.")
_plain("cos", "Cosine of an angle in radians.")
_plain("tan", "Tangent of an angle in radians.")
_plain("tanh", "Hyperbolic tangent.")
_plain("asin", "Arc sine, in [-pi/2, pi/2].", RADIAN)
_plain("acos", "Arc cosine, in [0, pi].", RADIAN)


@builtin("sign(x)", "elementwise", "-1, 0 or 1; sign(0) is 0.")
def sign(ops: Operations, x: Value) -> Value:
    return ops.unary("sign", x, ONE)


@builtin("sqrt(x)", "elementwise", "Square root.")
def sqrt(ops: Operations, x: Value) -> Value:
    unit = ops.as_number(x).type.unit
    return ops.unary("sqrt", x, None if unit is None else unit ** Fraction(1, 2))


@builtin("atan(x)", "elementwise", "Arc tangent, in (-pi/2, pi/2): atan2(x, 1).")
def atan(ops: Operations, x: Value) -> Value:
    return ops.binary("atan2", x, ops.number(1.0))


@builtin("atan2(y, x)", "elementwise", "Angle of the point (x, y), in [-pi, pi].")
def atan2(ops: Operations, y: Value, x: Value) -> Value:
    return ops.binary("atan2", y, x)


@builtin("mod(x, divisor)", "elementwise", "x - divisor*floor(x/divisor): it has the sign of the divisor.")
def mod(ops: Operations, x: Value, divisor: Value) -> Value:
    return ops.binary("mod", x, divisor)


@builtin("wrap_angle(x)", "elementwise", "The same angle in [-pi, pi): mod(x + pi, 2*pi) - pi.")
def wrap_angle(ops: Operations, x: Value) -> Value:
    turned = ops.binary("mod", ops.binary("add", x, ops.number(math.pi)), ops.number(2 * math.pi))
    return ops.binary("sub", turned, ops.number(math.pi))


@builtin(
    "min(*values, over=AXIS)", "elementwise", "The least of several values; of one value, over its axes."
)
def min_(ops: Operations, values: Sequence[Value], over: Optional[str]) -> Value:
    return _extreme(ops, "min", values, over)


@builtin(
    "max(*values, over=AXIS)", "elementwise", "The greatest of several values; of one value, over its axes."
)
def max_(ops: Operations, values: Sequence[Value], over: Optional[str]) -> Value:
    return _extreme(ops, "max", values, over)


def _extreme(ops: Operations, op: str, values: Sequence[Value], over: Optional[str]) -> Value:
    if len(values) == 1:
        return ops.reduce(op, values[0], over)
    if over is not None:
        raise Mismatch(
            "RW214", f"`{op}` of several values takes no axis", f"`{op}(x, over=...)` reduces one value"
        )
    return ops.fold(op, values)


@builtin(
    "clip(x, lo=, hi=)",
    "elementwise",
    "x limited to lo..hi: min(max(x, lo), hi). Either bound may be left out.",
)
def clip(ops: Operations, x: Value, lo: Optional[Value], hi: Optional[Value]) -> Value:
    if lo is None and hi is None:
        raise Mismatch(
            "RW214", "`clip` without a bound", "write `clip(x, lo, hi)`, or one of `lo=` and `hi=`"
        )
    return ops.clip(x, lo, hi)


@builtin("relu(x)", "elementwise", "max(x, 0).")
def relu(ops: Operations, x: Value) -> Value:
    return ops.binary("max", x, ops.number(0.0))


@builtin(
    "deadband(x, w)", "elementwise", "0 within w of 0, beyond it the distance: sign(x)*max(abs(x) - w, 0)."
)
def deadband(ops: Operations, x: Value, w: Value) -> Value:
    over = ops.binary("max", ops.binary("sub", ops.unary("abs", x, x.type.unit), w), ops.number(0.0))
    return ops.binary("mul", ops.unary("sign", x, ONE), over)


@builtin("lerp(a, b, t)", "elementwise", "From a (t = 0) to b (t = 1): a + t*(b - a).")
def lerp(ops: Operations, a: Value, b: Value, t: Value) -> Value:
    unit = unify_units((ops.as_number(a), ops.as_number(b)), "mix")
    step = ops.binary("mul", t, ops.binary("sub", b, a))
    return ops.binary("add", a, Value(step.node, step.type.but(unit=unit)))


@builtin(
    "smoothstep(x, lo, hi)",
    "elementwise",
    "0 below lo, 1 above hi, t*t*(3 - 2*t) between, t = (x - lo)/(hi - lo).",
)
def smoothstep(ops: Operations, x: Value, lo: Value, hi: Value) -> Value:
    t = ops.binary("div", ops.binary("sub", x, lo), ops.binary("sub", hi, lo))
    t = ops.clip(Value(t.node, t.type.but(unit=ONE)), ops.number(0.0), ops.number(1.0))
    return ops.fold("mul", (t, t, ops.binary("sub", ops.number(3.0), ops.binary("mul", ops.number(2.0), t))))


@builtin(
    "where(cond, a, b)",
    "elementwise",
    "a where the condition holds, else b; the side not taken never counts.",
)
def where(ops: Operations, cond: Value, a: Value, b: Value) -> Value:
    return ops.where(cond, a, b)


# reductions


def _reduction(name: str, doc: str) -> None:
    builtin(f"{name}(x, over=AXIS)", "reductions", doc)(lambda ops, x, over: ops.reduce(name, x, over))


builtin("sum(x, over=AXIS, where=)", "reductions", "Sum over all axes, or one; `where=` keeps what a mask is true for.")(
    lambda ops, x, over, mask: ops.reduce("sum", x, over, mask))  # fmt: skip
builtin("mean(x, over=AXIS, where=)", "reductions", "Mean over all axes, or one; a mean over nothing is 0.")(
    lambda ops, x, over, mask: ops.reduce("mean", x, over, mask))  # fmt: skip
_reduction("prod", "Product over all axes, or one.")
_reduction("any", "Whether the condition holds for any element.")
_reduction("all", "Whether the condition holds for all elements.")
_reduction("var", "Variance (divided by n) over all axes, or one.")
_reduction("std", "Standard deviation (divided by n) over all axes, or one.")


@builtin("count(cond, over=AXIS)", "reductions", "For how many elements the condition holds.")
def count(ops: Operations, cond: Value, over: Optional[str]) -> Value:
    want_bool(cond, "`count`")
    return ops.reduce("sum", cond, over)


@builtin(
    "norm(x)", "reductions", "2-norm over a vector's components if there are any, else over the only axis."
)
def norm(ops: Operations, x: Value) -> Value:
    return ops.norm(x)


@builtin(
    "dot(a, b)",
    "reductions",
    "Sum of products over the components if there are any, else over the only axis.",
)
def dot(ops: Operations, a: Value, b: Value) -> Value:
    return ops.dot(a, b)


# vectors


@builtin("cross(a, b)", "vectors", "Cross product of two vectors [xyz].")
def cross(ops: Operations, a: Value, b: Value) -> Value:
    product = ops.binary("mul", a, b)
    if product.type.vector != XYZ or a.type.vector != XYZ or b.type.vector != XYZ:
        raise Mismatch(
            "RW210", f"`cross` wants two vectors [xyz], not {a.type.axes_text()} and {b.type.axes_text()}"
        )
    type = product.type.but(range=(-math.inf, math.inf))
    return Value(ops.builder.add("cross", (a.node, b.node), type), type)


@builtin("normalize(v)", "vectors", "v / norm(v).")
def normalize(ops: Operations, v: Value) -> Value:
    unit = ops.binary("div", v, ops.norm(v))
    return Value(unit.node, unit.type.but(unit=ONE))


@builtin("distance(a, b)", "vectors", "norm(a - b).")
def distance(ops: Operations, a: Value, b: Value) -> Value:
    return ops.norm(ops.binary("sub", a, b))


# rotations: quaternions are xyzw


@builtin("rotate(q, v)", "rotations", "The vector v of the rotation's first frame, in its second.")
def rotate(ops: Operations, q: Value, v: Value) -> Value:
    return _turn(ops, "rotate", q, v, 0)


@builtin("rotate_inverse(q, v)", "rotations", "The vector v of the rotation's second frame, in its first.")
def rotate_inverse(ops: Operations, q: Value, v: Value) -> Value:
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


@builtin("axis_angle(axis, angle)", "rotations", "The rotation by an angle (rad) about a unit vector.")
def axis_angle(ops: Operations, axis: Value, angle: Value) -> Value:
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


@builtin("quat_multiply(p, q)", "rotations", "First q, then p.")
def quat_multiply(ops: Operations, p: Value, q: Value) -> Value:
    if (
        p.type.kind is q.type.kind is Kind.ROTATION
        and p.type.turns[0]
        and q.type.turns[1]
        and p.type.turns[0] != q.type.turns[1]
    ):
        raise Mismatch("RW306", f"q ends in the {q.type.turns[1]} frame, p starts in the {p.type.turns[0]} frame",
                       "`quat_multiply(p, q)` turns by q first", {0: "->".join(p.type.turns), 1: "->".join(q.type.turns)})  # fmt: skip
    return _rotations(ops, "quat_multiply", (p, q), (q.type.turns[0], p.type.turns[1]))


@builtin("quat_inverse(q)", "rotations", "The rotation back.")
def quat_inverse(ops: Operations, q: Value) -> Value:
    return _rotations(ops, "quat_inverse", (q,), (q.type.turns[1], q.type.turns[0]))


@builtin("yaw_frame(q)", "rotations", "The heading of q kept upright: from the yaw frame to the world frame.")
def yaw_frame(ops: Operations, q: Value) -> Value:
    return _rotations(ops, "yaw_frame", (q,), ("yaw", "world"))


@builtin(
    "quat_error(p, q)",
    "rotations",
    "The angle between two rotations, in [0, pi]: 2*acos(abs(dot(p, q))) of the quaternions, exact for small angles.",
)
def quat_error(ops: Operations, p: Value, q: Value) -> Value:
    if (
        p.type.kind is q.type.kind is Kind.ROTATION
        and all(p.type.turns + q.type.turns)
        and p.type.turns != q.type.turns
    ):
        raise Mismatch("RW306", "two rotations between different frames cannot be compared",
                       sides={0: "->".join(p.type.turns), 1: "->".join(q.type.turns)})  # fmt: skip
    return _angle(ops, "quat_error", (p, q), (0.0, math.pi))


@builtin("roll(q)", "rotations", "Roll angle of a rotation (x of the xyz Euler angles), in [-pi, pi].")
def roll(ops: Operations, q: Value) -> Value:
    return _angle(ops, "roll", (q,), (-math.pi, math.pi))


@builtin("pitch(q)", "rotations", "Pitch angle of a rotation (y of the xyz Euler angles), in [-pi/2, pi/2].")
def pitch(ops: Operations, q: Value) -> Value:
    return _angle(ops, "pitch", (q,), (-math.pi / 2, math.pi / 2))


@builtin("yaw(q)", "rotations", "Yaw angle of a rotation (z of the xyz Euler angles), in [-pi, pi].")
def yaw(ops: Operations, q: Value) -> Value:
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


# schedules


@builtin("ramp(x, x0, x1)", "schedules", "0 below x0, 1 above x1, linear between; a step if x0 = x1.")
def ramp(ops: Operations, x: Value, x0: Value, x1: Value) -> Value:
    if max(x.type.depends, x0.type.depends, x1.type.depends) > Depends.RUN:
        raise Mismatch(
            "RW215",
            "`ramp` runs over `epoch`, `frames` or `progress`",
            "smoothstep(x, lo, hi) works on any value",
        )
    step = ops.as_number(ops.compare(">=", x, x0))
    width = ops.binary("sub", x1, x0)
    if width.type.range == (0.0, 0.0):
        return step
    is_step = ops.compare("==", width, ops.number(0.0))
    rise = ops.clip(ops.binary("div", ops.binary("sub", x, x0), width), ops.number(0.0), ops.number(1.0))
    return ops.where(is_step, step, Value(rise.node, rise.type.but(unit=ONE)))
