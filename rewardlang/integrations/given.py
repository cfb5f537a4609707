"""What the environments of other projects start from: a spec as a file, a Spec or a compiled program, bound to their environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional, Union

import torch

from .. import Compiled, HostQuantity, Reward, Spec, Task, compile, did_you_mean, load
from ..lang.loader import SHIPPED
from ..lang.resolve import resolve
from ..lang.vocabulary import Vocabulary
from ..quantities import vocabulary
from ..reward import QuantityError

Given = Union[str, Path, Spec, Compiled]


def spec_of(spec: Union[str, Path, Spec]) -> Spec:
    """The spec of a file, or of the name of a shipped one, as "zoo/mjlab/velocity.reward". Raises RewardError, FileNotFoundError."""
    if isinstance(spec, Spec):
        return spec
    if not isinstance(spec, (str, Path)):
        raise TypeError(
            f"a spec is a file, the name of a shipped one, a Spec or a compiled program, not {spec!r}"
        )
    for path in (Path(spec), *(root / spec for root in SHIPPED)):
        if path.is_file():
            return load(path)
    names = [path.relative_to(root).as_posix() for root in SHIPPED for path in root.rglob("*.reward")]
    hint = did_you_mean(str(spec), names)
    raise FileNotFoundError(f"no such file, and no shipped spec: {spec}{'; ' if hint else ''}{hint}")


def bound(spec: Given, num_envs: int, device: Any, task: Union[Task, str, None] = None, quantities: Optional[Mapping[str, Union[str, HostQuantity]]] = None,
          params: Optional[Mapping[str, float]] = None, dtype: torch.dtype = torch.float32) -> Reward:  # fmt: skip
    """The reward of a spec for `num_envs` environments. Raises RewardError for mistakes in the spec, ValueError for a program of
    another robot or another control period than the task's."""
    if not isinstance(spec, Compiled):
        spec = compile(spec_of(spec), task, quantities=quantities)
    elif isinstance(task, Task):
        _check_program(spec, vocabulary(task))
    return Reward(spec, num_envs, device, dtype, params)


def read(
    spec: Given, task: Task, quantities: Optional[Mapping[str, Union[str, HostQuantity]]] = None
) -> Union[Spec, Compiled]:
    """The spec of a file or of Python, for any robot: whether it has the joints and bodies that are named is seen later.

    Raises RewardError for a name that is neither the language's nor the task's, FileNotFoundError.
    """
    if isinstance(spec, Compiled):
        return spec
    spec = spec_of(spec)
    resolve(spec.tree, vocabulary(task, quantities))
    return spec


def _check_program(program: Compiled, names: Vocabulary) -> None:
    """Raise ValueError with both sides, if a program was compiled for something else than it is to be paid on."""
    made = program.vocabulary
    listed = lambda of, axis: ", ".join(of.axes[axis].elements)
    sides = [("control steps of", f"{made.dt:g} s", f"{names.dt:g} s")]
    sides += [(axis, listed(made, axis), listed(names, axis)) for axis in ("joints", "bodies")]
    for what, asked, found in sides:
        if asked != found:
            raise ValueError(
                f"{program.name} was compiled for {made.task}, with {what} {asked}; {names.task} has {found}. "
                "Give the spec itself: it is compiled for what it is to be paid on"
            )


def check_names(reward: Reward, given: Mapping[str, Any], where: str) -> None:
    """Raise QuantityError that lists what the spec reads and `where` does not have."""
    missing = sorted(name for name in reward.needs if name not in given and name != "time_limit")
    if missing:
        raise QuantityError(
            f"{reward.program.name} reads {', '.join(f'`{name}`' for name in missing)}, which {where} does not give; "
            f"it gives {', '.join(sorted(given))}"
        )
