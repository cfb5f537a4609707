"""The reference interpreter's state operators: what each occurrence remembers, in cells of its own."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from . import arrays as a
from .arrays import V, elementwise, number, on_numbers, scalar


class Memory:
    """What one occurrence of a state operator remembers: named cells, the step's length, and whether this is a reset."""

    def __init__(self, owner: Any, key: Tuple[Any, ...]) -> None:
        self.owner, self.key, self.dt, self.at_reset = owner, key, owner.dt, owner.at_reset

    def cell(self, name: str, now: V, first: Optional[V] = None) -> V:
        """The cell's last content (`first`, or `now`, at a reset); `now` is what the next step finds.

        An operator that two terms read is evaluated twice a step: the second time must not advance it.
        """
        key = (self.key, name)
        stamp, last, kept = self.owner.memory.get(key, (None, None, None))
        if self.at_reset:
            last, kept = (now if first is None else first), now if first is None else first
        elif stamp is not self.owner.known:
            last, kept = kept, now
        else:
            kept = now
        self.owner.memory[key] = (self.owner.known, last, kept)
        return last

    def last(self, name: str) -> V:
        stamp, last, kept = self.owner.memory[(self.key, name)]
        return last if stamp is self.owner.known else kept


def _sub(x: V, y: V) -> V:
    return on_numbers(np.subtract, x, y)


def _delta(m: Any, x: V, name: str = "x") -> V:
    return _sub(x, m.cell(name, number(x)))


def _follow(m: Any, name: str, first: V, step: Callable[[V], V]) -> V:
    """A value that follows from its own last one."""
    value = first if m.at_reset else step(m.last(name))
    m.cell(name, value)
    return value


def _zero(like: V) -> V:
    return V(np.zeros(like.data.shape), like.axes)


def _wide(x: V, other: Optional[V]) -> V:
    """x on the axes of both."""
    return x if other is None else elementwise(lambda p, q: np.broadcast_arrays(p, q)[0], x, other)


def _ema(m: Any, x: V, tau: V) -> V:
    gain = on_numbers(lambda t: 1 - np.exp(-m.dt / t), tau)
    return _follow(
        m,
        "y",
        _wide(number(x), tau),
        lambda y: on_numbers(lambda last, g, now: last + g * (now - last), y, gain, x),
    )


def _integral(m: Any, x: V, reset_when: Optional[V] = None) -> V:
    c = scalar(False) if reset_when is None else reset_when
    step = lambda last: elementwise(lambda k, s, now: np.where(k, 0.0, s + now * m.dt), c, last, number(x))
    return _follow(m, "sum", _zero(_wide(x, reset_when)), step)


def _running(function: Callable) -> Callable[..., V]:
    def build(m: Any, x: V, reset_when: Optional[V] = None) -> V:
        c = scalar(False) if reset_when is None else reset_when
        step = lambda last: elementwise(
            lambda k, s, now: np.where(k, now, function(s, now)), c, last, number(x)
        )
        return _follow(m, "extreme", _wide(number(x), reset_when), step)

    return build


def _steps_in_a_row(m: Any, c: V) -> V:
    return _follow(
        m, "row", _zero(c), lambda last: elementwise(lambda k, s: np.where(k, s + 1, 0.0), c, last)
    )


def _timer(m: Any, c: V) -> V:
    return on_numbers(lambda s: s * m.dt, _steps_in_a_row(m, c))


def _last_duration(m: Any, c: V) -> V:
    held = m.cell("held", _timer(m, c))
    fell = elementwise(lambda now, before: ~now & before, c, m.cell("c", c))
    return _follow(m, "length", _zero(c), lambda last: elementwise(np.where, fell, held, last))


def _sample(m: Any, x: V, c: V) -> V:
    if not x.rotation:
        return _follow(m, "x", _wide(x, c), lambda last: elementwise(np.where, c, x, last))
    wide = lambda q, k: V(np.where(a.align(c, a.widest(x, c))[..., None, None], a.align(q, a.widest(x, c)), a.align(k, a.widest(x, c))),
                          a.widest(x, c), True)  # fmt: skip
    return _follow(m, "x", wide(x, x), lambda last: wide(x, last))


def _potential(m: Any, phi: V) -> V:
    """gamma*phi(s')*(1 - terminated) - phi(s); nothing is kept of what a termination leaves behind, NaN included."""
    later = elementwise(
        lambda over, p: np.where(over, 0.0, m.owner.gamma * p), m.owner._named("terminated"), number(phi)
    )
    return _sub(later, m.cell("phi", number(phi)))


def _changed(m: Any, x: V) -> V:
    return a.reduce(np.any, elementwise(np.not_equal, x, m.cell("x", x)))


STATEFUL: Dict[str, Callable[..., V]] = {
    "prev": lambda m, x: m.cell("x", x), "delta": _delta, "rate": lambda m, x: on_numbers(lambda d: d / m.dt, _delta(m, x)),
    "prev2": lambda m, x: m.cell("before", m.cell("x", x)), "delta2": lambda m, x: _delta(m, _delta(m, x), "change"),
    "ema": _ema, "integral": _integral, "running_max": _running(np.maximum), "running_min": _running(np.minimum), "timer": _timer,
    "last_duration": _last_duration, "rising": lambda m, c: elementwise(lambda k, b: k & ~b, c, m.cell("c", c)),
    "falling": lambda m, c: elementwise(lambda k, b: ~k & b, c, m.cell("c", c)), "changed": _changed,
    "ever": lambda m, c: _follow(m, "ever", V(np.zeros(c.data.shape, bool), c.axes), lambda last: elementwise(np.logical_or, c, last)),
    "steps": lambda m, c: _follow(m, "steps", _zero(c), lambda last: on_numbers(np.add, last, c)),
    "debounce": lambda m, c, count: on_numbers(np.greater_equal, _steps_in_a_row(m, c), count), "sample": _sample,
    "potential": _potential,
}  # fmt: skip
