"""Quantities beyond the vocabulary's rows: lines of the language that a task adds, and tensors that a Python host gives."""

from __future__ import annotations

import keyword
from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Tuple, Union

from .lang import nodes as n
from .lang.check import Checker
from .lang.diagnostics import RewardError, closest, error
from .lang.registry import BUILTINS
from .lang.resolve import UNDEFINABLE, resolve
from .lang.source import Span
from .lang.syntax import parse_expression
from .lang.types import COMPONENTS, FRAMES, Axis, Kind, Type, components
from .lang.units import UnitError, parse_unit
from .lang.vocabulary import HostQuantity, Quantity, Vocabulary

Added = Union[str, HostQuantity]
KINDS = ("number", "bool", "rotation")
MIRRORS = ("", "polar", "axial", "joint", "rotation", "flip")
RESERVED = UNDEFINABLE | {"and", "or", "not", "as", "in", "when", "per"}


def with_added(
    names: Vocabulary,
    added: Mapping[str, Added],
    place: Callable[[str], Span],
    line: Callable[[str, str], Span],
) -> Vocabulary:
    """The vocabulary with further quantities. `place(name)` is where one is named, `line(name, text)` where its text stands.

    Raises RewardError (RW107, RW109, and those of the lines themselves).
    """
    if not added:
        return names
    out = replace(names, quantities=dict(names.quantities), axes=dict(names.axes))
    lines: Dict[str, Span] = {}
    problems = []
    for name, what in added.items():
        span, problem = place(name), taken(out, name, "quantity")
        if problem:
            problems.append(error("RW107", span, f"`{name}` {problem}", help="choose another name"))
        elif isinstance(what, HostQuantity):
            try:
                out.quantities[name] = _host(out, name, what, added)  # type: ignore[index]
            except ValueError as wrong:
                problems.append(error("RW109", span, f"the quantity `{name}`: {wrong}"))
        elif not what.strip():
            problems.append(error("RW109", span, f"the quantity `{name}` has no line"))
        else:
            lines[name] = line(name, what)
    if problems:
        raise RewardError(problems)
    return _with_lines(out, lines)


def taken(names: Vocabulary, name: str, what: str) -> str:
    """Why no further quantity, group, axis or cause (`what`) can be called so; empty if one can."""
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name) or name in RESERVED:
        return f"cannot be the name of a {what}"
    if any(name in known for known in (names.quantities, names.groups, names.axes, dict(names.terminations))):
        return f"is a name of the task {names.task} already"
    return ""


def _with_lines(names: Vocabulary, lines: Dict[str, Span]) -> Vocabulary:
    """The vocabulary with derived quantities, each typed by its line; a line may read the others, in any order."""
    if not lines:
        return names
    first = next(iter(lines.values()))
    statements: List[n.Statement] = [
        n.Definition(span, name, span, parse_expression(span)) for name, span in lines.items()
    ]
    statements.append(n.Reward(first, "reward", first, False, n.Number(first, 1.0)))
    checker = Checker(resolve(n.File(first.source, tuple(statements)), names))
    checker.run()
    if checker.found:
        raise RewardError(checker.found)
    quantities = dict(names.quantities)
    for name, span in lines.items():
        value = checker.values[name]
        assert value is not None
        if value.type.kind in (Kind.SELECTION, Kind.STRING):
            raise RewardError(
                [error("RW109", span, f"the quantity `{name}` is a {value.type.kind.value}, not a value")]
            )
        quantities[name] = Quantity(name, value.type, "Of the task.", "state", span.text)
    return replace(names, quantities=quantities)


def _host(names: Vocabulary, name: str, what: HostQuantity, added: Mapping[str, Added]) -> Quantity:
    """The quantity that a host gives. Raises ValueError with what is wrong in its declaration."""
    if what.kind not in KINDS:
        raise ValueError(f"its kind is one of {', '.join(KINDS)}, not {what.kind!r}")
    if what.mirror not in MIRRORS:
        raise ValueError(f"its mirror rule is one of {', '.join(MIRRORS[1:])}, not {what.mirror!r}")
    words = what.axes.split() if isinstance(what.axes, str) else what.axes
    axes = tuple(_axis(names, word, added) for word in words)
    if len({axis.name for axis in axes}) < len(axes):
        raise ValueError("it has an axis twice")
    if any(axis.is_components for axis in axes[:-1]):
        raise ValueError("the axis of a vector's components is the last one")
    low, high = (float(bound) for bound in what.range)
    if not low <= high:
        raise ValueError(f"its range [{low:g}, {high:g}] is empty")
    if what.kind == "bool":
        type = Type(Kind.BOOL, axes, parse_unit("1"), range=(0.0, 1.0))
    elif what.kind == "rotation":
        first, _, second = what.frame.partition("->")
        if what.frame and not (first in FRAMES and second in FRAMES):
            raise ValueError(f"a rotation goes from a frame to another, as base->world, not {what.frame!r}")
        type = Type(Kind.ROTATION, axes, None, turns=(first, second), range=(-1.0, 1.0))
    else:
        try:
            unit = None if what.unit is None else parse_unit(what.unit)
        except UnitError as wrong:
            raise ValueError(str(wrong)) from None
        frames = frozenset(what.frame.split()) or FRAMES
        if not frames <= FRAMES:
            raise ValueError(f"its frame is one of {', '.join(sorted(FRAMES))}, not {what.frame!r}")
        type = Type(Kind.NUMBER, axes, unit, frames, range=(low, high))
    return Quantity(name, type, what.doc or "Given by the host.", "host", "", what.mirror)


def _axis(names: Vocabulary, word: Any, added: Mapping[str, Added]) -> Axis:
    """An axis of the task or a group of it, or one of its own that the vocabulary then has too: {"points": 187}, {"tips": ["thumb", "index"]}."""
    if isinstance(word, str):
        if word in COMPONENTS:
            return components(word)
        if word in names.axes:
            return names.axes[word]
        if word in names.groups:
            return names.groups[word]
        near = closest(word, [*names.axes, *names.groups, *COMPONENTS], 1)
        raise ValueError(
            f"there is no axis {word!r}"
            + (
                f"; did you mean {near[0]!r}?"
                if near
                else "; one of its own has a size: {" + repr(word) + ": 8}"
            )
        )
    name, elements = _own_axis(word)
    axis = Axis(name, elements)
    if names.axes.get(name, axis) != axis:
        raise ValueError(f"there is another axis {name!r} already")
    if name not in names.axes and (
        taken(names, name, "group") or name in BUILTINS or name in (*COMPONENTS, "pairs")
    ):
        raise ValueError(f"no axis can be called {name!r}")
    if name in added:
        raise ValueError(f"{name!r} is the name of a quantity, and cannot be that of an axis too")
    names.axes[name] = axis  # type: ignore[index]
    return axis


def _own_axis(word: Any) -> Tuple[str, Tuple[str, ...]]:
    if not isinstance(word, Mapping) or len(word) != 1:
        raise ValueError("an axis is a name, or {name: size} or {name: [elements]} for one of its own")
    ((name, elements),) = word.items()
    if isinstance(elements, int) and not isinstance(elements, bool):
        elements = [str(i) for i in range(elements)]
    if isinstance(elements, str) or not elements or len(set(elements)) < len(elements):
        raise ValueError(
            f"the axis {name!r} has a size of at least 1, or a list of elements with names of their own"
        )
    return str(name), tuple(str(element) for element in elements)
