"""The vocabulary: each readable name in one row.

A raw row names a slice of a simulator's tensor or what the environment keeps; a derived row is one line of the language.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import lru_cache
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from .added_quantities import Added, taken, with_added
from .lang.diagnostics import RewardError, error
from .lang.source import Source, Span
from .lang.types import BOOL, FRAMES, XYZ, Axis, Kind, Type, components
from .lang.units import parse_unit
from .lang.vocabulary import Quantity, Vocabulary
from .marked_yaml import MAX_BYTES, read_text
from .task import MJCF, Commands, Task, shipped_tasks

INF = math.inf
MARKS = r"(?:[&!]\S*\s+)*(?:[|>].*\n\s*|[\"']\s*)?"  # what YAML has before the text itself: anchor, tag, `|`, quote


class Row(NamedTuple):
    """One quantity. `tensor` and `columns` say where a raw one lies; `line` is a derived one's definition."""

    name: str
    axes: str
    unit: Optional[str]
    frame: str
    range: Tuple[float, float]
    doc: str
    tensor: str = ""
    columns: Optional[slice] = None
    line: str = ""
    kind: str = "state"
    mirror: str = ""


SOFT_LIMIT = 0.5  # rad
ANY, POSITIVE, UNIT = (-INF, INF), (0.0, INF), (-1.0, 1.0)
POSITION, QUATERNION, LINEAR, ANGULAR = slice(0, 3), slice(3, 7), slice(7, 10), slice(10, 13)
ROWS = (
    # raw: a slice of a simulator's tensor
    Row("root_pos", "xyz", "m", "world", ANY, "Position of the base, from the environment's origin.", "root_states", POSITION, mirror="polar"),
    Row("root_quat", "rotation", None, "base->world", UNIT, "Orientation of the base.", "root_states", QUATERNION, mirror="rotation"),
    Row("root_lin_vel", "xyz", "m/s", "world", ANY, "Linear velocity of the base.", "root_states", LINEAR, mirror="polar"),
    Row("root_ang_vel", "xyz", "rad/s", "world", ANY, "Angular velocity of the base.", "root_states", ANGULAR, mirror="axial"),
    Row("dof_pos", "joints", "rad", "", ANY, "Joint positions.", "dof_pos", mirror="joint"),
    Row("dof_vel", "joints", "rad/s", "", ANY, "Joint velocities.", "dof_vel", mirror="joint"),
    Row("torques", "joints", "N*m", "", ANY, "Torques that the motors gave in the last physics step.", "dof_forces", mirror="joint"),
    Row("body_pos", "bodies xyz", "m", "world", ANY, "Positions of the bodies, from the environment's origin.", "body_states", POSITION, mirror="polar"),
    Row("body_quat", "bodies rotation", None, "body->world", UNIT, "Orientations of the bodies.", "body_states", QUATERNION, mirror="rotation"),
    Row("body_lin_vel", "bodies xyz", "m/s", "world", ANY, "Linear velocities of the bodies' origins.", "body_states", LINEAR, mirror="polar"),
    Row("body_ang_vel", "bodies xyz", "rad/s", "world", ANY, "Angular velocities of the bodies.", "body_states", ANGULAR, mirror="axial"),
    Row("contact_forces", "bodies xyz", "N", "world", ANY, "Net contact force on each body in the last physics step.", "contact_forces", mirror="polar"),
    # raw: fixed by the robot
    Row("default_dof_pos", "joints", "rad", "", ANY, "Joint positions of the default pose, which action 0 stands for.", "default_dof_pos", kind="model"),
    Row("dof_pos_lower", "joints", "rad", "", ANY, "Lower joint limits.", "dof_pos_lower", kind="model"),
    Row("dof_pos_upper", "joints", "rad", "", ANY, "Upper joint limits.", "dof_pos_upper", kind="model"),
    Row("dof_vel_limits", "joints", "rad/s", "", POSITIVE, "What the motors are rated for.", "dof_vel_limits", kind="model"),
    Row("torque_limits", "joints", "N*m", "", POSITIVE, "Effort limits of the motors.", "torque_limits", kind="model"),
    Row("body_mass", "bodies", "kg", "", POSITIVE, "Masses of the bodies.", "body_mass", kind="model"),
    Row("body_com", "bodies xyz", "m", "body", ANY, "Centre of mass of each body, from its origin.", "body_com", kind="model"),
    Row("stiffness", "joints", "N*m/rad", "", POSITIVE, "Proportional gains of the position control.", "stiffness", kind="model"),
    Row("damping", "joints", "N*m*s/rad", "", POSITIVE, "Derivative gains of the position control.", "damping", kind="model"),
    Row("action_scale", "actuated", "rad", "", POSITIVE, "What one unit of action moves a joint's target by.", "action_scale", kind="model"),
    # raw: what the environment keeps
    Row("actions", "actuated", "1", "", ANY, "Actions of this step, clipped; 0 at the reset state.", "actions", mirror="joint"),
    Row("episode_step", "", "1", "", POSITIVE, "Control steps since the reset; 1 on the first.", "episode_step"),
    Row("episode_time", "", "s", "", POSITIVE, "Seconds since the reset.", "episode_time"),
    Row("time_limit", "bool", "1", "", (0.0, 1.0), "Whether this step is the last that the episode's length allows.", "time_limit"),
    Row("dt", "", "s", "", POSITIVE, "Control period.", kind="run"),
    Row("epoch", "", "1", "", POSITIVE, "Training epochs so far.", kind="run"),
    Row("frames", "", "1", "", POSITIVE, "Environment steps of the whole run so far.", kind="run"),
    Row("progress", "", "1", "", (0.0, 1.0), "Share of the run that is done.", kind="run"),
    # raw: what the robot is asked to do, where the task has commands
    Row("command_lin_vel", "xy", "m/s", "base yaw", ANY, "Commanded velocity, forward and to the left.", "command_lin_vel", kind="command", mirror="polar"),
    Row("command_ang_vel", "", "rad/s", "", ANY, "Commanded yaw rate.", "command_ang_vel", kind="command", mirror="flip"),
    Row("command_heading", "", "rad", "", (-math.pi, math.pi), "Commanded heading.", "command_heading", kind="command", mirror="flip"),
    # derived
    Row("base_lin_vel", "xyz", "m/s", "base", ANY, "Linear velocity of the base.", line="rotate_inverse(root_quat, root_lin_vel)", mirror="polar"),
    Row("base_ang_vel", "xyz", "rad/s", "base", ANY, "Angular velocity of the base.", line="rotate_inverse(root_quat, root_ang_vel)", mirror="axial"),
    Row("projected_gravity", "xyz", "1", "base", UNIT, "Direction of gravity; (0, 0, -1) when upright.", line="rotate_inverse(root_quat, [0, 0, -1])", mirror="polar"),
    Row("base_height", "", "m", "", ANY, "Height of the base above the floor.", line="root_pos.z"),
    Row("heading", "", "rad", "", (-math.pi, math.pi), "Yaw angle of the base.", line="yaw(root_quat)", mirror="flip"),
    Row("forward_vel", "", "m/s", "", ANY, "Forward velocity of the base.", line="base_lin_vel.x"),
    Row("com_pos", "xyz", "m", "world", ANY, "Centre of mass of the robot.",
        line="sum(body_mass * (body_pos + rotate(body_quat, body_com)), over=bodies) / sum(body_mass)", mirror="polar"),
    Row("com_lin_vel", "xyz", "m/s", "world", ANY, "Velocity of the robot's centre of mass.",
        line="sum(body_mass * (body_lin_vel + cross(body_ang_vel, rotate(body_quat, body_com))), over=bodies) / sum(body_mass)", mirror="polar"),
    Row("dof_acc", "joints", "rad/s^2", "", ANY, "Joint accelerations: change of dof_vel per second.", line="rate(dof_vel)"),
    Row("last_actions", "actuated", "1", "", ANY, "Actions of the step before.", line="prev(actions)"),
    # decided by the terminations
    Row("terminated", "bool", "1", "", (0.0, 1.0), "A failure or success ended the episode on this step.", kind="outcome"),
    Row("time_out", "bool", "1", "", (0.0, 1.0), "The time limit alone ended the episode on this step.", kind="outcome"),
    Row("alive", "bool", "1", "", (0.0, 1.0), "No failure ended the episode on this step.", kind="outcome"),
)  # fmt: skip


def vocabulary(task: Task, quantities: Optional[Mapping[str, Added]] = None) -> Vocabulary:
    """Everything that a spec written for a task may read, with further `quantities` beside the task's own: a line of the language
    or a HostQuantity each. Raises RewardError for one that is declared wrongly."""
    joints, bodies = Axis("joints", tuple(task.dof_names)), Axis("bodies", tuple(task.body_names))
    by_name = {
        "joints": joints,
        "bodies": bodies,
        "xyz": XYZ,
        "xy": components("xy"),
        "actuated": Axis("joints", tuple(task.actuated)),
    }
    rows: Dict[str, Quantity] = {}
    known, each = _ranges(task), _each(task)
    for row in ROWS:
        if row.kind == "command" and task.commands is None:
            continue
        type = _type(row, by_name)
        if row.name in known:
            type = type.but(range=known[row.name])
        rows[row.name] = Quantity(
            row.name,
            type,
            row.doc,
            "state" if row.kind == "command" else row.kind,
            row.line,
            row.mirror,
            each.get(row.name, ()),
        )
    groups = {name: Axis(axis, tuple(elements)) for name, (axis, elements) in task.groups.items()}
    text = _yaml(task)
    _check_names(task, text, Vocabulary(task.name, task.dt, rows, axes=by_name))
    terminations = tuple(
        (name, _span(task, text, f"terminations.{name}", line)) for name, line in task.terminations.items()
    )
    observations = tuple(
        _span(task, text, f"observations[{i}]", line) for i, line in enumerate(task.observations)
    )
    names = Vocabulary(
        task.name,
        task.dt,
        rows,
        axes={"joints": joints, "bodies": bodies},
        groups=groups,
        pairs=task.pairs,
        joint_signs=task.joint_signs,
        episode_steps=task.max_episode_length,
        terminations=terminations,
        observations=observations,
        listed=_listed(task),
    )
    own = with_added(
        names,
        task.quantities,
        lambda name: _key(task, text, f"quantities.{name}", name),
        lambda name, line: _span(task, text, f"quantities.{name}", line),
    )
    return with_added(own, quantities or {}, lambda name: _given(name, name), _given)


def _listed(task: Task) -> str:
    """What names the task on the command line; nothing for one that was made in Python."""
    shipped = shipped_tasks()
    if task.path.parent == shipped.get(task.name):
        return task.name
    return "" if task.path.parent in shipped.values() else str(task.path)


def _check_names(task: Task, text: Source, names: Vocabulary) -> None:
    """Raises RewardError (RW107) for a group or a cause that cannot be called so beside the names of the vocabulary."""
    with_groups = replace(names, groups=task.groups)
    problems = [
        error(
            "RW107",
            _key(task, text, f"{key}.{name}", name),
            f"`{name}` {problem}",
            help="choose another name",
        )
        for key, what, known in (("groups", "group", names), ("terminations", "cause", with_groups))
        for name in getattr(task, key)
        for problem in [taken(known, name, what)]
        if problem
    ]
    if problems:
        raise RewardError(problems)


def _given(name: str, text: str) -> Span:
    """Where a quantity stands that Python code declared: nowhere but in its own text."""
    return Span(Source(f"<quantity {name}>", text), 0, len(text))


def _ranges(task: Task) -> Dict[str, Tuple[float, float]]:
    """Ranges that the task's own numbers give, over all elements."""
    known = {} if task.commands is None else _command_ranges(task.commands)
    for name, each in _each(task).items():
        if not each:  # a task without a robot
            continue
        known[name] = (min(low for low, _ in each), max(high for _, high in each))
    steps = task.max_episode_length
    return {
        **known,
        "dt": (task.dt, task.dt),
        "episode_step": (0.0, float(steps)),
        "episode_time": (0.0, steps * task.dt),
    }


def _each(task: Task) -> Dict[str, Tuple[Tuple[float, float], ...]]:
    """The range of each element of what the task's numbers bound."""
    exact = {
        name: tuple((x, x) for x in getattr(task, name))
        for name in ("dof_pos_lower", "dof_pos_upper", "dof_vel_limits", "torque_limits", "default_dof_pos", "stiffness", "damping")
    }  # fmt: skip
    return {
        **exact, "action_scale": tuple((x, x) for x in task.action_scale),
        "torques": tuple((-x, x) for x in task.torque_limits),
        "actions": tuple((-task.clip_actions, task.clip_actions) for _ in task.actuated),
        # A simulator's joint limits are soft: a fall pushes joints past them.
        "dof_pos": tuple((low - SOFT_LIMIT, high + SOFT_LIMIT) for low, high in zip(task.dof_pos_lower, task.dof_pos_upper)),
        # A body that moves has a mass; one that is fixed to another may have none.
        "body_mass": ((1e-9, INF), *((0.0, INF) for _ in task.body_names[1:])),
    }  # fmt: skip


def _command_ranges(commands: Commands) -> Dict[str, Tuple[float, float]]:
    x, y = commands.lin_vel_x, commands.lin_vel_y
    return {
        "command_lin_vel": (min(x[0], y[0], 0.0), max(x[1], y[1], 0.0)),  # 0 for those that are to stand
        "command_ang_vel": (min(commands.ang_vel_yaw[0], 0.0), max(commands.ang_vel_yaw[1], 0.0)),
        "command_heading": commands.heading,
    }


def _type(row: Row, axes: Dict[str, Axis]) -> Type:
    words = row.axes.split()
    if row.axes == "bool":
        return BOOL
    if "rotation" in words:
        first, _, second = row.frame.partition("->")
        return Type(
            Kind.ROTATION,
            tuple(axes[w] for w in words if w != "rotation"),
            None,
            turns=(first, second),
            range=row.range,
        )
    frames = frozenset(row.frame.split()) or FRAMES
    return Type(Kind.NUMBER, tuple(axes[w] for w in words), _unit(row.unit), frames, range=row.range)


@lru_cache(maxsize=None)
def _unit(text: Optional[str]) -> Any:
    return None if text is None else parse_unit(text)


def _yaml(task: Task) -> Source:
    """The task's file; without text if it is an MJCF, whose expressions are inferred."""
    text = "" if task.path.suffix in MJCF else read_text(task.path, MAX_BYTES)
    return Source(str(task.path), text.replace("\r\n", "\n"))


def _span(task: Task, source: Source, key: str, text: str) -> Span:
    """Where an expression stands in task.yaml, so that its errors point there."""
    return _place(source, task.spans[key], text, f" ({key})")


def _key(task: Task, source: Source, key: str, name: str) -> Span:
    """Where a name stands that task.yaml gives."""
    return _place(source, task.keys.get(key, (0, 0)), name, f" ({key})")


def _place(source: Source, at: Tuple[int, int], text: str, inferred: str) -> Span:
    """Where `text` stands that YAML has `at` a line and column, through its quotes and folds; in a source of its own if that is nowhere.

    A text with escapes is found where it begins.
    """
    line, column = at
    if not 0 < line <= len(source.line_starts):
        return Span(Source(source.name + inferred, text), 0, len(text))
    words = r"\s+".join(map(re.escape, text.split()))
    match = re.compile(f"{MARKS}({words})").match(source.text, source.line_starts[line - 1] + column - 1)
    if match is not None:
        return Span(source, *match.span(1))
    indent = " " * (column - 1)
    return Span(Source(source.name, indent + text, line), column - 1, column - 1 + len(text))
