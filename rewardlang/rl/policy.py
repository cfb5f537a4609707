"""A trained policy: rl_games' player with the weights of a checkpoint."""

from __future__ import annotations

from typing import Any, Callable, Dict

import torch

from .rl_games_import import Runner

Policy = Callable[[torch.Tensor], torch.Tensor]


def load_policy(
    algo: str, params: Dict[str, Any], env_info: Dict[str, Any], state: Dict[str, Any], device: str
) -> Policy:
    """Observations [N, O] to actions [N, A] in [-1, 1], without exploration noise."""
    runner = Runner()
    config = dict(
        params["config"],
        name="policy",
        env_name="rewardlang",
        device=device,
        device_name=device,
        env_info=env_info,
    )
    runner.load({"params": dict(params, seed=1, config=config)})
    player = runner.create_player()
    player.has_batch_dimension = True
    model = player.model
    if algo == "ppo":
        model.load_state_dict(state["model"])
    else:  # the critic is not asked when playing
        model.sac_network.actor.load_state_dict(state["actor"])
        if "running_mean_std" in state:
            model.running_mean_std.load_state_dict(state["running_mean_std"])

    def policy(obs: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return player.get_action(obs, is_deterministic=True)

    return policy
