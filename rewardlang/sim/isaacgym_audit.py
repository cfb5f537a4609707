"""What Isaac Gym made of a robot, beside what was asked for: everything that can be read back, compared one by one."""

from __future__ import annotations

from typing import Any, List, NamedTuple, Sequence

import numpy as np

from rewardlang.sim.isaacgym_import import gymapi
from rewardlang.sim.mujoco_asset import Asset

# The precision of what was seen to come back: an importer may convert densities and frames. Drives are set by us, exactly.
MASS = 2e-4  # relative
LENGTH = 1e-4  # m
INERTIA = 5e-4  # relative to the greatest of a body's
EXACT = 1e-6
LARGEST = float(np.finfo(np.float32).max)  # how a struct of the gym says that there is no limit
SHOWN = 12  # lines of a message


class MadeOtherwise(RuntimeError):
    """The gym made something else of the robot than was asked for. `rows` are all that were compared."""

    def __init__(self, rows: List[Row]):
        self.rows = rows
        wrong = [str(row) for row in rows if not row.agrees]
        more = [f"and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        shown = "\n  ".join(wrong[:SHOWN] + more)
        super().__init__(f"Isaac Gym made something else of the robot:\n  {shown}")


class Row(NamedTuple):
    """One number or name."""

    what: str
    name: str
    asked: Any
    found: Any
    agrees: bool

    def __str__(self) -> str:
        return f"{self.what} of {self.name}: asked for {_short(self.asked)}, found {_short(self.found)}"


def names(what: str, asked: Sequence[str], found: Sequence[str]) -> List[Row]:
    """The same names, in any order: values go by name."""
    missing = [Row(what, name, name, "nothing", False) for name in asked if name not in found]
    return missing + [Row(what, name, "nothing", name, False) for name in found if name not in asked]


def bodies(asset: Asset, order: Sequence[str], properties: Sequence[Any]) -> List[Row]:
    """Masses, centres of mass and inertias; `properties` are the actor's, in the gym's `order`."""
    rows = []
    for name, found in zip(order, properties):
        if name in asset.links:
            continue
        i = asset.body_names.index(name)
        mass, com = float(asset.body_kept[i] * asset.body_mass[i]), asset.body_com[i]
        if not mass:  # it can't move: the file has made one up
            continue
        rows.append(Row("mass", name, mass, found.mass, abs(found.mass - mass) <= MASS * mass))
        rows.append(_near("centre of mass", name, com, vector(found.com), LENGTH))
        inertia = asset.body_kept[i] * asset.body_inertia[i]
        tensor = np.array([vector(row) for row in (found.inertia.x, found.inertia.y, found.inertia.z)])
        rows.append(_near("inertia", name, inertia, tensor, INERTIA * float(np.abs(inertia).max())))
    return rows


def dofs(asset: Asset, order: Sequence[str], found: np.ndarray) -> List[Row]:
    """Limits and drives: `found` are an actor's DOF properties, in the gym's `order`."""
    rows = []
    for name, row in zip(order, found):
        i = asset.dof_names.index(name)
        lower, upper, effort = asset.dof_lower[i], asset.dof_upper[i], asset.dof_effort[i]
        limited = bool(np.isfinite(lower))
        asked = {
            "hasLimits": limited,
            "driveMode": int(gymapi.DOF_MODE_POS),
            "stiffness": asset.dof_stiffness[i],
            "damping": asset.dof_damping[i] + asset.dof_own_damping[i],
            "effort": min(effort, LARGEST),
            "friction": 0.0,
            "armature": asset.dof_armature[i],
            **({"lower": lower, "upper": upper} if limited else {}),
        }
        for field, value in asked.items():
            rows.append(_near(field, name, value, row[field], EXACT * max(1.0, abs(value))))
    return rows


def simulation(asked: Any, found: Any) -> List[Row]:
    """The parameters that change what a step is."""
    fields = ("dt", "substeps", "up_axis", "use_gpu_pipeline")
    rows = [
        _near(field, "the simulation", getattr(asked, field), getattr(found, field), EXACT)
        for field in fields
    ]
    rows.append(_near("gravity", "the simulation", vector(asked.gravity), vector(found.gravity), EXACT))
    physx = ("contact_collection", "solver_type", "num_position_iterations", "num_velocity_iterations")
    return rows + [
        _near(field, "PhysX", getattr(asked.physx, field), getattr(found.physx, field), EXACT)
        for field in physx
    ]


def require(rows: List[Row]) -> None:
    """Raises MadeOtherwise with both sides of whatever does not agree."""
    if not all(row.agrees for row in rows):
        raise MadeOtherwise(rows)


def vector(found: gymapi.Vec3) -> np.ndarray:
    return np.array([found.x, found.y, found.z])


def _near(what: str, name: str, asked: Any, found: Any, tolerance: float) -> Row:
    agrees = bool(np.all(np.abs(np.asarray(asked, float) - np.asarray(found, float)) <= tolerance))
    return Row(what, name, asked, found, agrees)


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value
    if np.ndim(value) == 0:
        return f"{float(value):.6g}"
    return np.array2string(np.asarray(value, float), precision=6, separator=", ").replace("\n", "")
