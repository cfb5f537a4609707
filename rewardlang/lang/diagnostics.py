"""What a stage reports: a code, a place, both sides of a mismatch, a way out."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, NoReturn, Sequence, Tuple

from .source import Span

ALLOW = re.compile(
    r"#\s*allow\s+(RW\d{3}(?:[,\s]+RW\d{3})*)\s*:\s*(\S.*)"
)  # a finding that is meant, with its reason
MAX_SHOWN = 50
WIDTH = 160


@dataclass(frozen=True)
class Label:
    """A stretch of text to underline and what to write under it."""

    span: Span
    text: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `labels[0]` is where it points to."""

    code: str
    message: str
    labels: Tuple[Label, ...]
    help: str = ""
    severity: str = "error"

    @property
    def span(self) -> Span:
        return self.labels[0].span

    def where(self) -> str:
        """`file:line:column`."""
        line, column = self.span.source.position(self.span.start)
        return f"{self.span.source.name}:{line}:{column}"

    def to_dict(self) -> Dict[str, Any]:
        """The finding as plain data, lines and columns from 1, end columns excluded."""
        line, column = self.span.source.position(self.span.start)
        return {
            "code": self.code, "severity": self.severity, "message": self.message, "help": self.help,
            "file": self.span.source.name, "line": line, "column": column,
            "labels": [_label_dict(label) for label in self.labels],
        }  # fmt: skip

    def render(self) -> str:
        """The finding with its source lines, carets and help, as a terminal shows it."""
        out = [f"{self.where()}: {self.severity}: {self.message} [{self.code}]"]
        by_line: Dict[Tuple[int, int], List[Label]] = {}
        for label in self.labels:
            by_line.setdefault((id(label.span.source), label.span.line), []).append(label)
        digits = max(5, *(len(str(line)) for _, line in by_line))
        for (_, line), labels in by_line.items():
            source = labels[0].span.source
            if source is not self.span.source:
                out.append(f"  in {source.name}:")
            out += _excerpt(source.line_text(line), line, labels, digits)
        if self.help:
            out.append(f"   help: {self.help}")
        return "\n".join(out)


class RewardError(ValueError):
    """A spec that can't be used, with every finding of the stage that stopped (`.diagnostics`)."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: (d.span.source.name, d.span.start)))
        super().__init__(self.render())

    def render(self) -> str:
        """Every finding as text; at most the first fifty."""
        shown = [d.render() for d in self.diagnostics[:MAX_SHOWN]]
        if len(self.diagnostics) > MAX_SHOWN:
            shown.append(f"... and {len(self.diagnostics) - MAX_SHOWN} more")
        return "\n".join(shown)


def error(code: str, span: Span, message: str, *, under: str = "", others: Iterable[Label] = (), help: str = "",
          severity: str = "error") -> Diagnostic:  # fmt: skip
    """A diagnostic that points at `span`, with `under` below its carets and further labels."""
    return Diagnostic(code, message, (Label(span, under), *others), help, severity)


def fail(*diagnostics: Diagnostic) -> NoReturn:
    raise RewardError(diagnostics)


def closest(name: str, names: Iterable[str], count: int = 3) -> List[str]:
    """The names most like `name`, best first: for "did you mean"."""
    by_lower: Dict[str, str] = {}
    for candidate in names:
        by_lower.setdefault(candidate.lower(), candidate)
    wanted = name.lower()
    found = difflib.get_close_matches(wanted, by_lower, n=count, cutoff=0.6)
    parts = [
        c
        for c in by_lower
        if c not in found and len(wanted) > 3 and (wanted in c or (len(c) > 3 and c in wanted))
    ]
    return [by_lower[c] for c in (found + sorted(parts, key=len))[:count]]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A help line with the closest names, or an empty one."""
    found = [f"`{n}`" for n in closest(name, names)]
    return (
        ""
        if not found
        else "did you mean "
        + (found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}")
        + "?"
    )


def _excerpt(text: str, line: int, labels: Sequence[Label], digits: int) -> List[str]:
    text = "".join(char if char.isprintable() else " " if char == "\t" else "?" for char in text)
    columns = []
    for label in labels:
        start = label.span.source.position(label.span.start)[1] - 1
        columns.append((start, max(1, min(label.span.end - label.span.start, len(text) - start)), label.text))
    columns.sort(key=lambda column: column[0])
    cut = max(0, columns[0][0] - WIDTH // 2) if len(text) > WIDTH else 0
    text = text[cut : cut + WIDTH]
    columns = [
        (start - cut, min(length, WIDTH - start + cut), under)
        for start, length, under in columns
        if start - cut < WIDTH
    ]
    blank = " " * digits
    out = [
        f"{line:>{digits}} | {text}".rstrip(),
        f"{blank} | {_place((start, '^' * length) for start, length, _ in columns)}",
    ]
    texts = [(start, under) for start, _, under in columns if under]
    rows: List[List[Tuple[int, str]]] = []
    for start, under in reversed(texts):  # a text that would run into its right neighbour goes a row lower
        row = next((r for r in rows if start + len(under) + 1 <= min(s for s, _ in r)), None)
        if row is None:
            rows.append([(start, under)])
        else:
            row.append((start, under))
    return out + [f"{blank} | {_place(row)}" for row in rows]


def _place(pieces: Iterable[Tuple[int, str]]) -> str:
    out = ""
    for start, text in sorted(pieces):
        out = out.ljust(start)[:start] + text
    return out


def _label_dict(label: Label) -> Dict[str, Any]:
    line, column = label.span.source.position(label.span.start)
    end_line, end_column = label.span.source.position(label.span.end)
    return {"file": label.span.source.name, "line": line, "column": column, "end_line": end_line,
            "end_column": end_column, "text": label.text}  # fmt: skip
