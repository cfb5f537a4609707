"""The figures of the logs, against numpy on everything that was paid."""

from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np
import pytest
import torch

import rewardlang
from rewardlang.reward import Reward
from rewardlang.statistics import FIGURES

N, STEPS, WIDTH = 32, 50, 0.5
SPEC = f"""
param w = {WIDTH}[m/s] in [0.1, 2]
reward = 2*forward_vel as speed + gauss(forward_vel - 1[m/s], w) as tracking + (base_height > 1[m]) * laplace(base_lin_vel.y, 1[m/s]) as gated
       + 3*alive - 0.5*clip(base_height/1[m], 0.2, 0.8) as height
"""
TERMS = ("speed", "tracking", "gated", "alive", "height")


def play(text: str) -> Tuple[Dict[str, float], np.ndarray, np.ndarray, np.ndarray, Dict[str, np.ndarray]]:
    """What is read after STEPS random steps; contributions and values [S, N, T], rewards and ends [S, N], states [S, N]."""
    reward, rng = Reward(rewardlang.compile(text), N), torch.Generator().manual_seed(0)
    state: Dict[str, torch.Tensor] = {}
    for name, (shape, dtype) in reward.shapes.items():
        state[name] = torch.zeros(shape, dtype=dtype)
    paid, values, totals, done, seen = [], [], [], [], {"vx": [], "vy": [], "z": []}  # type: ignore[var-annotated]
    for step in range(STEPS):
        velocity = torch.randn(N, 3, generator=rng)
        state["root_quat"] = torch.tensor([0.0, 0, 0, 1]).repeat(N, 1)
        state["root_lin_vel"] = velocity
        state["root_pos"] = torch.rand(N, 3, generator=rng) * torch.tensor([0, 0, 1.5])
        if step == 0:
            reward.reset(state)
            continue
        out = reward.step(state)
        reward.reset(state, out.done)
        paid.append(out.contributions.double().numpy()), values.append(out.values.double().numpy())
        totals.append(out.reward.double().numpy()), done.append(out.done.numpy())
        for name, one in (("vx", velocity[:, 0]), ("vy", velocity[:, 1]), ("z", state["root_pos"][:, 2])):
            seen[name].append(one.double().numpy())
    states = {name: np.stack(one) for name, one in seen.items()}
    states["values"], states["totals"] = np.stack(values), np.stack(totals)
    return reward.read_statistics(), np.stack(paid), np.stack(done), states["totals"], states


def episodes(amounts: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Sums [E, ...] over the episodes that ended of amounts [S, N, ...]."""
    out: List[np.ndarray] = []
    open_sums = np.zeros_like(amounts[0])
    for amount, ended in zip(amounts, done):
        open_sums = open_sums + amount
        out += list(open_sums[ended])
        open_sums[ended] = 0
    return np.stack(out)


@pytest.mark.parametrize("total", ["", "total = max(reward, 1)\n"], ids=["plain", "total"])
def test_the_figures_are_what_they_say(total: str) -> None:
    read, paid, done, totals, seen = play(SPEC + total)
    values, size = seen["values"], np.abs(paid).sum((0, 1))
    whole = episodes(totals if total else paid.sum(2), done)
    parts = episodes(paid, done)
    assert read["episodes"] == len(whole) > 50
    for i, term in enumerate(TERMS):
        found = {
            name: read[f"diagnostics_{name}/{term}"]
            for name in FIGURES
            if f"diagnostics_{name}/{term}" in read
        }
        expected = {
            "spread": paid[:, :, i].std(),
            "share": size[i] / size.sum(),
            "return_share": np.cov(parts[:, i], whole, bias=True)[0, 1] / whole.var(),
        }
        expected["saturated_low"], expected["saturated_high"], expected["gated_off"], expected["error"] = {
            "speed": (None, None, None, None),
            "tracking": ((values[:, :, i] <= 0.01).mean(), (values[:, :, i] >= 0.99).mean(), None,
                         np.sqrt(((seen["vx"] - 1) ** 2).mean())),
            "gated": ((values[:, :, i] <= 0.01).mean(), (values[:, :, i] >= 0.99).mean(), (seen["z"] <= 1).mean(),
                      np.abs(seen["vy"][seen["z"] > 1]).mean()),
            "alive": (None, None, None, None),
            "height": ((seen["z"] <= 0.206).mean(), (seen["z"] >= 0.794).mean(), None, None),
        }[term]  # fmt: skip
        wanted = {name: value for name, value in expected.items() if value is not None}
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6), term


@pytest.mark.parametrize("total", ["", "total = max(reward, 1)\n", "total = reward * alive\n"])
def test_shares_add_up_to_1(total: str) -> None:
    read = play(SPEC + total)[0]
    for figure in ("share", "return_share"):
        shares = [value for name, value in read.items() if name.startswith(f"diagnostics_{figure}/")]
        assert sum(shares) == pytest.approx(1, abs=1e-9)
        assert len(shares) == len(TERMS) + (figure == "return_share" and bool(total))


def test_where_nothing_varies_no_share_of_it_is_told() -> None:
    read = play("reward = 1.0*alive + 0*forward_vel as off\nterminate over when episode_step >= 0")[0]
    assert read["episodes"] == N * (STEPS - 1) and read["diagnostics_spread/off"] == 0
    assert not [name for name in read if name.startswith("diagnostics_return_share/")]


def test_what_is_not_finite_counts_as_0() -> None:
    read, paid, _, _, seen = play("reward = sqrt(forward_vel / 1[m/s]) as odd + alive")
    assert read["nonfinite/odd"] == (seen["vx"] < 0).sum() > 0
    assert read["diagnostics_spread/odd"] == pytest.approx(paid[:, :, 0].std())
    assert all(np.isfinite(value) for value in read.values())
