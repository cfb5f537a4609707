"""A text cut into words, whatever it holds: for texts that do not parse, such as those that are being typed."""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<string>"[^"\n]*"?|'[^'\n]*'?)
      | (?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?(?![A-Za-z0-9_])(?:[ \t]*\[[^\[\]\n"'\#]*\]?)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<operator>\*\*|<=|>=|==|!=|\+=|[-+*/^<>=().,:\[\]])
      | (?P<space>\s+)
      | (?P<other>.)""",
    re.VERBOSE,
)
OPENING, CLOSING = "([", ")]"


class Token(NamedTuple):
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """The words of a text without its blanks; `start` is added to their places."""
    for match in TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield Token(match.lastgroup or "other", match[0], start + match.start())


class Bracket(NamedTuple):
    """A bracket that is open: what stands before it, and the words inside so far."""

    token: Token
    before: (
        str  # the name that is called or selected from, dots included; empty for a parenthesis or a vector
    )
    inside: List[Token]

    @property
    def argument(self) -> int:
        """How many arguments stand before the last one."""
        return sum(self.commas())

    def commas(self) -> List[bool]:
        depth, out = 0, []
        for token in self.inside:
            depth += (token.text in OPENING) - (token.text in CLOSING) if token.kind == "operator" else 0
            out.append(depth == 0 and token.text == ",")
        return out

    def current(self) -> List[Token]:
        """The words of the last argument."""
        commas = self.commas()
        last = max((i for i, comma in enumerate(commas) if comma), default=-1)
        return self.inside[last + 1 :]


def open_brackets(words: List[Token]) -> List[Bracket]:
    """The brackets that a stretch of words leaves open, the innermost last."""
    out: List[Bracket] = []
    for i, token in enumerate(words):
        if token.kind == "operator" and token.text in CLOSING and out:
            out.pop()
        for bracket in out:
            bracket.inside.append(token)
        if token.kind == "operator" and token.text in OPENING:
            out.append(Bracket(token, dotted(words, i), []))
    return out


def operand(words: List[Token], text: str) -> str:
    """The operand of a text that its words end with: a name, a call, a bracket, with all that selects from it."""
    start, depth = len(words), 0
    while start > 0:
        token, before = words[start - 1], words[start - 2] if start > 1 else None
        depth += (token.text in CLOSING) - (token.text in OPENING) if token.kind == "operator" else 0
        if depth < 0:
            break
        start -= 1
        if depth > 0 or token.text == ".":
            continue
        joined = before is not None and (
            before.text == "."
            or (token.text in OPENING and (before.text in CLOSING or dotted(words, start) != ""))
        )
        if not joined:
            break
    return text[words[start].start : words[-1].end] if start < len(words) else ""


def dotted(words: List[Token], end: int) -> str:
    """The name, or `file.name`, that ends before a word; empty if there is none."""
    if (
        end < 1
        or words[end - 1].kind != "name"
        or words[end - 1].text in ("and", "or", "not", "as", "in", "when", "per")
    ):
        return ""
    name = words[end - 1].text
    if end >= 3 and words[end - 2].text == "." and words[end - 3].kind == "name":
        return f"{words[end - 3].text}.{name}"
    return name
