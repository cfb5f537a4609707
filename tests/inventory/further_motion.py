"""Further terms: motion imitation, and learned or total rewards."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, angle, conj, euler, heading, norm, qmul, rot, sq, ss, unrot, wrap

TABLE: List[Row] = []
row = rows_of(TABLE)
H = "humanoid29"
POS = Host("bodies xyz; m; world", 0, 0.4)
VEL = Host("bodies xyz; m/s; world", 0, 0.6)
OMEGA = Host("bodies xyz; rad/s; world", 0, 0.6)
QUAT = Host("bodies rotation;; body->world")
ANCHOR = Host("xyz; m; world", [0, 0, 0.35], 0.5)
TURN = Host("rotation;; body->world")
FOLLOWED = 'followed = bodies("pelvis", "*_foot", "*_hand", "torso")\n'
ALL = ("pelvis", "*_foot", "*_hand", "torso")


@row(
    "anchor position",
    "BeyondMimic, mjlab",
    "exp(-|anchor* - anchor|^2/std^2)",
    'exp(-sum((ref_anchor - body_pos["torso"])^2) / 0.3^2)',
    H,
    ref_anchor=ANCHOR,
)
def _(s):
    return np.exp(-ss(s.ref_anchor - s.p[:, s.b("torso")]) / 0.09)


@row(
    "anchor orientation",
    "BeyondMimic, mjlab",
    "exp(-angle^2/std^2)",
    'gauss(quat_error(ref_anchor_quat, body_quat["torso"]), 0.4)',
    H,
    ref_anchor_quat=TURN,
)
def _(s):
    return np.exp(-sq(angle(s.ref_anchor_quat, s.R[:, s.b("torso")])) / 0.16)


@row("body positions relative to the anchor", "BeyondMimic", "exp(-mean |p* moved to the robot's anchor, yaw and xy - p|^2/std^2)", FOLLOWED + """
turn = yaw_frame(quat_multiply(body_quat["torso"], quat_inverse(ref_quat["torso"])))
here = body_pos["torso"]
there = ref_pos["torso"]
moved = rotate(turn, ref_pos - there) + [here.x, here.y, there.z]
exp(-mean(sum((moved - body_pos)^2, over=xyz)[followed]) / 0.6^2)
""", H, ref_pos=POS, ref_quat=QUAT)  # fmt: skip
def _(s):
    i = s.b("torso")
    turn = heading(qmul(s.R[:, i], conj(s.ref_quat[:, i])))
    here = np.concatenate((s.p[:, i, :2], s.ref_pos[:, i, 2:]), -1)
    moved = rot(turn[:, None] + 0 * s.p[..., :1], s.ref_pos - s.ref_pos[:, i : i + 1]) + here[:, None]
    return np.exp(-ss(moved - s.p)[:, s.B(*ALL)].mean(1) / 0.36)


@row("body orientations relative to the anchor", "BeyondMimic", "exp(-mean angle^2/std^2), references turned by the anchor's yaw", FOLLOWED + """
turn = yaw_frame(quat_multiply(body_quat["torso"], quat_inverse(ref_quat["torso"])))
exp(-mean(quat_error(quat_multiply(turn, ref_quat), body_quat)[followed]^2) / 1.4^2)
""", H, ref_quat=QUAT)  # fmt: skip
def _(s):
    i = s.b("torso")
    turn = heading(qmul(s.R[:, i], conj(s.ref_quat[:, i])))[:, None]
    return np.exp(-sq(angle(qmul(turn + 0 * s.ref_quat, s.ref_quat), s.R))[:, s.B(*ALL)].mean(1) / 1.96)


@row(
    "body linear velocities",
    "BeyondMimic",
    "exp(-mean |u* - u|^2/std^2)",
    FOLLOWED + "exp(-mean(norm((ref_vel - body_lin_vel)[followed])^2) / 1)",
    H,
    ref_vel=VEL,
)
def _(s):
    return np.exp(-ss(s.ref_vel - s.u)[:, s.B(*ALL)].mean(1))


@row(
    "body angular velocities",
    "BeyondMimic",
    "exp(-mean |w* - w|^2/std^2)",
    FOLLOWED + "exp(-mean(sum((ref_omega - body_ang_vel)^2, over=xyz)[followed]) / 3.14^2)",
    H,
    ref_omega=OMEGA,
)
def _(s):
    return np.exp(-ss(s.ref_omega - s.om)[:, s.B(*ALL)].mean(1) / 3.14**2)


@row("compute_imitation_reward", "PHC", "w_p exp(-k mean |dp|^2) + w_r exp(-k mean angle^2) + w_v exp(..) + w_w exp(..)", """
reward =
    0.5 * exp(-2 * mean((ref_pos - body_pos)^2)) as positions
  + 0.3 * exp(-0.5 * mean(quat_error(ref_quat, body_quat)^2)) as rotations
  + 0.1 * exp(-0.1 * mean((ref_vel - body_lin_vel)^2)) as velocities
  + 0.1 * exp(-0.1 * mean((ref_omega - body_ang_vel)^2)) as spins
""", H, ref_pos=POS, ref_quat=QUAT, ref_vel=VEL, ref_omega=OMEGA)  # fmt: skip
def _(s):
    m = lambda x: sq(x).mean((1, 2))
    return (0.5 * np.exp(-2 * m(s.ref_pos - s.p)) + 0.3 * np.exp(-0.5 * sq(angle(s.ref_quat, s.R)).mean(1))
            + 0.1 * np.exp(-0.1 * m(s.ref_vel - s.u)) + 0.1 * np.exp(-0.1 * m(s.ref_omega - s.om)))  # fmt: skip


@row(
    "power penalty",
    "PHC",
    "-0.0005 sum abs(tau qd), not in the first 3 steps",
    "-5e-4 * sum(abs(torques * dof_vel)) * (episode_step > 3)",
    H,
)
def _(s):
    return -5e-4 * np.abs(s.tau * s.qd).sum(1) * (s.k > 3)


@row(
    "point goal",
    "PHC",
    "9 min(last d - d, 1/3)",
    "9 * min(prev(distance(goal.xy, root_pos.xy)) - distance(goal.xy, root_pos.xy), 1/3)",
    H,
    goal=ANCHOR,
)
def _(s):
    d = lambda s: norm((s.goal - s.x)[:, :2])
    return 9 * np.minimum(d(s.last) - d(s), 1 / 3)


@row("imitation reset", "PHC", "-1[any |p - p*| > 0.8 after the first step]", """
terminate lost when any(distance(ref_pos, body_pos) > 1.1[m]) and episode_step > 1
drop terminate fallen
reward = -1.0 * lost + 0.1 * alive
""", H, ref_pos=POS)  # fmt: skip
def _(s):
    lost = (norm(s.ref_pos - s.p) > 1.1).any(1) & (s.k > 1)
    return -1.0 * lost + 0.1 * ~lost


@row("teleop_body_position_extend", "ASAP, OmniH2O", "upper and lower bodies with a width each", """
upper = bodies("torso", "head", "*_arm", "*_forearm", "*_hand")
lower = bodies("pelvis", "*_thigh", "*_shank", "*_foot")
off = (ref_pos - body_pos)^2
1.0 * exp(-mean(off[upper]) / 0.3) + 0.5 * exp(-mean(off[lower]) / 0.2)
""", H, ref_pos=POS)  # fmt: skip
def _(s):
    off = sq(s.ref_pos - s.p)
    up = s.B("torso", "head", "*_arm", "*_forearm", "*_hand")
    low = s.B("pelvis", "*_thigh", "*_shank", "*_foot")
    return np.exp(-off[:, up].mean((1, 2)) / 0.3) + 0.5 * np.exp(-off[:, low].mean((1, 2)) / 0.2)


@row(
    "teleop_vr_3point",
    "ASAP, OmniH2O",
    "exp(-mean |head, hands|^2/s)",
    'exp(-mean((ref_pos - body_pos)["head", "*_hand"]^2) / 0.3)',
    H,
    ref_pos=POS,
)
def _(s):
    return np.exp(-sq(s.ref_pos - s.p)[:, s.B("head", "*_hand")].mean((1, 2)) / 0.3)


@row(
    "teleop_joint_position",
    "ASAP",
    "exp(-mean (q* - q)^2/s)",
    "exp(-mean((ref_dof_pos - dof_pos)^2) / 0.3)",
    H,
    ref_dof_pos=Host("joints; rad", 0, 0.4),
)
def _(s):
    return np.exp(-sq(s.ref_dof_pos - s.q).mean(1) / 0.3)


@row(
    "teleop_body_rotation_extend",
    "ASAP",
    "exp(-mean over bodies of the angle/s)",
    "exp(-mean(quat_error(body_quat, ref_quat)) / 0.5)",
    H,
    ref_quat=QUAT,
)
def _(s):
    return np.exp(-angle(s.ref_quat, s.R).mean(1) / 0.5)


@row(
    "teleop_contact_mask",
    "PBHC (KungfuBot)",
    "1 - mean abs(con - con*)",
    "1 - mean(abs((contact_forces[feet].z > 1[N]) - ref_contact[feet]))",
    H,
    ref_contact=Host("bool bodies"),
)
def _(s):
    return 1 - np.abs(s.con.astype(float) - s.ref_contact[:, s.feet]).mean(1)


@row("adaptive width", "PBHC (KungfuBot)", "exp(-e/sigma), sigma = the smallest smoothed error so far", """
error = mean((ref_dof_pos - dof_pos)^2)
width = min(running_min(ema(error, 0.2)), 0.3)
exp(-error / max(width, 1e-3))
""", H, ref_dof_pos=Host("joints; rad", 0, 0.4))  # fmt: skip
def _(s, m):
    e = lambda s: sq(s.ref_dof_pos - s.q).mean(1)
    y = m("y", e(s.last))
    y = y + (1 - np.exp(-s.dt / 0.2)) * (e(s) - y)
    low = np.minimum(m("low", e(s.last)), y)
    m["y"], m["low"] = y, low
    return np.exp(-e(s) / np.maximum(np.minimum(low, 0.3), 1e-3))


@row("link_pos_tracking relative", "ExBody", "exp(-k sum |(p - base) - (p* - base*)|^2), key bodies", """
key = bodies("*_hand", "*_foot")
own = rotate_inverse(yaw_frame(root_quat), body_pos - root_pos)
wanted = rotate_inverse(yaw_frame(ref_quat["pelvis"]), ref_pos - ref_pos["pelvis"])
exp(-0.3 * sum((own - wanted)[key]^2))
""", H, ref_pos=POS, ref_quat=QUAT)  # fmt: skip
def _(s):
    i = s.b("pelvis")
    own = unrot(heading(s.root)[:, None] + 0 * s.p[..., :1], s.p - s.x[:, None])
    want = unrot(heading(s.ref_quat[:, i])[:, None] + 0 * s.p[..., :1], s.ref_pos - s.ref_pos[:, i : i + 1])
    return np.exp(-0.3 * sq(own - want)[:, s.B("*_hand", "*_foot")].sum((1, 2)))


@row(
    "tracking_demo_yaw",
    "ExBody",
    "exp(-abs(wrap(yaw* - yaw)))",
    "laplace(wrap_angle(yaw(ref_anchor_quat) - heading), 1)",
    H,
    ref_anchor_quat=TURN,
)
def _(s):
    return np.exp(-np.abs(wrap(euler(s.ref_anchor_quat)[2] - euler(s.root)[2])))


@row("tracking_demo_roll_pitch", "ExBody", "exp(-(abs(droll) + abs(dpitch)))", """
exp(-(abs(wrap_angle(roll(ref_anchor_quat) - roll(root_quat))) + abs(wrap_angle(pitch(ref_anchor_quat) - pitch(root_quat)))))
""", H, ref_anchor_quat=TURN)  # fmt: skip
def _(s):
    a, b = euler(s.ref_anchor_quat), euler(s.root)
    return np.exp(-(np.abs(wrap(a[0] - b[0])) + np.abs(wrap(a[1] - b[1]))))


@row(
    "torso_orientation_tracking",
    "H1 teleop",
    "exp(-k 2 asin(|vector part of the difference|))",
    'exp(-3 * quat_error(body_quat["torso"], ref_anchor_quat))',
    H,
    ref_anchor_quat=TURN,
)
def _(s):
    d = qmul(s.R[:, s.b("torso")], conj(s.ref_anchor_quat))
    return np.exp(-3 * 2 * np.arcsin(np.minimum(norm(d[:, :3]), 1)))


@row("DeepMimic", "DeepMimic", ".65 exp(-2 sum angle^2) + .1 exp(-.1 sum dw^2) + .15 exp(-40 sum |ee|^2) + .1 exp(-10 |com|^2)", """
com(p) = sum(body_mass * p, over=bodies) / sum(body_mass)
ends = bodies("*_hand", "*_foot")
reward =
    0.65 * exp(-2 * mean(quat_error(ref_quat, body_quat)^2)) as pose
  + 0.10 * exp(-0.1 * sum((ref_dof_vel - dof_vel)^2) / 40) as velocity
  + 0.15 * exp(-1 * sum((ref_pos - body_pos)[ends]^2)) as ends
  + 0.10 * exp(-3 * sum((com(ref_pos) - com(body_pos))^2)) as com
""", H, ref_pos=POS, ref_quat=QUAT, ref_dof_vel=Host("joints; rad/s", 0, 6.0))  # fmt: skip
def _(s):
    com = lambda p: (s.mass[:, None] * p).sum(1) / s.mass.sum()
    return (0.65 * np.exp(-2 * sq(angle(s.ref_quat, s.R)).mean(1)) + 0.1 * np.exp(-0.1 * ss(s.ref_dof_vel - s.qd) / 40)
            + 0.15 * np.exp(-sq(s.ref_pos - s.p)[:, s.B("*_hand", "*_foot")].sum((1, 2))) + 0.1 * np.exp(-3 * ss(com(s.ref_pos) - com(s.p))))  # fmt: skip


@row("keypoints in the base", "HumanPlus", "exp(-mean |R_b^-1(p - b) - target|/s)", """
key = bodies("*_hand", "head")
own = rotate_inverse(root_quat, body_pos - root_pos)
exp(-mean(norm((own - target)[key])) / 0.7)
""", H, target=Host("bodies xyz; m; base", 0, 0.3))  # fmt: skip
def _(s):
    own = unrot(s.root[:, None] + 0 * s.p[..., :1], s.p - s.x[:, None])
    return np.exp(-norm((own - s.target)[:, s.B("*_hand", "head")]).mean(1) / 0.7)


@row(
    "AMP least squares",
    "AMP_for_hardware",
    "max(1 - 0.25 (D - 1)^2, 0)",
    "2 * max(1 - 0.25 * (discriminator - 1)^2, 0)",
    discriminator=Host("; 1", 0, 2.0),
)
def _(s):
    return 2 * np.maximum(1 - 0.25 * sq(s.discriminator - 1), 0)


@row("style and task", "AMP_for_hardware, TienKung-Lab", "0.3 style + 0.7 task", """
reward task = 1.0 * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25)
reward style = max(1 - 0.25 * (discriminator - 1)^2, 0)
total = lerp(style, task, 0.7)
""", discriminator=Host("; 1", 0, 2.0))  # fmt: skip
def _(s):
    return 0.3 * np.maximum(1 - 0.25 * sq(s.discriminator - 1), 0) + 0.7 * np.exp(
        -ss(s.c - s.v[:, :2]) / 0.25
    )


@row(
    "ensemble disagreement",
    "Plan2Explore style",
    "var of the heads, averaged over features",
    "mean(var(heads, over=ensemble))",
    heads=Host("ensemble=5 features=6; 1"),
)
def _(s):
    return np.var(s.heads, axis=1).mean(1)


@row("mimic product", "LocoMuJoCo", "exp(-w mean |dq|^2) * exp(-w mean |dqd|^2), summed with weights, nan-safe", """
param w_pos = 0.4
reward = w_pos * exp(-10 * mean((ref_dof_pos - dof_pos)^2)) as positions + 0.2 * exp(-2 * mean((ref_dof_vel - dof_vel)^2) / 50) as velocities
total = max(reward, 0)
""", H, ref_dof_pos=Host("joints; rad", 0, 0.4), ref_dof_vel=Host("joints; rad/s", 0, 6.0))  # fmt: skip
def _(s):
    return 0.4 * np.exp(-10 * sq(s.ref_dof_pos - s.q).mean(1)) + 0.2 * np.exp(
        -2 * sq(s.ref_dof_vel - s.qd).mean(1) / 50
    )


@row("TargetXVelocity", "LocoMuJoCo", "exp(-(v_x - v*)^2)", "exp(-(root_lin_vel.x - 0.6)^2 / 1[m^2/s^2])")
def _(s):
    return np.exp(-sq(s.vw[:, 0] - 0.6))


@row("humenv move_to", "HumEnv", "tolerance of speed along a direction * upright * small control", """
up = tolerance(rotate(body_quat["torso"], [0, 0, 1]).z, lower=0.9, margin=0.9, shape="linear", value_at_margin=0)
standing = tolerance(body_pos["head"].z, lower=0.5, margin=0.5, shape="linear", value_at_margin=0)
control = (4 + mean(tolerance(actions, 0, 0, 1, "quadratic", 0))) / 5
com_vel = sum(body_mass * body_lin_vel, over=bodies) / sum(body_mass)
along = dot(com_vel.xy, [1, 0]) / (norm(com_vel.xy) + 1e-6)
speed = tolerance(norm(com_vel.xy), lower=0.3, upper=1, margin=0.3, shape="linear", value_at_margin=0)
move = (5 * speed * (0.5 + 0.5 * along) + 1) / 6
up * standing * control * move as move_to
""", H)  # fmt: skip
def _(s):
    lin = lambda below, margin: np.maximum(1 - np.maximum(below, 0) / margin, 0)
    com = (s.mass[:, None] * s.u).sum(1)[:, :2] / s.mass.sum()
    v = norm(com)
    up = lin(0.9 - rot(s.R[:, s.b("torso")], [0, 0, 1.0])[:, 2], 0.9)
    stand = lin(0.5 - s.p[:, s.b("head"), 2], 0.5)
    control = (4 + np.maximum(1 - sq(s.a), 0).mean(1)) / 5
    speed = lin(np.maximum(0.3 - v, v - 1), 0.3)
    return up * stand * control * (5 * speed * (0.5 + 0.5 * com[:, 0] / (v + 1e-6)) + 1) / 6
