"""Isaac Gym (Preview 4): PhysX on the CPU or an NVIDIA GPU, through its tensor API.

Traps this file owns: tensors are copies, renewed by refresh, once after a physics step and before anything is set; the GPU pipeline
takes one call of a setter a step, so resets wait for the next step; joints and bodies come in the importer's order; velocities are
those of centres of mass; descriptors of tensors keep nothing alive. Not run on NVIDIA's binary by us: docs/isaacgym.md says what was.
"""

from __future__ import annotations

from typing import Any

from rewardlang.sim.isaacgym_import import gymapi, gymtorch, stdout_to_stderr

# isort: split
import numpy
import torch

from rewardlang.sim.isaacgym_scene import SPACING, build, checked, claim, start_pose
from rewardlang.sim.kinematics import Kinematics, rotate
from rewardlang.sim.mujoco_asset import plain_asset

NEAR = 0.5  # m; what prepare_sim may move a robot by, and far less than SPACING


class Sim:
    """protocol.Sim on Isaac Gym. `device` cpu means its CPU pipeline, cuda:K its GPU pipeline on that GPU."""

    def __init__(self, task: Any, num_envs: int, device: str = "cpu", seed: int = 1, viewer: bool = False):
        asset = plain_asset(task)
        claim()
        self.num_envs, self.forces_at_reset = num_envs, True
        self.dof_names, self.body_names = asset.dof_names, asset.body_names
        self._decimation, self._fixed_base = task.decimation, asset.fixed_base
        self._viewer: Any = None
        with stdout_to_stderr():
            self._scene = scene = build(task, asset, num_envs, device, viewer)
        self._gym, self._sim = gym, sim = scene.gym, scene.sim
        self._open = True
        self.audit = scene.rows  # what was compared

        joints, bodies, native = len(self.dof_names), len(self.body_names), len(scene.body_names)
        self._root = gymtorch.wrap_tensor(gym.acquire_actor_root_state_tensor(sim))
        dof = self._dof = gymtorch.wrap_tensor(gym.acquire_dof_state_tensor(sim))
        body = self._body = gymtorch.wrap_tensor(gym.acquire_rigid_body_state_tensor(sim))
        contact = self._contact = gymtorch.wrap_tensor(gym.acquire_net_contact_force_tensor(sim))
        where = self._root.device  # what the pipeline gave, whatever was asked for
        self.device = str(where)
        self._native_dof, self._native_body = dof.view(num_envs, joints, 2), body.view(num_envs, native, 13)
        self._native_contact = contact.view(num_envs, native, 3)
        order = lambda names, native: torch.tensor([native.index(name) for name in names], device=where)
        self._dof_order, self._body_order = (
            order(self.dof_names, scene.dof_names),
            order(self.body_names, scene.body_names),
        )
        self._action_order = order(task.actuated, scene.dof_names)
        self._actors = torch.tensor(scene.actors, device=where)
        self._waiting = torch.zeros(
            num_envs, dtype=torch.bool, device=where
        )  # environments to be reset at the next step
        self._ids = torch.zeros(0, dtype=torch.int32, device=where)  # kept: the gym reads it after the call

        numbers = lambda values: torch.tensor(values, dtype=torch.float32, device=where)
        self._driven = torch.tensor(asset.dof_driven, device=where)
        self._stiffness, self._damping = numbers(asset.dof_stiffness), numbers(asset.dof_damping)
        self.dof_pos_lower, self.dof_pos_upper = numbers(asset.dof_lower), numbers(asset.dof_upper)
        self.dof_vel_limits, self.torque_limits = numbers(task.dof_vel_limits), numbers(task.torque_limits)
        self.body_mass, self.body_com = numbers(asset.body_mass), numbers(asset.body_com)
        self._kinematics = Kinematics(asset, where)
        self._targets = torch.zeros(num_envs, joints, device=where)  # in the gym's order
        self._targets[:, self._dof_order] = numbers(asset.dof_rest)

        empty = lambda *shape: torch.zeros(num_envs, *shape, device=where)
        self.dof_pos, self.dof_vel, self.dof_forces = empty(joints), empty(joints), empty(joints)
        self._given = self.dof_forces  # by the motors in the newest physics step
        self.body_states, self.contact_forces = empty(bodies, 13), empty(bodies, 3)
        self.root_states = self.body_states[:, 0]  # the same memory

        start = numbers(start_pose(task, asset))
        self._check_places(start)
        self._fixed_root = torch.cat((start, start.new_zeros(6)))
        init = numbers(
            [*task.init_state.pos, *task.init_state.rot, *task.init_state.lin_vel, *task.init_state.ang_vel]
        )
        everyone, pose = torch.ones_like(self._waiting), numbers(task.default_dof_pos).repeat(num_envs, 1)
        self.reset(everyone, init.repeat(num_envs, 1), pose, torch.zeros_like(pose))
        if viewer:
            self._open_viewer()

    def step(self, targets: torch.Tensor) -> None:
        """One control step towards joint position targets [N, A], rad, held for all its physics steps."""
        self._aim(targets)
        self._simulate(range(self._decimation, 0, -1))
        self._renew()

    def begin(self, targets: torch.Tensor, mask: torch.Tensor) -> None:
        """The first physics step of a control step: the force tensors of `mask` [N] bool hold what acts in it; `finish` is to follow."""
        self._aim(targets)
        self._ask_motors()
        self._simulate(range(self._decimation, self._decimation - 1, -1))
        checked(self._gym.refresh_net_contact_force_tensor(self._sim), "refresh_net_contact_force_tensor")
        contacts = self._native_contact[:, self._body_order]
        self.dof_forces.copy_(torch.where(mask[:, None], self._given, self.dof_forces))
        self.contact_forces.copy_(torch.where(mask[:, None, None], contacts, self.contact_forces))

    def finish(self) -> None:
        """The other physics steps of the control step."""
        self._simulate(range(self._decimation - 1, 0, -1))
        self._renew()

    def reset(
        self, mask: torch.Tensor, root_states: torch.Tensor, dof_pos: torch.Tensor, dof_vel: torch.Tensor
    ) -> None:
        """Puts environments of `mask` [N] bool into these states ([N, 13], [N, D], [N, D]); others stay.

        Their tensors then show the reset state: forces are those of motors holding `dof_pos`; contact forces are 0, as the gym has
        none before it steps. It is told of the state at the next step.
        """
        rows = torch.nonzero(mask).flatten()
        if not len(rows):
            return
        root, pos, vel = root_states.detach()[rows], dof_pos.detach()[rows], dof_vel.detach()[rows]
        if self._fixed_base:
            root = self._fixed_root.repeat(len(rows), 1)
        else:
            actors = self._actors[rows]
            self._root[actors] = torch.cat((root[:, :7], self._at_com(root)[:, 7:]), 1)
        self._native_dof[rows[:, None], self._dof_order] = torch.stack((pos, vel), -1)
        self._waiting[rows] = True
        self.dof_pos[rows], self.dof_vel[rows] = pos, vel
        self.body_states[rows] = self._kinematics(root, pos, vel)
        self.dof_forces[rows] = self._motors(pos, pos, vel)
        self.contact_forces[rows] = 0

    def _aim(self, targets: torch.Tensor) -> None:
        """Tells the gym what it is to know before it steps."""
        self._apply_resets()
        self._targets[:, self._action_order] = targets.detach()
        tensor = gymtorch.unwrap_tensor(self._targets)
        checked(self._gym.set_dof_position_target_tensor(self._sim, tensor), "position targets")

    def _simulate(self, lefts: range) -> None:
        """Physics steps of a control step, each named by how many of those are left with it."""
        gym, sim = self._gym, self._sim
        for left in lefts:
            if left == 1:
                self._ask_motors()
            gym.simulate(sim)
            if not self._scene.gpu:
                gym.fetch_results(sim, True)
            if left == 2:
                checked(gym.refresh_dof_state_tensor(sim), "refresh_dof_state_tensor")

    def _renew(self) -> None:
        self._refresh()
        self._show()
        if self._viewer is not None:
            self._draw()

    def _apply_resets(self) -> None:
        """Tells the gym of all resets since the last step, by one call of each setter."""
        gym, sim = self._gym, self._sim
        self._ids = self._actors[self._waiting].to(torch.int32)
        self._waiting.zero_()
        if not len(self._ids):
            return
        ids, count = gymtorch.unwrap_tensor(self._ids), len(self._ids)
        if not self._fixed_base:
            root = gymtorch.unwrap_tensor(self._root)
            checked(gym.set_actor_root_state_tensor_indexed(sim, root, ids, count), "root states")
        dof = gymtorch.unwrap_tensor(self._dof)
        checked(gym.set_dof_state_tensor_indexed(sim, dof, ids, count), "joint states")

    def _refresh(self) -> None:
        """Renews the gym's tensors, once after a step; the root's is only written, as the bodies' have its state too."""
        gym, sim = self._gym, self._sim
        checked(gym.refresh_dof_state_tensor(sim), "refresh_dof_state_tensor")
        checked(gym.refresh_rigid_body_state_tensor(sim), "refresh_rigid_body_state_tensor")
        checked(gym.refresh_net_contact_force_tensor(sim), "refresh_net_contact_force_tensor")

    def _show(self) -> None:
        """Copies the gym's tensors into ours, in our order and conventions."""
        dof = self._native_dof[:, self._dof_order]
        self.dof_pos.copy_(dof[..., 0])
        self.dof_vel.copy_(dof[..., 1])
        self.dof_forces.copy_(self._given)
        self.contact_forces.copy_(self._native_contact[:, self._body_order])
        states = self._native_body[:, self._body_order]
        self.body_states.copy_(states)
        self.body_states[..., 7:10] -= _arm(states, self.body_com)

    def _at_com(self, root: torch.Tensor) -> torch.Tensor:
        """Root states with the velocity of the centre of mass for that of the origin. [N, 13]."""
        moved = root.clone()
        moved[:, 7:10] += _arm(root, self.body_com[0])
        return moved

    def _ask_motors(self) -> None:
        """What the motors give in the physics step to come, from the state before it."""
        dof = self._native_dof[:, self._dof_order]
        self._given = self._motors(self._targets[:, self._dof_order], dof[..., 0], dof[..., 1])

    def _motors(self, target: torch.Tensor, pos: torch.Tensor, vel: torch.Tensor) -> torch.Tensor:
        """The PD law within the effort limits, as on every backend; the gym's own force sensors add what joints do besides. [N, D]."""
        force = self._stiffness * (target - pos) - self._damping * vel
        return torch.where(
            self._driven, force.clamp(-self.torque_limits, self.torque_limits), torch.zeros_like(force)
        )

    def _check_places(self, start: torch.Tensor) -> None:
        """Raises RuntimeError unless positions are relative to the environment's own origin."""
        checked(self._gym.refresh_actor_root_state_tensor(self._sim), "refresh_actor_root_state_tensor")
        places = self._root[self._actors][:, :3]
        far = ~((places - start[:3]).abs().amax(1) < NEAR)
        if bool(far.any()):
            k = int(torch.nonzero(far)[0])
            origin = self._gym.get_env_origin(self._scene.envs[k])
            text = lambda place: "(" + ", ".join(f"{x:.4g}" for x in place.tolist()) + ")"
            raise RuntimeError(
                f"Isaac Gym shows the robot of environment {k} at {text(places[k])}; it was put at {text(start[:3])} "
                f"from that environment's origin, which is ({origin.x:g}, {origin.y:g}, {origin.z:g})"
            )

    def _open_viewer(self) -> None:
        gym = self._gym
        with stdout_to_stderr():
            self._viewer = checked(gym.create_viewer(self._sim, gymapi.CameraProperties()), "create_viewer")
        first = self._scene.envs[0]
        gym.viewer_camera_look_at(
            self._viewer, first, gymapi.Vec3(SPACING / 2, -SPACING / 2, 1.5), gymapi.Vec3(0.0, 0.0, 0.5)
        )

    def _draw(self) -> None:
        """A frame of the viewer. Closing its window is an interrupt."""
        gym, sim = self._gym, self._sim
        if gym.query_viewer_has_closed(self._viewer):
            raise KeyboardInterrupt("the viewer was closed")
        gym.fetch_results(sim, True)
        gym.step_graphics(sim)
        gym.draw_viewer(self._viewer, sim, True)
        gym.sync_frame_time(sim)

    def render(self, env_index: int = 0, width: int = 640, height: int = 480) -> numpy.ndarray:
        """Raises RuntimeError: there are no pictures, only the viewer."""
        raise RuntimeError("the isaacgym simulator makes no pictures; it has a viewer (--viewer)")

    def close(self) -> None:
        """Frees threads, memory and windows. The process can't make another simulation."""
        if self._viewer is not None:
            self._gym.destroy_viewer(self._viewer)
            self._viewer = None
        if self._open:
            self._gym.destroy_sim(self._sim)
            self._open = False


def _arm(states: torch.Tensor, com: torch.Tensor) -> torch.Tensor:
    """What a body's spin adds to the velocity on the way from its origin to its centre of mass. [..., 3]."""
    return torch.cross(states[..., 10:13], rotate(states[..., 3:7], com), dim=-1)
