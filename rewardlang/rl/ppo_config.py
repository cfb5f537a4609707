"""ppo.yaml and sac.yaml: read, checked, and turned into the parameters of one run.

A file holds rl_games' own `params` and, beside it, what is laid over them: `cpu` when the policy trains on a
CPU, `many` on a GPU with `many.config.num_actors` environments or more.

Where the number of environments comes from, first match: `--num-envs`; `cpu.config.num_actors` (on a CPU);
`params.config.num_actors`; `env.num_envs` of task.yaml. If it is not the number that the minibatch was written
for, the minibatch is scaled so that an epoch keeps its number of minibatches.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import yaml

from rewardlang import marked_yaml
from rewardlang.marked_yaml import ConfigError, Node

from .ppo_schema import REFUSED, SCHEMAS

Params = Dict[str, Any]
SECTIONS = ("params", "many", "cpu")


class SettingsError(ConfigError):
    """All mistakes of a settings file, one a line."""

    def __init__(self, errors: List[ConfigError]):
        first = errors[0]
        super().__init__(first.path, first.line, first.column, first.problem)
        self.errors = tuple(errors)
        self.args = ("\n".join(str(error) for error in errors),)


def load_settings(path: Path, algo: str) -> Dict[str, Params]:
    """{"params": ..., "many": ..., "cpu": ...} of a settings file, values in rl_games' types.

    Raises SettingsError naming file, line, column and the closest key for each unknown key, wrong value,
    missing key, and setting that rl_games 1.6.5 gets wrong.
    """
    keys, required = SCHEMAS[algo]
    top = marked_yaml.read(path)
    errors: List[ConfigError] = []
    found: Dict[str, Params] = {section: {} for section in SECTIONS}
    for section, node in _entries(top, errors).items():
        if section not in SECTIONS:
            errors.append(
                node.key.error(f"unknown key {section!r}{marked_yaml.did_you_mean(section, SECTIONS)}")
            )
            continue
        for key, leaf in _leaves(node, keys, errors):
            try:
                if key in REFUSED:
                    if _value(leaf) not in (False, None, "None"):  # asking for nothing does no harm
                        errors.append(leaf.key.error(f"{key} {REFUSED[key]}"))
                elif key not in keys:
                    errors.append(
                        leaf.key.error(f"unknown key {_last(key)!r} in {section}{_did_you_mean(key, keys)}")
                    )
                else:
                    _put(found[section], key, keys[key](_value(leaf)))
            except ValueError as error:
                errors.append(leaf.error(f"{key} {error}"))
    missing = [key for key in required if _get(found["params"], key) is None]
    misspelt = any("unknown key" in error.problem for error in errors)
    if missing and not misspelt:
        errors.append(top.error(f"params lacks {', '.join(missing)}"))
    if found["many"] and _get(found["many"], "config.num_actors") is None:
        errors.append(top.error("many lacks config.num_actors: from how many environments on it counts"))
    if not errors:
        for over in ({}, found["many"], found["cpu"]):
            errors += [top.error(problem) for problem in _contradictions(merged(found["params"], over))]
    if errors:
        raise SettingsError(list({str(error): error for error in errors}.values()))
    return found


def for_run(
    settings: Dict[str, Params],
    path: Path,
    *,
    on_cpu: bool,
    task_num_envs: int,
    num_envs: Optional[int] = None,
    max_epochs: Optional[int] = None,
) -> Params:
    """The parameters of one run: `cpu` or `many` laid over `params`, the number of environments, our own defaults.

    Raises ConfigError if the samples of an epoch don't divide into minibatches.
    """
    params = merged(settings["params"], settings["cpu"] if on_cpu else {})
    count = num_envs or params["config"].get("num_actors", task_num_envs)
    many = settings.get("many")
    if many and not on_cpu and count >= many["config"]["num_actors"]:
        params = merged(params, many)
    config = params["config"]
    config.setdefault("reward_shaper", {})
    if "horizon_length" in config:
        config.setdefault("cuda_graphs", not on_cpu)
    # on a CPU compiling takes longer than the speed-up gives back, and the graphs of a GPU start without it
    config.setdefault("torch_compile", not on_cpu and not config.get("cuda_graphs"))
    config.setdefault("save_frequency", 10)
    config.setdefault("save_best_after", 0)
    if on_cpu:
        # two threads spin on each other on a busy machine: up to 20 times slower
        params.setdefault("torch_threads", 1)
    if config.get("lr_schedule") == "None":
        config["lr_schedule"] = None
    if max_epochs is not None:
        config["max_epochs"] = max_epochs
    own_number = config.get("num_actors", task_num_envs)
    config["num_actors"] = count
    if "horizon_length" in config:
        _fit_minibatch(config, own_number, path)
    return params


def merged(base: Params, over: Params) -> Params:
    """`base` with the leaves of `over` replacing its own."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else copy.deepcopy(value)
    return result


def to_yaml(params: Params) -> str:
    """The text of a settings file that `load_settings` reads back as these parameters."""
    return yaml.safe_dump({"params": params}, sort_keys=False, default_flow_style=None, width=110)


def _fit_minibatch(config: Params, own_number: int, path: Path) -> None:
    samples = config["num_actors"] * config["horizon_length"]
    if "minibatch_size" in config and config["num_actors"] != own_number:
        count = max(1, round(own_number * config["horizon_length"] / config["minibatch_size"]))
        if samples % count:
            raise ConfigError(
                path,
                0,
                0,
                f"{config['num_actors']} environments x horizon_length {config['horizon_length']} = {samples} "
                f"samples don't divide into {count} equal minibatches; take a number of environments whose product with "
                f"{config['horizon_length']} is a multiple of {count}",
            )
        config["minibatch_size"] = samples // count
    size = config.get("minibatch_size") or config["num_actors"] * config["minibatch_size_per_env"]
    if samples % size:
        raise ConfigError(
            path,
            0,
            0,
            f"num_actors {config['num_actors']} x horizon_length {config['horizon_length']} = {samples} "
            f"samples an epoch is not a multiple of the minibatch size {size}",
        )
    # only recurrent policies use it, but rl_games wants it to divide the samples
    config.setdefault("seq_length", 1)
    if samples % config["seq_length"]:
        raise ConfigError(
            path, 0, 0, f"{samples} samples an epoch is not a multiple of seq_length {config['seq_length']}"
        )


def _contradictions(params: Params) -> List[str]:
    """What is wrong between keys that are right one by one."""
    config = params.get("config", {})
    problems = []
    if params.get("algo", {}).get("name") == "sac":
        if len(params["network"]["log_std_bounds"]) != 2:
            problems.append("network.log_std_bounds must be two numbers")
        return problems
    sizes = [key for key in ("minibatch_size", "minibatch_size_per_env") if key in config]
    if len(sizes) != 1:
        problems.append(
            "config wants "
            + (
                "minibatch_size or minibatch_size_per_env"
                if not sizes
                else "one of minibatch_size and minibatch_size_per_env: with both, rl_games ignores the second"
            )
        )
    if config.get("lr_schedule") == "adaptive" and "kl_threshold" not in config:
        problems.append("config.lr_schedule adaptive wants config.kl_threshold")
    if config.get("lr_schedule") == "linear" and config.get("max_epochs", -1) == -1:
        problems.append(
            "config.lr_schedule linear wants config.max_epochs (with max_frames alone rl_games 1.6.5 never anneals)"
        )
    return problems


def _entries(node: Node, errors: List[ConfigError]) -> Dict[str, Node]:
    try:
        return node.entries()
    except ConfigError as error:
        errors.append(error)
        return {}


def _leaves(section: Node, keys: Dict[str, Any], errors: List[ConfigError]) -> List[Tuple[str, Node]]:
    """[(dotted key below the section, its node)]: down to the keys of the schema, or as far as the file goes."""
    out: List[Tuple[str, Node]] = []
    pending = [("", section)]
    while pending:
        key, node = pending.pop()
        inner = [k for k in keys if k.startswith(key + ".")] if key else list(keys)
        if key and (key in keys or key in REFUSED or not inner):
            out.append((key, node))
        elif isinstance(node.node, yaml.ScalarNode) and node.node.value == "":
            continue  # an empty mapping: `reward_shaper:`
        else:
            below = _entries(node, errors)
            pending += [(f"{key}.{name}".lstrip("."), child) for name, child in below.items()]
    return sorted(out, key=lambda leaf: (leaf[1].key.line, leaf[1].key.column))


def _value(leaf: Node) -> Any:
    try:
        return yaml.SafeLoader("").construct_object(leaf.node, deep=True)
    except yaml.YAMLError as error:  # a tag such as !!python/object, or a list that contains itself
        raise ValueError(f"is not plain data: {getattr(error, 'problem', error)}") from None


def _did_you_mean(key: str, keys: Dict[str, Any]) -> str:
    """The closest key: of the same mapping first, else anywhere, then with its path."""
    parent = key.rpartition(".")[0]
    siblings = {
        k[len(parent) :].lstrip(".").split(".")[0] for k in keys if not parent or k.startswith(parent + ".")
    }
    hint = marked_yaml.did_you_mean(_last(key), sorted(siblings))
    if "did you mean" in hint:
        return hint
    elsewhere = [k for k in keys if _last(k) == _last(key)]
    return f"; did you mean {elsewhere[0]!r}?" if elsewhere else hint


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _get(params: Params, key: str) -> Any:
    value: Any = params
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _put(params: Params, key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        params = params.setdefault(part, {})
    params[last] = value
