"""A robot of legged_gym with the reward of a spec, in place of its reward functions and scales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping

import torch

from .. import HostQuantity
from .given import Given, bound
from .live import ROOT, at_reset, fixed, live_task, quantities, root, widest


class RewardMixin:
    """Stands before a LeggedRobot: `class MyRobot(RewardMixin, Anymal): reward_spec = "walk.reward"`.

    `episode_sums` has the spec's terms, so runners log `rew_NAME` as before; scales and `only_positive_rewards` of the config play no
    part. Weights mean what the spec says: nothing is multiplied by dt again. The robot's own terminations stay, the spec's add to them.
    """

    reward_spec: Given
    reward_params: Mapping[str, float] = {}
    reward_groups: Mapping[str, Any] = {}  # beside `feet`, {"knees": ("joints", [...])}
    reward_host: Mapping[
        str, HostQuantity
    ] = {}  # attributes of the robot that the spec reads beside the language's names

    reset_buf: Any
    _reached: Mapping[str, torch.Tensor] = {}

    def __init_subclass__(cls, **more: Any) -> None:
        """Raises TypeError where the robot stands before the mixin: its own rewards would be paid, without a word."""
        super().__init_subclass__(**more)
        first = next(base for base in cls.__mro__[1:] if "_prepare_reward_function" in vars(base))
        if not issubclass(first, RewardMixin):
            raise TypeError(
                f"{cls.__name__} has the rewards of {first.__name__}: RewardMixin goes first, `class {cls.__name__}(RewardMixin, ...)`"
            )

    if TYPE_CHECKING:  # what the robot's own classes have

        def __getattr__(self, name: str) -> Any: ...

    def _prepare_reward_function(self) -> None:
        """Bind the spec. Raises ValueError if the command curriculum asks for a term that the spec does not have."""
        names = self.gym.get_actor_rigid_body_names(self.envs[0], 0)
        feet = [names[i] for i in self.feet_indices.tolist()]
        robot = {
            "default_dof_pos": self.default_dof_pos.flatten().tolist(), "stiffness": self.p_gains.tolist(), "damping": self.d_gains.tolist(),
            "torque_limits": self.torque_limits.tolist(), "dof_vel_limits": self.dof_vel_limits.tolist(),
            "action_scale": [self.cfg.control.action_scale] * self.num_actions,
        }  # fmt: skip
        commands = widest(self.command_ranges, float(getattr(self.cfg.commands, "max_curriculum", 0.0)))
        task = live_task(
            self,
            self.dt,
            int(self.max_episode_length),
            {"feet": ("bodies", feet), **self.reward_groups},
            robot,
            commands,
        )
        self.reward = reward = bound(
            self.reward_spec, self.num_envs, self.device, task, self.reward_host, self.reward_params
        )
        if self.cfg.commands.curriculum and "tracking_lin_vel" not in reward.names:
            raise ValueError(
                f"commands.curriculum reads a term `tracking_lin_vel`; {reward.program.name} has {', '.join(reward.names)}"
            )
        self._fixed = fixed(reward, self, task)
        self.reward_functions: List[Any] = []
        self.reward_names = list(reward.names)
        self.reward_scales = dict(
            zip(reward.names, reward.weights.tolist())
        )  # of one step, as the curriculum compares
        self.episode_sums = {name: torch.zeros(self.num_envs, device=self.device) for name in reward.names}

    def _post_physics_step_callback(self) -> None:
        """It may push the robots: their rewards are for the state before."""
        state = root(self).clone()
        self._reached = {name: state[:, part] for name, part in ROOT.items()}
        super()._post_physics_step_callback()  # type: ignore[misc]

    def compute_reward(self) -> None:
        values = self._quantities(
            self.time_out_buf, self.reset_buf.bool() & ~self.time_out_buf, self._reached
        )
        if not self.reward.seeded:
            self.reward.reset(at_reset(values, torch.ones_like(self.time_out_buf)))
        out = self.reward.step(values)
        self.rew_buf[:] = out.reward
        self.reset_buf = self.reset_buf | out.terminated | out.nonfinite
        for i, name in enumerate(self.reward_names):
            self.episode_sums[name] += out.contributions[:, i]

    def reset_idx(self, env_ids: Any) -> None:
        super().reset_idx(env_ids)  # type: ignore[misc]
        if len(env_ids) == 0:
            return
        mask = torch.zeros(self.num_envs, dtype=torch.bool, device=self.device)
        mask[env_ids] = True
        never = torch.zeros_like(mask)
        self.reward.reset(at_reset(self._quantities(never, never), mask), mask)

    def _quantities(
        self, over: torch.Tensor, ended: torch.Tensor, reached: Mapping[str, torch.Tensor] = {}
    ) -> Dict[str, torch.Tensor]:
        step = self.episode_length_buf
        given = {
            **self._fixed,
            **reached,
            "time_limit": over,
            "env_terminated": ended,
            "episode_step": step,
            "episode_time": step * self.dt,
        }
        return quantities(self.reward, self, given)
