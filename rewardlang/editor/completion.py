"""What can stand at the cursor. It works from the words before it, so the text need not parse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..lang import nodes as n
from ..lang.kernels import SHAPES
from ..lang.loader import SHIPPED
from ..lang.syntax import CONTINUES
from ..lang.types import Axis, Kind, Type
from ..lang.vocabulary import Vocabulary
from ..task import shipped_tasks
from . import describe, words
from .analysis import Analysis, fallback_vocabulary
from .hover import axes_of, known
from .links import Files, outline_of
from .tokens import Bracket, Token, dotted, open_brackets, tokens

OPERAND_AFTER = {"name", "number", "string"}  # an operator is due after these
MAX_FILES = 200


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


@dataclass(frozen=True)
class Cursor:
    """What stands before the cursor in its statement."""

    offset: int
    words: List[Token]  # without the one that is being written
    prefix: Token
    brackets: List[Bracket]

    def last(self, count: int = 1) -> List[str]:
        return [token.text for token in self.words[-count:]]


def statement_start(text: str, offset: int) -> int:
    """Where the statement begins that a place belongs to."""
    start = text.rfind("\n", 0, offset) + 1
    while start > 0:
        end = text.find("\n", start)
        line = text[start : len(text) if end < 0 else end]
        blank = not line.strip() or line.lstrip().startswith("#")
        if not blank and not CONTINUES.match(line):
            break
        start = text.rfind("\n", 0, start - 1) + 1
    return start


def cursor(text: str, offset: int) -> Optional[Cursor]:
    """The words before a place; None inside a comment."""
    start = text.rfind("\n", 0, offset) + 1
    fresh = (
        offset == start or not text[start:offset].strip()
    )  # nothing but blanks: it may continue what is above
    begin = start if fresh and offset == start else statement_start(text, offset)
    found = list(tokens(text[begin:offset], begin))
    prefix = Token("name", "", offset)
    if found and found[-1].kind == "comment":
        return None
    if found and found[-1].end == offset and _unfinished(found[-1]):
        prefix = found.pop()
    found = [token for token in found if token.kind != "comment"]
    return Cursor(offset, found, prefix, open_brackets(found))


def _unfinished(token: Token) -> bool:
    if token.kind == "string":
        return len(token.text) < 2 or token.text[-1] != token.text[0]
    return token.kind == "name" or (token.kind == "number" and "[" in token.text and "]" not in token.text)


def complete(analysis: Analysis, last: Analysis, text: str, offset: int, files: Files) -> List[Item]:
    """Proposals at an offset of a text. `last` is the last analysis with all its types, to look names up in."""
    at = cursor(text, offset)
    if at is None:
        return []
    vocabulary = last.vocabulary or analysis.vocabulary or fallback_vocabulary()
    scope = _Scope(analysis, last, vocabulary, files, text)
    start = at.prefix.start
    if at.prefix.kind == "string":
        start += 1
        found = list(_in_string(scope, at))
    elif at.prefix.kind == "number":
        start += at.prefix.text.index("[") + 1
        inside = at.prefix.text[at.prefix.text.index("[") + 1 :]
        start = offset - len(inside) + max(inside.rfind(c) for c in "*/^( ") + 1
        found = [Item(unit, "unit", "unit") for unit in words.UNITS]
    else:
        found = list(_word(scope, at))
    return [replace(item, start=start) for item in found]


class _Scope:
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
            if isinstance(s, kinds) and (type(s), name) not in seen:
                seen.add((type(s), name))
                yield s

    def terms(self) -> List[str]:
        named = [use.name for use in self.analysis.uses if use.space == "term" and use.declares]
        programs = [a.program for a in (self.analysis, self.last) if a.program is not None]
        return list(dict.fromkeys([*(t.name for p in programs for t in p.terms), *named]))

    def type_of(self, name: str) -> Optional[Type]:
        quantity = self.vocabulary.quantities.get(name)
        if quantity is not None:
            return quantity.type
        name = name.replace(".", "_")
        return self.analysis.names.get(name) or self.last.names.get(name)


# words


def _word(scope: _Scope, at: Cursor) -> Iterator[Item]:
    last = at.last()
    if last == ["."]:
        yield from _members(scope, at)
        return
    if not at.brackets:
        head = [token.text for token in at.words]
        rule = HEADS.get(head[0]) if head and at.words[0].kind == "name" else None
        special = rule(scope, head) if rule is not None else None
        if special is not None:
            yield from special
            return
    if not at.words and _column(scope.text, at.prefix.start) == 0:
        yield from (
            Item(word, "keyword", form, doc, snippet, rank=1)
            for word, (form, doc, snippet) in words.STATEMENTS.items()
        )
    if at.words and _ends_operand(at.words[-1]):
        yield from (
            Item(word, "keyword", "", doc) for word, doc in words.OPERATORS.items() if word in _joining(at)
        )
        return
    if at.brackets:
        bracket = at.brackets[-1]
        current = [token.text for token in bracket.current()]
        if current[-2:] == ["over", "="]:
            yield from (Item(axis, "axis", "axis") for axis in _axis_names(scope))
            return
        if current[-2:] == ["shape", "="]:
            yield from (Item(f'"{shape}"', "value", "shape of a tolerance") for shape in SHAPES)
            return
        if bracket.token.text == "[" and bracket.before:
            yield from _selections(scope, axes_of(scope.last, bracket), rank=1)
            return
        if bracket.before == "table" and bracket.argument == 0:
            yield from _selections(scope, list(scope.vocabulary.axes.values()), rank=1)
            return
        if not current:
            yield from _keywords(scope, bracket)
    yield from _expression(scope, at)


def _column(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset) - 1


def _ends_operand(token: Token) -> bool:
    return token.text in (")", "]") or (token.kind in OPERAND_AFTER and token.text not in words.OPERATORS)


def _joining(at: Cursor) -> Tuple[str, ...]:
    head = at.words[0].text
    as_, in_ = (
        ("as",) if head in ("reward", "import") or head not in words.STATEMENTS else (),
        ("in",) if head == "param" else (),
    )
    return ("and", "or", *as_, *in_)


def _members(scope: _Scope, at: Cursor) -> Iterator[Item]:
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
    type = scope.type_of(base)
    letters = type.vector.name if type is not None and type.vector is not None else "xyz"
    if type is not None and type.vector is None and base:
        return
    for name in words.COMPONENT_NAMES:
        if set(name) <= set(letters) and name != letters:
            yield Item(
                name,
                "component",
                f"component of {base}" if len(name) == 1 else f"components of {base}",
                rank=len(name),
            )


def _keywords(scope: _Scope, bracket: Bracket) -> Iterator[Item]:
    own = next(
        (s for s in scope.of(n.Function) if isinstance(s, n.Function) and s.name == bracket.before), None
    )
    given = {a.text for a, b in zip(bracket.inside, bracket.inside[1:]) if b.text == "="}
    if own is not None:
        parameters: Sequence[str] = own.parameters
    elif (
        bracket.before in words.function_names()
        and bracket.before not in words.AXES
        and bracket.before != "table"
    ):
        parameters = [p for p in words.function(bracket.before)[2] if p != "values"]
    else:
        return
    for parameter in list(parameters)[0 if own is not None else bracket.argument :]:
        if parameter not in given:
            yield Item(f"{parameter}=", "keyword argument", f"of {bracket.before}", rank=3)


def _expression(scope: _Scope, at: Cursor) -> Iterator[Item]:
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
    yield from _selections(scope, list(vocabulary.axes.values()), rank=6, functions=False)
    for name in words.function_names():
        form, _, parameters = words.function(name)
        yield Item(
            name,
            "function",
            form,
            known(scope.last, name) or describe.builtin(name),
            _call(name, _required(name, parameters)),
            rank=5,
        )
    yield Item("pi", "constant", words.CONSTANTS["pi"], rank=6)
    yield Item("not", "keyword", "", words.OPERATORS["not"], rank=6)


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


def _required(name: str, parameters: Sequence[str]) -> Sequence[str]:
    from ..lang.registry import BUILTINS

    if name == "table":
        return ("joints", '"*": 0')
    if name in words.AXES:
        return ('"*"',)
    return [p.name if not p.variadic else "x" for p in BUILTINS[name].parameters if not p.optional]


def _call(name: str, parameters: Iterable[str]) -> str:
    stops = ", ".join(
        f"${{{i}:{parameter}}}" for i, parameter in enumerate(parameters, 1)
    )
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


def _selections(scope: _Scope, axes: Sequence[Axis], rank: int, functions: bool = True) -> Iterator[Item]:
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


# strings


def _in_string(scope: _Scope, at: Cursor) -> Iterator[Item]:
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


def _file_names(scope: _Scope) -> Iterator[Item]:
    folder = scope.analysis.folder()
    own = scope.analysis.path
    if folder is not None and folder.is_dir():
        for path in sorted(folder.glob("**/*.reward"))[:MAX_FILES]:
            if own is None or path.resolve() != own.resolve():
                yield Item(path.relative_to(folder).as_posix(), "file", "beside this file", rank=1)
    for root in SHIPPED:
        for path in sorted(root.glob("**/*.reward"))[:MAX_FILES]:
            yield Item(path.relative_to(root).as_posix(), "file", "shipped", rank=2)


# the words after a statement's first


def _axis_names(scope: _Scope) -> List[str]:
    return [*scope.vocabulary.axes, "xyz", "xy", "pairs"]


def _task_names(scope: _Scope, head: List[str]) -> Optional[List[Item]]:
    return [Item(name, "task", "task") for name in shipped_tasks()] if len(head) == 1 else []


def _after_reward(scope: _Scope, head: List[str]) -> Optional[List[Item]]:
    if "=" in head or "+=" in head:
        return None
    if head[-1] == "per":
        return [Item(word, "keyword", "", doc) for word, doc in words.PER.items()]
    per = Item("per", "keyword", "", words.OPERATORS["per"], rank=1)
    groups = [s.group for s in scope.of(n.Reward) if isinstance(s, n.Reward)] if len(head) == 1 else []
    return [per, *(Item(name, "variable", "reward group") for name in groups if name != "reward")]


def _after_weight(scope: _Scope, head: List[str]) -> Optional[List[Item]]:
    return (
        [Item(name, "term", "term", describe.term(scope.last, name)) for name in scope.terms()]
        if len(head) == 1
        else None
    )


def _after_drop(scope: _Scope, head: List[str]) -> Optional[List[Item]]:
    if head[1:] == ["terminate"]:
        names = [
            *(name for name, _ in scope.vocabulary.terminations),
            *(getattr(s, "name", "") for s in scope.of(n.Terminate)),
        ]  # type: ignore[union-attr]
        return [Item(name, "variable", "termination") for name in dict.fromkeys(names)]
    if head[1:] == ["metric"]:
        return [Item(s.name, "variable", "metric") for s in scope.of(n.Metric)]  # type: ignore[union-attr]
    more = [Item(word, "keyword", f"drop {word} NAME") for word in ("terminate", "metric")]
    return [*(_after_weight(scope, head) or []), *more] if len(head) == 1 else []


def _after_terminate(scope: _Scope, head: List[str]) -> Optional[List[Item]]:
    if len(head) == 1:
        return [
            Item(name, "variable", "termination of the task: this one replaces it")
            for name, _ in scope.vocabulary.terminations
        ]
    return [Item("when", "keyword", "", words.OPERATORS["when"])] if len(head) == 2 else None


def _new_name(scope: _Scope, head: List[str]) -> Optional[List[Item]]:
    return [] if len(head) < 3 else None


def _after_import(scope: _Scope, head: List[str]) -> Optional[List[Item]]:
    return [Item("as", "keyword", "", words.OPERATORS["as"])] if len(head) == 2 else []


HEADS = {
    "task": _task_names, "reward": _after_reward, "weight": _after_weight, "drop": _after_drop, "terminate": _after_terminate,
    "success": _after_terminate, "param": _new_name, "metric": _new_name, "import": _after_import, "extends": _after_import,
}  # fmt: skip
