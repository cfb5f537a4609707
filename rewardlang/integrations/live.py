"""An environment of another project as a task of the language, and those of Isaac Gym: names, limits and buffers as its own code has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Mapping, Sequence, Tuple, Union

import torch

from .. import HostQuantity, Reward, Task, load_task
from ..lang.select import matches
from ..reward import QuantityError
from ..task import Commands

Sources = Mapping[str, Callable[..., torch.Tensor]]  # quantity: how to read it from an environment
ENDED = HostQuantity(kind="bool", doc="The environment's own rules ended the episode on this step.")
FIXED = ("default_dof_pos", "dof_pos_lower", "dof_pos_upper", "dof_vel_limits", "torque_limits", "stiffness", "damping", "action_scale")  # fmt: skip
OF_BODIES = ("body_mass", "body_com")


def without_robot(name: str, groups: Mapping[str, Tuple[str, Sequence[str]]], commands: Any = None) -> Task:
    """The task of an environment as far as it is known before there is one: the language's names, and its one termination."""
    return replace(
        load_task("humanoid"), name=name, commands=commands, groups=dict(groups), pairs={}, joint_signs={}, observations=(),
        quantities={"env_terminated": ENDED}, terminations={"fallen": "env_terminated"}, clip_actions=float("inf"),
    )  # fmt: skip


def live_task(env: Any, dt: float, steps: int, groups: Mapping[str, Tuple[str, Sequence[str]]], robot: Mapping[str, Sequence[float]],
              commands: Any = None) -> Task:  # fmt: skip
    """The task that an environment of Isaac Gym is; `robot` has what `FIXED` names, where it is known."""
    gym, first = env.gym, env.envs[0]
    joints, bodies = tuple(gym.get_actor_dof_names(first, 0)), tuple(gym.get_actor_rigid_body_names(first, 0))
    limits = gym.get_actor_dof_properties(first, 0)
    low, high = zip(*(sorted((float(a), float(b))) for a, b in zip(limits["lower"], limits["upper"])))
    known: Dict[str, Any] = {
        "dof_pos_lower": low, "dof_pos_upper": high, "dof_vel_limits": limits["velocity"], "torque_limits": limits["effort"],
        "default_dof_pos": [0.0] * len(joints), "stiffness": limits["stiffness"], "damping": limits["damping"],
        "action_scale": [1.0] * env.num_actions, **robot,
    }  # fmt: skip
    actuated = joints if env.num_actions == len(joints) else numbered(env.num_actions)
    return described(type(env).__name__, dt, steps, joints, bodies, actuated, groups, known, commands)


def numbered(actions: int) -> Tuple[str, ...]:
    """Names for actions that are not one a joint."""
    return tuple(f"action_{i}" for i in range(actions))


def described(name: str, dt: float, steps: int, joints: Sequence[str], bodies: Sequence[str], actuated: Sequence[str],
              groups: Mapping[str, Tuple[str, Sequence[str]]], robot: Mapping[str, Sequence[float]], commands: Any = None) -> Task:  # fmt: skip
    """A task without files: `steps` control steps of `dt` s an episode; `robot` has all that `FIXED` names.

    Its one termination, `fallen`, is that of the environment; joints and bodies are named as in the simulator, in its order.
    """
    numbers: Dict[str, Any] = {key: tuple(float(x) for x in robot[key]) for key in FIXED}
    chosen = {
        key: _chosen(key, *group, {"joints": joints, "bodies": bodies}) for key, group in groups.items()
    }
    return replace(
        without_robot(name, chosen, commands), sim_dt=dt, decimation=1, episode_length_s=dt * steps, body_names=tuple(bodies),
        dof_names=tuple(joints), actuated=tuple(actuated), **numbers,
    )  # fmt: skip


def _chosen(group: str, axis: str, patterns: Union[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> Tuple[str, Tuple[str, ...]]:  # fmt: skip
    """The names of a group, in the model's order. Raises QuantityError for a pattern without a match and for an axis that is not there."""
    if axis not in names:
        raise QuantityError(f"the group {group} is of {axis!r}; a group is of 'joints' or of 'bodies'")
    found = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        some = matches(pattern, names[axis])
        if not some:
            raise QuantityError(
                f"the group {group}: no name matches {pattern!r}; there is {', '.join(names[axis])}"
            )
        found.update(some)
    return axis, tuple(name for name in names[axis] if name in found)


def widest(ranges: Mapping[str, Sequence[float]], most: float) -> Commands:
    """The commands of legged_gym's ranges, as far as a curriculum may widen them."""
    wide = lambda name: (min(ranges[name][0], -most), max(ranges[name][1], most))
    return Commands(lin_vel_x=wide("lin_vel_x"), lin_vel_y=wide("lin_vel_y"), ang_vel_yaw=wide("ang_vel_yaw"))


def root(env: Any) -> torch.Tensor:
    """The state of each environment's first actor."""
    return env.root_states.view(env.num_envs, -1, 13)[:, 0]


def _bodies(env: Any) -> torch.Tensor:
    states = env.rigid_body_states if hasattr(env, "rigid_body_states") else env.rigid_body_state
    return states.view(env.num_envs, -1, 13)


ROOT = {
    "root_pos": slice(0, 3),
    "root_quat": slice(3, 7),
    "root_lin_vel": slice(7, 10),
    "root_ang_vel": slice(10, 13),
}
SOURCES: Sources = {
    **{name: lambda e, part=part: root(e)[:, part] for name, part in ROOT.items()},
    "body_pos": lambda e: _bodies(e)[..., 0:3], "body_quat": lambda e: _bodies(e)[..., 3:7],
    "body_lin_vel": lambda e: _bodies(e)[..., 7:10], "body_ang_vel": lambda e: _bodies(e)[..., 10:13],
    "contact_forces": lambda e: e.contact_forces.view(e.num_envs, -1, 3),
    "torques": lambda e: e.torques if hasattr(e, "torques") else e.dof_force_tensor,
    "command_lin_vel": lambda e: e.commands[:, 0:2], "command_ang_vel": lambda e: e.commands[:, 2],
    "command_heading": lambda e: e.commands[:, 3],
    "body_mass": lambda e: torch.tensor([x.mass for x in e.gym.get_actor_rigid_body_properties(e.envs[0], 0)], device=e.device),
}  # fmt: skip


def fixed(reward: Reward, env: Any, task: Task, sources: Sources = SOURCES) -> Dict[str, torch.Tensor]:
    """What the spec reads of the robot itself, made once."""
    out = {}
    for name in reward.needs:
        if name in FIXED:
            out[name] = torch.tensor(getattr(task, name), device=reward.device, dtype=reward.dtype)
        elif name in OF_BODIES and name in sources:
            out[name] = sources[name](env).to(reward.device, reward.dtype)
    return out


def quantities(
    reward: Reward, env: Any, given: Mapping[str, torch.Tensor], sources: Sources = SOURCES
) -> Dict[str, torch.Tensor]:
    """What the spec reads, from the environment's buffers; other names are its attributes. Raises QuantityError for one it lacks."""
    out = dict(given)
    for name, (_, dtype) in reward.shapes.items():
        if name not in out:
            try:
                out[name] = sources[name](env) if name in sources else getattr(env, name)
            except AttributeError as problem:
                raise QuantityError(f"{reward.program.name} reads `{name}`, for which {type(env).__name__} has nothing: {problem}") from None  # fmt: skip
        out[name] = out[name].to(dtype)
    return out


def at_reset(values: Dict[str, torch.Tensor], mask: torch.Tensor) -> Dict[str, torch.Tensor]:
    """The same for environments that begin anew: no action yet, and no contacts, which the simulator still has of the state before."""
    out = dict(values)
    for name in ("actions", "contact_forces"):
        if name in out:
            out[name] = out[name].masked_fill(mask.view(-1, *[1] * (out[name].dim() - 1)), 0.0)
    return out
