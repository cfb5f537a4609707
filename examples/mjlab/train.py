"""mjlab's Go1 with the reward of a spec, trained by mjlab's own runner. One line of the task's config changes.

python train.py --num-envs 4096 --device cuda:0
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from mjlab.envs import ManagerBasedRlEnv
from mjlab.rl import RslRlVecEnvWrapper
from mjlab.tasks.velocity.config.go1.env_cfgs import unitree_go1_flat_env_cfg
from mjlab.tasks.velocity.config.go1.rl_cfg import unitree_go1_ppo_runner_cfg
from mjlab.tasks.velocity.rl import VelocityOnPolicyRunner

from rewardlang.integrations.mjlab import reward_term

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", default=str(Path(__file__).with_name("trot.reward")))
    parser.add_argument("--num-envs", type=int, default=4096)
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--logs", default="logs/go1_spec")
    args = parser.parse_args()

    task, training = unitree_go1_flat_env_cfg(), unitree_go1_ppo_runner_cfg()
    task.scene.num_envs = args.num_envs
    task.rewards = {"spec": reward_term(args.spec)}
    training.logger = "tensorboard"
    env = RslRlVecEnvWrapper(ManagerBasedRlEnv(task, device=args.device))
    runner = VelocityOnPolicyRunner(env, asdict(training), args.logs, args.device)
    runner.learn(args.iterations, init_at_random_ep_len=True)
