"""A task: a YAML file and the MJCF of the robot that it names, read into one frozen value.

What the YAML does not say is inferred from the MJCF, section by section (see `inferred` and `anatomy`); an MJCF alone is
a task too.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Tuple

from rewardlang import anatomy, asset, inferred, marked_yaml, mjcf
from rewardlang.lang.select import matches
from rewardlang.lang.vocabulary import HostQuantity
from rewardlang.legged_gym import ADVICE
from rewardlang.marked_yaml import Node, did_you_mean

TaskError = marked_yaml.ConfigError

PACKAGE = Path(__file__).resolve().parent
SHIPPED = (PACKAGE.parent / "tasks", PACKAGE / "_data" / "tasks")  # in a checkout; in a wheel
MJCF = (".xml", ".mjcf", ".urdf")  # of a URDF, the reader of MJCF says what to do
ROUNDED = 1e-3  # rad or m; how far beyond a joint's range an angle may be, as -1.571 is
NARROW = 0.15  # rad; a range that a limb's joint has only if radians are read as degrees
DEGREES = '; if the MJCF means radians, it must say <compiler angle="radian"/>'
NOISE = ("dof_pos", "dof_vel", "lin_vel", "ang_vel", "yaw")


@dataclass(frozen=True)
class InitState:
    """The state after a reset, before its noise; joints start at the default angles with no velocity."""

    pos: tuple = (0.0, 0.0, 1.0)  # m, world
    rot: tuple = (0.0, 0.0, 0.0, 1.0)  # xyzw, unit length
    lin_vel: tuple = (0.0, 0.0, 0.0)  # m/s, world
    ang_vel: tuple = (0.0, 0.0, 0.0)  # rad/s, world


@dataclass(frozen=True)
class Commands:
    """What a task asks of the robot, drawn uniformly from ranges at every reset and every `resampling_time`."""

    lin_vel_x: tuple = (0.0, 0.0)  # m/s, in the frame of the base or its heading
    lin_vel_y: tuple = (0.0, 0.0)
    ang_vel_yaw: tuple = (0.0, 0.0)  # rad/s
    heading: tuple = (-3.14, 3.14)  # rad, world
    resampling_time: float = 10.0  # s
    zero_below: float = 0.2  # m/s; a smaller velocity is asked for as none, in legged_gym too
    heading_command: bool = False  # the yaw rate follows from the error of the heading
    standing_share: float = 0.0  # of the environments, which are asked to stand still


@dataclass(frozen=True)
class Task:
    """All that a task says. Tuples of joint values run in the order of `dof_names`, SI units."""

    name: str
    path: Path  # the YAML; for a task without, the MJCF
    asset: str  # `asset.file` as written
    mjcf: Path
    ppo: Path  # training settings: beside the YAML, else those of the shipped humanoid
    sac: Path
    num_envs: int
    sim_dt: float  # s, one physics step
    decimation: int  # physics steps a control step
    episode_length_s: float
    body_names: tuple  # without the world; [0] is the root
    dof_names: tuple
    actuated: tuple  # joints driven by the actions, in the order of the actions
    fixed_base: bool  # the root has no free joint
    rails: tuple  # joints of the root itself, on which it moves if it has no free joint
    roams: bool  # the root has a free joint, or slides
    dof_pos_lower: tuple  # rad
    dof_pos_upper: tuple
    dof_vel_limits: tuple  # rad/s
    torque_limits: tuple  # N·m; 0 where nothing drives the joint
    default_dof_pos: tuple  # rad
    stiffness: tuple  # N·m/rad
    damping: tuple  # N·m·s/rad
    action_scale: tuple  # rad, one an action
    clip_actions: float
    init_state: InitState
    keyframe: int | None  # of the model: where a reset puts what is neither the root nor a joint of the robot
    init_noise: dict  # {one of NOISE: half the width of a uniform distribution}
    commands: Commands | None  # None for a task without
    groups: dict  # {name: (axis, names of its elements in the model's order)}
    pairs: dict  # {axis: ((left name, right name), ...)}
    joint_signs: dict  # {joint: +1 or -1, by what its value is multiplied on the mirrored robot; 0 without a mirror image}
    quantities: dict  # {name: a line of the reward language, or the HostQuantity that Python code gives}
    terminations: dict  # {cause: text in the reward language}
    observations: tuple  # texts in the reward language, in order
    spans: dict  # {"terminations.fallen" or "observations[0]": (line, column) of that text in task.yaml}
    keys: dict  # {"groups.feet", "quantities.lean" or "terminations.fallen": (line, column) of that key}

    @property
    def dt(self) -> float:
        """Control period in seconds."""
        return self.sim_dt * self.decimation

    @property
    def max_episode_length(self) -> int:
        """Control steps in an episode."""
        return max(1, round(self.episode_length_s / self.dt))


def shipped_tasks() -> dict:
    """{name: folder} of the tasks that come with the package."""
    found: dict = {}
    for root in SHIPPED:
        for path in sorted(root.glob("*/task.yaml")):
            found.setdefault(path.parent.name, path.parent)
    return found


def load_task(name_or_path) -> Task:
    """The task of that name, or at that path: a YAML file, a folder with a task.yaml, or an MJCF.

    Raises TaskError with file, line, column, what is wrong there and the closest valid name.
    """
    path, top = _read(str(name_or_path))
    if not top:
        file, complaint = str(name_or_path), _complaint(path)
    else:
        node = top["asset"].section("file!", advice=ADVICE)["file"]
        file, complaint = node.text(), node.error
    robot_path = asset.find(file, Path() if not top else path.parent, complaint)
    robot = mjcf.read(robot_path)
    if not robot.actuated:
        raise TaskError(robot_path, 1, 1, "no actuator drives a joint: a task needs motors to act with")
    path = path if top else robot_path

    env = _optional(top, "env", "num_envs", "episode_length_s")
    init = _optional(
        top, "init_state", "keyframe", "pos", "rot", "lin_vel", "ang_vel", "default_joint_angles"
    )
    keyframe = _keyframe(init.get("keyframe"), robot)
    stance = robot.stance if keyframe is None else keyframe.stance
    start = _init_state(init, stance, robot)
    control = _optional(
        top, "control", "control_type", "stiffness", "damping", "action_scale", "decimation", "dof_vel_limits"
    )
    if "control_type" in control and control["control_type"].text() != "P":
        raise control["control_type"].error("control_type must be P (position targets)")
    sim = _optional(top, "sim", "dt")
    dt = sim["dt"].number(*mjcf.TIMESTEPS) if "dt" in sim else inferred.timestep(robot)
    stiffness, damping = _gains(
        control, robot, complaint if top else lambda problem: TaskError(path, 1, 1, problem)
    )
    normalization = _optional(top, "normalization", "clip_actions")
    commands = _commands(top)
    quantities = top["quantities"].entries() if "quantities" in top else {}
    terminations = top["terminations"].entries() if "terminations" in top else None
    observations = top["observations"].items() if "observations" in top else None
    falls = inferred.terminations(robot, start.pos, start.rot)
    views = inferred.observations(robot, commands is not None)
    groups = anatomy.groups(top.get("groups"), robot)
    joints, pairs = robot.dof_names, anatomy.pairs(top.get("pairs"), robot)
    pose = _per_joint(init.get("default_joint_angles"), joints, inferred.pose(robot, stance))
    if "default_joint_angles" in init:
        _check_pose(init["default_joint_angles"], pose, robot)
    return Task(
        name=top["name"].text() if top else asset.name_of(file),
        path=path,
        asset=file,
        mjcf=robot_path,
        ppo=_settings(path, "ppo.yaml"),
        sac=_settings(path, "sac.yaml"),
        num_envs=env["num_envs"].integer(1) if "num_envs" in env else 4096,
        sim_dt=dt,
        decimation=control["decimation"].integer(1) if "decimation" in control else inferred.decimation(dt),
        episode_length_s=env["episode_length_s"].number(1e-6) if "episode_length_s" in env else 20.0,
        body_names=robot.body_names,
        dof_names=joints,
        actuated=robot.actuated,
        fixed_base=robot.fixed_base,
        rails=robot.rails,
        roams=robot.roams,
        dof_pos_lower=tuple(low for low, _ in robot.dof_range),
        dof_pos_upper=tuple(high for _, high in robot.dof_range),
        dof_vel_limits=_per_joint(control.get("dof_vel_limits"), joints, float("inf"), low=0),
        torque_limits=robot.torque_limits,
        default_dof_pos=pose,
        stiffness=stiffness,
        damping=damping,
        action_scale=_per_joint(
            control.get("action_scale"), robot.actuated, inferred.action_scale(robot, stiffness), low=0
        ),
        clip_actions=normalization["clip_actions"].number(0) if "clip_actions" in normalization else 1.0,
        init_state=start,
        keyframe=None if keyframe is None else keyframe.number,
        init_noise={key: node.number(0) for key, node in _optional(top, "init_noise", *NOISE).items()},
        commands=commands,
        groups=groups,
        pairs=pairs,
        joint_signs=anatomy.joint_signs(robot, pairs),
        quantities={name: _quantity(node) for name, node in quantities.items()},
        terminations=falls if terminations is None else {name: n.text() for name, n in terminations.items()},
        observations=views if observations is None else tuple(node.text() for node in observations),
        spans={
            **{f"terminations.{name}": (0, 0) for name in falls},
            **{f"observations[{i}]": (0, 0) for i in range(len(views))},
            **{
                node.name: (place.line, place.column)
                for node in [*quantities.values(), *(terminations or {}).values(), *(observations or ())]
                for place in [node.key if node.is_mapping else node]
            },
        },
        keys={
            node.name: (node.key.line, node.key.column)
            for section in ("groups", "quantities", "terminations")
            for node in (top[section].entries().values() if section in top else ())
        },
    )


def _read(name: str) -> Tuple[Path, dict]:
    """The file that a task's name or path stands for, and its sections; no sections for an MJCF."""
    path, shipped = Path(name), shipped_tasks()
    if name in shipped:
        path = shipped[name] / "task.yaml"
    elif os.path.isdir(path):
        if not os.path.exists(path / "task.yaml"):
            raise TaskError(path, 0, 0, "a folder without a task.yaml")
        path = path / "task.yaml"
    elif asset.is_packaged(name):
        return path, {}
    elif not os.path.exists(path):
        raise TaskError(path, 0, 0, f"no such task, folder or file{did_you_mean(name, shipped)}")
    if path.suffix in MJCF:
        return path, {}
    return path, marked_yaml.read(path).section(
        "name!", "asset!", "env", "init_state", "init_noise", "control", "sim", "normalization",
        "commands", "groups", "pairs", "quantities", "terminations", "observations", advice=ADVICE,
    )  # fmt: skip


def _complaint(path: Path) -> Callable[[str], TaskError]:
    return lambda problem: TaskError(path, 0, 0, problem)


def _settings(path: Path, name: str) -> Path:
    """Training settings beside the task's file, else the shipped humanoid's: good enough to begin with."""
    beside = path.parent / name
    return beside if beside.is_file() else shipped_tasks()["humanoid"] / name


def _keyframe(node: Node | None, robot: mjcf.Robot) -> mjcf.Keyframe | None:
    if node is None:
        return inferred.keyframe(robot)
    named = {key.name: key for key in reversed(robot.keyframes) if key.name}
    if node.text() not in named:
        raise node.error(f"the model has no keyframe {node.text()!r}{did_you_mean(node.text(), named)}")
    return named[node.text()]


def _gains(control: dict, robot: mjcf.Robot, complaint: Callable[[str], TaskError]) -> Tuple[tuple, tuple]:
    """Stiffness and damping of every joint."""
    own = "stiffness" not in control
    gains = inferred.stiffness(robot)
    if own:
        unknown = [name for name, gain in zip(robot.dof_names, gains) if gain is None]
        if unknown:
            raise complaint(
                f"the model gives neither gains nor an effort limit for {', '.join(unknown)}: "
                "say `control: {stiffness: ...}`, in N·m/rad"
            )
    stiffness = _per_joint(control.get("stiffness"), robot.dof_names, gains, low=0)
    damping = inferred.damping(robot, stiffness, own)
    return stiffness, _per_joint(control.get("damping"), robot.dof_names, damping, low=0)


def matching(pattern: str, names) -> tuple:
    """The names that a pattern matches, in their order, as in a reward: `*` is any text, `?` any character."""
    return tuple(matches(pattern, names))


def _quantity(node: Node) -> str | HostQuantity:
    """A line of the reward language, or what the mapping says of a tensor that the host gives."""
    if not node.is_mapping:
        return node.text()
    given = node.section("axes", "unit", "frame", "range", "doc", "kind", "mirror")
    values: dict = {key: given[key].text(blank=True) for key in given if key not in ("axes", "range")}
    if "range" in given:
        values["range"] = given["range"].numbers(2)
    if "axes" in given:
        values["axes"] = given["axes"].data()
    return HostQuantity(**values)


def _optional(top: dict, name: str, *keys: str) -> dict:
    return top[name].section(*keys, advice=ADVICE) if name in top else {}


def _per_joint(node: Node | None, names: tuple, default: Any, low: float = float("-inf")) -> tuple:
    """One number a name, from a number for all or from {pattern: number}: the first match counts.

    Without a node the default: one number, or one a name.
    """
    if node is None:
        return default if isinstance(default, tuple) else (default,) * len(names)
    if not hasattr(node.node, "value") or isinstance(node.node.value, str):
        return (node.number(low),) * len(names)
    found: dict = {}
    for pattern, value in node.entries().items():
        number = value.number(low)
        matches = matching(pattern, names)
        if not matches:
            raise value.key.error(f"{pattern!r} matches no joint{did_you_mean(pattern, names)}")
        if all(name in found for name in matches):
            raise value.key.error(f"{pattern!r} never counts: patterns before it match all its joints")
        for name in matches:
            found.setdefault(name, number)
    missing = [name for name in names if name not in found]
    if missing:
        raise node.error(f"{node.name} has no value for {', '.join(missing)}")
    return tuple(found[name] for name in names)


def _check_pose(node: Node, pose: tuple, robot: mjcf.Robot) -> None:
    """Raises TaskError at the first value of `default_joint_angles` that its joint cannot have."""
    values = list(node.entries().items()) if node.is_mapping else [("*", node)]
    for name, x, (low, high) in zip(robot.dof_names, pose, robot.dof_range):
        if not low - ROUNDED <= x <= high + ROUNDED:
            place = next(value for pattern, value in values if matching(pattern, [name]))
            unit = "m" if name in robot.slides else "rad"
            hint = DEGREES if unit == "rad" and high - low < NARROW else ""
            ends = f"{low:.4g} to {high:.4g} {unit}"
            raise place.error(f"{place.name}: {x:g} is outside the range of {name}, {ends}{hint}")


def _init_state(init: dict, stance: mjcf.Stance, robot: mjcf.Robot) -> InitState:
    sizes = {"pos": 3, "rot": 4, "lin_vel": 3, "ang_vel": 3}
    for key in sizes:
        if key in init and robot.fixed_base:
            raise init[key].key.error(
                f"{key} is of no use: the robot has no free joint, its base is where the MJCF has it"
            )
    values = {key: init[key].numbers(size) for key, size in sizes.items() if key in init}
    if "rot" in values:
        length = sum(x * x for x in values["rot"]) ** 0.5
        if abs(length - 1) > 1e-3:
            raise init["rot"].error(f"rot must be a unit quaternion (x, y, z, w); its length is {length:.4g}")
        values["rot"] = tuple(x / length for x in values["rot"])
    return replace(InitState(pos=stance.pos, rot=stance.rot), **values)


def _commands(top: dict) -> Commands | None:
    if "commands" not in top:
        return None
    section = _optional(
        top, "commands", "ranges!", "resampling_time", "zero_below", "heading_command", "standing_share"
    )
    values: dict = {}
    ranges = section["ranges"].section("lin_vel_x", "lin_vel_y", "ang_vel_yaw", "heading")
    for key, node in ranges.items():
        values[key] = node.numbers(2)
        if values[key][0] > values[key][1]:
            raise node.error(f"{node.name} must be [lowest, highest]")
    if "resampling_time" in section:
        values["resampling_time"] = section["resampling_time"].number(1e-6)
    if "zero_below" in section:
        values["zero_below"] = section["zero_below"].number(0)
    if "standing_share" in section:
        values["standing_share"] = section["standing_share"].number(0, 1)
    if "heading_command" in section:
        values["heading_command"] = section["heading_command"].boolean()
    if values.get("heading_command"):
        values.setdefault("ang_vel_yaw", (-1.0, 1.0))  # legged_gym's limit of the turn towards a heading
    commands = Commands(**values)
    fastest = sum(max(map(abs, ends)) ** 2 for ends in (commands.lin_vel_x, commands.lin_vel_y)) ** 0.5
    if 0 < fastest < commands.zero_below:
        raise section["ranges"].error(
            f"no velocity in these ranges reaches zero_below, {commands.zero_below} m/s: all would be asked for as none"
        )
    return commands
