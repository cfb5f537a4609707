"""The mirror image of an episode: sides swapped, with the signs that a mirror in the robot's x-z plane gives."""

from __future__ import annotations

from typing import Optional, Sequence

import torch

from ..lang.vocabulary import Quantity
from .episode import Episode
from .space import Quantities, Space

SIGNS = {"polar": {"x": 1.0, "y": -1.0, "z": 1.0}, "axial": {"x": -1.0, "y": 1.0, "z": -1.0}}
QUATERNION = (-1.0, 1.0, -1.0, 1.0)


def without_image(space: Space, names: Sequence[str]) -> Optional[str]:
    """Why these quantities have no mirror image, if one has none."""
    vocabulary = space.vocabulary
    if not any(vocabulary.pairs.values()):
        return "the task names no left/right pairs"
    for name in names:
        quantity = space.raw[name]
        axis = next((a for a in quantity.type.axes if a.name == "joints"), None)
        if quantity.mirror == "joint" and axis is not None:
            odd = [joint for joint in axis.elements if not vocabulary.joint_signs.get(joint)]
            if odd:
                return f"joint {odd[0]} has no mirror image"
    return None


def mirror_of(episode: Episode) -> Episode:
    """The same with the robot mirrored; what it is made of stays."""
    change = lambda states: _image(episode.space, states)
    return Episode(episode.space, change(episode.reached), episode.reset, change(episode.start))


def _image(space: Space, states: Quantities) -> Quantities:
    return {
        name: x if name in space.model else _mirrored(space, space.raw[name], x) for name, x in states.items()
    }


def _mirrored(space: Space, quantity: Quantity, x: torch.Tensor) -> torch.Tensor:
    axes, kind = quantity.type.axes, quantity.mirror
    for at, axis in enumerate(axes):
        partner = {a: b for pair in space.vocabulary.pairs.get(axis.name, ()) for a, b in (pair, pair[::-1])}
        order = [axis.elements.index(partner.get(name, name)) for name in axis.elements]
        if not axis.is_components and order != sorted(order):
            x = x.index_select(at + 2, torch.tensor(order))
    if kind == "rotation":
        return x * torch.tensor(QUATERNION, dtype=x.dtype)
    if kind in SIGNS:
        return x * torch.tensor([SIGNS[kind][c] for c in axes[-1].elements], dtype=x.dtype)
    if kind == "joint":
        at = next(i for i, axis in enumerate(axes) if axis.name == "joints")
        signs = torch.tensor(
            [space.vocabulary.joint_signs.get(j, 1.0) for j in axes[at].elements], dtype=x.dtype
        )
        return x * signs.view(-1, *[1] * (len(axes) - at - 1))
    return -x if kind == "flip" else x
