"""Kernels: how far from a target, as a number in [0, 1]. Each formula is in its doc; projects use four that differ."""

from __future__ import annotations

import math
from typing import Callable, Dict, Optional

from .mismatch import Mismatch, Value, unify_units
from .registry import builtin
from .typed import Operations
from .types import Depends
from .units import ONE


@builtin("gauss(x, width)", "kernels")
def gauss(ops: Operations, x: Value, width: Value) -> Value:
    """A bell: 1 at x = 0, 1/e at x = width.

    Formula: exp(-(x/width)^2)
    Example: gauss(norm(command_lin_vel - base_lin_vel.xy), 0.5[m/s])

    Other ways to write a bell, and the width that makes them equal:
    - Isaac Lab, `exp(-x^2/std^2)`: `gauss(x, std)`
    - legged_gym, unitree_rl_gym, walk-these-ways, mujoco_playground, `exp(-x^2/sigma)`: `gauss(x, sqrt(sigma))`; their 0.25 is a width of 0.5
    - humanoid-gym, `exp(-x^2*sigma)`, and any `exp(-k*x^2)`: `gauss(x, 1/sqrt(k))`
    - a normal distribution's `exp(-x^2/(2*sigma^2))`: `gauss(x, sqrt(2)*sigma)`
    - dm_control's gaussian tolerance with the value v at the margin: `gauss(x, margin/sqrt(-log(v)))`
    """
    return ops.unary("exp", ops.negative(ops.power(_scaled(ops, x, width), ops.number(2.0))), ONE)


@builtin("laplace(x, width)", "kernels")
def laplace(ops: Operations, x: Value, width: Value) -> Value:
    """A peak with straight flanks: 1 at x = 0, 1/e at abs(x) = width.

    Formula: exp(-abs(x)/width)
    Example: laplace(base_height - 0.34[m], 0.1[m])

    In other projects:
    - `exp(-k*abs(x))`, humanoid-gym's with k = 100 or 10: `laplace(x, 1/k)`
    """
    return ops.unary("exp", ops.negative(_scaled(ops, ops.unary("abs", x, x.type.unit), width)), ONE)


@builtin("tanh_kernel(x, width)", "kernels")
def tanh_kernel(ops: Operations, x: Value, width: Value) -> Value:
    """1 at x = 0, falling in a straight line at first, 0.24 at abs(x) = width.

    Formula: 1 - tanh(abs(x)/width)
    Example: tanh_kernel(norm(root_pos.xy - [3, 0]), 1.0[m])
    Source: Isaac Lab's position_command_error_tanh

    In other projects:
    - Isaac Lab, `1 - tanh(x/std)` of a distance: `tanh_kernel(x, std)`
    - robosuite and mujoco_playground, `1 - tanh(k*x)`: `tanh_kernel(x, 1/k)`
    """
    bent = ops.unary("tanh", _scaled(ops, ops.unary("abs", x, x.type.unit), width), ONE)
    return ops.known(ops.binary("sub", ops.number(1.0), bent), 0.0, 1.0, ONE)


@builtin("inverse(x, width)", "kernels")
def inverse(ops: Operations, x: Value, width: Value) -> Value:
    """1 at x = 0, 1/2 at abs(x) = width, with a long tail.

    Formula: 1/(1 + (x/width)^2)
    Example: inverse(norm(root_pos.xy - [3, 0]), 1.0[m])

    In other projects:
    - IsaacGymEnvs, `1/(1 + d^2)`: `inverse(d, 1)`; squared, as its Franka tasks do: `inverse(d, 1)^2`
    - `1/(1 + k*x^2)`: `inverse(x, 1/sqrt(k))`
    - dm_control's long_tail tolerance with the value v at the margin: `inverse(x, margin/sqrt(1/v - 1))`
    - IsaacGymEnvs' Shadow Hand, `1/(abs(x) + eps)`, is none of these: `1 / (abs(x) + 0.1)`
    - `1/(1 + abs(x))`: `tolerance(x, 0, 0, margin=1, shape="reciprocal", value_at_margin=0.5)`
    """
    below = ops.binary("add", ops.number(1.0), ops.power(_scaled(ops, x, width), ops.number(2.0)))
    return ops.known(ops.binary("div", ops.number(1.0, ONE), below), 0.0, 1.0, ONE)


@builtin("tolerance(x, lower=, upper=, margin=, shape=, value_at_margin=)", "kernels")
def tolerance(
    ops: Operations, x: Value, lower: Optional[Value], upper: Optional[Value], margin: Optional[Value],
    shape: Optional[Value], value_at_margin: Optional[Value],
) -> Value:  # fmt: skip
    """1 within lower..upper, falling outside to `value_at_margin` at the distance `margin`; a bound left out is open.

    Formula: 1 if lower <= x <= upper, else f(d) with d = distance to the nearer bound / margin
    Example: tolerance(forward_vel, lower=1, margin=1, shape="linear", value_at_margin=0)
    Source: dm_control/utils/rewards.py, whose names and values it keeps

    Without a margin it is a step, 0 outside. With v = `value_at_margin` (0.1), the shapes are
    - `"gaussian"`, the default: f(d) = exp(-(d*s)^2/2), s = sqrt(-2*log(v))
    - `"hyperbolic"`: 1/cosh(d*s), s = arccosh(1/v)
    - `"long_tail"`: 1/((d*s)^2 + 1), s = sqrt(1/v - 1)
    - `"reciprocal"`: 1/(d*s + 1), s = 1/v - 1
    - `"cosine"`: (1 + cos(pi*d*s))/2 while d*s < 1, else 0; s = arccos(2*v - 1)/pi
    - `"linear"`: 1 - d*s while d*s < 1, else 0; s = 1 - v
    - `"quadratic"`: 1 - (d*s)^2 while d*s < 1, else 0; s = sqrt(1 - v)
    - `"tanh_squared"`: 1 - tanh(d*s)^2, s = arctanh(sqrt(1 - v))

    `value_at_margin` is below 1 and above 0; with cosine, linear and quadratic it may be 0.
    """
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
    return ops.known(
        ops.where(inside, ops.number(1.0, ONE), SHAPES[name](ops, distance, at_margin)), 0.0, 1.0, ONE
    )


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
