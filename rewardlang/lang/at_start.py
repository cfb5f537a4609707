"""What the weights are at the start of a run: params as written, schedules at 0."""

from __future__ import annotations

import math
import statistics
from typing import Callable, Dict, List, Sequence, Tuple, Union

from .folding import CONSTANT, fold
from .ir import Node, Program
from .types import Depends

Known = Union[float, Tuple[float, ...]]  # a number, or a literal vector or table

REDUCED: Dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum, "mean": statistics.mean, "amax": max, "amin": min, "prod": math.prod, "any": any, "all": all,
    "var": statistics.pvariance, "std": statistics.pstdev, "norm": lambda x: math.sqrt(sum(v * v for v in x)),
}  # fmt: skip


def at_start(program: Program) -> List[float]:
    """The value of each node that the robot does not decide, as the run starts; NaN for the others and for vectors."""
    params = {param.name: param.value for param in program.params}
    out: List[Known] = []
    for node in program.nodes:
        args = [out[i] for i in node.args]
        out.append(_value(node, args, params) if node.type.depends <= Depends.RUN else math.nan)
    return [value if isinstance(value, float) else math.nan for value in out]


def _value(node: Node, args: Sequence[Known], params: Dict[str, float]) -> Known:
    if node.op == "const":
        return float(node.data[0])
    if node.op in ("param", "run"):
        return params.get(node.data[0], 0.0)
    if node.op in ("stack", "table"):
        return tuple(arg for arg in args if isinstance(arg, float)) if node.op == "stack" else node.data
    vector = next((arg for arg in args if isinstance(arg, tuple)), None)
    if vector is None:
        return (
            fold(node.op, [arg for arg in args if isinstance(arg, float)])
            if node.op in CONSTANT
            else math.nan
        )
    if node.op in REDUCED:
        return float(REDUCED[node.op](vector))
    if node.op == "index":
        return vector[node.data[1]]
    if node.op == "take":
        return tuple(vector[i] for i in node.data[1])
    if node.op not in CONSTANT:
        return math.nan
    rows = [arg if isinstance(arg, tuple) else (arg,) * len(vector) for arg in args]
    return tuple(fold(node.op, values) for values in zip(*rows))
