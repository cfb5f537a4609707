"""Functions of a gait: where in its cycle each foot is, and what it should do there."""

from __future__ import annotations

import math
from typing import Optional

from .functions import smoothstep
from .mismatch import Mismatch, Value, unify_units
from .registry import builtin
from .typed import Operations
from .types import Kind, Type
from .units import ONE, SECOND

CYCLE = (0.0, 1.0)


@builtin(
    "phase(period, offset)",
    "gait",
    "mod(episode_time/period + offset, 1): the place in the cycle, for each foot if the offset is a table.",
)
def phase(ops: Operations, period: Value, offset: Value) -> Value:
    unify_units((ops.seconds(), ops.as_number(period)), "divide")
    unit = Type(Kind.NUMBER, (), SECOND, range=(0.0, math.inf))
    time = Value(ops.builder.add("quantity", (), unit, ("episode_time",), "episode_time"), unit)
    turns = ops.binary("div", time, period)
    moved = ops.binary("add", Value(turns.node, turns.type.but(unit=ONE)), offset)
    wrapped = ops.binary("mod", moved, ops.number(1.0))
    return Value(wrapped.node, wrapped.type.but(unit=ONE, range=CYCLE))


@builtin("stance(phase, duty, width=)", "gait",
         "phase < duty; with `width=` a number in [0, 1] that rises and falls as a smoothstep over that part of the cycle, half of it "
         "before the phases 0 and duty.")  # fmt: skip
def stance(ops: Operations, phase: Value, duty: Value, width: Optional[Value]) -> Value:
    if width is None:
        return ops.compare("<", phase, duty)
    if width.type.range[0] <= 0:
        raise Mismatch("RW217", "the width of `stance` is above 0", "leave it out for a condition")
    half = ops.binary("mul", width, ops.number(0.5))
    place = ops.binary("mod", ops.binary("add", phase, half), ops.number(1.0))
    up = smoothstep(ops, place, ops.number(0.0), width)
    down = smoothstep(ops, place, duty, ops.binary("add", duty, width))
    value = ops.binary("sub", up, down)
    return Value(value.node, value.type.but(unit=ONE, range=CYCLE))


@builtin("triangle(phase)", "gait", "0 at phase 0, 1 at 0.5, 0 at 1, straight between: 1 - abs(2*phase - 1).")
def triangle(ops: Operations, phase: Value) -> Value:
    twice = ops.binary("sub", ops.binary("mul", phase, ops.number(2.0)), ops.number(1.0))
    value = ops.binary("sub", ops.number(1.0), ops.unary("abs", twice, ONE))
    return Value(value.node, value.type.but(unit=ONE))


@builtin(
    "half_sine(phase)",
    "gait",
    "max(sin(2*pi*phase), 0): one bow in the first half of the cycle, 0 in the second.",
)
def half_sine(ops: Operations, phase: Value) -> Value:
    return ops.binary(
        "max", ops.unary("sin", ops.binary("mul", phase, ops.number(2 * math.pi)), ONE), ops.number(0.0)
    )


@builtin("bezier_swing(phase, height)", "gait",
         "A foot's height over its cycle, mujoco_playground's: b(2*phase) up to phase 0.5, 1 - b(2*phase - 1) after it, times height; "
         "b(t) = t^3 + 3*t^2*(1 - t).")  # fmt: skip
def bezier_swing(ops: Operations, phase: Value, height: Value) -> Value:
    twice = ops.binary("mul", phase, ops.number(2.0))
    later = ops.binary("sub", twice, ops.number(1.0))
    rising = ops.compare("<=", phase, ops.number(0.5))
    bow = ops.where(rising, _bezier(ops, twice), ops.binary("sub", ops.number(1.0), _bezier(ops, later)))
    return ops.binary("mul", Value(bow.node, bow.type.but(unit=ONE, range=CYCLE)), height)


def _bezier(ops: Operations, t: Value) -> Value:
    squared = ops.power(t, ops.number(2.0))
    rest = ops.binary("sub", ops.number(1.0), t)
    return ops.binary("add", ops.power(t, ops.number(3.0)), ops.fold("mul", (ops.number(3.0), squared, rest)))
