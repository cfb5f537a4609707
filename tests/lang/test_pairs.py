"""Left, right and mirror on random states; tests/sim/test_shipped_tasks.py has physics as the judge."""

from __future__ import annotations

import torch

import rewardlang

TASK = rewardlang.load_task("humanoid")
N = 5


def random_state(seed=0):
    generator = torch.Generator().manual_seed(seed)
    rand = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    unit = lambda q: q / q.norm(dim=-1, keepdim=True)
    bodies = len(TASK.body_names)
    return {
        "root_pos": rand(N, 3), "root_quat": unit(rand(N, 4)), "root_lin_vel": rand(N, 3), "root_ang_vel": rand(N, 3),
        "dof_pos": rand(N, 12), "dof_vel": rand(N, 12), "torques": rand(N, 12), "actions": rand(N, 12),
        "body_pos": rand(N, bodies, 3), "body_quat": unit(rand(N, bodies, 4)), "body_lin_vel": rand(N, bodies, 3),
        "body_ang_vel": rand(N, bodies, 3), "contact_forces": 5 * rand(N, bodies, 3), "default_dof_pos": torch.zeros(12, dtype=torch.float64),
    }  # fmt: skip


def value(expression, state):
    program = rewardlang.compile(f"reward = ({expression}) as value\ndrop terminate fallen")
    return rewardlang.Reward(program, N, dtype=torch.float64)(state)[1]["value"]


def same(a, b, state=None):
    state = state or random_state()
    torch.testing.assert_close(value(a, state), value(b, state), rtol=1e-12, atol=1e-12)


def test_left_and_right_are_in_one_order():
    state = random_state()
    expected = sum((state["dof_pos"][:, i] - state["dof_pos"][:, i + 6]) ** 2 for i in range(6))
    torch.testing.assert_close(value("sum((left(dof_pos) - right(dof_pos))^2)", state), expected)
    same("sum(left(dof_pos[knees]))", 'dof_pos["left_knee"]')


def test_a_mirror_image_of_a_mirror_image_is_the_thing_itself():
    for x in ("base_lin_vel.y", "sum(dof_pos * dof_vel)", 'dof_pos["left_hip_roll"]', "roll(root_quat)", "base_ang_vel.x", 'contact_forces["left_foot"].y',
              'yaw(body_quat["right_foot"])', "sum(abs(actions))"):  # fmt: skip
        same(f"mirror(mirror({x}))", x)


def test_vectors_change_sign_by_their_kind():
    for x, image in (("base_lin_vel.x", "base_lin_vel.x"), ("base_lin_vel.y", "-base_lin_vel.y"), ("base_ang_vel.x", "-base_ang_vel.x"),
                     ("base_ang_vel.y", "base_ang_vel.y"), ("base_ang_vel.z", "-base_ang_vel.z"), ("projected_gravity.y", "-projected_gravity.y"),
                     ("pitch(root_quat)", "pitch(root_quat)"), ("roll(root_quat)", "-roll(root_quat)"), ("heading", "-heading")):  # fmt: skip
        same(f"mirror({x})", image)


def test_joints_change_side_and_sign_by_their_axis():
    same('mirror(dof_pos["left_knee"])', 'dof_pos["right_knee"]')
    same('mirror(dof_vel["right_hip_roll"])', '-dof_vel["left_hip_roll"]')
    same('mirror(actions["left_hip_yaw"])', '-actions["right_hip_yaw"]')
    same('mirror(contact_forces["left_foot"].y)', '-contact_forces["right_foot"].y')


def test_state_is_mirrored_too():
    program = rewardlang.compile(
        'a = contact_forces["left_foot"].z > 0\nb = contact_forces["right_foot"].z > 0\n'
        "reward = mirror(timer(a)) as mirrored + timer(b) as right\ndrop terminate fallen"
    )
    reward = rewardlang.Reward(program, N, dtype=torch.float64)
    for seed in range(20):
        terms = reward(random_state(seed))[1]
        torch.testing.assert_close(terms["mirrored"], terms["right"])
    assert terms["right"].max() > 0
