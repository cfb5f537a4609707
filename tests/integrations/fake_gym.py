"""What the tasks below ask of a simulator, without physics: names, limits, and new random states at each refresh."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

import torch


class FakeGym:
    """`draw` makes new states; the setter of roots writes the rows that it is given. `dtype` is that of the roots."""

    def __init__(
        self, joints: Sequence[str], bodies: Sequence[str], num_envs: int, dtype: torch.dtype = torch.float32
    ) -> None:
        self.joints, self.bodies, self.num_envs = list(joints), list(bodies), num_envs
        self.generator = torch.Generator().manual_seed(0)
        self.root_states = torch.zeros(num_envs, 13, dtype=dtype)
        self.dof_state = torch.zeros(num_envs * len(joints), 2)
        self.contact_forces = torch.zeros(num_envs * len(bodies), 3)
        self.draw()

    def draw(self) -> None:
        rand = lambda x: torch.rand(x.shape, generator=self.generator, dtype=x.dtype) * 2 - 1
        self.root_states.copy_(rand(self.root_states) * 2)
        self.root_states[:, 2] += 1.6
        self.root_states[:, 3:6] *= 0.2
        self.root_states[:, 6] = 1.0
        self.root_states[:, 3:7] /= self.root_states[:, 3:7].norm(dim=1, keepdim=True)
        self.dof_state.copy_(rand(self.dof_state))
        self.contact_forces.copy_(rand(self.contact_forces) * 20 * (rand(self.contact_forces[:, :1]) > 0))

    def get_actor_dof_names(self, env: Any, actor: int) -> List[str]:
        return self.joints

    def get_actor_rigid_body_names(self, env: Any, actor: int) -> List[str]:
        return self.bodies

    def get_actor_dof_properties(self, env: Any, actor: int) -> Dict[str, List[float]]:
        n = len(self.joints)
        return {"lower": [-1.0] * n, "upper": [1.0 + 0.01 * i for i in range(n)], "velocity": [9.0] * n, "effort": [40.0] * n,
                "stiffness": [0.0] * n, "damping": [0.0] * n}  # fmt: skip

    def set_actor_root_state_tensor_indexed(
        self, sim: Any, states: torch.Tensor, ids: torch.Tensor, count: int
    ) -> bool:
        self.root_states[ids.long()] = states[ids.long()]
        return True

    def refresh_actor_root_state_tensor(self, sim: Any) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("refresh_", "set_dof_", "clear_", "fetch_", "simulate")):
            return lambda *arguments: True
        raise AttributeError(name)
