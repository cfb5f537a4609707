"""Reading tasks: the shipped one, the rules for patterns, and each way a file can be wrong."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import rewardlang
from rewardlang.legged_gym import ADVICE
from rewardlang.task import NOISE, TaskError, load_task, matching, shipped_tasks

ROBOT = """<mujoco>
  <default>
    <joint armature="0.1"/>
    <default class="leg">
      <joint range="-90 45"/>
      <default class="foot"><joint actuatorfrcrange="-3 3"/></default>
    </default>
  </default>
  <worldbody>
    <body name="box"/>
    <body name="trunk">
      <freejoint/>
      <body name="leg" childclass="leg">
        <joint name="hip"/>
        <body name="foot">
          <joint name="ankle" class="foot"/>
          <joint name="slider" type="slide"/>
        </body>
      </body>
      <body name="tail"><joint name="wag"/></body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="wag" gear="2" ctrlrange="-4 4"/>
    <motor joint="hip" ctrlrange="-5 5"/>
    <position joint="ankle" kp="3" ctrlrange="-1 1" forcerange="-7 7"/>
  </actuator>
</mujoco>
"""

TASK = """\
name: robot
asset:
  file: robot.xml
env: {num_envs: 8, episode_length_s: 4}
init_state:
  pos: [0, 0, 0.5]
  default_joint_angles: {"h*": -3e-1, "*": 0}
init_noise: {dof_pos: 0.1, yaw: 3}
control:
  control_type: P
  stiffness: {"ankle": 5, "*": 20}
  damping: 0.5
  action_scale: 0.4
  decimation: 4
sim: {dt: 0.005}
groups:
  ends: [bodies, "*", "!trunk", "!leg"]
  legs: [joints, "hip", "ankle"]
pairs:
  - ["hip", "wag"]
terminations:
  fallen: base_height < 0.2[m]
observations:
  - base_lin_vel
  - dof_pos - default_dof_pos
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "robot.xml").write_text(ROBOT)
    (tmp_path / "task.yaml").write_text(TASK)
    return tmp_path


def test_reads_everything(folder):
    task = load_task(folder)
    assert task == load_task(folder / "task.yaml")
    assert task.body_names == ("trunk", "leg", "foot", "tail")
    assert task.dof_names == ("hip", "ankle", "slider", "wag")
    assert task.actuated == ("hip", "ankle", "wag")
    assert not task.fixed_base
    assert task.dof_pos_lower == pytest.approx((-math.pi / 2, -math.pi / 2, -90, -math.inf))
    assert task.dof_pos_upper == pytest.approx((math.pi / 4, math.pi / 4, 45, math.inf))
    assert task.torque_limits == (5, 3, 0, 8)
    assert task.default_dof_pos == (-0.3, 0, 0, 0)
    assert task.stiffness == (20, 5, 20, 20) and task.damping == (0.5,) * 4
    assert task.action_scale == (0.4,) * 3 and task.clip_actions == 1
    assert task.dt == pytest.approx(0.02) and task.max_episode_length == 200
    assert task.groups == {"ends": ("bodies", ("foot", "tail")), "legs": ("joints", ("hip", "ankle"))}
    assert task.pairs == {"joints": (("hip", "wag"),), "bodies": ()}
    assert task.terminations == {"fallen": "base_height < 0.2[m]"}
    assert task.observations == ("base_lin_vel", "dof_pos - default_dof_pos")
    assert task.spans["terminations.fallen"] == (22, 11)
    assert task.spans["observations[1]"] == (25, 5)
    assert task.init_noise == {"dof_pos": 0.1, "yaw": 3}
    assert task.init_state.pos == (0, 0, 0.5) and task.init_state.rot == (0, 0, 0, 1)


def test_the_shipped_humanoid():
    task = load_task("humanoid")
    legs = ("hip_yaw", "hip_roll", "hip_pitch", "knee", "ankle_pitch", "ankle_roll")
    assert task.dof_names == tuple(f"{side}_{joint}" for side in ("left", "right") for joint in legs)
    assert task.actuated == task.dof_names and task.body_names[0] == "torso"
    assert task.groups["feet"] == ("bodies", ("left_foot", "right_foot"))
    assert task.dt == pytest.approx(0.02) and len(task.observations) == 5
    assert "humanoid" in shipped_tasks()
    for low, default, high in zip(task.dof_pos_lower, task.default_dof_pos, task.dof_pos_upper):
        assert low < default < high
    assert all(0 < limit < math.inf for limit in task.torque_limits + task.dof_vel_limits)


def test_the_shipped_humanoid_as_mujoco_reads_it():
    mujoco = pytest.importorskip("mujoco")
    task = load_task("humanoid")
    model = mujoco.MjModel.from_xml_path(str(task.mjcf))
    assert task.body_names == tuple(model.body(i).name for i in range(1, model.nbody))
    assert task.dof_names == tuple(model.joint(i).name for i in range(1, model.njnt))
    assert task.dof_pos_lower == pytest.approx(model.jnt_range[1:, 0])
    assert task.dof_pos_upper == pytest.approx(model.jnt_range[1:, 1])
    assert task.torque_limits == pytest.approx(model.actuator_ctrlrange[:, 1])
    assert model.body_subtreemass[1] == pytest.approx(5.0)


def test_small_robot_as_mujoco_reads_it(folder):
    mujoco = pytest.importorskip("mujoco")
    xml = ROBOT.replace("<freejoint/>", '<freejoint/><geom size="1" mass="1"/>')
    for name in ('name="leg" childclass="leg"', 'name="foot"', 'name="tail"'):
        xml = xml.replace(f"<body {name}>", f'<body {name}><geom size="1" mass="1"/>')
    model = mujoco.MjModel.from_xml_string(xml)
    task = load_task(folder)
    assert task.dof_names == tuple(model.joint(i).name for i in range(1, model.njnt))
    for i, (low, high) in enumerate(zip(task.dof_pos_lower, task.dof_pos_upper)):
        assert model.jnt_limited[i + 1] == math.isfinite(high)
        if math.isfinite(high):
            assert model.jnt_range[i + 1] == pytest.approx((low, high))


def test_include_and_autolimits(folder):
    leg = '<body name="trunk"><joint name="hip" range="-1 1"/></body>'
    (folder / "legs.xml").write_text(f"<mujoco>{leg}</mujoco>")
    (folder / "robot.xml").write_text(
        '<mujoco><compiler angle="radian" autolimits="false"/>'
        '<worldbody><include file="legs.xml"/></worldbody><actuator><motor joint="hip"/></actuator></mujoco>'
    )
    text = TASK[: TASK.index("groups:")] + "observations: [dof_pos]\n"
    text = text.replace('"ankle": 5, ', "").replace(', "*": 0', "").replace("  pos: [0, 0, 0.5]\n", "")
    (folder / "task.yaml").write_text(text)
    task = load_task(folder)
    assert task.fixed_base and task.dof_names == ("hip",)
    assert task.dof_pos_upper == (math.inf,) and task.torque_limits == (math.inf,)


def test_radians_that_are_read_as_degrees(folder):
    (folder / "robot.xml").write_text(ROBOT.replace("-90 45", "-1.5 0.8"))
    with pytest.raises(
        TaskError, match='range of hip, -0.02618 to 0.01396 rad; .* it must say <compiler angle="radian"/>'
    ):
        load_task(folder)


def test_a_rounded_quaternion_becomes_exact(folder):
    (folder / "task.yaml").write_text(TASK.replace("pos: [0, 0, 0.5]", "rot: [0, 0, 0.7071, 0.7071]"))
    assert load_task(folder).init_state.rot == pytest.approx(
        (0, 0, math.sqrt(0.5), math.sqrt(0.5)), abs=1e-12
    )


def test_patterns():
    names = ("left_hip", "left_knee", "right_hip", "a.b[0]")
    assert matching("left_*", names) == ("left_hip", "left_knee")
    assert matching("*_hi?", names) == ("left_hip", "right_hip")
    assert matching("a.b[0]", names) == ("a.b[0]",)
    assert matching("hip", names) == ()
    assert matching("a?b[0]", names) == ("a.b[0]",)


# What to change in the task above; then line, column and message.
NEVER = "'ankle' never counts: patterns before it match all its joints"
NOT_UNIT = "rot must be a unit quaternion (x, y, z, w); its length is 1.414"
NOT_FINITE = "must be a finite number in"
MISTAKES = [
    ("sim: {dt: 0.005}", "sim: {dtt: 0.005}", 15, 7, "unknown key 'dtt' in sim; did you mean 'dt'?"),
    ("  damping", "  dampping", 12, 3, "unknown key 'dampping' in control; did you mean 'damping'?"),
    ("terminations:", "termination:", 21, 1, "unknown key 'termination'; did you mean 'terminations'?"),
    ("yaw: 3", "zzz: 3", 8, 28, "unknown key 'zzz' in init_noise; there is " + ", ".join(NOISE)),
    ("file: robot.xml", "fil: robot.xml", 3, 3, "unknown key 'fil' in asset; did you mean 'file'?"),
    ("  pos: [0, 0, 0.5]", "  keyframe: home", 6, 13, "the model has no keyframe 'home'"),
    ("name: robot\n", "", 1, 1, "missing key 'name'"),
    ("dt: 0.005", "dt: fast", 15, 11, "sim.dt must be a number, not 'fast'"),
    ("dt: 0.005", 'dt: "0.005"', 15, 11, "sim.dt must be a number, not '0.005'"),
    ("dt: 0.005", "dt: -1", 15, 11, f"sim.dt {NOT_FINITE} [1e-06, 1], not -1"),
    ("dt: 0.005", "dt: .inf", 15, 11, "sim.dt must be a number, not '.inf'"),
    ("dt: 0.005", "dt: nan", 15, 11, f"sim.dt {NOT_FINITE} [1e-06, 1], not nan"),
    ("decimation: 4", "decimation: 4.5", 14, 15, "control.decimation must be a whole number, not '4.5'"),
    ("decimation: 4", "decimation: 0", 14, 15, f"control.decimation {NOT_FINITE} [1, inf], not 0"),
    ("decimation: 4", "decimation: [4]", 14, 15, "control.decimation must be a number, not a list"),
    ("decimation: 4", "decimation: yes", 14, 15, "control.decimation must be a number, not 'yes'"),
    ("pos: [0, 0, 0.5]", "pos: [0, 0, nan]", 6, 15, "init_state.pos[2] must be a finite number, not nan"),
    ("sim: {dt: 0.005}", "sim: 0.005", 15, 6, "sim must be a mapping, not '0.005'"),
    ("sim: {dt: 0.005}", "sim:", 15, 5, "sim must be a mapping, not ''"),
    ("pos: [0, 0, 0.5]", "pos: [0, 0]", 6, 8, "init_state.pos must be 3 numbers, not 2"),
    ("pos: [0, 0, 0.5]", "rot: [1, 1, 0, 0]", 6, 8, NOT_UNIT),
    ('"ankle": 5', '"ancle": 5', 11, 15, "'ancle' matches no joint; did you mean 'ankle'?"),
    (', "*": 20', "", 11, 14, "control.stiffness has no value for hip, slider, wag"),
    ('"ankle": 5, "*": 20', '"*": 20, "ankle": 5', 11, 24, NEVER),
    ('"ankle": 5', '"ankle": -5', 11, 24, f"control.stiffness.ankle {NOT_FINITE} [0, inf], not -5"),
    ("robot.xml", "robbot.xml", 3, 9, "no such file: 'robbot.xml'"),
    ("control_type: P", "control_type: V", 10, 17, "control_type must be P (position targets)"),
    ('[joints, "hip"', '[joint, "hip"', 18, 10, "groups.legs must be [bodies or joints, pattern, ...]"),
    ('[joints, "hip", "ankle"]', "[joints]", 18, 10, "groups.legs must be [bodies or joints, pattern, ...]"),
    ('"!leg"', '"!legg"', 17, 33, "'!legg' matches none of the bodies; did you mean 'leg'?"),
    ('["hip", "wag"]', '["hip"]', 20, 5, "pairs[0] must be [left pattern, right pattern]"),
    ('["hip", "wag"]', '["hip", "wig"]', 20, 13, "hip has no partner wig; did you mean 'wag'?"),
    ("  - base_lin_vel", "  - ' '", 24, 5, "observations[0] must be text, not ' '"),
    ("base_height < 0.2[m]", '""', 22, 11, "terminations.fallen must be text, not ''"),
    ("  - base_lin_vel", "  - [base_lin_vel]", 24, 5, "observations[0] must be text, not a list"),
    ("  - base_lin_vel", "  -", 24, 4, "observations[0] must be text, not ''"),
    ("env:", "name: other\nenv:", 4, 1, "'name' stands twice"),
    ("name: robot", 'name: ""', 1, 7, "name must be text, not ''"),
    ('[joints, "hip", "ankle"]', '[joints, "!hip"]', 18, 9, "groups.legs has no element left"),
    ('["hip", "wag"]', '["hip", "hip"]', 20, 13, "hip cannot be its own partner"),
    ('["hip", "wag"]', '["hip", "wag"]\n  - ["wag", "hip"]', 21, 5, "wag and hip: there is the pair of hip and wag already"),
    ('["hip", "wag"]', '["hip", "wag"]\n  - ["ankle", "wag"]', 21, 5, "ankle and wag: there is the pair of hip and wag already"),
    ('"*": 0}', '"ankle": 0.8, "*": 0}', 7, 48, "init_state.default_joint_angles.ankle: 0.8 is outside the range of ankle, -1.571 to 0.7854 rad"),
    ("env: {num_envs: 8,", "env: {num_actions: 8,", 4, 7, "unknown key 'num_actions' in env: leave it out: each joint with an actuator is an action"),
    ("terminations:", "commands: {ranges: {}, curriculum: true}\nterminations:", 21, 24, f"unknown key 'curriculum' in commands: {ADVICE['commands.curriculum']}"),
    ("terminations:", "commands: {max_curriculum: 1}\nterminations:", 21, 12, f"unknown key 'max_curriculum' in commands: {ADVICE['commands.max_curriculum']}"),
    ("terminations:", "commands: {num_commands: 4}\nterminations:", 21, 12, f"unknown key 'num_commands' in commands: {ADVICE['commands.num_commands']}"),
    ("env: {", "env: {{", 5, 1, None),
    ("  pos: [0, 0, 0.5]", "\tpos: [0, 0, 0.5]", 6, 1, None),
]  # fmt: skip


@pytest.mark.parametrize("old, new, line, column, message", MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_are_named_with_their_place(folder, old, new, line, column, message):
    assert TASK.count(old) == 1
    path = folder / "task.yaml"
    path.write_text(TASK.replace(old, new))
    with pytest.raises(TaskError) as caught:
        load_task(folder)
    if message is None:  # the YAML library's own words
        assert str(caught.value).startswith(f"{path}:{line}:")
    else:
        assert str(caught.value) == f"{path}:{line}:{column}: error: {message}"


@pytest.mark.parametrize(
    "raw, message",
    [
        (b"", "empty"),
        (b"\xff\xfe", ":1:1: error: UTF-16 text: save the file as UTF-8"),
        (b"name: a\x00b", r":1:8: error: a control character, U\+0000"),
        (b"name: a # \xc3\xa9\n# \xff", ":2:3: error: not UTF-8"),
        (b"a" * 1_000_001, "larger"),
        (b"[" * 400_000 + b"]" * 400_000, "nested more than 50 deep"),
        (b"- " * 400_000, "nested more than 50 deep"),
        (b"x: &a [*a]", "unknown key"),
        (b"- 1", ":1:1: error: the file must be a mapping, not a list"),
    ],
    ids=["empty", "encoding", "NUL", "Latin-1", "large", "deep", "deep block", "recursive", "list"],
)
def test_unreadable_files(folder, raw, message):
    (folder / "task.yaml").write_bytes(raw)
    with pytest.raises(TaskError, match=message):
        load_task(folder)


@pytest.mark.parametrize(
    "xml, message",
    [
        ("<mujoco", "1:1: error: not XML"),
        ("", "1:1: error: not XML: no element found"),
        ("<mujoco/>", "1:1: error: no body with a joint"),
        ("<robot/>", "1:1: error: this is <robot>, where an MJCF has <mujoco>: make an MJCF of a URDF with `mujoco.MjSpec"),
        (ROBOT.replace('name="wag"', 'name="hip"'), "20:25: error: joint 'hip': every joint needs a name of its own"),
        (ROBOT.replace('name="tail"', 'name="leg"'), "20:7: error: body 'leg': every body of the robot needs a name of its own"),
        (ROBOT.replace('type="slide"', 'type="slid"'), "17:11: error: joint 'slider': type must be hinge or slide or ball or free, not 'slid'"),
        (ROBOT.replace("actuator>", "sensor>"), "1:1: error: no actuator drives a joint"),
        (ROBOT.replace('range="-90 45"', 'range="-90"'), "5:7: error: joint 'hip': range must be 2 numbers, not '-90'"),
        (ROBOT.replace('range="-90 45"', 'range="60 -60"'), "5:7: error: joint 'hip': range must be its lower and its upper end, not '60 -60'"),
        (ROBOT.replace('range="-90 45"', 'range="nan 60"'), "5:7: error: joint 'hip': range must be 2 numbers, not 'nan 60'"),
        (ROBOT.replace('range="-90 45"', 'limited="on"'), "5:7: error: joint 'hip': limited must be auto or true or false, not 'on'"),
        (ROBOT.replace('gear="2"', 'gear="two"'), "24:5: error: joint 'wag': gear must be a number, not 'two'"),
        (ROBOT.replace('class="foot"/>', 'class="toe"/>'), "16:11: error: there is no default class 'toe'"),
        (ROBOT.replace("<freejoint/>", '<include file="robot.xml"/>'), "12:7: error: 'robot.xml' is included already"),
        (ROBOT.replace("<freejoint/>", '<include file="gone.xml"/>'), "12:7: error: no such file: 'gone.xml'"),
        (ROBOT.replace("<freejoint/>", "<include/>"), "12:7: error: <include> must name a file"),
        (ROBOT.replace("<freejoint/>", '<joint axis="0 1"/>'), "12:7: error: axis must be 3 numbers, not '0 1'"),
        (ROBOT.replace('name="trunk"', 'name="trunk" euler="1"'), "11:5: error: euler must be 3 numbers, not '1'"),
        (ROBOT.replace("<default>\n", '<option timestep="0"/><default>', 1), "2:3: error: timestep must be in [1e-06, 1] s, not 0"),
        (ROBOT.replace("<default>\n", '<option timestep="-1"/><default>', 1), "2:3: error: timestep must be in [1e-06, 1] s, not -1"),
        (ROBOT.replace("<default>\n", '<option timestep="nan"/><default>', 1), "2:3: error: timestep must be a number, not 'nan'"),
        (ROBOT.replace("<default>\n", '<compiler angle="grad"/><default>', 1), "2:3: error: angle must be degree or radian, not 'grad'"),
        (ROBOT.replace("<default>\n", '<compiler eulerseq="abc"/><default>', 1).replace("<freejoint/>", '<body euler="0 0 1"/>'),
         "2:3: error: eulerseq must be three of x, y, z"),
        (ROBOT.encode("utf-16"), "1:1: error: UTF-16 text: save the file as UTF-8"),
        (ROBOT.encode() + b"<!-- \xff -->", "29:6: error: not UTF-8 text"),
        (b'<?xml version="1.0" encoding="odd"?>' + b"<!-- \xff -->", "1:42: error: not UTF-8 text, nor 'odd'"),
        ("<a>" * 600, "1:1501: error: nested more than 500 deep"),
    ],
    ids=range(28),
)  # fmt: skip
def test_broken_robots(folder, xml, message):
    (folder / "robot.xml").write_bytes(xml if isinstance(xml, bytes) else xml.encode())
    message = f"robot.xml:{message}"
    with pytest.raises(TaskError) as caught:
        load_task(folder)
    assert message in str(caught.value)


@pytest.mark.parametrize("declaration", [b"", b'<?xml version="1.0" encoding="odd"?>', b"\xef\xbb\xbf"])
def test_encodings_of_robots(folder, declaration):
    """Whatever a file says of its encoding: MuJoCo takes it for UTF-8."""
    text = ROBOT.replace("<freejoint/>", "<freejoint/> <!-- \u00e9 -->").encode()
    (folder / "robot.xml").write_bytes(declaration + text)
    assert load_task(folder).body_names[0] == "trunk"
    latin = b'<?xml version="1.0" encoding="latin-1"?>' + text.decode().encode("latin-1")
    (folder / "robot.xml").write_bytes(latin)
    rewardlang.compile("alive", load_task(folder / "robot.xml"), observations=True)


# Names that the task gives, and lines; then line, column and message.
NAMES = [
    ("groups:", "groups:\n  torques: [joints, hip]", 17, 3, "`torques` is a name of the task robot already"),
    ("groups:", "groups:\n  xyz: [joints, hip]", 17, 3, "`xyz` is a name of the task robot already"),
    ("groups:", "groups:\n  'my legs': [joints, hip]", 17, 4, "`my legs` cannot be the name of a group"),
    ("groups:", "groups:\n  reward: [joints, hip]", 17, 3, "`reward` cannot be the name of a group"),
    ("  fallen:", "  my fall:", 22, 3, "`my fall` cannot be the name of a cause"),
    ("  fallen:", "  torques:", 22, 3, "`torques` is a name of the task robot already"),
    ("  fallen:", "  ends:", 22, 3, "`ends` is a name of the task robot already"),
    ("groups:", "quantities: {fallen: dt}\ngroups:", 16, 14, "`fallen` is a name of the task robot already"),
    ("groups:", 'quantities: {dt: "1"}\ngroups:', 16, 14, "`dt` is a name of the task robot already"),
    ("groups:", 'quantities: {ends: "1"}\ngroups:', 16, 14, "`ends` is a name of the task robot already"),
    ("groups:", 'quantities: {x: " torqes + 1"}\ngroups:', 16, 19, "unknown name `torqes`"),
    ("groups:", "quantities:\n  x: |  # folded\n    dt +\n     torqes\ngroups:", 19, 6, "unknown name `torqes`"),
    ("groups:", "quantities:\n  x: dt\n     + torqes\ngroups:", 18, 8, "unknown name `torqes`"),
    ("groups:", "quantities: {x: &a 'torqes'}\ngroups:", 16, 21, "unknown name `torqes`"),
    ("groups:", 'quantities: {x: "\\x74orqes"}\ngroups:', 16, 17, "unknown name `torqes`"),
    ("  fallen: base", '  fallen: "base_hight < 0.1 or base', 22, 12, "unknown name `base_hight`"),
]  # fmt: skip


@pytest.mark.parametrize("old, new, line, column, message", NAMES, ids=range(len(NAMES)))
def test_what_the_vocabulary_refuses_is_named_with_its_place(folder, old, new, line, column, message):
    path = folder / "task.yaml"
    text = TASK.replace(old, new)
    path.write_text(text.replace("0.2[m]", '0.2[m]"') if 'fallen: "' in new else text)
    with pytest.raises(rewardlang.RewardError) as caught:
        rewardlang.compile("alive", str(folder), observations=True)
    assert str(caught.value).startswith(f"{path}:{line}:{column}: error: {message}")


def test_unknown_task():
    with pytest.raises(TaskError, match="tests: error: a folder without a task.yaml"):
        load_task(Path(__file__).parent)
    with pytest.raises(TaskError, match="no such task, folder or file; did you mean 'humanoid'?"):
        load_task("humanoyd")


def test_reading_a_task_imports_neither_torch_nor_mujoco():
    code = "import sys; from rewardlang.task import load_task; load_task('humanoid'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "mujoco", "numpy", "rl_games"} & set(modules.split())


@pytest.mark.parametrize("again", [copy.deepcopy, lambda task: pickle.loads(pickle.dumps(task))], ids=["copied", "pickled"])  # fmt: skip
def test_a_task_is_copied_and_pickled(again):
    """Configs that hold one are copied, and processes are sent one; where its numbers stand in the robot's file goes along."""
    task = load_task("quadruped")
    other = again(task)
    assert other == task and other is not task
    program = rewardlang.compile("alive", task)
    assert again(program).source == program.source
