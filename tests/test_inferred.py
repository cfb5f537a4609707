"""Tasks of a name and a robot: what is inferred where the YAML is silent, and that the YAML's own word counts."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import pytest

import rewardlang
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
        "init_state: {keyframe: heap, rot: [0, 0, 1, 0], default_joint_angles: 0.2}\n"
        "control: {stiffness: 20, decimation: 4}\nsim: {dt: 0.002}\n"
        "groups: {ends: [bodies, '*_lower']}\npairs: []\nterminations: {}\nobservations: [dof_pos]\n",
    )
    assert task.keyframe == 0 and task.init_state.pos == (0, 0, 0.1) and task.init_state.rot == (0, 0, 1, 0)
    assert task.default_dof_pos == (0.2,) * 10
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
    task = load_task(f"gymnasium:envs/mujoco/assets/{name}.xml")
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
