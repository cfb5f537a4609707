"""Whether a value can only rise, or only fall, with a quantity: by the sign of each operation's slope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, Iterable, List, Optional, Sequence

from .ir import Node, below

if TYPE_CHECKING:
    from .bounds import Bounds

Direction = Optional[int]  # 1 rises or stays, -1 falls or stays, 0 does not change, None: not known
RISING = {"exp", "log", "log1p", "sqrt", "tanh", "asin", "floor", "sign", "float", "add", "min", "max", "clip", "and", "or", "sum", "mean",
          "amax", "amin", "any", "all", "take", "index", "stack", "expand"}  # in each of their arguments  # fmt: skip
SLOPES: Dict[str, Sequence[int]] = {
    **{op: (1, 1, 1) for op in RISING}, "sub": (1, -1), "neg": (-1,), "not": (-1,), "acos": (-1,), "lt": (-1, 1), "le": (-1, 1), "gt": (1, -1), "ge": (1, -1),
}  # fmt: skip


def directions(nodes: Sequence[Node], root: int, quantity: str, bounds: Bounds) -> Direction:
    """How node `root` changes when the quantity rises, with all else and all that is remembered as it is."""
    known: Dict[int, Direction] = {}
    for i in sorted(below(nodes, [root])):
        node = nodes[i]
        if node.op == "quantity":
            known[i] = int(node.data[0] == quantity)
        elif node.op == "at_reset":
            known[i] = known[node.args[1]]
        else:
            known[i] = _of(node, [known[a] for a in node.args], bounds)
    return known[root]


def _of(node: Node, given: List[Direction], bounds: Bounds) -> Direction:
    if all(d == 0 for d in given):
        return 0
    if node.op in SLOPES:
        slopes = SLOPES[node.op]
        return _joined(_times(d, slopes[min(k, len(slopes) - 1)]) for k, d in enumerate(given))
    rule = RULES.get(node.op)
    return None if rule is None else rule(node, given, lambda k: _sign(bounds, node.args[k]))


def _joined(directions: Iterable[Direction]) -> Direction:
    found = set(directions) - {0}
    return 0 if not found else found.pop() if len(found) == 1 else None


def _times(direction: Direction, sign: Direction) -> Direction:
    if direction == 0:
        return 0
    return None if direction is None or sign is None else direction * sign


def _sign(bounds: Bounds, i: int) -> Direction:
    """1 if a value is never below 0, -1 if never above."""
    found = bounds.of(i)
    return 1 if found.low >= 0 else -1 if found.high <= 0 else None


Signs = Callable[[int], Direction]


def _mul(node: Node, given: List[Direction], sign: Signs) -> Direction:
    return _joined((_times(given[0], sign(1)), _times(given[1], sign(0))))


def _div(node: Node, given: List[Direction], sign: Signs) -> Direction:
    falls = _times(given[1], sign(0))
    return _joined((_times(given[0], sign(1)), None if falls is None else -falls))


def _even(node: Node, given: List[Direction], sign: Signs) -> Direction:
    return _times(given[0], sign(0))


def _pow(node: Node, given: List[Direction], sign: Signs) -> Direction:
    """Of a base that is never below 0; a negative one only if the exponent is not known to be even or odd."""
    return _times(given[0], sign(1)) if given[1] == 0 and sign(0) == 1 else None


def _where(node: Node, given: List[Direction], sign: Signs) -> Direction:
    return _joined(given[1:]) if given[0] == 0 else None


RULES: Dict[str, Callable[[Node, List[Direction], Signs], Direction]] = {
    "mul": _mul, "div": _div, "square": _even, "abs": _even, "norm": _even, "pow": _pow, "where": _where,
}  # fmt: skip
