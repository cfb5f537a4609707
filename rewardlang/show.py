"""The compiler's artefacts as text: the tables of terms and quantities, the tree, the IR, the torch source, LaTeX."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Sequence

from .lang import latex
from .lang.compiler import Compiled
from .lang.diagnostics import did_you_mean
from .lang.registry import described
from .lang.types import Kind, frame_text
from .lang.units import show as show_unit
from .lang.vocabulary import Vocabulary
from .task import Task

LONG_NAME = 30


def terms(program: Compiled) -> str:
    """The table of terms: weight, value, unit, the axes it reduces."""
    groups = program.resolved.groups
    rows = [["term", "weight", "value", "unit", "range", "pays", "per episode", "reduces"]]
    out: List[str] = []
    table = program.table()
    for row in table:
        rows.append([row["term"], f"{row['weight']:g}", _short(row["value"], 60),
                     row["unit"], *(_outward(row[key]) for key in ("range", "pays", "pays_per_episode")), ", ".join(row["axes"])])  # fmt: skip
    per_second = [g for g, statements in groups.items() if statements[0].per_second]
    out.append(
        f"{program.name}: {len(table)} term{'s' if len(table) != 1 else ''} for the task {program.vocabulary.task}"
    )
    out += columns(rows, right=(1,))
    varying = [row["term"] for row in table if row["weight_varies"]]
    if varying:
        out.append(f"weights that params or schedules change, at the start of a run: {', '.join(varying)}")
    if per_second:
        out.append(
            f"weights of {', '.join(per_second)} (per second) include dt = {program.vocabulary.dt:g} s"
        )
    unbounded = [row["term"] for row in table if not all(map(math.isfinite, row["pays"]))]
    if unbounded:
        out.append(f"nothing bounds what these pay: {', '.join(unbounded)}")
    if program.typed.total is not None:
        out.append(f"total = {program.resolved.total.value.span.text if program.resolved.total else ''}")
    causes = ", ".join(c.name for c in program.typed.causes)
    out.append(f"ends when: {causes + ', ' if causes else ''}time limit")
    out += expectations(program)
    long = [row["term"] for row in table if len(row["term"]) > LONG_NAME]
    if long:
        out.append(f"hint: `as NAME` gives {long[0]} a shorter name")
    return "\n".join(out)


STATUS = {"proved": "proved", "open": "not proved: `rewardlang test` tries to break it"}


def expectations(program: Compiled) -> List[str]:
    """A line for each `expect` line: whether it is proved."""
    rows = []
    for one in program.expectations:
        open_ = "`rewardlang check --probe` compares them" if one.kind == "behaviours" else STATUS[one.status]
        rows.append(f"expect {one.text}: {open_}")
    return rows


def probe(data: Dict[str, Any]) -> str:
    """The table of term against behaviour: what each pays a step, in the mean."""
    behaviours = data["behaviours"]
    rows = [["paid per step", *behaviours]]
    terms = next(iter(behaviours.values()))["terms"]
    for name in terms:
        rows.append([name, *(f"{b['terms'][name]:.3g}" for b in behaviours.values())])
    rows.append(["total", *(f"{b['per_step']:.3g}" for b in behaviours.values())])
    rows.append(["episode, s", *(f"{b['length_s']:.2f}" for b in behaviours.values())])
    rows.append(["failed", *(f"{b['failed']:.0%}" for b in behaviours.values())])
    rows.append(["discounted return", *(f"{b['return']:.4g}" for b in behaviours.values())])
    laws = [f"expect {e['text']}: {'holds' if e['holds'] else 'does not hold'}" for e in data["expectations"]]
    notes = [data["unjudged"]] if data["unjudged"] else []
    return "\n".join(["", *columns(rows, right=range(1, len(rows[0]))), *laws, *notes])


def quantity_rows(vocabulary: Vocabulary) -> List[Dict[str, Any]]:
    """A row for each readable name."""
    rows = []
    for quantity in vocabulary.quantities.values():
        type = quantity.type
        axes = " ".join(axis.name for axis in type.axes)
        frame = (
            " to ".join(type.turns)
            if type.kind is Kind.ROTATION
            else frame_text(type.frames)
            if type.vector
            else ""
        )
        rows.append({"name": quantity.name, "kind": type.kind.value, "axes": axes, "unit": "" if type.kind is not Kind.NUMBER else show_unit(type.unit),
                     "frame": frame, "range": list(type.range), "definition": quantity.definition, "doc": quantity.doc})  # fmt: skip
    return rows


def quantities(vocabulary: Vocabulary) -> str:
    """The vocabulary of a task as a table, with its joints, bodies and groups."""
    rows = [["name", "axes", "unit", "frame", "range", "what it is"]]
    for row in quantity_rows(vocabulary):
        doc = row["doc"] + (f"  = {row['definition']}" if row["definition"] else "")
        kind = row["axes"] if row["kind"] == "number" else f"{row['axes']} {row['kind']}".strip()
        rows.append([row["name"], kind, row["unit"], row["frame"], interval(row["range"]), doc])
    out = columns(rows)
    for axis in vocabulary.axes.values():
        out += ["", f"{axis.name}: {' '.join(axis.elements)}"]
    if vocabulary.groups:
        out += [
            "",
            "groups: "
            + ", ".join(
                f"{name} ({axis.name}: {' '.join(axis.elements)})" for name, axis in vocabulary.groups.items()
            ),
        ]
    for name, pairs in vocabulary.pairs.items():
        if pairs:
            out += ["", f"pairs ({name}): " + ", ".join(f"{left} and {right}" for left, right in pairs)]
    out += [
        "",
        "terminations: " + ", ".join(f"{name} when {span.text}" for name, span in vocabulary.terminations),
        "observations: " + ", ".join(span.text for span in vocabulary.observations),
    ]
    return "\n".join(out)


def robot(task: Task) -> str:
    """How the task holds and starts its robot, joint by joint, as it was written or inferred."""
    rows = [["joint", "range", "default", "effort", "stiffness", "damping", "action"]]
    scales = dict(zip(task.actuated, task.action_scale))
    joints = zip(task.dof_names, task.dof_pos_lower, task.dof_pos_upper, task.default_dof_pos, task.torque_limits,
                 task.stiffness, task.damping)  # fmt: skip
    for name, low, high, *numbers in joints:
        scale = f"{scales[name]:.3g}" if name in scales else "passive"
        rows.append([name, interval((round(low, 3), round(high, 3))), *(f"{x:.3g}" for x in numbers), scale])
    start = ", ".join(f"{x:.3g}" for x in task.init_state.pos)
    held = f"moves on {', '.join(task.rails)}" if task.rails else "fixed"
    base = held if task.fixed_base else f"starts at ({start}) m"
    head = (
        f"{task.mjcf.name}: base {base}; {task.decimation} physics steps of {task.sim_dt:g} s a control step"
    )
    return "\n".join([head, *columns(rows, right=(2, 3, 4, 5, 6))])


def functions() -> str:
    """The functions of the language by group, each with its form and what it gives."""
    out: List[str] = []
    for group, members in described().items():
        width = max(len(builtin.form) for builtin in members)
        out += ["", group, *(f"  {builtin.form.ljust(width)}  {builtin.doc}" for builtin in members)]
    return "\n".join(out[1:])


def function(name: str) -> str:
    """All that is to know of one function. Raises ValueError with the closest name if there is none."""
    known = {builtin.name: builtin for members in described().values() for builtin in members}
    if name not in known:
        help = did_you_mean(name, known) or "`rewardlang functions` lists them"
        raise ValueError(f"there is no function `{name}`; {help}")
    builtin = known[name]
    out = [f"{builtin.form}  ({builtin.group})", "", builtin.doc]
    fields = {**builtin.fields, **({"optional": builtin.optional} if builtin.optional else {})}
    out += ["", *(f"  {field:<8} {text}" for field, text in fields.items())] if fields else []
    out += ["", builtin.notes.replace("`", "")] if builtin.notes else []
    return "\n".join(out)


def tree(program: Compiled) -> str:
    """The syntax tree, indented."""
    return "\n".join(line for statement in program.tree.statements for line in _tree(statement, 0))


def _tree(item: Any, depth: int) -> List[str]:
    plain, below = [], []
    for name in item.__dataclass_fields__:
        value = getattr(item, name)
        if name in ("span", "name_span"):
            continue
        if hasattr(value, "__dataclass_fields__"):
            below.append((name, value))
        elif isinstance(value, tuple) and value and not isinstance(value[0], str):
            for part in value:
                sign, node = part if isinstance(part, tuple) else ("", part)
                below.append((sign or name, node))
        elif value not in (None, (), False):
            plain.append(f"{name}={value!r}")
    lines = [f"{'  ' * depth}{type(item).__name__}{' ' if plain else ''}{' '.join(plain)}"]
    for name, node in below:
        inner = _tree(node, depth + 1)
        inner[0] = f"{'  ' * (depth + 1)}{name}: {inner[0].strip()}"
        lines += inner
    return lines


def ir(program: Compiled) -> str:
    """The optimized IR: a node a line, with its type."""
    rows = []
    for i, node in enumerate(program.optimized.nodes):
        data = f" {', '.join(map(str, node.data))}" if node.data else ""
        rows.append([f"%{i}", f"{node.op}{data} {' '.join(f'%{a}' for a in node.args)}".strip(), node.type.shape(), node.type.kind.value,
                     show_unit(node.type.unit), frame_text(node.type.frames) if node.type.vector else "", interval(node.type.range), node.name])  # fmt: skip
    out = columns([["node", "operation", "shape", "kind", "unit", "frame", "range", "name"], *rows])
    out += [f"slot {k} tracks %{i}" for k, i in enumerate(program.optimized.slots)]
    out += [f"term {t.name} = %{t.weight} * %{t.value}" for t in program.optimized.terms]
    return "\n".join(out)


STAGES: Dict[str, Callable[[Compiled], str]] = {
    "terms": terms, "tree": tree, "ir": ir, "torch": lambda p: p.source.rstrip("\n"), "triton": lambda p: p.kernel.rstrip("\n"),
    "latex": lambda p: latex.document(p.tree),
}  # fmt: skip


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> List[str]:
    """Rows as aligned lines, the first underlined; columns without content are left out."""
    used = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    width = {i: max(len(row[i]) for row in rows) for i in used}
    lines = [
        "  ".join(row[i].rjust(width[i]) if i in right else row[i].ljust(width[i]) for i in used).rstrip()
        for row in rows
    ]
    return [lines[0], "-" * max(map(len, lines)) if max(map(len, lines)) < 160 else "-" * 160, *lines[1:]]


def _outward(range: Sequence[float]) -> str:
    """An interval with ends of four digits, rounded so that it holds what it stands for."""
    low, high = range
    if math.isinf(low) and math.isinf(high):
        return "any"
    return interval((-_up(-low), _up(high)))


def _up(x: float) -> float:
    if x == 0 or math.isinf(x):
        return x
    unit = 10.0 ** (math.floor(math.log10(abs(x))) - 3)
    return float(f"{math.ceil(x / unit - 1e-4) * unit:.6g}")


def interval(range: Sequence[float]) -> str:
    """`0..1`, `<= 3`, `>= 0`, or nothing for all numbers."""
    low, high = range
    if math.isinf(low) and math.isinf(high):
        return ""
    if math.isinf(low):
        return f"<= {high:g}"
    if math.isinf(high):
        return f">= {low:g}"
    return f"{low:g}..{high:g}" if low != high else f"{low:g}"


def finite(data: Any) -> Any:
    """Data that JSON can hold: infinities as None."""
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: finite(value) for key, value in data.items()}
    return [finite(value) for value in data] if isinstance(data, (list, tuple)) else data


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
