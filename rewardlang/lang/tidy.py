"""Rewards as a person would write them: numbers multiplied out, one sign in front of each term, like weights added up."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

from . import nodes as n
from .addends import Factors, flatten
from .source import Span

Weight = Tuple[float, Factors]  # a number times what is not one


def tidy(expr: n.Expr) -> n.Expr:
    """A reward's expression with the same terms and weights, in fewer signs and numbers."""
    sign, out = _signed(expr)
    return _negative(out) if sign < 0 else out


def weights(sign: float, factors: Factors) -> List[Weight]:
    """A product that has no value in it, as a sum of numbers times the rest: `2*w/4` is 0.5 times w."""
    number, rest = _number(factors)
    if len(rest) == 1 and rest[0][0] == "*" and isinstance(rest[0][1], n.Sum):
        return [part for op, addend in rest[0][1].addends
                for part in weights((-1 if op == "-" else 1) * sign * number, flatten(addend))]  # fmt: skip
    return [(sign * number, rest)]


def weight_sum(span: Span, parts: Sequence[Weight]) -> Optional[n.Expr]:
    """The sum of weights, like ones added up; None if nothing is left of it."""
    like: Dict[Factors, float] = {}
    for number, rest in parts:
        like[rest] = like.get(rest, 0.0) + number
    addends = [("-" if c < 0 else "+", _times(span, abs(c), rest)) for rest, c in like.items() if rounded(c)]
    if not addends:
        return None
    if len(addends) > 1:
        return n.Sum(span, tuple(addends))
    return _negative(addends[0][1]) if addends[0][0] == "-" else addends[0][1]


def rounded(value: float) -> float:
    """0.1*3 is 0.3: the last digits of a float64 are noise in a weight. 1/30 keeps all of them."""
    short = float(f"{value:.15g}")
    return short if len(repr(short)) < len(repr(value)) - 2 else value


def _signed(expr: n.Expr) -> Tuple[int, n.Expr]:
    """The sign of an addend, and the addend without it."""
    if isinstance(expr, n.Minus):
        sign, inner = _signed(expr.operand)
        return -sign, inner
    if isinstance(expr, n.Named):
        if isinstance(expr.value, n.Sum):
            return 1, expr  # it stays whole
        sign, inner = _signed(expr.value)
        return sign, replace(expr, value=inner)
    if isinstance(expr, n.Sum):
        addends = []
        for op, addend in expr.addends:
            sign, inner = _signed(addend)
            addends.append(("-" if (op == "-") == (sign > 0) else "+", inner))
        return 1, replace(expr, addends=tuple(addends))
    if isinstance(expr, n.Number):
        return (-1, replace(expr, value=-expr.value)) if expr.value < 0 else (1, expr)
    if not isinstance(expr, n.Product):
        return 1, expr
    number, rest = _number(flatten(expr))
    return (-1 if number < 0 else 1), _times(expr.span, abs(number), rest)


def _number(factors: Factors) -> Weight:
    """The numbers among factors multiplied out, and the other factors."""
    number, rest = 1.0, []
    for op, factor in factors:
        plain = isinstance(factor, n.Number) and factor.unit is None and (op == "*" or factor.value != 0)
        if plain and isinstance(factor, n.Number):
            number = number * factor.value if op == "*" else number / factor.value
        else:
            rest.append((op, factor))
    return rounded(number), tuple(rest)


def _times(span: Span, number: float, rest: Factors) -> n.Expr:
    """A number times the rest. A 1 is left out, but before a sum: that would be taken apart."""
    number = rounded(number)
    if not rest:
        return n.Number(span, number)
    if number == 1 and rest[0][0] == "*" and not (len(rest) == 1 and isinstance(rest[0][1], n.Sum)):
        return rest[0][1] if len(rest) == 1 else n.Product(span, rest)
    return n.Product(span, (("*", n.Number(span, number)), *rest))


def _negative(expr: n.Expr) -> n.Expr:
    if isinstance(expr, n.Named):
        return replace(expr, value=_negative(expr.value))
    if isinstance(expr, n.Product) and isinstance(expr.factors[0][1], n.Number):
        first = expr.factors[0][1]
        return replace(
            expr, factors=(("*", n.Number(first.span, -first.value, first.unit)), *expr.factors[1:])
        )
    return n.Minus(expr.span, expr)
