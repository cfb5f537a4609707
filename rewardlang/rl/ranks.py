"""Several processes that train one policy, one for each GPU: rl_games' own multi-GPU mode, and what it forgets.

torchrun starts the processes and tells each its rank. rl_games 1.6.5 knows only NCCL and sets itself up while an agent is
made; so an agent is made as if it were alone and told of the others afterwards: from then on its own code averages gradients
and the KL divergence over them, on any device. Once an epoch the statistics are added up: those of the normalizers, which
rl_games leaves to differ, and those of the reward, so that the logs tell of all environments.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together."""

    rank: int = 0  # among all
    local: int = 0  # among those of this machine
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes and shows."""
        return self.rank == 0

    def device(self, asked: Optional[str]) -> Optional[str]:
        """The device of this process: its own GPU, or the CPU if that was asked for."""
        return asked if self.count == 1 or on_cpu(asked) else f"cuda:{self.local}"


ALONE = Ranks()


def on_cpu(device: Optional[str]) -> bool:
    return device is not None and device.split(":")[0] == "cpu"


# What gloo and NCCL say where another process has gone.
LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe", "NCCL communicator was aborted", "remote process exited")  # fmt: skip


def mine() -> Ranks:
    """What torchrun says of this process; alone without it."""
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE")
    return (
        Ranks(*(int(os.environ[name]) for name in names))
        if all(name in os.environ for name in names)
        else ALONE
    )


def join(ranks: Ranks, device: str) -> None:
    """Meet the others; waits until all are there. NCCL between GPUs, gloo between CPU processes."""
    if ranks.count > 1:
        on_gpu = device.startswith("cuda")
        if on_gpu:
            torch.cuda.set_device(device)  # NCCL and Warp work on the current one
        dist.init_process_group("nccl" if on_gpu else "gloo")


def leave(ranks: Ranks) -> None:
    """Part from the others, after an end that all have reached."""
    if ranks.count > 1:
        if dist.get_backend() == "gloo":
            # torch 2.4 joins gloo's threads with the GIL held, and one that has yet to drop its last work waits for the GIL
            time.sleep(0.1)
        dist.destroy_process_group()


def tell(agent: Any, ranks: Ranks) -> None:
    """Tell an agent of rl_games, made as if alone, that it is one of several."""
    if ranks.count > 1:
        agent.multi_gpu, agent.global_rank, agent.world_size = True, ranks.rank, ranks.count
        # rl_games makes this GPU the current one; a negative number is none, for CPU processes
        agent.local_rank = ranks.local if agent.device.startswith("cuda") else -1


def average(row: torch.Tensor) -> None:
    """Put the mean over all processes in its place."""
    dist.all_reduce(row)
    row /= dist.get_world_size()


def agree(said: bool, device: Any) -> bool:
    """What the leading process says, to all."""
    word = torch.tensor(float(said), device=device)
    dist.broadcast(word, 0)
    return bool(word)


def moments(model: torch.nn.Module) -> torch.Tensor:
    """What the normalizers of a model have counted: of each, samples, their sums and their sums of squares. float64"""
    found = [torch.zeros(0, dtype=torch.float64)]
    for one in _normalizers(model):
        count, mean = one.count, one.running_mean
        found = [*found, count[None], count * mean, count * (one.running_var + mean * mean)]
    return torch.cat([part.to(found[-1].device) for part in found])


def share_moments(model: torch.nn.Module, before: torch.Tensor) -> None:
    """Give each normalizer what those of all processes have counted since `before`, when they were the same."""
    if not _normalizers(model):
        return
    new = moments(model) - before
    dist.all_reduce(new)
    new += before
    for one in _normalizers(model):
        width = one.running_mean.numel()
        count, total, square = new[0], new[1 : 1 + width], new[1 + width : 1 + 2 * width]
        new = new[1 + 2 * width :]
        one.count.copy_(count)
        one.running_mean.copy_(total / count)
        one.running_var.copy_(square / count - one.running_mean * one.running_mean)


def share_means(meters: Sequence[Any]) -> None:
    """Give each meter (rl_games' or ours) the mean over the episodes of all processes; how many its own has counted stays."""
    parts = [one.mean.reshape(-1).double() for one in meters]
    sizes = torch.tensor([float(one.current_size) for one in meters]).to(parts[0])
    row = torch.cat([*(part * size for part, size in zip(parts, sizes)), sizes])
    dist.all_reduce(row)
    *sums, sizes = row.split([*(part.numel() for part in parts), len(meters)])
    for one, total, size in zip(meters, sums, sizes):
        one.mean = (total / size.clamp(min=1)).to(one.mean.dtype).view_as(one.mean)


def lost(error: BaseException) -> bool:
    """Whether an error says no more than that another process has gone."""
    return isinstance(error, RuntimeError) and any(word in str(error) for word in LOST)


def _normalizers(model: torch.nn.Module) -> List[Any]:
    return [module for module in model.modules() if hasattr(module, "running_mean")]


def share_statistics(statistics: Any) -> None:
    """Add up what the rewards of all processes have counted since the last read; it lies with the leading one then."""
    sums = statistics.parts()
    row = torch.cat([one.reshape(-1) for one in sums])
    dist.all_reduce(row)
    leads = dist.get_rank() == 0
    for one, part in zip(sums, row.split([one.numel() for one in sums])):
        one.copy_(part.view_as(one) * leads)
