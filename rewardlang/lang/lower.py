"""Expressions → typed nodes. A part that does not type is None, and whatever uses it stays silent."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from . import nodes as n
from .calls import call, select
from .diagnostics import Diagnostic, Label, did_you_mean, error, fail
from .ir import Builder
from .mismatch import Mismatch, Value, want_bool
from .registry import BUILTINS
from .resolve import Resolved
from .source import Span
from .typed import Operations
from .types import COMPONENTS, Depends, Kind, Type
from .units import SYMBOLS, UnitError, parse_unit

MAX_NESTING = 220


class Lowerer:
    """Trees to typed nodes of one `Builder`, with what was found on the way."""

    def __init__(self, resolved: Resolved) -> None:
        self.resolved = resolved
        self.vocabulary = resolved.vocabulary
        self.builder = Builder()
        self.ops = Operations(self.builder, self.vocabulary)
        self.found: List[Diagnostic] = []
        self.warnings: List[Diagnostic] = []
        self.values: Dict[str, Optional[Value]] = {}
        self.scope: Dict[str, Optional[Value]] = {}
        self.lowered: Dict[int, Optional[Value]] = {}
        self.calls: Dict[Any, Optional[Value]] = {}
        self.nesting = 0

    def report(self, code: str, span: Span, message: str, **more: Any) -> None:
        """Note an error."""
        self.found.append(error(code, span, message, **more))

    def lower(self, expr: n.Expr) -> Optional[Value]:
        """The typed value of an expression; None, with a diagnostic, if it has none."""
        if not self.scope and id(expr) in self.lowered:
            return self.lowered[id(expr)]
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            fail(
                error(
                    "RW602",
                    expr.span,
                    f"functions nest the expression deeper than {MAX_NESTING} levels",
                    help="name parts of it",
                )
            )
        value = LOWER[type(expr)](self, expr)
        if value is not None and value.node >= 0:
            self.builder.place(value.node, expr.span)
        self.nesting -= 1
        if not self.scope:
            self.lowered[id(expr)] = value
        return value

    def guard(
        self, span: Span, parts: Sequence[Any], build: Callable[..., Value], *values: Any
    ) -> Optional[Value]:
        """`build(*values)`, its mismatch reported at the parts to blame; None if a value is None."""
        if any(v is None for v in values):
            return None
        try:
            return build(*values)
        except Mismatch as problem:
            labels = [
                Label(parts[i].span, text) for i, text in sorted(problem.sides.items()) if i < len(parts)
            ] or [Label(span)]
            help = problem.help_for([part.span.text for part in parts])
            self.found.append(Diagnostic(problem.code, problem.message, tuple(labels), help))
            return None
        finally:
            self._take_warnings(span)

    def _take_warnings(self, span: Span) -> None:
        for problem in self.ops.warnings:
            self.warnings.append(
                error(problem.code, span, problem.message, help=problem.help, severity="warning")
            )
        self.ops.warnings.clear()

    def _number(self, expr: n.Number) -> Optional[Value]:
        if expr.unit is None:
            return self.ops.number(expr.value)
        try:
            return self.ops.number(expr.value, parse_unit(expr.unit))
        except UnitError as problem:
            at = expr.span.text.index("[") + 1
            span = Span(expr.span.source, expr.span.start + at, expr.span.end - 1)
            help = did_you_mean(problem.symbol, SYMBOLS) if problem.symbol else ""
            self.report(
                "RW301",
                span,
                str(problem),
                help=help or f"units are {' '.join(SYMBOLS)}, their products, quotients and powers",
            )
            return None

    def _name(self, expr: n.Name) -> Optional[Value]:
        name = expr.id
        if name in self.scope:
            return self.scope[name]
        if name in self.values:
            return self.values[name]
        if name == "pi":
            return self.ops.number(math.pi)
        quantity = self.vocabulary.quantities.get(
            name
        )  # it may have the name of its own axis, and comes first
        if quantity is None:
            axis = self.vocabulary.groups.get(name) or self.vocabulary.axes.get(name)
            # neither: a param or definition that did not type
            return None if axis is None else Value(-1, Type(Kind.SELECTION, (axis,)), name)
        if name == "dt":
            return self.ops.seconds()
        depends = {"run": Depends.RUN, "model": Depends.MODEL}.get(quantity.kind, Depends.STATE)
        type = quantity.type.but(depends=depends)
        op = "run" if quantity.kind == "run" else "quantity"
        return Value(self.builder.add(op, (), type, (name,), name), type)

    def _component(self, expr: n.Component) -> Optional[Value]:
        base = self.lower(expr.base)
        if base is None:
            return None
        if expr.name not in ("x", "y", "z", *COMPONENTS):
            at = Span(expr.span.source, expr.span.end - len(expr.name), expr.span.end)
            help = "write `.x`, `.y`, `.z`, `.xy`, `.xz` or `.yz`" if base.type.vector else ""
            if base.type.kind is Kind.ROTATION:
                help = "`rotate(q, v)`, `yaw(q)` or `quat_error(p, q)` make numbers of a rotation"
            if expr.name in BUILTINS:
                help = f"write `{expr.name}({expr.base.span.text})`"
            self.report("RW210", at, f"there is no component `.{expr.name}`", help=help)
            return None
        return self.guard(expr.span, [expr.base], self.ops.component, base, expr.name)

    def _vector(self, expr: n.Vector) -> Optional[Value]:
        values = [self.lower(item) for item in expr.items]
        if not 2 <= len(values) <= 3:
            self.report(
                "RW211", expr.span, f"a vector has two or three components, this one has {len(values)}"
            )
            return None
        if any(v is None for v in values):
            return None
        return self.guard(expr.span, expr.items, self.ops.stack, values)

    def _minus(self, expr: n.Minus) -> Optional[Value]:
        return self.guard(expr.span, [expr.operand], self.ops.negative, self.lower(expr.operand))

    def _not(self, expr: n.Not) -> Optional[Value]:
        return self.guard(expr.operand.span, [expr.operand], self.ops.invert, self.lower(expr.operand))

    def _power(self, expr: n.Power) -> Optional[Value]:
        return self.guard(
            expr.span,
            [expr.base, expr.exponent],
            self.ops.power,
            self.lower(expr.base),
            self.lower(expr.exponent),
        )

    def _product(self, expr: n.Product) -> Optional[Value]:
        return self.fold(expr.factors, {"*": "mul", "/": "div"})

    def _sum(self, expr: n.Sum) -> Optional[Value]:
        return self.fold(expr.addends, {"+": "add", "-": "sub"})

    def fold(self, parts: Sequence[Tuple[str, n.Expr]], names: Dict[str, str]) -> Optional[Value]:
        """Parts joined from the left. The message names the part itself rather than all that stands before it."""
        values = [self.lower(part) for _, part in parts]
        total, sides = values[0], [parts[0][1]]
        for (operator, part), value in zip(parts[1:], values[1:]):
            if total is None or value is None:
                total = None
                continue
            earlier = next(
                (
                    s
                    for s, v in zip(sides, values)
                    if v is not None and v.type.unit is not None and v.type.kind is Kind.NUMBER
                ),
                sides[0],
            )
            total = self.guard(
                parts[0][1].span.over(part.span),
                [earlier, part],
                self.ops.binary,
                names[operator],
                total,
                value,
            )
            sides.append(part)
        return total

    def _compare(self, expr: n.Compare) -> Optional[Value]:
        values = [self.lower(operand) for operand in expr.operands]
        pairs = []
        for i, operator in enumerate(expr.operators):
            parts = expr.operands[i : i + 2]
            a, b = values[i], values[i + 1]
            pairs.append(
                None
                if a is None or b is None
                else self.guard(expr.span, parts, self.ops.compare, operator, a, b)
            )
        if any(p is None for p in pairs):
            return None
        return self.guard(expr.span, [expr], self.ops.logic, "and", pairs)

    def _logic(self, expr: n.Logic) -> Optional[Value]:
        values = [self.lower(operand) for operand in expr.operands]
        good = [
            self.guard(operand.span, [operand], self._want_bool, value, expr.operator)
            for operand, value in zip(expr.operands, values)
        ]
        if any(v is None for v in good):
            return None
        return self.guard(expr.span, expr.operands, self.ops.logic, expr.operator, good)

    def _want_bool(self, value: Value, operator: str) -> Value:
        want_bool(value, f"`{operator}`")
        return value

    def _named(self, expr: n.Named) -> Optional[Value]:
        self.report("RW405", expr.span, f"`as {expr.name}` names a term, and this is not one",
                                help="terms are the addends of a `reward`; `as` belongs to one product, so a comparison takes parentheses: `(a > b) as name`")  # fmt: skip
        return None

    def _string(self, expr: n.String) -> Value:
        return Value(-1, Type(Kind.STRING), expr.value)


LOWER: Dict[type, Callable[..., Optional[Value]]] = {
    n.Number: Lowerer._number, n.String: Lowerer._string, n.Name: Lowerer._name, n.Component: Lowerer._component,
    n.Select: select, n.Call: call, n.Vector: Lowerer._vector, n.Minus: Lowerer._minus, n.Not: Lowerer._not,
    n.Power: Lowerer._power, n.Product: Lowerer._product, n.Sum: Lowerer._sum, n.Named: Lowerer._named,
    n.Compare: Lowerer._compare, n.Logic: Lowerer._logic,
}  # fmt: skip
