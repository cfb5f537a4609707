"""Warnings of values that can be non-finite (RW503 to RW508), each with the part of a range that does it."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, NamedTuple, Tuple

from .bounds import Bounds, Finding
from .diagnostics import Diagnostic, error
from .forms import Range
from .ir import Program
from .vocabulary import Vocabulary


class Way(NamedTuple):
    """How a value stops being finite: code, message, what to do."""

    code: str
    message: Callable[[Finding], str]
    help: str


def _in(range: Range, end: str = "]") -> str:
    return f"[{range.low:.7g}, {range.high:.7g}{end}"


CLIPPED = "`{0}(clip(x, -1, 1))` is defined everywhere; a turned unit vector is a little too long in float32"
WAYS: Dict[str, Way] = {
    "divide": Way("RW503", lambda f: f"this can divide by 0: the divisor is in {_in(f.range)}",
                  "`max(x, 0.1)` keeps it away from 0, `where(x > 0, 1/x, 0)` leaves 0 out, and a param may have a range: `in [0.1, 1]`"),
    "sqrt": Way("RW504", lambda f: f"`sqrt` of a negative number: the argument can be in {_in(f.range, ')')}", "`sqrt(max(x, 0))` is 0 there"),
    "log": Way("RW505", lambda f: f"`log` of 0 or less: the argument can be in {_in(f.range)}", "`log(max(x, 1e-6))` is defined everywhere"),
    "asin": Way("RW506", lambda f: f"`asin` beyond -1..1: the argument is in {_in(f.range)}", CLIPPED.format("asin")),
    "acos": Way("RW506", lambda f: f"`acos` beyond -1..1: the argument is in {_in(f.range)}", CLIPPED.format("acos")),
    "exp": Way("RW507", lambda f: f"`exp` does not fit in float32: the argument can be in {_in(f.range)}", "`exp(min(x, 20))` does"),
    "power": Way("RW508", lambda f: f"a negative number to a power that is not whole: the base can be in {_in(f.range, ')')}", "`max(x, 0)^y` is 0 there"),
}  # fmt: skip


def bounded(program: Program, vocabulary: Vocabulary) -> Tuple[Bounds, Tuple[Diagnostic, ...]]:
    """The bounds of a program's values, and the warnings about those that can be non-finite."""
    bounds = Bounds(
        program, {q.name: q.each for q in vocabulary.quantities.values()}, vocabulary.episode_steps
    )
    return bounds, tuple(_nonfinite(program, bounds))


def _nonfinite(program: Program, bounds: Bounds) -> Iterator[Diagnostic]:
    """The warnings about what something outside the graph reads: terms, weights, terminations, metrics, observations, the total."""
    for root in program.roots():
        bounds.of(root)
    said: Dict[Tuple[str, int, int], bool] = {}
    for finding in bounds.findings.values():
        span, way = program.nodes[finding.node].span, WAYS[finding.kind]
        if span is None:
            continue
        key = (way.code, span.start, span.end)
        if key not in said:
            said[key] = True
            yield error(way.code, span, way.message(finding), help=way.help, severity="warning")
