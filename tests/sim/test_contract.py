"""What every simulator backend must keep, by oracles that share no code with it: formulas and differences."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import gym_double
import pytest
import torch
from robots import BRICK, PENDULUM, SLED, make_task

from rewardlang.sim import BACKENDS, make_sim, mujoco_loop
from rewardlang.task import load_task

GRAVITY = 9.81
LIBRARY = {"mujoco": "mujoco", "mujoco_warp": "mujoco_warp"}
OTHERS = [name for name in BACKENDS if name != "isaacgym"]  # it runs on its test double, in several modes
FEATURES = Path(__file__).parents[1] / "data" / "robots" / "features.xml"


@pytest.fixture(params=["humanoid", "features"])
def task(request):
    """The shipped robot, and one with what real models have besides: passive and nameless joints, a ball joint, a crate."""
    return load_task(FEATURES if request.param == "features" else request.param)


def targets_of(task, num_envs):
    """The default pose as targets of the actions. [N, A]"""
    driven = [task.dof_names.index(name) for name in task.actuated]
    return torch.tensor(task.default_dof_pos)[driven].repeat(num_envs, 1)


@pytest.fixture(params=[*OTHERS, "mujoco before 3.17", *gym_double.MODES])
def sim_of(request, monkeypatch):
    """A function task, num_envs -> Sim of the backend under test; closed afterwards."""
    name = request.param.split()[0]
    if name == "mujoco_warp" and request.node.callspec.params.get("task") == "features":
        if not request.config.getoption("--slow"):  # another half minute of compiling kernels, on first use
            pytest.skip("MuJoCo Warp on the robot with all features: with --slow")
    if request.param in gym_double.MODES:
        make = gym_double.use(monkeypatch, **gym_double.MODES[request.param])
    else:
        pytest.importorskip(LIBRARY[name])
        make = lambda task, num_envs: make_sim(name, task, num_envs, "cpu", seed=1)
    if request.param == "mujoco before 3.17":
        monkeypatch.setattr("rewardlang.sim.mujoco.Batch", mujoco_loop.Batch)
    opened = []

    def build(task, num_envs=2):
        if name == "isaacgym" and task.name == "features":
            pytest.skip("Isaac Gym takes no ball joints: test_isaacgym.py sees that it says so")
        opened.append(make(task, num_envs))
        return opened[-1]

    build.name = name
    yield build
    for sim in opened:
        sim.close()


def state(num_envs, pos=(0, 0, 1), rot=(0, 0, 0, 1), lin_vel=(0, 0, 0), ang_vel=(0, 0, 0)):
    return torch.tensor([[*pos, *rot, *lin_vel, *ang_vel]], dtype=torch.float32).repeat(num_envs, 1)


def reset_all(sim, root=None, dof_pos=0.0, dof_vel=0.0):
    n, d = sim.num_envs, len(sim.dof_names)
    everyone = torch.ones(n, dtype=torch.bool)
    root = state(n) if root is None else root
    sim.reset(everyone, root, torch.full((n, d), float(dof_pos)), torch.full((n, d), float(dof_vel)))


def reset_all_to(sim, root, dof_pos):
    sim.reset(torch.ones(sim.num_envs, dtype=torch.bool), root, dof_pos, torch.zeros_like(dof_pos))


def snapshot(sim):
    names = ("root_states", "dof_pos", "dof_vel", "dof_forces", "body_states", "contact_forces")
    return {name: getattr(sim, name).clone() for name in names}


def matrix(quat):
    """Rotation matrix of a quaternion xyzw, from the textbook. [..., 3, 3]."""
    x, y, z, w = quat.double().unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def test_shapes_names_and_constants(sim_of, task):
    sim = sim_of(task, 3)
    assert sim.dof_names == task.dof_names and sim.body_names == task.body_names
    d, b = len(task.dof_names), len(task.body_names)
    shapes = {
        "root_states": (3, 13), "dof_pos": (3, d), "dof_vel": (3, d), "dof_forces": (3, d),
        "body_states": (3, b, 13), "contact_forces": (3, b, 3), "dof_pos_lower": (d,), "dof_pos_upper": (d,),
        "dof_vel_limits": (d,), "torque_limits": (d,), "body_mass": (b,),
    }  # fmt: skip
    for name, shape in shapes.items():
        tensor = getattr(sim, name)
        assert tuple(tensor.shape) == shape and tensor.dtype == torch.float32, name
    assert sim.body_mass.sum() == pytest.approx({"humanoid": 5.0, "features": 6.22}[task.name])
    for name in ("torque_limits", "dof_pos_lower", "dof_pos_upper", "dof_vel_limits"):
        assert torch.allclose(getattr(sim, name), torch.tensor(getattr(task, name))), name


def test_tensors_keep_their_addresses(sim_of, tmp_path):
    sim = sim_of(make_task(tmp_path, BRICK))
    before = {name: getattr(sim, name).data_ptr() for name in snapshot(sim)}
    reset_all(sim)
    sim.step(torch.zeros(2, 1))
    assert before == {name: getattr(sim, name).data_ptr() for name in before}


def test_free_fall(sim_of, tmp_path):
    sim = sim_of(make_task(tmp_path, BRICK, dt=0.001))
    reset_all(sim, state(2, pos=(0, 0, 5), lin_vel=(0.5, -0.25, 2)))
    for _ in range(50):
        sim.step(torch.zeros(2, 1))
    t = 0.5
    root = sim.root_states[0]
    assert root[0].item() == pytest.approx(0.5 * t, abs=1e-4)
    assert root[1].item() == pytest.approx(-0.25 * t, abs=1e-4)
    assert root[2].item() == pytest.approx(5 + 2 * t - GRAVITY * t * t / 2, abs=0.006)  # first order in dt
    assert root[9].item() == pytest.approx(2 - GRAVITY * t, abs=1e-3)
    assert sim.contact_forces.abs().max() == 0
    assert root[10:13].abs().max() < 1e-3  # nothing turns it


def test_pendulum_period(sim_of, tmp_path):
    sim = sim_of(make_task(tmp_path, PENDULUM, decimation=10))
    reset_all(sim, dof_pos=0.1)
    angles = []
    for _ in range(300):
        sim.step(torch.zeros(2, 1))
        angles.append(sim.dof_pos[0, 0].item())
    # when it comes up through the middle, between two samples
    ups = [i - y / (y - x) for i, (x, y) in enumerate(zip(angles, angles[1:]), 1) if x < 0 <= y]
    assert len(ups) > 1
    inertia = 0.002 + 1 * 0.5**2
    expected = 2 * math.pi * math.sqrt(inertia / (1 * GRAVITY * 0.5)) * (1 + 0.1**2 / 16)
    assert (ups[1] - ups[0]) * 0.01 == pytest.approx(expected, rel=0.003)
    assert sim.root_states[0, :3].tolist() == pytest.approx([0, 0, 2])  # the base is bolted down


def test_contact_force_at_rest_is_the_weight(sim_of):
    task = load_task("humanoid")
    sim = sim_of(task)
    target = torch.tensor(task.default_dof_pos).repeat(2, 1)
    for _ in range(150):
        sim.step(target)
    feet = [i for i, name in enumerate(sim.body_names) if name.endswith("_foot")]
    weight = sim.body_mass.sum().item() * GRAVITY
    assert sim.contact_forces[:, feet, 2].sum(1).tolist() == pytest.approx([weight] * 2, rel=0.01)
    assert sim.contact_forces[:, feet, :2].sum(1).abs().max() < 0.01 * weight
    others = [i for i in range(len(sim.body_names)) if i not in feet]
    assert sim.contact_forces[:, others].abs().max() == 0


def test_pd_step_response(sim_of, tmp_path):
    """The arm turns about its own vertical axis: J·q'' = k·(target - q) - d·q', solved in closed form."""
    stiffness, damping, target = 2.0, 0.05, 0.4
    xml = BRICK.replace("<freejoint/>", "")
    sim = sim_of(make_task(tmp_path, xml, stiffness=stiffness, damping=damping, dt=0.0005, decimation=4))
    inertia = 0.004 + 0.5 * 0.1**2
    reset_all(sim)
    decay = damping / (2 * inertia)
    omega = math.sqrt(stiffness / inertia - decay**2)
    for step in range(1, 101):
        sim.step(torch.full((2, 1), target))
        t = step * 0.002
        curve = math.exp(-decay * t) * (math.cos(omega * t) + decay / omega * math.sin(omega * t))
        assert sim.dof_pos[0, 0].item() == pytest.approx(target * (1 - curve), abs=0.012)


def test_motor_force_is_the_pd_law_within_its_limit(sim_of, tmp_path):
    """With one physics step a control step, the force is known from the state before it."""
    xml = BRICK.replace("<freejoint/>", "")
    sim = sim_of(make_task(tmp_path, xml, stiffness=3.0, damping=0.01, decimation=1, dt=0.0001, effort=0.5))
    reset_all(sim, dof_pos=0.3, dof_vel=0.2)
    assert sim.dof_forces[0, 0].item() == pytest.approx(-0.01 * 0.2, abs=1e-6)  # holds its position
    sim.step(torch.tensor([[0.4], [2.0]]))
    forces = [3.0 * 0.1 - 0.01 * 0.2, 0.5]
    assert sim.dof_forces[:, 0].tolist() == pytest.approx(forces, abs=2e-5)
    inertia = 0.004 + 0.5 * 0.1**2
    speeds = [0.2 + 0.0001 * force / inertia for force in forces]  # and so the arm gets faster
    assert sim.dof_vel[:, 0].tolist() == pytest.approx(speeds, abs=2e-4)


def test_a_joint_has_its_own_damping_and_armature(sim_of, tmp_path):
    """Beside those of the motor. The arm coasts: (J + armature)·q'' = -d·q'."""
    xml = BRICK.replace("<freejoint/>", "").replace('range="-2 2"', 'damping="0.05" armature="0.01"')
    sim = sim_of(make_task(tmp_path, xml, dt=0.001, decimation=10))
    reset_all(sim, dof_vel=2.0)
    for _ in range(20):
        sim.step(torch.zeros(2, 1))
    left = math.exp(-0.2 * 0.05 / (0.004 + 0.5 * 0.1**2 + 0.01))
    assert sim.dof_vel[:, 0].tolist() == pytest.approx([2 * left] * 2, rel=0.01)
    assert sim.dof_forces.abs().max() == 0  # the motor's share alone


def test_motor_force_is_that_of_the_last_physics_step(sim_of, tmp_path):
    xml = BRICK.replace("<freejoint/>", "")
    options = {"stiffness": 3.0, "damping": 0.02, "dt": 0.005}
    found = []
    for decimation in (1, 3):
        sim = sim_of(make_task(tmp_path, xml, decimation=decimation, **options))
        reset_all(sim, dof_pos=0.3, dof_vel=0.2)
        for _ in range(3 // decimation):
            sim.step(torch.tensor([[0.4], [-0.2]]))
        found.append(sim.dof_forces.clone())
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=1e-5)


def test_a_robot_does_not_touch_itself_unless_its_model_does(sim_of):
    """The humanoid's geoms touch the floor alone; here its feet are one in the other."""
    task = load_task("humanoid")
    sim = sim_of(task)
    pose = torch.tensor(task.default_dof_pos)
    for i, name in enumerate(task.dof_names):
        pose[i] = {"left_hip_roll": -0.25, "right_hip_roll": 0.25}.get(name, float(pose[i]))
    reset_all_to(sim, state(2, pos=(0, 0, 2)), pose.repeat(2, 1))
    sim.step(pose.repeat(2, 1))
    feet = [i for i, name in enumerate(task.body_names) if name.endswith("_foot")]
    assert (sim.body_states[0, feet[0], :3] - sim.body_states[0, feet[1], :3]).norm() < 0.05
    assert sim.contact_forces.abs().max() == 0


def test_it_starts_where_the_task_says(sim_of):
    task = replace(load_task("humanoid"), sim_dt=1e-4, decimation=1)
    sim = sim_of(task, 3)
    init = task.init_state
    pose = torch.tensor(task.default_dof_pos).repeat(3, 1)
    for _ in range(2):  # shown, and still so after a moment
        torch.testing.assert_close(
            sim.root_states[:, :7], torch.tensor([[*init.pos, *init.rot]] * 3), atol=1e-6, rtol=0
        )
        torch.testing.assert_close(sim.dof_pos, pose, atol=1e-5, rtol=0)
        assert sim.dof_vel.abs().max() < 0.02 and sim.root_states[:, 7:].abs().max() < 0.01
        sim.step(pose)


def test_joint_limits_hold(sim_of, tmp_path):
    """Driven beyond them, the arm stops close to them."""
    xml = BRICK.replace("<freejoint/>", "").replace('range="-2 2"', 'range="-0.3 0.5"')
    sim = sim_of(make_task(tmp_path, xml, stiffness=1.0, damping=0.1, dt=0.002))
    for _ in range(100):
        sim.step(torch.tensor([[2.0], [-2.0]]))
    assert sim.dof_pos[:, 0].tolist() == pytest.approx([0.5, -0.3], abs=0.03)


def test_nothing_slows_a_spin(sim_of, tmp_path):
    """About a principal axis, in the air: no damping that nobody asked for."""
    xml = BRICK.replace('pos="0.05 -0.03 0.02" mass="2"', 'pos="0 0 0.05" mass="2"')
    xml = xml.replace(
        'pos="0.1 0 0" mass="0.5" diaginertia="0.001 0.004 0.004"',
        'pos="-0.1 -0.02 0" mass="0.5" diaginertia="0.004 0.004 0.004"',
    )
    sim = sim_of(make_task(tmp_path, xml, stiffness=5.0, damping=0.5, dt=0.001))
    reset_all(sim, state(2, pos=(0, 0, 5), lin_vel=(3, 0, 0), ang_vel=(0, 0, 6)))
    for _ in range(30):
        sim.step(torch.zeros(2, 1))
    assert sim.root_states[:, 12].tolist() == pytest.approx([6] * 2, rel=1e-3)
    assert sim.root_states[:, 7].tolist() == pytest.approx([3] * 2, rel=1e-3)


def test_friction_is_that_of_the_model(sim_of, tmp_path):
    """Thrown along the floor, a sled slides v² / 2μg far."""
    task = make_task(tmp_path, SLED, dt=0.001)
    sim = sim_of(task)
    reset_all(sim, state(2, pos=(0, 0, 0.0499), lin_vel=(1, 0, 0)))
    for _ in range(50):
        sim.step(torch.zeros(2, 1))
    assert sim.root_states[:, 7].abs().max() < 0.01  # it has stopped
    assert sim.root_states[:, 0].tolist() == pytest.approx([1 / (2 * 0.4 * GRAVITY)] * 2, rel=0.1)


def test_each_joint_moves_its_own_body(sim_of):
    """By name: reset, and commanded. The bodies above and on the other side stay where they were."""
    task = load_task("humanoid")
    sim = sim_of(task, 2 * len(task.dof_names))
    n, count = sim.num_envs, len(task.dof_names)
    link = {"hip": "thigh", "knee": "shank", "ankle": "foot"}
    below = {"thigh": ("thigh", "shank", "foot"), "shank": ("shank", "foot"), "foot": ("foot",)}
    rot = torch.nn.functional.normalize(torch.tensor([0.2, -0.5, 0.3, 0.7]), dim=0).tolist()
    air, pose = state(n, pos=(0, 0, 3), rot=rot), torch.tensor(task.default_dof_pos).repeat(n, 1)
    reset_all_to(sim, air, pose)
    before = sim.body_states.clone()
    moved = pose.clone()
    for joint in range(count):
        moved[joint, joint] += 0.2  # the other half of the environments are commanded to
    reset_all_to(sim, air, moved)
    shown = sim.body_states.clone()
    for _ in range(3):
        sim.step(pose + torch.cat((moved[:count] - pose[:count], moved[:count] - pose[:count])))
    for joint, name in enumerate(task.dof_names):
        side, part = name.split("_")[:2]
        mine = {f"{side}_{segment}" for segment in below[link[part]]}
        turned = (shown[joint, :, 3:7] - before[joint, :, 3:7]).abs().amax(1) > 1e-2
        assert {body for body, yes in zip(task.body_names, turned.tolist()) if yes} == mine, name
        went = (sim.dof_pos[count + joint] - pose[0]).abs()
        assert int(went.argmax()) == joint and went[joint] > 0.02, name


def test_body_states_at_a_reset_are_those_of_the_next_moment(sim_of, tmp_path):
    """Any joint angles and speeds: what is shown at the reset is where the physics goes on from."""
    task = replace(load_task("humanoid"), sim_dt=1e-4, decimation=1)
    sim = sim_of(task, 3)
    generator = torch.Generator().manual_seed(2)
    noise = lambda size: size * (2 * torch.rand(3, len(task.dof_names), generator=generator) - 1)
    pose = torch.tensor(task.default_dof_pos) + noise(0.25)
    root = state(3, pos=(1, -2, 3), lin_vel=(0.4, -0.3, 0.2), ang_vel=(1, -2, 3))
    root[:, 3:7] = torch.nn.functional.normalize(torch.randn(3, 4, generator=generator), dim=1)
    sim.reset(torch.ones(3, dtype=torch.bool), root, pose, noise(3.0))
    shown = snapshot(sim)
    sim.step(pose)
    now = sim.body_states - shown["body_states"]
    assert now[..., 0:3].abs().max() < 1e-3 and now[..., 3:7].abs().max() < 2e-3
    # in 0.1 ms nothing gets much faster
    assert now[..., 7:10].abs().max() < 0.05 and now[..., 10:13].abs().max() < 0.5
    drift = shown["body_states"][..., 7:10] * 1e-4
    torch.testing.assert_close(now[..., 0:3], drift, atol=3e-6, rtol=0)


def test_resets_one_after_the_other(sim_of, tmp_path):
    """Two masks before a step: both count, the later one where both name an environment."""
    sim = sim_of(make_task(tmp_path, BRICK, dt=1e-4, decimation=1), 4)
    heights = torch.zeros(4)
    still = torch.zeros(4, 1)
    for mask, height in (([1, 1, 0, 0], 3.0), ([0, 1, 1, 0], 5.0)):
        sim.reset(
            torch.tensor(mask, dtype=torch.bool), state(4, pos=(0, 0, height)), still + height / 10, still
        )
        heights[torch.tensor(mask, dtype=torch.bool)] = height
    heights[3] = 1.0
    angles = torch.tensor([0.3, 0.5, 0.5, 0.0])
    for _ in range(3):  # and no reset is made twice
        torch.testing.assert_close(sim.root_states[:, 2], heights, atol=1e-4, rtol=0)
        torch.testing.assert_close(sim.dof_pos[:, 0], angles, atol=1e-4, rtol=0)
        sim.step(angles[:, None])
    for _ in range(300):
        sim.step(angles[:, None])
    assert (sim.root_states[:, 2] < heights - 0.003).all()


def test_reset_is_exact_and_leaves_others_alone(sim_of, task):
    count, actions = len(task.dof_names), len(task.actuated)
    sim = sim_of(task, 5)
    generator = torch.Generator().manual_seed(3)
    for _ in range(12):
        sim.step(targets_of(task, 5) + 0.3 * torch.randn(5, actions, generator=generator))
    before = snapshot(sim)
    mask = torch.tensor([False, True, False, True, False])
    root = state(5, pos=(0.3, -0.2, 0.8), lin_vel=(1, -2, 0.5), ang_vel=(0.7, -0.4, 1.1))
    root[:, 3:7] = torch.nn.functional.normalize(torch.tensor([0.3, -0.2, 0.6, 0.5]), dim=0)
    dof_pos = torch.tensor(task.default_dof_pos) + 0.1 * torch.randn(5, count, generator=generator)
    dof_vel = torch.randn(5, count, generator=generator)
    sim.reset(mask, root, dof_pos, dof_vel)
    after = snapshot(sim)
    for name in before:
        assert torch.equal(after[name][~mask], before[name][~mask]), name
    assert torch.equal(after["dof_pos"][mask], dof_pos[mask])
    assert torch.equal(after["dof_vel"][mask], dof_vel[mask])
    torch.testing.assert_close(after["root_states"][mask], root[mask], atol=2e-6, rtol=0)
    assert torch.equal(after["body_states"][:, 0], after["root_states"])
    assert after["contact_forces"][mask].abs().max() == 0  # it starts in the air


def test_a_reset_environment_forgets_its_past(sim_of, task):
    """Also what the contact solver remembers, and where passive joints were: it starts pressed into the ground, as in a new simulator."""
    target, pose = targets_of(task, 2), torch.tensor(task.default_dof_pos).repeat(2, 1)
    low = state(2, pos=(0, 0, task.init_state.pos[2] - 0.01))
    sim = sim_of(task, 2)
    for _ in range(3):
        sim.step(torch.tensor([[0.5], [0.0]]) + target)  # the two differ, then start alike
    assert not torch.equal(sim.body_states[0], sim.body_states[1])
    for each in (sim, sim_of(task, 2)):
        each.reset(torch.tensor([True, True]), low, pose, torch.zeros_like(pose))
        # Isaac Gym has no contacts before it steps
        assert each.contact_forces.abs().max() > 1 or sim_of.name == "isaacgym"
    fresh = each
    for _ in range(20):
        sim.step(target)
        fresh.step(target)
    for name, tensor in snapshot(sim).items():
        assert torch.equal(tensor[0], tensor[1]), name
        assert torch.equal(tensor, getattr(fresh, name)), name


def test_masses_and_their_centres(sim_of, tmp_path):
    sim = sim_of(make_task(tmp_path, BRICK))
    assert sim.body_mass.tolist() == pytest.approx([2, 0.5])
    assert sim.body_com.flatten().tolist() == pytest.approx([0.05, -0.03, 0.02, 0.1, 0, 0])


def test_yaw_turns_the_body(sim_of, tmp_path):
    """A quarter turn about z, written xyzw, puts what was in front of the base to its left."""
    sim = sim_of(make_task(tmp_path, BRICK))
    half = math.sqrt(0.5)
    reset_all(sim, state(2, pos=(1, 2, 3), rot=(0, 0, half, half)))
    arm = sim.body_names.index("arm")
    expected = [1 - 0.02, 2 + 0.1, 3.3]  # the arm sits at (0.1, 0.02, 0.3) in the base
    assert sim.body_states[0, arm, 0:3].tolist() == pytest.approx(expected, abs=1e-5)
    assert sim.body_states[0, arm, 3:7].tolist() == pytest.approx([0, 0, half, half], abs=1e-5)


def test_velocities_are_those_of_the_body_origin_in_the_world_frame(sim_of, tmp_path):
    """Against differences of positions and rotations over a short time, on a base with a skew spin."""
    dt = 1e-4
    sim = sim_of(make_task(tmp_path, BRICK, dt=dt, decimation=1))
    rot = torch.nn.functional.normalize(torch.tensor([0.2, -0.5, 0.3, 0.7]), dim=0).tolist()
    reset_all(sim, state(2, rot=rot, lin_vel=(0.4, -0.3, 0.2), ang_vel=(3, -2, 4)), dof_pos=0.5, dof_vel=-3)
    steps = []
    for _ in range(3):
        steps.append(sim.body_states[0].clone().double())
        sim.step(torch.zeros(2, 1))
    before, now, after = steps
    # Positions are float32: differences over 2e-4 s are good to about 1e-3 m/s.
    torch.testing.assert_close((after[:, :3] - before[:, :3]) / (2 * dt), now[:, 7:10], atol=3e-3, rtol=0)
    turn = matrix(after[:, 3:7]) @ matrix(before[:, 3:7]).transpose(-1, -2)  # in the world frame
    spin = torch.stack(
        [turn[:, 2, 1] - turn[:, 1, 2], turn[:, 0, 2] - turn[:, 2, 0], turn[:, 1, 0] - turn[:, 0, 1]], -1
    )
    torch.testing.assert_close(spin / 2 / (2 * dt), now[:, 10:13], atol=6e-3, rtol=0)


def test_reset_velocities_are_in_the_world_frame(sim_of, tmp_path):
    """A base pitched by 90 degrees, spun about the world's z axis, turns about the world's z axis."""
    sim = sim_of(make_task(tmp_path, BRICK, dt=0.001, decimation=10))
    half = math.sqrt(0.5)
    reset_all(sim, state(2, rot=(0, half, 0, half), ang_vel=(0, 0, 2)))
    heading = matrix(sim.root_states[0, 3:7])[:, 2]  # the base's z axis lies along the world's x
    assert heading.tolist() == pytest.approx([1, 0, 0], abs=1e-6)
    sim.step(torch.zeros(2, 1))
    heading = matrix(sim.root_states[0, 3:7])[:, 2]
    assert math.atan2(heading[1], heading[0]) == pytest.approx(0.02, abs=1e-3)


def test_all_quantities_describe_the_same_instant(sim_of, tmp_path):
    """The arm's pose and velocity follow from the base and the joint of the same sample, to rounding."""
    sim = sim_of(make_task(tmp_path, BRICK, dt=0.005, decimation=4))
    reset_all(sim, state(2, lin_vel=(1, 2, 3), ang_vel=(5, -4, 6)), dof_pos=0.2, dof_vel=8)
    for _ in range(3):
        sim.step(torch.zeros(2, 1))
    root, arm = sim.root_states[0].double(), sim.body_states[0, sim.body_names.index("arm")].double()
    base = matrix(root[3:7])
    offset = base @ torch.tensor([0.1, 0.02, 0.3]).double()
    torch.testing.assert_close(arm[:3], root[:3] + offset, atol=1e-5, rtol=0)
    angle = sim.dof_pos[0, 0].double()
    zero = torch.zeros_like(angle)
    hinge = torch.stack([zero, zero, (angle / 2).sin(), (angle / 2).cos()])
    torch.testing.assert_close(matrix(arm[3:7]), base @ matrix(hinge), atol=1e-5, rtol=0)
    velocity = root[7:10] + torch.linalg.cross(root[10:13], offset)
    torch.testing.assert_close(arm[7:10], velocity, atol=1e-4, rtol=0)
    spin = root[10:13] + base[:, 2] * sim.dof_vel[0, 0].double()
    torch.testing.assert_close(arm[10:13], spin, atol=1e-4, rtol=0)


def test_equal_environments_stay_equal(sim_of, task):
    """Also when their number is not a multiple of the cores'."""
    sim = sim_of(task, 7)
    generator = torch.Generator().manual_seed(5)
    for _ in range(30):
        sim.step(targets_of(task, 7) + 0.3 * torch.randn(len(task.actuated), generator=generator))
    for name, tensor in snapshot(sim).items():
        assert torch.equal(tensor, tensor[:1].expand_as(tensor)), name


def test_deterministic(sim_of, task):
    results = []
    for _ in range(2):
        sim = sim_of(task, 6)
        generator = torch.Generator().manual_seed(7)
        for _ in range(25):
            sim.step(targets_of(task, 6) + 0.3 * torch.randn(6, len(task.actuated), generator=generator))
        results.append(snapshot(sim))
    for name in results[0]:
        assert torch.equal(results[0][name], results[1][name]), name


def test_a_diverged_environment_shows_it_and_recovers_by_reset(sim_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # MuJoCo leaves a log of its warnings in the working folder
    task = load_task("humanoid")
    sim = sim_of(task, 2)
    target = torch.tensor(task.default_dof_pos).repeat(2, 1)
    still = torch.zeros_like(target)
    start = state(2, pos=task.init_state.pos)
    sim.reset(torch.tensor([True, False]), start, target, still + float("nan"))
    sim.step(target)
    assert not torch.isfinite(sim.root_states[0]).any()
    assert torch.isfinite(sim.root_states[1]).all()
    sim.reset(torch.tensor([True, False]), start, target, still)
    for _ in range(3):
        sim.step(target)
    for name, tensor in snapshot(sim).items():
        assert torch.isfinite(tensor).all(), name
