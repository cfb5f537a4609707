"""Specs add up, subtract, scale, filter and rename: what the result pays is what the algebra says, on random states."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Dict, List

import pytest
import torch

import rewardlang

from .states import Moment, sequence

DATA = Path(__file__).parents[1] / "data" / "specs"
A = """task humanoid
param k = 2 in [0, 5]
touch = contact_forces[feet].z > 1[N]
reward = 2*forward_vel as speed + alive - 0.1*k*sum(torques^2) as effort + 0.5
reward style per second = -0.05 * any(touch) * (base_height - 2*abs(heading))
weight speed = 3
"""
B = """touch = contact_forces[feet].z > 1[N]
reward = 0.5*alive + sum(timer(touch)) as air - k2*sum(torques^2) as effort
k2 = 0.25
reward style per second = -sum(dof_vel^2) as shake
"""
RULED = "reward = forward_vel as fast - heading as turn\nreward penalty = -5*terminated as ended\ntotal = max(reward, 0) + penalty\n"
OTHER = "reward per second = base_height as tall\n"


def spec(text: str) -> rewardlang.Spec:
    return rewardlang.parse(text)


def paid(one: rewardlang.Spec) -> torch.Tensor:
    """What a spec pays on a fixed random sequence. [steps, N]"""
    return paid_by(rewardlang.compile(one, "humanoid"))


@lru_cache(maxsize=None)
def moments() -> List[Moment]:
    return list(sequence(rewardlang.compile("alive", "humanoid").vocabulary, 5, 12, seed=3))


def paid_by(program: rewardlang.Compiled) -> torch.Tensor:
    reward = rewardlang.Reward(program, 5, dtype=torch.float64)
    out = []
    for step, moment in enumerate(moments()):
        if step:
            out.append(reward.step(moment.reached).reward.clone())
        reward.reset(moment.after, moment.reset)
    return torch.stack(out)


def same(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-9)


SPECS: Dict[str, str] = {
    "a": A, "b": B, "ruled": RULED, "per second": OTHER,
    **{path.stem: path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.reward")) if path.stem != "behind_gates"},
}  # fmt: skip


@pytest.mark.parametrize("name", SPECS)
def test_scaling(name: str) -> None:
    one = spec(SPECS[name])
    before = paid(one)
    for by in (3, -0.5):
        scaled = by * one
        assert rewardlang.parse(str(scaled)).tree == scaled.tree
        program = rewardlang.compile(scaled, "humanoid")
        assert scaled.terms == one.terms == tuple(t.name for t in program.terms)
        if not before.isinf().any():
            same(paid_by(program), by * before)
    assert (1 * one).terms == one.terms and rewardlang.parse(str(1 * one)).tree == (1 * one).tree
    assert str(one / 2) == str(one * 0.5) and str(-one) == str(one * -1)


PAIRS = [("a", "b"), ("b", "a"), ("a", "ruled"), ("ruled", "a"), ("a", "per second"), ("ruled", "ruled 2"), ("b", "per second")]  # fmt: skip


@pytest.mark.parametrize("first, second", PAIRS, ids=["+".join(pair) for pair in PAIRS])
def test_sums_and_differences(first: str, second: str) -> None:
    texts = {**SPECS, "a": SPECS["a"].replace("weight speed = 3\n", ""), "ruled 2": RULED.replace("fast", "quick").replace("turn", "spin").replace("ended", "over")}  # fmt: skip
    a, b = spec(texts[first]), spec(texts[second])
    by_a, by_b = paid(a), paid(b)
    for one, expected in ((a + b, by_a + by_b), (a - b, by_a - by_b), (a + 2 * b, by_a + 2 * by_b)):
        assert rewardlang.parse(str(one)).tree == one.tree
        assert len(set(one.terms)) == len(one.terms)
        same(paid(one), expected)
    if "ruled" not in first + second:
        assert set((a + b - b).terms) == set(a.terms)
        same(paid(a + b - b), by_a)


PRINTED = [
    ("-a", "-w * forward_vel as v + 0.1 * heading as e - (-base_height + 2 * abs(heading)) + alive - 3 / w * fallen as f"),
    ("-(-a)", "w * forward_vel as v - 0.1 * heading as e - (base_height - 2 * abs(heading)) - alive + 3 / w * fallen as f"),
    ("a + b", "2 * w * forward_vel as v + 0.4 * heading as e - base_height + 2 * abs(heading) - alive + (3 / w - 0.5 * w) * fallen as f"),
    ("a + b - b", "w * forward_vel as v - 0.1 * heading as e - base_height + 2 * abs(heading) - alive + 3 / w * fallen as f"),
    ("2*a - b", "w * forward_vel as v - 0.7 * heading as e - 2 * base_height + 4 * abs(heading) - 2 * alive + (6 / w + 0.5 * w) * fallen as f"),
    ("c / 2", "1 * (1 - tanh(base_height)) + heading"),  # without the 1 it would be two terms
    ("-c", "-2 * (1 - tanh(base_height)) - 2 * heading"),
]  # fmt: skip


@pytest.mark.parametrize("formula, text", PRINTED, ids=[formula for formula, _ in PRINTED])
def test_what_is_printed(formula: str, text: str) -> None:
    known = {
        "a": spec("param w = 2\nreward = w*forward_vel as v - 0.1*heading as e - (base_height - 2*abs(heading)) + -(alive) + 3/w*fallen as f"),
        "b": spec("param w = 2\nreward = w*forward_vel as v + 0.5*heading as e - w/2*fallen as f"),
        "c": spec("reward = 2 * (1 - tanh(base_height)) - -2 * heading"),
    }  # fmt: skip
    made = eval(formula, known)
    assert " ".join(str(made).split("reward =")[1].split()) == text
    same(paid(made), eval(formula, {name: paid(one) for name, one in known.items() if name in "abc"}))


def test_the_weights_of_one_term_are_added_up() -> None:
    both = spec("reward = 2*alive - 0.01*sum(torques^2) as effort") + spec(
        "reward = alive - 0.02*sum(torques^2) as effort + heading"
    )
    weights = {row["term"]: row["weight"] for row in rewardlang.compile(both).table()}
    assert weights == {"alive": 3.0, "effort": -0.03, "heading": 1.0}
    settled = spec("reward = alive + heading\ndrop heading\nweight alive = 5") + spec(
        "reward = alive + heading"
    )
    assert {row["term"]: row["weight"] for row in rewardlang.compile(settled).table()} == {
        "alive": 6.0,
        "heading": 1.0,
    }
    inside = spec("reward = (forward_vel > 0) * (base_height - 2*heading as turn)") + spec(
        "reward = 3*(forward_vel > 0)*heading as turn"
    )
    assert [row["weight"] for row in rewardlang.compile(inside).table()] == [1.0, 1.0]


@pytest.mark.parametrize(
    "first, second, message",
    [
        ("reward = heading as a", "reward = base_height as a", "a term `a`, with different values"),
        ("x = heading\nreward = x", "x = base_height\nreward = x", "different meanings"),
        (
            'reward = sum(table(joints, "*": 2))*alive as a\nweight a = 3',
            "reward = alive as a",
            "`weight a = 3` of one spec",
        ),
        ("total = max(reward, 0)\nreward = alive", "reward = alive", "in groups that are apart"),
        ("reward per second = alive", "reward = alive", "in groups that are apart"),
    ],
)
def test_what_does_not_add_up(first: str, second: str, message: str) -> None:
    for a, b in ((first, second), (second, first)):
        with pytest.raises(rewardlang.SpecError, match=message):
            spec(a) + spec(b)


def test_filters() -> None:
    one = spec("reward = alive + heading as head_a + base_height as head_b - heading^2 as c")
    assert one.terms == ("alive", "head_a", "head_b", "c")
    assert one.only("head_*").terms == ("head_a", "head_b") and one.without("head_*", "c").terms == ("alive",)
    assert [t.name for t in rewardlang.compile(one.only("head_*", "alive")).terms] == [
        "alive",
        "head_a",
        "head_b",
    ]
    with pytest.raises(rewardlang.SpecError, match=r"no term is called `heda_a`; did you mean `head_a`"):
        one.only("heda_a")


def test_renaming() -> None:
    one = spec(A + "metric speed = forward_vel\nexpect effort <= 0\n")
    new = one.renamed(speed="v", touch="down", k="cost", style="manner", any_touch_base_height="low")
    assert new.terms == ("v", "alive", "effort", "constant", "low", "any_down_abs_heading")
    program = rewardlang.compile(new)
    assert list(program.resolved.groups) == ["reward", "manner"] and [
        m.name for m in program.typed.metrics
    ] == ["v"]
    assert [p.name for p in program.typed.params] == ["cost"] and "weight v = 3" in str(new)
    same(paid(new), paid(one))
    with pytest.raises(rewardlang.SpecError, match="has no `spede`"):
        one.renamed(spede="x")
    with pytest.raises(rewardlang.SpecError, match="has `effort` already"):
        one.renamed(speed="effort")
    for names, message in (
        ({"touch": "total"}, "cannot be a name"),
        ({"touch": "and"}, "cannot be a name"),
        ({"touch": "reward"}, "cannot be a name"),
        ({"speed": "x", "effort": "x"}, "both become `x`"),
    ):
        with pytest.raises(rewardlang.SpecError, match=message):
            one.renamed(**names)
    with pytest.raises(rewardlang.SpecError, match="`x` is a parameter of `f`"):
        spec("param w = 2\nf(x) = x*w\nreward = f(base_height) as s").renamed(w="x")
    pinned = spec("sp = forward_vel\nreward = abs(sp) + alive\nweight abs_sp = 5").renamed(sp="speed")
    assert pinned.terms == ("abs_sp", "alive") and rewardlang.compile(pinned).table()[0]["weight"] == 5.0
    main = spec(
        "reward = forward_vel\nreward += alive\ntotal = max(reward, 0)\nexpect paid(reward) >= 0"
    ).renamed(reward="task")
    assert "reward task +=" in str(main) and "paid(task)" in str(main) and "total = max(task, 0)" in str(main)
    assert rewardlang.compile(main).resolved.groups.keys() == {"task"} and "reward =" in str(
        main.renamed(task="reward")
    )
    with pytest.raises(rewardlang.SpecError, match="`g` is the name of an import"):
        spec("g.x = heading\nreward = g.x as a").renamed(a="g")
    swapped = one.renamed(speed="effort", effort="speed")
    assert swapped.terms[0] == "effort" and "sum(torques^2) as speed" in str(swapped)
