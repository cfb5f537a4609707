"""The words of the language, each with the line that an editor shows for it. The grammars of `editors/` are tested against this table."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from ..lang import resolve, select, tables  # noqa: F401 - importing fills the tables of functions
from ..lang.registry import BUILTINS, FORMS, Builtin
from ..lang.types import COMPONENTS
from ..lang.units import SYMBOLS


class Word(NamedTuple):
    """A statement's first word: its form, what it means, and a snippet with numbered stops."""

    form: str
    doc: str
    snippet: str


STATEMENTS: Dict[str, Word] = {
    "task": Word("task NAME", "The vocabulary (quantities, joints, bodies) that the file is written for.", "task ${1:humanoid}"),
    "param": Word("param NAME = VALUE in [lo, hi]", "A number that can be set for a run, `--set NAME=VALUE`, without compiling again.",
                  "param ${1:name} = ${2:1.0} in [${3:0}, ${4:2}]"),
    "reward": Word("reward [GROUP] [per second] = expression", "A group of terms, paid once per control step; `per second` multiplies it by dt.",
                   "reward =\n    ${1:1.0 * alive}"),
    "total": Word("total = expression", "How the groups combine into what is paid; the default is their sum.", "total = ${1:reward}"),
    "terminate": Word("terminate NAME when condition", "Ends the episode as a failure.", "terminate ${1:name} when ${2:condition}"),
    "success": Word("success NAME when condition", "Ends the episode as a success.", "success ${1:name} when ${2:condition}"),
    "metric": Word("metric NAME = expression", "Logged, never paid.", "metric ${1:name} = ${2:expression}"),
    "expect": Word("expect condition", "A law that the reward is to obey.", "expect ${1:condition}"),
    "import": Word('import "file.reward" as NAME', "Another file's definitions, functions and params, as `NAME.x`.", 'import "${1:file.reward}" as ${2:name}'),
    "extends": Word('extends "file.reward"', "Starts from everything that another file has.", 'extends "${1:file.reward}"'),
    "weight": Word("weight TERM = expression", "Replaces a term's weight, sign included.", "weight ${1:term} = ${2:1.0}"),
    "drop": Word("drop TERM", "Removes a term (`drop terminate NAME`, `drop metric NAME`: those).", "drop ${1:term}"),
}  # fmt: skip
OPERATORS: Dict[str, str] = {
    "and": "Both conditions hold, element by element.", "or": "At least one of the conditions holds, element by element.",
    "not": "The condition does not hold; after an operator it takes one operand: `x * not touch`.",
    "as": "Names a term (`... as effort`) or an import.", "in": "The range of a param: `in [lo, hi]`.",
    "when": "What a termination waits for.", "per": "`per step` (the default) or `per second` (times dt).",
}  # fmt: skip
CLAIMS: Dict[str, Word] = {
    "increasing": Word("increasing(f, x)", "A law: f does not fall when the quantity or definition x rises and all else stays.", "increasing(${1:f}, ${2:x})$0"),
    "decreasing": Word("decreasing(f, x)", "A law: f does not rise when the quantity or definition x rises and all else stays.", "decreasing(${1:f}, ${2:x})$0"),
    "symmetric": Word("symmetric(f)", "A law: f is the same on the mirrored robot.", "symmetric(${1:f})$0"),
    "paid": Word("paid(NAME)", "What a term, a group or the `total` pays, its weight included.", "paid(${1:total})$0"),
    "return": Word("return(BEHAVIOUR)", "The mean discounted return of a scripted behaviour, which `check --probe` runs.", "return(${1:hold})$0"),
}  # fmt: skip
PER = {"step": "Paid once per control step: the default.", "second": "Multiplied by the control period dt."}
CONSTANTS = {"pi": "3.14159..., the only constant."}
UNITS = tuple(SYMBOLS)
COMPONENT_NAMES: Tuple[str, ...] = ("x", "y", "z", *COMPONENTS)


def function_names() -> List[str]:
    """Every function that a file can call without defining it."""
    return [*BUILTINS, *FORMS]


def function(name: str) -> Builtin:
    """A function of the language. Raises KeyError for another name."""
    return BUILTINS[name] if name in BUILTINS else FORMS[name]
