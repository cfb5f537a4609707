"""Further terms: feet, contact, air time and gaits."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, euler, heading, norm, sq, ss, unrot, wrap

TABLE: List[Row] = []
row = rows_of(TABLE)
DOG = "quadruped"
FOUR = 'table(feet, "FL_*": 0, "RR_*": 0, "*": 0.5)'
TOUCH = "touch = contact_forces[feet].z > 1[N]\n"


def moving(s):
    """mjlab's and robot_lab's command size."""
    return norm(np.concatenate((s.c, s.cw[:, None]), 1))


def clocks(s, m):
    """Isaac Lab's contact sensor: current air and contact time of each foot."""
    air = np.where(s.con, 0, m("air", np.zeros(s.con.shape)) + s.dt)
    held = np.where(s.con, m("held", np.zeros(s.con.shape)) + s.dt, 0)
    m["air"], m["held"] = air, held
    return air, held


def lasts(s, m):
    """Its last air and last contact time."""
    before_air, before_held = m("air", np.zeros(s.con.shape)), m("held", np.zeros(s.con.shape))
    clocks(s, m)
    m["last_air"] = np.where(s.con & ~s.last.con, before_air, m("last_air", np.zeros(s.con.shape)))
    m["last_held"] = np.where(~s.con & s.last.con, before_held, m("last_held", np.zeros(s.con.shape)))
    return m.kept["last_air"], m.kept["last_held"]


@row("tracking_contacts_shaped_force", "walk-these-ways", "-mean (1 - desired)(1 - exp(-|F|^2/s))", f"""
desired = stance(phase(0.5[s], {FOUR}), 0.5, width=0.1)
reward = -mean((1 - desired) * (1 - exp(-norm(contact_forces[feet])^2 / 100))) as force
""", DOG)  # fmt: skip
def _(s):
    return -((1 - desired(s)) * (1 - np.exp(-ss(s.F[:, s.feet]) / 100))).mean(1)


def desired(s):
    """A trot's stance of FL, FR, RL, RR, smoothed over a tenth of the cycle."""
    ph = (s.t[:, None] / 0.5 + [0, 0.5, 0.5, 0]) % 1
    place = (ph + 0.05) % 1
    step = lambda x, lo: (lambda t: t * t * (3 - 2 * t))(np.clip((x - lo) / 0.1, 0, 1))
    return step(place, 0.0) - step(place, 0.5)


@row("tracking_contacts_shaped_vel", "walk-these-ways", "-mean desired (1 - exp(-|u|^2/s))", f"""
desired = stance(phase(0.5[s], {FOUR}), 0.5, width=0.1)
reward = -sum(desired * (1 - exp(-norm(body_lin_vel[feet])^2 / 10))) / 4
""", DOG)  # fmt: skip
def _(s):
    return -(desired(s) * (1 - np.exp(-ss(s.u[:, s.feet]) / 10))).sum(1) / 4


@row(
    "feet_slip",
    "walk-these-ways",
    "sum (con or last con) |u_xy|^2",
    TOUCH + "reward = -0.04 * sum((touch or prev(touch)) * norm(body_lin_vel[feet].xy)^2)",
    DOG,
)
def _(s):
    return -0.04 * ((s.con | s.last.con) * ss(s.u[:, s.feet, :2])).sum(1)


@row(
    "feet_contact_vel",
    "walk-these-ways",
    "sum 1[z < 0.03] |u|^2",
    "sum((body_pos[feet].z < 0.03) * norm(body_lin_vel[feet])^2)",
    DOG,
)
def _(s):
    return ((s.p[:, s.feet, 2] < 0.03) * ss(s.u[:, s.feet])).sum(1)


@row("feet_clearance_cmd_linear", "walk-these-ways", "sum (h*phase + 0.02 - z)^2 (1 - desired)", f"""
cycle = phase(0.5[s], {FOUR})
lift = 1 - abs(1 - 2 * clip(cycle * 2 - 1, 0, 1))
target = swing_height * lift + 0.02
sum((target - body_pos[feet].z)^2 * (1 - stance(cycle, 0.5, width=0.1)))
""", DOG, swing_height=Host("; m", 0.08, 0.03))  # fmt: skip
def _(s):
    ph = (s.t[:, None] / 0.5 + [0, 0.5, 0.5, 0]) % 1
    lift = 1 - np.abs(1 - 2 * np.clip(ph * 2 - 1, 0, 1))
    return (sq(s.swing_height[:, None] * lift + 0.02 - s.p[:, s.feet, 2]) * (1 - desired(s))).sum(1)


@row("feet_impact_vel", "walk-these-ways", "sum con*clip(last u_z, -100, 0)^2", """
hit = norm(contact_forces[feet]) > 1[N]
sum(hit * clip(prev(body_lin_vel[feet].z), -100, 0)^2)
""", DOG)  # fmt: skip
def _(s):
    return ((norm(s.F[:, s.feet]) > 1) * sq(np.minimum(s.last.u[:, s.feet, 2], 0))).sum(1)


@row("raibert_heuristic", "walk-these-ways", "sum |desired - actual footstep|^2, in the yaw frame", """
step = rotate_inverse(yaw_frame(root_quat), body_pos[feet] - root_pos)
cycle = phase(0.5[s], table(feet, "FL_*": 0, "RR_*": 0, "*": 0.5))
ahead = abs(1 - 2 * cycle) - 0.5
front = table(feet, "F?_*": 1, "*": -1)
side = table(feet, "?L_*": 1, "*": -1)
period = 0.5[s]
turning = command_ang_vel * 0.45[m] / 2
nominal = [front * 0.45[m] / 2, side * 0.3[m] / 2]
offset = ahead * 0.5 * period * [command_lin_vel.x, front * turning]
sum((nominal + offset - step.xy)^2)
""", DOG)  # fmt: skip
def _(s):
    step = unrot(heading(s.root)[:, None] + 0 * s.p[:, s.feet, :1], s.p[:, s.feet] - s.x[:, None])
    ahead = np.abs(1 - 2 * ((s.t[:, None] / 0.5 + [0, 0.5, 0.5, 0]) % 1)) - 0.5
    front, side = np.array([1, 1, -1, -1]), np.array([1, -1, 1, -1])
    x = front * 0.225 + ahead * s.c[:, :1] * 0.25
    y = side * 0.15 + front * ahead * s.cw[:, None] * 0.225 * 0.25
    return (sq(x - step[..., 0]) + sq(y - step[..., 1])).sum(1)


@row("feet_distance", "humanoid-gym", "(exp(-100 abs(clip(d - min))) + exp(-100 abs(clip(d - max))))/2", """
d = distance(body_pos["left_foot"].xy, body_pos["right_foot"].xy)
near = clip(d - 0.2, -0.5, 0)
far = clip(d - 0.5, 0, 0.5)
(exp(-abs(near) * 10) + exp(-abs(far) * 10)) / 2
""")  # fmt: skip
def _(s):
    d = norm((s.p[:, s.feet[0]] - s.p[:, s.feet[1]])[:, :2])
    return (
        np.exp(-np.abs(np.clip(d - 0.2, -0.5, 0)) * 10) + np.exp(-np.abs(np.clip(d - 0.5, 0, 0.5)) * 10)
    ) / 2


@row(
    "foot_slip root",
    "humanoid-gym",
    "sum con*sqrt(|u_xy|)",
    "sum(sqrt(norm(body_lin_vel[feet].xy)) * (contact_forces[feet].z > 5[N]))",
)
def _(s):
    return (np.sqrt(norm(s.u[:, s.feet, :2])) * (s.F[:, s.feet, 2] > 5)).sum(1)


@row("feet_clearance", "humanoid-gym", "sum swing*1[abs(height - target) < 0.01], height summed up since touch", """
touch = contact_forces[feet].z > 5[N]
swing = not stance(phase(0.64[s], table(feet, "left_*": 0, "right_*": 0.5)), 0.55)
height = body_pos[feet].z - prev(sample(body_pos[feet].z, touch))
sum((abs(height - 0.02) < 0.02) * swing)
""")  # fmt: skip
def _(s, m):
    z, con = s.p[:, s.feet, 2], s.F[:, s.feet, 2] > 5
    h = m("h", np.zeros(z.shape)) + z - s.last.p[:, s.feet, 2]
    m["h"] = h * ~con
    swing = ~(((s.t[:, None] / 0.64 + [0, 0.5]) % 1) < 0.55)
    return ((np.abs(h - 0.02) < 0.02) * swing).sum(1)


@row("feet_height_body", "unitree_rl_lab", "sum (z_body - target)^2 tanh(k|u_xy body|), gated", """
foot = rotate_inverse(root_quat, body_pos[feet] - root_pos)
foot_vel = rotate_inverse(root_quat, body_lin_vel[feet] - root_lin_vel)
size = sqrt(sum(command_lin_vel^2) / 1[m^2/s^2] + command_ang_vel^2 / 1[rad^2/s^2])
sum((foot.z + 0.2)^2 * tanh(2 * norm(foot_vel.xy))) * (size > 0.1) * clip(-projected_gravity.z, 0, 0.7) / 0.7
""", DOG)  # fmt: skip
def _(s):
    q = s.root[:, None] + 0 * s.p[:, s.feet, :1]
    p, u = unrot(q, s.p[:, s.feet] - s.x[:, None]), unrot(q, s.u[:, s.feet] - s.vw[:, None])
    return (
        (sq(p[..., 2] + 0.2) * np.tanh(2 * norm(u[..., :2]))).sum(1)
        * (moving(s) > 0.1)
        * np.clip(-s.g[:, 2], 0, 0.7)
        / 0.7
    )


@row("foot_clearance_reward", "unitree_rl_lab", "exp(-sum(relu(h - z)^2 tanh(k|u_xy|))/std)*tanh(10|c|)*tanh(10|v|)", """
short = relu(0.1 - body_pos[feet].z)^2 * tanh(2 * norm(body_lin_vel[feet].xy))
exp(-sum(short) / 0.01) * tanh(10 * norm(command_lin_vel)) * tanh(10 * norm(base_lin_vel.xy))
""", DOG)  # fmt: skip
def _(s):
    short = sq(np.maximum(0.1 - s.p[:, s.feet, 2], 0)) * np.tanh(2 * norm(s.u[:, s.feet, :2]))
    return np.exp(-short.sum(1) / 0.01) * np.tanh(10 * norm(s.c)) * np.tanh(10 * norm(s.v[:, :2]))


@row(
    "feet_too_near",
    "unitree_rl_lab",
    "relu(th - |p_left - p_right|)",
    'relu(0.4 - distance(body_pos["left_foot"], body_pos["right_foot"]))',
)
def _(s):
    return np.maximum(0.4 - norm(s.p[:, s.feet[0]] - s.p[:, s.feet[1]]), 0)


@row(
    "feet_contact_without_cmd",
    "unitree_rl_lab",
    "count(con)*1[|c| < 0.1]",
    "count(timer(contact_forces[feet].z > 1[N]) > 0) * (norm(command_lin_vel) < 0.1)",
)
def _(s):
    return s.con.sum(1) * (norm(s.c) < 0.1)


@row("air_time_variance_penalty", "Isaac Lab spot", "var(min(last air, .5)) + var(min(last contact, .5)), n - 1",
     TOUCH + "air = min(last_duration(not touch), 0.5[s])\nheld = min(last_duration(touch), 0.5[s])\n100 * (var(air) + var(held)) * 4 / 3", DOG)  # fmt: skip
def _(s, m):
    air, held = lasts(s, m)
    var = lambda x: np.var(np.minimum(x, 0.5), axis=1, ddof=1)
    return 100 * (var(air) + var(held))


@row("air_time_reward", "Isaac Lab spot", "moving: sum min(t_max, mode) where t_max < mode; else sum clip(T_con - T_air)", TOUCH + """
air = timer(not touch)
held = timer(touch)
longest = max(air, held)
moving = norm(command_lin_vel) > 0 or norm(base_lin_vel.xy) > 0.5
10 * sum(where(moving, where(longest < 0.09, min(longest, 0.09), 0), clip(held - air, -0.09, 0.09)))
""", DOG)  # fmt: skip
def _(s, m):
    air, held = clocks(s, m)
    t = np.maximum(air, held)
    go = ((norm(s.c) > 0) | (norm(s.v[:, :2]) > 0.5))[:, None]
    return 10 * np.where(
        go, np.where(t < 0.09, np.minimum(t, 0.09), 0), np.clip(held - air, -0.09, 0.09)
    ).sum(1)


@row("GaitReward", "Isaac Lab spot, robot_lab", "two synced pairs times four async pairs of exp(-(se_air + se_con)/std)", TOUCH + """
air = timer(not touch)
held = timer(touch)
close(a, b) = min((a - b)^2, 0.2^2)
sync(a0, c0, a1, c1) = exp(-(close(a0, a1) + close(c0, c1)) / 0.01)
async(a0, c0, a1, c1) = exp(-(close(a0, c1) + close(c0, a1)) / 0.01)
fl = air["FL_foot"]
fr = air["FR_foot"]
rl = air["RL_foot"]
rr = air["RR_foot"]
cfl = held["FL_foot"]
cfr = held["FR_foot"]
crl = held["RL_foot"]
crr = held["RR_foot"]
together = sync(fl, cfl, rr, crr) * sync(fr, cfr, rl, crl)
apart = async(fl, cfl, fr, cfr) * async(rr, crr, rl, crl) * async(fl, cfl, rl, crl) * async(fr, cfr, rr, crr)
where(norm(command_lin_vel) > 0, together * apart, 0)
""", DOG)  # fmt: skip
def _(s, m):
    air, held = clocks(s, m)
    se = lambda a, b: np.minimum(sq(a - b), 0.04)
    sync = lambda i, j: np.exp(-(se(air[:, i], air[:, j]) + se(held[:, i], held[:, j])) / 0.01)
    opposed = lambda i, j: np.exp(-(se(air[:, i], held[:, j]) + se(held[:, i], air[:, j])) / 0.01)
    fl, fr, rl, rr = range(4)
    return np.where(
        norm(s.c) > 0,
        sync(fl, rr) * sync(fr, rl) * opposed(fl, fr) * opposed(rr, rl) * opposed(fl, rl) * opposed(fr, rr),
        0,
    )


@row("feet_gait", "unitree_rl_lab", "number of feet whose contact agrees with the phase", TOUCH + f"""
agree = touch == stance(phase(0.5[s], {FOUR}), 0.5)
count(agree) * (norm(command_lin_vel) > 0.1)
""", DOG)  # fmt: skip
def _(s):
    ph = (s.t[:, None] / 0.5 + [0, 0.5, 0.5, 0]) % 1
    return (s.con == (ph < 0.5)).sum(1) * (norm(s.c) > 0.1)


@row("feet_air_time_positive_biped", "Isaac Lab", "min over feet of time in mode, single stance, capped", TOUCH + """
in_mode = where(touch, timer(touch), timer(not touch))
single = count(touch) == 1
10 * min(min(where(single, in_mode, 0)), 0.1) * (norm(command_lin_vel) > 0.1)
""")  # fmt: skip
def _(s, m):
    air, held = clocks(s, m)
    t = np.where(s.con, held, air) * (s.con.sum(1) == 1)[:, None]
    return 10 * np.minimum(t.min(1), 0.1) * (norm(s.c) > 0.1)


@row(
    "feet_contact",
    "robot_lab",
    "1[number of first contacts != expected]",
    TOUCH + "(count(rising(touch)) != 2) * (norm(command_lin_vel) > 0.1)",
    DOG,
)
def _(s):
    return ((s.con & ~s.last.con).sum(1) != 2) * (norm(s.c) > 0.1)


@row("feet_distance_xy_exp", "robot_lab", "exp(-sum |desired - foot in base|_xy^2/std^2)", """
foot = rotate_inverse(root_quat, body_pos[feet] - root_pos)
ahead = table(feet, "F?_*": 0.2, "*": -0.2)
aside = table(feet, "?L_*": 0.15, "*": -0.15)
exp(-sum((ahead - foot.x)^2 + (aside - foot.y)^2) / 0.8^2)
""", DOG)  # fmt: skip
def _(s):
    p = unrot(s.root[:, None] + 0 * s.p[:, s.feet, :1], s.p[:, s.feet] - s.x[:, None])
    return np.exp(
        -(
            sq(np.array([0.2, 0.2, -0.2, -0.2]) - p[..., 0])
            + sq(np.array([0.15, -0.15, 0.15, -0.15]) - p[..., 1])
        ).sum(1)
        / 0.64
    )


@row("feet_slide in base", "robot_lab", "sum |u - v|_xy in the base, where touched in the last substeps", """
touched = max(norm(force_history), over=history) > 30[N]
vel = rotate_inverse(root_quat, body_lin_vel - root_lin_vel)
sum((norm(vel.xy) * touched)[feet])
""", DOG, force_history=Host("history=3 bodies xyz; N; world", 0, 40.0))  # fmt: skip
def _(s):
    u = unrot(s.root[:, None] + 0 * s.u[..., :1], s.u - s.vw[:, None])
    return (norm(u[..., :2]) * (norm(s.force_history).max(1) > 30))[:, s.feet].sum(1)


@row(
    "feet_stumble count",
    "robot_lab",
    "any(|F_xy| > 4 abs(F_z))",
    "any(norm(contact_forces[feet].xy) > 0.4 * abs(contact_forces[feet].z)) * clip(-projected_gravity.z, 0, 0.7) / 0.7",
    DOG,
)
def _(s):
    F = s.F[:, s.feet]
    return (norm(F[..., :2]) > 0.4 * np.abs(F[..., 2])).any(1) * np.clip(-s.g[:, 2], 0, 0.7) / 0.7


@row("feet_edge", "extreme-parkour", "1[level > 3]*sum(contact at an edge)", TOUCH + "(level > 3) * count((touch or prev(touch)) and at_edge[feet])", DOG,
     level=Host("; 1", 3, 2.0), at_edge=Host("bool bodies"))  # fmt: skip
def _(s):
    return (s.level > 3) * ((s.con | s.last.con) & s.at_edge[:, s.feet]).sum(1)


@row(
    "feet_clearance sqrt",
    "mujoco_playground berkeley_humanoid",
    "sum abs(z - max)*sqrt(|u_xy|)",
    "sum(abs(body_pos[feet].z - 0.1) * sqrt(norm(body_lin_vel[feet].xy)))",
)
def _(s):
    return (np.abs(s.p[:, s.feet, 2] - 0.1) * np.sqrt(norm(s.u[:, s.feet, :2]))).sum(1)


@row("feet_phase", "mujoco_playground berkeley_humanoid", "exp(-sum (z - rz(phase))^2/0.01)", """
cycle = phase(0.8[s], table(feet, "left_*": 0, "right_*": 0.5))
exp(-sum((body_pos[feet].z - bezier_swing(cycle, 0.1[m]))^2) / 0.01)
""")  # fmt: skip
def _(s):
    ph = (s.t[:, None] / 0.8 + [0, 0.5]) % 1
    b = lambda t: t**3 + 3 * t**2 * (1 - t)
    rz = 0.1 * np.where(ph <= 0.5, b(2 * ph), 1 - b(2 * ph - 1))
    return np.exp(-sq(s.p[:, s.feet, 2] - rz).sum(1) / 0.01)


@row("feet_air_time in range", "mjlab", "count(0.05 < T_air < 0.5), gated by |c_xy| + abs(c_w)", TOUCH + """
count(0.03 < timer(not touch) < 0.09) * (norm(command_lin_vel) / 1[m/s] + abs(command_ang_vel) / 1[rad/s] > 0.5)
""")  # fmt: skip
def _(s, m):
    air, _ = clocks(s, m)
    return ((air > 0.03) & (air < 0.09)).sum(1) * (norm(s.c) + np.abs(s.cw) > 0.5)


@row("feet_swing_height", "mjlab", "sum (peak/target - 1)^2 at first contact, peak of heights in the air from 0", TOUCH + """
peak = running_max(body_pos[feet].z * not touch, reset_when=prev(rising(touch)))
sum((peak / 0.1 - 1)^2 * rising(touch))
""")  # fmt: skip
def _(s, m):
    z = s.p[:, s.feet, 2]
    peak = m("peak", s.last.p[:, s.feet, 2] * ~s.last.con)
    peak = np.where(~s.con, np.maximum(peak, z), peak)
    landed = s.con & ~s.last.con
    m["peak"] = np.where(landed, 0, peak)
    return (sq(peak / 0.1 - 1) * landed).sum(1)


@row(
    "soft_landing",
    "mjlab",
    "sum |F|*first",
    TOUCH + "reward = -1e-2 * sum(norm(contact_forces[feet]) * rising(touch))",
)
def _(s):
    return -1e-2 * (norm(s.F[:, s.feet]) * (s.con & ~s.last.con)).sum(1)


@row("self_collision_cost", "mjlab", "number of substeps with any force above th", "count(any(norm(self_force) > 25[N], over=pairs_of_links))",
     self_force=Host("pairs_of_links=3 substeps=4 xyz; N; world", 0, 25.0))  # fmt: skip
def _(s):
    return (norm(s.self_force) > 25).any(1).sum(1)


@row(
    "feet_slip squared",
    "mjlab",
    "sum |u_xy|^2 con, gated",
    TOUCH + "sum(norm(body_lin_vel[feet].xy)^2 * touch) * (norm(command_lin_vel) > 0.01)",
)
def _(s):
    return (ss(s.u[:, s.feet, :2]) * s.con).sum(1) * (norm(s.c) > 0.01)


@row(
    "feet_slip by difference",
    "booster_gym",
    "sum |(last p - p)/dt|^2 con, not on the first step",
    TOUCH + "sum(sum(rate(body_pos[feet])^2, over=xyz) * touch) * (episode_step > 1)",
)
def _(s):
    return (ss((s.last.p - s.p)[:, s.feet] / s.dt) * s.con).sum(1) * (s.k > 1)


@row("feet_vel_z", "booster_gym", "sum ((last z - z)/dt)^2", "sum(rate(body_pos[feet].z)^2)")
def _(s):
    return sq((s.last.p - s.p)[:, s.feet, 2] / s.dt).sum(1)


@row("feet_roll", "booster_gym", "sum roll^2", "sum(roll(body_quat[feet])^2)")
def _(s):
    return ss(euler(s.R[:, s.feet])[0])


@row(
    "feet_yaw_diff",
    "booster_gym",
    "wrap(yaw_right - yaw_left)^2",
    'wrap_angle(yaw(body_quat["right_foot"]) - yaw(body_quat["left_foot"]))^2',
)
def _(s):
    y = euler(s.R[:, s.feet])[2]
    return sq(wrap(y[:, 1] - y[:, 0]))


@row("feet_yaw_mean", "booster_gym", "wrap(base yaw - mean yaw of the feet)^2", """
yaws = yaw(body_quat[feet])
middle = mean(yaws) + pi * (abs(yaws["right_foot"] - yaws["left_foot"]) > pi)
wrap_angle(heading - middle)^2
""")  # fmt: skip
def _(s):
    y = euler(s.R[:, s.feet])[2]
    mid = y.mean(1) + np.pi * (np.abs(y[:, 1] - y[:, 0]) > np.pi)
    return sq(wrap(euler(s.root)[2] - mid))


@row("feet_distance sideways", "booster_gym", "clip(ref - abs(cos yaw dy - sin yaw dx), 0, 0.1)", """
d = body_pos["right_foot"] - body_pos["left_foot"]
clip(0.2 - abs(cos(heading) * d.y - sin(heading) * d.x), 0, 0.1)
""")  # fmt: skip
def _(s):
    d, yaw = s.p[:, s.feet[1]] - s.p[:, s.feet[0]], euler(s.root)[2]
    return np.clip(0.2 - np.abs(np.cos(yaw) * d[:, 1] - np.sin(yaw) * d[:, 0]), 0, 0.1)


@row("feet_swing", "booster_gym", "left in the air around phase .25, right around .75", TOUCH + """
cycle = phase(1.5[s], 0)
left_swing = abs(cycle - 0.25) < 0.5 * 0.2
right_swing = abs(cycle - 0.75) < 0.5 * 0.2
(left_swing and not touch["left_foot"]) + (right_swing and not touch["right_foot"]) as feet_swing
""")  # fmt: skip
def _(s):
    g = (s.t / 1.5) % 1
    return ((np.abs(g - 0.25) < 0.1) & ~s.con[:, 0]).astype(float) + ((np.abs(g - 0.75) < 0.1) & ~s.con[:, 1])


@row(
    "feet_slip_z_rot",
    "booster_gym users",
    "sum ((last yaw - yaw)/dt)^2 con",
    TOUCH + "1e-3 * sum((wrap_angle(delta(yaw(body_quat[feet]))) / dt)^2 * touch)",
)
def _(s):
    y = lambda s: euler(s.R[:, s.feet])[2]
    return 1e-3 * (sq(wrap(y(s) - y(s.last)) / s.dt) * s.con).sum(1)


@row("feet_max_height_for_this_air", "OmniH2O, ASAP, HOVER", "sum relu(0.2 - peak)*(air to filtered contact)", """
touch = contact_forces[feet].z > 1[N]
filtered = touch or prev(touch)
peak = running_max(body_pos[feet].z, reset_when=prev(filtered))
sum(relu(0.2 - peak) * (filtered and not prev(filtered)))
""", "humanoid29")  # fmt: skip
def _(s, m):
    # the peak starts anew on the step after a filtered contact
    z, filt = s.p[:, s.feet, 2], s.con | s.last.con
    before = m("filtered", s.last.con).astype(bool)
    peak = np.where(before, z, np.maximum(m("peak", s.last.p[:, s.feet, 2]), z))
    m["filtered"], m["peak"] = filt, peak
    return (np.maximum(0.2 - peak, 0) * (filt & ~before)).sum(1)


@row(
    "slippage",
    "ASAP",
    "sum |u| 1[|F| > 1]",
    "sum(norm(body_lin_vel[feet]) * (norm(contact_forces[feet]) > 1[N]))",
    "humanoid29",
)
def _(s):
    return (norm(s.u[:, s.feet]) * (norm(s.F[:, s.feet]) > 1)).sum(1)


@row(
    "feet heading alignment",
    "ASAP",
    "abs(left yaw - base yaw) + abs(right yaw - base yaw), wrapped",
    "sum(abs(wrap_angle(yaw(body_quat[feet]) - heading)))",
    "humanoid29",
)
def _(s):
    return np.abs(wrap(euler(s.R[:, s.feet])[2] - euler(s.root)[2][:, None])).sum(1)


@row(
    "feet orientation",
    "ASAP",
    "sum |gravity in the foot|_xy",
    "sum(norm(rotate_inverse(body_quat[feet], [0, 0, -1]).xy))",
    "humanoid29",
)
def _(s):
    return norm(unrot(s.R[:, s.feet], [0, 0, -1.0])[..., :2]).sum(1)


@row("feet force symmetry", "humanoid-gym users", "abs(F_left - F_right)/(F_left + F_right)", """
load = contact_forces[feet].z
abs(load["left_foot"] - load["right_foot"]) / (sum(load) + 1[N])
""")  # fmt: skip
def _(s):
    f = s.F[:, s.feet, 2]
    return np.abs(f[:, 0] - f[:, 1]) / (f.sum(1) + 1)


@row("gait_feet_frc_perio", "TienKung-Lab", "swing clock (linear edges)*exp(-200 F^2), summed", """
param edge = 0.02
param air = 0.38
cycle = phase(0.85[s], table(feet, "left_*": 0.38, "right_*": 0.88))
early = 0.5 + cycle / (2 * edge)
late = (cycle - 1 + edge) / (2 * edge)
fall = 0.5 - (cycle - air) / (2 * edge)
swing = where(cycle < edge, early, where(cycle > 1 - edge, late, clip(fall, 0, 1)))
force = norm(contact_forces[feet]) / 100[N]
sum(swing * exp(-200 * force^2))
""")  # fmt: skip
def _(s):
    ph, d, r = (s.t[:, None] / 0.85 + [0.38, 0.88]) % 1, 0.02, 0.38
    i = np.select([ph < d, ph <= r - d, ph < r + d, ph <= 1 - d],
                  [0.5 + ph / (2 * d), 1.0, -(ph - r - d) / (2 * d), 0.0], (ph - 1 + d) / (2 * d))  # fmt: skip
    return (i * np.exp(-200 * ss(s.F[:, s.feet] / 100))).sum(1)


@row("feet_y_distance", "TienKung-Lab", "abs(dy in base - 0.299)*1[abs(c_y) < 0.1]", """
d = rotate_inverse(root_quat, body_pos["left_foot"] - body_pos["right_foot"])
abs(d.y - 0.3) * (abs(command_lin_vel.y) < 0.1)
""")  # fmt: skip
def _(s):
    d = unrot(s.root, s.p[:, s.feet[0]] - s.p[:, s.feet[1]])
    return np.abs(d[:, 1] - 0.3) * (np.abs(s.c[:, 1]) < 0.1)


@row(
    "contact_no_vel",
    "legged_gym users",
    "any foot down and the base slow",
    "any(contact_forces[feet].z > 1[N]) * (norm(base_lin_vel.xy) < 0.5)",
    DOG,
)
def _(s):
    return s.con.any(1) * (norm(s.v[:, :2]) < 0.5)


@row(
    "power of landing",
    "ANYmal users",
    "sum max(-F_z u_z, 0)",
    "-1e-2 * sum(relu(-contact_forces[feet].z * body_lin_vel[feet].z))",
    DOG,
)
def _(s):
    return -1e-2 * np.maximum(-s.F[:, s.feet, 2] * s.u[:, s.feet, 2], 0).sum(1)


@row("support of diagonal", "legged_gym users", "abs(con_FL - con_RR) + abs(con_FR - con_RL)", TOUCH + """
abs(touch["FL_foot"] - touch["RR_foot"]) + abs(touch["FR_foot"] - touch["RL_foot"]) as diagonal
""", DOG)  # fmt: skip
def _(s):
    c = s.con.astype(float)
    return np.abs(c[:, 0] - c[:, 3]) + np.abs(c[:, 1] - c[:, 2])


@row("step length", "common", "distance along the heading between the feet at touchdown", TOUCH + """
span = rotate_inverse(yaw_frame(root_quat), body_pos["left_foot"] - body_pos["right_foot"]).x
abs(span) * any(rising(touch))
""")  # fmt: skip
def _(s):
    d = unrot(heading(s.root), s.p[:, s.feet[0]] - s.p[:, s.feet[1]])
    return np.abs(d[:, 0]) * (s.con & ~s.last.con).any(1)


@row(
    "stance width of all feet",
    "common",
    "var of the feet's y in the base",
    "var(rotate_inverse(root_quat, body_pos[feet] - root_pos).y)",
    DOG,
)
def _(s):
    return np.var(
        unrot(s.root[:, None] + 0 * s.p[:, s.feet, :1], s.p[:, s.feet] - s.x[:, None])[..., 1], axis=1
    )


@row("support centre", "ANYmal (Hutter)", "|com - mean of the standing feet|_xy", """
com = sum(body_mass * body_pos, over=bodies) / sum(body_mass)
standing = contact_forces[feet].z > 1[N]
centre = sum(body_pos[feet] * standing, over=bodies) / max(count(standing), 1)
any(standing) * norm((com - centre).xy)
""", DOG)  # fmt: skip
def _(s):
    com = (s.mass[:, None] * s.p).sum(1) / s.mass.sum()
    mid = (s.p[:, s.feet] * s.con[..., None]).sum(1) / np.maximum(s.con.sum(1), 1)[:, None]
    return s.con.any(1) * norm((com - mid)[:, :2])
