"""What a compiled reward gives over an episode, part by part, and how two such runs differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence

import torch

from ..lang.compiler import Compiled
from ..reward import Reward, StepOutput
from .episode import Episode

GLOBALS = {"epoch": 3.0, "frames": 2.5e5, "progress": 0.3}
TOTAL, ENDS = "(total)", "(ends)"  # what is compared beside the terms

# A part's numbers over a run: [S, N, C]. Of a term what it pays and its raw value, of the total the reward, of the ends each
# cause, the outcomes and the metrics.
Trace = Dict[str, torch.Tensor]
COLUMNS: Dict[str, Sequence[str]] = {TOTAL: ("the reward",)}
TERM = ("what it pays", "its value")


@dataclass(frozen=True)
class Broken:
    """Where a law does not hold: the part of the spec, the step and environment, and what was wrong."""

    part: str
    step: int
    env: int
    message: str


def reward_of(program: Compiled, episode: Episode, dtype: torch.dtype, params: Mapping[str, float]) -> Reward:
    reward = Reward(program, episode.count, dtype=dtype, params=params)
    reward.set_globals(**GLOBALS)
    return reward


def run(
    program: Compiled,
    episode: Episode,
    dtype: torch.dtype = torch.float64,
    params: Optional[Mapping[str, float]] = None,
) -> Trace:
    """Everything that a program gives over an episode, resets as the episode says."""
    reward = reward_of(program, episode, dtype, params or {})
    reward.reset(episode.at(0, dtype, start=True))
    return stacked(program, [advance(reward, episode, step, dtype) for step in range(1, episode.steps + 1)])


def advance(reward: Reward, episode: Episode, step: int, dtype: torch.dtype = torch.float64) -> StepOutput:
    """One step and the resets after it."""
    out = reward.step(episode.at(step, dtype))
    if bool(episode.reset[step].any()):
        reward.reset(episode.at(step, dtype, start=True), episode.reset[step])
    return out


def stacked(program: Compiled, outs: Sequence[StepOutput]) -> Trace:
    """The steps' outputs part by part."""
    over = lambda pick: torch.stack([pick(out) for out in outs])
    paid, values = over(lambda o: o.contributions), over(lambda o: o.values)
    trace = {
        term.name: torch.stack((paid[..., i], values[..., i]), -1) for i, term in enumerate(program.terms)
    }
    trace[TOTAL] = over(lambda o: o.reward)[..., None]
    ends = [over(lambda o, name=name: o.causes[name]) for name in outs[0].causes]
    ends += [over(lambda o, name=name: getattr(o, name)) for name in ("terminated", "time_out", "nonfinite")]
    ends += [over(lambda o, name=name: o.metrics[name]) for name in outs[0].metrics]
    trace[ENDS] = torch.stack([x.to(paid.dtype) for x in ends], -1)
    return trace


def columns(program: Compiled, part: str) -> Sequence[str]:
    """What each number of a part is, in words."""
    if part == ENDS:
        causes = [f"the termination `{c.name}`" for c in program.typed.causes]
        return [
            *causes,
            "`terminated`",
            "`time_out`",
            "`nonfinite`",
            *(f"the metric `{m.name}`" for m in program.typed.metrics),
        ]
    return COLUMNS.get(part, TERM)


def differences(program: Compiled, got: Trace, want: Trace, what: Sequence[str], slack: float = 0.0,
                allowed: Optional[Trace] = None) -> List[Broken]:  # fmt: skip
    """The first place of each part where two runs of as many steps and environments differ. `what` says in words what the first
    and the second are; `slack` is relative to 1 + the number; `allowed` has a room of its own for each number."""
    out = []
    for part, one in got.items():
        one, other = one.double(), want[part].double()
        room = slack * (1 + other.abs().nan_to_num(0.0, 0.0, 0.0))
        if allowed is not None:
            room = room + allowed[part]
        same = (
            (one == other)
            | (one.isnan() & other.isnan())
            | ((one - other).abs() <= room)
            | (room == math.inf)
        )
        if bool(same.all()):
            continue
        step, env, column = (~same).nonzero()[0].tolist()
        name = columns(program, part)[column]
        message = (
            f"{name} is {one[step, env, column]:.6g} {what[0]}, {other[step, env, column]:.6g} {what[1]}"
        )
        out.append(Broken(part, step + 1, env, message))
    return out
