"""The inventory's terms on feet, contact and gait; and on motion tracking."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, heading, norm, sq, ss, unrot

TABLE: List[Row] = []
row = rows_of(TABLE)


def swing(s, m, con):
    """Air time of each foot with this step, and whether it lands now; kept by hand as legged_gym does."""
    air = m("air", np.zeros(con.shape)) + s.dt
    landed = (m("air", np.zeros(con.shape)) > 0) & con
    m["air"] = np.where(con, 0.0, air)
    return air, landed


@row(119, "legged_gym", "sum (T_air - 0.5)*first, contact of this or the previous step, 1[|c_xy| > 0.1]", """
touch = contact_forces[feet].z > 1[N]
filtered = touch or prev(touch)
flight = prev(timer(not filtered)) + dt
sum((flight - 0.5[s]) * filtered * (prev(timer(not filtered)) > 0)) * (norm(command_lin_vel) > 0.1)
""")  # fmt: skip
def _(s, m):
    air, landed = swing(s, m, s.con | s.last.con)
    return ((air - 0.5) * landed).sum(1) * (norm(s.c) > 0.1)


@row(120, "Isaac Lab", "sum (L_air - th)*first", """
touch = norm(contact_forces[feet]) > 1[N]
sum((last_duration(not touch) - 0.05[s]) * rising(touch))
""")  # fmt: skip
def _(s, m):
    con, before = norm(s.F[:, s.feet]) > 1, norm(s.last.F[:, s.feet]) > 1
    air = m("air", np.zeros(con.shape))
    m["air"] = np.where(con, 0.0, air + s.dt)
    m["length"] = np.where(con & ~before, air, m("length", np.zeros(con.shape)))
    return ((m.kept["length"] - 0.05) * (con & ~before)).sum(1)


@row(121, "mujoco_playground g1", "sum clip(T_air - tmin, max tmax - tmin)*first", """
touch = contact_forces[feet].z > 1[N]
sum(min(prev(timer(not touch)) - 0.02[s], 0.04[s]) * rising(touch))
""")  # fmt: skip
def _(s, m):
    air = m("air", np.zeros(s.con.shape))
    m["air"] = np.where(s.con, 0.0, air + s.dt)
    return (np.minimum(air - 0.02, 0.04) * (s.con & ~s.last.con)).sum(1)


@row(127, "legged_gym cassie", "1[count(con) == 1]", "(count(contact_forces[feet].z > 0.1[N]) == 1)")
def _(s):
    return (s.F[:, s.feet, 2] > 0.1).sum(1) == 1


@row(129, "humanoid-gym", "mean(where(con == stance, 1, -0.3))", """
cycle = phase(0.64[s], table(feet, "left_*": 0, "right_*": 0.5))
touch = contact_forces[feet].z > 5[N]
mean(where(touch == stance(cycle, 0.55), 1, -0.3))
""")  # fmt: skip
def _(s):
    ph = (s.t[:, None] / 0.64 + [0, 0.5]) % 1
    return np.where((s.F[:, s.feet, 2] > 5) == (ph < 0.55), 1, -0.3).mean(1)


@row(133, "unitree_rl_gym", "sum over feet and xyz of u^2*con", "sum(body_lin_vel[feet]^2 * (norm(contact_forces[feet]) > 1[N]))")  # fmt: skip
def _(s):
    return (ss(s.u[:, s.feet]) * (norm(s.F[:, s.feet]) > 1)).sum(1)


@row(
    138, "legged_gym", "sum clip(|F| - Fmax, 0, cap)", "sum(clip(norm(contact_forces[feet]) - 60[N], 0, 40))"
)
def _(s):
    return np.clip(norm(s.F[:, s.feet]) - 60, 0, 40).sum(1)


@row(139, "legged_gym", "any(|F_xy| > k abs(F_z))", "any(norm(contact_forces[feet].xy) > 0.5 * abs(contact_forces[feet].z))")  # fmt: skip
def _(s):
    F = s.F[:, s.feet]
    return (norm(F[..., :2]) > 0.5 * np.abs(F[..., 2])).any(1)


@row(140, "Isaac Lab", "sum over bodies of 1[max over substeps of |F| > th]",
     "count(max(norm(force_history), over=history) > 40[N])", force_history=Host("history=3 bodies xyz; N; world", 0, 40.0))  # fmt: skip
def _(s):
    return (norm(s.force_history).max(1) > 40).sum(1)


@row(141, "mujoco_playground g1", "any(pair found)", "any(pair_found)", pair_found=Host("bool links=3"))
def _(s):
    return s.pair_found.any(1)


@row(143, "Isaac Lab", "1[all feet free]", "all(norm(contact_forces[feet]) < 1[N])")
def _(s):
    return (norm(s.F[:, s.feet]) < 1).all(1)


@row(149, "mujoco_playground", "sum (peak/z* - 1)^2*first", """
touch = contact_forces[feet].z > 1[N]
peak = running_max(body_pos[feet].z, reset_when=touch)
sum((prev(peak) / 0.1 - 1)^2 * rising(touch))
""")  # fmt: skip
def _(s, m):
    z = s.p[:, s.feet, 2]
    peak = m("peak", s.last.p[:, s.feet, 2])
    m["peak"] = np.where(s.con, z, np.maximum(peak, z))
    return (sq(peak / 0.1 - 1) * (s.con & ~s.last.con)).sum(1)


@row(152, "unitree_rl_gym", "sum (z_f - 0.08)^2*not con", "sum((body_pos[feet].z - 0.08)^2 * not (norm(contact_forces[feet]) > 1[N]))")  # fmt: skip
def _(s):
    return (sq(s.p[:, s.feet, 2] - 0.08) * ~(norm(s.F[:, s.feet]) > 1)).sum(1)


@row(157, "mujoco_playground t1", "clip(0.2 - abs(dy_yaw), 0, 0.1)", """
apart = rotate_inverse(yaw_frame(root_quat), body_pos["left_foot"] - body_pos["right_foot"]).y
clip(0.2 - abs(apart), 0, 0.1)
""")  # fmt: skip
def _(s):
    d = unrot(heading(s.root), s.p[:, s.b("left_foot")] - s.p[:, s.b("right_foot")])
    return np.clip(0.2 - np.abs(d[:, 1]), 0, 0.1)


@row(178, "IsaacGymEnvs humanoid_amp", "-log(1 - D)", "-2 * log(max(1 - discriminator, 0.0001))", discriminator=Host("; 1", 0.5, 0.45))  # fmt: skip
def _(s):
    return -2 * np.log(np.maximum(1 - s.discriminator, 1e-4))
