"""Write the generated pages of docs/reference and the index of docs/errors.md: `python -m docs.generate`.

What they say comes from the compiler's own tables, so it cannot be wrong; a test compares the committed pages with these.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Dict, Iterable, List, Sequence

from rewardlang import shipped_tasks
from rewardlang.lang.registry import GROUPS, Builtin, described
from rewardlang.lang.types import FRAMES, Kind, frame_text
from rewardlang.lang.units import ORDER, SYMBOLS, show
from rewardlang.lang.vocabulary import Quantity, Vocabulary
from rewardlang.quantities import ROWS, vocabulary
from rewardlang.show import interval
from rewardlang.task import Task, load_task

DOCS = Path(__file__).parent
INDEX = re.compile(r"(<!-- index -->\n).*?(<!-- end of index -->\n)", re.DOTALL)
NOTE = "<!-- Written by docs/generate.py from the compiler's tables: `python -m docs.generate`. -->\n"

OPERATORS = (  # loosest first
    ("`or`", "from the left", "either holds", "`a or b`"),
    ("`and`", "from the left", "both hold", "`a and b`"),
    ("`not`", "before", "does not hold; right after an arithmetic operator it takes one operand", "`not a`, `x * not touch`"),
    ("`<` `<=` `>` `>=` `==` `!=`", "chains", "0 or 1; a chain is each pair at once", "`0.2 < x < 0.5`"),
    ("`+` `-`", "from the left", "sum, difference; of equal units and frames", "`a + b`"),
    ("`*` `/`", "from the left", "product, quotient; the units too", "`a * b`"),
    ("`-` `+` (sign)", "before", "so `-x^2` is `-(x^2)`", "`-a`"),
    ("`^`", "from the right", "power; `**` is the same and is formatted to `^`", "`a^2`"),
    ("`f(...)` `.x` `[...]`", "after", "call, component, selection", "`norm(v)`, `v.xy`, `q[knees]`"),
)  # fmt: skip
UNITS = {
    "m": "metre", "s": "second", "kg": "kilogram", "rad": "radian; counts as 1", "N": "newton", "Pa": "pascal", "W": "watt", "J": "joule",
}  # fmt: skip


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> List[str]:
    """A table in Markdown."""
    line = lambda cells: "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    return [line(head), line(["---"] * len(head)), *map(line, rows), ""]


def functions() -> str:
    """docs/reference/functions.md"""
    out = ["# Functions", "", NOTE]
    out += [
        "`rewardlang functions` lists them, `rewardlang functions NAME` explains one. Arguments may be named: `clip(x, hi=1)`. A file",
        "defines more: `track(error, width) = exp(-(error / width)^2)`.",
        "",
        "Elementwise functions match axes by name and keep them; those of several values want one unit. What is written as a",
        "formula below is in the language's own notation where it can be.",
        "",
    ]
    out += table(["group", "functions"], ([f"[{group}](#{group})", " ".join(f"[`{b.name}`](#{b.name})" for b in members)]
                                          for group, members in described().items()))  # fmt: skip
    for group, members in described().items():
        out += [f"## {group.capitalize()}", "", GROUPS[group], ""]
        for member in members:
            out += _function(member)
    return _page(out)


def _function(builtin: Builtin) -> List[str]:
    out = [f"### {builtin.name}", "", f"`{builtin.form}`: {builtin.doc}", ""]
    fields = builtin.fields
    lines = [f"- formula: `{fields['formula']}`"] if "formula" in fields else []
    lines += [f"- example: `{fields['example']}`"] if "example" in fields else []
    lines += [f"- source: {fields['source']}"] if "source" in fields else []
    lines += [f"- may be left out: {builtin.optional}"] if builtin.optional else []
    out += [*lines, ""] if lines else []
    return out + ([_spaced(builtin.notes), ""] if builtin.notes else [])


def _spaced(notes: str) -> str:
    """Notes with a blank line before each list, as Markdown wants it."""
    return re.sub(r"(^|\n)([^-\n].*)\n- ", r"\1\2\n\n- ", notes)


def operators() -> str:
    """docs/reference/operators.md"""
    out = [
        "# Operators and units",
        "",
        NOTE,
        "## Precedence",
        "",
        "Loosest first. All work element by element.",
        "",
    ]
    out += table(["operators", "read", "meaning", "example"], OPERATORS)
    out += [
        "A comparison inside arithmetic wants parentheses: `(x > 0) * y`. A condition counts as 0 or 1 in arithmetic; `and or not`,",
        "`where`, `any all count` and the operators below that take `cond` want a condition. `pi` is the only constant.",
        "",
        "## Operators that remember",
        "",
        GROUPS["state"],
        "Each advances once a control step, also where its value is not used; equal expressions share one state.",
        "",
    ]
    out += table(["operator", "value", "formula"], (
        [f"[`{b.form}`](functions.md#{b.name})", b.doc, f"`{b.fields['formula']}`"] for b in described()["state"]))  # fmt: skip
    out += [
        "## Units",
        "",
        "A unit follows a number, in brackets: `0.3[m/s]`, `9.81[m/s^2]`, `5[N*m]`, `2[N/(m*s)]`, `1[m^(1/2)]`. `1` is no unit.",
        "",
    ]
    out += table(["unit", "name", "reduces to"], ([f"`{s}`", UNITS[s], f"`{_reduced(s)}`"] for s in ORDER))
    out += [
        "| value | its unit |",
        "| --- | --- |",
        "| a plain number, a param or table without a unit | whatever fits, at each use anew |",
        "| a product or quotient with one of those | likewise, unless both factors are constants: `2*0.3[m]` is in m |",
        "| a condition, a count, a kernel | 1 |",
        "| `x^n` | that of x to the power n; n is a constant if x has a unit |",
        "| `rate(x)`, `integral(x)` | that of x per s, that of x times s |",
        "| `var(x)`, `std(x)` | that of x squared, that of x |",
        "| a term | none: its weight absorbs it |",
    ]
    return _page(out)


def _reduced(symbol: str) -> str:
    above, below = [], []
    for name, power in zip(("kg", "m", "s"), SYMBOLS[symbol]):
        (above if power > 0 else below).extend(
            [name if abs(power) == 1 else f"{name}^{abs(power)}"] if power else []
        )
    top = "*".join(above) or "1"
    return top if not below else f"{top}/{below[0]}" if len(below) == 1 else f"{top}/({'*'.join(below)})"


def quantities() -> str:
    """docs/reference/quantities.md"""
    tasks = {name: load_task(name) for name in sorted(shipped_tasks())}
    names = {name: vocabulary(task) for name, task in tasks.items()}
    known: Dict[str, Quantity] = {}
    for words in names.values():
        known.update({name: q for name, q in words.quantities.items() if name not in known})
    shared = {row.name: known[row.name] for row in ROWS if row.name in known}
    out = ["# Quantities", "", NOTE]
    out += [
        "What a reward, an observation or a termination can read. `rewardlang quantities TASK` prints it for any task, your own too.",
        "Axes are named and matched by name; the axis of the environments is implicit. `joints` of `actions` are those that are driven.",
        "",
    ]
    for title, about, chosen in (
        ("State", "They change with every step, for each environment.", lambda q: q.kind == "state" and not q.definition and not _command(q)),
        ("Commands", "What the robot is asked to do, in tasks that have `commands`.", _command),
        ("Derived", "Each is a line of the language, computed only where it is read.", lambda q: bool(q.definition)),
        ("Outcomes", "Decided by the terminations, before the terms are paid.", lambda q: q.kind == "outcome"),
        ("The robot", "Fixed by the robot and the task.", lambda q: q.kind == "model"),
        ("The run", "One number for all environments; weights may depend on it.", lambda q: q.kind == "run"),
    ):  # fmt: skip
        rows = [q for q in shared.values() if chosen(q)]
        mirrors, lines = any(q.mirror for q in rows), any(q.definition for q in rows)
        head = [
            "name",
            "axes",
            "unit",
            "frame",
            *(["mirror"] if mirrors else []),
            "what it is",
            *(["definition"] if lines else []),
        ]
        out += [f"## {title}", "", about, ""]
        out += table(head, ([f"`{q.name}`", _axes(q), _unit(q), _frame(q), *([q.mirror] if mirrors else []), q.doc,
                             *([f"`{q.definition}`"] if lines else [])] for q in rows))  # fmt: skip
    out += [
        "`mirror` says what `mirror(x)` does, beside swapping left and right: a `polar` vector changes the sign of y, an `axial` one",
        "those of x and z, a `joint` value changes sign if its axis is mirrored against its partner's, a `flip` always, a `rotation` is",
        "that of the mirrored body. Derived names follow from what they read.",
        "",
    ]
    for name in names:
        out += _task(tasks[name], names[name], shared)
    return _page(out)


def _task(task: Task, words: Vocabulary, shared: Dict[str, Quantity]) -> List[str]:
    out = [f"## Task {task.name}", ""]
    out += [
        f"Control at {1 / task.dt:g} Hz (`dt` = {task.dt:g} s), episodes of {task.episode_length_s:g} s.",
        "",
    ]
    out += table(
        ["axis", "elements"],
        ([f"`{axis.name}`", " ".join(f"`{e}`" for e in axis.elements)] for axis in words.axes.values()),
    )
    if words.groups:
        out += table(["group", "selects"], ([f"`{name}`", f"{axis.name}: " + " ".join(f"`{e}`" for e in axis.elements)]
                                            for name, axis in words.groups.items()))  # fmt: skip
    pairs = [pair for found in words.pairs.values() for pair in found]
    if pairs:
        out += ["Left and right: " + ", ".join(f"`{left}`/`{right}`" for left, right in pairs) + ".", ""]
    if words.terminations:
        out += [
            "Ends when: "
            + ", ".join(f"`{cause}` when `{span.text}`" for cause, span in words.terminations)
            + ".",
            "",
        ]
    out += table(["quantity", "unit", "range"], ([f"`{q.name}`", _unit(q), interval(q.type.range)] for q in words.quantities.values()
                                                 if q.kind in ("state", "model") and not q.definition and interval(q.type.range) and q.type.kind is Kind.NUMBER))  # fmt: skip
    own = [q for name, q in words.quantities.items() if name not in shared]
    if own:
        out += table(["of its own", "axes", "unit", "frame", "what it is"],
                     ([f"`{q.name}`", _axes(q), _unit(q), _frame(q), f"{q.doc} `{q.definition}`" if q.definition else q.doc] for q in own))  # fmt: skip
    return out


def _command(q: Quantity) -> bool:
    return q.name.startswith("command_")


def _axes(q: Quantity) -> str:
    words = [axis.name for axis in q.type.axes]
    words += [] if q.type.kind is Kind.NUMBER else [q.type.kind.value]
    return " ".join(words)


def _unit(q: Quantity) -> str:
    return show(q.type.unit) if q.type.kind is Kind.NUMBER else ""


def _frame(q: Quantity) -> str:
    if q.type.kind is Kind.ROTATION:
        return " to ".join(q.type.turns)
    return frame_text(q.type.frames) if q.type.vector and q.type.frames != FRAMES else ""


def errors() -> str:
    """docs/errors.md with its index anew: a line for each code, from the sections below it."""
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    rows = []
    for code, about in re.findall(r"^### (RW\d{3})\n+((?:.+\n)+)", text, re.MULTILINE):
        about = " ".join(about.split())
        severity = "warning" if about.startswith("Warning: ") else "error"
        rows.append([f"[{code}](#{code.lower()})", severity, _first(about.replace("Warning: ", ""))])
    index = "\n".join(table(["code", "severity", "what is wrong"], rows))
    return INDEX.sub(lambda match: f"{match[1]}\n{index}\n{match[2]}", text)


def _first(about: str) -> str:
    sentence = about[0].upper() + about[1:]
    return sentence.split(". ")[0].rstrip(".")


def _page(lines: Sequence[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def pages() -> Dict[Path, str]:
    """Every generated page and its text."""
    reference = DOCS / "reference"
    return {reference / "functions.md": functions(), reference / "operators.md": operators(),
            reference / "quantities.md": quantities(), DOCS / "errors.md": errors()}  # fmt: skip


if __name__ == "__main__":
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}", file=sys.stderr)
