"""A broken law's case: as quantities that a person can read, and as Python code that reproduces it."""

from __future__ import annotations

import math
import pprint
from dataclasses import dataclass
from typing import Any, Dict, List

from ..lang.types import Kind
from ..lang.units import show
from .episode import Episode
from .space import Literal, Space, euler
from .subject import Subject
from .trace import Broken

MAX_LINES = 24


class LawBroken(AssertionError):
    """A law does not hold. `case` has the details."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.text())
        self.case = case


@dataclass(frozen=True)
class Case:
    """Where a law is broken, on the smallest episode that was found."""

    law: str
    doc: str
    subject: Subject
    broken: Broken
    episode: Episode

    @property
    def literal(self) -> List[List[List[Dict[str, Any]]]]:
        """The episode, as far as the spec reads it."""
        return self.episode.literal(self.subject.everything())

    def text(self) -> str:
        """The break in words, and the quantities that the part reads, step by step."""
        b = self.broken
        where = f"step {b.step}" + (
            f", environment {b.env} of {self.episode.count}" if self.episode.count > 1 else ""
        )
        lines = [
            f"{b.part}: {b.message}" if b.part != "(spec)" else b.message,
            f"the law `{self.law}`: {self.doc}",
        ]
        written = self.subject.written(b.part)
        if written:
            lines.insert(1, written)
        if b.part != "(spec)":
            lines += [
                f"at {where}, in the default pose at rest with the base 1 m up, but for:",
                *self._states(),
            ]
        return "\n".join(lines)

    def _states(self) -> List[str]:
        reads = self.subject.reads(self.broken.part)
        lines: List[str] = []
        for env, parts in enumerate(self.episode.literal(reads)):
            step = 0
            for states in parts:
                for at, literal in enumerate(states):
                    step += at > 0
                    name = f"step {step}" if at else "reset state"
                    head = f"env {env}, {name}" if self.episode.count > 1 else name
                    rows = readable(self.episode.space, literal)
                    lines += [f"  {head}: {row}" for row in rows] or [f"  {head}: nothing"]
        more = len(lines) - MAX_LINES
        return lines if more <= 0 else [*lines[:MAX_LINES], f"  and {more} more lines, all in the snippet"]

    def snippet(self) -> str:
        """Python code that raises the same LawBroken."""
        subject = self.subject
        given = repr(subject.path) if subject.path is not None else f'"""{subject.spec}"""'
        options = f", task={subject.task!r}, part={self.broken.part!r}"
        options += f", params={subject.params!r}" if subject.params else ""
        if self.broken.part == "(spec)":
            return f"from rewardlang.testing import assert_law\n\nassert_law({self.law!r}, {given}, task={subject.task!r})\n"
        body = pprint.pformat(self.literal, width=110, compact=False, sort_dicts=False)
        return (
            "from rewardlang.testing import assert_law\n\n"
            "# Environments, their episodes, a state a step (the reset state first): what is not as in the default pose at rest.\n"
            f"states = {body}\n"
            f"assert_law({self.law!r}, {given}{options}, episode=states)\n"
        )

    def to_dict(self) -> Dict[str, Any]:
        return {"message": self.broken.message, "step": self.broken.step, "environment": self.broken.env,
                "text": self.text(), "snippet": self.snippet()}  # fmt: skip


def readable(space: Space, literal: Literal) -> List[str]:
    """`dof_vel["left_knee"] = 2 rad/s`; vectors whole, rotations in degrees."""
    out = []
    for text, value in literal.items():
        quantity = space.raw[space.address(text)[0]]
        unit = show(quantity.type.unit)
        if quantity.type.kind is Kind.ROTATION:
            roll, pitch, yaw = (math.degrees(a) for a in euler(value))
            out.append(f"{text} = roll {roll:.4g}, pitch {pitch:.4g}, yaw {yaw:.4g} degrees")
        elif isinstance(value, bool):
            out.append(f"{text} = {str(value).lower()}")
        else:
            out.append(f"{text} = {value:.6g}{'' if unit in ('1', '') else ' ' + unit}")
    return out
