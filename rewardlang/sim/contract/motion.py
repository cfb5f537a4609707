"""Bodies that fall, swing, spin, slide, rest and hit their stops."""

from __future__ import annotations

import math

import torch

from rewardlang.sim.contract.bench import GRAVITY, Bench, holds, near, pose_of, reset_all, state, targets_of
from rewardlang.sim.contract.robots import BRICK, PENDULUM, SLED


def free_fall(bench: Bench) -> None:
    sim = bench.sim(bench.robot(BRICK, dt=0.001))
    reset_all(sim, state(2, pos=(0, 0, 5), lin_vel=(0.5, -0.25, 2)))
    for _ in range(50):
        sim.step(torch.zeros(2, 1))
    t = 0.5
    root = sim.root_states
    near("x, y after 0.5 s", root[:, :2], [0.5 * t, -0.25 * t], atol=1e-4)
    near("height after 0.5 s", root[:, 2], 5 + 2 * t - GRAVITY * t * t / 2, atol=0.006)  # first order in dt
    near("fall after 0.5 s, m/s", root[:, 9], 2 - GRAVITY * t, atol=1e-3)
    near("contact forces in the air", sim.contact_forces, 0.0)
    near("spin that nothing gave it", root[:, 10:13], 0.0, atol=1e-3)


def pendulum_period(bench: Bench) -> None:
    sim = bench.sim(bench.robot(PENDULUM, decimation=10))
    reset_all(sim, dof_pos=0.1)
    angles = []
    for _ in range(300):
        sim.step(torch.zeros(2, 1))
        angles.append(float(sim.dof_pos[0, 0]))
    # when it comes up through the middle, between two samples
    ups = [i - y / (y - x) for i, (x, y) in enumerate(zip(angles, angles[1:]), 1) if x < 0 <= y]
    holds("swings in 3 s", len(ups) > 1, len(ups), "two or more")
    inertia = 0.002 + 1 * 0.5**2
    due = 2 * math.pi * math.sqrt(inertia / (1 * GRAVITY * 0.5)) * (1 + 0.1**2 / 16)
    near("period, s", (ups[1] - ups[0]) * 0.01, due, rtol=0.003)
    near("the bolted base", sim.root_states[:, :3], [0, 0, 2], atol=1e-6)


def contact_force_at_rest_is_the_weight(bench: Bench) -> None:
    task = bench.task
    sim = bench.sim(task)
    for _ in range(150):
        sim.step(targets_of(task, 2))
    feet = [i for i, name in enumerate(sim.body_names) if name.endswith("_foot")]
    others = [i for i in range(len(sim.body_names)) if i not in feet]
    weight = float(sim.body_mass.sum()) * GRAVITY
    near("force on the feet, N", sim.contact_forces[:, feet, 2].sum(1), weight, rtol=0.01)
    near("each foot's share, N", sim.contact_forces[:, feet, 2], weight / len(feet), rtol=0.2)
    near("force along the ground, N", sim.contact_forces[:, feet, :2].sum(1), 0.0, atol=0.01 * weight)
    near("force on bodies in the air", sim.contact_forces[:, others], 0.0)


def contact_forces_are_in_the_world_frame(bench: Bench) -> None:
    """A sled that lies on its side is carried upwards."""
    sim = bench.sim(bench.robot(SLED, dt=0.002))
    half = math.sqrt(0.5)
    reset_all(sim, state(2, pos=(0, 0, 0.2), rot=(half, 0, 0, half)))
    for _ in range(50):
        sim.step(torch.zeros(2, 1))
    weight = float(sim.body_mass.sum()) * GRAVITY
    near("force on it, N", sim.contact_forces[:, 0], [0, 0, weight], atol=0.02 * weight)


def a_robot_does_not_touch_itself_unless_its_model_does(bench: Bench) -> None:
    """The humanoid's geoms touch the floor alone; here its feet are one in the other."""
    task = bench.task
    sim = bench.sim(task)
    pose = pose_of(task, 2)
    for name, angle in {"left_hip_roll": -0.25, "right_hip_roll": 0.25}.items():
        pose[:, task.dof_names.index(name)] = angle
    reset_all(sim, state(2, pos=(0, 0, 2)), pose)
    sim.step(pose)
    feet = [i for i, name in enumerate(task.body_names) if name.endswith("_foot")]
    apart = float((sim.body_states[0, feet[0], :3] - sim.body_states[0, feet[1], :3]).norm())
    holds("the feet stay one in the other", apart < 0.05, f"{apart:.3f} m apart", "less than 0.05")
    near("contact forces", sim.contact_forces, 0.0)


def joint_limits_hold(bench: Bench) -> None:
    """Driven beyond them, the arm stops close to them."""
    xml = BRICK.replace("<freejoint/>", "").replace('range="-2 2"', 'range="-0.3 0.5"')
    sim = bench.sim(bench.robot(xml, stiffness=1.0, damping=0.1, dt=0.002))
    for _ in range(100):
        sim.step(torch.tensor([[2.0], [-2.0]]))
    near("angle at the stop", sim.dof_pos[:, 0], [0.5, -0.3], atol=0.03)


def nothing_slows_a_spin(bench: Bench) -> None:
    """About a principal axis, in the air: no damping that nobody asked for."""
    xml = BRICK.replace('pos="0.05 -0.03 0.02" mass="2"', 'pos="0 0 0.05" mass="2"')
    xml = xml.replace(
        'pos="0.1 0 0" mass="0.5" diaginertia="0.001 0.004 0.004"',
        'pos="-0.1 -0.02 0" mass="0.5" diaginertia="0.004 0.004 0.004"',
    )
    sim = bench.sim(bench.robot(xml, stiffness=5.0, damping=0.5, dt=0.001))
    reset_all(sim, state(2, pos=(0, 0, 5), lin_vel=(3, 0, 0), ang_vel=(0, 0, 6)))
    for _ in range(30):
        sim.step(torch.zeros(2, 1))
    near("spin, rad/s", sim.root_states[:, 12], 6.0, rtol=1e-3)
    near("velocity, m/s", sim.root_states[:, 7], 3.0, rtol=1e-3)


def nothing_limits_a_speed(bench: Bench) -> None:
    """Faster than the limits that simulators have of their own."""
    sim = bench.sim(bench.robot(BRICK, dt=1e-4, decimation=1))
    reset_all(sim, state(2, pos=(0, 0, 5), lin_vel=(120, 0, 0), ang_vel=(0, 0, 90)), dof_vel=150.0)
    sim.step(torch.zeros(2, 1))
    near("spin, rad/s", sim.root_states[:, 12], 90.0, rtol=0.03)
    near("speed of the joint, rad/s", sim.dof_vel, 150.0, rtol=0.03)
    near("velocity, m/s", sim.root_states[:, 7], 120.0, rtol=0.03)


def friction_is_that_of_the_model(bench: Bench) -> None:
    """Thrown along the floor, a sled slides v² / 2μg far."""
    sim = bench.sim(bench.robot(SLED, dt=0.001))
    reset_all(sim, state(2, pos=(0, 0, 0.0499), lin_vel=(1, 0, 0)))
    for _ in range(50):
        sim.step(torch.zeros(2, 1))
    near("velocity after it has stopped", sim.root_states[:, 7], 0.0, atol=0.01)
    near("way that it slid, m", sim.root_states[:, 0], 1 / (2 * 0.4 * GRAVITY), rtol=0.1)


LAWS = (
    free_fall, pendulum_period, contact_force_at_rest_is_the_weight,
    contact_forces_are_in_the_world_frame, a_robot_does_not_touch_itself_unless_its_model_does,
    joint_limits_hold, nothing_slows_a_spin, nothing_limits_a_speed, friction_is_that_of_the_model,
)  # fmt: skip
