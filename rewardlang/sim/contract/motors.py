"""Motors: the PD law, its limits, and which joint is whose."""

from __future__ import annotations

import math

import torch

from rewardlang.sim.contract.bench import Bench, holds, near, pose_of, reset_all, state, unit
from rewardlang.sim.contract.robots import BRICK

ARM = BRICK.replace("<freejoint/>", "")  # on a base that is bolted down
INERTIA = 0.004 + 0.5 * 0.1**2  # of the arm about its hinge, kg·m²


def pd_step_response(bench: Bench) -> None:
    """The arm turns about its own vertical axis: J·q'' = k·(target - q) - d·q', solved in closed form."""
    stiffness, damping, target = 2.0, 0.05, 0.4
    sim = bench.sim(bench.robot(ARM, stiffness=stiffness, damping=damping, dt=0.0005, decimation=4))
    reset_all(sim)
    decay = damping / (2 * INERTIA)
    omega = math.sqrt(stiffness / INERTIA - decay**2)
    for step in range(1, 101):
        sim.step(torch.full((2, 1), target))
        t = step * 0.002
        curve = math.exp(-decay * t) * (math.cos(omega * t) + decay / omega * math.sin(omega * t))
        near(f"angle after {t:g} s", sim.dof_pos[:, 0], target * (1 - curve), atol=0.012)


def a_new_target_counts(bench: Bench) -> None:
    """Each control step has its own, and each environment."""
    sim = bench.sim(bench.robot(ARM, stiffness=2.0, damping=0.2, dt=0.002))
    reset_all(sim)
    for target in (0.4, -0.3):
        for _ in range(60):
            sim.step(torch.tensor([[target], [-target]]))
        near(f"angle with the target {target}", sim.dof_pos[:, 0], [target, -target], atol=0.02)


def motor_force_is_the_pd_law_within_its_limit(bench: Bench) -> None:
    """With one physics step a control step, the force is known from the state before it."""
    sim = bench.sim(bench.robot(ARM, stiffness=3.0, damping=0.01, decimation=1, dt=0.0001, effort=0.5), 3)
    reset_all(sim, dof_pos=0.3, dof_vel=0.2)
    near("force at the reset, which holds its position", sim.dof_forces[:, 0], -0.01 * 0.2, atol=1e-6)
    sim.step(torch.tensor([[0.4], [2.0], [-2.0]]))
    forces = [3.0 * 0.1 - 0.01 * 0.2, 0.5, -0.5]
    near("force, N·m", sim.dof_forces[:, 0], forces, atol=2e-5)
    speeds = [0.2 + 0.0001 * force / INERTIA for force in forces]  # and so the arm gets faster
    near("speed, rad/s", sim.dof_vel[:, 0], speeds, atol=2e-4)


def motor_force_is_that_of_the_last_physics_step(bench: Bench) -> None:
    """Not of the control step's first: with many physics steps in it, that was long ago. The motion is known in closed form."""
    stiffness, damping, dt, count = 3.0, 0.02, 0.0002, 100
    sim = bench.sim(bench.robot(ARM, stiffness=stiffness, damping=damping, dt=dt, decimation=count))
    reset_all(sim, dof_pos=0.3)
    sim.step(torch.full((2, 1), 0.4))
    decay = damping / (2 * INERTIA)
    omega = math.sqrt(stiffness / INERTIA - decay**2)
    t = (count - 1) * dt
    left, turn = -0.1 * math.exp(-decay * t), omega * t
    angle = left * (math.cos(turn) + decay / omega * math.sin(turn))  # from the target
    speed = -left * (omega + decay**2 / omega) * math.sin(turn)
    near("force, N·m", sim.dof_forces[:, 0], -stiffness * angle - damping * speed, atol=0.01)


def a_joint_has_its_own_damping_and_armature(bench: Bench) -> None:
    """Beside those of the motor. The arm coasts: (J + armature)·q'' = -d·q'."""
    xml = ARM.replace('range="-2 2"', 'damping="0.05" armature="0.01"')
    sim = bench.sim(bench.robot(xml, dt=0.001, decimation=10))
    reset_all(sim, dof_vel=2.0)
    for _ in range(20):
        sim.step(torch.zeros(2, 1))
    left = math.exp(-0.2 * 0.05 / (INERTIA + 0.01))
    near("speed after 0.2 s, rad/s", sim.dof_vel[:, 0], 2 * left, rtol=0.01)
    near("the motor's share", sim.dof_forces, 0.0)


def each_joint_moves_its_own_body(bench: Bench) -> None:
    """By name: reset, and commanded. The bodies above and on the other side stay where they were."""
    task = bench.task
    count = len(task.dof_names)
    n = 2 * count
    sim = bench.sim(task, n)
    link = {"hip": "thigh", "knee": "shank", "ankle": "foot"}
    below = {"thigh": ("thigh", "shank", "foot"), "shank": ("shank", "foot"), "foot": ("foot",)}
    air, pose = state(n, pos=(0, 0, 3), rot=unit(0.2, -0.5, 0.3, 0.7).tolist()), pose_of(task, n)
    reset_all(sim, air, pose)
    before = sim.body_states.clone()
    moved = pose.clone()
    for joint in range(count):
        moved[joint, joint] += 0.2  # the other half of the environments are commanded to
    reset_all(sim, air, moved)
    shown = sim.body_states.clone()
    for _ in range(3):
        sim.step(pose + torch.cat((moved[:count] - pose[:count], moved[:count] - pose[:count])))
    for joint, name in enumerate(task.dof_names):
        side, part = name.split("_")[:2]
        mine = {f"{side}_{segment}" for segment in below[link[part]]}
        turned = (shown[joint, :, 3:7] - before[joint, :, 3:7]).abs().amax(1) > 1e-2
        moves = {body for body, yes in zip(task.body_names, turned.tolist()) if yes}
        holds(f"bodies that {name} moves", moves == mine, ", ".join(sorted(moves)), ", ".join(sorted(mine)))
        went = sim.dof_pos[count + joint] - pose[0]
        first = task.dof_names[int(went.abs().argmax())]
        holds(f"joint that moves when {name} is commanded", first == name, first, name)
        holds(f"way of {name} towards its target", float(went[joint]) > 0.02, f"{float(went[joint]):.4f} rad", "more than 0.02")  # fmt: skip


LAWS = (
    pd_step_response, a_new_target_counts, motor_force_is_the_pd_law_within_its_limit, motor_force_is_that_of_the_last_physics_step,
    a_joint_has_its_own_damping_and_armature, each_joint_moves_its_own_body,
)  # fmt: skip
