"""`check --probe`: scripted behaviours on the task's simulator, in seconds on a CPU, and what they say of a reward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

import torch

from ..lang.compiler import Compiled, allowed
from ..lang.diagnostics import Diagnostic, error
from ..lang.expect import BEHAVIOURS, Expectation
from ..reward import Reward
from ..sim import make_sim
from ..task import Task, load_task
from .behaviours import Course, run
from .env import Host, RewardEnv
from .mirrors import Mirrors
from .ppo_config import load_settings
from .probe_lints import RULES, unjudged

ENVS = 16
SECONDS = 3.0  # of simulated time, each behaviour


@dataclass(frozen=True)
class Probe:
    """What the behaviours were paid, what was found, and which `expect` lines about returns hold."""

    program: Compiled
    dt: float
    courses: Mapping[str, Course]
    findings: Tuple[Diagnostic, ...]
    returns: Tuple[Tuple[Expectation, bool], ...]

    def to_dict(self) -> Dict[str, Any]:
        """All of it as plain data."""
        terms = [term.name for term in self.program.terms]
        return {
            "behaviours": {
                name: {
                    "length_s": course.length * self.dt,
                    "failed": float(course.failed.float().mean()),
                    "return": float(course.returns.mean()),
                    "per_step": float(course.total.sum() / course.on.sum()),
                    "terms": dict(zip(terms, course.per_step.tolist())),
                }
                for name, course in self.courses.items()
            },
            "findings": [finding.to_dict() for finding in self.findings],
            "expectations": [{**e.to_dict(), "holds": holds} for e, holds in self.returns],
            "unjudged": unjudged(self.program),
        }


def probe_task(program: Compiled, task: Any, params: Mapping[str, float], sim: str = "mujoco") -> Probe:
    """The probe of a spec compiled for a task (its name, its folder, or None for the one that the spec names)."""
    torch.set_num_threads(1)
    loaded = load_task(task or program.vocabulary.task)
    gamma = load_settings(loaded.ppo, "ppo")["params"]["config"]["gamma"] if loaded.ppo.exists() else 0.99
    return probe(program, loaded, gamma=gamma, params=params, sim=sim)


def probe(program: Compiled, task: Task, *, gamma: float = 0.99, params: Optional[Mapping[str, float]] = None, sim: str = "mujoco",
          host: Optional[Host] = None, seed: int = 1) -> Probe:  # fmt: skip
    """The behaviours of `lang.expect.BEHAVIOURS`, at most three seconds each. `program` computes the task's observations."""
    env = RewardEnv(task, program, make_sim(sim, task, ENVS, "cpu", seed), seed, gamma, host)
    try:
        for name, value in (params or {}).items():
            env.reward.set_param(name, value)
        steps = min(task.max_episode_length, max(1, round(SECONDS / task.dt)))
        mirrors = Mirrors(program, ENVS)
        courses = {
            name: run(env, name, steps, gamma, mirrors.see if name in ("random", "fall") else None)
            for name in BEHAVIOURS
        }
    finally:
        env.sim.close()
    found = [f for rule in RULES for f in rule(program, courses)]
    found += mirrors.findings()
    returns = tuple(_returns(program, courses))
    found += [_broken(e) for e, holds in returns if not holds]
    kept = tuple(f for f in found if not allowed(f))
    return Probe(program, task.dt, courses, kept, returns)


def _returns(program: Compiled, courses: Mapping[str, Course]) -> List[Tuple[Expectation, bool]]:
    """The `expect` lines about returns, and whether they hold of the means."""
    given = {f"return({name})": course.returns.mean()[None] for name, course in courses.items()}
    out = []
    for expectation in program.expectations:
        if expectation.kind == "behaviours":
            out.append((expectation, _holds(program.law(expectation), given)))
    return out


def _holds(law: Compiled, given: Dict[str, torch.Tensor]) -> bool:
    """Whether a law about returns holds; the quantities of a step do not matter to it."""
    reward = Reward(law, 1)
    zeros = {name: torch.zeros(shape, dtype=dtype) for name, (shape, dtype) in reward.shapes.items()}
    for name in zeros:
        if name.endswith("quat"):
            zeros[name][..., 3] = 1
    reward.reset({**zeros, **given})
    return bool(reward.step({**zeros, **given}).metrics["holds"] == 1)


def _broken(expectation: Expectation) -> Diagnostic:
    return error("RW520", expectation.span, "this does not hold of the behaviours that were run",
                 help="the table of behaviours shows what each is paid")  # fmt: skip
