"""The inventory's terms on the base: motion, command tracking, orientation, height, life and death."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, norm, rot, sq, ss, unrot

TABLE: List[Row] = []
row = rows_of(TABLE)
GOAL = Host("xyz; m; world", [0.5, 0, 0.3], [0.6, 0.6, 0.1])


@row(1, "legged_gym", "exp(-|c_xy - v_xy|^2/s)", "exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25)")
def _(s):
    return np.exp(-ss(s.c - s.v[:, :2]) / 0.25)


@row(2, "legged_gym", "exp(-(c_w - w_z)^2/s)", "exp(-(command_ang_vel - base_ang_vel.z)^2 / 0.25)")
def _(s):
    return np.exp(-sq(s.cw - s.w[:, 2]) / 0.25)


@row(14, "brax humanoid", "k*(x - prev(x))/dt", "1.25 * rate(root_pos.x)")
def _(s):
    return 1.25 * (s.x[:, 0] - s.last.x[:, 0]) / s.dt


@row(15, "dm_control cheetah", "tolerance(v_x, [S, inf], margin S, linear, 0)",
     'tolerance(root_lin_vel.x, lower=0.8, margin=0.8, shape="linear", value_at_margin=0)')  # fmt: skip
def _(s):
    return np.clip(s.vw[:, 0] / 0.8, 0, 1)


@row(16, "dm_control finger", "1[qd <= -S]", '(dof_vel["left_knee"] <= -5)')
def _(s):
    return s.qd[:, s.j("left_knee")] <= -5


@row(17, "legged_gym", "v_z^2", "-2 * base_lin_vel.z^2")
def _(s):
    return -2 * sq(s.v[:, 2])


@row(19, "legged_gym", "|w_xy|^2", "sum(base_ang_vel.xy^2)")
def _(s):
    return ss(s.w[:, :2])


@row(24, "mujoco_playground go1 handstand", "|v_xy|^2 + w_z^2",
     "reward =\n    sum(base_lin_vel.xy^2) as drift\n  + base_ang_vel.z^2 as turn")  # fmt: skip
def _(s):
    return ss(s.v[:, :2]) + sq(s.w[:, 2])


@row(25, "dm_control humanoid", "mean over x, y of tolerance(v_com, margin 2)",
     "mean(tolerance(com_lin_vel.xy, lower=0, upper=0, margin=2))")  # fmt: skip
def _(s):
    u = s.u + np.cross(s.om, rot(s.R, s.body_com))
    com = (s.mass[:, None] * u).sum(1) / s.mass.sum()
    return np.exp(-0.5 * sq(com[:, :2] / 2 * np.sqrt(-2 * np.log(0.1)))).mean(1)


@row(26, "IsaacGymEnvs ant", "phi - prev(phi), phi = -|target - p|_xy/dt",
     "delta(-norm((goal - root_pos).xy) / dt)", goal=GOAL)  # fmt: skip
def _(s):
    phi = lambda s: -norm((s.goal - s.x)[:, :2]) / s.dt
    return phi(s) - phi(s.last)


@row(27, "IsaacGymEnvs humanoid", "1 if h > 0.8 else h/0.8, h = dot(forward, unit(target - p))", """
toward = normalize((goal - root_pos).xy)
h = dot(rotate(root_quat, [1, 0, 0]).xy, toward)
0.5 * where(h > 0.8, 1, h / 0.8)
""", goal=GOAL)  # fmt: skip
def _(s):
    d = (s.goal - s.x)[:, :2]
    h = (rot(s.root, [1.0, 0, 0])[:, :2] * d).sum(1) / norm(d)
    return 0.5 * np.where(h > 0.8, 1, h / 0.8)


@row(32, "Isaac Lab", "sum of |acceleration| of the bodies", "-0.01 * sum(norm(rate(body_lin_vel)))")
def _(s):
    return -0.01 * norm((s.u - s.last.u) / s.dt).sum(1)


@row(36, "legged_gym", "|g_xy|^2", "-sum(projected_gravity.xy^2)")
def _(s):
    return -ss(s.g[:, :2])


@row(38, "mujoco_playground g1", "|up - (0.073, 0, 1)|^2", "sum((rotate_inverse(root_quat, [0, 0, 1]) - [0.073, 0, 1])^2)")  # fmt: skip
def _(s):
    return ss(unrot(s.root, [0, 0, 1.0]) - [0.073, 0, 1])


@row(41, "IsaacGymEnvs humanoid", "1[up_z > 0.93]", "0.1 * (rotate(root_quat, [0, 0, 1]).z > 0.93)")
def _(s):
    return 0.1 * (rot(s.root, [0, 0, 1.0])[:, 2] > 0.93)


@row(42, "IsaacGymEnvs quadcopter", "1/(1 + d^2) * (1 + 1/(1 + tilt^2))", """
near = inverse(distance(goal, root_pos), 1)
tilt = 1 - rotate(root_quat, [0, 0, 1]).z
near + near * inverse(tilt, 1)
""", goal=GOAL)  # fmt: skip
def _(s):
    near = 1 / (1 + ss(s.goal - s.x))
    return near * (1 + 1 / (1 + sq(1 - rot(s.root, [0, 0, 1.0])[:, 2])))


@row(43, "mujoco_playground go1 handstand", "(0.5 dot(f, f*) + 0.5)^2",
     "(0.5 * dot(rotate(root_quat, [1, 0, 0]), [0, 0, 1]) + 0.5)^2")  # fmt: skip
def _(s):
    return sq(0.5 * rot(s.root, [1.0, 0, 0])[:, 2] + 0.5)


@row(47, "legged_gym", "(z - z*)^2", "-(base_height - 0.34)^2")
def _(s):
    return -sq(s.z - 0.34)


@row(48, "legged_gym, Isaac Lab", "(mean of finite (z - heights) - z*)^2", """
finite = abs(heights) < 100
ground = mean(heights, where=finite)
(base_height - ground - 0.3)^2
""", heights=Host("points=11; m", 0.0, 0.05))  # fmt: skip
def _(s):
    return sq(s.z - s.heights.mean(1) - 0.3)


@row(51, "mujoco_playground getup", "exp(min(z, z*)) - 1 and its two kin", """
z = min(base_height, 0.34) / 1[m]
(exp(z) - 1) as go1
+ 1 - clip((0.34 - base_height) / 0.34, 0, 1) as handstand
+ exp(-(0.34 - z)) as spot
""")  # fmt: skip
def _(s):
    low = np.minimum(s.z, 0.34)
    return np.exp(low) - 1 + 1 - np.clip((0.34 - s.z) / 0.34, 0, 1) + np.exp(-(0.34 - low))


@row(52, "dm_control humanoid", "tolerance(head z, [1.4, inf], 1.4/4) * tolerance(up_z, [0.9, inf], linear, 1.9, 0)", """
head = body_pos["head"].z
upright = rotate(body_quat["torso"], [0, 0, 1]).z
stand = tolerance(head, lower=0.6, margin=0.15)
stand * tolerance(upright, lower=0.9, margin=1.9, shape="linear", value_at_margin=0)
""")  # fmt: skip
def _(s):
    below = np.maximum(0.6 - s.p[:, s.b("head"), 2], 0) / 0.15
    up = np.maximum(0.9 - rot(s.R[:, s.b("torso")], [0, 0, 1.0])[:, 2], 0) / 1.9
    return np.exp(sq(below) * np.log(0.1)) * np.where(up < 1, 1 - up, 0)


@row(54, "IsaacGymEnvs quadcopter", "1/(1 + d^2)", "1 / (1 + sum((goal - root_pos)^2))", goal=GOAL)
def _(s):
    return 1 / (1 + ss(s.goal - s.x))


@row(56, "legged_gym", "1", "reward = 0.5\n", rare=True)
def _(s):
    return 0.5


def fallen(s):
    return (s.z < 0.24) | (s.g[:, 2] > -0.6)


@row(57, "Isaac Lab", "1[not terminated]", "1.0 * alive")
def _(s):
    return ~fallen(s)


@row(58, "legged_gym", "1[terminated and not time-out]", "-200 * terminated")
def _(s):
    return -200 * fallen(s)


@row(59, "Isaac Lab is_terminated_term", "sum over named causes, none on a time-out", """
terminate low when base_height < 0.27
terminate tipped when projected_gravity.z > -0.7
drop terminate fallen
reward = -(low + tipped) * (not time_out)
""")  # fmt: skip
def _(s):
    low, tipped = s.z < 0.27, s.g[:, 2] > -0.7
    out = s.limit & ~(low | tipped)
    return -(low.astype(float) + tipped) * ~out


@row(60, "Isaac Lab", "1[terminated]/dt, in a sum that is multiplied by dt", "reward per second = -2 * terminated / dt\n", allow=("RW410",))  # fmt: skip
def _(s):
    return -2.0 * fallen(s)


@row(61, "mujoco_playground h1", "1[done and step < 500]", "-1.0 * (terminated and episode_step < 5)")
def _(s):
    return -1.0 * (fallen(s) & (s.k < 5))


@row(62, "IsaacGymEnvs humanoid", "total := deathCost where fallen", """
reward = 2.0 * forward_vel + 0.5
total = where(base_height < 0.25, -1, reward)
""")  # fmt: skip
def _(s):
    return np.where(s.z < 0.25, -1.0, 2 * s.v[:, 0] + 0.5)


@row(64, "IsaacGymEnvs dextreme", "half the fall penalty on a time-out without the goal", """
reached = distance(goal, root_pos) < 0.6[m]
reward = -0.5 * (time_out and not reached)
""", goal=GOAL)  # fmt: skip
def _(s):
    out = s.limit & ~fallen(s)
    return -0.5 * (out & ~(norm(s.goal - s.x) < 0.6))


@row(65, "IsaacGymEnvs factory", "1[success at the last step]", "10 * (distance(goal, root_pos) < 0.6[m] and time_limit)", goal=GOAL)  # fmt: skip
def _(s):
    return 10.0 * ((norm(s.goal - s.x) < 0.6) & s.limit)


@row(67, "Isaac Lab", "survival as a metric, paid nothing", "metric survived = time_out\nreward = 0 * alive\n", rare=True)  # fmt: skip
def _(s):
    return 0.0
