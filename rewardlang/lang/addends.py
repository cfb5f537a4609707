"""The addends of a reward: how its text splits into terms and what they are called, before anything is typed.

The checker splits with types (`terms.py`); where there is no task yet, the names alone say what depends on the state.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from . import format
from . import nodes as n
from .names import names_in
from .registry import BUILTINS
from .source import Span

Factors = Tuple[Tuple[str, n.Expr], ...]
Predicate = Callable[[n.Expr], bool]
HOLE = n.Name(None, "")  # type: ignore[arg-type]  # where a distributed sum stood among its factors
RUN = {"pi", "dt", "epoch", "frames", "progress"}
STATEFUL = {"state", "gait"}  # groups of functions whose values change with the environment's time


def split(
    depends: Predicate, expr: n.Expr, outer: Factors = (), sign: float = 1.0
) -> Iterator[Tuple[float, Factors, str, Span]]:
    """The addends of an expression: sign, factors, given name, span. Factors are distributed over the only parenthesised sum
    of a product if each of its addends depends on the state, which `depends` says of what is no sum or product."""
    if isinstance(expr, n.Named):
        yield sign, _with(outer, flatten(expr.value)), expr.name, expr.span
    elif isinstance(expr, n.Sum):
        for operator, addend in expr.addends:
            yield from split(depends, addend, outer, -sign if operator == "-" else sign)
    elif isinstance(expr, n.Minus):
        yield from split(depends, expr.operand, outer, -sign)
    else:
        factors = flatten(expr)
        at = distributed(depends, expr, factors)
        if at is None:
            yield sign, _with(outer, factors), "", expr.span
        else:
            inner, turned = factors[at][1], sign
            while isinstance(inner, n.Minus):
                inner, turned = inner.operand, -turned
            rest = factors[:at] + (("*", HOLE),) + factors[at + 1 :]
            yield from split(depends, inner, _with(outer, rest), turned)


def distributed(depends: Predicate, expr: n.Expr, factors: Factors) -> Optional[int]:
    """Which factor is the sum that the others are distributed over; None if none is."""
    sums = [i for i, (op, f) in enumerate(factors) if op == "*" and isinstance(_bare(f), n.Sum)]
    if isinstance(expr, n.Product) and len(sums) == 1 and _all_depend(depends, _bare(factors[sums[0]][1])):
        return sums[0]
    return None


def flatten(expr: n.Expr) -> Factors:
    """The factors of an expression, nested products taken apart; a sign becomes the factor -1."""
    if isinstance(expr, n.Minus):
        return (("*", n.Number(expr.span, -1.0)), *flatten(expr.operand))
    if not isinstance(expr, n.Product):
        return (("*", expr),)
    out: List[Tuple[str, n.Expr]] = []
    for operator, factor in expr.factors:
        for inner, part in flatten(factor) if isinstance(factor, (n.Product, n.Minus)) else (("*", factor),):
            out.append((operator if inner == "*" else "/" if operator == "*" else "*", part))
    return tuple(out)


def value_text(parts: Sequence[Tuple[str, n.Expr]]) -> str:
    """The text of a term's value, from its factors without those of the weight."""
    if not parts:
        return "1"
    if parts[0][0] == "/":
        parts = [("*", n.Number(parts[0][1].span, 1.0)), *parts]
    return format.expression(parts[0][1] if len(parts) == 1 else n.Product(parts[0][1].span, tuple(parts)))


def natural_name(parts: Sequence[Tuple[str, n.Expr]]) -> str:
    """The name that a value consists of, or its text made into one."""
    text = value_text(parts)
    return "constant" if not parts else re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "term"


def _with(outer: Factors, factors: Factors) -> Factors:
    for i, (_, factor) in enumerate(outer):
        if factor is HOLE:
            return outer[:i] + factors + outer[i + 1 :]
    return outer + factors


def _bare(expr: n.Expr) -> n.Expr:
    while isinstance(expr, n.Minus):
        expr = expr.operand
    return expr


def _all_depend(depends: Predicate, expr: n.Expr) -> bool:
    """Whether each addend of a sum depends on the state."""
    if isinstance(expr, n.Sum):
        return all(_all_depend(depends, _bare(addend)) for _, addend in expr.addends)
    return _depends(depends, expr)


def _depends(depends: Predicate, expr: n.Expr) -> bool:
    """Whether an addend does. Sums among its factors are not asked whole: split in turn, their addends may differ in unit."""
    expr = _bare(expr)
    if isinstance(expr, n.Named):
        return _depends(depends, expr.value)
    if isinstance(expr, n.Sum):
        return any(_depends(depends, addend) for _, addend in expr.addends)
    if isinstance(expr, n.Product):
        return any(_depends(depends, factor) for _, factor in flatten(expr))
    return depends(expr)


# without types


class Untyped:
    """What the names in a file say of its terms. A table or a literal vector counts as state: it has axes, so it is no weight."""

    def __init__(self, statements: Sequence[n.Statement]) -> None:
        self.statements = statements
        self.fixed: Set[str] = {s.name for s in statements if isinstance(s, n.Param)} | RUN
        self.values: Dict[str, n.Expr] = {s.name: s.value for s in statements if isinstance(s, n.Definition)}
        self.functions: Dict[str, n.Function] = {s.name: s for s in statements if isinstance(s, n.Function)}
        self.known: Dict[str, bool] = {}

    def depends(self, expr: n.Expr) -> bool:
        """Whether an expression depends on the environment's state, or has axes."""
        return self._has_axes(expr) or self._reads(expr, frozenset())

    def unsure(self, expr: n.Expr) -> bool:
        """Whether types may see it otherwise: `sum(table(...))` is a number that no state touches."""
        return self._has_axes(expr) and not self._reads(expr, frozenset())

    def _has_axes(self, expr: n.Expr) -> bool:
        todo = [expr]
        while todo:
            item = todo.pop()
            if isinstance(item, (n.Vector, n.Select)) or (
                isinstance(item, n.Call) and item.function == "table"
            ):
                return True
            todo += n.children(item)
        return False

    def _reads(self, expr: n.Expr, hidden: frozenset) -> bool:
        axes = {a.id for use in names_in(expr) if isinstance(use, n.Call) and use.function == "table"
                for a in use.arguments if isinstance(a, n.Name)}  # fmt: skip
        for use in names_in(expr):
            if isinstance(use, n.Name):
                if use.id in axes:
                    continue
                if use.id not in hidden and use.id not in self.fixed and self._named(use.id):
                    return True
            elif use.function in self.functions:
                if self._named(f"{use.function}()"):
                    return True
            elif use.function == "table":
                continue
            elif use.function not in BUILTINS or BUILTINS[use.function].group in STATEFUL:
                return True
        return False

    def _named(self, name: str) -> bool:
        if name not in self.known:
            self.known[name] = True  # a name that reads itself is an error that the checker reports
            if name in self.values:
                self.known[name] = self.depends(self.values[name])
            elif name[:-2] in self.functions and name.endswith("()"):
                function = self.functions[name[:-2]]
                self.known[name] = self._has_axes(function.body) or self._reads(
                    function.body, frozenset(function.parameters)
                )
        return self.known[name]

    def terms(self, reward: n.Reward) -> List[Tuple[str, float, Factors]]:
        """Name, sign and factors of each term of a reward statement."""
        return [(given or natural_name(self.value_of(factors)), sign, factors)
                for sign, factors, given, _ in split(self.depends, reward.value)]  # fmt: skip

    def value_of(self, factors: Factors) -> Factors:
        """The factors that make a term's value."""
        return tuple((op, factor) for op, factor in factors if self.depends(factor))

    def names(self) -> List[str]:
        """The names of all terms, group by group, in the order they are written; dropped ones left in."""
        rewards = [s for s in self.statements if isinstance(s, n.Reward)]
        groups = dict.fromkeys(s.group for s in rewards)
        return [name for group in groups for s in rewards if s.group == group for name, _, _ in self.terms(s)]

    def only_terms(self, names: Iterable[str]) -> Set[str]:
        """Those of the terms' names that nothing else has, unless the task does: `1.0 * speed` is called what it consists of."""
        wanted = set(names)
        return {
            name
            for s in self.statements
            if isinstance(s, n.Reward)
            for name, _, factors in self.terms(s)
            if name in wanted - set(self.values)
            and [f for _, f in self.value_of(factors)] != [n.Name(s.span, name)]
        }

    def changed(
        self, reward: n.Reward, change: Callable[[str, n.Expr], Optional[n.Expr]]
    ) -> Optional[n.Reward]:
        """The statement with `change(name, addend)` in place of each term's addend, without those that it gives None for."""
        value = self._changed(reward.value, (), change)
        return None if value is None else replace(reward, value=value)

    def _changed(
        self, expr: n.Expr, outer: Factors, change: Callable[[str, n.Expr], Optional[n.Expr]]
    ) -> Optional[n.Expr]:
        if isinstance(expr, n.Named):
            return change(expr.name, expr)
        if isinstance(expr, n.Sum):
            kept = [
                (op, new)
                for op, addend in expr.addends
                for new in [self._changed(addend, outer, change)]
                if new is not None
            ]
            if len(kept) == 1 and kept[0][0] == "+":
                return kept[0][1]
            return replace(expr, addends=tuple(kept)) if kept else None
        if isinstance(expr, n.Minus):
            operand = self._changed(expr.operand, outer, change)
            return None if operand is None else replace(expr, operand=operand)
        factors = flatten(expr)
        at = distributed(self.depends, expr, factors)
        if at is None:
            return change(natural_name(self.value_of(_with(outer, factors))), expr)
        rest = factors[:at] + (("*", HOLE),) + factors[at + 1 :]
        inner = self._changed(factors[at][1], _with(outer, rest), change)
        if inner is None:
            return None
        return n.Product(expr.span, (*factors[:at], ("*", inner), *factors[at + 1 :]))
