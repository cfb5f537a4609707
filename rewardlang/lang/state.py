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
    node = ops.builder.nodes[x.node]
    if (
        node.op == "div"
        and node.args[0] in ops.builder.remembered
        and ops.builder.nodes[node.args[1]].op == "const"
    ):
        # What a count is in seconds was that of the count then: `prev(timer(c))` needs no slot of its own.
        return Value(ops.builder.add("div", (ops.builder.remembered[node.args[0]], node.args[1]), type), type)
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


@builtin("prev(x)", "state")
def prev(ops: Operations, x: Value) -> Value:
    """x one step ago; on the first step of an episode, x at the reset state.

    Formula: x(t - dt)
    Example: sum((actions - prev(actions))^2)

    It takes numbers, conditions, rotations and vectors, with all their axes. `actions` at the reset state is 0.
    """
    return prev_of(ops, x)


@builtin("delta(x)", "state")
def delta(ops: Operations, x: Value) -> Value:
    """The change of x since the step before; 0 on the first step if the reset state did not change.

    Formula: x - prev(x)
    Example: sum(delta(actions)^2)
    Source: the action rate of legged_gym
    """
    return ops.binary("sub", x, prev_of(ops, ops.as_number(x)))


@builtin("rate(x)", "state")
def rate(ops: Operations, x: Value) -> Value:
    """The change of x per second.

    Formula: (x - prev(x))/dt
    Example: sum(rate(dof_vel)^2)
    Source: the joint accelerations of legged_gym
    """
    change = delta(ops, x)
    quotient = ops.binary("div", change, ops.seconds())
    return Value(
        quotient.node, quotient.type.but(unit=None if change.type.unit is None else change.type.unit / SECOND)
    )


@builtin("prev2(x)", "state")
def prev2(ops: Operations, x: Value) -> Value:
    """x two steps ago; the reset state until then.

    Formula: prev(prev(x))
    Example: sum((actions - 2*prev(actions) + prev2(actions))^2)
    """
    return prev_of(ops, prev_of(ops, x))


@builtin("delta2(x)", "state")
def delta2(ops: Operations, x: Value) -> Value:
    """The change of the change of x.

    Formula: x - 2*prev(x) + prev2(x)
    Example: sum(delta2(actions)^2)
    Source: the second-order smoothness of humanoid-gym and walk-these-ways
    """
    return delta(ops, delta(ops, x))


@builtin("ema(x, tau)", "state")
def ema(ops: Operations, x: Value, tau: Value) -> Value:
    """Exponential average of x over about the last `tau` seconds, which starts at the reset state's x.

    Formula: y + (1 - exp(-dt/tau))*(x - y) with y the value of the step before
    Example: (forward_vel - ema(forward_vel, 0.5[s]))^2
    """
    x, tau = ops.as_number(x), ops.as_number(tau)
    unify_units((ops.seconds(), tau), "average over")
    decay = ops.unary("exp", ops.negative(ops.binary("div", ops.seconds(), tau)), ONE)
    gain = ops.binary("sub", ops.number(1.0), decay)

    def step(last: Value) -> Value:
        moved = ops.binary("mul", gain, ops.binary("sub", x, last))
        return ops.binary("add", last, Value(moved.node, moved.type.but(unit=x.type.unit)))

    return follow(ops, x.type.but(axes=unify_axes((x, tau), "average")), step, x)


@builtin("integral(x, reset_when=)", "state")
def integral(ops: Operations, x: Value, reset_when: Optional[Value]) -> Value:
    """Sum of x*dt since the episode began, 0 at the reset state; on a step with `reset_when=` it is 0 again.

    Formula: y + x*dt with y the value of the step before
    Example: abs(integral(base_ang_vel.z))
    """
    x = ops.as_number(x)
    unit = None if x.type.unit is None else x.type.unit * SECOND
    axes = x.type.axes if reset_when is None else unify_axes((x, reset_when), "integrate")
    type = Type(Kind.NUMBER, axes, unit, x.type.frames)
    grown = ops.binary("mul", x, ops.seconds())

    def step(last: Value) -> Value:
        total = ops.binary("add", last, Value(grown.node, grown.type.but(unit=unit)))
        return total if reset_when is None else ops.where(reset_when, ops.number(0.0, unit), total)

    return follow(ops, type, step)


EXTREMES = (
    ("running_max", "max", "Greatest", "prev(running_max(body_pos[feet].z, reset_when=contact_forces[feet].z > 1[N]))"),
    ("running_min", "min", "Least", "running_min(norm(root_pos.xy - [3, 0]))"),
)  # fmt: skip


def _extreme(op: str) -> Callable[..., Value]:
    def build(ops: Operations, x: Value, reset_when: Optional[Value]) -> Value:
        x = ops.as_number(x)
        axes = x.type.axes if reset_when is None else unify_axes((x, reset_when), "follow")

        def step(last: Value) -> Value:
            further = ops.binary(op, last, x)
            return further if reset_when is None else ops.where(reset_when, x, further)

        return follow(ops, x.type.but(axes=axes), step, x)

    return build


for _name, _op, _word, _example in EXTREMES:
    builtin(
        f"{_name}(x, reset_when=)",
        "state",
        f"{_word} x since the episode began, the reset state included; it starts again at x where `reset_when=` holds.\n\n"
        f"Formula: {_op}(y, x) with y the value of the step before\nExample: sum({_example})",
    )(_extreme(_op))


@builtin("timer(cond)", "state")
def timer(ops: Operations, cond: Value) -> Value:
    """Seconds that the condition has held without a break: dt on its first step, 0 while it is false.

    Formula: y + dt where the condition holds, else 0
    Example: sum(timer(not (contact_forces[feet].z > 1[N])))
    Source: Isaac Lab's current_air_time and current_contact_time

    `prev(timer(not touch))` at touchdown is the time in the air. legged_gym and Isaac Lab count the step of the landing too: write
    `prev(timer(not touch)) + dt`.
    """
    want_bool(cond, "`timer`")
    return _in_seconds(ops, _row(ops, cond))


def _row(ops: Operations, cond: Value) -> Value:
    """On how many steps in a row the condition has held: one count for all that ask."""
    if cond.node not in ops.rows:
        type = Type(Kind.NUMBER, cond.type.axes, ONE, range=(0.0, math.inf))
        row = follow(
            ops, type, lambda last: ops.where(cond, ops.binary("add", last, ops.number(1.0)), ops.number(0.0))
        )
        ops.builder.label(row.node, "steps_in_a_row", None)
        ops.rows[cond.node] = row
    return ops.rows[cond.node]


def _in_seconds(ops: Operations, steps: Value) -> Value:
    """A number of steps in seconds, rounded once: 15 steps of 0.02 s are the float 0.3, so `timer(c) >= 0.3[s]` holds on the 15th."""
    value = ops.binary("div", steps, ops.number(ops.vocabulary.control_rate))
    return ops.known(value, 0.0, math.inf, SECOND)


@builtin("last_duration(cond)", "state")
def last_duration(ops: Operations, cond: Value) -> Value:
    """Seconds that the last completed stretch of the condition held, new on the step that breaks it; 0 before the first.

    Formula: prev(timer(cond)) where falling(cond), else the value of the step before
    Example: sum(last_duration(contact_forces[feet].z <= 1[N]) * rising(contact_forces[feet].z > 1[N]))
    Source: Isaac Lab's last_air_time, which is longer by dt
    """
    want_bool(cond, "`last_duration`")
    held = _in_seconds(ops, prev_of(ops, _row(ops, cond)))
    return follow(ops, _seconds(cond.type.axes), lambda last: ops.where(falling(ops, cond), held, last))


@builtin("rising(cond)", "state")
def rising(ops: Operations, cond: Value) -> Value:
    """Whether the condition holds and did not one step ago.

    Formula: cond and not prev(cond)
    Example: count(rising(contact_forces[feet].z > 1[N]))
    """
    want_bool(cond, "`rising`")
    return ops.logic("and", (cond, ops.invert(prev_of(ops, cond))))


@builtin("falling(cond)", "state")
def falling(ops: Operations, cond: Value) -> Value:
    """Whether the condition held one step ago and does not now.

    Formula: not cond and prev(cond)
    Example: count(falling(contact_forces[feet].z > 1[N]))
    """
    want_bool(cond, "`falling`")
    return ops.logic("and", (ops.invert(cond), prev_of(ops, cond)))


@builtin("changed(x)", "state")
def changed(ops: Operations, x: Value) -> Value:
    """Whether x is another than one step ago, in any of its elements.

    Formula: any(x != prev(x))
    Example: changed(command_lin_vel)
    """
    return ops.reduce("any", ops.compare("!=", x, prev_of(ops, x)))


@builtin("ever(cond)", "state")
def ever(ops: Operations, cond: Value) -> Value:
    """Whether the condition has held on any step of the episode, this one included.

    Formula: y or cond, with y the value of the step before
    Example: forward_vel * ever(base_height > 0.3[m])
    """
    want_bool(cond, "`ever`")
    return follow(ops, BOOL.but(axes=cond.type.axes), lambda last: ops.logic("or", (last, cond)))


@builtin("steps(cond)", "state")
def steps(ops: Operations, cond: Value) -> Value:
    """On how many steps of the episode the condition has held, in a row or not.

    Formula: y + cond, with y the value of the step before
    Example: steps(forward_vel > 0.5[m/s]) >= 10
    """
    want_bool(cond, "`steps`")
    type = Type(Kind.NUMBER, cond.type.axes, ONE, range=(0.0, math.inf))
    return follow(ops, type, lambda last: ops.binary("add", last, cond))


@builtin("debounce(cond, n)", "state")
def debounce(ops: Operations, cond: Value, n: Value) -> Value:
    """Whether the condition has held for at least n steps in a row, this one included; n is a number.

    Formula: cond and prev(cond) and ... (n in all)
    Example: debounce(base_height < 0.25[m], 5)
    """
    want_bool(cond, "`debounce`")
    low, high = n.type.range
    if n.type.depends is not Depends.NOTHING or low != high or low < 1 or low != int(low):
        raise Mismatch(
            "RW216", "`debounce` wants a fixed whole number of steps, of at least 1", sides={1: ""}
        )
    return ops.compare(">=", _row(ops, cond), n)


@builtin("sample(x, cond)", "state")
def sample(ops: Operations, x: Value, cond: Value) -> Value:
    """x on the last step on which the condition held, this one included; before that, x at the reset state.

    Formula: x where cond, else the value of the step before
    Example: norm(root_pos.xy - sample(root_pos, changed(command_lin_vel)).xy)
    """
    want_bool(cond, "`sample`")
    return follow(
        ops, x.type.but(axes=unify_axes((x, cond), "sample")), lambda last: ops.where(cond, x, last), x
    )


@builtin("potential(phi)", "state")
def potential(ops: Operations, phi: Value) -> Optional[Value]:
    """Potential-based shaping: it pays for a rise of phi and leaves the best policy what it is.

    Formula: gamma*phi*(1 - terminated) - prev(phi)
    Example: potential(-norm(root_pos.xy - [3, 0]))
    Source: Ng, Harada and Russell 1999, "Policy invariance under reward transformations"

    gamma is the trainer's (`gamma` in ppo.yaml; `Reward(..., gamma=0.99)` on tensors of your own). On a time-out phi of the last state
    stays, as its value is bootstrapped there. Over an episode the discounted sum is gamma^T*phi(s_T)*(1 - terminated) - phi(s_0).
    """
    phi, over = ops.as_number(phi), ops.terminated
    if over is None:
        return None  # a termination did not type, which is reported there
    gamma_type = Type(Kind.NUMBER, (), ONE, range=(0.0, 1.0), depends=Depends.RUN)
    gamma = Value(ops.builder.add("run", (), gamma_type, ("gamma",), "gamma"), gamma_type)
    last = prev_of(ops, phi)
    kept = ops.where(over, ops.number(0.0, phi.type.unit), phi)
    later = ops.binary("mul", gamma, kept)
    return ops.binary("sub", Value(later.node, later.type.but(unit=phi.type.unit)), last)
