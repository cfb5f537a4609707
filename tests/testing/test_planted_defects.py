"""Each planted defect, of emitted code or of the runtime, is caught by the law that is there for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, List, NamedTuple, Tuple

import pytest
import torch

from rewardlang.lang import compiler, format
from rewardlang.lang.bounds import Bounds
from rewardlang.reward import Reward
from rewardlang.statistics import Statistics
from rewardlang.testing import LawBroken, runner
from rewardlang.testing.laws import LAWS
from rewardlang.testing.runner import Trials, try_law
from rewardlang.testing.subject import Subject

SPEC = Path(__file__).with_name("sound.reward")
EXAMPLES = 24


class Defect(NamedTuple):
    """What is wrong, who must see it (the first one for a term), and how it is planted."""

    name: str
    laws: str
    part: str
    plant: Callable[[Any], None]


def emitted(old: str, new: str) -> Callable[[Any], None]:
    """Another text in the emitted source, wherever the old one stands."""

    def plant(patch: Any) -> None:
        emit = compiler.emit

        def changed(*arguments: Any) -> str:
            source, count = re.subn(old, new, emit(*arguments))
            assert count, old
            return source

        patch.setattr(compiler, "emit", changed)

    return plant


def runtime(owner: Any, name: str, make: Callable[[Any], Any]) -> Callable[[Any], None]:
    """A method of the runtime made wrong: `make` gets the right one."""
    return lambda patch: patch.setattr(owner, name, make(getattr(owner, name)))


def no_reset(reset: Any) -> Any:
    """State is kept over resets."""

    def wrong(self: Reward, quantities: Any, mask: Any = None) -> torch.Tensor:
        if not self.seeded:
            return reset(self, quantities, mask)
        kept = [slot.clone() for slot in self.state]
        out = reset(self, quantities, mask)
        for slot, old in zip(self.state, kept):
            slot.copy_(old)
        return out

    return wrong


def lost(state_dict: Any) -> Any:
    def wrong(self: Reward) -> Any:
        saved = state_dict(self)
        saved["state"][0] = torch.zeros_like(saved["state"][0])
        return saved

    return wrong


def view(step: Any) -> Any:
    def wrong(self: Reward, quantities: Any) -> Any:
        out = step(self, quantities)
        return out._replace(terminated=quantities["time_limit"])

    return wrong


def by_rank(refresh: Any) -> Any:
    """Weights go to terms by their size."""

    def wrong(self: Reward) -> None:
        refresh(self)
        self.weights.copy_(self.weights.sort()[0])

    return wrong


def uncounted(add: Any) -> Any:
    """Environments that are done are left out of the logs."""

    def wrong(self: Statistics, out: Any, *more: Any) -> None:
        add(self, out._replace(contributions=out.contributions * ~out.done[:, None]), *more)

    return wrong


DEFECTS = (
    Defect("a reset that keeps state", "reset", "air", runtime(Reward, "reset", no_reset)),
    Defect("a reset of everybody", "reset", "air", runtime(Reward, "reset", lambda reset: lambda self, q, mask=None: reset(self, q))),
    Defect("one slot that is never reset", "reset", "best", emitted(r"touch, base_height, forward_vel\)\n    return obs", r"touch, base_height, torch.maximum(s[4], forward_vel))\n    return obs")),
    Defect("a sum over environments", "split reference", "effort", emitted(r"effort = torques.square\(\).sum\(1\)", "effort = torques.square().sum(1).mean(0).expand(len(torques))")),
    Defect("an environment that reads its neighbour", "permutation split reference", "drift", emitted(r"drift = base_lin_vel\[:, 1\]", "drift = base_lin_vel[:, 1].roll(1)")),
    Defect("dt multiplied twice", "dt reference", "drift", emitted(r"-(0\.0\d+),  # drift", r"-\1 * \1,  # drift")),
    Defect("dt not multiplied", "dt reference", "drift", emitted(r"-0\.0\d+,  # drift", r"-2.0,  # drift")),
    Defect("x and y swapped", "mirror reference", "drift", emitted(r"drift = base_lin_vel\[:, 1\]", "drift = base_lin_vel[:, 1] + base_lin_vel[:, 0]")),
    Defect("the axes of joints and environments swapped", "reference split permutation", "effort", emitted(r"effort = torques.square\(\).sum\(1\)", "effort = torques.square().reshape(torques.shape[1], -1).T.sum(1)")),
    Defect("prev that is one step late", "reference", "jerk", emitted(r"state = \(actions, (.*)\n    return \(reward", r"state = (s[0], \1\n    return (reward")),
    Defect("prev that is this step's", "reference", "jerk", emitted(r"actions - s\[0\]", "actions - actions")),
    Defect("a quaternion read as wxyz", "reference", "forward_vel", emitted(r"axis, w = q\[\.\.\., :3\], q\[\.\.\., 3:\]", "axis, w = q[..., 1:], q[..., :1]")),
    Defect("a rotation the wrong way", "reference", "forward_vel", emitted(r"return v - w \* t", "return v + w * t")),
    Defect("a wrong sign", "range reference", "effort", emitted(r"effort = torques", "effort = -torques")),
    Defect("a kernel beyond its range", "range reference", "near", emitted(r"near = ", "near = 1.5 * ")),
    Defect("a timer that starts at 0", "reference", "air", emitted(r"(?m)^(    steps_in_a_row = .*last) \+ 1.0", r"\1 + 1.0 * (last > 0)")),
    Defect("a division by what can be 0", "finite", "drift", emitted(r"drift = base_lin_vel\[:, 1\]", "drift = base_lin_vel[:, 1] / base_lin_vel[:, 1]")),
    Defect("half precision on the way", "reference", "effort", emitted(r"effort = torques", "effort = torques.half().to(real)")),
    Defect("float32 that loses what float64 keeps", "float32", "effort", emitted(r"effort = torques.square\(\).sum\(1\)", "effort = (torques.square().sum(1) + 1e9) - 1e9")),
    Defect("a state that is not saved", "save", "jerk", runtime(Reward, "state_dict", lost)),
    Defect("state left out on loading", "save", "air", runtime(Reward, "load_state_dict", lambda load: lambda self, saved: load(self, {**saved, "hash": ""}))),
    Defect("an output that is the simulator's tensor", "copies", "(ends)", runtime(Reward, "step", view)),
    Defect("a step that changes what it reads", "copies", "effort", emitted(r"effort = torques.square\(\)", "effort = torques.mul_(torques.sign()).square()")),
    Defect("weights in another order", "order reference", "effort", runtime(Reward, "_refresh", by_rank)),
    Defect("terms that do not add up", "sum reference", "(total)", emitted(r"reward = contributions\.sum\(1\)|group_reward = contributions\[:, 0:(\d+)\]\.sum\(1\)", "reward = contributions[:, 1:].sum(1)")),
    Defect("logs without the last step", "sum", "effort", runtime(Statistics, "add", uncounted)),
    Defect("a contribution without its weight", "sum reference", "effort", emitted(r"paid = values \* w\n", r"paid = values * w.abs()\n")),
    Defect("a format that loses digits", "fmt", "(spec)", lambda patch: patch.setattr(format, "number", lambda x, unit=None, text="", right=format.number: right(round(x, 1), unit))),
    Defect("a range that is too narrow", "range", "near", lambda patch: patch.setattr(Bounds, "of", lambda self, i, of=Bounds.of: of(self, i)._replace(high=of(self, i).low + 0.3))),
    Defect("a termination that is not reported", "reference", "(ends)", emitted(r"fallen, time_out,\n", r"~alive & False, time_out,\n")),
)  # fmt: skip


def broken_laws(laws: Tuple[str, ...] = ()) -> List[Any]:
    subject = Subject(str(SPEC))
    trials = Trials(subject, EXAMPLES)
    return [
        r
        for law in LAWS
        if not laws or law.name in laws
        for r in try_law(law, subject, trials, shrink=False)
        if r.case is not None
    ]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes no case small in 20 s."""
    monkeypatch.setattr(runner, "PATIENCE", 600.0)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.name)
def test_defect(defect: Defect, monkeypatch: pytest.MonkeyPatch) -> None:
    defect.plant(monkeypatch)
    laws = defect.laws.split()
    found = {(r.law, r.part) for r in broken_laws(tuple(laws))}
    assert {law for law, _ in found} == set(laws)
    assert (laws[0], defect.part) in found


def test_a_step_that_writes_to_its_input_spoils_no_other_law(monkeypatch: pytest.MonkeyPatch) -> None:
    next(d for d in DEFECTS if d.name == "a step that changes what it reads").plant(monkeypatch)
    assert {r.law for r in broken_laws()} == {"copies"}


def test_without_a_defect_nothing_is_found() -> None:
    assert broken_laws() == []


@pytest.mark.parametrize(
    "name",
    ["a reset that keeps state", "an environment that reads its neighbour", "prev that is one step late"],
)
def test_the_snippet_fails_where_the_law_did(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    defect = next(d for d in DEFECTS if d.name == name)
    defect.plant(monkeypatch)
    subject = Subject(str(SPEC))
    law = next(law for law in LAWS if law.name == defect.laws.split()[0])
    result = next(r for r in try_law(law, subject, Trials(subject, EXAMPLES)) if r.part == defect.part)
    assert result.case is not None
    snippet = result.case.snippet()
    assert len(snippet.splitlines()) < 40 and result.case.episode.count <= 3
    with pytest.raises(LawBroken):
        exec(snippet, {})
    monkeypatch.undo()
    exec(snippet, {})  # and holds where nothing is wrong


def test_numbers_in_a_case_are_few_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    next(d for d in DEFECTS if d.name == "prev that is one step late").plant(monkeypatch)
    subject = Subject(str(SPEC))
    law = next(law for law in LAWS if law.name == "reference")
    case = next(r.case for r in try_law(law, subject, Trials(subject, EXAMPLES)) if r.part == "jerk")
    assert case is not None
    assert case.text().count("actions[") <= 2 and "sound.reward:" in case.text()
