"""Laws of state: what an operator remembers is an episode's own, whoever else is in the batch and whatever else is paid."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import rewardlang
from rewardlang.lang import nodes as n
from rewardlang.lang.registry import BUILTINS
from rewardlang.reward import Reward
from rewardlang.testing.subject import reversed_terms

from . import generate
from .states import Moment, Quantities, sequence
from .test_against_reference import expressions

FOLDER = Path(__file__).parents[1] / "data" / "specs"
NAMES = (
    "state",
    "remembering",
    "behind_gates",
    "functions",
    "pairs",
    "tables",
    "gait",
    "potential",
    "causes",
    "groups",
)
FLOAT = torch.float64
GLOBALS = {"epoch": 3, "frames": 2.5e5, "progress": 0.3}
COUNT = 6


@pytest.fixture(scope="module", params=NAMES)
def spec(request: pytest.FixtureRequest) -> rewardlang.Spec:
    return rewardlang.load(FOLDER / f"{request.param}.reward")


def test_every_operator_is_among_them() -> None:
    called = {
        e.function
        for name in NAMES
        for e in expressions(rewardlang.load(FOLDER / f"{name}.reward").tree)
        if isinstance(e, n.Call)
    }
    assert {b.name for b in BUILTINS.values() if b.group == "state"} <= called


class Steps:
    """What a reward paid on each step, stacked. [S, N, ...]"""

    def __init__(self, reward: Reward) -> None:
        self.reward = reward
        reward.set_globals(**GLOBALS)
        self.rows: List[Dict[str, torch.Tensor]] = []

    def step(self, quantities: Quantities) -> None:
        out = self.reward.step(quantities)
        parts = {
            "reward": out.reward,
            "seen": out.observations,
            "terminated": out.terminated,
            "time_out": out.time_out,
            "nonfinite": out.nonfinite,
        }
        parts.update({f"paid {t}": out.contributions[:, i] for i, t in enumerate(self.reward.names)})
        parts.update({f"value {t}": out.values[:, i] for i, t in enumerate(self.reward.names)})
        self.rows.append({**parts, **{f"metric {m}": v for m, v in out.metrics.items()}, **out.causes})

    def stacked(self) -> Dict[str, torch.Tensor]:
        return {name: torch.stack([row[name] for row in self.rows]) for name in self.rows[0]}


def run(
    program: rewardlang.Compiled, moments: Sequence[Moment], reward: Any = None
) -> Dict[str, torch.Tensor]:
    """Everything that is paid and seen; resets as the moments say."""
    steps = Steps(reward or Reward(program, len(moments[0].reset), dtype=FLOAT))
    for moment in moments:
        if not (moment.reset.all() and not steps.rows and not steps.reward.seeded):
            steps.step(moment.reached)
        if moment.reset.any():
            steps.reward.reset(moment.after, moment.reset)
    return steps.stacked()


def equal(a: Dict[str, torch.Tensor], b: Dict[str, torch.Tensor], slack: float = 0.0) -> None:
    for name in a:
        torch.testing.assert_close(
            a[name], b[name], rtol=slack, atol=slack, equal_nan=True, msg=lambda m, name=name: f"{name}: {m}"
        )


def model_names(program: rewardlang.Compiled) -> List[str]:
    return [q.name for q in program.vocabulary.quantities.values() if q.kind == "model"]


# resets


def episodes_alone(
    program: rewardlang.Compiled, moments: Sequence[Moment], used: Dict[str, torch.Tensor]
) -> int:
    """Compare each episode of a run with the same episode in environments that never lived before. How many there were.

    The k-th episode of each environment is run in a fresh batch, in the same row, so that not a bit may differ.
    """
    count, steps = len(moments[0].reset), len(moments) - 1
    starts = [[at for at, m in enumerate(moments) if m.reset[i]] for i in range(count)]
    total = 0
    for k in range(max(map(len, starts))):
        begin = [s[k] if k < len(s) else s[-1] for s in starts]
        end = [s[k + 1] if k + 1 < len(s) else steps for s in starts]
        lengths = [e - b if k < len(s) else 0 for s, b, e in zip(starts, begin, end)]
        total += sum(length > 0 for length in lengths)
        fresh = Steps(Reward(program, count, dtype=FLOAT))
        fresh.reward.reset(gathered(program, [moments[b].after for b in begin]))
        for step in range(1, max(lengths) + 1):
            fresh.step(gathered(program, [moments[min(b + step, steps)].reached for b in begin]))
            for name, value in fresh.rows[-1].items():
                for i in (i for i, length in enumerate(lengths) if step <= length):
                    old = used[name][begin[i] + step - 1, i]
                    both = f"{name}, episode {k} of environment {i}, step {step}: {old} in a used one, {value[i]} in a fresh one"
                    assert torch.equal(old.nan_to_num(), value[i].nan_to_num()), both
    return total


def gathered(program: rewardlang.Compiled, states: Sequence[Quantities]) -> Quantities:
    """Row i of the i-th state, for each i."""
    model = model_names(program)
    return {
        q: v if q in model else torch.stack([s[q][i] for i, s in enumerate(states)])
        for q, v in states[0].items()
    }


def test_episodes_after_resets_pay_what_fresh_environments_pay(spec: rewardlang.Spec) -> None:
    program = rewardlang.compile(spec, observations=True)
    moments = list(sequence(program.vocabulary, COUNT, 24, 1, extreme=0.01))
    assert episodes_alone(program, moments, run(program, moments)) > 3 * COUNT


@settings(max_examples=12, phases=[Phase.generate])
@given(generate.spec(), st.integers(0, 1000))
def test_generated_episodes_after_resets(text: str, seed: int) -> None:
    program = rewardlang.compile(text)
    moments = list(sequence(program.vocabulary, 4, 8, seed))
    assert episodes_alone(program, moments, run(program, moments)) >= 4


# the batch


def test_a_batch_in_parts_and_in_another_order(spec: rewardlang.Spec) -> None:
    program = rewardlang.compile(spec, observations=True)
    moments = list(sequence(program.vocabulary, 64, 8, 4))
    whole = run(program, moments)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(5))
    for rows in (torch.tensor([17]), torch.tensor([0, 63]), torch.arange(20, 27), order):
        pick = lambda q, rows=rows: {k: v if k in model_names(program) else v[rows] for k, v in q.items()}
        alone = run(program, [Moment(pick(m.reached), m.reset[rows], pick(m.after)) for m in moments])
        equal(alone, {name: value[:, rows] for name, value in whole.items()}, slack=1e-12)


# the other terms


def test_terms_in_another_order(spec: rewardlang.Spec) -> None:
    program = rewardlang.compile(spec)
    moments = list(sequence(program.vocabulary, COUNT, 8, 6))
    turned = rewardlang.Spec(
        "turned", n.File(spec.tree.source, tuple(reversed_terms(s) for s in spec.tree.statements))
    )
    other = rewardlang.compile(turned)
    assert [t.name for t in other.terms] != [t.name for t in program.terms]
    before, after = run(program, moments), run(other, moments)
    assert set(before) == set(after)
    equal({k: v for k, v in before.items() if k != "reward"}, after)
    torch.testing.assert_close(
        before["reward"], after["reward"], rtol=1e-9, atol=1e-9
    )  # a sum rounds differently


@pytest.mark.parametrize("line", ["weight {} = 0", "drop {}"])
def test_a_term_that_is_not_paid_changes_no_other_number(spec: rewardlang.Spec, line: str) -> None:
    plain = rewardlang.compile(spec)
    moments = list(sequence(plain.vocabulary, COUNT, 8, 7))
    before = run(plain, moments)
    for term in random.Random(line).sample([t.name for t in plain.terms], min(4, len(plain.terms))):
        extra = rewardlang.parse(line.format(term)).tree.statements
        program = rewardlang.compile(
            rewardlang.Spec("other", n.File(spec.tree.source, spec.tree.statements + extra))
        )
        after = run(program, moments)
        kept = {k: v for k, v in after.items() if k not in ("reward", f"paid {term}")}
        # What is not paid cannot be unfit to be paid either: without the term, its NaN ends no episode.
        kept = {k: v for k, v in kept.items() if k not in ("nonfinite", "time_out") or "drop" not in line}
        equal(kept, before)
        if "weight" in line:
            assert not after[f"paid {term}"].any()
            torch.testing.assert_close(
                after[f"value {term}"], before[f"value {term}"], rtol=0, atol=0, equal_nan=True
            )


# saving, and params


def test_a_saved_state_goes_on_as_if_nothing_had_been(spec: rewardlang.Spec, tmp_path: Path) -> None:
    program = rewardlang.compile(spec, observations=True)
    moments = list(sequence(program.vocabulary, COUNT, 12, 8))
    first, second = (
        Reward(program, COUNT, dtype=FLOAT),
        Reward(rewardlang.compile(spec, observations=True), COUNT, dtype=FLOAT),
    )
    for param in program.typed.params:
        first.set_param(param.name, min(param.upper, param.value + 0.1))
    run(program, moments[:7], first)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    equal(run(program, moments[7:], second), run(program, moments[7:], first))


def test_nothing_is_kept_of_an_output(spec: rewardlang.Spec) -> None:
    """What a step gave stays what it was: no output is a view of state or of the simulator's tensors, which both go on."""
    program = rewardlang.compile(spec, observations=True)
    moments = list(sequence(program.vocabulary, COUNT, 3, 9))
    steps = Steps(Reward(program, COUNT, dtype=FLOAT))
    steps.reward.reset(moments[0].after)
    live = {name: value.clone() for name, value in moments[1].reached.items()}
    steps.step(live)
    before = {name: value.clone() for name, value in steps.rows[0].items()}
    for tensor in [*live.values(), *steps.reward.state]:
        tensor.fill_(1)
    equal(steps.rows[0], before)
