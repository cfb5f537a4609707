"""Calls and selections: arguments bound to parameters, patterns to elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

from . import nodes as n
from .diagnostics import Diagnostic, Label, error, fail
from .mismatch import Mismatch, Value, some
from .registry import BUILTINS, Parameter
from .select import matches, nothing, pick
from .tables import table
from .types import Axis, Kind, Type, frame_text
from .units import show

if TYPE_CHECKING:
    from .lower import Lowerer

MAX_CALLS = 10_000
MISSING = object()  # an argument that did not type
# What of an argument a message underlines, by the code's kind.
ASPECTS = {
    "RW30": "unit",
    "RW31": "unit",
    "RW205": "kind",
    "RW206": "kind",
    "RW207": "kind",
    "RW208": "kind",
    "RW202": "elements",
    "RW2": "axes",
}

POINTED = {"RW217", "RW214", "RW215", "RW216"}  # about a single argument, named by the function itself


def _selection(low: Lowerer, expr: n.Call) -> Optional[Value]:
    axis = low.vocabulary.axes[expr.function]
    patterns = [a for a in expr.arguments if isinstance(a, n.String)]
    if not patterns or len(patterns) != len(expr.arguments) or expr.keywords or expr.rows:
        low.report(
            "RW222",
            expr.span,
            f"`{axis.name}(...)` wants patterns",
            help=f'e.g. `{axis.name}("{axis.elements[-1]}")`',
        )
        return None
    names, drop, problems = pick(axis, patterns)
    low.found += problems
    if problems:
        return None
    return Value(
        -1,
        Type(Kind.SELECTION, (axis if names == axis.elements else Axis(axis.name, names),)),
        expr.span.text,
        drop,
    )


def call(low: Lowerer, expr: n.Call) -> Optional[Value]:
    if expr.function in low.vocabulary.axes:
        return _selection(low, expr)
    if expr.function == "table":
        return table(low, expr)
    if expr.function in low.resolved.functions:
        return _call_function(low, expr, low.resolved.functions[expr.function])
    return _call_builtin(low, expr)


def _call_function(low: Lowerer, expr: n.Call, function: n.Function) -> Optional[Value]:
    values = dict(zip(function.parameters, [low.lower(a) for a in expr.arguments]))
    values.update({k.name: low.lower(k.value) for k in expr.keywords})
    if any(v is None for v in values.values()):
        return None
    key = (function.name, tuple((name, values[name]) for name in function.parameters))
    if key in low.calls:
        return low.calls[key]
    if len(low.calls) >= MAX_CALLS:
        fail(
            error(
                "RW603",
                expr.span,
                f"functions expand to more than {MAX_CALLS:,} different calls",
                help="name shared parts once",
            )
        )
    outer, low.scope = low.scope, dict(values) or {"": None}
    before = len(low.found)
    value = low.lower(function.body)
    low.scope = outer
    for i in range(before, len(low.found)):  # an error in the body also shows the call that led to it
        d = low.found[i]
        low.found[i] = Diagnostic(d.code, d.message, (*d.labels, Label(expr.span, "called here")), d.help)
    low.calls[key] = value
    return value


def _call_builtin(low: Lowerer, expr: n.Call) -> Optional[Value]:
    builtin = BUILTINS[expr.function]
    if expr.rows:
        low.report(
            "RW224",
            expr.rows[0].span,
            f"`{builtin.name}` takes no rows",
            help=f"its form is `{builtin.form}`",
        )
        return None
    given: Dict[str, Any] = {}
    variadic = next((p.name for p in builtin.parameters if p.variadic), None)
    if variadic is not None:
        given[variadic] = list(expr.arguments)
    else:
        given.update(zip([p.name for p in builtin.parameters], expr.arguments))
    given.update({k.name: k.value for k in expr.keywords})
    values: List[Any] = [_argument(low, p, given.get(p.name)) for p in builtin.parameters]
    flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
    if any(v is MISSING for v in flat):
        return None
    key = (builtin.name, tuple(values))
    if key not in low.calls:
        try:
            made = low.calls[key] = builtin.build(low.ops, *values)
        except Mismatch as problem:
            parts = [e for p in builtin.parameters if not p.axis for e in _flatten(given.get(p.name))]
            low.found.append(_argument_error(low, expr, problem, parts))
            return None
        low._take_warnings(expr.span)
        if made is not None:
            low.builder.place(made.node, expr.span, builtin.name)
    return low.calls[key]


def _argument(low: Lowerer, parameter: Parameter, expr: Any) -> Any:
    if parameter.variadic:
        return tuple(MISSING if v is None else v for v in (low.lower(e) for e in expr))
    if expr is None:
        return None
    if parameter.axis:
        if isinstance(expr, n.Name):
            return expr.id
        low.report(
            "RW212",
            expr.span,
            f"`{parameter.name}=` wants the name of an axis",
            help="e.g. `over=joints`",
        )
        return MISSING
    value = low.lower(expr)
    return MISSING if value is None else value


def _argument_error(low: Lowerer, expr: n.Call, problem: Mismatch, parts: Sequence[n.Expr]) -> Diagnostic:
    aspect = next((aspect for prefix, aspect in ASPECTS.items() if problem.code.startswith(prefix)), None)
    if aspect is None or problem.code in POINTED:
        places = [Label(parts[i].span, text) for i, text in problem.sides.items() if i < len(parts)]
        if aspect is None:  # about values; the sides are those of an operation inside
            places = []
        return Diagnostic(problem.code, problem.message, tuple(places) or (Label(expr.span),), problem.help)
    labels = []
    for part in parts:
        value = low.lower(part)
        text = "" if value is None else _aspect(value.type, aspect)
        if text:
            labels.append(Label(part.span, text))
    labels = labels[:1] if len(problem.sides) == 1 and 0 in problem.sides and labels else labels
    return Diagnostic(problem.code, f"in `{expr.function}`: {problem.message}" if len(labels) > 1 and f"`{expr.function}`" not in problem.message else problem.message,
                      tuple(labels) or (Label(expr.span),), problem.help_for([part.span.text for part in parts]))  # fmt: skip


def _flatten(given: Any) -> List[n.Expr]:
    return [] if given is None else list(given) if isinstance(given, list) else [given]


def _aspect(type: Type, aspect: str) -> str:
    if aspect == "kind":
        return type.kind.value
    if aspect == "elements":
        return ", ".join(some(axis) for axis in type.entities)
    if aspect == "axes":
        return type.axes_text() if type.kind in (Kind.NUMBER, Kind.BOOL) else type.kind.value
    frame = frame_text(type.frames) if type.vector is not None else ""
    return " ".join(
        filter(
            None,
            [
                show(type.unit),
                f"{frame} frame" if frame else "",
                "->".join(type.turns) if type.kind is Kind.ROTATION else "",
            ],
        )
    )


def select(low: Lowerer, expr: n.Select) -> Optional[Value]:
    base = low.lower(expr.base)
    if base is None:
        return None
    if not base.type.entities or base.type.kind in (Kind.SELECTION, Kind.STRING):
        low.report("RW222", expr.base.span, f"{base.type.axes_text()} has no elements to select from", under=base.type.axes_text(),
                                help="components are taken with `.x`" if base.type.vector else "")  # fmt: skip
        return None
    if all(isinstance(item, n.String) for item in expr.items):
        return _select_patterns(low, base, [item for item in expr.items if isinstance(item, n.String)])
    if len(expr.items) == 1:
        selection = low.lower(expr.items[0])
        if selection is None:
            return None
        if selection.type.kind is Kind.SELECTION:
            return _select_with(low, expr, base, selection)
    names = base.type.entities[0].elements
    low.report("RW222", expr.items[0].span, "elements are selected by patterns or by a selection",
                            help=f'e.g. `x["{names[0]}"]` or `x["*_{names[-1].split("_")[-1]}"]`')  # fmt: skip
    return None


def _select_patterns(low: Lowerer, base: Value, patterns: Sequence[n.String]) -> Optional[Value]:
    axes = base.type.entities
    at = next(
        (
            i
            for i, axis in enumerate(axes)
            if any(matches(p.value.lstrip("!"), axis.elements) for p in patterns)
        ),
        None,
    )
    if at is None:
        low.found += [nothing(p, axes) for p in patterns]
        return None
    names, drop, problems = pick(axes[at], patterns)
    low.found += problems
    return None if problems else low.ops.take(base, at, names, drop)


def _select_with(low: Lowerer, expr: n.Select, base: Value, selection: Value) -> Optional[Value]:
    wanted = selection.type.axes[0]
    at = next((i for i, axis in enumerate(base.type.entities) if axis.name == wanted.name), None)
    if at is None:
        low.report("RW223", expr.items[0].span, f"a selection of {wanted.name} for a value with the axes {base.type.axes_text()}",
                                under=f"of {wanted.name}", others=(Label(expr.base.span, base.type.axes_text()),), help=_groups_of(low, base))  # fmt: skip
        return None
    missing = [name for name in wanted.elements if name not in base.type.axes[at].elements]
    if missing:
        low.report("RW223", expr.items[0].span, f"{', '.join(missing[:3])} {'is' if len(missing) == 1 else 'are'} not among the selected {wanted.name}",
                                help=f"the value has {', '.join(base.type.axes[at].elements[:6])}")  # fmt: skip
        return None
    return low.ops.take(base, at, wanted.elements, selection.drop)


def _groups_of(low: Lowerer, x: Value) -> str:
    """The task's groups that select from one of a value's axes."""
    axes = [axis.name for axis in x.type.entities]
    names = [name for name, axis in low.vocabulary.groups.items() if axis.name in axes]
    return f"groups of {' or '.join(axes)}: {', '.join(names)}" if names else ""
