"""A language, compiler and composer library for the rewards of robot reinforcement learning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from .lang import nodes
from .lang.algebra import SpecError
from .lang.compiler import Compiled, compile_tree
from .lang.compose import Spec, load
from .lang.compose import parse_spec as parse
from .lang.diagnostics import Diagnostic, RewardError, did_you_mean, error
from .lang.vocabulary import HostQuantity
from .quantities import vocabulary
from .task import Task, load_task, shipped_tasks

if TYPE_CHECKING:
    from .reward import QuantityError, Reward

__version__ = "0.1.0"
__all__ = ["Compiled", "Diagnostic", "HostQuantity", "QuantityError", "Reward", "RewardError", "Spec", "SpecError", "Task", "compile", "load", "load_task",
           "parse", "task_of"]  # fmt: skip


def compile(
    spec: Union[Spec, str],
    task: Union[Task, str, None] = None,
    *,
    observations: bool = False,
    quantities: Optional[Mapping[str, Union[str, HostQuantity]]] = None,
) -> Compiled:
    """A spec (or its text) compiled for a task: the one given, else the one it names, else `humanoid`.

    With `observations` the program also computes the task's observations, as an environment wants it. `quantities` adds readable
    names to the task's: a line of the language, or a HostQuantity for a tensor that comes from Python.

    Raises RewardError with every error of the first stage that finds one, each with file, line and column.
    """
    if isinstance(spec, str):
        spec = parse(spec)
    if not isinstance(spec, Spec):
        raise TypeError(
            f"a Spec or a text is due, not {type(spec).__name__}; `rewardlang.load(path)` reads a file"
        )
    task = task_of(spec, task)
    names = vocabulary(task, quantities)
    return compile_tree(spec.tree, names if observations else replace(names, observations=()), spec.name)


def task_of(spec: Spec, task: Union[Task, str, None] = None) -> Task:
    """The task that a spec is compiled for: the one given (or its name or path), else the one it names, else `humanoid`.

    Raises RewardError if the spec names a task that is not there, ConfigError for mistakes in the task's own files.
    """
    if isinstance(task, Task):
        return task
    line = next((s for s in spec.tree.statements if isinstance(s, nodes.Task)), None)
    if task is None and line is not None and line.name not in shipped_tasks():
        help = (
            did_you_mean(line.name, shipped_tasks())
            or f"there is {', '.join(shipped_tasks())}; `--task FOLDER` names one of your own"
        )
        raise RewardError([error("RW108", line.name_span, f"there is no task `{line.name}`", help=help)])
    return load_task(task or (line.name if line is not None else "humanoid"))


def __getattr__(name: str) -> Any:
    """`Reward` needs torch, which takes seconds to import: only who asks for it pays."""
    if name in ("Reward", "QuantityError"):
        from . import reward

        return getattr(reward, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
