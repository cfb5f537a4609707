"""The table of built-in functions: one row holds a function's form, its doc and how it is built from typed operations.

What users read comes from the docstring of the function that builds it: the first paragraph, then lines that begin with `Formula:`,
`Example:` and `Source:` (an indented line goes on), then notes in Markdown. `rewardlang functions` and docs/reference show the same.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

FORM = re.compile(r"(\w+)\((.*)\)$")
FIELD = re.compile(r"^(Formula|Example|Source): (.*(?:\n[ \t]+\S.*)*)\n?", re.MULTILINE)


@dataclass(frozen=True)
class Parameter:
    """`optional` ones may be left out; an `axis` parameter takes an axis' name; `variadic` takes the rest."""

    name: str
    optional: bool = False
    axis: bool = False
    variadic: bool = False


@dataclass(frozen=True)
class Builtin:
    """A function of the language. `build(ops, *values)` gives its Value; a left-out argument is None, a variadic one a tuple."""

    name: str
    form: str
    parameters: Tuple[Parameter, ...]
    group: str
    text: str
    build: Callable[..., Any]

    @property
    def doc(self) -> str:
        """What it gives, in one line."""
        return " ".join(self.text.partition("\n\n")[0].split())

    @property
    def fields(self) -> Dict[str, str]:
        """`formula`, `example` and `source`, those that it has."""
        return {name.lower(): " ".join(text.split()) for name, text in FIELD.findall(self.text)}

    @property
    def optional(self) -> str:
        """The parameters that may be left out."""
        return ", ".join(p.name for p in self.parameters if p.optional)

    @property
    def notes(self) -> str:
        """What else is to know, in Markdown."""
        return FIELD.sub("", self.text.partition("\n\n")[2]).strip()

    @property
    def fewest(self) -> int:
        return sum(not p.optional for p in self.parameters)

    @property
    def most(self) -> Optional[int]:
        return None if any(p.variadic for p in self.parameters) else len(self.parameters)


BUILTINS: Dict[str, Builtin] = {}
FORMS: Dict[str, Builtin] = {}  # calls with patterns, which calls.py reads by itself
GROUPS = {
    "elementwise": "One value in, one out, for each element; they keep the axes.",
    "reductions": "They take away axes: all, or the one named by `over=`. A single number reduces to itself.",
    "vectors": "Of values with components: `.x .y .z`, swizzles such as `.xy`, literals such as `[0, 0, 1]`.",
    "rotations": "Quaternions are xyzw. A rotation goes from a frame to another and takes vectors along.",
    "kernels": "How near a value is to a target, as a number from 0 to 1 without a unit.",
    "gait": "Where in its cycle each foot is, and what it should do there.",
    "schedules": "They change over the run; a weight may be made of them.",
    "selections": "Elements of an axis by pattern, the sides of the robot, and a number for each element.",
    "state": "What they remember is kept for each environment, and reset with its episode, by the runtime.",
}


def described() -> Dict[str, List[Builtin]]:
    """Every function by its group, in the order in which they are explained."""
    every = [*FORMS.values(), *BUILTINS.values()]
    return {group: [b for b in every if b.group == group] for group in GROUPS}


def form(shown: str, text: str) -> None:
    """Describe a call with patterns, which is no ordinary function."""
    name = shown.partition("(")[0]
    FORMS[name] = Builtin(name, shown, (), "selections", inspect.cleandoc(text), lambda: None)


def builtin(form: str, group: str, text: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function under its form: `clip(x, lo=, hi=)`, `sum(x, over=AXIS, where=)`, `min(*values)`.

    `text` stands in for a docstring where one function builds several.
    """
    match = FORM.match(form)
    assert match is not None, form
    parameters = []
    for word in filter(None, (part.strip() for part in match[2].split(","))):
        name, optional, default = word.lstrip("*").partition("=")
        parameters.append(Parameter(name, bool(optional), default == "AXIS", word.startswith("*")))

    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        shown = (
            form.replace("*values", "a, b, ...")
            .replace("=AXIS", "=axis")
            .replace("=,", ",")
            .replace("=)", ")")
        )
        words = inspect.cleandoc(text or build.__doc__ or "")
        BUILTINS[match[1]] = Builtin(match[1], shown, tuple(parameters), group, words, build)
        return build

    return register
