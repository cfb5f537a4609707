"""A Gymnasium vector environment whose reward is a spec's. Gymnasium 1.1 or newer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Union

import gymnasium
import numpy as np
import torch

try:
    from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
except ImportError:
    raise ImportError(
        f"gymnasium {gymnasium.__version__} is too old: rewardlang.integrations.gymnasium needs 1.1 or newer"
    ) from None

from .. import Compiled, HostQuantity, Task
from ..lang import nodes
from .given import Given, bound, check_names, spec_of
from .live import FIXED, described, numbered

Read = Callable[[Any, Mapping[str, Any], np.ndarray], Mapping[str, Any]]
ENDED = {
    "env_terminated": HostQuantity(kind="bool", doc="The environment itself ended the episode on this step.")
}


class ReplaceReward(VectorWrapper):
    """The environment with the reward of `spec` over what `read` finds in it.

    `read(observations, infos, actions)` gives quantities by name as arrays [N, ...] or numbers; `actions` are 0 where an episode
    begins. Also readable: `time_limit` (truncations), `env_terminated`, `episode_step` and `episode_time`. Episodes end where the
    environment ends them. `infos` gains `reward_terms` {name: [N]} and `env_reward` [N], what the environment itself paid.

    Without a `task`, here or in the spec, there is no robot: the spec reads what `quantities` declare, and `alive` is false where the
    environment terminates. `dt` is the control period in s, of an environment that does not say it itself.

    Raises ValueError for an environment of another control period than the task's, or one that does not say how it resets.
    """

    def __init__(self, env: VectorEnv, spec: Given, read: Read, task: Union[Task, str, None] = None,
                 quantities: Optional[Mapping[str, Union[str, HostQuantity]]] = None, params: Optional[Mapping[str, float]] = None,
                 dtype: torch.dtype = torch.float32, dt: Optional[float] = None) -> None:  # fmt: skip
        super().__init__(env)
        mode = env.metadata.get("autoreset_mode")
        if mode is None:
            raise ValueError("the environment's metadata has no `autoreset_mode`")
        self.mode = AutoresetMode(mode)
        period = _period(env, dt)
        if not isinstance(spec, Compiled):
            spec = spec_of(spec)
            if task is None and not any(isinstance(s, nodes.Task) for s in spec.tree.statements):
                task = _without_robot(env, period)
        declared = {**ENDED, **(quantities or {})}
        self.reward = bound(spec, env.num_envs, "cpu", task, declared, params, dtype)
        self.dt = self.reward.program.vocabulary.dt
        if period is not None and abs(period - self.dt) > 1e-9:
            raise ValueError(
                f"a control step of the environment lasts {period:g} s, one of the task {self.dt:g} s"
            )
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
    for key, array in infos.get("final_info", {}).items():
        if not isinstance(array, dict):
            old = told.get(key, np.zeros_like(array))
            told[key] = _put(old, np.asarray(array)[ended], ended)
    return keep, told


def _put(array: Any, rows: Any, mask: np.ndarray) -> np.ndarray:
    out = np.array(array)
    out[mask] = np.asarray(rows)
    return out


def _period(env: VectorEnv, given: Optional[float]) -> Optional[float]:
    """How long a control step lasts, s: as the environment says, else as given. Raises ValueError where the two differ."""
    inner: Any = env.unwrapped
    try:  # asked first, as a worker of AsyncVectorEnv that lacks an attribute is shut down
        said = set(inner.get_attr("dt")) if all(inner.call("has_wrapper_attr", "dt")) else set()
    except AttributeError:  # vectorised by itself
        said = {inner.dt} if hasattr(inner, "dt") else set()
    periods = {float(period) for period in said | ({given} - {None}) if isinstance(period, (int, float))}
    if periods and max(periods) - min(periods) > 1e-9:
        raise ValueError(
            f"a control step lasts {' s or '.join(f'{p:g}' for p in sorted(periods))} s, which differ"
        )
    return next(iter(periods), None)


def _without_robot(env: VectorEnv, dt: Optional[float]) -> Task:
    """The environment as a task without joints and bodies. Raises ValueError if nobody says how long its control step is."""
    if dt is None:
        raise ValueError("the environment does not say how long a control step lasts: `ReplaceReward(..., dt=0.02)`, in s, or a `task`")  # fmt: skip
    about = env.unwrapped.spec
    robot = {name: () for name in FIXED}
    steps = getattr(about, "max_episode_steps", None) or 1000
    actions = numbered(int(np.prod(env.single_action_space.shape or (1,))))
    task = described(getattr(about, "id", type(env.unwrapped).__name__), dt, steps, (), (), actions, {}, robot)  # fmt: skip
    return replace(task, quantities={})  # `env_terminated` is declared for every task
