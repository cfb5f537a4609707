"""What a term's value is made of, for whoever watches it run: the ends of its range, its gates, what flattens it, its kernel."""

from __future__ import annotations

import math
from typing import Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .bounds import Bounds
from .ir import Node, Program, Term
from .types import Depends, Kind
from .units import show

NEAR = 0.01  # of the width of a range: closer to an end than this counts as at it
TINY = 1e-38  # below it float32 has no full precision left; a kernel's value counts as this at least


class Kernel(NamedTuple):
    """The one kernel that decides a term's value."""

    function: str
    width: Union[float, str]  # a number, or the param that it is
    unit: str

    def error(self, nats: float, params: Mapping[str, float]) -> float:
        """The error at which the kernel has the value exp(-nats), in its unit: for `nats` the mean of -log(value) the root mean
        square error of a gauss, the mean error of a laplace, the mean exponent of an exp (below 0); of the others the error where they
        take their geometric mean.
        """
        return self.width_now(params) * ERRORS[self.function](nats)

    def width_now(self, params: Mapping[str, float]) -> float:
        return params[self.width] if isinstance(self.width, str) else self.width


ERRORS: Dict[str, Callable[[float], float]] = {  # -log of a kernel's value → the error in widths
    "exp": lambda nats: nats,
    "gauss": lambda nats: math.sqrt(max(nats, 0.0)),
    "laplace": lambda nats: max(nats, 0.0),
    "tanh_kernel": lambda nats: math.atanh(min(-math.expm1(-nats), 1 - 1e-12)) if nats > 0 else 0.0,
    "inverse": lambda nats: math.sqrt(max(math.expm1(nats), 0.0)),
}


class Anatomy(NamedTuple):
    """What is known of a term before it runs."""

    low: float  # ends of the value; infinite where there is none, or nothing can be near it (a condition, a constant)
    high: float
    gate: bool  # a condition can make the value 0
    flattens: bool  # the range is made by kernels, tanh or clip: near an end of it, little changes
    plain: bool  # a condition, or a constant
    can_pay: bool  # there are states in which the term pays, whatever the params
    worst: str  # the end at which it pays least, "low" or "high"; "" if its weight can have both signs
    kernel: Optional[Kernel] = None

    def near(self) -> Tuple[float, float]:
        """At or below the first, at or above the second the value counts as at an end."""
        slack = NEAR * (self.high - self.low) if math.isfinite(self.high - self.low) else 0.0
        return self.low + slack, self.high - slack


def anatomy(program: Program, bounds: Bounds) -> List[Anatomy]:
    """One for each term of a checked program."""
    return [_term(program, bounds, term) for term in program.terms]


def _term(program: Program, bounds: Bounds, term: Term) -> Anatomy:
    nodes, value = program.nodes, program.nodes[term.value]
    weight, (low, high) = bounds.of(term.weight)[:2], bounds.of(term.value)[:2]
    factors = list(_factors(nodes, term.value))
    plain = value.type.depends is not Depends.STATE or all(_condition(nodes, one) for one in factors)
    ends = (-math.inf, math.inf) if plain or low == high else (low, high)
    worst = "low" if weight[0] >= 0 else "high" if weight[1] <= 0 else ""
    gate = any(_condition(nodes, one) for one in factors) or any(_chosen(nodes, one) for one in factors)
    rest = [one for one in factors if not _condition(nodes, one) and nodes[one].type.depends is Depends.STATE]
    flattens = bool(rest) and all(_flattens(nodes, one) for one in rest)
    whole = abs(max(abs(low), abs(high)) - 1) < 1e-6  # nothing scales the kernel
    kernel = _kernel(program, rest[0]) if len(rest) == 1 and whole else None
    return Anatomy(*ends, gate and not plain, flattens, plain, bounds.pays(term)[1] > 0, worst, kernel)


def _factors(nodes: Sequence[Node], i: int) -> Iterator[int]:
    """The factors of a value, its gates among them: `where(gate, x, 0)` is `gate * x`."""
    todo = [i]
    while todo:
        at = todo.pop()
        node = nodes[at]
        if node.op == "mul":
            todo += reversed(node.args)
        elif node.op == "neg" or (node.op == "div" and nodes[node.args[1]].type.depends <= Depends.RUN):
            todo.append(node.args[0])
        elif node.op == "where" and node.hint == "where" and _zero(nodes[node.args[2]]):
            todo += [node.args[1], node.args[0]]
        elif node.op == "where" and node.hint == "where" and _zero(nodes[node.args[1]]):
            todo += [node.args[2], node.args[0]]
        else:
            yield at


def _zero(node: Node) -> bool:
    return node.op in ("const", "fill") and float(node.data[-1]) == 0.0


def _condition(nodes: Sequence[Node], i: int) -> bool:
    """Whether a value is a condition, or a condition as a number."""
    return nodes[i].type.kind is Kind.BOOL or nodes[i].op == "float"


def _chosen(nodes: Sequence[Node], i: int) -> bool:
    """Whether a value reduces gated elements, as `sum(x * (y > 0))` does."""
    node = nodes[i]
    if node.op not in ("sum", "mean", "amax", "amin"):
        return False
    return any(_condition(nodes, one) for one in _factors(nodes, node.args[0]))


FLAT = {"exp", "tanh", "clip"}
KERNELS = {*ERRORS, "tolerance"} - {"exp"}
THROUGH = {
    "neg",
    "add",
    "sub",
    "mul",
    "div",
    "square",
    "sum",
    "mean",
    "amax",
    "amin",
    "min",
    "max",
    "where",
    "index",
}


def _flattens(nodes: Sequence[Node], i: int) -> bool:
    """Whether a value's range is made by functions that flatten at its ends, and by constants."""
    node = nodes[i]
    if node.op in FLAT or node.hint in KERNELS:
        return True
    if node.op not in THROUGH:
        return False
    numbers = [
        a for a in node.args if nodes[a].type.depends is Depends.STATE and nodes[a].type.kind is not Kind.BOOL
    ]
    return bool(numbers) and all(_flattens(nodes, a) for a in numbers)


def _kernel(program: Program, i: int) -> Optional[Kernel]:
    """The kernel that a value is, if its width is a number or a param."""
    nodes, node = program.nodes, program.nodes[i]
    if node.hint not in ERRORS or node.type.axes:
        return None
    if node.hint == "exp":
        return Kernel("exp", 1.0, "")
    scaled = i
    while nodes[scaled].op != "div" or nodes[nodes[scaled].args[0]].type.depends is not Depends.STATE:
        below = [a for a in nodes[scaled].args if nodes[a].type.depends is Depends.STATE]
        if len(below) != 1:
            return None
        scaled = below[0]
    x, width = (nodes[a] for a in nodes[scaled].args)
    if width.op not in ("const", "param"):
        return None
    return Kernel(node.hint, width.data[0], show(x.type.unit or width.type.unit))
