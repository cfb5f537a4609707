"""rl_games' agents with what a run needs: a call between epochs, and checkpoints that hold all of the state.

Everything of an epoch is written only after rl_games' last observer call, so the place where an epoch is
complete is the beginning of the next one. That is where `between_epochs` is called: it may save, and it may
end the training by raising `TrainingOver`.
"""

from __future__ import annotations

import random
import tempfile
from typing import Any, Callable, Dict

import numpy as np
import torch

from . import ranks
from .rl_games_import import A2CAgent, AlgoObserver, Runner, SACAgent, env_configurations, vecenv

State = Dict[str, Any]


class TrainingOver(Exception):
    """Raised between two epochs to end the training in a complete state."""


class Diverged(ValueError):
    """The weights of a policy are no numbers any more."""

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"the policy has diverged: its weights are not finite after epoch {epoch}, and are not saved. A smaller learning_rate or "
            "reward_shaper in the settings, or terms of a bounded range, may help"
        )


class PPO(A2CAgent):
    """rl_games' PPO."""

    between_epochs: Callable[[int], None]
    runs_ahead = False  # whether an epoch's steps are still to be done when `after_steps` is called

    def train_epoch(self) -> Any:
        self.between_epochs(self.epoch_num - 1)
        if not self.multi_gpu:
            return self.epoch()
        before = ranks.moments(self.model)
        result = self.epoch()
        ranks.share_moments(self.model, before)
        ranks.share_statistics(self.vec_env.reward.sums)
        ranks.share_means([self.game_rewards, self.game_shaped_rewards, self.game_lengths])
        return result

    def epoch(self) -> Any:
        """rl_games' own."""
        return super().train_epoch()

    def save(self, fn: str) -> None:
        """Nothing: rl_games saves by rules of its own, not atomically, and forgets the best score on resume.
        Checkpoints are ours.
        """

    def get_full_state_weights(self) -> State:
        state = super().get_full_state_weights()
        state["schedule"] = {"last_lr": float(self.last_lr), "entropy_coef": float(self.entropy_coef)}
        return state

    def set_full_state_weights(self, weights: State, set_epoch: bool = True) -> None:
        super().set_full_state_weights(weights, set_epoch)
        # rl_games would start again from the first learning rate
        self.last_lr = weights["schedule"]["last_lr"]
        self.entropy_coef = weights["schedule"]["entropy_coef"]


class SAC(SACAgent):
    """rl_games' SAC, with the temperature and the environment's state in its checkpoints."""

    between_epochs: Callable[[int], None]
    multi_gpu, world_size, runs_ahead = False, 1, False

    def train_epoch(self) -> Any:
        self.between_epochs(self.epoch_num - 1)
        self.vec_env.set_train_info(self.frame, self)  # rl_games' PPO makes this call, its SAC does not
        return super().train_epoch()

    def save(self, fn: str) -> None:
        """Nothing; see PPO.save."""

    def get_full_state_weights(self) -> State:
        state = super().get_full_state_weights()
        state["log_alpha"] = self.log_alpha.detach().clone()
        state["env_state"] = self.vec_env.get_env_state()
        return state

    def set_full_state_weights(self, weights: State, set_epoch: bool = True) -> None:
        super().set_full_state_weights(weights, set_epoch)
        with torch.no_grad():
            self.log_alpha.copy_(weights["log_alpha"])
        # the replay buffer starts empty: fill it before the first update, as at the start
        self.num_warmup_steps += self.epoch_num


def finite(model: torch.nn.Module) -> bool:
    """Whether all weights of a model are numbers."""
    return bool(torch.stack([weight.isfinite().all() for weight in model.parameters()]).all())


def agent_class(algo: str, params: State) -> Any:
    """The class of agent that trains with these settings: rl_games' PPO, the same as CUDA graphs, or its SAC."""
    from .ppo_graph import GraphPPO, why_not

    if algo == "sac":
        return SAC
    config = params["config"]
    return GraphPPO if config.get("cuda_graphs") and not why_not(config) else PPO


def make_agent(
    algo: str, params: State, env: Any, *, seed: int, device: str, among: ranks.Ranks = ranks.ALONE
) -> Any:
    """An agent of rl_games that trains on `env`, with random weights. `params` as `ppo_config.for_run` gives."""
    kind = agent_class(algo, params)
    vecenv.register("REWARDLANG", lambda config_name, num_actors, **kwargs: env)
    env_configurations.register(
        "rewardlang", {"vecenv_type": "REWARDLANG", "env_creator": lambda **kwargs: None}
    )
    runner = Runner(AlgoObserver())
    runner.algo_factory.register_builder(params["algo"]["name"], lambda **kwargs: kind(**kwargs))
    # rl_games insists on making folders and an event file when an agent is made; a run has its own
    # (run_folder, scalars)
    with tempfile.TemporaryDirectory(prefix="rewardlang-") as scratch:
        config = dict(
            params["config"],
            name="policy",
            env_name="rewardlang",
            device=device,
            device_name=device,
            train_dir=scratch,
            full_experiment_name="run",
        )
        runner.load({"params": dict(params, seed=seed, config=config)})
        seed_all(seed)  # rl_games takes seed 0 for none
        agent = runner.algo_factory.create(runner.algo_name, base_name="run", params=runner.params)
        agent.writer.close()
    ranks.tell(agent, among)
    return agent


def compile_model(agent: Any, params: State) -> None:
    """Let torch compile the policy if the settings ask for it. It renames weights: restore them before."""
    mode = params["config"]["torch_compile"]
    if mode and isinstance(agent, PPO):
        agent.model = torch.compile(agent.model, mode="default" if mode is True else mode)


def seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
