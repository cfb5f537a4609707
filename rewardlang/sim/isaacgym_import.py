"""Isaac Gym's modules, imported in the order that it needs: mujoco, isaacgym, torch.

It refuses to be imported after torch, and replaces a caster of pybind11 that modules imported after it would use: MuJoCo's are such.
It prints to stdout while it is imported and while a simulation is made; here that goes to stderr.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator

from rewardlang.sim import INSTALL


@contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """What C++ code prints meanwhile goes to stderr: our stdout may be read by a program."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, AttributeError):  # no such streams here
        yield
        return
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _import(name: str) -> Any:
    try:
        with stdout_to_stderr():
            return importlib.import_module(name)
    except Exception as problem:  # gymdeps raises RuntimeError for a Python that it has no binary for
        if isinstance(problem, ModuleNotFoundError) and problem.name == "isaacgym":
            raise ImportError(f"the simulator isaacgym is not installed: {INSTALL['isaacgym']}") from None
        hint = ""
        if "libpython" in str(problem):
            hint = "; put the folder of that library on LD_LIBRARY_PATH"
        raise ImportError(f"Isaac Gym can't be imported: {' '.join(str(problem).split())}{hint}") from problem


if "torch" in sys.modules and "isaacgym" not in sys.modules:
    raise ImportError(
        "Isaac Gym must be imported before torch, and torch is imported already: "
        "make `import rewardlang.sim.isaacgym` the first import of the program (before rewardlang.rl, too)"
    )
importlib.import_module("mujoco")
if TYPE_CHECKING:
    from isaacgym import gymapi as gymapi
    from isaacgym import gymtorch as gymtorch
else:
    gymapi = _import("isaacgym.gymapi")
    gymtorch = _import("isaacgym.gymtorch")
