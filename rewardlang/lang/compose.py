"""Specs as values: read, changed and combined from Python. Every change gives a new Spec, whose text parses to itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple, Union

from . import format
from . import nodes as n
from .loader import join, load_tree
from .syntax import parse_text


class SpecError(ValueError):
    """Specs that do not combine."""


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

    def without(self, *names: str) -> Spec:
        """The spec without some of its terms. A term that it does not have is an error when it is compiled."""
        kept = [s for s in self.tree.statements if not (isinstance(s, n.Weight) and s.name in names)]
        return self._of(kept, "".join(f"\ndrop {name}" for name in names))

    def __add__(self, other: Spec) -> Spec:
        """Both specs' terms. Equal definitions are taken once. Raises SpecError if one name means two things."""
        if not isinstance(other, Spec):
            return NotImplemented
        statements = list(self.tree.statements)
        mine: Dict[Tuple[type, str], Any] = {_key(s): s for s in statements}
        for statement in other.tree.statements:
            twin = mine.get(_key(statement))
            if isinstance(statement, n.Reward) and twin is not None:
                if statement.per_second != twin.per_second:
                    raise SpecError(
                        f"the reward group `{statement.group}` is per second in one spec and per step in the other"
                    )
                statements.append(replace(statement, adds=True))
            elif twin is None:
                statements.append(statement)
            elif twin != statement:
                raise SpecError(
                    f"both specs have `{format.STATEMENTS[type(statement)](statement).splitlines()[0]}`, with different meanings"
                )
        return self._of(statements, "")

    def _of(self, statements: Sequence[n.Statement], added: str) -> Spec:
        text = format.file(n.File(self.tree.source, tuple(statements))).rstrip("\n") + added + "\n"
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


def _key(statement: n.Statement) -> Tuple[type, str]:
    """What may be there once only; the text of what may be there often."""
    if isinstance(statement, n.Reward):
        return n.Reward, statement.group
    if isinstance(statement, (n.Task, n.Total, n.Extends)):
        return type(statement), ""
    if isinstance(statement, n.Expect):
        return n.Expect, format.expression(statement.condition)
    if isinstance(statement, n.Drop):
        return n.Drop, f"{statement.what} {statement.name}"
    return type(statement), statement.name
