"""The typed intermediate representation: a list of nodes in which every argument stands before its user.

State is one primitive. A `state` node reads a slot; the slot remembers the node it tracks from the step before, and at a reset
what that node is at the reset state. `at_reset(a, b)` is `a` at the reset state and `b` on a step. Every state operator of the
language is written with these two, so that the runtime has one thing to keep, reset and save.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Container, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from .source import Span
from .types import Type

MAX_NODES = 200_000


@dataclass(frozen=True)
class Node:
    """One operation. `data` holds what is not an expression: a constant, a name, indices, axis positions."""

    op: str
    args: Tuple[int, ...]
    type: Type
    data: Tuple[Any, ...] = ()
    name: str = ""  # the definition or quantity that this is the value of
    span: Optional[Span] = None
    hint: str = ""  # the function that made it: what to call it where it needs a name and has none


@dataclass(frozen=True)
class Term:
    """An addend of a reward: `weight` and `value` are nodes; the weight depends on nothing but the run."""

    name: str
    group: str
    weight: int
    value: int
    span: Span
    text: str  # the value as it is written, without its weight
    reduced: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Cause:
    """A named way for an episode to end."""

    name: str
    condition: int
    success: bool


@dataclass(frozen=True)
class Output:
    """A named value that is logged (a metric) or observed."""

    name: str
    value: int


@dataclass(frozen=True)
class Param:
    """A run-time number and its allowed range, in the unit it was written with."""

    name: str
    value: float
    lower: float
    upper: float
    unit: str


@dataclass(frozen=True)
class Program:
    """A checked spec. `slots[k]` is the node that state slot k tracks."""

    nodes: Tuple[Node, ...]
    slots: Tuple[int, ...]
    terms: Tuple[Term, ...]
    groups: Tuple[str, ...]
    total: Optional[int]
    causes: Tuple[Cause, ...]
    metrics: Tuple[Output, ...]
    observations: Tuple[Output, ...]
    params: Tuple[Param, ...]
    outcomes: Dict[str, int] = field(default_factory=dict)

    def roots(self) -> List[int]:
        """The nodes that something outside the graph reads."""
        out = [term.value for term in self.terms] + [term.weight for term in self.terms]
        out += [cause.condition for cause in self.causes] + [
            o.value for o in self.metrics + self.observations
        ]
        return out + ([self.total] if self.total is not None else []) + list(self.outcomes.values())

    def reads(self, *roots: int) -> Set[str]:
        """The raw quantities that nodes follow from, through what is remembered too."""
        found = (self.nodes[i] for i in below(self.nodes, roots, self.slots))
        return {node.data[0] for node in found if node.op == "quantity"}


def below(
    nodes: Sequence[Node], roots: Iterable[int], slots: Sequence[int] = (), stop: Container[int] = ()
) -> List[int]:
    """The nodes that some follow from, those included, each once, users first.

    With a program's `slots` also through what is remembered; not beyond the nodes of `stop`.
    """
    seen: Dict[int, None] = {}
    todo = list(roots)
    while todo:
        i = todo.pop()
        if i in seen:
            continue
        seen[i] = None
        if i not in stop:
            todo += nodes[i].args
            if slots and nodes[i].op == "state":
                todo.append(slots[nodes[i].data[0]])
    return list(seen)


class Builder:
    """Nodes under construction; the same operation on the same arguments is one node."""

    def __init__(self) -> None:
        self.nodes: List[Node] = []
        self.slots: List[int] = []
        self.known: Dict[Tuple[Any, ...], int] = {}
        self.remembered: Dict[int, int] = {}  # a tracked node → the node that reads its slot

    def add(self, op: str, args: Sequence[int], type: Type, data: Tuple[Any, ...] = (), name: str = "",
            span: Optional[Span] = None) -> int:  # fmt: skip
        """The id of this operation's node, an old one if there is one."""
        key = (op, tuple(args), data, (type.kind, type.unit) if op in ("const", "table") else None)
        found = self.known.get(key)
        if found is None:
            if len(self.nodes) >= MAX_NODES:
                raise TooLarge(f"the spec expands to more than {MAX_NODES:,} operations")
            found = self.known[key] = len(self.nodes)
            self.nodes.append(Node(op, tuple(args), type, data, name, span))
        return found

    def slot(self) -> int:
        """A new state slot, which must be told what it tracks by `track`."""
        self.slots.append(-1)
        return len(self.slots) - 1

    def read(self, slot: int, type: Type) -> int:
        """The node that reads a slot: what it tracks, one step ago."""
        return self.add("state", (), type, (slot,))

    def track(self, slot: int, node: int, read: int) -> None:
        self.slots[slot] = node
        self.remembered.setdefault(node, read)

    def label(self, node: int, name: str, span: Optional[Span]) -> None:
        """Give a node the name of the definition it is the value of, unless it has one."""
        old = self.nodes[node]
        if not old.name:
            self.nodes[node] = replace(old, name=name, span=span)

    def narrow(self, node: int, low: float, high: float, unit: Any) -> None:
        """Note what is known of a node's value beyond what its operation says: it is within low..high, and its unit."""
        type = self.nodes[node].type
        within = (max(low, type.range[0]), min(high, type.range[1]))
        self.nodes[node] = replace(self.nodes[node], type=type.but(range=within, unit=type.unit or unit))

    def place(self, node: int, span: Span, hint: str = "") -> None:
        """Note where a node was written first, and by which function."""
        old = self.nodes[node]
        if old.span is None or (hint and not old.hint):
            self.nodes[node] = replace(old, span=old.span or span, hint=old.hint or hint)


class TooLarge(Exception):
    """The spec expands beyond what is compiled (RW603)."""
