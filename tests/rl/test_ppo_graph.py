"""PPO as CUDA graphs: the weights of rl_games' own agent, and nothing in it that can't be captured."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch

from rewardlang.rl import agents, checkpoint, ppo_graph
from rewardlang.rl.plan import make_env, plan_of
from rewardlang.rl.print_log import PrintLog

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
