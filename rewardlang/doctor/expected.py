"""What our test double of Isaac Gym answers to doctor's questions.

Where the binary answers something else, the double is wrong, and the adapter was tested against something else than the gym.
"""

from __future__ import annotations

from typing import Dict, NamedTuple


class Expected(NamedTuple):
    """What the double answers on the CPU and on the GPU pipeline, and which knob or part of it is to be changed if that is wrong."""

    cpu: str
    gpu: str
    change: str


def _both(answer: str, change: str) -> Expected:
    return Expected(answer, answer, change)


EXPECTED: Dict[str, Expected] = {
    "first buffer": _both("something else", "gymapi: _acquire"),
    "positions": _both("the environment's origin", "knob positions"),
    "after prepare_sim": _both("moved", "knob prepare_moves"),
    "quaternions": _both("xyzw", "world: root"),
    "velocity that is written": _both("the centre of mass", "knob velocity_at"),
    "velocity of the root": _both("the centre of mass", "knob velocity_at"),
    "velocity of bodies": _both("the centre of mass", "knob velocity_at"),
    "root after a setter": _both("new", "knob stale"),
    "joints after a setter": _both("new", "knob stale"),
    "bodies after a setter": _both("old", "knob stale"),
    "values are read": _both("at the call", "gymapi: _set"),
    "two calls of a setter in a step": Expected("both count", "the second counts", "gymapi: _set"),
    "ids of 64 bits": _both("refused", "gymapi: _set"),
    "tensors that are not contiguous": _both("refused", "gymtorch: unwrap_tensor"),
    "refresh before fetch_results": _both("refused", "gymapi: _refresh"),
    "a position target": _both("lasts", "world: step"),
    "an effort": _both("lasts", "world: step"),
    "a velocity limit": _both("holds", "world: step"),
    "forces of a sensor": _both("the drive's", "world: drive_forces"),
    "forces without a sensor": _both("0", "world: drive_forces"),
    "contact forces of substeps": _both("their mean", "world: step"),
    "friction in contact forces": _both("left out", "knob friction_in_contacts"),
    "contact forces once it flies": _both("0", "world: step"),
    "order of joints": _both("the file's", "knob order"),
    "mass of a geom": _both("dropped, for its density", "importer: _clean"),
    "geoms that collide with nothing": _both("shapes", "importer: Asset"),
    "a range without `limited`": _both("no limit", "importer: _clean"),
    "defaults of a file": _both("read", "importer: load"),
    "a joint's damping": _both("read", "importer: default_properties"),
    "a joint's friction": _both("dropped", "importer: _clean"),
    "AssetOptions.angular_damping": _both("0.5", "structs: AssetOptions"),
    "AssetOptions.linear_damping": _both("0", "structs: AssetOptions"),
    "AssetOptions.max_angular_velocity": _both("64", "structs: AssetOptions"),
    "AssetOptions.thickness": _both("0.02", "structs: AssetOptions"),
    "SimParams.substeps": _both("2", "structs: SimParams"),
    "SimParams.gravity": _both("0 -9.8 0", "structs: SimParams"),
    "a second simulation": _both("refused", "gymapi: create_sim"),
}
