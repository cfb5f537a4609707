"""The keys of rl_games' configuration, and which of them rl_games 1.6.5 gets wrong.

rl_games reads its configuration key by key and ignores what it does not know: `horizn_length: 7` trains with
the default. So the keys are listed here, each with a check that returns the value in the type rl_games wants
(YAML reads `3e-4` as text).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

Check = Callable[[Any], Any]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "elu", "selu", "swish", "gelu", "softplus", "None")
INITIALIZERS = (
    "default",
    "const_initializer",
    "orthogonal_initializer",
    "glorot_normal_initializer",
    "glorot_uniform_initializer",
    "variance_scaling_initializer",
    "random_uniform_initializer",
    "kaiming_normal",
    "orthogonal",
)


def number(low: float = float("-inf"), high: float = float("inf")) -> Check:
    """A check that returns a float in [low, high]."""

    def check(value: Any) -> float:
        try:
            if isinstance(value, bool):
                raise ValueError
            result = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"must be a number, not {value!r}") from None
        if not low <= result <= high:
            raise ValueError(f"must be in [{low:g}, {high:g}], not {value!r}")
        return result

    return check


def integer(low: int) -> Check:
    """A check that returns an int of at least `low`."""

    def check(value: Any) -> int:
        result = number()(value)
        if result != int(result) or result < low:
            raise ValueError(f"must be a whole number of at least {low}, not {value!r}")
        return int(result)

    return check


def choice(*names: Any, broken: Optional[Dict[str, str]] = None) -> Check:
    """A check that returns one of the names; `broken` are others that rl_games has, and why not. YAML's null
    stands for its 'None'.
    """

    def check(value: Any) -> Any:
        if value is None and "None" in names:
            return "None"
        if broken and isinstance(value, str) and value in broken:
            raise ValueError(f"{value} {broken[value]}; use {' or '.join(names)}")
        if not any(
            type(value) is type(name) and value == name for name in names
        ):  # 1 == True, but it is not meant
            raise ValueError(f"must be one of {', '.join(str(name) for name in names)}, not {value!r}")
        return value

    return check


def either(*checks: Check) -> Check:
    """A check that returns what the first check that passes returns."""

    def check(value: Any) -> Any:
        reasons = []
        for one in checks:
            try:
                return one(value)
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError(reasons[0])

    return check


def each(one: Check) -> Check:
    """A check that returns a non-empty list, each element checked."""

    def check(value: Any) -> list:
        if not isinstance(value, list) or not value:
            raise ValueError(f"must be a list such as [256, 128, 64], not {value!r}")
        return [one(element) for element in value]

    return check


flag: Check = choice(True, False)
positive = number(0.0)
share = number(0.0, 1.0)
endless = either(choice(-1), integer(1))  # -1: no limit
compile_mode = either(flag, choice("default", "reduce-overhead", "max-autotune"))

_INITIALIZER: Dict[str, Check] = {
    "name": choice(*INITIALIZERS),
    "val": number(),
    "gain": number(),
    "scale": number(),
    "a": number(),
    "b": number(),
}

_MLP: Dict[str, Check] = {
    "network.mlp.units": each(integer(1)),
    "network.mlp.activation": choice(*ACTIVATIONS),
    **{f"network.mlp.initializer.{key}": check for key, check in _INITIALIZER.items()},
}

_COMMON: Dict[str, Check] = {
    "seed": integer(0),
    "torch_threads": either(choice("auto"), integer(0)),
    "config.name": str,  # rl_games wants it; rewardlang names the run itself
    "config.env_name": str,  # likewise
    "config.num_actors": integer(1),
    "config.torch_compile": compile_mode,
    "config.mixed_precision": flag,
    "config.normalize_input": flag,
    "config.gamma": share,
    "config.value_bootstrap": flag,
    "config.reward_shaper.scale_value": number(),
    "config.reward_shaper.shift_value": number(),
    "config.reward_shaper.min_val": number(),
    "config.reward_shaper.max_val": number(),
    "config.games_to_track": integer(1),
    "config.save_frequency": integer(1),
    "config.save_best_after": integer(0),
    "config.max_epochs": endless,
    "config.max_frames": endless,
    "config.print_stats": flag,
}

_CONTINUOUS = "network.space.continuous"

PPO: Dict[str, Check] = {
    **_COMMON,
    **_MLP,
    "algo.name": choice("a2c_continuous"),
    "model.name": choice(
        "continuous_a2c_logstd",
        broken={
            "continuous_a2c": "fails in rl_games 1.6.5 (UnboundLocalError: entropy)",
            "continuous_a2c_tanh": "plays another policy in rl_games 1.6.5 than it trains (no tanh without noise)",
        },
    ),
    "network.name": choice("actor_critic"),
    "network.separate": flag,
    "network.value_activation": choice(*ACTIVATIONS),
    "network.mlp.d2rl": flag,
    f"{_CONTINUOUS}.mu_activation": choice(*ACTIVATIONS),
    f"{_CONTINUOUS}.sigma_activation": choice(*ACTIVATIONS),
    f"{_CONTINUOUS}.fixed_sigma": flag,
    **{f"{_CONTINUOUS}.mu_init.{key}": check for key, check in _INITIALIZER.items()},
    **{f"{_CONTINUOUS}.sigma_init.{key}": check for key, check in _INITIALIZER.items()},
    "config.ppo": flag,
    "config.multi_gpu": choice(False),
    "config.horizon_length": integer(1),
    "config.minibatch_size": integer(1),
    "config.minibatch_size_per_env": integer(1),
    "config.mini_epochs": integer(1),
    "config.seq_length": integer(1),
    "config.learning_rate": positive,
    "config.lr_schedule": choice("adaptive", "linear", "None"),
    "config.schedule_type": choice("legacy", "standard"),
    "config.schedule_entropy": flag,
    "config.kl_threshold": positive,
    "config.tau": share,
    "config.e_clip": positive,
    "config.clip_value": flag,
    "config.clip_actions": flag,
    "config.critic_coef": positive,
    "config.entropy_coef": number(),
    "config.bounds_loss_coef": number(),
    "config.bound_loss_type": choice("bound", "regularisation"),
    "config.use_smooth_clamp": flag,
    "config.grad_norm": positive,
    "config.truncate_grads": flag,
    "config.weight_decay": positive,
    "config.normalize_value": flag,
    "config.normalize_advantage": flag,
    "config.use_diagnostics": flag,
    "config.epochs_between_resets": integer(0),
    "config.freeze_critic": flag,
    "config.cuda_graphs": flag,  # rewardlang's own: whether the epoch is captured (ppo_graph)
}

PPO_REQUIRED = (
    "algo.name",
    "model.name",
    "network.name",
    "network.mlp.units",
    "network.mlp.activation",
    "network.mlp.initializer.name",
    f"{_CONTINUOUS}.mu_activation",
    f"{_CONTINUOUS}.sigma_activation",
    f"{_CONTINUOUS}.mu_init.name",
    f"{_CONTINUOUS}.sigma_init.name",
    f"{_CONTINUOUS}.fixed_sigma",
    "config.normalize_input",
    "config.normalize_advantage",
    "config.gamma",
    "config.tau",
    "config.learning_rate",
    "config.lr_schedule",
    "config.grad_norm",
    "config.entropy_coef",
    "config.e_clip",
    "config.clip_value",
    "config.horizon_length",
    "config.mini_epochs",
    "config.critic_coef",
    "config.bounds_loss_coef",  # rl_games has a default, and fails with it
)

SAC: Dict[str, Check] = {
    **_COMMON,
    **_MLP,
    "algo.name": choice("sac"),
    "model.name": choice("soft_actor_critic"),
    "network.name": choice("soft_actor_critic"),
    "network.log_std_bounds": each(number()),
    "config.critic_tau": share,
    "config.batch_size": integer(1),
    "config.init_alpha": number(1e-9),
    "config.learnable_temperature": flag,
    "config.target_entropy_coef": number(),
    "config.alpha_lr": positive,
    "config.actor_lr": positive,
    "config.critic_lr": positive,
    "config.actor_betas": each(share),
    "config.critic_betas": each(share),
    "config.alphas_betas": each(share),
    "config.critic_grad_clip": positive,
    "config.replay_buffer_size": integer(1),
    "config.num_warmup_steps": integer(1),
    "config.num_steps_per_episode": integer(1),
    "config.num_updates_per_step": integer(1),
    "config.policy_frequency": choice(1),  # others crash or log 0 for the actor's loss, by parity
}

SAC_REQUIRED = (
    "algo.name",
    "model.name",
    "network.name",
    "network.mlp.units",
    "network.mlp.activation",
    "network.mlp.initializer.name",
    "network.log_std_bounds",
    "config.batch_size",
    "config.init_alpha",
    "config.alpha_lr",
    "config.actor_lr",
    "config.critic_lr",
    "config.learnable_temperature",
    "config.replay_buffer_size",
    "config.num_warmup_steps",
    "config.policy_frequency",
)

_OURS = "is set by rewardlang"

# Keys that rl_games knows and that must not be given, with the reason.
REFUSED: Dict[str, str] = {
    "config.max_steps": "fails in rl_games 1.6.5 (AxisError); use max_frames",
    "config.seq_len": "is ignored by rl_games 1.6.5; use seq_length",
    "config.normalize_rms_advantage": "fails in rl_games 1.6.5 (TypeError at the start); use normalize_advantage",
    "config.adv_rms_momentum": "belongs to normalize_rms_advantage, which fails in rl_games 1.6.5",
    "network.normalization": "builds no layer in rl_games 1.6.5, without a word",
    "network.mlp.norm_only_first_layer": "belongs to network.normalization, which builds no layer in rl_games 1.6.5",
    "network.rnn": "is not supported: the policy sees the current observation only",
    "network.cnn": "is not supported: observations are one flat vector",
    "network.space.discrete": "is not supported: actions are continuous",
    "network.space.multi_discrete": "is not supported: actions are continuous",
    "config.central_value_config": "is not supported: the environment has no privileged state",
    "config.self_play": "is not supported",
    "config.self_play_config": "is not supported",
    "config.population_based_training": "is not supported",
    "config.score_to_win": "is not supported; use max_epochs or --max-minutes",
    "config.reward_shaper.log_val": "makes NaN of every reward that is not positive",
    "config.device": f"{_OURS} (--device)",
    "config.device_name": f"{_OURS} (--device)",
    "config.full_experiment_name": f"{_OURS} (--name)",
    "config.train_dir": f"{_OURS} (--out)",
    "config.env_config": f"{_OURS}: what it would hold is in task.yaml",
    "config.env_info": _OURS,
    "config.vec_env": _OURS,
    "config.features": _OURS,
    "config.player": _OURS,
    "load_checkpoint": "is not read; use --resume",
    "load_path": "is not read; use --resume",
}

SCHEMAS: Dict[str, Tuple[Dict[str, Check], Tuple[str, ...]]] = {
    "ppo": (PPO, PPO_REQUIRED),
    "sac": (SAC, SAC_REQUIRED),
}
