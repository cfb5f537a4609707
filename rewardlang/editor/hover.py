"""What an editor shows where the pointer rests."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ..lang import nodes as n
from ..lang.select import matches
from ..lang.source import Span
from ..lang.types import Axis
from ..lang.units import UnitError, parse_unit
from . import describe, symbols, words
from .analysis import Analysis, fallback_vocabulary
from .links import Files, outline_of
from .tokens import Bracket, Token, open_brackets, tokens

Found = Optional[Tuple[str, Span]]


def hover(analysis: Analysis, offset: int, files: Files, text: str) -> Found:
    """Markdown and the stretch that it is about; None where there is nothing to say."""
    found = list(tokens(analysis.source.text))
    touching = [t for t in found if t.start <= offset <= t.end]
    token = next(
        (t for t in touching if t.kind in ("name", "string", "number")), touching[-1] if touching else None
    )
    if token is None or token.kind == "comment":
        return None
    span = Span(analysis.source, token.start, token.end)
    if token.kind == "string":
        said = _string(analysis, token, [t for t in found if t.end <= token.start])
    elif token.kind == "number" and "[" in token.text and offset >= token.start + token.text.index("["):
        said = _unit(token)
    elif token.kind == "name":
        said = _name(analysis, offset, token, files, text)
    else:
        said = ""
    return (said, span) if said else _expression(analysis, offset)


def _name(analysis: Analysis, offset: int, token: Token, files: Files, text: str) -> str:
    use = symbols.at(analysis.uses, offset)
    if use is None:
        said = _word(analysis, token)
        guess = symbols.Use("value", token.text, Span(analysis.source, token.start, token.end))
        return said or _value(analysis, guess, files, text) or _function(analysis, guess, files, text)
    said = SPACES[use.space](analysis, use, files, text)
    return said or _word(analysis, token)


def _word(analysis: Analysis, token: Token) -> str:
    """A word that is no name of the tree: a word of the grammar, or a known name in a statement that does not parse."""
    line = analysis.source.text.rfind("\n", 0, token.start) + 1
    name = token.text
    before = analysis.source.text[line : token.start].split()
    if name in words.STATEMENTS and (not before or before == ["drop"]):
        word = words.STATEMENTS[name]
        return describe.paragraphs([describe.code(word.form), word.doc])
    for table in (words.OPERATORS, words.PER):
        if name in table and (table is not words.PER or before[-1:] == ["per"]):
            return describe.paragraphs([f"`{name}`", table[name]])
    return known(analysis, name)


def known(analysis: Analysis, name: str) -> str:
    """A name of the vocabulary or a function of the language; empty for another."""
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    if name in vocabulary.quantities:
        return describe.quantity(vocabulary.quantities[name], vocabulary.task)
    if name in vocabulary.groups:
        return describe.selection(vocabulary, name)
    if name in words.CONSTANTS:
        return describe.paragraphs([describe.code(name), words.CONSTANTS[name]])
    if name in words.CLAIMS:
        return describe.paragraphs([describe.code(words.CLAIMS[name].form), words.CLAIMS[name].doc])
    return describe.builtin(name) if name in words.function_names() else ""


def _value(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    tree = analysis.joined or analysis.tree
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    for s in (*analysis.tree.statements, *tree.statements):
        if isinstance(s, (n.Param, n.Definition)) and s.name == use.name:
            return describe.statement(s, analysis.names.get(use.name), vocabulary=analysis.vocabulary)
        if isinstance(s, n.Terminate) and s.name == use.name:
            what = "success" if s.success else "termination"
            return describe.statement(s, None, f"{what}; `{s.name}` is true on the step that it ends")
        if isinstance(s, n.Import) and s.name == use.name:
            return describe.statement(s, None)
        if isinstance(s, n.Reward) and s.group == use.name and use.name not in vocabulary.quantities:
            return describe.group(analysis, use.name)
    for name, span in vocabulary.terminations:
        if name == use.name:
            return describe.paragraphs(
                [
                    describe.code(f"terminate {name} when {span.text}"),
                    f"*termination of the task {vocabulary.task}*",
                ]
            )
    if use.name in vocabulary.axes:
        return describe.selection(vocabulary, use.name)
    return known(analysis, use.name)


def _function(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    for s in (*analysis.tree.statements, *(analysis.joined or analysis.tree).statements):
        if isinstance(s, n.Function) and s.name == use.name:
            return describe.statement(s, None)
    return known(analysis, use.name)


def _imported(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    place = files.declaration(outline_of(analysis, text), use.key)
    if place is None:
        return ""
    s = symbols.statement_at(place.outline.tree, place.span.start)
    type = analysis.names.get(use.name)
    where = f"from {place.outline.source.name}"
    return "" if s is None else describe.statement(s, type, where)


def _parameter(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    type = analysis.types.get((use.span.start, use.span.end))
    said = f"{describe.type_text(type)} in its first call" if type is not None else ""
    return describe.paragraphs([describe.code(use.name), said, f"*parameter of {use.owner}*"])


def _keyword(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    about = known(analysis, use.owner) if use.owner in words.function_names() else ""
    return describe.paragraphs([f"`{use.name}=` of:", about]) if about else f"`{use.name}=` of `{use.owner}`"


def _metric(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    s = next(
        (
            s
            for s in (analysis.joined or analysis.tree).statements
            if isinstance(s, n.Metric) and s.name == use.name
        ),
        None,
    )
    type = None if s is None else analysis.types.get((s.value.span.start, s.value.span.end))
    return "" if s is None else describe.statement(s, type, "metric: logged, never paid")


def _component(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    found = _expression(analysis, use.span.end)
    return found[0] if found is not None else f"`.{use.name}` of a vector"


def _axis(analysis: Analysis, use: symbols.Use, files: Files, text: str) -> str:
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    return describe.selection(vocabulary, use.name) if use.name in vocabulary.axes else ""


SPACES = {
    "value": _value, "function": _function, "imported": _imported, "parameter": _parameter, "keyword": _keyword, "metric": _metric,
    "component": _component, "axis": _axis, "term": lambda a, use, files, text: describe.term(a, use.name),
    "task": lambda a, use, files, text: describe.task(a),
}  # fmt: skip


def _expression(analysis: Analysis, offset: int) -> Found:
    """The type of the smallest part of an expression around a place."""
    around = [(end - start, start, end) for start, end in analysis.types if start <= offset <= end]
    if not around:
        return None
    _, start, end = min(around)
    span = Span(analysis.source, start, end)
    return describe.paragraphs(
        [describe.code(span.text), describe.full_type(analysis.types[start, end], analysis.vocabulary)]
    ), span


def _unit(token: Token) -> str:
    text = token.text[token.text.index("[") + 1 :].rstrip("]").strip()
    try:
        unit = parse_unit(text)
    except UnitError:
        return ""
    base = [
        f"{name}^{power}" if power != 1 else name for name, power in zip(("kg", "m", "s"), unit.base) if power
    ]
    return describe.paragraphs(
        [
            f"unit `{text}`",
            f"= {'*'.join(base)}" if base and "*".join(base) != text else "" if base else "counts as 1",
        ]
    )


def _string(analysis: Analysis, token: Token, before: List[Token]) -> str:
    content = token.text.strip("\"'")
    head = before[-1].text if before else ""
    if head in ("import", "extends"):
        s = symbols.statement_at(analysis.tree, token.start)
        path = next((p for p, by in analysis.files.values() if s is not None and by == s.span), None)
        return f"`{path}`" if path is not None else ""
    brackets = open_brackets(before)
    if not brackets:
        return ""
    axes = axes_of(analysis, brackets[-1])
    if not axes:
        return describe.builtin(brackets[-1].before) if brackets[-1].before in words.function_names() else ""
    lines = []
    for axis in axes:
        found = matches(content.lstrip("!"), axis.elements)
        if found:
            verb = "takes away" if content.startswith("!") else "matches"
            lines.append(
                f"`{content}` {verb} {len(found)} of {len(axis.elements)} {axis.name}: {describe.names(found)}"
            )
    return (
        describe.paragraphs(lines)
        or f"`{content}` matches none of the {' or '.join(axis.name for axis in axes)}"
    )


def axes_of(analysis: Analysis, bracket: Bracket) -> List[Axis]:
    """The axes whose elements a string in a bracket may name; none where it names no elements."""
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    if bracket.token.text == "(":
        if bracket.before in vocabulary.axes:
            return [vocabulary.axes[bracket.before]]
        if bracket.before != "table":
            return []
        over = bracket.inside[0].text if bracket.inside else ""
        if over in vocabulary.axes and len(bracket.inside) > 1 and bracket.inside[1].text == "(":
            return [vocabulary.axes[over]]
        return _selected(analysis, over) or list(vocabulary.axes.values())
    base = analysis.names.get(bracket.before)
    quantity = vocabulary.quantities.get(bracket.before)
    type = quantity.type if quantity is not None else base
    axes = list(type.entities) if type is not None else []
    return axes or list(vocabulary.axes.values())


def _selected(analysis: Analysis, name: str) -> List[Axis]:
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    axis = vocabulary.groups.get(name) or vocabulary.axes.get(name)
    if axis is None and name in analysis.names and analysis.names[name].axes:
        axis = analysis.names[name].axes[0]
    return [axis] if axis is not None else []
