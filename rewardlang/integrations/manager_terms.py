"""A spec as one reward term, and its `terminate` rules as one termination term, of a manager as mjlab and Isaac Lab have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

import torch

from .. import Compiled, Spec
from ..lang import nodes
from .articulation import Articulation, Described
from .given import Given, bound, spec_of
from .live import at_reset, fixed, quantities


def settings(spec: Given, asset: str, command: Optional[str], groups: Optional[Mapping[str, Any]], host: Optional[Mapping[str, Any]],
             params: Optional[Mapping[str, float]]) -> Dict[str, Any]:  # fmt: skip
    """What a term's config keeps. A file is read here once, so that a mistake in it shows where the config is made."""
    if not isinstance(spec, (Spec, Compiled)):
        spec_of(spec)
        spec = str(Path(spec).resolve()) if Path(spec).is_file() else str(spec)
    return {"spec": spec, "asset": asset, "command": command, "groups": dict(groups or {}), "host": dict(host or {}), "params": dict(params or {})}  # fmt: skip


class SpecTerm:
    """A spec bound to a manager-based environment."""

    # What the library knows of the robot beside its states: a function of the environment and the asset's name.
    describe: Callable[[Any, str], Described]

    def __init__(self, cfg: Any, env: Any) -> None:
        given = dict(cfg.params)
        about = self.describe(env, given["asset"])
        about.given.update(given["host"])
        self.cfg, self._env = cfg, env
        self.robot = Articulation(env, given["asset"], given["command"], about)
        task = self.robot.task(given["groups"])
        declared = {name: what for name, (what, _) in about.given.items()}
        self.reward = bound(given["spec"], env.num_envs, env.device, task, declared, given["params"])
        self.fixed = fixed(self.reward, self.robot, task, self.robot.sources)
        self.begun = torch.ones(env.num_envs, dtype=torch.bool, device=env.device)  # no action yet
        self.never = torch.zeros_like(self.begun)
        self.waits = True
        _before_actions(env.action_manager, self._begin)

    def reset(self, env_ids: Any = None) -> None:
        self.begun[slice(None) if env_ids is None else env_ids] = True
        self.waits = True

    @property
    def has_rules(self) -> bool:
        """Whether the spec says when an episode ends."""
        return any(isinstance(s, nodes.Terminate) for s in self.reward.program.tree.statements)

    def _begin(self) -> None:
        """Start what the spec remembers at the reset states. The state is whole only now: a manager resets before the simulator and the
        commands are up to date."""
        if self.waits and self.reward.state:
            values = self._values(self.never, self.never, torch.zeros_like(self._env.episode_length_buf))
            self.reward.reset(at_reset(values, self.begun), self.begun)
        self.begun.zero_()
        self.waits = False

    def _step(self, over: torch.Tensor, ended: torch.Tensor) -> Any:
        self._begin()  # for who computes rewards without having acted
        return self.reward.step(self._values(over, ended, self._env.episode_length_buf))

    def _values(self, over: torch.Tensor, ended: torch.Tensor, step: torch.Tensor) -> Dict[str, torch.Tensor]:
        given = {**self.fixed, "time_limit": over, "env_terminated": ended, "episode_step": step, "episode_time": step * self._env.step_dt}  # fmt: skip
        return quantities(self.reward, self.robot, given, self.robot.sources)


class SpecReward(SpecTerm):
    """What the spec pays, all of it, as one term. Each of its terms is logged as if it were one of the manager's own.

    The manager multiplies by dt (and by the term's weight, 1), so the value is what the spec pays divided by dt.
    """

    def __init__(self, cfg: Any, env: Any) -> None:
        super().__init__(cfg, env)
        names = self.reward.names
        taken = sorted(set(names) & set(_entries(env.cfg.rewards)))
        if taken:
            raise ValueError(f"the environment's rewards and {self.reward.program.name} both have a term {', '.join(taken)}: their logs would have one name")  # fmt: skip
        manager = env.termination_manager
        ends = [
            key for key in manager.active_terms if isinstance(manager.get_term_cfg(key).func, SpecTermination)
        ]
        if self.has_rules and not ends:
            raise ValueError(f"{self.reward.program.name} has `terminate` rules, and no termination of the environment follows them: "
                             "add termination_term(...) to its terminations, or `drop` them")  # fmt: skip
        self.scale = float(env.step_dt) if getattr(env.cfg, "scale_rewards_by_dt", True) else 1.0
        self.paid = torch.zeros(env.num_envs, len(names), device=env.device)

    def __call__(self, env: Any, spec: Any = None, asset: Any = None, command: Any = None, groups: Any = None, host: Any = None, params: Any = None) -> torch.Tensor:  # fmt: skip
        """[N], what the spec pays, divided by what the manager will multiply by. The settings were read at the start."""
        ends = env.termination_manager
        out = self._step(ends.time_outs, ends.terminated)
        self.paid += out.contributions
        log = env.extras.setdefault("log", {})
        log.update({f"Metrics/{name}": metric.mean() for name, metric in out.metrics.items()})
        return out.reward / self.scale

    def reset(self, env_ids: Any = None) -> None:
        super().reset(env_ids)
        ids = slice(None) if env_ids is None else env_ids
        means = self.paid[ids].mean(0) / self._env.max_episode_length_s
        log = self._env.extras.setdefault("log", {})
        log.update({f"Episode_Reward/{name}": mean for name, mean in zip(self.reward.names, means.unbind())})
        self.paid[ids] = 0.0


class SpecTermination(SpecTerm):
    """Where one of the spec's own rules ends an episode, or a value that is not finite does.

    It is asked before the environment's other terminations are known: there, `env_terminated` is false.
    """

    def __init__(self, cfg: Any, env: Any) -> None:
        super().__init__(cfg, env)
        if not self.has_rules:
            raise ValueError(f"{self.reward.program.name} has no `terminate` rule")
        self.causes: Dict[str, torch.Tensor] = {}

    def __call__(self, env: Any, spec: Any = None, asset: Any = None, command: Any = None, groups: Any = None, host: Any = None, params: Any = None) -> torch.Tensor:  # fmt: skip
        """[N] bool"""
        out = self._step(env.episode_length_buf >= env.max_episode_length, self.never)
        self.causes = {name: cause.clone() for name, cause in out.causes.items()}
        return out.terminated | out.nonfinite

    def reset(self, env_ids: Any = None) -> None:
        super().reset(env_ids)
        ids = slice(None) if env_ids is None else env_ids
        log = self._env.extras.setdefault("log", {})
        log.update(
            {f"Episode_Termination/{name}": int(cause[ids].sum()) for name, cause in self.causes.items()}
        )


def _entries(config: Any) -> Sequence[str]:
    """The names that a manager's config gives its terms: a dictionary, or an object with attributes."""
    terms = config if isinstance(config, dict) else vars(config)
    return [name for name, term in terms.items() if term is not None]


def _before_actions(actions: Any, look: Any) -> None:
    """Call `look` before each step's actions are taken: then all states, commands and sensors are those that the policy saw."""
    take = actions.process_action

    def process_action(action: torch.Tensor) -> None:
        look()
        take(action)

    actions.process_action = process_action
