"""The reference interpreter's functions, by name, from the formulas of the language's reference."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, Optional

import numpy as np

from . import arrays as a
from .arrays import V, elementwise, number, on_numbers, scalar
from .kernels import KERNELS


def _clip(x: V, lo: Optional[V] = None, hi: Optional[V] = None) -> V:
    x = x if lo is None else on_numbers(np.maximum, x, lo)
    return x if hi is None else on_numbers(np.minimum, x, hi)


def _extreme(function: Callable, over_axes: Callable) -> Callable[..., V]:
    def build(*values: V, over: str = "") -> V:
        if len(values) == 1:
            return a.reduce(over_axes, number(values[0]), over)
        total = values[0]
        for value in values[1:]:
            total = on_numbers(function, total, value)
        return total

    return build


def _wrap(x: np.ndarray) -> np.ndarray:
    return x - 2 * np.pi * np.floor((x + np.pi) / (2 * np.pi))


def _smooth(x: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    t = np.clip((x - lo) / (hi - lo), 0, 1)
    return 3 * t**2 - 2 * t**3


def _where(c: V, x: V, y: V) -> V:
    if not (x.is_bool and y.is_bool):
        x, y = number(x), number(y)
    return elementwise(np.where, c, x, y)


def _masked(x: V, where: Optional[V], over: str, mean: bool) -> V:
    x = number(x)
    mask = scalar(True) if where is None else where
    kept = a.reduce(np.sum, elementwise(lambda m, d: np.where(m, d, 0.0), mask, x), over)
    if not mean:
        return kept
    count = a.reduce(np.sum, elementwise(lambda m, d: np.where(m, 1.0, 0.0), mask, x), over)
    return elementwise(lambda k, c: k / np.maximum(c, 1), kept, count)


def _normalize(v: V) -> V:
    return on_numbers(np.divide, v, _norm(v))


def _norm(x: V) -> V:
    x = number(x)
    if not x.axes:
        return on_numbers(np.abs, x)
    return a.reduce(lambda d, axis: np.sqrt((d * d).sum(axis=axis)), x, a.inner(x))


def _dot(x: V, y: V) -> V:
    product = on_numbers(np.multiply, x, y)
    return a.reduce(np.sum, product, a.inner(product))


def _cross(x: V, y: V) -> V:
    axes = a.widest(x, y)
    p, q = np.broadcast_arrays(a.align(x, axes), a.align(y, axes))
    rows = [p[..., i] * q[..., j] - p[..., j] * q[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return V(np.stack(rows, -1), axes)


def _ramp(x: np.ndarray, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    return np.where(
        lo == hi, (x >= lo).astype(float), np.clip((x - lo) / np.where(lo == hi, 1.0, hi - lo), 0, 1)
    )


def _e(function: Callable) -> Callable[..., V]:
    return lambda *values: on_numbers(function, *values)


def _over(function: Callable, convert: bool = True) -> Callable[..., V]:
    return lambda x, over="": a.reduce(function, number(x) if convert else x, over)


FUNCTIONS: Dict[str, Callable[..., Any]] = {
    "abs": _e(np.abs), "sign": _e(np.sign), "sqrt": _e(np.sqrt), "exp": _e(np.exp), "log": _e(np.log), "log1p": _e(np.log1p), "sin": _e(np.sin),
    "cos": _e(np.cos), "tan": _e(np.tan), "asin": _e(np.arcsin), "acos": _e(np.arccos), "atan": _e(np.arctan), "atan2": _e(np.arctan2),
    "tanh": _e(np.tanh), "erf": _e(np.vectorize(math.erf, otypes=[float])), "floor": _e(np.floor), "mod": _e(np.mod), "wrap_angle": _e(_wrap),
    "min": _extreme(np.minimum, np.min), "max": _extreme(np.maximum, np.max), "clip": _clip, "relu": _e(lambda x: np.maximum(x, 0)),
    "deadband": _e(lambda x, w: np.where(x > w, x - w, np.where(x < -w, x + w, 0.0))), "lerp": _e(lambda p, q, t: (1 - t) * p + t * q),
    "smoothstep": _e(_smooth), "where": _where,
    "sum": lambda x, over="", where=None: _masked(x, where, over, False), "mean": lambda x, over="", where=None: _masked(x, where, over, True),
    "prod": _over(np.prod), "any": _over(np.any, False), "all": _over(np.all, False), "count": _over(np.sum), "var": _over(np.var),
    "std": _over(np.std), "norm": _norm, "dot": _dot, "cross": _cross, "normalize": _normalize,
    "distance": lambda x, y: _norm(on_numbers(np.subtract, x, y)),
    "rotate": lambda q, v: a.turn(q, v, False), "rotate_inverse": lambda q, v: a.turn(q, v, True), "axis_angle": a.about,
    "quat_multiply": a.compose, "quat_inverse": a.inverse, "quat_error": a.angle_between, "roll": lambda q: a.euler(q, "roll"),
    "pitch": lambda q: a.euler(q, "pitch"), "yaw": lambda q: a.euler(q, "yaw"),
    "yaw_frame": lambda q: a.about(V(np.array([0.0, 0, 1]), (("xyz", ("x", "y", "z")),)), a.euler(q, "yaw")),
    "gauss": _e(lambda x, w: np.exp(-(x**2) / w**2)), "laplace": _e(lambda x, w: np.exp(-np.abs(x) / w)),
    "tanh_kernel": _e(lambda x, w: 1 - np.tanh(np.abs(x) / w)), "inverse": _e(lambda x, w: w**2 / (w**2 + x**2)), "ramp": _e(_ramp),
    **KERNELS,
}  # fmt: skip
