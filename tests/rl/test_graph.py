"""The environment's step in operations that a CUDA graph can hold, shown without a GPU: nothing comes to the host, addresses stay."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, List

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import rewardlang
from rewardlang.rl.env import RewardEnv
from rewardlang.rl.graph import Outside
from rewardlang.sim import make_sim

pytest.importorskip("mujoco_warp")

SPEC = """
touch = contact_forces[feet].z > 1[N]
reward = forward_vel + 1.0*alive - 0.01*sum(torques^2) + 0.1*count(touch) - 0.001*sum(delta(torques)^2)
"""
TO_HOST = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "lift_fresh", "unique")


class OnDevice(TorchDispatchMode):
    """Raises on what makes the host wait for a GPU, or brings numbers from the host to it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        masks = name in ("index", "index_put", "index_put_") and any(
            one is not None and one.dtype is torch.bool for one in args[1]
        )
        assert name not in TO_HOST and not masks, f"{name} in a step"
        return func(*args, **(kwargs or {}))


def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have masked operations done always, as they are on a GPU."""
    for module in ("env", "commands"):
        monkeypatch.setattr(f"rewardlang.rl.{module}.worthwhile", lambda mask: True)


def make(task: str, spec: str, sim: str = "mujoco_warp", n: int = 3, seed: int = 1) -> RewardEnv:
    loaded = rewardlang.load_task(task)
    program = rewardlang.compile(spec, loaded, observations=True)
    return RewardEnv(loaded, program, make_sim(sim, loaded, n), seed)


def test_a_step_keeps_off_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_gpu(monkeypatch)
    env = make("humanoid_velocity", SPEC)
    assert (
        env.forces_at_start
    )  # the change of the torques is reckoned from those that the episode begins with
    addresses = {name: tensor.data_ptr() for name, tensor in env.quantities.items()}
    state = [slot.data_ptr() for slot in env.reward.state]
    generator = torch.Generator().manual_seed(1)
    resets = 0
    for _ in range(60):
        actions = 4 * torch.rand(3, 12, generator=generator) - 2
        with OnDevice():
            observations, reward, done, infos = env.step(actions)
        assert bool(observations.isfinite().all()) and bool(reward.isfinite().all())
        resets += int(done.sum())
    assert resets > 0
    assert addresses == {name: tensor.data_ptr() for name, tensor in env.quantities.items()}
    assert state == [slot.data_ptr() for slot in env.reward.state]


@pytest.mark.parametrize(
    "spec, calls", [(SPEC, ["begin", "finish", "reset"]), ("forward_vel + alive", ["step", "reset"])]
)
def test_each_call_of_the_simulator_divides_a_split_recording(spec: str, calls: List[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """They become parts of their own, and none is made while the others are recorded."""
    on_a_gpu(monkeypatch)
    env = make("humanoid", spec)
    seen = env.sim.root_states.clone()
    parts: List[Any] = []
    cuts: List[str] = []
    tape = SimpleNamespace(parts=parts, end=lambda: cuts.append("end"), begin=lambda: cuts.append("begin"))
    env.sim = Outside(env.sim, tape)  # type: ignore[arg-type,assignment]
    env._step(env.asked)
    assert [getattr(part, "func", part).__name__ for part in parts] == calls
    assert cuts == ["end", "begin"] * len(calls) and torch.equal(seen, env.sim.root_states)


def test_the_guard_catches_what_it_is_there_for() -> None:
    x = torch.arange(3.0)
    for bad in (lambda: x.sum().item(), lambda: x[x > 1], lambda: bool(x.any()), lambda: torch.tensor([1.0])):
        with pytest.raises(AssertionError, match="in a step"), OnDevice():
            bad()


def test_the_same_seed_gives_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_gpu(monkeypatch)
    runs = []
    for seed in (1, 1, 2):
        env = make("humanoid", SPEC, seed=seed)
        generator = torch.Generator().manual_seed(1)
        steps = [env.step(2 * torch.rand(3, 12, generator=generator) - 1) for _ in range(40)]
        assert any(bool(done.any()) for _, _, done, _ in steps)
        runs.append(torch.stack([reward for _, reward, _, _ in steps]))
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


def test_it_trains(small: Callable[..., Path]) -> None:
    """On Warp's CPU device; a GPU is only faster."""
    run = small(sim="mujoco_warp", device="cpu", num_envs=8, max_epochs=2)
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert summary["status"] == "max_epochs" and summary["epoch"] == 2
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["sim"] == "mujoco_warp"
