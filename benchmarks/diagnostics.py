"""What the figures of the logs cost: CPU time of a reward's step on random states, with them and without, in turns.

    python benchmarks/diagnostics.py                    # walk.reward
    python benchmarks/diagnostics.py --spec my.reward --num-envs 64 4096

One thread. A row for each number of environments: microseconds a step (median of the turns), and what the figures add.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any, Dict, List

import torch

import rewardlang
from rewardlang.reward import Reward

ROOT = Path(__file__).parent.parent
TURNS = 15


class Nothing:
    """Statistics that add up nothing."""

    def add(self, *_: Any) -> None: ...

    def forget(self, *_: Any) -> None: ...


def states(reward: Reward) -> Dict[str, torch.Tensor]:
    """Random quantities, one in fifty conditions true."""
    out = {}
    for name, (shape, dtype) in reward.shapes.items():
        out[name] = torch.rand(shape) < 0.02 if dtype is torch.bool else torch.randn(shape)
        if "quat" in name:
            out[name] /= out[name].norm(dim=-1, keepdim=True)
    return out


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--spec", default=ROOT / "reward_specs" / "humanoid" / "walk.reward")
    options.add_argument("--num-envs", type=int, nargs="+", default=[64, 1024, 4096])
    arguments = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    program = rewardlang.compile(rewardlang.load(arguments.spec))
    for count in arguments.num_envs:
        reward = Reward(program, count)
        given = states(reward)
        reward.reset(given)
        kinds, steps = {"without": Nothing(), "with": reward.statistics}, max(20, 20_000 // count)
        taken: Dict[str, List[float]] = {name: [] for name in kinds}
        for _ in range(TURNS):
            for name, kind in kinds.items():
                reward.statistics = kind  # type: ignore[assignment]
                start = time.process_time()
                for _ in range(steps):
                    reward.step(given)
                taken[name].append((time.process_time() - start) / steps * 1e6)
        median = {name: statistics.median(one) for name, one in taken.items()}
        added = statistics.median(b - a for a, b in zip(taken["without"], taken["with"]))
        print(
            f"{count:6} environments: {median['without']:7.0f} us without, {median['with']:7.0f} us with, {added:+.0f} us"
        )


if __name__ == "__main__":
    main()
