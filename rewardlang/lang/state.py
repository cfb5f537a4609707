"""The functions that remember (section 5 of the reference), each written with `prev_of` and `follow`.

`prev(x)` reads the slot that tracks x; `follow` makes a value that depends on its own last one. A value has one slot however
often it is remembered, so equal expressions share their state.
"""

from __future__ import annotations

import math
from typing import Callable, Optional, Tuple

from .mismatch import Mismatch, Value, unify_axes, unify_units, want_bool
from .registry import builtin
from .typed import Operations
from .types import BOOL, Axis, Depends, Kind, Type
from .units import ONE, SECOND


def prev_of(ops: Operations, x: Value) -> Value:
    """x one step ago; on the first step of an episode, x at the reset state."""
    if x.type.kind in (Kind.SELECTION, Kind.STRING):
        ops.as_number(x)
    if x.type.depends is Depends.NOTHING:
        return x
    type = x.type.but(depends=Depends.STATE)
    if x.node not in ops.builder.remembered:
        slot = ops.builder.slot()
        ops.builder.track(slot, x.node, ops.builder.read(slot, type))
    return Value(ops.builder.remembered[x.node], type)


def follow(
    ops: Operations,
    type: Type,
    step: Callable[[Value], Value],
    first: Optional[Value] = None,
    start: float = 0.0,
) -> Value:
    """A value that follows from its own last one: `first` (or the number `start`) at the reset state, `step(last)` on a step."""
    type = type.but(depends=Depends.STATE)
    slot = ops.builder.slot()
    last = Value(ops.builder.read(slot, type), type)
    initial = ops.builder.add("fill", (), type, (slot, start)) if first is None else first.node
    node = ops.builder.add("at_reset", (initial, step(last).node), type, (slot,))
    ops.builder.track(slot, node, last.node)
    return Value(node, type)


def _seconds(axes: Tuple[Axis, ...]) -> Type:
    return Type(Kind.NUMBER, axes, SECOND, range=(0.0, math.inf))


@builtin("prev(x)", "state", "x one step ago; on the first step of an episode, x at the reset state.")
def prev(ops: Operations, x: Value) -> Value:
    return prev_of(ops, x)


@builtin("delta(x)", "state", "x - prev(x).")
def delta(ops: Operations, x: Value) -> Value:
    return ops.binary("sub", x, prev_of(ops, ops.as_number(x)))


@builtin("rate(x)", "state", "(x - prev(x))/dt: change per second.")
def rate(ops: Operations, x: Value) -> Value:
    change = delta(ops, x)
    quotient = ops.binary("div", change, ops.seconds())
    return Value(
        quotient.node, quotient.type.but(unit=None if change.type.unit is None else change.type.unit / SECOND)
    )


@builtin("prev2(x)", "state", "prev(prev(x)).")
def prev2(ops: Operations, x: Value) -> Value:
    return prev_of(ops, prev_of(ops, x))


@builtin("delta2(x)", "state", "delta(delta(x)): x - 2*prev(x) + prev2(x).")
def delta2(ops: Operations, x: Value) -> Value:
    return delta(ops, delta(ops, x))


@builtin(
    "ema(x, tau)",
    "state",
    "Exponential average: y + (1 - exp(-dt/tau))*(x - y), tau in seconds, x at the reset state.",
)
def ema(ops: Operations, x: Value, tau: Value) -> Value:
    x, tau = ops.as_number(x), ops.as_number(tau)
    unify_units((ops.seconds(), tau), "average over")
    decay = ops.unary("exp", ops.negative(ops.binary("div", ops.seconds(), tau)), ONE)
    gain = ops.binary("sub", ops.number(1.0), decay)

    def step(last: Value) -> Value:
        moved = ops.binary("mul", gain, ops.binary("sub", x, last))
        return ops.binary("add", last, Value(moved.node, moved.type.but(unit=x.type.unit)))

    return follow(ops, x.type.but(axes=unify_axes((x, tau), "average")), step, x)


@builtin(
    "integral(x, reset_when=)",
    "state",
    "Sum of x*dt since the episode began, or since `reset_when` held last.",
)
def integral(ops: Operations, x: Value, reset_when: Optional[Value]) -> Value:
    x = ops.as_number(x)
    unit = None if x.type.unit is None else x.type.unit * SECOND
    axes = x.type.axes if reset_when is None else unify_axes((x, reset_when), "integrate")
    type = Type(Kind.NUMBER, axes, unit, x.type.frames)
    grown = ops.binary("mul", x, ops.seconds())

    def step(last: Value) -> Value:
        total = ops.binary("add", last, Value(grown.node, grown.type.but(unit=unit)))
        return total if reset_when is None else ops.where(reset_when, ops.number(0.0, unit), total)

    return follow(ops, type, step)


def _extreme(op: str) -> Callable[..., Value]:
    def build(ops: Operations, x: Value, reset_when: Optional[Value]) -> Value:
        x = ops.as_number(x)
        axes = x.type.axes if reset_when is None else unify_axes((x, reset_when), "follow")

        def step(last: Value) -> Value:
            further = ops.binary(op, last, x)
            return further if reset_when is None else ops.where(reset_when, x, further)

        return follow(ops, x.type.but(axes=axes), step, x)

    return build


builtin(
    "running_max(x, reset_when=)", "state", "Greatest x since the episode began, the reset state included."
)(_extreme("max"))
builtin("running_min(x, reset_when=)", "state", "Least x since the episode began, the reset state included.")(
    _extreme("min")
)


@builtin(
    "timer(cond)",
    "state",
    "Seconds the condition has held without a break: dt on its first step, 0 when false.",
)
def timer(ops: Operations, cond: Value) -> Value:
    want_bool(cond, "`timer`")
    return follow(ops, _seconds(cond.type.axes),
                  lambda last: ops.where(cond, ops.binary("add", last, ops.seconds()), ops.number(0.0, SECOND)))  # fmt: skip


@builtin(
    "last_duration(cond)",
    "state",
    "Seconds the condition's last completed stretch held, new on the step that breaks it.",
)
def last_duration(ops: Operations, cond: Value) -> Value:
    want_bool(cond, "`last_duration`")
    held = prev_of(ops, timer(ops, cond))
    return follow(ops, _seconds(cond.type.axes), lambda last: ops.where(falling(ops, cond), held, last))


@builtin("rising(cond)", "state", "Whether the condition holds and did not one step ago.")
def rising(ops: Operations, cond: Value) -> Value:
    want_bool(cond, "`rising`")
    return ops.logic("and", (cond, ops.invert(prev_of(ops, cond))))


@builtin("falling(cond)", "state", "Whether the condition held one step ago and does not now.")
def falling(ops: Operations, cond: Value) -> Value:
    want_bool(cond, "`falling`")
    return ops.logic("and", (ops.invert(cond), prev_of(ops, cond)))


@builtin("changed(x)", "state", "x != prev(x), on any axis.")
def changed(ops: Operations, x: Value) -> Value:
    return ops.reduce("any", ops.compare("!=", x, prev_of(ops, x)))


@builtin("ever(cond)", "state", "Whether the condition has held on any step of the episode.")
def ever(ops: Operations, cond: Value) -> Value:
    want_bool(cond, "`ever`")
    return follow(ops, BOOL.but(axes=cond.type.axes), lambda last: ops.logic("or", (last, cond)))


@builtin("steps(cond)", "state", "On how many steps of the episode the condition has held.")
def steps(ops: Operations, cond: Value) -> Value:
    want_bool(cond, "`steps`")
    type = Type(Kind.NUMBER, cond.type.axes, ONE, range=(0.0, math.inf))
    return follow(ops, type, lambda last: ops.binary("add", last, cond))


@builtin("debounce(cond, n)", "state", "True from the n-th step in a row on which the condition holds.")
def debounce(ops: Operations, cond: Value, n: Value) -> Value:
    want_bool(cond, "`debounce`")
    if n.type.range[0] != n.type.range[1] or n.type.range[0] < 1:
        raise Mismatch("RW216", "`debounce` wants a number of steps of at least 1", sides={1: ""})
    type = Type(Kind.NUMBER, cond.type.axes, ONE, range=(0.0, math.inf))
    row = follow(
        ops, type, lambda last: ops.where(cond, ops.binary("add", last, ops.number(1.0)), ops.number(0.0))
    )
    return ops.compare(">=", row, n)


@builtin(
    "sample(x, cond)",
    "state",
    "x on the last step on which the condition held; before that, x at the reset state.",
)
def sample(ops: Operations, x: Value, cond: Value) -> Value:
    want_bool(cond, "`sample`")
    return follow(
        ops, x.type.but(axes=unify_axes((x, cond), "sample")), lambda last: ops.where(cond, x, last), x
    )


@builtin("potential(phi)", "state",
         "Potential-based shaping: gamma*phi(s')*(1 - terminated) - phi(s), gamma of the trainer. On a time-out phi(s') stays.")  # fmt: skip
def potential(ops: Operations, phi: Value) -> Optional[Value]:
    phi, over = ops.as_number(phi), ops.terminated
    if over is None:
        return None  # a termination did not type, which is reported there
    gamma_type = Type(Kind.NUMBER, (), ONE, range=(0.0, 1.0), depends=Depends.RUN)
    gamma = Value(ops.builder.add("run", (), gamma_type, ("gamma",), "gamma"), gamma_type)
    last = prev_of(ops, phi)
    kept = ops.where(over, ops.number(0.0, phi.type.unit), phi)
    later = ops.binary("mul", gamma, kept)
    return ops.binary("sub", Value(later.node, later.type.but(unit=phi.type.unit)), last)
