"""Whether any value leaves the range that `rewardlang check` prints: all shipped specs on random and on simulated states.

    python benchmarks/soundness.py                      # ten million random states, half a million simulated ones
    python benchmarks/soundness.py --states 200000 --simulated 20000

A random state is legal and often extreme (docs/testing.md says where they come from), in sequences of eight with resets; every spec
of its task is paid for it, in float64. Simulated ones come from MuJoCo, with actions that are random, held for a while, or none, in
float32 as in training. Every term's value and what it pays are compared with `Bounds`, with room for rounding only.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Tuple

import torch

import rewardlang
from rewardlang.lang.compiler import Compiled
from rewardlang.reward import Reward
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim
from rewardlang.testing.draws import draw
from rewardlang.testing.space import Space
from rewardlang.testing.trace import GLOBALS, advance

SPECS = Path(__file__).parents[1] / "reward_specs"
ENVS, STEPS = 8192, 8  # 65,536 states at once
SIMULATED_ENVS = 256
ROOM = {torch.float64: 1e-9, torch.float32: 1e-4}  # of a number or of 1


class Watch:
    """The ranges of a spec's terms, and what has left them."""

    def __init__(self, program: Compiled, dtype: torch.dtype) -> None:
        self.program, self.room = program, ROOM[dtype]
        bounds, terms = program.bounds, program.typed.terms
        self.names = [f"{what} {t.name}" for what in ("value of", "paid for") for t in terms]
        ranges = [bounds.of(t.value)[:2] for t in terms] + [bounds.pays(t) for t in terms]
        self.low, self.high = torch.tensor(ranges, dtype=dtype).unbind(1)
        self.seen_low, self.seen_high = (
            torch.full_like(self.low, math.inf),
            torch.full_like(self.low, -math.inf),
        )
        self.outside: Dict[str, Tuple[int, float]] = {}
        self.states = 0

    def see(self, values: torch.Tensor, paid: torch.Tensor) -> None:
        """Compare values and contributions [N, T] with the ranges; what is not finite is outside."""
        x = torch.cat((values, paid), 1)
        room = self.room * (1 + x.abs())
        bad = ~((x >= self.low - room) & (x <= self.high + room))
        self.states += len(x)
        self.seen_low = torch.minimum(self.seen_low, x.min(0)[0])
        self.seen_high = torch.maximum(self.seen_high, x.max(0)[0])
        for i in bad.any(0).nonzero()[:, 0].tolist() if bool(bad.any()) else []:
            count, _ = self.outside.get(self.names[i], (0, 0.0))
            self.outside[self.names[i]] = count + int(bad[:, i].sum()), float(x[bad[:, i], i][0])

    def report(self) -> str:
        """A line for the spec, and one for each term that left its range."""
        finite = self.low.isfinite() & self.high.isfinite() & (self.high > self.low)
        share = ((self.seen_high - self.seen_low) / (self.high - self.low))[finite]
        tight = f", which reach {float(share.median()):.0%} of it (median)" if len(share) else ""
        head = f"{self.program.vocabulary.task:18} {self.program.name:34} {self.states:11,} states, {len(self.low):3} ranges, {int(finite.sum())} of them finite{tight}"
        return "\n".join(
            [head, *(f"    OUTSIDE: {name}, {n} times, as {x:.9g}" for name, (n, x) in self.outside.items())]
        )


def programs() -> Dict[str, List[Compiled]]:
    """The shipped specs by task."""
    out: Dict[str, List[Compiled]] = {}
    for path in sorted(SPECS.rglob("*.reward")):
        program = rewardlang.compile(rewardlang.load(path), observations=True)
        program = replace(program, name=str(path.relative_to(SPECS)))
        out.setdefault(program.vocabulary.task, []).append(program)
    return out


@torch.no_grad()
def on_random_states(specs: List[Compiled], states: int, seed: int) -> List[Watch]:
    space = Space(specs[0].vocabulary)
    watches = [Watch(program, torch.float64) for program in specs]
    for batch in range(max(1, round(states / (ENVS * STEPS)))):
        episode = draw(space, ENVS, STEPS, seed + batch)
        for watch in watches:
            reward = Reward(watch.program, ENVS, dtype=torch.float64)
            reward.set_globals(**GLOBALS)
            reward.reset(episode.at(0, start=True))
            for step in range(1, STEPS + 1):
                out = advance(reward, episode, step)
                watch.see(out.values, out.contributions)
    return watches


@torch.no_grad()
def on_simulated_states(program: Compiled, states: int, seed: int) -> Watch:
    task = rewardlang.load_task(program.vocabulary.task)
    env = RewardEnv(task, program, make_sim("mujoco", task, SIMULATED_ENVS, "cpu", seed), seed)
    watch, generator = Watch(program, torch.float32), torch.Generator().manual_seed(seed)
    actions = torch.zeros(SIMULATED_ENVS, env.action_space.shape[0])
    calm = torch.arange(SIMULATED_ENVS) % 4  # 0: no action, 1: new ones each step, else held for a while
    for _ in range(max(1, round(states / SIMULATED_ENVS))):
        new = task.clip_actions * (2 * torch.rand(actions.shape, generator=generator) - 1)
        due = (calm == 1) | ((calm > 1) & (torch.rand(SIMULATED_ENVS, generator=generator) < 0.1))
        actions = torch.where(due[:, None], new, actions)
        env.step(actions)
        assert env.last is not None
        watch.see(env.last.values, env.last.contributions)
    env.sim.close()
    return watch


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--states", type=int, default=10_000_000, help="random states over all tasks")
    parser.add_argument("--simulated", type=int, default=500_000, help="simulated states over all specs")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    begin, by_task, bad = time.monotonic(), programs(), 0
    for specs in by_task.values():
        for watch in on_random_states(specs, arguments.states // len(by_task), arguments.seed):
            print("random   ", watch.report(), flush=True)
            bad += len(watch.outside)
    count = sum(map(len, by_task.values()))
    for specs in by_task.values():
        for program in specs:
            watch = on_simulated_states(program, arguments.simulated // count, arguments.seed)
            print("simulated", watch.report(), flush=True)
            bad += len(watch.outside)
    print(f"{bad} ranges left, {time.monotonic() - begin:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
