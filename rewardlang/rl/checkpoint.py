"""Checkpoints: rl_games' full state and what it leaves out, as plain tensors and numbers.

A checkpoint loads with `torch.load(weights_only=True)`, on any device, and rl_games' own player reads it too.
Beside rl_games' keys it holds `rewardlang`: the best score so far, the means over finished episodes, the
random state, where the logs stood, and the hash of the spec.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Dict, Sequence

import numpy as np
import torch

from .run_folder import RunError

FORMAT = 1
METERS = ("game_rewards", "game_shaped_rewards", "game_lengths")


def snapshot(agent: Any, epoch: int, **extra: Any) -> bytes:
    """The state of an agent after `epoch` epochs, serialised. `extra` joins the key `rewardlang`."""
    state = agent.get_full_state_weights()
    state["epoch"] = epoch
    if "model" in state:  # torch.compile puts its own name in front of each weight
        state["model"] = {key.replace("_orig_mod.", "", 1): value for key, value in state["model"].items()}
    meters = {name: getattr(agent, name) for name in METERS if hasattr(agent, name)}
    state["rewardlang"] = dict(
        extra,
        format=FORMAT,
        meters={
            name: {"mean": meter.mean, "size": int(meter.current_size)} for name, meter in meters.items()
        },
        random={
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        },
    )
    buffer = io.BytesIO()
    torch.save(_plain(state), buffer)
    return buffer.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a checkpoint whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
    except OSError as problem:  # such as a full disk: say which file, leave the old one
        part.unlink(missing_ok=True)
        raise OSError(problem.errno, problem.strerror, str(path)) from None
    os.replace(part, path)


def read(path: Path, device: Any) -> Dict[str, Any]:
    """The state in a checkpoint, its tensors on `device`. Raises RunError if it is none of ours."""
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # zipfile, pickle and torch each have their own
        raise RunError(
            f"{path} is not a checkpoint: {str(error).splitlines()[0] if str(error) else error!r}"
        ) from None
    if not isinstance(state, dict) or "rewardlang" not in state:
        raise RunError(f"{path} is not a checkpoint of rewardlang")
    if state["rewardlang"]["format"] > FORMAT:
        raise RunError(
            f"{path} was saved by a newer rewardlang (format {state['rewardlang']['format']}, this one reads {FORMAT})"
        )
    return state


def restore(agent: Any, state: Dict[str, Any]) -> None:
    """Put a state back into an agent made from the same settings."""
    agent.set_full_state_weights(state)
    ours = state["rewardlang"]
    for name, meter in ours["meters"].items():
        getattr(agent, name).mean = meter["mean"].to(agent.device)
        getattr(agent, name).current_size = meter["size"]
    torch.set_rng_state(ours["random"]["torch"].cpu())
    cuda: Sequence[torch.Tensor] = ours["random"]["cuda"]
    for index, one in enumerate(cuda[: torch.cuda.device_count()]):  # there may have been more or fewer GPUs
        torch.cuda.set_rng_state(one.cpu(), index)


def _plain(value: Any) -> Any:
    """`value` with numpy's scalars and arrays as Python's and torch's, so that loading needs no pickle."""
    if isinstance(value, dict):
        return type(value)((key, _plain(one)) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(one) for one in value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    return value
