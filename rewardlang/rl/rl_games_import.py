"""rl_games, imported without what its import brings along and a training does not use.

It decorates a network of its tests with torch.compile and sets a number of torch's compiler, which imports TorchDynamo and TorchInductor: two
thirds of the time that all imports of a training take. torch's optimizers ask for Dynamo too, to mark where it may not trace. So a
stand-in waits in its place, knows these few calls, and makes way for the real one as soon as anything else is asked of it, such as
torch.compile. Of TensorBoard, which rl_games' SAC imports, no more is made than a name. On Python 3.8 rl_games uses the old gym, which prints
on import that one should use another: that is not for the user of this package, who can't.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any, Callable, Dict, Iterator, List

import torch

DYNAMO, TENSORBOARD, NOTICES = "torch._dynamo", "torch.utils.tensorboard", "gym_notices.notices"


class Waiting(ModuleType):
    """Stands where torch's Dynamo would be, until more is asked of it than to mark code that it may not trace."""

    def __init__(self) -> None:
        super().__init__(DYNAMO)
        self.__spec__ = importlib.util.find_spec(DYNAMO)
        self.__file__ = self.__spec__.origin if self.__spec__ is not None else None
        self.marked: List[Any] = []
        self.config = Settings(self.real)

    def graph_break(self, msg: str = "") -> None:
        """Nothing: nobody traces yet."""

    def disable(self, fn: Any = None, *options: Any, **more: Any) -> Any:
        """The function itself, which torch keeps as its untraced form until the real Dynamo is there to make that."""
        if not isinstance(fn, FunctionType):
            return self.real().disable(fn, *options, **more)
        self.marked.append(fn)
        return fn

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # `__path__` is asked for to import a part of it
            raise AttributeError(name)
        return getattr(self.real(), name)

    def real(self) -> Any:
        """torch's Dynamo in this one's place, with what was asked of this one."""
        if sys.modules.get(DYNAMO) is not self:
            return importlib.import_module(DYNAMO)
        del sys.modules[DYNAMO]
        vars(torch).pop("_dynamo", None)
        dynamo = importlib.import_module(DYNAMO)
        for function in self.marked:
            if vars(function).get("__dynamo_disable") is function:
                del vars(function)["__dynamo_disable"]
        self.config.hand_over(dynamo)
        return dynamo


class Settings:
    """Dynamo's settings: what is written here waits for it; to read one brings it."""

    def __init__(self, real: Callable[[], Any]) -> None:
        self.__dict__.update(_real=real, _given={})

    def __setattr__(self, name: str, value: Any) -> None:
        self._given[name] = value

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real().config, name)

    def hand_over(self, dynamo: Any) -> None:
        for name, value in self._given.items():
            setattr(dynamo.config, name, value)


@contextmanager
def deferred() -> Iterator[None]:
    """While it is entered, to import rl_games is not to import Dynamo, Inductor and TensorBoard."""
    compile_now = torch.compile
    if DYNAMO not in sys.modules:
        sys.modules[DYNAMO] = vars(torch)["_dynamo"] = Waiting()
    holds: Dict[str, Dict[str, Any]] = {
        TENSORBOARD: {"SummaryWriter": _summary_writer},
        NOTICES: {"notices": {}},
    }
    stand_ins = {name: ModuleType(name) for name in holds if name not in sys.modules}
    for name, module in stand_ins.items():
        vars(module).update(holds[name])
        sys.modules[name] = module
    torch.compile = functools.partial(_compile_later, compile_now)
    try:
        yield
    finally:
        torch.compile = compile_now
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _compile_later(compile_now: Callable[..., Any], model: Any = None, **options: Any) -> Any:
    """torch.compile; a function alone is compiled when it is called first."""
    if options or not isinstance(model, FunctionType):
        return compile_now(model, **options)
    compiled: List[Callable[..., Any]] = []

    @functools.wraps(model)
    def later(*arguments: Any, **named: Any) -> Any:
        if not compiled:
            compiled.append(compile_now(model))
        return compiled[0](*arguments, **named)

    return later


def _summary_writer(*arguments: Any, **options: Any) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(*arguments, **options)


with deferred():
    from rl_games.algos_torch.a2c_continuous import A2CAgent
    from rl_games.algos_torch.running_mean_std import RunningMeanStd
    from rl_games.algos_torch.sac_agent import SACAgent
    from rl_games.common import env_configurations, vecenv
    from rl_games.common.a2c_common import swap_and_flatten01
    from rl_games.common.algo_observer import AlgoObserver
    from rl_games.torch_runner import Runner

__all__ = [
    "A2CAgent",
    "AlgoObserver",
    "RunningMeanStd",
    "Runner",
    "SACAgent",
    "env_configurations",
    "swap_and_flatten01",
    "vecenv",
]
