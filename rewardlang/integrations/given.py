"""What the environments of other projects start from: a spec as a file, a Spec or a compiled program, bound to their environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional, Union

import torch

from .. import Compiled, HostQuantity, Reward, Spec, Task, compile, load
from ..lang.loader import SHIPPED
from ..lang.resolve import resolve
from ..quantities import vocabulary
from ..reward import QuantityError

Given = Union[str, Path, Spec, Compiled]


def spec_of(spec: Union[str, Path, Spec]) -> Spec:
    """The spec of a file, or of the name of a shipped one, as "zoo/mjlab/velocity.reward". Raises RewardError, FileNotFoundError."""
    if isinstance(spec, Spec):
        return spec
    path = Path(spec)
    shipped = (
        []
        if path.is_file() or path.is_absolute()
        else [root / path for root in SHIPPED if (root / path).is_file()]
    )
    return load(shipped[0] if shipped else path)


def bound(spec: Given, num_envs: int, device: Any, task: Union[Task, str, None] = None, quantities: Optional[Mapping[str, Union[str, HostQuantity]]] = None,
          params: Optional[Mapping[str, float]] = None, dtype: torch.dtype = torch.float32) -> Reward:  # fmt: skip
    """The reward of a spec for `num_envs` environments. Raises RewardError for mistakes in the spec."""
    if not isinstance(spec, Compiled):
        spec = compile(spec_of(spec), task, quantities=quantities)
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


def check_names(reward: Reward, given: Mapping[str, Any], where: str) -> None:
    """Raise QuantityError that lists what the spec reads and `where` does not have."""
    missing = sorted(name for name in reward.needs if name not in given and name != "time_limit")
    if missing:
        raise QuantityError(
            f"{reward.program.name} reads {', '.join(f'`{name}`' for name in missing)}, which {where} does not give; "
            f"it gives {', '.join(sorted(given))}"
        )
