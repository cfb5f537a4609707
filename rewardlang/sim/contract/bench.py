"""Where a law is tried: simulators of one backend, robots for them, and comparisons that say what was seen and what was due."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy
import torch

from rewardlang.sim.contract.robots import make_task
from rewardlang.task import load_task

TENSORS = ("root_states", "dof_pos", "dof_vel", "dof_forces", "body_states", "contact_forces")
GRAVITY = 9.81  # m/s^2


class Broken(AssertionError):
    """A law that a simulator does not keep: what was seen, and what was due."""


class Hosted:
    """A simulator whose tensors are seen from the host, wherever they are."""

    def __init__(self, sim: Any):
        self.itself = sim

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.itself, name)
        return found.cpu() if isinstance(found, torch.Tensor) else found

    def step(self, targets: torch.Tensor) -> None:
        self.itself.step(targets.to(self.itself.device))

    def begin(self, targets: torch.Tensor, mask: torch.Tensor) -> None:
        self.itself.begin(targets.to(self.itself.device), mask.to(self.itself.device))

    def reset(self, *given: torch.Tensor) -> None:
        self.itself.reset(*(tensor.to(self.itself.device) for tensor in given))


class Bench:
    """`make` is a function task, num_envs -> Sim of the backend `name`; where it is not `exact`, equal means nearly so."""

    def __init__(
        self, make: Callable[[Any, int], Any], name: str, folder: Path, exact: bool = True, task: Any = None
    ):
        self._make, self.name, self.exact = make, name, exact
        self.task = load_task("humanoid") if task is None else task
        self._folder, self._robots = folder, 0
        self._opened: List[Any] = []

    def sim(self, task: Any = None, num_envs: int = 2) -> Hosted:
        self._opened.append(self._make(self.task if task is None else task, num_envs))
        return Hosted(self._opened[-1])

    def robot(self, xml: str, **numbers: Any) -> Any:
        """A task on one of the small robots."""
        self._robots += 1
        folder = self._folder / f"robot{self._robots}"
        folder.mkdir()
        return make_task(folder, xml, **numbers)

    def equal(self, what: str, seen: Dict[str, torch.Tensor], due: Dict[str, torch.Tensor]) -> None:
        """Tensors of two robots with the same past, bit by bit. Not where a solver's sums come in any order: there, where they are."""
        for name in TENSORS if self.exact else ("root_states", "dof_pos"):
            if self.exact:
                holds(f"{what}: {name}", torch.equal(seen[name], due[name]), "differ", "equal ones")
            else:
                near(f"{what}: {name}", seen[name][..., :7], due[name][..., :7], atol=0.02)

    def close(self) -> None:
        for sim in self._opened:
            sim.close()


def holds(what: str, yes: Any, seen: Any, due: Any) -> None:
    if not yes:
        raise Broken(f"{what}: {seen}; {due} due")


def near(what: str, seen: Any, due: Any, atol: float = 0.0, rtol: float = 0.0) -> None:
    """Numbers within a tolerance, as torch.testing has it. The one that is furthest off is shown."""
    seen, due = (torch.as_tensor(each, dtype=torch.float64).cpu() for each in (seen, due))
    due = due.expand_as(seen)
    excess = (seen - due).abs() - (atol + rtol * due.abs())
    excess = torch.where(torch.isnan(excess), torch.full_like(excess, math.inf), excess)
    excess = torch.where(seen == due, torch.zeros_like(excess), excess).flatten()  # infinite limits, too
    if len(excess) and float(excess.max()) > 0:
        worst = int(excess.argmax())
        place = " " + str([int(i) for i in numpy.unravel_index(worst, seen.shape)]) if seen.shape else ""
        raise Broken(f"{what}{place}: {float(seen.flatten()[worst]):.6g}; {float(due.flatten()[worst]):.6g} due")  # fmt: skip


def state(
    num_envs: int, pos: Any = (0, 0, 1), rot: Any = (0, 0, 0, 1), lin_vel: Any = (0, 0, 0), ang_vel: Any = (0, 0, 0)
) -> torch.Tensor:  # fmt: skip
    """Root states. [N, 13]"""
    return torch.tensor([[*pos, *rot, *lin_vel, *ang_vel]], dtype=torch.float32).repeat(num_envs, 1)


def pose_of(task: Any, num_envs: int) -> torch.Tensor:
    """The default pose. [N, D]"""
    return torch.tensor(task.default_dof_pos, dtype=torch.float32).repeat(num_envs, 1)


def targets_of(task: Any, num_envs: int) -> torch.Tensor:
    """The default pose as targets of the actions. [N, A]"""
    return pose_of(task, num_envs)[:, [task.dof_names.index(name) for name in task.actuated]]


def reset_all(sim: Any, root: Optional[torch.Tensor] = None, dof_pos: Any = 0.0, dof_vel: Any = 0.0) -> None:
    """All environments, into root states and joints (numbers, or [N, D])."""
    n, d = sim.num_envs, len(sim.dof_names)
    joints = (torch.zeros(n, d) + value for value in (dof_pos, dof_vel))
    sim.reset(torch.ones(n, dtype=torch.bool), state(n) if root is None else root, *joints)


def snapshot(sim: Any) -> Dict[str, torch.Tensor]:
    return {name: getattr(sim, name).clone() for name in TENSORS}


def matrix(quat: torch.Tensor) -> torch.Tensor:
    """Rotation matrix of a quaternion xyzw, from the textbook. [..., 3, 3]"""
    x, y, z, w = quat.double().unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def unit(*numbers: float) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.tensor(numbers), dim=0)
