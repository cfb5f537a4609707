"""groups.reward, compiled by rewardlang for the task humanoid."""

import torch

TERMS = ("alive", "forward_vel", "added", "effort", "turn", "constant", "high")
CAUSES = ("fallen",)
METRICS = ("speed", "upright", "flag", "knob")
# What `k` holds, made once on the device.
CONSTANTS = (
    (0.0, 0.0, -1.0),  # [xyz]
)
# Shape after [N] and kind of what `s` remembers from step to step.
STATE = ()


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
        2.0,  # alive
        1.0,  # forward_vel
        0.3,  # added
        -0.002,  # effort
        -0.04,  # turn
        -0.08,  # constant
        0.5,  # high
    )


def step(q, s, p, w, k):
    """What one control step pays, in N environments.

    q: quantities by name; s: state before the step; p: params and the run's quantities;
    w: weights of the terms [T]; k: constants. Gives reward [N], contributions [N, T] (weight * value),
    values [N, T], causes [N, K] bool, terminated and time_out [N] bool, doubtful [N, K] bool (a cause read what is
    not finite), metrics [N, M], observations [N, O] and the state after the step.
    """
    real = w.dtype
    root_pos = q["root_pos"]                                # [N, xyz] m <base_height of task humanoid>
    base_height = root_pos[:, 2]                            # [N] m <base_height of task humanoid>
    root_quat = q["root_quat"]                              # [N, xyzw] <projected_gravity of task humanoid>
    projected_gravity = rotate_inverse(root_quat, k[0])     # [N, xyz] <projected_gravity of task humanoid>
    index = projected_gravity[:, 2]                         # [N] 1 task.yaml:60
    fallen = (base_height < 0.24) | (index > -0.6)          # [N] bool task.yaml:60
    time_limit = q["time_limit"]                            # [N] bool
    alive = ~fallen                                         # [N] bool groups.reward:1
    time_out = time_limit & alive                           # [N] bool
    heading = yaw(root_quat)                                # [N] rad <heading of task humanoid>
    root_lin_vel = q["root_lin_vel"]                        # [N, xyz] m/s <base_lin_vel of task humanoid>
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)  # [N, xyz] m/s <base_lin_vel of task humanoid>
    forward_vel = base_lin_vel[:, 0]                        # [N] m/s <forward_vel of task humanoid>
    alive_2 = alive.to(real)                                # [N] 1 groups.reward:1
    torques = q["torques"]                                  # [N, joints] N*m groups.reward:2
    effort = torques.square().sum(1)                        # [N] N^2*m^2 groups.reward:2
    turn = heading.abs()                                    # [N] rad groups.reward:2
    high = (-((base_height - 0.3) / 0.1).square()).exp()    # [N] 1 groups.reward:3
    upright = -index                                        # [N] 1 groups.reward:7
    dof_vel = q["dof_vel"]                                  # [N, joints] rad/s groups.reward:5
    values = torch.stack((alive_2, forward_vel, base_height, effort, turn, torch.full_like(q["time_limit"], 1.0, dtype=real), high), 1)  # [N, T]
    paid = values * w
    contributions = torch.nan_to_num(paid, 0.0, 0.0, 0.0)  # [N, T]
    group_reward = contributions[:, 0:3].sum(1)  # [N]
    group_penalty = contributions[:, 3:6].sum(1)  # [N]
    group_style = contributions[:, 6:7].sum(1)  # [N]
    add = group_reward.clamp(min=0.0) + group_penalty * (group_style / 0.5).exp() + 0.001 * dof_vel.sum(1)  # [N] groups.reward:5
    reward = add
    causes = torch.stack((fallen,), 1)  # [N, K] bool
    doubtful = torch.stack((~(torch.isfinite(base_height) & torch.isfinite(index)),), 1)  # [N, K] bool
    metrics = torch.stack((forward_vel, upright, alive_2, (p["progress"] * torch.ones_like(q["time_limit"], dtype=real))), 1)  # [N, M]
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = ()
    return (reward, contributions, values, causes, fallen, time_out,
            doubtful, metrics, observations, state)


def at_reset(q, s, p, w, k):
    """What the reset state gives: the state to start from, and the observations [N, O]. Arguments as for `step`."""
    real = w.dtype
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = ()
    return observations, state
