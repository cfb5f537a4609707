"""What stands before the cursor in its statement, which need not parse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

from ..lang.syntax import CONTINUES
from .tokens import Bracket, Token, open_brackets, tokens


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
