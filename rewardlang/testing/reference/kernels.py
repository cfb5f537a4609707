"""The reference interpreter's `tolerance` and gait functions, from dm_control's paper formulas and the language's reference."""

from __future__ import annotations

from typing import Callable, Dict, Optional

import numpy as np

from .arrays import V, elementwise, on_numbers, scalar


def _cut(x: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """0 from |x| = 1 on."""
    return np.where(np.abs(x) < 1, inside, 0.0)


# A sigmoid of the distance x in margins that is v at x = 1.
SIGMOIDS: Dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "gaussian": lambda x, v: v ** (x * x),  # exp(x^2 * log v)
    "hyperbolic": lambda x, v: 1 / np.cosh(x * np.arccosh(1 / v)),
    "long_tail": lambda x, v: v / (v + x * x * (1 - v)),
    "reciprocal": lambda x, v: v / (v + np.abs(x) * (1 - v)),
    "cosine": lambda x, v: _cut(x * np.arccos(2 * v - 1) / np.pi, np.cos(x * np.arccos(2 * v - 1) / 2) ** 2),
    "linear": lambda x, v: np.maximum(1 - np.abs(x) * (1 - v), 0),
    "quadratic": lambda x, v: np.maximum(1 - x * x * (1 - v), 0),
    "tanh_squared": lambda x, v: 1 / np.cosh(x * np.arctanh(np.sqrt(1 - v))) ** 2,
}


def tolerance(x: V, lower: Optional[V] = None, upper: Optional[V] = None, margin: Optional[V] = None, shape: str = "gaussian",
              value_at_margin: Optional[V] = None) -> V:  # fmt: skip
    """1 between the bounds; outside, the shape's sigmoid of the distance in margins. No margin: a step."""
    v = 0.1 if value_at_margin is None else float(value_at_margin.data)

    def of(x: np.ndarray, lo: np.ndarray, hi: np.ndarray, m: np.ndarray) -> np.ndarray:
        far = np.where(x < lo, lo - x, np.where(x > hi, x - hi, 0.0))
        beyond = SIGMOIDS[shape](far / np.where(m == 0, 1.0, m), v)
        return np.where(far == 0, 1.0, np.where(m == 0, 0.0, beyond))

    return on_numbers(of, x, lower or scalar(-np.inf), upper or scalar(np.inf), margin or scalar(0.0))


def stance(phase: V, duty: V, width: Optional[V] = None) -> V:
    """phase < duty; with a width, a smooth rise around phase 0 and a smooth fall around phase duty."""
    if width is None:
        return on_numbers(np.less, phase, duty)

    def of(p: np.ndarray, duty: np.ndarray, w: np.ndarray) -> np.ndarray:
        from_rise = (p + 0.5) % 1 - 0.5  # where the phase lies, seen from the middle of the rise
        smooth = lambda t: np.where(t <= 0, 0.0, np.where(t >= 1, 1.0, t * t * (3 - 2 * t)))
        if_rising = smooth(from_rise / w + 0.5)
        if_falling = 1 - smooth((p - duty) / w + 0.5)
        return np.where(np.abs(from_rise) < w / 2, if_rising, if_falling)

    return elementwise(of, phase, duty, width)


def bezier_swing(phase: V, height: V) -> V:
    """A cubic Bezier's y from 0 to 1 in the first half of the cycle and back in the second, times the height."""

    def of(p: np.ndarray, height: np.ndarray) -> np.ndarray:
        control = (0.0, 0.0, 1.0, 1.0)
        bow = lambda t: sum(
            c * k * t**i * (1 - t) ** (3 - i) for i, (c, k) in enumerate(zip(control, (1, 3, 3, 1)))
        )
        return height * np.where(p <= 0.5, bow(2 * p), 1 - bow(2 * p - 1))

    return on_numbers(of, phase, height)


KERNELS: Dict[str, Callable[..., V]] = {
    "tolerance": tolerance,
    "stance": stance,
    "bezier_swing": bezier_swing,
    "triangle": lambda p: on_numbers(lambda p: np.where(p < 0.5, 2 * p, 2 - 2 * p), p),
    "half_sine": lambda p: on_numbers(lambda p: np.where(p < 0.5, np.sin(2 * np.pi * p), 0.0), p),
}
