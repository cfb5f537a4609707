"""Optimized IR → torch source that a person would be content to have written.

One line a definition, term or shared part; each ends in its shape, unit and the line it comes from. Names in it are the spec's
(letters, digits and underscores only; in strings the dot of an import too) or ours; no other text of the user's gets into code.
"""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path
from typing import Dict, List, Sequence, Set, Tuple

from .expressions import LOOSEST, POSTFIX, Written, write
from .ir import Node, Program, below
from .optimize import Graph, reset_graph, step_graph, weight_graph
from .prelude import PRELUDE
from .types import Axis, Kind
from .units import show

TAKEN = {"torch", "q", "s", "p", "w", "k", "real", "values", "paid", "finite", "contributions", "reward", "causes", "metrics", "observations",
         "state", "doubtful", "math", "sum", "abs", "min", "max", "len", "float"} | set(PRELUDE)  # fmt: skip
INLINE = {"const", "param", "run", "table", "group"}  # these have a name of their own already
PLAIN = {
    "float": "number",
    "state": "last",
    "and": "both",
    "or": "either",
    "not": "inverse",
}  # operations that Python has as words
LONGEST = 88


def emit(program: Program, title: str) -> str:
    """The Python source of a program: constants, `weights`, `step` and `at_reset`."""
    step, kept = step_graph(program)
    reset = reset_graph(program, kept)
    constants: List[Tuple[str, str]] = []
    parts = [_Weights(program, weight_graph(program), kept, constants).text(), _Step(program, step, kept, constants).text(),
             _Reset(program, reset, kept, constants).text()]  # fmt: skip
    used = [name for name in PRELUDE if any(re.search(rf"(?<![\w.\"]){name}\(", part) for part in parts)]
    head = f'"""{title}"""\n\nimport torch\n\n'
    head += f"TERMS = {names_of(t.name for t in program.terms)}\n"
    head += f"CAUSES = {names_of(c.name for c in program.causes)}\n"
    head += f"METRICS = {names_of(m.name for m in program.metrics)}\n"
    head += "# What `k` holds, made once on the device.\n"
    head += (
        "CONSTANTS = (\n" + "".join(f"    {text},  # {comment}\n" for text, comment in constants) + ")\n"
        if constants
        else "CONSTANTS = ()\n"
    )
    head += "# Shape after [N] and kind of what `s` remembers from step to step.\n"
    head += (
        "STATE = (\n" + "".join(f"    {slot_of(program.nodes[program.slots[k]])}\n" for k in kept) + ")\n"
        if kept
        else "STATE = ()\n"
    )
    return (
        "\n\n\n".join(
            [
                head.rstrip("\n"),
                *(PRELUDE[name].strip("\n") for name in used),
                *(p.rstrip("\n") for p in parts),
            ]
        )
        + "\n"
    )


def safe(text: str) -> str:
    """Text for a comment: the name of a file may hold anything, a newline with code behind it too."""
    return re.sub(r"[^\w ./:<>()\[\],'*^+-]", "_", text, flags=re.ASCII)


def names_of(names: object) -> str:
    items = [json.dumps(name) for name in names]  # type: ignore[attr-defined]
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def unused(wanted: str, names: Set[str]) -> str:
    """An identifier like the wanted one that is not among the names; it joins them."""
    name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
    if not name or name[0].isdigit() or keyword.iskeyword(name):
        name = f"v_{name}"
    at, base = 1, name
    while name in names:
        at += 1
        name = f"{base}_{at}"
    names.add(name)
    return name


def slot_of(node: Node) -> str:
    shape = [len(axis) for axis in node.type.axes] + ([4] if node.type.kind is Kind.ROTATION else [])
    text = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    kind = "bool" if node.type.kind is Kind.BOOL else "real"
    return f'({text}, "{kind}"),  # {node.name or node.hint or node.op} {node.type.shape()}'


def comment(node: Node, axes: Sequence[Axis]) -> str:
    """What a line of the node ends in, over these axes of it: shape, unit and place."""
    parts = [
        node.type.but(axes=tuple(axes)).shape(),
        "bool" if node.type.kind is Kind.BOOL else show(node.type.unit),
    ]
    if node.span is not None:
        name = node.span.source.name
        parts.append(name if name.startswith("<") else f"{Path(name).name}:{node.span.line}")
    return safe(" ".join(p for p in parts if p))


class _Function:
    """One emitted function: the graph's nodes as lines."""

    def __init__(
        self, program: Program, graph: Graph, kept: Sequence[int], constants: List[Tuple[str, str]]
    ) -> None:
        self.program, self.graph, self.constants = program, graph, constants
        self.slot = {k: str(i) for i, k in enumerate(kept)}  # where `s` has it
        self.lines: List[Tuple[str, str]] = []
        self.names: Set[str] = TAKEN | {f"group_{name}" for name in program.groups}
        self.written: Dict[int, Written] = {}
        self.uses = self._count_uses()
        self.suggested: Dict[int, str] = {}

    def _count_uses(self) -> Dict[int, int]:
        uses: Dict[int, int] = {}
        for node in self.graph.nodes:
            for i in node.args:
                uses[i] = uses.get(i, 0) + 1
        for i in self.graph.roots():
            uses[i] = uses.get(i, 0) + 1
        return uses

    def body(self) -> None:
        """Write every node: on its own line if it is named, shared or long, inside its user's otherwise."""
        for i, node in enumerate(self.graph.nodes):
            self.write_node(i, node)

    def write_node(self, i: int, node: Node) -> None:
        written = write(
            node, [self.written[a] for a in node.args], [self.graph.nodes[a] for a in node.args], self
        )
        named = node.name or self.suggested.get(i, "")
        if node.op not in INLINE and (named or self.uses.get(i, 0) > 1 or len(written.text) > LONGEST):
            name = self.name(named or node.hint or PLAIN.get(node.op, node.op))
            self.lines.append((f"{name} = {written.text}", self.comment(node)))
            written = Written(name, POSTFIX)
        self.written[i] = written

    def text_of(self, i: int, strength: int = LOOSEST) -> str:
        return self.written[i].at(strength)

    def constant(self, text: str, comment: str) -> str:
        """`k[i]` for a constant tensor, an old one if it is there."""
        for i, (known, _) in enumerate(self.constants):
            if known == text:
                return f"k[{i}]"
        self.constants.append((text, comment))
        return f"k[{len(self.constants) - 1}]"

    def name(self, wanted: str) -> str:
        return unused(wanted, self.names)

    def comment(self, node: Node) -> str:
        return comment(node, node.type.axes)

    def render(self, head: str, doc: Sequence[str], tail: Sequence[str]) -> str:
        width = min(80, max((len(code) for code, _ in self.lines), default=0))
        out = [head, *(f"    {line}" if line else "" for line in doc)]
        out += [
            f"    {code.ljust(width)}  # {comment}" if comment else f"    {code}"
            for code, comment in self.lines
        ]
        return "\n".join([*out, *(f"    {line}" for line in tail)]) + "\n"


class _Weights(_Function):
    def text(self) -> str:
        self.body()
        rows = [
            f"    {self.text_of(i)},  # {term.name}"
            for i, term in zip(self.graph.weights, self.program.terms)
        ]
        doc = ['"""Weight of each term, from the params and the run\'s quantities `p`; k: constants. [T]"""']
        if any(".to(real)" in text for text in [*rows, *(code for code, _ in self.lines)]):
            doc.append('real = p["progress"].dtype')
        return self.render("def weights(p, k):", doc, ["return (", *rows, ")"])


class _Step(_Function):
    def text(self) -> str:
        graph, program = self.graph, self.program
        for i, term in zip(graph.values, program.terms):
            node = graph.nodes[i]
            if not node.name and node.op != "const" and i not in self.suggested:
                self.suggested[i] = term.name
        for i, metric in zip(graph.metrics, program.metrics):
            self.suggested.setdefault(i, metric.name)
        if graph.total is not None:
            return self._with_total()
        self.body()
        return self.render(*self._head(), [*self._paid(), "reward = contributions.sum(1)", *self._tail()])

    def _head(self) -> Tuple[str, List[str]]:
        return "def step(q, s, p, w, k):", [
            '"""What one control step pays, in N environments.',
            "",
            "q: quantities by name; s: state before the step; p: params and the run's quantities;",
            "w: weights of the terms [T]; k: constants. Gives reward [N], contributions [N, T] (weight * value),",
            "values [N, T], causes [N, K] bool, terminated and time_out [N] bool, doubtful [N, K] bool (a cause read what is",
            "not finite), metrics [N, M], observations [N, O] and the state after the step.",
            '"""',
            "real = w.dtype",
        ]

    def _paid(self) -> List[str]:
        full = [self.full(i) for i in self.graph.values]
        return [f"values = torch.stack({_tuple(full)}, 1)  # [N, T]", "paid = values * w",
                "contributions = torch.nan_to_num(paid, 0.0, 0.0, 0.0)  # [N, T]"]  # fmt: skip

    def _with_total(self) -> str:
        """`total` reads the groups, so its nodes come after the contributions."""
        nodes, below = self.graph.nodes, set()
        for i, node in enumerate(nodes):
            if node.op == "group" or any(a in below for a in node.args):
                below.add(i)
        late: List[Tuple[str, str]] = []
        for i, node in enumerate(nodes):
            before = len(self.lines)
            self.write_node(i, node)
            if i in below:
                late += self.lines[before:]
                del self.lines[before:]
        assert self.graph.total is not None
        groups = [f"group_{name} = {self._group(name)}  # [N]" for name in self.program.groups]
        after = [f"{code}  # {comment}" if comment else code for code, comment in late]
        return self.render(
            *self._head(),
            [*self._paid(), *groups, *after, f"reward = {self.full(self.graph.total)}", *self._tail()],
        )

    def _group(self, name: str) -> str:
        """The sum of a group's contributions; 0 if every term of it is dropped."""
        at = [i for i, term in enumerate(self.program.terms) if term.group == name]
        if not at:
            return "torch.zeros_like(contributions[:, 0])"
        run = f"{at[0]}:{at[-1] + 1}" if at == list(range(at[0], at[-1] + 1)) else repr(at)
        return f"contributions[:, {run}].sum(1)"

    def full(self, i: int) -> str:
        """A value as a tensor [N] of the weights' type, also if it is one number for all environments."""
        node = self.graph.nodes[i]
        if node.type.batched and node.type.kind is not Kind.BOOL:
            return self.text_of(i)
        some = 'q["time_limit"]'
        if node.op == "const":
            return f"torch.full_like({some}, {self.text_of(i)}, dtype=real)"
        return f"({self.text_of(i, POSTFIX)} * torch.ones_like({some}, dtype=real))"

    def _tail(self) -> List[str]:
        graph = self.graph
        some = 'q["time_limit"]'
        causes = (
            f"torch.stack({_tuple([self.text_of(i) for i in graph.causes])}, 1)"
            if graph.causes
            else f"{some}.new_zeros(len({some}), 0)"
        )
        metrics = (
            f"torch.stack({_tuple([self.full(i) for i in graph.metrics])}, 1)"
            if graph.metrics
            else "contributions[:, :0]"
        )
        return [
            f"causes = {causes}  # [N, K] bool",
            f"doubtful = {self._doubtful()}  # [N, K] bool",
            f"metrics = {metrics}  # [N, M]",
            *_observations(self),
            f"state = {_tuple([self._next(i) for i in graph.state])}",
            "return (reward, contributions, values, causes, "
            + ", ".join(self.text_of(i) for i in graph.outcomes)
            + ",",
            "        doubtful, metrics, observations, state)",
        ]

    def _doubtful(self) -> str:
        """Where each termination compared a value that is not finite: such a comparison is silently false. [N, K]"""
        never = 'torch.zeros_like(q["time_limit"])'
        rows = [self._finite_below(i) for i in self.graph.causes]
        return (
            f"torch.stack({_tuple([f'~({row})' if row else never for row in rows])}, 1)" if rows else "causes"
        )

    def _finite_below(self, root: int) -> str:
        """Whether all that the comparisons below a node read is finite; empty if they read nothing that could not be."""
        nodes = self.graph.nodes
        compared = [
            nodes[i] for i in below(nodes, [root]) if nodes[i].op in ("lt", "le", "gt", "ge", "eq", "ne")
        ]
        checked = {a for node in compared for a in node.args if self._is_real(a)}
        reduced = {0: "", 1: ".all(1)"}
        axes = {i: len(self.graph.nodes[i].type.axes) for i in sorted(checked)}
        flat = [
            f"torch.isfinite({self.text_of(i)}){reduced.get(n, '.flatten(1).all(1)')}"
            for i, n in axes.items()
        ]
        return " & ".join(flat)

    def _is_real(self, i: int) -> bool:
        type = self.graph.nodes[i].type
        return type.kind is Kind.NUMBER and type.batched

    def _next(self, i: int) -> str:
        """A slot's next value; what is a view of the old state is copied before that is overwritten."""
        at = i
        while self.graph.nodes[at].op in ("index", "take"):
            at = self.graph.nodes[at].args[0]
        text = self.text_of(i, POSTFIX)
        return f"{text}.clone()" if self.graph.nodes[at].op == "state" else text


class _Reset(_Function):
    def text(self) -> str:
        self.body()
        doc = [
            '"""What the reset state gives: the state to start from, and the observations [N, O]. Arguments as for `step`."""',
            "real = w.dtype",
        ]
        tail = [
            *_observations(self),
            f"state = {_tuple([self.text_of(i) for i in self.graph.state])}",
            "return observations, state",
        ]
        return self.render("def at_reset(q, s, p, w, k):", doc, tail)


def _observations(function: _Function) -> List[str]:
    rows = []
    for i in function.graph.observations:
        node = function.graph.nodes[i]
        text = function.text_of(i, LOOSEST if len(node.type.axes) == 1 else POSTFIX)
        if not node.type.batched:
            text = f'torch.zeros_like(q["time_limit"], dtype=real)[:, None] + {text}'
        elif not node.type.axes:
            text += "[:, None]"
        elif len(node.type.axes) > 1:
            text += ".flatten(1)"
        rows.append(text)
    if not rows:
        return ['observations = w.new_zeros(len(q["time_limit"]), 0)']
    joined = ", ".join(rows)
    if len(joined) < 90:
        return [f"observations = torch.cat(({joined}{',' if len(rows) == 1 else ''}), 1)  # [N, O]"]
    return ["observations = torch.cat((", *(f"    {row}," for row in rows), "), 1)  # [N, O]"]


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
