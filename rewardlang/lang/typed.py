"""Typed operations: each checks its operands, adds a node, and gives its type. Spans are the caller's business."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple

from . import ranges
from .folding import CONSTANT, MAX_FLOAT32, fold
from .ir import Builder
from .mismatch import (
    Mismatch,
    Value,
    unify_axes,
    unify_frames,
    unify_units,
    want_bool,
    want_number,
    want_vector,
)
from .types import BOOL, FRAMES, Axis, Depends, Kind, Type, components, constant
from .units import ONE, RADIAN, SECOND, Unit
from .vocabulary import Vocabulary

COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
VERBS = {"add": "add", "sub": "subtract", "min": "compare", "max": "compare", "clip": "clip", "where": "choose between",
         "mod": "divide", "mul": "multiply", "div": "divide", "atan2": "take the angle of"}  # fmt: skip
SAME_UNIT = {"add", "sub", "min", "max", "clip", "where", "mod", "atan2"}


class Operations:
    """The operations of the language on typed values, building into one `Builder`."""

    def __init__(self, builder: Builder, vocabulary: Vocabulary) -> None:
        self.builder = builder
        self.vocabulary = vocabulary
        self.terminated: Optional[Value] = None  # once the terminations are known
        self.rows: Dict[int, Value] = {}  # a condition's node → on how many steps in a row it has held
        self.warnings: List[Mismatch] = []

    # leaves

    def number(self, value: float, unit: Optional[Unit] = None) -> Value:
        type = constant(value, unit)
        return Value(self.builder.add("const", (), type, (float(value),)), type)

    def seconds(self) -> Value:
        """The control period, s."""
        return self.number(self.vocabulary.dt, SECOND)

    # elementwise

    def as_number(self, x: Value) -> Value:
        """A number: a bool becomes 0 or 1."""
        want_number(x)
        if x.type.kind is Kind.BOOL:
            type = x.type.but(kind=Kind.NUMBER, unit=ONE, range=(0.0, 1.0))
            return Value(self.builder.add("float", (x.node,), type), type)
        return x

    def numbers(self, *values: Value, first: int = 0) -> Tuple[Value, ...]:
        """Operands as numbers; a mismatch names the one that is none, counted from `first`."""
        out = []
        for i, value in enumerate(values):
            try:
                out.append(self.as_number(value))
            except Mismatch as problem:
                kind = "".join(problem.sides.values())
                raise Mismatch(problem.code, problem.message, problem.help, {i + first: kind}) from None
        return tuple(out)

    def unary(self, op: str, x: Value, unit: Optional[Unit]) -> Value:
        """An elementwise function of one number whose result has `unit`."""
        x = self.as_number(x)
        return self._make(op, (x,), x.type.axes, unit, x.type.frames)

    def plain(self, op: str, x: Value, unit: Optional[Unit] = ONE) -> Value:
        """As `unary`, for a function that wants a number without a unit: another one is a warning."""
        x = self.as_number(x)
        if x.type.unit is None and x.type.depends is Depends.NOTHING:
            unit = None  # of a plain number it is one: `0.7/sqrt(-log(0.1))`
        elif x.type.unit is not None and not x.type.unit.is_one:
            self.warnings.append(Mismatch("RW310", f"`{op}` of a value in {x.type.unit}", "divide by a scale with that unit first",
                                          {0: str(x.type.unit)}))  # fmt: skip
        return self._make(op, (x,), x.type.axes, unit, x.type.frames)

    def binary(self, op: str, a: Value, b: Value) -> Value:
        """add, sub, mul, div, min, max, mod or atan2 of two numbers."""
        a, b = self.numbers(a, b)
        if op in ("div", "mod") and b.type.depends is Depends.NOTHING and b.type.range == (0.0, 0.0):
            raise Mismatch("RW501", "this divides by zero", sides={1: "0"})
        axes = unify_axes((a, b), VERBS[op])
        frames = unify_frames((a, b), VERBS[op])
        unit = unify_units((a, b), VERBS[op]) if op in SAME_UNIT else self._product_unit(op, a, b)
        return self._make(op, (a, b), axes, RADIAN if op == "atan2" else unit, frames)

    def fold(self, op: str, values: Sequence[Value]) -> Value:
        """Several values joined by one operation, from the left."""
        total = values[0]
        for value in values[1:]:
            total = self.binary(op, total, value)
        return self.as_number(total)

    def negative(self, x: Value) -> Value:
        x = self.as_number(x)
        return self._make("neg", (x,), x.type.axes, x.type.unit, x.type.frames)

    def clip(self, x: Value, lower: Optional[Value], upper: Optional[Value]) -> Value:
        if lower is None or upper is None:
            one = lower if upper is None else upper
            return x if one is None else self.binary("max" if upper is None else "min", x, one)
        values = self.numbers(x, lower, upper)
        axes, frames = unify_axes(values, "clip"), unify_frames(values, "clip")
        return self._make("clip", values, axes, unify_units(values, "clip"), frames)

    def power(self, base: Value, exponent: Value) -> Value:
        base, exponent = self.numbers(base, exponent)
        axes = unify_axes((base, exponent), "raise")
        if exponent.type.unit is not None and not exponent.type.unit.is_one:
            raise Mismatch(
                "RW303",
                f"an exponent has no unit, this one is in {exponent.type.unit}",
                sides={1: str(exponent.type.unit)},
            )
        unit, (low, high) = base.type.unit, exponent.type.range
        constant = exponent.type.depends is Depends.NOTHING and low == high and not exponent.type.axes
        if unit is not None and constant:
            unit = unit ** Fraction(low).limit_denominator(12)
        elif unit is not None and unit.is_one:
            unit = ONE
        elif unit is not None:
            raise Mismatch("RW303", f"a value in {unit} is raised to a power that is not a constant",
                           "divide it by a scale with its unit first", {0: str(unit), 1: "not a constant"})  # fmt: skip
        return self._make("pow", (base, exponent), axes, unit, base.type.frames)

    def compare(self, operator: str, a: Value, b: Value) -> Value:
        if not (a.type.kind is b.type.kind is Kind.BOOL and operator in ("==", "!=")):
            a, b = self.numbers(a, b)
        axes = unify_axes((a, b), "compare")
        unify_frames((a, b), "compare")
        unify_units((a, b), "compare")
        return self._bool(COMPARISONS[operator], (a, b), axes)

    def logic(self, op: str, values: Sequence[Value]) -> Value:
        for value in values:
            want_bool(value, f"`{op}`")
        total = values[0]
        for value in values[1:]:
            total = self._bool(op, (total, value), unify_axes((total, value), "combine"))
        return total

    def invert(self, x: Value) -> Value:
        want_bool(x, "`not`")
        return self._bool("not", (x,), x.type.axes)

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        want_bool(condition, "the condition of `where`")
        if a.type.kind is b.type.kind is Kind.BOOL:
            return self._bool("where", (condition, a, b), unify_axes((condition, a, b), "choose between"))
        if a.type.kind is b.type.kind is Kind.ROTATION:
            if a.type.turns != b.type.turns and all(a.type.turns + b.type.turns):
                raise Mismatch("RW306", "cannot choose between two rotations between different frames",
                               sides={1: "->".join(a.type.turns), 2: "->".join(b.type.turns)})  # fmt: skip
            type = a.type.but(
                axes=unify_axes((condition, a, b), "choose between"), depends=_depends((condition, a, b))
            )
            return Value(self.builder.add("where", (condition.node, a.node, b.node), type), type)
        a, b = self.numbers(a, b, first=1)
        axes = unify_axes((condition, a, b), "choose between")
        frames = unify_frames((a, b), "choose between")
        return self._make("where", (condition, a, b), axes, unify_units((a, b), "choose between"), frames)

    def known(self, x: Value, low: float, high: float, unit: Optional[Unit] = None) -> Value:
        """x, of which more is known than its operations say: its value is within low..high, in `unit`."""
        self.builder.narrow(x.node, low, high, unit)
        type = self.builder.nodes[x.node].type
        return Value(x.node, x.type.but(range=type.range, unit=unit))

    # axes

    def component(self, v: Value, letters: str) -> Value:
        """`v.x` (drops the component axis) or a swizzle such as `v.xy`."""
        axis = want_vector(v)
        if any(letter not in axis.elements for letter in letters):
            have = ", ".join(f".{e}" for e in axis.elements)
            raise Mismatch(
                "RW210", f"there is no `.{letters}` in a vector {v.type.axes_text()}", f"it has {have}"
            )
        picks = tuple(axis.elements.index(letter) for letter in letters)
        at = len(v.type.axes) - 1
        if len(letters) == 1:
            type = v.type.but(axes=v.type.axes[:-1], frames=FRAMES)
            return Value(self.builder.add("index", (v.node,), type, (at, picks[0])), type)
        type = v.type.but(axes=(*v.type.axes[:-1], components(letters)))
        return v if type == v.type else Value(self.builder.add("take", (v.node,), type, (at, picks)), type)

    def take(self, x: Value, at: int, names: Sequence[str], drop: bool) -> Value:
        """The elements `names` of the axis at position `at`; `drop` for a single one without its axis."""
        axis = x.type.axes[at]
        if tuple(names) == axis.elements and not drop:
            return x
        picks = tuple(axis.elements.index(name) for name in names)
        if drop:
            type = x.type.but(axes=x.type.axes[:at] + x.type.axes[at + 1 :])
            return Value(self.builder.add("index", (x.node,), type, (at, picks[0])), type)
        type = x.type.but(axes=(*x.type.axes[:at], Axis(axis.name, tuple(names)), *x.type.axes[at + 1 :]))
        return Value(self.builder.add("take", (x.node,), type, (at, picks)), type)

    def stack(self, items: Sequence[Value]) -> Value:
        """A vector from two or three numbers; one for each element of the axes that they have."""
        numbers = self.numbers(*items)
        for i, item in enumerate(numbers):
            if item.type.vector is not None:
                raise Mismatch("RW211", "a vector is not made of vectors", f"this part has the axes {item.type.axes_text()}",
                               {i: item.type.axes_text()})  # fmt: skip
        axes = unify_axes(numbers, "put in one vector")
        unit = unify_units(numbers, "put in one vector")
        low, high = numbers[0].type.range
        for item in numbers[1:]:
            low, high = ranges.join((low, high), item.type.range)
        type = Type(
            axes=(*axes, components("xyz"[: len(items)])),
            unit=unit,
            range=(low, high),
            depends=_depends(numbers),
        )
        return Value(self.builder.add("stack", [v.node for v in numbers], type), type)

    def reduce(self, op: str, x: Value, over: Optional[str] = None, mask: Optional[Value] = None) -> Value:
        """A reduction over all axes, or the one named `over`."""
        if op in ("any", "all"):
            want_bool(x, f"`{op}`")
        else:
            x = self.as_number(x)
        axes = x.type.axes
        if over is not None and over not in [axis.name for axis in axes]:
            have = f"it has {x.type.axes_text()}" if axes else "it is a single number"
            raise Mismatch("RW212", f"there is no axis `{over}` to reduce", have, {0: x.type.axes_text()})
        at = tuple(i for i, axis in enumerate(axes) if over is None or axis.name == over)
        rest = tuple(axis for i, axis in enumerate(axes) if i not in at)
        if mask is not None:
            return self._masked(op, x, mask, at, rest)
        if not at:
            return x
        count = 1
        for i in at:
            count *= len(axes[i])
        unit = x.type.unit
        if op == "var":
            unit = None if unit is None else unit**2
        if op == "prod":
            unit = None if unit is None else unit**count
        type = x.type.but(axes=rest, unit=unit, range=ranges.reduced(op, x.type.range, count),
                          frames=x.type.frames if rest and rest[-1].is_components else FRAMES)  # fmt: skip
        return Value(
            self.builder.add({"max": "amax", "min": "amin"}.get(op, op), (x.node,), type, (at,)), type
        )

    def _masked(self, op: str, x: Value, mask: Value, at: Tuple[int, ...], rest: Tuple[Axis, ...]) -> Value:
        want_bool(mask, "`where=`")
        if unify_axes((x, mask), "mask") != x.type.axes:
            raise Mismatch(
                "RW201",
                f"a mask {mask.type.axes_text()} for {x.type.axes_text()}",
                "the mask has an axis that is not there",
            )
        zero = self.number(0.0, x.type.unit)
        over = x.type.axes[at[0]].name if len(at) == 1 else None
        kept = self.reduce("sum", self.where(mask, x, zero), over)
        if op == "sum" or not at:
            return kept
        shared = [axis for axis in mask.type.axes if axis not in rest]
        count = self.as_number(mask)
        for axis in shared:
            count = self.reduce("sum", count, axis.name)
        others = 1  # a mask without one of the reduced axes counts for every element of it
        for i in at:
            others *= 1 if x.type.axes[i] in shared else len(x.type.axes[i])
        count = self.binary("mul", count, self.number(float(others)))
        average = self.binary("div", kept, self.binary("max", count, self.number(1.0)))
        return self.known(average, *ranges.join((0.0, 0.0), x.type.range), x.type.unit)

    def norm(self, x: Value) -> Value:
        """The 2-norm over the components if there are any, else over the only axis."""
        x = self.as_number(x)
        if not x.type.axes:
            return self.unary("abs", x, x.type.unit)
        at = self._vector_axis(x)
        rest = tuple(axis for i, axis in enumerate(x.type.axes) if i != at)
        type = x.type.but(
            axes=rest, frames=FRAMES, range=ranges.reduced("norm", x.type.range, len(x.type.axes[at]))
        )
        return Value(self.builder.add("norm", (x.node,), type, (at,)), type)

    def dot(self, a: Value, b: Value) -> Value:
        product = self.binary("mul", a, b)
        if not product.type.axes:
            return product
        return self.reduce("sum", product, product.type.axes[self._vector_axis(product)].name)

    def _vector_axis(self, x: Value) -> int:
        if x.type.vector is not None or len(x.type.axes) == 1:
            return len(x.type.axes) - 1
        raise Mismatch("RW213", f"over which axis of {x.type.axes_text()}?", "there are no components: use `sum(x^2, over=...)`",
                       {0: x.type.axes_text()})  # fmt: skip

    def _product_unit(self, op: str, a: Value, b: Value) -> Optional[Unit]:
        both_constant = a.type.depends is b.type.depends is Depends.NOTHING
        if (a.type.unit is None or b.type.unit is None) and not both_constant:
            return None
        if a.type.unit is None and b.type.unit is None:
            return None
        left, right = a.type.unit or ONE, b.type.unit or ONE
        return left * right if op == "mul" else left / right

    def _make(
        self,
        op: str,
        values: Sequence[Value],
        axes: Tuple[Axis, ...],
        unit: Optional[Unit],
        frames: FrozenSet[str],
    ) -> Value:
        bounds = [v.type.range for v in values]
        depends = _depends(values)
        known = all(low == high for low, high in bounds)  # not so for the sum of a literal vector
        if depends is Depends.NOTHING and not axes and op in CONSTANT and known:
            low = high = self._constant(op, [low for low, _ in bounds])
        else:
            low, high = ranges.of(op, bounds)
        vector = bool(axes) and axes[-1].is_components
        type = Type(Kind.NUMBER, axes, unit, frames if vector else FRAMES, range=(low, high), depends=depends)
        return Value(self.builder.add(op, [v.node for v in values], type), type)

    def _constant(self, op: str, values: Sequence[float]) -> float:
        """The value of an operation on constants, which must fit in float32."""
        value = fold(op, values)
        if math.isnan(value):
            raise Mismatch("RW501", "this constant is not defined", f"`{_written(op, values)}` has no value")
        if abs(value) > MAX_FLOAT32:
            raise Mismatch(
                "RW501",
                "this constant does not fit in float32",
                f"`{_written(op, values)}` is beyond {MAX_FLOAT32:.4g}",
            )
        return value

    def _bool(self, op: str, values: Sequence[Value], axes: Tuple[Axis, ...]) -> Value:
        type = BOOL.but(axes=axes, depends=_depends(values))
        return Value(self.builder.add(op, [v.node for v in values], type), type)


SIGNS = {"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "pow": "^"}


def _written(op: str, values: Sequence[float]) -> str:
    """An operation on numbers as it would be written."""
    texts = [f"{v:g}" for v in values]
    return SIGNS[op].join(texts) if op in SIGNS else f"{op}({', '.join(texts)})"


def _depends(values: Sequence[Value]) -> Depends:
    return max(v.type.depends for v in values)
