"""MuJoCo Warp: all environments on a GPU (or, slowly, on Warp's CPU device), at fixed addresses and without the host.

Each call replays a graph of its own, or, while torch records a CUDA graph on the current stream, becomes a part of that.
The physics is that of the MJCF, as on the CPU, in float32.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import Any, Callable, Dict, List, Tuple

import mujoco
import mujoco_warp as mjw
import numpy as np
import torch
import warp as wp

from rewardlang.notice import Notice
from rewardlang.sim import mujoco_warp_kernels as kernels
from rewardlang.sim.mujoco_model import check_names, check_start, dofs_of, load_model, root_of, servos
from rewardlang.uncollected import at_rest

XYZW = [1, 2, 3, 0]
# What MuJoCo Warp has no flag for: it never resets a diverged world by itself, and has no midphase to leave out.
FOREIGN = int(mujoco.mjtDisableBit.mjDSBL_AUTORESET) | int(mujoco.mjtDisableBit.mjDSBL_MIDPHASE)
LOST = (
    mjw.OverflowType.NEFC
    | mjw.OverflowType.NJMAX_NNZ
    | mjw.OverflowType.BROADPHASE
    | mjw.OverflowType.NARROWPHASE
)
POINTS = {  # of a geom on the ground, at most
    int(mujoco.mjtGeom.mjGEOM_SPHERE): 1,
    int(mujoco.mjtGeom.mjGEOM_ELLIPSOID): 1,
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): 2,
}
MOST, AT_A_TIME = 64, 24  # contacts: of a world, and with rows in its constraints
AT_ONCE = 256  # environments whose forces at a reset are found in one go, at least; else a sixteenth of all


class Sim:
    """protocol.Sim on MuJoCo Warp. `seed` is not used: physics draws nothing at random."""

    def __init__(self, task, num_envs: int, device: str = "cpu", seed: int = 1):
        wp.config.log_level = (
            wp.LOG_ERROR
        )  # it would print what devices there are, and each kernel that it loads
        wp.init()
        self.num_envs, self.device = num_envs, str(torch.zeros(0, device=device).device)
        self.forces_at_reset = True
        self.dof_names, self.body_names = task.dof_names, task.body_names
        self._device = wp.device_from_torch(torch.device(self.device))
        self.model = model = load_model(task, batched=False)
        self._root = root = root_of(model)
        joints = dofs_of(model, root)
        check_names(task, model, slice(root, root + len(task.body_names)), joints)
        self._decimation = task.decimation
        self._camera: Any = None
        self._allocate(task, joints)
        with wp.ScopedDevice(self._device):
            self._put(task, joints)
        self._graphs: Dict[Tuple[Callable[[], None], bool], Any] = {}
        self._parts: List[Any] = []  # what was recorded into graphs of others, which hold on to its modules
        if self._device.is_cuda:
            self._warm_up()

        init = task.init_state
        start = torch.tensor([*init.pos, *init.rot, *init.lin_vel, *init.ang_vel], device=self.device)
        everyone = torch.ones(num_envs, dtype=torch.bool, device=self.device)
        pose = torch.tensor(task.default_dof_pos, device=self.device).expand(num_envs, -1)
        self.reset(everyone, start.expand(num_envs, -1), pose, torch.zeros_like(pose))
        check_start(task, model, self._host_data(0))

    def step(self, targets: torch.Tensor) -> None:
        """One control step towards joint position targets [N, A], rad, held for all its physics steps."""
        self._targets.copy_(targets)
        self._run(self._step)

    def begin(self, targets: torch.Tensor, mask: torch.Tensor) -> None:
        """The first physics step of a control step: the force tensors of `mask` [N] bool hold what acts in it; `finish` is to follow."""
        self._targets.copy_(targets)
        self._asked[0].copy_(mask)
        self._run(self._first)

    def finish(self) -> None:
        """The other physics steps of the control step."""
        self._run(self._rest)

    def reset(
        self, mask: torch.Tensor, root_states: torch.Tensor, dof_pos: torch.Tensor, dof_vel: torch.Tensor
    ) -> None:
        """Puts environments of `mask` [N] bool into these states ([N, 13], [N, D], [N, D]); others stay.

        Their tensors then show the reset state: forces are those of motors holding `dof_pos` and of contacts, or 0 where nobody asks
        for them (`forces_at_reset`).
        """
        for own, given in zip(self._asked, (mask, root_states, dof_pos, dof_vel)):
            own.copy_(given)
        self._run(self._reset)

    def render(self, env_index: int = 0, width: int = 640, height: int = 480) -> np.ndarray:
        """A picture of one environment. [height, width, 3] uint8, RGB. Raises RuntimeError if it cannot."""
        from rewardlang.sim.mujoco_camera import Camera

        if self._camera is None or self._camera.size != (width, height):
            self._close_camera()
            self._camera = Camera(self.model, width, height)
        return self._camera.picture(self._host_data(env_index))

    def close(self) -> None:
        """Frees windows, and says if contacts were left out for lack of memory."""
        self._close_camera()
        lost = int(np.count_nonzero(self._data.overflow.numpy() & int(LOST)))
        if lost:
            warnings.warn(
                f"mujoco_warp had no room for all contacts or constraints in {lost} of {self.num_envs} environments",
                Notice,
                stacklevel=2,
            )

    def _allocate(self, task, joints: np.ndarray) -> None:
        """Our tensors, all at addresses that stay."""
        n, d, b = self.num_envs, len(task.dof_names), len(task.body_names)

        def zeros(*shape: int) -> torch.Tensor:
            return torch.zeros(shape, device=self.device)

        def constant(values: Any) -> torch.Tensor:
            return torch.tensor(np.asarray(values), dtype=torch.float32, device=self.device)

        self.dof_pos, self.dof_vel, self.dof_forces = zeros(n, d), zeros(n, d), zeros(n, d)
        self.body_states, self.contact_forces = zeros(n, b, 13), zeros(n, b, 3)
        self.root_states = self.body_states[:, 0]  # the same memory
        self.dof_pos_lower, self.dof_pos_upper = constant(task.dof_pos_lower), constant(task.dof_pos_upper)
        self.dof_vel_limits, self.torque_limits = constant(task.dof_vel_limits), constant(task.torque_limits)
        bodies = slice(self._root, self._root + b)
        self.body_mass, self.body_com = (
            constant(self.model.body_mass[bodies]),
            constant(self.model.body_ipos[bodies]),
        )
        self._targets = zeros(n, len(task.actuated))
        everyone = torch.zeros(n, dtype=torch.bool, device=self.device)
        self._asked = (everyone, zeros(n, 13), zeros(n, d), zeros(n, d))

    def _put(self, task, joints: np.ndarray) -> None:
        """The model and its worlds on the device. Raises ValueError for what MuJoCo Warp can't do."""
        model = self.model
        model.opt.disableflags = (model.opt.disableflags & ~FOREIGN) | int(mujoco.mjtDisableBit.mjDSBL_SENSOR)
        contacts, rows = _room(model)
        try:
            self._model = mjw.put_model(model)
            self._data = mjw.make_data(model, self.num_envs, nconmax=contacts, njmax=rows)
        except (NotImplementedError, ValueError) as error:
            raise ValueError(f"{task.mjcf}: error: MuJoCo Warp: {' '.join(str(error).split())}") from None
        self._model.opt.warn_overflow = 0  # else it prints from the device, every step
        self._robot = _robot(task, model, self._root, joints)
        self._geom_body: Any = wp.array(model.geom_bodyid, dtype=int)
        self._shown = kernels.Shown()
        for name in ("body_states", "dof_pos", "dof_vel", "dof_forces", "contact_forces"):
            setattr(self._shown, name, wp.from_torch(getattr(self, name)))
        self._mask, *self._wanted = [wp.from_torch(tensor) for tensor in self._asked]
        self._motor_targets = wp.from_torch(self._targets)

        # Worlds in which the forces of a few reset environments are found, so that not all have to be reckoned anew.
        self._few = min(self.num_envs, max(AT_ONCE, self.num_envs // 16))
        self._aside = mjw.make_data(model, self._few, nconmax=contacts, njmax=rows)
        self._line = wp.zeros(self.num_envs, dtype=int)
        self._count, self._begin, self._more = (wp.zeros(1, dtype=int) for _ in range(3))
        self._same_memory = contextlib.nullcontext() if self._device.is_cpu else SameMemory(self._device)
        self._same: Any = wp.array(np.arange(self.num_envs), dtype=int)
        self._masked = wp.zeros(self.num_envs, dtype=int)
        self._row = wp.zeros(self._few, dtype=int)
        self._contacts: Any = wp.array(np.arange(self._data.naconmax), dtype=int)
        self._contacts_aside: Any = wp.array(np.arange(self._aside.naconmax), dtype=int)
        self._push = wp.zeros(self._data.naconmax, dtype=wp.spatial_vector)

    def _step(self) -> None:
        self._steer()
        mjw.step(self._model, self._data)
        self._rest()

    def _first(self) -> None:
        """The first physics step, and its forces in the masked worlds."""
        data = self._data
        self._steer()
        mjw.step(self._model, data)
        inputs, outputs = [self._robot, self._mask, data.qfrc_actuator], [self._masked, self._shown]
        wp.launch(kernels.show_forces, self.num_envs, inputs, outputs, device=self._device)
        self._add_contacts(data, self._contacts, self._masked)

    def _rest(self) -> None:
        """All physics steps but the first, and the state they lead to."""
        for _ in range(self._decimation - 1):
            mjw.step(self._model, self._data)
        self._show(masked=False)
        self._add_contacts(self._data, self._contacts, self._same)

    def _steer(self) -> None:
        size = (self.num_envs, self._robot.motor.shape[0])
        inputs = [self._robot, self._motor_targets]
        wp.launch(kernels.steer, size, inputs, [self._data.ctrl], device=self._device)

    def _reset(self) -> None:
        data = self._data
        outputs = [data.qpos, data.qvel, data.ctrl, data.act, data.qacc_warmstart, data.time]
        inputs = [self._robot, self._mask, *self._wanted]
        wp.launch(kernels.place, self.num_envs, inputs, outputs, device=self._device)
        self._show(masked=True)
        if self.forces_at_reset:
            self._count.zero_()
            wp.launch(
                kernels.line_up, self.num_envs, [self._mask], [self._count, self._line], device=self._device
            )
            self._begin.zero_()
            self._go_on(0)
            wp.capture_while(self._more, self._find_forces)

    def _go_on(self, done: int) -> None:
        """So many more in line are done: are there others?"""
        inputs, outputs = [done, self._count], [self._begin, self._more]
        wp.launch(kernels.go_on, 1, inputs, outputs, device=self._device)

    def _show(self, masked: bool) -> None:
        data = self._data
        inputs = [self._robot, masked, self._mask, data.qpos, data.qvel, data.qfrc_actuator]
        wp.launch(kernels.show, self.num_envs, inputs, [self._shown], device=self._device)

    def _find_forces(self) -> None:
        """Forces of the next few of the reset environments in line."""
        data, aside = self._data, self._aside
        inputs = [self._count, self._line, self._begin, data.qpos, data.qvel, data.ctrl]
        outputs = [self._row, aside.qpos, aside.qvel, aside.ctrl, aside.qacc_warmstart]
        wp.launch(kernels.take, self._few, inputs, outputs, device=self._device)
        with self._same_memory:
            mjw.forward(self._model, aside)
        inputs = [self._robot, self._row, aside.qfrc_actuator]
        size = (self._few, len(self.dof_names))
        wp.launch(kernels.give_forces, size, inputs, [self._shown.dof_forces], device=self._device)
        self._add_contacts(aside, self._contacts_aside, self._row)
        self._go_on(self._few)

    def _add_contacts(self, data: Any, contacts: Any, row: Any) -> None:
        mjw.contact_force(self._model, data, contacts, True, self._push)
        inputs = [
            self._root,
            self._geom_body,
            data.nacon,
            data.contact.geom,
            data.contact.worldid,
            self._push,
            row,
        ]
        outputs = [self._shown.contact_forces]
        wp.launch(kernels.add_contacts, data.naconmax, inputs, outputs, device=self._device)

    def _run(self, work: Callable[[], None]) -> None:
        """Do it on torch's current stream."""
        if self._recording():
            with self._on_stream() as stream:
                wp.capture_begin(stream=stream, external=True)
                try:
                    work()
                finally:
                    self._parts.append(wp.capture_end(stream=stream))
            if not self._recording():
                raise RuntimeError("Warp has ended the capture that torch began")
            return
        key = (work, self.forces_at_reset)
        if key not in self._graphs:
            # On Warp's own stream. A graph of a simulator before this one would spoil the capture if the collector freed it now.
            with at_rest(), wp.ScopedDevice(self._device), wp.ScopedCapture() as capture:
                work()
            self._graphs[key] = capture.graph
        with self._on_stream() as stream:
            wp.capture_launch(self._graphs[key], stream=stream if self._device.is_cuda else None)

    def _recording(self) -> bool:
        return self._device.is_cuda and torch.cuda.is_current_stream_capturing()

    def _on_stream(self) -> Any:
        """A context in which Warp works on torch's current stream, without waiting for another."""
        if not self._device.is_cuda:
            return wp.ScopedDevice(self._device)
        stream = wp.stream_from_torch(torch.cuda.current_stream(self.device))
        return wp.ScopedStream(stream, sync_enter=False)

    def _warm_up(self) -> None:
        """Load all kernels: that can't be recorded."""
        torch.cuda.synchronize(self.device)
        with wp.ScopedDevice(self._device):
            self._first()
            self._rest()
            self._reset()
            self._find_forces()  # nobody stands in line yet: its memory is had, and nothing given
        wp.synchronize_device(self._device)

    def _host_data(self, env_index: int) -> mujoco.MjData:
        data = mujoco.MjData(self.model)
        data.qpos, data.qvel = self._data.qpos.numpy()[env_index], self._data.qvel.numpy()[env_index]
        return data

    def _close_camera(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None


class SameMemory:
    """A context in which the same allocations get the same memory every time, so that a loop in a graph can hold them.

    There memory can't be allocated, but MuJoCo Warp allocates in each call; the first time is to be outside of one.
    """

    deallocate_requires_context_guard = False

    def __init__(self, device: Any) -> None:
        self.device, self.next = device, 0
        self.kept: List[Tuple[int, int]] = []  # address and bytes of each allocation, for good

    def __enter__(self) -> None:
        self.next, self.source = 0, wp.get_device_allocator(self.device)
        self.scope = wp.ScopedAllocator(self.device, self)
        self.scope.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.scope.__exit__(*error)

    def allocate(self, size_in_bytes: int) -> int:
        if self.next == len(self.kept):
            self.kept.append((self.source.allocate(size_in_bytes), size_in_bytes))
        address, size = self.kept[self.next]
        if size != size_in_bytes:
            raise RuntimeError(f"an allocation of {size_in_bytes} bytes, where there were {size} before")
        self.next += 1
        return address

    def deallocate(self, ptr: int, size_in_bytes: int) -> None:
        """Nothing: it stays for the next time."""


def _robot(task, model: mujoco.MjModel, root: int, joints: np.ndarray) -> Any:
    """The struct of the robot's numbers."""
    bodies = slice(root, root + len(task.body_names))
    motors, dof_of_motor = servos(model, joints)  # the other actuators stay at ctrl 0
    free = int(model.body_jntadr[root])  # the root's free joint, where it has one
    start = model.qpos0 if task.keyframe is None else model.key_qpos[task.keyframe]
    action_of_motor = [task.actuated.index(task.dof_names[dof]) for dof in dof_of_motor]
    robot = kernels.Robot()
    for name, values, kind in (
        ("parent", model.body_parentid[bodies] - root, int), ("pos", model.body_pos[bodies], wp.vec3),
        ("quat", model.body_quat[bodies][:, XYZW], wp.quat), ("joint_first", model.body_jntadr[bodies], int),
        ("joint_count", model.body_jntnum[bodies], int), ("joint_type", model.jnt_type, int),
        ("joint_qpos", model.jnt_qposadr, int), ("joint_qvel", model.jnt_dofadr, int),
        ("joint_axis", model.jnt_axis, wp.vec3), ("joint_pos", model.jnt_pos, wp.vec3),
        ("qpos0", model.qpos0, float), ("dof_qpos", model.jnt_qposadr[joints], int),
        ("dof_qvel", model.jnt_dofadr[joints], int), ("motor", motors, int), ("motor_action", action_of_motor, int),
        ("motor_dof", dof_of_motor, int), ("start", start, float),
    ):  # fmt: skip
        setattr(robot, name, wp.array(np.asarray(values), dtype=kind))
    robot.free_qpos = -1 if task.fixed_base else int(model.jnt_qposadr[free])
    robot.free_qvel = -1 if task.fixed_base else int(model.jnt_dofadr[free])
    return robot


def _room(model: mujoco.MjModel) -> Tuple[int, int]:
    """Contacts and constraint rows that a world has room for: all that touches the ground at once, within reason.

    A robot that lies there has some 10 contacts; memory and time grow with the room.
    """
    still = model.body_weldid[model.geom_bodyid] == 0
    kinds, affine = model.geom_contype, model.geom_conaffinity
    meets = (kinds[:, None] & affine) | (affine[:, None] & kinds) != 0
    points = np.array([POINTS.get(int(kind), 4) for kind in model.geom_type])
    ground = int(points[~still & meets[:, still].any(1)].sum())
    others = int(np.triu(meets & ~still[:, None] & ~still, 1).sum())
    contacts = min(MOST, max(16, ground + 2 * others))
    limits = int(np.count_nonzero(model.jnt_limited) + np.count_nonzero(model.tendon_limited))
    friction = int(np.count_nonzero(model.dof_frictionloss) + np.count_nonzero(model.tendon_frictionloss))
    rows = 2 * (int(model.geom_condim.max(initial=1)) - 1) or 1
    return contacts, -(-(limits + friction + 6 * model.neq + rows * min(contacts, AT_A_TIME)) // 16) * 16
