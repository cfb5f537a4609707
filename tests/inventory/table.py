"""A term of a public project: where it is from, its formula, how it is written, and the formula in NumPy."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from .world import Host, Memory, State

Formula = Callable[..., Any]


class Row(NamedTuple):
    """`key` is the number in the inventory of terms, or a name for a further one. `rare`: pays seldom, or the same always."""

    key: Union[int, str]
    source: str
    formula: str
    spec: str
    numpy: Formula
    task: str
    hosts: Dict[str, Host]
    rare: bool
    allow: Tuple[str, ...]
    run: Dict[str, float]

    def value(self, s: State, m: Memory) -> np.ndarray:
        wants = len(inspect.signature(self.numpy).parameters)
        return np.asarray(self.numpy(s, m) if wants == 2 else self.numpy(s), float)


def rows_of(table: List[Row]) -> Callable[..., Callable[[Formula], Formula]]:
    """A decorator that adds a row to a table. `spec` is a file's text; an expression alone is `reward = expression`."""

    def row(key: Union[int, str], source: str, formula: str, spec: str, task: str = "humanoid_velocity", rare: bool = False,
            allow: Tuple[str, ...] = (), run: Optional[Dict[str, float]] = None, **hosts: Host) -> Callable[[Formula], Formula]:  # fmt: skip
        def keep(numpy: Formula) -> Formula:
            table.append(Row(key, source, formula, spec, numpy, task, hosts, rare, allow, run or {}))
            return numpy

        return keep

    return row
