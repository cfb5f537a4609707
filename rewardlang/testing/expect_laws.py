"""The law of the `expect` lines: what a spec claims holds in every state, also where `check` could not prove it."""

from __future__ import annotations

import re
from typing import List, Optional

import torch

from ..lang.expect import DELTA, Expectation
from ..lang.units import show
from .episode import Episode
from .subject import MONOTONE, Subject
from .trace import Broken, advance, reward_of

HOLDS = "holds"  # the first metric of a claim's program
ARGUMENT = re.compile(r"symmetric\((\w+)\)")


def tried_elsewhere(subject: Subject, part: str) -> Optional[str]:
    """Why a claim is not tried here."""
    claim = subject.claims[part]
    if claim.kind == "behaviours":
        return "`rewardlang check --probe` runs the behaviours and compares their returns"
    named = ARGUMENT.fullmatch(claim.text)
    return "the law `mirror` tries it" if named and named[1] in (*subject.terms, "total") else None


def kept(subject: Subject, episode: Episode) -> List[Broken]:
    """The first step on which each claim does not hold, with the values that it is about."""
    claims = {part: c for part, c in subject.claims.items() if tried_elsewhere(subject, part) is None}
    if not claims:
        return []
    reward = reward_of(subject.claimed(), episode, torch.float64, subject.params)
    reward.reset(episode.at(0, start=True))
    seen = [advance(reward, episode, step).metrics for step in range(1, episode.steps + 1)]
    out = []
    for part, claim in claims.items():
        broken = torch.stack([one[f"{HOLDS} {part}"] for one in seen]) != 1  # [S, N]
        if bool(broken.any()):
            step, env = broken.nonzero()[0].tolist()
            values = [float(seen[step][f"{o.name} {part}"][env]) for o in claim.program.metrics[1:]]
            delta = float(episode.reached[DELTA][step + 1, env]) if DELTA in episode.reached else 0.0
            out.append(Broken(part, step + 1, env, _told(claim, values, delta)))
    return out


def _told(claim: Expectation, values: List[float], delta: float) -> str:
    """The values of a claim that does not hold, with their units."""
    names, nodes = claim.program.metrics[1:], claim.program.nodes
    texts = [_number(v, show(nodes[o.value].type.unit)) for o, v in zip(names, values)]
    if claim.kind == "step":
        told = ", ".join(f"`{o.name}` is {text}" for o, text in zip(names, texts))
        return f"it does not hold{': ' if told else ''}{told}"
    by = f" by {_number(delta, claim.unit)}" if claim.kind in MONOTONE else ""
    return f"`{names[0].name}` is {texts[0]}, and {texts[1]} {names[1].name}{by}"


def _number(value: float, unit: str) -> str:
    return f"{value + 0.0:.6g}" + (f" {unit}" if unit not in ("", "1") else "")
