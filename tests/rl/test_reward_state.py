"""A checkpoint holds what the reward remembers, and a resumed run takes it up."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

import pytest
import torch

from rewardlang.rl.env import RewardEnv
from rewardlang.rl.train import train

SPEC = """
param gain = 2 in [0, 5]
touch = contact_forces[feet].z > 1[N]
reward = gain*alive + sum(timer(touch)) as held - 0.1*sum(rate(dof_vel)^2)*1e-6 as jerk + ema(forward_vel, 0.2) as smooth
  + sum(prev(running_max(body_pos[feet].z, reset_when=touch)) * rising(touch)) as peak + integral(forward_vel) as way + ever(any(touch)) as met
"""


def test_a_checkpoint_holds_what_the_reward_remembers(
    small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: List[List[torch.Tensor]] = []
    taken: List[List[torch.Tensor]] = []
    save, load = RewardEnv.get_env_state, RewardEnv.set_env_state

    def saving(env: RewardEnv) -> Any:
        kept.append([slot.clone() for slot in env.reward.state])
        return save(env)

    def loading(env: RewardEnv, saved: Any) -> None:
        load(env, saved)
        taken.append([slot.clone() for slot in env.reward.state])
        assert env.reward.params == {"gain": 3.0} and env.reward.seeded

    monkeypatch.setattr(RewardEnv, "get_env_state", saving)
    monkeypatch.setattr(RewardEnv, "set_env_state", loading)
    (tmp_path / "a.reward").write_text(SPEC, encoding="utf-8")
    run = small(spec=tmp_path / "a.reward", max_epochs=2, params={"gain": 3.0})
    stored = torch.load(run / "nn" / "last.pth", weights_only=True)["env_state"]["reward"]["state"]
    assert [slot.dtype for slot in stored].count(torch.bool) >= 2 and all(bool(slot.any()) for slot in stored)
    train(resume=run, max_epochs=3)
    assert len(taken) == 1
    same = lambda one, other: all(torch.equal(a, b) for a, b in zip(one, other))
    assert same(stored, taken[0]) and any(same(stored, one) for one in kept)
