"""A spec as a torch file of its own, scripted: no rewardlang where it runs."""

import importlib.util
import tempfile
from pathlib import Path

import torch

from rewardlang import cli

SPEC = "reward = forward_vel + 1.0*alive - 0.1*sum(delta(actions)^2) as jerk"

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "my.reward").write_text(SPEC)
    cli.main(["emit", f"{folder}/my.reward", "-o", f"{folder}/my_reward.py"])
    found = importlib.util.spec_from_file_location("my_reward", f"{folder}/my_reward.py")
    my_reward = importlib.util.module_from_spec(found)
    found.loader.exec_module(my_reward)
    step = torch.jit.script(my_reward.step)

device, n = torch.device("cpu"), 2
k, p, s = my_reward.constants(device), my_reward.params(device), my_reward.start(n, device)
q = {
    "root_pos": torch.tensor([[0.0, 0.0, 0.34]]).repeat(n, 1),
    "root_quat": torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(n, 1),
    "root_lin_vel": torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.0, 0.0]]),
    "actions": torch.zeros(n, 12),
    "time_limit": torch.zeros(n, dtype=torch.bool),
}
s = my_reward.reset(torch.ones(n, dtype=torch.bool), q, s, p, k)
q["actions"] = torch.full((n, 12), 0.5)
out = step(q, s, p, k)
print("reward", out.reward)
print("terms", out.terms)
assert torch.allclose(out.reward, torch.tensor([1.7, 1.2]))
assert torch.allclose(step(q, out.state, p, k).reward, torch.tensor([2.0, 1.5]))
