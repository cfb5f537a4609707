"""What only the Isaac Gym adapter promises: what it refuses, what it compares, what it writes for the importer, and its messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import gym_double
import mujoco
import numpy as np
import pytest
import torch

from rewardlang.sim import make_sim
from rewardlang.sim.contract.robots import BRICK, PENDULUM, SLED, make_task
from rewardlang.sim.kinematics import Kinematics
from rewardlang.sim.mujoco_asset import plain_asset
from rewardlang.task import load_task, shipped_tasks

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "tests" / "data" / "robots" / "features.xml"
FLOOR = '<worldbody>\n    <geom type="plane" size="0 0 1"/>'

# A base, then a body with a slide and two hinges off its origin, turned in its parent.
CHAIN = BRICK.replace('<joint name="elbow" axis="0 0 1" range="-2 2"/>', '<joint name="elbow" axis="0 0.6 0.8" pos="0.1 0 -0.2"/>'
  '<joint name="rail" type="slide" axis="1 0 0"/><joint name="wrist" axis="1 0 0" pos="0 0.3 0.1"/>').replace(
  'pos="0.1 0.02 0.3"', 'pos="0.1 0.02 0.3" quat="0.5 0.1 -0.3 0.7"')  # fmt: skip

# Two joints without motors, one of them sprung, between driven ones.
SPRINGS = BRICK.replace(
    "</body>\n    </body>",
    """<body name="wing" pos="0.2 0 0">
        <joint name="spring" axis="0 1 0" stiffness="3" springref="0.4" damping="0.02" armature="0.002"/>
        <inertial pos="0 0.1 0.02" quat="0.9 0.1 -0.2 0.3" mass="0.3" diaginertia="0.001 0.002 0.0015"/>
        <body name="tip" pos="0 0.2 0"><joint name="loose" axis="0 0 1" damping="0.01"/>
          <inertial pos="0.05 0 0" mass="0.1" diaginertia="0.001 0.001 0.001"/>
          <body name="claw" pos="0.1 0 0"><joint name="claw" axis="1 0 0" armature="0.003"/>
            <inertial pos="0 0 0.03" mass="0.1" diaginertia="0.001 0.001 0.001"/></body>
        </body>
      </body></body>
    </body>""",
).replace("</actuator>", '<motor joint="claw" ctrlrange="-1 1"/></actuator>')


@pytest.fixture
def gym(monkeypatch):
    return gym_double.use(monkeypatch)


@pytest.mark.parametrize("old, new, says", [
    ('<body name="brick"', '<body name="crate"><freejoint name="loose"/><geom size="0.1"/></body><body name="brick"', "joint 'loose' belongs to another thing"),
    ('</body>\n    </body>', '<body><joint name="ball" type="ball"/><geom size="0.1"/></body></body>\n    </body>', "joint 'ball' is a ball joint"),
    ("<freejoint/>", '<joint name="spin" type="hinge"/>', "joint 'spin' moves the root body"),
    ('range="-2 2"', 'range="-2 2" ref="0.1"', "joint 'elbow' has a `ref`"),
    ('range="-2 2"', 'range="-2 2" stiffness="3"', "joint 'elbow' has a spring beside its motor"),
    ("<actuator>", '<equality><weld name="tie" body1="arm" body2="brick"/></equality><actuator>', "equality 'tie' closes a loop"),
    ("<worldbody>", '<worldbody><geom name="step" type="box" size="1 1 0.1" pos="3 0 0"/>', "geom 'step' stands in the world"),
    ("<worldbody>", '<worldbody><geom name="ramp" type="plane" size="0 0 1" euler="0.1 0 0"/>', "geom 'ramp' must be a plane at height 0"),
    ("<worldbody>", '<worldbody><geom name="low" type="plane" size="0 0 1" pos="0 0 -1"/>', "geom 'low' must be a plane at height 0"),
    ('</body>\n    </body>', '<body name="dot"/></body>\n    </body>', "body 'dot' has no mass"),
    ('<geom type="box" size="0.1 0.1 0.1" mass="0"', '<geom name="hull" type="mesh" mesh="hull" mass="0"', "geom 'hull' collides as a mesh"),
], ids=lambda value: value[:30] if "'" in value else "")  # fmt: skip
def test_what_no_plain_file_can_say_is_refused(old, new, says, tmp_path):
    assert old in BRICK
    xml = BRICK.replace(old, new)
    if "mesh=" in xml:
        xml = xml.replace(
            "<worldbody>", '<asset><mesh name="hull" vertex="0 0 0 .1 0 0 0 .1 0 0 0 .1"/></asset><worldbody>'
        )
    with pytest.raises(ValueError, match="Isaac Gym can't load this robot: ") as caught:
        plain_asset(make_task(tmp_path, xml))
    assert says in str(caught.value) and "robot.xml: error: " in str(caught.value)


def test_a_model_with_everything_is_refused():
    with pytest.raises(ValueError, match="belongs to another thing"):
        plain_asset(load_task(FEATURES))


def test_a_start_in_the_ground_is_refused(tmp_path):
    task = make_task(tmp_path, BRICK.replace("<worldbody>", FLOOR))
    (tmp_path / "task.yaml").write_text(task.path.read_text().replace("[0, 0, 1]", "[0, 0, 0]"))
    with pytest.raises(ValueError, match="deep in the ground"):
        plain_asset(load_task(tmp_path))


@pytest.mark.parametrize("name", sorted(shipped_tasks()))
def test_the_plain_file_is_the_same_robot(name, monkeypatch):
    """MuJoCo makes the same masses, inertias, joints and limits of it as of the original; each body has one joint at most."""
    monkeypatch.setattr("rewardlang.sim.mujoco_asset.LINK", 1e-9)
    task = load_task(name)
    asset = plain_asset(task)
    for word in (
        "class",
        "actuator",
        "sensor",
        "include",
        "mesh",
        "site",
        "light",
        "camera",
        "plane",
        "euler",
    ):
        assert f"<{word}" not in asset.xml and f" {word}=" not in asset.xml
    plain = mujoco.MjModel.from_xml_string(asset.xml)
    original = mujoco.MjModel.from_xml_path(str(task.mjcf))
    assert plain.nv == original.nv and plain.nbody == original.nbody + len(asset.links)
    assert plain.body_jntnum.max() == 1
    bodies = [plain.body(original.body(i).name).id for i in range(1, original.nbody)]
    for field in ("body_mass", "body_ipos", "body_inertia", "body_subtreemass"):
        np.testing.assert_allclose(
            getattr(plain, field)[bodies], getattr(original, field)[1:], rtol=1e-6, atol=1e-8, err_msg=field
        )
    np.testing.assert_allclose(np.abs(plain.body_iquat[bodies]), np.abs(original.body_iquat[1:]), atol=1e-6)
    for field in ("jnt_axis", "jnt_pos", "jnt_range", "jnt_limited", "dof_armature"):
        np.testing.assert_allclose(
            getattr(plain, field), getattr(original, field), rtol=1e-6, atol=1e-8, err_msg=field
        )
    touching = original.geom_contype | original.geom_conaffinity
    assert plain.ngeom == np.count_nonzero(touching[original.geom_bodyid > 0])


def test_links_weigh_nothing_extra():
    task = load_task("humanoid")
    asset = plain_asset(task)
    plain = mujoco.MjModel.from_xml_string(asset.xml)
    assert asset.links == ("left_thigh__left_hip_yaw", "left_thigh__left_hip_roll", "left_foot__left_ankle_pitch",
                           "right_thigh__right_hip_yaw", "right_thigh__right_hip_roll", "right_foot__right_ankle_pitch")  # fmt: skip
    assert plain.body_mass.sum() == pytest.approx(asset.body_mass.sum(), rel=1e-6)
    assert plain.body("left_thigh").mass[0] == pytest.approx(0.99 * 0.6)


@pytest.mark.parametrize("xml", [None, CHAIN, CHAIN.replace("<freejoint/>", ""), PENDULUM], ids=["humanoid29", "chain", "fixed", "pendulum"])  # fmt: skip
def test_kinematics_are_mujocos(xml, tmp_path):
    task = load_task("humanoid29") if xml is None else make_task(tmp_path, xml)
    sim = make_sim("mujoco", task, 4)
    generator = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(shape, generator=generator)
    root, count = draw(4, 13), len(task.dof_names)
    root[:, 3:7] = torch.nn.functional.normalize(root[:, 3:7], dim=1)
    pos, vel = draw(4, count), draw(4, count)
    sim.reset(torch.ones(4, dtype=torch.bool), root, pos, vel)
    asset = plain_asset(task)
    found = Kinematics(asset, torch.device("cpu"))(sim.root_states.clone(), pos, vel)
    wanted = sim.body_states
    sign = torch.sign((found[..., 3:7] * wanted[..., 3:7]).sum(-1, keepdim=True))
    found[..., 3:7] *= sign  # q and -q are one rotation
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-5)
    sim.close()


@pytest.mark.parametrize("mode", ["isaacgym cpu", "isaacgym permuted"])
@pytest.mark.parametrize("name", ["humanoid29", "springs"])
def test_in_the_air_it_moves_as_on_mujoco(name, mode, monkeypatch, tmp_path):
    """The double has MuJoCo's physics: whatever is lost on the way through the gym shows. A joint without a motor has a spring."""
    monkeypatch.setattr("rewardlang.sim.mujoco_asset.LINK", 1e-7)  # MuJoCo's robot has no links
    task = (
        load_task("humanoid29")
        if name == "humanoid29"
        else make_task(tmp_path, SPRINGS, stiffness=20.0, damping=0.3, effort=4.0)
    )
    robots = [make_sim("mujoco", task, 2), gym_double.use(monkeypatch, **gym_double.MODES[mode])(task)]
    generator = torch.Generator().manual_seed(4)
    draw = lambda *shape: 2 * torch.rand(shape, generator=generator) - 1
    root = torch.cat(
        (torch.tensor([[0.0, 0.0, 4.0]] * 2), torch.nn.functional.normalize(draw(2, 4), dim=1), draw(2, 6)), 1
    )
    pose, vel = (
        torch.tensor(task.default_dof_pos) + 0.2 * draw(2, len(task.dof_names)),
        draw(2, len(task.dof_names)),
    )
    for robot in robots:
        robot.reset(torch.ones(2, dtype=torch.bool), root, pose, vel)
    driven = [task.dof_names.index(name) for name in task.actuated]
    for _ in range(8):
        # no drive with a joint's damping in it may reach its limit: there the two differ
        target = pose[:, driven] + (0.05 if name == "humanoid29" else 0.4) * draw(2, len(task.actuated))
        for robot in robots:
            robot.step(target)
        for tensor, size in (("dof_pos", 1e-5), ("body_states", 2e-4), ("dof_forces", 2e-3)):
            torch.testing.assert_close(*(getattr(robot, tensor) for robot in robots), atol=size, rtol=1e-4)
    assert (robots[0].dof_pos - pose).abs().max() > 0.03
    robots[0].close()


@pytest.mark.parametrize("call, change, says", [
    ("get_actor_rigid_body_properties", lambda found: setattr(found[1], "mass", 0.6), "mass of arm: asked for 0.5, found 0.6"),
    ("get_actor_rigid_body_properties", lambda found: setattr(found[0].com, "y", 0.0), r"centre of mass of brick: asked for \[ 0.05, -0.03,  0.02\], found \[0.05, 0.  , 0.02\]"),
    ("get_actor_rigid_body_properties", lambda found: setattr(found[1].inertia.x, "y", 0.001), "inertia of arm: asked for "),
    ("get_actor_dof_properties", lambda found: found["lower"].fill(-1), "lower of elbow: asked for -2, found -1"),
    ("get_actor_dof_properties", lambda found: found["driveMode"].fill(3), "driveMode of elbow: asked for 1, found 3"),
    ("get_asset_dof_names", lambda found: found.__setitem__(0, "elbow_joint"), r"joint of elbow: asked for elbow, found nothing\n  joint of elbow_joint: asked for nothing, found elbow_joint"),
    ("get_asset_rigid_body_names", lambda found: found.append("dummy"), "body of dummy: asked for nothing, found dummy"),
    ("get_sim_params", lambda found: None, "dt of the simulation: asked for 0.001, found 0.0166667"),
], ids=lambda value: value if isinstance(value, str) and value.isidentifier() else "")  # fmt: skip
def test_what_the_gym_made_is_compared(call, change, says, gym, monkeypatch, tmp_path):
    """Both sides are in the message."""
    from isaacgym import gymapi

    real = getattr(gymapi.Gym, call)

    def other(*arguments):
        found = gymapi.SimParams() if call == "get_sim_params" else real(*arguments)
        change(found)
        return found

    monkeypatch.setattr(gymapi.Gym, call, other)
    with pytest.raises(RuntimeError, match="Isaac Gym made something else of the robot:\n") as caught:
        gym(make_task(tmp_path, BRICK))
    assert caught.match(says)


def test_shapes_are_counted(gym, monkeypatch, tmp_path):
    from isaacgym import gymapi

    monkeypatch.setattr(
        gymapi.Gym,
        "get_asset_rigid_body_shape_indices",
        lambda *_: [gymapi.IndexRange(), gymapi.IndexRange()],
    )
    with pytest.raises(
        RuntimeError, match="made 0 shapes for body brick, which has some to touch the ground with"
    ):
        gym(make_task(tmp_path, BRICK))


def test_positions_must_be_relative_to_the_environment(monkeypatch, tmp_path):
    gym = gym_double.use(monkeypatch, positions="global")
    with pytest.raises(RuntimeError, match=r"environment 1 at \(4, .*origin, which is \(4, 0, 0\)"):
        gym(make_task(tmp_path, BRICK), 4)


def test_a_gym_that_gives_none(gym, monkeypatch, tmp_path):
    from isaacgym import gymapi

    monkeypatch.setattr(gymapi.Gym, "load_asset", lambda *_: None)
    with pytest.raises(RuntimeError, match="Isaac Gym refused load_asset"):
        gym(make_task(tmp_path, BRICK))


TOLD = {
    "simulation": {"substeps": 1, "up_axis": 1, "use_gpu_pipeline": False},
    "PhysX": {  # TGS, as upstream's tasks; contacts of all substeps
        "use_gpu": False, "solver_type": 1, "num_position_iterations": 4, "num_velocity_iterations": 1, "contact_offset": 0.01,
        "rest_offset": 0.0, "bounce_threshold_velocity": 0.5, "max_depenetration_velocity": 1.0, "max_gpu_contact_pairs": 2**23,
        "default_buffer_size_multiplier": 5.0, "contact_collection": 2, "num_subscenes": 0, "num_threads": 4,
    },
    "ground": {"static_friction": 0.2, "dynamic_friction": 0.2, "restitution": 0.0, "distance": 0.0},
    "asset": {  # nothing that slows it, makes it heavier or thicker, or merges its bodies
        "angular_damping": 0.0, "linear_damping": 0.0, "armature": 0.0, "thickness": 0.0, "max_angular_velocity": 1000.0,
        "max_linear_velocity": 1000.0, "default_dof_drive_mode": 1, "collapse_fixed_joints": False, "disable_gravity": False,
        "fix_base_link": False, "flip_visual_attachments": False, "override_com": False, "override_inertia": False,
        "use_physx_armature": True, "enable_gyroscopic_forces": True,
    },
    "shape": {"friction": 0.6, "restitution": 0.0, "rolling_friction": 0.0, "torsion_friction": 0.0},
}  # fmt: skip


def check_what_the_gym_is_told(make, folder, device="cpu"):
    """Also what the double's physics can't show. The sled's friction is 0.4 on a floor of 0.2: the mean of 0.6 and 0.2."""
    from isaacgym import gymapi

    sim = make(make_task(folder, SLED))
    alive = gymapi.Gym.alive
    gpu = device != "cpu"
    told = {
        "simulation": alive.params, "PhysX": alive.params.physx, "ground": alive.ground,
        "asset": alive.envs[0].actor.asset.options, "shape": alive.envs[0].actor.asset.shape_properties[0],
    }  # fmt: skip
    for struct, fields in TOLD.items():
        for name, value in fields.items():
            value = gpu if name.startswith("use_gpu") else value
            assert getattr(told[struct], name) == pytest.approx(value), f"{struct}: {name}"
    assert (alive.ground.normal.x, alive.ground.normal.y, alive.ground.normal.z) == (0, 0, 1)
    assert [env.actor.group for env in alive.envs] == [0, 1] and {env.actor.filter for env in alive.envs} == {
        1
    }
    assert sim.device == "cpu"  # where the double's tensors are, whatever was asked for


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_what_the_gym_is_told(device, monkeypatch, tmp_path):
    check_what_the_gym_is_told(gym_double.use(monkeypatch, device=device), tmp_path, device)


@pytest.mark.parametrize("device, viewer, asked", [
    ("cpu", False, (0, -1)), ("cuda", False, (0, -1)), ("cuda:1", False, (1, -1)), ("cuda:3", True, (3, 3)), ("cpu", True, (0, 0)),
])  # fmt: skip
def test_each_process_has_its_own_gpu(device, viewer, asked, monkeypatch, tmp_path):
    """Of several that train together, each is given another device."""
    make = gym_double.use(monkeypatch, device=device)
    from isaacgym import gymapi

    create, seen = gymapi.Gym.create_sim, []
    monkeypatch.setattr(
        gymapi.Gym, "create_sim", lambda gym, *given: seen.append(given) or create(gym, *given)
    )
    make(make_task(tmp_path, BRICK), **({"viewer": True} if viewer else {})).close()
    ((compute, graphics, kind, params),) = seen
    assert (compute, graphics) == asked and kind == gymapi.SIM_PHYSX
    assert params.use_gpu_pipeline == params.physx.use_gpu == (device != "cpu")


@pytest.mark.parametrize(
    "call, kind", [("get_actor_dof_index", "joint"), ("find_actor_rigid_body_index", "body")]
)
def test_rows_of_another_layout_are_told(call, kind, gym, monkeypatch, tmp_path):
    """Such as all first joints, then all second ones."""
    from isaacgym import gymapi

    real = getattr(gymapi.Gym, call)
    monkeypatch.setattr(
        gymapi.Gym, call, lambda gym, env, *rest: real(gym, env, *rest) - (env is gymapi.Gym.alive.envs[-1])
    )
    with pytest.raises(RuntimeError, match=f"row of the first {kind} of environment 1: asked for"):
        gym(make_task(tmp_path, BRICK))


@pytest.mark.parametrize("call", [
    "prepare_sim", "set_actor_dof_properties", "set_asset_rigid_shape_properties", "set_dof_position_target_tensor",
    "set_dof_state_tensor_indexed", "set_actor_root_state_tensor_indexed", "refresh_actor_root_state_tensor",
    "refresh_dof_state_tensor", "refresh_rigid_body_state_tensor", "refresh_net_contact_force_tensor", "create_sim", "load_asset",
])  # fmt: skip
def test_a_call_that_is_refused_is_told(call, gym, monkeypatch, tmp_path):
    """The gym prints why and goes on: whoever does not look at what it returns trains on nonsense."""
    from isaacgym import gymapi

    real = getattr(gymapi.Gym, call)
    failed = None if call in ("create_sim", "load_asset") else False
    monkeypatch.setattr(gymapi.Gym, call, lambda *given: (real(*given), failed)[1])
    with pytest.raises(RuntimeError, match="Isaac Gym refused "):
        gym(make_task(tmp_path, BRICK)).step(torch.zeros(2, 1))


def test_one_simulation_a_process(gym, tmp_path):
    from isaacgym import gymapi

    task = make_task(tmp_path, BRICK)
    gym(task).close()
    assert gymapi.Gym.alive.destroyed
    with pytest.raises(RuntimeError, match="one simulation a process"):
        make_sim("isaacgym", task, 1)


FRAME = ("query_viewer_has_closed", "fetch_results", "step_graphics", "draw_viewer", "sync_frame_time")


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_the_viewer(device, monkeypatch, tmp_path):
    gym = gym_double.use(monkeypatch, device=device)
    import isaacgym
    from isaacgym import gymapi

    calls = []
    for name in FRAME + ("viewer_camera_look_at",):
        real = getattr(gymapi.Gym, name)
        monkeypatch.setattr(
            gymapi.Gym, name, lambda *given, name=name, real=real: calls.append(name) or real(*given)
        )
    sim = gym(make_task(tmp_path, BRICK), viewer=True)
    assert calls == ["viewer_camera_look_at"]
    for _ in range(3):
        sim.step(torch.zeros(2, 1))
    assert gymapi.Gym.viewers[0].drawn == 3
    assert tuple(calls[-len(FRAME) :]) == FRAME  # results are fetched before they are drawn, on a GPU too
    with pytest.raises(RuntimeError, match="no pictures"):
        sim.render()
    isaacgym.set_knobs(after_torch=True, closed=True)
    with pytest.raises(KeyboardInterrupt):
        sim.step(torch.zeros(2, 1))
    sim.close()
    assert gymapi.Gym.viewers[0].destroyed
    with pytest.raises(ValueError, match="the mujoco simulator has no viewer"):
        make_sim("mujoco", load_task("humanoid"), 1, viewer=True)


def test_its_steps_are_no_part_of_a_cuda_graph(gym, monkeypatch, tmp_path):
    """PhysX and the one wait for the host at a reset can't be recorded."""
    from rewardlang.rl.plan import RewardEnv, make_env, new_plan

    gym(make_task(tmp_path, BRICK)).close()  # makes room for another
    sys.modules["rewardlang.sim.isaacgym_scene"]._claimed.clear()
    sys.modules["isaacgym.gymapi"].forget()
    monkeypatch.setattr(RewardEnv, "record", lambda *_: pytest.fail("recorded"))
    (tmp_path / "my.reward").write_text("forward_vel\n")
    options = dict.fromkeys(("algo", "max_epochs", "max_minutes", "seed", "params", "name"))
    plan = new_plan(
        tmp_path / "my.reward",
        task="humanoid",
        sim="isaacgym",
        device="cpu",
        num_envs=8,
        out=tmp_path,
        **options,
    )
    make_env(plan).sim.close()


def run(*arguments, double=False, **variables):
    path = [str(ROOT), *([str(gym_double.DOUBLE)] if double else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", **variables}
    command = [sys.executable, "-W", "ignore", "-m", "rewardlang", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def test_without_the_package(tmp_path):
    (tmp_path / "my.reward").write_text("forward_vel\n")
    (tmp_path / "run.json").write_text(json.dumps({"sim": "isaacgym"}))
    for arguments in (["train", tmp_path / "my.reward", "--sim", "isaacgym"], ["play", tmp_path]):
        done = run(*arguments)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.startswith("error: the simulator isaacgym is not installed: get Preview 4 from ")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "processes, knobs", [(1, "order=permuted,gpu_rules=True,stale=all"), (2, "order=permuted")]
)
def test_a_training(processes, knobs, tmp_path):
    """The command, from the import order on, also in several processes; the joints come in another order than ours. Once with the rules
    of the GPU pipeline, where each reset of a training waits for the next step."""
    (tmp_path / "my.reward").write_text("forward_vel + 1.0*alive - 0.01*sum(torques^2)\n")
    done = run("train", tmp_path / "my.reward", "--sim", "isaacgym", "--device", "cpu", "--num-envs", 8, "--max-epochs", 3, "--out", tmp_path, "--name", "a",
               "--gpus", processes,
               double=True, ISAACGYM_DOUBLE=knobs)  # fmt: skip
    assert done.returncode == 0, done.stderr
    several = "2 x " if processes > 1 else ""
    assert f"{several}8 environments on isaacgym" in done.stdout and "gym_38" not in done.stdout
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    assert (summary["status"], summary["epoch"]) == ("max_epochs", 3)
    assert json.loads((tmp_path / "a" / "run.json").read_text())["sim"] == "isaacgym"
