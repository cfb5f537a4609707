"""Reductions as Triton expressions: components are joined, then each axis of a tile is reduced, its padding put out of the way."""

from __future__ import annotations

from typing import Any, Sequence

from .cells import Build, Cell, Key, below, fit, live, width
from .expressions import ADD, AND, MULTIPLY, OR, POSTFIX
from .ir import Node
from .types import Axis

JOINED = {"sum": ("{} + {}", ADD), "mean": ("{} + {}", ADD), "amax": ("greatest({}, {})", POSTFIX), "amin": ("least({}, {})", POSTFIX),
          "any": ("{} | {}", OR), "all": ("{} & {}", AND), "prod": ("{} * {}", MULTIPLY)}  # fmt: skip
OVER = {"sum": ("tl.sum", "0.0"), "mean": ("tl.sum", "0.0"), "amax": ("greatest_of", 'float("-inf")'), "amin": ("least_of", 'float("inf")'),
        "any": ("any_of", "False"), "all": ("all_of", "True"), "prod": ("product_of", "1.0")}  # fmt: skip


def reduction(f: Any, key: Key, node: Node) -> Build:
    """Components are joined first, then each axis is reduced, its padding put out of the way."""
    arg = f.nodes[node.args[0]]
    gone = [arg.type.axes[i] for i in (node.data[0] if isinstance(node.data[0], tuple) else node.data)]
    inside = below(f, key, 0)
    parts = range(width(arg.type)) if arg.type.vector in gone else [key.part]
    cells = []
    for part in parts:
        cells.append((yield inside._replace(part=part)))
    axes = live(arg.type, dict(inside.view))
    over = [axis for axis in axes if axis in gone]
    count = len(cells)
    for axis in over:
        count *= len(axis)
    cells = [f.broadcast(cell, axes) if over else cell for cell in cells]
    name = f.title(key)
    if node.op in ("var", "std"):
        mean = f.line(f"{name}_mean", _divided(_reduced(f, "mean", cells, axes, over), count), "the mean")
        batched = any(cell.batched for cell in cells)
        cells = [_squared(_less(cell, fit(mean, batched, axes))) for cell in cells]
        variance = _divided(_reduced(f, "mean", cells, axes, over), count)
        return (
            variance
            if node.op == "var"
            else variance._replace(text=f"tl.sqrt({variance.text})", strength=POSTFIX)
        )
    if node.op == "norm":
        squares = _reduced(f, "sum", [_squared(cell) for cell in cells], axes, over)
        return squares._replace(text=f"tl.sqrt({squares.text})", strength=POSTFIX)
    out = _reduced(f, node.op, cells, axes, over)
    return _divided(out, count) if node.op == "mean" else out


def _reduced(f: Any, op: str, cells: Sequence[Cell], axes: Sequence[Axis], over: Sequence[Axis]) -> Cell:
    form, strength = JOINED[op]
    have = {axis for cell in cells for axis in cell.axes}
    axes = tuple(axis for axis in axes if axis in have)
    batched = any(cell.batched for cell in cells)
    cells = [fit(cell, batched, axes) for cell in cells]
    out = cells[0]
    for cell in cells[1:]:
        out = Cell(form.format(out.at(strength), cell.at(strength)), strength)
    out = out._replace(batched=batched, axes=axes)
    function, idle = OVER[op]
    for axis in over:
        at = axes.index(axis) + batched
        text = out.text
        inside = f.inside(axis)
        if inside:
            mask = fit(Cell(inside, POSTFIX, False, (axis,)), batched, axes).text
            text = f"tl.where({mask}, {text}, {idle})"
        axes = tuple(other for other in axes if other != axis)
        out = Cell(f"{function}({text}, {at})", POSTFIX, batched, axes)
    return out


def _divided(x: Cell, n: int) -> Cell:
    return x if n == 1 else x._replace(text=f"{x.at(MULTIPLY)} / {n}.0", strength=MULTIPLY)


def _squared(x: Cell) -> Cell:
    return x._replace(text=f"square({x.text})", strength=POSTFIX)


def _less(a: Cell, b: Cell) -> Cell:
    return a._replace(text=f"{a.at(ADD)} - {b.at(MULTIPLY)}", strength=ADD)
