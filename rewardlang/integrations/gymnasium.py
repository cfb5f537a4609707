"""A Gymnasium vector environment whose reward is a spec's. Gymnasium 1.1 or newer."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Union

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from .. import HostQuantity, Task
from .given import Given, bound, check_names

Read = Callable[[Any, Mapping[str, Any], np.ndarray], Mapping[str, Any]]
ENDED = {
    "env_terminated": HostQuantity(kind="bool", doc="The environment itself ended the episode on this step.")
}


class ReplaceReward(VectorWrapper):
    """The environment with the reward of `spec` over what `read` finds in it.

    `read(observations, infos, actions)` gives quantities by name as arrays [N, ...] or numbers; `actions` are 0 where an episode
    begins. Also readable: `time_limit` (truncations), `env_terminated`, `episode_step` and `episode_time`. Episodes end where the
    environment ends them. `infos` gains `reward_terms` {name: [N]} and `env_reward` [N], what the environment itself paid.

    Raises ValueError for an environment of another control period than the task's, or one that does not say how it resets.
    """

    def __init__(self, env: VectorEnv, spec: Given, read: Read, task: Union[Task, str, None] = None,
                 quantities: Optional[Mapping[str, Union[str, HostQuantity]]] = None, params: Optional[Mapping[str, float]] = None,
                 dtype: torch.dtype = torch.float32) -> None:  # fmt: skip
        super().__init__(env)
        mode = env.metadata.get("autoreset_mode")
        if mode is None:
            raise ValueError("the environment's metadata has no `autoreset_mode`")
        self.mode = AutoresetMode(mode)
        self.reward = bound(spec, env.num_envs, "cpu", task, {**ENDED, **(quantities or {})}, params, dtype)
        self.dt = self.reward.program.vocabulary.dt
        _check_period(env, self.dt)
        self.read = read
        self.ended = np.zeros(env.num_envs, bool)  # [N], by the last step
        self.steps = np.zeros(env.num_envs)  # [N], of the episode

    def reset(
        self, *, seed: Any = None, options: Optional[Dict[str, Any]] = None
    ) -> Tuple[Any, Dict[str, Any]]:
        """As the environment's; with the option `reset_mask` [N] only those environments begin anew."""
        everyone = np.ones(self.num_envs, bool)
        mask = np.array(
            (options or {}).get("reset_mask", everyone)
        )  # the environment takes it out of its options
        observations, infos = self.env.reset(seed=seed, options=options)
        self._begin(observations, infos, mask)
        return observations, infos

    def step(self, actions: Any) -> Tuple[Any, np.ndarray, np.ndarray, np.ndarray, Dict[str, Any]]:
        """One step of all environments; one that only begins anew on it (Gymnasium's NEXT_STEP) is paid 0."""
        begins = self.ended if self.mode is AutoresetMode.NEXT_STEP else np.zeros(self.num_envs, bool)
        observations, env_reward, terminated, truncated, infos = self.env.step(actions)
        ended = np.asarray(terminated) | np.asarray(truncated)  # [N]
        reached, told = (observations, infos)
        if self.mode is AutoresetMode.SAME_STEP and ended.any():
            reached, told = _final(observations, infos, ended)
        self.steps += 1
        given = dict(self.read(reached, told, np.asarray(actions)))
        outcome = {"time_limit": truncated, "env_terminated": terminated}
        out = self.reward.step(self._tensors(given, outcome))
        zero = torch.from_numpy(begins)
        paid = out.reward.masked_fill(zero, 0.0).numpy().astype(np.float64)
        contributions = out.contributions.masked_fill(zero[:, None], 0.0).numpy()
        terms = {name: contributions[:, i] for i, name in enumerate(self.reward.names)}
        again = ended if self.mode is AutoresetMode.SAME_STEP else begins
        if again.any():
            self._begin(observations, infos, again, np.asarray(actions))
        self.ended = ended
        return (
            observations,
            paid,
            terminated,
            truncated,
            {**infos, "reward_terms": terms, "env_reward": env_reward},
        )

    def _begin(
        self,
        observations: Any,
        infos: Mapping[str, Any],
        mask: np.ndarray,
        actions: Optional[np.ndarray] = None,
    ) -> None:
        """Start the episodes of `mask` [N] in the states that the observations hold."""
        self.ended = self.ended & ~mask
        self.steps[mask] = 0
        if actions is None:
            actions = np.zeros(self.action_space.shape or (self.num_envs,))
        actions = np.where(mask.reshape(-1, *[1] * (actions.ndim - 1)), 0, actions)
        given = dict(self.read(observations, infos, actions))
        self.reward.reset(
            self._tensors(given, {"time_limit": False, "env_terminated": False}), torch.from_numpy(mask)
        )

    def _tensors(self, given: Dict[str, Any], outcome: Mapping[str, Any]) -> Dict[str, torch.Tensor]:
        """What the spec reads, as tensors of the shapes that it wants."""
        given = {"episode_step": self.steps, "episode_time": self.steps * self.dt, **given, **outcome}
        check_names(self.reward, given, "`read`")
        out = {}
        for name, (shape, dtype) in self.reward.shapes.items():
            array = torch.as_tensor(np.asarray(given[name]), dtype=dtype)
            out[name] = array.expand(shape) if array.dim() == 0 else array
        return out


def _final(observations: Any, infos: Mapping[str, Any], ended: np.ndarray) -> Tuple[Any, Dict[str, Any]]:
    """Observations and infos of the states that the step reached, where the environment began anew on the same step."""
    final = infos["final_obs"]
    if isinstance(observations, dict):
        keep: Any = {key: _put(x, [final[i][key] for i in np.flatnonzero(ended)], ended) for key, x in observations.items()}  # fmt: skip
    else:
        keep = _put(observations, [final[i] for i in np.flatnonzero(ended)], ended)
    told: Dict[str, Any] = dict(infos)
    for key, array in infos["final_info"].items():
        if not isinstance(array, dict):
            old = told.get(key, np.zeros_like(array))
            told[key] = _put(old, np.asarray(array)[ended], ended)
    return keep, told


def _put(array: Any, rows: Any, mask: np.ndarray) -> np.ndarray:
    out = np.array(array)
    out[mask] = np.asarray(rows)
    return out


def _check_period(env: VectorEnv, dt: float) -> None:
    """Raise ValueError if an environment that knows its control period has another one than the task."""
    try:
        periods = env.unwrapped.get_attr("dt")  # type: ignore[attr-defined]
    except AttributeError:
        return
    if any(abs(period - dt) > 1e-9 for period in periods):
        raise ValueError(
            f"a control step of the environment lasts {periods[0]:g} s, one of the task {dt:g} s"
        )
