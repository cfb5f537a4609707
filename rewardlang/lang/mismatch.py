"""What fits what: the rules for axes, units, frames and kinds, and the exception for operands that break them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, NoReturn, Optional, Sequence, Tuple

from .types import FRAMES, Axis, Kind, Type, frame_text
from .units import Unit


@dataclass(frozen=True)
class Value:
    """A typed node. A selection has no node (-1): its type's only axis says what it selects, `drop` that the axis goes."""

    node: int
    type: Type
    text: str = ""
    drop: bool = False


class Mismatch(Exception):
    """Operands that do not fit: the code, a message, a help line, and a word on each operand that is to blame."""

    def __init__(
        self, code: str, message: str, help: str = "", sides: Optional[Dict[int, str]] = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.help, self.sides = code, message, help, sides or {}

    def help_for(self, texts: Sequence[str]) -> str:
        """The help line with `{0}`, `{1}` replaced by what stands there."""
        out = self.help
        for i, text in enumerate(texts):
            out = out.replace(f"{{{i}}}", text if len(text) < 40 else "...")
        return out


def unify_axes(values: Sequence[Value], verb: str) -> Tuple[Axis, ...]:
    """The axes of the operand that has most; every other's must be among them."""
    widest = max(range(len(values)), key=lambda i: len(values[i].type.axes))
    axes = values[widest].type.axes
    for i, value in enumerate(values):
        for axis in value.type.axes:
            if axis not in axes:
                _axes_mismatch(values, min(i, widest), max(i, widest), axis, axes, verb)
    return axes


def unify_units(values: Sequence[Value], verb: str) -> Optional[Unit]:
    """The one unit of all operands that have one."""
    first = next((i for i, v in enumerate(values) if v.type.unit is not None), None)
    if first is None:
        return None
    unit = values[first].type.unit
    assert unit is not None
    for i, value in enumerate(values):
        other = value.type.unit
        if other is not None and not unit.same(other):
            raise Mismatch("RW302", f"cannot {verb} {_unit_name(unit)} and {_unit_name(other)}", _unit_help(unit, other, i),
                           {first: _unit_name(unit), i: _unit_name(other)})  # fmt: skip
    return unit


def unify_frames(values: Sequence[Value], verb: str) -> FrozenSet[str]:
    """The frames that all vector operands can be taken in."""
    vectors = [i for i, v in enumerate(values) if v.type.vector is not None]
    frames = FRAMES
    for i in vectors:
        if not frames & values[i].type.frames:
            first = next(j for j in vectors if values[j].type.frames != FRAMES)
            a, b = frame_text(values[first].type.frames), frame_text(values[i].type.frames)
            raise Mismatch("RW305", f"cannot {verb} a vector in the {a} frame and one in the {b} frame",
                           "turn one of them: `rotate_inverse(root_quat, v)` takes a world vector to the base frame",
                           {first: f"{a} frame", i: f"{b} frame"})  # fmt: skip
        frames = frames & values[i].type.frames
    return frames


def want_bool(x: Value, what: str) -> None:
    if x.type.kind is not Kind.BOOL:
        want_value(x)
        raise Mismatch("RW205", f"{what} wants a condition, this is a {x.type.kind.value}", "compare it: `x > 0`",
                       {0: x.type.kind.value})  # fmt: skip


def want_vector(v: Value) -> Axis:
    want_number(v)
    if v.type.vector is None:
        raise Mismatch(
            "RW210",
            f"{v.type.axes_text()} has no components",
            "only vectors have .x, .y and .z",
            {0: v.type.axes_text()},
        )
    return v.type.vector


def want_rotation(q: Value) -> None:
    if q.type.kind is not Kind.ROTATION:
        raise Mismatch(
            "RW206",
            f"a rotation is due, this is a {q.type.kind.value}",
            "`root_quat` is one",
            {0: q.type.kind.value},
        )


def want_number(x: Value) -> None:
    want_value(x)
    if x.type.kind is Kind.ROTATION:
        raise Mismatch("RW206", "a rotation has no components and no arithmetic",
                       "`rotate(q, v)`, `yaw(q)` or `quat_error(p, q)` make numbers of it", {0: "rotation"})  # fmt: skip


def want_value(x: Value) -> None:
    if x.type.kind is Kind.SELECTION:
        raise Mismatch(
            "RW207",
            "a selection is not a value",
            f"select with it: `x[{x.text or '...'}]`",
            {0: "selection"},
        )
    if x.type.kind is Kind.STRING:
        raise Mismatch(
            "RW208",
            "a string is not a value",
            'strings are patterns: `joints("*_knee")`, `x["*_knee"]`',
            {0: "string"},
        )


def _unit_name(unit: Unit) -> str:
    return "a number without a unit" if not unit.powers else str(unit)


def _unit_help(a: Unit, b: Unit, second: int) -> str:
    scale = Unit(tuple((symbol, power) for symbol, power in (a / b).powers if symbol != "rad"))
    if a.is_one or b.is_one:
        return f"divide the one in {b if a.is_one else a} by a scale with that unit, e.g. `/ 0.5[{b if a.is_one else a}]`"
    return f"scale one of them, e.g. `{{{second}}} * 0.3[{scale}]`"


def _axes_mismatch(
    values: Sequence[Value], i: int, j: int, axis: Axis, axes: Tuple[Axis, ...], verb: str
) -> NoReturn:
    a, b = values[i].type.axes_text(), values[j].type.axes_text()
    twin = next((other for other in axes if other.name == axis.name), None)
    if twin is not None:
        raise Mismatch("RW202", f"cannot {verb} two different selections of {axis.name}",
                       _selections_help(values[i], values[j], axis.name), {i: _some(values[i], axis.name), j: _some(values[j], axis.name)})  # fmt: skip
    if axis.is_components and any(other.is_components for other in axes):
        raise Mismatch(
            "RW203",
            f"cannot {verb} a vector {a} and a vector {b}",
            "take the same components of both, e.g. `.xy`",
            {i: a, j: b},
        )
    inner = axis.name if axis.name not in [o.name for o in values[i].type.axes] or i != j else a
    raise Mismatch("RW201", f"cannot {verb} {a} and {b}",
                   f"reduce one side first, e.g. `sum(...)` over {inner}, or select a single element", {i: a, j: b})  # fmt: skip


def _selections_help(a: Value, b: Value, name: str) -> str:
    sizes = [len(axis) for value in (a, b) for axis in value.type.axes if axis.name == name]
    if sizes[0] != sizes[1]:
        return "select the same elements on both sides"
    return "elements are matched by name: `left(x) - right(x)` lines up the sides, single names any two"


def _some(value: Value, name: str) -> str:
    return some(next(axis for axis in value.type.axes if axis.name == name))


def some(axis: Axis) -> str:
    """The elements of an axis, or the first of many and how many there are."""
    names = ", ".join(axis.elements[:3])
    return f"{names}, ... ({len(axis)})" if len(axis) > 3 else names
