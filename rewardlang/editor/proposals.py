"""What can be proposed: names and functions, components, selections, elements, files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..lang import nodes as n
from ..lang.expect import BEHAVIOURS, READS
from ..lang.kernels import SHAPES
from ..lang.loader import SHIPPED, nearby
from ..lang.registry import BUILTINS
from ..lang.types import Axis, Kind, Type
from ..lang.vocabulary import Vocabulary
from . import describe, words
from .analysis import Analysis, type_of
from .cursor import Cursor
from .hover import axes_of
from .links import Files, outline_of
from .tokens import Bracket, dotted, operand


@dataclass(frozen=True)
class Item:
    """One proposal: it replaces the text from `start` to the cursor. `rank` sorts, lowest first."""

    label: str
    kind: str
    detail: str = ""
    doc: str = ""
    snippet: str = ""
    start: int = 0
    rank: int = 5


class Scope:
    """What the files define, from the statements that parse and those of the last text that did."""

    def __init__(
        self, analysis: Analysis, last: Analysis, vocabulary: Vocabulary, files: Files, text: str
    ) -> None:
        self.analysis, self.last, self.vocabulary, self.files, self.text = (
            analysis,
            last,
            vocabulary,
            files,
            text,
        )
        trees = [analysis.tree, analysis.joined, last.joined]
        self.statements = [s for tree in trees if tree is not None for s in tree.statements]

    def of(self, *kinds: type) -> Iterator[n.Statement]:
        seen = set()
        for s in self.statements:
            name = s.group if isinstance(s, n.Reward) else getattr(s, "name", "")
            if isinstance(s, kinds) and "." not in name and (type(s), name) not in seen:
                seen.add((type(s), name))
                yield s

    def terms(self) -> List[str]:
        named = [use.name for use in self.analysis.uses if use.space == "term" and use.declares]
        programs = [p for a in (self.analysis, self.last) for p in (a.program, a.salvaged) if p is not None]
        return list(dict.fromkeys([*(t.name for p in programs for t in p.terms), *named]))

    def type_of(self, name: str) -> Optional[Type]:
        quantity = self.vocabulary.quantities.get(name)
        if quantity is not None:
            return quantity.type
        return self.analysis.names.get(name) or self.last.names.get(name)


def members(scope: Scope, at: Cursor) -> Iterator[Item]:
    """After a dot: what an imported file has, or the components of a vector."""
    base = dotted(at.words[:-1], len(at.words) - 1)
    tie = next((s for s in scope.of(n.Import) if isinstance(s, n.Import) and s.name == base), None)
    if tie is not None:
        outline = outline_of(scope.analysis, scope.text)
        other = scope.files.target(outline, tie, None)
        for s in other.tree.statements if other is not None else ():
            if isinstance(s, (n.Param, n.Definition)):
                yield Item(s.name, "variable", f"of {tie.path}", describe.code(s.span.text))
            elif isinstance(s, n.Function):
                yield _function_item(s, f"of {tie.path}")
        return
    text = operand(at.words[:-1], scope.text)
    type = scope.type_of(base) if base == text else None
    if type is None:
        type = type_of(text, scope.analysis, scope.vocabulary) or type_of(text, scope.last, scope.vocabulary)
    letters = type.vector.name if type is not None and type.vector is not None else "xyz"
    if type is not None and type.vector is None:
        return
    for name in words.COMPONENT_NAMES:
        if set(name) <= set(letters) and name != letters:
            yield Item(
                name,
                "component",
                f"component of {text}" if len(name) == 1 else f"components of {text}",
                rank=len(name),
            )


def keywords(scope: Scope, bracket: Bracket) -> Iterator[Item]:
    own = next(
        (s for s in scope.of(n.Function) if isinstance(s, n.Function) and s.name == bracket.before), None
    )
    given = {a.text for a, b in zip(bracket.inside, bracket.inside[1:]) if b.text == "="}
    if own is not None:
        parameters: Sequence[str] = own.parameters
    elif bracket.before in BUILTINS:
        parameters = [p.name for p in BUILTINS[bracket.before].parameters if not p.variadic]
    else:
        return
    for parameter in list(parameters)[0 if own is not None else bracket.argument :]:
        if parameter not in given:
            yield Item(f"{parameter}=", "keyword argument", f"of {bracket.before}", rank=3)


def expression(scope: Scope, at: Cursor) -> Iterator[Item]:
    vocabulary = scope.vocabulary
    yield from _parameters(at)
    for s in scope.of(n.Param, n.Definition, n.Terminate, n.Import):
        name = s.name  # type: ignore[union-attr]
        type = scope.type_of(name)
        kind = "param" if isinstance(s, n.Param) else "module" if isinstance(s, n.Import) else "variable"
        yield Item(
            name,
            kind,
            describe.type_text(type) if type is not None else "",
            describe.code(s.span.text),
            rank=2,
        )
    for s in scope.of(n.Function):
        assert isinstance(s, n.Function)
        yield _function_item(s, "")
    if at.words and at.words[0].text == "total":
        yield from (
            Item(s.group, "variable", "reward group", rank=1)
            for s in scope.of(n.Reward)
            if isinstance(s, n.Reward)
        )
    for name, q in vocabulary.quantities.items():
        yield Item(
            name, "quantity", describe.type_text(q.type), describe.quantity(q, vocabulary.task), rank=4
        )
    yield from selections(scope, list(vocabulary.axes.values()), rank=6, functions=False)
    for name in words.function_names():
        f = words.function(name)
        yield Item(name, "function", f.form, describe.in_short(f), _call(name, _required(name)), rank=5)
    yield Item("pi", "constant", words.CONSTANTS["pi"], rank=6)
    yield Item("not", "keyword", "", words.OPERATORS["not"], rank=6)


def claims(names: Iterable[str]) -> Iterator[Item]:
    """Forms that only an `expect` line has."""
    for name in names:
        form, doc, snippet = words.CLAIMS[name]
        yield Item(name, "function", form, doc, snippet, rank=1)


def paid(scope: Scope) -> Iterator[Item]:
    """What only an `expect` line reads: what terms and groups pay, returns of behaviours."""
    yield from claims(READS)
    yield from (item for item in readable(scope, "paid") if scope.type_of(item.label) is None)


def readable(scope: Scope, function: str) -> Iterator[Item]:
    """What stands in `paid(...)` and `return(...)`."""
    if function == "return":
        yield from (Item(name, "value", "scripted behaviour", rank=1) for name in BEHAVIOURS)
        return
    yield from (Item(name, "term", "term", describe.term(scope.last, name), rank=1) for name in scope.terms())
    groups = (s.group for s in scope.of(n.Reward) if isinstance(s, n.Reward))
    yield from (Item(name, "variable", "reward group", rank=1) for name in groups)
    yield Item("total", "variable", "what is paid", rank=1)


def _parameters(at: Cursor) -> Iterator[Item]:
    """Those of the function whose body is being written: `f(x, width) = ...`."""
    texts = [token.text for token in at.words]
    if len(at.words) > 3 and at.words[0].kind == "name" and texts[1] == "(" and ")" in texts:
        close = texts.index(")")
        if texts[close + 1 : close + 2] == ["="]:
            yield from (
                Item(t.text, "parameter", f"parameter of {texts[0]}", rank=1)
                for t in at.words[2:close]
                if t.kind == "name"
            )


def _required(name: str) -> Sequence[str]:
    """What a call of a function needs at least, as stops of its snippet."""
    if name not in BUILTINS:
        return ("joints", '"*": 0') if name == "table" else ('"*"',)
    return [p.name if not p.variadic else "x" for p in BUILTINS[name].parameters if not p.optional]


def _call(name: str, parameters: Iterable[str]) -> str:
    stops = ", ".join(f"${{{i}:{parameter}}}" for i, parameter in enumerate(parameters, 1))
    return f"{name}({stops})$0"


def _function_item(s: n.Function, detail: str) -> Item:
    form = f"{s.name}({', '.join(s.parameters)})"
    return Item(
        s.name,
        "function",
        f"{form} {detail}".strip(),
        describe.code(s.span.text),
        _call(s.name, s.parameters),
        rank=2,
    )


def selections(scope: Scope, axes: Sequence[Axis], rank: int, functions: bool = True) -> Iterator[Item]:
    wanted = {axis.name for axis in axes}
    for name, axis in scope.vocabulary.groups.items():
        if axis.name in wanted:
            yield Item(
                name,
                "selection",
                f"{len(axis.elements)} {axis.name}",
                describe.selection(scope.vocabulary, name),
                rank=rank,
            )
    for name in scope.vocabulary.axes:
        if name in wanted:
            yield Item(name, "axis", f"all {name}", describe.selection(scope.vocabulary, name), rank=rank + 1)
    if not functions:
        return
    for s in scope.of(n.Definition):
        assert isinstance(s, n.Definition)
        type = scope.type_of(s.name)
        if type is not None and type.kind is Kind.SELECTION and type.axes[0].name in wanted:
            yield Item(s.name, "selection", describe.type_text(type), describe.code(s.span.text), rank=rank)
    for axis in axes:
        yield from (
            Item(f'"{name}"', "element", f"one of the {axis.name}", rank=rank + 2) for name in axis.elements
        )


def in_string(scope: Scope, at: Cursor) -> Iterator[Item]:
    head = at.last()
    if head in (["import"], ["extends"]) and len(at.words) == 1:
        yield from _file_names(scope)
        return
    if not at.brackets:
        return
    bracket = at.brackets[-1]
    if [token.text for token in bracket.current()][-2:] == ["shape", "="]:
        yield from (Item(shape, "value", "shape of a tolerance") for shape in SHAPES)
        return
    for axis in axes_of(scope.last, bracket):
        for name in axis.elements:
            yield Item(name, "element", f"one of the {axis.name}", rank=2)
        for pattern, found in patterns(axis):
            yield Item(pattern, "pattern", f"{len(found)} {axis.name}", describe.names(found), rank=3)


def patterns(axis: Axis) -> List[Tuple[str, List[str]]]:
    """Patterns that more than one element fits: those that share their first or their last word."""
    groups: Dict[str, List[str]] = {}
    for name in axis.elements:
        first, _, rest = name.partition("_")
        if rest:
            groups.setdefault(f"{first}_*", []).append(name)
            groups.setdefault(f"*_{rest}", []).append(name)
            groups.setdefault(f"*_{rest.rpartition('_')[2]}", []).append(name)
    found = {pattern: list(dict.fromkeys(members)) for pattern, members in groups.items()}
    return [("*", list(axis.elements)), *((p, members) for p, members in found.items() if len(members) > 1)]


def _file_names(scope: Scope) -> Iterator[Item]:
    folder = scope.analysis.folder()
    own = scope.analysis.path
    if folder is not None and folder.is_dir():
        for path in nearby(folder):
            if own is None or path.resolve() != own.resolve():
                yield Item(path.relative_to(folder).as_posix(), "file", "beside this file", rank=1)
    for root in SHIPPED:
        for path in nearby(root):
            yield Item(path.relative_to(root).as_posix(), "file", "shipped", rank=2)


def axis_names(scope: Scope) -> List[str]:
    return [*scope.vocabulary.axes, "xyz", "xy", "pairs"]
