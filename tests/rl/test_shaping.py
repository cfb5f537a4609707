"""`potential` on real episodes: the discounted sum telescopes to gamma^T * phi(s_T) * (1 - terminated) - phi(s_0)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from rewardlang.rl.env import RewardEnv
from rewardlang.rl.plan import make_env, new_plan

ROOT = Path(__file__).parents[2]
SPEC = """
phi = forward_vel + 2[1/s]*base_height
reward = potential(phi) as plain + potential(2*phi) as twice
reward remembered = potential(ema(phi, 0.1)) as smooth
success far when base_height > 0.36[m]
metric phi = phi
metric smooth = ema(phi, 0.1)
"""
N = 16


def environment(folder: Path, algo: str, gamma: float, seconds: float) -> RewardEnv:
    """The environment that a training run makes, from settings whose gamma and time limit are these."""
    shutil.copytree(ROOT / "tasks" / "humanoid", folder / "humanoid")
    for name, key, value in ((f"{algo}.yaml", "gamma", gamma), ("task.yaml", "episode_length_s", seconds)):
        path = folder / "humanoid" / name
        text, count = re.subn(rf"\b{key}: [\d.]+", f"{key}: {value}", path.read_text(encoding="utf-8"))
        assert count == 1
        path.write_text(text, encoding="utf-8")
    (folder / "a.reward").write_text(SPEC, encoding="utf-8")
    options: Any = dict.fromkeys(("device", "max_epochs", "max_minutes", "params", "name"))
    plan = new_plan(
        folder / "a.reward",
        task=folder / "humanoid",
        sim="mujoco",
        algo=algo,
        num_envs=N,
        seed=3,
        out=folder / "runs",
        **options,
    )
    return make_env(plan)


def phi_now(env: RewardEnv) -> torch.Tensor:
    """phi of the state that the simulator is in, from its own tensors. [N]"""
    x, y, z, w = env.quantities["root_quat"].double().unbind(1)
    ahead = torch.stack((1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)), 1)
    return (ahead * env.quantities["root_lin_vel"].double()).sum(1) + 2 * env.quantities["root_pos"][
        :, 2
    ].double()


@pytest.mark.parametrize(
    ("algo", "gamma", "seconds"),
    [("ppo", 0.97, 0.3), ("ppo", 0.9, 10.0), ("sac", 0.95, 0.5)],
    ids=["time-outs", "falls", "sac"],
)
def test_potential_telescopes(tmp_path: Path, algo: str, gamma: float, seconds: float) -> None:
    env = environment(tmp_path, algo, gamma, seconds)
    names = [term.name for term in env.program.terms]
    generator = torch.Generator().manual_seed(0)
    first = phi_now(env)
    total, discount = torch.zeros(N, 3, dtype=torch.float64), torch.ones(N, dtype=torch.float64)
    ended = {"falls": 0, "successes": 0, "time-outs": 0}
    for _ in range(120):
        _, _, done, info = env.step(2 * torch.rand(N, 12, generator=generator) - 1)
        assert env.last is not None
        total += discount[:, None] * env.last.contributions.double()
        discount = discount * gamma
        last = env.last.metrics["phi"].double(), env.last.metrics["smooth"].double()
        for i in done.nonzero().flatten().tolist():
            kept = float(discount[i]) * (not bool(env.last.terminated[i]))
            expected = {
                "plain": kept * last[0][i] - first[i],
                "twice": 2 * (kept * last[0][i] - first[i]),
                "smooth": kept * last[1][i] - first[i],
            }
            assert dict(zip(names, total[i].tolist())) == pytest.approx(
                {k: float(v) for k, v in expected.items()}, abs=3e-5
            )
            ended[_kind(bool(info["time_outs"][i]), bool(env.last.causes["far"][i]))] += 1
        first = torch.where(done, phi_now(env), first)
        total, discount = torch.where(done[:, None], 0.0, total), torch.where(done, 1.0, discount)
    env.sim.close()
    assert ended["time-outs" if seconds < 1 else "falls"] > 10, ended
    assert seconds > 1 or ended["falls"] + ended["successes"] > 0, ended


def _kind(time_out: bool, success: bool) -> str:
    return "time-outs" if time_out else "successes" if success else "falls"
