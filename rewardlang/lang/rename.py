"""Trees with other names in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Mapping

from . import nodes as n

EXPRESSIONS = ("value", "body", "condition", "bounds")  # the fields of statements that hold one


def renamed_tree(statement: Any, values: Mapping[str, str], calls: Mapping[str, str]) -> Any:
    """A statement with other names for some of the values that it reads and the functions that it calls.

    A function's parameters hide values of the same name; what the statement itself is called stays.
    """
    hidden = statement.parameters if isinstance(statement, n.Function) else ()

    def change(expr: n.Expr) -> n.Expr:
        if isinstance(expr, n.Name) and expr.id in values and expr.id not in hidden:
            return replace(expr, id=values[expr.id])
        if isinstance(expr, n.Call) and expr.function in calls:
            return replace(expr, function=calls[expr.function])
        return expr

    return with_expressions(statement, change)


def with_expressions(statement: Any, change: Callable[[n.Expr], n.Expr]) -> Any:
    """A statement with `change` applied to each node of its expressions, the leaves first."""
    fields = {
        name: mapped(getattr(statement, name), change)
        for name in EXPRESSIONS
        if getattr(statement, name, None) is not None
    }
    return replace(statement, **fields) if fields else statement


def mapped(expr: Any, change: Callable[[n.Expr], n.Expr]) -> Any:
    """An expression with `change` applied to each node, the leaves first."""
    if isinstance(expr, (n.Keyword, n.Row)):
        return replace(expr, value=mapped(expr.value, change))
    fields: Dict[str, Any] = {}
    for name in getattr(expr, "__dataclass_fields__", ()):
        value = getattr(expr, name)
        if isinstance(value, tuple):
            fields[name] = tuple(_mapped_item(item, change) for item in value)
        elif name != "span" and hasattr(value, "__dataclass_fields__"):
            fields[name] = mapped(value, change)
    return change(replace(expr, **fields) if fields else expr)


def _mapped_item(item: Any, change: Callable[[n.Expr], n.Expr]) -> Any:
    if isinstance(item, tuple):  # an operator and what follows it
        return (item[0], mapped(item[1], change))
    return mapped(item, change) if hasattr(item, "__dataclass_fields__") else item
