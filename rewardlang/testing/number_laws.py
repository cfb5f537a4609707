"""Laws about single numbers: finite, in range, as the reference interpreter and float32 have them, adding up, symmetric."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
import torch

from ..lang import format
from ..lang.compiler import compile_tree
from ..lang.fmt import FormatError
from ..lang.fmt import formatted as format_source
from ..lang.source import read
from ..lang.syntax import parse_text
from ..lang.types import Kind
from .episode import Episode
from .mirror import mirror_of, without_image
from .reference import Reference
from .subject import Subject
from .trace import ENDS, GLOBALS, TOTAL, Broken, Trace, advance, columns, differences, reward_of

EXACT = 1e-9  # float64: the same operations in another order
ROUNDING = 1e-3  # float32, of what a number is
JITTER = 3e-7  # more than a float32's rounding
CONDITION = 30.0  # how many times what jitter does rounding may do
SAMPLES = 4  # environments that the reference reckons too


def allowed(subject: Subject, part: str) -> Optional[str]:
    reason = subject.allowed(part)
    return reason and f"allowed: {reason}"


def finite(subject: Subject, episode: Episode) -> List[Broken]:
    trace, out = subject.run(episode), []
    for term in subject.terms:
        out += _first(
            ~torch.isfinite(trace[term]).all(-1),
            term,
            lambda s, e, t=term: f"its value is {float(trace[t][s, e, 1])}",
        )
    at = columns(subject.program, ENDS).index("`nonfinite`")
    odd = (trace[ENDS][..., at] > 0) & torch.stack(
        [torch.isfinite(trace[t]).all(-1) for t in subject.terms] or [trace[ENDS][..., at] >= 0]
    ).all(0)
    return out + _first(odd, TOTAL, lambda s, e: "the total, or what a termination compares, is not finite")


def _first(bad: torch.Tensor, part: str, message: object) -> List[Broken]:
    if not bool(bad.any()):
        return []
    step, env = bad.nonzero()[0].tolist()
    return [Broken(part, step + 1, env, message(step, env))]  # type: ignore[operator]


def unbounded(subject: Subject, part: str) -> Optional[str]:
    low, high = _range(subject, part)
    return "nothing bounds it" if math.isinf(low) and math.isinf(high) else None


def _range(subject: Subject, part: str) -> List[float]:
    term = next(t for t in subject.program.typed.terms if t.name == part)
    return list(subject.program.bounds.of(term.value)[:2])


def in_range(subject: Subject, episode: Episode) -> List[Broken]:
    trace, out = subject.run(episode), []
    for term in subject.terms:
        low, high = _range(subject, term)
        value = trace[term][..., 1]
        room = EXACT * (1 + value.abs())
        bad = (value < low - room) | (value > high + room)
        out += _first(
            bad,
            term,
            lambda s, e, v=value, lo=low, hi=high: (
                f"its value is {float(v[s, e]):.6g}, outside {lo:.6g}..{hi:.6g}"
            ),
        )
    return out


def reference(subject: Subject, episode: Episode) -> List[Broken]:
    step = max(1, episode.count // SAMPLES)
    rows = torch.arange(0, episode.count, step)[: SAMPLES + 1]
    few = episode.rows(rows)
    got, want = subject.run(few), _reckoned(subject, few)
    at = columns(subject.program, ENDS).index("`nonfinite`")
    odd = (
        got[ENDS][..., at] > 0
    )  # also by what a termination or the total read, which the interpreter does not look at
    want[ENDS][..., at - 1 : at + 1] = torch.where(odd[..., None], got[ENDS], want[ENDS])[
        ..., at - 1 : at + 1
    ]
    found = differences(
        subject.program, got, want, ("in compiled code", "in the reference interpreter"), EXACT
    )
    return [Broken(b.part, b.step, int(rows[b.env]), b.message) for b in found]


def _reckoned(subject: Subject, episode: Episode) -> Trace:
    """A trace by the reference interpreter."""
    program = subject.program
    steps: List[List[Dict[str, object]]] = []
    for env in range(episode.count):
        one = Reference(program.tree, program.vocabulary)
        one.params.update(subject.params)
        one.globals.update(GLOBALS)
        of = lambda step, start, env=env: {
            n: (v if n in episode.space.model else v[env]).numpy()
            for n, v in episode.at(step, start=start).items()
        }
        one.reset(of(0, True))
        rows = []
        for step in range(1, episode.steps + 1):
            rows.append(one.step(of(step, False)))
            if bool(episode.reset[step, env]):
                one.reset(of(step, True))
        steps.append(rows)
    gather = lambda pick: torch.as_tensor(
        np.array([[pick(row) for row in rows] for rows in steps], float)
    ).transpose(0, 1)
    trace = {
        name: gather(lambda r, i=i: [r["paid"][i], r["values"][i]]) for i, name in enumerate(subject.terms)
    }
    trace[TOTAL] = gather(lambda r: [r["reward"]])
    trace[ENDS] = gather(_ends)
    return trace


def _ends(row: Dict[str, object]) -> List[float]:
    bad = any(row["bad"])  # type: ignore[arg-type]
    causes, metrics = row["causes"], row["metrics"]
    return [*causes.values(), row["terminated"], row["time_out"] and not bad, bad, *metrics.values()]  # type: ignore[attr-defined, list-item, misc]


def float32(subject: Subject, episode: Episode) -> List[Broken]:
    """What jitter in the inputs, as large as rounding's, does to a number bounds what rounding may do to it."""
    plain = subject.run(episode)
    allowed: Trace = {part: torch.zeros_like(x) for part, x in plain.items()}
    for case in range(6):
        other = subject.with_dt(1 + (-1) ** case * JITTER) if case > 3 else subject.program
        moved = subject.run(_jittered(episode, case), other)
        for part, x in plain.items():
            apart = (moved[part] - x).abs()
            allowed[part] = torch.maximum(
                allowed[part], torch.where(apart.isfinite(), CONDITION * apart, math.inf)
            )
    for part, x in plain.items():
        huge = ~x.isfinite() | (x.abs() > 1e30)
        allowed[part] = torch.where(huge, math.inf, allowed[part])
    single = subject.run(episode, dtype=torch.float32)
    return differences(subject.program, single, plain, ("in float32", "in float64"), ROUNDING, allowed)


def _jittered(episode: Episode, case: int) -> Episode:
    """The episode with every number moved a little: up, down, or at random; components by what is little for their vector."""
    generator = torch.Generator().manual_seed(case)

    def moved(name: str, x: torch.Tensor) -> torch.Tensor:
        if x.dtype == torch.bool or name == "episode_step":
            return x
        type = episode.space.raw[name].type
        whole = type.kind is Kind.ROTATION or type.vector is not None
        size = x.norm(dim=-1, keepdim=True) if whole else x.abs()
        sign = torch.randn(x.shape, generator=generator, dtype=x.dtype).sign() if case > 1 else (-1.0) ** case
        x = x + JITTER * sign * torch.where(size.isfinite(), size, 0.0)
        return x / x.norm(dim=-1, keepdim=True) if type.kind is Kind.ROTATION else x

    change = lambda q: {name: moved(name, x) for name, x in q.items()}
    return Episode(episode.space, change(episode.reached), episode.reset, change(episode.start))


def adds_up(subject: Subject, episode: Episode) -> List[Broken]:
    trace, program, out = subject.run(episode), subject.program, []
    reward = reward_of(program, episode, torch.float64, subject.params)
    reward.reset(episode.at(0, start=True))
    for step in range(1, episode.steps + 1):
        advance(reward, episode, step)
    read, total = reward.read_statistics(), torch.zeros_like(trace[TOTAL][..., 0])
    for i, term in enumerate(subject.terms):
        paid, value = trace[term].unbind(-1)
        due = value * reward.weights[i]
        due = torch.where(due.isfinite(), due, 0.0)
        bad = (paid - due).abs() > EXACT * (1 + due.abs())
        out += _first(
            bad,
            term,
            lambda s, e, p=paid, d=due: (
                f"it pays {float(p[s, e]):.6g}, weight * value is {float(d[s, e]):.6g}"
            ),
        )
        mean = float(paid.mean())
        if not bool(bad.any()) and abs(read[f"terms/{term}"] - mean) > 1e-6 * (1 + float(paid.abs().mean())):
            out.append(
                Broken(term, 1, 0, f"the logs say {read[f'terms/{term}']:.6g} a step, {mean:.6g} was paid")
            )
        total += paid
    reward_paid = trace[TOTAL][..., 0]
    if program.typed.total is None:
        bad = ((reward_paid - total).abs() > EXACT * (1 + total.abs())) & total.isfinite()
        found = _first(
            bad,
            TOTAL,
            lambda s, e: (
                f"the reward is {float(reward_paid[s, e]):.6g}, the terms add up to {float(total[s, e]):.6g}"
            ),
        )
        if found:
            return out + found
    logged = sum(read[f"terms/{t}"] for t in subject.terms) + read.get("reward/total_rule", 0.0)
    size = 1 + float(total.abs().mean())
    for text, number in (("terms and total_rule", logged), ("the total", read["reward/total"])):
        if abs(number - float(reward_paid.mean())) > 1e-6 * size:
            return [
                *out,
                Broken(
                    TOTAL,
                    1,
                    0,
                    f"{text} in the logs: {number:.6g} a step, {float(reward_paid.mean()):.6g} was paid",
                ),
            ]
    return out


def no_mirror(subject: Subject, part: str) -> Optional[str]:
    return without_image(subject.space, subject.reads(part))


def need_not_be_symmetric(subject: Subject, part: str) -> Optional[str]:
    name = "total" if part == TOTAL else part
    if name in subject.symmetric():
        return None
    return f"it changes under the mirror (`expect symmetric({name})` makes that an error)"


def mirrored(subject: Subject, episode: Episode) -> List[Broken]:
    plain, other = subject.run(episode), subject.run(mirror_of(episode))
    parts = [p for p in subject.parts if no_mirror(subject, p) is None]
    pick = lambda trace: {p: trace[p] for p in parts}
    return differences(subject.program, pick(other), pick(plain), ("mirrored", "as it is"), 1e-6)


def formatted(subject: Subject, episode: Episode) -> List[Broken]:
    program, broken = subject.program, lambda message: [Broken("(spec)", 0, 0, message)]
    canonical = format.file(program.tree)
    again = parse_text(canonical, program.tree.source.name)
    if format.file(again) != canonical:
        return broken("the canonical text is another when it is read and written again")
    if compile_tree(again, program.vocabulary, program.name).hash != program.hash:
        return broken("the canonical text compiles to other code")
    if subject.path is not None:
        try:
            format_source(read(Path(subject.path), subject.path))
        except FormatError as problem:
            return broken(str(problem))
    return []
