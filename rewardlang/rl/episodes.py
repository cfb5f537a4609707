"""What a policy does in one episode of every environment: how long, how far, on which foot, and its pay."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import torch

from .gait import TOUCH, base_velocity, forward_axis, gait, heading
from .tracking import tracking

GRAVITY = 9.81  # m/s^2


class Episodes:
    """Records the first episode of every environment. N environments, F feet, T terms."""

    def __init__(self, env: Any):
        self.env, self.sim, self.dt = env, env.sim, env.task.dt
        axis, names = env.task.groups.get("feet", ("bodies", ()))
        self.feet = [self.sim.body_names.index(name) for name in names] if axis == "bodies" else []
        self.touch = TOUCH * float(self.sim.body_mass.sum()) * GRAVITY  # N
        self.over = torch.zeros(env.num_envs, dtype=torch.bool, device=self.sim.root_states.device)
        self.survived = self.over.clone()
        zero = torch.zeros(env.num_envs, device=self.over.device)
        self.steps, self.path = zero.clone(), zero.clone()
        self.speed, self.moving = zero.clone(), zero.clone()  # sum of m/s, and of how many steps
        count = len(env.reward.program.terms)
        self.paid = torch.zeros(env.num_envs, count, device=self.over.device)  # [N, T]
        self.value = self.paid.clone()
        self.total = zero.clone()
        self.causes: Dict[str, torch.Tensor] = {}
        self.history: List[Tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        self.followed: List[Tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def begin(self) -> None:
        """Note where the robots start."""
        self.start = self.sim.root_states[:, :2].clone()
        self.at = self.start.clone()
        self.contact = torch.zeros(
            self.env.num_envs, len(self.feet), dtype=torch.bool, device=self.over.device
        )

    def add(self, done: torch.Tensor, time_outs: torch.Tensor) -> None:
        """Note one control step of the environments still in their first episode.

        The reward counts on the last step too; motion does not: the environment has been reset by then.
        """
        alive, out = ~self.over, self.env.last
        done = done.bool()
        self.steps += alive
        self.paid += out.contributions * alive[:, None]
        self.value += out.values * alive[:, None]
        self.total += out.reward * alive
        for cause, hit in (*out.causes.items(), ("nonfinite", out.nonfinite)):
            self.causes[cause] = self.causes.get(cause, torch.zeros_like(self.over)) | (hit & alive)
        self.survived |= alive & time_outs.bool() & ~out.terminated
        self.over |= done
        self._move(~self.over)  # an ended one has been reset: its state is that of the next episode

    def _move(self, on: torch.Tensor) -> None:
        root = self.sim.root_states
        position, quat, velocity = root[:, :2], root[:, 3:7], root[:, 7:10]
        self.path += (position - self.at).norm(dim=-1) * on
        self.at = torch.where(on[:, None], position, self.at)
        self.speed += (velocity * forward_axis(quat)).sum(-1) * on
        self.moving += on
        commands = self.env.commands
        if commands is not None:
            asked = torch.cat((commands.lin_vel, commands.ang_vel[:, None]), 1)
            self.followed.append((asked, base_velocity(root), on.clone()))
        if self.feet:
            force = self.sim.contact_forces[:, self.feet].norm(dim=-1)  # [N, F] N
            self.contact = torch.where(on[:, None], force > self.touch, self.contact)
            ahead = self.sim.body_states[:, self.feet, :2] - position[:, None]  # [N, F, xy] m
            self.history.append((self.contact, (ahead * heading(quat)[:, None]).sum(-1), on.clone()))

    def result(self) -> Dict[str, Any]:
        """All of it as plain numbers."""
        steps = float(self.steps.sum())
        per_step = (self.paid.sum(0) / steps).tolist()
        values = (self.value.sum(0) / steps).tolist()
        per_episode = self.paid.mean(0).tolist()
        whole = sum(abs(one) for one in per_step) or 1.0
        moved = self.moving > 0
        return {
            "episodes": self.env.num_envs,
            "survival": float(self.survived.float().mean()),
            "endings": {cause: float(hit.float().mean()) for cause, hit in self.causes.items()},
            "episode_length_s": float(self.steps.mean()) * self.dt,
            "forward_speed": float(self.speed.sum() / self.moving.sum().clamp(min=1)),
            "path_length": float(self.path.mean()),
            "displacement": float(((self.at - self.start).norm(dim=-1) * moved).mean()),
            "tracking": self._tracking(),
            "gait": self._gait(),
            "return": float(self.total.mean()),
            "terms": [
                {
                    "term": term.name,
                    "per_step": paid,
                    "share": abs(paid) / whole,
                    "value": value,
                    "per_episode": episode,
                }
                for term, paid, value, episode in zip(
                    self.env.reward.program.terms, per_step, values, per_episode
                )
            ],
        }

    def _tracking(self) -> Optional[Dict[str, Optional[float]]]:
        if not self.followed:
            return None
        asked, measured, valid = (torch.stack(one) for one in zip(*self.followed))
        return tracking(asked, measured, valid, self.dt)

    def _gait(self) -> Optional[Dict[str, Any]]:
        if not self.history:
            return None
        contact, foot_x, valid = (torch.stack(one) for one in zip(*self.history))
        result = gait(contact, foot_x, valid, self.dt)
        if result is not None:
            names = [self.sim.body_names[foot] for foot in self.feet]
            result["swing"] = {f"{names[a]} {names[b]}": value for a, b, value in result["swing"]}
        return result
