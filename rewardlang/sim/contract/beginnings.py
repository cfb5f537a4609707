"""The first physics step of a control step, done by itself: the forces that an episode begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from rewardlang.sim.contract.bench import Bench, holds, near, pose_of, reset_all, snapshot, state, targets_of
from rewardlang.sim.contract.robots import BRICK

FORCES = ("dof_forces", "contact_forces")


def forces_of_a_beginning_are_those_of_its_first_physics_step(bench: Bench) -> None:
    """Known from a control step of one physics step, from the same states. Other environments and all else stay until it is finished."""
    task = bench.task
    sim = bench.sim(replace(task, decimation=1), 5)
    generator = torch.Generator().manual_seed(4)
    noise = lambda size, width: size * torch.randn(5, width, generator=generator)
    low = state(5, pos=(0, 0, task.init_state.pos[2] - 0.01), lin_vel=(0.3, 0, 0))
    pose, speed = pose_of(task, 5) + noise(0.05, len(task.dof_names)), noise(0.5, len(task.dof_names))
    targets = targets_of(task, 5) + noise(0.3, len(task.actuated))
    mask = torch.tensor([False, True, False, True, False])

    def start() -> Any:
        reset_all(sim, low, pose, speed)
        return snapshot(sim)

    start()
    sim.step(targets)
    whole, before = snapshot(sim), start()
    sim.begin(targets, mask)
    begun = snapshot(sim)
    for name, tensor in begun.items():
        stays = ~mask if name in FORCES else torch.ones_like(mask)
        same = torch.equal(tensor[stays], before[name][stays])
        holds(f"after a beginning: {name}", same, "changed", "what it was")
    for name in FORCES:
        due = whole[name][mask]
        near(f"{name} of a beginning", begun[name][mask], due, atol=(1e-5 if bench.exact else 0.05) * float(due.abs().max()))  # fmt: skip
        new = float((due - before[name][mask]).abs().max())
        holds(f"{name}, beside those of the reset", new > 0.1, f"{new:.3g} more", "more than 0.1")
    sim.finish()
    bench.equal("a step in two parts", snapshot(sim), whole)


def a_beginning_is_the_first_of_several_physics_steps(bench: Bench) -> None:
    """A box that falls meets the ground in the third; another lies there, pressed into it. What the motors give is known."""
    sim = bench.sim(bench.robot(BRICK, stiffness=3.0, damping=0.02, dt=0.005, decimation=3))
    root = torch.cat((state(1, pos=(0, 0, 0.125), lin_vel=(0, 0, -3)), state(1, pos=(0, 0, 0.095))))
    targets = torch.tensor([[0.4], [0.1]])
    reset_all(sim, root, dof_pos=0.3, dof_vel=0.2)
    sim.step(targets)
    whole = snapshot(sim)
    reset_all(sim, root, dof_pos=0.3, dof_vel=0.2)
    sim.begin(targets, torch.tensor([True, True]))
    near("motors at the beginning, N·m", sim.dof_forces, 3.0 * (targets - 0.3) - 0.02 * 0.2, atol=1e-4)
    falls, lies = sim.contact_forces[:, 0, 2].tolist()
    holds("the ground on a box above it", falls == 0, f"{falls:.3f} N", "none")
    holds("the ground on a box in it", lies > 1, f"{lies:.3f} N", "more than 1")
    sim.finish()
    falls = float(sim.contact_forces[0, 0, 2])
    holds("the ground on the box that met it", falls > 1, f"{falls:.3f} N", "more than 1")
    bench.equal("a step in two parts", snapshot(sim), whole)


LAWS = (
    forces_of_a_beginning_are_those_of_its_first_physics_step,
    a_beginning_is_the_first_of_several_physics_steps,
)
