"""A spec as LaTeX: the equation as it would stand in the paper."""

from __future__ import annotations

from typing import Callable, Dict, List, Tuple

from . import format
from . import nodes as n

FUNCTIONS = {"sin", "cos", "tan", "tanh", "exp", "log", "min", "max"}
OPERATORS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
SUM, PRODUCT, ATOM = range(3)


def document(file: n.File) -> str:
    """An `align*` block: definitions, then the reward groups, term by term."""
    rows: List[str] = []
    for s in file.statements:
        if isinstance(s, n.Definition):
            rows.append(rf"{name(s.name)} &= {show(s.value)[0]}")
        elif isinstance(s, n.Function):
            rows.append(rf"{name(s.name)}({', '.join(name(p) for p in s.parameters)}) &= {show(s.body)[0]}")
        elif isinstance(s, n.Param):
            rows.append(rf"{name(s.name)} &= {show(s.value)[0]}")
        elif isinstance(s, n.Reward):
            rows += _reward(s)
        elif isinstance(s, n.Total):
            rows.append(rf"r &= {show(s.value)[0]}")
    body = " \\\\\n".join(f"  {row}" for row in rows)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _reward(s: n.Reward) -> List[str]:
    left = "r" if s.group == "reward" else rf"r_{{\text{{{_text(s.group)}}}}}"
    left += r" / \Delta t" if s.per_second else ""
    if not isinstance(s.value, n.Sum):
        return [f"{left} &= {show(s.value)[0]}"]
    rows = []
    for i, (operator, addend) in enumerate(s.value.addends):
        head = f"{left} &= {'-' if operator == '-' else ''}" if i == 0 else rf"&\quad {operator} "
        rows.append(head + _in(addend, PRODUCT))
    return rows


def name(text: str) -> str:
    r"""A name: `target_speed` is \text{target\_speed}; a single letter stays a symbol."""
    return text if len(text) == 1 else rf"\text{{{_text(text)}}}"


def show(expr: n.Expr) -> Tuple[str, int]:
    """An expression and how strongly it binds."""
    return SHOW[type(expr)](expr)


def _in(expr: n.Expr, strength: int) -> str:
    text, own = show(expr)
    return text if own >= strength else rf"\left({text}\right)"


def _text(text: str) -> str:
    for char in "\\{}_^#$%&~":
        text = text.replace(char, rf"\{char}" if char not in "\\^~" else "?")
    return text


def _number(e: n.Number) -> Tuple[str, int]:
    text = format.number(e.value)
    if "e" in text:
        digits, _, power = text.partition("e")
        text = rf"{digits} \cdot 10^{{{int(power)}}}"
    return (text if e.unit is None else rf"{text}\,\mathrm{{{e.unit.replace('*', ' ')}}}"), ATOM


def _call(e: n.Call) -> Tuple[str, int]:
    if e.function == "sqrt":
        return rf"\sqrt{{{show(e.arguments[0])[0]}}}", ATOM
    if e.function == "abs":
        return rf"\left|{show(e.arguments[0])[0]}\right|", ATOM
    if e.function == "norm":
        return rf"\left\lVert {show(e.arguments[0])[0]} \right\rVert", ATOM
    if e.function in ("sum", "prod") and len(e.arguments) == 1 and not e.keywords:
        return rf"\{e.function} {_in(e.arguments[0], PRODUCT)}", PRODUCT
    parts = [show(a)[0] for a in e.arguments] + [
        rf"\text{{{_text(r.pattern)}}}: {show(r.value)[0]}" for r in e.rows
    ]
    parts += [rf"{name(k.name)}={show(k.value)[0]}" for k in e.keywords]
    head = rf"\{e.function}" if e.function in FUNCTIONS else rf"\operatorname{{{_text(e.function)}}}"
    return rf"{head}\left({', '.join(parts)}\right)", ATOM


def _product(e: n.Product) -> Tuple[str, int]:
    above = [f for op, f in e.factors if op == "*"]
    below = [f for op, f in e.factors if op == "/"]
    if below:
        top, bottom = (
            r" \, ".join(_in(f, PRODUCT if len(side) > 1 else SUM) for f in side) for side in (above, below)
        )
        return rf"\frac{{{top}}}{{{bottom}}}", ATOM
    if len(above) > 1 and isinstance(above[0], n.Number) and above[0].value == 1 and above[0].unit is None:
        above = above[1:]  # a weight of 1 is not written
    out = _in(above[0], PRODUCT)
    for f in above[1:]:
        text = _in(f, PRODUCT)
        out += (r" \cdot " if text[0].isdigit() else r" \, ") + text
    return out, PRODUCT


def _sum(e: n.Sum) -> Tuple[str, int]:
    out = ""
    for operator, addend in e.addends:
        out += f" {operator} {_in(addend, PRODUCT)}" if out or operator == "-" else _in(addend, PRODUCT)
    return out.strip(), SUM


def _compare(e: n.Compare) -> Tuple[str, int]:
    out = show(e.operands[0])[0]
    for operator, operand in zip(e.operators, e.operands[1:]):
        out += f" {OPERATORS[operator]} {show(operand)[0]}"
    return out, SUM


SHOW: Dict[type, Callable[..., Tuple[str, int]]] = {
    n.Number: _number,
    n.String: lambda e: (rf"\text{{{_text(e.value)}}}", ATOM),
    n.Name: lambda e: (r"\pi" if e.id == "pi" else name(e.id), ATOM),
    n.Component: lambda e: (rf"{_in(e.base, ATOM)}_{{{_text(e.name)}}}", ATOM),
    n.Select: lambda e: (rf"{_in(e.base, ATOM)}[{', '.join(show(i)[0] for i in e.items)}]", ATOM),
    n.Call: _call,
    n.Vector: lambda e: (rf"\left({', '.join(show(i)[0] for i in e.items)}\right)", ATOM),
    n.Minus: lambda e: (rf"-{_in(e.operand, PRODUCT)}", PRODUCT),
    n.Not: lambda e: (rf"\lnot {_in(e.operand, ATOM)}", PRODUCT),
    n.Power: lambda e: (rf"{_in(e.base, ATOM + isinstance(e.base, n.Product))}^{{{show(e.exponent)[0]}}}", ATOM),
    n.Product: _product,
    n.Sum: _sum,
    n.Named: lambda e: show(e.value),
    n.Compare: _compare,
    n.Logic: lambda e: ((r" \land " if e.operator == "and" else r" \lor ").join(_in(o, PRODUCT) for o in e.operands), SUM),
}  # fmt: skip
