"""A spec in a manager-based environment of Isaac Lab: its terms as one reward term, its rules as one termination."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from isaaclab.managers import ManagerTermBase, RewardTermCfg, TerminationTermCfg

from .. import HostQuantity
from .articulation import Described, action_scales, contact_quantities, sorted_columns, taking
from .given import Given
from .manager_terms import SpecReward, SpecTermination, settings


def reward_term(spec: Given, *, asset: str = "robot", command: Optional[str] = None, groups: Optional[Mapping[str, Any]] = None,
                host: Optional[Mapping[str, Any]] = None, params: Optional[Mapping[str, float]] = None) -> RewardTermCfg:  # fmt: skip
    """The spec as a reward term: `self.rewards.spec = reward_term("walk.reward")`, or a field of a RewardsCfg.

    `command` names the velocity command, if there are several. `groups` names bodies or joints: {"feet": ("bodies", "*_FOOT")}.
    `host` adds quantities: {"wind": (HostQuantity(axes="xyz"), lambda env: env.wind)}. `params` sets params of the spec.
    """
    return RewardTermCfg(
        func=RewardTerm, weight=1.0, params=settings(spec, asset, command, groups, host, params)
    )


def termination_term(spec: Given, *, asset: str = "robot", command: Optional[str] = None, groups: Optional[Mapping[str, Any]] = None,
                     host: Optional[Mapping[str, Any]] = None, params: Optional[Mapping[str, float]] = None) -> TerminationTermCfg:  # fmt: skip
    """The spec's `terminate` rules as a termination term: a field of a TerminationsCfg."""
    return TerminationTermCfg(
        func=TerminationTerm, params=settings(spec, asset, command, groups, host, params)
    )


def describe(env: Any, asset: str) -> Described:
    """The robot's numbers from its data, and what the scene's contact sensors measure."""
    data = env.scene[asset].data
    row = lambda tensor: tensor[0].tolist()
    limits = data.joint_pos_limits[0].T.tolist()
    about = Described({
        "dof_pos_lower": limits[0], "dof_pos_upper": limits[1], "default_dof_pos": row(data.default_joint_pos),
        "dof_vel_limits": row(data.joint_vel_limits), "torque_limits": row(data.joint_effort_limits),
        "stiffness": row(data.joint_stiffness), "damping": row(data.joint_damping), "action_scale": action_scales(env.action_manager),
    })  # fmt: skip
    about.sources["body_mass"] = lambda env: env.scene[asset].data.default_mass[0]
    about.sources["body_com"] = lambda env: env.scene[asset].data.body_com_pos_b[0]
    of_com = HostQuantity(axes="xyz", unit="m/s", frame="world", doc="Velocity of the base's centre of mass, which Isaac Lab's own rewards read.")  # fmt: skip
    about.given["root_com_lin_vel"] = (of_com, lambda env: env.scene[asset].data.root_com_lin_vel_w)
    for name, sensor in env.scene.sensors.items():
        if hasattr(sensor, "compute_first_contact"):
            _touch(about, name, sensor, list(env.scene[asset].body_names))
    return about


class RewardTerm(SpecReward, ManagerTermBase):
    describe = staticmethod(describe)


class TerminationTerm(SpecTermination, ManagerTermBase):
    describe = staticmethod(describe)


def _touch(about: Described, name: str, sensor: Any, bodies: List[str]) -> None:
    """Add what one contact sensor measures, along the bodies that it is on: as the group NAME_bodies, unless it is on all."""
    names = list(sensor.body_names)
    if not set(names) <= set(bodies) or len(set(names)) < len(names):
        return  # of something else than the robot
    ordered, columns = sorted_columns(names, bodies)
    axis = "bodies"
    if len(ordered) < len(bodies):
        axis = f"{name}_bodies"
        about.groups[axis] = ("bodies", ordered)
    data = lambda env: env.scene.sensors[name].data
    force = taking(lambda env: data(env).net_forces_w, columns)
    about.given[f"{name}_force"] = (HostQuantity(axes=[axis, "xyz"], unit="N", frame="world", doc="Net contact force."), force)  # fmt: skip
    if axis == "bodies":
        about.sources.setdefault("contact_forces", force)
    length = int(sensor.cfg.history_length)
    if length > 0:
        history = lambda env: data(env).net_forces_w_history.transpose(1, 2)  # [N, bodies, steps, xyz]
        doc = "Net contact force of the last updates, newest first."
        what = HostQuantity(axes=[axis, {f"{name}_updates": length}, "xyz"], unit="N", frame="world", doc=doc)
        about.given[f"{name}_force_history"] = (what, taking(history, columns))
    if sensor.cfg.track_air_time:
        about.given.update(contact_quantities(name, axis, data, lambda env: env.scene.sensors[name], columns))
