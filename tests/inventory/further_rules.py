"""Further terms: flight, classic control, navigation, terminations, curricula, and rules for the total."""

from __future__ import annotations

import math
from typing import List

import numpy as np

from .table import Row, rows_of
from .world import Host, angle, euler, heading, norm, rot, sq, ss, unrot, wrap

TABLE: List[Row] = []
row = rows_of(TABLE)
DOG, H = "quadruped", "humanoid29"
GOAL = Host("xyz; m; world", [0.5, 0, 0.5], [0.8, 0.8, 0.3])
TURN = Host("rotation;; body->world")


def fallen(s):
    """The task's own termination."""
    return (s.z < 0.24) | (s.g[:, 2] > -0.6)


def gauss(x):
    """dm_control's Gaussian sigmoid, 0.1 at 1."""
    return np.exp(sq(np.maximum(x, 0)) * np.log(0.1))


def line(x, at_margin=0.0):
    """Its linear one."""
    scaled = np.maximum(x, 0) * (1 - at_margin)
    return np.where(scaled < 1, 1 - scaled, 0)


# flight


@row("ingenuity", "IsaacGymEnvs", "near + near*(5/(1 + tilt^2) + 1/(1 + spin^2))", """
near = inverse(distance(goal, root_pos), 1)
tilt = abs(1 - rotate(root_quat, [0, 0, 1]).z)
spin = abs(root_ang_vel.z)
near + near * (5 / (1 + tilt^2) + 1 / (1 + spin^2)) as hover
""", goal=GOAL)  # fmt: skip
def _(s):
    near = 1 / (1 + ss(s.goal - s.x))
    tilt = 1 - rot(s.root, [0, 0, 1.0])[:, 2]
    return near + near * (5 / (1 + sq(tilt)) + 1 / (1 + sq(s.ww[:, 2])))


@row("flight corridor", "IsaacGymEnvs quadcopter, ingenuity", "-1[too far or too low]", """
terminate far when distance(goal, root_pos) > 2[m]
terminate low when root_pos.z < 0.2
drop terminate fallen
reward = -1.0 * terminated
""", goal=GOAL)  # fmt: skip
def _(s):
    return -1.0 * ((norm(s.goal - s.x) > 2) | (s.z < 0.2))


@row("quadcopter direct", "Isaac Lab", "(-.05|v|^2 - .01|w|^2 + 15(1 - tanh(d/.8)))*dt", """
reward per second =
  - 0.05 * sum(base_lin_vel^2) as lin
  - 0.01 * sum(base_ang_vel^2) as ang
  + 15 * (1 - tanh(distance(goal, root_pos) / 0.8))
""", goal=GOAL)  # fmt: skip
def _(s):
    return s.dt * (-0.05 * ss(s.v) - 0.01 * ss(s.w) + 15 * (1 - np.tanh(norm(s.goal - s.x) / 0.8)))


@row("gate passed", "drone racing (Song)", "progress - 0.01|w| + 10 when the gate's plane is crossed inside", """
local = rotate_inverse(gate_quat, root_pos - gate)
crossed = rising(local.x > 0) and norm(local.yz) < 0.8
10 * crossed + prev(distance(gate, root_pos)) - distance(gate, root_pos) - 0.01 * norm(base_ang_vel)
""", gate=GOAL, gate_quat=TURN)  # fmt: skip
def _(s):
    local = lambda s: unrot(s.gate_quat, s.x - s.gate)
    crossed = (local(s)[:, 0] > 0) & ~(local(s.last)[:, 0] > 0) & (norm(local(s)[:, 1:]) < 0.8)
    d = lambda s: norm(s.gate - s.x)
    return 10 * crossed + d(s.last) - d(s) - 0.01 * norm(s.w)


@row("camera toward the gate", "drone racing (Kaufmann)", "exp(-10 angle^4) of the view to the gate", """
view = rotate(root_quat, [1, 0, 0])
to_gate = normalize(gate - root_pos)
off = acos(clip(dot(view, to_gate), -1, 1))
exp(-0.2 * off^4)
""", gate=GOAL)  # fmt: skip
def _(s):
    d = s.gate - s.x
    off = np.arccos(np.clip((rot(s.root, [1.0, 0, 0]) * d).sum(1) / norm(d), -1, 1))
    return np.exp(-0.2 * off**4)


@row(
    "hover cost",
    "gym-pybullet-drones",
    "max(0, 2 - |p* - p|^4)",
    "max(0, 2 - distance(goal, root_pos)^4)",
    goal=GOAL,
)
def _(s):
    return np.maximum(0, 2 - norm(s.goal - s.x) ** 4)


@row(
    "motor effort about hover",
    "Swift, rotorpy",
    "-|a - hover|^2 - |a - a1|",
    "-0.1 * sum((actions - 0.4)^2) - 0.02 * norm(actions - last_actions)",
)
def _(s):
    return -0.1 * ss(s.a - 0.4) - 0.02 * norm(s.a - s.last.a)


# classic control and Gymnasium


@row("pendulum", "Gymnasium", "-(wrap(th)^2 + .1 thd^2 + .001 u^2)", """
th = dof_pos["left_hip_pitch"] * 3
reward = -(wrap_angle(th)^2 + 0.1 * dof_vel["left_hip_pitch"]^2 + 0.001 * actions["left_hip_pitch"]^2)
""")  # fmt: skip
def _(s):
    i = s.j("left_hip_pitch")
    return -(sq(wrap(3 * s.q[:, i])) + 0.1 * sq(s.qd[:, i]) + 0.001 * sq(s.a[:, i]))


@row(
    "mountain car",
    "Gymnasium",
    "100 at the goal - .1 u^2",
    '100 * (root_pos.x >= 0.45 and root_lin_vel.x >= 0) - 0.1 * actions["left_knee"]^2',
)
def _(s):
    return 100.0 * ((s.x[:, 0] >= 0.45) & (s.vw[:, 0] >= 0)) - 0.1 * sq(s.a[:, s.j("left_knee")])


@row(
    "acrobot",
    "dm_control",
    "tolerance(tip to target, (0, r), margin 1)",
    "tolerance(distance(tip, goal), 0, 0.2, 1)",
    tip=GOAL,
    goal=GOAL,
)
def _(s):
    return gauss(norm(s.tip - s.goal) - 0.2)


@row("cartpole smooth", "dm_control", "upright*centered*small control*small velocity, each squeezed", """
upright = (cos(dof_pos["left_hip_pitch"]) + 1) / 2
centered = (1 + tolerance(root_pos.x, 0, 0, 2)) / 2
control = (4 + tolerance(actions["left_hip_pitch"], 0, 0, 1, "quadratic", 0)) / 5
velocity = (1 + tolerance(dof_vel["left_hip_pitch"], 0, 0, 5)) / 2
upright * centered * control * velocity
""")  # fmt: skip
def _(s):
    i = s.j("left_hip_pitch")
    return ((np.cos(s.q[:, i]) + 1) / 2 * (1 + gauss(np.abs(s.x[:, 0]) / 2)) / 2
            * (4 + np.maximum(1 - sq(s.a[:, i]), 0)) / 5 * (1 + gauss(np.abs(s.qd[:, i]) / 5)) / 2)  # fmt: skip


@row("point mass", "dm_control", "near*(mean small control + 4)/5", """
near = tolerance(norm(root_pos.xy), 0, 0.2, 0.5)
control = mean(tolerance(actions, 0, 0, 1, "quadratic", 0))
near * (control + 4) / 5
""")  # fmt: skip
def _(s):
    return gauss((norm(s.x[:, :2]) - 0.2) / 0.5) * (np.maximum(1 - sq(s.a), 0).mean(1) + 4) / 5


@row("hopper stand", "dm_control", "tolerance(height, (.6, 2))*tolerance(control, margin 1, quadratic)", """
standing = tolerance(body_pos["head"].z, 0.3, 2)
small = mean(tolerance(actions, 0, 0, 1, "quadratic", 0))
standing * (small + 4) / 5
""")  # fmt: skip
def _(s):
    z = s.p[:, s.b("head"), 2]
    return ((z >= 0.3) & (z <= 2)) * (np.maximum(1 - sq(s.a), 0).mean(1) + 4) / 5


@row(
    "lqr",
    "dm_control",
    "1 - (|x|^2/2 + c|u|^2/2)",
    "1 - (0.5 * dot(dof_pos, dof_pos) + 0.5 * dot(actions, actions) * 0.1)",
)
def _(s):
    return 1 - (0.5 * ss(s.q) + 0.05 * ss(s.a))


@row("dog stand", "dm_control", "torso*pelvis*upright*touch", """
torso = tolerance(body_pos["torso"].z, lower=0.4, margin=0.4)
pelvis = tolerance(body_pos["pelvis"].z, lower=0.35, margin=0.35)
ups = [rotate(body_quat["torso"], [0, 0, 1]).z, rotate(body_quat["pelvis"], [0, 0, 1]).z, rotate(body_quat["head"], [0, 0, 1]).z]
upright = prod(tolerance(ups, lower=0.85, margin=1.85, shape="linear", value_at_margin=0))
weight = sum(body_mass) * 9.81[m/s^2]
touch = tolerance(sum(contact_forces[feet].z), lower=weight, margin=weight, shape="linear", value_at_margin=0.9)
torso * pelvis * upright * touch
""", H)  # fmt: skip
def _(s):
    t, p, h = s.b("torso"), s.b("pelvis"), s.b("head")
    up = line((0.85 - rot(s.R[:, [t, p, h]], [0, 0, 1.0])[..., 2]) / 1.85).prod(1)
    w = s.mass.sum() * 9.81
    touch = line((w - s.F[:, s.feet, 2].sum(1)) / w, 0.9)
    return gauss((0.4 - s.p[:, t, 2]) / 0.4) * gauss((0.35 - s.p[:, p, 2]) / 0.35) * up * touch


@row("dog fetch", "dm_control", "standing*(6 reach + 1)/7*(near + 1)/2, reach 1 once the ball is there", """
to_target = distance(ball, goal)
reach = tolerance(distance(ball, body_pos["head"]), 0, 0.05, 2, "reciprocal")
near = tolerance(to_target, 0, 0.2, 1.5, "reciprocal")
where(to_target < 0.4, 1, (6 * reach + 1) / 7) * (near + 1) / 2 as fetch
""", ball=GOAL, goal=GOAL)  # fmt: skip
def _(s):
    d = norm(s.ball - s.goal)
    reciprocal = lambda x: 1 / (np.maximum(x, 0) * 9 + 1)
    reach = reciprocal((norm(s.ball - s.p[:, s.b("head")]) - 0.05) / 2)
    return np.where(d < 0.4, 1, (6 * reach + 1) / 7) * (reciprocal((d - 0.2) / 1.5) + 1) / 2


@row("quadruped escape", "dm_control", "upright(20 deg)*tolerance(|p|, [size, inf], linear)", """
deviation = cos(20 * pi / 180)
upright = tolerance(rotate(root_quat, [0, 0, 1]).z, lower=deviation, margin=1 + deviation, shape="linear", value_at_margin=0)
upright * tolerance(norm(root_pos), lower=3, margin=3, shape="linear", value_at_margin=0)
""", DOG)  # fmt: skip
def _(s):
    c = np.cos(np.deg2rad(20))
    return line((c - rot(s.root, [0, 0, 1.0])[:, 2]) / (1 + c)) * line((3 - norm(s.x)) / 3)


@row(
    "swimmer",
    "dm_control",
    "tolerance(nose to target, (0, r), 5r, long_tail)",
    'tolerance(norm(rotate_inverse(root_quat, goal - root_pos).xy), 0, 0.1, 0.5, "long_tail")',
    goal=GOAL,
)
def _(s):
    d = norm(unrot(s.root, s.goal - s.x)[:, :2])
    return 1 / (sq(np.maximum(d - 0.1, 0) / 0.5 * 3) + 1)


@row("Humanoid-v5", "Gymnasium", "1.25 v_x(com) + 5 healthy - .1|u|^2 - min(5e-7 sum cfrc^2, 10)", """
healthy = 0.2 < root_pos.z < 2
reward =
    1.25 * rate(com_pos.x) as forward
  + 5 * healthy
  - 0.1 * sum(actions^2)
  - min(1e-5 * sum(contact_forces^2), 1) as impact
""")  # fmt: skip
def _(s):
    com = lambda s: ((s.mass[:, None] * (s.p + rot(s.R, s.body_com + 0 * s.p))).sum(1) / s.mass.sum())[:, 0]
    return (1.25 * (com(s) - com(s.last)) / s.dt + 5 * ((s.z > 0.2) & (s.z < 2)) - 0.1 * ss(s.a)
            - np.minimum(1e-5 * sq(s.F).sum((1, 2)), 1))  # fmt: skip


@row(
    "Ant-v5",
    "Gymnasium",
    "v_x + 1 - .5|u|^2 - 5e-4 sum clip(F, -1, 1)^2",
    "rate(root_pos.x) + 1 - 0.5 * sum(actions^2) - 5e-4 * sum(clip(contact_forces, -1, 1)^2)",
    DOG,
)
def _(s):
    return (s.x - s.last.x)[:, 0] / s.dt + 1 - 0.5 * ss(s.a) - 5e-4 * sq(np.clip(s.F, -1, 1)).sum((1, 2))


@row("Walker2d healthy", "Gymnasium", "1[all of height, angle and velocities in range]", """
healthy = 0.2 < base_height < 0.45 and abs(pitch(root_quat)) < 1 and all(abs(dof_vel) < 10)
1.0 * healthy + root_lin_vel.x - 1e-3 * sum(actions^2)
""")  # fmt: skip
def _(s):
    ok = (s.z > 0.2) & (s.z < 0.45) & (np.abs(euler(s.root)[1]) < 1) & (np.abs(s.qd) < 10).all(1)
    return ok + s.vw[:, 0] - 1e-3 * ss(s.a)


@row("HumanoidStandup", "Gymnasium", "z/dt - .1|u|^2 + 1", "root_pos.z / dt - 0.1 * sum(actions^2) + 1")
def _(s):
    return s.z / s.dt - 0.1 * ss(s.a) + 1


@row(
    "reacher",
    "Gymnasium",
    "-|fingertip - goal| - |u|^2",
    'reward = -distance(body_pos["left_hand"], goal) - sum(actions^2)\n',
    H,
    goal=GOAL,
)
def _(s):
    return -norm(s.p[:, s.b("left_hand")] - s.goal) - ss(s.a)


# navigation and goals


@row(
    "goal",
    "Safety-Gymnasium",
    "last d - d + 1[reached]",
    "prev(distance(goal.xy, root_pos.xy)) - distance(goal.xy, root_pos.xy) + 1 * (distance(goal.xy, root_pos.xy) < 0.3)",
    DOG,
    goal=GOAL,
)
def _(s):
    d = lambda s: norm((s.goal - s.x)[:, :2])
    return d(s.last) - d(s) + (d(s) < 0.3)


@row("push", "Safety-Gymnasium", "(last d_box - d_box)*1[last d_box > null] + last box to goal - box to goal", """
to_box = distance(box.xy, root_pos.xy)
to_goal = distance(box.xy, goal.xy)
reward = -delta(to_box) * (prev(to_box) > 0.8) - delta(to_goal)
""", DOG, box=GOAL, goal=GOAL)  # fmt: skip
def _(s):
    a, b = (lambda s: norm((s.box - s.x)[:, :2])), (lambda s: norm((s.box - s.goal)[:, :2]))
    return (a(s.last) - a(s)) * (a(s.last) > 0.8) + b(s.last) - b(s)


@row("circle", "Safety-Gymnasium", "((-u y + v x)/r)/(1 + abs(r - R))", """
p = root_pos.xy
r = norm(p)
turn = (root_lin_vel.y * root_pos.x - root_lin_vel.x * root_pos.y) / r
0.1 * turn / (1 + abs(r - 1.5))
""", DOG)  # fmt: skip
def _(s):
    r = norm(s.x[:, :2])
    return 0.1 * (s.vw[:, 1] * s.x[:, 0] - s.vw[:, 0] * s.x[:, 1]) / r / (1 + np.abs(r - 1.5))


@row(
    "velocity cost",
    "Safety-Gymnasium",
    "1[|v_xy| > limit]",
    "reward = forward_vel - 1.0 * (norm(root_lin_vel.xy) > 0.6)\n",
)
def _(s):
    return s.v[:, 0] - (norm(s.vw[:, :2]) > 0.6)


@row("reach by the end", "ANYmal navigation (Rudin)", "1/(1 + d^2)/T_r in the last T_r seconds only", """
last = episode_time > 0.2[s]
last * inverse(distance(goal.xy, root_pos.xy), 1) / 0.2
""", DOG, goal=GOAL)  # fmt: skip
def _(s):
    return (s.t > 0.2) / (1 + ss((s.goal - s.x)[:, :2])) / 0.2


@row(
    "stalling",
    "ANYmal navigation (Rudin)",
    "-1[|v| < .1 and d > .5]",
    "-1.0 * (norm(base_lin_vel) < 0.5 and distance(goal, root_pos) > 0.5)",
    DOG,
    goal=GOAL,
)
def _(s):
    return -1.0 * ((norm(s.v) < 0.5) & (norm(s.goal - s.x) > 0.5))


@row("pos_2d tracking", "ABS, Isaac Lab navigation", "1 - tanh(|d|/std), coarse and fine", """
d = norm(rotate_inverse(yaw_frame(root_quat), goal - root_pos).xy)
0.5 * tanh_kernel(d, 2) + 0.5 * tanh_kernel(d, 0.2) as fine - 0.2 * abs(wrap_angle(command_heading - heading))
""", DOG, goal=GOAL)  # fmt: skip
def _(s):
    d = norm(unrot(heading(s.root), s.goal - s.x)[:, :2])
    return (
        0.5 * (1 - np.tanh(d / 2))
        + 0.5 * (1 - np.tanh(d / 0.2))
        - 0.2 * np.abs(wrap(s.ch - euler(s.root)[2]))
    )


# terminations and events


@row("termination by height and contact", "legged_gym users", "-10*1[trunk touched or a joint beyond its limit]", """
terminate touched when norm(contact_forces["trunk"]) > 60[N]
terminate overstretched when any(dof_pos < dof_pos_lower - 0.3 or dof_pos > dof_pos_upper + 0.3)
drop terminate fallen
reward = -10 * terminated + 0.5 * alive
""", DOG)  # fmt: skip
def _(s):
    over = (norm(s.F[:, s.b("trunk")]) > 60) | ((s.q < s.lo - 0.3) | (s.q > s.hi + 0.3)).any(1)
    return -10.0 * over + 0.5 * ~over


@row("tilt held too long", "common", "a fall is three tilted steps in a row", """
terminate fallen when debounce(projected_gravity.z > -0.985, 3)
reward = -5 * fallen + 0.1 * alive
""")  # fmt: skip
def _(s, m):
    held = np.where(s.g[:, 2] > -0.985, m("held", 0.0) + 1, 0)
    m["held"] = held
    return -5.0 * (held >= 3) + 0.1 * (held < 3)


@row(
    "success bonus once",
    "Isaac Lab users",
    "bonus on the first step within reach",
    "50 * rising(ever(distance(goal, root_pos) < 0.7[m]))",
    goal=GOAL,
    rare=True,
)
def _(s, m):
    before = m("ever", np.zeros(len(s.z), bool)).astype(bool)
    now = before | (norm(s.goal - s.x) < 0.7)
    m["ever"] = now
    return 50.0 * (now & ~before)


@row(
    "early death weighted",
    "DeepMimic users",
    "-(1 - t/T) on a failure",
    "-10 * terminated * (1 - episode_time / 10[s])",
)
def _(s):
    return -10 * fallen(s) * (1 - s.t / 10)


@row("time since the command changed", "walk-these-ways users", "tracking counts from 2 steps after a new command", """
settled = timer(not changed(command_lin_vel)) > 0.03[s]
settled * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25)
""")  # fmt: skip
def _(s, m):
    same = (s.c == s.last.c).all(1)
    held = np.where(same, m("held", 0.0) + 1, 0)
    m["held"] = held
    return (held * s.dt > 0.03) * np.exp(-ss(s.c - s.v[:, :2]) / 0.25)


@row(
    "distance covered",
    "legged_gym users",
    "metres from the start at the time limit",
    "time_limit * norm((root_pos - sample(root_pos, episode_step == 0)).xy)",
)
def _(s, m):
    start = m("start", s.last.x)
    m["start"] = start
    return s.limit * norm((s.x - start)[:, :2])


@row(
    "average speed so far",
    "RMA, evaluation",
    "path length over time",
    "integral(norm(root_lin_vel.xy)) / episode_time",
)
def _(s, m):
    m["path"] = m("path", 0.0) + norm(s.vw[:, :2]) * s.dt
    return m.kept["path"] / s.t


@row(
    "drift per gait cycle",
    "cassie (osudrl)",
    "|mean lateral velocity| by a slow average",
    "exp(-5 * abs(ema(base_lin_vel.y, 0.5)))",
)
def _(s, m):
    y = m("y", s.last.v[:, 1])
    y = y + (1 - math.exp(-s.dt / 0.5)) * (s.v[:, 1] - y)
    m["y"] = y
    return np.exp(-5 * np.abs(y))


# curricula


@row("penalty curriculum", "OmniH2O, ASAP", "penalties times a scale that grows", """
scale = 0.5 + 0.5 * ramp(progress, 0.1, 0.6)
reward = 1.0 * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25)
reward penalty = -1e-3 * sum(torques^2) - 0.1 * sum(delta(actions)^2)
total = reward + scale * penalty
""", run={"progress": 0.4})  # fmt: skip
def _(s):
    scale = 0.5 + 0.5 * (0.4 - 0.1) / 0.5
    return np.exp(-ss(s.c - s.v[:, :2]) / 0.25) + scale * (-1e-3 * ss(s.tau) - 0.1 * ss(s.a - s.last.a))


@row(
    "kernel that narrows",
    "Isaac Lab users",
    "exp(-e^2/s), s from 1 to 0.1 over the run",
    "exp(-norm(command_lin_vel - base_lin_vel.xy)^2 / lerp(1, 0.1, progress))",
    run={"progress": 0.4},
)
def _(s):
    return np.exp(-ss(s.c - s.v[:, :2]) / (1 + 0.4 * -0.9))


@row(
    "exponential curriculum",
    "ANYmal (Hwangbo)",
    "k_c <- k_c^0.997 each epoch, from 0.3",
    "reward = forward_vel - 0.3^(0.997^epoch) * 0.01 * sum(dof_vel^2)\n",
    run={"epoch": 200.0},
)
def _(s):
    return s.v[:, 0] - 0.3 ** (0.997**200) * 0.01 * ss(s.qd)


@row(
    "scheduled step",
    "IsaacGymEnvs, dextreme",
    "a term from 1e6 frames on",
    "forward_vel - 0.5 * (frames > 1e6) * abs(base_lin_vel.y)",
    run={"frames": 2e6},
)
def _(s):
    return s.v[:, 0] - 0.5 * np.abs(s.v[:, 1])


@row(
    "adaptive command range",
    "legged_gym users",
    "weight by the environment's own level",
    "(1 + level / 10) * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25)",
    DOG,
    level=Host("; 1", 5, 5.0),
)
def _(s):
    return (1 + s.level / 10) * np.exp(-ss(s.c - s.v[:, :2]) / 0.25)


# totals and gaits that need more than sums


@row("gait by the normal distribution", "walk-these-ways", "-mean (1 - desired)(1 - exp(-|F|^2/s)), desired from cdf((t - 0)/k)", """
cycle = phase(0.5[s], table(feet, "FL_*": 0, "RR_*": 0, "*": 0.5))
cdf(x) = (1 + erf(x / (0.07 * sqrt(2)))) / 2
desired = cdf(cycle) * (1 - cdf(cycle - 0.5)) + cdf(cycle - 1) * (1 - cdf(cycle - 1.5))
reward = -mean((1 - desired) * (1 - exp(-norm(contact_forces[feet])^2 / 100)))
""", DOG)  # fmt: skip
def _(s):
    t = (s.t[:, None] / 0.5 + [0, 0.5, 0.5, 0]) % 1
    cdf = np.vectorize(lambda x: 0.5 * (1 + math.erf(x / (0.07 * math.sqrt(2)))))
    desired = cdf(t) * (1 - cdf(t - 0.5)) + cdf(t - 1) * (1 - cdf(t - 1.5))
    return -((1 - desired) * (1 - np.exp(-ss(s.F[:, s.feet]) / 100))).mean(1)


@row("multiplicative", "Hwangbo, RMA", "product of kernels", """
gauss(distance(command_lin_vel, base_lin_vel.xy), 0.7) * gauss(command_ang_vel - base_ang_vel.z, 1) * laplace(norm(projected_gravity.xy), 0.5) as all_at_once
""")  # fmt: skip
def _(s):
    return (
        np.exp(-ss(s.c - s.v[:, :2]) / 0.49) * np.exp(-sq(s.cw - s.w[:, 2])) * np.exp(-norm(s.g[:, :2]) / 0.5)
    )


@row("geometric mean", "cassie users", "(prod r)^(1/3)", """
a = gauss(distance(command_lin_vel, base_lin_vel.xy), 1)
b = exp(-(command_ang_vel - base_ang_vel.z)^2 / 1)
c = -projected_gravity.z
(a * b * max(c, 0))^(1/3)
""")  # fmt: skip
def _(s):
    return (np.exp(-ss(s.c - s.v[:, :2])) * np.exp(-sq(s.cw - s.w[:, 2])) * np.maximum(-s.g[:, 2], 0)) ** (
        1 / 3
    )


@row(
    "soft minimum of goals",
    "common",
    "-log mean exp(-k r)",
    "-log(mean(exp(-5 * heads))) / 5",
    heads=Host("goals=4; 1", 0.5, 0.5),
)
def _(s):
    return -np.log(np.exp(-5 * s.heads).mean(1)) / 5


@row("constraint as a barrier", "CaT, barrier functions", "reward*(1 - max violation)", """
over = clip(max(relu(abs(torques) / torque_limits - 0.8)) / 0.2, 0, 1)
reward = 1.0 * exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / 0.25)
total = reward * (1 - over)
""")  # fmt: skip
def _(s):
    over = np.clip(np.maximum(np.abs(s.tau) / s.taumax - 0.8, 0).max(1) / 0.2, 0, 1)
    return np.exp(-ss(s.c - s.v[:, :2]) / 0.25) * (1 - over)


@row("relaxed log barrier", "legged MPC rewards (Kim)", "log z above delta, its quadratic extension below", """
barrier(z, delta) = where(z > delta, log(max(z, delta)), log(delta) - 0.5 * (((z - 2 * delta) / delta)^2 - 1))
0.1 * sum(barrier((dof_pos_upper - dof_pos) / 1[rad], 0.1)) + 0.1 * sum(barrier((dof_pos - dof_pos_lower) / 1[rad], 0.1)) as joint_limits
""")  # fmt: skip
def _(s):
    bar = lambda z: np.where(
        z > 0.1, np.log(np.maximum(z, 0.1)), np.log(0.1) - 0.5 * (sq((z - 0.2) / 0.1) - 1)
    )
    return 0.1 * bar(s.hi - s.q).sum(1) + 0.1 * bar(s.q - s.lo).sum(1)


@row(
    "torso against pelvis",
    "common",
    "angle between two bodies' orientations",
    'reward = -quat_error(body_quat["torso"], root_quat)^2\n',
    H,
)
def _(s):
    return -sq(angle(s.R[:, s.b("torso")], s.root))


@row(
    "quaternion dot product",
    "robosuite, NVIDIA Factory users",
    "1 - <q, q*>^2",
    "reward = -sin(quat_error(ref_quat, root_quat) / 2)^2\n",
    ref_quat=Host("rotation;; base->world"),
)
def _(s):
    return -(1 - sq((s.ref_quat * s.root).sum(-1)))


@row(
    "cosine of the rotation",
    "dm_control, Factory",
    "(trace(R^T R*) - 1)/2",
    "cos(quat_error(ref_quat, root_quat))",
    ref_quat=Host("rotation;; base->world"),
)
def _(s):
    q = np.abs((s.ref_quat * s.root).sum(-1))
    return 2 * sq(q) - 1


@row("head level and gaze", "common", "tilt of the head and its yaw against the base's", """
level = sum(rotate_inverse(body_quat["head"], [0, 0, -1]).xy^2)
gaze = wrap_angle(yaw(body_quat["head"]) - heading)
reward = -level - 0.5 * gaze^2
""", H)  # fmt: skip
def _(s):
    q = s.R[:, s.b("head")]
    return -ss(unrot(q, [0, 0, -1.0])[:, :2]) - 0.5 * sq(wrap(euler(q)[2] - euler(s.root)[2]))


@row("angular momentum", "mjlab", "|sum m (p - c) x (u - v_c)|^2, point masses", """
c = sum(body_mass * body_pos, over=bodies) / sum(body_mass)
vc = sum(body_mass * body_lin_vel, over=bodies) / sum(body_mass)
reward = -sum(sum(body_mass * cross(body_pos - c, body_lin_vel - vc), over=bodies)^2)
""", H)  # fmt: skip
def _(s):
    mean = lambda x: (s.mass[:, None] * x).sum(1, keepdims=True) / s.mass.sum()
    return -ss((s.mass[:, None] * np.cross(s.p - mean(s.p), s.u - mean(s.u))).sum(1))


@row("kinetic and potential energy", "common", "change of m g z + m v^2/2 per second", """
energy = sum(body_mass * (9.81[m/s^2] * body_pos.z + 0.5 * norm(body_lin_vel)^2))
reward = -1e-3 * abs(rate(energy))
""", DOG)  # fmt: skip
def _(s):
    e = lambda s: (s.mass * (9.81 * s.p[..., 2] + 0.5 * ss(s.u))).sum(1)
    return -1e-3 * np.abs((e(s) - e(s.last)) / s.dt)


@row("capture point", "common", "|com + v sqrt(z/g) - middle of the feet|_xy", """
c = sum(body_mass * body_pos, over=bodies) / sum(body_mass)
vc = sum(body_mass * body_lin_vel, over=bodies) / sum(body_mass)
reach = c.xy + vc.xy * sqrt(max(c.z, 0.05) / 9.81[m/s^2])
reward = -distance(reach, mean(body_pos[feet], over=bodies).xy)
""", H)  # fmt: skip
def _(s):
    mean = lambda x: (s.mass[:, None] * x).sum(1) / s.mass.sum()
    c, v = mean(s.p), mean(s.u)
    return -norm(
        c[:, :2] + v[:, :2] * np.sqrt(np.maximum(c[:, 2:], 0.05) / 9.81) - s.p[:, s.feet, :2].mean(1)
    )


@row(
    "pd error",
    "Isaac Lab users",
    "sum |q_target - q|, target = q0 + scale*a",
    "-0.1 * sum(abs(default_dof_pos + action_scale * actions - dof_pos))",
)
def _(s):
    return -0.1 * np.abs(s.q0 + np.array(s.task.action_scale) * s.a - s.q).sum(1)


@row(
    "turn rate by difference",
    "dextreme, HORA users",
    "angle between this and the last orientation, per second",
    "reward = -0.01 * quat_error(cube_quat, prev(cube_quat)) / dt\n",
    cube_quat=TURN,
)
def _(s):
    return -0.01 * angle(s.cube_quat, s.last.cube_quat) / s.dt


@row("turn since the start", "dextreme users", "angle to the first orientation, and the furthest so far", """
turned = quat_error(root_quat, sample(root_quat, episode_step == 0))
turned + 0.5 * running_max(turned) as furthest
""")  # fmt: skip
def _(s, m):
    start = m("start", s.last.root)
    m["start"] = start
    turned = angle(s.root, start)
    m["most"] = np.maximum(m("most", 0.0), turned)
    return turned + 0.5 * m.kept["most"]


@row(
    "integrated error",
    "common",
    "|integral of the velocity's error|",
    "reward = -norm(integral(command_lin_vel - base_lin_vel.xy))\n",
)
def _(s, m):
    m["sum"] = m("sum", np.zeros(s.c.shape)) + (s.c - s.v[:, :2]) * s.dt
    return -norm(m.kept["sum"])


@row("rotation columns", "PHC, AMP observations as errors", "mean over bodies of |R x - R* x|^2 + |R z - R* z|^2", """
columns(v) = mean(sum((rotate(body_quat, v) - rotate(ref_quat, v))^2, over=xyz))
exp(-columns([1, 0, 0]) - columns([0, 0, 1]))
""", H, ref_quat=Host("bodies rotation;; body->world"))  # fmt: skip
def _(s):
    col = lambda v: ss(rot(s.R, v) - rot(s.ref_quat, v)).mean(1)
    return np.exp(-col([1.0, 0, 0]) - col([0, 0, 1.0]))


@row("lowest corner of the soles", "common", "largest height difference of a sole's corners, standing feet", """
corner(v) = (body_pos[feet] + rotate(body_quat[feet], v)).z
heel = corner([-0.05, 0, -0.03])
toe = corner([0.1, 0, -0.03])
sum(abs(toe - heel) * (contact_forces[feet].z > 1[N]))
""", H)  # fmt: skip
def _(s):
    at = lambda v: (s.p[:, s.feet] + rot(s.R[:, s.feet], v))[..., 2]
    return (np.abs(at([0.1, 0, -0.03]) - at([-0.05, 0, -0.03])) * s.con).sum(1)


@row("closest of many", "common", "x of the point that is closest to the hand", """
d = distance(cloud, body_pos["left_hand"])
sum(cloud.z * (d == min(d))) + exp(-5 * min(d)) as grasp
""", H, cloud=Host("points=6 xyz; m; world", 0, 0.5))  # fmt: skip
def _(s):
    d = norm(s.cloud - s.p[:, s.b("left_hand")][:, None])
    return s.cloud[np.arange(len(d)), d.argmin(1), 2] + np.exp(-5 * d.min(1))


@row("second largest force", "common", "largest and second largest load of the feet", """
load = contact_forces[feet].z
second = max(where(load < max(load), load, 0))
reward = -0.01 * max(load) - 0.02 * second
""", DOG)  # fmt: skip
def _(s):
    f = np.sort(s.F[:, s.feet, 2], axis=1)
    return -0.01 * f[:, -1] - 0.02 * np.where(f[:, -2] < f[:, -1], f[:, -2], 0)


@row("alternating touchdowns", "common", "1[this foot lands and the other landed last]", """
touch = contact_forces[feet].z > 1[N]
left_lands = rising(touch["left_foot"])
right_lands = rising(touch["right_foot"])
left_was_last = sample(left_lands, left_lands or right_lands)
(left_lands and not prev(left_was_last)) + (right_lands and prev(left_was_last)) as alternation
""")  # fmt: skip
def _(s, m):
    lands = s.con & ~s.last.con
    left = m("left", np.zeros(len(s.z), bool)).astype(bool)
    m["left"] = np.where(lands.any(1), lands[:, 0], left)
    return (lands[:, 0] & ~left).astype(float) + (lands[:, 1] & left)


@row("every half second", "cassie (osudrl)", "average over the last full half second, paid at its end", """
beat = mod(episode_step, 5) == 0
total_speed = integral(forward_vel, reset_when=prev(beat))
beat * total_speed
""")  # fmt: skip
def _(s, m):
    # the sum starts anew, at 0, on the step after a beat; on the reset state a beat is on (step 0)
    fresh = np.where(s.first, True, m("beat", 1.0) > 0)
    total = np.where(fresh, 0.0, m("sum", 0.0) + s.v[:, 0] * s.dt)
    m["sum"], m["beat"] = total, (s.k % 5 == 0).astype(float)
    return (s.k % 5 == 0) * total
