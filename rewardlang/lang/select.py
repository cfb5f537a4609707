"""Selections: patterns over the elements of an axis."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import List, Sequence, Set, Tuple

from . import nodes as n
from .diagnostics import Diagnostic, closest, error
from .registry import form
from .types import Axis

for _axis, _example in (
    ("joints", 'sum(abs(dof_vel[joints("*_hip_*", "*_knee")]))'),
    ("bodies", 'count(norm(contact_forces[bodies("*", "!*_foot")]) > 1[N])'),
):
    form(
        f'{_axis}("pattern", ...)',
        f"""The {_axis} whose names match any of the patterns, as a selection: `x[{_axis}("left_*")]`, or `x["left_*"]` at once.

        Example: {_example}

        `*` is any text, `?` any character; a pattern after `!` takes away from those before it. The order is the robot's, however they are written.
        A single name without `*`, `?` and `!` drops the axis; a pattern never does.
        """,
    )


def matches(pattern: str, names: Sequence[str]) -> List[str]:
    """The names that a pattern fits; only `*` and `?` are wild."""
    text = pattern.replace("[", "[[]")
    return [name for name in names if fnmatchcase(name, text)]


def is_wild(pattern: str) -> bool:
    return any(c in pattern for c in "*?!")


def pick(axis: Axis, patterns: Sequence[n.String]) -> Tuple[Tuple[str, ...], bool, List[Diagnostic]]:
    """The elements that the patterns select, in the model's order; whether the axis is dropped; what fits nothing."""
    chosen: Set[str] = set()
    found: List[Diagnostic] = []
    first = patterns[0]
    if first.value.startswith("!"):
        found.append(error("RW221", first.span, f'"{first.value}" takes away from what is selected before it, and nothing is',
                           help=f'put `"*"` first: `"*", "{first.value}"`'))  # fmt: skip
    for pattern in patterns:
        names = matches(pattern.value.lstrip("!"), axis.elements)
        if not names:
            found.append(nothing(pattern, [axis]))
        elif pattern.value.startswith("!"):
            chosen -= set(names)
        else:
            chosen |= set(names)
    if not found and not chosen:
        found.append(
            error("RW221", patterns[0].span.to(patterns[-1].span), "the patterns leave nothing selected")
        )
    drop = len(patterns) == 1 and not is_wild(patterns[0].value)
    return tuple(name for name in axis.elements if name in chosen), drop, found


def nothing(pattern: n.String, axes: Sequence[Axis]) -> Diagnostic:
    """The diagnostic for a pattern without a match, with the closest names or all of a few."""
    names = [name for axis in axes for name in axis.elements]
    bare = pattern.value.strip("!*?")
    near = closest(bare, names) or [name for name in names if bare and bare.split("_")[-1] in name][:3]
    where = " or ".join(axis.name for axis in axes)
    shown = (" or " if near else ", ").join(f"`{name}`" for name in near or names[:8]) + (
        ", ..." if not near and len(names) > 8 else ""
    )
    return error("RW221", pattern.span, f'"{pattern.value}" matches none of the {where}',
                 help=f"did you mean {shown}?" if near else f"they are {shown}")  # fmt: skip
