"""Laws about environments and state: nobody else in the batch, nothing before a reset, and no other term changes what is paid."""

from __future__ import annotations

import io
from typing import List, Optional

import torch

from .episode import Episode
from .subject import Subject
from .trace import Broken, Trace, advance, differences, reward_of, stacked

EXACT = 1e-9  # float64: the same operations in another order
SIZES = (1, 2, 7, 64)


def permuted(subject: Subject, episode: Episode) -> List[Broken]:
    order = torch.arange(episode.count - 1, -1, -1)
    other = subject.run(episode.rows(order))
    back = {part: x[:, order] for part, x in other.items()}
    return differences(
        subject.program, back, subject.run(episode), ("in a permuted batch", "in the batch as it is"), EXACT
    )


def split(subject: Subject, episode: Episode) -> List[Broken]:
    whole = subject.run(episode)
    out: List[Broken] = []
    for size in SIZES:
        if size >= episode.count:
            continue
        first = (episode.count - size) // 2
        rows = torch.arange(first, first + size)
        alone = subject.run(episode.rows(rows))
        there: Trace = {part: x[:, rows] for part, x in whole.items()}
        what = f"in a batch of {size}", f"in a batch of {episode.count}"
        found = differences(subject.program, alone, there, what, EXACT)
        known = {b.part for b in out}
        out += [Broken(b.part, b.step, first + b.env, b.message) for b in found if b.part not in known]
    return out


def fresh(subject: Subject, episode: Episode) -> List[Broken]:
    """The k-th episode of each environment, in environments of its own in the same rows, so that not a bit may differ."""
    used, everyone = subject.run(episode), torch.arange(episode.count)
    out: List[Broken] = []
    starts = [episode.reset[:-1, env].nonzero()[:, 0].tolist() for env in range(episode.count)]
    for k in range(max(map(len, starts))):
        begin = torch.tensor([s[k] if k < len(s) else s[-1] for s in starts])
        end = torch.tensor([s[k + 1] if k + 1 < len(s) else episode.steps for s in starts])
        length = torch.where(torch.tensor([k < len(s) for s in starts]), end - begin, 0)
        steps = int(length.max())
        at = (begin[None] + torch.arange(steps + 1)[:, None]).clamp(max=episode.steps)  # [L + 1, N]
        pick = lambda q, at=at: {n: v if n in episode.space.model else v[at, everyone] for n, v in q.items()}
        reset = torch.zeros(steps + 1, episode.count, dtype=torch.bool)
        reset[0] = True
        alone = subject.run(Episode(episode.space, pick(episode.reached), reset, pick(episode.start)))
        inside = (torch.arange(1, steps + 1)[:, None] <= length)[..., None]  # [L, N, 1]
        there = {part: torch.where(inside, x[at[1:] - 1, everyone], alone[part]) for part, x in used.items()}
        what = (
            ("in an environment that lived before", "in a fresh one")
            if k
            else ("with others reset beside it", "with none")
        )
        known = {b.part for b in out}
        for b in differences(subject.program, there, alone, what):
            if b.part not in known:
                out.append(Broken(b.part, int(begin[b.env]) + b.step, b.env, b.message))
    return out


def in_another_order(subject: Subject, episode: Episode) -> List[Broken]:
    other = subject.run(episode, subject.turned())
    return differences(
        subject.turned(),
        other,
        subject.run(episode),
        ("with the terms in another order", "as written"),
        EXACT,
    )


def restored(subject: Subject, episode: Episode) -> List[Broken]:
    """A reward that saves half-way, against one that loads that, after it has lived through the same steps in another order."""
    program, half = subject.program, episode.steps // 2
    first, second = (reward_of(program, episode, torch.float64, subject.params) for _ in range(2))
    first.reset(episode.at(0, start=True))
    for step in range(1, half + 1):
        advance(first, episode, step)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    second.reset(episode.at(half, start=True))  # it has lived before
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    if half == episode.steps:
        return []
    gone_on = [
        stacked(program, [advance(r, episode, s) for s in range(half + 1, episode.steps + 1)])
        for r in (second, first)
    ]
    found = differences(program, gone_on[0], gone_on[1], ("after saving and loading", "without"))
    return [Broken(b.part, b.step + half, b.env, b.message) for b in found]


def copies(subject: Subject, episode: Episode) -> List[Broken]:
    """The simulator overwrites its tensors and the reward its state: what was given before must not change with them."""
    program = subject.program
    reward = reward_of(program, episode, torch.float64, subject.params)
    reward.reset(episode.at(0, start=True))
    for step in range(1, episode.steps):
        advance(reward, episode, step)
    live = {name: value.clone() for name, value in episode.at(episode.steps).items()}
    out = reward.step(live)
    before = {part: x.clone() for part, x in stacked(program, [out]).items()}
    for name, value in live.items():
        if not torch.equal(value, episode.at(episode.steps)[name]):
            part = next((t for t in subject.terms if name in subject.reads(t)), subject.parts[-1])
            return [Broken(part, episode.steps, 0, f"the step has changed the simulator's `{name}`")]
    for tensor in [*live.values(), *reward.state]:
        tensor.fill_(1)
    what = "once the simulator has gone on", "when the step gave it"
    found = differences(program, stacked(program, [out]), before, what)
    return [Broken(b.part, episode.steps, b.env, b.message) for b in found]


def not_asked(subject: Subject, part: str) -> Optional[str]:
    return None if subject.torch_compile else "takes a minute and a C++ compiler: --compile"


def torch_compiled(subject: Subject, episode: Episode) -> List[Broken]:
    reward = reward_of(subject.program, episode, torch.float64, subject.params)
    for name in ("step", "at_reset"):
        reward.code[name] = torch.compile(reward.code[name], dynamic=True)
    reward.reset(episode.at(0, start=True))
    other = stacked(subject.program, [advance(reward, episode, s) for s in range(1, episode.steps + 1)])
    return differences(subject.program, other, subject.run(episode), ("under torch.compile", "without"), 1e-6)
