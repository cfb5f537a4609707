"""legged_gym's ANYmal with the reward of a spec, trained as legged_gym's own train.py does it.

python train.py --headless --num_envs 4096
"""

from pathlib import Path

import isaacgym  # noqa: F401  before torch
from legged_gym.envs import Anymal, AnymalCFlatCfg, AnymalCFlatCfgPPO
from legged_gym.utils import get_args, task_registry

from rewardlang.integrations.legged_gym import RewardMixin


class TrottingAnymal(RewardMixin, Anymal):
    reward_spec = Path(__file__).with_name("trot.reward")


class TrainingCfg(AnymalCFlatCfgPPO):
    class runner(AnymalCFlatCfgPPO.runner):
        experiment_name = "trotting_anymal"


task_registry.register("trotting_anymal", TrottingAnymal, AnymalCFlatCfg(), TrainingCfg())

if __name__ == "__main__":
    args = get_args()
    args.task = "trotting_anymal"
    env, _ = task_registry.make_env(args.task, args)
    runner, training = task_registry.make_alg_runner(env, args.task, args, log_root="logs/trotting_anymal")
    runner.learn(training.runner.max_iterations, init_at_random_ep_len=True)
