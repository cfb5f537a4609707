"""Gymnasium's Ant-v5, eight at once, with the reward of a spec; the terms are in its infos."""

from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np

import rewardlang
from rewardlang.integrations.gymnasium import ReplaceReward

ANT = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / "ant.xml"
SPEC = """
drop terminate fallen
terminate fallen when env_terminated  # episodes end where Gymnasium ends them

reward =
    1.0 * min(rate(root_pos.x), 1[m/s]) as forward
  + 0.5 * alive
  - 0.5 * sum(actions^2)                as effort
  - 0.1 * sum(abs(dof_vel) > 8[rad/s])  as hurry
"""
ACTUATORS = [
    "hip_4",
    "ankle_4",
    "hip_1",
    "ankle_1",
    "hip_2",
    "ankle_2",
    "hip_3",
    "ankle_3",
]  # Ant's own order

task = replace(rewardlang.load_task(str(ANT)), decimation=5)  # as Ant-v5: 5 physics steps of 0.01 s
order = [ACTUATORS.index(name) for name in task.actuated]


def read(observations, infos, actions):
    """Names of the language from Ant's observations: height, orientation wxyz, 8 joints, 6 + 8 velocities."""
    return {
        "root_pos": np.stack([infos["x_position"], infos["y_position"], observations[:, 0]], 1),
        "dof_vel": observations[:, 19:27],
        "actions": actions[:, order],
    }


env = ReplaceReward(gymnasium.make_vec("Ant-v5", num_envs=8), rewardlang.parse(SPEC), read, task)
env.reset(seed=0)
env.action_space.seed(0)
for _ in range(20):
    _, reward, terminated, truncated, infos = env.step(env.action_space.sample())
for name, paid in infos["reward_terms"].items():
    print(f"{name:8} {paid.mean():7.3f}")
print(f"{'reward':8} {reward.mean():7.3f}   Ant's own {infos['env_reward'].mean():.3f}")
assert np.allclose(sum(infos["reward_terms"].values()), reward, atol=1e-5)
env.close()
