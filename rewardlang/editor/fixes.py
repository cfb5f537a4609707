"""What an editor can mend by itself: the suggestions of findings as changes of the text."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

from ..lang.diagnostics import Diagnostic
from ..lang.source import Span
from ..lang.syntax_errors import LOOK_ALIKES

QUOTED = re.compile(r"`([^`]+)`")
SUGGESTS = re.compile(r"did you mean (.*)\?|^write (`[^`]+`)$")
PLAIN = {"a plain space": " ", "nothing": ""}


class Fix(NamedTuple):
    title: str
    span: Span
    text: str


def fixes(d: Diagnostic) -> Iterator[Fix]:
    """The ways out that a finding's help names, if each is a text to write at its place."""
    if d.code == "RW008":
        char = d.span.text
        text = PLAIN.get(LOOK_ALIKES.get(char, ""), LOOK_ALIKES.get(char, ""))
        if char in LOOK_ALIKES and (
            "..." not in text
            and "(x" not in text
            and "(a" not in text
            and " " not in text.strip()
            or text == " "
        ):
            yield Fix(
                f"Write `{text}`" if text.strip() else "Remove it" if not text else "Write a plain space",
                d.span,
                text,
            )
        return
    match = SUGGESTS.search(d.help)
    for name in QUOTED.findall(match[0]) if match else ():
        old = d.span.text
        if old.startswith(("'", '"')) and not name.startswith(("'", '"')):
            name = f"{old[0]}{name}{old[0]}"
        if d.code in FITTING:
            yield Fix(f"Change to `{name}`", d.span, name)


# Findings whose help stands for exactly the text that they point at.
FITTING = {"RW101", "RW104", "RW108", "RW210", "RW221", "RW301", "RW403", "RW402"}
