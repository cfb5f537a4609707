"""Simulator backends. Each is a module of this folder with a class `Sim`, imported only when asked for."""

from __future__ import annotations

import importlib

from rewardlang.marked_yaml import did_you_mean

BACKENDS = ("mujoco", "mujoco_warp")  # the file name is the --sim value


def make_sim(name: str, task, num_envs: int, device: str = "cpu", seed: int = 1):
    """The simulator `name` with `num_envs` environments of a task, as in protocol.Sim.

    Raises ValueError for an unknown name, ImportError when its library is not installed.
    """
    if name not in BACKENDS:
        raise ValueError(f"no simulator {name!r}{did_you_mean(name, BACKENDS)}")
    return importlib.import_module(f"rewardlang.sim.{name}").Sim(task, num_envs, device, seed)
