"""Isaac Lab's own Python without its simulator: its managers, rewards and data classes imported from source, and an environment of them
whose states are drawn, not simulated. Stood in for are Omniverse, PhysX's view of a robot, the scene, and the two managers that feed it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Optional, Sequence

import torch

SOURCE = os.environ.get("REWARDLANG_ISAACLAB", "")  # the folder that has isaaclab/ and isaaclab_tasks/
ENVS, DT, DECIMATION = 8, 0.02, 4
LEGS = ("LF", "RF", "LH", "RH")
JOINTS = [f"{leg}_{part}" for leg in LEGS for part in ("HAA", "HFE", "KFE")]
BODIES = ["base", *(f"{leg}_{part}" for leg in LEGS for part in ("HIP", "THIGH", "SHANK", "FOOT"))]
ABSENT = ("omni", "carb", "isaacsim", "pxr", "usdrt", "h5py", "hid", "isaaclab.assets", "isaaclab.sensors", "isaaclab.sim", "isaaclab.scene")  # fmt: skip


class Anything(type):
    """A class that has any attribute: another such class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(name, (), {})


class Absent(types.ModuleType):
    __path__: List[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(name, (), {})


class Finder:
    """Modules of what cannot be here."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        here = name.split(".")[0] in ABSENT or name in ABSENT
        return ModuleSpec(name, self, is_package=True) if here else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return Absent(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def load() -> SimpleNamespace:
    """The modules of Isaac Lab that the tests are about. Raises ImportError for a package that it needs and that is not installed."""
    root = Path(SOURCE)
    sys.meta_path.insert(0, Finder())
    for name, folder in {"isaaclab": "isaaclab/isaaclab", "isaaclab.envs": "isaaclab/isaaclab/envs"}.items():
        module = types.ModuleType(name)  # without what its own __init__ starts
        module.__path__ = [str(root / folder)]
        sys.modules[name] = module
    managers = importlib.import_module("isaaclab.managers")
    data = _file("articulation_data", root / "isaaclab/isaaclab/assets/articulation/articulation_data.py")
    touch = _file(
        "contact_sensor_data", root / "isaaclab/isaaclab/sensors/contact_sensor/contact_sensor_data.py"
    )
    rewards = _file("isaaclab_rewards", root / "isaaclab/isaaclab/envs/mdp/rewards.py")
    sys.modules["isaaclab.envs"].mdp = rewards  # type: ignore[attr-defined]
    tasks = root / "isaaclab_tasks/isaaclab_tasks/manager_based/locomotion/velocity/mdp/rewards.py"
    return SimpleNamespace(
        managers=managers, data=data, touch=touch, rewards=rewards, velocity=_file("velocity_rewards", tasks)
    )


def _file(name: str, path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class View:
    """What PhysX tells of an articulation: quaternions xyzw, velocities of centres of mass."""

    count = ENVS

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(0)
        coms = torch.zeros(ENVS, len(BODIES), 7)
        coms[..., :3], coms[..., 6] = 0.05 * self.rand(ENVS, len(BODIES), 3), 1.0
        self.coms = coms
        self.draw(torch.ones(ENVS, dtype=torch.bool))

    def rand(self, *shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=self.generator) * 2 - 1

    def draw(self, mask: torch.Tensor) -> None:
        """New states for the environments of the mask."""
        pose = torch.cat(
            (
                self.rand(ENVS, len(BODIES), 3),
                0.4 * self.rand(ENVS, len(BODIES), 3),
                torch.ones(ENVS, len(BODIES), 1),
            ),
            2,
        )
        pose[..., 3:] /= pose[..., 3:].norm(dim=-1, keepdim=True)
        new = {"poses": pose, "velocities": self.rand(ENVS, len(BODIES), 6), "positions": self.rand(ENVS, 12), "speeds": 5 * self.rand(ENVS, 12),
               "torques": 30 * self.rand(ENVS, 12)}  # fmt: skip
        for name, value in new.items():
            old = getattr(self, name, value)
            setattr(self, name, torch.where(mask.view(-1, *[1] * (value.dim() - 1)), value, old))

    def get_root_transforms(self) -> torch.Tensor:
        return self.poses[:, 0].clone()

    def get_root_velocities(self) -> torch.Tensor:
        return self.velocities[:, 0].clone()

    def get_link_transforms(self) -> torch.Tensor:
        return self.poses.clone()

    def get_link_velocities(self) -> torch.Tensor:
        return self.velocities.clone()

    def get_coms(self) -> torch.Tensor:
        return self.coms.clone()

    def get_dof_positions(self) -> torch.Tensor:
        return self.positions.clone()

    def get_dof_velocities(self) -> torch.Tensor:
        return self.speeds.clone()

    poses: torch.Tensor
    velocities: torch.Tensor
    positions: torch.Tensor
    speeds: torch.Tensor
    torques: torch.Tensor


def found(patterns: Any, names: Sequence[str]) -> Any:
    import re

    patterns = [patterns] if isinstance(patterns, str) else patterns
    at = [i for i, name in enumerate(names) if any(re.fullmatch(p, name) for p in patterns)]
    return at, [names[i] for i in at]


class Touch:
    """A contact sensor with the class of its data, its bodies in another order than the robot's."""

    def __init__(self, lab: Any, view: View) -> None:
        self.view, self.body_names = view, BODIES[::-1]
        self.num_bodies = len(BODIES)
        self.cfg = SimpleNamespace(history_length=3, track_air_time=True)
        zero = lambda *more: torch.zeros(ENVS, len(BODIES), *more)
        self.data = lab.touch.ContactSensorData(
            net_forces_w=zero(3), net_forces_w_history=torch.zeros(ENVS, 3, len(BODIES), 3), current_air_time=zero(), last_air_time=zero(),
            current_contact_time=zero(), last_contact_time=zero())  # fmt: skip

    def find_bodies(self, patterns: Any, preserve_order: bool = False) -> Any:
        return found(patterns, self.body_names)

    def update(self, dt: float) -> None:
        data, view = self.data, self.view
        keep = view.rand(ENVS, len(BODIES)) > -0.6  # contacts that last
        touch = torch.where(keep, data.current_contact_time > 0, view.rand(ENVS, len(BODIES)) > 0)
        touch[:, self.body_names.index("base")] &= view.rand(ENVS) > 0.97  # a fall, seldom
        data.net_forces_w = 40 * view.rand(ENVS, len(BODIES), 3) * touch[..., None]
        data.net_forces_w_history = torch.cat(
            (data.net_forces_w[:, None], data.net_forces_w_history[:, :-1]), 1
        )
        landed, left = touch & (data.current_air_time > 0), ~touch & (data.current_contact_time > 0)
        data.last_air_time = torch.where(landed, data.current_air_time + dt, data.last_air_time)
        data.last_contact_time = torch.where(left, data.current_contact_time + dt, data.last_contact_time)
        data.current_air_time = torch.where(touch, torch.zeros(()), data.current_air_time + dt)
        data.current_contact_time = torch.where(touch, data.current_contact_time + dt, torch.zeros(()))

    def compute_first_contact(self, dt: float) -> torch.Tensor:
        return (self.data.current_contact_time > 0) & (self.data.current_contact_time < dt + 1e-8)

    def compute_first_air(self, dt: float) -> torch.Tensor:
        return (self.data.current_air_time > 0) & (self.data.current_air_time < dt + 1e-8)

    def reset(self, mask: torch.Tensor) -> None:
        for value in vars(self.data).values():
            if isinstance(value, torch.Tensor):
                value[mask] = 0.0


class Actions:
    active_terms, total_action_dim = ["joint_pos"], 12

    def __init__(self) -> None:
        self.action, self.prev_action = torch.zeros(ENVS, 12), torch.zeros(ENVS, 12)

    def get_term(self, name: str) -> Any:
        return SimpleNamespace(_joint_names=JOINTS, _scale=0.5, action_dim=12)

    def process_action(self, action: torch.Tensor) -> None:
        self.prev_action, self.action = self.action, action.clone()


class Commands:
    active_terms = ["base_velocity"]

    def __init__(self) -> None:
        self.command = torch.zeros(ENVS, 3)
        self.heading_target = torch.zeros(ENVS)
        self.cfg = SimpleNamespace(ranges=SimpleNamespace(lin_vel_x=(-1, 1)))

    def get_term(self, name: str) -> Any:
        return self

    def get_command(self, name: str) -> torch.Tensor:
        return self.command


class Scene(Dict[str, Any]):
    env_origins = torch.arange(3.0 * ENVS).view(ENVS, 3)

    @property
    def sensors(self) -> Dict[str, Any]:
        return {"contact_forces": self["contact_forces"]}


class Environment:
    """The order of calls of a ManagerBasedRLEnv, with its reward manager and its termination manager."""

    device, num_envs, step_dt, max_episode_length = "cpu", ENVS, DT, 25
    max_episode_length_s = 0.5

    def __init__(self, lab: Any, rewards: Any, terminations: Dict[str, Any]) -> None:
        self.view = View()
        gravity = SimpleNamespace(
            get_gravity=lambda: (0.0, 0.0, -9.81), update_articulations_kinematic=lambda: None
        )
        lab.data.SimulationManager = SimpleNamespace(get_physics_sim_view=lambda: gravity)
        data = self.data = lab.data.ArticulationData(self.view, "cpu")
        row = lambda *values: torch.tensor(values).expand(ENVS, 12, len(values)).clone()
        data.default_joint_pos, data.joint_pos_limits, data.soft_joint_pos_limits = (
            row(0.1)[..., 0],
            row(-0.8, 0.9),
            row(-0.715, 0.815),
        )
        data.joint_vel_limits, data.joint_effort_limits = row(7.5)[..., 0], row(40.0)[..., 0]
        data.joint_stiffness, data.joint_damping, data.default_mass = (
            row(25.0)[..., 0],
            row(0.5)[..., 0],
            torch.ones(ENVS, len(BODIES)),
        )
        find = {
            "find_joints": lambda n, preserve_order=False: found(n, JOINTS),
            "find_bodies": lambda n, preserve_order=False: found(n, BODIES),
        }
        robot = SimpleNamespace(
            data=data, joint_names=JOINTS, body_names=BODIES, num_joints=12, num_bodies=len(BODIES), **find
        )
        self.touch = Touch(lab, self.view)
        self.scene = Scene(robot=robot, contact_forces=self.touch)
        self.sim = SimpleNamespace(is_playing=lambda: True)
        self.cfg = SimpleNamespace(rewards=rewards, terminations=terminations)
        self.extras: Dict[str, Any] = {}
        self.episode_length_buf = torch.zeros(ENVS, dtype=torch.long)
        self.action_manager, self.command_manager = Actions(), Commands()
        self.termination_manager = lab.managers.TerminationManager(terminations, self)
        self.reward_manager = lab.managers.RewardManager(rewards, self)
        self._advance(1e-3)
        self.reset(torch.arange(ENVS))

    def step(self, actions: torch.Tensor) -> Any:
        self.action_manager.process_action(actions)
        for _ in range(DECIMATION):
            self.view.draw(torch.ones(ENVS, dtype=torch.bool))
            self._advance(DT / DECIMATION)
            self.touch.update(DT / DECIMATION)
        self.episode_length_buf += 1
        done = self.termination_manager.compute()
        reward = self.reward_manager.compute(dt=DT).clone()
        ended, late = self.termination_manager.terminated.clone(), self.termination_manager.time_outs.clone()
        if done.any():
            self.reset(done.nonzero().squeeze(-1))
        change = self.view.rand(ENVS) > 0.8
        drawn = torch.where(self.view.rand(ENVS, 1) > 0.5, self.view.rand(ENVS, 3), torch.zeros(()))
        self.command_manager.command = torch.where(change[:, None], drawn, self.command_manager.command)
        return reward, ended, late

    def reset(self, ids: torch.Tensor) -> None:
        mask = torch.zeros(ENVS, dtype=torch.bool)
        mask[ids] = True
        self.touch.reset(mask)
        self.view.draw(mask)
        self._advance(0.0)
        self.extras["log"] = {}
        self.action_manager.action[ids] = 0.0
        self.action_manager.prev_action[ids] = 0.0
        self.extras["log"].update(self.reward_manager.reset(ids))
        self.extras["log"].update(self.termination_manager.reset(ids))
        self.episode_length_buf[ids] = 0

    def _advance(self, dt: float) -> None:
        """Let the data be read anew."""
        self.data.applied_torque = self.view.torques
        self.data.update(max(dt, 1e-6))
