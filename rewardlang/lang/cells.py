"""Keys and cells: what part of which value a kernel needs, and the source text that gives it.

A value with an axis of joints or bodies is a tile [BLOCK, padded axis]; its components x, y, z are parts of their own, so that what
nothing reads is never loaded. A selection is a view: it is pushed down to what it selects from, and no gather is ever needed.
"""

from __future__ import annotations

from typing import Any, Dict, Generator, List, NamedTuple, Sequence, Tuple, Union

from .expressions import POSTFIX
from .ir import Node
from .types import Axis, Kind, Type

Picks = Union[int, Tuple[int, ...]]  # a single element, whose axis is gone, or some
WHOLE = -1  # all parts at once, of what gives them at once


class Key(NamedTuple):
    """A part of a node, seen through a selection of some of its axes."""

    node: int
    view: Tuple[Tuple[Axis, Picks], ...] = ()
    part: int = 0


class Cell(NamedTuple):
    """Source text, how strongly it binds, and which axes the tile has; a cell that is not batched has no axis of environments."""

    text: str
    strength: int = POSTFIX
    batched: bool = False
    axes: Tuple[Axis, ...] = ()

    def at(self, strength: int) -> str:
        """The text where at least this strength is due."""
        return self.text if self.strength >= strength else f"({self.text})"


LITERAL = ("True", "False")
Build = Generator[Key, Cell, Cell]


def width(type: Type) -> int:
    """How many parts a value has."""
    return 4 if type.kind is Kind.ROTATION else len(type.vector) if type.vector else 1


def letters(type: Type) -> Sequence[str]:
    return "xyzw" if type.kind is Kind.ROTATION else type.vector.elements if type.vector else ("",)


def live(type: Type, view: Dict[Axis, Picks]) -> Tuple[Axis, ...]:
    """The axes of the tile of a value seen through a view."""
    out = []
    for axis in type.entities:
        picks = view.get(axis, tuple(range(len(axis))))
        if not isinstance(picks, int):
            out.append(Axis(axis.name, tuple(axis.elements[i] for i in picks)))
    return tuple(out)


def below(f: Any, key: Key, i: int, part: int = 0) -> Key:
    """The key of an argument under the same view; `part` counts only if it has several."""
    arg = f.nodes[key.node].args[i]
    node = f.nodes[arg]
    several = width(node.type) > 1 or is_signs(node)
    view = tuple((axis, picks) for axis, picks in key.view if axis in node.type.axes)
    return Key(arg, view, part if several else 0)


def is_signs(node: Node) -> bool:
    """Whether a node is the four signs of a mirrored rotation, which have no axis."""
    return node.op == "table" and not node.type.axes


def fit(cell: Cell, batched: bool, axes: Sequence[Axis]) -> Cell:
    """A cell indexed so that it broadcasts against [BLOCK, axes]."""
    if not cell.axes and not cell.batched:
        return cell
    marks = [":" if cell.batched else "None"] if batched else []
    marks += [":" if axis in cell.axes else "None" for axis in axes]
    while marks[0] == "None":
        marks.pop(0)
    if all(mark == ":" for mark in marks):
        return cell
    return Cell(f"{cell.at(POSTFIX)}[{', '.join(marks)}]", POSTFIX, cell.batched, tuple(axes))


def aligned(f: Any, key: Key, cells: Sequence[Cell]) -> Tuple[List[Cell], bool, Tuple[Axis, ...]]:
    """Cells that broadcast against each other, and the shape that they make together."""
    have = {axis for cell in cells for axis in cell.axes}
    axes = tuple(axis for axis in live(f.nodes[key.node].type, dict(key.view)) if axis in have)
    batched = any(cell.batched for cell in cells)
    return [fit(cell, batched, axes) for cell in cells], batched, axes
