"""RW519: a term the wrong way round, by what it reads: a failure or effort that pays, a command that is paid for when it is missed,
or that is compared with something else than it asks for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Iterator, Optional, Set, Tuple

from .bounds import Bounds
from .diagnostics import Diagnostic, error
from .ir import Term, below
from .types import Depends, Kind

if TYPE_CHECKING:
    from .lints import Subject

EFFORT = ("torques", "actions", "dof_vel")
COMMANDS = {"command_lin_vel", "command_ang_vel"}
SIZES = {"norm", "abs", "pow"}
GROWTHS = {"rate", "delta", "potential"}
PICKS = {"index", "take"}
SCALES = {"mul", "div", "mean", "sum", "float"}


def backwards(s: Subject) -> Iterator[Diagnostic]:
    """The warnings for terms that are paid or charged the wrong way round.

    A spec of nothing but costs says nothing of their sign: it is to be subtracted from another.
    """
    still = _at_rest(s)
    found = [(term, said) for term in s.program.terms for said in [_of_term(s, term, still)] if said]
    if len(found) < len(s.program.terms):
        for term, (message, help) in found:
            yield _warning(term.span, f"`{term.name}` {message}", help)
    yield from _comparisons(s)


def _of_term(s: Subject, term: Term, still: Bounds) -> Optional[Tuple[str, str]]:
    """What is wrong with the sign of a term, and what to write."""
    if term.name in s.resolved.weights:
        return None  # a `weight` that changes a sign is RW412
    weight = s.bounds.of(term.weight)
    if weight.high <= 0 and weight.low < 0:
        if _is_kernel(s, term.value):
            return "has a negative weight and is greatest where what is asked for is done", "write a plus in front of it, or charge the error: `1 - kernel`"  # fmt: skip
        return None
    if weight.low < 0 or weight.high <= 0:
        return None
    failure = _failure(s, term.value)
    if failure is not None:
        return f"pays for the failure `{failure}`", "write a minus in front of it; what ends an episode well is a `success`"  # fmt: skip
    for check, what in (
        (lambda: _is_effort(s, term, still), "grows with what the motors do: effort is paid for"),
        (lambda: _is_tilt(s, term.value), "grows with the tilt of the base"),
        (lambda: _is_error(s, term.value), "grows with the distance from what is asked for"),
        (lambda: _goes_away(s, term.value), "grows when a distance does: going away is paid for"),
    ):
        if check():
            return f"has a positive weight and {what}", "write a minus in front of it, or a kernel around it: `gauss(x, width)`"  # fmt: skip
    return None


def _warning(span: Any, message: str, help: str) -> Diagnostic:
    return error("RW519", span, message, help=help, severity="warning")


def _at_rest(s: Subject) -> Bounds:
    """The ranges while the motors do nothing."""
    quantities = s.resolved.vocabulary.quantities
    zeros = {
        q: ((0.0, 0.0),) * math.prod(len(axis) for axis in quantities[q].type.axes)
        for q in EFFORT
        if q in quantities
    }
    return Bounds(s.program, {**s.bounds.known, **zeros}, s.bounds.steps)


def _failure(s: Subject, root: int) -> Optional[str]:
    """The failure that a value is, for nothing else."""
    at = _stripped(s, root, SCALES)
    return next((c.name for c in s.program.causes if c.condition == at and not c.success), None)


def _is_effort(s: Subject, term: Term, still: Bounds) -> bool:
    """Whether a value is made of what the motors do alone, over all joints or a group, never below 0, and 0 where they do nothing."""
    reads = s.program.reads(term.value)
    quantities = s.resolved.vocabulary.quantities
    if not reads & set(EFFORT) or any(
        quantities[q].kind != "model" for q in reads - set(EFFORT) if q in quantities
    ):
        return False
    if s.program.nodes[term.value].type.kind is Kind.BOOL or not term.reduced:
        return False
    value, rest = s.bounds.of(term.value), still.of(term.value)
    return value.low >= 0 and value.high > 0 and rest.low == rest.high == 0


def _is_tilt(s: Subject, root: int) -> bool:
    """Whether a value is a size of the horizontal part of gravity in the base's frame."""
    nodes, at = s.program.nodes, _stripped(s, root, SCALES)
    if nodes[at].op not in SIZES:
        return False
    part = nodes[nodes[at].args[0]]
    picked = part.data[1] if part.op in PICKS else ()
    flat = set(picked if isinstance(picked, tuple) else (picked,)) <= {0, 1}
    return part.op in PICKS and flat and nodes[part.args[0]].name == "projected_gravity"


def _goes_away(s: Subject, root: int) -> bool:
    """Whether a value is the growth of a distance: `rate`, `delta` or `potential` of the norm of a difference."""
    nodes, at = s.program.nodes, _stripped(s, root, SCALES)
    if nodes[at].hint not in GROWTHS:
        return False
    inside = below(nodes, nodes[at].args)
    norms = {i for i in inside if nodes[i].op == "norm" and nodes[nodes[i].args[0]].op == "sub"}
    conditions = {i for i in inside if nodes[i].type.kind is Kind.BOOL}
    turned = below(nodes, nodes[at].args, stop=norms | conditions)
    return bool(norms) and not any(nodes[i].op == "neg" for i in turned)


def _stripped(s: Subject, i: int, ops: Set[str]) -> int:
    """What is left of a node without factors, sums and picks: its one part that the state changes."""
    nodes = s.program.nodes
    while nodes[i].op in ops and nodes[i].hint not in GROWTHS:
        parts = [a for a in nodes[i].args if nodes[a].type.depends is Depends.STATE]
        if len(parts) != 1:
            break
        i = parts[0]
    return i


def _is_error(s: Subject, root: int) -> bool:
    """Whether a value is a size of the difference between a command and something: its norm, its square."""
    node = s.program.nodes[_stripped(s, root, SCALES)]
    if node.op not in SIZES:
        return False
    inner = s.program.nodes[_stripped(s, node.args[0], SCALES | PICKS)]
    return inner.op == "sub" and any(_command(s, a) for a in inner.args)


def _is_kernel(s: Subject, root: int) -> bool:
    """Whether a value is a bounded, falling function of such a difference."""
    node = s.program.nodes[_stripped(s, root, SCALES)]
    if node.op != "exp" or s.bounds.of(root).low < 0:
        return False
    nodes = s.program.nodes
    return any(
        nodes[i].op == "sub" and any(_command(s, a) for a in nodes[i].args) for i in below(nodes, node.args)
    )


def _command(s: Subject, i: int) -> Optional[str]:
    """The command that a node is, or is a component of."""
    node = s.program.nodes[_stripped(s, i, PICKS)]
    return node.name if node.op == "quantity" and node.name in COMMANDS else None


def _comparisons(s: Subject) -> Iterator[Diagnostic]:
    nodes = s.program.nodes
    for i in sorted(below(nodes, [term.value for term in s.program.terms])):
        node = nodes[i]
        if node.op not in ("add", "sub") or node.span is None:
            continue
        for mine, other in (node.args, node.args[::-1]):
            command = _command(s, mine)
            if command is None or nodes[other].type.depends is not Depends.STATE or _command(s, other):
                continue
            if node.op == "add" and _is_velocity(s, other):
                yield _warning(node.span, f"`{command}` is added to a velocity: where the robot does what is asked for, this is twice that",
                               "the error is their difference")  # fmt: skip
            elif node.op == "sub" and _is_of_the_world(s, other):
                yield _warning(node.span, f"`{command}` is along the base's axes, what it is compared with along the world's: right for one heading only",
                               "read `base_lin_vel`, or turn the vector: `rotate_inverse(root_quat, v)`")  # fmt: skip


def _is_velocity(s: Subject, i: int) -> bool:
    """Whether a node is a velocity, or a component of one, as the task has it."""
    name = s.program.nodes[_stripped(s, i, PICKS)].name
    quantity = s.resolved.vocabulary.quantities.get(name)
    return quantity is not None and name.endswith("_vel") and name not in COMMANDS


def _is_of_the_world(s: Subject, i: int) -> bool:
    """Whether a node is the x or y of a vector of the world."""
    node = s.program.nodes[i]
    if node.op != "index" or node.data[1] not in (0, 1):
        return False
    vector = s.program.nodes[node.args[0]].type
    return vector.vector is not None and vector.frames == frozenset({"world"})
