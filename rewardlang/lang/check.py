"""Resolved names → typed IR. Reports axes and kinds (RW2xx), units and frames (RW3xx), terms and params (RW4xx, RW5xx)."""

from __future__ import annotations

import math
from typing import Dict, List, Optional, Sequence, Tuple

from . import nodes as n
from .claims import claims
from .diagnostics import Diagnostic, RewardError, error, fail
from .expect import Expectation
from .ir import Cause, Output, Param, Program, TooLarge, below
from .lower import Lowerer
from .mismatch import Value
from .resolve import Resolved
from .source import Span
from .terms import collect_terms
from .types import BOOL, Depends, Kind, Type
from .units import Unit, show


def check(resolved: Resolved) -> Tuple[Program, Tuple[Diagnostic, ...], List[Expectation]]:
    """The typed program, the warnings and the claims of `expect` lines. Raises RewardError with every error found."""
    checker = Checker(resolved)
    try:
        program = checker.run()
        expectations = claims(checker, program)
    except TooLarge as problem:
        fail(
            error(
                "RW603",
                resolved.file.statements[-1].span,
                str(problem),
                help="name shared parts once, or split the file",
            )
        )
    if checker.found:
        raise RewardError(checker.found)
    return program, tuple(checker.warnings), expectations


class Checker(Lowerer):
    """The statements of a spec, lowered one after the other."""

    def __init__(self, resolved: Resolved) -> None:
        super().__init__(resolved)
        self.params: Dict[str, Param] = {}

    def run(self) -> Program:
        out = self.resolved
        for param in out.params.values():
            self._param(param)
        for name in out.order:
            expr = out.expression_of(name)
            self.values[name] = self._outcome(name) if expr is None else self._definition(name, expr)
            if name == "terminated":
                self.ops.terminated = self.values[name]
        terms, groups = collect_terms(self)
        causes = [Cause(c.name, self._node(self.values[c.name]), c.success) for c in out.causes.values()]
        metrics = [
            Output(m.name, self._scalar(m.value, f"the metric `{m.name}`")) for m in out.metrics.values()
        ]
        total = self._total(groups)
        observations = [self._observation(expr) for expr in out.observations]
        outcomes = {name: self._node(self.values[name]) for name in ("terminated", "time_out", "alive")}
        return Program(tuple(self.builder.nodes), tuple(self.builder.slots), tuple(terms), tuple(groups), total, tuple(causes),
                       tuple(metrics), tuple(observations), tuple(self.params.values()), outcomes)  # fmt: skip

    # statements

    def _param(self, s: n.Param) -> None:
        number = self._literal(s.value, f"the value of `{s.name}`")
        bounds: List[Tuple[float, Optional[Unit]]] = [(-math.inf, None), (math.inf, None)]
        if s.bounds is not None:
            if not isinstance(s.bounds, n.Vector) or len(s.bounds.items) != 2:
                self.report("RW406", s.bounds.span, "the range of a param is `[lo, hi]`")
                return
            both = [self._literal(item, f"a bound of `{s.name}`") for item in s.bounds.items]
            if None in both:
                return
            bounds = [b for b in both if b is not None]
        if number is None:
            return
        value, unit = number
        for item, (_, other) in zip(s.bounds.items if isinstance(s.bounds, n.Vector) else (), bounds):
            if other is not None and (unit is None or not unit.same(other)):
                self.report("RW302", item.span, f"a bound in {other} for a param {'in ' + str(unit) if unit else 'without a unit'}",
                                        help="the bounds take the unit of the value")  # fmt: skip
        (low, _), (high, _) = bounds
        if low > high:
            self.report(
                "RW502",
                s.bounds.span if s.bounds else s.span,
                f"the range [{low:g}, {high:g}] is empty",
                help="write the lower bound first",
            )
        elif not low <= value <= high:
            self.report(
                "RW502", s.value.span, f"`{s.name}` = {value:g} is outside its range [{low:g}, {high:g}]"
            )
        type = Type(unit=unit, range=(low, high), depends=Depends.RUN)
        self.params[s.name] = Param(s.name, value, low, high, show(unit))
        self.values[s.name] = Value(self.builder.add("param", (), type, (s.name,), s.name, s.span), type)

    def _literal(self, expr: n.Expr, what: str) -> Optional[Tuple[float, Optional[Unit]]]:
        sign = 1.0
        while isinstance(expr, n.Minus):
            sign, expr = -sign, expr.operand
        if isinstance(expr, n.Number):
            value = self._number(expr)
            return None if value is None else (sign * expr.value, value.type.unit)
        self.report("RW406", expr.span, f"{what} is a number, with a sign and a unit if need be",
                                help="a definition, `name = ...`, may compute")  # fmt: skip
        return None

    def _definition(self, name: str, expr: n.Expr) -> Optional[Value]:
        value = self.lower(expr)
        if name in self.resolved.causes:
            value = self._condition(expr, value, f"the termination `{name}`")
            if value is not None and not value.type.batched:  # such as `epoch > 100`: for each environment
                value = self.ops.logic("or", (value, self._never()))
        if value is not None and value.node >= 0 and not isinstance(expr, (n.Name, n.Number)):
            self.builder.label(value.node, name, expr.span)
        quantity = self.vocabulary.quantities.get(name)
        if quantity is not None and value is not None and name not in self.resolved.causes:
            known = quantity.type  # the task may know a tighter range than the line shows
            return Value(value.node, value.type.but(range=known.range, unit=known.unit or value.type.unit))
        return value

    def _condition(self, expr: n.Expr, value: Optional[Value], what: str) -> Optional[Value]:
        if value is None:
            return None
        if value.type.kind is not Kind.BOOL:
            self.report(
                "RW205",
                expr.span,
                f"{what} wants a condition, this is a {value.type.kind.value}",
                help="compare it: `x > 0`",
            )
            return None
        if value.type.axes:
            self.report("RW220", expr.span, f"{what} is one condition, this has the axes {value.type.axes_text()}",
                                    under=value.type.axes_text(), help="use `any(...)` or `all(...)`")  # fmt: skip
            return None
        return value

    def _outcome(self, name: str) -> Optional[Value]:
        """`terminated`, `alive` and `time_out`, from the causes."""
        limit = self._time_limit()
        chosen = [c.name for c in self.resolved.causes.values() if name != "alive" or not c.success]
        values = [self.values[c] for c in chosen]
        if any(v is None for v in values):
            return None
        over = self.ops.logic("or", [v for v in values if v is not None]) if values else self._never()
        if name == "time_out":
            over = self.ops.logic("and", (limit, self.ops.invert(over)))
        value = self.ops.invert(over) if name == "alive" else over
        if not (name == "terminated" and len(chosen) == 1):
            self.builder.label(value.node, name, None)
        return value

    def _time_limit(self) -> Value:
        return Value(self.builder.add("quantity", (), BOOL, ("time_limit",), "time_limit"), BOOL)

    def _never(self) -> Value:
        """False, in every environment."""
        return Value(self.builder.add("never", (self._time_limit().node,), BOOL), BOOL)

    def _total(self, groups: Sequence[str]) -> Optional[int]:
        total = self.resolved.total
        if total is None:
            return None
        type = Type()
        self.lowered.clear()
        self.scope = {g: Value(self.builder.add("group", (), type, (g,), g), type) for g in groups}
        node = self._scalar(total.value, "`total`")
        self.scope = {}
        nodes, tracked = self.builder.nodes, [slot for slot in self.builder.slots if slot >= 0]
        if any(nodes[i].op == "group" for i in below(nodes, tracked)):
            self.report("RW411", total.span, "`total` remembers a group: no state operator works on one")
        return node

    def _scalar(self, expr: n.Expr, what: str) -> int:
        value = self.lower(expr)
        if value is None:
            return -1
        value = self.guard(expr.span, [expr], self.ops.as_number, value)
        if value is not None and value.type.axes:
            self.found.append(self.has_axes(expr.span, what, value))
        return self._node(value)

    def _observation(self, expr: n.Expr) -> Output:
        value = self.lower(expr)
        value = None if value is None else self.guard(expr.span, [expr], self.ops.as_number, value)
        return Output(expr.span.text, self._node(value))

    def has_axes(self, span: Span, what: str, value: Value) -> Diagnostic:
        """The diagnostic for a value that must be one number per environment and has axes."""
        axes = value.type
        help = "reduce it: `sum(...)`, `mean(...)` or `norm(...)`"
        if axes.vector is not None and not axes.entities:
            help = "take a component, `.x`, or the `norm(...)` (inside a kernel, if there is one)"
        elif axes.entities:
            help = f"`sum(...)` or `mean(...)` over {axes.entities[0].name}, around it or around the part that has the axis"
        return error("RW220", span, f"{what} is one number per environment, this has the axes {axes.axes_text()}",
                     under=axes.axes_text(), help=help)  # fmt: skip

    def _node(self, value: Optional[Value]) -> int:
        return -1 if value is None else value.node
