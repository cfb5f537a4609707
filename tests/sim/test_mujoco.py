"""What only the MuJoCo backend promises: both ways of stepping agree to the bit, any actuator, pictures."""

from __future__ import annotations

import builtins
import math
import re
from pathlib import Path

import mujoco
import numpy as np
import pytest
import torch

from rewardlang.sim import make_sim, mujoco_loop
from rewardlang.sim.contract.robots import BRICK, make_task
from rewardlang.sim.mujoco import Batch
from rewardlang.task import load_task

FEATURES = Path(__file__).parents[1] / "data" / "robots" / "features.xml"


def tumble(sim, task):
    generator = torch.Generator().manual_seed(11)
    for _ in range(40):
        noise = torch.randn(sim.num_envs, 12, generator=generator)
        sim.step(torch.tensor(task.default_dof_pos) + 0.3 * noise)
    return sim.body_states, sim.contact_forces, sim.dof_pos, sim.dof_vel, sim.dof_forces


@pytest.mark.skipif(Batch.__module__ != "mujoco.batch", reason="this MuJoCo has no Batch")
def test_the_loop_gives_the_same_bits_as_the_batch(monkeypatch):
    task = load_task("humanoid")
    batched = tumble(make_sim("mujoco", task, 5), task)
    monkeypatch.setattr("rewardlang.sim.mujoco.Batch", mujoco_loop.Batch)
    looped = tumble(make_sim("mujoco", task, 5), task)
    assert all(torch.equal(x, y) for x, y in zip(batched, looped))


def test_any_kind_of_actuator_becomes_the_tasks_servo(tmp_path):
    """Gear, gains and control ranges of the file do not count; its effort limit does."""
    steps = []
    for i, actuator in enumerate(
        [
            '<motor joint="elbow" ctrlrange="-2 2"/>',
            '<motor joint="elbow" gear="4" ctrlrange="-0.5 0.5"/>',
            '<position joint="elbow" kp="77" ctrlrange="-0.1 0.1" forcerange="-2 2"/>',
            '<general joint="elbow" gainprm="5" forcerange="-2 2"/>',
        ]
    ):
        folder = tmp_path / str(i)
        folder.mkdir()
        xml = BRICK.replace('<motor joint="elbow" ctrlrange="-{effort} {effort}"/>', actuator)
        task = make_task(folder, xml, stiffness=3.0, damping=0.01)
        assert task.torque_limits == (2.0,)
        sim = make_sim("mujoco", task, 2)
        for _ in range(5):
            sim.step(torch.tensor([[0.5], [1.5]]))
        steps.append(sim.dof_pos.clone())
    assert all(torch.equal(step, steps[0]) for step in steps)


def test_what_real_models_have():
    """Passive joints start in the keyframe, actuators that are no action do nothing, and a floor is under the feet."""
    task = load_task(FEATURES)
    sim = make_sim("mujoco", task, 2)
    model = sim.model
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_IMPLICITFAST and model.opt.timestep == 0.004
    ball = model.jnt_qposadr[np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_BALL)[0]]
    qpos = sim._batch.get_data(0).qpos
    assert qpos[ball : ball + 4].tolist() == pytest.approx([math.cos(0.2), 0, math.sin(0.2), 0])
    assert qpos[:3].tolist() == [2, 0, 0.1]  # the crate
    pose = torch.tensor(task.default_dof_pos)[: len(task.actuated)].repeat(2, 1)
    for _ in range(100):
        sim.step(pose)
    feet = [task.body_names.index(name) for name in task.groups["feet"][1]]
    weight = 9.81 * sim.body_mass.sum().item()
    assert sim.contact_forces[:, feet, 2].sum(1).tolist() == pytest.approx([weight] * 2, rel=0.05)
    idle = [model.actuator(name).id for name in ("tie", "again", "thrust")]
    data = sim._batch.get_data(0)
    assert data.ctrl[idle].tolist() == [0, 0, 0] and data.ctrl[1:9].tolist() == pytest.approx(
        pose[0].tolist()
    )


def test_the_floor_holds_whatever_collides(tmp_path):
    """Also geoms that collide by a bit of their own, as Cassie's do."""
    (tmp_path / "robot.xml").write_text(
        """<mujoco><worldbody><body name="a" pos="0 0 1"><freejoint/><geom size="0.1" contype="8" conaffinity="4"/>
        <body name="b"><joint name="j" range="-1 1"/><geom size="0.05" contype="0" conaffinity="0"/></body></body></worldbody>
        <actuator><motor joint="j" ctrlrange="-1 1"/></actuator></mujoco>"""
    )
    sim = make_sim("mujoco", load_task(tmp_path / "robot.xml"), 1)
    for _ in range(100):
        sim.step(torch.zeros(1, 1))
    assert sim.root_states[0, 2] == pytest.approx(0.1, abs=0.01)


def test_a_start_in_the_ground_is_refused_with_the_height_that_would_do(tmp_path):
    yaml = tmp_path / "robot.yaml"
    yaml.write_text(f"name: low\nasset: {{file: {FEATURES}}}\ninit_state: {{pos: [0, 0, 0.2]}}\n")
    with pytest.raises(ValueError, match="m deep in the ground; say `init_state") as caught:
        make_sim("mujoco", load_task(yaml), 1)
    height = re.search(r"pos: (\[.*\])", str(caught.value)).group(1)
    yaml.write_text(f"name: low\nasset: {{file: {FEATURES}}}\ninit_state: {{pos: {height}}}\n")
    make_sim("mujoco", load_task(yaml), 1)


def test_a_file_that_mujoco_refuses(tmp_path):
    text = BRICK.format(effort=1).replace('mass="0.5"', 'mass="-1"')
    (tmp_path / "robot.xml").write_text(text)
    with pytest.raises(ValueError, match="robot.xml: error: MuJoCo: "):
        make_sim("mujoco", load_task(tmp_path / "robot.xml"), 1)


def test_unknown_simulator_and_device():
    with pytest.raises(ValueError, match="did you mean 'mujoco'"):
        make_sim("mujcoo", load_task("humanoid"), 1)
    with pytest.raises(ValueError, match="CPU"):
        make_sim("mujoco", load_task("humanoid"), 1, "cuda")


def test_picture_of_the_robot():
    task = load_task("humanoid")
    sim = make_sim("mujoco", task, 1)
    try:
        picture = sim.render(0, 160, 120)
    except RuntimeError as error:
        pytest.skip(str(error))
    finally:
        sim.close()
    assert picture.shape == (120, 160, 3) and picture.dtype == np.uint8
    middle = picture[20:110, 50:110].reshape(-1, 3).astype(int)
    blue, orange = middle[:, 2] - middle[:, 0], middle[:, 0] - middle[:, 2]
    assert (blue > 60).sum() > 20 and (orange > 60).sum() > 20  # its left and its right side
    tint = picture[..., 2].astype(int) - picture[..., 0]
    assert tint[:5].mean() > tint[-5:].mean() + 5  # the blue sky is up, the grey floor down


def test_missing_opengl_is_explained(monkeypatch):
    real = builtins.__import__

    def without_egl(name, *args, **kwargs):
        if name.startswith("mujoco.egl"):
            raise ImportError("no libEGL")
        return real(name, *args, **kwargs)

    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setattr(builtins, "__import__", without_egl)
    sim = make_sim("mujoco", load_task("humanoid"), 1)
    with pytest.raises(RuntimeError, match="libegl1"):
        sim.render(0, 64, 48)
    sim.close()
