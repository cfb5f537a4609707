"""The machine: versions, GPUs and their driver, compiler, and whether pictures can be made without a display."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from typing import Any, Dict, List, Optional

PACKAGES = ("torch", "numpy", "mujoco", "mujoco-warp", "warp-lang", "isaacgym", "rl-games", "gym", "gymnasium", "triton")  # fmt: skip
COMPILERS = ("c++", "g++", "clang++")
EGL = "import mujoco; c = mujoco.GLContext(64, 64); c.make_current(); c.free()"


def machine() -> Dict[str, Any]:
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in PACKAGES},
        "gpus": _gpus(),
        "compiler": next(filter(None, map(_first_line, COMPILERS)), None),
        "ninja": _first_line("ninja"),
        "egl": _egl(),
    }


def _version(package: str) -> Optional[str]:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _output(*command: str, **variables: str) -> Optional[str]:
    """What a command prints, None if it isn't there or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60,
                              env={**os.environ, **variables})  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _first_line(program: str) -> Optional[str]:
    said = _output(program, "--version") if shutil.which(program) else None
    return said.splitlines()[0] if said else None


def _gpus() -> List[Dict[str, str]]:
    keys = ("name", "driver", "capability")
    said = _output("nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader") or ""
    return [dict(zip(keys, (part.strip() for part in line.split(",")))) for line in said.splitlines() if line.count(",") == 2]  # fmt: skip


def _egl() -> str:
    if importlib.util.find_spec("mujoco") is None:
        return "not tried: mujoco is not installed"
    return "works" if _output(sys.executable, "-c", EGL, MUJOCO_GL="egl") is not None else "does not work: no pictures without a display"  # fmt: skip
