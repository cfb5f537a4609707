"""The inventory's terms on manipulation and goals, and the rules for the total. What a robot acts on comes from the host."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, angle, norm, rot, sq, ss

TABLE: List[Row] = []
row = rows_of(TABLE)
POINT = Host("xyz; m; world", [0.4, 0, 0.1], 0.12)
ROTATION = Host("rotation;; body->world")


@row(179, "IsaacGymEnvs franka_cabinet", "(1/(1 + d^2))^2, doubled if d < th", """
d = distance(grip, handle)
near = inverse(d, 1)^2
where(d <= 0.1, 2 * near, near)
""", grip=POINT, handle=POINT)  # fmt: skip
def _(s):
    d = norm(s.grip - s.handle)
    return np.where(d <= 0.1, 2, 1) * (1 / (1 + d * d)) ** 2


@row(180, "Isaac Lab lift", "1 - tanh(d/s)", "tanh_kernel(distance(tcp, cube), 0.1)", tcp=POINT, cube=POINT)
def _(s):
    return 1 - np.tanh(norm(s.tcp - s.cube) / 0.1)


@row(181, "IsaacGymEnvs cube_stack", "max(r1, r2*lifted)", """
lifted = cube.z > 0.1[m]
max(1 - tanh(10 * distance(tcp, cube)), (1 - tanh(10 * distance(cube, goal))) * lifted)
""", tcp=POINT, cube=POINT, goal=POINT)  # fmt: skip
def _(s):
    return np.maximum(
        1 - np.tanh(10 * norm(s.tcp - s.cube)),
        (1 - np.tanh(10 * norm(s.cube - s.goal))) * (s.cube[:, 2] > 0.1),
    )


@row(183, "IsaacGymEnvs franka_cabinet", "1[left z > handle z > right z] and the gated distances", """
around = left_finger.z > handle.z > right_finger.z
0.5 * around
+ around * ((0.04 - abs(left_finger.z - handle.z)) + (0.04 - abs(right_finger.z - handle.z))) as close
""", left_finger=Host("xyz; m; world", [0.4, 0, 0.13], 0.1), handle=POINT, right_finger=Host("xyz; m; world", [0.4, 0, 0.07], 0.1))  # fmt: skip
def _(s):
    left, h, r = s.left_finger[:, 2], s.handle[:, 2], s.right_finger[:, 2]
    a = (left > h) & (h > r)
    return 0.5 * a + a * (0.08 - np.abs(left - h) - np.abs(r - h))


@row(184, "IsaacGymEnvs franka_cabinet", "0.5(sign(a)a^2 + sign(b)b^2), a, b = dots of frame axes", """
a = dot(rotate(grip_quat, [0, 0, 1]), rotate(drawer_quat, [-1, 0, 0]))
b = dot(rotate(grip_quat, [0, 1, 0]), rotate(drawer_quat, [0, 0, 1]))
0.5 * (sign(a) * a^2 + sign(b) * b^2) as align
""", grip_quat=ROTATION, drawer_quat=ROTATION)  # fmt: skip
def _(s):
    a = (rot(s.grip_quat, [0, 0, 1.0]) * rot(s.drawer_quat, [-1.0, 0, 0])).sum(-1)
    b = (rot(s.grip_quat, [0, 1.0, 0]) * rot(s.drawer_quat, [0, 0, 1.0])).sum(-1)
    return 0.5 * (np.sign(a) * a * a + np.sign(b) * b * b)


@row(186, "IsaacGymEnvs franka_cabinet", "(1 + graspable)*x_drawer", "drawer * grasped + drawer as open", drawer=Host("; m", 0.2, 0.2), grasped=Host("bool"))  # fmt: skip
def _(s):
    return s.drawer * s.grasped + s.drawer


@row(187, "Isaac Lab cabinet", ".5*1[x > .01] + 1[x > .2]*g + 1[x > .3]*g", """
reward =
    0.5 * (drawer > 0.01[m]) as easy
  + grasped * (drawer > 0.2[m]) as medium
  + grasped * (drawer > 0.3[m]) as hard
""", drawer=Host("; m", 0.2, 0.2), grasped=Host("bool"))  # fmt: skip
def _(s):
    return 0.5 * (s.drawer > 0.01) + s.grasped * (s.drawer > 0.2) + s.grasped * (s.drawer > 0.3)


@row(189, "IsaacGymEnvs allegro_kuka", "clip(dz, 0, .5)*not L; B*rising(L); L latched", """
rise = cube.z - sample(cube.z, false_now)
lifted = ever(rise > 0.05)
clip(rise, 0, 0.5) * (not prev(lifted)) as lifting
+ 30 * rising(lifted) as bonus
""", cube=POINT, false_now=Host("bool"))  # fmt: skip
def _(s, m):
    start = m("start", s.last.cube[:, 2])
    m["start"] = np.where(s.false_now, s.cube[:, 2], start)
    rise = s.cube[:, 2] - m.kept["start"]
    latched = m("latched", np.zeros(len(rise), bool)).astype(bool)
    now = latched | (rise > 0.05)
    m["latched"] = now
    return np.clip(rise, 0, 0.5) * ~latched + 30 * (now & ~latched)


@row(191, "IsaacGymEnvs allegro_kuka", "clip(farthest - d, -10, 0)", "clip(prev(running_max(distance(tcp, cube))) - distance(tcp, cube), -10, 0)", tcp=POINT, cube=POINT)  # fmt: skip
def _(s, m):
    d = norm(s.tcp - s.cube)
    far = m("far", norm(s.last.tcp - s.last.cube))
    m["far"] = np.maximum(far, d)
    return np.clip(far - d, -10, 0)


@row(192, "IsaacGymEnvs allegro_kuka", "relu(best - max over keypoints of the distance)*latched", """
at = cube + rotate(cube_quat, corners)
wanted = goal + rotate(goal_quat, corners)
farthest = max(distance(at, wanted))
relu(prev(running_min(farthest)) - farthest) * ever(cube.z > 0.12)
""", cube=POINT, cube_quat=ROTATION, goal=POINT, goal_quat=ROTATION, corners=Host("keypoints=4 xyz; m; body", 0, 0.05))  # fmt: skip
def _(s, m):
    def farthest(s):
        at = s.cube[:, None] + rot(s.cube_quat[:, None] + 0 * s.corners[..., :1], s.corners)
        want = s.goal[:, None] + rot(s.goal_quat[:, None] + 0 * s.corners[..., :1], s.corners)
        return norm(at - want).max(1)

    d = farthest(s)
    best = m("best", farthest(s.last))
    m["best"] = np.minimum(best, d)
    m["up"] = m("up", np.zeros(len(d), bool)).astype(bool) | (s.cube[:, 2] > 0.12)
    return np.maximum(best - d, 0) * m.kept["up"]


@row(194, "IsaacGymEnvs shadow_hand", "1/(abs(angle) + eps)", "1 / (abs(quat_error(cube_quat, goal_quat)) + 0.1)", cube_quat=ROTATION, goal_quat=ROTATION)  # fmt: skip
def _(s):
    return 1 / (angle(s.cube_quat, s.goal_quat) + 0.1)


@row(195, "IsaacGymEnvs dextreme", "B*1[angle < tol for N steps in a row]", "5 * rising(debounce(quat_error(cube_quat, goal_quat) < 1.2, 3))", cube_quat=ROTATION, goal_quat=ROTATION, rare=True)  # fmt: skip
def _(s, m):
    held = np.where(angle(s.cube_quat, s.goal_quat) < 1.2, m("held", 0.0) + 1, 0)
    m["held"] = held
    return 5 * (held == 3)


@row(196, "IsaacGymEnvs allegro_kuka", "near*(B/N), N = successes so far", "near * (10 / max(steps(near), 1))", near=Host("bool"))  # fmt: skip
def _(s, m):
    m["count"] = m("count", 0.0) + s.near
    return s.near * 10 / np.maximum(m.kept["count"], 1)


@row(197, "mujoco_playground handover", "-0.1*1[z < .05 and picked]", "-0.1 * (cube.z < 0.05 and ever(cube.z > 0.12))", cube=POINT, rare=True)  # fmt: skip
def _(s, m):
    m["picked"] = m("picked", np.zeros(len(s.z), bool)).astype(bool) | (s.cube[:, 2] > 0.12)
    return -0.1 * ((s.cube[:, 2] < 0.05) & m.kept["picked"])


@row(203, "mujoco_playground aloha", "sum(w r)/sum(w)", """
reward gripper = 1 * tanh_kernel(distance(tcp, cube), 0.2)
reward box = 4 * tanh_kernel(distance(cube, goal), 0.2)
total = (gripper + box) / (1 + 4)
""", tcp=POINT, cube=POINT, goal=POINT)  # fmt: skip
def _(s):
    return (1 - np.tanh(norm(s.tcp - s.cube) / 0.2) + 4 * (1 - np.tanh(norm(s.cube - s.goal) / 0.2))) / 5


@row(205, "mujoco_playground pick", "box_target*ever(d < 0.012)", "(1 - tanh(5 * distance(cube, goal) / 1[m])) * ever(distance(tcp, cube) < 0.12)", tcp=POINT, cube=POINT, goal=POINT)  # fmt: skip
def _(s, m):
    m["reached"] = m("reached", np.zeros(len(s.z), bool)).astype(bool) | (norm(s.tcp - s.cube) < 0.12)
    return (1 - np.tanh(5 * norm(s.cube - s.goal))) * m.kept["reached"]


@row(207, "mujoco_playground push_cube", "|cross(z, mean normal)|", """
normal = normalize(mean(contact_normals, over=contacts))
norm(cross([0, 0, 1], normal))
""", contact_normals=Host("contacts=3 xyz; 1; world", [0.5, 0, 0.4], 0.5))  # fmt: skip
def _(s):
    n = s.contact_normals.mean(1)
    return norm(np.cross([0, 0, 1.0], n / norm(n)[:, None]))


@row(208, "mujoco_playground peg insertion", "distance of the peg's tip to a line; tolerance * 1[< 5 mm]", """
axis = normalize(hole_end - hole)
along = dot(tip - hole, axis) * axis
off = norm(tip - hole - along)
tolerance(off, lower=0, upper=0.01, margin=0.2) + (off < 0.05) * (1 - tanh(distance(tip, hole_end) / 0.1)) as insertion
""", tip=POINT, hole=POINT, hole_end=Host("xyz; m; world", [0.6, 0, 0.1], 0.02))  # fmt: skip
def _(s):
    d = s.hole_end - s.hole
    axis = d / norm(d)[:, None]
    r = s.tip - s.hole
    off = norm(r - (r * axis).sum(-1, keepdims=True) * axis)
    tol = np.where(off <= 0.01, 1, np.exp(sq((off - 0.01) / 0.2) * np.log(0.1)))
    return tol + (off < 0.05) * (1 - np.tanh(norm(s.tip - s.hole_end) / 0.1))


@row(209, "IsaacGymEnvs industreal", "-log(mean abs(min(sdf, 0)))", "-log(mean(abs(min(sdf, 0))) / 1[m] + 1e-6)", sdf=Host("points=20; m", 0, 0.02))  # fmt: skip
def _(s):
    return -np.log(np.abs(np.minimum(s.sdf, 0)).mean(1) + 1e-6)


@row(214, "IsaacGymEnvs trifinger", "sum ((p - prev p)/dt)^2", "-0.1 * sum(rate(fingertips)^2)", fingertips=Host("fingers=3 xyz; m; world", 0, 0.1))  # fmt: skip
def _(s):
    return -0.1 * (sq((s.fingertips - s.last.fingertips) / s.dt)).sum((1, 2))


@row(215, "IsaacGymEnvs trifinger", "sum(d - prev d)*1[frames < 5e7]", "-750 * (frames <= 5e7) * sum(delta(distance(fingertips, cube)))",
     fingertips=Host("fingers=3 xyz; m; world", 0, 0.1), cube=POINT, run={"frames": 4e7})  # fmt: skip
def _(s):
    d = lambda s: norm(s.fingertips - s.cube[:, None])
    return -750 * (d(s) - d(s.last)).sum(1)


@row(216, "IsaacGymEnvs ball_balance", "1/(1 + d) * 1/(1 + speed)", "1 / (1 + norm(ball - [0, 0, 0.2])) * (1 / (1 + norm(ball_vel)))",
     ball=POINT, ball_vel=Host("xyz; m/s; world"))  # fmt: skip
def _(s):
    return 1 / (1 + norm(s.ball - [0, 0, 0.2])) / (1 + norm(s.ball_vel))


@row(217, "mujoco_playground leap", "dot(w_obj, axis); sum abs(v_obj)", "dot(cube_ang_vel, [0, 0, 1]) as spin - 0.3 * sum(abs(cube_vel)) as still",
     cube_ang_vel=Host("xyz; rad/s; world"), cube_vel=Host("xyz; m/s; world"))  # fmt: skip
def _(s):
    return s.cube_ang_vel[:, 2] - 0.3 * np.abs(s.cube_vel).sum(1)


@row(218, "mujoco_playground leap reorient", "tolerance(d, (0, .02), .05, linear)", 'tolerance(distance(cube, palm), 0, 0.02, 0.2, "linear")', cube=POINT, palm=POINT)  # fmt: skip
def _(s):
    d = np.maximum(norm(s.cube - s.palm) - 0.02, 0) / 0.2 * 0.9
    return np.where(d < 1, 1 - d, 0)


# how groups make the total


@row("total: sum times dt", "legged_gym, Isaac Lab, mujoco_playground", "dt * sum w r",
     "reward per second = 1.5 * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25) as lin - 0.05 * sum(base_ang_vel.xy^2) as rates\n")  # fmt: skip
def _(s):
    return s.dt * (1.5 * np.exp(-ss(s.c - s.v[:, :2]) / 0.25) - 0.05 * ss(s.w[:, :2]))


@row("total: clipped at 0", "legged_gym", "max(sum, 0) + termination", """
reward per second = 1.0 * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25) as lin - 0.4 * sum(base_ang_vel.xy^2) as rates
reward death = -2 * terminated
total = max(reward, 0) + death
""")  # fmt: skip
def _(s):
    sum = s.dt * (np.exp(-ss(s.c - s.v[:, :2]) / 0.25) - 0.4 * ss(s.w[:, :2]))
    return np.maximum(sum, 0) - 2.0 * ((s.z < 0.24) | (s.g[:, 2] > -0.6))


@row("total: clip to [0, 1e4]", "mujoco_playground", "clip(sum * dt, 0, 1e4)", """
reward per second = 1.0 * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25) as lin - 0.4 * sum(base_ang_vel.xy^2) as rates
total = clip(reward, 0, 1e4)
""")  # fmt: skip
def _(s):
    return np.clip(s.dt * (np.exp(-ss(s.c - s.v[:, :2]) / 0.25) - 0.4 * ss(s.w[:, :2])), 0, 1e4)


@row("total: positive times exp(negative)", "walk-these-ways", "pos*exp(neg/0.02)", """
reward task = 1.0 * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25)
reward style per second = -0.5 * base_lin_vel.z^2 - 0.05 * sum(base_ang_vel.xy^2)
total = task * exp(style / 0.02)
""")  # fmt: skip
def _(s):
    neg = s.dt * (-0.5 * sq(s.v[:, 2]) - 0.05 * ss(s.w[:, :2]))
    return np.exp(-ss(s.c - s.v[:, :2]) / 0.25) * np.exp(neg / 0.02)


@row("total: product of factors", "dm_control", "stand * upright * move", """
stand = tolerance(base_height, lower=0.3, margin=0.3)
upright = tolerance(-projected_gravity.z, lower=0.9, margin=1.9, shape="linear", value_at_margin=0)
move = (5 * tolerance(forward_vel, lower=0.5, margin=0.5, shape="linear", value_at_margin=0) + 1) / 6
stand * upright * move as walk
""")  # fmt: skip
def _(s):
    stand = np.exp(sq(np.maximum(0.3 - s.z, 0) / 0.3) * np.log(0.1))
    up = 1 - np.maximum(0.9 + s.g[:, 2], 0) / 1.9
    return stand * up * (5 * np.clip(s.v[:, 0] / 0.5, 0, 1) + 1) / 6


@row(
    "total: overwritten",
    "IsaacGymEnvs humanoid",
    "deathCost where fallen",
    "reward = 2 * forward_vel\ntotal = where(fallen, -1, reward)\n",
)
def _(s):
    return np.where((s.z < 0.24) | (s.g[:, 2] > -0.6), -1, 2 * s.v[:, 0])
