"""A robot of mjlab or Isaac Lab as specs read it: both lay out the states of an articulation in the same way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import torch

from .. import HostQuantity, Task
from ..reward import QuantityError
from ..task import Commands
from .live import Sources, described, numbered

Read = Callable[..., Any]  # from the environment
XYZW = [1, 2, 3, 0]  # from wxyz
FREE = (-math.inf, math.inf)  # a curriculum may widen what the config says


@dataclass
class Described:
    """What a library knows of a robot beside its states."""

    numbers: Mapping[str, Sequence[float]]  # what `live.FIXED` names
    groups: Dict[str, Tuple[str, Sequence[str]]] = field(default_factory=dict)
    given: Dict[str, Tuple[HostQuantity, Read]] = field(default_factory=dict)  # of sensors
    sources: Dict[str, Read] = field(
        default_factory=dict
    )  # names of the language, where there is more than states


class Articulation:
    """The robot `asset` of a manager-based environment, and the velocity `command` that it follows (the only one, if not named)."""

    def __init__(self, env: Any, asset: str, command: Optional[str], about: Described) -> None:
        self.env, self.asset, self.about = env, env.scene[asset], about
        self.data = self.asset.data
        self.command_term = _velocity_command(env, command)
        acceleration = HostQuantity(
            axes="joints",
            unit="rad/s^2",
            doc="Joint accelerations as the library has them, of a physics step.",
        )
        about.given.setdefault("joint_acc", (acceleration, lambda env: env.scene[asset].data.joint_acc))
        self.sources: Sources = {
            **STATES,
            **{name: _of_env(read) for name, read in about.sources.items()},
            **{name: _of_env(read) for name, (_, read) in about.given.items()},
        }

    def task(self, groups: Mapping[str, Tuple[str, Sequence[str]]]) -> Task:
        """The environment as a task: one physics step a control step, which lasts `step_dt`."""
        joints, bodies = self.asset.joint_names, self.asset.body_names
        commands = (
            None if self.command_term is None else Commands(lin_vel_x=FREE, lin_vel_y=FREE, ang_vel_yaw=FREE)
        )
        name, steps = type(self.env).__name__, int(self.env.max_episode_length)
        return described(name, float(self.env.step_dt), steps, joints, bodies, actuated(self.env.action_manager, joints),
                         {**self.about.groups, **groups}, self.about.numbers, commands)  # fmt: skip

    @property
    def origins(self) -> torch.Tensor:
        """Where the environments lie. [N, 3]"""
        return self.env.scene.env_origins

    @property
    def command(self) -> torch.Tensor:
        """Forward, to the left, yaw rate. [N, 3]"""
        return self.command_term.command

    @property
    def torques(self) -> torch.Tensor:
        """What the motors give, by joint. [N, joints]"""
        data = self.data
        return data.applied_torque if hasattr(data, "applied_torque") else data.qfrc_actuator


STATES: Dict[str, Callable[[Articulation], torch.Tensor]] = {
    "root_pos": lambda a: a.data.root_link_pos_w - a.origins,
    "root_quat": lambda a: a.data.root_link_quat_w[:, XYZW],
    "root_lin_vel": lambda a: a.data.root_link_lin_vel_w, "root_ang_vel": lambda a: a.data.root_link_ang_vel_w,
    "body_pos": lambda a: a.data.body_link_pos_w - a.origins[:, None],
    "body_quat": lambda a: a.data.body_link_quat_w[..., XYZW],
    "body_lin_vel": lambda a: a.data.body_link_lin_vel_w, "body_ang_vel": lambda a: a.data.body_link_ang_vel_w,
    "dof_pos": lambda a: a.data.joint_pos, "dof_vel": lambda a: a.data.joint_vel, "torques": lambda a: a.torques,
    "actions": lambda a: a.env.action_manager.action,
    "command_lin_vel": lambda a: a.command[:, 0:2], "command_ang_vel": lambda a: a.command[:, 2],
    "command_heading": lambda a: a.command_term.heading_target,
}  # fmt: skip


def actuated(actions: Any, joints: Sequence[str]) -> Tuple[str, ...]:
    """The joints that the actions move, in the order of the actions; `action_0` and so on where some move none, or two the same."""
    names = []
    for key in actions.active_terms:
        term = actions.get_term(key)
        of_term = getattr(term, "_target_names", None) or getattr(term, "_joint_names", None)
        names += list(of_term or [""] * term.action_dim)
    fits = len(names) == actions.total_action_dim == len(set(names)) and set(names) <= set(joints)
    return tuple(names) if fits else numbered(actions.total_action_dim)


def sorted_columns(
    names: Sequence[str], order: Sequence[str]
) -> Tuple[Tuple[str, ...], Optional[torch.Tensor]]:
    """Distinct names in the model's order, and the columns to take for it; None for all as they are."""
    columns = sorted(range(len(names)), key=lambda i: order.index(names[i]))
    if columns == list(range(len(names))):
        return tuple(names), None
    return tuple(names[i] for i in columns), torch.tensor(columns)


def taking(read: Read, columns: Optional[torch.Tensor]) -> Read:
    """The same with its columns in another order."""
    if columns is None:
        return read
    return lambda env: read(env).index_select(1, columns.to(env.device))


def contact_quantities(name: str, axis: Any, data: Read, sensor: Read, columns: Optional[torch.Tensor]) -> Dict[str, Tuple[HostQuantity, Read]]:  # fmt: skip
    """The times that a contact sensor keeps, which both libraries call the same; along an axis."""
    out: Dict[str, Tuple[HostQuantity, Read]] = {}
    for key, doc in TIMES.items():
        time = HostQuantity(axes=[axis], unit="s", range=(0, math.inf), doc=doc)
        out[f"{name}_{key.replace('current_', '')}"] = (
            time,
            taking(lambda env, key=key: getattr(data(env), key), columns),
        )  # type: ignore[misc]
    for key, doc in EVENTS.items():
        event = lambda env, key=key: getattr(sensor(env), f"compute_{key}")(env.step_dt)
        out[f"{name}_{key}"] = (HostQuantity(axes=[axis], kind="bool", doc=doc), taking(event, columns))
    return out


def action_scales(actions: Any) -> List[float]:
    """What one unit of each action moves its target by; 1 where the action does not say."""
    out: List[float] = []
    for key in actions.active_terms:
        term = actions.get_term(key)
        scale = getattr(term, "_scale", 1.0)
        out += scale[0].tolist() if isinstance(scale, torch.Tensor) else [float(scale)] * term.action_dim
    return out


TIMES = {
    "current_air_time": "Seconds without contact, by the physics step; 0 in contact.",
    "current_contact_time": "Seconds in contact, by the physics step; 0 without.",
    "last_air_time": "Seconds that the last time without contact took.",
    "last_contact_time": "Seconds that the last contact took.",
}
EVENTS = {
    "first_contact": "Whether a contact began within this control step, by the physics step.",
    "first_air": "Whether a contact ended within this control step, by the physics step.",
}


def _of_env(read: Read) -> Callable[[Articulation], torch.Tensor]:
    return lambda robot: read(robot.env)


def _velocity_command(env: Any, name: Optional[str]) -> Any:
    """The command called so, else the one that has ranges of a velocity; None if there is none. Raises QuantityError for several."""
    manager = env.command_manager
    terms = {key: manager.get_term(key) for key in manager.active_terms}
    if name is not None:
        if name not in terms:
            raise QuantityError(
                f"the environment has no command {name!r}; it has {', '.join(terms) or 'none'}"
            )
        return terms[name]
    found = [key for key, term in terms.items() if hasattr(getattr(term.cfg, "ranges", None), "lin_vel_x")]
    if len(found) > 1:
        raise QuantityError(
            f"the environment has several velocity commands, {', '.join(found)}: say `command=`"
        )
    return terms[found[0]] if found else None
