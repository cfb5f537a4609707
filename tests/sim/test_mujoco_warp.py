"""What only the MuJoCo Warp backend promises: it does what MuJoCo does on the CPU, and finds forces at a reset a few at a time."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import rewardlang
from rewardlang.notice import Notice
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import choose_sim, make_sim

ROOT = Path(__file__).parents[2]
SHOWN = ("root_states", "dof_pos", "dof_vel", "dof_forces", "body_states", "contact_forces")
SPEC = """
touch = contact_forces[feet].z > 1[N]
reward = forward_vel + 1.0*alive - 0.01*sum(torques^2) + 0.1*count(touch) - 0.01*norm(projected_gravity.xy)
"""


@pytest.fixture(scope="module")
def warp_sim():
    return pytest.importorskip("rewardlang.sim.mujoco_warp")


def test_the_same_states_give_the_same_tensors_and_rewards(warp_sim):
    """States that a robot comes to, given to both backends, and a step from each.

    One that lies on several limbs in a tangle is hard on the solver, and float32 ends elsewhere: nearly all must agree.
    """
    n, task = 8, rewardlang.load_task("humanoid")
    program = rewardlang.compile(SPEC, task, observations=True)
    envs = [RewardEnv(task, program, make_sim(name, task, n)) for name in ("mujoco_warp", "mujoco")]
    ours, theirs = (env.sim for env in envs)
    ours.forces_at_reset = True
    generator = torch.Generator().manual_seed(1)
    everyone = torch.ones(n, dtype=torch.bool)
    agree, touching = [], 0
    for _ in range(12):
        targets = envs[0].default_targets + 0.6 * torch.randn(n, 12, generator=generator)
        ours.step(targets)
        state = ours.root_states.clone(), ours.dof_pos.clone(), ours.dof_vel.clone()
        for what, given in (("reset", (everyone, *state)), ("step", (targets,))):
            for sim in (ours, theirs):
                getattr(sim, what)(*given)
            near = torch.ones(n, dtype=torch.bool)
            for name in SHOWN:
                off = (getattr(ours, name) - getattr(theirs, name)).abs().flatten(1).amax(1)
                near &= off <= 1e-3 * getattr(theirs, name).abs().max().clamp(min=1)
            values = [env.reward.step(env.quantities).values for env in envs]
            agree.append(near & ((values[0] - values[1]).abs() <= 2e-3 * values[1].abs().clamp(min=1)).all(1))
            touching += int((theirs.contact_forces.abs().flatten(1).amax(1) > 1).sum())
    assert float(torch.stack(agree).float().mean()) > 0.97 and touching > 50


@pytest.mark.parametrize("reset", [[], [3], [0, 1], [0, 1, 3, 4], [4, 2, 1, 0, 3]])
def test_forces_at_a_reset_are_found_for_all(warp_sim, monkeypatch, reset):
    """Also for more environments than are looked at in one go, and for none; in the recorded reset, which looks until all are done."""
    monkeypatch.setattr(warp_sim, "AT_ONCE", 2)
    sim = make_sim("mujoco_warp", rewardlang.load_task("humanoid"), 5)
    root, pose = sim.root_states.clone(), sim.dof_pos.clone()
    everyone, still = torch.ones(5, dtype=torch.bool), torch.zeros_like(pose)
    root[:, 2] += 3
    sim.reset(everyone, root, pose, still)
    assert not sim.contact_forces.any()
    root[:, 2] -= 3.01
    mask = torch.zeros_like(everyone).index_fill(0, torch.tensor(reset, dtype=torch.long), True)
    sim.reset(mask, root, pose, still)
    weight = sim.contact_forces[:, :, 2].sum(1)
    assert ((weight > 1) == mask).all() and (weight[mask] == weight[mask][:1]).all()
    sim.forces_at_reset = False
    sim.reset(mask, root, pose, still)
    assert not sim.contact_forces.any()


def test_a_loop_in_a_graph_gets_the_memory_that_it_had(warp_sim, monkeypatch):
    had = iter(range(1000, 2000, 100))
    source = SimpleNamespace(allocate=lambda size: next(had))
    monkeypatch.setattr(warp_sim.wp, "get_device_allocator", lambda device: source)
    monkeypatch.setattr(warp_sim.wp, "ScopedAllocator", lambda device, allocator: contextlib.nullcontext())
    memory, asked = warp_sim.SameMemory(None), (64, 8, 64)
    for _ in range(3):
        with memory:
            assert [memory.allocate(size) for size in asked] == [1000, 1100, 1200]
            memory.deallocate(1000, 64)
    with memory, pytest.raises(RuntimeError, match="an allocation of 8 bytes, where there were 64 before"):
        memory.allocate(8)


def test_the_collector_rests_while_a_call_is_captured(warp_sim, monkeypatch):
    """What it frees then, such as a graph of a simulator before this one, would spoil the capture on a GPU."""
    sim = make_sim("mujoco_warp", rewardlang.load_task("humanoid"), 2)
    collects, physics = [], sim._step
    monkeypatch.setattr(sim, "_step", lambda: (collects.append(gc.isenabled()), physics()))
    sim.step(torch.zeros(2, 12))
    assert collects == [False] and gc.isenabled()


def test_forces_at_a_reset_are_left_out_unless_they_are_observed(warp_sim):
    """What operators start from comes with the first physics step."""
    task = rewardlang.load_task("humanoid")
    sees = replace(task, observations=("base_height", "contact_forces[feet].z"))
    sim = make_sim("mujoco_warp", task, 1)
    for of, spec, at_start, at_reset in (
        (task, "forward_vel + alive", False, False),
        (task, "alive - 0.1*sum(torques^2)", False, False),
        (task, "alive - sum(delta(torques)^2)", True, False),
        (sees, "forward_vel + alive", False, True),
        (sees, "alive - sum(delta(torques)^2)", True, True),
    ):
        env = RewardEnv(of, rewardlang.compile(spec, of, observations=True), sim)
        assert (env.forces_at_start, sim.forces_at_reset) == (at_start, at_reset), (of.observations, spec)


def test_forces_that_an_episode_begins_with_cost_few_kernels(warp_sim, monkeypatch):
    """Of a reset where operators start from forces, and of the step that finds them. A solve of its own takes many."""
    task, walk = rewardlang.load_task("humanoid"), ROOT / "reward_specs" / "humanoid" / "walk.reward"
    sim = make_sim("mujoco_warp", task, 2)
    env = RewardEnv(task, rewardlang.compile(rewardlang.load(walk), task, observations=True), sim)
    assert env.forces_at_start
    launched = []
    for name in ("launch", "launch_tiled"):
        launch = getattr(warp_sim.wp, name)
        monkeypatch.setattr(
            warp_sim.wp,
            name,
            lambda *given, launch=launch, **more: launched.append(1) or launch(*given, **more),
        )

    def count(*works):
        """The kernels recorded: a loop's, which goes on until all have converged, once."""
        launched.clear()
        with warp_sim.wp.ScopedDevice(sim._device), warp_sim.wp.ScopedCapture():
            for work in works:
                work()
        return len(launched)

    assert count(sim._reset) == 2
    assert count(sim._first, sim._rest) == count(sim._step) + 3 > 100
    sim.forces_at_reset = True
    assert count(sim._reset) > 80


def test_it_says_if_there_was_no_room_for_all_contacts(warp_sim, monkeypatch):
    monkeypatch.setattr(warp_sim, "_room", lambda model: (4, 8))
    sim = make_sim("mujoco_warp", rewardlang.load_task("humanoid"), 2)
    for _ in range(40):
        sim.step(torch.zeros(2, 12))
    with pytest.warns(Notice, match="no room for all contacts"):
        sim.close()


@pytest.mark.parametrize("gpu, installed, sim, device, chosen", [
    (True, True, "auto", None, ("mujoco_warp", "cuda", "there is a CUDA device")),
    (True, True, "auto", "cuda:1", ("mujoco_warp", "cuda:1", "there is a CUDA device")),
    (True, True, "auto", "cpu", ("mujoco", "cpu", "the device is cpu")),
    (True, False, "auto", None, ("mujoco", "cpu", "there is a CUDA device, but no simulator for it: pip install")),
    (False, True, "auto", None, ("mujoco", "cpu", "there is no CUDA device")),
    (False, True, "mujoco_warp", None, ("mujoco_warp", "cpu", "")),
    (True, True, "mujoco_warp", None, ("mujoco_warp", "cuda", "")),
    (True, True, "mujoco", None, ("mujoco", "cpu", "")),
])  # fmt: skip
def test_which_simulator_is_chosen_and_why(monkeypatch, gpu, installed, sim, device, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if installed else None)
    name, where, why = choose_sim(sim, device)
    assert (name, where) == chosen[:2] and why.startswith(chosen[2])


def test_a_simulator_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"mujoco_warp is not installed: pip install 'rewardlang\[gpu\]'"):
        make_sim("mujoco_warp", rewardlang.load_task("humanoid"), 1)
    with pytest.raises(ValueError, match=r"--device cuda: no simulator for it is installed: pip install"):
        choose_sim("auto", "cuda")
