"""Text with positions: where every later stage's diagnostics point to."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, Tuple

MAX_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Source:
    """One text: a file, or an expression inside a task.yaml (then `first_line` is where it stands there)."""

    name: str
    text: str
    first_line: int = 1
    line_starts: List[int] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        object.__setattr__(self, "line_starts", starts)

    def position(self, offset: int) -> Tuple[int, int]:
        """Line and column of an offset, both counted from 1; the column counts characters."""
        row = bisect_right(self.line_starts, offset) - 1
        return row + self.first_line, offset - self.line_starts[row] + 1

    def line_text(self, line: int) -> str:
        """The text of a line as numbered by `position`, without its newline."""
        row = line - self.first_line
        end = self.line_starts[row + 1] - 1 if row + 1 < len(self.line_starts) else len(self.text)
        return self.text[self.line_starts[row] : end]


@dataclass(frozen=True)
class Span:
    """A stretch of a source: characters start..end (end excluded)."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of the other."""
        return Span(self.source, self.start, other.end)

    def over(self, other: Span) -> Span:
        """The stretch that holds both, where both are of one text; else the other."""
        if self.source is not other.source:
            return other
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))


def read(path: Path, name: str) -> Source:
    """The text of a `.reward` file. Raises RewardError (RW001, RW002, RW601) for what is no such text."""
    return decode(path.read_bytes(), name)


def decode(data: bytes, name: str) -> Source:
    """Bytes as a Source: UTF-8 with or without a BOM, any line ends. Raises RewardError (RW001, RW002, RW601)."""
    from .diagnostics import error, fail

    if len(data) > MAX_BYTES:
        start = Span(Source(name, ""), 0, 0)
        fail(error("RW601", start, f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are read"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        good = _newlines(data[: problem.start].decode("utf-8-sig", "ignore"))
        source = Source(name, good + "\ufffd")
        fail(error("RW001", Span(source, len(good), len(good) + 1), f"byte 0x{data[problem.start]:02x} is not UTF-8",
                   help="save the file as UTF-8"))  # fmt: skip
    source = Source(name, _newlines(text))
    nul = source.text.find("\0")
    if nul >= 0:
        fail(error("RW002", Span(source, nul, nul + 1), "a NUL character: this is not a text file",
                   help="save the file as plain text"))  # fmt: skip
    return source


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
