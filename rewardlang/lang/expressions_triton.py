"""One part of one IR node as a Triton expression over a block of environments.

Each function is a generator: it yields the keys of what it needs, gets their cells, and returns the cell of its own. So a kernel
walks down a graph of any depth without recursion; a leaf yields nothing.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Sequence, Tuple

from .cells import LITERAL, WHOLE, Build, Cell, Key, Picks, aligned, below, is_signs, width
from .expressions import COMPARE, INFIX, MULTIPLY, OR, POSTFIX, UNARY, number
from .ir import Node
from .reductions_triton import JOINED, reduction
from .types import Axis, Kind

FUNCTIONS = {"abs": "tl.abs", "sqrt": "tl.sqrt", "exp": "tl.exp", "log": "tl.log", "sin": "tl.sin", "cos": "tl.cos", "erf": "tl.erf",
             "floor": "tl.floor", "log1p": "log1p", "tan": "tan", "asin": "asin", "acos": "acos", "tanh": "tanh", "sign": "sign",
             "square": "square", "div": "tl.div_rn", "min": "least", "max": "greatest", "mod": "remainder", "atan2": "atan2"}  # fmt: skip


def build(f: Any, key: Key) -> Build:
    node = f.nodes[key.node]
    if node.op in ROTATIONS and key.part != WHOLE and width(node.type) > 1:
        return _one_of(f, key)
    if node.op in INFIX and node.op != "div":
        return _infix(f, key, node)
    if node.op in FUNCTIONS:
        return _function(f, key, node)
    if node.op in JOINED or node.op in ("var", "std", "norm"):
        return reduction(f, key, node)
    return OPS[node.op](f, key, node)


def _infix(f: Any, key: Key, node: Node) -> Build:
    symbol, strength = INFIX[node.op]
    a = yield below(f, key, 0, key.part)
    b = yield below(f, key, 1, key.part)
    if node.op in ("and", "or"):
        for one, other in ((a, b), (b, a)):
            if one.text in LITERAL:
                return other if (one.text == "True") == (node.op == "and") else one
    (a, b), batched, axes = aligned(f, key, (a, b))
    left = OR if strength == COMPARE else strength
    right = OR if strength == COMPARE else strength + (node.op == "sub")
    return Cell(f"{a.at(left)} {symbol} {b.at(right)}", strength, batched, axes)


def _function(f: Any, key: Key, node: Node) -> Build:
    cells = []
    for i in range(len(node.args)):
        cells.append((yield below(f, key, i, key.part)))
    fitted, batched, axes = aligned(f, key, cells)
    if node.op == "div":
        return _quotient(f, node, fitted, batched, axes)
    return Cell(f"{FUNCTIONS[node.op]}({', '.join(c.text for c in fitted)})", POSTFIX, batched, axes)


def _quotient(f: Any, node: Node, cells: Sequence[Cell], batched: bool, axes: Tuple[Axis, ...]) -> Cell:
    """Of what counts by a number it is rounded once, so that steps in seconds compare with a number of seconds; of others nearly so."""
    dividend, divisor = (f.nodes[i] for i in node.args)
    if divisor.op != "const":
        return Cell(f"{cells[0].at(MULTIPLY)} / {cells[1].at(UNARY)}", MULTIPLY, batched, axes)
    if dividend.type.range[0] < 0 or math.frexp(divisor.data[0])[0] in (
        0.5,
        -0.5,
    ):  # by a power of two it is exact anyway
        return Cell(f"{cells[0].at(MULTIPLY)} * {number(1 / divisor.data[0])}", MULTIPLY, batched, axes)
    return Cell(f"tl.div_rn({cells[0].text}, {cells[1].text})", POSTFIX, batched, axes)


def _float(f: Any, key: Key, node: Node) -> Build:
    x = yield below(f, key, 0, key.part)
    if x.text in LITERAL:
        return Cell(number(float(x.text == "True")))
    return x._replace(text=f"{x.at(POSTFIX)}.to(tl.float32)", strength=POSTFIX)


def _prefix(symbol: str) -> Callable[..., Build]:
    def build(f: Any, key: Key, node: Node) -> Build:
        x = yield below(f, key, 0, key.part)
        if x.text in LITERAL:
            return Cell(str(x.text == "False"))
        return x._replace(text=f"{symbol}{x.at(UNARY)}", strength=UNARY)

    return build


def _power(f: Any, key: Key, node: Node) -> Build:
    x = yield below(f, key, 0, key.part)
    y = yield below(f, key, 1, key.part)
    exponent = f.nodes[node.args[1]]
    if (
        exponent.op == "const"
        and exponent.data[0] == int(exponent.data[0])
        and 1 <= abs(exponent.data[0]) <= 16
    ):
        n = int(exponent.data[0])
        text = f"whole_power({x.text}, {abs(n)})" if abs(n) > 1 else x.text
        return x._replace(text=text if n > 0 else f"tl.div_rn(1.0, {text})", strength=POSTFIX)
    (x, y), batched, axes = aligned(f, key, (x, y))
    return Cell(f"power({x.text}, {y.text})", POSTFIX, batched, axes)


def _clip(f: Any, key: Key, node: Node) -> Build:
    cells = []
    for i in range(3):
        cells.append((yield below(f, key, i, key.part)))
    (x, low, high), batched, axes = aligned(f, key, cells)
    return Cell(f"least(greatest({x.text}, {low.text}), {high.text})", POSTFIX, batched, axes)


def _where(f: Any, key: Key, node: Node) -> Build:
    condition = yield below(f, key, 0, key.part)
    a = yield below(f, key, 1, key.part)
    b = yield below(f, key, 2, key.part)
    if condition.text in LITERAL:
        return a if condition.text == "True" else b
    (condition, a, b), batched, axes = aligned(f, key, (condition, a, b))
    return Cell(f"tl.where({condition.text}, {a.text}, {b.text})", POSTFIX, batched, axes)


# parts and elements


def _select(f: Any, key: Key, node: Node) -> Build:
    """`index` and `take`: the same of the argument, through a narrower view."""
    at, picks = node.data[:2]
    arg = f.nodes[node.args[0]].type
    axis = arg.axes[at]
    inside = below(f, key, 0, key.part)
    if axis.is_components:
        part = picks if isinstance(picks, int) else picks[key.part]
        return (yield inside._replace(part=part))
    own = None if isinstance(picks, int) else node.type.axes[at]
    outer: Picks = 0
    if own is None:
        chosen: Picks = picks
    else:
        outer = dict(key.view).get(own, tuple(range(len(own))))
        chosen = picks[outer] if isinstance(outer, int) else tuple(picks[i] for i in outer)
    view = {other: through for other, through in inside.view if other != axis}
    if chosen != tuple(range(len(axis))):
        view[axis] = chosen
    ordered = tuple((other, view[other]) for other in arg.axes if other in view)
    cell = yield inside._replace(view=ordered)
    if own is None or isinstance(chosen, int) or isinstance(outer, int):
        return cell
    # A mirrored axis has its elements in the place of others: the tile is of the axis that the node has.
    inner = Axis(axis.name, tuple(axis.elements[i] for i in chosen))
    seen = Axis(own.name, tuple(own.elements[i] for i in outer))
    return cell._replace(axes=tuple(seen if one == inner else one for one in cell.axes))


def _stack(f: Any, key: Key, node: Node) -> Build:
    """A vector's part is an argument; along an axis of elements each has its own, a number or a param."""
    axis = node.type.axes[-1]
    if axis.is_components:
        return (yield below(f, key, key.part))
    picks = dict(key.view).get(axis, tuple(range(len(axis))))
    if isinstance(picks, int):
        return (yield below(f, key, picks))
    places: Dict[int, List[int]] = {}
    for place, i in enumerate(picks):
        places.setdefault(node.args[i], []).append(place)
    ordered = sorted(places.items(), key=lambda item: len(item[1]))
    own = Axis(axis.name, tuple(axis.elements[i] for i in picks))
    out = yield Key(ordered[-1][0])
    for arg, at in ordered[:-1]:
        cell = yield Key(arg)
        condition = " | ".join(f"({f.lane(own)} == {place})" for place in at)
        out = Cell(f"tl.where({condition}, {cell.text}, {out.text})", POSTFIX, False, (own,))
    return out


def _table(f: Any, key: Key, node: Node) -> Build:
    if width(node.type) > 1 or is_signs(node):
        return Cell(number(node.data[key.part]), POSTFIX if node.data[key.part] >= 0 else UNARY)
    axis = node.type.axes[-1]
    picks = dict(key.view).get(axis, tuple(range(len(axis))))
    chosen = [node.data[i] for i in ((picks,) if isinstance(picks, int) else picks)]
    if len(set(chosen)) == 1:
        return Cell(number(chosen[0]), POSTFIX if chosen[0] >= 0 else UNARY)
    own = Axis(axis.name, tuple(axis.elements[i] for i in picks))  # type: ignore[union-attr]
    return f.constants(chosen, own)
    yield


def _const(f: Any, key: Key, node: Node) -> Build:
    value = node.data[0]
    if node.type.kind is Kind.BOOL:
        return Cell(str(bool(value)))
    return Cell(number(value), POSTFIX if value >= 0 else UNARY)
    yield


def _fill(f: Any, key: Key, node: Node) -> Build:
    value = node.data[1]
    return Cell(
        str(bool(value)) if node.type.kind is Kind.BOOL else number(value), POSTFIX if value >= 0 else UNARY
    )
    yield


def _never(f: Any, key: Key, node: Node) -> Build:
    return Cell("False")
    yield


def _read(name: Callable[[Any, Node], str]) -> Callable[..., Build]:
    def build(f: Any, key: Key, node: Node) -> Build:
        return f.read(key, node, name(f, node))
        yield

    return build


def _input(f: Any, key: Key, node: Node) -> Build:
    return Cell(f"tl.load(p + {f.inputs.index(node.data[0])})")
    yield


def _group(f: Any, key: Key, node: Node) -> Build:
    return Cell(f"group_{node.data[0]}", POSTFIX, True)
    yield


def _same(f: Any, key: Key, node: Node) -> Build:
    return (yield below(f, key, 0, key.part))


# rotations


def _call(f: Any, key: Key, node: Node) -> Build:
    """A function of whole vectors and rotations, all parts of which are given at once."""
    cells: List[Cell] = []
    for i, arg in enumerate(node.args):
        for part in range(width(f.nodes[arg].type)):
            cells.append((yield below(f, key, i, part)))
    fitted, batched, axes = aligned(f, key, cells)
    out = Cell(f"{node.op}({', '.join(c.text for c in fitted)})", POSTFIX, batched, axes)
    return out if width(node.type) == 1 else f.lines(key, out)


def _one_of(f: Any, key: Key) -> Build:
    whole = yield key._replace(part=WHOLE)
    return whole._replace(text=whole.text.split(", ")[key.part])


ROTATIONS = ("cross", "rotate", "rotate_inverse", "axis_angle", "quat_multiply", "quat_inverse", "quat_error", "roll", "pitch", "yaw", "yaw_frame")  # fmt: skip
OPS: Dict[str, Callable[..., Build]] = {
    **{name: _call for name in ROTATIONS}, "float": _float, "neg": _prefix("-"), "not": _prefix("~"), "pow": _power, "clip": _clip,
    "where": _where, "index": _select, "take": _select, "stack": _stack, "table": _table, "const": _const, "fill": _fill, "never": _never,
    "quantity": _read(lambda f, node: f"q_{node.data[0]}"), "state": _read(lambda f, node: f"s_{f.slot[node.data[0]]}"),
    "param": _input, "run": _input, "group": _group, "expand": _same,
}  # fmt: skip
