"""schedules.reward, compiled by rewardlang for the task humanoid."""

import torch

TERMS = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "constant", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "aa", "bb")
CAUSES = ("fallen",)
METRICS = ()
# What `k` holds, made once on the device.
CONSTANTS = (
    (0.0, 0.0, -1.0),  # [xyz]
)
# Shape after [N] and kind of what `s` remembers from step to step.
STATE = (
    ((), "real"),  # epoch []
)


def rotate_inverse(q, v):
    """v turned back by q. q [..., 4], v [..., 3]."""
    axis, w = q[..., :3], q[..., 3:]
    axis, v = torch.broadcast_tensors(axis, v)
    t = 2 * torch.cross(axis, v, dim=-1)
    return v - w * t + torch.cross(axis, t, dim=-1)


def yaw(q):
    """z of the xyz Euler angles, in [-pi, pi]. [...]"""
    x, y, z, w = q.unbind(-1)
    return torch.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def weights(p, k):
    """Weight of each term, from the params and the run's quantities `p`; k: constants. [T]"""
    real = p["progress"].dtype
    sub = 0.6 - p["start"]                                                            # []
    slow = torch.where(sub == 0.0, (p["progress"] >= p["start"]).to(real), ((p["progress"] - p["start"]) / sub).clamp(0.0, 1.0))  # [] 1 schedules.reward:4
    return (
        0.001 + 0.009 * slow,  # a
        p["strength"],  # b
        -2.0 * (p["epoch"] >= 5.0).to(real),  # c
        (p["progress"] > 0.5).to(real) * -1.0 + 2.0,  # d
        p["start"].clamp(max=0.3),  # e
        3.0 / (1.0 + p["epoch"]),  # f
        0.02,  # g
        1.4142135623730951,  # h
        1.0,  # i
        torch.minimum(p["progress"].clamp(min=0.1), p["start"]),  # j
        1.0,  # k
        1.0,  # l
        2.0 ** -p["start"],  # m
        -3.0,  # n
        p["progress"],  # o
        0.5,  # constant
        1.0,  # p
        (-p["progress"]).exp() / p["start"],  # q
        p["start"].sin(),  # r
        (-(p["progress"] / 0.5).square()).exp(),  # s
        torch.maximum(p["epoch"], p["frames"]).clamp(min=1.0),  # t
        p["strength"].abs().sqrt(),  # u
        (10.0 * p["progress"]).floor(),  # v
        torch.where((p["start"] > 0.1) & (p["progress"] < 2.0), p["start"], 0.0),  # w
        torch.remainder(p["epoch"], torch.full_like(p["epoch"], 2.0)),  # x
        torch.atan2(p["progress"], p["start"]),  # y
        (~(p["epoch"] > 1.0)).to(real),  # z
        p["start"].tanh(),  # aa
        1.0 + p["progress"],  # bb
    )


def step(q, s, p, w, k):
    """What one control step pays, in N environments.

    q: quantities by name; s: state before the step; p: params and the run's quantities;
    w: weights of the terms [T]; k: constants. Gives reward [N], contributions [N, T] (weight * value),
    values [N, T], causes [N, K] bool, terminated and time_out [N] bool, doubtful [N, K] bool (a cause read what is
    not finite), metrics [N, M], observations [N, O] and the state after the step.
    """
    real = w.dtype
    root_pos = q["root_pos"]                                            # [N, xyz] m <base_height of task humanoid>
    base_height = root_pos[:, 2]                                        # [N] m <base_height of task humanoid>
    root_quat = q["root_quat"]                                          # [N, xyzw] <projected_gravity of task humanoid>
    projected_gravity = rotate_inverse(root_quat, k[0])                 # [N, xyz] <projected_gravity of task humanoid>
    fallen = (base_height < 0.24) | (projected_gravity[:, 2] > -0.6)    # [N] bool task.yaml:60
    time_limit = q["time_limit"]                                        # [N] bool
    alive = ~fallen                                                     # [N] bool schedules.reward:5
    time_out = time_limit & alive                                       # [N] bool
    heading = yaw(root_quat)                                            # [N] rad <heading of task humanoid>
    root_lin_vel = q["root_lin_vel"]                                    # [N, xyz] m/s <base_lin_vel of task humanoid>
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)              # [N, xyz] m/s <base_lin_vel of task humanoid>
    forward_vel = base_lin_vel[:, 0]                                    # [N] m/s <forward_vel of task humanoid>
    root_ang_vel = q["root_ang_vel"]                                    # [N, xyz] rad/s <base_ang_vel of task humanoid>
    base_ang_vel = rotate_inverse(root_quat, root_ang_vel)              # [N, xyz] rad/s <base_ang_vel of task humanoid>
    torques = q["torques"]                                              # [N, joints] N*m schedules.reward:5
    b = torques.square().sum(1)                                         # [N] N^2*m^2 schedules.reward:5
    c = alive.to(real)                                                  # [N] 1 schedules.reward:5
    f = fallen.to(real)                                                 # [N] 1 schedules.reward:6
    h = base_lin_vel[:, 1]                                              # [N] m/s schedules.reward:7
    i = torch.where(p["epoch"] > 2.0, forward_vel, h)                   # [N] m/s schedules.reward:7
    dof_vel = q["dof_vel"]                                              # [N, joints] rad/s schedules.reward:7
    j = dof_vel.norm(dim=1)                                             # [N] rad/s schedules.reward:7
    dof_pos = q["dof_pos"]                                              # [N, joints] rad schedules.reward:8
    k_2 = ((p["frames"] / 1000000.0).clamp(0.0, 1.0) * dof_pos).sum(1)  # [N] rad schedules.reward:8
    l = (~(forward_vel > p["threshold"])).to(real)                      # [N] 1 schedules.reward:8
    m = root_pos[:, 0]                                                  # [N] m schedules.reward:8
    n = root_pos[:, 1]                                                  # [N] m schedules.reward:8
    p_2 = s[0]                                                          # [N] 1 schedules.reward:9
    t = base_ang_vel[:, 0]                                              # [N] rad/s schedules.reward:10
    u = base_ang_vel[:, 1]                                              # [N] rad/s schedules.reward:10
    v = base_ang_vel[:, 2]                                              # [N] rad/s schedules.reward:10
    w_2 = m * n                                                         # [N] m^2 schedules.reward:11
    x = root_ang_vel[:, 0]                                              # [N] rad/s schedules.reward:11
    y = root_ang_vel[:, 1]                                              # [N] rad/s schedules.reward:11
    z = root_ang_vel[:, 2]                                              # [N] rad/s schedules.reward:12
    aa = torques[:, 3]                                                  # [N] N*m schedules.reward:12
    bb = torques[:, 9]                                                  # [N] N*m schedules.reward:12
    values = torch.stack((forward_vel, b, c, base_height, heading, f, c, h, i, j, k_2, l, m, n, torch.full_like(q["time_limit"], 1.0, dtype=real), torch.full_like(q["time_limit"], 1.0, dtype=real), p_2, base_height, c, c, t, u, v, w_2, x, y, z, aa, bb), 1)  # [N, T]
    paid = values * w
    contributions = torch.nan_to_num(paid, 0.0, 0.0, 0.0)  # [N, T]
    reward = contributions.sum(1)
    causes = torch.stack((fallen,), 1)  # [N, K] bool
    doubtful = torch.stack((~(torch.isfinite(base_height) & torch.isfinite(projected_gravity[:, 2])),), 1)  # [N, K] bool
    metrics = contributions[:, :0]  # [N, M]
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (p["epoch"],)
    return (reward, contributions, values, causes, fallen, time_out,
            doubtful, metrics, observations, state)


def at_reset(q, s, p, w, k):
    """What the reset state gives: the state to start from, and the observations [N, O]. Arguments as for `step`."""
    real = w.dtype
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (p["epoch"],)
    return observations, state
