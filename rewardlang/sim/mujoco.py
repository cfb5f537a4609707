"""MuJoCo on the CPU: all environments in one batch, stepped by a thread on each core.

Traps this file owns: MuJoCo's quaternions are wxyz; a free joint's angular velocity is in the body frame;
body velocities are given at the centre of mass of the whole robot; and what derives from the state (body
poses, velocities) is one physics step old after a step until it is computed anew.
"""

from __future__ import annotations

import os
from typing import Any, Optional

import mujoco
import numpy as np
import torch

from rewardlang.sim.mujoco_model import check_names, check_start, dofs_of, load_model, root_of, servos

try:
    from mujoco.batch import Batch  # MuJoCo >= 3.17
except ImportError:
    from rewardlang.sim.mujoco_loop import Batch

WXYZ = [3, 0, 1, 2]  # our xyzw, reordered


class Sim:
    """protocol.Sim on MuJoCo. `seed` is not used: physics draws nothing at random."""

    def __init__(self, task, num_envs: int, device: str = "cpu", seed: int = 1):
        if torch.device(device).type != "cpu":
            raise ValueError(f"the mujoco simulator runs on the CPU, not on {device!r}")
        self.num_envs, self.device, self.forces_at_reset = num_envs, "cpu", True
        self.dof_names, self.body_names = task.dof_names, task.body_names
        self.model = model = load_model(task, batched=Batch.__module__ == "mujoco.batch")
        self._decimation, self._fixed_base = task.decimation, task.fixed_base
        self._camera: Any = None

        batch = self._batch = Batch(model, num_envs, nthread=_cores())
        self._qpos, self._qvel, self._ctrl = batch.bind("qpos"), batch.bind("qvel"), batch.bind("ctrl")
        self._warmstart, self._time = batch.bind("qacc_warmstart"), batch.bind("time")
        self._torque = batch.bind("qfrc_actuator")

        self._root = root = root_of(model)
        self._bodies = slice(root, root + len(task.body_names))  # neighbours: depth first
        joints = dofs_of(model, root)
        check_names(task, model, self._bodies, joints)
        self._xpos, self._xquat, self._cvel, self._contact = (
            batch.bind(name)[:, self._bodies] for name in ("xpos", "xquat", "cvel", "cfrc_ext")
        )
        self._center = batch.bind("subtree_com")[:, root : root + 1]
        self._free = int(model.body_jntadr[root])  # the root's free joint, where it has one
        self._start = model.qpos0 if task.keyframe is None else model.key_qpos[task.keyframe]
        self._dof_qpos, self._dof_qvel = _run(model.jnt_qposadr[joints]), _run(model.jnt_dofadr[joints])
        self._motors, self._dof_of_motor = servos(model, joints)  # the other actuators stay at ctrl 0
        self._action_of_motor = [task.actuated.index(task.dof_names[dof]) for dof in self._dof_of_motor]

        count, bodies = len(task.dof_names), len(task.body_names)
        self.dof_pos, self.dof_vel = torch.zeros(num_envs, count), torch.zeros(num_envs, count)
        self.dof_forces = torch.zeros(num_envs, count)
        self.body_states = torch.zeros(num_envs, bodies, 13)
        self.root_states = self.body_states[:, 0]  # the same memory
        self.contact_forces = torch.zeros(num_envs, bodies, 3)
        shown = (self.dof_pos, self.dof_vel, self.dof_forces, self.contact_forces, self.body_states)
        self._shown = [tensor.numpy() for tensor in shown]  # the same memory
        self.dof_pos_lower = torch.tensor(task.dof_pos_lower)
        self.dof_pos_upper = torch.tensor(task.dof_pos_upper)
        self.dof_vel_limits = torch.tensor(task.dof_vel_limits)
        self.torque_limits = torch.tensor(task.torque_limits)
        self.body_mass = torch.from_numpy(model.body_mass[self._bodies].astype(np.float32))
        self.body_com = torch.from_numpy(model.body_ipos[self._bodies].astype(np.float32))

        start = torch.tensor([*task.init_state.pos, *task.init_state.rot, *task.init_state.lin_vel,
                              *task.init_state.ang_vel])  # fmt: skip
        everyone = torch.ones(num_envs, dtype=torch.bool)
        pose = torch.tensor(task.default_dof_pos).expand(num_envs, -1)
        self.reset(everyone, start.expand(num_envs, -1), pose, torch.zeros_like(pose))
        check_start(task, model, batch.get_data(0))

    def step(self, targets: torch.Tensor) -> None:
        """One control step towards joint position targets [N, A], rad, held for all its physics steps."""
        self._advance(self._decimation, targets)
        self._refresh(slice(None))

    def begin(self, targets: torch.Tensor, mask: torch.Tensor) -> None:
        """The first physics step of a control step: the force tensors of `mask` [N] bool hold what acts in it; `finish` is to follow."""
        self._advance(1, targets, shown=self._decimation == 1)  # else they are soon reckoned anew
        self._show_forces(torch.nonzero(mask).flatten().numpy())

    def finish(self) -> None:
        """The other physics steps of the control step."""
        if self._decimation > 1:
            self._advance(self._decimation - 1)
        self._refresh(slice(None))

    def reset(
        self, mask: torch.Tensor, root_states: torch.Tensor, dof_pos: torch.Tensor, dof_vel: torch.Tensor
    ) -> None:
        """Puts environments of `mask` [N] bool into these states ([N, 13], [N, D], [N, D]); others stay.

        Their tensors then show the reset state: forces are those of motors holding `dof_pos` and of contacts.
        """
        rows = torch.nonzero(mask).flatten().numpy()
        if not len(rows):
            return
        root, pos, vel = (x.detach().numpy()[rows] for x in (root_states, dof_pos, dof_vel))
        qpos, qvel = self._start[None].repeat(len(rows), 0), np.zeros((len(rows), self.model.nv))
        if not self._fixed_base:
            at, vel_at = self.model.jnt_qposadr[self._free], self.model.jnt_dofadr[self._free]
            qpos[:, at : at + 3] = root[:, 0:3]
            qpos[:, at + 3 : at + 7] = root[:, 3:7][:, WXYZ]
            qvel[:, vel_at : vel_at + 3] = root[:, 7:10]
            qvel[:, vel_at + 3 : vel_at + 6] = _rotate_inverse(root[:, 3:7], root[:, 10:13])
        qpos[:, self._dof_qpos], qvel[:, self._dof_qvel] = pos, vel
        self._qpos[rows], self._qvel[rows] = qpos, qvel  # also what is no dof of the robot
        self._ctrl[rows[:, None], self._motors] = pos[:, self._dof_of_motor]
        self._warmstart[rows] = 0  # else the solver would start from the forces of the episode before
        self._time[rows] = 0
        self._batch.forward(ids=rows)
        self._refresh(rows)

    def _advance(self, steps: int, targets: Optional[torch.Tensor] = None, shown: bool = True) -> None:
        """So many physics steps, towards new targets if they are given. The new poses and velocities are reckoned if they are to be shown."""
        if targets is not None:
            self._ctrl[:, self._motors] = targets.detach().numpy()[:, self._action_of_motor]
        # The stage makes poses and velocities those of the new state; forces stay the last physics step's.
        stage = mujoco.mjtStage.mjSTAGE_VEL if shown else mujoco.mjtStage.mjSTAGE_NONE
        self._batch.step(nstep=steps, stage=int(stage))

    def _show_forces(self, rows) -> None:
        _, _, dof_forces, contact_forces, _ = self._shown
        dof_forces[rows] = self._torque[rows][:, self._dof_qvel]
        contact_forces[rows] = self._contact[rows][..., 3:6]

    def _refresh(self, rows) -> None:
        """Copies MuJoCo's float64 state of these rows into our tensors."""
        dof_pos, dof_vel, _, _, state = self._shown
        dof_pos[rows] = self._qpos[rows][:, self._dof_qpos]
        dof_vel[rows] = self._qvel[rows][:, self._dof_qvel]
        self._show_forces(rows)
        pos, quat, spin = self._xpos[rows], self._xquat[rows], self._cvel[rows]
        arm = pos - self._center[rows]  # from the point that cvel is given at, [N, B, 3]
        state[rows, :, 0:3] = pos
        state[rows, :, 3:6], state[rows, :, 6] = quat[..., 1:4], quat[..., 0]
        state[rows, :, 7:10] = spin[..., 3:6] + _cross(spin[..., 0:3], arm)
        state[rows, :, 10:13] = spin[..., 0:3]

    def render(self, env_index: int = 0, width: int = 640, height: int = 480) -> np.ndarray:
        """A picture of one environment. [height, width, 3] uint8, RGB. Raises RuntimeError if it cannot."""
        from rewardlang.sim.mujoco_camera import Camera

        if self._camera is None or self._camera.size != (width, height):
            self._close_camera()
            self._camera = Camera(self.model, width, height)
        return self._camera.picture(self._batch.get_data(env_index))

    def close(self) -> None:
        """Frees threads, memory and windows."""
        self._close_camera()
        self._batch = None

    def _close_camera(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None


def _cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run(numbers: np.ndarray) -> Any:
    """Neighbours as a slice, which numpy reads without a copy; else the numbers as they are."""
    first = int(numbers[0]) if len(numbers) else 0
    neighbours = np.array_equal(numbers, np.arange(first, first + len(numbers)))
    return slice(first, first + len(numbers)) if neighbours else numbers


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The vector product [..., 3]; numpy's own takes twice as long."""
    x, y, z, p, q, r = a[..., 0], a[..., 1], a[..., 2], b[..., 0], b[..., 1], b[..., 2]
    out = np.empty_like(b)
    out[..., 0], out[..., 1], out[..., 2] = y * r - z * q, z * p - x * r, x * q - y * p
    return out


def _rotate_inverse(quat: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """World vectors in the frames of quaternions xyzw. [..., 3]."""
    axis, w = -quat[..., 0:3], quat[..., 3:4]
    twice = 2 * _cross(axis, vector)
    return vector + w * twice + _cross(axis, twice)
