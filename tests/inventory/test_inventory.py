"""Every term of the tables, compiled for its task, against its formula in NumPy on random states with resets."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import pytest
import torch

import rewardlang
from rewardlang.lang.compiler import Compiled

from . import FURTHER, LISTED, TABLES
from .table import Row
from .world import Memory, N, State, task_of, with_hosts

ROWS = [row for table in TABLES for row in table]


def compiled(row: Row) -> Compiled:
    quantities = {
        name: rewardlang.HostQuantity(host.axes, host.parts[1] or None, host.parts[2], kind=host.kind)
        for name, host in row.hosts.items()
    }
    return rewardlang.compile(row.spec, task_of(row.task), quantities=quantities)


def tensors(reward: Any, raw: Dict[str, np.ndarray]) -> Dict[str, torch.Tensor]:
    return {name: torch.from_numpy(raw[name]) for name in reward.needs}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.key))
def test_term(row: Row) -> None:
    program = compiled(row)
    unexpected = [
        f"{w.code}: {w.message}"
        for w in program.warnings
        if w.code not in row.allow and not "RW503" <= w.code <= "RW508" and w.code not in ("RW511", "RW516")
    ]  # the published formulas divide by what can be 0; those of costs alone end with the time; a row is a part of its spec
    assert not unexpected
    reward = rewardlang.Reward(program, num_envs=N, dtype=torch.float64)
    reward.set_globals(**row.run)
    memory, task = Memory(), task_of(row.task)
    expected, actual = [], []
    last = None
    for step, moment in enumerate(with_hosts(row.task, row.hosts)):
        if step:
            memory.first = last.first
            expected.append(row.value(State(moment.reached, task, last, last.first), memory) + np.zeros(N))
            actual.append(reward.step(tensors(reward, moment.reached)).reward.numpy())
        reward.reset(tensors(reward, moment.after), torch.from_numpy(moment.reset))
        last = State(moment.after, task, last, moment.reset)
    want = np.array(expected)
    np.testing.assert_allclose(np.array(actual), want, rtol=1e-8, atol=1e-9, err_msg=row.spec)
    assert row.rare or (want.std() > 1e-4 and (np.abs(want) > 1e-6).mean() > 0.02), (
        "the states do not exercise this term"
    )


def test_the_tables_are_whole() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)
    assert sum(len(table) for table in LISTED) == 105 and sum(len(table) for table in FURTHER) >= 250
