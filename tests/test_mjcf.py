"""The reader of MJCF against MuJoCo, on every model at hand: names, order, ranges, poses, keyframes, effort limits."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from rewardlang import mjcf
from rewardlang.marked_yaml import ConfigError

ROOT = Path(__file__).parent
FEATURES = ROOT / "data" / "robots" / "features.xml"
TASKS = sorted((ROOT.parent / "tasks").glob("*/*.xml"))


def _gymnasium():
    found = importlib.util.find_spec("gymnasium")
    folder = Path(found.submodule_search_locations[0]) if found else Path("nowhere")
    return sorted((folder / "envs" / "mujoco" / "assets").glob("*.xml"))


def _menagerie():
    """Legged robots and hands that are on this machine: under MENAGERIE_ROOT, or in the package's cache."""
    cache = Path(os.environ.get("MENAGERIE_CACHE_DIR") or Path.home() / ".cache" / "mujoco_menagerie")
    roots = [os.environ.get("MENAGERIE_ROOT"), cache / "models"]
    return [
        xml for root in roots if root for xml in sorted(Path(root).glob("*/*.xml")) if "scene" not in xml.name
    ]


@pytest.mark.parametrize("path", [FEATURES, *TASKS, *_gymnasium(), *_menagerie()], ids=lambda path: path.name)
def test_reads_what_mujoco_compiles(path):
    mujoco, np = pytest.importorskip("mujoco"), pytest.importorskip("numpy")
    try:
        model = mujoco.MjModel.from_xml_path(str(path))
    except ValueError as error:
        pytest.skip(f"MuJoCo does not compile it: {error}")
    if not model.nu:
        pytest.skip("no actuators")
    robot = mjcf.read(path)
    root = int(np.argmax(np.bincount(model.body_rootid[model.jnt_bodyid])))
    bodies = np.flatnonzero(model.body_rootid == root)
    joints = np.flatnonzero((model.body_rootid[model.jnt_bodyid] == root) & (model.jnt_type >= 2))
    assert [model.body(i).name or own for i, own in zip(bodies, robot.body_names)] == list(robot.body_names)
    assert [model.joint(i).name or own for i, own in zip(joints, robot.dof_names)] == list(robot.dof_names)
    assert len(bodies) == len(robot.body_names) == len(set(robot.body_names))
    assert len(joints) == len(robot.dof_names) == len(set(robot.dof_names))
    assert [root + i for i in robot.parents[1:]] == model.body_parentid[bodies[1:]].tolist()
    assert [root + i for i in robot.dof_bodies] == model.jnt_bodyid[joints].tolist()

    limits = np.where(model.jnt_limited[joints, None], model.jnt_range[joints], [-np.inf, np.inf])
    np.testing.assert_allclose(np.reshape(robot.dof_range, (-1, 2)), limits, atol=1e-12)
    np.testing.assert_allclose(
        robot.dof_damping, model.dof_damping[model.jnt_dofadr[joints]].reshape(len(joints), -1)[:, 0]
    )
    efforts = [(robot.drives[name].effort, _effort(model, joint)) for name, joint in zip(robot.dof_names, joints) if name in robot.drives]  # fmt: skip
    np.testing.assert_allclose(*zip(*efforts))
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    turn = data.xmat[root].reshape(3, 3)
    np.testing.assert_allclose(np.reshape(robot.dof_axes, (-1, 3)), data.xaxis[joints] @ turn, atol=1e-9)
    np.testing.assert_allclose(robot.body_positions, (data.xpos[bodies] - data.xpos[root]) @ turn, atol=1e-9)
    np.testing.assert_allclose(robot.stance.pos, data.xpos[root], atol=1e-9)
    quat = data.xquat[root][[1, 2, 3, 0]]
    np.testing.assert_allclose(
        robot.stance.rot, quat * np.sign(quat[3] or quat @ robot.stance.rot), atol=1e-9
    )
    np.testing.assert_allclose(robot.stance.dof_pos, model.qpos0[model.jnt_qposadr[joints]], atol=1e-12)
    for key in robot.keyframes:
        assert model.key(key.number).name == key.name
        qpos = model.key_qpos[key.number]
        np.testing.assert_allclose(key.stance.dof_pos, qpos[model.jnt_qposadr[joints]])
        if not robot.fixed_base:
            free = model.jnt_qposadr[model.body_jntadr[root]]
            np.testing.assert_allclose(key.stance.pos, qpos[free : free + 3])
            np.testing.assert_allclose(key.stance.rot, qpos[free + 3 : free + 7][[1, 2, 3, 0]], atol=1e-9)


def _effort(model, joint) -> float:
    """The most that the first actuator of a joint can give there, by its limits in the compiled model."""
    i = next(
        i for i in range(model.nu) if model.actuator_trnid[i, 0] == joint and model.actuator_trntype[i] < 2
    )
    gain, bias = abs(model.actuator_gainprm[i, 0]), model.actuator_biasprm[i]
    held = bias[1] < 0 or (bias[2] and bias[2] == -gain)  # a target of position or velocity, no force
    each = (
        (model.actuator_forcelimited[i], model.actuator_forcerange[i], abs(model.actuator_gear[i, 0])),
        (
            model.actuator_ctrllimited[i] and not held,
            model.actuator_ctrlrange[i],
            abs(model.actuator_gear[i, 0]) * gain,
        ),
        (model.jnt_actfrclimited[joint], model.jnt_actfrcrange[joint], 1.0),
    )
    return min((scale * max(abs(ends)) for limited, ends, scale in each if limited), default=float("inf"))


@pytest.mark.parametrize(
    "actuator, effort",
    [
        ('<motor joint="j" ctrlrange="-3 1"/>', 3),  # the larger end, whichever it is
        ('<motor joint="j" ctrlrange="-3 0" gear="-2"/>', 6),
        ('<motor joint="j" ctrlrange="-3 3" ctrllimited="false" forcerange="-5 4"/>', 5),
        ('<motor joint="j" ctrlrange="0 0" forcerange="-5 4"/>', 5),  # takes back a range of the defaults
        ('<motor joint="j" ctrlrange="-3 3" ctrllimited="true" forcerange="-2 1" gear="2"/>', 4),
        ('<general joint="j" ctrlrange="-3 1" gainprm="-2" forcelimited="false" forcerange="-1 1"/>', 6),
        ('<general joint="j" ctrlrange="-1 1" gainprm="9" biastype="affine" biasprm="0 -9" forcerange="-7 2"/>', 7),
        ('<motor joint="j" ctrlrange="-30 30"/>', 8),  # the joint's own limit
    ],
)  # fmt: skip
@pytest.mark.parametrize("autolimits", [True, False])
def test_effort_limits(tmp_path, actuator, effort, autolimits):
    joint = '<joint name="j" actuatorfrcrange="-8 2" actuatorfrclimited="true"/>'
    if (
        not autolimits
    ):  # then only what is said to be limited is; an older MuJoCo takes a range without a word
        for name in ("ctrl", "force"):
            if f"{name}range" in actuator and f"{name}limited" not in actuator:
                actuator = actuator.replace(f"{name}range=", f'{name}limited="false" {name}range=')
    path = tmp_path / "robot.xml"
    path.write_text(
        f'<mujoco><compiler autolimits="{str(autolimits).lower()}"/><worldbody><body>{joint}<geom size="1"/></body></worldbody>'
        f"<actuator>{actuator}</actuator></mujoco>"
    )
    found = mjcf.read(path).drives["j"].effort
    mujoco = pytest.importorskip("mujoco")
    assert found == _effort(mujoco.MjModel.from_xml_path(str(path)), 0)
    if autolimits:
        assert found == effort


def test_what_actuators_say():
    drives = mjcf.read(FEATURES).drives
    assert list(drives) == [
        "FL_thigh",
        "FL_calf",
        "FR_thigh",
        "FR_calf",
        "RL_thigh",
        "RL_calf",
        "RR_thigh",
        "RR_calf",
    ]
    assert drives["FL_thigh"] == (9, 30, None)  # the effort limit of <general>'s defaults
    assert drives["FL_calf"] == (9, 40, 2)
    assert drives["FR_thigh"] == (18, 100, 6)  # a gear counts twice for gains
    assert drives["FR_calf"] == (18, 160, 8)
    assert drives["RL_thigh"] == (6, None, None)  # gear · ctrlrange is less than gear · forcerange
    assert drives["RL_calf"] == (8, None, None)
    assert drives["RR_thigh"] == (9, None, None)
    assert drives["RR_calf"] == (9, None, None)  # the first of two


def test_names_of_the_nameless():
    robot = mjcf.read(FEATURES)
    assert robot.body_names[-4:] == ("tail_yaw", "body_10", "tip", "sensor_mast")
    assert robot.dof_names[-2:] == ("tail_yaw", "tip")


@pytest.mark.parametrize(
    "copies", ['<replicate count="2"><body name="x"/></replicate>', '<attach model="a"/>']
)
def test_what_makes_copies_is_refused(tmp_path, copies):
    path = tmp_path / "robot.xml"
    path.write_text(
        f'<mujoco><worldbody><body name="a"><joint name="j"/>{copies}</body></worldbody></mujoco>'
    )
    with pytest.raises(ConfigError, match="is not read here: write the robot as one file first"):
        mjcf.read(path)
