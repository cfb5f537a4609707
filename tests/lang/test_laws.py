"""Laws that every compiled reward keeps, whatever its formula."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest
import torch

import rewardlang
from rewardlang.reward import QuantityError, Reward

from .states import Moment, Quantities, cast, draw, sequence

SPECS = sorted((Path(__file__).parents[1] / "data" / "specs").glob("*.reward"))
FLOAT = torch.float32
GLOBALS = {"epoch": 3, "frames": 2.5e5, "progress": 0.3}


def program_of(name: str, observations: bool = True) -> rewardlang.Compiled:
    return rewardlang.compile(
        rewardlang.load(SPECS[0].with_name(f"{name}.reward")), observations=observations
    )


@pytest.fixture(scope="module", params=SPECS, ids=lambda path: path.stem)
def program(request: pytest.FixtureRequest) -> rewardlang.Compiled:
    return rewardlang.compile(rewardlang.load(request.param), observations=True)


def chosen(moment: Moment, rows: torch.Tensor, model: List[str]) -> Moment:
    pick = lambda q: {name: value if name in model else value[rows] for name, value in q.items()}
    return Moment(pick(moment.reached), moment.reset[rows], pick(moment.after))


def run(
    program: rewardlang.Compiled, moments: List[Moment], reward: Reward = None
) -> Tuple[torch.Tensor, torch.Tensor]:  # type: ignore[assignment]
    """Everything paid [N, T + 1] a step, and the observations, stacked over the steps."""
    reward = reward or Reward(program, len(moments[0].reset), dtype=FLOAT)
    reward.set_globals(**GLOBALS)
    paid, seen = [], []
    for moment in moments:
        if not bool(moment.reset.all()):
            out = reward.step(cast(moment.reached, FLOAT))
            paid.append(torch.cat((out.contributions, out.reward[:, None]), 1))
        if bool(moment.reset.any()):
            reward.reset(cast(moment.after, FLOAT), moment.reset)
        seen.append(reward.observations)
    return torch.stack(paid), torch.stack(seen)


def moments_of(program: rewardlang.Compiled, n: int, steps: int = 5, seed: int = 3) -> List[Moment]:
    found = list(sequence(program.vocabulary, n, steps, seed, extreme=0.02))
    keep = torch.arange(n) != n - 1  # one that is never reset, so that no step looks like the first
    return [found[0]] + [Moment(m.reached, m.reset & keep, m.after) for m in found[1:]]


def model_names(program: rewardlang.Compiled) -> List[str]:
    return [q.name for q in program.vocabulary.quantities.values() if q.kind == "model"]


def test_a_batch_split_in_two_and_a_permuted_one(program: rewardlang.Compiled) -> None:
    moments = moments_of(program, 12)
    paid, seen = run(program, moments)
    for rows in (torch.tensor([5, 11]), torch.randperm(12, generator=torch.Generator().manual_seed(1))):
        part_paid, part_seen = run(program, [chosen(m, rows, model_names(program)) for m in moments])
        torch.testing.assert_close(part_paid, paid[:, rows], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(part_seen, seen[:, rows], rtol=1e-5, atol=1e-5)


def test_a_reset_touches_no_other_environment(program: rewardlang.Compiled) -> None:
    moments = moments_of(program, 6)
    first, nobody = torch.arange(6) == 0, torch.zeros(6, dtype=torch.bool)
    alone, _ = run(program, [moments[0]] + [Moment(m.reached, nobody, m.reached) for m in moments[1:]])
    beside, _ = run(program, [moments[0]] + [Moment(m.reached, first, m.reached) for m in moments[1:]])
    torch.testing.assert_close(beside[:, 1:], alone[:, 1:], rtol=0, atol=0, equal_nan=True)


def test_terms_add_up_in_the_statistics(program: rewardlang.Compiled) -> None:
    reward, total, steps = Reward(program, 64), 0.0, 0
    reward.set_globals(**GLOBALS)
    ended: Dict[str, float] = {}
    for moment in moments_of(program, 64):
        if steps or not bool(moment.reset.all()):
            out = reward.step(cast(moment.reached, FLOAT))
            total, steps = total + float(out.reward.double().sum()), steps + 64
            for name, value in out.causes.items():
                ended[name] = ended.get(name, 0.0) + float(value.sum())
            ended["done"] = ended.get("done", 0.0) + float(out.done.sum())
            reward.reset(cast(moment.after, FLOAT), out.done)
        else:
            reward.reset(cast(moment.after, FLOAT), moment.reset)
    read = reward.read_statistics()
    terms = [read[f"terms/{term.name}"] for term in program.terms]
    scale = max(1e-9, sum(abs(x) for x in terms))
    assert abs(sum(terms) + read.get("reward/total_rule", 0.0) - read["reward/total"]) <= 1e-5 * scale
    assert abs(read["reward/total"] - total / steps) <= 1e-5 * scale
    assert ("reward/total_rule" in read) == (program.typed.total is not None)
    if ended["done"]:
        assert (
            abs(read["ep_rew_mean"] - sum(read[f"episode/{t.name}"] for t in program.terms))
            <= 1e-4 * scale * read["ep_len_mean"]
            or program.typed.total
        )
        for cause in program.typed.causes:
            assert read[f"terminations/{cause.name}"] == pytest.approx(ended[cause.name] / ended["done"])
    assert reward.read_statistics() == {}


def test_the_table_shows_the_weights_that_are_paid(program: rewardlang.Compiled) -> None:
    shown = torch.tensor([row["weight"] for row in program.table()])
    known = ~shown.isnan()  # all but a rotation of constants, which the table does not reckon
    assert known.all() or "rotations" in program.name
    torch.testing.assert_close(shown[known], Reward(program, 1).weights[known], rtol=1e-6, atol=0)


# what is not finite


def plain(program: rewardlang.Compiled, n: int = 4) -> Quantities:
    """A quiet state: nobody falls."""
    state = cast(draw(program.vocabulary, n, torch.Generator().manual_seed(0)), FLOAT)
    state["root_quat"] = torch.tensor([[0.0, 0, 0, 1]]).repeat(n, 1)
    state["root_pos"] = torch.tensor([[0.0, 0, 1]]).repeat(n, 1)
    state["time_limit"] = torch.zeros(n, dtype=torch.bool)
    return state


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_pays_0_and_ends_the_episode(bad: float) -> None:
    program = rewardlang.compile("reward = forward_vel + 2*sum(dof_vel) as spin - 1/sum(torques) as load")
    reward, state = Reward(program, 4), plain(program)
    reward.reset(state)
    state["dof_vel"] = state["dof_vel"].clone()
    state["dof_vel"][1, 3] = bad
    state["torques"] = torch.ones_like(state["torques"])
    state["torques"][2] = 0.0  # 1/0
    out = reward.step(state)
    assert out.nonfinite.tolist() == out.done.tolist() == [False, True, True, False]
    assert torch.isfinite(out.reward).all() and torch.isfinite(out.contributions).all()
    assert out.contributions[1, 1] == 0 and out.contributions[2, 2] == 0 and out.contributions[1, 0] != 0
    torch.testing.assert_close(out.reward, out.contributions.sum(1))
    read = reward.read_statistics()
    assert (read["nonfinite/forward_vel"], read["nonfinite/spin"], read["nonfinite/load"]) == (0, 1, 1)
    assert read["terminations/nonfinite"] == 1.0 and read["terminations/fallen"] == 0.0
    assert all(value == value and abs(value) < 1e9 for value in read.values())


def test_a_termination_that_reads_nan_ends_the_episode() -> None:
    """A comparison with NaN is silently false: a fallen robot would live on."""
    program = rewardlang.compile("reward = 1.0*alive\nterminate low when base_height < 0.2[m]")
    reward, state = Reward(program, 4), plain(program)
    reward.reset(state)
    state["root_pos"][2, 2] = float("nan")
    out = reward.step(state)
    assert out.nonfinite.tolist() == [False, False, True, False] and out.causes["low"].tolist() == [False] * 4
    assert out.reward.tolist() == [1.0] * 4  # `alive` is not changed by it


def test_a_total_that_is_not_finite_pays_0() -> None:
    program = rewardlang.compile("reward = forward_vel\ntotal = reward / sum(torques)")
    reward, state = Reward(program, 4), plain(program)
    state["torques"] = torch.ones_like(state["torques"])
    state["torques"][3] = 0.0
    reward.reset(state)
    out = reward.step(state)
    assert out.reward[3] == 0 and out.nonfinite.tolist() == [False, False, False, True]
    read = reward.read_statistics()
    assert read["terms/forward_vel"] + read["reward/total_rule"] == pytest.approx(
        read["reward/total"], rel=1e-6
    )


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_seen_or_measured_and_not_finite_is_told(bad: float) -> None:
    """An observation that is not finite ends the episode; a metric is not paid, so it does not."""
    text = "reward = alive\nmetric spin = sum(dof_vel)\nmetric load = sum(torques)"
    program = rewardlang.compile(text, rewardlang.load_task("humanoid"), observations=True)
    reward, state = Reward(program, 3), plain(program, 3)
    reward.reset(state)
    state["dof_vel"], state["torques"] = (torch.zeros_like(state[name]) for name in ("dof_vel", "torques"))
    state["dof_vel"][1, 3] = state["torques"][2, 0] = bad
    out = reward.step(state)
    assert out.nonfinite.tolist() == out.done.tolist() == [False, True, False]
    read = reward.read_statistics()
    assert [read.get(f"nonfinite/{name}") for name in ("observations", "metrics/spin", "metrics/load")] == [
        1,
        1,
        1,
    ]


def test_state_recovers_from_nan_after_the_reset() -> None:
    program = rewardlang.compile(
        "reward = ema(forward_vel, 0.1) + integral(forward_vel) as way + prev(base_height) as was"
    )
    reward, state = Reward(program, 4), plain(program)
    reward.reset(state)
    broken = {**state, "root_lin_vel": torch.full_like(state["root_lin_vel"], float("nan"))}
    assert reward.step(broken).nonfinite.all()
    reward.reset(state)
    out = reward.step(state)
    assert torch.isfinite(out.values).all() and not out.nonfinite.any()


# params, plain tensors


def test_set_param_needs_no_recompilation() -> None:
    text = "param gain = 2 in [0, 10]\nparam goal = 1[m/s]\nreward = gain*forward_vel + gain*min(forward_vel, goal) as capped"
    program = rewardlang.compile(text)
    reward, code = Reward(program, 4), program.source
    state = plain(program)
    reward.reset(state)
    speed = reward.step(state).values[:, 0]
    for gain, goal in ((0.0, 1.0), (7.5, 0.2), (10.0, -3.0)):
        reward.set_param("gain", gain)
        reward.set_param("goal", goal)
        out = reward.step(state)
        torch.testing.assert_close(out.reward, gain * speed + gain * speed.clamp(max=goal))
    assert reward.params == {"gain": 10.0, "goal": -3.0} and program.source == code
    fixed = Reward(rewardlang.compile(text.replace("= 2", "= 10").replace("1[m/s]", "-3[m/s]")), 4)
    fixed.reset(state)
    torch.testing.assert_close(fixed.step(state).reward, out.reward)
    for name, value, message in (
        ("gain", 11, "outside its range"),
        ("gain", float("nan"), "outside"),
        ("gian", 1, "did you mean `gain`"),
    ):
        with pytest.raises(ValueError, match=message):
            reward.set_param(name, value)
    with pytest.raises(ValueError, match="outside its range"):
        Reward(program, 4, params={"gain": -1})


def test_plain_tensors() -> None:
    """`reward(quantities)` needs no simulator; the first call serves as the reset state."""
    program = program_of("tutorial", observations=False)
    reward, n = Reward(program, 3), 3
    quantities = {"root_quat": torch.tensor([[0.0, 0, 0, 1]]).repeat(n, 1), "root_lin_vel": torch.tensor([[1.0, 0, 0], [2, 0, 0], [0, 0, 0]]),
                  "root_pos": torch.tensor([[0.0, 0, 1], [0, 0, 1], [0, 0, 0.1]]), "torques": torch.ones(n, 12)}  # fmt: skip
    total, terms = reward(quantities)
    assert list(terms) == ["forward_vel", "alive", "effort", "tilt"]
    assert total.tolist() == pytest.approx([1 + 1 - 0.12, 2 + 1 - 0.12, -0.12])
    torch.testing.assert_close(sum(terms.values()), total)  # type: ignore[arg-type]


def bad_calls() -> Iterator[Tuple[str, Dict[str, torch.Tensor], str]]:
    good = {"dof_vel": torch.zeros(3, 12), "root_pos": torch.zeros(3, 3)}
    yield (
        "missing",
        {"root_pos": good["root_pos"]},
        "the spec reads `dof_vel` [N, joints], which is not given",
    )
    yield (
        "too few joints",
        {**good, "dof_vel": torch.zeros(3, 11)},
        "`dof_vel` has the shape [3, 11]; [N, joints] is [3, 12] here",
    )
    yield "too few environments", {**good, "dof_vel": torch.zeros(2, 12)}, "`dof_vel` has the shape [2, 12]"
    yield (
        "another device",
        {**good, "root_pos": torch.zeros(3, 3, device="meta")},
        "`root_pos` is on meta; this reward is on cpu",
    )
    yield (
        "one dimension",
        {**good, "root_pos": torch.zeros(3)},
        "`root_pos` has the shape [3]; [N, xyz] is [3, 3] here",
    )


@pytest.mark.parametrize("quantities, message", [c[1:] for c in bad_calls()], ids=[c[0] for c in bad_calls()])
def test_quantity_errors(quantities: Dict[str, torch.Tensor], message: str) -> None:
    program = rewardlang.compile("drop terminate fallen\nreward = norm(dof_vel) + base_height")
    with pytest.raises(QuantityError) as problem:
        Reward(program, 3)(quantities)
    assert message in str(problem.value)
