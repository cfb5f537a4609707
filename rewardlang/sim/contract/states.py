"""What the tensors mean: names, shapes, frames, points and instants."""

from __future__ import annotations

import math

import torch

from rewardlang.sim.contract.bench import (
    TENSORS,
    Bench,
    holds,
    matrix,
    near,
    reset_all,
    snapshot,
    state,
    unit,
)
from rewardlang.sim.contract.robots import BRICK, PENDULUM

HALF = math.sqrt(0.5)


def shapes_names_and_constants(bench: Bench) -> None:
    task, sim = bench.task, bench.sim(num_envs=3)
    for what, names in (("dof_names", task.dof_names), ("body_names", task.body_names)):
        holds(what, getattr(sim, what) == names, getattr(sim, what), names)
    d, b = len(task.dof_names), len(task.body_names)
    shapes = {
        "root_states": (3, 13), "dof_pos": (3, d), "dof_vel": (3, d), "dof_forces": (3, d),
        "body_states": (3, b, 13), "contact_forces": (3, b, 3), "dof_pos_lower": (d,), "dof_pos_upper": (d,),
        "dof_vel_limits": (d,), "torque_limits": (d,), "body_mass": (b,), "body_com": (b, 3),
    }  # fmt: skip
    for name, shape in shapes.items():
        tensor = getattr(sim, name)
        found = (tuple(tensor.shape), tensor.dtype)
        holds(name, found == (shape, torch.float32), found, (shape, torch.float32))
    for name in ("torque_limits", "dof_pos_lower", "dof_pos_upper", "dof_vel_limits"):
        near(name, getattr(sim, name), getattr(task, name), atol=1e-8, rtol=1e-5)


def tensors_keep_their_addresses(bench: Bench) -> None:
    sim = bench.sim(bench.robot(BRICK))
    before = {name: getattr(sim.itself, name).data_ptr() for name in TENSORS}
    reset_all(sim)
    sim.step(torch.zeros(2, 1))
    moved = [name for name in TENSORS if getattr(sim.itself, name).data_ptr() != before[name]]
    holds("tensors that have moved", not moved, ", ".join(moved), "none")


def masses_and_their_centres(bench: Bench) -> None:
    sim = bench.sim(bench.robot(BRICK))
    near("masses, kg", sim.body_mass, [2, 0.5], rtol=1e-6)
    near("centres of mass, m", sim.body_com, [[0.05, -0.03, 0.02], [0.1, 0, 0]], atol=1e-6)


def yaw_turns_the_body(bench: Bench) -> None:
    """A quarter turn about z, written xyzw, puts what was in front of the base to its left."""
    sim = bench.sim(bench.robot(BRICK))
    reset_all(sim, state(2, pos=(1, 2, 3), rot=(0, 0, HALF, HALF)))
    arm = sim.body_states[:, sim.body_names.index("arm")]
    # it sits at (0.1, 0.02, 0.3) in the base
    near("place of the arm", arm[:, 0:3], [1 - 0.02, 2 + 0.1, 3.3], atol=1e-5)
    near("turn of the arm", arm[:, 3:7], [0, 0, HALF, HALF], atol=1e-5)


def velocities_are_those_of_the_body_origin_in_the_world_frame(bench: Bench) -> None:
    """Against differences of positions and rotations over a short time, on a base with a skew spin."""
    dt = 1e-4
    sim = bench.sim(bench.robot(BRICK, dt=dt, decimation=1))
    rot = unit(0.2, -0.5, 0.3, 0.7).tolist()
    reset_all(sim, state(2, rot=rot, lin_vel=(0.4, -0.3, 0.2), ang_vel=(3, -2, 4)), dof_pos=0.5, dof_vel=-3)
    steps = []
    for _ in range(3):
        steps.append(sim.body_states[0].clone().double())
        sim.step(torch.zeros(2, 1))
    before, now, after = steps
    # Positions are float32: differences over 2e-4 s are good to about 1e-3 m/s.
    near("velocities", now[:, 7:10], (after[:, :3] - before[:, :3]) / (2 * dt), atol=3e-3)
    turn = matrix(after[:, 3:7]) @ matrix(before[:, 3:7]).transpose(-1, -2)  # in the world frame
    spin = torch.stack(
        [turn[:, 2, 1] - turn[:, 1, 2], turn[:, 0, 2] - turn[:, 2, 0], turn[:, 1, 0] - turn[:, 0, 1]], -1
    )
    near("spins", now[:, 10:13], spin / 2 / (2 * dt), atol=6e-3)


def reset_velocities_are_in_the_world_frame(bench: Bench) -> None:
    """A base pitched by 90 degrees, spun about the world's z axis, turns about the world's z axis."""
    sim = bench.sim(bench.robot(BRICK, dt=0.001, decimation=10))
    reset_all(sim, state(2, rot=(0, HALF, 0, HALF), ang_vel=(0, 0, 2)))
    near("the base's z axis", matrix(sim.root_states[0, 3:7])[:, 2], [1, 0, 0], atol=1e-6)
    sim.step(torch.zeros(2, 1))
    axis = matrix(sim.root_states[0, 3:7])[:, 2]
    near("its heading after 10 ms", math.atan2(axis[1], axis[0]), 0.02, atol=1e-3)


def all_quantities_describe_the_same_instant(bench: Bench) -> None:
    """The arm's pose and velocity follow from the base and the joint of the same sample, to rounding."""
    sim = bench.sim(bench.robot(BRICK, dt=0.005, decimation=4))
    reset_all(sim, state(2, lin_vel=(1, 2, 3), ang_vel=(5, -4, 6)), dof_pos=0.2, dof_vel=8)
    for _ in range(3):
        sim.step(torch.zeros(2, 1))
    root, arm = sim.root_states[0].double(), sim.body_states[0, sim.body_names.index("arm")].double()
    base = matrix(root[3:7])
    offset = base @ torch.tensor([0.1, 0.02, 0.3]).double()
    near("place of the arm", arm[:3], root[:3] + offset, atol=1e-5)
    angle = sim.dof_pos[0, 0].double()
    zero = torch.zeros_like(angle)
    hinge = torch.stack([zero, zero, (angle / 2).sin(), (angle / 2).cos()])
    near("turn of the arm", matrix(arm[3:7]), base @ matrix(hinge), atol=1e-5)
    near("velocity of the arm", arm[7:10], root[7:10] + torch.cross(root[10:13], offset, dim=0), atol=1e-4)
    near("spin of the arm", arm[10:13], root[10:13] + base[:, 2] * sim.dof_vel[0, 0].double(), atol=1e-4)


def a_fixed_base_stays_where_the_file_has_it(bench: Bench) -> None:
    """Turned, and whatever a reset asks for."""
    turn = unit(0.3, -0.2, 0.6, 0.7).tolist()
    quat = " ".join(repr(turn[i]) for i in (3, 0, 1, 2))  # wxyz in a file
    xml = PENDULUM.replace('pos="0 0 2"', f'pos="0.5 -0.4 2" quat="{quat}"')
    assert xml != PENDULUM
    sim = bench.sim(bench.robot(xml, decimation=5))
    due = torch.tensor([0.5, -0.4, 2, *turn, 0, 0, 0, 0, 0, 0])
    near("when it is made", sim.root_states, due, atol=1e-6)
    reset_all(sim, state(2, pos=(1, 1, 1), lin_vel=(1, 2, 3), ang_vel=(3, 2, 1)), dof_pos=0.7)
    near("at a reset", sim.root_states, due, atol=1e-6)
    shown = sim.body_states.clone()
    sim.step(torch.zeros(2, 1))
    near("after a step", sim.root_states, due, atol=1e-6)
    near("the bob's way in 5 ms, m", sim.body_states[:, 1, :3], shown[:, 1, :3], atol=1e-3)


def it_takes_what_it_is_given_and_no_more(bench: Bench) -> None:
    """Arguments stay as they are, may change afterwards, and may carry gradients; nobody is reset by an empty mask."""
    sim = bench.sim(bench.robot(BRICK, stiffness=3.0, damping=0.1))
    mask, root = torch.tensor([True, False]), state(2, pos=(0.1, 0.2, 4), rot=unit(0.1, 0.2, 0.3, 0.9).tolist(), lin_vel=(0.3, 0, 0), ang_vel=(1, 2, 3))  # fmt: skip
    given = [mask, root, torch.full((2, 1), 0.2), torch.full((2, 1), -1.0)]
    was = [each.clone() for each in given]
    sim.reset(given[0], *(each.requires_grad_() for each in given[1:]))
    targets = torch.full((2, 1), 0.25, requires_grad=True)
    for each, before in zip(given, was):
        near("what a reset was given", each.detach(), before)
        each.detach().zero_()
    sim.step(targets)
    near("what a step was given", targets.detach(), 0.25)
    holds(
        "tensors with gradients",
        not any(getattr(sim, name).requires_grad for name in TENSORS),
        "some",
        "none",
    )
    near(
        "what was reset, and no longer given",
        sim.root_states[0, :3],
        root.new_tensor([0.1, 0.2, 4]),
        atol=0.05,
    )
    seen = snapshot(sim)
    sim.reset(torch.tensor([False, False]), root.detach(), *(each.detach() for each in given[2:]))
    for name, tensor in seen.items():
        near(f"{name} after a reset of nobody", getattr(sim, name), tensor)


LAWS = (
    shapes_names_and_constants, tensors_keep_their_addresses, masses_and_their_centres, yaw_turns_the_body,
    velocities_are_those_of_the_body_origin_in_the_world_frame, reset_velocities_are_in_the_world_frame,
    all_quantities_describe_the_same_instant, a_fixed_base_stays_where_the_file_has_it, it_takes_what_it_is_given_and_no_more,
)  # fmt: skip
