"""A spec in a manager-based environment of mjlab: its terms as one reward term, its rules as one termination."""

from __future__ import annotations

import math
import re
from typing import Any, List, Mapping, Optional, Sequence, Tuple

import torch
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.termination_manager import TerminationTermCfg
from mjlab.sensor import BuiltinSensor, ContactSensor, RayCastSensor, TerrainHeightSensor

from .. import HostQuantity
from ..quantities import ROWS
from .articulation import Described, contact_quantities, sorted_columns, taking
from .given import Given
from .manager_terms import SpecReward, SpecTermination, settings


def reward_term(spec: Given, *, asset: str = "robot", command: Optional[str] = None, groups: Optional[Mapping[str, Any]] = None,
                host: Optional[Mapping[str, Any]] = None, params: Optional[Mapping[str, float]] = None) -> RewardTermCfg:  # fmt: skip
    """The spec as a reward term: `cfg.rewards = {"spec": reward_term("walk.reward")}`.

    `command` names the velocity command, if there are several. `groups` names bodies or joints: {"feet": ("bodies", "*_foot")}.
    `host` adds quantities: {"wind": (HostQuantity(axes="xyz"), lambda env: env.wind)}. `params` sets params of the spec.
    """
    return RewardTermCfg(
        func=RewardTerm, weight=1.0, params=settings(spec, asset, command, groups, host, params)
    )


def termination_term(spec: Given, *, asset: str = "robot", command: Optional[str] = None, groups: Optional[Mapping[str, Any]] = None,
                     host: Optional[Mapping[str, Any]] = None, params: Optional[Mapping[str, float]] = None) -> TerminationTermCfg:  # fmt: skip
    """The spec's `terminate` rules as a termination term: `cfg.terminations["spec"] = termination_term("walk.reward")`."""
    return TerminationTermCfg(
        func=TerminationTerm, params=settings(spec, asset, command, groups, host, params)
    )


class RewardTerm(SpecReward):
    def describe(self, env: Any, asset: str) -> Described:
        return describe(env, asset)


class TerminationTerm(SpecTermination):
    def describe(self, env: Any, asset: str) -> Described:
        return describe(env, asset)


def describe(env: Any, asset: str) -> Described:
    """The robot's numbers from the compiled model, and what the scene's sensors measure."""
    robot, model = env.scene[asset], env.sim.mj_model
    limits = robot.data.joint_pos_limits[0].T.tolist()
    joints = {name: i for i, name in enumerate(robot.joint_names)}
    torque, stiffness, damping = ([0.0] * len(joints) for _ in range(3))
    for i in range(model.nu):  # a position actuator's gains; what is no joint of the robot is left out
        name = model.joint(model.actuator_trnid[i, 0]).name if model.actuator_trntype[i] == 0 else ""
        j = joints.get(_short(name, asset), -1)
        if j >= 0:
            bound = model.actuator_forcerange[i] if model.actuator_forcelimited[i] else (-math.inf, math.inf)
            torque[j] = float(max(map(abs, bound)))
            stiffness[j], damping[j] = (
                -float(model.actuator_biasprm[i, 1]),
                -float(model.actuator_biasprm[i, 2]),
            )
    about = Described({
        "dof_pos_lower": limits[0], "dof_pos_upper": limits[1], "default_dof_pos": robot.data.default_joint_pos[0].tolist(),
        "dof_vel_limits": [math.inf] * len(joints), "torque_limits": torque, "stiffness": stiffness, "damping": damping,
        "action_scale": _scale(env.action_manager),
    })  # fmt: skip
    ids = [model.body(f"{asset}/{name}").id for name in robot.body_names]
    about.sources["body_mass"] = lambda env: torch.tensor(model.body_mass[ids])
    about.sources["body_com"] = lambda env: torch.tensor(model.body_ipos[ids])
    for key, sensor in env.scene.sensors.items():
        _sense(about, _identifier(key, asset), key, sensor, env, asset)
    known = {row.name for row in ROWS}
    about.given = {name: what for name, what in about.given.items() if name not in known}
    return about


def _sense(about: Described, name: str, key: str, sensor: Any, env: Any, asset: str) -> None:
    """Add what one sensor measures: quantities called NAME_WHAT, along the bodies that it is on."""
    data = lambda env: env.scene[key].data
    add = about.given
    if isinstance(sensor, ContactSensor):
        kind = "body" if sensor.cfg.primary.mode == "subtree" else sensor.cfg.primary.mode
        entity = sensor.cfg.primary.entity
        names = [f"{entity}/{n}" if entity else n for n in sensor.primary_names]
        axes, columns = _axis(about, name, kind, names, env, asset)
        if sensor.cfg.num_slots > 1 and sensor.cfg.reduce != "netforce":
            return
        world = "world" if sensor.cfg.reduce == "netforce" or sensor.cfg.global_frame else ""
        if "found" in sensor.cfg.fields:
            add[f"{name}_found"] = (
                HostQuantity(axes=[*axes], unit="1", range=(0, math.inf), doc="How many contacts."),
                taking(lambda env: data(env).found, columns),
            )
        if "force" in sensor.cfg.fields:
            force = taking(lambda env: data(env).force, columns)
            add[f"{name}_force"] = (
                HostQuantity(axes=[*axes, "xyz"], unit="N", frame=world, doc="Contact force."),
                force,
            )
            if sensor.cfg.history_length:
                substeps = {f"{name}_substeps": sensor.cfg.history_length}
                add[f"{name}_force_history"] = (
                    HostQuantity(axes=[*axes, substeps, "xyz"], unit="N", frame=world, doc="Contact force of the last physics steps, newest first."),
                    taking(lambda env: data(env).force_history, columns),
                )  # fmt: skip
            covers = kind == "body" and sorted(names) == sorted(
                f"{asset}/{n}" for n in env.scene[asset].body_names
            )
            if covers and world and sensor.cfg.secondary is None:
                about.sources.setdefault("contact_forces", force)
        if sensor.cfg.track_air_time:
            add.update(contact_quantities(name, axes, data, columns))
            for what in ("first_contact", "first_air"):
                read = lambda env, method=f"compute_{what}": getattr(env.scene[key], method)(env.step_dt)
                doc = "Whether it began within this control step, by the physics step."
                add[f"{name}_{what}"] = (
                    HostQuantity(axes=[*axes], kind="bool", doc=doc),
                    taking(read, columns),
                )
    elif isinstance(sensor, RayCastSensor):
        frames = sensor.cfg.frame if isinstance(sensor.cfg.frame, tuple) else (sensor.cfg.frame,)
        kinds = {frame.type for frame in frames}
        if len(kinds) > 1:
            return
        axes, columns = _axis(about, name, kinds.pop(), [f.prefixed_name() for f in frames], env, asset)
        if isinstance(sensor, TerrainHeightSensor) and sensor.cfg.reduction != "none":
            add[f"{name}_heights"] = (
                HostQuantity(axes=[*axes], unit="m", doc="Height above the terrain."),
                taking(lambda env: data(env).heights, columns),
            )
        sites = list(env.scene[asset].site_names)
        inner = [f.name for f in frames]
        if all(f.type == "site" and f.entity == asset for f in frames):
            at = [sites.index(n) for n in inner]
            for what, unit in (("pos", "m"), ("lin_vel", "m/s")):
                read = lambda env, what=what: (
                    getattr(env.scene[asset].data, f"site_{what}_w")[:, at]
                    - (env.scene.env_origins[:, None] if what == "pos" else 0)
                )
                add[f"{name}_{what}"] = (
                    HostQuantity(
                        axes=[*axes, "xyz"], unit=unit, frame="world", doc="Of the sites that it is on."
                    ),
                    taking(read, columns),
                )
        if len(frames) == 1:
            add[f"{name}_distances"] = (
                HostQuantity(
                    axes=[{f"{name}_rays": sensor.num_rays_per_frame}],
                    unit="m",
                    doc="Length of each ray; below 0 without a hit.",
                ),
                lambda env: data(env).distances,
            )
    elif isinstance(sensor, BuiltinSensor) and not any(
        key.startswith(f"{other}_") for other in env.scene.sensors
    ):
        width = sensor.data.shape[-1]
        size: List[Any] = ["xyz"] if width == 3 else [{f"{name}_values": width}] if width > 1 else []
        add[name] = (
            HostQuantity(axes=size, doc="A sensor of the model."),
            (lambda env: data(env)[:, 0]) if width == 1 else data,
        )


def _axis(about: Described, name: str, kind: str, names: Sequence[str], env: Any, asset: str) -> Tuple[List[Any], Optional[torch.Tensor]]:  # fmt: skip
    """The axis of what a sensor measures: the bodies that its elements are on, as a group NAME_bodies, if each is on one of its own; else
    one of their own, NAME_parts. With the columns to take for the model's order."""
    model, bodies = env.sim.mj_model, list(env.scene[asset].body_names)
    of = {"body": lambda n: model.body(n).id, "geom": lambda n: model.geom(n).bodyid[0], "site": lambda n: model.site(n).bodyid[0]}[kind]  # fmt: skip
    on = [_short(model.body(int(of(element))).name, asset) for element in names]
    if len(set(on)) < len(on) or not set(on) <= set(bodies):
        return [{f"{name}_parts": [_short(n, asset) for n in names]}], None
    ordered, columns = sorted_columns(on, bodies)
    about.groups[f"{name}_bodies"] = ("bodies", ordered)
    return [f"{name}_bodies"], columns


def _scale(actions: Any) -> List[float]:
    """What one unit of each action moves its target by; 1 where it is not said."""
    out: List[float] = []
    for key in actions.active_terms:
        term = actions.get_term(key)
        scale = getattr(term, "_scale", 1.0)
        out += scale[0].tolist() if isinstance(scale, torch.Tensor) else [float(scale)] * term.action_dim
    return out


def _short(name: str, asset: str) -> str:
    return name[len(asset) + 1 :] if name.startswith(f"{asset}/") else name


def _identifier(key: str, asset: str) -> str:
    return re.sub(r"\W", "_", _short(key, asset))
