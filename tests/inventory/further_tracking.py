"""Further terms: commands, smoothness, energy, posture and symmetry."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, about, euler, heading, norm, qmul, sq, ss, unrot, wrap

TABLE: List[Row] = []
row = rows_of(TABLE)
DOG = "quadruped"


def upright(s):
    """robot_lab's gate: clip(-g_z, 0, 0.7)/0.7."""
    return np.clip(-s.g[:, 2], 0, 0.7) / 0.7


# command tracking


@row("track_lin_vel upright gate", "robot_lab", "exp(-|c - v|^2/std^2)*clip(-g_z, 0, .7)/.7",
     "exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.5^2) * clip(-projected_gravity.z, 0, 0.7) / 0.7", DOG)  # fmt: skip
def _(s):
    return np.exp(-ss(s.c - s.v[:, :2]) / 0.25) * upright(s)


@row("track_lin_vel yaw frame", "robot_lab, Isaac Lab", "exp(-|c - R_yaw^-1 v|^2/std^2)", """
vel_yaw = rotate_inverse(yaw_frame(root_quat), root_lin_vel)
exp(-sum((command_lin_vel - vel_yaw.xy)^2) / 0.5^2)
""")  # fmt: skip
def _(s):
    return np.exp(-ss(s.c - unrot(heading(s.root), s.vw)[:, :2]) / 0.25)


@row("track_ang_vel world", "Isaac Lab", "exp(-(c_w - w_world,z)^2/std^2)", "exp(-(command_ang_vel - root_ang_vel.z)^2 / 0.5^2)")  # fmt: skip
def _(s):
    return np.exp(-sq(s.cw - s.ww[:, 2]) / 0.25)


@row("base_linear_velocity_reward", "Isaac Lab spot", "exp(-|c - v|/std)*max(1 + rate*(|c| - ramp), 1)", """
param std = 1.0
faster = max(1 + 0.5 * (norm(command_lin_vel) - 0.3), 1)
5 * exp(-distance(command_lin_vel, base_lin_vel.xy) / std) * faster
""", DOG)  # fmt: skip
def _(s):
    return 5 * np.exp(-norm(s.c - s.v[:, :2])) * np.maximum(1 + 0.5 * (norm(s.c) - 0.3), 1)


@row(
    "base_angular_velocity_reward",
    "Isaac Lab spot",
    "exp(-|c_w - w_z|/std)",
    "exp(-abs(command_ang_vel - base_ang_vel.z) / 2)",
    DOG,
)
def _(s):
    return np.exp(-np.abs(s.cw - s.w[:, 2]) / 2)


@row("track_linear_velocity", "mjlab", "exp(-(|c - v_xy|^2 + v_z^2)/std^2)", """
xy_error = sum((command_lin_vel - base_lin_vel.xy)^2)
exp(-(xy_error + base_lin_vel.z^2) / 0.5^2)
""")  # fmt: skip
def _(s):
    return np.exp(-(ss(s.c - s.v[:, :2]) + sq(s.v[:, 2])) / 0.25)


@row("track_angular_velocity", "mjlab", "exp(-((c_w - w_z)^2 + |w_xy|^2)/std^2)",
     "gauss(norm([base_ang_vel.x, base_ang_vel.y, command_ang_vel - base_ang_vel.z]), 0.7)")  # fmt: skip
def _(s):
    return np.exp(-(sq(s.cw - s.w[:, 2]) + ss(s.w[:, :2])) / 0.49)


@row("track_vel_hard", "humanoid-gym", "(exp(-10|e_v|) + exp(-10|e_w|))/2 - 0.2(|e_v| + |e_w|)", """
lin = norm(command_lin_vel - base_lin_vel.xy) / 1[m/s]
ang = abs(command_ang_vel - base_ang_vel.z) / 1[rad/s]
(exp(-lin * 10) + exp(-ang * 10)) / 2 - 0.2 * (lin + ang)
""")  # fmt: skip
def _(s):
    lin, ang = norm(s.c - s.v[:, :2]), np.abs(s.cw - s.w[:, 2])
    return (np.exp(-10 * lin) + np.exp(-10 * ang)) / 2 - 0.2 * (lin + ang)


@row("vel_mismatch_exp", "humanoid-gym", "(exp(-10 v_z^2) + exp(-5|w_xy|))/2",
     "(exp(-base_lin_vel.z^2 * 10) + exp(-norm(base_ang_vel.xy) * 5)) / 2")  # fmt: skip
def _(s):
    return (np.exp(-10 * sq(s.v[:, 2])) + np.exp(-5 * norm(s.w[:, :2]))) / 2


@row("low_speed", "humanoid-gym", "-1 too slow, 0 too fast, 1.2 right, -2 the wrong way", """
speed = abs(base_lin_vel.x)
wanted = abs(command_lin_vel.x)
slow = speed < 0.5 * wanted
fast = speed > 1.2 * wanted
wrong = sign(base_lin_vel.x) != sign(command_lin_vel.x)
where(wrong, -2, where(slow, -1, where(fast, 0, 1.2))) * (wanted > 0.1) as low_speed
""")  # fmt: skip
def _(s):
    v, c = np.abs(s.v[:, 0]), np.abs(s.c[:, 0])
    r = np.where(v < 0.5 * c, -1.0, np.where(v > 1.2 * c, 0.0, 1.2))
    return np.where(np.sign(s.v[:, 0]) != np.sign(s.c[:, 0]), -2, r) * (c > 0.1)


@row("tracking_goal_vel", "extreme-parkour", "min(dot(unit(target - p), v), c_x)/(c_x + 1e-5)", """
toward = (target - root_pos).xy / (norm((target - root_pos).xy) + 1e-5)
min(dot(toward, root_lin_vel.xy), command_speed) / (command_speed + 1e-5)
""", DOG, target=Host("xyz; m; world", [2, 0, 0.3], 1.0), command_speed=Host("; m/s", 0.8, 0.4))  # fmt: skip
def _(s):
    d = (s.target - s.x)[:, :2]
    v = (d / (norm(d)[:, None] + 1e-5) * s.vw[:, :2]).sum(1)
    return np.minimum(v, s.command_speed) / (s.command_speed + 1e-5)


@row(
    "tracking_yaw",
    "extreme-parkour",
    "exp(-abs(target yaw - yaw))",
    "exp(-abs(command_heading - heading))",
    DOG,
)
def _(s):
    return np.exp(-np.abs(s.ch - euler(s.root)[2]))


@row("lin_vel_z by terrain", "extreme-parkour", "v_z^2, halved off the flat", "base_lin_vel.z^2 * where(terrain_class != 17, 0.5, 1)", DOG, terrain_class=Host("; 1", 17, 0.6))  # fmt: skip
def _(s):
    return sq(s.v[:, 2]) * np.where(s.terrain_class != 17, 0.5, 1)


@row(
    "heading error wrapped",
    "legged_loco",
    "exp(-wrap(c - heading)^2/s)",
    "exp(-wrap_angle(command_heading - heading)^2 / 0.5)",
    DOG,
)
def _(s):
    return np.exp(-sq(wrap(s.ch - euler(s.root)[2])) / 0.5)


@row("velocity direction", "Isaac Lab navigation", "dot(v, c)/(|v||c|), 0 for no command", """
asked = norm(command_lin_vel)
where(asked > 0.05, dot(base_lin_vel.xy, command_lin_vel) / (norm(base_lin_vel.xy) * max(asked, 0.05) + 1e-3), 0)
""")  # fmt: skip
def _(s):
    a = norm(s.c)
    return np.where(a > 0.05, (s.v[:, :2] * s.c).sum(1) / (norm(s.v[:, :2]) * np.maximum(a, 0.05) + 1e-3), 0)


@row("velocity driven", "ANYmal parkour (Rudin)", "v along the command, capped at its size", """
asked = norm(command_lin_vel)
direction = command_lin_vel / (asked + 1e-4)
clip(dot(direction, base_lin_vel.xy), -asked, asked)
""", DOG)  # fmt: skip
def _(s):
    a = norm(s.c)
    return np.clip((s.c / (a[:, None] + 1e-4) * s.v[:, :2]).sum(1), -a, a)


@row(
    "jump command",
    "walk-these-ways",
    "-(z - (command + target))^2",
    "-(base_height - (jump + 0.3))^2",
    DOG,
    jump=Host("; m", 0, 0.1),
)
def _(s):
    return -sq(s.z - (s.jump + 0.3))


@row("orientation_control", "walk-these-ways", "|g_xy - g_desired,xy|^2 for a commanded roll and pitch", """
wanted = quat_multiply(axis_angle([1, 0, 0], -roll_command), axis_angle([0, 1, 0], -pitch_command))
sum((projected_gravity.xy - rotate_inverse(wanted, [0, 0, -1]).xy)^2)
""", DOG, roll_command=Host("; rad", 0, 0.3), pitch_command=Host("; rad", 0, 0.3))  # fmt: skip
def _(s):
    q = qmul(about([1, 0, 0], -s.roll_command), about([0, 1, 0], -s.pitch_command))
    return ss(s.g[:, :2] - unrot(q, [0, 0, -1.0])[:, :2])


# smoothness


@row(
    "action_smoothness_1",
    "walk-these-ways",
    "sum (target - last)^2*1[a1 != 0]",
    "sum((actions - last_actions)^2 * (last_actions != 0))",
    DOG,
)
def _(s):
    return (sq(s.a - s.last.a) * (s.last.a != 0)).sum(1)


@row("action_smoothness_2", "walk-these-ways", "sum (t - 2 t1 + t2)^2*1[a1 != 0]*1[a2 != 0]",
     "sum(delta2(0.25 * actions)^2 * (prev(actions) != 0) * (prev2(actions) != 0))", DOG)  # fmt: skip
def _(s):
    return (sq(0.25 * (s.a - 2 * s.last.a + s.last2.a)) * (s.last.a != 0) * (s.last2.a != 0)).sum(1)


@row("action_smoothness", "humanoid-gym", "|a - a1|^2 + |a - 2 a1 + a2|^2 + 0.05 sum abs(a)", """
reward =
    sum((last_actions - actions)^2) as first
  + sum((actions + prev2(actions) - 2*last_actions)^2) as second
  + 0.05 * sum(abs(actions)) as size
""")  # fmt: skip
def _(s):
    return ss(s.last.a - s.a) + ss(s.a + s.last2.a - 2 * s.last.a) + 0.05 * np.abs(s.a).sum(1)


@row("action_rate norm", "extreme-parkour", "|a - a1|", "-0.1 * norm(delta(actions))", DOG)
def _(s):
    return -0.1 * norm(s.a - s.last.a)


@row(
    "third difference",
    "Concurrent training (Ji)",
    "sum (a - 3 a1 + 3 a2 - a3)^2",
    "sum(delta(delta2(actions))^2)",
    DOG,
)
def _(s, m):
    third = m("third", s.last2.a)
    m["third"] = s.last2.a
    a3 = np.where(s.first[:, None], s.last.a, third)
    return ss(s.a - 3 * s.last.a + 3 * s.last2.a - a3)


@row("delta_torques", "extreme-parkour", "sum (tau - tau1)^2", "-1e-3 * sum(delta(torques)^2)", DOG)
def _(s):
    return -1e-3 * ss(s.tau - s.last.tau)


@row("base_acc", "humanoid-gym", "exp(-3 |last root velocity - root velocity|), six numbers", """
exp(-3 * sqrt(sum(delta(root_lin_vel)^2) / 1[m^2/s^2] + sum(delta(root_ang_vel)^2) / 1[rad^2/s^2]))
""")  # fmt: skip
def _(s):
    return np.exp(-3 * np.sqrt(ss(s.vw - s.last.vw) + ss(s.ww - s.last.ww)))


@row(
    "root_acc",
    "booster_gym",
    "sum ((last - now)/dt)^2 of v and w",
    "1e-4 * (sum(rate(root_lin_vel)^2) + sum(rate(root_ang_vel)^2))",
)
def _(s):
    return 1e-4 * (ss((s.vw - s.last.vw) / s.dt) + ss((s.ww - s.last.ww) / s.dt))


@row("joint jerk", "ANYmal (Miki)", "sum ((qdd - qdd1)/dt)^2", "1e-9 * sum(rate(dof_acc)^2)", DOG)
def _(s):
    acc, before = (s.qd - s.last.qd) / s.dt, np.where(s.first[:, None], 0, (s.last.qd - s.last2.qd) / s.dt)
    return 1e-9 * ss((acc - before) / s.dt)


@row("filtered action rate", "Isaac Lab users", "|a - ema(a)|^2", "sum((actions - ema(actions, 0.1))^2)")
def _(s, m):
    y = m("y", s.last.a)
    y = y + (1 - np.exp(-s.dt / 0.1)) * (s.a - y)
    m["y"] = y
    return ss(s.a - y)


@row("weighted action rate", "ASAP", "sum w_j (a - a1)^2, arms lighter", 'sum(table(joints, "*_shoulder_*": 0.2, "*_elbow": 0.2, "*_wrist_*": 0.1, "*": 1) * delta(actions)^2)', "humanoid29")  # fmt: skip
def _(s):
    w = np.array(
        [0.2 if "shoulder" in n or "elbow" in n else 0.1 if "wrist" in n else 1 for n in s.task.dof_names]
    )
    return (w * sq(s.a - s.last.a)).sum(1)


# energy and motors


@row("power_distribution", "DreamWaQ", "var(tau*qd)", "1e-5 * var(torques * dof_vel)", DOG)
def _(s):
    return 1e-5 * np.var(s.tau * s.qd, axis=1)


@row("power_distribution std", "HIMLoco users", "std (n - 1) of abs(tau)*abs(qd)", """
param joints_count = 12
power = abs(torques) * abs(dof_vel)
0.01 * std(power) * sqrt(joints_count / (joints_count - 1))
""", DOG)  # fmt: skip
def _(s):
    return 0.01 * np.std(np.abs(s.tau) * np.abs(s.qd), axis=1, ddof=1)


@row(
    "power positive only", "booster_gym, mjlab", "sum clip(tau*qd, 0)", "-2e-3 * sum(relu(torques * dof_vel))"
)
def _(s):
    return -2e-3 * np.maximum(s.tau * s.qd, 0).sum(1)


@row(
    "torque_tiredness", "booster_gym", "sum min((tau/limit)^2, 1)", "sum(min((torques / torque_limits)^2, 1))"
)
def _(s):
    return np.minimum(sq(s.tau / s.taumax), 1).sum(1)


@row("power_joint", "DreamWaQ users", "|tau|_1*|qd|_1", "1e-4 * sum(abs(torques)) * sum(abs(dof_vel))", DOG)
def _(s):
    return 1e-4 * np.abs(s.tau).sum(1) * np.abs(s.qd).sum(1)


@row("joint_power_var", "common", "var over legs of the largest power so far, for each kind of joint", """
largest = running_max(abs(dof_vel) * abs(torques))
1e-4 * (var(largest[hips]) + var(largest[thighs]) + var(largest[calves]))
""", DOG)  # fmt: skip
def _(s, m):
    p = lambda s: np.abs(s.qd) * np.abs(s.tau)
    best = np.maximum(m("best", p(s.last)), p(s))
    m["best"] = best
    return 1e-4 * sum(np.var(best[:, s.J(f"*_{kind}")], axis=1) for kind in ("hip", "thigh", "calf"))


@row("exceed_torque_limits_i", "parkour (Zhuang)", "any joint's largest substep torque beyond its limit",
     "any(max(abs(substep_torques), over=substeps) > torque_limits)", DOG, substep_torques=Host("substeps=4 joints; N*m", 0, 40.0))  # fmt: skip
def _(s):
    return (np.abs(s.substep_torques).max(1) > s.taumax).any(1)


@row("exceed_torque_limits_l1", "parkour (Zhuang)", "sum over substeps and joints of relu(abs(tau) - limit)",
     "0.01 * sum(relu(abs(substep_torques) - torque_limits))", DOG, substep_torques=Host("substeps=4 joints; N*m", 0, 40.0))  # fmt: skip
def _(s):
    return 0.01 * np.maximum(np.abs(s.substep_torques) - s.taumax, 0).sum((1, 2))


@row("energy_substeps", "parkour (Zhuang)", "mean over substeps of sum abs(tau)*abs(qd)",
     "mean(sum(abs(substep_torques) * abs(substep_dof_vel), over=joints))", DOG,
     substep_torques=Host("substeps=4 joints; N*m", 0, 20.0), substep_dof_vel=Host("substeps=4 joints; rad/s", 0, 9.0))  # fmt: skip
def _(s):
    return (np.abs(s.substep_torques) * np.abs(s.substep_dof_vel)).sum(2).mean(1)


@row("cost of transport", "walk-these-ways eval, RMA", "sum abs(tau qd)/(m g |v|)",
     "sum(abs(torques * dof_vel)) / (sum(body_mass) * 9.81[m/s^2] * max(norm(base_lin_vel.xy), 0.1))", DOG)  # fmt: skip
def _(s):
    return np.abs(s.tau * s.qd).sum(1) / (s.mass.sum() * 9.81 * np.maximum(norm(s.v[:, :2]), 0.1))


@row("motor saturation", "cassie (osudrl)", "mean of abs(tau)/limit of the knees and hips", 'mean(abs(torques["*_knee", "*_hip_*"]) / torque_limits["*_knee", "*_hip_*"])')  # fmt: skip
def _(s):
    at = s.J("*_knee", "*_hip_*")
    return (np.abs(s.tau[:, at]) / s.taumax[at]).mean(1)


@row("copper loss", "Isaac Lab users", "sum tau^2 * R/K^2 + max(sum tau*qd, 0)", "0.01 * sum(torques^2 * table(joints, \"*_calf\": 0.3, \"*\": 0.2)) + 0.01 * relu(sum(torques * dof_vel))", DOG)  # fmt: skip
def _(s):
    r = np.array([0.3 if n.endswith("calf") else 0.2 for n in s.task.dof_names])
    return 0.01 * (sq(s.tau) * r).sum(1) + 0.01 * np.maximum((s.tau * s.qd).sum(1), 0)


# posture and symmetry


@row("joint_pos_penalty", "robot_lab", "|q - q0|, times a scale when still", """
moving = norm(command_lin_vel) > 0.1 or norm(base_lin_vel.xy) > 0.5
off = norm(dof_pos - default_dof_pos)
where(moving, off, 5 * off) * clip(-projected_gravity.z, 0, 0.7) / 0.7
""", DOG)  # fmt: skip
def _(s):
    off = norm(s.q - s.q0)
    return np.where((norm(s.c) > 0.1) | (norm(s.v[:, :2]) > 0.5), off, 5 * off) * upright(s)


@row("joint_mirror", "robot_lab, unitree_rl_lab", "mean over diagonal legs of sum (q_FR - q_RL)^2", """
(sum((dof_pos["FR_hip"] - dof_pos["RL_hip"])^2) + sum((dof_pos["FR_thigh"] - dof_pos["RL_thigh"])^2) + (dof_pos["FR_calf"] - dof_pos["RL_calf"])^2
 + (dof_pos["FL_hip"] - dof_pos["RR_hip"])^2 + (dof_pos["FL_thigh"] - dof_pos["RR_thigh"])^2 + (dof_pos["FL_calf"] - dof_pos["RR_calf"])^2) / 2 as joint_mirror
""", DOG)  # fmt: skip
def _(s):
    leg = lambda n: s.q[:, s.J(f"{n}_*")]
    return (ss(leg("FR") - leg("RL")) + ss(leg("FL") - leg("RR"))) / 2


@row(
    "action_mirror",
    "robot_lab",
    "sum (abs(a_left) - abs(a_right))^2",
    "sum((abs(left(actions)) - abs(right(actions)))^2)",
    DOG,
)
def _(s):
    left, right = np.concatenate([s.J("FL_*"), s.J("RL_*")]), np.concatenate([s.J("FR_*"), s.J("RR_*")])
    return ss(np.abs(s.a[:, left]) - np.abs(s.a[:, right]))


@row("variable_posture", "mjlab", "exp(-mean((q - q0)^2/std^2)), std by speed", """
speed = norm(command_lin_vel) / 1[m/s] + abs(command_ang_vel) / 1[rad/s]
standing = table(joints, "*": 0.1)
walking = table(joints, "*_hip_*": 0.3, "*_knee": 0.35, "*": 0.2)
running = table(joints, "*_hip_*": 0.5, "*_knee": 0.6, "*": 0.35)
width = where(speed < 0.3, standing, where(speed < 0.8, walking, running))
exp(-mean((dof_pos - default_dof_pos)^2 / width^2))
""")  # fmt: skip
def _(s):
    v = (norm(s.c) + np.abs(s.cw))[:, None]
    pick = lambda hip, knee, rest: np.array(
        [hip if "_hip_" in n else knee if "knee" in n else rest for n in s.task.dof_names]
    )
    std = np.where(v < 0.3, 0.1, np.where(v < 0.8, pick(0.3, 0.35, 0.2), pick(0.5, 0.6, 0.35)))
    return np.exp(-(sq(s.q - s.q0) / sq(std)).mean(1))


@row("default_joint_pos", "humanoid-gym", "exp(-100 clip(|left yaw, roll| + |right yaw, roll| - .1, 0, 50)) - .01 |q - q0|", """
off = dof_pos - default_dof_pos
yaw_roll = norm(off["left_hip_yaw", "left_hip_roll"]) + norm(off["right_hip_yaw", "right_hip_roll"])
exp(-clip(yaw_roll - 0.5, 0, 50) * 10) - 0.01 * norm(off)
""")  # fmt: skip
def _(s):
    off = s.q - s.q0
    side = lambda n: norm(off[:, s.J(f"{n}_hip_yaw", f"{n}_hip_roll")])
    return np.exp(-np.clip(side("left") + side("right") - 0.5, 0, 50) * 10) - 0.01 * norm(off)


@row("joint_pos reference", "humanoid-gym", "exp(-2|q - ref|) - 0.2 clip(|q - ref|, 0, 0.5)", """
cycle = sin(2 * pi * episode_time / 0.64[s])
ref = default_dof_pos + table(joints, "left_hip_pitch": 0.17, "left_knee": 0.34, "left_ankle_pitch": 0.17, "*": 0) * min(cycle, 0)
       + table(joints, "right_hip_pitch": 0.17, "right_knee": 0.34, "right_ankle_pitch": 0.17, "*": 0) * max(cycle, 0)
off = norm(dof_pos - ref)
exp(-2 * off) - 0.2 * clip(off, 0, 0.5)
""")  # fmt: skip
def _(s):
    c = np.sin(2 * np.pi * s.t / 0.64)
    ref = np.tile(s.q0, (len(c), 1))
    for name, k in (("hip_pitch", 0.17), ("knee", 0.34), ("ankle_pitch", 0.17)):
        ref[:, s.j(f"left_{name}")] += k * np.minimum(c, 0)
        ref[:, s.j(f"right_{name}")] += k * np.maximum(c, 0)
    off = norm(s.q - ref)
    return np.exp(-2 * off) - 0.2 * np.clip(off, 0, 0.5)


@row("orientation", "humanoid-gym", "(exp(-10(|roll| + |pitch|)) + exp(-20|g_xy|))/2",
     "(exp(-(abs(roll(root_quat)) + abs(pitch(root_quat))) * 10) + exp(-norm(projected_gravity.xy) * 20)) / 2")  # fmt: skip
def _(s):
    roll, pitch, _ = euler(s.root)
    return (np.exp(-10 * (np.abs(roll) + np.abs(pitch))) + np.exp(-20 * norm(s.g[:, :2]))) / 2


@row("base_height over stance feet", "humanoid-gym", "exp(-100 abs(z - (mean z of stance feet - 0.05) - z*))", """
stand = stance(phase(0.64[s], table(feet, "left_*": 0, "right_*": 0.5)), 0.55)
ground = mean(body_pos[feet].z, where=stand)
exp(-abs(base_height - (ground - 0.05) - 0.3) * 10)
""")  # fmt: skip
def _(s):
    st = ((s.t[:, None] / 0.64 + [0, 0.5]) % 1) < 0.55
    ground = (s.p[:, s.feet, 2] * st).sum(1) / st.sum(1)
    return np.exp(-np.abs(s.z - (ground - 0.05) - 0.3) * 10)


@row(
    "orientation_l2 toward",
    "unitree_rl_lab",
    "(0.5 dot(g, g*) + 0.5)^2",
    "(0.5 * dot(projected_gravity, [0, 0, -1]) + 0.5)^2",
    DOG,
)
def _(s):
    return sq(0.5 * -s.g[:, 2] + 0.5)


@row("upward", "unitree_rl_lab", "(1 - g_z)^2", "(1 - projected_gravity.z)^2", DOG)
def _(s):
    return sq(1 - s.g[:, 2])


@row(
    "base_motion_penalty",
    "Isaac Lab spot",
    "0.8 v_z^2 + 0.2 sum abs(w_xy)",
    "0.8 * base_lin_vel.z^2 + 0.2 * sum(abs(base_ang_vel.xy)) as base_motion",
    DOG,
)
def _(s):
    return 0.8 * sq(s.v[:, 2]) + 0.2 * np.abs(s.w[:, :2]).sum(1)


@row(
    "body_angular_velocity_penalty",
    "mjlab",
    "|w_xy|^2 of the torso, world",
    'sum(body_ang_vel["torso"].xy^2)',
    "humanoid29",
)
def _(s):
    return ss(s.om[:, s.b("torso"), :2])


@row("upright over terrain", "mjlab", "exp(-|n_xy in the body|^2/std^2), n = terrain normal", """
n = rotate_inverse(body_quat["torso"], terrain_normal)
exp(-sum(n.xy^2) / 0.4^2)
""", terrain_normal=Host("xyz; 1; world", [0, 0, 1], 0.3))  # fmt: skip
def _(s):
    return np.exp(-ss(unrot(s.R[:, s.b("torso")], s.terrain_normal)[:, :2]) / 0.16)


@row(
    "hip_splay",
    "mujoco_playground spot",
    "sum (q_hx - q0_hx)^2",
    "sum((dof_pos - default_dof_pos)[hips]^2)",
    DOG,
)
def _(s):
    return ss((s.q - s.q0)[:, s.J("*_hip")])


@row(
    "lin_vel_z by gait",
    "mujoco_playground spot",
    "v_z^2*1[gait > 2]",
    "root_lin_vel.z^2 * (gait > 2)",
    DOG,
    gait=Host("; 1", 2, 2.0),
)
def _(s):
    return sq(s.vw[:, 2]) * (s.gait > 2)


@row("waist and arms", "HOVER, OmniH2O", "sum over upper joints of (q - target)^2 in exp", """
upper = joints("waist_*", "*_shoulder_*", "*_elbow", "*_wrist_*")
exp(-mean((dof_pos - upper_target)[upper]^2) / 0.5)
""", "humanoid29", upper_target=Host("joints; rad", 0, 0.4))  # fmt: skip
def _(s):
    at = s.J("waist_*", "*_shoulder_*", "*_elbow", "*_wrist_*")
    return np.exp(-sq((s.q - s.upper_target)[:, at]).mean(1) / 0.5)


@row("shoulder_pair_symmetry", "booster users", "(left pitch + right pitch)^2 + 2 (left roll + right roll)^2", """
off = dof_pos - default_dof_pos
(off["left_shoulder_pitch"] - off["right_shoulder_pitch"])^2 + 2 * (off["left_shoulder_roll"] + off["right_shoulder_roll"])^2 as shoulders
""", "humanoid29")  # fmt: skip
def _(s):
    o = lambda n: (s.q - s.q0)[:, s.j(n)]
    return sq(o("left_shoulder_pitch") - o("right_shoulder_pitch")) + 2 * sq(
        o("left_shoulder_roll") + o("right_shoulder_roll")
    )


@row("mirror of the pose", "Isaac Lab users", "sum (q - mirror(q))^2", "sum((dof_pos - mirror(dof_pos))^2)")
def _(s):
    swap = [
        s.j(n.replace("left", "?").replace("right", "left").replace("?", "right")) for n in s.task.dof_names
    ]
    sign = np.array([-1.0 if n.endswith(("roll", "yaw")) else 1.0 for n in s.task.dof_names])
    return ss(s.q - sign * s.q[:, swap])


@row("arm swing against legs", "HumanPlus users", "(arm's speed - opposite hip's speed)^2",
     '(dof_vel["left_shoulder_pitch"] - dof_vel["right_hip_pitch"])^2 + (dof_vel["right_shoulder_pitch"] - dof_vel["left_hip_pitch"])^2 as swing', "humanoid29")  # fmt: skip
def _(s):
    d = lambda a, b: sq(s.qd[:, s.j(f"{a}_shoulder_pitch")] - s.qd[:, s.j(f"{b}_hip_pitch")])
    return d("left", "right") + d("right", "left")
