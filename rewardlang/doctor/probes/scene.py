"""A small robot in a few environments of the gym, by its calls alone: what probes look at is not to go through our adapter."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

from rewardlang.sim.isaacgym_import import gymapi, gymtorch, stdout_to_stderr

# isort: split
import torch

from rewardlang.sim.isaacgym_scene import checked

# A box with its centre of mass off its origin, and an arm on a hinge before it, heavy at its end.
BRICK = """
<mujoco model="brick">
  <compiler angle="radian" inertiafromgeom="false"/>
  <worldbody>
    <body name="brick"><freejoint/>
      <inertial pos="0.05 0 0.02" mass="2" diaginertia="0.02 0.02 0.02"/>
      <geom type="box" size="0.1 0.1 0.1"/>
      <body name="arm" pos="0.1 0 0">
        <joint name="elbow" type="hinge" axis="0 0 1" limited="true" range="-1 1"/>
        <inertial pos="0.1 0 0" mass="0.5" diaginertia="0.002 0.004 0.004"/>
      </body>
    </body>
  </worldbody>
</mujoco>"""

STATES = (
    "refresh_actor_root_state_tensor", "refresh_dof_state_tensor", "refresh_rigid_body_state_tensor",
    "refresh_net_contact_force_tensor",
)  # fmt: skip
SETTERS = {
    "root": "set_actor_root_state_tensor_indexed", "joints": "set_dof_state_tensor_indexed",
    "targets": "set_dof_position_target_tensor", "efforts": "set_dof_actuation_force_tensor",
}  # fmt: skip


class Scene:
    """A prepared simulation; tensors are the gym's own, in its order."""

    def __init__(
        self, device: str, envs: int = 1, *, pos: Tuple[float, ...] = (0, 0, 3), gravity: Sequence[float] = (0, 0, 0),
        dt: float = 0.001, substeps: int = 1, ground: bool = False, fixed: bool = False, drive: Optional[Dict[str, Any]] = None,
        sensors: Sequence[int] = (),
    ):  # fmt: skip
        self.gpu, self.dt = device.startswith("cuda"), dt
        with stdout_to_stderr():
            gym, sim = self.gym, self.sim = new_sim(device, gravity, dt, substeps)
            if ground:
                plane = gymapi.PlaneParams()
                plane.normal = gymapi.Vec3(0.0, 0.0, 1.0)
                gym.add_ground(sim, plane)
            asset = load(gym, sim, BRICK, fixed)
            self.bodies = gym.get_asset_rigid_body_names(asset)
            self.envs = []
            for i in range(envs):
                env = gym.create_env(sim, gymapi.Vec3(-1.0, -1.0, 0.0), gymapi.Vec3(1.0, 1.0, 2.0), envs)
                pose = gymapi.Transform(gymapi.Vec3(*pos), gymapi.Quat(0.0, 0.0, 0.0, 1.0))
                actor = gym.create_actor(env, asset, pose, "robot", i, 1)
                properties = gym.get_actor_dof_properties(env, actor)
                for field, value in (drive or {}).items():
                    properties[field] = value
                checked(gym.set_actor_dof_properties(env, actor, properties), "set_actor_dof_properties")
                if i in sensors:
                    checked(gym.enable_actor_dof_force_sensors(env, actor), "enable_actor_dof_force_sensors")
                self.envs.append(env)
            checked(gym.prepare_sim(sim), "prepare_sim")
        self.root = gymtorch.wrap_tensor(gym.acquire_actor_root_state_tensor(sim))
        self.dof = gymtorch.wrap_tensor(gym.acquire_dof_state_tensor(sim))
        self.body = gymtorch.wrap_tensor(gym.acquire_rigid_body_state_tensor(sim)).view(envs, 2, 13)
        self.contact = gymtorch.wrap_tensor(gym.acquire_net_contact_force_tensor(sim)).view(envs, 2, 3)
        self._kept: list = []  # what the gym may read until the next step

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.gym.simulate(self.sim)
            if not self.gpu:
                self.gym.fetch_results(self.sim, True)
        self._kept = []

    def refresh(self, *calls: str) -> bool:
        for call in calls or STATES:
            checked(getattr(self.gym, call)(self.sim), call)
        return True

    def put(
        self, what: str, tensor: torch.Tensor, envs: Sequence[int], dtype: torch.dtype = torch.int32
    ) -> Any:
        """What a setter of states returns."""
        ids = torch.tensor(envs, dtype=dtype, device=tensor.device)
        self._kept.append(ids)
        return getattr(self.gym, SETTERS[what])(
            self.sim, gymtorch.unwrap_tensor(tensor), gymtorch.unwrap_tensor(ids), len(ids)
        )

    def command(self, what: str, value: float) -> None:
        """Position targets or efforts, the same for all."""
        self._commands = torch.full_like(self.dof[:, 0], value).contiguous()
        call = SETTERS[what]
        checked(getattr(self.gym, call)(self.sim, gymtorch.unwrap_tensor(self._commands)), call)


def new_sim(
    device: str, gravity: Sequence[float] = (0, 0, 0), dt: float = 0.001, substeps: int = 1
) -> Tuple[Any, Any]:
    gym, params = gymapi.acquire_gym(), gymapi.SimParams()
    params.dt, params.substeps = dt, substeps
    params.up_axis, params.gravity = gymapi.UP_AXIS_Z, gymapi.Vec3(*map(float, gravity))
    params.use_gpu_pipeline = params.physx.use_gpu = device.startswith("cuda")
    params.physx.contact_collection = gymapi.CC_ALL_SUBSTEPS
    index = int(device.split(":")[1]) if ":" in device else 0
    return gym, checked(gym.create_sim(index, -1, gymapi.SIM_PHYSX, params), "create_sim")


def load(gym: Any, sim: Any, xml: str, fixed: bool = False) -> Any:
    options = gymapi.AssetOptions()
    options.fix_base_link, options.angular_damping, options.linear_damping = fixed, 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "robot.xml").write_text(xml, encoding="utf-8")
        return checked(gym.load_asset(sim, folder, "robot.xml", options), "load_asset")


def refused(call: Any) -> bool:
    """Whether a call raises, or returns False or None."""
    try:
        return call() in (False, None)
    except Exception:
        return True
