"""A CUDA graph in software: what a function does is recorded, then replayed on the same tensors, without the function.

What a CUDA graph can't do fails here too: a value asked of the device is an error while recording; a tensor that the function
makes anew outside of the graph, and a Python number that changes, stay as they were recorded.
"""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from rewardlang.rl.captured import WARM

ASKING = ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "unique", "normal.Tensor")


class Recording(TorchDispatchMode):
    """Runs what is called and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: List[Tuple[Any, tuple, dict, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        assert not any(name in str(func) for name in ASKING), f"{func} asks the device for a value"
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out


def tensors(tree: Any) -> List[torch.Tensor]:
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, torch.Tensor)]


class SoftwareGraph:
    """In place of `Captured`."""

    replays = 0

    def __init__(self, function: Callable[[], Any], stream: Any) -> None:
        self.function, self.calls, self.recording = function, 0, Recording()
        self.result: Any = None

    def __call__(self) -> Any:
        self.calls += 1
        if self.calls <= WARM:
            return self.function()
        if self.calls == WARM + 1:
            with self.recording:
                self.result = self.function()
        else:
            self.replay()
        return self.result

    @torch.no_grad()
    def replay(self) -> None:
        SoftwareGraph.replays += 1
        for func, args, kwargs, out in self.recording.calls:
            given = {one.untyped_storage().data_ptr() for one in tensors((args, kwargs))}
            for slot, value in zip(tensors(out), tensors(func(*args, **kwargs))):
                if slot.untyped_storage().data_ptr() not in given:  # else a view, or written in place
                    slot.copy_(value)
