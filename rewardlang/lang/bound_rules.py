"""How each operation of the IR bounds its value: the rules that `bounds.Bounds` works with."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from . import ranges
from .forms import EVERY, INF, MAX_TERMS, Form, Range, constant, product
from .ir import Node
from .types import Axis, Kind

if TYPE_CHECKING:
    from .bounds import Bounds, Forms, Place

ROUNDING = 1.000001  # turning a vector in float32 may lengthen it by so much
OVERFLOW = 88.72  # exp of more does not fit in float32
UNDERFLOW = 87.0  # exp of less than minus this may be 0 there


def unknown(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    """Only what the type says is known."""
    return fresh(b, i, node, place, Range(*node.type.range))


def fresh(b: Bounds, i: int, node: Node, place: Place, found: Range) -> Forms:
    """Atoms of a node by its number: one for each component of a vector without other axes, else one for all elements."""
    count = len(node.type.axes[0]) if len(node.type.axes) == 1 and node.type.vector is not None else 1
    return tuple(b.atom(node, place, ("node", i, at), found) for at in range(count))


# leaves


def _const(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return (constant(float(node.data[0])),)


def _table(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return tuple(constant(float(v)) for v in node.data)


def _quantity(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    name = node.data[0]
    each = b.known.get(name)
    if each:
        return tuple(b.atom(node, place, ("quantity", name, at), Range(*one)) for at, one in enumerate(each))
    count = len(node.type.axes[0]) if len(node.type.axes) == 1 and node.type.vector is not None else 1
    found = Range(*node.type.range)
    return tuple(b.atom(node, place, ("quantity", name, at), found) for at in range(count))


def _state(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    slot = node.data[0]
    at: Optional[Place] = place
    while at is not None and slot not in at.slots:
        at = at.outer
    known = b.slot(slot) if at is None else at.slots[slot]
    return tuple(
        b.atom(node, place, ("slot", slot, k, None if at is None else at.number), one)
        for k, one in enumerate(known)
    )


def _at_reset(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return b.forms(node.args[0 if place.at_reset else 1], place)


def _stack(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    """A vector from its components, which may have axes."""
    given, lead = [b.forms(a, place) for a in node.args], node.type.axes[:-1]
    if lead and all(len(forms) == 1 for forms in given):
        found = place.facts.of(given[0][0])
        for forms in given[1:]:
            found = found.join(place.facts.of(forms[0]))
        return (b.atom(node, place, ("stack", *(forms[0].key for forms in given)), found),)
    return tuple(
        b.element(a, forms, lead, at, place)
        for at in itertools.product(*(range(len(axis)) for axis in lead))
        for a, forms in zip(node.args, given)
    )


def offset(axes: Tuple[Axis, ...], into: Tuple[Axis, ...], at: Tuple[int, ...]) -> int:
    """Where an element of one node stands among those of an argument with fewer axes."""
    out = 0
    for axis in axes:
        out = out * len(axis) + at[into.index(axis)]
    return out


def elements(node: Node) -> int:
    count = 1
    for axis in node.type.axes:
        count *= len(axis)
    return count


# linear


def _add(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    return short(b, i, node, place, x.plus(y))


def _sub(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    return short(b, i, node, place, x.plus(y, -1.0))


def short(b: Bounds, i: int, node: Node, place: Place, form: Form) -> Form:
    if len(form.terms) <= MAX_TERMS and math.isfinite(form.const):
        return form
    return b.atom(node, place, ("long", form.key), place.facts.of(form))


def _mul(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    if x.is_constant or y.is_constant:
        k, form = (x.const, y) if x.is_constant else (y.const, x)
        return form.times(k)
    (dx, kx), (dy, ky) = x.direction(), y.direction()
    if dx.key == dy.key and product(x.const, ky) == product(y.const, kx):
        return squared(b, node, place, x).times(ky / kx)
    rx, ry = place.facts.of(x), place.facts.of(y)
    found = ranges.mul(rx[:2], ry[:2])
    key = ("mul", *sorted((x.key, y.key), key=repr))
    return b.atom(node, place, key, Range(*found, rx.nonzero and ry.nonzero))


def squared(b: Bounds, node: Node, place: Place, x: Form) -> Form:
    if x.is_constant:
        return constant(x.const * x.const)
    direction, k = x.direction()
    unit = Form(x.const / k, direction.terms)
    found = place.facts.of(unit)
    low, high = ranges.power(found[:2], (2.0, 2.0))
    form = b.atom(node, place, ("square", unit.key), Range(low, high, not found.holds_zero))
    b.atoms.inner.update((atom, ("square", unit)) for atom in form.terms)
    if unit.const == 0 and len(unit.terms) == 1 and form.terms:
        (component,), (square,) = unit.terms, form.terms
        if component in b.atoms.vector:
            b.atoms.group[square] = b.atoms.vector[component]
    return form.times(k * k)


def _div(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    ry = place.facts.of(y)
    if ry.holds_zero:
        b.note(i, "divide", ry)
    if y.is_constant and y.const:
        return x.times(1 / y.const)
    (dx, kx), (dy, ky) = x.direction(), y.direction()
    if x.terms and dx.key == dy.key and product(x.const, ky) == product(y.const, kx) and not ry.holds_zero:
        return constant(kx / ky)
    rx = place.facts.of(x)
    if ry.low < 0 < ry.high:
        found = EVERY if rx[:2] != (0.0, 0.0) else Range(0.0, 0.0)
    else:
        ends = [math.copysign(INF, ry.low + ry.high) if e == 0 else 1 / e for e in ry[:2]]
        found = Range(*ranges.mul(rx[:2], (min(ends), max(ends))))
    return b.atom(node, place, ("div", x.key, y.key), Range(*found[:2], rx.nonzero))


def _neg(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    return x.times(-1.0)


# not linear


def _pow(b: Bounds, i: int, node: Node, place: Place, x: Form, n: Form) -> Form:
    if n.is_constant and n.const == 2.0:
        return squared(b, node, place, x)
    if n.is_constant and n.const in (0.0, 1.0):
        return x if n.const else constant(1.0)
    rx, rn = place.facts.of(x), place.facts.of(n)
    whole = n.is_constant and n.const == int(n.const)
    if rx.low < 0 and not whole:
        b.note(i, "power", Range(rx.low, min(rx.high, 0.0)))
    if rx.holds_zero and rn.low < 0:
        b.note(i, "divide", rx)
    if n.is_constant and n.const < 0:
        under = ranges.power(rx[:2], (-n.const, -n.const)) if rx.low >= 0 or whole else (0.0, INF)
        ends = [INF if e == 0 else 1 / e for e in under]
        found = (min(ends), max(ends)) if under[0] >= 0 else EVERY[:2]
    else:
        found = ranges.of("pow", (rx[:2], rn[:2]))
    return b.atom(node, place, ("pow", x.key, n.key), Range(*found, rx.nonzero))


def _square(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    return squared(b, node, place, x)


def extreme(op: str) -> Callable[..., Form]:
    def rule(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
        apart = place.facts.of(x.plus(y, -1.0))
        if apart.low >= 0:
            return x if op == "max" else y
        if apart.high <= 0:
            return y if op == "max" else x
        rx, ry = place.facts.of(x), place.facts.of(y)
        low, high = ranges.RULES[op](rx[:2], ry[:2])
        return b.atom(
            node, place, (op, *sorted((x.key, y.key), key=repr)), Range(low, high, rx.nonzero and ry.nonzero)
        )

    return rule


def _clip(b: Bounds, i: int, node: Node, place: Place, x: Form, lo: Form, hi: Form) -> Form:
    return extreme("min")(b, i, node, place, extreme("max")(b, i, node, place, x, lo), hi)


def _abs(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    found = place.facts.of(x)
    if found.low >= 0 or found.high <= 0:
        return x if found.low >= 0 else x.times(-1.0)
    _, k = x.direction()
    unit = x if k > 0 else x.times(-1.0)
    out = b.atom(node, place, ("abs", unit.key), Range(*ranges.absolute(found[:2]), found.nonzero))
    b.atoms.inner.update((atom, ("abs", unit)) for atom in out.terms)
    return out


def _sqrt(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    found = place.facts.of(x)
    if found.low < 0:
        b.note(i, "sqrt", Range(found.low, min(found.high, 0.0)))
    root = lambda v: math.sqrt(v) if 0 < v < INF else max(v, 0.0)
    return b.atom(node, place, ("sqrt", x.key), Range(root(found.low), root(found.high), found.nonzero))


def _log(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    found, start = place.facts.of(x), -1.0 if node.op == "log1p" else 0.0
    if found.low < start or (found.low == start and (start or not found.nonzero)):
        b.note(i, "log", Range(found.low, min(found.high, start)))
    return b.atom(node, place, (node.op, x.key), Range(*ranges.of(node.op, (found[:2],))))


def _exp(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    found = place.facts.of(x)
    if found.high > OVERFLOW:
        b.note(i, "exp", Range(max(found.low, OVERFLOW), found.high))
    return b.atom(node, place, ("exp", x.key), Range(*ranges.of("exp", (found[:2],)), found.low > -UNDERFLOW))


def _arc(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    found = place.facts.of(x)
    if found.low < -1 or found.high > 1:
        b.note(i, node.op, found)
    ends = [math.asin(max(-1.0, min(1.0, e))) for e in found[:2]]
    low, high = ends if node.op == "asin" else (math.pi / 2 - ends[1], math.pi / 2 - ends[0])
    return b.atom(node, place, (node.op, x.key), Range(low, high))


def _wave(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    """sin and cos: the ends and the peaks between them."""
    found = place.facts.of(x)
    shift = 0.0 if node.op == "sin" else math.pi / 2
    low, high = found.low + shift, found.high + shift
    if not (math.isfinite(low) and math.isfinite(high)) or high - low >= 2 * math.pi or abs(low) > 1e6:
        out = Range(-1.0, 1.0)
    else:
        ends = [math.sin(low), math.sin(high)]
        top = math.ceil((low - math.pi / 2) / (2 * math.pi)) * 2 * math.pi + math.pi / 2 <= high
        bottom = math.ceil((low + math.pi / 2) / (2 * math.pi)) * 2 * math.pi - math.pi / 2 <= high
        out = Range(-1.0 if bottom else min(ends), 1.0 if top else max(ends))
    return b.atom(node, place, (node.op, x.key), out)


def _mod(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    rx, ry = place.facts.of(x), place.facts.of(y)
    if ry.holds_zero:
        b.note(i, "divide", ry)
    if y.is_constant and y.const > 0 and rx.low >= 0 and rx.high < y.const:
        return x
    return b.atom(node, place, ("mod", x.key, y.key), Range(min(ry.low, 0.0), max(ry.high, 0.0)))


def _plain(b: Bounds, i: int, node: Node, place: Place, *forms: Form) -> Form:
    found = [place.facts.of(form)[:2] for form in forms]
    return b.atom(node, place, (node.op, *(form.key for form in forms)), Range(*ranges.of(node.op, found)))


# conditions: 0 or 1


def _compare(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    apart = place.facts.of(x.plus(y, -1.0))
    if node.op in ("eq", "ne"):
        sure = (
            0
            if not (apart.low <= 0 <= apart.high) or apart.nonzero
            else 1
            if apart.low == apart.high == 0
            else None
        )
        value = None if sure is None else sure if node.op == "eq" else 1 - sure
    else:
        low, high = (apart.low, apart.high) if node.op in ("lt", "le") else (-apart.high, -apart.low)
        strict = node.op in ("lt", "gt")
        never = low >= 0 if strict else low > 0 or (low == 0 and apart.nonzero)
        value = 1 if high < 0 or (high == 0 and (not strict or apart.nonzero)) else 0 if never else None
    if value is not None:
        return constant(float(value))
    return b.atom(node, place, (node.op, x.plus(y, -1.0).key), Range(0.0, 1.0))


def _logic(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    stop = 0.0 if node.op == "and" else 1.0
    for one, other in ((x, y), (y, x)):
        if one.is_constant:
            return constant(stop) if one.const == stop else other
    if x.key == y.key:
        return x
    return b.atom(node, place, (node.op, *sorted((x.key, y.key), key=repr)), Range(0.0, 1.0))


def _not(b: Bounds, i: int, node: Node, place: Place, x: Form) -> Form:
    return constant(1.0).plus(x, -1.0)


def _same(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return b.forms(node.args[0], place)


def _group(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    """What the terms of a group pay together."""
    low = high = 0.0
    for term in b.program.terms:
        if term.group == node.data[0]:
            paid = b.pays(term)
            low, high = low + paid[0], high + paid[1]
    return fresh(b, i, node, place, Range(low, high))


def _never(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return (constant(0.0),)


def _where(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    if node.type.kind is Kind.ROTATION:
        return unknown(b, i, node, place)
    condition = b.forms(node.args[0], place)
    if len(condition) == 1 and condition[0].is_constant:
        side = 1 if condition[0].const else 2
        return tuple(row[side] for row in b.aligned(node, node.args, place))
    inner = [b.under(node.args[0], place, holds) for holds in (True, False)]
    taken = [(at, arg) for at, arg in zip(inner, node.args[1:]) if at.facts.possible]
    if not taken:  # a place that cannot be reached
        return unknown(b, i, node, place)
    wanted = [(place, node.args[0]), *taken]
    apart = any(len(b.forms(arg, at)) > 1 for at, arg in wanted)
    rows = [[row[0] for row in b.aligned(node, (arg,), at, apart)] for at, arg in wanted]
    if len(taken) == 1:
        return tuple(_out_of(b, place, form, taken[0][0]) for form in rows[1])
    out = []
    for c, x, y in zip(*rows):
        if c.is_constant:
            out.append(_out_of(b, place, x, inner[0]) if c.const else _out_of(b, place, y, inner[1]))
        elif x.key == y.key:
            out.append(_out_of(b, place, x, *inner))
        else:
            found = inner[0].facts.of(x).join(inner[1].facts.of(y))
            out.append(b.atom(node, place, ("where", c.key, x.key, y.key), found))
    return tuple(out)


def _out_of(b: Bounds, place: Place, form: Form, *inner: Place) -> Form:
    """A form of the sides of a `where`, with what is known there of atoms that are new."""
    for atom in form.terms:
        if place.facts.of_atom(atom) == EVERY:
            found = inner[0].facts.of_atom(atom)
            for other in inner[1:]:
                found = found.join(other.facts.of_atom(atom))
            place.facts.learn(atom, found)
    return form


def _rule(rule: Callable[..., Form]) -> Callable[..., Any]:
    return lambda b, i, node, place: b.elementwise(i, node, place, rule)


OPS: Dict[str, Callable[..., Any]] = {
    "const": _const, "table": _table, "quantity": _quantity, "state": _state, "at_reset": _at_reset, "float": _same, "expand": _same,
    "never": _never, "group": _group, "where": _where, "stack": _stack,
    "fill": lambda b, i, node, place: (constant(float(node.data[1])),),
    **{op: _rule(rule) for op, rule in {  # type: ignore[arg-type]
        "add": _add, "sub": _sub, "mul": _mul, "div": _div, "neg": _neg, "pow": _pow, "square": _square, "min": extreme("min"),
        "max": extreme("max"), "clip": _clip, "abs": _abs, "sqrt": _sqrt, "log": _log, "log1p": _log, "exp": _exp, "asin": _arc,
        "acos": _arc, "sin": _wave, "cos": _wave, "mod": _mod, "not": _not, "and": _logic, "or": _logic, "tan": _plain, "tanh": _plain,
        "floor": _plain, "sign": _plain, "atan2": _plain,
        **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), _compare),
    }.items()},
}  # fmt: skip
