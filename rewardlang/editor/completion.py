"""What can stand at the cursor. It works from the words before it, so the text need not parse."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, List, Tuple

from ..lang.expect import FORMS, READS
from ..lang.kernels import SHAPES
from . import proposals, words
from .analysis import Analysis, fallback_vocabulary
from .cursor import Cursor, cursor
from .heads import HEADS
from .hover import axes_of
from .links import Files
from .proposals import Item, Scope
from .tokens import Token

OPERAND_AFTER = {"name", "number", "string"}  # an operator is due after these


def complete(analysis: Analysis, last: Analysis, text: str, offset: int, files: Files) -> List[Item]:
    """Proposals at an offset of a text. `last` is the last analysis with all its types, to look names up in."""
    at = cursor(text, offset)
    if at is None:
        return []
    vocabulary = last.vocabulary or analysis.vocabulary or fallback_vocabulary()
    scope = Scope(analysis, last, vocabulary, files, text)
    start = at.prefix.start
    if at.prefix.kind == "string":
        start += 1
        found = list(proposals.in_string(scope, at))
    elif at.prefix.kind == "number":
        start += at.prefix.text.index("[") + 1
        inside = at.prefix.text[at.prefix.text.index("[") + 1 :]
        start = offset - len(inside) + max(inside.rfind(c) for c in "*/^( ") + 1
        found = [Item(unit, "unit", "unit") for unit in words.UNITS]
    else:
        found = list(_word(scope, at))
    return [replace(item, start=start) for item in found]


def _word(scope: Scope, at: Cursor) -> Iterator[Item]:
    last = at.last()
    if last == ["."]:
        yield from proposals.members(scope, at)
        return
    if not at.brackets:
        head = [token.text for token in at.words]
        known = bool(head) and (len(head) == 1 or head[0] == "reward" or at.words[1].kind != "operator")
        rule = HEADS.get(head[0]) if known else None
        special = rule(scope, head) if rule is not None else None
        if special is not None:
            yield from special
            return
    if last == ["as"]:
        return  # a new name is due
    if not at.words and _column(scope.text, at.prefix.start) == 0:
        yield from (
            Item(word, "keyword", form, doc, snippet, rank=1)
            for word, (form, doc, snippet) in words.STATEMENTS.items()
        )
    law = bool(at.words) and at.words[0].text == "expect"
    if law and len(at.words) == 1:
        yield from proposals.claims(FORMS)
    elif at.words and _ends_operand(at.words[-1]):
        yield from (
            Item(word, "keyword", "", doc) for word, doc in words.OPERATORS.items() if word in _joining(at)
        )
        return
    if at.brackets:
        bracket = at.brackets[-1]
        current = [token.text for token in bracket.current()]
        if current[-2:] == ["over", "="]:
            yield from (Item(axis, "axis", "axis") for axis in proposals.axis_names(scope))
            return
        if current[-2:] == ["shape", "="]:
            yield from (Item(f'"{shape}"', "value", "shape of a tolerance") for shape in SHAPES)
            return
        if bracket.token.text == "[" and bracket.before:
            yield from proposals.selections(scope, axes_of(scope.last, bracket), rank=1)
            return
        if bracket.before == "table" and bracket.argument == 0:
            yield from proposals.selections(scope, list(scope.vocabulary.axes.values()), rank=1)
            return
        if law and bracket.before in READS:
            yield from proposals.readable(scope, bracket.before)
            return
        if not current:
            yield from proposals.keywords(scope, bracket)
    if law:
        yield from proposals.paid(scope)
    yield from proposals.expression(scope, at)


def _column(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset) - 1


def _ends_operand(token: Token) -> bool:
    return token.text in (")", "]") or (token.kind in OPERAND_AFTER and token.text not in words.OPERATORS)


def _joining(at: Cursor) -> Tuple[str, ...]:
    head = at.words[0].text
    if head == "param":
        return ("in",)
    named = head in ("reward", "import") or head not in words.STATEMENTS
    return ("and", "or", "as") if named else ("and", "or")
