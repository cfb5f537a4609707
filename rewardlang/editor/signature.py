"""The form of the function whose arguments are being written."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Tuple

from ..lang import nodes as n
from . import describe, words
from .analysis import Analysis
from .completion import cursor
from .links import Files, outline_of
from .symbols import statement_at


class Signature(NamedTuple):
    """`parameters` are stretches of `form`; `active` is the one that the cursor is at."""

    form: str
    doc: str
    parameters: List[Tuple[int, int]]
    active: Optional[int]


def signature(
    analysis: Analysis, last: Analysis, text: str, offset: int, files: Files
) -> Optional[Signature]:
    """The innermost call that is open at an offset; None outside of calls."""
    at = cursor(text, offset)
    if at is None:
        return None
    bracket = next((b for b in reversed(at.brackets) if b.token.text == "(" and b.before), None)
    if bracket is None:
        return None
    found = _form(analysis, last, text, bracket.before, files)
    if found is None:
        return None
    form, doc = found
    names = [(m.start(1), m.end(1), m[1]) for m in re.finditer(r"[(,]\s*((?:\.\.\.|[^,()])+)", form)]
    current = bracket.current()
    keyword = current[0].text if len(current) > 1 and current[1].text == "=" else None
    active: Optional[int] = bracket.argument
    if keyword is not None:
        active = next((i for i, (_, _, name) in enumerate(names) if name.split("=")[0] == keyword), None)
    elif names and names[-1][2].strip() == "...":
        active = min(bracket.argument, len(names) - 1)
    return Signature(
        form,
        doc,
        [(start, end) for start, end, _ in names],
        active if active is None or active < len(names) else None,
    )


def _form(
    analysis: Analysis, last: Analysis, text: str, name: str, files: Files
) -> Optional[Tuple[str, str]]:
    trees = (analysis.tree, analysis.joined, last.tree, last.joined)
    for s in (s for tree in trees if tree is not None for s in tree.statements):
        if isinstance(s, n.Function) and s.name == name:
            return f"{name}({', '.join(s.parameters)})", describe.code(s.span.text)
    if name in words.function_names():
        return words.function(name).form, words.function(name).doc
    if name in words.CLAIMS:
        return words.CLAIMS[name].form, words.CLAIMS[name].doc
    if "." not in name:
        return None
    own = outline_of(analysis if analysis.tree.statements else last, text)
    place = files.declaration(own, ("imported", "", name))
    found = None if place is None else statement_at(place.outline.tree, place.span.start)
    if not isinstance(found, n.Function):
        return None
    return f"{name}({', '.join(found.parameters)})", describe.code(found.span.text)
