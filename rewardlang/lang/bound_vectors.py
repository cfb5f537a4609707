"""How operations across elements bound their values: selections, reductions, turns of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from . import ranges
from .bound_rules import ROUNDING, extreme, fresh, short, squared
from .forms import INF, Form, Range, constant, product
from .ir import Node

if TYPE_CHECKING:
    from .bounds import Bounds, Forms, Place


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
        return short(b, i, node, place, total.times(1 / len(row)) if node.op == "mean" else total)
    if node.op in ("amax", "amin", "any", "all"):
        rule = {
            "amax": extreme("max"),
            "any": extreme("max"),
            "amin": extreme("min"),
            "all": extreme("min"),
        }[node.op]
        best = row[0]
        for form in row[1:]:
            best = rule(b, i, node, place, best, form)
        return best
    if node.op == "norm":
        total = constant(0.0)
        for form in row:
            total = total.plus(squared(b, node, place, form))
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
    out = fresh(b, i, node, place, Range(-long, long))
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
    return fresh(b, i, node, place, Range(-long, long))


ACROSS: Dict[str, Callable[..., Any]] = {
    "index": _index, "take": _take, "rotate": _turned, "rotate_inverse": _turned, "cross": _cross,
    **dict.fromkeys(("sum", "mean", "amax", "amin", "any", "all", "prod", "var", "std", "norm"), _reduced),
}  # fmt: skip
