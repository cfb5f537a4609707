"""Interval arithmetic: the range of an operation from the ranges of its arguments."""

from __future__ import annotations

import math
from typing import Callable, Dict, Sequence

from .types import EVERYTHING, Interval

INF = math.inf


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _safe(function: Callable[[float], float], x: float, otherwise: float) -> float:
    try:
        return function(x)
    except (ValueError, OverflowError):
        return otherwise


def add(a: Interval, b: Interval) -> Interval:
    return _known(a[0] + b[0], a[1] + b[1])


def sub(a: Interval, b: Interval) -> Interval:
    return _known(a[0] - b[1], a[1] - b[0])


def mul(a: Interval, b: Interval) -> Interval:
    corners = [_times(x, y) for x in a for y in b]
    return _known(min(corners), max(corners))


def div(a: Interval, b: Interval) -> Interval:
    if b[0] <= 0 <= b[1]:
        return EVERYTHING if b[0] < 0 < b[1] or b == (0.0, 0.0) else mul(a, _half_inverse(b))
    return mul(a, (1 / b[1], 1 / b[0]))


def _half_inverse(b: Interval) -> Interval:
    return (1 / b[1], INF) if b[0] == 0 else (-INF, 1 / b[0])


def power(a: Interval, b: Interval) -> Interval:
    if b[0] != b[1]:
        return (0.0, INF) if a[0] >= 0 else EVERYTHING
    n = b[0]
    ends = [_safe(lambda x: x**n, x, INF) if x >= 0 or n == int(n) and (x or n >= 0) else INF for x in a]
    if n == int(n) and n >= 0:
        if int(n) % 2 == 0:
            low = 0.0 if a[0] <= 0 <= a[1] else min(ends)
            return (low, max(ends)) if n else (1.0, 1.0)
        return ends[0] if math.isfinite(a[0]) else -INF, ends[1]
    if a[0] > 0 or (a[0] == 0 and n > 0):
        return min(ends), max(ends)
    return (0.0, INF) if n != int(n) or int(n) % 2 == 0 else EVERYTHING


def absolute(a: Interval) -> Interval:
    return (0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))), max(abs(a[0]), abs(a[1]))


def minimum(a: Interval, b: Interval) -> Interval:
    return min(a[0], b[0]), min(a[1], b[1])


def maximum(a: Interval, b: Interval) -> Interval:
    return max(a[0], b[0]), max(a[1], b[1])


def join(a: Interval, b: Interval) -> Interval:
    """The smallest interval that holds both."""
    return min(a[0], b[0]), max(a[1], b[1])


def _known(low: float, high: float) -> Interval:
    return (-INF if math.isnan(low) else low), (INF if math.isnan(high) else high)


def _rising(
    function: Callable[[float], float], low: float, high: float, start: float = -INF
) -> Callable[[Interval], Interval]:
    """The range rule of a function that never falls, defined from `start`, with values within low..high."""

    def rule(a: Interval) -> Interval:
        return _safe(function, a[0], low if a[0] <= start else high), _safe(function, a[1], high)

    return rule


def _within(low: float, high: float) -> Callable[..., Interval]:
    return lambda *_: (low, high)


RULES: Dict[str, Callable[..., Interval]] = {
    "add": add, "sub": sub, "mul": mul, "div": div, "pow": power, "min": minimum, "max": maximum,
    "neg": lambda a: (-a[1], -a[0]), "abs": absolute, "sign": lambda a: (float((a[0] > 0) - (a[0] < 0)), float((a[1] > 0) - (a[1] < 0))),
    "sqrt": _rising(math.sqrt, 0.0, INF, 0.0), "exp": _rising(math.exp, 0.0, INF), "log": _rising(math.log, -INF, INF, 0.0),
    "log1p": _rising(math.log1p, -INF, INF, -1.0), "tanh": _rising(math.tanh, -1.0, 1.0), "erf": _rising(math.erf, -1.0, 1.0), "floor": _rising(math.floor, -INF, INF),
    "sin": _within(-1.0, 1.0), "cos": _within(-1.0, 1.0), "tan": _within(-INF, INF),
    "asin": _within(-math.pi / 2, math.pi / 2), "acos": _within(0.0, math.pi), "atan2": _within(-math.pi, math.pi),
    "mod": lambda a, b: (min(b[0], 0.0), max(b[1], 0.0)),
    "float": lambda a: a, "not": _within(0.0, 1.0), "square": lambda a: power(a, (2.0, 2.0)),
    "clip": lambda x, lo, hi: minimum(maximum(x, lo), hi), "where": lambda c, a, b: join(a, b), "at_reset": join,
    "norm": _within(0.0, INF),
}  # fmt: skip


def of(op: str, arguments: Sequence[Interval]) -> Interval:
    """The range of an elementwise operation; all numbers for one without a rule."""
    rule = RULES.get(op)
    try:
        low, high = rule(*arguments) if rule is not None else EVERYTHING
    except (OverflowError, ValueError, ZeroDivisionError):  # at infinite or undefined ends
        return EVERYTHING
    return float(low), float(high)


def reduced(op: str, a: Interval, count: int) -> Interval:
    """The range of a reduction of `count` elements."""
    if op == "sum":
        return _times(a[0], count), _times(a[1], count)
    if op in ("mean", "max", "min", "any", "all"):
        return a
    if op == "prod":
        low, high = a
        if low >= 0:
            return _safe(lambda x: x**count, low, INF), _safe(lambda x: x**count, high, INF)
        size = _safe(lambda x: x**count, max(abs(low), abs(high)), INF)
        return -size, size
    if op in ("var", "std"):
        half = (a[1] - a[0]) / 2
        return (0.0, half * half if op == "var" else half) if math.isfinite(half) else (0.0, INF)
    if op == "norm":
        size = max(abs(a[0]), abs(a[1]))
        return (0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1])) * math.sqrt(count)), size * math.sqrt(
            count
        )
    return EVERYTHING
