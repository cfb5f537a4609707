"""The table of built-in functions: one row holds a function's form, its doc and how it is built from typed operations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

FORM = re.compile(r"(\w+)\((.*)\)$")


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
    doc: str
    build: Callable[..., Any]

    @property
    def fewest(self) -> int:
        return sum(not p.optional for p in self.parameters)

    @property
    def most(self) -> Optional[int]:
        return None if any(p.variadic for p in self.parameters) else len(self.parameters)


BUILTINS: Dict[str, Builtin] = {}


def builtin(form: str, group: str, doc: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function under its form: `clip(x, lo=, hi=)`, `sum(x, over=AXIS, where=)`, `min(*values)`."""
    match = FORM.match(form)
    assert match is not None, form
    parameters = []
    for text in filter(None, (part.strip() for part in match[2].split(","))):
        name, optional, default = text.lstrip("*").partition("=")
        parameters.append(Parameter(name, bool(optional), default == "AXIS", text.startswith("*")))

    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        shown = (
            form.replace("*values", "a, b, ...")
            .replace("=AXIS", "=axis")
            .replace("=,", ",")
            .replace("=)", ")")
        )
        BUILTINS[match[1]] = Builtin(match[1], shown, tuple(parameters), group, doc, build)
        return build

    return register
