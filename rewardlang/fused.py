"""The Triton kernels of a compiled spec at work: their buffers, whose addresses never change, and their launches.

A step or a reset is one launch: no allocation, no host synchronisation, nothing that depends on a value, so that a CUDA graph captures
it. Results for each environment are rows of one matrix [R, stride], in which a block's environments lie side by side; what is public
are views of it as [N, ...].
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import torch

from .lang.anatomy import Anatomy
from .lang.compiler import Compiled
from .lang.kernel_triton import padded
from .reward import StepOutput
from .statistics import AMOUNTS, COUNTS, Reading, named

# Environments in a block and its warps, by the number of environments: small blocks fill a GPU with few, and with many take few
# registers, so that more are under way at once; between these it is well to make fewer sums.
SHAPES = ((16384, 8, 1), (131072, 32, 1), (sys.maxsize, 16, 1))


class Books(Reading):
    """What the kernels add up: rows of float64, summed when read.

    A block has a row of its own as long as there are enough; more blocks share them, so that few bytes move. Float64 additions to a
    shared row come in any order, and what is read may then differ in its last digits from run to run.
    """

    def __init__(
        self,
        kernel: ModuleType,
        program: Compiled,
        blocks: int,
        width: int,
        anatomies: Sequence[Anatomy],
        device: Any,
    ) -> None:
        super().__init__(
            kernel.TERMS, kernel.CAUSES, kernel.METRICS, program.typed.total is not None, anatomies
        )
        self.sums = torch.zeros(min(blocks, kernel.ROWS), width, dtype=torch.float64, device=device)

    def parts(self) -> List[torch.Tensor]:
        return [self.sums]

    def _taken(self) -> Tuple[float, Dict[str, List[float]]]:
        t, m = len(self.terms), len(self.metrics)
        values = self.sums.sum(0).tolist()
        self.sums.zero_()
        read = named(values, {**dict.fromkeys((*AMOUNTS, *COUNTS, "nats"), t), "episode": t, "return": 1, "length": 1, "with_whole": t,
                              "return_with_whole": 1, "length_with_whole": 1, "steps": 1, "total": 1, "metrics": m,
                              "odd": len(self.odd), "causes": len(self.causes), "ends": 1, "last": m})  # fmt: skip
        read["nats"] = [read["nats"][i] for i in self.kernels]
        return read["steps"][0], read


class Fused:
    """A program's kernels bound to `num_envs` environments. `state`, `run` and `weights` are the reward's own tensors."""

    def __init__(self, program: Compiled, num_envs: int, run: torch.Tensor, weights: torch.Tensor, state: Sequence[torch.Tensor],
                 anatomies: Sequence[Anatomy]) -> None:  # fmt: skip
        self.kernel = kernel = load(program.kernel)
        self.num_envs, device = num_envs, weights.device
        self.block, self.warps = next((block, warps) for most, block, warps in SHAPES if num_envs <= most)
        assert self.block <= 255, "a kernel's counts have eight bits"
        self.blocks = -(-num_envs // self.block)
        t, k, m = len(kernel.TERMS), len(kernel.CAUSES), len(kernel.METRICS)
        self.full = num_envs % self.block == 0
        self.stride = -(-num_envs // 16) * 16
        self.books = Books(kernel, program, self.blocks, kernel.SUMS, anatomies, device)
        kernels = self.books.kernels
        self.nats = padded(len(kernels)) if kernels else 0
        lows, highs = zip(*(one.near() for one in anatomies)) if anatomies else ((), ())
        gates, none = [float(one.gate) for one in anatomies], [-1] * (self.nats - len(kernels))
        numbers = [*lows, *highs, *gates, *kernels, *none]  # [3 T + places of kernels]
        about = torch.tensor(numbers, dtype=torch.float32, device=device)
        constants = torch.tensor(kernel.CONSTANTS or (0.0,), dtype=torch.float32, device=device)
        rows = torch.zeros(1 + 2 * t + m + t + 2, self.stride, device=device)
        flags = torch.zeros(k + 4, self.stride, dtype=torch.bool, device=device)
        observations = torch.zeros(num_envs, kernel.OBSERVATIONS, device=device)
        shared, contributions, values, self.episode = rows.split([1 + m, t, t, t + 2])
        before = [*state, run, weights, constants]
        self.stepped = (*before, about, shared, contributions, values, flags, observations, self.episode, self.books.sums,
                        num_envs, self.stride, self.nats)  # fmt: skip
        self.anew = (*before,), (observations, self.episode, num_envs, self.stride)
        # The largest tensor of ours: beyond 2^31 numbers a place needs 64 bits.
        self.largest = max(tensor.numel() for tensor in (observations, *state, self.episode, flags))
        n = num_envs
        causes, (time_out, nonfinite, done, terminated) = flags[:k, :n], flags[k:, :n]
        self.out = StepOutput(shared[0, :n], contributions[:, :n].T, values[:, :n].T, terminated, time_out, nonfinite,
                              dict(zip(kernel.CAUSES, causes)), dict(zip(kernel.METRICS, shared[1:, :n])), observations, done)  # fmt: skip

    def step(self, quantities: Mapping[str, torch.Tensor]) -> StepOutput:
        """What a control step pays, in tensors that the next one overwrites."""
        read, wide = self._read("step", quantities)
        self._launch(self.kernel.step, (*read, *self.stepped, wide))
        return self.out

    def reset(self, quantities: Mapping[str, torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
        """Observations [N, O] after the environments of `mask` were reset; the next step overwrites them."""
        read, wide = self._read("at_reset", quantities)
        before, after = self.anew
        self._launch(self.kernel.at_reset, (*read, *before, mask, *after, wide))
        return self.out.observations

    def _read(self, kernel: str, quantities: Mapping[str, torch.Tensor]) -> Tuple[List[Any], bool]:
        """The tensors that a kernel reads, each with its strides, and whether any is too large for 32-bit places."""
        out: List[Any] = []
        furthest = self.largest
        for name in self.kernel.READ[kernel]:
            tensor = quantities[name]
            strides = tensor.stride()
            out += [tensor, *strides]
            furthest = max(furthest, tensor.shape[0] * strides[0] if strides else 0)
        return out, furthest >= 2**31

    def _launch(self, kernel: Any, arguments: Tuple[Any, ...]) -> None:
        if self.books.sums.is_cuda:
            with torch.cuda.device(self.books.sums.device):
                kernel[(self.blocks,)](*arguments, self.full, self.block, num_warps=self.warps)
        else:
            kernel[(self.blocks,)](*arguments, self.full, self.block)


def load(source: str) -> ModuleType:
    """The module of emitted kernels, from a file named by its hash: Triton finds what it has compiled of it before."""
    name = f"rewardlang_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        path = _written(f"{name}.py", source)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


def _written(name: str, source: str) -> Path:
    """The file of a source in the user's cache, or in a temporary folder if that cannot be written."""
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rewardlang"
        cache.mkdir(parents=True, exist_ok=True)
        path = cache / name
        if not path.exists() or path.read_text(encoding="utf-8") != source:
            fresh = cache / f"{name}.{os.getpid()}"
            fresh.write_text(source, encoding="utf-8")
            os.replace(fresh, path)
        return path
    except (OSError, RuntimeError):  # the second if the user has no home
        path = Path(tempfile.mkdtemp(prefix="rewardlang-")) / name
        path.write_text(source, encoding="utf-8")
        return path
