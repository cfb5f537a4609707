"""PPO as CUDA graphs: the weights of rl_games' own agent, and nothing in it that can't be captured."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch

from rewardlang.rl import agents, checkpoint, ppo_graph
from rewardlang.rl.env import Box
from rewardlang.rl.plan import make_env, plan_of
from rewardlang.rl.ppo_config import for_run, load_settings
from rewardlang.rl.print_log import PrintLog

from .conftest import ROOT
from .software_graph import SoftwareGraph

EPOCHS = 4
FREE: Dict[str, Any] = {
    "sim": "auto", "device": "cpu", "algo": None, "max_minutes": None, "seed": 3, "params": None, "resume": None, "name": "a",
}  # fmt: skip
SETTINGS: Dict[str, Dict[str, Any]] = {
    "as shipped": {},
    "legacy": {"schedule_type": "legacy"},
    "plain": {"lr_schedule": None, "truncate_grads": False, "value_bootstrap": False, "normalize_value": False, "normalize_input": False},
    "odd": {"clip_value": False, "bound_loss_type": "regularisation", "entropy_coef": 0.01, "freeze_critic": True, "weight_decay": 0.01},
}  # fmt: skip


class Writer:
    """What rl_games logs: {tag: values}."""

    def __init__(self) -> None:
        self.logged: Dict[str, List[float]] = {}

    def add_scalar(self, tag: str, value: Any, *_: Any) -> None:
        self.logged.setdefault(tag, []).append(float(value))


def make(spec: Path, task: Path, tmp_path: Path, config: Dict[str, Any]) -> Any:
    plan = plan_of(spec, task=task, num_envs=16, max_epochs=EPOCHS, out=tmp_path, **FREE)
    plan.settings["config"].update({"horizon_length": 16, "minibatch_size": 128, "mini_epochs": 3, **config})
    with PrintLog():
        agent = agents.make_agent("ppo", plan.settings, make_env(plan), seed=3, device="cpu")
    agent.between_epochs, agent.writer = lambda epoch: None, Writer()
    return agent


def trained(agent: Any) -> Any:
    with PrintLog():
        agent.train()
    agent.vec_env.sim.close()
    return agent


def same(a: Any, b: Any) -> None:
    """The same weights and statistics of the normalizers, to the last bit, and the same logs but for how sums round."""
    ours, theirs = b.model.state_dict(), a.model.state_dict()
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name
    assert set(a.writer.logged) == set(b.writer.logged)
    for tag, values in a.writer.logged.items():
        if not tag.startswith(("performance/", "info/last_lr")) and not tag.endswith("/time"):
            assert b.writer.logged[tag] == pytest.approx(values, rel=1e-5, abs=1e-6), tag


@pytest.mark.parametrize("config", SETTINGS.values(), ids=SETTINGS)
def test_the_weights_are_those_of_rl_games(
    spec: Path, task: Path, tmp_path: Path, config: Dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called step by step, and replayed as a graph would be."""
    theirs = trained(make(spec, task, tmp_path, {**config, "cuda_graphs": False}))
    ours = trained(make(spec, task, tmp_path, {**config, "cuda_graphs": True}))
    assert (type(theirs), type(ours)) == (agents.PPO, ppo_graph.GraphPPO)
    same(theirs, ours)
    monkeypatch.setattr(ppo_graph, "Captured", SoftwareGraph)
    monkeypatch.setattr(SoftwareGraph, "replays", 0)
    replayed = trained(make(spec, task, tmp_path, {**config, "cuda_graphs": True}))
    assert SoftwareGraph.replays > 100
    same(theirs, replayed)


def test_a_checkpoint_goes_from_either_to_the_other(spec: Path, task: Path, tmp_path: Path) -> None:
    """What one saves the other loads and saves again."""
    kinds = {graphs: make(spec, task, tmp_path, {"cuda_graphs": graphs}) for graphs in (False, True)}
    for first, second in ((False, True), (True, False)):
        path = tmp_path / f"{first}.pth"
        checkpoint.write(path, checkpoint.snapshot(trained(kinds[first]), EPOCHS))
        state = checkpoint.read(path, "cpu")
        fresh = make(spec, task, tmp_path, {"cuda_graphs": second})
        checkpoint.restore(fresh, state)
        again = checkpoint.snapshot(fresh, EPOCHS)
        checkpoint.write(path, again)
        told = checkpoint.read(path, "cpu")
        assert told["optimizer"]["param_groups"] == state["optimizer"]["param_groups"]
        assert type(told["optimizer"]["param_groups"][0]["lr"]) is float
        for name, meter in state["rewardlang"]["meters"].items():
            assert meter["size"] == told["rewardlang"]["meters"][name]["size"] > 0
            assert torch.equal(meter["mean"].view(-1), told["rewardlang"]["meters"][name]["mean"].view(-1))
        fresh.max_epochs = EPOCHS + 1
        trained(fresh)
        assert fresh.epoch_num == EPOCHS + 1


@pytest.mark.parametrize("key, value", [
    ("mixed_precision", True), ("lr_schedule", "linear"), ("use_diagnostics", True), ("epochs_between_resets", 3), ("cuda_graphs", False),
])  # fmt: skip
def test_what_cannot_be_captured_trains_as_rl_games_does(key: str, value: Any) -> None:
    config = {"lr_schedule": "adaptive", "cuda_graphs": True}
    assert agents.agent_class("ppo", {"config": config}) is ppo_graph.GraphPPO
    assert agents.agent_class("ppo", {"config": {**config, key: value}}) is agents.PPO
    if key != "cuda_graphs":
        assert ppo_graph.why_not({**config, key: value}) == f"{key}: {value}"


class Toy:
    """Sixty-four points pushed about on a device, with an episode of 24 steps at most: an environment for rl_games, nothing else."""

    num_envs, width = 64, 6

    def __init__(self, device: str) -> None:
        draw = torch.Generator().manual_seed(0)
        self.start, self.turn = (
            torch.randn(n, self.width, generator=draw).to(device) for n in (self.num_envs, self.width)
        )
        self.at, self.steps = self.start.clone(), torch.arange(self.num_envs, device=device) % 24

    def reset(self) -> torch.Tensor:
        return self.at

    def step(self, actions: torch.Tensor) -> Any:
        self.at = torch.tanh(self.at @ self.turn * 0.3 + actions)
        self.steps = self.steps + 1
        late = self.steps >= 24
        done = late | (self.at[:, 0] > 0.99)
        reward = 1.0 - self.at.square().sum(1)
        self.at = torch.where(done[:, None], self.start, self.at)
        self.steps = self.steps * ~done
        return self.at, reward, done, {"time_outs": late}

    def get_env_info(self) -> Dict[str, Any]:
        return {
            "observation_space": Box(-9.0, 9.0, (self.width,)),
            "action_space": Box(-1.0, 1.0, (self.width,)),
        }

    def get_number_of_agents(self) -> int:
        return 1

    def set_train_info(self, *_: Any) -> None: ...


@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param("cuda:0", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")),
    ],
)
@pytest.mark.parametrize("schedule", ["standard", "legacy"])
def test_on_each_device(device: str, schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Captured, called one by one, and by rl_games' loop: the same weights, but for how a GPU's kernels round."""
    path = ROOT / "tasks" / "humanoid" / "ppo.yaml"
    found = []
    for graphs, captured in ((True, True), (True, False), (False, False)):
        params = for_run(
            load_settings(path, "ppo"),
            path,
            on_cpu=False,
            task_num_envs=4096,
            num_envs=Toy.num_envs,
            max_epochs=8,
        )
        params["torch_threads"] = 1
        params["config"].update(cuda_graphs=graphs, schedule_type=schedule, minibatch_size=256)
        with monkeypatch.context() as patch, PrintLog():
            if not captured:
                patch.setattr(ppo_graph, "Captured", lambda function, stream: function)
            agent = agents.make_agent("ppo", params, Toy(device), seed=5, device=device)
            agent.between_epochs, agent.writer = lambda epoch: None, Writer()
            agent.train()
        found.append(agent)
    close = {"rtol": 0.0, "atol": 0.0} if device == "cpu" else {"rtol": 1e-2, "atol": 1e-3}
    for other in found[1:]:
        for name, value in other.model.state_dict().items():
            torch.testing.assert_close(found[0].model.state_dict()[name], value, **close)
        assert float(found[0].last_lr) == pytest.approx(float(other.last_lr), rel=1e-5)
        assert found[0].game_lengths.current_size == other.game_lengths.current_size > 0
