"""Random and extreme but legal sequences of states for a task, with resets; every raw quantity, in float64."""

from __future__ import annotations

from typing import Dict, Iterator, NamedTuple

import torch

from rewardlang.lang.vocabulary import Vocabulary

Quantities = Dict[str, torch.Tensor]


class Moment(NamedTuple):
    """A step's terminal state, who is reset after it, and the state then (others' rows as they were)."""

    reached: Quantities
    reset: torch.Tensor  # [N] bool
    after: Quantities


def raw(vocabulary: Vocabulary) -> list:
    return [
        q for q in vocabulary.quantities.values() if not q.definition and q.kind in ("state", "host", "model")
    ]


def draw(vocabulary: Vocabulary, n: int, generator: torch.Generator, extreme: float = 0.0) -> Quantities:
    """One state of n environments. A share `extreme` of the numbers is at or near the end of what is legal."""
    rand = lambda *shape: torch.rand(*shape, generator=generator, dtype=torch.float64)
    out: Quantities = {}
    for quantity in raw(vocabulary):
        type, kind = quantity.type, quantity.type.kind.value
        shape = ([] if quantity.kind == "model" else [n]) + [len(axis) for axis in type.axes]
        if kind == "bool":
            out[quantity.name] = rand(*shape) < 0.1
        elif kind == "rotation":
            q = torch.randn(*shape, 4, generator=generator, dtype=torch.float64)
            out[quantity.name] = q / q.norm(dim=-1, keepdim=True)
        else:
            each = torch.tensor(quantity.each or [type.range], dtype=torch.float64)
            bottom, top = each[:, 0], each[:, 1]
            low = torch.where(bottom > 3.0, bottom, bottom.clamp(min=-3.0))
            high = torch.where((top < -3.0) | (low > 3.0), top, top.clamp(max=3.0))
            x = low + (high - low) * rand(*shape)
            ends = torch.where(rand(*shape) < 0.5, bottom.clamp(min=-1e3), top.clamp(max=1e3))
            drawn = torch.where(rand(*shape) < extreme, ends, x)
            out[quantity.name] = drawn.float().double().clamp(bottom, top)
    for name in ("contact_forces", "dof_vel", "actions"):  # often exactly 0, so that contacts come and go
        out[name] = torch.where(rand(*out[name].shape) < 0.3, torch.zeros(()).double(), out[name])
    return out


def sequence(vocabulary: Vocabulary, n: int, steps: int, seed: int, extreme: float = 0.0) -> Iterator[Moment]:
    """First a moment whose `after` is the initial reset of all, then the steps."""
    generator = torch.Generator().manual_seed(seed)
    first = draw(vocabulary, n, torch.Generator().manual_seed(seed))
    model = {q.name: first[q.name] for q in raw(vocabulary) if q.kind == "model"}
    count = torch.zeros(n, dtype=torch.float64)
    everyone = torch.ones(n, dtype=torch.bool)
    for step in range(steps + 1):
        reached = {**draw(vocabulary, n, generator, extreme), **model}
        count = count + 1
        reached.update(episode_step=count, episode_time=count * vocabulary.dt)
        mask = everyone if step == 0 else torch.rand(n, generator=generator) < 0.2
        fresh = {**draw(vocabulary, n, generator), **model}
        count = torch.where(mask, 0.0, count)
        fresh.update(episode_step=count, episode_time=count * vocabulary.dt, actions=torch.zeros_like(fresh["actions"]),
                     time_limit=torch.zeros(n, dtype=torch.bool))  # fmt: skip
        after = {name: value if name in model else torch.where(mask.view(-1, *[1] * (value.dim() - 1)), value, reached[name])
                 for name, value in fresh.items()}  # fmt: skip
        yield Moment(reached, mask, after)


def cast(quantities: Quantities, dtype: torch.dtype) -> Quantities:
    return {
        name: value if value.dtype == torch.bool else value.to(dtype) for name, value in quantities.items()
    }
