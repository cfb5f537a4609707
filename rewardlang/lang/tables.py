"""Tables: a number for each element of an axis or a selection, by pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional

from . import nodes as n
from .mismatch import Value, unify_units
from .registry import form
from .select import matches, nothing
from .types import Axis, Depends, Kind, Type

if TYPE_CHECKING:
    from .lower import Lowerer

form(
    'table(axis, "pattern": number, ...)',
    """A number or param for each element of an axis or a selection, by the first row that matches its name.

    Example: sum(table(joints, "*_hip_*": 0.2, "*_knee": 0.05, "*": 0.1) * abs(dof_pos - default_dof_pos))

    Each element needs a row and each row an element for which it is the first: `"*"` as the last is for all the others.
    """,
)
FORM = 'its form is `table(joints, "*_hip_*": 0.2, "*": 0.1)`'


def table(low: Lowerer, expr: n.Call) -> Optional[Value]:
    """The values of a table on the axis it names; the first row that matches an element counts."""
    axis = _axis(low, expr)
    values = [low.lower(row.value) for row in expr.rows]
    if axis is None or not _covers(low, expr, axis):
        return None
    numbers = [
        None if v is None else low.guard(r.value.span, [r.value], low.ops.as_number, v)
        for r, v in zip(expr.rows, values)
    ]
    for row, number in zip(expr.rows, numbers):
        if number is not None and (number.type.axes or number.type.depends > Depends.RUN):
            low.report("RW225", row.value.span, "a row of a table is a number or a param", help=FORM)
            return None
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return None
    unit = low.guard(
        expr.span,
        [row.value for row in expr.rows],
        lambda: Value(-1, Type(unit=unify_units(known, "put in one table"))),
    )
    if unit is None:
        return None
    chosen = [
        next(v for row, v in zip(expr.rows, known) if matches(row.pattern, [name])) for name in axis.elements
    ]
    bounds = [v.type.range for v in chosen]
    type = Type(Kind.NUMBER, (axis,), unit.type.unit, range=(min(b[0] for b in bounds), max(b[1] for b in bounds)),
                depends=max(v.type.depends for v in chosen))  # fmt: skip
    return Value(low.builder.add("stack", [v.node for v in chosen], type), type)


def _axis(low: Lowerer, expr: n.Call) -> Optional[Axis]:
    """The axis or selection that the first argument names."""
    if len(expr.arguments) != 1 or expr.keywords or not expr.rows:
        low.report("RW225", expr.span, "a table has an axis or a selection, then rows", help=FORM)
        return None
    selection = low.lower(expr.arguments[0])
    if selection is None:
        return None
    if selection.type.kind is not Kind.SELECTION:
        low.report("RW225", expr.arguments[0].span, "a table is over an axis or a selection", help=FORM)
        return None
    return selection.type.axes[0]


def _covers(low: Lowerer, expr: n.Call, axis: Axis) -> bool:
    """Whether each element has a row and each row an element of its own."""
    taken: Dict[str, str] = {}
    good = True
    for row in expr.rows:
        found: List[str] = matches(row.pattern, axis.elements)
        if row.pattern.startswith("!"):
            low.report("RW221", row.span, f'the row "{row.pattern}" takes nothing away: the first row that matches counts',
                       help='write the special rows first, `"*"` last')  # fmt: skip
        elif not found:
            low.found.append(nothing(n.String(row.span, row.pattern), [axis]))
        elif all(name in taken for name in found):
            low.report("RW226", row.span, f'the row "{row.pattern}" is never the first that matches',
                       help=f'"{taken[found[0]]}" comes before it: write the special rows first')  # fmt: skip
        good = good and bool(found) and not all(name in taken for name in found)
        for name in found:
            taken.setdefault(name, row.pattern)
    missing = [name for name in axis.elements if name not in taken]
    if missing and good:
        low.report(
            "RW227",
            expr.span,
            f"the table has no row for {', '.join(missing[:4])}",
            help='a last row `"*": 0` is for all the others',
        )
    return good and not missing
