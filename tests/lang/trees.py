"""Random syntax trees of everything that can be written, for the formatter. They parse; most mean nothing."""

from __future__ import annotations

from hypothesis import strategies as st

from rewardlang.lang import nodes as n
from rewardlang.lang.folding import MAX_FLOAT32

AT = None  # spans are left out of comparisons
NAMES = st.sampled_from(
    [
        "x",
        "forward_vel",
        "torques",
        "task",
        "weight",
        "drop",
        "param",
        "metric",
        "success",
        "step",
        "second",
        "a1",
        "_b",
        "iN",
    ]
)
STRINGS = st.sampled_from(["*_knee", "left", "", "it's", 'say "x"', "#no", "!*_foot"])
UNITS = st.sampled_from([None, None, None, "m", "m/s", "N*m", "rad/s^2", "1"])
NUMBERS = st.one_of(
    st.integers(0, 10**6).map(float), st.floats(0, MAX_FLOAT32, allow_nan=False, allow_infinity=False)
)


def _operands(inner: st.SearchStrategy, operators: str) -> st.SearchStrategy:
    """At least two operands; the first one's operator is the first of `operators`."""
    rest = st.lists(st.tuples(st.sampled_from(operators), inner), min_size=1, max_size=3)
    return st.builds(lambda first, others: ((operators[0], first), *others), inner, rest)


def _calls(inner: st.SearchStrategy) -> st.SearchStrategy:
    keywords = st.lists(NAMES, max_size=2, unique=True).flatmap(
        lambda names: st.tuples(*(st.builds(lambda v, k=k: n.Keyword(AT, k, v), inner) for k in names))
    )
    rows = st.lists(st.builds(lambda p, v: n.Row(AT, p, v), STRINGS, inner), max_size=2).map(tuple)
    return st.builds(
        lambda f, a, k, r: n.Call(AT, f, a, k, r),
        st.one_of(NAMES, st.just("g.f")),
        st.lists(inner, max_size=3).map(tuple),
        keywords,
        rows,
    )


def _extend(inner: st.SearchStrategy) -> st.SearchStrategy:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    compare = st.lists(
        st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner), min_size=1, max_size=2
    )
    return st.one_of(
        st.builds(lambda b, c: n.Component(AT, b, c), inner, st.sampled_from(["x", "xy", "name"])),
        st.builds(lambda b, i: n.Select(AT, b, i), inner, several),
        _calls(inner),
        several.map(lambda i: n.Vector(AT, i)),
        inner.map(lambda e: n.Minus(AT, e)),
        inner.map(lambda e: n.Not(AT, e)),
        st.builds(lambda b, e: n.Power(AT, b, e), inner, inner),
        _operands(inner, "*/").map(lambda f: n.Product(AT, f)),
        _operands(inner, "+-").map(lambda a: n.Sum(AT, a)),
        st.builds(lambda v, name: n.Named(AT, v, name), inner, NAMES),
        st.builds(
            lambda first, rest: n.Compare(AT, (first, *(e for _, e in rest)), tuple(o for o, _ in rest)),
            inner,
            compare,
        ),
        st.builds(lambda op, a, b: n.Logic(AT, op, (a, *b)), st.sampled_from(["and", "or"]), inner, several),
    )


LEAVES = st.one_of(
    st.builds(lambda v, u: n.Number(AT, v, u), NUMBERS, UNITS),
    NAMES.map(lambda x: n.Name(AT, x)),
    STRINGS.map(lambda s: n.String(AT, s)),
)
EXPRESSIONS = st.recursive(LEAVES, _extend, max_leaves=12)
STATEMENTS = st.one_of(
    NAMES.map(lambda x: n.Task(AT, x, AT)),
    st.builds(
        lambda x, v, b: n.Param(AT, x, AT, v, b), NAMES, EXPRESSIONS, st.one_of(st.none(), EXPRESSIONS)
    ),
    st.builds(lambda x, v: n.Definition(AT, x, AT, v), NAMES, EXPRESSIONS),
    st.builds(
        lambda x, p, v: n.Function(AT, x, AT, p, v),
        NAMES,
        st.lists(NAMES, max_size=3, unique=True).map(tuple),
        EXPRESSIONS,
    ),
    st.builds(
        lambda g, s, v, a: n.Reward(AT, g, AT, s, v, a),
        st.one_of(st.just("reward"), NAMES),
        st.booleans(),
        EXPRESSIONS,
        st.booleans(),
    ),
    EXPRESSIONS.map(lambda v: n.Total(AT, v)),
    st.builds(lambda x, c, s: n.Terminate(AT, x, AT, c, s), NAMES, EXPRESSIONS, st.booleans()),
    st.builds(lambda x, v: n.Metric(AT, x, AT, v), NAMES, EXPRESSIONS),
    EXPRESSIONS.map(lambda c: n.Expect(AT, c)),
    st.builds(lambda p, x: n.Import(AT, p, x, AT), STRINGS, NAMES),
    STRINGS.map(lambda p: n.Extends(AT, p)),
    st.builds(lambda x, v: n.Weight(AT, x, AT, v), NAMES, EXPRESSIONS),
    st.builds(lambda w, x: n.Drop(AT, w, x, AT), st.sampled_from(["term", "terminate", "metric"]), NAMES),
)
FILES = st.lists(STATEMENTS, min_size=1, max_size=4).map(lambda s: n.File(AT, tuple(s)))
