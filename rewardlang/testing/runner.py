"""All laws on all parts of a spec, with seeds; the first broken case of each, made small."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import torch

from .. import Spec
from ..lang.compiler import Compiled
from ..task import Task
from .case import Case, LawBroken
from .episode import Episode
from .episode import episode as episode_of
from .laws import SPEC, Law, broken_by, chosen, law_of
from .shrink import SECONDS, smallest
from .strategies import pool
from .subject import Subject
from .trace import TOTAL, Broken

EXAMPLES, STEPS, ROUND = 64, 12, 64
PATIENCE = 20.0  # seconds for making the cases of one spec small
ALL = "(all)"  # where no part of a spec is tried, all for one reason
PASS, FAIL, SKIP = "pass", "fail", "skip"


@dataclass(frozen=True)
class Result:
    """How one part of a spec did under one law."""

    law: str
    part: str
    outcome: str
    reason: str = ""
    examples: int = 0
    seed: int = 0
    seconds: float = 0.0
    case: Optional[Case] = None

    def to_dict(self) -> Dict[str, Any]:
        row = {"law": self.law, "part": self.part, "outcome": self.outcome, "reason": self.reason, "examples": self.examples,
               "seed": self.seed, "seconds": round(self.seconds, 4)}  # fmt: skip
        return {**row, "case": self.case.to_dict()} if self.case is not None else row


class Trials:
    """Sequences to try laws on, made when first asked for and shared by all laws: rounds of up to 64, each with its own seed."""

    def __init__(self, subject: Subject, examples: int = EXAMPLES, seed: int = 0) -> None:
        self.subject, self.examples, self.seed = subject, max(1, examples), seed
        self.made: Dict[int, Episode] = {}
        self.patience = PATIENCE

    def rounds(self) -> Iterator[Any]:
        """(seed, episode) of each round."""
        for at in range(0, self.examples, ROUND):
            seed = self.seed + at // ROUND
            if seed not in self.made:
                self.made[seed] = pool(self.subject.space, min(ROUND, self.examples - at), STEPS, seed)
            yield seed, self.made[seed]


def try_law(law: Law, subject: Subject, trials: Trials, shrink: bool = True) -> List[Result]:
    """A law on every part of a spec."""
    begin = time.monotonic()
    parts = law.parts_of(subject)
    if not parts:
        return []
    skipped = {part: reason for part in parts for reason in [law.skip(subject, part)] if reason}
    if len(skipped) == len(parts) and len(set(skipped.values())) == 1:
        return [Result(law.name, ALL, SKIP, next(iter(skipped.values())))]
    found: Dict[str, Tuple[int, Broken, Episode]] = {}
    tried = 0
    for seed, episode in trials.rounds():
        tried += episode.count
        for broken in broken_by(law, subject, episode):
            found.setdefault(broken.part, (seed, broken, episode))
        if set(found) >= set(parts) - set(skipped) or law.parts == (SPEC,):
            break
    passed = Result(law.name, "", PASS, "", tried, trials.seed, (time.monotonic() - begin) / len(parts))
    out: List[Result] = []
    for part in parts:
        excuse = skipped.get(part) or (law.excuse(subject, part) if part in found else None)
        if part == TOTAL and part in found and any(r.outcome == FAIL for r in out):
            excuse = "as the terms that it adds up"
        if excuse:
            out.append(Result(law.name, part, SKIP, excuse))
        elif part not in found:
            out.append(replace(passed, part=part))
        else:
            seed, broken, episode = found[part]
            begin = time.monotonic()
            case = small_case(law, subject, broken, episode, trials.patience if shrink else 0.0)
            seconds = time.monotonic() - begin
            trials.patience -= seconds if shrink else 0.0
            out.append(Result(law.name, part, FAIL, case.broken.message, tried, seed, seconds, case))
    return out


def small_case(
    law: Law, subject: Subject, broken: Broken, episode: Episode, patience: float = SECONDS
) -> Case:
    """The smallest case found in so many seconds in which the law is broken for the same part."""
    if patience > 0 and broken.part != SPEC:
        check = lambda one: next((b for b in broken_by(law, subject, one) if b.part == broken.part), None)
        smaller = smallest(subject, episode, check, min(patience, SECONDS))
        found = check(smaller)
        if found is not None:
            broken, episode = found, smaller
    return Case(law.name, law.doc, subject, broken, episode)


def test(subject: Subject, laws: Sequence[str] = (), examples: int = EXAMPLES, seed: int = 0,
         report: Callable[[Result], None] = lambda result: None) -> List[Result]:  # fmt: skip
    """Every law on every part of a spec, in order; each result is reported as it comes."""
    trials, out = Trials(subject, examples, seed), []
    with one_thread():
        for law in chosen(laws):
            for result in try_law(law, subject, trials):
                report(result)
                out.append(result)
    return out


test.__test__ = False  # type: ignore[attr-defined]  # not for pytest, where someone imports it


def assert_law(law: str, spec: Union[str, Path, Spec, Compiled], task: Union[Task, str, None] = None, *, part: Optional[str] = None,
               episode: Union[Episode, Sequence[Any], None] = None, params: Optional[Mapping[str, float]] = None,
               max_examples: int = EXAMPLES, seed: int = 0) -> None:  # fmt: skip
    """Raise LawBroken if a spec breaks a law, with the smallest case found.

    `spec` is the path of a .reward file, a Spec, a text or a compiled program. `part` is a term's name, `(total)` or `(ends)`; all
    by default. `episode` is what to try it on: an Episode (a strategy's, say) or states as a failing case prints them; by default
    `max_examples` sequences are drawn from `seed`. Raises ValueError for a law, part or state that there is not.
    """
    row, subject = law_of(law), Subject(spec, task, params, torch_compile=law == "compile")
    parts = row.parts_of(subject)
    if part is not None and part not in parts:
        raise ValueError(f"the law `{law}` has no part `{part}` of {subject.name}; it has {', '.join(parts)}")
    if episode is not None and not isinstance(episode, Episode):
        episode = episode_of(subject.space, episode)
    trials = Trials(subject, max_examples, seed)
    with one_thread():
        rounds = trials.rounds() if episode is None else [(seed, episode)]
        for _, one in rounds:
            for broken in broken_by(row, subject, one):
                if (part or broken.part) == broken.part and not (
                    row.skip(subject, broken.part) or row.excuse(subject, broken.part)
                ):
                    raise LawBroken(
                        small_case(row, subject, broken, one, SECONDS if episode is None else 0.0)
                    )


class one_thread:
    """Small tensors are fastest on one thread."""

    def __enter__(self) -> None:
        self.before = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self.before)
