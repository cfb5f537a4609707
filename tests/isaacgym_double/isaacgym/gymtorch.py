"""Tensors of the gym as torch's, and the other way round: both ends see the same memory."""

from __future__ import annotations

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from .structs import GymError, Tensor

__all__ = ["unwrap_tensor", "wrap_tensor"]  # no `Tensor`: upstream imports * beside torch.jit's own


def wrap_tensor(gym_tensor: Tensor) -> torch.Tensor:
    """The gym's buffer as a torch tensor, for the life of the simulation."""
    if not isinstance(gym_tensor, Tensor):
        raise TypeError(f"wrap_tensor(): a gymapi.Tensor is due, not {type(gym_tensor).__name__}")
    return torch.from_numpy(gym_tensor._owner)


def unwrap_tensor(torch_tensor: torch.Tensor) -> Tensor:
    """A description of a torch tensor. It does not keep the tensor alive."""
    if not isinstance(torch_tensor, torch.Tensor):
        raise TypeError(f"unwrap_tensor(): a torch tensor is due, not {type(torch_tensor).__name__}")
    if not torch_tensor.is_contiguous():
        raise GymError("Input tensor must be contiguous")
    storage = StorageWeakRef(torch_tensor.untyped_storage())
    name = str(torch_tensor.dtype).split(".")[1]
    return Tensor(torch_tensor.data_ptr(), name, torch_tensor.shape, -1, freed=storage.expired)
