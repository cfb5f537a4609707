"""Random legal sequences of states, thousands of states at once, from a seed."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..lang.types import Kind
from .episode import Episode
from .space import FRICTION, TIED, Quantities, Space

ORDINARY, EXTREME, SPARSE = range(3)  # a mood for each environment
MOODS = (ORDINARY, EXTREME, ORDINARY, SPARSE)
SHARE = 0.1  # of numbers that are at the end of what is legal, or are not neutral
COMMAND_LASTS = 0.8  # a command stays what it was on this share of steps
RESETS = 0.15
HALF = math.sqrt(0.5)
POSES = (
    (1.0, 0, 0, 0),
    (0, HALF, 0, HALF),
    (0, -HALF, 0, HALF),
    (0, 0, 1.0, 0),
    (HALF, 0, 0, HALF),
)  # upside down, on its face...


def draw(space: Space, count: int, steps: int, seed: int) -> Episode:
    """`count` environments over `steps` steps with random resets. A quarter is extreme, a quarter is neutral but for a few numbers."""
    random = _Random(seed)
    moods = torch.tensor([MOODS[i % len(MOODS)] for i in range(count)])
    model = {name: _exactly(space, name, random) for name in space.model}
    reset = random(steps + 1, count) < RESETS
    reset[0] = True
    reset[-1] = steps == 0
    if count > 1:  # one that is never reset, so that no step looks like a first one
        reset[1:, -1] = False
    reached = _states(space, steps + 1, moods, random)
    start = _states(space, steps + 1, torch.full_like(moods, ORDINARY), random)
    for name in ("actions", "time_limit"):
        if name in start:
            start[name] = torch.zeros_like(start[name])
    for name in (n for n in reached if n.startswith("command_")):
        _held(reached[name], start[name], reset, random)
    return Episode(space, {**reached, **model}, reset, {**start, **model}).settled(space.vocabulary.dt)


class _Random:
    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=self.generator, dtype=torch.float64)

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)


def _exactly(space: Space, name: str, random: _Random) -> torch.Tensor:
    """One value of a number of the robot's own."""
    low, high = space.usual(name)
    if name == "body_mass":
        low = low.clamp(min=0.1)
    drawn = low + (high - low) * random(*low.shape)
    return torch.where(low == high, low, drawn.float().double())


def _states(space: Space, steps: int, moods: torch.Tensor, random: _Random) -> Quantities:
    """Every quantity that has rows. [steps, N, ...]"""
    out: Quantities = {}
    for name, quantity in space.raw.items():
        if name in space.model:
            continue
        kind, neutral = quantity.type.kind, space.neutral[name]
        lead = (steps, len(moods))
        shape = (*lead, *(len(axis) for axis in quantity.type.axes))
        mood = moods.view(1, -1, *[1] * (len(shape) - 2))
        if kind is Kind.BOOL:
            out[name] = random(*shape) < SHARE
        elif kind is Kind.ROTATION:
            out[name] = _rotations(shape, mood[..., None], random)
        else:
            x = _between(space.usual(name), random(*shape))
            bottom, top = space.extreme(name)
            ends = torch.where(random(*shape) < 0.5, bottom, top)
            x = torch.where((mood == EXTREME) & (random(*shape) < SHARE), ends, x)
            low, high = space.limits[name]
            x = torch.where((mood == SPARSE) & (random(*shape) > SHARE), neutral, x)
            out[name] = torch.minimum(torch.maximum(x.float().double(), low), high)
    return _placed(space, out, random)


def _between(ends: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    return ends[0] + (ends[1] - ends[0]) * share


def _rotations(shape: Any, mood: torch.Tensor, random: _Random) -> torch.Tensor:
    """Unit quaternions: mostly upright with any heading; any at all, and the awkward ones, where the mood is extreme."""
    anything = random.normal(*shape, 4)
    tilt = 0.2 * random.normal(*shape, 4)
    angle = (2 * random(*shape) - 1) * math.pi
    turned = torch.stack(
        (torch.zeros_like(angle), torch.zeros_like(angle), torch.sin(angle / 2), torch.cos(angle / 2)), -1
    )
    upright = turned + tilt * torch.tensor([1.0, 1, 0, 0]).double()
    poses = torch.tensor(POSES, dtype=torch.float64)[(random(*shape) * len(POSES)).long()]
    wild = torch.where((random(*shape) < SHARE)[..., None], poses, anything)
    identity = torch.tensor([0.0, 0, 0, 1]).double().expand(*shape, 4)
    sparse = torch.where((random(*shape) > SHARE)[..., None], identity, upright)
    q = torch.where(mood == EXTREME, wild, torch.where(mood == SPARSE, sparse, upright))
    return q / q.norm(dim=-1, keepdim=True)


def _placed(space: Space, states: Quantities, random: _Random) -> Quantities:
    """What belongs together: bodies near the base and above the floor, forces only where a body touches it and within friction."""
    if "root_pos" in states:
        states["root_pos"][..., 2] = states["root_pos"][..., 2].abs()
    if "body_pos" in states and "root_pos" in states:
        states["body_pos"] += states["root_pos"][:, :, None]
        states["body_pos"][..., 2] = states["body_pos"][..., 2].abs() / 2
    if "contact_forces" in states:
        forces = states["contact_forces"]
        touches = random(*forces.shape[:-1]) < 0.3
        up = forces[..., 2].abs()
        slide = FRICTION * (2 * random(*up.shape, 2) - 1) * up[..., None]
        states["contact_forces"] = (
            torch.where(touches[..., None], torch.cat((slide, up[..., None]), -1), 0.0).float().double()
        )
        if "body_pos" in states:
            height = states["body_pos"][..., 2]
            states["body_pos"][..., 2] = torch.where(touches, height.clamp(max=0.05), height)
    for name in ("dof_vel", "actions"):  # often exactly 0
        if name in states:
            states[name] = torch.where(random(*states[name].shape) < 0.2, 0.0, states[name])
    for name in {*TIED, *TIED.values()} & set(states):
        states[name] = states[name].float().double() if not name.endswith("quat") else states[name]
    return space.tied(states)


def _held(reached: torch.Tensor, start: torch.Tensor, reset: torch.Tensor, random: _Random) -> None:
    """Let a command last for several steps, and begin with the reset state's."""
    for step in range(1, len(reached)):
        before = torch.where(
            reset[step - 1].view(-1, *[1] * (reached.dim() - 2)), start[step - 1], reached[step - 1]
        )
        same = (random(reached.shape[1]) < COMMAND_LASTS).view(-1, *[1] * (reached.dim() - 2))
        reached[step] = torch.where(same, before, reached[step])
