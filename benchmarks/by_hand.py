"""The reward of data/eighteen.reward written by hand, in the two ways that projects write theirs.

`Manager` is a loop over terms, each a method of the environment, with a buffer of episode sums for each, as legged_gym and Isaac Lab
have it: the last actions, velocities and contacts are kept by hand, and buffers are cleared by the ids of the environments that are
reset (here by a mask, which can be captured in a CUDA graph; neither is timed). `script` is one TorchScript function of all terms.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Tuple

import torch

DT = 0.02
WEIGHTS: Dict[str, float] = {
    "tracking_lin_vel": 1.5, "tracking_ang_vel": 0.75, "lin_vel_z": -2.0, "ang_vel_xy": -0.05, "orientation": -1.0, "height": -30.0,
    "torques": -0.0002, "dof_acc": -2.5e-7, "action_rate": -0.01, "collision": -1.0, "dof_pos_limits": -10.0, "dof_vel_limits_": -1.0,
    "feet_air_time": 1.0, "stumble": -1.0, "stand_still": -0.5, "contact_forces_": -0.01, "power": -0.0001, "alive": 0.5,
}  # fmt: skip


def rotate_inverse(q: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """v turned back by q xyzw. [N, 3]"""
    w, u = q[:, 3:4], q[:, :3]
    t = 2.0 * torch.cross(u, v, dim=-1)
    return v - w * t + torch.cross(u, t, dim=-1)


class Manager:
    """The terms as methods, and the loop over them."""

    def __init__(self, q: Dict[str, torch.Tensor], feet: List[int], knocked: List[int]) -> None:
        self.q, n, device = q, len(q["root_pos"]), q["root_pos"].device
        index = lambda ids: torch.tensor(ids, dtype=torch.long, device=device)
        self.feet, self.knocked = index(feet), index(knocked)
        self.gravity = torch.tensor([0.0, 0.0, -1.0], device=device).repeat(n, 1)
        middle, half = (
            (q["dof_pos_lower"] + q["dof_pos_upper"]) / 2,
            (q["dof_pos_upper"] - q["dof_pos_lower"]) / 2,
        )
        self.soft_lower, self.soft_upper = middle - 0.9 * half, middle + 0.9 * half
        self.last_actions, self.last_dof_vel = q["actions"].clone(), q["dof_vel"].clone()
        self.feet_air_time = torch.zeros(n, len(feet), device=device)
        self.last_contacts = torch.zeros(n, len(feet), dtype=torch.bool, device=device)
        self.rew_buf = torch.zeros(n, device=device)
        self.reset_buf = torch.zeros(n, dtype=torch.bool, device=device)
        self.episode_sums = {name: torch.zeros(n, device=device) for name in WEIGHTS}
        self.terms: List[Tuple[str, Callable[[], torch.Tensor], float]] = [
            (name, getattr(self, f"_reward_{name}"), weight * DT) for name, weight in WEIGHTS.items()
        ]

    def step(self) -> torch.Tensor:
        q = self.q
        self.base_lin_vel = rotate_inverse(q["root_quat"], q["root_lin_vel"])
        self.base_ang_vel = rotate_inverse(q["root_quat"], q["root_ang_vel"])
        self.projected_gravity = rotate_inverse(q["root_quat"], self.gravity)
        fallen = (q["root_pos"][:, 2] < 0.15) | (self.projected_gravity[:, 2] > -0.6)
        self.terminated = fallen
        self.reset_buf = fallen | q["time_limit"]
        self.rew_buf[:] = 0.0
        for name, function, weight in self.terms:
            value = function() * weight
            self.rew_buf += value
            self.episode_sums[name] += value
        self.last_actions[:] = q["actions"]
        self.last_dof_vel[:] = q["dof_vel"]
        return self.rew_buf

    def _reward_tracking_lin_vel(self) -> torch.Tensor:
        error = torch.sum(torch.square(self.q["command_lin_vel"] - self.base_lin_vel[:, :2]), dim=1)
        return torch.exp(-error / 0.25)

    def _reward_tracking_ang_vel(self) -> torch.Tensor:
        return torch.exp(-torch.square(self.q["command_ang_vel"] - self.base_ang_vel[:, 2]) / 0.25)

    def _reward_lin_vel_z(self) -> torch.Tensor:
        return torch.square(self.base_lin_vel[:, 2])

    def _reward_ang_vel_xy(self) -> torch.Tensor:
        return torch.sum(torch.square(self.base_ang_vel[:, :2]), dim=1)

    def _reward_orientation(self) -> torch.Tensor:
        return torch.sum(torch.square(self.projected_gravity[:, :2]), dim=1)

    def _reward_height(self) -> torch.Tensor:
        return torch.square(self.q["root_pos"][:, 2] - 0.3)

    def _reward_torques(self) -> torch.Tensor:
        return torch.sum(torch.square(self.q["torques"]), dim=1)

    def _reward_dof_acc(self) -> torch.Tensor:
        return torch.sum(torch.square((self.last_dof_vel - self.q["dof_vel"]) / DT), dim=1)

    def _reward_action_rate(self) -> torch.Tensor:
        return torch.sum(torch.square(self.last_actions - self.q["actions"]), dim=1)

    def _reward_collision(self) -> torch.Tensor:
        return torch.sum(
            1.0 * (torch.norm(self.q["contact_forces"][:, self.knocked, :], dim=-1) > 1.0), dim=1
        )

    def _reward_dof_pos_limits(self) -> torch.Tensor:
        out = -(self.q["dof_pos"] - self.soft_lower).clip(max=0.0)
        out += (self.q["dof_pos"] - self.soft_upper).clip(min=0.0)
        return torch.sum(out, dim=1)

    def _reward_dof_vel_limits_(self) -> torch.Tensor:
        return torch.sum(
            (torch.abs(self.q["dof_vel"]) - 0.9 * self.q["dof_vel_limits"]).clip(min=0.0, max=1.0), dim=1
        )

    def _reward_feet_air_time(self) -> torch.Tensor:
        contact = self.q["contact_forces"][:, self.feet, 2] > 1.0
        first = contact & ~self.last_contacts
        reward = torch.sum((self.feet_air_time + DT - 0.5) * first, dim=1)
        reward *= torch.norm(self.q["command_lin_vel"], dim=1) > 0.1
        self.feet_air_time += DT
        self.feet_air_time *= ~contact
        self.last_contacts[:] = contact
        return reward

    def _reward_stumble(self) -> torch.Tensor:
        forces = self.q["contact_forces"][:, self.feet]
        return torch.any(torch.norm(forces[..., :2], dim=2) > 5 * torch.abs(forces[..., 2]), dim=1).float()

    def _reward_stand_still(self) -> torch.Tensor:
        still = ~(torch.norm(self.q["command_lin_vel"], dim=1) > 0.1)
        return torch.sum(torch.abs(self.q["dof_pos"] - self.q["default_dof_pos"]), dim=1) * still

    def _reward_contact_forces_(self) -> torch.Tensor:
        return torch.sum(
            (torch.norm(self.q["contact_forces"][:, self.feet, :], dim=-1) - 100.0).clip(min=0.0), dim=1
        )

    def _reward_power(self) -> torch.Tensor:
        return torch.sum(torch.abs(self.q["torques"] * self.q["dof_vel"]), dim=1)

    def _reward_alive(self) -> torch.Tensor:
        return (~self.terminated).float()


def script(
    root_quat: torch.Tensor, root_pos: torch.Tensor, root_lin_vel: torch.Tensor, root_ang_vel: torch.Tensor, dof_pos: torch.Tensor,
    dof_vel: torch.Tensor, torques: torch.Tensor, actions: torch.Tensor, contact_forces: torch.Tensor, command_lin_vel: torch.Tensor,
    command_ang_vel: torch.Tensor, time_limit: torch.Tensor, default_dof_pos: torch.Tensor, dof_vel_limits: torch.Tensor,
    soft_lower: torch.Tensor, soft_upper: torch.Tensor, gravity: torch.Tensor, feet: torch.Tensor, knocked: torch.Tensor,
    weights: torch.Tensor, last_actions: torch.Tensor, last_dof_vel: torch.Tensor, air_time: torch.Tensor, last_contacts: torch.Tensor,
    sums: torch.Tensor,
) -> Tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """Reward [N] and resets [N]; the last five tensors are written."""
    w, u = root_quat[:, 3:4], root_quat[:, :3]
    t = 2.0 * torch.cross(u, root_lin_vel, dim=-1)
    lin = root_lin_vel - w * t + torch.cross(u, t, dim=-1)
    t = 2.0 * torch.cross(u, root_ang_vel, dim=-1)
    ang = root_ang_vel - w * t + torch.cross(u, t, dim=-1)
    t = 2.0 * torch.cross(u, gravity, dim=-1)
    down = gravity - w * t + torch.cross(u, t, dim=-1)
    fallen = (root_pos[:, 2] < 0.15) | (down[:, 2] > -0.6)
    forces = contact_forces[:, feet]
    contact = forces[..., 2] > 1.0
    first = contact & ~last_contacts
    asked = torch.norm(command_lin_vel, dim=1) > 0.1
    values = torch.stack([
        torch.exp(-(command_lin_vel - lin[:, :2]).square().sum(1) / 0.25),
        torch.exp(-(command_ang_vel - ang[:, 2]).square() / 0.25),
        lin[:, 2].square(),
        ang[:, :2].square().sum(1),
        down[:, :2].square().sum(1),
        (root_pos[:, 2] - 0.3).square(),
        torques.square().sum(1),
        ((last_dof_vel - dof_vel) / 0.02).square().sum(1),
        (last_actions - actions).square().sum(1),
        (torch.norm(contact_forces[:, knocked], dim=-1) > 1.0).float().sum(1),
        ((soft_lower - dof_pos).clip(min=0.0) + (dof_pos - soft_upper).clip(min=0.0)).sum(1),
        (dof_vel.abs() - 0.9 * dof_vel_limits).clip(min=0.0, max=1.0).sum(1),
        ((air_time + 0.02 - 0.5) * first).sum(1) * asked,
        torch.any(torch.norm(forces[..., :2], dim=2) > 5.0 * forces[..., 2].abs(), dim=1).float(),
        (dof_pos - default_dof_pos).abs().sum(1) * (~asked),
        (torch.norm(forces, dim=-1) - 100.0).clip(min=0.0).sum(1),
        (torques * dof_vel).abs().sum(1),
        (~fallen).float(),
    ])  # fmt: skip
    paid = values * weights[:, None]
    sums += paid
    air_time.copy_((air_time + 0.02) * (~contact))
    last_contacts.copy_(contact)
    last_actions.copy_(actions)
    last_dof_vel.copy_(dof_vel)
    return paid.sum(0), fallen | time_limit
