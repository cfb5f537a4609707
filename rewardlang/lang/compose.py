"""Specs as values: read, changed and combined from Python. Every change gives a new Spec, whose text parses to itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence, Tuple, Union

from . import format
from . import nodes as n
from .addends import Untyped
from .algebra import SpecError, added, renamed, scaled, settled
from .diagnostics import did_you_mean
from .loader import join, load_tree
from .select import matches
from .source import Span
from .syntax import parse_text


@dataclass(frozen=True)
class Spec:
    """A parsed reward file. `text` is what it was parsed from; `str(spec)` its canonical layout."""

    name: str
    tree: n.File

    @property
    def text(self) -> str:
        return self.tree.source.text

    @property
    def task(self) -> Optional[str]:
        """The task that the file names, if it does."""
        return next((s.name for s in self.tree.statements if isinstance(s, n.Task)), None)

    @property
    def terms(self) -> Tuple[str, ...]:
        """The names of its terms, in the order they are written."""
        dropped = {s.name for s in self.tree.statements if isinstance(s, n.Drop) and s.what == "term"}
        return tuple(name for name in Untyped(self.tree.statements).names() if name not in dropped)

    def __str__(self) -> str:
        return format.file(self.tree)

    def with_weights(self, **weights: float) -> Spec:
        """The spec with other weights for some of its terms, signs included: `spec.with_weights(effort=-0.02)`.

        A term that the spec does not have is an error when it is compiled.
        """
        for name, weight in weights.items():
            if not isinstance(weight, (int, float)) or not math.isfinite(weight):
                raise SpecError(f"the weight of `{name}` is a finite number, not {weight!r}")
            if not name.isidentifier():
                raise SpecError(f"`{name}` cannot be the name of a term")
        added = "".join(f"\nweight {name} = {format.number(float(value))}" for name, value in weights.items())
        kept = [s for s in self.tree.statements if not (isinstance(s, n.Weight) and s.name in weights)]
        return self._of(kept, added)

    def without(self, *patterns: str) -> Spec:
        """The spec without those of its terms that a pattern matches. Raises SpecError for one that matches none."""
        names, span = self._matching(patterns), Span(self.tree.source, 0, 0)
        return self._of(
            settled([*self.tree.statements, *(n.Drop(span, "term", name, span) for name in names)])
        )

    def only(self, *patterns: str) -> Spec:
        """The spec with those of its terms that a pattern matches: `spec.only("speed", "feet_*")`. Raises SpecError for one that
        matches none."""
        kept = self._matching(patterns)
        return self.without(*(name for name in self.terms if name not in kept))

    def renamed(self, **names: str) -> Spec:
        """The spec with other names for some of its terms, definitions, functions, params, groups, causes or metrics:
        `spec.renamed(effort="energy")`; `reward` is the group without a name. Raises SpecError for a name that it does not have, or one that it has already."""
        return self._of(renamed(self.tree.statements, names))

    def __add__(self, other: Spec) -> Spec:
        """Both specs' terms. Equal definitions are taken once, the weights of equal terms are added up, a `total` holds for the
        groups of its own spec. Raises SpecError if one name means two things."""
        if not isinstance(other, Spec):
            return NotImplemented
        return self._of(added(self.tree.statements, other.tree.statements))

    def __sub__(self, other: Spec) -> Spec:
        """What this spec pays less what the other pays: `(a + b) - b` pays what `a` pays."""
        return self + -other if isinstance(other, Spec) else NotImplemented

    def __mul__(self, by: float) -> Spec:
        """Every term's weight times a number; with a `total`, the total times it."""
        if isinstance(by, bool) or not isinstance(by, (int, float)):
            return NotImplemented
        if not math.isfinite(by):
            raise SpecError(f"a spec is multiplied by a finite number, not {by!r}")
        return self._of(scaled(self.tree.statements, float(by)))

    __rmul__ = __mul__

    def __truediv__(self, by: float) -> Spec:
        return self * (1 / by) if isinstance(by, (int, float)) else NotImplemented

    def __neg__(self) -> Spec:
        return self * -1.0

    def _matching(self, patterns: Sequence[str]) -> List[str]:
        """The terms that the patterns match. Raises SpecError for one that matches none."""
        names = self.terms
        for pattern in patterns:
            if not matches(pattern, names):
                near = did_you_mean(pattern, names) or f"the terms are {', '.join(names)}"
                raise SpecError(f"no term is called `{pattern}`; {near}")
        return [name for name in names if any(matches(pattern, [name]) for pattern in patterns)]

    def _of(self, statements: Sequence[n.Statement], more: str = "") -> Spec:
        text = format.file(n.File(self.tree.source, tuple(statements))).rstrip("\n") + more + "\n"
        return Spec(self.name, parse_text(text, self.name))


def load(path: Union[str, Path]) -> Spec:
    """The spec in a file, with all that it extends and imports.

    Raises RewardError with every syntax error, FileNotFoundError if there is no such file.
    """
    path = Path(path)
    return Spec(path.name, load_tree(path))


def parse_spec(text: str, name: str = "<text>") -> Spec:
    """The spec in a string; what it extends or imports is found among the shipped specs. Raises RewardError."""
    return Spec(name, join(parse_text(text, name), None))
