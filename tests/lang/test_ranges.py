"""Ranges: the interval of an operation holds the value for every argument within the arguments' intervals."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import rewardlang
from rewardlang.lang import ranges
from rewardlang.lang.folding import CONSTANT, fold
from rewardlang.reward import Reward

from . import generate
from .states import sequence

ENDS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 2.0, -0.5, math.inf, -math.inf]),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(-3, 3),
)
INTERVALS = (
    st.tuples(ENDS, ENDS)
    .map(lambda ends: (min(ends), max(ends)))
    .filter(lambda i: i[0] < math.inf and i[1] > -math.inf)
)
ARGUMENTS = {
    "pow": 2,
    "add": 2,
    "sub": 2,
    "mul": 2,
    "div": 2,
    "min": 2,
    "max": 2,
    "mod": 2,
    "atan2": 2,
    "clip": 3,
    "where": 3,
}
OPS = [op for op in ranges.RULES if op in CONSTANT]


def inside(interval: Tuple[float, float], share: float) -> float:
    """A number of an interval, its ends among them."""
    low, high = max(interval[0], -1e12), min(interval[1], 1e12)
    return min(max(low + share * (high - low), low), high)


def holds(interval: Tuple[float, float], value: float) -> bool:
    if math.isinf(value):
        return value in interval
    slack = 1e-9 * max(1.0, abs(value))
    return math.isnan(value) or interval[0] - slack <= value <= interval[1] + slack


@pytest.mark.parametrize("op", OPS)
def test_operations(op: str) -> None:
    count = ARGUMENTS.get(op, 1)

    @settings(max_examples=80)
    @given(
        st.lists(INTERVALS, min_size=count, max_size=count),
        st.lists(st.sampled_from([0.0, 0.01, 0.3, 0.5, 0.77, 1.0]), min_size=count, max_size=count),
    )
    def check(intervals: list, shares: list) -> None:
        if op == "pow" and shares[1] < 0.5:  # most exponents are constants
            intervals[1] = (float(round(inside(intervals[1], 0.5) % 5)) - 1,) * 2
        if op == "where":
            intervals[0] = (0.0, 1.0)
        found = ranges.of(op, intervals)
        assert found[0] <= found[1] and not any(map(math.isnan, found))
        values = [inside(i, s) for i, s in zip(intervals, shares)]
        if op == "clip" and values[1] > values[2]:
            return
        assert holds(found, fold(op, values)), (op, intervals, values, found)

    check()


@pytest.mark.parametrize("op", ["sum", "mean", "max", "min", "prod", "var", "std", "norm"])
def test_reductions(op: str) -> None:
    functions = {"norm": lambda x: np.sqrt((x * x).sum())}

    @settings(max_examples=60)
    @given(INTERVALS, st.lists(st.floats(0, 1), min_size=1, max_size=5))
    def check(interval: Tuple[float, float], shares: list) -> None:
        values = np.array([inside(interval, s) for s in shares])
        with np.errstate(all="ignore"):
            value = float(functions.get(op, getattr(np, op, None))(values))
        assert holds(ranges.reduced(op, interval, len(values)), value), (op, interval, values)

    check()


@settings(max_examples=25)
@given(generate.spec(), st.integers(0, 100))
def test_values_of_generated_terms(text: str, seed: int) -> None:
    """The range that the table shows for a term's value holds every value that it takes."""
    program = rewardlang.compile(text)
    reward = Reward(program, 32, dtype=torch.float64)
    table = program.table()
    known = {q.name: q.type.range for q in program.vocabulary.quantities.values()}
    for at, moment in enumerate(sequence(program.vocabulary, 32, 4, seed)):
        if any(bool((moment.reached[name] < low).any() or (moment.reached[name] > high).any())
               for name, (low, high) in known.items() if name in moment.reached and not moment.reached[name].dtype == torch.bool):  # fmt: skip
            raise AssertionError("a state that the vocabulary rules out promises nothing")
        if at and reward.seeded:
            values = reward.step(moment.reached).values
            for i, row in enumerate(table):
                low, high = row["range"]
                for value in (float(values[:, i].min()), float(values[:, i].max())):
                    assert holds((low, high), value), (row["term"], row["value"], row["range"], value)
        reward.reset(moment.after, moment.reset)


def test_the_sum_of_a_literal_vector_is_no_point() -> None:
    """Its interval holds more than its value: arithmetic on it must not take an end for the value."""
    program = rewardlang.compile(
        "v = sum([1, -2, 3])\nreward = (v*v) * abs(forward_vel) as a\nmetric m = v*v - v"
    )
    low, high = program.typed.nodes[program.typed.metrics[0].value].type.range
    assert low <= 2 <= high
    assert rewardlang.compile("v = sum(1/[1, -2, 0.1])\nreward = v*v*forward_vel").terms
