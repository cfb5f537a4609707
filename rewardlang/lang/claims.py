"""`expect` lines → programs that compute whether each holds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Sequence, Tuple

from . import format
from . import nodes as n
from .expect import BEHAVIOURS, DELTA, ROOM, ROUNDING, Expectation, about
from .ir import Output, Program, below
from .mirror import mirrored
from .mismatch import Value
from .names import read_names
from .types import EVERYTHING, Axis, Depends, Kind, Type
from .units import ONE, show
from .uses import is_known

if TYPE_CHECKING:
    from .check import Checker


def claims(checker: Checker, program: Program) -> List[Expectation]:
    """Each line as a program of its own, not yet proved. What is malformed is reported to the checker."""
    lines, builder = checker.resolved.expects, checker.builder
    if not lines or checker.found:
        return []
    scope, out = _scope(checker, program), []  # type: ignore[var-annotated]
    for line in lines:
        checker.scope = dict(scope)
        out += _claim(checker, program, line)
    checker.scope = {}
    nodes, slots = tuple(builder.nodes), tuple(builder.slots)
    return [replace(one, program=replace(one.program, nodes=nodes, slots=slots)) for one in out]


def _scope(checker: Checker, program: Program) -> Dict[str, Optional[Value]]:
    """What only an `expect` line reads: the contributions of terms, groups and the total, and the returns of behaviours."""
    builder, ops, paid = checker.builder, checker.ops, {}  # type: ignore[var-annotated]
    number = Type(unit=ONE)
    by_group: Dict[str, List[Value]] = {group: [] for group in program.groups}
    for term in program.terms:
        value = Value(builder.add("mul", (term.weight, term.value), number), number)
        by_group[term.group].append(value)
        paid[term.name] = value
    groups = {g: ops.fold("add", values) if values else ops.number(0.0) for g, values in by_group.items()}
    if program.total is None:
        paid.setdefault("total", ops.fold("add", list(groups.values())))
    else:
        inside = {i: groups[node.data[0]].node for i, node in enumerate(builder.nodes) if node.op == "group"}
        paid.setdefault("total", Value(copied(checker, program.total, inside), number))
    for group, value in groups.items():
        paid.setdefault(group, value)
    out: Dict[str, Optional[Value]] = {f"paid({name})": value for name, value in paid.items()}
    out.update((name, value) for name, value in paid.items() if not is_known(checker.resolved, name))
    for behaviour in BEHAVIOURS:
        name = f"return({behaviour})"
        out[name] = Value(builder.add("quantity", (), number, (name,), name), number)
    return out


def _claim(checker: Checker, program: Program, line: n.Expect) -> Iterator[Expectation]:
    condition, ops, before = line.condition, checker.ops, len(checker.found)
    parts = about(checker.resolved, condition)
    values = [checker.lower(part) for part in parts]
    if any(v is None for v in values):
        if len(checker.found) == before:
            checker.report("RW521", line.condition.span, "the types of this spec name its terms otherwise",
                           help="name the term with `as`")  # fmt: skip
        return
    kind = "step"
    if parts[0] is condition:
        proof, shown = _condition(checker, line, values[0]), _sides(checker, condition)
        holds = proof and with_room(checker, proof)
        returns = {name for name in read_names(condition) if name.startswith("return(")}
        if returns:
            kind = "behaviours"
            others = [name for name in sorted(read_names(condition) - returns) if name not in checker.params]
            if others:
                checker.report("RW521", line.condition.span, f"`{others[0]}` is of one step, a return of a whole episode",
                               help="compare returns with each other, with numbers or params")  # fmt: skip
    else:
        assert isinstance(condition, n.Call)
        kind = condition.function
        holds, proof, other = _of_form(checker, condition, [v for v in values if v is not None])
        changed = (
            "of the mirror image" if kind == "symmetric" else f"with `{format.expression(parts[1])}` greater"
        )
        shown = [(format.expression(parts[0]), values[0]), (changed, other)]
    if holds is None or proof is None:
        return
    metrics = [Output("holds", ops.as_number(holds).node)]
    metrics += [Output(name, ops.as_number(v).node) for name, v in shown if v is not None and not v.type.axes]
    own = replace(program, metrics=tuple(metrics), observations=())
    text, span = format.expression(condition), line.condition.span
    unit = next((show(v.type.unit) for v in values[1:] if v is not None), "")
    yield Expectation(text, kind, "open", span, own, proof.node, unit)


def _condition(checker: Checker, line: n.Expect, value: Optional[Value]) -> Optional[Value]:
    assert value is not None
    if value.type.kind is not Kind.BOOL:
        checker.report("RW521", line.condition.span, f"a law is a condition, this is a {value.type.kind.value}",
                       help="compare it: `x <= 0`")  # fmt: skip
    elif value.type.axes:
        checker.report("RW521", line.condition.span, f"a law is one condition, this has the axes {value.type.axes_text()}",
                       help="use `all(...)` or `any(...)`")  # fmt: skip
    else:
        return value
    return None


def with_room(checker: Checker, condition: Value) -> Value:
    """The condition with room for rounding where it says `<=` or `>=`: `norm(v) <= 1` of a unit vector is to hold."""
    builder, ops = checker.builder, checker.ops
    node = builder.nodes[condition.node]
    if node.op in ("and", "or", "all", "any"):
        args = [with_room(checker, Value(a, builder.nodes[a].type)).node for a in node.args]
        return Value(builder.add(node.op, args, node.type, node.data), node.type)
    if node.op not in ("le", "ge"):
        return condition
    low, high = (
        _bare(Value(a, builder.nodes[a].type)) for a in (node.args if node.op == "le" else node.args[::-1])
    )
    room = ops.binary(
        "mul", ops.number(ROOM), ops.binary("max", ops.number(1.0), ops.unary("abs", high, None))
    )
    return ops.compare("<=", low, ops.binary("add", high, room))


def _sides(checker: Checker, condition: n.Expr) -> List[Tuple[str, Optional[Value]]]:
    """What a condition compares: the values that a counterexample shows, under their texts."""
    if isinstance(condition, n.Compare):
        return [
            (format.expression(part), checker.lower(part)) for part in condition.operands if read_names(part)
        ]
    return [side for part in n.children(condition) for side in _sides(checker, part)]


def _of_form(
    checker: Checker, call: n.Call, values: Sequence[Value]
) -> Tuple[Optional[Value], Optional[Value], Optional[Value]]:
    """The condition that `increasing`, `decreasing` or `symmetric` stands for, the node that its proof is about (a condition, or
    the value that is to rise with `delta`), and what f is compared with."""
    ops, f = checker.ops, checker.guard(call.arguments[0].span, [call.arguments[0]], checker.ops.as_number, values[0])  # fmt: skip
    if f is None:
        return None, None, None
    if f.type.axes:
        checker.report("RW521", call.arguments[0].span, f"`{call.function}` is about a single number, this has the axes {f.type.axes_text()}",
                       help="use `sum(...)`, or one element")  # fmt: skip
        return None, None, None
    slack = ops.binary(
        "mul", ops.number(ROUNDING), ops.binary("max", ops.number(1.0), ops.unary("abs", _bare(f), None))
    )
    if call.function == "symmetric":
        other = checker.guard(call.span, [call.arguments[0]], lambda: Value(mirrored(ops, f.node), f.type))
        if other is None:
            return None, None, None
        apart = ops.unary("abs", _bare(ops.binary("sub", f, other)), None)
        same = Value(mirrored(ops, f.node, _known_mirrors(checker)), f.type)
        return ops.compare("<=", apart, slack), ops.compare("==", f, same), other
    raised = _raised(checker, call, f, values[1])
    if raised is None:
        return None, None, None
    rise = _bare(
        ops.binary("sub", raised, f) if call.function == "increasing" else ops.binary("sub", f, raised)
    )
    proof = raised if call.function == "increasing" else ops.negative(raised)
    return ops.compare(">=", rise, ops.negative(slack)), proof, raised


def _known_mirrors(checker: Checker) -> Dict[int, str]:
    """Nodes of derived quantities with a mirror rule of their own."""
    out: Dict[int, str] = {}
    for name, value in checker.values.items():
        quantity = checker.vocabulary.quantities.get(name)
        if quantity is not None and quantity.definition and quantity.mirror and value is not None:
            out[value.node] = quantity.mirror
    return out


def _bare(value: Value) -> Value:
    """A value that fits any unit."""
    return Value(value.node, value.type.but(unit=None))


def _raised(checker: Checker, call: n.Call, f: Value, x: Value) -> Optional[Value]:
    """f where x is greater by `delta`, all else as it is: what f remembers, and what x itself is made of."""
    builder, node, at = checker.builder, x.node, call.arguments[1]
    if x.type.kind is not Kind.NUMBER or node < 0 or x.type.depends is not Depends.STATE:
        checker.report(
            "RW521", at.span, f"`{call.function}` is in a quantity or a definition that the state changes"
        )
        return None
    selections: List[Tuple[int, Tuple[int, ...], bool]] = []  # from the last to the first
    while builder.nodes[node].op in ("index", "take"):
        position, picks = builder.nodes[node].data[:2]
        dropped = builder.nodes[node].op == "index"
        selections.append((position, (picks,) if dropped else picks, dropped))
        node = builder.nodes[node].args[0]
    type = builder.nodes[node].type
    number = Type(range=(0.0, math.inf))
    step = builder.add("quantity", (), number, (DELTA,), DELTA)
    chosen = dict(_picked(type.axes, selections))
    for axis, picked in chosen.items():
        flags = tuple(float(i in picked) for i in range(len(axis)))
        table = Type(Kind.NUMBER, (axis,), depends=Depends.NOTHING, range=(0.0, 1.0))
        number = number.but(axes=tuple(a for a in type.axes if a in (*number.axes, axis)))
        step = builder.add("mul", (step, builder.add("table", (), table, flags)), number)
    above = builder.add("add", (node, step), type.but(range=EVERYTHING))
    instead = {node: above}
    for i, other in enumerate(builder.nodes):  # `v.y` is not changed by `v.x`
        if other.op in ("index", "take") and other.args == (node,):
            position, picks = other.data[:2]
            at_once = set(picks if isinstance(picks, tuple) else (picks,))
            if not at_once & set(chosen.get(type.axes[position], at_once)):
                instead[i] = i
    new = copied(checker, f.node, instead)
    if new == f.node:
        checker.report("RW521", call.span, f"`{format.expression(call.arguments[0])}` does not read `{format.expression(at)}`",
                       help="a name is read through definitions, but not through what it is made of itself")  # fmt: skip
        return None
    return Value(new, f.type.but(range=EVERYTHING))


def _picked(axes: Tuple[Axis, ...], selections: Sequence[Tuple[int, Tuple[int, ...], bool]]) -> Iterator[Tuple[Axis, Tuple[int, ...]]]:  # fmt: skip
    """The axes of a value of which only some elements are selected, with those."""
    left = list(axes)
    chosen: Dict[Axis, Tuple[int, ...]] = {}
    for position, picks, dropped in reversed(selections):
        axis = left.pop(position) if dropped else left[position]
        before = chosen.get(axis, tuple(range(len(axis))))
        chosen[axis] = tuple(before[i] for i in picks)
    yield from chosen.items()


def copied(checker: Checker, root: int, instead: Dict[int, int]) -> int:
    """The node that computes `root` with other nodes in place of some; what state remembers stays."""
    builder = checker.builder
    new: Dict[int, int] = {}
    for i in sorted(below(builder.nodes, [root], stop=instead)):
        node = builder.nodes[i]
        args = [new[a] for a in node.args] if i not in instead else []
        if i in instead:
            new[i] = instead[i]
        elif tuple(args) == node.args:
            new[i] = i
        else:  # what is known of the old value's range need not hold
            wide = node.type if node.type.kind is Kind.BOOL else node.type.but(range=EVERYTHING)
            new[i] = builder.add(node.op, args, wide, node.data)
    return new[root]
