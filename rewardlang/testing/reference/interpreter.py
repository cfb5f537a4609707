"""A slow second opinion: one environment at a time, float64, straight from the syntax tree and the language's reference.

It shares the parser and the task's vocabulary with the compiler and nothing else: no typing, no optimizer, no emitted code.
Every occurrence of a state operator keeps a memory of its own, which must give what the compiler's shared slots give.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple, Union

import numpy as np

from ...lang import nodes as n
from ...lang.source import Source, Span
from ...lang.syntax import parse_expression, parse_text
from ...lang.vocabulary import Vocabulary
from . import arrays as a
from .arrays import Selection, V, align, elementwise, number, on_numbers, scalar, widest
from .functions import FUNCTIONS
from .mirror import image, side
from .state import STATEFUL, Memory

COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
RUN = ("epoch", "frames", "progress", "dt")


class Reference:
    """A spec for one environment. `reset(quantities)` starts an episode, `step(quantities)` gives what a step pays."""

    def __init__(self, text: Union[str, n.File], vocabulary: Vocabulary, gamma: float = 0.99) -> None:
        self.vocabulary = vocabulary
        self.dt, self.gamma = vocabulary.dt, gamma
        self.values: Dict[str, n.Expr] = {}
        self.functions: Dict[str, n.Function] = {}
        self.params: Dict[str, float] = {}
        self.globals = {"epoch": 0.0, "frames": 0.0, "progress": 0.0, "dt": vocabulary.dt}
        self.groups: Dict[str, List[n.Reward]] = {}
        self.total: Optional[n.Expr] = None
        self.causes: Dict[str, Tuple[n.Expr, bool]] = {}
        self.metrics: Dict[str, n.Expr] = {}
        self.weights: Dict[str, n.Expr] = {}
        self.dropped: List[str] = []
        self.memory: Dict[Any, V] = {}
        for name, span in vocabulary.terminations:
            self.causes[name] = (parse_expression(span), False)
        for quantity in vocabulary.quantities.values():
            if quantity.definition:
                source = Source("q", quantity.definition)
                self.values[quantity.name] = parse_expression(Span(source, 0, len(source.text)))
        self.observations = [parse_expression(span) for span in vocabulary.observations]
        for statement in (parse_text(text) if isinstance(text, str) else text).statements:
            self._read(statement)
        self.terms = [term for group in self.groups for term in self._terms(group)]
        self.terms = [term for term in self.terms if term[0] not in self.dropped]

    def _read(self, s: n.Statement) -> None:
        if isinstance(s, n.Definition):
            self.values[s.name] = s.value
        elif isinstance(s, n.Function):
            self.functions[s.name] = s
        elif isinstance(s, n.Param):
            self.params[s.name] = float(self._constant(s.value))
        elif isinstance(s, n.Reward):
            self.groups.setdefault(s.group, []).append(s)
        elif isinstance(s, n.Total):
            self.total = s.value
        elif isinstance(s, n.Terminate):
            self.causes[s.name] = (s.condition, s.success)
        elif isinstance(s, n.Metric):
            self.metrics[s.name] = s.value
        elif isinstance(s, n.Weight):
            self.weights[s.name] = s.value
        elif isinstance(s, n.Drop):
            kept: Dict[str, Dict[str, Any]] = {"terminate": self.causes, "metric": self.metrics}
            kept.get(s.what, {}).pop(s.name, None)
            self.dropped += [s.name] if s.what == "term" else []

    def _constant(self, expr: Any) -> float:
        return -self._constant(expr.operand) if isinstance(expr, n.Minus) else expr.value

    # terms: (name or "", group, per second, weight factors, value factors); a factor is (exponent, expression)

    def _terms(self, group: str) -> Iterator[Tuple[str, str, bool, list, list]]:
        per_second = self.groups[group][0].per_second
        for statement in self.groups[group]:
            for name, sign, factors in self._addends(statement.value, 1.0, []):
                weight = [
                    (1, n.Number(statement.span, sign)),
                    *[f for f in factors if not self._varies(f[1])],
                ]
                value = [f for f in factors if self._varies(f[1])]
                bare = len(value) == 1 and value[0][0] == 1 and isinstance(value[0][1], n.Name)
                yield name or (value[0][1].id if bare else ""), group, per_second, weight, value

    def _addends(self, expr: n.Expr, sign: float, outer: list) -> Iterator[Tuple[str, float, list]]:
        if isinstance(expr, n.Sum):
            for operator, addend in expr.addends:
                yield from self._addends(addend, sign if operator == "+" else -sign, outer)
        elif isinstance(expr, n.Minus):
            yield from self._addends(expr.operand, -sign, outer)
        elif isinstance(expr, n.Named):
            yield expr.name, sign, outer + self._factors(expr.value)
        else:
            factors = self._factors(expr)
            sums = [(k, f) for k, f in factors if k == 1 and isinstance(_unsigned(f), n.Sum)]
            if isinstance(expr, n.Product) and len(sums) == 1 and self._all_vary(_unsigned(sums[0][1])):
                rest = [f for f in factors if f[1] is not sums[0][1]]
                yield from self._addends(sums[0][1], sign, outer + rest)
            else:
                yield "", sign, outer + factors

    def _factors(self, expr: n.Expr) -> list:
        if isinstance(expr, n.Minus):
            return [(1, n.Number(expr.span, -1.0)), *self._factors(expr.operand)]
        if not isinstance(expr, n.Product):
            return [(1, expr)]
        out = []
        for operator, factor in expr.factors:
            power = 1 if operator == "*" else -1
            inner = self._factors(factor) if isinstance(factor, (n.Product, n.Minus)) else [(1, factor)]
            out += [(power * p, f) for p, f in inner]
        return out

    def _all_vary(self, expr: n.Expr) -> bool:
        parts = [part.value if isinstance(part, n.Named) else part for _, part in expr.addends]  # type: ignore[union-attr]
        return all(
            self._all_vary(_unsigned(p)) if isinstance(_unsigned(p), n.Sum) else self._varies(p)
            for p in parts
        )

    def _varies(self, expr: Any, names: Tuple[str, ...] = ()) -> bool:
        """Whether the robot or its state can change an expression: it reads a quantity, selects or remembers."""
        if isinstance(expr, n.Select):
            return self._varies(expr.base, names)
        if isinstance(expr, n.Name):
            if expr.id in names or expr.id in self.params or expr.id in RUN or expr.id == "pi":
                return False
            return expr.id not in self.values or self._varies(self.values[expr.id])
        if isinstance(expr, n.Call):
            if expr.function == "table":
                return False
            parts = [*expr.arguments, *(k.value for k in expr.keywords if k.name != "over")]
            if any(self._varies(p, names) for p in parts) or expr.function in STATEFUL:
                return True
            function = self.functions.get(expr.function)
            return (
                expr.function == "phase"
                or function is not None
                and self._varies(function.body, function.parameters)
            )
        return any(self._varies(child, names) for child in n.children(expr))

    # a step

    def reset(self, quantities: Mapping[str, np.ndarray]) -> np.ndarray:
        """Forget everything and start from the reset state. The observations [O]."""
        self.memory.clear()
        self._begin(quantities, True)
        for _, _, _, _, value in self.terms:
            self._product(value)
        for name in self.causes:
            self._named(name)
        for expr in self.metrics.values():
            self.eval(expr)
        if self.total is not None:
            self._sum_groups({group: 0.0 for group in self.groups})
        return self._observe()

    def step(self, quantities: Mapping[str, np.ndarray]) -> Dict[str, Any]:
        self._begin(quantities, False)
        values, paid, bad = [], [], []
        groups = {group: 0.0 for group in self.groups}
        for name, group, per_second, weight, value in self.terms:
            raw = float(self._product(value).data)
            factor = (
                float(number(self.eval(self.weights[name])).data)
                if name in self.weights
                else float(self._product(weight).data)
            )
            contribution = raw * factor * (self.dt if per_second else 1.0)
            bad.append(not math.isfinite(contribution))
            values.append(raw)
            paid.append(contribution if math.isfinite(contribution) else 0.0)
            groups[group] += paid[-1]
        reward = self._sum_groups(groups) if self.total is not None else sum(paid)
        causes = {name: bool(self._named(name).data) for name in self.causes}
        metrics = {name: float(number(self.eval(expr)).data) for name, expr in self.metrics.items()}
        outcome = {name: bool(self._outcome(name).data) for name in ("terminated", "time_out")}
        return {"reward": reward if math.isfinite(reward) else 0.0, "paid": paid, "values": values, "bad": bad, "causes": causes,
                "metrics": metrics, "observations": self._observe(), **outcome}  # fmt: skip

    def _begin(self, quantities: Mapping[str, np.ndarray], at_reset: bool) -> None:
        self.quantities, self.at_reset = quantities, at_reset
        self.known: Dict[Any, V] = {}
        self.scope: Dict[str, Any] = {}
        self.path: Tuple[Any, ...] = ()
        self.mirrored = False

    def _product(self, factors: list) -> V:
        total = scalar(1.0)
        for power, factor in factors:
            total = on_numbers(np.multiply if power == 1 else np.divide, total, self.eval(factor))
        return total

    def _sum_groups(self, groups: Mapping[str, float]) -> float:
        self.scope = {name: scalar(value) for name, value in groups.items()}
        value = float(number(self.eval(self.total)).data)
        self.scope = {}
        return value

    def _observe(self) -> np.ndarray:
        return np.concatenate(
            [np.zeros(0), *(number(self.eval(e)).data.reshape(-1) for e in self.observations)]
        )

    def _outcome(self, name: str) -> V:
        over = any(
            [
                bool(self._named(c).data)
                for c, (_, success) in self.causes.items()
                if name != "alive" or not success
            ]
        )
        if name == "time_out":
            return scalar(bool(self.quantities["time_limit"]) and not over)
        return scalar(not over if name == "alive" else over)

    # expressions

    def eval(self, expr: Any) -> Any:
        return EVAL[type(expr)](self, expr)

    def _name(self, expr: n.Name) -> Any:
        if expr.id not in self.scope:
            return self._named(expr.id)
        found = self.scope[expr.id]
        return self._inside(*found) if isinstance(found, tuple) else found

    def _inside(self, expr: n.Expr, scope: Dict[str, Any], path: Tuple[Any, ...]) -> Any:
        """An expression's value where other names hold; `path` tells the memories of one place from those of another."""
        outer = self.scope, self.path
        self.scope, self.path = scope, path
        value = self.eval(expr)
        self.scope, self.path = outer
        return value

    def _named(self, name: str) -> Any:
        key = name, self.mirrored
        if key not in self.known:
            outer = self.scope, self.path
            self.scope, self.path = {}, (-1,)
            self.known[key] = self._lookup(name)
            self.scope, self.path = outer
        return self.known[key]

    def _lookup(self, name: str) -> Any:
        if name in ("terminated", "time_out", "alive"):
            return self._outcome(name)
        if name in self.causes:
            return self.eval(self.causes[name][0])
        if name in self.values:
            return self.eval(self.values[name])
        if name == "pi" or name in self.params or name in self.globals:
            return scalar({"pi": math.pi, **self.params, **self.globals}[name])
        if name in self.vocabulary.groups:
            axis = self.vocabulary.groups[name]
            return Selection(axis.name, axis.elements, False)
        if name in self.vocabulary.axes:
            return Selection(name, self.vocabulary.axes[name].elements, False)
        quantity = self.vocabulary.quantities[name]
        axes = tuple((axis.name, axis.elements) for axis in quantity.type.axes)
        data = np.asarray(self.quantities[name])
        value = (
            V(a.matrix(data), axes, True)
            if quantity.type.kind.value == "rotation"
            else V(data if data.dtype == bool else data.astype(float), axes)
        )
        return image(self.vocabulary, quantity, value) if self.mirrored else value

    def _component(self, expr: n.Component) -> V:
        v = self.eval(expr.base)
        picked = a.take(v, v.axes[-1][0], expr.name, len(expr.name) == 1)
        if len(expr.name) == 1:
            return picked
        return V(picked.data, (*v.axes[:-1], (expr.name, tuple(expr.name))))

    def _select(self, expr: n.Select) -> V:
        v = self.eval(expr.base)
        if isinstance(expr.items[0], n.String):
            patterns = [str(item.value) for item in expr.items]  # type: ignore[union-attr]
            axis, names = next(
                (x, c) for x, elements in v.entities for c in [a.choose(patterns, elements)] if c
            )
            return a.take(v, axis, names, a.single(patterns))
        selection = self.eval(expr.items[0])
        return a.take(v, selection.axis, selection.names, selection.drop)

    def _call(self, expr: n.Call) -> Any:
        if expr.function in self.vocabulary.axes:
            patterns = [str(item.value) for item in expr.arguments]  # type: ignore[union-attr]
            names = a.choose(patterns, self.vocabulary.axes[expr.function].elements)
            return Selection(expr.function, names, a.single(patterns))
        if expr.function == "table":
            return self._table(expr)
        if expr.function == "mirror":
            self.mirrored = not self.mirrored
            value = self.eval(expr.arguments[0])
            self.mirrored = not self.mirrored
            return value
        if (
            expr.function in self.functions
        ):  # a macro: what a parameter stands for is reckoned where it is read
            function = self.functions[expr.function]
            given = [*zip(function.parameters, expr.arguments), *((k.name, k.value) for k in expr.keywords)]
            scope = {name: (argument, self.scope, self.path) for name, argument in given}
            return self._inside(function.body, scope, (*self.path, id(expr)))
        values = [self.eval(argument) for argument in expr.arguments]
        named = {k.name: k.value.id if k.name == "over" else self.eval(k.value) for k in expr.keywords}  # type: ignore[union-attr]
        if expr.function in ("left", "right"):
            return side(self.vocabulary, values[0], ("left", "right").index(expr.function))
        if expr.function == "phase":
            turns = on_numbers(np.divide, self._named("episode_time"), values[0])
            return on_numbers(lambda t, offset: (t + offset) % 1, turns, values[1])
        if expr.function in STATEFUL:
            memory = Memory(self, (*self.path, id(expr), self.mirrored))
            return STATEFUL[expr.function](memory, *values, **named)
        return FUNCTIONS[expr.function](*values, **named)

    def _table(self, expr: n.Call) -> V:
        over = self.eval(expr.arguments[0])
        rows = [(row.pattern, float(self.eval(row.value).data)) for row in expr.rows]
        first = lambda name: next(value for pattern, value in rows if a.choose([pattern], [name]))
        return V(np.array([first(name) for name in over.names]), ((over.axis, tuple(over.names)),))

    def _vector(self, expr: n.Vector) -> V:
        letters = "xyz"[: len(expr.items)]
        parts = [number(self.eval(item)) for item in expr.items]
        axes = widest(*parts)
        shape = tuple(len(names) for _, names in axes)
        data = [np.broadcast_to(align(part, axes), shape) for part in parts]
        return V(np.stack(data, -1), (*axes, (letters, tuple(letters))))

    def _compare(self, expr: n.Compare) -> V:
        values = [self.eval(operand) for operand in expr.operands]
        pairs = [on_numbers(COMPARE[op], x, y) for op, x, y in zip(expr.operators, values, values[1:])]
        return _join(np.logical_and, pairs)

    def _join_with(self, steps: Any, functions: Dict[str, Callable]) -> V:
        total = self.eval(steps[0][1])
        for operator, part in steps[1:]:
            total = on_numbers(functions[operator], total, self.eval(part))
        return total


def _unsigned(expr: n.Expr) -> n.Expr:
    return _unsigned(expr.operand) if isinstance(expr, n.Minus) else expr


def _join(function: Callable, values: List[V]) -> V:
    total = values[0]
    for value in values[1:]:
        total = elementwise(function, total, value)
    return total


EVAL: Dict[type, Callable[[Reference, Any], Any]] = {
    n.Number: lambda r, e: scalar(e.value), n.String: lambda r, e: e.value, n.Name: Reference._name, n.Component: Reference._component, n.Select: Reference._select,
    n.Call: Reference._call, n.Vector: Reference._vector, n.Compare: Reference._compare,
    n.Minus: lambda r, e: on_numbers(np.negative, r.eval(e.operand)),
    n.Not: lambda r, e: elementwise(np.logical_not, r.eval(e.operand)),
    n.Power: lambda r, e: on_numbers(np.power, r.eval(e.base), r.eval(e.exponent)),
    n.Product: lambda r, e: r._join_with(e.factors, {"*": np.multiply, "/": np.divide}),
    n.Sum: lambda r, e: r._join_with(e.addends, {"+": np.add, "-": np.subtract}),
    n.Logic: lambda r, e: _join(np.logical_and if e.operator == "and" else np.logical_or, [r.eval(o) for o in e.operands]),
}  # fmt: skip
