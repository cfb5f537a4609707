"""Hypothesis strategies: states and episodes that shrink towards standing still in the default pose, a few numbers apart."""

from __future__ import annotations

import math
import warnings
from typing import Any, Dict, List, Tuple, Union

import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from .. import load_task
from ..lang.types import Kind
from ..lang.vocabulary import Vocabulary
from ..quantities import vocabulary
from ..task import Task
from .draws import draw
from .episode import Episode, episode
from .space import COUNTED, TIED, Quantities, Space

Where = Union[str, Task, Vocabulary, Space]
MAX_APART = 6  # numbers in which a state is not neutral


def space_of(task: Where) -> Space:
    """The states of a task: its name, folder, Task, vocabulary, or the space itself."""
    if isinstance(task, Space):
        return task
    return Space(
        task
        if isinstance(task, Vocabulary)
        else vocabulary(load_task(task) if isinstance(task, str) else task)
    )


def states(task: Where) -> st.SearchStrategy[Quantities]:
    """States of one environment: every raw quantity, name → tensor [1, ...] in float32, as a Reward takes them.

    Every number is legal, often at the end of its range, and most are as in the default pose. It shrinks towards that.
    """
    space = space_of(task)

    def row(literal: Dict[str, Any]) -> Quantities:
        state = space.state(literal)
        return {n: _single(x if n in space.model else x[None]) for n, x in state.items()}

    return _literals(space).map(row)


def episodes(task: Where, length: int = 5, envs: int = 1) -> st.SearchStrategy[Episode]:
    """Sequences of `length` steps for `envs` environments with resets in between, for `assert_law` and `Episode.run`."""
    space = space_of(task)
    return _timelines(space, length, envs).map(lambda literal: episode(space, literal))


def examples(task: Where, count: int, length: int, seed: int) -> List[Episode]:
    """So many sequences of one environment, as hypothesis generates them: nothing is kept between runs."""
    found: List[Episode] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(episodes(task, length))
    def collect(one: Episode) -> None:
        found.append(one)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return found[:count]


def _single(x: torch.Tensor) -> torch.Tensor:
    return x if x.dtype == torch.bool else x.float()


def _literals(space: Space) -> st.SearchStrategy[Dict[str, Any]]:
    """What differs from the neutral state, by address."""
    kinds: Dict[str, List[str]] = {}
    for text, (name, index) in space.addresses.items():
        tied = name in TIED and index[:1] == (0,)
        if name not in space.model and name not in COUNTED and not tied:
            kinds.setdefault(name, []).append(text)

    numbers: Dict[str, st.SearchStrategy[Any]] = {}
    names = st.lists(st.sampled_from(sorted(kinds)), max_size=MAX_APART)
    elements = {name: st.sampled_from(texts) for name, texts in kinds.items()}

    @st.composite
    def literal(draw: st.DrawFn) -> Dict[str, Any]:
        out = {}
        for name in draw(names):
            text = draw(elements[name])
            if text not in numbers:
                numbers[text] = _number(space, *space.addresses[text])
            out[text] = draw(numbers[text])
        return out

    return literal()


def _number(space: Space, name: str, index: Tuple[int, ...]) -> st.SearchStrategy[Any]:
    kind = space.raw[name].type.kind
    if kind is Kind.BOOL:
        return st.booleans()
    if kind is Kind.ROTATION:
        return st.tuples(*[st.floats(-3.14, 3.14).map(_plain)] * 3).map(_quaternion)
    low, high = (float(end[index]) for end in space.extreme(name))
    usual = [float(end[index]) for end in space.usual(name)]
    ends = st.sampled_from(sorted({low, high, *usual}))
    return st.one_of(st.floats(*usual).map(_plain), ends, st.floats(low, high).map(_plain))


def _plain(x: float) -> float:
    """A number of four digits, 0 if it is nearly that: what a simulator could give and a person can read."""
    return float(f"{x:.4g}") if abs(x) > 1e-6 else 0.0


def _quaternion(angles: Tuple[float, float, float]) -> List[float]:
    """xyzw of a rotation by roll, pitch and yaw."""
    (sr, cr), (sp, cp), (sy, cy) = ((math.sin(a / 2), math.cos(a / 2)) for a in angles)
    return [
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    ]


@st.composite
def _timelines(draw: st.DrawFn, space: Space, length: int, envs: int) -> Any:
    """Environments, their episodes, a state a step: as `episode` reads it."""
    state, out = _literals(space), []
    for _ in range(envs):
        parts = [[draw(state)]]
        for step in range(length):
            parts[-1].append(draw(state))
            if step + 1 < length and draw(st.integers(0, 4)) == 4:
                parts.append([draw(state)])
        for states_ in parts:  # at a reset there is no action yet, and no time is up
            states_[0] = {
                text: x for text, x in states_[0].items() if not text.startswith(("actions", "time_limit"))
            }
        out.append(parts)
    return out


def pool(space: Space, count: int, steps: int, seed: int) -> Episode:
    """`count` sequences: three quarters drawn at random in one go, the rest made by hypothesis, which likes the ends of ranges."""
    made = examples(space, count // 4, steps, seed) if count > 3 else []
    drawn = draw(space, count - len(made), steps, seed)
    join = lambda which: {
        n: x if n in space.model else torch.cat([*(getattr(e, which)[n] for e in made), x], 1)
        for n, x in getattr(drawn, which).items()
    }
    return Episode(
        space, join("reached"), torch.cat([*(e.reset for e in made), drawn.reset], 1), join("start")
    )
