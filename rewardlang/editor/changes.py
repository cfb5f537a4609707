"""Formatting as the smallest stretch of text that changes."""

from __future__ import annotations

from os.path import commonprefix
from typing import Optional, Tuple

from ..lang.fmt import formatted
from ..lang.source import Source, Span


def formatting(source: Source) -> Optional[Tuple[Span, str]]:
    """The stretch that `rewardlang fmt` changes, in whole lines, and what it becomes; None if it is as it should be.

    Raises RewardError for a text that does not parse.
    """
    old, new = source.text, formatted(source)
    if old == new:
        return None
    head = old.rfind("\n", 0, len(commonprefix((old, new)))) + 1
    back = len(commonprefix((old[head:][::-1], new[head:][::-1])))
    newline = old.find("\n", len(old) - back)
    tail = len(old) - newline - 1 if newline >= 0 else 0
    return Span(source, head, len(old) - tail), new[head : len(new) - tail]
