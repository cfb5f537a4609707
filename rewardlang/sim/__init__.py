"""Simulator backends. Each is a module of this folder with a class `Sim`, imported only when asked for."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any, Optional, Tuple

from rewardlang.marked_yaml import did_you_mean

BACKENDS = ("mujoco", "mujoco_warp", "isaacgym")  # the file name is the --sim value
ON_GPU = ("mujoco_warp", "isaacgym")  # where there is one, if no device is asked for
BEFORE_TORCH = ("isaacgym",)  # must be imported before torch is
ONE_A_PROCESS = ("isaacgym",)  # one simulation, and never another
VIEWERS = ("isaacgym",)  # have a window of their own
# What a backend cannot tell of a reset state: it is 0 until the next step.
BLIND_AT_RESET = {"isaacgym": ("contact_forces",)}
IN_A_GRAPH = ("mujoco_warp",)  # can be a part of a CUDA graph

INSTALL = {
    "mujoco": "pip install 'rewardlang[train]'",
    "mujoco_warp": "pip install 'rewardlang[gpu]'"
    + (" (it needs Python 3.11 or newer)" if sys.version_info < (3, 11) else ""),
    "isaacgym": "get Preview 4 from https://developer.nvidia.com/isaac-gym (Linux, Python 3.6 to 3.8), then "
    "pip install -e isaacgym/python",
}


def known(name: str) -> str:
    """The name of a backend. Raises ValueError for any other."""
    if name not in BACKENDS:
        raise ValueError(f"no simulator {name!r}{did_you_mean(name, BACKENDS)}")
    return name


def import_first(name: str) -> None:
    """Imports a backend that must come before torch. For whoever is about to import torch, as commands are."""
    if name in BEFORE_TORCH:
        _backend(name)


def make_sim(name: str, task, num_envs: int, device: str = "cpu", seed: int = 1, viewer: bool = False):
    """The simulator `name` with `num_envs` environments of a task, as in protocol.Sim; with a `viewer` also in a window.

    Raises ValueError for an unknown name, a viewer that there is not, or when its library is not installed.
    """
    known(name)
    if viewer and name not in VIEWERS:
        raise ValueError(f"the {name} simulator has no viewer")
    return _backend(name).Sim(task, num_envs, device, seed, **({"viewer": True} if viewer else {}))


def _installed(name: str) -> str:
    if importlib.util.find_spec(name) is None:
        raise ValueError(f"the simulator {name} is not installed: {INSTALL[name]}")
    return name


def _backend(name: str) -> Any:
    _installed(name)
    return importlib.import_module(f"rewardlang.sim.{name}")


def choose_sim(sim: str, device: Optional[str]) -> Tuple[str, str, str]:
    """The simulator, its and the policy's device, and why: for `auto` MuJoCo Warp if there is a GPU; "" for one asked for.

    Raises ValueError for a simulator that is unknown or not installed, or if the device asked for leaves none.
    """
    import torch

    gpu = "cuda" if torch.cuda.is_available() else None
    if sim != "auto":
        _installed(known(sim))
        slow = sim == "mujoco_warp" and device is None and gpu is None
        return (
            sim,
            device or (gpu if sim in ON_GPU else None) or "cpu",
            "there is no CUDA device: slow" if slow else "",
        )
    if device is not None and device.split(":")[0] != "cuda":
        return "mujoco", device, f"the device is {device}"
    if importlib.util.find_spec("mujoco_warp") is not None and (device or gpu):
        return "mujoco_warp", device or "cuda", "there is a CUDA device"
    if device is not None:
        raise ValueError(f"--device {device}: no simulator for it is installed: {INSTALL['mujoco_warp']}")
    if gpu:
        return "mujoco", "cpu", f"there is a CUDA device, but no simulator for it: {INSTALL['mujoco_warp']}"
    return "mujoco", "cpu", "there is no CUDA device"
