"""The environment's step recorded as a CUDA graph: launched as a whole, it costs the host one call."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, List, Optional

import torch

from ..notice import Notice
from ..uncollected import at_rest

if TYPE_CHECKING:
    from .env import RewardEnv, Step

WARM_UP = (
    2  # steps done one operation at a time: libraries and kernels load on first use, which can't be recorded
)


class Recorded:
    """`env._step` for actions [N, A]: recorded once, with all that it reads and writes at the addresses it then has.

    What it gives is overwritten by the next step, but for the observations: trainers keep those over a step. With `split` each call of
    the simulator stays outside and replays a graph of its own, between graphs of the rest.
    """

    def __init__(self, env: RewardEnv, split: bool = False) -> None:
        self.env, self.split = env, split
        self.warm = 0
        self.parts: List[Callable[[], Any]] = []
        self.given: Optional[Step] = None

    def __call__(self, actions: torch.Tensor) -> Step:
        if self.warm < WARM_UP:
            self.warm += 1
            return self.env._step(actions)
        self.env.asked.copy_(actions)
        if self.given is None:
            self._record()
        assert self.given is not None
        for part in self.parts:
            part()
        observations, *others = self.given
        return (observations.clone(), *others)  # type: ignore[return-value]

    def _record(self) -> None:
        try:
            self._tape()
        except RuntimeError as problem:
            if self.split:
                raise
            reason = str(problem).splitlines()[0]
            warnings.warn(
                f"the step can't be recorded as one graph ({reason}): it becomes several",
                Notice,
                stacklevel=3,
            )
            self.parts, self.split = [], True
            self._tape()

    def _tape(self) -> None:
        env, sim = self.env, self.env.sim
        self.pool = torch.cuda.graph_pool_handle()
        # A loop of the simulator's solver, which ends when all have converged, ends the capture and goes on in another, and torch takes
        # memory from a graph's own pool in the capture that it began only: what follows needs a pool that is this graph's alone.
        self.memory = torch.cuda.MemPool()
        torch.cuda.synchronize(env.device)
        stream = torch.cuda.Stream(env.device)
        try:
            if self.split:
                env.sim = Outside(sim, self)
            # What the collector frees while it records would be a part of the recording: it rests. To collect before takes a second.
            with at_rest(), torch.cuda.stream(stream), torch.cuda.use_mem_pool(self.memory, env.device):
                self.begin()
                try:
                    self.given = env._step(env.asked)
                finally:
                    self.end()
        finally:
            env.sim = sim
        torch.cuda.synchronize(env.device)

    def begin(self) -> None:
        """Begin a graph. Its random numbers come from the environment's generator, which each replay moves on."""
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(self.env.generator)
        # Warp records in this mode too; another thread, such as that of a logger, may go on using the device.
        self.graph.capture_begin(pool=self.pool, capture_error_mode="thread_local")

    def end(self) -> None:
        self.graph.capture_end()
        self.parts.append(self.graph.replay)


class Outside:
    """A simulator whose steps and resets cut the recording in two, and are done between the parts."""

    def __init__(self, sim: Any, tape: Recorded) -> None:
        self.sim, self.tape = sim, tape

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sim, name)

    def step(self, *tensors: torch.Tensor) -> None:
        self._cut(partial(self.sim.step, *tensors))

    def begin(self, *tensors: torch.Tensor) -> None:
        self._cut(partial(self.sim.begin, *tensors))

    def finish(self) -> None:
        self._cut(self.sim.finish)

    def reset(self, *tensors: torch.Tensor) -> None:
        self._cut(partial(self.sim.reset, *tensors))

    def _cut(self, call: Callable[[], None]) -> None:
        self.tape.end()
        self.tape.parts.append(call)
        self.tape.begin()
