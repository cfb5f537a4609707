"""What the double of Isaac Gym makes of a file's motors and masses, its force sensors, and its rules on machines without CUDA."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Iterator

import gym_double
import numpy as np
import pytest
import torch

# Motors in another order than the joints, the numbers of one from a class; a density of its own.
ARM = """<mujoco>
  <compiler angle="radian"/>
  <default><geom density="500"/>
    <default class="strong"><motor gear="30" ctrllimited="true" ctrlrange="-1 1"/></default>
  </default>
  <worldbody>
    <geom type="plane" size="0 0 1"/>
    <body name="base">
      <freejoint/>
      <geom type="box" size="0.2 0.2 0.1"/>
      <body name="upper" pos="0 0 0.3">
        <joint name="swing" axis="0 1 0" stiffness="4" damping="2" armature="0.1" limited="true" range="-1 1"/>
        <geom type="sphere" size="0.1"/>
        <body name="lower" pos="0 0 0.3">
          <joint name="twist" axis="0 0 1" armature="0.1"/>
          <joint name="loose" axis="1 0 0" armature="0.1"/>
          <geom type="sphere" size="0.05" pos="0.1 0 0"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="twist" gear="7"/>
    <motor joint="swing" class="strong"/>
  </actuator>
</mujoco>"""
MASS = 500 * (0.4 * 0.4 * 0.2 + 4 / 3 * np.pi * (0.1**3 + 0.05**3))
BASE = 500 * 0.4 * 0.4 * 0.2


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A function of where the robot stands, how its sensors are turned and the double's knobs: the robot in a simulation."""
    gym_double.use(monkeypatch)
    import isaacgym
    from isaacgym import gymapi, gymtorch

    (tmp_path / "arm.xml").write_text(ARM)

    def build(
        height: float = 2.0, sensors: tuple = (), ground: bool = False, fixed: bool = False, **knobs: Any
    ) -> Any:
        isaacgym.set_knobs(after_torch=True, several_joints="hinges", **knobs)
        gymapi.forget()
        gym, params, options, pose = (
            gymapi.acquire_gym(),
            gymapi.SimParams(),
            gymapi.AssetOptions(),
            gymapi.Transform(),
        )
        params.dt, params.substeps, params.up_axis = 0.01, 2, gymapi.UP_AXIS_Z
        params.gravity = gymapi.Vec3(0, 0, -10)
        options.angular_damping, options.fix_base_link, options.disable_gravity = 0.0, fixed, fixed
        sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, params)
        if ground:
            plane = gymapi.PlaneParams()
            plane.normal = gymapi.Vec3(0, 0, 1)
            gym.add_ground(sim, plane)
        asset = gym.load_asset(sim, str(tmp_path), "arm.xml", options)
        for body, turn, world in sensors:
            properties = gymapi.ForceSensorProperties()
            properties.use_world_frame = world
            index = gym.find_asset_rigid_body_index(asset, body)
            gym.create_asset_force_sensor(asset, index, gymapi.Transform(r=turn), properties)
        env = gym.create_env(sim, gymapi.Vec3(), gymapi.Vec3(), 1)
        pose.p.z = height
        gym.create_actor(env, asset, pose, "arm", 0, 1)
        return SimpleNamespace(
            gym=gym,
            sim=sim,
            asset=asset,
            env=env,
            wrap=gymtorch.wrap_tensor,
            unwrap=gymtorch.unwrap_tensor,
            api=gymapi,
        )

    yield build
    isaacgym.set_knobs(after_torch=True)


def step(s: Any, times: int = 1) -> None:
    for _ in range(times):
        s.gym.simulate(s.sim)
        s.gym.fetch_results(s.sim, True)


def test_motors_as_the_file_has_them(scene: Any) -> None:
    s = scene()
    assert s.gym.get_asset_dof_names(s.asset) == ["swing", "twist", "loose"]
    motors = s.gym.get_asset_actuator_properties(s.asset)
    assert [m.motor_effort for m in motors] == [7.0, 30.0]  # in its own order
    assert [(m.control_limited, m.upper_control_limit) for m in motors] == [(False, 0.0), (True, 1.0)]
    modes = s.gym.get_actor_dof_properties(s.env, 0)["driveMode"].tolist()
    assert modes == [s.api.DOF_MODE_EFFORT, s.api.DOF_MODE_EFFORT, s.api.DOF_MODE_NONE]


def test_what_an_effort_does(scene: Any) -> None:
    """It moves a joint with a motor, against the file's spring; not one without."""
    s = scene(fixed=True, prepare_moves=False)
    s.gym.prepare_sim(s.sim)
    dofs = s.wrap(s.gym.acquire_dof_state_tensor(s.sim))
    efforts = torch.tensor([2.0, 1.0, 1.0])
    for _ in range(500):
        s.gym.set_dof_actuation_force_tensor(s.sim, s.unwrap(efforts))
        step(s)
    s.gym.refresh_dof_state_tensor(s.sim)
    assert dofs[0, 0] == pytest.approx(2.0 / 4, abs=0.05) and dofs[1, 1] > 10
    s = scene(fixed=True, prepare_moves=False)
    s.gym.prepare_sim(s.sim)
    dofs = s.wrap(s.gym.acquire_dof_state_tensor(s.sim))
    efforts = torch.tensor([0.0, 0.0, 1.0])
    s.gym.set_dof_actuation_force_tensor(s.sim, s.unwrap(efforts))
    step(s, 10)
    s.gym.refresh_dof_state_tensor(s.sim)
    assert dofs.abs().max() < 1e-9


def test_the_file_s_density_comes_first(scene: Any) -> None:
    s = scene()
    assert sum(b.mass for b in s.gym.get_actor_rigid_body_properties(s.env, 0)) == pytest.approx(MASS)


def test_force_sensors(scene: Any) -> None:
    """m·g on a body that falls, in the axes that are asked for; nothing on one that rests."""
    quarter = lambda api: api.Quat(2**-0.5, 0.0, 0.0, 2**-0.5)  # about x: its y is the body's z
    s = scene()
    sensors = (
        ("base", quarter(s.api), False),
        ("base", quarter(s.api), True),
        ("lower", s.api.Quat(), False),
    )
    s = scene(sensors=sensors)
    s.gym.prepare_sim(s.sim)
    felt = s.wrap(s.gym.acquire_force_sensor_tensor(s.sim))
    step(s, 3)
    s.gym.refresh_force_sensor_tensor(s.sim)
    assert felt.shape == (3, 6)
    torch.testing.assert_close(felt[0], torch.tensor([0, -10 * BASE, 0, 0, 0, 0]), atol=1e-3, rtol=0)
    torch.testing.assert_close(felt[1], torch.tensor([0, 0, -10 * BASE, 0, 0, 0]), atol=1e-3, rtol=0)
    weight = 10 * 500 * 4 / 3 * np.pi * 0.05**3
    torch.testing.assert_close(felt[2], torch.tensor([0, 0, -weight, 0, 0.1 * weight, 0]), atol=1e-3, rtol=0)
    s = scene(height=0.1, sensors=sensors[:1], ground=True)
    s.gym.prepare_sim(s.sim)
    felt = s.wrap(s.gym.acquire_force_sensor_tensor(s.sim))
    step(s, 150)
    s.gym.refresh_force_sensor_tensor(s.sim)
    assert felt.abs().max() < 0.01 * 10 * BASE
    with pytest.raises(s.api.GymError, match="has an actor already"):
        s.gym.create_asset_force_sensor(s.asset, 0, s.api.Transform())


def test_the_gpu_s_rules_without_one(scene: Any) -> None:
    """Setters wait for the step, and what was set may be gone by then where upstream's own tasks have it so."""
    for held, fails in (("simulate", True), ("return", False)):
        s = scene(gpu_rules=True, held_until=held)
        s.gym.prepare_sim(s.sim)
        root = s.wrap(s.gym.acquire_actor_root_state_tensor(s.sim))
        s.gym.refresh_actor_root_state_tensor(s.sim)
        there = root.clone()
        there[0, 0] = 3.0
        ids = torch.tensor([0], dtype=torch.int32)
        s.gym.set_actor_root_state_tensor_indexed(s.sim, s.unwrap(there), s.unwrap(ids), 1)
        with pytest.raises(s.api.GymError, match="second call"):
            s.gym.set_actor_root_state_tensor_indexed(s.sim, s.unwrap(there), s.unwrap(ids), 1)
        del there, ids
        if fails:
            with pytest.raises(s.api.GymError, match="freed before simulate"):
                s.gym.simulate(s.sim)
            continue
        s.gym.simulate(s.sim)
        s.gym.refresh_actor_root_state_tensor(s.sim)
        assert root[0, 0] == pytest.approx(3.0)


def test_names_that_upstream_imports_all_of(scene: Any) -> None:
    """Its jitted functions are annotated with torch's `Tensor`, beside an import of all that gymtorch has."""
    names: dict = {}
    exec("from isaacgym.gymtorch import *", names)
    assert "wrap_tensor" in names and "Tensor" not in names


def test_lines_are_counted(scene: Any) -> None:
    s = scene()
    s.sim.graphics = 0
    viewer = s.gym.create_viewer(s.sim, s.api.CameraProperties())
    s.gym.add_lines(viewer, None, 2, [[0.0] * 6, [0.0] * 6], [[1.0, 0.0, 0.0]] * 2)
    assert viewer.lines == 2
    with pytest.raises(s.api.GymError, match="2 lines need as many ends"):
        s.gym.add_lines(viewer, None, 2, [[0.0] * 6], [[1.0, 0.0, 0.0]] * 2)
    s.gym.clear_lines(viewer)
    assert viewer.lines == 0
