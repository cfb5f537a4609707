"""Where names stand in a file and what each means: the ground of definitions, references and renaming."""

from __future__ import annotations

from typing import Any, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..lang import nodes as n
from ..lang.source import Span
from ..quantities import ROWS
from .tokens import tokens
from .words import function_names

Key = Tuple[str, str, str]
LANGUAGE = set(function_names())


class Use(NamedTuple):
    """A name at a place. Names of one `space` (and one `owner`: the function of a parameter) are one namespace.

    `value`: definitions, params, groups, causes, imports and the vocabulary; `function`; `parameter`; `term`; `metric`; `task`;
    `imported`: `x` of `file.x`, called `file.x`; `component`; `axis` after `over=`; `keyword` of a function of the language.
    """

    space: str
    name: str
    span: Span
    declares: bool = False
    owner: str = ""

    @property
    def key(self) -> Key:
        return self.space, self.owner, self.name


def uses(tree: n.File) -> List[Use]:
    """Every name of a file's statements, in the order they stand."""
    aliases = {s.name for s in tree.statements if isinstance(s, n.Import)}
    found = [use for s in tree.statements for use in _statement(s, aliases)]
    laws = [s.span for s in tree.statements if isinstance(s, n.Expect)]
    if laws:
        found = _terms_in_laws(found, laws)
    return sorted(found, key=lambda use: use.span.start)


def _terms_in_laws(found: List[Use], laws: List[Span]) -> List[Use]:
    """In a law a name means a term if it means no value, and in `paid(NAME)` in any case."""
    terms = {use.name for use in found if use.space == "term" and use.declares}
    values = {use.name for use in found if use.space == "value" and use.declares} | {row.name for row in ROWS}

    def is_term(use: Use) -> bool:
        inside = any(law.start <= use.span.start < law.end for law in laws)
        before = use.span.source.text[: use.span.start].rstrip()
        paid = before.endswith("(") and before[:-1].rstrip().endswith("paid")
        return use.space == "value" and inside and use.name in terms and (paid or use.name not in values)

    return [use._replace(space="term") if is_term(use) else use for use in found]


def declared(s: Any) -> Optional[Tuple[str, str, Span]]:
    """Namespace, name and place of what a statement is about; None for one that names nothing."""
    if isinstance(s, n.Reward):
        return ("value", s.group, s.name_span) if _is_named(s) else None
    for types, space in SPACES:
        if isinstance(s, types):
            name: str = getattr(s, "name", "")
            return space, name, s.name_span  # type: ignore[attr-defined]
    if isinstance(s, n.Drop):
        return {"term": "term", "terminate": "value", "metric": "metric"}[s.what], s.name, s.name_span
    return None


SPACES: Tuple[Tuple[Tuple[type, ...], str], ...] = (
    ((n.Param, n.Definition, n.Terminate, n.Import), "value"), ((n.Function,), "function"), ((n.Metric,), "metric"),
    ((n.Weight,), "term"), ((n.Task,), "task"),
)  # fmt: skip


def _is_named(s: n.Reward) -> bool:
    """Whether the group's name is written, rather than left to be `reward`."""
    return s.name_span.start > s.span.start


def _statement(s: n.Statement, aliases: Set[str]) -> Iterator[Use]:
    about = declared(s)
    if about is not None:
        adds = isinstance(s, (n.Weight, n.Drop)) or (isinstance(s, n.Reward) and s.adds)
        yield Use(*about, not adds)
    walk = _Walk(aliases, s)
    if isinstance(s, n.Function):
        body = s.body.span.start
        for word in tokens(s.span.source.text[s.name_span.end : body], s.name_span.end):
            if word.text == ")":
                break
            if word.kind == "name":
                yield Use("parameter", word.text, Span(s.span.source, word.start, word.end), True, s.name)
    for field in ("value", "bounds", "body", "condition"):
        expr = getattr(s, field, None)
        if expr is not None:
            yield from walk.expression(expr)


class _Walk:
    """The names in the expressions of one statement."""

    def __init__(self, aliases: Set[str], statement: n.Statement) -> None:
        self.aliases = aliases
        self.function = statement.name if isinstance(statement, n.Function) else ""
        self.parameters = set(statement.parameters) if isinstance(statement, n.Function) else set()

    def expression(self, expr: n.Expr) -> Iterator[Use]:
        todo: List[n.Expr] = [expr]
        while todo:
            item = todo.pop()
            if isinstance(item, n.Name):
                yield self.name(item)
            elif isinstance(item, n.Named):
                yield Use("term", item.name, _end(item.span, item.name), True)
            elif isinstance(item, n.Component):
                base, at = item.base, _end(item.span, item.name)
                alias = isinstance(base, n.Name) and base.id in self.aliases - self.parameters
                name = f"{base.id}.{item.name}" if alias and isinstance(base, n.Name) else item.name
                yield Use("imported" if alias else "component", name, at)
            elif isinstance(item, n.Call):
                yield from self.call(item)
                over = [k.value for k in item.keywords if k.name == "over"]
                for axis in over:
                    yield Use("axis", axis.span.text, axis.span)
                todo += [child for child in n.children(item) if not any(child is axis for axis in over)]
                continue
            todo += n.children(item)

    def name(self, item: n.Name) -> Use:
        if item.id in self.parameters:
            return Use("parameter", item.id, item.span, False, self.function)
        return Use("value", item.id, item.span)

    def call(self, item: n.Call) -> Iterator[Use]:
        source, start = item.span.source, item.span.start
        alias, dot, member = item.function.partition(".")
        if dot:
            words = list(tokens(source.text[start : item.span.end], start))[:3]
            if len(words) == 3 and words[2].text == member:
                yield Use("value", alias, Span(source, start, words[0].end))
                yield Use("imported", item.function, Span(source, words[2].start, words[2].end))
        else:
            yield Use("function", item.function, Span(source, start, start + len(item.function)))
        for keyword in item.keywords:
            at = Span(source, keyword.span.start, keyword.span.start + len(keyword.name))
            space = "keyword" if item.function in LANGUAGE else "parameter"
            yield Use(space, keyword.name, at, False, item.function)


def _end(span: Span, name: str) -> Span:
    return Span(span.source, span.end - len(name), span.end)


def at(found: List[Use], offset: int) -> Optional[Use]:
    """The name at a place, or the one that ends there."""
    return next((u for u in found if u.span.start <= offset <= u.span.end), None)


def statement_at(tree: n.File, offset: int) -> Optional[n.Statement]:
    return next((s for s in tree.statements if s.span.start <= offset <= s.span.end), None)
