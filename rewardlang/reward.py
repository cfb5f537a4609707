"""A compiled spec bound to a batch of environments: the loaded code, its state, its params and what it adds up for the logs."""

from __future__ import annotations

import linecache
import os
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Set, Tuple

import torch

from .lang.anatomy import anatomy
from .lang.compiler import Compiled
from .lang.ir import Node
from .lang.optimize import quantities_read
from .lang.types import Kind
from .notice import Notice
from .statistics import Reading, Statistics
from .uncollected import uncollected

RUN = ("epoch", "frames", "progress")
TRITON = (3, 2)


class StepOutput(NamedTuple):
    """What one control step gives. N environments, T terms, O observations."""

    reward: torch.Tensor  # [N], what is paid
    contributions: torch.Tensor  # [N, T], weight * value of each term; 0 where that is not finite
    values: torch.Tensor  # [N, T], raw
    terminated: torch.Tensor  # [N] bool, a cause ended the episode
    time_out: torch.Tensor  # [N] bool, the time limit alone did
    nonfinite: torch.Tensor  # [N] bool, a value that is not finite did
    causes: Dict[str, torch.Tensor]  # [N] bool each
    metrics: Dict[str, torch.Tensor]  # [N] each
    observations: torch.Tensor  # [N, O], of the state that the step reached
    done: torch.Tensor  # [N] bool, the episode is over for any of these


class QuantityError(ValueError):
    """Tensors that do not fit what the spec reads."""


class Reward:
    """The reward of `num_envs` environments.

    `step` takes the quantities of the state that a control step reached; `reset` then tells which environments start anew, with
    their reset states in the quantities. Both take a mapping from name to tensor [N, ...]; no host synchronisation happens.
    """

    @uncollected
    def __init__(self, program: Compiled, num_envs: Optional[int] = None, device: Any = "cpu", dtype: torch.dtype = torch.float32,
                 params: Optional[Mapping[str, float]] = None, gamma: float = 0.99, backend: str = "auto") -> None:  # fmt: skip
        """`num_envs` may be left to the first quantities that come. `gamma` is the trainer's discount, which `potential` reads.

        `backend` is "torch", "triton" (one kernel a step), or "auto": Triton where it is installed, for float32 on CUDA. Raises
        ValueError if Triton is asked for and cannot be had.
        """
        if not isinstance(program, Compiled):
            kind = type(program).__name__
            raise TypeError(f"a compiled program is due, not {kind}: rewardlang.compile(spec) makes one")
        if num_envs is not None and num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, not {num_envs}")
        self.program = program
        self.device = torch.device(device)
        self.dtype = dtype
        self.asked, self.backend = backend, chosen(backend, self.device, dtype)
        self.code = _load(program)
        self.constants = tuple(self._constant(c) for c in self.code["CONSTANTS"])
        self._params = {p.name: p for p in program.typed.params}
        names = [*self._params, *RUN, "gamma"]
        self.run = torch.zeros(len(names), device=self.device, dtype=dtype)
        self.inputs = dict(zip(names, self.run.unbind()))
        self.inputs["gamma"].fill_(gamma)
        self.weights = torch.zeros(len(program.terms), device=self.device, dtype=dtype)
        self.names = [term.name for term in program.terms]
        self.anatomies = anatomy(program.typed, program.bounds)
        self.read = quantities_read(program.optimized)
        self.needs = self.read.nodes
        self.params: Dict[str, float] = {name: param.value for name, param in self._params.items()}
        for name, value in (params or {}).items():
            self.params[program.param(name, value)] = float(value)
        self._refresh()
        self.num_envs, self.seeded = 0, False
        self.tried: Set[str] = set()  # what Triton has managed
        self.fused: Any = None
        self.observations: Optional[torch.Tensor] = None
        if num_envs is not None:
            self._allocate(num_envs)

    def _allocate(self, num_envs: int) -> None:
        """Make all that has a row for each environment."""
        self.num_envs = num_envs
        self.state = [self._zeros(shape, kind) for shape, kind in self.code["STATE"]]
        self.shapes = {
            name: (_shape(node, num_envs), torch.bool if node.type.kind is Kind.BOOL else self.dtype)
            for name, node in self.needs.items()
        }
        self.fused = self._by_triton("load", self._load_kernels) if self.backend == "triton" else None
        if self.fused is None:
            self._keep_books()

    def _load_kernels(self) -> Any:
        from .fused import Fused

        return Fused(self.program, self.num_envs, self.run, self.weights, self.state, self.anatomies)

    def _keep_books(self) -> None:
        """What torch adds up; the kernels have books of their own."""
        self.statistics = Statistics(self.names, list(self.code["CAUSES"]), list(self.code["METRICS"]), self.num_envs,
                                     self.device, self.program.typed.total is not None, self.anatomies)  # fmt: skip

    def __call__(
        self, quantities: Mapping[str, torch.Tensor]
    ) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
        """Reward [N] and each term's contribution [N] for the state that a step reached.

        The first call also serves as the reset state. Raises QuantityError for a tensor that is missing or has another shape.
        """
        if not self.seeded:
            self.reset(quantities)
        out = self.step(quantities)
        contributions = out.contributions
        if self.fused is not None:  # the caller keeps them
            return out.reward.clone(), dict(zip(self.names, contributions.clone().unbind(1)))
        return out.reward, dict(zip(self.names, contributions.unbind(1)))

    @torch.no_grad()
    def step(self, quantities: Mapping[str, torch.Tensor]) -> StepOutput:
        """What a control step pays, from the state it reached, before any reset.

        With Triton the tensors are the same every time, and hold what the newest step gave; observations are those of the reset
        state once `reset` was called.
        """
        quantities = self._complete(quantities)
        if self.fused is not None:
            out = self._by_triton("step", self.fused.step, quantities)
            if out is not None:
                self.observations = out.observations
                return out
            self._keep_books()
        reward, contributions, values, causes, terminated, time_out, doubtful, metrics, observations, state = self.code["step"](
            quantities, self.state, self.inputs, self.weights, self.constants)  # fmt: skip
        for slot, new in zip(self.state, state):
            slot.copy_(new)
        # What is not finite differs from the 0 that it counts as, and 0 times it is no 0: fewer operations than to ask of each.
        paid = torch.nan_to_num(reward, 0.0, 0.0, 0.0)
        bad, unpaid = contributions != values * self.weights, (paid != reward)[:, None]  # [N, T], [N, 1]
        unseen = (0 * observations).sum(1, keepdim=True) != 0
        nonfinite = torch.cat((bad, unpaid, unseen, doubtful), 1).any(1)  # [N]
        odd = (
            (doubtful, ~torch.isfinite(metrics), unpaid, unseen)
            if self.code["METRICS"]
            else (doubtful, unpaid, unseen)
        )
        self.observations = observations
        # A cause can be a quantity itself (`terminate x when time_limit`), which a reset changes: keep a copy.
        terminated, time_out = terminated.clone(), time_out & ~nonfinite
        out = StepOutput(paid, contributions, values, terminated, time_out, nonfinite,
                         dict(zip(self.code["CAUSES"], causes.unbind(1))), dict(zip(self.code["METRICS"], metrics.unbind(1))),
                         observations, terminated | time_out | nonfinite)  # fmt: skip
        self.statistics.add(out, bad, odd, causes, metrics)
        return out

    @torch.no_grad()
    def reset(
        self, quantities: Mapping[str, torch.Tensor], mask: Optional[torch.Tensor] = None
    ) -> torch.Tensor:
        """Observations [N, O] after the environments of `mask` [N] bool (all by default) were reset.

        The quantities hold the reset states; environments outside the mask keep their state and the observations of their last step.
        """
        quantities = self._complete(quantities)
        if mask is None:
            mask = torch.ones(self.num_envs, dtype=torch.bool, device=self.device)
        if self.fused is not None:
            self.seeded = True
            seen = self._by_triton("reset", self.fused.reset, quantities, mask)
            if seen is not None:
                self.observations = seen
                return seen
            self._keep_books()
        observations, state = self.code["at_reset"](
            quantities, self.state, self.inputs, self.weights, self.constants
        )
        for slot, first in zip(self.state, state):
            at = mask.view(-1, *(1,) * (slot.dim() - 1))
            torch.where(at, first.to(slot.dtype), slot, out=slot)
        if self.observations is not None:
            observations = torch.where(mask[:, None], observations, self.observations)
        self.observations = observations
        self.statistics.forget(mask)
        self.seeded = True
        return observations

    def _by_triton(self, what: str, work: Callable[..., Any], *given: Any) -> Any:
        """What work gives; None, and torch from then on, if it fails the first time and nobody asked for Triton by name."""
        try:
            out = work(*given)
        except Exception as problem:  # Triton's, LLVM's, ptxas' or the C compiler's: each has its own
            if self.asked != "auto" or what in self.tried:
                raise
            reason = next(iter(str(problem).splitlines()), "") or type(problem).__name__
            warnings.warn(
                f"Triton fails on {self.program.name} ({reason}): torch reckons the reward instead, slower",
                Notice,
                stacklevel=4,
            )
            self.backend, self.fused = "torch", None
            return None
        self.tried.add(what)
        return out

    def set_param(self, name: str, value: float) -> None:
        """Change a param without recompiling. Raises ValueError for an unknown name or a value outside its range."""
        self.params[self.program.param(name, value)] = float(value)
        self._refresh()

    def set_globals(
        self, epoch: Optional[float] = None, frames: Optional[float] = None, progress: Optional[float] = None
    ) -> None:
        """Tell the reward how far the run is, for schedules."""
        for name, value in (("epoch", epoch), ("frames", frames), ("progress", progress)):
            if value is not None:
                self.inputs[name].fill_(float(value))
        self._refresh()

    @property
    def sums(self) -> Reading:
        """What was added up since the last read, by torch or by the kernels."""
        return self.statistics if self.fused is None else self.fused.books

    def read_statistics(self) -> Dict[str, float]:
        """Tags and means since the last read, for the logs. One transfer from the device."""
        return self.sums.read(self.params)

    def state_dict(self) -> Dict[str, Any]:
        """Operator state, params and schedule position, as tensors and plain numbers."""
        return {"state": [slot.clone() for slot in self.state], "params": dict(self.params), "hash": self.program.hash,
                "run": {name: float(self.inputs[name]) for name in RUN}}  # fmt: skip

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Continue from `state_dict`. State of another program, or of another number of environments, is left out."""
        for name, value in saved["params"].items():
            if name in self._params:
                self.set_param(name, value)
        self.set_globals(**saved["run"])
        if saved["hash"] == self.program.hash and all(
            a.shape == b.shape for a, b in zip(self.state, saved["state"])
        ):
            for slot, old in zip(self.state, saved["state"]):
                slot.copy_(old)
            self.seeded = True

    def _refresh(self) -> None:
        """Bring params and weights to the device; nothing of it happens on a step."""
        for name, value in self.params.items():
            self.inputs[name].fill_(value)
        for i, weight in enumerate(self.code["weights"](self.inputs, self.constants)):
            self.weights[i] = weight

    def _complete(self, quantities: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """The quantities, their names, shapes and types checked; `time_limit`, which only environments know, is filled in."""
        if not self.num_envs:
            self._allocate(self._count(quantities))
        if "time_limit" not in quantities:
            never = torch.zeros(self.num_envs, dtype=torch.bool, device=self.device)
            quantities = {**quantities, "time_limit": never}
        device = self.weights.device  # with its index, which `self.device` may lack
        for name, (expected, dtype) in self.shapes.items():
            tensor = quantities.get(name)
            if not isinstance(tensor, torch.Tensor) or tensor.shape != expected or tensor.dtype != dtype:
                raise self._refusal(name, tensor)
            if tensor.device != device and expected:  # torch takes a single number from anywhere
                raise self._refusal(name, tensor)
        return quantities

    def _refusal(self, name: str, tensor: Any) -> QuantityError:
        """Why a quantity does not do."""
        (expected, dtype), shape = self.shapes[name], self.needs[name].type.shape()
        if tensor is None:
            return QuantityError(f"the spec reads `{name}` {shape}, which is not given")
        if not isinstance(tensor, torch.Tensor):
            return QuantityError(f"`{name}` is {type(tensor).__name__}; a torch tensor is due")
        if tensor.shape != expected:
            return QuantityError(
                f"`{name}` has the shape {list(tensor.shape)}; {shape} is {list(expected)} here"
            )
        if tensor.dtype != dtype:
            return QuantityError(f"`{name}` is {tensor.dtype}; this reward reckons in {dtype}")
        return QuantityError(f"`{name}` is on {tensor.device}; this reward is on {self.weights.device}")

    def _count(self, quantities: Mapping[str, torch.Tensor]) -> int:
        """How many environments the given quantities have a row for."""
        for name, node in self.needs.items():
            if node.type.batched and name != "time_limit" and isinstance(quantities.get(name), torch.Tensor):
                return len(quantities[name])
        raise QuantityError("the quantities that the spec reads are not given, and `num_envs` was not either")

    def _zeros(self, shape: Tuple[int, ...], kind: str) -> torch.Tensor:
        return torch.zeros(
            (self.num_envs, *shape), device=self.device, dtype=torch.bool if kind == "bool" else self.dtype
        )

    def _constant(self, values: Tuple[float, ...]) -> torch.Tensor:
        dtype = torch.long if all(isinstance(v, int) for v in values) else self.dtype
        return torch.tensor(values, device=self.device, dtype=dtype)


def lack_of_triton() -> str:
    """Why there is no Triton for the kernels; empty if there is one. Python 3.8 has 3.0 at most, with its torch."""
    if find_spec("triton") is None:
        return "Triton is not installed (`pip install triton`)"
    version = import_module("triton").__version__
    old = tuple(map(int, version.split(".")[:2])) < TRITON
    return (
        f"Triton {version} is too old for the kernels, which need {'.'.join(map(str, TRITON))}" if old else ""
    )


def chosen(backend: str, device: torch.device, dtype: torch.dtype) -> str:
    """ "torch" or "triton". Raises ValueError for another backend, or for Triton where it cannot run."""
    if backend not in ("auto", "torch", "triton"):
        raise ValueError(f'backend "{backend}" is none of "auto", "torch" and "triton"')
    if backend == "auto":
        fit = device.type == "cuda" and dtype == torch.float32
        lack = lack_of_triton() if fit else ""
        if lack:
            warnings.warn(f"{lack}: torch reckons the reward instead, slower", Notice, stacklevel=3)
        return "triton" if fit and not lack else "torch"
    if backend == "triton":
        if dtype != torch.float32:
            raise ValueError(f"Triton kernels reckon in torch.float32, not {dtype}")
        lack = lack_of_triton()
        if lack:
            raise ValueError(lack)
        if device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1":
            raise ValueError(
                f"Triton runs on CUDA, not on {device}; with TRITON_INTERPRET=1 in the environment its interpreter does, slowly"
            )
    return backend


def _load(program: Compiled) -> Dict[str, Any]:
    """The emitted module's names. Its lines are known to `linecache`, so a traceback shows them."""
    name = f"<{program.name} {program.hash}>"
    linecache.cache[name] = (len(program.source), None, program.source.splitlines(True), name)
    code: Dict[str, Any] = {}
    exec(compile(program.source, name, "exec"), code)
    return code


def _shape(node: Node, num_envs: int) -> Tuple[int, ...]:
    shape = [num_envs] if node.type.batched else []
    shape += [len(axis) for axis in node.type.axes]
    return tuple(shape + [4] if node.type.kind is Kind.ROTATION else shape)
