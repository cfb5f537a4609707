"""Lints that ranges and names decide (RW511, RW513 to RW517, RW519): a reward that says something else than it seems to.

Each rule is one function of the compiled spec; what only states can show is measured by `check --probe`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

from . import nodes as n
from .backwards import backwards
from .bounds import Bounds
from .diagnostics import Diagnostic, Label, error
from .ir import Program, Term, below
from .reach import Reached
from .resolve import Resolved
from .types import Depends, Kind

SLACK = 1e-4  # what float32 and turned unit vectors may be off by, in shares of a range or of 1
DWARFED = 1e5  # times the next bounded term: beyond what a rare event or a soft limit explains
CLOCKS = {"phase", "episode_time", "episode_step"}
LATCHES = {"ever", "steps", "sample"}
SUMS = {"integral", "running_max", "running_min"}  # without `reset_when=`
VELOCITIES = ("root_lin_vel", "root_ang_vel", "body_lin_vel", "body_ang_vel")
LINEAR = {"add", "sub", "neg", "mul", "div", "sum", "mean", "index", "take"}
DIFFERENCES = {"rate", "delta", "delta2", "prev", "prev2", "potential"}


@dataclass(frozen=True)
class Subject:
    """What the rules look at."""

    resolved: Resolved
    program: Program
    bounds: Bounds
    reached: Reached


def is_event(program: Program, term: Term) -> bool:
    """Whether a term pays on conditions alone: its value is a condition or counts some."""
    node = program.nodes[term.value]
    while node.op in ("float", "sum", "mean", "neg") and node.args:
        node = program.nodes[node.args[0]]
    return node.type.kind is Kind.BOOL


def lints(resolved: Resolved, program: Program, bounds: Bounds) -> Iterator[Diagnostic]:
    """The warnings of every rule."""
    subject = Subject(resolved, program, bounds, Reached(resolved))
    for rule in RULES:
        yield from rule(subject)


def warning(code: str, span: Any, message: str, help: str, others: Iterable[Label] = ()) -> Diagnostic:
    return error(code, span, message, help=help, others=others, severity="warning")


def _shown(low: float, high: float) -> str:
    return f"{'(' if low == -math.inf else '['}{low:.4g}, {high:.4g}{')' if high == math.inf else ']'}"


def ending_early(s: Subject) -> Iterator[Diagnostic]:
    """RW511: no step can pay anything, and a failure ends the costs."""
    causes = [c for c in s.program.causes if not c.success]
    reads = s.reached.of([s2.value for group in s.resolved.groups.values() for s2 in group])
    ends = {c.name for c in s.program.causes} | {"terminated", "alive"}
    if not causes or s.program.total is not None or reads & ends:
        return
    most = sum(s.bounds.pays(term)[1] for term in s.program.terms)
    if (
        len(s.program.terms) > 1
        and most <= SLACK
        and any(s.bounds.pays(term)[0] < 0 for term in s.program.terms)
    ):
        statement = next(iter(s.resolved.groups.values()))[0]
        yield warning("RW511", statement.name_span, f"no step can pay more than 0, and `{causes[0].name}` ends the episode: failing at once costs least",
                       "pay for each step survived, `+ 1.0 * alive`, more than a step can cost, or charge the failure: "
                       f"`- 100 * {causes[0].name}`")  # fmt: skip


def sign(s: Subject) -> Iterator[Diagnostic]:
    """RW513: a weight of one sign, a value that can be of the other."""
    for term in s.program.terms:
        if term.name in s.resolved.weights:
            continue  # a `weight` that changes a sign is RW412
        weight, value = s.bounds.of(term.weight), s.bounds.of(term.value)
        near = SLACK * max(1.0, *(abs(e) for e in value[:2] if math.isfinite(e)), 0.0)
        if weight.high <= 0 and weight.low < 0 and value.low < -near and not _is_meant(s, term):
            always = value.high <= near
            if not always and not _is_signed(s, term.value):
                continue
            yield warning("RW513", term.span, f"`{term.name}` has a negative weight and a value in {_shown(*value[:2])}: "
                           + ("it can only pay" if always else "a penalty that pays where the value is below 0"),
                           "make the weight positive if it is to pay" if always else
                           "`abs(x)`, `x^2` or `relu(x)` is never negative; `1 - x` of a kernel or a cosine is not either")  # fmt: skip
        if (
            weight.low >= 0
            and weight.high > 0
            and value.low < -near
            and value.high <= near
            and not (_is_meant(s, term) or _is_shaping(s, term.value))
        ):
            yield warning("RW513", term.span, f"`{term.name}` has a positive weight and a value in {_shown(*value[:2])}: a bonus that can only cost",
                           "write the minus sign in front of the term, or turn the value round")  # fmt: skip


def _is_signed(s: Subject, root: int) -> bool:
    """Whether a value is made of signed quantities by nothing but sums and products, so that its range is no looser than it is."""
    nodes, todo, quantities = s.program.nodes, [root], s.resolved.vocabulary.quantities
    while todo:
        i = todo.pop()
        node = nodes[i]
        if all(q in quantities and quantities[q].kind == "model" for q in s.program.reads(i)):
            continue  # a factor that the robot fixes
        if node.op not in ("quantity", "const", "param", "run") and node.name not in quantities:
            if node.op not in LINEAR:
                return False
            todo += node.args
    return True


def _is_shaping(s: Subject, root: int) -> bool:
    """Whether a value is made of a distance or of what was before: less of a bad thing, as a bonus."""
    nodes = s.program.nodes
    return any(nodes[i].op in ("norm", "state") for i in below(nodes, [root]))


def _is_meant(s: Subject, term: Term) -> bool:
    """Whether the sign of a value is its meaning: a difference in time, the downward z of gravity, a written minus, a logarithm."""
    node = s.program.nodes[term.value]
    if node.op in ("neg", "log") and s.bounds.of(term.value).high <= 0:  # `-log(p)`
        return True
    while node.op in ("mul", "div", "neg", "sub") and node.hint not in DIFFERENCES and node.args:
        negative = [a for a in node.args if s.bounds.of(a).low < 0]
        if len(negative) != 1:
            break
        node = s.program.nodes[negative[0]]
    if node.hint in DIFFERENCES:
        return True
    gravity = node.op == "index" and s.program.nodes[node.args[0]].name == "projected_gravity"
    return gravity and node.data[1] == 2


def dominant(s: Subject) -> Iterator[Diagnostic]:
    """RW514: what one bounded term can pay dwarfs what the others can."""
    sizes: List[Tuple[float, Term]] = []
    for term in s.program.terms:
        low, high = s.bounds.pays(term)
        if math.isfinite(low) and math.isfinite(high) and high > low and not is_event(s.program, term):
            sizes.append((max(abs(low), abs(high)), term))
    sizes.sort(key=lambda one: -one[0])
    if len(sizes) > 1 and sizes[0][0] > DWARFED * sizes[1][0] > 0:
        (most, first), (next_, second) = sizes[:2]
        yield warning("RW514", first.span, f"`{first.name}` can pay {most:.3g} a step, {most / next_:.0f} times what any other bounded term can",
                       f"give it a smaller weight, or the others larger ones (`{second.name}`, the next, pays up to {next_:.3g})")  # fmt: skip


def dead(s: Subject) -> Iterator[Diagnostic]:
    """RW515: a part that is the same on everything reachable: a gate that cannot open, a clip that never leaves its end."""
    nodes, said = s.program.nodes, set()
    written = [statement.span.source for statement in s.resolved.file.statements]  # not the task's own lines
    roots = [term.value for term in s.program.terms] + [c.condition for c in s.program.causes]
    for i in sorted(below(nodes, roots)):
        node = nodes[i]
        if (
            node.type.depends is not Depends.STATE
            or node.span is None
            or node.op in ("never", "float", "at_reset", "state")
        ):
            continue
        if not _is_stuck(s, i) or any(
            _is_stuck(s, a) for a in node.args if nodes[a].type.depends is Depends.STATE
        ):
            continue  # what is made of a part that is stuck is not said again
        value, span = s.bounds.of(i).low, node.span
        if span.source not in written or (span.start, span.end) in said:
            continue
        said.add((span.start, span.end))
        what = (
            ("is always true" if value else "can never be true")
            if node.type.kind is Kind.BOOL
            else f"is always {value:g}"
        )
        yield warning("RW515", span, f"this {what}, by the ranges of what it reads{_read(s, i)}",
                       "check the limit and its unit against `rewardlang quantities`, or leave the part out")  # fmt: skip


def _is_stuck(s: Subject, i: int) -> bool:
    found = s.bounds.of(i)
    return found.low == found.high and math.isfinite(found.low)


def _read(s: Subject, i: int) -> str:
    parts = []
    for a in s.program.nodes[i].args:
        node, found = s.program.nodes[a], s.bounds.of(a)
        if node.span is not None and node.op != "const" and node.type.kind is Kind.NUMBER:
            parts.append(f"`{node.span.text}` in {_shown(*found[:2])}")
    return f": {', '.join(parts)}" if parts else ""


def unused(s: Subject) -> Iterator[Diagnostic]:
    """RW516: what nothing reads: params, definitions, functions, imports, a task's commands; and what is logged twice."""
    file, reached = s.resolved.file, s.reached.anywhere
    kinds: Dict[str, List[Any]] = {"param": [], "definition": [], "function": []}
    imported = {imp.name: imp for imp in file.imports}
    read_imports = {name for name in imported if any(r.startswith(f"{name}.") for r in reached)}
    for statement in file.statements:
        kind = {n.Param: "param", n.Definition: "definition", n.Function: "function"}.get(type(statement))
        if kind is None or statement.span.source is not file.source:
            continue
        if statement.name not in reached:  # type: ignore[union-attr]
            kinds[kind].append(statement)
    for kind, found in kinds.items():
        if found:
            names = ", ".join(f"`{f.name}`" for f in found[:6]) + (", ..." if len(found) > 6 else "")
            yield warning("RW516", found[0].name_span, f"nothing reads the {kind}{'s' if len(found) > 1 else ''} {names}",
                           "delete what is not needed, or say why it stays: `# allow RW516: for specs that extend this one`")  # fmt: skip
    for name, imp in imported.items():
        if name not in read_imports and imp.span.source is file.source:
            yield warning("RW516", imp.span, f"nothing is read of the import `{name}`", "delete the line")
    yield from _commands(s)
    values = {term.value: term for term in s.program.terms}
    for metric in s.program.metrics:
        statement = s.resolved.metrics[metric.name]
        if metric.value in values:
            term = values[metric.value]
            yield warning("RW516", statement.name_span, f"the metric `{metric.name}` is the value of the term `{term.name}`, which is logged as `terms_raw/{term.name}`",
                           "delete the metric")  # fmt: skip


def _commands(s: Subject) -> Iterator[Diagnostic]:
    """A robot that is asked for velocities, and paid for others: standing still whatever is asked for is a task of its own."""
    commands = [name for name in s.resolved.vocabulary.quantities if name.startswith("command_")]
    if not commands or not s.resolved.observations or s.reached.all & set(commands):
        return
    term = pays_for_motion(s.resolved, s.program, s.bounds)
    if term is not None:
        yield warning("RW516", term.span, f"`{term.name}` pays for a velocity, and nothing reads those that the task {s.resolved.vocabulary.task} asks for",
                       "pay for following them, e.g. `gauss(norm(command_lin_vel - base_lin_vel.xy), 0.5[m/s])`, or take a task without commands")  # fmt: skip


def pays_for_motion(resolved: Resolved, program: Program, bounds: Bounds) -> Optional[Term]:
    """A term that can pay more than it can while nothing moves."""
    quantities = resolved.vocabulary.quantities
    sizes = {name: math.prod(len(axis) for axis in quantities[name].type.axes) for name in VELOCITIES}
    still = {**bounds.known, **{name: ((0.0, 0.0),) * size for name, size in sizes.items()}}
    at_rest = Bounds(program, still, bounds.steps)
    for term in program.terms:
        if is_event(program, term):
            continue
        most = bounds.pays(term)[1]
        if most > 0 and at_rest.pays(term)[1] < 0.95 * most:
            return term
    return None


def unobservable(s: Subject) -> Iterator[Diagnostic]:
    """RW517: pay that depends on what happened seconds ago, or on a clock, of which the policy sees nothing.

    Timers and edges, which live for about a step of the gait, are left alone.
    """
    if not s.resolved.observations:
        return
    seen = s.reached.of(s.resolved.observations)
    hidden = (CLOCKS if not seen & CLOCKS else set()) | (LATCHES - seen)
    for use in s.reached.uses([x.value for group in s.resolved.groups.values() for x in group]):
        name = use.id if isinstance(use, n.Name) else use.function
        free = (
            name in SUMS
            and name not in seen
            and isinstance(use, n.Call)
            and not any(k.name == "reset_when" for k in use.keywords)
        )
        if (name in hidden and name not in s.resolved.definitions) or free:
            clock = name in CLOCKS
            yield warning("RW517", use.span, f"the reward depends on `{name}`, and no observation does: the policy cannot tell when it is due",
                           "add it to the task's observations, e.g. `sin(2*pi*episode_time/0.8[s])` and `cos(...)`" if clock else
                           f"add the same `{use.span.text}` to the task's observations, or use a `timer`, which starts again")  # fmt: skip
            return


RULES: Tuple[Callable[[Subject], Iterator[Diagnostic]], ...] = (
    ending_early,
    sign,
    dominant,
    dead,
    unused,
    unobservable,
    backwards,
)
