"""What an operation gives for constants: how the optimizer folds, with the same results as torch in float64."""

from __future__ import annotations

import math
from typing import Callable, Dict, Sequence

NAN, INF = math.nan, math.inf
MAX_FLOAT32 = 3.4028234663852886e38


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    return NAN if a == 0 or math.isnan(a) else math.copysign(INF, a) * math.copysign(1.0, b)


def _power(a: float, b: float) -> float:
    if a == 0 and b < 0:
        return INF
    result = a**b
    return NAN if isinstance(result, complex) else result


CONSTANT: Dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": _divide, "pow": _power,
    "min": min, "max": max, "mod": lambda a, b: a % b if b else NAN, "atan2": math.atan2,
    "neg": lambda a: -a, "abs": abs, "sign": lambda a: float((a > 0) - (a < 0)), "square": lambda a: a * a,
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else NAN, "exp": math.exp,
    "log": lambda a: math.log(a) if a > 0 else (-INF if a == 0 else NAN),
    "log1p": lambda a: math.log1p(a) if a > -1 else (-INF if a == -1 else NAN),
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "tanh": math.tanh, "erf": math.erf, "floor": math.floor,
    "asin": lambda a: math.asin(a) if abs(a) <= 1 else NAN, "acos": lambda a: math.acos(a) if abs(a) <= 1 else NAN,
    "clip": lambda x, lo, hi: min(max(x, lo), hi), "float": float,
    "lt": lambda a, b: float(a < b), "le": lambda a, b: float(a <= b), "gt": lambda a, b: float(a > b),
    "ge": lambda a, b: float(a >= b), "eq": lambda a, b: float(a == b), "ne": lambda a, b: float(a != b),
    "and": lambda a, b: float(bool(a) and bool(b)), "or": lambda a, b: float(bool(a) or bool(b)), "not": lambda a: float(not a),
    "where": lambda c, a, b: a if c else b,
}  # fmt: skip


def fold(op: str, values: Sequence[float]) -> float:
    """The value of an operation on constants; an overflow is infinite, what is undefined NaN."""
    try:
        return float(CONSTANT[op](*values))
    except OverflowError:
        return INF
