"""The contract on every backend that can run here, and on Isaac Gym's double in several modes."""

from __future__ import annotations

from pathlib import Path

import gym_double
import pytest
import torch

from rewardlang.sim import BACKENDS, make_sim, mujoco_loop
from rewardlang.sim.contract import LAWS, OF_ANY_ROBOT, Bench, Broken
from rewardlang.sim.contract.bench import near
from rewardlang.task import load_task

LIBRARY = {"mujoco": "mujoco", "mujoco_warp": "mujoco_warp"}
OTHERS = [name for name in BACKENDS if name != "isaacgym"]  # it runs on its test double, in several modes
FEATURES = Path(__file__).parents[1] / "data" / "robots" / "features.xml"
MASS = {"humanoid": 5.0, "features": 6.22}  # kg


@pytest.fixture(params=[*OTHERS, "mujoco before 3.17", *gym_double.MODES])
def bench_of(request, monkeypatch, tmp_path):
    """A function that gives the bench of the backend under test with a task; its simulators are closed afterwards."""
    name, benches = request.param.split()[0], []
    monkeypatch.chdir(tmp_path)  # MuJoCo leaves a log of its warnings in the working folder

    def bench(task="humanoid"):
        if task == "features" and name == "isaacgym":
            pytest.skip("Isaac Gym takes no ball joints: test_isaacgym.py sees that it says so")
        if task == "features" and name == "mujoco_warp" and not request.config.getoption("--slow"):
            pytest.skip(
                "MuJoCo Warp on the robot with all features: with --slow"
            )  # half a minute of compiling
        if request.param in gym_double.MODES:
            make = gym_double.use(monkeypatch, **gym_double.MODES[request.param])
        else:
            pytest.importorskip(LIBRARY[name])
            make = lambda task, num_envs: make_sim(name, task, num_envs, "cpu", seed=1)
        if request.param == "mujoco before 3.17":
            monkeypatch.setattr("rewardlang.sim.mujoco.Batch", mujoco_loop.Batch)
        path = FEATURES if task == "features" else task
        benches.append(Bench(make, name, tmp_path, task=load_task(path)))
        return benches[-1]

    yield bench
    for each in benches:
        each.close()


@pytest.mark.parametrize("law", LAWS)
def test_law(law, bench_of):
    LAWS[law](bench_of())


@pytest.mark.parametrize("law", OF_ANY_ROBOT)
def test_law_on_a_robot_with_all_features(law, bench_of):
    """What real models have besides: passive and nameless joints, a ball joint, a crate."""
    LAWS[law](bench_of("features"))


@pytest.mark.parametrize("task", MASS)
def test_two_simulators_are_alike(task, bench_of):
    bench, generator = bench_of(task), torch.Generator().manual_seed(7)
    sims = [bench.sim(num_envs=3), bench.sim(num_envs=3)]
    assert sims[0].body_mass.sum() == pytest.approx(MASS[task])
    for _ in range(5):
        targets = torch.randn(3, len(bench.task.actuated), generator=generator)
        for sim in sims:
            sim.step(targets)
    assert torch.equal(sims[0].body_states, sims[1].body_states)


@pytest.mark.parametrize(
    "seen, due, options, says",
    [
        ([[1, 2], [3, 4]], [[1, 2], [3, 5]], {"atol": 0.5}, r"height \[1, 1\]: 4; 5 due"),
        ([1, float("nan")], 1, {"rtol": 9}, r"height \[1\]: nan; 1 due"),
        (1.02, 1, {"rtol": 0.01}, r"height: 1.02; 1 due"),
    ],
)
def test_a_broken_law_shows_the_number_that_is_furthest_off(seen, due, options, says):
    with pytest.raises(Broken, match=says):
        near("height", seen, due, **options)
