"""A test double of the Isaac Gym API: real MuJoCo physics behind its calls, with its semantics and its strictness.

Written from NVIDIA's manual, the published stubs (isaacgym-stubs, MIT) and what users reported; not from the binary. It is on the
path of tests only, never in the wheel. Whatever it does not model raises. `KNOBS` says which behaviour it shows where more than
one was reported or where a test wants the worst case; the environment variable ISAACGYM_DOUBLE sets them in a subprocess, as in
`ISAACGYM_DOUBLE=order=permuted,strict=False`.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, fields

IS_TEST_DOUBLE = True


@dataclass
class Knobs:
    """What the double does where one has to choose. The defaults are what was seen on the binary, where anybody saw it."""

    order: str = "document"  # of DOFs and bodies; "permuted": another one, its own inverse nowhere
    strict: bool = (
        True  # a call that the binary refuses raises; else it prints, returns False and changes nothing
    )
    stale: str = "bodies"  # what a refresh after a setter leaves old; "all": such a refresh is an error
    velocity_at: str = "com"  # the point whose velocity the tensors hold; or "origin"
    positions: str = "local"  # to the environment's origin; or "global"
    several_joints: str = (
        "refuse"  # of a body; "hinges": take them for what they are in MuJoCo, as upstream's robots have them
    )
    gpu_rules: bool = False  # those of the GPU pipeline on a simulation of the CPU, for machines without CUDA
    held_until: str = (
        "simulate"  # how long a setter's tensors must live; "return": as upstream's tasks rely on
    )
    prepare_moves: bool = True  # prepare_sim advances the state a little
    friction_in_contacts: bool = False  # in net contact forces
    after_torch: bool = False  # may be imported after torch: for tests within one process
    closed: bool = False  # the viewer's window was closed by its user


def _from_environment() -> Knobs:
    given = dict(item.split("=", 1) for item in os.environ.get("ISAACGYM_DOUBLE", "").split(",") if item)
    kinds = {field.name: type(field.default) for field in fields(Knobs)}
    return Knobs(**{name: value == "True" if kinds[name] is bool else value for name, value in given.items()})


KNOBS = _from_environment()
MUJOCO_CAME_FIRST = "mujoco" in sys.modules
if "torch" in sys.modules and not KNOBS.after_torch:
    raise ImportError(
        "PyTorch was imported before isaacgym modules.  Please import torch after isaacgym modules."
    )
print("Importing module 'gym_38' (a test double)")  # the binary writes to stdout too


def set_knobs(**values) -> None:
    """Puts all knobs back, then sets some."""
    for field in fields(Knobs):
        setattr(KNOBS, field.name, values.pop(field.name, field.default))
    if values:
        raise TypeError(f"no knob {sorted(values)}")
