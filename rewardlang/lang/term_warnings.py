"""What a term's text gives away: an event that a per-second group shrinks, shaping that is no longer potential-based."""

from __future__ import annotations

from typing import Iterator

from . import nodes as n
from .addends import Factors, Untyped
from .diagnostics import Diagnostic, error
from .ir import Term
from .names import names_in
from .reach import called, uses
from .resolve import Resolved

EVENTS = {"rising", "falling", "potential"}


def term_warnings(resolved: Resolved, term: Term, factors: Factors, per_second: bool) -> Iterator[Diagnostic]:
    """The warnings about one term. `factors` are those of its weight and value together."""
    exprs = [factor for _, factor in factors]
    seen = {called(use) for use in uses(exprs, resolved.functions, resolved.definitions.get)}
    if per_second:
        event = next(
            (
                name
                for name in sorted(seen)
                if name in EVENTS or name in resolved.causes or name == "terminated"
            ),
            None,
        )
        if event is not None:
            yield error("RW410", term.span, f"`{event}` happens on single steps, and a per-second group multiplies it by dt",
                        help="move the term to a `per step` group", severity="warning")  # fmt: skip
    if "potential" in seen:
        yield from _shaping(resolved, term, factors)


def _shaping(resolved: Resolved, term: Term, factors: Factors) -> Iterator[Diagnostic]:
    """Potential-based shaping leaves the best policies as they are only if the differences are added up as they are."""
    table = Untyped(resolved.file.statements)
    value = [factor for _, factor in factors if table.depends(factor)]
    if len(value) > 1 or not _plain(resolved, value[0]):
        yield error("RW413", term.span, "`potential` inside a product or a function no longer adds up to a difference of potentials",
                    help="put the factor inside: `potential(gate * phi)`", severity="warning")  # fmt: skip
    elif resolved.total is not None and not _adds_up(resolved.total.value, term.group):
        yield error("RW414", term.span, "under this `total`, `potential` no longer adds up to a difference of potentials",
                    help="give it a group of its own, which `total` adds as it is", severity="warning")  # fmt: skip


def _plain(resolved: Resolved, expr: n.Expr) -> bool:
    """Whether an expression is a `potential`, or a name for one."""
    while True:
        if isinstance(expr, n.Minus):
            expr = expr.operand
        elif isinstance(expr, n.Name) and expr.id in resolved.definitions:
            expr = resolved.definitions[expr.id]
        elif isinstance(expr, n.Call) and expr.function in resolved.functions:
            expr = resolved.functions[expr.function].body
        else:
            return isinstance(expr, n.Call) and expr.function == "potential"


def _adds_up(total: n.Expr, group: str) -> bool:
    """Whether a total takes a group as it is, as one of its addends."""
    addends = total.addends if isinstance(total, n.Sum) else (("+", total),)
    plain = [op for op, addend in addends if isinstance(addend, n.Name) and addend.id == group]
    reads = [use for use in names_in(total) if isinstance(use, n.Name) and use.id == group]
    return plain == ["+"] and len(reads) == 1
