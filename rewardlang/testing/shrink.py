"""A broken law's smallest case: fewer environments, fewer steps, no resets, and as few numbers as possible off the neutral state."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import partial
from typing import Callable, Iterator, List, Optional, Tuple

import torch

from ..lang.types import Kind
from .episode import Episode
from .space import COUNTED, IDENTITY, Quantities
from .subject import Subject
from .trace import Broken

SECONDS = 4.0
PLAIN = [d * 10.0**e for e in range(-1, 4) for d in (1, 2, 3, 5)]  # distances that a person can read
EVERYWHERE = (slice(None), slice(None))  # on every step, in every environment
Change = Callable[[torch.Tensor], torch.Tensor]
Fails = Callable[[Episode], Optional[Broken]]


def smallest(subject: Subject, episode: Episode, check: Fails, seconds: float) -> Episode:
    """The smallest episode found for which `check` still gives a break; the one given, if nothing smaller does."""
    end = time.monotonic() + seconds

    def fails(candidate: Episode) -> Optional[Broken]:
        return check(candidate) if time.monotonic() < end else None

    settled = episode.settled(subject.space.vocabulary.dt)
    episode = settled if fails(settled) else episode
    for shrinker in (
        _fewer_environments,
        _fewer_steps,
        _no_resets,
        _neutral,
        _constant,
        _one_by_one,
        _nearer,
        _fewer_environments,
        _fewer_steps,
        _round,
    ):
        episode = shrinker(subject, episode, fails)
    return episode


def _fewer_environments(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    if episode.count == 1:
        return episode
    found = fails(episode)
    env = found.env if found is not None else 0
    others = [i for i in (0, 1, episode.count - 1, env - 1, env + 1) if 0 <= i < episode.count and i != env]
    tries = [[env], *([env, i] for i in others), *([i, env] for i in others)]
    half = max(1, episode.count // 2)
    tries += [list(range(half)), list(range(episode.count - half, episode.count))]
    for rows in tries:
        if len(rows) < episode.count:
            smaller = episode.rows(torch.tensor(rows))
            if fails(smaller):
                return _fewer_environments(subject, smaller, fails)
    return episode


def _fewer_steps(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    found = fails(episode)
    if found is not None and 0 < found.step < episode.steps:
        cut = episode.cut(found.step)
        episode = cut if fails(cut) else episode
    for step in range(episode.steps, 0, -1):
        if episode.steps > 1:
            shorter = _without(episode, step).settled(subject.space.vocabulary.dt)
            episode = shorter if fails(shorter) else episode
    return episode


def _without(episode: Episode, step: int) -> Episode:
    """The episode without one of its steps and the reset after it."""
    keep = torch.tensor([s for s in range(episode.steps + 1) if s != step])
    pick = lambda q: {n: v if n in episode.space.model else v[keep] for n, v in q.items()}
    return replace(
        episode, reached=pick(episode.reached), reset=episode.reset[keep], start=pick(episode.start)
    )


def _no_resets(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    for step, env in episode.reset[1:].nonzero().tolist():
        reset = episode.reset.clone()
        reset[step + 1, env] = False
        fewer = replace(episode, reset=reset).settled(subject.space.vocabulary.dt)
        episode = fewer if fails(fewer) else episode
    return episode


def _with(episode: Episode, name: str, change: Change) -> Episode:
    """The episode with a quantity changed, wherever it stands; bodies follow the base."""

    def changed(states: Quantities) -> Quantities:
        return episode.space.tied({**states, name: change(states[name].clone())})

    return replace(episode, reached=changed(episode.reached), start=changed(episode.start))


def _to(value: torch.Tensor) -> Change:
    return lambda x: value.expand_as(x).clone()


def _names(subject: Subject, episode: Episode) -> List[str]:
    """Quantities that are not neutral, what the robot is made of last."""
    space = subject.space
    off = [
        n
        for n in space.raw
        if n not in COUNTED
        and any(bool((x != space.neutral[n]).any()) for x in (episode.reached[n], episode.start[n]))
    ]
    return sorted(off, key=lambda n: n in space.model)


def _neutral(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    """Whole quantities neutral at once: all that the spec does not read, then each."""
    read = set(subject.everything())
    names = _names(subject, episode)
    for group in ([n for n in names if n not in read], *([n] for n in names if n in read)):
        plain = episode
        for name in group:
            plain = _with(plain, name, _to(subject.space.neutral[name]))
        if group and fails(plain):
            episode = plain
    return episode


def _constant(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    """A quantity that stays what it is at the first reset."""
    for name in _names(subject, episode):
        if name not in subject.space.model:
            still = _with(episode, name, _to(episode.start[name][:1]))
            episode = still if fails(still) else episode
    return episode


def _one_by_one(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    """Each element neutral: over all steps, then on each."""
    space = subject.space
    for name in _names(subject, episode):
        elements = [index for known, index in space.addresses.values() if known == name]
        for some in _halves(elements):
            lead: Tuple = () if name in space.model else EVERYWHERE
            everywhere = [(lead, i) for i in some]
            if not _is_neutral(episode, name, everywhere):
                episode = _try(episode, name, everywhere, fails)
    for name in _names(subject, episode):
        if name in space.model:
            continue
        for index in (index for known, index in space.addresses.values() if known == name):
            if _is_neutral(episode, name, [(EVERYWHERE, index)]):
                continue
            for step in range(episode.steps + 1):
                for env in range(episode.count):
                    if not _is_neutral(episode, name, [((step, env), index)]):
                        episode = _try(episode, name, [((step, env), index)], fails)
    return episode


def _nearer(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    """Each number as near to the neutral one as a plain distance allows, over all steps: the limit that a law sets shows."""
    space = subject.space
    for name, index in space.addresses.values():
        if space.raw[name].type.kind is not Kind.NUMBER or name in COUNTED:
            continue
        lead: Tuple = () if name in space.model else EVERYWHERE
        if not _is_neutral(episode, name, [(lead, index)]):
            episode = _brought(episode, name, lead + index, space.neutral[name][index], fails)
    return episode


def _brought(episode: Episode, name: str, place: Tuple, neutral: torch.Tensor, fails: Fails) -> Episode:
    far = float(max((x[name][place] - neutral).abs().max() for x in (episode.reached, episode.start)))
    for distance in (d for d in PLAIN if d < 0.99 * far):

        def nearer(x: torch.Tensor, most: float = distance) -> torch.Tensor:
            x[place] = neutral + (x[place] - neutral).clamp(-most, most)
            return x

        near = _with(episode, name, nearer)
        if fails(near):
            return near
    return episode


def _halves(elements: List) -> Iterator[List]:
    """Groups of elements, large ones first."""
    size = len(elements)
    while size:
        for at in range(0, len(elements), size):
            yield elements[at : at + size]
        size //= 2


def _is_neutral(episode: Episode, name: str, places: List) -> bool:
    neutral = episode.space.neutral[name]
    return all(
        bool((x[lead + index] == neutral[index]).all())
        for lead, index in places
        for x in (episode.reached[name], episode.start[name])
    )


def _try(episode: Episode, name: str, places: List, fails: Fails) -> Episode:
    neutral = episode.space.neutral[name]

    def change(x: torch.Tensor) -> torch.Tensor:
        for lead, index in places:
            x[lead + index] = neutral[index]
        return x

    plain = _with(episode, name, change)
    return plain if fails(plain) else episode


def _round(subject: Subject, episode: Episode, fails: Fails) -> Episode:
    """Numbers with few digits, and rotations about one axis by whole tenths."""
    for name in _names(subject, episode):
        kind = subject.space.raw[name].type.kind
        if kind is Kind.BOOL:
            continue
        for digits in (1, 2, 4):
            rounder = _with(episode, name, partial(_turns if kind is Kind.ROTATION else _digits, digits))
            if fails(rounder):
                episode = rounder
                break
    return episode


def _digits(digits: int, x: torch.Tensor) -> torch.Tensor:
    flat = [float(f"{v:.{digits}g}") if math.isfinite(v) else v for v in x.flatten().tolist()]
    return torch.tensor(flat, dtype=x.dtype).view(x.shape)


def _turns(digits: int, x: torch.Tensor) -> torch.Tensor:
    """Quaternions of rounded numbers, made units again; the identity stays."""
    still = (x == torch.tensor(IDENTITY, dtype=x.dtype)).all(-1, keepdim=True)
    rounded = torch.round(x, decimals=digits)
    size = rounded.norm(dim=-1, keepdim=True)
    return torch.where(still | (size == 0), x, rounded / size.clamp(min=1e-9))
