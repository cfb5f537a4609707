"""Simulator backends. Each is a module of this folder with a class `Sim`, imported only when asked for."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Optional, Tuple

from rewardlang.marked_yaml import did_you_mean

BACKENDS = ("mujoco", "mujoco_warp")  # the file name is the --sim value

INSTALL = {
    "mujoco": "pip install 'rewardlang[train]'",
    "mujoco_warp": "pip install 'rewardlang[gpu]'"
    + (" (it needs Python 3.11 or newer)" if sys.version_info < (3, 11) else ""),
}


def make_sim(name: str, task, num_envs: int, device: str = "cpu", seed: int = 1):
    """The simulator `name` with `num_envs` environments of a task, as in protocol.Sim.

    Raises ValueError for an unknown name, or when its library is not installed.
    """
    if name not in BACKENDS:
        raise ValueError(f"no simulator {name!r}{did_you_mean(name, BACKENDS)}")
    if importlib.util.find_spec(name) is None:
        raise ValueError(f"the simulator {name} is not installed: {INSTALL[name]}")
    return importlib.import_module(f"rewardlang.sim.{name}").Sim(task, num_envs, device, seed)


def choose_sim(sim: str, device: Optional[str]) -> Tuple[str, str, str]:
    """The simulator, its and the policy's device, and why: for `auto` MuJoCo Warp if there is a GPU; "" for one asked for.

    Raises ValueError if the device asked for leaves no simulator.
    """
    import torch

    gpu = "cuda" if torch.cuda.is_available() else None
    if sim != "auto":
        return sim, device or (gpu if sim == "mujoco_warp" else None) or "cpu", ""
    if device is not None and device.split(":")[0] != "cuda":
        return "mujoco", device, f"the device is {device}"
    if importlib.util.find_spec("mujoco_warp") is not None and (device or gpu):
        return "mujoco_warp", device or "cuda", "there is a CUDA device"
    if device is not None:
        raise ValueError(f"--device {device}: no simulator for it is installed: {INSTALL['mujoco_warp']}")
    if gpu:
        return "mujoco", "cpu", f"there is a CUDA device, but no simulator for it: {INSTALL['mujoco_warp']}"
    return "mujoco", "cpu", "there is no CUDA device"
