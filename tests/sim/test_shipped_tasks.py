"""Every task that is shipped: it stands, takes any actions, and its mirror is physics' own."""

from __future__ import annotations

import pytest
import torch

import rewardlang
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim
from rewardlang.task import shipped_tasks

TASKS = sorted(shipped_tasks())


@pytest.fixture(params=TASKS, scope="module")
def task(request):
    return rewardlang.load_task(request.param)


def start(task, n):
    """The state after a reset without noise. Root [n, 13], joints [n, D]."""
    init = task.init_state
    root = torch.tensor([*init.pos, *init.rot, *init.lin_vel, *init.ang_vel]).repeat(n, 1)
    return root, torch.tensor(task.default_dof_pos).repeat(n, 1)


def targets(task):
    pose = dict(zip(task.dof_names, task.default_dof_pos))
    return torch.tensor([pose[name] for name in task.actuated])


def test_its_folder_is_its_name(task):
    assert task.path.parent.name == task.name and task.ppo.is_file()


def test_it_stands_on_its_motors_alone(task):
    sim = make_sim("mujoco", task, 1)
    height = float(sim.root_states[0, 2])
    for _ in range(500):  # 10 s
        sim.step(targets(task)[None])
    weight = 9.81 * float(sim.body_mass.sum())
    feet = [task.body_names.index(name) for name in task.groups["feet"][1]]
    assert float(sim.root_states[0, 2]) > 0.9 * height and float(sim.dof_vel.abs().max()) < 0.05
    assert float(sim.contact_forces[0, feet, 2].sum()) == pytest.approx(weight, rel=0.01)
    assert float(sim.dof_forces.abs().max()) < 0.5 * max(task.torque_limits)
    sim.close()


def test_any_actions_leave_it_finite(task):
    program = rewardlang.compile("forward_vel + alive - 0.01*sum(torques^2)", task, observations=True)
    env = RewardEnv(task, program, make_sim("mujoco", task, 8), seed=1)
    generator = torch.Generator().manual_seed(1)
    falls = 0
    for _ in range(150):
        actions = 2 * torch.rand(8, len(task.actuated), generator=generator) - 1
        observations, reward, done, _ = env.step(actions.round())  # from limit to limit
        assert bool(observations.isfinite().all()) and bool(reward.isfinite().all())
        falls += int(done.sum())
    assert falls > 0  # the episodes end, and new ones begin
    env.sim.close()


def test_the_mirrored_robot_moves_as_the_mirror_image(task):
    """Physics as the oracle: two robots start as mirror images; after some steps each is still the other's image."""
    sim = make_sim("mujoco", task, 2)
    sign = torch.tensor([task.joint_signs[name] for name in task.dof_names])
    partner = dict([*task.pairs["joints"], *(pair[::-1] for pair in task.pairs["joints"])])
    swap = [task.dof_names.index(partner.get(name, name)) for name in task.dof_names]
    generator = torch.Generator().manual_seed(1)
    noise = lambda size: size * torch.randn(len(task.dof_names), generator=generator)
    mirrored = lambda x: (x * sign)[swap]
    root, pose = start(task, 2)
    root[:, 2] += 0.01  # feet a little above the floor: contact would amplify rounding
    root[:, 7:] = torch.tensor([0.3, 0.2, 0.0, 0.5, 0.3, -0.4])
    root[1, [8, 10, 12]] *= -1
    first = pose[0] + noise(0.1)
    sim.reset(
        torch.ones(2, dtype=torch.bool), root, torch.stack((first, mirrored(first))), torch.zeros_like(pose)
    )
    assert task.actuated == task.dof_names
    for _ in range(8):
        target = pose[0] + noise(0.3)
        sim.step(torch.stack((target, mirrored(target))))
    assert float((sim.dof_pos[0] - first).abs().max()) > 0.1
    torch.testing.assert_close(mirrored(sim.dof_pos[0]), sim.dof_pos[1], rtol=0, atol=5e-4)
    torch.testing.assert_close(sim.root_states[0, [0, 2]], sim.root_states[1, [0, 2]], rtol=0, atol=5e-4)
    torch.testing.assert_close(sim.root_states[0, 1], -sim.root_states[1, 1], rtol=0, atol=5e-4)
    sim.close()
