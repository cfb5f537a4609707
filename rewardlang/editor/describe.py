"""What a name is, as the Markdown that an editor shows beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, List, Optional, Sequence

from ..lang import nodes as n
from ..lang.registry import Builtin
from ..lang.types import Kind, Type, frame_text
from ..lang.units import show
from ..lang.vocabulary import Quantity, Vocabulary
from ..show import interval
from . import words
from .analysis import Analysis

MAX_LINES = 12
MAX_NAMES = 16


def code(text: str) -> str:
    """Text as a block that the editor highlights."""
    lines = text.strip("\n").split("\n")
    return "```reward\n" + "\n".join(lines[:MAX_LINES] + ["..."] * (len(lines) > MAX_LINES)) + "\n```"


def paragraphs(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def type_text(type: Type) -> str:
    """`[joints] N*m, base frame, in -5..5`: axes, unit, frame, range."""
    axes = f"[{', '.join(axis.name for axis in type.axes)}]" if type.axes else ""
    if type.kind is Kind.SELECTION:
        return f"selection of {type.axes[0].name}: {names(type.axes[0].elements)}"
    if type.kind is Kind.ROTATION:
        return f"{axes} rotation, {type.turns[0]} to {type.turns[1]}".strip()
    if type.kind is Kind.BOOL:
        return f"{axes} bool".strip()
    if type.kind is Kind.STRING:
        return "text"
    unit = show(type.unit) if type.unit is not None else ""
    unit = "without a unit" if unit in ("", "1") else unit
    frame = frame_text(type.frames) if type.vector is not None else ""
    number = f"{axes or 'number'} {unit}"
    range = interval(type.range)
    if range and range[0] not in "<>":
        range = f"in {range}" if ".." in range else f"= {range}"
    return ", ".join(filter(None, [number, f"{frame} frame" if frame else "", range]))


def full_type(type: Type, vocabulary: Optional[Vocabulary]) -> str:
    """The same with the elements of each axis that a selection has narrowed."""
    axes = {} if vocabulary is None or type.kind is Kind.SELECTION else vocabulary.axes
    parts = [axis for axis in type.entities if axis.name in axes and axis != axes[axis.name]]
    return "; ".join([type_text(type), *(f"{axis.name}: {names(axis.elements)}" for axis in parts)])


def names(elements: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in elements[:MAX_NAMES])
    return shown + (f" and {len(elements) - MAX_NAMES} more" if len(elements) > MAX_NAMES else "")


def quantity(q: Quantity, task: str) -> str:
    """A name of the vocabulary: type, doc, and its line if it is derived."""
    where = {
        "model": "fixed by the robot",
        "run": "one number for the whole run",
        "outcome": "decided by the terminations",
    }
    line = f"{q.name} = {q.definition}" if q.definition else q.name
    return paragraphs(
        [
            code(line),
            q.doc,
            type_text(q.type),
            f"*quantity of the task {task}{', ' + where[q.kind] if q.kind in where else ''}*",
        ]
    )


def builtin(name: str) -> str:
    """A function of the language: its form, what it gives, formula and example."""
    f = words.function(name)
    fields = f.fields
    said = [code(f.form), f.doc, f"Formula: `{fields['formula']}`" if "formula" in fields else "",
            f"May be left out: {f.optional}" if f.optional else "", f.notes, code(fields["example"]) if "example" in fields else ""]  # fmt: skip
    return paragraphs([*said, f"*{f.group}*"])


def in_short(f: Builtin) -> str:
    """A function's first line and its formula, for a list of many."""
    return paragraphs([f.doc, f"`{f.fields['formula']}`" if "formula" in f.fields else ""])


def statement(
    s: n.Statement, type: Optional[Type], what: str = "", vocabulary: Optional[Vocabulary] = None
) -> str:
    """A statement of a file: its text and the type of what it defines."""
    kinds = {
        n.Param: "param",
        n.Definition: "definition",
        n.Function: "function",
        n.Import: "import",
        n.Metric: "metric",
    }
    what = what or kinds.get(s.__class__, "")
    return paragraphs(
        [
            code(s.span.text),
            full_type(type, vocabulary) if type is not None else "",
            f"*{what}*" if what else "",
        ]
    )


def term(analysis: Analysis, name: str) -> str:
    """A term: its weight and value, as the table of `rewardlang check` has them."""
    program = analysis.program or analysis.salvaged
    found = None if program is None else next((t for t in program.terms if t.name == name), None)
    if program is None or found is None:
        return paragraphs([f"**{name}**", "*term*"])
    weight, value = program.nodes[found.weight], program.nodes[found.value]
    size = (
        interval(weight.type.range) if weight.type.range[0] == weight.type.range[1] else weight.type.shape()
    )
    at_work = (
        f"weight {size}" if weight.op == "const" else f"weight {interval(weight.type.range) or 'varies'}"
    )
    return paragraphs([code(f"{found.text}  as {name}" if found.text != name else name), f"{at_work}, value {type_text(value.type)}",
                       f"*term of the group {found.group}*"])  # fmt: skip


def group(analysis: Analysis, name: str) -> str:
    """A reward group with its terms."""
    own = [
        s
        for s in (analysis.joined or analysis.tree).statements
        if isinstance(s, n.Reward) and s.group == name
    ]
    program = analysis.program or analysis.salvaged
    terms = [] if program is None else [t.name for t in program.terms if t.group == name]
    per = "second (times dt)" if own and own[0].per_second else "step"
    return paragraphs(
        [f"**{name}**, paid per {per}", f"terms: {names(terms)}" if terms else "", "*reward group*"]
    )


def task(analysis: Analysis) -> str:
    """The task that a file is checked for."""
    t = analysis.task
    if t is None:
        return ""
    groups: List[str] = [] if analysis.vocabulary is None else list(analysis.vocabulary.groups)
    path: Path = t.path
    return paragraphs([f"**{t.name}**: {len(t.dof_names)} joints, {len(t.body_names)} bodies, a control step of {t.dt:g} s",
                       f"groups: {names(groups)}" if groups else "", f"*task*, `{path.parent.name}/{path.name}`"])  # fmt: skip


def selection(vocabulary: Vocabulary, name: str) -> str:
    """A group of the task or an axis."""
    axis = vocabulary.groups.get(name) or vocabulary.axes[name]
    what = "group" if name in vocabulary.groups else "axis"
    return paragraphs(
        [
            f"**{name}**: {len(axis.elements)} {axis.name}",
            names(axis.elements),
            f"*{what} of the task {vocabulary.task}*",
        ]
    )
