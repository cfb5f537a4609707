"""reference_page.reward, compiled by rewardlang for the task humanoid."""

import torch

TERMS = ("speed", "alive", "effort", "tilt", "air_time", "straight", "fallen", "jerkiness", "drift")
CAUSES = ("fallen",)
METRICS = ("cost_of_transport",)
# What `k` holds, made once on the device.
CONSTANTS = (
    (0.0, 0.0, -1.0),  # [xyz]
)
# Shape after [N] and kind of what `s` remembers from step to step.
STATE = (
    ((2,), "real"),  # steps_in_a_row [N, bodies]
    ((2,), "bool"),  # touch [N, bodies]
    ((12,), "real"),  # dof_vel [N, joints]
)


def rotate_inverse(q, v):
    """v turned back by q. q [..., 4], v [..., 3]."""
    axis, w = q[..., :3], q[..., 3:]
    axis, v = torch.broadcast_tensors(axis, v)
    t = 2 * torch.cross(axis, v, dim=-1)
    return v - w * t + torch.cross(axis, t, dim=-1)


def weights(p, k):
    """Weight of each term, from the params and the run's quantities `p`; k: constants. [T]"""
    return (
        1.0,  # speed
        1.0,  # alive
        -0.01,  # effort
        -1.0,  # tilt
        0.5,  # air_time
        2.0,  # straight
        -10.0,  # fallen
        -0.001,  # jerkiness
        -0.01,  # drift
    )


def step(q, s, p, w, k):
    """What one control step pays, in N environments.

    q: quantities by name; s: state before the step; p: params and the run's quantities;
    w: weights of the terms [T]; k: constants. Gives reward [N], contributions [N, T] (weight * value),
    values [N, T], causes [N, K] bool, terminated and time_out [N] bool, doubtful [N, K] bool (a cause read what is
    not finite), metrics [N, M], observations [N, O] and the state after the step.
    """
    real = w.dtype
    contact_forces = q["contact_forces"]                                              # [N, bodies, xyz] N reference_page.reward:8
    touch = contact_forces[:, 4:8:3][..., 2] > 1.0                                    # [N, bodies] bool reference_page.reward:8
    root_pos = q["root_pos"]                                                          # [N, xyz] m <base_height of task humanoid>
    base_height = root_pos[:, 2]                                                      # [N] m <base_height of task humanoid>
    root_quat = q["root_quat"]                                                        # [N, xyzw] <projected_gravity of task humanoid>
    projected_gravity = rotate_inverse(root_quat, k[0])                               # [N, xyz] <projected_gravity of task humanoid>
    fallen = (base_height < 0.2) | (projected_gravity[:, 2] > -0.5)                   # [N] bool reference_page.reward:26
    time_limit = q["time_limit"]                                                      # [N] bool
    alive = ~fallen                                                                   # [N] bool reference_page.reward:15
    time_out = time_limit & alive                                                     # [N] bool
    last = s[0]                                                                       # [N, bodies] 1
    steps_in_a_row = torch.where(~touch, last + 1.0, 0.0)                             # [N, bodies] 1
    root_lin_vel = q["root_lin_vel"]                                                  # [N, xyz] m/s <base_lin_vel of task humanoid>
    base_lin_vel = rotate_inverse(root_quat, root_lin_vel)                            # [N, xyz] m/s <base_lin_vel of task humanoid>
    speed = torch.minimum(base_lin_vel[:, 0], p["target_speed"])                      # [N] m/s reference_page.reward:7
    alive_2 = alive.to(real)                                                          # [N] 1 reference_page.reward:15
    torques = q["torques"]                                                            # [N, joints] N*m reference_page.reward:16
    effort = torques.square().sum(1)                                                  # [N] N^2*m^2 reference_page.reward:16
    tilt = projected_gravity[:, 0:2].square().sum(1)                                  # [N] 1 reference_page.reward:17
    air_time = ((last / 50.0 - 0.3) * (touch & ~s[1]).to(real)).sum(1)                # [N] s reference_page.reward:18
    index = base_lin_vel[:, 1]                                                        # [N] m/s reference_page.reward:19
    straight = (-(index / 0.4).square()).exp()                                        # [N] 1 reference_page.reward:11
    fallen_2 = fallen.to(real)                                                        # [N] 1 reference_page.reward:20
    dof_vel = q["dof_vel"]                                                            # [N, joints] rad/s reference_page.reward:23
    jerkiness = ((dof_vel - s[2]) / 0.02).square().sum(1)                             # [N] rad^2/s^4 reference_page.reward:23
    drift = index.abs()                                                               # [N] m/s reference_page.reward:24
    body_mass = q["body_mass"]                                                        # [bodies] kg reference_page.reward:27
    cost_of_transport = (torques * dof_vel).abs().sum(1) / (body_mass.sum(0) * 9.81 * speed.abs().clamp(min=0.1))  # [N] 1 reference_page.reward:27
    values = torch.stack((speed, alive_2, effort, tilt, air_time, straight, fallen_2, jerkiness, drift), 1)  # [N, T]
    paid = values * w
    contributions = torch.nan_to_num(paid, 0.0, 0.0, 0.0)  # [N, T]
    reward = contributions.sum(1)
    causes = torch.stack((fallen,), 1)  # [N, K] bool
    doubtful = torch.stack((~(torch.isfinite(base_height) & torch.isfinite(projected_gravity[:, 2])),), 1)  # [N, K] bool
    metrics = torch.stack((cost_of_transport,), 1)  # [N, M]
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (steps_in_a_row, touch, dof_vel)
    return (reward, contributions, values, causes, fallen, time_out,
            doubtful, metrics, observations, state)


def at_reset(q, s, p, w, k):
    """What the reset state gives: the state to start from, and the observations [N, O]. Arguments as for `step`."""
    real = w.dtype
    steps_in_a_row = torch.zeros_like(s[0])         # [N, bodies] 1
    contact_forces = q["contact_forces"]            # [N, bodies, xyz] N reference_page.reward:8
    touch = contact_forces[:, 4:8:3][..., 2] > 1.0  # [N, bodies] bool reference_page.reward:8
    dof_vel = q["dof_vel"]                          # [N, joints] rad/s reference_page.reward:23
    observations = w.new_zeros(len(q["time_limit"]), 0)
    state = (steps_in_a_row, touch, dof_vel)
    return observations, state
