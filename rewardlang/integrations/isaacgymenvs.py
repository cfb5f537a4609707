"""A task of IsaacGymEnvs with the reward of a spec."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

import torch

from .. import HostQuantity, Reward
from .given import Given, bound, read
from .live import at_reset, fixed, live_task, quantities, without_robot


def attach(task_class: Any, spec: Given, *, groups: Optional[Mapping[str, Any]] = None, host: Optional[Mapping[str, HostQuantity]] = None,
           params: Optional[Mapping[str, float]] = None) -> Any:  # fmt: skip
    """A subclass of a task of IsaacGymEnvs whose `compute_reward` pays what the spec says. The task itself stays as it is.

    Raises RewardError for a name that the spec reads and nobody has; a joint or a body that the robot lacks is one where a task is made.
    Attached again, a task is paid by the second spec alone.

    `groups` names bodies or joints: {"feet": ("bodies", ["left_foot", "right_foot"])}, or "*_foot". `host` declares attributes of the task
    that the spec reads beside the language's names. The task's own resets stay, and the spec's terminations add to them. `extras` gains
    `gt_reward`, the task's own mean, `episode` {"rew_NAME": mean} and `episode_cumulative` {"rew_NAME": [N]}, as its observers log them.
    """
    if not isinstance(task_class, type):
        raise TypeError(f"a class of a task is due, not {task_class!r}")
    if "attached_to" in vars(task_class):  # a second spec takes the place of the first
        task_class = vars(task_class)["attached_to"]
    elif hasattr(task_class, "attached_to"):
        raise TypeError(
            f"{task_class.__name__} is made of a task that has a spec already: attach to what it was made of"
        )
    spec = read(spec, without_robot(task_class.__name__, groups or {}), host)

    class Attached(task_class):
        attached_to = task_class
        reward: Optional[Reward] = None
        reset_buf: Any

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            if self.reward is None:
                self._bind()  # mistakes are told before a training begins

        def compute_reward(self, *arguments: Any) -> None:
            super().compute_reward(*arguments)
            if self.reward is None:
                self._bind()
            reward = self.reward
            assert reward is not None
            over = self.progress_buf >= self.max_episode_length - 1  # [N]
            ended = self.reset_buf.bool()
            step = self.progress_buf + 1  # a state just reset is paid too, as the task does
            given = {**self._fixed, "time_limit": over, "env_terminated": ended & ~over, "episode_step": step, "episode_time": step * self._period}  # fmt: skip
            values = quantities(reward, self, given)
            reward.reset(at_reset(values, self._begun), self._begun)
            self._begun.zero_()
            out = reward.step(values)
            self.extras["gt_reward"] = self.rew_buf.mean()
            self.rew_buf[:] = out.reward
            self.reset_buf = torch.where(
                out.terminated | out.nonfinite, torch.ones_like(self.reset_buf), self.reset_buf
            )
            paid = out.contributions.clone()  # a fused kernel writes into the same tensor again
            terms: Dict[str, torch.Tensor] = {
                f"rew_{name}": paid[:, i] for i, name in enumerate(reward.names)
            }
            means = {name: term.mean() for name, term in terms.items()}
            self.extras["episode_cumulative"] = {**self.extras.get("episode_cumulative", {}), **terms}
            self.extras["episode"] = {**self.extras.get("episode", {}), **means}  # anew: observers change it

        def reset_idx(self, env_ids: Any, *more: Any) -> None:
            super().reset_idx(env_ids, *more)
            if self.reward is not None:
                self._begun[env_ids] = True

        def _bind(self) -> None:
            self._period = float(self.cfg["sim"]["dt"]) * getattr(self, "control_freq_inv", 1)
            efforts = {"torque_limits": self.motor_efforts.tolist()} if hasattr(self, "motor_efforts") else {}
            task = live_task(self, self._period, int(self.max_episode_length), groups or {}, efforts)
            self.reward = bound(spec, self.num_envs, self.device, task, host, params)
            self._fixed = fixed(self.reward, self, task)
            self._begun = torch.ones(self.num_envs, dtype=torch.bool, device=self.device)

    Attached.__name__ = Attached.__qualname__ = task_class.__name__
    Attached.__module__ = task_class.__module__
    return Attached
