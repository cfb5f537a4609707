"""The formatter: one canonical layout with every comment kept, and the proof that nothing else changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence

from . import format
from . import nodes as n
from .diagnostics import ALLOW
from .source import Source
from .syntax import parse

COLUMN = 100  # comments at the ends of neighbouring lines are aligned up to here


@dataclass
class Line:
    """A line of output: its code and the comment at its end."""

    code: str
    comment: str = ""


@dataclass
class Comment:
    offset: int
    text: str
    alone: bool  # on a line of its own


@dataclass
class Block:
    """The lines of one statement, its leading comments first; `apart` for a blank line before it."""

    lines: List[Line] = field(default_factory=list)
    apart: bool = False


class FormatError(AssertionError):
    """The formatter's own proof failed: a bug of ours, the text is left as it is."""


def formatted(source: Source) -> str:
    """The text in its canonical layout. Raises RewardError for a text that does not parse."""
    text = _layout(source)
    again = Source(source.name, text)
    if parse(again) != parse(source):
        raise FormatError("the formatted text means something else")
    if sorted(c.text for c in comments(again)) != sorted(c.text for c in comments(source)):
        raise FormatError("a comment was lost")
    if _layout(again) != text:
        raise FormatError("formatting twice gives another text")
    return text


def comments(source: Source) -> List[Comment]:
    """Every comment of a text, in order."""
    out = []
    for start, after in zip(source.line_starts, source.line_starts[1:] + [len(source.text) + 1]):
        line = source.text[start : after - 1]
        at = _hash(line)
        if at is not None:
            out.append(Comment(start + at, line[at:].rstrip(), not line[:at].strip()))
    return out


def _hash(line: str) -> Optional[int]:
    quote = ""
    for i, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#":
            return i
    return None


def _layout(source: Source) -> str:
    tree, todo = parse(source), comments(source)
    blocks: List[Block] = []
    previous: Optional[n.Statement] = None
    for statement in tree.statements:
        block = Block()
        first = min([statement.span.start, *(c.offset for c in todo[:1])])
        while todo and todo[0].offset < statement.span.start:
            comment = todo.pop(0)
            block.lines.append(Line(comment.text))
            following = min([statement.span.start, *(c.offset for c in todo[:1])])
            if _blank_between(source.text[comment.offset : following]):
                block.lines.append(Line(""))
        end = source.text.find("\n", statement.span.end)
        inner = [c for c in todo if c.offset < (end if end >= 0 else len(source.text))]
        del todo[: len(inner)]
        block.lines += (
            _reward(statement, inner) if isinstance(statement, n.Reward) else _plain(statement, inner)
        )
        block.apart = previous is not None and (
            isinstance(statement, n.Reward)
            or isinstance(previous, n.Reward)
            or _blank_between(source.text[previous.span.end : first])
        )
        blocks.append(block)
        previous = statement
    rest = [Line(c.text) for c in todo]
    return _text(blocks, rest, source, previous)


def _blank_between(text: str) -> bool:
    """Whether a blank line stands in a stretch of text."""
    return any(not line.strip() for line in text.split("\n")[1:-1])


def _plain(statement: n.Statement, inner: Sequence[Comment]) -> List[Line]:
    """The statement on one line. A comment that allows a finding stays at its end: it is about this line. Two of them keep the
    statement as it is."""
    meant = [c for c in inner if ALLOW.search(c.text)]
    if len(meant) > 1:
        source = statement.span.source.text
        end = max(statement.span.end, inner[-1].offset + len(inner[-1].text))
        return [Line(row.rstrip()) for row in source[statement.span.start : end].split("\n")]
    inner = [c for c in inner if c not in meant] + meant
    code = format.STATEMENTS[type(statement)](statement)
    return [*(Line(c.text) for c in inner[:-1]), Line(code, inner[-1].text if inner else "")]


def _reward(statement: n.Reward, inner: Sequence[Comment]) -> List[Line]:
    """The head and a line for each addend; a comment stays with what it follows, or before what follows it."""
    codes = format.STATEMENTS[n.Reward](statement).split("\n")
    addends = (
        [a for _, a in statement.value.addends] if isinstance(statement.value, n.Sum) else [statement.value]
    )
    assert len(codes) == len(addends) + 1
    ends = [statement.value.span.start - 1] + [a.span.end for a in addends]
    before: Dict[int, List[str]] = {}
    after: Dict[int, List[str]] = {}
    for comment in inner:
        follows = max((i for i, end in enumerate(ends) if end <= comment.offset), default=0)
        if comment.alone and follows + 1 < len(codes):
            before.setdefault(follows + 1, []).append(comment.text)
        else:
            after.setdefault(follows, []).append(comment.text)
    out: List[Line] = []
    for i, code in enumerate(codes):
        trailing = after.get(i, [])
        out += [Line(f"    {text}" if i else text) for text in [*before.get(i, []), *trailing[:-1]]]
        out.append(Line(code, trailing[-1] if trailing else ""))
    return out


def _text(blocks: Sequence[Block], rest: Sequence[Line], source: Source, last: Optional[n.Statement]) -> str:
    out: List[str] = []
    run: List[Line] = []
    for block in blocks:
        if block.apart:
            out += _aligned(run)
            out.append("")
            run = []
        run += block.lines
    out += _aligned(run)
    if rest and last is not None and _blank_between(source.text[last.span.end :].split("#")[0]):
        out.append("")
    out += [line.code for line in rest]
    return "\n".join(out) + "\n" if out else ""


def _aligned(lines: Sequence[Line]) -> List[str]:
    """Lines with the comments at their ends in one column, where the code leaves room."""
    widths = [len(line.code) for line in lines if line.comment and len(line.code) <= COLUMN]
    column = max(widths, default=0)
    return [f"{line.code.ljust(column)}  {line.comment}" if line.comment else line.code for line in lines]
