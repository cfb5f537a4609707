"""What an editor can mend by itself: the suggestions of findings as changes of the text."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

from ..lang.diagnostics import Diagnostic
from ..lang.source import Span
from ..lang.syntax_errors import LOOK_ALIKES

QUOTED = re.compile(r"`([^`]+)`")
SUGGESTED = re.compile(r"did you mean (.*)\?")
WRITE = re.compile(r"write `([\w.]+)`$")
# Findings whose "did you mean" stands for exactly the text that they point at.
NAMES = {"RW101", "RW104", "RW108", "RW221", "RW301", "RW402", "RW403"}
PLAIN = {"a plain space": " ", "nothing": ""}


class Fix(NamedTuple):
    """A stretch of text and what it becomes."""

    title: str
    span: Span
    text: str


def fixes(d: Diagnostic) -> Iterator[Fix]:
    """The ways out that a finding's help names, if each is a text to write at its place."""
    old = d.span.text
    if d.code == "RW008" and old in LOOK_ALIKES:
        new = PLAIN.get(LOOK_ALIKES[old], LOOK_ALIKES[old])
        if new in (" ", "") or not re.search(r"\.\.\.| |,.", new):
            yield Fix(f"Write `{new}`" if new.strip() else f"Write {LOOK_ALIKES[old]}", d.span, new)
    elif d.code in NAMES:
        suggested, write = SUGGESTED.search(d.help), WRITE.match(d.help) if d.code == "RW101" else None
        names = QUOTED.findall(suggested[1]) if suggested else [write[1]] if write else []
        quote = old[0] if old[:1] in ("'", '"') else ""
        for name in names:
            yield Fix(f"Change to `{name}`", d.span, f"{quote}{name}{quote}")
