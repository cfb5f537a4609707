"""Resolved names → typed IR. Reports axes and kinds (RW2xx), units and frames (RW3xx), terms and params (RW4xx, RW5xx)."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from . import nodes as n
from .diagnostics import Diagnostic, Label, RewardError, did_you_mean, error, fail
from .ir import Builder, Cause, Node, Output, Param, Program, TooLarge
from .registry import BUILTINS, Parameter
from .resolve import Resolved
from .select import nothing, pick
from .source import Span
from .terms import collect_terms
from .typed import Mismatch, Operations, Value
from .types import BOOL, COMPONENTS, Depends, Kind, Type, frame_text
from .units import SYMBOLS, Unit, UnitError, parse_unit, show

MAX_NESTING = 220
# What of an argument a message underlines, by the code's kind.
ASPECTS = {"RW30": "unit", "RW31": "unit", "RW205": "kind", "RW206": "kind", "RW207": "kind", "RW208": "kind", "RW2": "axes"}


def check(resolved: Resolved) -> Tuple[Program, Tuple[Diagnostic, ...]]:
    """The typed program and the warnings. Raises RewardError with every error found."""
    checker = Checker(resolved)
    try:
        program = checker.run()
    except TooLarge as problem:
        fail(error("RW603", resolved.file.statements[-1].span, str(problem), help="name shared parts once, or split the file"))
    if checker.found:
        raise RewardError(checker.found)
    return program, tuple(checker.warnings)


class Checker:
    """Lowers trees to typed nodes. A part that does not type is None, and whatever uses it stays silent."""

    def __init__(self, resolved: Resolved) -> None:
        self.resolved = resolved
        self.vocabulary = resolved.vocabulary
        self.builder = Builder()
        self.ops = Operations(self.builder, self.vocabulary.dt)
        self.found: List[Diagnostic] = []
        self.warnings: List[Diagnostic] = []
        self.values: Dict[str, Optional[Value]] = {}
        self.params: Dict[str, Param] = {}
        self.scope: Dict[str, Optional[Value]] = {}
        self.lowered: Dict[int, Optional[Value]] = {}
        self.calls: Dict[Any, Optional[Value]] = {}
        self.nesting = 0

    def run(self) -> Program:
        out = self.resolved
        for param in out.params.values():
            self._param(param)
        for name in out.order:
            expr = out.expression_of(name)
            self.values[name] = self._outcome(name) if expr is None else self._definition(name, expr)
        terms, groups = collect_terms(self)
        causes = [Cause(c.name, self._node(self.values[c.name]), c.success) for c in out.causes.values()]
        metrics = [Output(m.name, self._scalar(m.value, f"the metric `{m.name}`")) for m in out.metrics.values()]
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
                self.found.append(error("RW406", s.bounds.span, "the range of a param is `[lo, hi]`"))
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
                self.found.append(error("RW302", item.span, f"a bound in {other} for a param {'in ' + str(unit) if unit else 'without a unit'}",
                                        help="the bounds take the unit of the value"))  # fmt: skip
        (low, _), (high, _) = bounds
        if low > high:
            self.found.append(error("RW502", s.bounds.span if s.bounds else s.span, f"the range [{low:g}, {high:g}] is empty", help="write the lower bound first"))
        elif not low <= value <= high:
            self.found.append(error("RW502", s.value.span, f"`{s.name}` = {value:g} is outside its range [{low:g}, {high:g}]"))
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
        self.found.append(error("RW406", expr.span, f"{what} is a number, with a sign and a unit if need be",
                                help="a definition, `name = ...`, may compute"))  # fmt: skip
        return None

    def _definition(self, name: str, expr: n.Expr) -> Optional[Value]:
        value = self.lower(expr)
        if name in self.resolved.causes:
            value = self._condition(expr, value, f"the termination `{name}`")
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
            self.found.append(error("RW205", expr.span, f"{what} wants a condition, this is a {value.type.kind.value}", help="compare it: `x > 0`"))
            return None
        if value.type.axes:
            self.found.append(error("RW220", expr.span, f"{what} is one condition, this has the axes {value.type.axes_text()}",
                                    under=value.type.axes_text(), help="use `any(...)` or `all(...)`"))  # fmt: skip
            return None
        return value

    def _outcome(self, name: str) -> Optional[Value]:
        """`terminated`, `alive` and `time_out`, from the causes."""
        limit = self.builder.add("quantity", (), BOOL, ("time_limit",), "time_limit")
        never = Value(self.builder.add("never", (limit,), BOOL), BOOL)
        chosen = [c.name for c in self.resolved.causes.values() if name != "alive" or not c.success]
        values = [self.values[c] for c in chosen]
        if any(v is None for v in values):
            return None
        over = self.ops.logic("or", [v for v in values if v is not None]) if values else never
        if name == "time_out":
            over = self.ops.logic("and", (Value(limit, BOOL), self.ops.invert(over)))
        value = self.ops.invert(over) if name == "alive" else over
        if not (name == "terminated" and len(chosen) == 1):
            self.builder.label(value.node, name, None)
        return value

    def _total(self, groups: Sequence[str]) -> Optional[int]:
        total = self.resolved.total
        if total is None:
            return None
        type = Type()
        self.lowered.clear()
        self.scope = {g: Value(self.builder.add("group", (), type, (g,), g), type) for g in groups}
        node = self._scalar(total.value, "`total`")
        self.scope = {}
        tracked = self._below([slot for slot in self.builder.slots if slot >= 0])
        if any(self.builder.nodes[i].op == "group" for i in tracked):
            self.found.append(error("RW411", total.span, "`total` remembers a group: no state operator works on one"))
        return node

    def _below(self, roots: Sequence[int]) -> set:
        seen, todo = set(), list(roots)
        while todo:
            i = todo.pop()
            if i not in seen:
                seen.add(i)
                todo += self.builder.nodes[i].args
        return seen

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
            help = "take a component (`.x`), or its `norm(...)` inside the kernel"
        elif axes.entities:
            help = f"`sum(...)` or `mean(...)` over {axes.entities[0].name}, around it or around the part that has the axis"
        return error("RW220", span, f"{what} is one number per environment, this has the axes {axes.axes_text()}",
                     under=axes.axes_text(), help=help)  # fmt: skip

    def _node(self, value: Optional[Value]) -> int:
        return -1 if value is None else value.node

    # expressions

    def lower(self, expr: n.Expr) -> Optional[Value]:
        """The typed value of an expression; None, with a diagnostic, if it has none."""
        if not self.scope and id(expr) in self.lowered:
            return self.lowered[id(expr)]
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            fail(error("RW602", expr.span, f"functions nest the expression deeper than {MAX_NESTING} levels", help="name parts of it"))
        value = LOWER[type(expr)](self, expr)
        self.nesting -= 1
        if not self.scope:
            self.lowered[id(expr)] = value
        return value

    def guard(self, span: Span, parts: Sequence[Any], build: Callable[..., Value], *values: Any) -> Optional[Value]:
        """`build(*values)`, its mismatch reported at the parts to blame; None if a value is None."""
        if any(v is None for v in values):
            return None
        try:
            return build(*values)
        except Mismatch as problem:
            labels = [Label(parts[i].span, text) for i, text in sorted(problem.sides.items()) if i < len(parts)] or [Label(span)]
            self.found.append(Diagnostic(problem.code, problem.message, tuple(labels), problem.help))
            return None
        finally:
            self._take_warnings(span)

    def _take_warnings(self, span: Span) -> None:
        for problem in self.ops.warnings:
            self.warnings.append(error(problem.code, span, problem.message, help=problem.help, severity="warning"))
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
            self.found.append(error("RW301", span, str(problem), help=help or f"units are {' '.join(SYMBOLS)}, their products, quotients and powers"))
            return None

    def _name(self, expr: n.Name) -> Optional[Value]:
        name = expr.id
        if name in self.scope:
            return self.scope[name]
        if name in self.values:
            return self.values[name]
        if name == "pi":
            return self.ops.number(math.pi)
        if name in self.vocabulary.groups:
            return Value(-1, Type(Kind.SELECTION, (self.vocabulary.groups[name],)), name)
        quantity = self.vocabulary.quantities.get(name)
        if quantity is None:
            return None  # a param or definition that did not type
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
            help = "write `.x`, `.y`, `.z`, `.xy`, `.xz` or `.yz`" if base.type.vector else did_you_mean(expr.name, BUILTINS)
            self.found.append(error("RW210", expr.span, f"there is no component `.{expr.name}`", help=help))
            return None
        return self.guard(expr.span, [expr.base], self.ops.component, base, expr.name)

    def _select(self, expr: n.Select) -> Optional[Value]:
        base = self.lower(expr.base)
        if base is None:
            return None
        if not base.type.entities or base.type.kind in (Kind.SELECTION, Kind.STRING):
            self.found.append(error("RW222", expr.base.span, f"{base.type.axes_text()} has no elements to select from", under=base.type.axes_text(),
                                    help="components are taken with `.x`" if base.type.vector else ""))  # fmt: skip
            return None
        if all(isinstance(item, n.String) for item in expr.items):
            return self._select_patterns(base, [item for item in expr.items if isinstance(item, n.String)])
        if len(expr.items) == 1:
            selection = self.lower(expr.items[0])
            if selection is None:
                return None
            if selection.type.kind is Kind.SELECTION:
                return self._select_with(expr, base, selection)
        names = base.type.entities[0].elements
        self.found.append(error("RW222", expr.items[0].span, "elements are selected by patterns or by a selection",
                                help=f'e.g. `x["{names[0]}"]` or `x["*_{names[-1].split("_")[-1]}"]`'))  # fmt: skip
        return None

    def _select_patterns(self, base: Value, patterns: Sequence[n.String]) -> Optional[Value]:
        axes = base.type.entities
        at = next((i for i, axis in enumerate(axes) if any(not pick(axis, [p])[2] for p in patterns)), None)
        if at is None:
            self.found += [nothing(p, axes) for p in patterns]
            return None
        names, drop, problems = pick(axes[at], patterns)
        self.found += problems
        return None if problems else self.ops.take(base, at, names, drop)

    def _select_with(self, expr: n.Select, base: Value, selection: Value) -> Optional[Value]:
        wanted = selection.type.axes[0]
        at = next((i for i, axis in enumerate(base.type.entities) if axis.name == wanted.name), None)
        if at is None:
            self.found.append(error("RW223", expr.items[0].span, f"a selection of {wanted.name} for a value with the axes {base.type.axes_text()}",
                                    under=f"of {wanted.name}", others=(Label(expr.base.span, base.type.axes_text()),)))  # fmt: skip
            return None
        missing = [name for name in wanted.elements if name not in base.type.axes[at].elements]
        if missing:
            self.found.append(error("RW223", expr.items[0].span, f"{', '.join(missing[:3])} {'is' if len(missing) == 1 else 'are'} not among the selected {wanted.name}",
                                    help=f"the value has {', '.join(base.type.axes[at].elements[:6])}"))  # fmt: skip
            return None
        return self.ops.take(base, at, wanted.elements, selection.drop)

    def _call(self, expr: n.Call) -> Optional[Value]:
        if expr.function in self.vocabulary.axes:
            return self._selection(expr)
        if expr.function in self.resolved.functions:
            return self._call_function(expr, self.resolved.functions[expr.function])
        return self._call_builtin(expr)

    def _selection(self, expr: n.Call) -> Optional[Value]:
        axis = self.vocabulary.axes[expr.function]
        patterns = [a for a in expr.arguments if isinstance(a, n.String)]
        if not patterns or len(patterns) != len(expr.arguments) or expr.keywords or expr.rows:
            self.found.append(error("RW222", expr.span, f"`{axis.name}(...)` wants patterns", help=f'e.g. `{axis.name}("{axis.elements[-1]}")`'))
            return None
        names, drop, problems = pick(axis, patterns)
        self.found += problems
        if problems:
            return None
        return Value(-1, Type(Kind.SELECTION, (axis if names == axis.elements else _narrow(axis, names),)), expr.span.text, drop)

    def _call_function(self, expr: n.Call, function: n.Function) -> Optional[Value]:
        values = dict(zip(function.parameters, [self.lower(a) for a in expr.arguments]))
        values.update({k.name: self.lower(k.value) for k in expr.keywords})
        if any(v is None for v in values.values()):
            return None
        key = (function.name, tuple((name, values[name]) for name in function.parameters))
        if key in self.calls:
            return self.calls[key]
        outer, self.scope = self.scope, dict(values) or {"": None}
        before = len(self.found)
        value = self.lower(function.body)
        self.scope = outer
        for i in range(before, len(self.found)):  # an error in the body also shows the call that led to it
            d = self.found[i]
            self.found[i] = Diagnostic(d.code, d.message, (*d.labels, Label(expr.span, "called here")), d.help)
        self.calls[key] = value
        return value

    def _call_builtin(self, expr: n.Call) -> Optional[Value]:
        builtin = BUILTINS[expr.function]
        if expr.rows:
            self.found.append(error("RW224", expr.rows[0].span, f"`{builtin.name}` takes no rows", help=f"its form is `{builtin.form}`"))
            return None
        given: Dict[str, Any] = {}
        variadic = next((p.name for p in builtin.parameters if p.variadic), None)
        if variadic is not None:
            given[variadic] = list(expr.arguments)
        else:
            given.update(zip([p.name for p in builtin.parameters], expr.arguments))
        given.update({k.name: k.value for k in expr.keywords})
        values: List[Any] = [self._argument(p, given.get(p.name)) for p in builtin.parameters]
        flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
        if any(v is MISSING for v in flat):
            return None
        key = (builtin.name, tuple(values))
        if key not in self.calls:
            try:
                self.calls[key] = builtin.build(self.ops, *values)
            except Mismatch as problem:
                parts = [e for p in builtin.parameters for e in _flatten(given.get(p.name))]
                self.found.append(self._argument_error(expr, problem, parts))
                return None
            self._take_warnings(expr.span)
        return self.calls[key]

    def _argument(self, parameter: Parameter, expr: Any) -> Any:
        if parameter.variadic:
            return tuple(MISSING if v is None else v for v in (self.lower(e) for e in expr))
        if expr is None:
            return None
        if parameter.axis:
            if isinstance(expr, n.Name):
                return expr.id
            self.found.append(error("RW212", expr.span, f"`{parameter.name}=` wants the name of an axis", help="e.g. `over=joints`"))
            return MISSING
        value = self.lower(expr)
        return MISSING if value is None else value

    def _argument_error(self, expr: n.Call, problem: Mismatch, parts: Sequence[n.Expr]) -> Diagnostic:
        aspect = next(aspect for prefix, aspect in ASPECTS.items() if problem.code.startswith(prefix))
        labels = []
        for part in parts:
            value = self.lower(part) if not (isinstance(part, n.Name) and part.id in COMPONENTS + tuple(self.vocabulary.axes)) else None
            text = "" if value is None else _aspect(value.type, aspect)
            if text:
                labels.append(Label(part.span, text))
        labels = labels[:1] if len(problem.sides) == 1 and 0 in problem.sides and labels else labels
        return Diagnostic(problem.code, f"in `{expr.function}`: {problem.message}" if len(labels) > 1 else problem.message,
                          tuple(labels) or (Label(expr.span),), problem.help)  # fmt: skip

    def _vector(self, expr: n.Vector) -> Optional[Value]:
        values = [self.lower(item) for item in expr.items]
        if not 2 <= len(values) <= 3:
            self.found.append(error("RW211", expr.span, f"a vector has two or three components, this one has {len(values)}"))
            return None
        if any(v is None for v in values):
            return None
        return self.guard(expr.span, expr.items, self.ops.stack, values)

    def _minus(self, expr: n.Minus) -> Optional[Value]:
        return self.guard(expr.span, [expr.operand], self.ops.negative, self.lower(expr.operand))

    def _not(self, expr: n.Not) -> Optional[Value]:
        return self.guard(expr.operand.span, [expr.operand], self.ops.invert, self.lower(expr.operand))

    def _power(self, expr: n.Power) -> Optional[Value]:
        return self.guard(expr.span, [expr.base, expr.exponent], self.ops.power, self.lower(expr.base), self.lower(expr.exponent))

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
            earlier = next((s for s, v in zip(sides, values) if v is not None and v.type.unit is not None and v.type.kind is Kind.NUMBER), sides[0])
            total = self.guard(part.span, [earlier, part], self.ops.binary, names[operator], total, value)
            sides.append(part)
        return total

    def _compare(self, expr: n.Compare) -> Optional[Value]:
        values = [self.lower(operand) for operand in expr.operands]
        pairs = []
        for i, operator in enumerate(expr.operators):
            parts = expr.operands[i : i + 2]
            a, b = values[i], values[i + 1]
            pairs.append(None if a is None or b is None else self.guard(expr.span, parts, self.ops.compare, operator, a, b))
        if any(p is None for p in pairs):
            return None
        return self.guard(expr.span, [expr], self.ops.logic, "and", pairs)

    def _logic(self, expr: n.Logic) -> Optional[Value]:
        values = [self.lower(operand) for operand in expr.operands]
        good = [self.guard(operand.span, [operand], self._want_bool, value, expr.operator) for operand, value in zip(expr.operands, values)]
        if any(v is None for v in good):
            return None
        return self.guard(expr.span, expr.operands, self.ops.logic, expr.operator, good)

    def _want_bool(self, value: Value, operator: str) -> Value:
        self.ops.want_bool(value, f"`{operator}`")
        return value

    def _named(self, expr: n.Named) -> Optional[Value]:
        self.found.append(error("RW405", expr.span, f"`as {expr.name}` names a term, and this is not one",
                                help="terms are the addends of a `reward`; a definition is `name = ...` on a line of its own"))  # fmt: skip
        return None

    def _string(self, expr: n.String) -> Value:
        return Value(-1, Type(Kind.STRING), expr.value)

    def nodes(self) -> List[Node]:
        return self.builder.nodes


MISSING = object()
LOWER: Dict[type, Callable[..., Optional[Value]]] = {
    n.Number: Checker._number, n.String: Checker._string, n.Name: Checker._name, n.Component: Checker._component,
    n.Select: Checker._select, n.Call: Checker._call, n.Vector: Checker._vector, n.Minus: Checker._minus, n.Not: Checker._not,
    n.Power: Checker._power, n.Product: Checker._product, n.Sum: Checker._sum, n.Named: Checker._named, n.Compare: Checker._compare,
    n.Logic: Checker._logic,
}  # fmt: skip


def _narrow(axis: Any, names: Tuple[str, ...]) -> Any:
    return type(axis)(axis.name, names)


def _flatten(given: Any) -> List[n.Expr]:
    return [] if given is None else list(given) if isinstance(given, list) else [given]


def _aspect(type: Type, aspect: str) -> str:
    if aspect == "kind":
        return type.kind.value
    if aspect == "axes":
        return type.axes_text()
    frame = frame_text(type.frames) if type.vector is not None else ""
    return " ".join(filter(None, [show(type.unit), f"{frame} frame" if frame else "", "->".join(type.turns) if type.kind is Kind.ROTATION else ""]))
