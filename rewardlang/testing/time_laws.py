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
CALM = (
    0.3  # the motion goes so far of the way between the drawn states: what is sharp is sampled finely enough
)
LIMIT = 0.15  # by what share a return may change from dt/2 to dt/4, in the median over the environments


def not_comparable(subject: Subject, part: str) -> Optional[str]:
    if part not in subject.per_second():
        return "it is paid per step"
    name = subject.stepwise(part)
    return name and f"`{name}` goes by steps, not by time"


def halved(subject: Subject, episode: Episode) -> List[Broken]:
    """The same motion sampled at dt, dt/2 and dt/4: the return must settle.

    Each drawn state is held for a while, so that sampling finer sees the same states; for terms that read a rate everything moves
    straight from one to the next. What is left is what the operators that keep time differ by; that is small, up or down.
    """
    terms = [t for t in subject.terms if not_comparable(subject, t) is None]
    moving = [t for t in terms if "rate" in subject.names(t)]
    groups = [(True, moving), (False, [t for t in terms if t not in moving])]
    returns: List[Quantities] = [{}, {}, {}]
    for straight, group in groups:
        for at, times in enumerate((1, 2, 4) if group and episode.steps else ()):
            program = subject.with_dt(1 / times)
            fine = _finer(episode, BETWEEN * times, straight).settled(program.vocabulary.dt)
            trace = run(program, fine, params=subject.params)
            returns[at].update({t: trace[t][..., 0].sum(0) for t in group})
    out = []
    for term in returns[0]:
        whole, half, quarter = (r[term] for r in returns)
        size = torch.maximum(quarter.abs(), half.abs())
        some = size > 1e-9
        change = torch.where(some, (quarter - half) / size.clamp(min=1e-30), 0.0)
        if bool(some.any()) and abs(float(change[some].median())) > LIMIT:
            env = int(change.abs().argmax())
            message = "its return is {:.6g}, {:.6g} at half the dt, {:.6g} at a quarter".format(
                *(float(r[env]) for r in (whole, half, quarter))
            )
            out.append(Broken(term, episode.steps, env, message))
    return out


def _finer(episode: Episode, between: int, straight: bool) -> Episode:
    """The drawn states in one motion without resets, `between` steps from one to the next: held, or as ends of straight lines."""
    share = torch.arange(1, between + 1, dtype=torch.float64) / between
    reached: Quantities = {}
    for name, x in episode.reached.items():
        if name in episode.space.model or name in COUNTED:
            reached[name] = x
            continue
        knots = torch.cat((episode.start[name][:1], x[1:]))  # [S + 1, N, ...]
        if straight and x.dtype != torch.bool and episode.space.raw[name].type.kind is not Kind.ROTATION:
            knots = knots[:1] + CALM * (knots - knots[:1])
        if not straight or x.dtype == torch.bool or name.startswith("command_"):
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
