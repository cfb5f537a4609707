"""A training that ends when a signal comes, for a process of its own: in a file that imports little else."""

from __future__ import annotations

import contextlib
from pathlib import Path

from rewardlang.rl.train import train


def endless(spec: Path, task: Path, out: Path) -> None:
    """Train to the run folder `out/a`; what is printed goes to `out/shown.txt`."""
    with (out / "shown.txt").open("w", encoding="utf-8") as shown, contextlib.redirect_stdout(shown):
        train(spec, task=task, num_envs=16, max_epochs=100_000, name="a", out=out)
