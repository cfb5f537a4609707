"""card.reward, compiled by rewardlang for the task humanoid."""

import torch

TERMS = ("forward_vel", "alive", "sum_torques_2")
CAUSES = ("fallen",)
METRICS = ()
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


def weights(p, k):
    """Weight of each term, from the params and the run's quantities `p`; k: constants. [T]"""
    return (
        1.0,  # forward_vel
        1.0,  # alive
        -0.01,  # sum_torques_2
    )


def step(q, s, p, w, k):
    """What one control step pays, in N environments.

    q: quantities by name; s: state before the step; p: params and the run's quantities;
    w: weights of the terms [T]; k: constants. Gives reward [N], contributions [N, T] (weight * value),
    values [N, T], causes [N, K] bool, terminated and time_out [N] bool, doubtful [N, K] bool (a cause read what is
    not finite), metrics [N, M], observations [N, O] and the state after the step.
    """
    real = w.dtype
    root_pos = q["root_pos"]                                          # [N, xyz] m <base_height of task humanoid>
    base_height = root_pos[:, 2]                                      # [N] m <base_height of task humanoid>
    root_quat = q["root_quat"]                                        # [N, xyzw] <projected_gravity of task humanoid>
    projected_gravity = rotate_inverse(root_quat, k[0])               # [N, xyz] <projected_gravity of task humanoid>
    fallen = (base_height < 0.24) | (projected_gravity[:, 2] > -0.6)  # [N] bool task.yaml:60
    time_limit = q["time_limit"]                                      # [N] bool
    alive = ~fallen                                                   # [N] bool card.reward:1
    time_out = time_limit & alive                                     # [N] bool
    root_lin_vel = q["root_lin_vel"]                                  # [N, xyz] m/s <base_lin_vel of task humanoid>
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)            # [N, xyz] m/s <base_lin_vel of task humanoid>
    forward_vel = base_lin_vel[:, 0]                                  # [N] m/s <forward_vel of task humanoid>
    root_ang_vel = q["root_ang_vel"]                                  # [N, xyz] rad/s <base_ang_vel of task humanoid>
    base_ang_vel = rotate_inverse(root_quat, root_ang_vel)            # [N, xyz] rad/s <base_ang_vel of task humanoid>
    alive_2 = alive.to(real)                                          # [N] 1 card.reward:1
    torques = q["torques"]                                            # [N, joints] N*m card.reward:1
    sum_torques_2 = torques.square().sum(1)                           # [N] N^2*m^2 card.reward:1
    dof_pos = q["dof_pos"]                                            # [N, joints] rad task.yaml:65
    default_dof_pos = q["default_dof_pos"]                            # [joints] rad task.yaml:65
    dof_vel = q["dof_vel"]                                            # [N, joints] rad/s task.yaml:66
    values = torch.stack((forward_vel, alive_2, sum_torques_2), 1)  # [N, T]
    paid = values * w
    contributions = torch.nan_to_num(paid, 0.0, 0.0, 0.0)  # [N, T]
    reward = contributions.sum(1)
    causes = torch.stack((fallen,), 1)  # [N, K] bool
    doubtful = torch.stack((~(torch.isfinite(base_height) & torch.isfinite(projected_gravity[:, 2])),), 1)  # [N, K] bool
    metrics = contributions[:, :0]  # [N, M]
    observations = torch.cat((
        base_lin_vel * 2.0,
        base_ang_vel * 0.25,
        dof_pos - default_dof_pos,
        dof_vel * 0.05,
        projected_gravity,
    ), 1)  # [N, O]
    state = ()
    return (reward, contributions, values, causes, fallen, time_out,
            doubtful, metrics, observations, state)


def at_reset(q, s, p, w, k):
    """What the reset state gives: the state to start from, and the observations [N, O]. Arguments as for `step`."""
    real = w.dtype
    root_lin_vel = q["root_lin_vel"]                        # [N, xyz] m/s <base_lin_vel of task humanoid>
    root_quat = q["root_quat"]                              # [N, xyzw] <projected_gravity of task humanoid>
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)  # [N, xyz] m/s <base_lin_vel of task humanoid>
    root_ang_vel = q["root_ang_vel"]                        # [N, xyz] rad/s <base_ang_vel of task humanoid>
    base_ang_vel = rotate_inverse(root_quat, root_ang_vel)  # [N, xyz] rad/s <base_ang_vel of task humanoid>
    default_dof_pos = q["default_dof_pos"]                  # [joints] rad task.yaml:65
    dof_pos = q["dof_pos"]                                  # [N, joints] rad task.yaml:65
    dof_vel = q["dof_vel"]                                  # [N, joints] rad/s task.yaml:66
    projected_gravity = rotate_inverse(root_quat, k[0])     # [N, xyz] <projected_gravity of task humanoid>
    observations = torch.cat((
        base_lin_vel * 2.0,
        base_ang_vel * 0.25,
        dof_pos - default_dof_pos,
        dof_vel * 0.05,
        projected_gravity,
    ), 1)  # [N, O]
    state = ()
    return observations, state
