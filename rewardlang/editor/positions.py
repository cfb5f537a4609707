"""Offsets in a compiler's text ↔ line and character of an editor, in the unit that the editor counts with."""

from __future__ import annotations

from typing import Tuple

from ..lang.source import Source, Span

BOM = "\ufeff"
BYTES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
Range = Tuple[int, int, int, int]


class Positions:
    """Lines and characters from 0 in a document whose normalised text is `source`: LF line ends, no byte order mark."""

    def __init__(self, source: Source, text: str, encoding: str = "utf-16") -> None:
        self.source = source
        self.encoding = encoding if encoding in BYTES else "utf-16"
        self.shift = 1 if text.startswith(BOM) and not source.text.startswith(BOM) else 0
        if self.shift and self.encoding == "utf-8":
            self.shift = 3

    def position(self, offset: int) -> Tuple[int, int]:
        """Line and character of an offset."""
        line, column = self.source.position(max(0, min(offset, len(self.source.text))))
        text = self.source.line_text(line)[: column - 1]
        return line - self.source.first_line, self._size(text) + (
            self.shift if line == self.source.first_line else 0
        )

    def range(self, span: Span) -> Range:
        """Start and end of a stretch of this text."""
        return (*self.position(span.start), *self.position(span.end))

    def offset(self, line: int, character: int) -> int:
        """The offset of a line and character; one beyond the end of its line or of the text is that end."""
        starts = self.source.line_starts
        if line < 0 or line >= len(starts):
            return 0 if line < 0 else len(self.source.text)
        text = self.source.line_text(line + self.source.first_line)
        left = max(0, character - (self.shift if line == 0 else 0))
        for i, char in enumerate(text):
            if left <= 0:
                return starts[line] + i
            left -= self._size(char)
        return starts[line] + len(text)

    def _size(self, text: str) -> int:
        """How many units of the editor's encoding a text has."""
        if text.isascii():
            return len(text)
        return (
            len(text.encode(f"{self.encoding}-le" if self.encoding != "utf-8" else "utf-8", "surrogatepass"))
            // BYTES[self.encoding]
        )
