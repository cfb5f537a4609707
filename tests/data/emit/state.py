"""state.reward, compiled by rewardlang for the task humanoid."""

import torch

TERMS = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj", "kk", "ll", "mm", "nn", "oo", "pp", "qq", "rr", "ss", "tt", "uu", "vv", "ww", "xx", "yy")
CAUSES = ("fallen",)
METRICS = ()
# What `k` holds, made once on the device.
CONSTANTS = (
    (0.0, 0.0, -1.0),  # [xyz]
    (0.0, 0.0, 1.0),  # [xyz]
)
# Shape after [N] and kind of what `s` remembers from step to step.
STATE = (
    ((12,), "real"),  # actions [N, joints]
    ((12,), "real"),  # dof_vel [N, joints]
    ((12,), "real"),  # dof_pos [N, joints]
    ((12,), "real"),  # last_actions [N, joints]
    ((12,), "real"),  # sub [N, joints]
    ((), "real"),  # ema [N]
    ((12,), "real"),  # ema [N, joints]
    ((), "real"),  # integral [N]
    ((), "real"),  # integral [N]
    ((2,), "real"),  # running_max [N, bodies]
    ((2,), "bool"),  # touch [N, bodies]
    ((), "real"),  # running_min [N]
    ((), "real"),  # running_max [N]
    ((2,), "real"),  # steps_in_a_row [N, bodies]
    ((2,), "real"),  # last_duration [N, bodies]
    ((2,), "real"),  # steps_in_a_row [N, bodies]
    ((2,), "real"),  # last_duration [N, bodies]
    ((2,), "bool"),  # not [N, bodies]
    ((2,), "bool"),  # ever [N, bodies]
    ((), "real"),  # steps [N]
    ((2,), "real"),  # steps [N, bodies]
    ((), "real"),  # steps_in_a_row [N]
    ((), "real"),  # sample [N]
    ((2,), "real"),  # sample [N, bodies]
    ((), "real"),  # heading [N]
    ((), "real"),  # forward_vel [N]
    ((), "real"),  # prev [N]
    ((), "real"),  # prev [N]
    ((), "real"),  # steps_in_a_row [N]
    ((), "real"),  # ema [N]
    ((), "real"),  # ema [N]
    ((2,), "real"),  # running_max [N, bodies]
    ((2,), "real"),  # integral [N, bodies]
    ((2,), "real"),  # sample [N, bodies]
    ((), "real"),  # integral [N]
    ((3,), "real"),  # ema [N, xyz]
    ((), "real"),  # float [N]
    ((), "real"),  # running_max [N]
    ((), "bool"),  # sample [N]
    ((3,), "real"),  # root_pos [N, xyz]
    ((3,), "real"),  # integral [N, xyz]
    ((), "bool"),  # fast [N]
    ((), "real"),  # sample [N]
    ((), "real"),  # episode_step [N]
    ((2,), "real"),  # running_min [N, bodies]
    ((2,), "real"),  # sample [N, bodies]
    ((), "bool"),  # sample [N]
    ((8,), "real"),  # sample [N, bodies]
)


def rotate(q, v):
    """v turned by q. q [..., 4], v [..., 3]."""
    axis, w = q[..., :3], q[..., 3:]
    axis, v = torch.broadcast_tensors(axis, v)
    t = 2 * torch.cross(axis, v, dim=-1)
    return v + w * t + torch.cross(axis, t, dim=-1)


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
        1.0,  # vv
        1.0,  # ww
        1.0,  # xx
        1.0,  # yy
    )


def step(q, s, p, w, k):
    """What one control step pays, in N environments.

    q: quantities by name; s: state before the step; p: params and the run's quantities;
    w: weights of the terms [T]; k: constants. Gives reward [N], contributions [N, T] (weight * value),
    values [N, T], causes [N, K] bool, terminated and time_out [N] bool, doubtful [N, K] bool (a cause read what is
    not finite), metrics [N, M], observations [N, O] and the state after the step.
    """
    real = w.dtype
    contact_forces = q["contact_forces"]                                              # [N, bodies, xyz] N state.reward:1
    touch = contact_forces[:, 4:8:3][..., 2] > 0.5                                    # [N, bodies] bool state.reward:1
    root_pos = q["root_pos"]                                                          # [N, xyz] m <base_height of task humanoid>
    base_height = root_pos[:, 2]                                                      # [N] m <base_height of task humanoid>
    root_quat = q["root_quat"]                                                        # [N, xyzw] <projected_gravity of task humanoid>
    projected_gravity = rotate_inverse(root_quat, k[0])                               # [N, xyz] <projected_gravity of task humanoid>
    fallen = (base_height < 0.24) | (projected_gravity[:, 2] > -0.6)                  # [N] bool task.yaml:60
    time_limit = q["time_limit"]                                                      # [N] bool
    alive = ~fallen                                                                   # [N] bool state.reward:13
    time_out = time_limit & alive                                                     # [N] bool
    actions = q["actions"]                                                            # [N, joints] 1 <last_actions of task humanoid>
    last_actions = s[0]                                                               # [N, joints] 1 <last_actions of task humanoid>
    heading = yaw(root_quat)                                                          # [N] rad <heading of task humanoid>
    root_lin_vel = q["root_lin_vel"]                                                  # [N, xyz] m/s <base_lin_vel of task humanoid>
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)                            # [N, xyz] m/s <base_lin_vel of task humanoid>
    forward_vel = base_lin_vel[:, 0]                                                  # [N] m/s <forward_vel of task humanoid>
    fast = forward_vel > 0.5                                                          # [N] bool state.reward:2
    dof_vel = q["dof_vel"]                                                            # [N, joints] rad/s <dof_acc of task humanoid>
    delta = dof_vel - s[1]                                                            # [N, joints] rad/s state.reward:3
    dof_acc = delta / 0.02                                                            # [N, joints] rad/s^2 <dof_acc of task humanoid>
    dof_pos = q["dof_pos"]                                                            # [N, joints] rad state.reward:3
    a = s[2].sum(1)                                                                   # [N] rad state.reward:3
    b = delta.sum(1)                                                                  # [N] rad/s state.reward:3
    c = dof_acc.square().sum(1)                                                       # [N] rad^2/s^4 state.reward:3
    d = s[3].sum(1)                                                                   # [N] 1 state.reward:3
    sub = actions - last_actions                                                      # [N, joints] 1
    e = (sub - s[4]).square().sum(1)                                                  # [N] 1 state.reward:4
    last = s[5]                                                                       # [N] m/s
    f = last + 0.18126924692201818 * (forward_vel - last)                             # [N] m/s state.reward:4
    torques = q["torques"]                                                            # [N, joints] N*m state.reward:4
    last_2 = s[6]                                                                     # [N, joints] N*m
    ema = last_2 + 0.3296799539643607 * (torques - last_2)                            # [N, joints] N*m state.reward:4
    g = ema.sum(1)                                                                    # [N] N*m state.reward:4
    h = s[7] + forward_vel * 0.02                                                     # [N] m state.reward:4
    i = torch.where(fast, 0.0, s[8] + base_lin_vel[:, 1] * 0.02)                      # [N] m state.reward:5
    body_pos = q["body_pos"]                                                          # [N, bodies, xyz] m state.reward:5
    index = body_pos[:, 4:8:3][..., 2]                                                # [N, bodies] m state.reward:5
    prev = s[9]                                                                       # [N, bodies] m state.reward:6
    running_max = torch.where(touch, index, torch.maximum(prev, index))               # [N, bodies] m state.reward:5
    j = running_max.sum(1)                                                            # [N] m state.reward:5
    prev_2 = s[10]                                                                    # [N, bodies] bool state.reward:10
    rising = touch & ~prev_2                                                          # [N, bodies] bool state.reward:6
    number = rising.to(real)                                                          # [N, bodies] 1
    k_2 = (prev * number).sum(1)                                                      # [N] m state.reward:6
    l = torch.minimum(s[11], base_height)                                             # [N] m state.reward:6
    m = torch.maximum(s[12], base_height)                                             # [N] m state.reward:6
    last_3 = s[13]                                                                    # [N, bodies] 1
    steps_in_a_row = torch.where(touch, last_3 + 1.0, 0.0)                            # [N, bodies] 1
    n = (steps_in_a_row / 50.0).sum(1)                                                # [N] s state.reward:7
    inverse = ~touch                                                                  # [N, bodies] bool state.reward:7
    falling = inverse & prev_2                                                        # [N, bodies] bool state.reward:8
    last_duration = torch.where(falling, last_3 / 50.0, s[14])                        # [N, bodies] s state.reward:7
    o = last_duration.sum(1)                                                          # [N] s state.reward:7
    last_4 = s[15]                                                                    # [N, bodies] 1
    steps_in_a_row_2 = torch.where(inverse, last_4 + 1.0, 0.0)                        # [N, bodies] 1
    last_duration_2 = torch.where(touch & s[17], last_4 / 50.0, s[16])                # [N, bodies] s state.reward:7
    p_2 = last_duration_2.sum(1)                                                      # [N] s state.reward:7
    q_2 = number.sum(1)                                                               # [N] 1 state.reward:7
    r = falling.to(real).sum(1)                                                       # [N] 1 state.reward:8
    s_2 = (actions != last_actions).any(1).to(real)                                   # [N] 1 state.reward:8
    t = (touch != prev_2).any(1).to(real)                                             # [N] 1 state.reward:8
    ever = s[18] | touch                                                              # [N, bodies] bool state.reward:8
    u = ever.any(1).to(real)                                                          # [N] 1 state.reward:8
    number_2 = fast.to(real)                                                          # [N] 1
    v = s[19] + number_2                                                              # [N] 1 state.reward:8
    number_3 = touch.to(real)                                                         # [N, bodies] 1
    steps = s[20] + number_3                                                          # [N, bodies] 1 state.reward:9
    w_2 = steps.sum(1)                                                                # [N] 1 state.reward:9
    steps_in_a_row_3 = torch.where(fast, s[21] + 1.0, 0.0)                            # [N] 1
    x = (steps_in_a_row_3 >= 2.0).to(real)                                            # [N] 1 state.reward:9
    y = (steps_in_a_row >= 3.0).to(real).sum(1)                                       # [N] 1 state.reward:9
    z = torch.where(fast, base_height, s[22])                                         # [N] m state.reward:9
    sample = torch.where(rising, index, s[23])                                        # [N, bodies] m state.reward:10
    aa = sample.sum(1)                                                                # [N] m state.reward:10
    bb = (prev_2.to(real) * number_3).sum(1)                                          # [N] 1 state.reward:10
    cc = (heading - s[24]) / 0.02                                                     # [N] rad/s state.reward:10
    dd = last_actions.sum(1)                                                          # [N] 1 state.reward:10
    ee = dof_acc.sum(1)                                                               # [N] rad/s^2 state.reward:11
    ff = s[27]                                                                        # [N] m/s state.reward:11
    steps_in_a_row_4 = torch.where(steps_in_a_row_3 / 50.0 > 0.03, s[28] + 1.0, 0.0)  # [N] 1
    gg = steps_in_a_row_4 / 50.0                                                      # [N] s state.reward:11
    last_5 = s[29]                                                                    # [N] m/s
    ema_2 = last_5 + 0.18126924692201818 * (forward_vel - last_5)                     # [N] m/s state.reward:11
    last_6 = s[30]                                                                    # [N] m/s
    hh = last_6 + 0.18126924692201818 * (ema_2 - last_6)                              # [N] m/s state.reward:11
    running_max_2 = torch.where(touch, forward_vel[:, None], torch.maximum(s[31], forward_vel[:, None]))  # [N, bodies] m/s state.reward:12
    ii = running_max_2.sum(1)                                                         # [N] m/s state.reward:12
    integral = torch.where(touch, 0.0, s[32] + 0.02)                                  # [N, bodies] state.reward:12
    jj = integral.sum(1)                                                              # [N] state.reward:12
    sample_2 = torch.where(touch, forward_vel[:, None], s[33])                        # [N, bodies] m/s state.reward:12
    kk = sample_2.sum(1)                                                              # [N] m/s state.reward:12
    number_4 = alive.to(real)                                                         # [N] 1
    ll = s[34] + number_4 * 0.02                                                      # [N] s state.reward:13
    last_7 = s[35]                                                                    # [N, xyz] m/s
    ema_3 = last_7 + 0.09516258196404037 * (base_lin_vel - last_7)                    # [N, xyz] m/s state.reward:13
    mm = ema_3.sum(1)                                                                 # [N] m/s state.reward:13
    nn = number_4 - s[36]                                                             # [N] 1 state.reward:13
    oo = torch.maximum(s[37], number_2)                                               # [N] 1 state.reward:13
    sample_3 = torch.where(alive, fast, s[38])                                        # [N] bool state.reward:13
    pp = sample_3.to(real)                                                            # [N] 1 state.reward:13
    qq = (root_pos - s[39]).norm(dim=1)                                               # [N] m state.reward:14
    integral_2 = s[40] + base_lin_vel * 0.02                                          # [N, xyz] m state.reward:14
    rr = integral_2.sum(1)                                                            # [N] m state.reward:14
    ss = (fast != s[41]).to(real)                                                     # [N] 1 state.reward:14
    tt = torch.where(fast, 2.0, s[42])                                                # [N] state.reward:14
    episode_step = q["episode_step"]                                                  # [N] 1 state.reward:14
    uu = episode_step - s[43]                                                         # [N] 1 state.reward:14
    running_min = torch.where(touch, index, torch.minimum(s[44], index))              # [N, bodies] m state.reward:15
    vv = running_min.sum(1)                                                           # [N] m state.reward:15
    sample_4 = s[45]                                                                  # [N, bodies] s state.reward:16
    ww = sample_4.sum(1)                                                              # [N] s state.reward:16
    sample_5 = s[46]                                                                  # [N] bool state.reward:16
    xx = sample_5.to(real)                                                            # [N] 1 state.reward:16
    sample_6 = s[47]                                                                  # [N, bodies] state.reward:16
    yy = sample_6.sum(1)                                                              # [N] state.reward:16
    values = torch.stack((a, b, c, d, e, f, g, h, i, j, k_2, l, m, n, o, p_2, q_2, r, s_2, t, u, v, w_2, x, y, z, aa, bb, cc, dd, ee, ff, gg, hh, ii, jj, kk, ll, mm, nn, oo, pp, qq, rr, ss, tt, uu, vv, ww, xx, yy), 1)  # [N, T]
    paid = values * w
    contributions = torch.nan_to_num(paid, 0.0, 0.0, 0.0)  # [N, T]
    reward = contributions.sum(1)
    causes = torch.stack((fallen,), 1)  # [N, K] bool
    doubtful = torch.stack((~(torch.isfinite(base_height) & torch.isfinite(projected_gravity[:, 2])),), 1)  # [N, K] bool
    metrics = contributions[:, :0]  # [N, M]
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (actions, dof_vel, dof_pos, last_actions.clone(), sub, f, ema, h, i, running_max, touch, l, m, steps_in_a_row, last_duration, steps_in_a_row_2, last_duration_2, inverse, ever, v, steps, steps_in_a_row_3, z, sample, heading, forward_vel, s[25].clone(), s[26].clone(), steps_in_a_row_4, ema_2, hh, running_max_2, integral, sample_2, ll, ema_3, number_4, oo, sample_3, root_pos, integral_2, fast, tt, episode_step, running_min, sample_4.clone(), sample_5.clone(), sample_6.clone())
    return (reward, contributions, values, causes, fallen, time_out,
            doubtful, metrics, observations, state)


def at_reset(q, s, p, w, k):
    """What the reset state gives: the state to start from, and the observations [N, O]. Arguments as for `step`."""
    real = w.dtype
    actions = q["actions"]                                            # [N, joints] 1 <last_actions of task humanoid>
    dof_vel = q["dof_vel"]                                            # [N, joints] rad/s <dof_acc of task humanoid>
    dof_pos = q["dof_pos"]                                            # [N, joints] rad state.reward:3
    root_lin_vel = q["root_lin_vel"]                                  # [N, xyz] m/s <base_lin_vel of task humanoid>
    root_quat = q["root_quat"]                                        # [N, xyzw] <projected_gravity of task humanoid>
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)            # [N, xyz] m/s <base_lin_vel of task humanoid>
    forward_vel = base_lin_vel[:, 0]                                  # [N] m/s <forward_vel of task humanoid>
    torques = q["torques"]                                            # [N, joints] N*m state.reward:4
    body_pos = q["body_pos"]                                          # [N, bodies, xyz] m state.reward:5
    running_max = body_pos[:, 4:8:3][..., 2]                          # [N, bodies] m state.reward:5
    contact_forces = q["contact_forces"]                              # [N, bodies, xyz] N state.reward:1
    touch = contact_forces[:, 4:8:3][..., 2] > 0.5                    # [N, bodies] bool state.reward:1
    root_pos = q["root_pos"]                                          # [N, xyz] m <base_height of task humanoid>
    base_height = root_pos[:, 2]                                      # [N] m <base_height of task humanoid>
    steps_in_a_row = torch.zeros_like(s[13])                          # [N, bodies] 1
    steps_in_a_row_2 = torch.zeros_like(s[15])                        # [N, bodies] 1
    steps_in_a_row_3 = torch.zeros_like(s[21])                        # [N] 1
    heading = yaw(root_quat)                                          # [N] rad <heading of task humanoid>
    steps_in_a_row_4 = torch.zeros_like(s[28])                        # [N] 1
    projected_gravity = rotate_inverse(root_quat, k[0])               # [N, xyz] <projected_gravity of task humanoid>
    fallen = (base_height < 0.24) | (projected_gravity[:, 2] > -0.6)  # [N] bool task.yaml:60
    alive = ~fallen                                                   # [N] bool state.reward:13
    fast = forward_vel > 0.5                                          # [N] bool state.reward:2
    episode_step = q["episode_step"]                                  # [N] 1 state.reward:14
    body_quat = q["body_quat"]                                        # [N, bodies, xyzw] state.reward:17
    body_quat_up = rotate(body_quat, k[1])[..., 2]                    # [N, bodies] state.reward:17
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (actions, dof_vel, dof_pos, actions, actions - actions, forward_vel, torques, torch.zeros_like(s[7]), torch.zeros_like(s[8]), running_max, touch, base_height, base_height, steps_in_a_row, torch.zeros_like(s[14]), steps_in_a_row_2, torch.zeros_like(s[16]), ~touch, torch.zeros_like(s[18]), torch.zeros_like(s[19]), torch.zeros_like(s[20]), steps_in_a_row_3, base_height, running_max, heading, forward_vel, forward_vel, forward_vel, steps_in_a_row_4, forward_vel, forward_vel, forward_vel[:, None].expand_as(s[31]), torch.zeros_like(s[32]), forward_vel[:, None].expand_as(s[33]), torch.zeros_like(s[34]), base_lin_vel, alive.to(real), fast.to(real), fast, root_pos, torch.zeros_like(s[40]), fast, torch.full_like(s[42], 2.0), episode_step, running_max, steps_in_a_row / 50.0, steps_in_a_row_3 >= 2.0, body_quat_up)
    return observations, state
