"""A file's table of contents, as the side bar of an editor shows it."""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

from ..lang import nodes as n
from ..lang.source import Span
from .symbols import declared


class Entry(NamedTuple):
    """`span` is all of it, `name_span` the word that names it."""

    name: str
    detail: str
    kind: str
    span: Span
    name_span: Span
    children: Tuple[Entry, ...] = ()


KINDS = {n.Param: "param", n.Definition: "variable", n.Function: "function", n.Reward: "group", n.Terminate: "event", n.Metric: "metric",
         n.Import: "module", n.Weight: "weight", n.Drop: "drop", n.Total: "total", n.Task: "task", n.Extends: "module", n.Expect: "law"}  # fmt: skip
DETAILS = {
    n.Metric: "metric",
    n.Weight: "weight",
    n.Drop: "drop",
    n.Task: "task",
    n.Import: "import",
    n.Extends: "extends",
    n.Expect: "expect",
}


def entries(tree: n.File) -> List[Entry]:
    """An entry for each statement; a group's terms are below it."""
    return [_entry(s) for s in tree.statements]


def _entry(s: n.Statement) -> Entry:
    about = declared(s)
    name, at = (
        (about[1], about[2]) if about is not None else ("", Span(s.span.source, s.span.start, s.span.start))
    )
    detail, children = DETAILS.get(type(s), ""), ()  # type: Tuple[str, Tuple[Entry, ...]]
    if isinstance(s, n.Reward):
        name = s.group
        detail = f"{'adds to ' if s.adds else ''}reward per {'second' if s.per_second else 'step'}"
        children = tuple(_terms(s.value))
    elif isinstance(s, n.Terminate):
        detail = "success" if s.success else "terminate"
    elif isinstance(s, n.Function):
        detail = f"({', '.join(s.parameters)})"
    elif isinstance(s, (n.Param, n.Definition)):
        detail = _line(s.value.span.text)
    elif isinstance(s, n.Extends):
        name = s.path
    elif isinstance(s, n.Total):
        name, detail = "total", _line(s.value.span.text)
    elif isinstance(s, n.Expect):
        name = _line(s.condition.span.text)
    return Entry(name or _line(s.span.text), detail, KINDS[type(s)], s.span, at, children)


def _terms(expr: n.Expr) -> List[Entry]:
    addends = [a for _, a in expr.addends] if isinstance(expr, n.Sum) else [expr]
    out = []
    for addend in addends:
        name = addend.name if isinstance(addend, n.Named) else _line(addend.span.text)
        end = addend.span.end
        at = Span(addend.span.source, end - len(name), end) if isinstance(addend, n.Named) else addend.span
        out.append(Entry(name, "term", "term", addend.span, at))
    return out


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
