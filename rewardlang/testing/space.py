"""The states that a task can be in, as its vocabulary tells them: what is neutral, how far each number may go, what goes together."""

from __future__ import annotations

import itertools
import math
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple, Union

import torch

from ..lang.diagnostics import did_you_mean
from ..lang.expect import DELTA
from ..lang.types import Kind
from ..lang.units import show
from ..lang.vocabulary import Quantity, Vocabulary

Quantities = Dict[str, torch.Tensor]
Literal = Mapping[str, Any]  # address → number, bool or list: what differs from the neutral state

# How far an unbounded number usually goes, by its unit, and in the extreme: so many times as far.
USUAL = {"m": 1.0, "m/s": 2.0, "rad/s": 6.0, "N": 200.0, "N*m": 50.0, "rad": 3.0, "kg": 5.0}
EXTREME = 100.0
FRICTION = 0.8
TIED = {
    "body_pos": "root_pos",
    "body_quat": "root_quat",
    "body_lin_vel": "root_lin_vel",
    "body_ang_vel": "root_ang_vel",
}
ABOVE = ("root_pos", "body_pos", "contact_forces")  # the floor holds, and pushes up
ONES = ("body_mass", DELTA)  # neutral is 1, not 0
COUNTED = ("episode_step", "episode_time")
IDENTITY = (0.0, 0.0, 0.0, 1.0)


class Space:
    """The states of a task. A state is every raw quantity; those of kind `model` are the robot's own and have no rows."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.raw: Dict[str, Quantity] = {
            q.name: q
            for q in vocabulary.quantities.values()
            if not q.definition and q.kind in ("state", "model", "host")
        }
        self.model = dict.fromkeys(
            name for name, q in self.raw.items() if q.kind == "model"
        )  # in order: seeds
        self.limits = {name: self._limits(q) for name, q in self.raw.items()}  # [2, elements]
        self.neutral = self._neutral()
        self.addresses: Dict[str, Tuple[str, Tuple[int, ...]]] = {
            text: (name, index) for name, q in self.raw.items() for text, index in _addresses(q)
        }

    def _limits(self, quantity: Quantity) -> torch.Tensor:
        shape = [len(axis) for axis in quantity.type.axes]
        each = torch.tensor(quantity.each or [quantity.type.range], dtype=torch.float64)
        if len(each) > 1 and len(shape) > 1:
            each = each.view(-1, *[1] * (len(shape) - 1), 2)
        elif len(each) == 1:
            each = each[0]
        return torch.stack((each[..., 0].expand(shape), each[..., 1].expand(shape)))

    def _neutral(self) -> Quantities:
        """Standing still in the default pose, all forces 0."""
        out: Quantities = {}
        for name, quantity in self.raw.items():
            kind, shape = quantity.type.kind, [len(axis) for axis in quantity.type.axes]
            if kind is Kind.BOOL:
                out[name] = torch.zeros(shape, dtype=torch.bool)
            elif kind is Kind.ROTATION:
                out[name] = torch.tensor(IDENTITY, dtype=torch.float64).expand(*shape, 4).clone()
            else:
                low, high = self.limits[name]
                some = torch.full_like(low, float(name in ONES))
                out[name] = torch.minimum(torch.maximum(some, low), high)
        for name in ("root_pos", "body_pos"):
            if name in out:
                out[name][..., 2] = 1.0
        if "dof_pos" in out and "default_dof_pos" in out:
            out["dof_pos"] = out["default_dof_pos"].clone()
        return out

    def usual(self, name: str) -> torch.Tensor:
        """The ends between which a quantity's numbers usually lie. [2, elements]"""
        return self._within(name, 1.0)

    def extreme(self, name: str) -> torch.Tensor:
        """The ends of what is legal; where there are none, far out. [2, elements]"""
        return self._within(name, EXTREME)

    def _within(self, name: str, times: float) -> torch.Tensor:
        low, high = self.limits[name]
        far = times * USUAL.get(show(self.raw[name].type.unit), 1.0)
        from_, to = low.clamp(min=-far), high.clamp(max=far)
        if name in ABOVE:
            from_[..., 2] = from_[..., 2].clamp(min=0.0)
        empty = from_ > to  # a range that lies farther out
        return torch.stack((torch.where(empty, low, from_), torch.where(empty, high, to)))

    # literals

    def state(self, literal: Literal) -> Quantities:
        """A state from what differs from the neutral one: `{"root_quat": [x, y, z, w], 'dof_vel["left_knee"]': 2.0}`.

        Raises ValueError for an address that the task does not have.
        """
        out = {name: value.clone() for name, value in self.neutral.items()}
        for text, value in literal.items():
            name, index = self.address(text)
            whole = torch.as_tensor(value, dtype=out[name].dtype)
            out[name][index] = whole.expand_as(out[name][index]) if whole.dim() == 0 else whole
        return self.tied(out)

    def address(self, text: str) -> Tuple[str, Tuple[int, ...]]:
        """The quantity and the index that an address names."""
        if text in self.raw:
            return text, ()
        if text not in self.addresses:
            near = did_you_mean(text, [*self.raw, *self.addresses])
            raise ValueError(
                f"the task {self.vocabulary.task} has no quantity `{text}`" + (f"; {near}" if near else "")
            )
        return self.addresses[text]

    def differences(
        self, state: Quantities, names: Sequence[str] = ()
    ) -> Dict[str, Union[float, bool, List[float]]]:
        """The literal of a state, of some quantities or all: rotations whole, numbers one by one."""
        out: Dict[str, Union[float, bool, List[float]]] = {}
        for name in names or self.raw:
            if torch.equal(state[name], self.neutral[name]):
                continue
            for text, index in _addresses(self.raw[name]):
                here, usual = state[name][index], self.neutral[name][index]
                if not torch.equal(here, usual) and not (name in TIED and index[:1] == (0,)):
                    out[text] = here.tolist()
        return out

    # what goes together

    def tied(self, states: Quantities) -> Quantities:
        """The states with the first body where the base is: they are one."""
        for body, root in TIED.items():
            if body in states and root in states and states[body].shape[states[root].dim() - 1]:
                at = states[root].dim() - 1
                states[body] = states[body].clone()
                states[body].select(at, 0).copy_(states[root])
        return states


def _addresses(quantity: Quantity) -> Iterator[Tuple[str, Tuple[int, ...]]]:
    """Each number of a quantity by name and index: `dof_vel["left_knee"]`, `root_pos.z`; a rotation is one."""
    axes = quantity.type.axes
    for index in itertools.product(*(range(len(axis)) for axis in axes)):
        text = quantity.name
        for axis, i in zip(axes, index):
            text += f".{axis.elements[i]}" if axis.is_components else f'["{axis.elements[i]}"]'
        yield text, index


def euler(quat: Sequence[float]) -> Tuple[float, float, float]:
    """Roll, pitch and yaw of a quaternion xyzw, rad."""
    x, y, z, w = quat
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (w * y - z * x))))
    return roll, pitch, math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
