"""Settings files: every mistake is found, with its line and a way out; a right one becomes what rl_games
wants.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from rewardlang.marked_yaml import ConfigError
from rewardlang.rl.ppo_config import for_run, load_settings, merged, to_yaml

HUMANOID = Path(__file__).parents[2] / "tasks" / "humanoid"

# (what stands in ppo.yaml, what is written instead, what the message says)
BROKEN = [
    ("horizon_length: 16", "horizn_length: 16", "unknown key 'horizn_length' in params; did you mean 'horizon_length'?"),
    ("mini_epochs: 5", "mini_epoch: 5", "did you mean 'mini_epochs'?"),
    ("activation: elu", "activaton: elu", "did you mean 'activation'?"),
    ("  algo:\n", "  alg:\n", "did you mean 'algo'?"),
    ("cpu:\n", "cpus:\n", "unknown key 'cpus'; did you mean 'cpu'?"),
    ("  network:\n    name: actor_critic", "  units: [1]\n  network:\n    name: actor_critic", "did you mean 'network.mlp.units'?"),
    ("gamma: 0.99", "gamma: 1.99", "config.gamma must be in [0, 1], not 1.99"),
    ("gamma: 0.99", "gamma: high", "config.gamma must be a number, not 'high'"),
    ("mini_epochs: 5", "mini_epochs: 2.5", "config.mini_epochs must be a whole number of at least 1, not 2.5"),
    ("units: [256, 128, 64]", "units: 256", "network.mlp.units must be a list such as [256, 128, 64], not 256"),
    ("activation: elu", "activation: eluu", "network.mlp.activation must be one of relu, tanh"),
    ("lr_schedule: adaptive", "lr_schedule: adaptiv", "config.lr_schedule must be one of adaptive, linear, None"),
    ("normalize_value: True", "normalize_value: 1", "config.normalize_value must be one of True, False, not 1"),
    ("name: continuous_a2c_logstd", "name: continuous_a2c", "use continuous_a2c_logstd"),
    ("name: continuous_a2c_logstd", "name: continuous_a2c_tanh", "plays another policy"),
    ("max_epochs: 1500", "max_epochs: 1500\n    max_steps: 10", "config.max_steps fails in rl_games 1.6.5 (AxisError); use max_frames"),
    ("gamma: 0.99", "gamma: 0.99\n    normalize_rms_advantage: True", "use normalize_advantage"),
    ("gamma: 0.99", "gamma: 0.99\n    seq_len: 4", "use seq_length"),
    ("gamma: 0.99", "gamma: 0.99\n    device: cpu", "config.device is set by rewardlang (--device)"),
    ("gamma: 0.99", "gamma: 0.99\n    central_value_config: {}", "the environment has no privileged state"),
    ("separate: False", "separate: False\n    normalization: layer_norm", "builds no layer in rl_games 1.6.5"),
    ("separate: False", "separate: False\n    rnn: {name: lstm, units: 64, layers: 1}", "network.rnn is not supported"),
    ("minibatch_size: 32768", "minibatch_size: 32768\n    minibatch_size_per_env: 8", "one of minibatch_size and minibatch_size_per_env"),
    ("    minibatch_size: 32768\n", "", "config wants minibatch_size or minibatch_size_per_env"),
    ("    kl_threshold: 0.008\n", "", "config.lr_schedule adaptive wants config.kl_threshold"),
    ("    gamma: 0.99\n", "", "params lacks config.gamma"),
    ("    bounds_loss_coef: 0.0001 ", "    #", "params lacks config.bounds_loss_coef"),
    ("gamma: 0.99", "gamma: 0.99\n    gamma: 0.98", "'gamma' stands twice"),
    ("gamma: 0.99", "gamma: [0.99", "expected ',' or ']'"),
    ("gamma: 0.99", "gamma: !!python/object:os.system 1", "could not determine a constructor for the tag"),
    ("units: [256, 128, 64]", "units: &me [*me]", "is not plain data"),
    ("  config:\n    normalize_input: True", "  config: 3\n  other:\n    normalize_input: True", "params.config must be a mapping"),
    ("params:\n", "params: 3\nother:\n", "params must be a mapping, not '3'"),
    ("    num_actors: 16384\n", "", "many lacks config.num_actors: from how many environments on it counts"),
    ("minibatch_size: 16384", "minibatchsize: 16384", "unknown key 'minibatchsize' in many; did you mean 'minibatch_size'?"),
]  # fmt: skip


def written(tmp_path: Path, text: str, name: str = "ppo.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("old, new, message", BROKEN, ids=[f"{i}" for i in range(len(BROKEN))])
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (HUMANOID / "ppo.yaml").read_text(encoding="utf-8")
    assert old in text
    path = written(tmp_path, text.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_settings(path, "ppo")
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "old, new",
    [(old, new) for old, new, message in BROKEN if "unknown key" in message or "must be" in message][:4],
)
def test_a_mistake_is_located(tmp_path: Path, old: str, new: str) -> None:
    text = (HUMANOID / "ppo.yaml").read_text(encoding="utf-8").replace(old, new, 1)
    line = text[: text.index(new)].count("\n") + 1
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, "ppo")
    assert f"{path}:{line}:" in str(caught.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    text = (
        (HUMANOID / "ppo.yaml")
        .read_text(encoding="utf-8")
        .replace("gamma: 0.99", "gama: 0.99")
        .replace("tau: 0.95", "tau: x")
    )
    with pytest.raises(ConfigError) as caught:
        load_settings(written(tmp_path, text), "ppo")
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("old, new, message", [
    ("policy_frequency: 1", "policy_frequency: 2", "config.policy_frequency must be one of 1, not 2"),
    ("activation: elu", "activation: elu\n      d2rl: True", "unknown key 'd2rl'"),
    ("log_std_bounds: [-5, 2]", "log_std_bounds: [-5]", "log_std_bounds must be two numbers"),
    ("batch_size: 4096", "minibatch_size: 4096", "did you mean 'batch_size'?"),
])  # fmt: skip
def test_a_mistake_in_sac(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (HUMANOID / "sac.yaml").read_text(encoding="utf-8").replace(old, new, 1)
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        load_settings(written(tmp_path, text), "sac")


@pytest.mark.parametrize("algo", ["ppo", "sac"])
@pytest.mark.parametrize("on_cpu", [True, False])
def test_the_shipped_settings_survive_a_round_trip(tmp_path: Path, algo: str, on_cpu: bool) -> None:
    path = HUMANOID / f"{algo}.yaml"
    params = for_run(load_settings(path, algo), path, on_cpu=on_cpu, task_num_envs=4096)
    again = written(tmp_path, to_yaml(params), f"{algo}.yaml")
    assert for_run(load_settings(again, algo), again, on_cpu=on_cpu, task_num_envs=1) == params


def test_the_gpu_settings_are_the_tutorials() -> None:
    path = HUMANOID / "ppo.yaml"
    params = for_run(load_settings(path, "ppo"), path, on_cpu=False, task_num_envs=4096)
    tutorial = dict(num_actors=4096, horizon_length=16, minibatch_size=32768, mini_epochs=5, gamma=0.99, tau=0.95, learning_rate=3e-4,
                    lr_schedule="adaptive", kl_threshold=0.008, e_clip=0.2, normalize_input=True, normalize_value=True,
                    normalize_advantage=True, bounds_loss_coef=1e-4)  # fmt: skip
    assert {key: params["config"][key] for key in tutorial} == tutorial
    assert params["network"]["mlp"] == {
        "units": [256, 128, 64],
        "activation": "elu",
        "initializer": {"name": "default"},
    }


@pytest.mark.parametrize(
    "num_envs, on_cpu, minibatch, rate",
    [
        (None, False, 32768, 3e-4),
        (8192, False, 65536, 3e-4),
        (16384, False, 16384, 5e-4),
        (32768, False, 32768, 5e-4),
        (16384, True, 98304, 1e-3),
    ],
)
def test_many_environments_have_settings_of_their_own(
    num_envs: Optional[int], on_cpu: bool, minibatch: int, rate: float
) -> None:
    path = HUMANOID / "ppo.yaml"
    params = for_run(load_settings(path, "ppo"), path, on_cpu=on_cpu, task_num_envs=4096, num_envs=num_envs)
    config = params["config"]
    assert (config["num_actors"], config["minibatch_size"], config["learning_rate"]) == (
        num_envs or 4096,
        minibatch,
        rate,
    )
    assert config["cuda_graphs"] is not on_cpu and config["torch_compile"] is False


def test_a_cpu_gets_its_own() -> None:
    path = HUMANOID / "ppo.yaml"
    settings = load_settings(path, "ppo")
    params = for_run(settings, path, on_cpu=True, task_num_envs=4096)
    assert params["torch_threads"] == 1
    assert params["config"]["torch_compile"] is False
    assert params["config"]["num_actors"] == settings["cpu"]["config"]["num_actors"] < 4096
    assert params["config"]["gamma"] == settings["params"]["config"]["gamma"]


def test_text_that_is_a_number_becomes_one(tmp_path: Path) -> None:
    text = (
        (HUMANOID / "ppo.yaml")
        .read_text(encoding="utf-8")
        .replace("kl_threshold: 0.008", "kl_threshold: 8e-3", 1)
    )
    assert load_settings(written(tmp_path, text), "ppo")["params"]["config"]["kl_threshold"] == 0.008


@pytest.mark.parametrize("num_envs, horizon, size", [(64, 24, 384), (10, 24, 60), (1, 24, 6)])
def test_the_minibatch_keeps_its_share(num_envs: int, horizon: int, size: int) -> None:
    settings = {
        "params": {"config": {"num_actors": 128, "horizon_length": horizon, "minibatch_size": 768}},
        "cpu": {},
    }
    params = for_run(settings, Path("x"), on_cpu=True, task_num_envs=1, num_envs=num_envs)
    assert params["config"]["minibatch_size"] == size


@pytest.mark.parametrize("config, num_envs, message", [
    ({"num_actors": 128, "horizon_length": 24, "minibatch_size": 1000}, None, "not a multiple of the minibatch size 1000"),
    ({"num_actors": 128, "horizon_length": 25, "minibatch_size": 800}, 3, "don't divide into 4 equal minibatches"),
    ({"num_actors": 5, "horizon_length": 3, "minibatch_size": 15, "seq_length": 4}, None, "not a multiple of seq_length 4"),
])  # fmt: skip
def test_minibatches_that_do_not_divide(config: dict, num_envs: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        for_run(
            {"params": {"config": config}, "cpu": {}},
            Path("x"),
            on_cpu=True,
            task_num_envs=1,
            num_envs=num_envs,
        )


def test_merging_replaces_leaves_and_leaves_its_arguments_alone() -> None:
    base = {"a": {"b": 1, "c": [1]}, "d": 2}
    assert merged(base, {"a": {"c": [2]}, "e": 3}) == {"a": {"b": 1, "c": [2]}, "d": 2, "e": 3}
    assert base == {"a": {"b": 1, "c": [1]}, "d": 2}
