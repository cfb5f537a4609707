"""Plausible random states of a task, step by step with resets, and what a formula in NumPy reads of them.

Tests of the compiler draw extreme states; here feet are near the floor and errors small, so that no kernel is 0 everywhere.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from rewardlang import Task, load_task

N, STEPS = 8, 20
MODEL = {"default_dof_pos", "dof_pos_lower", "dof_pos_upper", "torque_limits", "dof_vel_limits", "body_mass", "body_com", "action_scale"}  # fmt: skip
Arrays = Dict[str, np.ndarray]


class Host(NamedTuple):
    """A quantity that the host gives: "axes; unit; frame", and how it is drawn: around `center`, `spread` wide.

    A word of the axes is one of the task's, `bool`, `rotation`, or an axis of its own: `points=4`, `tips=thumb,index`.
    """

    type: str
    center: Any = 0.0
    spread: Any = 1.0

    @property
    def parts(self) -> List[str]:
        return [part.strip() for part in f"{self.type};;".split(";")][:3]

    @property
    def kind(self) -> str:
        return next((word for word in self.parts[0].split() if word in ("bool", "rotation")), "number")

    @property
    def axes(self) -> List[Any]:
        """As a HostQuantity takes them."""
        words = [word.partition("=") for word in self.parts[0].split() if word != self.kind]
        return [
            name if not own else {name: int(own) if own.isdigit() else own.split(",")}
            for name, _, own in words
        ]

    def shape(self, task: Task) -> List[int]:
        sizes = {"joints": len(task.dof_names), "bodies": len(task.body_names), "xyz": 3, "xy": 2}
        lengths = [sizes[axis] if isinstance(axis, str) else next(iter(axis.values())) for axis in self.axes]
        return [length if isinstance(length, int) else len(length) for length in lengths]


# quaternions xyzw


def matrix(q: np.ndarray) -> np.ndarray:
    """Rotation matrices. [..., 3, 3]"""
    x, y, z, w = np.moveaxis(q, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(np.broadcast_arrays(*row), -1) for row in rows], -2)


def rot(q: np.ndarray, v: Any) -> np.ndarray:
    """v turned by q; both broadcast."""
    return np.einsum("...ij,...j->...i", matrix(q), np.broadcast_to(v, (*q.shape[:-1], 3)))


def unrot(q: np.ndarray, v: Any) -> np.ndarray:
    """v turned back by q."""
    return np.einsum("...ji,...j->...i", matrix(q), np.broadcast_to(v, (*q.shape[:-1], 3)))


def conj(q: np.ndarray) -> np.ndarray:
    return q * np.array([-1.0, -1.0, -1.0, 1.0])


def qmul(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """First q, then p."""
    u, v = p[..., :3], q[..., :3]
    a, b = p[..., 3:], q[..., 3:]
    return np.concatenate((a * v + b * u + np.cross(u, v), a * b - (u * v).sum(-1, keepdims=True)), -1)


def angle(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The angle between two rotations."""
    d = qmul(conj(p), q)
    return 2 * np.arctan2(np.linalg.norm(d[..., :3], axis=-1), np.abs(d[..., 3]))


def about(axis: Any, a: Any) -> np.ndarray:
    """The rotation by the angle a [...] about a fixed unit axis."""
    a = np.asarray(a, float)[..., None]
    return np.concatenate((np.sin(a / 2) * np.asarray(axis, float), np.cos(a / 2)), -1)


def euler(q: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """roll, pitch, yaw"""
    m = matrix(q)
    return (np.arctan2(m[..., 2, 1], m[..., 2, 2]), np.arcsin(np.clip(-m[..., 2, 0], -1, 1)),
            np.arctan2(m[..., 1, 0], m[..., 0, 0]))  # fmt: skip


def heading(q: np.ndarray) -> np.ndarray:
    """The yaw of q as a rotation of its own."""
    return about([0, 0, 1], euler(q)[2])


def norm(x: np.ndarray) -> np.ndarray:
    return np.sqrt((x * x).sum(-1))


def sq(x: np.ndarray) -> np.ndarray:
    return x * x


def ss(x: np.ndarray) -> np.ndarray:
    """Sum of squares over the last axis."""
    return (x * x).sum(-1)


def wrap(a: np.ndarray) -> np.ndarray:
    return (a + np.pi) % (2 * np.pi) - np.pi


LETTERS = {
    "q": "dof_pos", "qd": "dof_vel", "tau": "torques", "a": "actions", "q0": "default_dof_pos", "lo": "dof_pos_lower", "hi": "dof_pos_upper",
    "taumax": "torque_limits", "vmax": "dof_vel_limits", "mass": "body_mass", "p": "body_pos", "u": "body_lin_vel", "om": "body_ang_vel",
    "R": "body_quat", "F": "contact_forces", "root": "root_quat", "x": "root_pos", "vw": "root_lin_vel", "ww": "root_ang_vel",
    "k": "episode_step", "t": "episode_time", "limit": "time_limit", "c": "command_lin_vel", "cw": "command_ang_vel", "ch": "command_heading",
}  # fmt: skip


class State:
    """What N environments are in after a step: raw quantities by their names and by the letters that formulas use."""

    def __init__(
        self, raw: Arrays, task: Task, last: Optional[State] = None, first: Optional[np.ndarray] = None
    ) -> None:
        self.raw, self.task, self.dt = raw, task, task.dt
        self.before, self.first = last, first  # [N] bool, the first step of an episode

    @property
    def last(self) -> State:
        """The state one step earlier; the reset state on the first step of an episode."""
        assert self.before is not None
        return self.before

    @cached_property
    def last2(self) -> State:
        """The state two steps earlier, and the reset state on the first two steps."""
        last, model = self.last, MODEL
        if last.before is None:
            return last
        raw = {name: value if name in model else np.where(_like(last.first, value), value, last.before.raw[name])
               for name, value in last.raw.items()}  # fmt: skip
        return State(raw, self.task)

    def __getattr__(self, name: str) -> np.ndarray:
        raw = self.__dict__.get("raw", {})
        name = LETTERS.get(name, name)
        if name in raw:
            return raw[name]
        raise AttributeError(name)

    @cached_property
    def z(self) -> np.ndarray:
        """Height of the base."""
        return self.x[:, 2]

    @cached_property
    def v(self) -> np.ndarray:
        """Linear velocity in the base."""
        return unrot(self.root, self.vw)

    @cached_property
    def w(self) -> np.ndarray:
        """Angular velocity in the base."""
        return unrot(self.root, self.ww)

    @cached_property
    def g(self) -> np.ndarray:
        """Direction of gravity in the base."""
        return unrot(self.root, [0.0, 0.0, -1.0])

    @cached_property
    def feet(self) -> np.ndarray:
        """Indices of the feet among the bodies."""
        return self.B("*_foot")

    @cached_property
    def con(self) -> np.ndarray:
        """Whether each foot presses the floor with more than 1 N."""
        return self.F[:, self.feet, 2] > 1

    def J(self, *patterns: str) -> np.ndarray:
        """Indices of joints."""
        return _chosen(self.task.dof_names, patterns)

    def B(self, *patterns: str) -> np.ndarray:
        """Indices of bodies."""
        return _chosen(self.task.body_names, patterns)

    def j(self, name: str) -> int:
        return self.task.dof_names.index(name)

    def b(self, name: str) -> int:
        return self.task.body_names.index(name)


def _chosen(names: Any, patterns: Tuple[str, ...]) -> np.ndarray:
    return np.array([i for i, n in enumerate(names) if any(fnmatchcase(n, p) for p in patterns)])


class Memory:
    """What a formula keeps by hand: `m(name, start)` reads it, with `start` where an episode begins; `m[name] = x` keeps it."""

    def __init__(self) -> None:
        self.kept: Dict[str, np.ndarray] = {}
        self.first = np.zeros(0, bool)

    def __call__(self, name: str, start: Any) -> np.ndarray:
        if name not in self.kept:
            return (
                np.asarray(start, float) + np.zeros(len(self.first))
                if np.ndim(start) == 0
                else np.asarray(start)
            )
        old = self.kept[name]
        first = self.first.reshape(-1, *[1] * (old.ndim - 1))
        return np.where(first, start, old)

    def __setitem__(self, name: str, value: np.ndarray) -> None:
        self.kept[name] = np.asarray(value)


class Moment(NamedTuple):
    """What a step reached, who is reset after it, and the state then."""

    reached: Arrays
    reset: np.ndarray
    after: Arrays


@lru_cache(maxsize=None)
def task_of(name: str) -> Task:
    return load_task(name)


@lru_cache(maxsize=None)
def moments(name: str, seed: int = 7) -> List[Moment]:
    """First a moment whose `after` is the first reset of all, then the steps."""
    task, rng = task_of(name), np.random.default_rng(seed)
    model = _model(task, rng)
    now = {**_draw(task, rng, None), **model}
    count = np.zeros(N)
    out = []
    for step in range(STEPS + 1):
        count = count + 1
        reached = {**_draw(task, rng, now), **model, "episode_step": count, "episode_time": count * task.dt}
        mask = np.ones(N, bool) if step == 0 else rng.random(N) < 0.08
        count = np.where(mask, 0.0, count)
        fresh = {**_draw(task, rng, None), **model, "episode_step": count, "episode_time": count * task.dt}
        fresh["actions"] = np.zeros_like(fresh["actions"])
        fresh["time_limit"] = np.zeros(N, bool)
        now = _reset(mask, reached, fresh)
        out.append(Moment(reached, mask, now))
    return out


def with_hosts(name: str, hosts: Dict[str, Host], seed: int = 7) -> List[Moment]:
    """The same moments with quantities of a host beside the task's own."""
    if not hosts:
        return moments(name)
    task, rng = task_of(name), np.random.default_rng(seed)
    now, out = _hosted(task, hosts, rng, None), []
    for base in moments(name):
        reached = _hosted(task, hosts, rng, now)
        now = _reset(base.reset, reached, _hosted(task, hosts, rng, None))
        out.append(Moment({**base.reached, **reached}, base.reset, {**base.after, **now}))
    return out


def _reset(mask: np.ndarray, reached: Arrays, fresh: Arrays) -> Arrays:
    return {name: value if name in MODEL else np.where(_like(mask, value), value, reached[name]) for name, value in fresh.items()}  # fmt: skip


def _like(mask: np.ndarray, x: np.ndarray) -> np.ndarray:
    return mask.reshape(-1, *[1] * (x.ndim - 1))


def _model(task: Task, rng: np.random.Generator) -> Arrays:
    return {
        "default_dof_pos": np.array(task.default_dof_pos), "dof_pos_lower": np.array(task.dof_pos_lower),
        "dof_pos_upper": np.array(task.dof_pos_upper), "torque_limits": np.array(task.torque_limits),
        "dof_vel_limits": np.array(task.dof_vel_limits), "body_mass": rng.uniform(0.3, 3, len(task.body_names)),
        "action_scale": np.array(task.action_scale), "body_com": rng.uniform(-0.05, 0.05, (len(task.body_names), 3)),
    }  # fmt: skip


def _draw(task: Task, rng: np.random.Generator, last: Optional[Arrays]) -> Arrays:
    """A state near the last one."""
    joints, bodies = len(task.dof_names), len(task.body_names)
    normal = lambda spread, *shape: spread * rng.standard_normal((N, *shape))
    feet = _chosen(task.body_names, ("*_foot",))
    x = np.concatenate((normal(1.0, 2), rng.uniform(0.15, 0.5, (N, 1))), -1)
    p = x[:, None] + normal(0.2, bodies, 3)
    p[:, feet, 2] = rng.uniform(0, 0.12, (N, len(feet)))
    limits, lower, upper = (np.array(v) for v in (task.torque_limits, task.dof_pos_lower, task.dof_pos_upper))
    new: Arrays = {
        "root_pos": x, "root_quat": _tilted(rng, 0.3), "root_lin_vel": normal(0.5, 3), "root_ang_vel": normal(0.6, 3),
        "dof_pos": np.clip(np.array(task.default_dof_pos) + normal(0.4, joints), lower - 0.4, upper + 0.4),
        "dof_vel": normal(6.0, joints), "torques": np.clip(normal(0.7, joints), -1, 1) * limits,
        "actions": np.clip(normal(0.6, len(task.actuated)), -1, 1),
        "body_pos": p, "body_quat": _tilted(rng, 0.4, bodies), "body_lin_vel": normal(0.5, bodies, 3),
        "body_ang_vel": normal(0.6, bodies, 3), "contact_forces": np.abs(normal(80.0, bodies, 3)) * [0.2, 0.2, 1.0] * rng.choice([-1.0, 1.0, 1.0], (N, bodies, 3), p=[0.25, 0.25, 0.5]) ** [1, 1, 2],
        "time_limit": rng.random(N) < 0.1,
    }  # fmt: skip
    if task.commands is not None:
        ranges = [task.commands.lin_vel_x, task.commands.lin_vel_y, task.commands.ang_vel_yaw, task.commands.heading]  # fmt: skip
        x, y, turn, toward = (rng.uniform(*r, N) for r in ranges)
        stands = rng.random(N) < 0.25
        new.update(command_lin_vel=np.where(stands[:, None], 0.0, np.stack((x, y), -1)),
                   command_ang_vel=np.where(stands, 0.0, turn), command_heading=toward)  # fmt: skip
    touching = rng.random((N, bodies)) < 0.5
    if last is not None:
        _follow(
            new,
            last,
            rng,
            skip=(
                "contact_forces",
                "actions",
                "time_limit",
                "command_lin_vel",
                "command_ang_vel",
                "command_heading",
            ),
        )
        before = np.abs(last["contact_forces"]).sum(-1) > 0
        touching = np.where(rng.random((N, bodies)) < 0.7, before, touching)
        keep = rng.random(N) < 0.85
        for name in ("command_lin_vel", "command_ang_vel", "command_heading"):
            if name in new:
                new[name] = np.where(_like(keep, new[name]), last[name], new[name])
    new["contact_forces"] = new["contact_forces"] * touching[..., None]
    return new


def _follow(new: Arrays, last: Arrays, rng: np.random.Generator, skip: Tuple[str, ...] = ()) -> None:
    """Bring a state that was drawn anew near the last one."""
    for name, value in new.items():
        if name not in skip and value.dtype == bool:
            new[name] = np.where(rng.random(value.shape) < 0.7, last[name], value)
        elif name not in skip:
            new[name] = last[name] + 0.4 * (value - last[name])
            if name.endswith("quat") or name.endswith("turn"):
                new[name] = new[name] / np.linalg.norm(new[name], axis=-1, keepdims=True)


def _hosted(task: Task, hosts: Dict[str, Host], rng: np.random.Generator, last: Optional[Arrays]) -> Arrays:
    new = {name: _host(host, rng, host.shape(task)) for name, host in hosts.items()}
    if last is not None:
        _follow(new, last, rng)
    return new


def _tilted(rng: np.random.Generator, tilt: float, *shape: int) -> np.ndarray:
    """Quaternions of any yaw in (-2, 2), tilted by about `tilt`."""
    v = rng.standard_normal((N, *shape, 3)) * tilt / 2
    w = np.ones((N, *shape, 1))
    q = np.concatenate((v, w), -1)
    return qmul(
        about([0, 0, 1], rng.uniform(-2, 2, (N, *shape))), q / np.linalg.norm(q, axis=-1, keepdims=True)
    )


def _host(host: Host, rng: np.random.Generator, shape: List[int]) -> np.ndarray:
    if host.kind == "bool":
        return rng.random((N, *shape)) < 0.4
    if host.kind == "rotation":
        return _tilted(rng, 0.4, *shape)
    return np.asarray(host.center) + np.asarray(host.spread) * rng.uniform(-1, 1, (N, *shape))
