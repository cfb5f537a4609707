"""A function on tensors at fixed addresses: a CUDA graph on a GPU, a plain call on a CPU. The same code either way."""

from __future__ import annotations

from typing import Any, Callable

import torch

from ..uncollected import at_rest

WARM = 3  # calls before the capture: libraries make their handles, kernels are loaded, Adam makes its state


class Captured:
    """Calls `function`; on a GPU the first calls run as they are, the next is captured, and from then on the graph is replayed.

    No call is for nothing: the first ones are the training's own work. The function reads and writes tensors that stay where
    they are and never asks the device for a value. What it returns lies in the graph's memory: the next call overwrites it.
    """

    def __init__(self, function: Callable[[], Any], stream: Any) -> None:
        """`stream` is where the first calls and the capture run, one for all that work on the same tensors; None on a CPU."""
        self.function, self.stream = function, stream
        self.calls, self.result = 0, None
        self.graph: Any = None

    def __call__(self) -> Any:
        if self.stream is None:
            return self.function()
        if self.calls < WARM:
            self.calls += 1
            return self._aside()
        if self.graph is None:
            self._capture()
        self.graph.replay()
        return self.result

    def _aside(self) -> Any:
        """Run it on the stream of the capture: autograd remembers the stream of a parameter."""
        here = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(here)
        with torch.cuda.stream(self.stream):
            result = self.function()
        here.wait_stream(self.stream)
        return result

    def _capture(self) -> None:
        """Record what the function does; nothing of it runs yet. Other threads may use the device meanwhile."""
        torch.cuda.synchronize(self.stream.device)
        self.graph = torch.cuda.CUDAGraph()
        # The collector rests: what it frees meanwhile would be a part of the recording.
        with at_rest(), torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode="thread_local"):
            self.result = self.function()


def capture_stream(device: Any) -> Any:
    """A stream for `Captured` on a CUDA device; None on a CPU."""
    device = torch.device(device)
    return torch.cuda.Stream(device) if device.type == "cuda" else None
