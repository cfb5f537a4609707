"""A language, compiler and composer library for the rewards of robot reinforcement learning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Union

from .lang.compiler import Compiled, compile_tree
from .lang.compose import Spec, SpecError, load
from .lang.compose import parse_spec as parse
from .lang.diagnostics import Diagnostic, RewardError
from .quantities import vocabulary
from .task import Task, load_task

if TYPE_CHECKING:
    from .reward import QuantityError, Reward

__version__ = "0.1.0"
__all__ = ["Compiled", "Diagnostic", "QuantityError", "Reward", "RewardError", "Spec", "SpecError", "Task", "compile", "load", "load_task",
           "parse"]  # fmt: skip


def compile(
    spec: Union[Spec, str], task: Union[Task, str, None] = None, *, observations: bool = False
) -> Compiled:
    """A spec (or its text) compiled for a task: the one given, else the one it names, else `humanoid`.

    With `observations` the program also computes the task's observations, as an environment wants it.

    Raises RewardError with every error of the first stage that finds one, each with file, line and column.
    """
    if isinstance(spec, str):
        spec = parse(spec)
    if not isinstance(task, Task):
        task = load_task(task or spec.task or "humanoid")
    names = vocabulary(task)
    return compile_tree(spec.tree, names if observations else replace(names, observations=()), spec.name)


def __getattr__(name: str) -> Any:
    """`Reward` needs torch, which takes seconds to import: only who asks for it pays."""
    if name in ("Reward", "QuantityError"):
        from . import reward

        return getattr(reward, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
