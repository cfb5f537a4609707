"""How each operation of the IR bounds its value: the rules that `bounds.Bounds` works with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

from . import ranges
from .forms import EVERY, INF, MAX_TERMS, Form, Range, constant, product
from .ir import Node
from .types import Kind

if TYPE_CHECKING:
    from .bounds import Bounds, Forms, Place

ROUNDING = 1.000001  # turning a vector in float32 may lengthen it by so much
OVERFLOW = 88.72  # exp of more does not fit in float32
UNDERFLOW = 87.0  # exp of less than minus this may be 0 there
ACROSS = {"sum", "mean", "amax", "amin", "any", "all", "prod", "var", "std", "norm", "cross", "rotate", "rotate_inverse", "index", "take",
          "axis_angle", "quat_multiply", "quat_inverse", "quat_error", "roll", "pitch", "yaw", "yaw_frame"}  # fmt: skip
UNIT_RANGE = Range(-ROUNDING, ROUNDING)


def unknown(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    """Only what the type says is known."""
    return _fresh(b, i, node, place, Range(*node.type.range))


def _fresh(b: Bounds, i: int, node: Node, place: Place, found: Range) -> Forms:
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


# linear


def _add(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    return _short(b, i, node, place, x.plus(y))


def _sub(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    return _short(b, i, node, place, x.plus(y, -1.0))


def _short(b: Bounds, i: int, node: Node, place: Place, form: Form) -> Form:
    if len(form.terms) <= MAX_TERMS and math.isfinite(form.const):
        return form
    return b.atom(node, place, ("long", form.key), place.facts.of(form))


def _mul(b: Bounds, i: int, node: Node, place: Place, x: Form, y: Form) -> Form:
    if x.is_constant or y.is_constant:
        k, form = (x.const, y) if x.is_constant else (y.const, x)
        return form.times(k)
    (dx, kx), (dy, ky) = x.direction(), y.direction()
    if dx.key == dy.key and product(x.const, ky) == product(y.const, kx):
        return _squared(b, node, place, x).times(ky / kx)
    rx, ry = place.facts.of(x), place.facts.of(y)
    found = ranges.mul(rx[:2], ry[:2])
    key = ("mul", *sorted((x.key, y.key), key=repr))
    return b.atom(node, place, key, Range(*found, rx.nonzero and ry.nonzero))


def _squared(b: Bounds, node: Node, place: Place, x: Form) -> Form:
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
        return _squared(b, node, place, x)
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
    return _squared(b, node, place, x)


def _extreme(op: str) -> Callable[..., Form]:
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
    return _extreme("min")(b, i, node, place, _extreme("max")(b, i, node, place, x, lo), hi)


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
            paid = ranges.mul(b.of(term.weight)[:2], b.of(term.value)[:2])
            low, high = low + paid[0], high + paid[1]
    return _fresh(b, i, node, place, Range(low, high))


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
    sides: List[List[Form]] = []
    for at, arg in zip(inner, node.args[1:]):
        if not at.facts.possible:
            continue
        sides.append([row[0] for row in b.aligned(node, (arg,), at)])
    if len(sides) == 1:
        return tuple(sides[0])
    count = max(len(condition), *(len(side) for side in sides))
    if len(condition) > 1 or count > 1:
        count = (
            max(count, elements(node))
            if any(1 < n < elements(node) for n in (len(condition), *(len(s) for s in sides)))
            else count
        )
    out = []
    conditions = [row[0] for row in b.aligned(node, (node.args[0],), place)]
    for k in range(max(len(conditions), count)):
        c, x, y = (forms[0] if len(forms) == 1 else forms[k] for forms in (conditions, *sides))
        if c.is_constant:
            out.append(x if c.const else y)
        elif x.key == y.key:
            out.append(x)
        else:
            found = inner[0].facts.of(x).join(inner[1].facts.of(y))
            out.append(b.atom(node, place, ("where", c.key, x.key, y.key), found))
    return tuple(out)


# over elements


def elements(node: Node) -> int:
    count = 1
    for axis in node.type.axes:
        count *= len(axis)
    return count


def _index(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return _picked(b, i, node, place, (node.data[1],), True)


def _take(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return _picked(b, i, node, place, node.data[1], False)


def _picked(b: Bounds, i: int, node: Node, place: Place, picks: Tuple[int, ...], drop: bool) -> Forms:
    """Elements of one axis. Of a value whose elements are alike, the picked ones are others than those picked elsewhere."""
    source = b.nodes[node.args[0]]
    forms = b.forms(node.args[0], place)
    at = node.data[0]
    if len(forms) == 1:
        if forms[0].is_constant:
            return forms
        return (b.atom(node, place, ("pick", forms[0].key, at, picks), place.facts.of(forms[0])),)
    sizes = [len(axis) for axis in source.type.axes]
    inner = 1
    for size in sizes[at + 1 :]:
        inner *= size
    outer = len(forms) // (sizes[at] * inner)
    return tuple(
        forms[(o * sizes[at] + p) * inner + k] for o in range(outer) for p in picks for k in range(inner)
    )


def _stack(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    return tuple(b.forms(a, place)[0] for a in node.args)


def _reduced(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    source = b.nodes[node.args[0]]
    forms = b.forms(node.args[0], place)
    sizes = [len(axis) for axis in source.type.axes]
    over = node.data[0] if isinstance(node.data[0], tuple) else (node.data[0],)
    count = 1
    for at in over:
        count *= sizes[at]
    if len(forms) == 1:
        return (_of_alike(b, i, node, place, forms[0], count),)
    rows: Dict[Tuple[int, ...], List[Form]] = {}
    for number, form in enumerate(forms):
        place_of = []
        for size in reversed(sizes):
            number, rest = divmod(number, size)
            place_of.append(rest)
        key = tuple(v for k, v in enumerate(reversed(place_of)) if k not in over)
        rows.setdefault(key, []).append(form)
    return tuple(_of_several(b, i, node, place, row) for row in rows.values())


def _of_alike(b: Bounds, i: int, node: Node, place: Place, form: Form, count: int) -> Form:
    found = place.facts.of(form)
    if node.op == "norm" and node.args[0] in b.norms:
        return b.atom(node, place, ("norm", node.args[0]), b.norms[node.args[0]])
    if node.op in ("any", "all", "amax", "amin", "mean") and form.is_constant:
        return form
    out = Range(*ranges.reduced({"amax": "max", "amin": "min"}.get(node.op, node.op), found[:2], count))
    return b.atom(node, place, (node.op, form.key, count, i), out)


def _of_several(b: Bounds, i: int, node: Node, place: Place, row: List[Form]) -> Form:
    if node.op in ("sum", "mean"):
        total = row[0]
        for form in row[1:]:
            total = total.plus(form)
        return _short(b, i, node, place, total.times(1 / len(row)) if node.op == "mean" else total)
    if node.op in ("amax", "amin", "any", "all"):
        rule = {
            "amax": _extreme("max"),
            "any": _extreme("max"),
            "amin": _extreme("min"),
            "all": _extreme("min"),
        }[node.op]
        best = row[0]
        for form in row[1:]:
            best = rule(b, i, node, place, best, form)
        return best
    if node.op == "norm":
        total = constant(0.0)
        for form in row:
            total = total.plus(_squared(b, node, place, form))
        found = place.facts.of(total)
        found = Range(max(found.low, 0.0), max(found.high, 0.0), found.nonzero)
        if node.args[0] in b.norms:
            norm = b.norms[node.args[0]]
            found = Range(norm.low**2, norm.high**2).meet(found)
        root = lambda v: math.sqrt(v) if v < INF else v
        return b.atom(
            node, place, ("norm", total.key), Range(root(found.low), root(found.high), found.nonzero)
        )
    found = place.facts.of(row[0])
    for form in row[1:]:
        found = found.join(place.facts.of(form))
    return b.atom(
        node,
        place,
        (node.op, *(form.key for form in row)),
        Range(*ranges.reduced(node.op, found[:2], len(row))),
    )


# turns


def _turned(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    """A turned vector is as long as it was."""
    source = b.nodes[node.args[1]]
    norm = b.norms.get(node.args[1])
    if norm is None:
        forms = b.forms(node.args[1], place)
        if len(forms) == 3:
            squares = [ranges.power(place.facts.of(f)[:2], (2.0, 2.0)) for f in forms]
            norm = Range(math.sqrt(sum(s[0] for s in squares)), _root(sum(s[1] for s in squares)))
        else:
            norm = Range(*ranges.reduced("norm", place.facts.of(forms[0])[:2], len(source.type.axes[-1])))
    long = norm.high * ROUNDING
    b.norms[i] = Range(norm.low / ROUNDING, long, norm.low > 0)
    out = _fresh(b, i, node, place, Range(-long, long))
    if math.isfinite(long) and len(out) == 3:
        b.atoms.norms[i] = long
        b.atoms.vector.update((atom, i) for form in out for atom in form.terms)
    return out


def _root(x: float) -> float:
    return math.sqrt(x) if x < INF else x


def _cross(b: Bounds, i: int, node: Node, place: Place) -> Forms:
    norms = []
    for a in node.args:
        size = max((abs(e) for form in b.forms(a, place) for e in place.facts.of(form)[:2]), default=0.0)
        norms.append(b.norms[a].high if a in b.norms else product(math.sqrt(3), size))
    long = product(norms[0], norms[1]) * ROUNDING
    return _fresh(b, i, node, place, Range(-long, long))


def _rule(rule: Callable[..., Form]) -> Callable[..., Any]:
    return lambda b, i, node, place: b.elementwise(i, node, place, rule)


OPS: Dict[str, Callable[..., Any]] = {
    "const": _const, "table": _table, "quantity": _quantity, "state": _state, "at_reset": _at_reset, "float": _same, "expand": _same,
    "never": _never, "group": _group, "where": _where, "index": _index, "take": _take, "stack": _stack, "rotate": _turned, "rotate_inverse": _turned,
    "cross": _cross,
    "fill": lambda b, i, node, place: (constant(float(node.data[1])),),
    **{op: _rule(rule) for op, rule in {  # type: ignore[arg-type]
        "add": _add, "sub": _sub, "mul": _mul, "div": _div, "neg": _neg, "pow": _pow, "square": _square, "min": _extreme("min"),
        "max": _extreme("max"), "clip": _clip, "abs": _abs, "sqrt": _sqrt, "log": _log, "log1p": _log, "exp": _exp, "asin": _arc,
        "acos": _arc, "sin": _wave, "cos": _wave, "mod": _mod, "not": _not, "and": _logic, "or": _logic, "tan": _plain, "tanh": _plain,
        "floor": _plain, "sign": _plain, "atan2": _plain,
        **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), _compare),
    }.items()},
    **dict.fromkeys(("sum", "mean", "amax", "amin", "any", "all", "prod", "var", "std", "norm"), _reduced),
}  # fmt: skip
