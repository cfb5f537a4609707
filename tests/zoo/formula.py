"""What a published formula looks like to the tests."""

from __future__ import annotations

from typing import Dict, NamedTuple, Protocol

from .episodes import State


class Paid(NamedTuple):
    """What one step of one environment pays."""

    terms: Dict[str, float]  # weighted
    total: float
    ended: bool  # by a failure


class Formula(Protocol):
    """A reward as its source computes it, for one environment, with the state that the source keeps by hand."""

    def reset(self, s: State) -> None: ...

    def ends(self, s: State) -> bool: ...

    def step(self, s: State) -> Paid: ...
