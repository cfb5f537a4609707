"""Params change while a reward runs, without compiling again. State is the runtime's: resets are one call."""

import torch

import rewardlang

program = rewardlang.compile("""
param target = 1.0[m/s] in [0, 3]
reward = gauss(forward_vel - target, 0.5) as track - 0.1 * sum(abs(delta(actions))) as action_rate
""")
reward = rewardlang.Reward(program, num_envs=2)
state = {
    "root_pos": torch.tensor([[0.0, 0.0, 0.34]] * 2),  # m
    "root_quat": torch.tensor([[0.0, 0.0, 0.0, 1.0]] * 2),  # xyzw
    "root_lin_vel": torch.tensor([[1.0, 0.0, 0.0]] * 2),  # m/s
    "actions": torch.zeros(2, 12),
}
_, terms = reward(state)
print("at 1 m/s, target 1 m/s:", terms["track"])

reward.set_param("target", 2.0)
state["actions"] += 0.5
_, terms = reward(state)
print("at 1 m/s, target 2 m/s:", terms["track"], "action rate:", terms["action_rate"])

state["actions"].zero_()  # the first environment starts anew: its actions before the first step count as 0
reward.reset(state, torch.tensor([True, False]))
_, terms = reward(state)
print("the first was reset:", terms["action_rate"])
assert terms["action_rate"][0] == 0 and abs(terms["action_rate"][1] + 0.6) < 1e-6
