"""Tasks of a name and a robot: what is inferred where the YAML is silent, and that the YAML's own word counts."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest

import rewardlang
from rewardlang import show
from rewardlang.anatomy import _sides
from rewardlang.task import TaskError, load_task

FEATURES = Path(__file__).parent / "data" / "robots" / "features.xml"
gymnasium = pytest.mark.skipif(
    importlib.util.find_spec("gymnasium") is None, reason="gymnasium is not installed"
)
LEGS = ("FL_thigh", "FL_calf", "FR_thigh", "FR_calf", "RL_thigh", "RL_calf", "RR_thigh", "RR_calf")


def task_of(folder, more=""):
    (folder / "robot.yaml").write_text(f"name: robot\nasset: {{file: {FEATURES}}}\n{more}")
    return load_task(folder / "robot.yaml")


def test_a_name_and_a_robot_are_enough(tmp_path):
    task = task_of(tmp_path)
    assert task.actuated == LEGS
    assert task.keyframe == 1  # "stand", not the first
    assert task.init_state.pos == (0, 0, 0.39) and task.init_state.rot == (0, 0, 0, 1)
    assert task.default_dof_pos == (0.3, -0.6) * 4 + (0.1, 0.2)
    # own gains, else the effort limit at 1 rad and a fortieth of it; the thighs' joints are damped already
    assert task.stiffness == (30, 40, 100, 160, 6, 8, 9, 9, 0, 0)
    assert task.damping == pytest.approx((0, 2, 6, 8, 0.15, 0.2, 0.225, 0.225, 0, 0))
    assert task.action_scale == pytest.approx((0.3, 0.225, 0.18, 0.1125, 0.5, 0.5, 0.5, 0.5))
    assert task.sim_dt == 0.004 and task.decimation == 5
    assert task.terminations == {"fallen": "base_height < 0.156[m] or projected_gravity.z > -0.5"}
    assert task.observations == (
        "base_lin_vel * 2.0", "base_ang_vel * 0.25", "projected_gravity", "dof_pos - default_dof_pos", "dof_vel * 0.05", "actions",
    )  # fmt: skip
    assert task.groups == {
        "feet": ("bodies", ("FL_lower", "FR_lower", "RL_lower", "RR_lower")),
        "legs": ("joints", LEGS), "thighs": ("joints", LEGS[0::2]), "calves": ("joints", LEGS[1::2]),
    }  # fmt: skip
    assert task.pairs == {
        "joints": tuple((f"{end}L_{part}", f"{end}R_{part}") for end in "FR" for part in ("thigh", "calf")),
        "bodies": tuple((f"{end}L_{part}", f"{end}R_{part}") for end in "FR" for part in ("upper", "lower")),
    }
    assert all(task.joint_signs[name] == 1 for name in LEGS)
    assert task.ppo.is_file() and task.ppo.parent.name == "humanoid"
    program = rewardlang.compile("- sum(contact_forces[feet].z > 1[N])", task, observations=True)
    assert program.typed.causes[0].name == "fallen"


def test_the_yaml_has_the_last_word(tmp_path):
    (tmp_path / "ppo.yaml").write_text("")
    task = task_of(
        tmp_path,
        "init_state: {keyframe: heap, rot: [0, 0, 1, 0], default_joint_angles: -0.5}\n"
        "control: {stiffness: 20, decimation: 4}\nsim: {dt: 0.002}\n"
        "groups: {ends: [bodies, '*_lower']}\npairs: []\nterminations: {}\nobservations: [dof_pos]\n",
    )
    assert task.keyframe == 0 and task.init_state.pos == (0, 0, 0.1) and task.init_state.rot == (0, 0, 1, 0)
    assert task.default_dof_pos == (-0.5,) * 10
    assert task.stiffness == (20,) * 10 and task.damping == (0.5,) * 10  # not the damping of other gains
    assert (task.sim_dt, task.decimation) == (0.002, 4)
    assert list(task.groups) == ["ends"] and task.pairs == {"joints": (), "bodies": ()}
    assert task.terminations == {} and task.observations == ("dof_pos",)
    assert task.ppo == tmp_path / "ppo.yaml"


def test_an_mjcf_alone_is_a_task(tmp_path):
    task = load_task(FEATURES)
    other = task_of(tmp_path)
    assert task.name == "features" and task.path == FEATURES
    for key in ("dof_names", "stiffness", "init_state", "groups", "pairs", "observations", "terminations"):
        assert getattr(task, key) == getattr(other, key), key


def test_a_motor_without_limits_is_asked_for(tmp_path):
    path = tmp_path / "robot.xml"
    path.write_text(
        '<mujoco><worldbody><body><joint name="j"/></body></worldbody><actuator><motor joint="j"/></actuator></mujoco>'
    )
    with pytest.raises(TaskError, match="neither gains nor an effort limit for j: say `control: {stiffness"):
        load_task(path)


LIMB = """<body name="{side}_shank" pos="0 {y} -0.3"><joint name="{side}_knee"/><geom size="0.1"/>
  <body name="{side}_spring"><joint name="{side}_spring"/><geom size="0.1"/></body>
  <body name="{side}_foot_crank"><joint name="{side}_foot_crank"/><geom size="0.1"/>
    <body name="{side}_foot_rod"><joint name="{side}_foot_rod"/><geom size="0.1"/></body></body>
  <body name="{side}_foot_a"><joint name="{side}_foot_a"/><geom size="0.1"/>
    <body name="{side}_rod_b"><joint name="{side}_rod_b"/><geom size="0.1"/></body></body>
  <body name="{side}_foot_pitch"><joint name="{side}_foot_pitch"/><geom size="0.1"/>
    <body name="{side}_foot_roll"><joint name="{side}_foot_roll"/><geom size="0.1"/></body></body>
</body>"""


@pytest.mark.parametrize("word", ["foot", "end"])
def test_feet_are_the_ends_of_legs_and_no_rods(tmp_path, word):
    """As in Cassie's and Digit's legs: what moves an ankle hangs beside it and has its name."""
    sides = (("left", 0.1), ("right", -0.1))
    limbs = "".join(LIMB.format(side=side, y=y).replace("foot", word) for side, y in sides)
    (tmp_path / "robot.xml").write_text(
        f'<mujoco><worldbody><body name="pelvis"><freejoint/><geom size="0.1"/>{limbs}</body></worldbody>'
        '<actuator><motor joint="left_knee" ctrlrange="-1 1"/></actuator></mujoco>'
    )
    groups = load_task(tmp_path / "robot.xml").groups
    assert groups["feet"] == ("bodies", tuple(f"{side}_{word}_roll" for side, _ in sides))
    legs = tuple(
        f"{side}_{joint}" for side, _ in sides for joint in ("knee", f"{word}_pitch", f"{word}_roll")
    )
    assert groups["legs"] == ("joints", legs)


@pytest.mark.parametrize(
    "slides, says, fallen, sees",
    [
        ('<joint name="x" type="slide" axis="1 0 0"/><joint name="z" type="slide"/><joint name="tilt" axis="0 1 0"/>',
         "base moves on x, z, tilt;", "base_height < 0.4[m] or projected_gravity.z > -0.5", True),
        ('<joint name="x" type="slide" axis="1 0 0"/>', "base moves on x;", None, True),
        ('<joint name="tilt" axis="0 1 0"/>', "base moves on tilt;", None, False),
        ("", "base fixed;", None, False),
    ],
)  # fmt: skip
def test_a_base_without_a_free_joint(tmp_path, slides, says, fallen, sees):
    (tmp_path / "robot.xml").write_text(
        f'<mujoco><worldbody><body name="base" pos="0 0 1">{slides}<geom size="0.1"/><body name="foot"><joint name="hip"/><geom size="0.1"/>'
        '</body></body></worldbody><actuator><motor joint="hip" ctrlrange="-1 1"/></actuator></mujoco>'
    )
    task = load_task(tmp_path / "robot.xml")
    assert says in show.robot(task) and task.groups["legs"] == ("joints", ("hip",))
    assert task.terminations.get("fallen") == fallen and ("base_lin_vel * 2.0" in task.observations) == sees
    (tmp_path / "task.yaml").write_text("name: a\nasset: {file: robot.xml}\ninit_state: {pos: [0, 0, 2]}\n")
    with pytest.raises(
        TaskError, match="task.yaml:3:14: error: pos is of no use: the robot has no free joint"
    ):
        load_task(tmp_path)


@gymnasium
@pytest.mark.parametrize(
    "name, feet, pairs",
    [
        ("ant", ("ankle_1", "ankle_2", "ankle_3", "ankle_4"), 0),
        ("humanoid", ("right_foot", "left_foot"), 7),
        ("walker2d_v5", ("foot", "foot_left"), 0),
    ],
)
def test_robots_of_gymnasium(name, feet, pairs):
    asset = Path("envs", "mujoco", "assets", f"{name}.xml")
    if not (Path(importlib.util.find_spec("gymnasium").origin).parent / asset).exists():
        pytest.skip(f"this gymnasium has no {name}")
    task = load_task(f"gymnasium:{asset}")
    assert task.name == name and task.groups["feet"] == ("bodies", feet)
    assert len(task.pairs["joints"]) == pairs
    assert all(math.isfinite(x) for x in task.stiffness + task.damping + task.action_scale)
    for low, x, high in zip(task.dof_pos_lower, task.default_dof_pos, task.dof_pos_upper):
        assert low <= x <= high
    rewardlang.compile("1.0*alive", task, observations=True)


@pytest.mark.parametrize(
    "left, right",
    [
        ("left_hip", "right_hip"), ("HipLeft", "HipRight"), ("leg_left_1_joint", "leg_right_1_joint"),
        ("l_knee", "r_knee"), ("knee_l", "knee_r"), ("L_arm", "R_arm"), ("leg_l1", "leg_r1"),
        ("FL_hip", "FR_hip"), ("hl_kn", "hr_kn"), ("RL_calf", "RR_calf"), ("LF_HAA", "RF_HAA"), ("LH_KFE", "RH_KFE"), ("LL_HR", "LR_HR"),
        ("pelvis", None), ("ball", None), ("roll", None), ("lower_leg", None), ("all_l", None), ("Lever", None),
    ],
)  # fmt: skip
def test_what_is_left_of_what(left, right):
    everything = [left] if right is None else [left, right]
    others = [
        "perlvis",
        "bar",
        "rorr",
        "rower_reg",
        "Rever",
        "barr",
    ]  # what a careless rule would take for the right
    assert _sides([*everything, *others]) == (() if right is None else ((left, right),))


def test_what_does_not_mirror_is_no_pair(tmp_path):
    text = FEATURES.read_text()
    text = text.replace('<joint name="FR_thigh"/>', '<joint name="FR_thigh" axis="1 0 0"/>', 1)
    text = text.replace('name="RR_upper" pos="-0.2 -0.1 0"', 'name="RR_upper" pos="0 -0.1 0"')
    (tmp_path / "robot.xml").write_text(text)
    (tmp_path / "front_left.xml").write_text((FEATURES.parent / "front_left.xml").read_text())
    pairs = load_task(tmp_path / "robot.xml").pairs
    assert ("FL_thigh", "FR_thigh") not in pairs["joints"] and ("FL_calf", "FR_calf") in pairs["joints"]
    assert ("RL_upper", "RR_upper") not in pairs["bodies"] and ("FL_upper", "FR_upper") in pairs["bodies"]
