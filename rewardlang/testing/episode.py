"""Sequences of states with resets: N environments that take the same number of steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Sequence

import torch

from .space import COUNTED, Literal, Quantities, Space


@dataclass(frozen=True)
class Episode:
    """N environments over S steps. `reached[name]` [S + 1, N, ...] is the state that a step ended in (row 0 is not read);
    `reset` [S + 1, N] tells who is reset after it (row 0: all); `start[name]` [S + 1, N, ...] is the state then. Those of kind
    `model` are there once, without rows. All in float64."""

    space: Space
    reached: Quantities
    reset: torch.Tensor
    start: Quantities

    @property
    def steps(self) -> int:
        return len(self.reset) - 1

    @property
    def count(self) -> int:
        return self.reset.shape[1]

    def rows(self, index: torch.Tensor) -> Episode:
        """Some of the environments, or all in another order."""
        pick = lambda q: {n: v if n in self.space.model else v[:, index] for n, v in q.items()}
        return replace(self, reached=pick(self.reached), reset=self.reset[:, index], start=pick(self.start))

    def cut(self, steps: int) -> Episode:
        """The first steps only."""
        pick = lambda q: {n: v if n in self.space.model else v[: steps + 1] for n, v in q.items()}
        return replace(
            self, reached=pick(self.reached), reset=self.reset[: steps + 1], start=pick(self.start)
        )

    def at(self, step: int, dtype: torch.dtype = torch.float64, start: bool = False) -> Quantities:
        """The quantities of one step, as a reward takes them: copies, as a step may be wrong and write to them."""
        source = self.start if start else self.reached
        out = {n: v if n in self.space.model else v[step] for n, v in source.items()}
        return {n: v.clone() if v.dtype in (torch.bool, dtype) else v.to(dtype) for n, v in out.items()}

    def settled(self, dt: float) -> Episode:
        """The same with `episode_step` and `episode_time` as the resets make them, and everybody who is not reset left as it is."""
        count = torch.zeros(self.count, dtype=torch.float64)
        reached, start = [], []
        for step in range(self.steps + 1):
            count = count + (step > 0)
            reached.append(count)
            count = torch.where(self.reset[step], 0.0, count)
            start.append(count)
        ends, begins = torch.stack(reached), torch.stack(start)
        new: Dict[str, Quantities] = {"reached": dict(self.reached), "start": dict(self.start)}
        for name, factor in zip(COUNTED, (1.0, dt)):
            if name in self.reached:
                new["reached"][name], new["start"][name] = ends * factor, begins * factor
        for name in (n for n in self.reached if n not in self.space.model):
            first, later = new["start"][name], new["reached"][name]
            later = torch.cat((first[:1], later[1:]))
            mask = self.reset.view(*self.reset.shape, *[1] * (later.dim() - 2))
            new["reached"][name], new["start"][name] = later, torch.where(mask, first, later)
        return Episode(self.space, new["reached"], self.reset, new["start"])

    def literal(self, names: Sequence[str]) -> List[List[List[Dict[str, object]]]]:
        """Environments, their episodes, a state a step (the reset state first), as `episode` reads it."""
        names = [name for name in names if name not in COUNTED]
        out = []
        for i in range(self.count):
            parts: List[List[Dict[str, object]]] = []
            for step in range(self.steps + 1):
                if step:
                    parts[-1].append(self._differences(self.reached, step, i, names))
                if self.reset[step, i] and (step < self.steps or not step):
                    parts.append([self._differences(self.start, step, i, names)])
            out.append(parts)
        return out

    def _differences(self, source: Quantities, step: int, i: int, names: Sequence[str]) -> Dict[str, object]:
        here = {n: source[n] if n in self.space.model else source[n][step, i] for n in names}
        return dict(self.space.differences(here, names)) if names else {}


def episode(space: Space, literal: Sequence[Sequence[Sequence[Literal]]]) -> Episode:
    """The sequence that a literal describes: environments, their episodes, a state a step with the reset state first.

    All environments take as many steps; a state is what differs from standing still in the default pose, by address. A number of
    the robot itself, such as a mass, is taken from the first state. Raises ValueError for what does not fit.
    """
    lengths = {sum(len(states) - 1 for states in parts) for parts in literal}
    if not literal or len(lengths) != 1 or any(not states for parts in literal for states in parts):
        raise ValueError(
            "every environment takes the same number of steps, and every episode begins with its reset state"
        )
    steps = lengths.pop()
    reset = torch.zeros(steps + 1, len(literal), dtype=torch.bool)
    rows: Dict[str, List[List[Quantities]]] = {"reached": [], "start": []}
    for i, parts in enumerate(literal):
        reached: List[Quantities] = [space.state({})]
        start: List[Quantities] = []
        for states in parts:
            reset[len(reached) - 1, i] = True
            start += [reached[-1]] * (len(reached) - 1 - len(start)) + [space.state(states[0])]
            reached += [space.state(s) for s in states[1:]]
        start += [reached[-1]] * (steps + 1 - len(start))
        rows["reached"].append(reached)
        rows["start"].append(start)
    model = {n: rows["start"][0][0][n] for n in space.model}
    stacked = {
        which: {
            **{n: torch.stack([torch.stack([s[n] for s in env]) for env in envs], 1) for n in envs[0][0]},
            **model,
        }
        for which, envs in rows.items()
    }
    return Episode(space, stacked["reached"], reset, stacked["start"]).settled(space.vocabulary.dt)
