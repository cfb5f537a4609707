"""A spec in a manager-based environment of mjlab: its terms as one reward term, its rules as one termination."""

from __future__ import annotations

import math
from typing import Any, Mapping, Optional

import torch
from mjlab.managers.reward_manager import RewardTermCfg
from mjlab.managers.termination_manager import TerminationTermCfg

from ..quantities import ROWS
from .articulation import Described, action_scales
from .given import Given
from .manager_terms import SpecReward, SpecTermination, settings
from .mjlab_sensors import Sensed, short


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


def describe(env: Any, asset: str) -> Described:
    """The robot's numbers from the compiled model, and what the scene's sensors measure."""
    robot, model = env.scene[asset], env.sim.mj_model
    limits = robot.data.joint_pos_limits[0].T.tolist()
    joints = {name: i for i, name in enumerate(robot.joint_names)}
    torque, stiffness, damping = ([0.0] * len(joints) for _ in range(3))
    for i in range(model.nu):  # a position actuator's gains; what is no joint of the robot is left out
        name = model.joint(model.actuator_trnid[i, 0]).name if model.actuator_trntype[i] == 0 else ""
        j = joints.get(short(name, asset), -1)
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
        "action_scale": action_scales(env.action_manager),
    })  # fmt: skip
    ids = [model.body(f"{asset}/{name}").id for name in robot.body_names]
    about.sources["body_mass"] = lambda env: torch.tensor(model.body_mass[ids])
    about.sources["body_com"] = lambda env: torch.tensor(model.body_ipos[ids])
    for key in env.scene.sensors:
        Sensed(about, env, asset, key).add()
    known = {row.name for row in ROWS}
    about.given = {name: what for name, what in about.given.items() if name not in known}
    return about


class RewardTerm(SpecReward):
    describe = staticmethod(describe)


class TerminationTerm(SpecTermination):
    describe = staticmethod(describe)
