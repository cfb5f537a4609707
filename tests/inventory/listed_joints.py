"""The inventory's terms on joints, motors and actions."""

from __future__ import annotations

from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, norm, sq, ss, wrap

TABLE: List[Row] = []
row = rows_of(TABLE)


@row(68, "legged_gym", "sum tau^2", "-1e-5 * sum(torques^2)", rare=True)
def _(s):
    return -1e-5 * ss(s.tau)


@row(69, "mujoco_playground", "|tau| + sum abs(tau)", "norm(torques) + sum(abs(torques))")
def _(s):
    return norm(s.tau) + np.abs(s.tau).sum(1)


@row(71, "legged_gym", "sum relu(abs(tau) - k*limit)", "sum(relu(abs(torques) - 0.9 * torque_limits))")
def _(s):
    return np.maximum(np.abs(s.tau) - 0.9 * s.taumax, 0).sum(1)


@row(72, "Isaac Lab", "sum abs(tau_applied - tau_computed)", "sum(abs(torques - computed_torques))", computed_torques=Host("joints; N*m", 0, 8.0))  # fmt: skip
def _(s):
    return np.abs(s.tau - s.computed_torques).sum(1)


@row(73, "mujoco_playground", "sum abs(tau) abs(qd)", "-0.001 * sum(abs(torques) * abs(dof_vel))")
def _(s):
    return -0.001 * (np.abs(s.tau) * np.abs(s.qd)).sum(1)


@row(75, "IsaacGymEnvs humanoid", "sum abs(a qd gear/gear_max)", """
gear = table(joints, "*_hip_*": 100, "*_knee": 200, "*": 20) / 200
reward = -0.05 * sum(abs(actions * dof_vel * 0.1) * gear)
""")  # fmt: skip
def _(s):
    gear = (
        np.array([100 if "_hip_" in n else 200 if n.endswith("knee") else 20 for n in s.task.dof_names]) / 200
    )
    return -0.05 * (np.abs(s.a * s.qd * 0.1) * gear).sum(1)


@row(76, "mujoco_playground apollo", "sum abs(qd tau/tau_max)", "sum(abs(dof_vel * torques / torque_limits))")
def _(s):
    return np.abs(s.qd * s.tau / s.taumax).sum(1)


@row(78, "Isaac Lab", "clamp(sum a^2), |a|", "clip(sum(actions^2), -1000, 1000) + norm(actions)")
def _(s):
    return np.clip(ss(s.a), -1000, 1000) + norm(s.a)


@row(81, "legged_gym", "sum (a - a1)^2", "-0.01 * sum((actions - last_actions)^2)")
def _(s):
    return -0.01 * ss(s.a - s.last.a)


@row(83, "mjlab", "sum (a - 2 a1 + a2)^2", "sum((actions - 2 * prev(actions) + prev2(actions))^2)")
def _(s):
    return ss(s.a - 2 * s.last.a + s.last2.a)


@row(90, "Isaac Lab", "sum qd^2, sum abs(qd), |qd|", "sum(dof_vel^2) as l2 + sum(abs(dof_vel)) as l1 + norm(dof_vel) as length")  # fmt: skip
def _(s):
    return ss(s.qd) + np.abs(s.qd).sum(1) + norm(s.qd)


@row(91, "mjlab", "sum relu(abs(qd) - vmax)^2", "sum(relu(abs(dof_vel) - 5[rad/s])^2)")
def _(s):
    return sq(np.maximum(np.abs(s.qd) - 5, 0)).sum(1)


@row(92, "IsaacGymEnvs dextreme", "sum (qd/(vmax - tol))^2", "-0.05 * sum((dof_vel / (4 - 1))^2)")
def _(s):
    return -0.05 * ss(s.qd / 3)


@row(
    93,
    "legged_gym",
    "sum clip(abs(qd) - k lim, 0, 1)",
    "sum(clip(abs(dof_vel) - 0.2 * dof_vel_limits, 0, 1))",
)
def _(s):
    return np.clip(np.abs(s.qd) - 0.2 * s.vmax, 0, 1).sum(1)


@row(95, "legged_gym", "sum ((qd - prev qd)/dt)^2", "-2.5e-7 * sum(((prev(dof_vel) - dof_vel) / dt)^2)")
def _(s):
    return -2.5e-7 * ss((s.last.qd - s.qd) / s.dt)


@row(96, "Isaac Lab", "sum qdd^2, |qdd|", "1e-6 * sum(dof_acc^2) + 0.001 * norm(dof_acc)")
def _(s):
    acc = (s.qd - s.last.qd) / s.dt
    return 1e-6 * ss(acc) + 0.001 * norm(acc)


@row(97, "legged_gym", "sum relu(lo - q) + relu(q - hi), soft limits", """
middle = (dof_pos_lower + dof_pos_upper) / 2
half = 0.9 * (dof_pos_upper - dof_pos_lower) / 2
reward = -10 * sum(relu(middle - half - dof_pos) + relu(dof_pos - middle - half))
""")  # fmt: skip
def _(s):
    mid, half = (s.lo + s.hi) / 2, 0.45 * (s.hi - s.lo)
    return -10 * (np.maximum(mid - half - s.q, 0) + np.maximum(s.q - mid - half, 0)).sum(1)


@row(98, "IsaacGymEnvs humanoid", "sum 1[abs(qs) > th]*(abs(qs) - th)/(1 - th)*gear", """
param th = 0.8
scaled = (2 * dof_pos - dof_pos_lower - dof_pos_upper) / (dof_pos_upper - dof_pos_lower)
over = (abs(scaled) - th) / (1 - th)
sum((abs(scaled) > th) * over * table(joints, "*_knee": 1, "*": 0.5))
""")  # fmt: skip
def _(s):
    qs = (2 * s.q - s.lo - s.hi) / (s.hi - s.lo)
    gear = np.array([1 if n.endswith("knee") else 0.5 for n in s.task.dof_names])
    return ((np.abs(qs) > 0.8) * (np.abs(qs) - 0.8) / 0.2 * gear).sum(1)


@row(99, "IsaacGymEnvs ant", "count(qs > 0.99)", """
scaled = (2 * dof_pos - dof_pos_lower - dof_pos_upper) / (dof_pos_upper - dof_pos_lower)
reward = -0.1 * count(abs(scaled) > 0.99)
""")  # fmt: skip
def _(s):
    qs = (2 * s.q - s.lo - s.hi) / (s.hi - s.lo)
    return -0.1 * (np.abs(qs) > 0.99).sum(1)


@row(101, "Isaac Lab", "sum abs(q - q0) over a pattern", 'sum(abs((dof_pos - default_dof_pos)["*_hip_yaw", "*_hip_roll"]))')  # fmt: skip
def _(s):
    at = s.J("*_hip_yaw", "*_hip_roll")
    return np.abs(s.q - s.q0)[:, at].sum(1)


@row(102, "mujoco_playground", "sum w_j (q - q0)^2", 'sum(table(joints, "*_hip_*": 1, "*_knee": 0.1, "*": 0.01) * (dof_pos - default_dof_pos)^2)')  # fmt: skip
def _(s):
    w = np.array([1 if "_hip_" in n else 0.1 if n.endswith("knee") else 0.01 for n in s.task.dof_names])
    return (w * sq(s.q - s.q0)).sum(1)


@row(105, "mujoco_playground g1", "w_j 0 or 0.01 when abs(c_y) > th", """
hip_roll = table(joints, "*_hip_roll": 1, "*": 0)
weights = where(abs(command_lin_vel.y) > 0.1, 0.01 * hip_roll, hip_roll)
sum(weights * (dof_pos - default_dof_pos)^2)
""")  # fmt: skip
def _(s):
    w = np.zeros(len(s.q0))
    w[s.J("*_hip_roll")] = 1
    w = np.where(np.abs(s.c[:, 1:]) > 0.1, 0.01 * w, w)
    return (w * sq(s.q - s.q0)).sum(1)


@row(106, "mujoco_playground spot", "exp(-10*cost) if |c| < 0.01 else 1", """
cost = sum((dof_pos - default_dof_pos)^2)
where(norm(command_lin_vel) < 0.01, exp(-10 * cost), exp(0))
""")  # fmt: skip
def _(s):
    return np.where(norm(s.c) < 0.01, np.exp(-10 * ss(s.q - s.q0)), 1)


@row(107, "legged_gym", "sum abs(q - q0)*1[|c| < th]", "sum(abs(dof_pos - default_dof_pos)) * (norm(command_lin_vel) < 0.1)")  # fmt: skip
def _(s):
    return np.abs(s.q - s.q0).sum(1) * (norm(s.c) < 0.1)


@row(109, "Isaac Lab", "sum (wrap(q) - target)^2", "sum((wrap_angle(3 * dof_pos[knees]) - 0.4)^2)")
def _(s):
    return ss(wrap(3 * s.q[:, s.J("*_knee")]) - 0.4)


@row(112, "unitree_rl_gym", "sum q[hip roll, yaw]^2", 'sum(dof_pos["*_hip_roll", "*_hip_yaw"]^2)')
def _(s):
    return ss(s.q[:, s.J("*_hip_roll", "*_hip_yaw")])


@row(116, "mujoco_playground panda", "1 - tanh(|q - q_init|)", "tanh_kernel(norm((dof_pos - default_dof_pos)[hips]), 1)")  # fmt: skip
def _(s):
    return 1 - np.tanh(norm((s.q - s.q0)[:, s.J("*_hip_*")]))


@row(118, "IsaacGymEnvs cartpole", "1 - th^2 - .01 abs(xd) - .005 abs(thd); cos(th)", """
pole = dof_pos["left_hip_pitch"]
reward =
    1
  - pole^2
  - 0.01 * abs(root_lin_vel.x) as cart
  - 0.005 * abs(dof_vel["left_hip_pitch"]) as swing
  + cos(pole)
""")  # fmt: skip
def _(s):
    at = s.j("left_hip_pitch")
    return 1 - sq(s.q[:, at]) - 0.01 * np.abs(s.vw[:, 0]) - 0.005 * np.abs(s.qd[:, at]) + np.cos(s.q[:, at])
