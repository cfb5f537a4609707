"""Kernels: how far from a target, as a number in [0, 1]. Each formula is in its doc; projects use four that differ."""

from __future__ import annotations

import math
from typing import Callable, Dict, Optional

from .mismatch import Mismatch, Value, unify_units
from .registry import builtin
from .typed import Operations
from .types import Depends
from .units import ONE


@builtin(
    "gauss(x, width)", "kernels", "exp(-(x/width)^2). legged_gym's exp(-x^2/sigma) is gauss(x, sqrt(sigma))."
)
def gauss(ops: Operations, x: Value, width: Value) -> Value:
    return ops.unary("exp", ops.negative(ops.power(_scaled(ops, x, width), ops.number(2.0))), ONE)


@builtin("laplace(x, width)", "kernels", "exp(-abs(x)/width).")
def laplace(ops: Operations, x: Value, width: Value) -> Value:
    return ops.unary("exp", ops.negative(_scaled(ops, ops.unary("abs", x, x.type.unit), width)), ONE)


@builtin("tanh_kernel(x, width)", "kernels", "1 - tanh(abs(x)/width).")
def tanh_kernel(ops: Operations, x: Value, width: Value) -> Value:
    bent = ops.unary("tanh", _scaled(ops, ops.unary("abs", x, x.type.unit), width), ONE)
    return ops.binary("sub", ops.number(1.0), bent)


@builtin("inverse(x, width)", "kernels", "1/(1 + (x/width)^2).")
def inverse(ops: Operations, x: Value, width: Value) -> Value:
    below = ops.binary("add", ops.number(1.0), ops.power(_scaled(ops, x, width), ops.number(2.0)))
    return ops.binary("div", ops.number(1.0, ONE), below)


@builtin(
    "tolerance(x, lower=, upper=, margin=, shape=, value_at_margin=)",
    "kernels",
    "dm_control's: 1 within lower..upper (one left out is open), falling outside to value_at_margin (0.1) at the distance "
    "margin (0: at once). Shapes: gaussian (the default), hyperbolic, long_tail, reciprocal, cosine, linear, quadratic, tanh_squared.",
)
def tolerance(
    ops: Operations, x: Value, lower: Optional[Value], upper: Optional[Value], margin: Optional[Value],
    shape: Optional[Value], value_at_margin: Optional[Value],
) -> Value:  # fmt: skip
    name = "gaussian" if shape is None else shape.text
    if name not in SHAPES:
        raise Mismatch("RW217", f'`tolerance` has no shape "{name}"', f"there is {', '.join(SHAPES)}")
    if lower is None and upper is None:
        raise Mismatch("RW214", "`tolerance` without a bound", "write `lower=`, `upper=` or both")
    at_margin = 0.1 if value_at_margin is None else _number(value_at_margin, "value_at_margin")
    if not (0 if name in ("cosine", "linear", "quadratic") else 1e-9) <= at_margin < 1:
        raise Mismatch(
            "RW217", f"the value at the margin of a {name} tolerance is in (0, 1), not {at_margin:g}"
        )
    below = None if lower is None else ops.binary("sub", lower, x)  # how far x is outside, negative inside
    above = None if upper is None else ops.binary("sub", x, upper)
    outside = below if above is None else above if below is None else ops.binary("max", below, above)
    assert outside is not None
    zero = ops.number(0.0, outside.type.unit)
    inside = ops.compare("<=", outside, zero)
    if margin is None or margin.type.range == (0.0, 0.0):
        return ops.as_number(inside)
    distance = _scaled(ops, outside, margin)
    return ops.where(inside, ops.number(1.0, ONE), SHAPES[name](ops, distance, at_margin))


def _number(x: Value, what: str) -> float:
    low, high = x.type.range
    if x.type.depends is not Depends.NOTHING or low != high:
        raise Mismatch("RW217", f"`{what}` is a plain number")
    return low


def _scaled(ops: Operations, x: Value, width: Value) -> Value:
    """x/width, which must be a plain number: their units agree where both have one."""
    x, width = ops.as_number(x), ops.as_number(width)
    unify_units((x, width), "scale")
    scaled = ops.binary("div", x, width)
    return Value(scaled.node, scaled.type.but(unit=ONE))


# dm_control's sigmoids of a distance d >= 0 in margins: 1 at 0, v at 1 (dm_control/utils/rewards.py).


def _times(ops: Operations, d: Value, scale: float) -> Value:
    return ops.binary("mul", d, ops.number(scale, ONE))


def _square(ops: Operations, x: Value) -> Value:
    return ops.power(x, ops.number(2.0))


def _one_minus(ops: Operations, x: Value) -> Value:
    return ops.binary("sub", ops.number(1.0, ONE), x)


def _below_one(ops: Operations, scaled: Value, value: Value) -> Value:
    """A sigmoid that is 0 from the scaled distance 1 on."""
    return ops.where(ops.compare("<", scaled, ops.number(1.0)), value, ops.number(0.0))


def _gaussian(ops: Operations, d: Value, v: float) -> Value:
    """exp(-(d*s)^2/2), s = sqrt(-2 log v)."""
    squared = _square(ops, _times(ops, d, math.sqrt(-2 * math.log(v))))
    return ops.unary("exp", _times(ops, squared, -0.5), ONE)


def _hyperbolic(ops: Operations, d: Value, v: float) -> Value:
    """1/cosh(d*s), s = arccosh(1/v)."""
    scaled = _times(ops, d, math.acosh(1 / v))
    ends = ops.binary("add", ops.unary("exp", scaled, ONE), ops.unary("exp", ops.negative(scaled), ONE))
    return ops.binary("div", ops.number(2.0, ONE), ends)


def _long_tail(ops: Operations, d: Value, v: float) -> Value:
    """1/((d*s)^2 + 1), s = sqrt(1/v - 1)."""
    squared = _square(ops, _times(ops, d, math.sqrt(1 / v - 1)))
    return ops.binary("div", ops.number(1.0, ONE), ops.binary("add", squared, ops.number(1.0)))


def _reciprocal(ops: Operations, d: Value, v: float) -> Value:
    """1/(d*s + 1), s = 1/v - 1."""
    return ops.binary(
        "div", ops.number(1.0, ONE), ops.binary("add", _times(ops, d, 1 / v - 1), ops.number(1.0))
    )


def _cosine(ops: Operations, d: Value, v: float) -> Value:
    """(1 + cos(pi*d*s))/2 below d*s = 1, s = arccos(2v - 1)/pi."""
    scaled = _times(ops, d, math.acos(2 * v - 1) / math.pi)
    wave = ops.unary("cos", _times(ops, scaled, math.pi), ONE)
    return _below_one(ops, scaled, _times(ops, ops.binary("add", wave, ops.number(1.0)), 0.5))


def _linear(ops: Operations, d: Value, v: float) -> Value:
    """1 - d*s below d*s = 1, s = 1 - v."""
    scaled = _times(ops, d, 1 - v)
    return _below_one(ops, scaled, _one_minus(ops, scaled))


def _quadratic(ops: Operations, d: Value, v: float) -> Value:
    """1 - (d*s)^2 below d*s = 1, s = sqrt(1 - v)."""
    scaled = _times(ops, d, math.sqrt(1 - v))
    return _below_one(ops, scaled, _one_minus(ops, _square(ops, scaled)))


def _tanh_squared(ops: Operations, d: Value, v: float) -> Value:
    """1 - tanh(d*s)^2, s = arctanh(sqrt(1 - v))."""
    return _one_minus(ops, _square(ops, ops.unary("tanh", _times(ops, d, math.atanh(math.sqrt(1 - v))), ONE)))


SHAPES: Dict[str, Callable[[Operations, Value, float], Value]] = {
    "gaussian": _gaussian, "hyperbolic": _hyperbolic, "long_tail": _long_tail, "reciprocal": _reciprocal,
    "cosine": _cosine, "linear": _linear, "quadratic": _quadratic, "tanh_squared": _tanh_squared,
}  # fmt: skip
