"""A spec played beside the formula that it is to equal, on the same episodes."""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

import rewardlang
from rewardlang.task import Task

from .cases import Case
from .episodes import Moment, State, episodes, model
from .formula import Formula

ENVS, STEPS = 8, 80
Payments = Dict[
    str, np.ndarray
]  # by term, in `total`, and whether it `ended` the episode; [steps, envs] each
Maker = Callable[[Task, State], Formula]


class Play(NamedTuple):
    by_spec: Payments
    by_formula: Payments

    def errors(self) -> Dict[str, float]:
        """The greatest error of each, as a share of the most that it pays."""
        pairs = {name: (x, self.by_spec[name]) for name, x in self.by_formula.items()}
        return {name: float(np.max(abs(x - y)) / (np.max(abs(x)) or 1.0)) for name, (x, y) in pairs.items()}


def play(case: Case, spec: Optional[rewardlang.Spec] = None, dtype: torch.dtype = torch.float64) -> Play:
    """The case's spec (or another) and its formula on the case's episodes."""
    task, fixed, moments = course(case)
    program = rewardlang.compile(spec or case.load(), task, quantities=case.host)
    by_spec = spec_pays(program, fixed, moments, dtype, case.metrics)
    return Play(by_spec, expected(case))


@lru_cache(maxsize=None)
def course(case: Case) -> Tuple[Task, State, List[Moment]]:
    """The task of a case, what its robot fixes, and its episodes."""
    task = rewardlang.task_of(case.load())
    fixed = model(task)
    return task, fixed, episodes(task, case.style, case.formula(task, fixed).ends, ENVS, STEPS)


@lru_cache(maxsize=None)
def expected(case: Case) -> Payments:
    """What the case's formula pays on its episodes."""
    return formula_pays(case.formula, *course(case))


def formula_pays(make: Maker, task: Task, fixed: State, moments: Sequence[Moment]) -> Payments:
    formulas = [make(task, fixed) for _ in moments[0].over]
    rows = []
    for i, moment in enumerate(moments):
        if i > 0:
            rows.append([formula.step(s) for formula, s in zip(formulas, moment.reached)])
        for formula, s, over in zip(formulas, moment.after, moment.over):
            if over:
                formula.reset(s)
    paid = {
        name: np.array([[float(p.terms[name]) for p in row] for row in rows]) for name in rows[0][0].terms
    }
    paid["total"] = np.array([[p.total for p in row] for row in rows])
    paid["ended"] = np.array([[float(p.ended) for p in row] for row in rows])
    return paid


def spec_pays(program: rewardlang.Compiled, fixed: State, moments: Sequence[Moment], dtype: torch.dtype = torch.float64, metrics: bool = False) -> Payments:  # fmt: skip
    """With `metrics` the metrics instead of the terms."""
    reward = rewardlang.Reward(program, len(moments[0].over), dtype=dtype)
    rows = []
    for i, moment in enumerate(moments):
        if i > 0:
            rows.append(reward.step(_batch(moment.reached, fixed, reward)))
        if any(moment.over):
            reward.reset(_batch(moment.after, fixed, reward), torch.tensor(moment.over))
    paid = {name: [row.contributions[:, k] for row in rows] for k, name in enumerate(reward.names)}
    if metrics:
        paid = {name: [row.metrics[name] for row in rows] for name in rows[0].metrics}
    paid["total"] = [row.reward for row in rows]
    paid["ended"] = [row.terminated for row in rows]
    return {name: torch.stack(values).double().numpy() for name, values in paid.items()}


def _batch(states: Sequence[State], fixed: State, reward: rewardlang.Reward) -> Dict[str, torch.Tensor]:
    """What the spec reads, of all environments."""
    arrays = {n: fixed[n] if n in fixed else np.stack([s[n] for s in states]) for n in reward.needs}
    return {
        n: torch.as_tensor(x, dtype=torch.bool if x.dtype == bool else reward.dtype)
        for n, x in arrays.items()
    }
