"""The canonical text of a tree: one layout, which parses back to the same tree."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Tuple

from . import nodes as n

# Binding strength, loosest first; an operand that binds looser than its place gets parentheses.
OR, AND, NOT, COMPARE, NAMED, SUM, PRODUCT, SIGN, POWER, POSTFIX = range(10)
WIDTH = 100


def expression(expr: n.Expr) -> str:
    """An expression on one line."""
    return _show(expr)[0]


def file(tree: n.File) -> str:
    """A whole spec: statements in their order, a blank line around groups, terms one a line."""
    out: List[str] = []
    previous: object = None
    for statement in tree.statements:
        apart = isinstance(statement, n.Reward) or isinstance(
            previous, (n.Reward, n.Task, n.Extends, n.Import)
        )
        if previous is not None and (apart or type(statement) is not type(previous)):
            out.append("")
        out.append(STATEMENTS[type(statement)](statement))
        previous = statement
    return "\n".join(out) + "\n"


def number(value: float, unit: Optional[str] = None, written: str = "") -> str:
    """A literal as it was written, else an integer without a point or the shortest decimal that reads back the same."""
    plain = repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    return (written or plain) + ("" if unit is None else f"[{unit}]")


def _show(expr: n.Expr) -> Tuple[str, int]:
    return SHOW[type(expr)](expr)


def _in(expr: n.Expr, strength: int) -> str:
    text, own = _show(expr)
    return text if own >= strength else f"({text})"


def _joined(parts: Tuple[Tuple[str, n.Expr], ...], first: int, rest: int) -> str:
    out = _in(parts[0][1], first)
    for operator, part in parts[1:]:
        out += f" {operator} " + (
            _show(part)[0] if isinstance(part, n.Not) and _simple(part) else _in(part, rest)
        )
    return out


def _simple(expr: n.Not) -> bool:
    """Whether `not x` may stand right after an arithmetic operator without parentheses."""
    return _show(expr.operand)[1] >= SIGN


def _sum(expr: n.Sum) -> Tuple[str, int]:
    out = ""
    for operator, addend in expr.addends:
        text = _show(addend)[0] if isinstance(addend, n.Named) else _in(addend, PRODUCT)
        if isinstance(addend, n.Not) and _simple(addend):
            text = _show(addend)[0]
        out += (
            f" {operator} {text}"
            if out
            else (
                f"-{text}"
                if operator == "-"
                else _in(addend, NAMED if isinstance(addend, n.Named) else PRODUCT)
            )
        )
    return out, SUM


def _call(expr: n.Call) -> Tuple[str, int]:
    parts = [expression(a) for a in expr.arguments]
    parts += [f"{_string(row.pattern)}: {expression(row.value)}" for row in expr.rows]
    parts += [f"{keyword.name}={expression(keyword.value)}" for keyword in expr.keywords]
    return f"{expr.function}({', '.join(parts)})", POSTFIX


def _comma(items: Tuple[n.Expr, ...]) -> str:
    return ", ".join(expression(item) for item in items)


def _string(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


def _negation(expr: n.Not) -> Tuple[str, int]:
    return f"not {_in(expr.operand, NOT)}", NOT


def _logic(expr: n.Logic) -> Tuple[str, int]:
    own = OR if expr.operator == "or" else AND
    return f" {expr.operator} ".join(_in(operand, own + 1) for operand in expr.operands), own


def _comparison(expr: n.Compare) -> Tuple[str, int]:
    out = _in(expr.operands[0], SUM)
    for operator, operand in zip(expr.operators, expr.operands[1:]):
        out += f" {operator} {_in(operand, SUM)}"
    return out, COMPARE


SHOW: Dict[type, Callable[..., Tuple[str, int]]] = {
    n.Number: lambda e: (number(e.value, e.unit, e.text), POSTFIX),
    n.String: lambda e: (_string(e.value), POSTFIX),
    n.Name: lambda e: (e.id, POSTFIX),
    n.Component: lambda e: (f"{_operand(e.base)}.{e.name}", POSTFIX),
    n.Select: lambda e: (f"{_operand(e.base)}[{_comma(e.items)}]", POSTFIX),
    n.Call: _call,
    n.Vector: lambda e: (f"[{_comma(e.items)}]", POSTFIX),
    n.Minus: lambda e: (f"-{_in(e.operand, SIGN)}", SIGN),
    n.Not: _negation,
    n.Power: lambda e: (f"{_in(e.base, POSTFIX)}^{_in(e.exponent, SIGN)}", POWER),
    n.Product: lambda e: (_joined(e.factors, SIGN, SIGN), PRODUCT),
    n.Sum: _sum,
    n.Named: lambda e: (f"{_in(e.value, PRODUCT)} as {e.name}", NAMED),
    n.Compare: _comparison,
    n.Logic: _logic,
}


def _operand(base: n.Expr) -> str:
    """The base of `.x` or `[...]`; a number takes parentheses, since `2[...]` is a unit."""
    return f"({expression(base)})" if isinstance(base, n.Number) else _in(base, POSTFIX)


def _reward(statement: n.Reward) -> str:
    head = "reward" + ("" if statement.group == "reward" else f" {statement.group}")
    head += (
        " per second"
        if statement.per_second
        else " per step"
        if statement.per_step and statement.adds
        else ""
    )
    head += " +=" if statement.adds else " ="
    value = statement.value
    if not isinstance(value, n.Sum):
        return f"{head}\n    {expression(value)}"
    rows = []
    for operator, addend in value.addends:
        name = f" as {addend.name}" if isinstance(addend, n.Named) else ""
        inner = addend.value if isinstance(addend, n.Named) else addend
        text = _show(inner)[0] if isinstance(inner, n.Not) and _simple(inner) else _in(inner, PRODUCT)
        rows.append((f"  {operator} {text}", name))
    if rows[0][0].startswith("  + "):
        rows[0] = ("    " + _first(value.addends[0][1]), rows[0][1])
    width = min(60, max((len(text) for text, name in rows if name), default=0))
    return "\n".join([head] + [(text.ljust(width) + name if name else text) for text, name in rows])


def _first(addend: n.Expr) -> str:
    return _in(addend.value if isinstance(addend, n.Named) else addend, PRODUCT)


def _param(statement: n.Param) -> str:
    bounds = "" if statement.bounds is None else f" in {expression(statement.bounds)}"
    return f"param {statement.name} = {expression(statement.value)}{bounds}"


def _drop(statement: n.Drop) -> str:
    return f"drop {'' if statement.what == 'term' else statement.what + ' '}{statement.name}"


STATEMENTS: Dict[type, Callable[..., str]] = {
    n.Task: lambda s: f"task {s.name}",
    n.Param: _param,
    n.Definition: lambda s: f"{s.name} = {expression(s.value)}",
    n.Function: lambda s: f"{s.name}({', '.join(s.parameters)}) = {expression(s.body)}",
    n.Reward: _reward,
    n.Total: lambda s: f"total = {expression(s.value)}",
    n.Terminate: lambda s: (
        f"{'success' if s.success else 'terminate'} {s.name} when {expression(s.condition)}"
    ),
    n.Metric: lambda s: f"metric {s.name} = {expression(s.value)}",
    n.Expect: lambda s: f"expect {expression(s.condition)}",
    n.Import: lambda s: f"import {_string(s.path)} as {s.name}",
    n.Extends: lambda s: f"extends {_string(s.path)}",
    n.Weight: lambda s: f"weight {s.name} = {expression(s.value)}",
    n.Drop: _drop,
}
