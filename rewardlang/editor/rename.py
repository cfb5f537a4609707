"""A new name for what a file names, or why it cannot have it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from ..lang.loader import SHIPPED
from ..lang.registry import BUILTINS
from ..lang.resolve import UNDEFINABLE
from ..lang.source import Source, Span
from ..lang.syntax import parse_parts
from ..lang.syntax_errors import RESERVED
from . import symbols, words
from .analysis import Analysis, analyse, fallback_vocabulary
from .links import Files, Outline, Place, outline_of

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
RENAMED = ("value", "function", "parameter", "term", "metric", "imported")


class Refused(ValueError):
    """Why a name stays as it is."""


def target(analysis: Analysis, offset: int, files: Files, text: str) -> Tuple[symbols.Use, Place]:
    """The name at a place and where it is declared. Raises Refused for what cannot be renamed."""
    broken = next((d for d in analysis.diagnostics if d.code.startswith("RW0")), None)
    if broken is not None:
        line, _ = analysis.source.position(broken.span.start)
        raise Refused(f"line {line} does not parse, so not all places of a name are known: {broken.message}")
    use = symbols.at(analysis.uses, offset)
    if use is None or use.space not in RENAMED:
        what = "" if use is None else f": `{use.name}` belongs to the language or the task"
        raise Refused(f"there is no name here that this file gives{what}")
    place = files.declaration(outline_of(analysis, text), use.key)
    if place is None:
        raise Refused(_why_not(analysis, use))
    if place.use is None:
        raise Refused(f"the reward group `{use.name}` has no name of its own: write `reward NAME =`")
    path = place.outline.path
    if path is not None and any(
        root in path.parents and root not in (analysis.path or path).parents for root in SHIPPED
    ):
        raise Refused(f"`{use.name}` is defined in the shipped {path.name}")
    return use, place


def _why_not(analysis: Analysis, use: symbols.Use) -> str:
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    if use.space == "function" and use.name in words.function_names():
        return f"`{use.name}` is a function of the language"
    if use.space == "value" and (
        use.name in vocabulary.quantities or use.name in vocabulary.groups or use.name in vocabulary.axes
    ):
        return f"`{use.name}` is a name of the task {vocabulary.task}"
    if use.space == "value" and use.name in {name for name, _ in vocabulary.terminations}:
        return f"`{use.name}` is a termination of the task {vocabulary.task}"
    if use.space == "term":
        return f"the term `{use.name}` is named by what it is: give it a name with `as` first"
    return f"`{use.name}` is not defined"


def rename(
    analysis: Analysis, offset: int, new: str, files: Files, text: str, task: Optional[str] = None
) -> List[Tuple[Outline, List[Span]]]:
    """The stretches to replace by the new name, file by file. Raises Refused if it is no name, is taken, or would mean something else."""
    use, place = target(analysis, offset, files, text)
    old = place.use.name if place.use is not None else use.name
    if new == old:
        return []
    _check_name(new)
    _check_free(analysis, use, new)
    own = outline_of(analysis, text)
    _check_replaced(analysis, place, files)
    _check_free_elsewhere(place, own, new, files)
    found: Dict[Optional[Path], Tuple[Outline, List[Span]]] = {}
    for reference in _with_terms(analysis, own, use, list(files.references(own, use))):
        found.setdefault(reference.outline.path, (reference.outline, []))[1].append(reference.span)
    after = {path: _prove(outline, spans, new) for path, (outline, spans) in found.items()}
    if list(after) == [own.path]:
        _same_findings(analysis, after[own.path], new, task)
    return list(found.values())


def _check_replaced(analysis: Analysis, place: Place, files: Files) -> None:
    """Refuse to part a statement from the one of the same name that it replaces."""
    assert place.use is not None
    key, name = place.use.key, place.use.name
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    if key[0] == "value" and name in {cause for cause, _ in vocabulary.terminations}:
        raise Refused(f"`{name}` replaces a termination of the task {vocabulary.task}: its name says which")
    below = files.inherited(place.outline, key)
    if below is not None:
        raise Refused(f"`{name}` replaces the one of {below.outline.source.name}: its name says which")
    for other in files.neighbours(place.outline):
        if any(use.declares and use.key == key for use in other.uses) and place.same(
            files.inherited(other, key)
        ):
            raise Refused(f"`{name}` is replaced in {other.source.name}: its name says which")


def _check_free_elsewhere(place: Place, own: Outline, new: str, files: Files) -> None:
    """Refuse a name that another file of those that see this one gives: one would replace the other."""
    assert place.use is not None
    space, owner, _ = place.use.key
    seen = (own, place.outline, *files.neighbours(place.outline), *files.neighbours(own))
    for other in seen if space != "parameter" else ():
        if place.same(files.declaration(other, place.use.key)):
            taken = files.declaration(other, (space, owner, new))
            if taken is not None:
                line, _ = taken.outline.source.position(taken.span.start)
                raise Refused(f"`{new}` is taken: line {line} of {taken.outline.source.name} has it")


def _check_name(new: str) -> None:
    if not NAME.match(new):
        raise Refused(f"`{new}` is no name: letters, digits and `_`, not a digit first")
    if new in RESERVED:
        raise Refused(f"`{new}` is a reserved word")
    if new in UNDEFINABLE:
        raise Refused(f"`{new}` cannot be defined: it has a meaning of its own")


def _check_free(analysis: Analysis, use: symbols.Use, new: str) -> None:
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    space = (
        "function"
        if use.space == "imported" and _is_function(analysis, use.name)
        else "value"
        if use.space == "imported"
        else use.space
    )
    if space == "value" and (
        new in vocabulary.quantities or new in vocabulary.groups or new in vocabulary.axes
    ):
        raise Refused(f"`{new}` is a name of the task {vocabulary.task}")
    if space == "function" and (new in BUILTINS or new in words.function_names()):
        raise Refused(f"`{new}` is a function of the language")
    for other in analysis.uses:
        if other.declares and other.key == (space, use.owner, new):
            line, _ = analysis.source.position(other.span.start)
            raise Refused(f"`{new}` is taken: line {line} has it")


def _is_function(analysis: Analysis, name: str) -> bool:
    functions = () if analysis.resolved is None else analysis.resolved.functions
    return name in functions


def _with_terms(analysis: Analysis, own: Outline, use: symbols.Use, places: List[Place]) -> List[Place]:
    """Places of a name, and those where the term that is called after it is meant: `+ 2 * speed` is the term `speed`."""
    if use.space != "value" or analysis.program is None:
        return places
    named = any(u.space == "term" and u.declares and u.name == use.name for u in own.uses)
    natural = any(t.name == use.name and t.text == use.name for t in analysis.program.terms)
    terms = (
        [Place(own, u.span, u) for u in own.uses if u.key == ("term", "", use.name)]
        if natural and not named
        else []
    )
    return places + terms


def _prove(before: Outline, spans: List[Span], new: str) -> str:
    """The changed text of a file. Raises Refused unless each of its names means after the change what it means before."""
    after = replaced(before.source.text, spans, new)
    tree, broken = parse_parts(Source(before.source.name, after))
    again = symbols.uses(tree)
    if broken or len(again) != len(before.uses):
        raise Refused(
            f"`{new}` does not fit: {broken[0].message if broken else 'another statement would begin'}"
        )
    places = {span.start for span in spans}
    renamed = [(old, now) for old, now in zip(before.uses, again) if old.span.start in places]
    taken = {now.key for _, now in renamed}
    for old, now in zip(before.uses, again):
        moved = old.span.start in places
        if now.space != old.space or (not moved and now.key in taken and now.space in RENAMED):
            line, _ = before.source.position(old.span.start)
            raise Refused(
                f"`{new}` would be mixed up with another `{new}` in line {line} of {before.source.name}"
            )
    return after


def replaced(text: str, spans: List[Span], new: str) -> str:
    """A text with other words at some places."""
    out, at = [], 0
    for span in sorted(spans, key=lambda s: s.start):
        out += [text[at : span.start], new]
        at = span.end
    return "".join([*out, text[at:]])


def _same_findings(analysis: Analysis, after: str, new: str, task: Optional[str]) -> None:
    """Raise Refused if the changed text has a finding that the text did not have."""
    later = analyse(after, analysis.path, task)
    worse = Counter(d.code for d in later.diagnostics) - Counter(d.code for d in analysis.diagnostics)
    first = next((d for d in later.diagnostics if d.code in worse), None)
    if first is not None:
        raise Refused(f"`{new}` would bring an error: {first.message}")
