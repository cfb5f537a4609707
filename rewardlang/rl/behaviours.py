"""Scripted behaviours: what a reward pays a robot that does not do its task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional

import torch

from ..lang.expect import BEHAVIOURS
from .env import RewardEnv

GRAVITY = 9.81  # m/s^2


@dataclass(frozen=True)
class Course:
    """The first episode of each environment under one behaviour. S steps, N environments, T terms."""

    paid: torch.Tensor  # [S, N, T] weighted contributions; 0 after the end
    values: torch.Tensor  # [S, N, T] raw
    total: torch.Tensor  # [S, N] the reward
    on: torch.Tensor  # [S, N] bool, whether the step is one of the episode
    failed: torch.Tensor  # [N] bool, a failure ended it
    gamma: float

    @property
    def length(self) -> float:
        """Mean length of the episodes, steps."""
        return float(self.on.sum(0).float().mean())

    @property
    def per_step(self) -> torch.Tensor:
        """Mean of what each term pays a step. [T]"""
        return self.paid.sum((0, 1)) / self.on.sum()

    @property
    def returns(self) -> torch.Tensor:
        """Discounted return of each episode; one that goes on is taken to go on as in its last second. [N]"""
        steps = len(self.total)
        discount = self.gamma ** torch.arange(steps, dtype=torch.float32)  # [S]
        last = self.total[-min(steps, 50) :].mean(0)  # [N]
        tail = torch.where(self.on[-1] & ~self.failed, last, torch.zeros_like(last))
        return (discount[:, None] * self.total).sum(0) + tail * self.gamma**steps / (1 - self.gamma)

    @property
    def discounted_steps(self) -> torch.Tensor:
        """Discounted number of the steps that a failure did not end: what a bonus of 1 for staying alive would add to the return. [N]"""
        steps = len(self.total)
        discount = self.gamma ** torch.arange(steps, dtype=torch.float32)[:, None]
        alive = self.on.float()
        ends = self.on.sum(0) - 1
        alive[ends[self.failed], torch.nonzero(self.failed).flatten()] = 0
        tail = (self.on[-1] & ~self.failed).float() * self.gamma**steps / (1 - self.gamma)
        return (discount * alive).sum(0) + tail


class Limp:
    """A simulator whose motors are aimed at where the joints are."""

    def __init__(self, sim: Any, driven: Any) -> None:
        self.sim, self.driven = sim, driven

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sim, name)

    def step(self, targets: torch.Tensor) -> None:
        self.sim.step(self._here())

    def begin(self, targets: torch.Tensor, mask: torch.Tensor) -> None:
        self.sim.begin(self._here(), mask)

    def _here(self) -> torch.Tensor:
        return self.sim.dof_pos[:, self.driven].clone()


def run(
    env: RewardEnv, name: str, steps: int, gamma: float, see: Optional[Callable[[RewardEnv], None]] = None
) -> Course:
    """The first episode of every environment under a behaviour, of at most so many steps. `see` looks at each state."""
    env.reset()
    sim = env.sim
    driven = [env.task.dof_names.index(joint) for joint in env.task.actuated]
    count, size = env.num_envs, len(driven)
    if name == "fall":
        _push(env)
    if name == "limp":
        env.sim = Limp(sim, driven)
    over = torch.zeros(count, dtype=torch.bool)
    failed = over.clone()
    seen: Dict[str, list] = {"paid": [], "values": [], "total": [], "on": []}
    generator = torch.Generator().manual_seed(7)
    bad = torch.tensor([not cause.success for cause in env.program.typed.causes], dtype=torch.bool)
    try:
        for step in range(steps):
            env.step(_actions(name, step, count, size, generator) * env.task.clip_actions)
            out = env.last
            assert out is not None
            on = ~over
            finite = torch.where(torch.isfinite(out.contributions), out.contributions, torch.zeros(()))
            seen["paid"].append(finite * on[:, None])
            seen["values"].append(torch.nan_to_num(out.values) * on[:, None])
            seen["total"].append(out.reward * on)
            seen["on"].append(on)
            hit = (
                torch.stack([*out.causes.values()], 1)[:, bad].any(1)
                if out.causes
                else torch.zeros_like(over)
            )
            failed |= on & (hit | out.nonfinite)
            over = over | out.done
            if see is not None:
                see(env)
            if bool(over.all()):
                break
    finally:
        env.sim = sim
    stacked = {key: torch.stack(parts) for key, parts in seen.items()}
    return Course(stacked["paid"], stacked["values"], stacked["total"], stacked["on"], failed, gamma)


def _actions(name: str, step: int, count: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """What a behaviour asks of the joints, in shares of the largest action. [N, A]"""
    assert name in BEHAVIOURS
    if name == "random":
        return 2 * torch.rand(count, size, generator=generator) - 1
    level = (0.3 if step % 2 else -0.3) if name == "jitter" else 0.0
    return torch.full((count, size), level)


def _push(env: RewardEnv) -> None:
    """Give each robot a speed that topples it, in directions all around."""
    sim, everyone = env.sim, torch.ones(env.num_envs, dtype=torch.bool)
    root = sim.root_states.clone()
    height = root[:, 2].clamp(min=0.05)
    speed = 1.5 * torch.sqrt(GRAVITY * height)  # m/s, at the base
    angle = 2 * math.pi * torch.arange(env.num_envs) / env.num_envs
    root[:, 7] += speed * torch.cos(angle)
    root[:, 8] += speed * torch.sin(angle)
    root[:, 10] -= speed / height * torch.sin(angle)  # rad/s, about the feet
    root[:, 11] += speed / height * torch.cos(angle)
    sim.reset(everyone, root, sim.dof_pos.clone(), sim.dof_vel.clone())
    env.reward.reset(env.quantities, everyone)
