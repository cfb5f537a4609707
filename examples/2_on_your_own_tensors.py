"""A compiled reward on plain tensors: no simulator, no trainer."""

import torch

import rewardlang

program = rewardlang.compile("forward_vel + 1.0*alive - 0.01*sum(torques^2)", task="humanoid")
reward = rewardlang.Reward(program, num_envs=3)

quantities = {  # what the terms and the terminations read; `rewardlang quantities` lists all names
    "root_pos": torch.tensor(
        [[0.0, 0.0, 0.34], [0.0, 0.0, 0.34], [0.0, 0.0, 0.1]]
    ),  # m; the third lies on the floor
    "root_quat": torch.tensor([0.0, 0.0, 0.0, 1.0]).repeat(3, 1),  # xyzw
    "root_lin_vel": torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]),  # m/s, world frame
    "torques": torch.full((3, 12), 0.5),  # N*m
}
total, terms = reward(quantities)
print("total", total)
for name, contribution in terms.items():
    print(name, contribution)

assert torch.allclose(total, torch.tensor([1.97, 1.47, -0.03]))
