"""One IR node as a torch expression: operators, axis alignment, and the few cases that constants make special."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from .ir import Node
from .types import Axis, Kind

# Binding strength of Python's operators, loosest first.
LOOSEST, COMPARE, OR, AND, ADD, MULTIPLY, UNARY, POWER, POSTFIX = range(9)
INFIX = {"add": ("+", ADD), "sub": ("-", ADD), "mul": ("*", MULTIPLY), "div": ("/", MULTIPLY), "and": ("&", AND), "or": ("|", OR),
         "lt": ("<", COMPARE), "le": ("<=", COMPARE), "gt": (">", COMPARE), "ge": (">=", COMPARE), "eq": ("==", COMPARE),
         "ne": ("!=", COMPARE)}  # fmt: skip
METHODS = {"abs": "abs()", "sqrt": "sqrt()", "exp": "exp()", "log": "log()", "log1p": "log1p()", "sin": "sin()", "cos": "cos()", "tan": "tan()",
           "asin": "asin()", "acos": "acos()", "tanh": "tanh()", "erf": "erf()", "floor": "floor()", "sign": "sign()", "square": "square()",
           "float": "to(real)"}  # fmt: skip
REDUCTIONS = {"sum", "mean", "amax", "amin", "any", "all", "prod", "var", "std"}
CALLS = {
    "rotate",
    "rotate_inverse",
    "cross",
    "axis_angle",
    "quat_multiply",
    "quat_inverse",
    "quat_error",
    "roll",
    "pitch",
    "yaw",
    "yaw_frame",
}


class Written(NamedTuple):
    """Source text and how strongly it binds."""

    text: str
    strength: int

    def at(self, strength: int) -> str:
        """The text where at least this strength is due."""
        return self.text if self.strength >= strength else f"({self.text})"


def write(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    """The expression of a node from its arguments' expressions. `function` owns constants and slots."""
    if node.op in LEAVES:
        return LEAVES[node.op](node, function)
    fitted = [
        fit(a, n.type.axes, node.type.axes, n.type.batched) if node.op not in SHAPED else a
        for a, n in zip(args, nodes)
    ]
    if node.op in INFIX:
        return _infix(node, fitted)
    if node.op in METHODS:
        return Written(f"{args[0].at(POSTFIX)}.{METHODS[node.op]}", POSTFIX)
    if node.op in REDUCTIONS:
        return _reduction(node, args[0], nodes[0])
    if node.op in CALLS:
        return Written(f"{node.op}({', '.join(a.at(LOOSEST) for a in _rotated(node, args, nodes))})", POSTFIX)
    return OTHERS[node.op](node, fitted, nodes, function)


def number(value: float) -> str:
    """A literal; the infinities and NaN too."""
    if math.isfinite(value):
        return repr(value)
    return f'float("{value}")'


def fit(x: Written, have: Tuple[Axis, ...], want: Tuple[Axis, ...], batched: bool) -> Written:
    """x [N, have] indexed so that it broadcasts against [N, want]: axes are matched by name."""
    missing = [axis not in have for axis in want]
    if not have and not batched:
        return x
    first = next((i for i, gone in enumerate(missing) if not gone), len(want))
    if not batched:
        missing = missing[first:]
    if not any(missing):
        return x
    index = ([":"] if batched else []) + ["None" if gone else ":" for gone in missing]
    while index[-1] == ":":
        index.pop()
    kept = [i for i, mark in enumerate(index) if mark == ":"]
    if kept == list(range(len(kept))) and len(kept) > 1 and len(have) + batched == len(kept):
        return Written(f"{x.at(POSTFIX)}[..., {', '.join(index[len(kept) :])}]", POSTFIX)
    return Written(f"{x.at(POSTFIX)}[{', '.join(index)}]", POSTFIX)


def _infix(node: Node, args: Sequence[Written]) -> Written:
    symbol, strength = INFIX[node.op]
    # Only + * & | may drop the parentheses on their right; Python chains comparisons, so both sides bind tighter there.
    right = strength if node.op in ("add", "mul", "and", "or") else strength + 1
    left = strength + 1 if strength == COMPARE else strength
    if node.op in ("and", "or") or strength == COMPARE:
        right = max(right, left)
    return Written(
        f"{args[0].at(left)} {symbol} {args[1].at(right if strength != COMPARE else OR)}", strength
    )


def _reduction(node: Node, x: Written, of: Node) -> Written:
    dims = tuple(i + of.type.batched for i in node.data[0])
    name, text = node.op, x.at(POSTFIX)
    extra = ", unbiased=False" if name in ("var", "std") else ""
    if len(dims) == 1:
        return Written(f"{text}.{name}({dims[0]}{extra})", POSTFIX)
    if name in ("any", "all", "prod", "var", "std"):
        if dims == tuple(range(int(of.type.batched), int(of.type.batched) + len(of.type.axes))):
            return Written(f"{text}.flatten({dims[0]}).{name}({dims[0]}{extra})", POSTFIX)
        raise AssertionError(f"{name} over some of several axes")
    return Written(f"{text}.{name}({dims})", POSTFIX)


def _rotated(node: Node, args: Sequence[Written], nodes: Sequence[Node]) -> List[Written]:
    """Arguments aligned on the axes before the components."""
    want = node.type.entities
    if node.op == "axis_angle" and nodes[1].op == "const":  # a tensor also there, for TorchScript
        args = [args[0], Written(f"torch.full_like({args[0].at(POSTFIX)}[..., 0], {args[1].text})", POSTFIX)]
        return [fit(args[0], nodes[0].type.entities, want, nodes[0].type.batched), args[1]]
    return [fit(a, n.type.entities, want, n.type.batched) for a, n in zip(args, nodes)]


def _const(node: Node, function: Any) -> Written:
    value = node.data[0]
    if node.type.kind is Kind.BOOL:
        return Written(str(bool(value)), POSTFIX)
    return Written(number(value), POSTFIX if value >= 0 else UNARY)


def _table(node: Node, function: Any) -> Written:
    values = ", ".join(number(v) for v in node.data)
    return Written(function.constant(f"({values})", node.type.shape()), POSTFIX)


def _clamp(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    """min and max of two: torch wants `clamp` for a plain number."""
    name, bound = ("minimum", "max") if node.op == "min" else ("maximum", "min")
    for x, other, n in ((0, 1, nodes[1]), (1, 0, nodes[0])):
        if n.op == "const":
            return Written(f"{args[x].at(POSTFIX)}.clamp({bound}={args[other].at(LOOSEST)})", POSTFIX)
    return Written(f"torch.{name}({args[0].at(LOOSEST)}, {args[1].at(LOOSEST)})", POSTFIX)


def _clip(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    constant = [n.op == "const" for n in nodes]
    if constant[1] == constant[2] and not constant[0]:
        return Written(f"{args[0].at(POSTFIX)}.clamp({args[1].at(LOOSEST)}, {args[2].at(LOOSEST)})", POSTFIX)
    if constant[0] and constant[1]:  # only the upper bound is a tensor
        value = max(nodes[0].data[0], nodes[1].data[0])
        low, between = Written(number(value), POSTFIX if value >= 0 else UNARY), nodes[0]
    else:
        low = _clamp(Node("max", (), node.type), args[:2], nodes[:2], function)
        between = Node("max", (), node.type)
    return _clamp(Node("min", (), node.type), (low, args[2]), (between, nodes[2]), function)


def _where(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    condition, a, b = args
    if nodes[0].op == "const":
        condition = Written(f"({function.constant(f'({nodes[0].data[0]},)', 'a condition')} > 0)", POSTFIX)
    if nodes[1].op == nodes[2].op == "const" and node.type.kind is not Kind.BOOL:
        high, low = nodes[1].data[0], nodes[2].data[0]
        scaled = Written(f"{condition.at(POSTFIX)}.to(real) * {number(high - low)}", MULTIPLY)
        return scaled if low == 0 else Written(f"{scaled.text} + {number(low)}", ADD)
    if node.type.kind is Kind.ROTATION:
        condition = Written(f"{condition.at(POSTFIX)}[..., None]", POSTFIX)
    return Written(f"torch.where({condition.text}, {a.text}, {b.text})", POSTFIX)


def _two(name: str) -> Callable[..., Written]:
    def build(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
        texts = [a.at(LOOSEST) for a in args]
        for i in (0, 1):
            if nodes[i].op == "const":
                texts[i] = f"torch.full_like({texts[1 - i]}, {texts[i]})"
        return Written(f"torch.{name}({', '.join(texts)})", POSTFIX)

    return build


def _stack(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    want = node.type.axes[:-1]
    parts = [fit(a, n.type.axes, want, n.type.batched) for a, n in zip(args, nodes)]
    full = [n.op != "const" and n.type.axes == want and n.type.batched == node.type.batched for n in nodes]
    # A part that has the shape of all, if there is one: numbers take it.
    like = next((p for p, whole in zip(parts, full) if whole), None) or next(
        p for p, n in zip(parts, nodes) if n.op != "const"
    )
    texts = []
    for part, n, whole in zip(parts, nodes, full):
        if n.op == "const":
            texts.append(f"torch.full_like({like.text}, {part.text})")
        elif whole or want:
            texts.append(part.text)
        else:
            texts.append(f"{part.at(POSTFIX)}.expand_as({like.text})")
    joined = f"({', '.join(texts)})"
    if want and not all(whole or n.op == "const" for whole, n in zip(full, nodes)):
        joined = f"torch.broadcast_tensors{joined}"
    return Written(f"torch.stack({joined}, -1)", POSTFIX)


def _index(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    at, pick = node.data
    return Written(f"{args[0].at(POSTFIX)}[{_place(nodes[0], at, str(pick))}]", POSTFIX)


def _take(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    at, picks = node.data[:2]
    return Written(f"{args[0].at(POSTFIX)}[{_place(nodes[0], at, _slice(picks, function))}]", POSTFIX)


def _place(x: Node, at: int, index: str) -> str:
    """An index at an axis' position: `:, 3` or `..., 3`."""
    dims = x.type.batched + len(x.type.axes) + (x.type.kind is Kind.ROTATION)
    dim = at + x.type.batched
    if dim == dims - 1 and dim > 1:
        return f"..., {index}"
    return ", ".join([":"] * dim + [index])


def _slice(picks: Sequence[int], function: Any) -> str:
    """Evenly spaced indices as a slice (a view), others as a constant index tensor."""
    if len(picks) == 1:
        return f"{picks[0]}:{picks[0] + 1}"
    step = picks[1] - picks[0]
    if step > 0 and all(b - a == step for a, b in zip(picks, picks[1:])):
        return f"{picks[0]}:{picks[-1] + 1}" + (f":{step}" if step > 1 else "")
    return function.constant(f"({', '.join(map(str, picks))})", "indices")


def _minus(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    return Written(f"-{args[0].at(UNARY)}", UNARY)


def _fill(node: Node, function: Any) -> Written:
    """A number in the shape of a slot, also of one that the step does not keep."""
    slot, value = node.data
    if slot not in function.slot:
        like = 'q["time_limit"]' if node.type.kind is Kind.BOOL else "w"
        return Written(f"{like}.new_full({_size(node)}, {number(value)})", POSTFIX)
    like = f"s[{function.slot[slot]}]"
    return Written(
        f"torch.full_like({like}, {number(value)})" if value else f"torch.zeros_like({like})", POSTFIX
    )


def _expand(node: Node, args: Sequence[Written], nodes: Sequence[Node], function: Any) -> Written:
    slot, text = node.data[0], args[0].at(POSTFIX)
    if slot not in function.slot:
        return Written(f"{text}.expand({_size(node)})", POSTFIX)
    return Written(f"{text}.expand_as(s[{function.slot[slot]}])", POSTFIX)


def _size(node: Node) -> str:
    """The shape of a slot, as code."""
    shape = [len(axis) for axis in node.type.axes] + ([4] if node.type.kind is Kind.ROTATION else [])
    return "(" + ", ".join(['len(q["time_limit"])', *map(str, shape)]) + ",)"


LEAVES: Dict[str, Callable[[Node, Any], Written]] = {
    "const": _const,
    "table": _table,
    "param": lambda node, f: Written(f'p["{node.data[0]}"]', POSTFIX),
    "run": lambda node, f: Written(f'p["{node.data[0]}"]', POSTFIX),
    "quantity": lambda node, f: Written(f'q["{node.data[0]}"]', POSTFIX),
    "group": lambda node, f: Written(f"group_{node.data[0]}", POSTFIX),
    "state": lambda node, f: Written(f"s[{f.slot[node.data[0]]}]", POSTFIX),
    "fill": _fill,
}  # fmt: skip
OTHERS: Dict[str, Callable[..., Written]] = {
    "neg": _minus,
    "not": lambda node, args, nodes, f: Written(f"~{args[0].at(UNARY)}", UNARY),
    "pow": lambda node, args, nodes, f: Written(f"{args[0].at(POSTFIX)} ** {args[1].at(UNARY)}", POWER),
    "min": _clamp, "max": _clamp, "clip": _clip, "where": _where, "mod": _two("remainder"), "atan2": _two("atan2"),
    "stack": _stack, "index": _index, "take": _take,
    "norm": lambda node, args, nodes, f: Written(f"{args[0].at(POSTFIX)}.norm(dim={node.data[0] + nodes[0].type.batched})", POSTFIX),
    "never": lambda node, args, nodes, f: Written(f"torch.zeros_like({args[0].text})", POSTFIX),
    "expand": _expand,
}  # fmt: skip
SHAPED = {"index", "take", "stack", "never", "norm"}
