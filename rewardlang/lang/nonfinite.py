"""Warnings of values that can be non-finite (RW503 to RW508), each with the part of a range that does it."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, NamedTuple, Tuple

from .bounds import Bounds, Finding
from .diagnostics import Diagnostic, error
from .forms import INF, Range
from .ir import Program


class Way(NamedTuple):
    """How a value stops being finite: code, message, what to do."""

    code: str
    message: Callable[[Finding], str]
    help: str


def _in(range: Range) -> str:
    """`in [-2, 3]`, `below 3`, `of any size`: a range as a sentence has it."""
    low, high = range[:2]
    if low == -INF and high == INF:
        return "is any number"
    if low == high:
        return f"is {low:g}"
    if low == -INF:
        return f"can be anything up to {high:g}"
    return f"can be anything from {low:g}" if high == INF else f"is in [{low:g}, {high:g}]"


WAYS: Dict[str, Way] = {
    "divide": Way("RW503", lambda f: f"this divides by 0 where the divisor is 0; it {_in(f.range)}",
                  "`max(x, 0.1)` keeps a divisor away from 0, `where(x > 0, 1/x, 0)` leaves it out; a param takes a range"),
    "sqrt": Way("RW504", lambda f: f"`sqrt` of a negative number; here it {_in(f.range)}", "`sqrt(max(x, 0))` is 0 there"),
    "log": Way("RW505", lambda f: f"`log` of 0 or less; here it {_in(f.range)}", "`log(max(x, 1e-6))` stays finite"),
    "asin": Way("RW506", lambda f: f"`asin` beyond -1..1; its argument {_in(f.range)}", "`asin(clip(x, -1, 1))`: a turned unit vector is a little off in float32"),
    "acos": Way("RW506", lambda f: f"`acos` beyond -1..1; its argument {_in(f.range)}", "`acos(clip(x, -1, 1))`: a turned unit vector is a little off in float32"),
    "exp": Way("RW507", lambda f: f"`exp` does not fit in float32; here its argument {_in(f.range)}", "`exp(min(x, 20))` stays finite"),
    "power": Way("RW508", lambda f: f"a negative number to a power that is not whole; here it {_in(f.range)}", "`max(x, 0)^y` is 0 there"),
}  # fmt: skip


def nonfinite(program: Program, bounds: Bounds) -> Iterator[Diagnostic]:
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
