"""Seconds in float32: what has lasted 15 steps of 0.02 s has lasted 0.3 s, not a little less."""

from __future__ import annotations

import pytest
import torch

import rewardlang


@pytest.mark.parametrize("task, dt", [("humanoid", 0.02)])
def test_a_timer_reaches_its_limit_on_the_step_that_does(task: str, dt: float) -> None:
    limits = [round(k * dt, 6) for k in range(1, 400, 7)]
    text = "c = forward_vel > 0\nreward =" + "".join(
        f"\n  + (timer(c) >= {x}[s]) as t{i}" for i, x in enumerate(limits)
    )
    reward = rewardlang.Reward(rewardlang.compile(text, task), 1)
    state = {
        "root_pos": torch.ones(1, 3),
        "root_quat": torch.tensor([[0.0, 0.0, 0.0, 1.0]]),
        "root_lin_vel": torch.ones(1, 3),
    }
    reward.reset(state)
    first = {}
    for step in range(1, 400):
        for i, held in enumerate(reward.step(state).values[0].tolist()):
            if held and i not in first:
                first[i] = step
    assert [first[i] for i in range(len(limits))] == [round(x / dt) for x in limits]
