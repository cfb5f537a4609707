"""The stateless functions of the language (section 4 of the reference). Formulas are in each function's doc."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Optional, Sequence

from .mismatch import Mismatch, Value, unify_units, want_bool
from .registry import builtin
from .typed import Operations
from .types import XYZ, Depends
from .units import ONE, RADIAN, Unit

# elementwise


UNARY = (  # name, the result's unit (None: that of x), text
    ("abs", None, "The size of x.\n\nFormula: max(x, -x)"),
    ("floor", None, "The largest whole number not above x.\n\nFormula: the whole n with n <= x < n + 1"),
    ("exp", ONE, "e to the power x.\n\nFormula: e^x\nExample: exp(-norm(base_ang_vel.xy) / 2[rad/s])"),
    ("log", ONE, "Natural logarithm of x > 0.\n\nFormula: the y with e^y = x"),
    ("log1p", ONE, "log(1 + x), exact also for small x.\n\nFormula: log(1 + x)"),
    ("sin", ONE, "Sine of an angle in radians.\n\nFormula: x - x^3/3! + x^5/5! - ..."),
    ("cos", ONE, "Cosine of an angle in radians.\n\nFormula: 1 - x^2/2! + x^4/4! - ..."),
    ("tan", ONE, "Tangent of an angle in radians.\n\nFormula: sin(x)/cos(x)"),
    ("tanh", ONE, "Hyperbolic tangent, in [-1, 1].\n\nFormula: (exp(x) - exp(-x)) / (exp(x) + exp(-x))"),
    ("erf", ONE, "Error function, in [-1, 1]; (1 + erf(x/sqrt(2)))/2 is the share of a normal distribution below x.\n\n"
     "Formula: 2/sqrt(pi) * integral of exp(-t^2) for t from 0 to x\n"
     "Example: (1 + erf((phase(0.5[s], 0) - 0.5) / (0.07 * sqrt(2)))) / 2\nSource: the smooth contact schedule of walk-these-ways is made of it"),
    ("asin", RADIAN, "Arc sine of x in [-1, 1]; an angle in [-pi/2, pi/2].\n\nFormula: the y with sin(y) = x"),
    ("acos", RADIAN, "Arc cosine of x in [-1, 1]; an angle in [0, pi].\n\nFormula: the y with cos(y) = x"),
)  # fmt: skip


def _unary(name: str, unit: Optional[Unit], text: str) -> None:
    def build(ops: Operations, x: Value) -> Value:
        return ops.unary(name, x, x.type.unit) if unit is None else ops.plain(name, x, unit)

    builtin(f"{name}(x)", "elementwise", text)(build)


for _name, _result, _text in UNARY:
    _unary(_name, _result, _text)


@builtin("sign(x)", "elementwise")
def sign(ops: Operations, x: Value) -> Value:
    """-1 for a negative x, 1 for a positive one, 0 for 0.

    Formula: x/abs(x), 0 for x = 0
    """
    return ops.unary("sign", x, ONE)


@builtin("sqrt(x)", "elementwise")
def sqrt(ops: Operations, x: Value) -> Value:
    """Square root of x >= 0, in the root of its unit.

    Formula: x^(1/2)
    """
    unit = ops.as_number(x).type.unit
    return ops.unary("sqrt", x, None if unit is None else unit ** Fraction(1, 2))


@builtin("atan(x)", "elementwise")
def atan(ops: Operations, x: Value) -> Value:
    """Arc tangent, an angle in (-pi/2, pi/2).

    Formula: atan2(x, 1)
    """
    return ops.binary("atan2", x, ops.number(1.0))


@builtin("atan2(y, x)", "elementwise")
def atan2(ops: Operations, y: Value, x: Value) -> Value:
    """Angle of the point (x, y) from the x axis, in [-pi, pi].

    Formula: arc tangent of y/x, in the quadrant of (x, y)
    Example: atan2(base_lin_vel.y, base_lin_vel.x)
    """
    return ops.binary("atan2", y, x)


@builtin("mod(x, divisor)", "elementwise")
def mod(ops: Operations, x: Value, divisor: Value) -> Value:
    """What is left of x after whole divisors; it has the sign of the divisor, as in Python.

    Formula: x - divisor*floor(x/divisor)
    Example: mod(episode_time, 0.8[s])
    """
    return ops.binary("mod", x, divisor)


@builtin("wrap_angle(x)", "elementwise")
def wrap_angle(ops: Operations, x: Value) -> Value:
    """The same angle in [-pi, pi).

    Formula: mod(x + pi, 2*pi) - pi
    Example: wrap_angle(command_heading - heading)
    """
    turned = ops.binary("mod", ops.binary("add", x, ops.number(math.pi)), ops.number(2 * math.pi))
    return ops.binary("sub", turned, ops.number(math.pi))


@builtin("min(*values, over=AXIS)", "elementwise")
def min_(ops: Operations, values: Sequence[Value], over: Optional[str]) -> Value:
    """The least of several values, element by element; of one value, the least over its axes.

    Formula: the smallest of a, b, ...
    Example: min(forward_vel, 1.0[m/s])
    """
    return _extreme(ops, "min", values, over)


@builtin("max(*values, over=AXIS)", "elementwise")
def max_(ops: Operations, values: Sequence[Value], over: Optional[str]) -> Value:
    """The greatest of several values, element by element; of one value, the greatest over its axes.

    Formula: the largest of a, b, ...
    Example: max(norm(contact_forces[feet]), over=bodies)
    """
    return _extreme(ops, "max", values, over)


def _extreme(ops: Operations, op: str, values: Sequence[Value], over: Optional[str]) -> Value:
    if len(values) == 1:
        return ops.reduce(op, values[0], over)
    if over is not None:
        raise Mismatch(
            "RW214", f"`{op}` of several values takes no axis", f"`{op}(x, over=...)` reduces one value"
        )
    return ops.fold(op, values)


@builtin("clip(x, lo=, hi=)", "elementwise")
def clip(ops: Operations, x: Value, lo: Optional[Value], hi: Optional[Value]) -> Value:
    """x limited to lo..hi; either bound may be left out.

    Formula: min(max(x, lo), hi)
    Example: clip(forward_vel, hi=1.0[m/s])
    """
    if lo is None and hi is None:
        raise Mismatch(
            "RW214", "`clip` without a bound", "write `clip(x, lo, hi)`, or one of `lo=` and `hi=`"
        )
    return ops.clip(x, lo, hi)


@builtin("relu(x)", "elementwise")
def relu(ops: Operations, x: Value) -> Value:
    """x where it is positive, else 0.

    Formula: max(x, 0)
    Example: sum(relu(abs(torques) - 0.9*torque_limits))
    """
    return ops.binary("max", x, ops.number(0.0))


@builtin("deadband(x, w)", "elementwise")
def deadband(ops: Operations, x: Value, w: Value) -> Value:
    """0 within w of 0, beyond it what x exceeds w by, with the sign of x.

    Formula: sign(x)*max(abs(x) - w, 0)
    Example: deadband(base_lin_vel.y, 0.1[m/s])^2
    """
    over = ops.binary("max", ops.binary("sub", ops.unary("abs", x, x.type.unit), w), ops.number(0.0))
    return ops.binary("mul", ops.unary("sign", x, ONE), over)


@builtin("lerp(a, b, t)", "elementwise")
def lerp(ops: Operations, a: Value, b: Value, t: Value) -> Value:
    """From a (t = 0) to b (t = 1) in a straight line, which goes on beyond them.

    Formula: a + t*(b - a)
    Example: lerp(base_height, 0.34[m], 0.2)
    """
    unit = unify_units((ops.as_number(a), ops.as_number(b)), "mix")
    step = ops.binary("mul", t, ops.binary("sub", b, a))
    return ops.binary("add", a, Value(step.node, step.type.but(unit=unit)))


@builtin("smoothstep(x, lo, hi)", "elementwise")
def smoothstep(ops: Operations, x: Value, lo: Value, hi: Value) -> Value:
    """0 below lo, 1 above hi, and a smooth rise between them.

    Formula: t*t*(3 - 2*t) with t = clip((x - lo)/(hi - lo), 0, 1)
    Example: smoothstep(base_height, 0.2[m], 0.3[m])
    """
    t = ops.binary("div", ops.binary("sub", x, lo), ops.binary("sub", hi, lo))
    t = ops.clip(Value(t.node, t.type.but(unit=ONE)), ops.number(0.0), ops.number(1.0))
    rest = ops.binary("sub", ops.number(3.0), ops.binary("mul", ops.number(2.0), t))
    return ops.known(ops.fold("mul", (t, t, rest)), 0.0, 1.0, ONE)


@builtin("where(cond, a, b)", "elementwise")
def where(ops: Operations, cond: Value, a: Value, b: Value) -> Value:
    """a where the condition holds, b elsewhere; the side not taken never counts, not even if it is infinite.

    Formula: a if cond else b
    Example: where(norm(command_lin_vel) < 0.1, norm(dof_vel), 0)
    """
    return ops.where(cond, a, b)


# reductions


REDUCTIONS = (
    ("prod", "Product over all axes, or the one that `over=` names.\n\nFormula: x_1*x_2*...*x_n"),
    ("any", "Whether the condition holds for any element.\n\nFormula: x_1 or x_2 or ... or x_n\nExample: any(contact_forces[thighs].z > 1[N])"),
    ("all", "Whether the condition holds for all elements.\n\nFormula: x_1 and x_2 and ... and x_n\nExample: all(contact_forces[feet].z > 1[N])"),
    ("var", "Variance over all axes, or the one that `over=` names; divided by n.\n\nFormula: mean((x - mean(x))^2)"),
    ("std", "Standard deviation over all axes, or the one that `over=` names; divided by n.\n\nFormula: sqrt(var(x))"),
)  # fmt: skip


def _reduction(op: str, text: str) -> None:
    builtin(f"{op}(x, over=AXIS)", "reductions", text)(lambda ops, x, over: ops.reduce(op, x, over))


@builtin("sum(x, over=AXIS, where=)", "reductions")
def sum_(ops: Operations, x: Value, over: Optional[str], mask: Optional[Value]) -> Value:
    """Sum over all axes, or the one that `over=` names; of the elements for which the mask `where=` holds.

    Formula: x_1 + x_2 + ... + x_n
    Example: sum(norm(body_lin_vel[feet].xy), where=contact_forces[feet].z > 1[N])
    """
    return ops.reduce("sum", x, over, mask)


@builtin("mean(x, over=AXIS, where=)", "reductions")
def mean(ops: Operations, x: Value, over: Optional[str], mask: Optional[Value]) -> Value:
    """Mean over all axes, or the one that `over=` names; of the elements for which the mask `where=` holds.

    Formula: sum(x)/n; a mean over nothing is 0
    Example: mean(abs(dof_vel), where=abs(dof_vel) > 1[rad/s])
    """
    return ops.reduce("mean", x, over, mask)


for _name, _text in REDUCTIONS:
    _reduction(_name, _text)


@builtin("count(cond, over=AXIS)", "reductions")
def count(ops: Operations, cond: Value, over: Optional[str]) -> Value:
    """For how many elements the condition holds.

    Formula: sum of 0 and 1
    Example: count(contact_forces[feet].z > 1[N]) == 1
    """
    want_bool(cond, "`count`")
    return ops.reduce("sum", cond, over)


@builtin("norm(x)", "reductions")
def norm(ops: Operations, x: Value) -> Value:
    """2-norm over a vector's components if there are any, else over the only axis; of a single number its size.

    Formula: sqrt(sum(x^2))
    Example: sum(norm(contact_forces[feet]))
    """
    return ops.norm(x)


@builtin("dot(a, b)", "reductions")
def dot(ops: Operations, a: Value, b: Value) -> Value:
    """Sum of the products over the components if there are any, else over the only axis.

    Formula: sum(a*b)
    Example: dot(torques, dof_vel)
    """
    return ops.dot(a, b)


# vectors


@builtin("cross(a, b)", "vectors")
def cross(ops: Operations, a: Value, b: Value) -> Value:
    """Cross product of two vectors [xyz].

    Formula: [a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x]
    Example: norm(cross(base_lin_vel, projected_gravity))
    """
    product = ops.binary("mul", a, b)
    if product.type.vector != XYZ or a.type.vector != XYZ or b.type.vector != XYZ:
        raise Mismatch(
            "RW210", f"`cross` wants two vectors [xyz], not {a.type.axes_text()} and {b.type.axes_text()}"
        )
    type = product.type.but(range=(-math.inf, math.inf))
    return Value(ops.builder.add("cross", (a.node, b.node), type), type)


@builtin("normalize(v)", "vectors")
def normalize(ops: Operations, v: Value) -> Value:
    """The vector of length 1 in the direction of v; not finite for the vector 0.

    Formula: v / norm(v)
    Example: dot(normalize(rotate(root_quat, [1, 0, 0.2])), root_lin_vel)
    """
    unit = ops.binary("div", v, ops.norm(v))
    return ops.known(unit, -1.0, 1.0, ONE)


@builtin("distance(a, b)", "vectors")
def distance(ops: Operations, a: Value, b: Value) -> Value:
    """How far two points are apart.

    Formula: norm(a - b)
    Example: distance(body_pos["left_foot"].xy, body_pos["right_foot"].xy)
    """
    return ops.norm(ops.binary("sub", a, b))


# schedules


@builtin("ramp(x, x0, x1)", "schedules")
def ramp(ops: Operations, x: Value, x0: Value, x1: Value) -> Value:
    """From 0 at x0 to 1 at x1 over the run's `epoch`, `frames` or `progress`; a step if x0 = x1.

    Formula: clip((x - x0)/(x1 - x0), 0, 1); 1 from x0 on if x0 = x1
    Example: ramp(progress, 0.2, 0.6)
    """
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
