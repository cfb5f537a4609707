"""A task: a folder with task.yaml, the robot's MJCF, ppo.yaml and sac.yaml, read into one frozen value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rewardlang import marked_yaml, mjcf
from rewardlang.lang.select import matches
from rewardlang.lang.vocabulary import HostQuantity
from rewardlang.marked_yaml import Node, did_you_mean
from rewardlang.mjcf_frames import mirror_signs

TaskError = marked_yaml.ConfigError

PACKAGE = Path(__file__).resolve().parent
SHIPPED = (PACKAGE.parent / "tasks", PACKAGE / "_data" / "tasks")  # in a checkout; in a wheel
AXES = ("bodies", "joints")
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
    path: Path  # task.yaml
    mjcf: Path
    ppo: Path  # training settings beside task.yaml; the files may be missing
    sac: Path
    num_envs: int
    sim_dt: float  # s, one physics step
    decimation: int  # physics steps a control step
    episode_length_s: float
    body_names: tuple  # without the world; [0] is the root
    dof_names: tuple
    actuated: tuple  # joints driven by the actions, in the order of the actions
    fixed_base: bool  # the root cannot move
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
    init_noise: dict  # {one of NOISE: half the width of a uniform distribution}
    commands: Commands | None  # None for a task without
    groups: dict  # {name: (axis, names of its elements in the model's order)}
    pairs: dict  # {axis: ((left name, right name), ...)}
    joint_signs: dict  # {joint: +1 or -1, by what its value is multiplied on the mirrored robot; 0 without a mirror image}
    quantities: dict  # {name: a line of the reward language, or the HostQuantity that Python code gives}
    terminations: dict  # {cause: text in the reward language}
    observations: tuple  # texts in the reward language, in order
    spans: dict  # {"terminations.fallen" or "observations[0]": (line, column) of that text in task.yaml}

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
    """The task of that name, or at that path (a folder or its task.yaml).

    Raises TaskError with file, line, column, what is wrong there and the closest valid name.
    """
    path = Path(name_or_path)
    shipped = shipped_tasks()
    if str(name_or_path) in shipped:
        path = shipped[str(name_or_path)] / "task.yaml"
    elif path.is_dir():
        path = path / "task.yaml"
    elif not path.exists():
        raise TaskError(path, 0, 0, f"no such task or folder{did_you_mean(str(name_or_path), shipped)}")

    top = marked_yaml.read(path).section(
        "name!", "asset!", "env", "init_state", "init_noise", "control!", "sim!", "normalization",
        "commands", "groups", "pairs", "quantities", "terminations", "observations!",
    )  # fmt: skip
    file = top["asset"].section("file!")["file"]
    robot_path = path.parent / file.text()
    if not robot_path.is_file():
        raise file.error(f"no such file: {file.text()!r}")
    robot = mjcf.read(robot_path)

    env = _optional(top, "env", "num_envs", "episode_length_s")
    init = _optional(top, "init_state", "pos", "rot", "lin_vel", "ang_vel", "default_joint_angles")
    control = top["control"].section(
        "control_type", "stiffness!", "damping!", "action_scale!", "decimation!", "dof_vel_limits"
    )
    if "control_type" in control and control["control_type"].text() != "P":
        raise control["control_type"].error("control_type must be P (position targets)")
    normalization = _optional(top, "normalization", "clip_actions")
    quantities = top["quantities"].entries() if "quantities" in top else {}
    terminations = top["terminations"].entries() if "terminations" in top else {}
    observations = top["observations"].items()
    scale = control["action_scale"]
    joints, pairs = robot.dof_names, _pairs(top, robot)
    return Task(
        name=top["name"].text(),
        path=path,
        mjcf=robot_path,
        ppo=path.parent / "ppo.yaml",
        sac=path.parent / "sac.yaml",
        num_envs=env["num_envs"].integer(1) if "num_envs" in env else 4096,
        sim_dt=top["sim"].section("dt!")["dt"].number(1e-6, 1),
        decimation=control["decimation"].integer(1),
        episode_length_s=env["episode_length_s"].number(1e-6) if "episode_length_s" in env else 20.0,
        body_names=robot.body_names,
        dof_names=joints,
        actuated=robot.actuated,
        fixed_base=robot.fixed_base,
        dof_pos_lower=tuple(low for low, _ in robot.dof_range),
        dof_pos_upper=tuple(high for _, high in robot.dof_range),
        dof_vel_limits=_per_joint(control.get("dof_vel_limits"), joints, float("inf"), low=0),
        torque_limits=robot.torque_limits,
        default_dof_pos=_per_joint(init.get("default_joint_angles"), joints, 0.0),
        stiffness=_per_joint(control["stiffness"], joints, 0.0, low=0),
        damping=_per_joint(control["damping"], joints, 0.0, low=0),
        action_scale=_per_joint(scale, robot.actuated, 0.0, low=0),
        clip_actions=normalization["clip_actions"].number(0) if "clip_actions" in normalization else 1.0,
        init_state=_init_state(init),
        init_noise={key: node.number(0) for key, node in _optional(top, "init_noise", *NOISE).items()},
        commands=_commands(top),
        groups=_groups(top, robot),
        pairs=pairs,
        joint_signs=mirror_signs(
            joints, dict(zip(joints, robot.dof_axes)), robot.slides, _partners(pairs["joints"])
        ),
        quantities={name: _quantity(node) for name, node in quantities.items()},
        terminations={name: node.text() for name, node in terminations.items()},
        observations=tuple(node.text() for node in observations),
        spans={
            node.name: (place.line, place.column)
            for node in [*quantities.values(), *terminations.values(), *observations]
            for place in [node.key if node.is_mapping else node]
        },
    )


def matching(pattern: str, names) -> tuple:
    """The names that a pattern matches, in their order, as in a reward: `*` is any text, `?` any character."""
    return tuple(matches(pattern, names))


def _quantity(node: Node) -> str | HostQuantity:
    """A line of the reward language, or what the mapping says of a tensor that the host gives."""
    if not node.is_mapping:
        return node.text()
    given = node.section("axes", "unit", "frame", "range", "doc", "kind", "mirror")
    values: dict = {key: given[key].text() for key in given if key not in ("axes", "range")}
    if "range" in given:
        values["range"] = given["range"].numbers(2)
    if "axes" in given:
        values["axes"] = given["axes"].data()
    return HostQuantity(**values)


def _optional(top: dict, name: str, *keys: str) -> dict:
    return top[name].section(*keys) if name in top else {}


def _per_joint(node: Node | None, names: tuple, default: float, low: float = float("-inf")) -> tuple:
    """One number a name, from a number for all or from {pattern: number}: the first match counts."""
    if node is None:
        return (default,) * len(names)
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


def _init_state(init: dict) -> InitState:
    sizes = {"pos": 3, "rot": 4, "lin_vel": 3, "ang_vel": 3}
    values = {key: init[key].numbers(size) for key, size in sizes.items() if key in init}
    if "rot" in values:
        length = sum(x * x for x in values["rot"]) ** 0.5
        if abs(length - 1) > 1e-3:
            raise init["rot"].error(f"rot must be a unit quaternion (x, y, z, w); its length is {length:.4g}")
        values["rot"] = tuple(x / length for x in values["rot"])
    return InitState(**values)


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


def _groups(top: dict, robot: mjcf.Robot) -> dict:
    """{group: (axis, names)}; a pattern after `!` takes away."""
    found: dict = {}
    for name, node in top["groups"].entries().items() if "groups" in top else ():
        axis, *patterns = node.items() or [node]
        if axis.text() not in AXES or not patterns:
            raise axis.error(f"{node.name} must be [bodies or joints, pattern, ...]")
        elements = robot.body_names if axis.text() == "bodies" else robot.dof_names
        chosen: set = set()
        for pattern in patterns:
            text = pattern.text()
            matches = matching(text.lstrip("!"), elements)
            if not matches:
                problem = f"{text!r} matches none of the {axis.text()}{did_you_mean(text, elements)}"
                raise pattern.error(problem)
            chosen = chosen - set(matches) if text.startswith("!") else chosen | set(matches)
        found[name] = (axis.text(), tuple(element for element in elements if element in chosen))
    return found


def _pairs(top: dict, robot: mjcf.Robot) -> dict:
    """{axis: ((left, right), ...)} from pairs of patterns: what the left one's wildcards stand for, the right one's do."""
    found: dict = {"joints": [], "bodies": []}
    for node in top["pairs"].items() if "pairs" in top else ():
        sides = node.items()
        if len(sides) != 2:
            raise node.error(f"{node.name} must be [left pattern, right pattern]")
        left, right = (side.text() for side in sides)
        if left.count("*") != right.count("*") or left.count("?") != right.count("?"):
            raise node.error(f"{node.name}: both patterns must have the same wildcards")
        matched = False
        for axis, elements in (("joints", robot.dof_names), ("bodies", robot.body_names)):
            for name in matching(left, elements):
                partner = _substituted(left, right, name)
                if partner not in elements:
                    raise sides[1].error(f"{name} has no partner {partner}{did_you_mean(partner, elements)}")
                found[axis].append((name, partner))
                matched = True
        if not matched:
            raise sides[0].error(f"{left!r} matches no joint and no body")
    return {axis: tuple(dict.fromkeys(members)) for axis, members in found.items()}


def _substituted(left: str, right: str, name: str) -> str:
    """The name that `right` makes of what the wildcards of `left` stand for in `name`."""
    regex = "".join({"*": "(.*)", "?": "(.)"}.get(char, re.escape(char)) for char in left)
    match = re.fullmatch(regex, name, re.DOTALL)
    assert match is not None
    parts = iter(match.groups())
    return "".join(next(parts) if char in "*?" else char for char in right)


def _partners(pairs: tuple) -> dict:
    return {name: other for pair in pairs for name, other in (pair, pair[::-1])}
