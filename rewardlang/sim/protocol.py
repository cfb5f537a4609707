"""The seam between rewards and simulators: what every backend gives, laid out as in Isaac Gym's tensor API.

N environments, D joints (dofs), B bodies, A actions. SI units; world frame; positions relative to the
environment's own origin; quaternions xyzw; linear velocities are those of the body's *origin*. Every tensor
is float32 and persistent: same address for the simulator's life, updated in place, written by nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy
    import torch


class Sim(Protocol):
    """A batch of N independent environments. After `step` and `reset` all tensors show the same instant."""

    num_envs: int
    device: str
    dof_names: tuple
    body_names: tuple  # without the world; [0] is the root
    forces_at_reset: (
        bool  # False where nobody reads forces before the first step: a backend may then leave them 0
    )

    root_states: torch.Tensor  # [N, 13] position, quaternion, linear and angular velocity of the root
    dof_pos: torch.Tensor  # [N, D] rad
    dof_vel: torch.Tensor  # [N, D] rad/s
    dof_forces: torch.Tensor  # [N, D] N·m, what the motors gave in the last physics step
    body_states: torch.Tensor  # [N, B, 13] as root_states
    contact_forces: torch.Tensor  # [N, B, 3] N, net contact force on each body in the last physics step

    dof_pos_lower: torch.Tensor  # [D] rad
    dof_pos_upper: torch.Tensor  # [D] rad
    dof_vel_limits: torch.Tensor  # [D] rad/s
    torque_limits: torch.Tensor  # [D] N·m
    body_mass: torch.Tensor  # [B] kg
    body_com: torch.Tensor  # [B, 3] m, centre of mass from the body's origin, in its own frame

    def step(self, targets: torch.Tensor) -> None:
        """One control step towards joint position targets [N, A], rad, held for all its physics steps: `begin` and `finish`."""

    def begin(self, targets: torch.Tensor, mask: torch.Tensor) -> None:
        """The first physics step of a control step, for who wants to know its forces; `finish` is to follow.

        The force tensors of the environments of `mask` [N] bool hold what acts in it, on the state that it starts in. All else stays:
        poses and velocities still show that state.
        """

    def finish(self) -> None:
        """The other physics steps of the control step."""

    def reset(
        self, mask: torch.Tensor, root_states: torch.Tensor, dof_pos: torch.Tensor, dof_vel: torch.Tensor
    ) -> None:
        """Puts environments of `mask` [N] bool into these states ([N, 13], [N, D], [N, D]); others stay.

        Their tensors then show the reset state: with `forces_at_reset`, forces are those of motors holding `dof_pos` and of contacts. A
        simulator that has no contacts before it steps (Isaac Gym) shows none.
        """

    def render(self, env_index: int = 0, width: int = 640, height: int = 480) -> numpy.ndarray:
        """A picture of one environment. [height, width, 3] uint8, RGB. Raises RuntimeError if it cannot."""

    def close(self) -> None:
        """Frees threads, memory and windows."""
