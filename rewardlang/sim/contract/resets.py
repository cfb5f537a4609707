"""Resets: exact, of the environments that are meant, without a past; and what repeats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from rewardlang.sim import BLIND_AT_RESET
from rewardlang.sim.contract.bench import (
    Bench,
    holds,
    near,
    pose_of,
    reset_all,
    snapshot,
    state,
    targets_of,
    unit,
)
from rewardlang.sim.contract.robots import BRICK


def it_starts_where_the_task_says(bench: Bench) -> None:
    task = replace(bench.task, sim_dt=1e-4, decimation=1)
    sim = bench.sim(task, 3)
    init, pose = task.init_state, pose_of(task, 3)
    for _ in range(2):  # shown, and still so after a moment
        near("pose of the root", sim.root_states[:, :7], [*init.pos, *init.rot], atol=1e-6)
        near("joints", sim.dof_pos, pose, atol=1e-5)
        near("speeds of joints", sim.dof_vel, 0.0, atol=0.02)
        near("velocity of the root", sim.root_states[:, 7:], 0.0, atol=0.01)
        sim.step(targets_of(task, 3))


def body_states_at_a_reset_are_those_of_the_next_moment(bench: Bench) -> None:
    """Any joint angles and speeds: what is shown at the reset is where the physics goes on from."""
    task = replace(bench.task, sim_dt=1e-4, decimation=1)
    sim = bench.sim(task, 3)
    generator = torch.Generator().manual_seed(2)
    noise = lambda size: size * (2 * torch.rand(3, len(task.dof_names), generator=generator) - 1)
    pose = pose_of(task, 3) + noise(0.25)
    root = state(3, pos=(1, -2, 3), lin_vel=(0.4, -0.3, 0.2), ang_vel=(1, -2, 3))
    root[:, 3:7] = torch.nn.functional.normalize(torch.randn(3, 4, generator=generator), dim=1)
    reset_all(sim, root, pose, noise(3.0))
    shown = sim.body_states.clone()
    sim.step(pose)
    now = sim.body_states - shown
    near("places", now[..., 0:3], 0.0, atol=1e-3)
    near("turns", now[..., 3:7], 0.0, atol=2e-3)
    # in 0.1 ms nothing gets much faster
    near("velocities", now[..., 7:10], 0.0, atol=0.05)
    near("spins", now[..., 10:13], 0.0, atol=0.5)
    near("ways gone in 0.1 ms", now[..., 0:3], shown[..., 7:10] * 1e-4, atol=3e-6)


def resets_one_after_the_other(bench: Bench) -> None:
    """Two masks before a step: both count, the later one where both name an environment."""
    sim = bench.sim(bench.robot(BRICK, dt=1e-4, decimation=1), 4)
    heights, still = torch.zeros(4), torch.zeros(4, 1)
    sim.step(still)
    for mask, height in (([1, 1, 0, 0], 3.0), ([0, 1, 1, 0], 5.0)):
        chosen = torch.tensor(mask, dtype=torch.bool)
        sim.reset(chosen, state(4, pos=(0, 0, height)), still + height / 10, still)
        heights[chosen] = height
    heights[3] = 1.0
    angles = torch.tensor([0.3, 0.5, 0.5, 0.0])
    for _ in range(3):  # and no reset is made twice
        near("heights", sim.root_states[:, 2], heights, atol=1e-4)
        near("angles", sim.dof_pos[:, 0], angles, atol=1e-4)
        sim.step(angles[:, None])
    for _ in range(300):
        sim.step(angles[:, None])
    fallen = heights - sim.root_states[:, 2]
    holds("they fall from there", bool((fallen > 0.003).all()), f"{fallen.tolist()} m", "more than 0.003")


def reset_is_exact_and_leaves_others_alone(bench: Bench) -> None:
    task = bench.task
    count, actions = len(task.dof_names), len(task.actuated)
    sim = bench.sim(task, 5)
    generator = torch.Generator().manual_seed(3)
    for _ in range(12):
        sim.step(targets_of(task, 5) + 0.3 * torch.randn(5, actions, generator=generator))
    before = snapshot(sim)
    mask = torch.tensor([False, True, False, True, False])
    root = state(5, pos=(0.3, -0.2, 0.8), lin_vel=(1, -2, 0.5), ang_vel=(0.7, -0.4, 1.1))
    root[:, 3:7] = unit(0.3, -0.2, 0.6, 0.5)
    dof_pos = pose_of(task, 5) + 0.1 * torch.randn(5, count, generator=generator)
    dof_vel = torch.randn(5, count, generator=generator)
    sim.reset(mask, root, dof_pos, dof_vel)
    after = snapshot(sim)
    for name in before:
        near(f"{name} of the others", after[name][~mask], before[name][~mask])
    near("joints", after["dof_pos"][mask], dof_pos[mask])
    near("speeds of joints", after["dof_vel"][mask], dof_vel[mask])
    near("root", after["root_states"][mask], root[mask], atol=2e-6)
    near("root among the bodies", after["body_states"][:, 0], after["root_states"])
    near("contact forces in the air", after["contact_forces"][mask], 0.0)


def a_reset_environment_forgets_its_past(bench: Bench) -> None:
    """Also what the contact solver remembers, and where passive joints were: it starts pressed into the ground, as a new one did."""
    task = bench.task
    sim = bench.sim(task)
    pose, target = pose_of(task, 2), targets_of(task, 2)
    low = state(2, pos=(0, 0, task.init_state.pos[2] - 0.01))

    def run() -> Any:
        reset_all(sim, low, pose)
        pressed = float(sim.contact_forces.abs().max())
        if "contact_forces" not in BLIND_AT_RESET.get(bench.name, ()):
            holds("contact forces at the reset", pressed > 1, f"{pressed:.3f} N", "more than 1")
        for _ in range(20):
            sim.step(target)
        return snapshot(sim)

    fresh = run()
    for _ in range(3):
        sim.step(torch.tensor([[0.5], [0.0]]) + target)  # the two differ, then start alike
    holds("two robots that were sent elsewhere", not torch.equal(*sim.body_states), "equal", "different ones")
    again = run()
    bench.equal("two robots after a reset", *({name: t[i] for name, t in again.items()} for i in (0, 1)))
    bench.equal("after a reset, and in a new simulator", again, fresh)


def equal_environments_stay_equal(bench: Bench) -> None:
    """Also when their number is not a multiple of the cores'."""
    task, sim = bench.task, bench.sim(num_envs=7)
    generator = torch.Generator().manual_seed(5)
    for _ in range(30):
        sim.step(targets_of(task, 7) + 0.3 * torch.randn(len(task.actuated), generator=generator))
    seen = snapshot(sim)
    bench.equal("one robot and the first", seen, {name: t[:1].expand_as(t) for name, t in seen.items()})


def deterministic(bench: Bench) -> None:
    task, sim = bench.task, bench.sim(num_envs=6)
    root, pose = state(6, pos=task.init_state.pos, rot=task.init_state.rot), pose_of(task, 6)
    results = []
    for _ in range(2):
        reset_all(sim, root, pose)
        generator = torch.Generator().manual_seed(7)
        for _ in range(25):
            sim.step(targets_of(task, 6) + 0.3 * torch.randn(6, len(task.actuated), generator=generator))
        results.append(snapshot(sim))
    bench.equal("the second time and the first", *results)


def a_diverged_environment_shows_it_and_recovers_by_reset(bench: Bench) -> None:
    task, sim = bench.task, bench.sim()
    pose, target = pose_of(task, 2), targets_of(task, 2)
    first, start, still = torch.tensor([True, False]), state(2, pos=task.init_state.pos), torch.zeros_like(pose)  # fmt: skip
    sim.reset(first, start, pose, still + float("nan"))
    sim.step(target)
    finite = torch.isfinite(sim.root_states)
    holds("numbers of its root", not finite[0].any(), "finite", "none that are")
    holds("numbers of the other's root", finite[1].all(), "not finite", "finite ones")
    sim.reset(first, start, pose, still)
    for _ in range(3):
        sim.step(target)
    for name, tensor in snapshot(sim).items():
        holds(f"{name} afterwards", torch.isfinite(tensor).all(), "not finite", "finite ones")


LAWS = (
    it_starts_where_the_task_says, body_states_at_a_reset_are_those_of_the_next_moment, resets_one_after_the_other,
    reset_is_exact_and_leaves_others_alone, a_reset_environment_forgets_its_past, equal_environments_stay_equal, deterministic,
    a_diverged_environment_shows_it_and_recovers_by_reset,
)  # fmt: skip
