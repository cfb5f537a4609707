"""state.reward, compiled by rewardlang for the task humanoid."""

import torch

TERMS = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj", "kk", "ll", "mm", "nn", "oo", "pp", "qq", "rr", "ss", "tt", "uu")
CAUSES = ("fallen",)
METRICS = ()
# What `k` holds, made once on the device.
CONSTANTS = (
    (0.0, 0.0, -1.0),  # [xyz]
)
# Shape after [N] and kind of what `s` remembers from step to step.
STATE = (
    ((12,), "real"),  # actions [N, joints]
    ((12,), "real"),  # dof_vel [N, joints]
    ((12,), "real"),  # dof_pos [N, joints]
    ((12,), "real"),  # last_actions [N, joints]
    ((12,), "real"),  # sub [N, joints]
    ((), "real"),  # at_reset [N]
    ((12,), "real"),  # at_reset [N, joints]
    ((), "real"),  # at_reset [N]
    ((), "real"),  # at_reset [N]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "bool"),  # touch [N, bodies]
    ((), "real"),  # at_reset [N]
    ((), "real"),  # at_reset [N]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "bool"),  # not [N, bodies]
    ((2,), "bool"),  # at_reset [N, bodies]
    ((), "real"),  # at_reset [N]
    ((2,), "real"),  # at_reset [N, bodies]
    ((), "real"),  # at_reset [N]
    ((2,), "real"),  # at_reset [N, bodies]
    ((), "real"),  # at_reset [N]
    ((2,), "real"),  # at_reset [N, bodies]
    ((), "real"),  # heading [N]
    ((), "real"),  # forward_vel [N]
    ((), "real"),  # state [N]
    ((), "real"),  # state [N]
    ((), "real"),  # at_reset [N]
    ((), "real"),  # at_reset [N]
    ((), "real"),  # at_reset [N]
    ((), "real"),  # at_reset [N]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "real"),  # at_reset [N, bodies]
    ((2,), "real"),  # at_reset [N, bodies]
    ((), "real"),  # at_reset [N]
    ((3,), "real"),  # at_reset [N, xyz]
    ((), "real"),  # float [N]
    ((), "real"),  # at_reset [N]
    ((), "bool"),  # at_reset [N]
    ((3,), "real"),  # root_pos [N, xyz]
    ((3,), "real"),  # at_reset [N, xyz]
    ((), "bool"),  # fast [N]
    ((), "real"),  # at_reset [N]
    ((), "real"),  # episode_step [N]
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
    return (
        1.0,  # a
        1.0,  # b
        1.0,  # c
        1.0,  # d
        1.0,  # e
        1.0,  # f
        1.0,  # g
        1.0,  # h
        1.0,  # i
        1.0,  # j
        1.0,  # k
        1.0,  # l
        1.0,  # m
        1.0,  # n
        1.0,  # o
        1.0,  # p
        1.0,  # q
        1.0,  # r
        1.0,  # s
        1.0,  # t
        1.0,  # u
        1.0,  # v
        1.0,  # w
        1.0,  # x
        1.0,  # y
        1.0,  # z
        1.0,  # aa
        1.0,  # bb
        1.0,  # cc
        1.0,  # dd
        1.0,  # ee
        1.0,  # ff
        1.0,  # gg
        1.0,  # hh
        1.0,  # ii
        1.0,  # jj
        1.0,  # kk
        1.0,  # ll
        1.0,  # mm
        1.0,  # nn
        1.0,  # oo
        1.0,  # pp
        1.0,  # qq
        1.0,  # rr
        1.0,  # ss
        1.0,  # tt
        1.0,  # uu
    )


def step(q, s, p, w, k):
    """What one control step pays, in N environments.

    q: quantities by name; s: state before the step; p: params and the run's quantities;
    w: weights of the terms [T]; k: constants. Gives reward [N], contributions [N, T] (weight * value),
    values [N, T], causes [N, K] bool, terminated and time_out [N] bool, doubtful [N] bool (a cause read what is
    not finite), metrics [N, M], observations [N, O] and the state after the step.
    """
    real = w.dtype
    contact_forces = q["contact_forces"]                                              # [N, bodies, xyz] N
    touch = contact_forces[:, 4:8:3][..., 2] > 0.5                                    # [N, bodies] 1 state.reward:1
    root_pos = q["root_pos"]                                                          # [N, xyz] m
    base_height = root_pos[:, 2]                                                      # [N] m <base_height of task humanoid>
    root_quat = q["root_quat"]                                                        # [N, xyzw]
    projected_gravity = rotate_inverse(root_quat, k[0])                               # [N, xyz] <projected_gravity of task humanoid>
    fallen = (base_height < 0.24) | (projected_gravity[:, 2] > -0.6)                  # [N] 1 humanoid/task.yaml:60
    time_limit = q["time_limit"]                                                      # [N] 1
    alive = ~fallen                                                                   # [N] 1
    time_out = time_limit & alive                                                     # [N] 1
    actions = q["actions"]                                                            # [N, joints] 1
    last_actions = s[0]                                                               # [N, joints] 1 <last_actions of task humanoid>
    heading = yaw(root_quat)                                                          # [N] rad <heading of task humanoid>
    root_lin_vel = q["root_lin_vel"]                                                  # [N, xyz] m/s
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)                            # [N, xyz] m/s <base_lin_vel of task humanoid>
    forward_vel = base_lin_vel[:, 0]                                                  # [N] m/s <forward_vel of task humanoid>
    fast = forward_vel > 0.5                                                          # [N] 1 state.reward:2
    dof_vel = q["dof_vel"]                                                            # [N, joints] rad/s
    sub = dof_vel - s[1]                                                              # [N, joints] rad/s
    dof_acc = sub / 0.02                                                              # [N, joints] rad/s^2 <dof_acc of task humanoid>
    dof_pos = q["dof_pos"]                                                            # [N, joints] rad
    a = s[2].sum(1)                                                                   # [N] rad
    b = sub.sum(1)                                                                    # [N] rad/s
    c = dof_acc.square().sum(1)                                                       # [N] rad^2/s^4
    d = s[3].sum(1)                                                                   # [N] 1
    sub_2 = actions - last_actions                                                    # [N, joints] 1
    e = (sub_2 - s[4]).square().sum(1)                                                # [N] 1
    last = s[5]                                                                       # [N] m/s
    f = last + 0.18126924692201818 * (forward_vel - last)                             # [N] m/s
    torques = q["torques"]                                                            # [N, joints] N*m
    last_2 = s[6]                                                                     # [N, joints] N*m
    add = last_2 + 0.3296799539643607 * (torques - last_2)                            # [N, joints] N*m
    g = add.sum(1)                                                                    # [N] N*m
    h = s[7] + forward_vel * 0.02                                                     # [N] m
    i = torch.where(fast, 0.0, s[8] + base_lin_vel[:, 1] * 0.02)                      # [N] m
    body_pos = q["body_pos"]                                                          # [N, bodies, xyz] m
    index = body_pos[:, 4:8:3][..., 2]                                                # [N, bodies] m
    last_3 = s[9]                                                                     # [N, bodies] m
    where = torch.where(touch, index, torch.maximum(last_3, index))                   # [N, bodies] m
    j = where.sum(1)                                                                  # [N] m
    last_4 = s[10]                                                                    # [N, bodies] 1
    both = touch & ~last_4                                                            # [N, bodies] 1
    number = both.to(real)                                                            # [N, bodies] 1
    k_2 = (last_3 * number).sum(1)                                                    # [N] m
    l = torch.minimum(s[11], base_height)                                             # [N] m
    m = torch.maximum(s[12], base_height)                                             # [N] m
    where_2 = torch.where(touch, s[13] + 0.02, 0.0)                                   # [N, bodies] s
    n = where_2.sum(1)                                                                # [N] s
    last_5 = s[14]                                                                    # [N, bodies] s
    inverse = ~touch                                                                  # [N, bodies] 1
    both_2 = inverse & last_4                                                         # [N, bodies] 1
    where_3 = torch.where(both_2, last_5, s[15])                                      # [N, bodies] s
    o = where_3.sum(1)                                                                # [N] s
    last_6 = s[16]                                                                    # [N, bodies] s
    where_4 = torch.where(touch & s[18], last_6, s[17])                               # [N, bodies] s
    p_2 = where_4.sum(1)                                                              # [N] s
    q_2 = number.sum(1)                                                               # [N] 1
    r = both_2.to(real).sum(1)                                                        # [N] 1
    s_2 = (actions != last_actions).any(1).to(real)                                   # [N] 1
    t = (touch != last_4).any(1).to(real)                                             # [N] 1
    either = s[19] | touch                                                            # [N, bodies] 1
    u = either.any(1).to(real)                                                        # [N] 1
    number_2 = fast.to(real)                                                          # [N] 1
    v = s[20] + number_2                                                              # [N] 1
    number_3 = touch.to(real)                                                         # [N, bodies] 1
    add_2 = s[21] + number_3                                                          # [N, bodies] 1
    w_2 = add_2.sum(1)                                                                # [N] 1
    where_5 = torch.where(fast, s[22] + 1.0, 0.0)                                     # [N] 1
    x = (where_5 >= 2.0).to(real)                                                     # [N] 1
    where_6 = torch.where(touch, s[23] + 1.0, 0.0)                                    # [N, bodies] 1
    y = (where_6 >= 3.0).to(real).sum(1)                                              # [N] 1
    z = torch.where(fast, base_height, s[24])                                         # [N] m
    where_7 = torch.where(both, index, s[25])                                         # [N, bodies] m
    aa = where_7.sum(1)                                                               # [N] m
    bb = (last_4.to(real) * number_3).sum(1)                                          # [N] 1
    cc = (heading - s[26]) / 0.02                                                     # [N] rad/s
    dd = last_actions.sum(1)                                                          # [N] 1
    ee = dof_acc.sum(1)                                                               # [N] rad/s^2
    ff = s[29]                                                                        # [N] m/s
    where_8 = torch.where(fast, s[30] + 0.02, 0.0)                                    # [N] s
    gg = torch.where(where_8 > 0.03, s[31] + 0.02, 0.0)                               # [N] s
    last_7 = s[32]                                                                    # [N] m/s
    add_3 = last_7 + 0.18126924692201818 * (forward_vel - last_7)                     # [N] m/s
    last_8 = s[33]                                                                    # [N] m/s
    hh = last_8 + 0.18126924692201818 * (add_3 - last_8)                              # [N] m/s
    where_9 = torch.where(touch, forward_vel[:, None], torch.maximum(s[34], forward_vel[:, None]))  # [N, bodies] m/s
    ii = where_9.sum(1)                                                               # [N] m/s
    where_10 = torch.where(touch, 0.0, s[35] + 0.02)                                  # [N, bodies]
    jj = where_10.sum(1)                                                              # [N]
    where_11 = torch.where(touch, forward_vel[:, None], s[36])                        # [N, bodies] m/s
    kk = where_11.sum(1)                                                              # [N] m/s
    number_4 = alive.to(real)                                                         # [N] 1
    ll = s[37] + number_4 * 0.02                                                      # [N] s
    last_9 = s[38]                                                                    # [N, xyz] m/s
    add_4 = last_9 + 0.09516258196404037 * (base_lin_vel - last_9)                    # [N, xyz] m/s
    mm = add_4.sum(1)                                                                 # [N] m/s
    nn = number_4 - s[39]                                                             # [N] 1
    oo = torch.maximum(s[40], number_2)                                               # [N] 1
    where_12 = torch.where(alive, fast, s[41])                                        # [N] 1
    pp = where_12.to(real)                                                            # [N] 1
    qq = (root_pos - s[42]).norm(dim=1)                                               # [N] m
    add_5 = s[43] + base_lin_vel * 0.02                                               # [N, xyz] m
    rr = add_5.sum(1)                                                                 # [N] m
    ss = (fast != s[44]).to(real)                                                     # [N] 1
    tt = torch.where(fast, 2.0, s[45])                                                # [N]
    episode_step = q["episode_step"]                                                  # [N] 1
    uu = episode_step - s[46]                                                         # [N] 1
    values = torch.stack((a, b, c, d, e, f, g, h, i, j, k_2, l, m, n, o, p_2, q_2, r, s_2, t, u, v, w_2, x, y, z, aa, bb, cc, dd, ee, ff, gg, hh, ii, jj, kk, ll, mm, nn, oo, pp, qq, rr, ss, tt, uu), 1)  # [N, T]
    paid = values * w
    contributions = torch.where(torch.isfinite(paid), paid, torch.zeros_like(paid))  # [N, T]
    reward = contributions.sum(1)
    causes = torch.stack((fallen,), 1)  # [N, K] bool
    doubtful = ~(torch.isfinite(base_height) & torch.isfinite(projected_gravity[:, 2]))  # [N] bool
    metrics = contributions[:, :0]  # [N, M]
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (actions, dof_vel, dof_pos, last_actions.clone(), sub_2, f, add, h, i, where, touch, l, m, where_2, torch.where(touch, last_5 + 0.02, 0.0), where_3, torch.where(inverse, last_6 + 0.02, 0.0), where_4, inverse, either, v, add_2, where_5, where_6, z, where_7, heading, forward_vel, s[27].clone(), s[28].clone(), where_8, gg, add_3, hh, where_9, where_10, where_11, ll, add_4, number_4, oo, where_12, root_pos, add_5, fast, tt, episode_step)
    return (reward, contributions, values, causes, fallen, time_out,
            doubtful, metrics, observations, state)


def at_reset(q, s, p, w, k):
    """What the reset state gives: the state to start from, and the observations [N, O]. Arguments as for `step`."""
    real = w.dtype
    actions = q["actions"]                                            # [N, joints] 1
    dof_vel = q["dof_vel"]                                            # [N, joints] rad/s
    dof_pos = q["dof_pos"]                                            # [N, joints] rad
    root_lin_vel = q["root_lin_vel"]                                  # [N, xyz] m/s
    root_quat = q["root_quat"]                                        # [N, xyzw]
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)            # [N, xyz] m/s <base_lin_vel of task humanoid>
    forward_vel = base_lin_vel[:, 0]                                  # [N] m/s <forward_vel of task humanoid>
    torques = q["torques"]                                            # [N, joints] N*m
    body_pos = q["body_pos"]                                          # [N, bodies, xyz] m
    index = body_pos[:, 4:8:3][..., 2]                                # [N, bodies] m
    contact_forces = q["contact_forces"]                              # [N, bodies, xyz] N
    touch = contact_forces[:, 4:8:3][..., 2] > 0.5                    # [N, bodies] 1 state.reward:1
    root_pos = q["root_pos"]                                          # [N, xyz] m
    base_height = root_pos[:, 2]                                      # [N] m <base_height of task humanoid>
    heading = yaw(root_quat)                                          # [N] rad <heading of task humanoid>
    projected_gravity = rotate_inverse(root_quat, k[0])               # [N, xyz] <projected_gravity of task humanoid>
    fallen = (base_height < 0.24) | (projected_gravity[:, 2] > -0.6)  # [N] 1 humanoid/task.yaml:60
    alive = ~fallen                                                   # [N] 1
    fast = forward_vel > 0.5                                          # [N] 1 state.reward:2
    episode_step = q["episode_step"]                                  # [N] 1
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (actions, dof_vel, dof_pos, actions, actions - actions, forward_vel, torques, torch.zeros_like(s[7]), torch.zeros_like(s[8]), index, touch, base_height, base_height, torch.zeros_like(s[13]), torch.zeros_like(s[14]), torch.zeros_like(s[15]), torch.zeros_like(s[16]), torch.zeros_like(s[17]), ~touch, torch.zeros_like(s[19]), torch.zeros_like(s[20]), torch.zeros_like(s[21]), torch.zeros_like(s[22]), torch.zeros_like(s[23]), base_height, index, heading, forward_vel, forward_vel, forward_vel, torch.zeros_like(s[30]), torch.zeros_like(s[31]), forward_vel, forward_vel, forward_vel[:, None].expand_as(s[34]), torch.zeros_like(s[35]), forward_vel[:, None].expand_as(s[36]), torch.zeros_like(s[37]), base_lin_vel, alive.to(real), fast.to(real), fast, root_pos, torch.zeros_like(s[43]), fast, torch.full_like(s[45], 2.0), episode_step)
    return observations, state
