"""What each word of a text is, for editors that colour by it: semantic tokens, the only colours that some editors have."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Tuple

from ..lang import nodes as n
from . import words
from .analysis import Analysis, fallback_vocabulary
from .positions import Positions
from .symbols import Use
from .tokens import Token, tokens

KINDS = ("comment", "string", "number", "type", "keyword", "operator", "function", "variable", "parameter", "property", "namespace",
         "enumMember", "event")  # fmt: skip
MODIFIERS = ("declaration", "readonly", "defaultLibrary")
SPACES = {"function": "function", "parameter": "parameter", "keyword": "parameter", "term": "event", "metric": "event", "task": "namespace",
          "component": "property", "axis": "enumMember"}  # fmt: skip


class Colour(NamedTuple):
    start: int
    end: int
    kind: str
    modifiers: Tuple[str, ...] = ()


def colours(analysis: Analysis) -> Iterator[Colour]:
    """The words of a text that have a colour, in order. Also for a text that does not parse."""
    uses: Dict[int, Use] = {use.span.start: use for use in analysis.uses}
    kinds = _values(analysis)
    for token in tokens(analysis.source.text):
        if token.kind in ("comment", "string"):
            yield Colour(token.start, token.end, token.kind)
        elif token.kind == "number":
            digits = token.text.partition("[")[0].rstrip()
            yield Colour(token.start, token.start + len(digits), "number")
            if "[" in token.text:
                at = token.start + token.text.index("[")
                yield Colour(at, token.end, "type")
        elif token.kind == "name":
            use = uses.get(token.start)
            yield _used(use, token, kinds) if use is not None else _word(token, kinds, analysis.source.text)


def _values(analysis: Analysis) -> Dict[str, Tuple[str, Tuple[str, ...]]]:
    """The colour of each name that stands for a value."""
    vocabulary = analysis.vocabulary or fallback_vocabulary()
    found: Dict[str, Tuple[str, Tuple[str, ...]]] = {
        name: ("variable", ("readonly", "defaultLibrary")) for name in vocabulary.quantities
    }
    found.update(
        {name: ("enumMember", ("defaultLibrary",)) for name in (*vocabulary.groups, *vocabulary.axes)}
    )
    found.update({name: ("variable", ("readonly", "defaultLibrary")) for name in words.CONSTANTS})
    for s in (analysis.joined or analysis.tree).statements:
        if isinstance(s, n.Param):
            found[s.name] = ("variable", ("readonly",))
    found.update({s.name: ("namespace", ()) for s in analysis.tree.statements if isinstance(s, n.Import)})
    return found


def _used(use: Use, token: Token, kinds: Dict[str, Tuple[str, Tuple[str, ...]]]) -> Colour:
    kind, modifiers = (
        kinds.get(use.name, ("variable", ()))
        if use.space == "value"
        else (SPACES.get(use.space, "variable"), ())
    )
    if use.space == "function" and use.name in words.function_names():
        modifiers = ("defaultLibrary",)
    return Colour(token.start, token.end, kind, (*modifiers, *(("declaration",) if use.declares else ())))


def _word(token: Token, kinds: Dict[str, Tuple[str, Tuple[str, ...]]], text: str) -> Colour:
    """A word of the grammar, or of a statement that does not parse."""
    first = token.start == 0 or text[token.start - 1] == "\n"
    rest = text[token.end : token.end + 40].lstrip(" \t")
    if token.text in words.OPERATORS or (first and token.text in words.STATEMENTS) or token.text in words.PER:
        return Colour(token.start, token.end, "keyword")
    if token.text in ("terminate", "metric") and text[: token.start].rstrip(" \t").endswith("drop"):
        return Colour(token.start, token.end, "keyword")
    if rest.startswith("("):
        return Colour(
            token.start,
            token.end,
            "function",
            ("defaultLibrary",) if token.text in words.function_names() else (),
        )
    kind, modifiers = kinds.get(token.text, ("variable", ()))
    return Colour(token.start, token.end, kind, modifiers)


def encoded(analysis: Analysis, positions: Positions) -> List[int]:
    """The colours as the protocol wants them: five numbers a word, lines and characters counted from the word before."""
    out: List[int] = []
    before = (0, 0)
    for colour in colours(analysis):
        line, character = positions.position(colour.start)
        _, end = positions.position(colour.end)
        bits = sum(1 << MODIFIERS.index(modifier) for modifier in colour.modifiers)
        out += [
            line - before[0],
            character - (before[1] if line == before[0] else 0),
            end - character,
            KINDS.index(colour.kind),
            bits,
        ]
        before = (line, character)
    return out
