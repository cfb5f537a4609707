"""Laws about the control period: what is paid per second does not depend on how often it is asked."""

from __future__ import annotations

from typing import Dict, List, Optional

import torch

from ..lang.types import Kind
from .episode import Episode
from .space import COUNTED, Quantities
from .subject import Subject
from .trace import Broken, run

BETWEEN = 4  # control steps from one drawn state to the next
LIMIT = 0.12  # by what share the return may change from dt/2 to dt/4


def not_comparable(subject: Subject, part: str) -> Optional[str]:
    if part not in subject.per_second():
        return "it is paid per step"
    name = subject.stepwise(part)
    return name and f"`{name}` goes by steps, not by time"


def halved(subject: Subject, episode: Episode) -> List[Broken]:
    """The same motion sampled at dt, dt/2 and dt/4: the return must settle. Between drawn states everything moves straight."""
    terms = [t for t in subject.terms if not_comparable(subject, t) is None]
    if not terms or not episode.steps:
        return []
    returns = []
    for times in (1, 2, 4):
        program = subject.with_dt(1 / times)
        fine = _finer(episode, BETWEEN * times).settled(program.vocabulary.dt)
        trace = run(program, fine, params=subject.params)
        returns.append({t: trace[t][..., 0].sum(0) for t in terms})
    out = []
    for term in terms:
        whole, half, quarter = (r[term] for r in returns)
        change, size = (quarter - half).abs().sum(), quarter.abs().sum()
        if bool(change > LIMIT * size + 1e-9):
            env = int((quarter - half).abs().argmax())
            message = "its return is {:.6g}, {:.6g} at half the dt, {:.6g} at a quarter".format(
                *(float(r[env]) for r in (whole, half, quarter))
            )
            out.append(Broken(term, episode.steps, env, message))
    return out


def _finer(episode: Episode, between: int) -> Episode:
    """The drawn states as knots of one motion without resets, `between` steps from one to the next."""
    share = torch.arange(1, between + 1, dtype=torch.float64) / between
    reached: Quantities = {}
    for name, x in episode.reached.items():
        if name in episode.space.model or name in COUNTED:
            reached[name] = x
            continue
        knots = torch.cat((episode.start[name][:1], x[1:]))  # [S + 1, N, ...]
        if x.dtype == torch.bool or name.startswith("command_"):
            moved = knots[1:].repeat_interleave(between, 0)
        else:
            at = share.view(1, -1, *[1] * (knots.dim() - 1))
            a, b = knots[:-1, None], knots[1:, None]
            if episode.space.raw[name].type.kind is Kind.ROTATION:
                b = torch.where((a * b).sum(-1, keepdim=True) < 0, -b, b)
            moved = (a + (b - a) * at).flatten(0, 1)
            if episode.space.raw[name].type.kind is Kind.ROTATION:
                moved = moved / moved.norm(dim=-1, keepdim=True)
        reached[name] = torch.cat((knots[:1], moved))
    steps = episode.steps * between
    reset = torch.zeros(steps + 1, episode.count, dtype=torch.bool)
    reset[0] = True
    start: Dict[str, torch.Tensor] = {}
    for name, x in episode.start.items():
        kept = name in episode.space.model or name in COUNTED
        start[name] = x if kept else x[:1].expand(steps + 1, *x.shape[1:])
    return Episode(episode.space, reached, reset, start)
