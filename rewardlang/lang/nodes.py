"""The syntax tree: frozen nodes, each with the span it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional, Tuple, Union

from .source import Source, Span


@dataclass(frozen=True)
class Number:
    """A decimal literal; `unit` is the text between its brackets, `text` how the number was written."""

    span: Span = field(compare=False, repr=False)
    value: float
    unit: Optional[str] = None
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class String:
    span: Span = field(compare=False, repr=False)
    value: str


@dataclass(frozen=True)
class Name:
    span: Span = field(compare=False, repr=False)
    id: str


@dataclass(frozen=True)
class Component:
    """`base.name`: a component, a swizzle, or a name of an imported file."""

    span: Span = field(compare=False, repr=False)
    base: Expr
    name: str


@dataclass(frozen=True)
class Select:
    """`base[items]`."""

    span: Span = field(compare=False, repr=False)
    base: Expr
    items: Tuple[Expr, ...]


@dataclass(frozen=True)
class Keyword:
    """`name=value` in a call."""

    span: Span = field(compare=False, repr=False)
    name: str
    value: Expr


@dataclass(frozen=True)
class Row:
    """`"pattern": value` in a table."""

    span: Span = field(compare=False, repr=False)
    pattern: str
    value: Expr


@dataclass(frozen=True)
class Call:
    """`function(arguments)`; `function` is a name, or `file.name`."""

    span: Span = field(compare=False, repr=False)
    function: str
    arguments: Tuple[Expr, ...]
    keywords: Tuple[Keyword, ...] = ()
    rows: Tuple[Row, ...] = ()


@dataclass(frozen=True)
class Vector:
    span: Span = field(compare=False, repr=False)
    items: Tuple[Expr, ...]


@dataclass(frozen=True)
class Minus:
    span: Span = field(compare=False, repr=False)
    operand: Expr


@dataclass(frozen=True)
class Not:
    span: Span = field(compare=False, repr=False)
    operand: Expr


@dataclass(frozen=True)
class Power:
    span: Span = field(compare=False, repr=False)
    base: Expr
    exponent: Expr


@dataclass(frozen=True)
class Product:
    """Factors with their operator, `*` or `/`; the first one's is `*`."""

    span: Span = field(compare=False, repr=False)
    factors: Tuple[Tuple[str, Expr], ...]


@dataclass(frozen=True)
class Sum:
    """Addends with their operator, `+` or `-`; the first one's is `+`."""

    span: Span = field(compare=False, repr=False)
    addends: Tuple[Tuple[str, Expr], ...]


@dataclass(frozen=True)
class Named:
    """`value as name`: a term's name."""

    span: Span = field(compare=False, repr=False)
    value: Expr
    name: str


@dataclass(frozen=True)
class Compare:
    """`first op second op ...`, each pair compared."""

    span: Span = field(compare=False, repr=False)
    operands: Tuple[Expr, ...]
    operators: Tuple[str, ...]


@dataclass(frozen=True)
class Logic:
    """Operands joined by one operator, `and` or `or`."""

    span: Span = field(compare=False, repr=False)
    operator: str
    operands: Tuple[Expr, ...]


Expr = Union[
    Number,
    String,
    Name,
    Component,
    Select,
    Call,
    Vector,
    Minus,
    Not,
    Power,
    Product,
    Sum,
    Named,
    Compare,
    Logic,
]


# Statements. `name_span` is where the name stands that the statement is about.


@dataclass(frozen=True)
class Task:
    span: Span = field(compare=False, repr=False)
    name: str
    name_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Param:
    span: Span = field(compare=False, repr=False)
    name: str
    name_span: Span = field(compare=False, repr=False)
    value: Expr
    bounds: Optional[Expr] = None


@dataclass(frozen=True)
class Definition:
    span: Span = field(compare=False, repr=False)
    name: str
    name_span: Span = field(compare=False, repr=False)
    value: Expr


@dataclass(frozen=True)
class Function:
    span: Span = field(compare=False, repr=False)
    name: str
    name_span: Span = field(compare=False, repr=False)
    parameters: Tuple[str, ...]
    body: Expr


@dataclass(frozen=True)
class Reward:
    """A group of terms; `adds` for `+=`; `per_step` if that is written."""

    span: Span = field(compare=False, repr=False)
    group: str
    name_span: Span = field(compare=False, repr=False)
    per_second: bool
    value: Expr
    adds: bool = False
    per_step: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True)
class Total:
    span: Span = field(compare=False, repr=False)
    value: Expr


@dataclass(frozen=True)
class Terminate:
    """`terminate name when condition`, or `success ...`."""

    span: Span = field(compare=False, repr=False)
    name: str
    name_span: Span = field(compare=False, repr=False)
    condition: Expr
    success: bool = False


@dataclass(frozen=True)
class Metric:
    span: Span = field(compare=False, repr=False)
    name: str
    name_span: Span = field(compare=False, repr=False)
    value: Expr


@dataclass(frozen=True)
class Expect:
    span: Span = field(compare=False, repr=False)
    condition: Expr


@dataclass(frozen=True)
class Import:
    span: Span = field(compare=False, repr=False)
    path: str
    name: str
    name_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Extends:
    span: Span = field(compare=False, repr=False)
    path: str


@dataclass(frozen=True)
class Weight:
    span: Span = field(compare=False, repr=False)
    name: str
    name_span: Span = field(compare=False, repr=False)
    value: Expr


@dataclass(frozen=True)
class Drop:
    """`drop name`; `what` is `term`, `terminate` or `metric`."""

    span: Span = field(compare=False, repr=False)
    what: str
    name: str
    name_span: Span = field(compare=False, repr=False)


Statement = Union[
    Task, Param, Definition, Function, Reward, Total, Terminate, Metric, Expect, Import, Extends, Weight, Drop
]  # fmt: skip


@dataclass(frozen=True)
class File:
    """A parsed text. `imports` are the statements whose files have been taken in already."""

    source: Source = field(compare=False, repr=False)
    statements: Tuple[Statement, ...]
    imports: Tuple[Import, ...] = field(default=(), compare=False, repr=False)


def dotted(expr: object) -> str:
    """`a.b.c` as the name that it may be; empty for another expression."""
    parts: List[str] = []
    while isinstance(expr, Component):
        parts.append(expr.name)
        expr = expr.base
    return ".".join([expr.id, *reversed(parts)]) if isinstance(expr, Name) else ""


def children(expr: object) -> Tuple[Expr, ...]:
    """The direct subexpressions of an expression, in the order they are written."""
    if isinstance(expr, (Component, Select)):
        return (expr.base, *(expr.items if isinstance(expr, Select) else ()))
    if isinstance(expr, Call):
        return (*expr.arguments, *(k.value for k in expr.keywords), *(r.value for r in expr.rows))
    if isinstance(expr, Vector):
        return expr.items
    if isinstance(expr, (Minus, Not)):
        return (expr.operand,)
    if isinstance(expr, Power):
        return (expr.base, expr.exponent)
    if isinstance(expr, Product):
        return tuple(factor for _, factor in expr.factors)
    if isinstance(expr, Sum):
        return tuple(addend for _, addend in expr.addends)
    if isinstance(expr, Named):
        return (expr.value,)
    if isinstance(expr, (Compare, Logic)):
        return expr.operands
    return ()
