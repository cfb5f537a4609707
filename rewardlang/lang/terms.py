"""A reward's addends as terms: each split into a weight, which the state does not touch, and a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from . import nodes as n
from .addends import Factors, natural_name, split, value_text
from .diagnostics import Label, did_you_mean, error
from .ir import Term, below
from .source import Span
from .term_warnings import term_warnings
from .types import Depends, Kind

if TYPE_CHECKING:
    from .check import Checker

REDUCTIONS = {"sum", "mean", "amax", "amin", "prod", "any", "all", "var", "std", "norm"}


def collect_terms(checker: Checker) -> Tuple[List[Term], List[str]]:
    """The terms of all groups, in the order they are written, with `weight` and `drop` applied; and the groups' names."""
    terms: List[Term] = []
    resolved = checker.resolved

    def depends(expr: n.Expr) -> bool:
        value = checker.lower(expr)
        return value is None or value.type.depends >= Depends.MODEL

    whole = True  # whether all terms could be made; what a failed one is called is not known
    for group, statements in resolved.groups.items():
        per_second = statements[0].per_second
        for statement in statements:
            for sign, factors, name, span in split(depends, statement.value):
                term = _term(checker, group, sign, factors, name, span, per_second)
                whole = whole and term is not None
                if term is not None:
                    terms.append(term)
                    checker.warnings += term_warnings(resolved, term, factors, per_second)
    _report_twins(checker, terms)
    return _amended(checker, terms, whole), list(resolved.groups)


def _term(
    checker: Checker, group: str, sign: float, factors: Factors, name: str, span: Span, per_second: bool
) -> Optional[Term]:
    values = [checker.lower(factor) for _, factor in factors]
    if any(v is None for v in values):
        return None
    ops = checker.ops
    weight, value = ops.number(sign), None
    parts: List[Tuple[str, n.Expr]] = []
    for (operator, factor), lowered in zip(factors, values):
        assert lowered is not None
        if (
            lowered.type.kind in (Kind.NUMBER, Kind.BOOL)
            and lowered.type.depends <= Depends.RUN
            and not lowered.type.axes
        ):
            joined = checker.guard(
                factors[0][1].span.over(factor.span),
                [factors[0][1], factor],
                ops.binary,
                "mul" if operator == "*" else "div",
                weight,
                lowered,
            )
            if joined is None:
                return None
            weight = joined
            continue
        if value is None and operator == "/":
            value = ops.number(1.0)
        if value is not None:
            value = checker.guard(
                factor.span,
                [parts[0][1] if parts else factor, factor],
                ops.binary,
                "mul" if operator == "*" else "div",
                value,
                lowered,
            )
            if value is None:
                return None
        else:
            value = lowered
        parts.append((operator, factor))
    if per_second:
        weight = ops.binary("mul", weight, ops.seconds())
    if value is None:
        value, parts = ops.number(1.0), []
    else:
        value = checker.guard(span, [n.Name(span, "")], ops.as_number, value)
    if value is None:
        return None
    checker.builder.place(value.node, span)
    if value.type.axes:
        where = (
            parts[0][1].span.to(parts[-1][1].span)
            if parts[0][1].span.start <= parts[-1][1].span.start
            else span
        )
        checker.found.append(checker.has_axes(where, "a term", value))
        return None
    text = value_text(parts)
    return Term(
        name or natural_name(parts),
        group,
        weight.node,
        value.node,
        span,
        text,
        _reduced(checker, value.node),
    )


def _reduced(checker: Checker, root: int) -> Tuple[str, ...]:
    """The axes that are reduced on the way to a value, for the table of terms."""
    nodes, out = checker.builder.nodes, []
    for i in below(nodes, [root]):
        node = nodes[i]
        if node.op in REDUCTIONS:
            at = node.data[0] if isinstance(node.data[0], tuple) else (node.data[0],)
            out += [nodes[node.args[0]].type.axes[k].name for k in at]
    return tuple(dict.fromkeys(out))


def _report_twins(checker: Checker, terms: Sequence[Term]) -> None:
    first: Dict[str, Term] = {}
    for term in terms:
        if term.name in first:
            checker.report("RW407", term.span, f"two terms are called `{term.name}`", others=(Label(first[term.name].span, "the first"),),
                                       help="name them with `as`")  # fmt: skip
        first.setdefault(term.name, term)


def _amended(checker: Checker, terms: Sequence[Term], whole: bool) -> List[Term]:
    """The terms with the file's `weight` and `drop` statements carried out."""
    resolved, names = checker.resolved, [term.name for term in terms]
    out: List[Term] = []
    for statements in (resolved.weights, resolved.drops):
        for name, statement in statements.items():
            if name not in names and whole:
                checker.report("RW403", statement.name_span, f"there is no term `{name}`",
                                           help=did_you_mean(name, names) or f"the terms are {', '.join(names[:8])}")  # fmt: skip
    for term in terms:
        if term.name in resolved.drops:
            continue
        if term.name in resolved.weights:
            term = _reweighted(checker, term, resolved.weights[term.name].value)
        out.append(term)
    if terms and not out:
        checker.report("RW404", checker.resolved.file.statements[-1].span, "every term is dropped")
    return out


def _reweighted(checker: Checker, term: Term, expr: n.Expr) -> Term:
    value = checker.lower(expr)
    if value is None:
        return term
    if value.type.depends > Depends.RUN or value.type.axes or value.type.kind is not Kind.NUMBER:
        checker.report("RW408", expr.span, "a weight depends on nothing but numbers, params and schedules")
        return term
    old = checker.builder.nodes[term.weight].type.range
    low, high = value.type.range
    if (old[0] > 0 and high < 0) or (old[1] < 0 and low > 0):
        checker.warnings.append(
            error("RW412", expr.span, f"the weight of `{term.name}` changes its sign", severity="warning")
        )
    if checker.resolved.groups[term.group][0].per_second:
        value = checker.ops.binary("mul", value, checker.ops.seconds())
    return Term(term.name, term.group, value.node, term.value, term.span, term.text, term.reduced)
