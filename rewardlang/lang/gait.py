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


def _in_cycle(ops: Operations, value: Value, phase: Value) -> Value:
    """A value that is within 0..1 if the phase is."""
    low, high = CYCLE if 0 <= phase.type.range[0] and phase.type.range[1] <= 1 else (-math.inf, math.inf)
    return ops.known(value, low, high, ONE)


@builtin("phase(period, offset)", "gait")
def phase(ops: Operations, period: Value, offset: Value) -> Value:
    """The place in the gait's cycle, from 0 up to 1; for each foot if the offset is a table.

    Formula: mod(episode_time/period + offset, 1)
    Example: sum(half_sine(phase(0.8[s], table(feet, "left_*": 0, "*": 0.5))))

    In other projects:
    - unitree_rl_gym's `phase`, with the period 0.8 s and the offset 0.5 for one leg, is this
    - mujoco_playground's runs from -pi to pi: theirs is `2*pi*phase - pi`
    """
    unify_units((ops.seconds(), ops.as_number(period)), "divide")
    unit = Type(Kind.NUMBER, (), SECOND, range=(0.0, math.inf))
    time = Value(ops.builder.add("quantity", (), unit, ("episode_time",), "episode_time"), unit)
    turns = ops.binary("div", time, period)
    moved = ops.binary("add", Value(turns.node, turns.type.but(unit=ONE)), offset)
    wrapped = ops.binary("mod", moved, ops.number(1.0))
    return ops.known(wrapped, *CYCLE, ONE)


@builtin("stance(phase, duty, width=)", "gait")
def stance(ops: Operations, phase: Value, duty: Value, width: Optional[Value]) -> Value:
    """Whether a foot is to be down: in the first part, `duty`, of the cycle. With `width=` a number in [0, 1].

    Formula: phase < duty
    Example: sum((contact_forces[feet].z > 1[N]) == stance(phase(0.8[s], table(feet, "left_*": 0, "*": 0.5)), 0.55))
    Source: unitree_rl_gym's `leg_phase < 0.55`

    With `width=` it rises and falls as a smoothstep over that part of the cycle, half of it before the phases 0 and duty.
    """
    if width is None:
        return ops.compare("<", phase, duty)
    if width.type.range[0] <= 0:
        raise Mismatch("RW217", "the width of `stance` is above 0", "leave it out for a condition")
    half = ops.binary("mul", width, ops.number(0.5))
    place = ops.binary("mod", ops.binary("add", phase, half), ops.number(1.0))
    up = smoothstep(ops, place, ops.number(0.0), width)
    down = smoothstep(ops, place, duty, ops.binary("add", duty, width))
    value = ops.binary("sub", up, down)
    return ops.known(value, 0.0 if duty.type.range[0] >= 0 else -1.0, 1.0, ONE)


@builtin("triangle(phase)", "gait")
def triangle(ops: Operations, phase: Value) -> Value:
    """0 at phase 0, 1 at 0.5, 0 at 1, straight between.

    Formula: 1 - abs(2*phase - 1)
    Example: triangle(phase(0.8[s], 0))
    """
    twice = ops.binary("sub", ops.binary("mul", phase, ops.number(2.0)), ops.number(1.0))
    value = ops.binary("sub", ops.number(1.0), ops.unary("abs", twice, ONE))
    return _in_cycle(ops, value, phase)


@builtin("half_sine(phase)", "gait")
def half_sine(ops: Operations, phase: Value) -> Value:
    """One bow in the first half of the cycle, 0 in the second.

    Formula: max(sin(2*pi*phase), 0)
    Example: half_sine(phase(0.8[s], 0))
    """
    return ops.binary(
        "max", ops.unary("sin", ops.binary("mul", phase, ops.number(2 * math.pi)), ONE), ops.number(0.0)
    )


@builtin("bezier_swing(phase, height)", "gait")
def bezier_swing(ops: Operations, phase: Value, height: Value) -> Value:
    """A foot's height over its cycle: up to `height` at phase 0.5 and down again, at rest at both ends.

    Formula: height*b(2*phase) up to phase 0.5, then height*(1 - b(2*phase - 1)); b(t) = t^3 + 3*t^2*(1 - t)
    Example: sum((body_pos[feet].z - bezier_swing(phase(0.8[s], table(feet, "left_*": 0, "*": 0.5)), 0.05[m]))^2)
    Source: mujoco_playground's gait.get_rz
    """
    twice = ops.binary("mul", phase, ops.number(2.0))
    later = ops.binary("sub", twice, ops.number(1.0))
    rising = ops.compare("<=", phase, ops.number(0.5))
    bow = ops.where(rising, _bezier(ops, twice), ops.binary("sub", ops.number(1.0), _bezier(ops, later)))
    return ops.binary("mul", _in_cycle(ops, bow, phase), height)


def _bezier(ops: Operations, t: Value) -> Value:
    squared = ops.power(t, ops.number(2.0))
    rest = ops.binary("sub", ops.number(1.0), t)
    return ops.binary("add", ops.power(t, ops.number(3.0)), ops.fold("mul", (ops.number(3.0), squared, rest)))
