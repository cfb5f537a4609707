"""Linear forms over atoms: how bounds know that `x - x` is 0, and that the squares of a unit vector add up to 1.

An atom stands for a number of which only a range is known: a quantity's element, or the result of an operation that is not linear.
Equal operations on equal forms are one atom, so what cancels in the mathematics cancels in the bounds.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Hashable, List, NamedTuple, Optional, Set, Tuple

INF = math.inf
MAX_TERMS = 64  # a form of more becomes an atom of its own


class Range(NamedTuple):
    """low..high, both included; `nonzero` if 0 is known to be left out."""

    low: float
    high: float
    nonzero: bool = False

    @property
    def holds_zero(self) -> bool:
        return self.low <= 0 <= self.high and not self.nonzero

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high == 0 and self.nonzero)

    def meet(self, other: Range) -> Range:
        return Range(max(self.low, other.low), min(self.high, other.high), self.nonzero or other.nonzero)

    def join(self, other: Range) -> Range:
        zero = self.holds_zero or other.holds_zero
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Range(low, high, not zero and low <= 0 <= high)

    def times(self, k: float) -> Range:
        ends = product(self.low, k), product(self.high, k)
        return Range(min(ends), max(ends), self.nonzero and k != 0)

    def plus(self, c: float) -> Range:
        return self if c == 0 else Range(self.low + c, self.high + c)


EVERY = Range(-INF, INF)


def product(a: float, b: float) -> float:
    """a*b with 0*inf = 0: a bound times nothing is nothing."""
    return 0.0 if a == 0 or b == 0 else a * b


class Form:
    """const + the sum of coefficient * atom."""

    __slots__ = ("const", "terms", "key")

    def __init__(self, const: float, terms: Dict[int, float]) -> None:
        self.const = const
        self.terms = {atom: k for atom, k in terms.items() if k != 0.0}
        self.key: Hashable = (const, tuple(sorted(self.terms.items())))

    @property
    def is_constant(self) -> bool:
        return not self.terms

    def times(self, k: float) -> Form:
        return Form(product(self.const, k), {atom: c * k for atom, c in self.terms.items()})

    def plus(self, other: Form, sign: float = 1.0) -> Form:
        terms = dict(self.terms)
        for atom, k in other.terms.items():
            terms[atom] = terms.get(atom, 0.0) + sign * k
        return Form(self.const + sign * other.const, terms)

    def direction(self) -> Tuple[Form, float]:
        """The form without its constant, scaled so that its first coefficient is 1, and that coefficient."""
        if not self.terms:
            return self, 1.0
        first = min(self.terms)
        k = self.terms[first]
        return Form(0.0, {atom: c / k for atom, c in self.terms.items()}), k


def constant(value: float) -> Form:
    return Form(value, {})


class Atoms:
    """All atoms: what each is, and groups of squares that add up to at most a bound."""

    def __init__(self) -> None:
        self.known: Dict[Hashable, int] = {}
        self.ranges: List[Range] = []
        self.vector: Dict[int, int] = {}  # atom of a component → its vector, whose norm is bounded
        self.group: Dict[int, int] = {}  # atom of the square of such a component → the vector
        self.norms: Dict[int, float] = {}  # vector → the largest norm
        self.axes: List[Any] = []  # axes of the node that an atom is an element of
        self.single: Set[int] = set()  # atoms of one element, not of all that are alike
        self.inner: Dict[
            int, Tuple[str, Form]
        ] = {}  # atom of an absolute value or a square → which, and of what

    def add(self, key: Hashable, range: Range, axes: Any = ()) -> int:
        """The atom of a key; a known one keeps its range."""
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.ranges)
            self.ranges.append(range)
            self.axes.append(axes)
        return found


class Facts:
    """What holds in one place: ranges of atoms and of directions, tighter than elsewhere."""

    def __init__(self, atoms: Atoms, outer: Optional[Facts] = None) -> None:
        self.atoms, self.outer = atoms, outer
        self.atom: Dict[int, Range] = {}
        self.along: Dict[Hashable, Range] = {}
        self.possible = True

    def narrow(self, direction: Form, range: Range, of_all: bool = True) -> None:
        """Learn that a direction lies in a range. A range that it cannot lie in makes this place impossible, unless the direction is
        that of one element and not `of_all`."""
        if not of_all and self.of(direction).meet(range).empty:
            return
        if len(direction.terms) == 1:
            (atom,) = direction.terms
            new = self.of_atom(atom).meet(range)
            self.atom[atom] = new
            if atom in self.atoms.inner and not new.empty:
                op, inner = self.atoms.inner[atom]
                size = max(new.high, 0.0) if op == "abs" or new.high == INF else math.sqrt(max(new.high, 0.0))
                direction, k = inner.direction()
                known = Range(-size, size, inner.const == 0 and not new.holds_zero)
                self.narrow(direction, known.plus(-inner.const).times(1 / k))
        else:
            new = self.of(direction).meet(range)
            self.along[direction.key] = new
        self.possible = self.possible and not new.empty

    def learn(self, atom: int, range: Range) -> None:
        """What an operation gives here."""
        known = self.atom.get(atom)
        self.atom[atom] = range if known is None else known.meet(range)

    def of_atom(self, atom: int) -> Range:
        place: Optional[Facts] = self
        found = self.atoms.ranges[atom]
        while place is not None:
            if atom in place.atom:
                found = found.meet(place.atom[atom])
            place = place.outer
        return found

    def of(self, form: Form) -> Range:
        """The range of a form."""
        if form.is_constant:
            return Range(form.const, form.const)
        if len(form.terms) == 1:
            ((atom, k),) = form.terms.items()
            found = self.of_atom(atom).times(k)
            return found if form.const == 0 else found.plus(form.const)
        low = high = form.const
        grouped: Dict[
            int, List[Tuple[float, float]]
        ] = {}  # group → (coefficient, what its square adds at most)
        for atom, k in form.terms.items():
            one = self.of_atom(atom).times(k)
            low, high = low + one.low, high + one.high
            if atom in self.atoms.group:
                grouped.setdefault(self.atoms.group[atom], []).append((k, one.high if k > 0 else one.low))
        for vector, parts in grouped.items():
            most = self.atoms.norms[vector] ** 2
            high = _tightened(high, [p for p in parts if p[0] > 0], most)
            low = -_tightened(-low, [(-k, -p) for k, p in parts if k < 0], most)
        found = Range(-INF if math.isnan(low) else low, INF if math.isnan(high) else high)
        place: Optional[Facts] = self
        direction, k = form.direction()
        while place is not None:
            if direction.key in place.along:
                found = found.meet(place.along[direction.key].times(k).plus(form.const))
            place = place.outer
        return found


def _tightened(high: float, parts: List[Tuple[float, float]], most: float) -> float:
    """An upper bound, knowing that squares add up to at most `most`: the largest coefficient takes all."""
    if len(parts) < 2:
        return high
    loose = sum(p for _, p in parts)
    tight = max(k for k, _ in parts) * most
    return high if not math.isfinite(loose) or tight >= loose else high - loose + tight
