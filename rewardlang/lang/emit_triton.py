"""Optimized IR → one Triton kernel for a step and one for resets, each a block of environments per program instance.

The kernels do all that `emit`'s functions and the books of `statistics` do, so that a control step is one launch: each input is read
once, each result written once, and nothing in between leaves the registers. What they are given is `rewardlang.fused`'s business.
"""

from __future__ import annotations

import keyword
import re
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from .emit import INLINE, LONGEST, PLAIN, comment, names_of, slot_of
from .expressions import POSTFIX
from .expressions_triton import LITERAL, WHOLE, Build, Cell, Key, build, fit, letters, live, width
from .ir import Node, Program, below
from .optimize import Graph, reset_graph, step_graph
from .prelude_triton import PRELUDE
from .types import Axis, Kind

TAKEN = {"tl", "triton", "row", "live", "mask", "p", "w", "k", "N", "stride", "about", "paid", "values", "shared", "flags", "observations",
         "episode", "sums", "NATS", "WIDE", "BLOCK", "reward", "bad", "unpaid", "unseen", "doubtful", "nonfinite", "done", "contributions", "gained", "lasted", "counted",
         "time_out", "terminated", "ends", "sum", "abs", "min", "max", "float", "range", "int", "zero"} | set(PRELUDE)  # fmt: skip
CHUNK = 16  # terms that are booked together
ROWS = ("row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)", "live = row < N", "if WIDE:  # more than 2^31 numbers in a tensor",
        "    row = row.to(tl.int64)")  # fmt: skip
RUN = ("epoch", "frames", "progress", "gamma")


def emit_triton(program: Program, title: str) -> str:
    """The source of a module with the kernels `step` and `at_reset`, and what they want to be given."""
    graph, kept = step_graph(program)
    constants: List[Tuple[float, ...]] = []
    step = _twice(_Step, program, graph, kept, constants)
    reset = _twice(_Reset, program, reset_graph(program, kept), kept, constants)
    flat = [value for row in constants for value in row]
    head = [
        f'"""{title}"""', "", "import triton", "import triton.language as tl", "",
        f"TERMS = {names_of(t.name for t in program.terms)}",
        f"CAUSES = {names_of(c.name for c in program.causes)}",
        f"METRICS = {names_of(m.name for m in program.metrics)}",
        f"INPUTS = {names_of([*(p.name for p in program.params), *RUN])}  # what `p` holds",
        f"CONSTANTS = {tuple(flat)!r}  # what `k` holds",
        f"READ = {{\"step\": {tuple(step.quantities)!r}, \"at_reset\": {tuple(reset.quantities)!r}}}".replace("'", '"'),
        f"OBSERVATIONS = {step.columns}",
        f"SUMS = {step.width}  # in a row of `sums`",
        "# Shape after [N] and kind of what is remembered from step to step.",
        "STATE = (" + "".join(f"\n    {slot_of(program.nodes[program.slots[i]])}" for i in kept) + ("\n)" if kept else ")"),
    ]  # fmt: skip
    bodies = [step.text(), reset.text()]
    used = _prelude("\n".join(bodies))
    return "\n\n\n".join(["\n".join(head), *used, *bodies]) + "\n"


def _prelude(text: str) -> List[str]:
    """The functions that a text calls, and those that these call, in the table's order."""
    found: Set[str] = set()
    todo = [text]
    while todo:
        one = todo.pop()
        for name in PRELUDE:
            if name not in found and re.search(rf"(?<![\w.]){name}\(|, {name}\)", one):
                found.add(name)
                todo.append(PRELUDE[name].split("\n", 2)[2])
    return ["@triton.jit\n" + PRELUDE[name].strip("\n") for name in PRELUDE if name in found]


def _twice(kind, program, graph, kept, constants):  # type: ignore[no-untyped-def]
    """A kernel written once to see how often each value is read, then with those read once inside their reader."""
    first = kind(program, graph, kept, list(constants), {})
    first.write()
    second = kind(program, graph, kept, constants, first.uses)
    second.write()
    return second


class _Kernel:
    """One emitted kernel: cells of the graph's nodes on demand, as lines."""

    def __init__(self, program: Program, graph: Graph, kept: Sequence[int], constants: List[Tuple[float, ...]],
                 known: Dict[Key, int]) -> None:  # fmt: skip
        self.program, self.graph, self.nodes = program, graph, graph.nodes
        self.table, self.known = constants, known
        self.slot = {k: i for i, k in enumerate(kept)}
        self.inputs = [*(p.name for p in program.params), *RUN]
        self.body: List[Tuple[str, str]] = []
        self.tops: Dict[str, str] = {}  # lines at the head: lanes, masks, columns
        self.uses: Dict[Key, int] = {}
        self.cells: Dict[Key, Cell] = {}
        self.names: Set[str] = TAKEN | {f"group_{name}" for name in program.groups}
        self.quantities: Dict[str, int] = {}  # those read → their number of dimensions
        self.suggested: Dict[int, str] = {}
        self.columns = 0

    # cells

    def cell(self, key: Key) -> Cell:
        """The cell of a key that something outside the graph reads; those that it needs come first."""
        self.uses[key] = self.uses.get(key, 0) + 1
        if key in self.cells:
            return self.cells[key]
        stack: List[Tuple[Key, Build]] = [(key, build(self, key))]
        given: Optional[Cell] = None
        while stack:
            at, work = stack[-1]
            try:
                wanted = work.send(given)  # type: ignore[arg-type]
            except StopIteration as stop:
                given = self.cells[at] = self._settled(at, stop.value)
                stack.pop()
                continue
            self.uses[wanted] = self.uses.get(wanted, 0) + 1
            given = self.cells.get(wanted)
            if given is None:
                stack.append((wanted, build(self, wanted)))
        return self.cells[key]

    def _settled(self, key: Key, cell: Cell) -> Cell:
        """A cell, with a line of its own if it is named, shared or long."""
        node = self.nodes[key.node]
        plain = re.fullmatch(r"-?[\w.]+", cell.text) is not None
        if key.part == WHOLE or plain or (node.op in INLINE and node.op not in ("param", "run")):
            return cell
        named = node.name or self.suggested.get(key.node, "")
        if not named and self.known.get(key, 2) < 2 and len(cell.text) <= LONGEST:
            return cell
        return self.line(self.title(key), cell, self.comment(key))

    def title(self, key: Key) -> str:
        """What to call a part of a node."""
        node = self.nodes[key.node]
        name = node.name or self.suggested.get(key.node, "") or node.hint or PLAIN.get(node.op, node.op)
        if node.op == "quantity":
            name = node.data[0]
        letter = letters(node.type)[key.part] if key.part != WHOLE else ""
        return f"{name}_{letter}" if letter else name

    def comment(self, key: Key) -> str:
        node = self.nodes[key.node]
        return comment(node, live(node.type, dict(key.view)))

    def line(self, wanted: str, cell: Cell, comment: str = "") -> Cell:
        name = self.name(wanted)
        self.body.append((f"{name} = {cell.text}", comment))
        return Cell(name, POSTFIX, cell.batched, cell.axes)

    def lines(self, key: Key, cell: Cell) -> Cell:
        """All parts of a node, which one call gives."""
        title = self.title(key)
        names = [self.name(f"{title}_{letter}") for letter in letters(self.nodes[key.node].type)]
        self.body.append((f"{', '.join(names)} = {cell.text}", self.comment(key)))
        return cell._replace(text=", ".join(names))

    def name(self, wanted: str) -> str:
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
        if not name or name[0].isdigit() or keyword.iskeyword(name):
            name = f"v_{name}"
        at, base = 1, name
        while name in self.names:
            at += 1
            name = f"{base}_{at}"
        self.names.add(name)
        return name

    # tiles

    def top(self, name: str, text: str) -> str:
        """A line at the head, once."""
        self.names.add(name)
        self.tops.setdefault(name, text)
        return name

    def lane(self, axis: Axis) -> str:
        """The places of an axis. [padded]"""
        padded = _padded(len(axis))
        return self.top(f"lane{padded}", f"tl.arange(0, {padded})")

    def inside(self, axis: Axis) -> str:
        """Which places of an axis are its elements, "" if all are. [padded] bool"""
        n = len(axis)
        return "" if n == _padded(n) else self.top(f"inside{n}", f"{self.lane(axis)} < {n}")

    def broadcast(self, cell: Cell, axes: Sequence[Axis]) -> Cell:
        """A cell that has all of these axes."""
        if set(cell.axes) == set(axes):
            return cell
        fitted = fit(cell, cell.batched, axes)
        shape = [*(["BLOCK"] if cell.batched else []), *(str(_padded(len(axis))) for axis in axes)]
        zeros, join = ("tl.int1", "|") if cell.text in LITERAL else ("tl.float32", "+")
        text = (
            f"tl.zeros(({', '.join(shape)},), {zeros}) {join} {fitted.at(POSTFIX)}"
            if not cell.batched and not cell.axes
            else f"tl.broadcast_to({fitted.text}, ({', '.join(shape)},))"
        )
        return Cell(text, 0 if "zeros" in text else POSTFIX, cell.batched, tuple(axes))

    def constants(self, values: Sequence[float], axis: Axis) -> Cell:
        """A number for each element of an axis, from `k`."""
        if tuple(values) not in self.table:
            self.table.append(tuple(values))
        at = sum(len(row) for row in self.table[: self.table.index(tuple(values))])
        inside = self.inside(axis)
        mask = f", mask={inside}, other=0.0" if inside else ""
        return Cell(f"tl.load(k + {at} + {self.lane(axis)}{mask})", POSTFIX, False, (axis,))

    def read(self, key: Key, node: Node, pointer: str) -> Cell:
        """A part of a tensor, masked."""
        type, axes = node.type, live(node.type, dict(key.view))
        dims = int(type.batched) + len(type.entities) + (width(type) > 1)
        if node.op == "quantity":
            self.quantities[node.data[0]] = dims
        offset = self.offset(key, pointer if node.op == "quantity" else "")
        mask = self.mask(type.batched, axes)
        masked = f", mask={mask}, other=0" if mask else ""
        cell = Cell(f"tl.load({pointer} + {offset}{masked})", POSTFIX, type.batched, axes)
        if node.op == "state":
            return self.line(f"last_{self.title(key)}", cell, self.comment(key))
        return self.line(self.title(key), cell, self.comment(key))

    def offset(self, key: Key, pointer: str) -> str:
        """Where a part of a node is in its tensor; that of a state slot is dense."""
        node = self.nodes[key.node]
        return self.place(node.type, key.view, key.part, pointer)

    def place(self, type, view, part: int, pointer: str) -> str:  # type: ignore[no-untyped-def]
        sizes = [*(len(axis) for axis in type.entities), *([width(type)] if width(type) > 1 else [])]
        axes = live(type, dict(view))
        stride = (lambda i: f"{pointer}_{i}") if pointer else (lambda i: str(_product(sizes[i:])))
        parts: List[str] = []
        if type.batched:
            one = Cell("row", POSTFIX, True)
            parts.append(f"{fit(one, True, axes).text} * {stride(0)}" if stride(0) != "1" else "row")
        constant = []
        for i, axis in enumerate(type.entities):
            picks = dict(view).get(axis, tuple(range(len(axis))))
            step = stride(i + type.batched)
            if isinstance(picks, int):
                constant.append(f"{picks} * {step}" if pointer else str(picks * int(step)))
                continue
            own = Axis(axis.name, tuple(axis.elements[j] for j in picks))
            column = fit(Cell(self.column(picks, own), POSTFIX, False, (own,)), type.batched, axes)
            parts.append(column.text if step == "1" else f"{column.text} * {step}")
        if part > 0:
            constant.append(f"{part} * {stride(len(sizes) - 1 + type.batched)}" if pointer else str(part))
        return " + ".join([*parts, *(c for c in constant if c != "0")]) or "0"

    def column(self, picks: Sequence[int], axis: Axis) -> str:
        """The picked places as a function of the lane: runs of even steps."""
        lane, steps = self.lane(axis), [b - a for a, b in zip(picks, picks[1:])]
        step = max(set(steps), key=steps.count) if steps else 0
        jumps = [(i + 1, each - step) for i, each in enumerate(steps) if each != step]
        terms = [str(picks[0])] if picks[0] else []
        terms += [lane if step == 1 else f"{step} * {lane}"] if step else []
        terms += [f"tl.where({lane} >= {at}, {jump}, 0)" for at, jump in jumps]
        if terms == [lane]:
            return lane
        text = " + ".join(terms) if step or jumps else f"{lane} * 0 + {picks[0]}"
        known = next((name for name, old in self.tops.items() if old == text), None)
        return known or self.top(self.name(f"at_{axis.name}"), text)

    def mask(self, batched: bool, axes: Sequence[Axis], rows: str = "live") -> str:
        parts = [fit(Cell(rows, POSTFIX, True), True, axes).text] if batched else []
        for axis in axes:
            inside = self.inside(axis)
            if inside:
                parts.append(fit(Cell(inside, POSTFIX, False, (axis,)), batched, axes).text)
        return " & ".join(parts)

    # what both kernels do

    def parts(self, i: int) -> Iterator[Tuple[int, Cell]]:
        """The parts of a node."""
        for part in range(width(self.nodes[i].type)):
            yield part, self.cell(Key(i, (), part))

    def store(self, pointer: str, i: int, columns: int, first: int, rows: str) -> List[str]:
        """Lines that write a node to its columns of a dense matrix [N, columns]."""
        out, type = [], self.nodes[i].type
        axes = live(type, {})
        for part, cell in self.parts(i):
            where = [
                fit(Cell("row", POSTFIX, True), True, axes).text + (f" * {columns}" if columns > 1 else "")
            ]
            sizes = [*(len(axis) for axis in axes), *([width(type)] if width(type) > 1 else [])]
            for at, axis in enumerate(axes):
                lane = fit(Cell(self.lane(axis), POSTFIX, False, (axis,)), True, axes).text
                step = _product(sizes[at + 1 :])
                where.append(f"{lane} * {step}" if step != 1 else lane)
            if first + part:
                where.append(str(first + part))
            mask = self.mask(True, axes, rows)
            fitted = fit(cell, True, axes).text
            if type.kind is not Kind.BOOL and cell.text in LITERAL:
                fitted = str(float(cell.text == "True"))
            out.append(f"tl.store({pointer} + {' + '.join(where)}, {fitted}, mask={mask})")
        return out

    def observed(self, rows: str) -> List[str]:
        """Lines that write the observations."""
        stores: List[str] = []
        first, total = 0, sum(_size(self.nodes[i]) for i in self.graph.observations)
        for i in self.graph.observations:
            stores += self.store("observations", i, total, first, rows)
            first += _size(self.nodes[i])
        self.columns = total
        return stores

    def finite(self, *ids: int) -> str:
        """A text that says where all of some numbers of the environments are finite, "" if there are none. [BLOCK] bool"""
        tiles: Dict[Tuple[Axis, ...], List[str]] = {}
        for i in ids:
            if self.nodes[i].type.kind is not Kind.BOOL and self.nodes[i].type.batched:
                for _, cell in self.parts(i):
                    text = f"finite({cell.text})"
                    if cell.batched and text not in tiles.setdefault(cell.axes, []):
                        tiles[cell.axes].append(text)
        out = []
        for axes, texts in tiles.items():
            text = " & ".join(texts)
            for n in range(len(axes), 0, -1):
                inside = self.inside(axes[n - 1])
                if inside:
                    text = f"({text}) | ~{fit(Cell(inside, POSTFIX, False, axes[n - 1 : n]), True, axes[:n]).text}"
                text = f"all_of({text}, {n})"
            out.append(text)
        return " & ".join(out)

    def next_state(self, rows: str) -> List[str]:
        return [
            line
            for k, i in enumerate(self.graph.state)
            for line in self.store(f"s_{k}", i, _size(self.nodes[i]), 0, rows)
        ]

    def say(self, *lines: str) -> None:
        self.body += [(line, "") for line in lines]

    def full(self, i: int) -> str:
        """A value as numbers [BLOCK]."""
        cell = self.cell(Key(i))
        text = cell.text
        if self.nodes[i].type.kind is Kind.BOOL:
            text = str(float(text == "True")) if text in LITERAL else f"{cell.at(POSTFIX)}.to(tl.float32)"
        return text if cell.batched else f"zero + {text}"

    def render(self, head: str, doc: str, more: Sequence[str], first: Sequence[str]) -> str:
        state = "".join(f", s_{i}" for i in range(len(self.slot)))
        strides = [
            f"q_{name}" + "".join(f", q_{name}_{i}: tl.constexpr" for i in range(dims))
            for name, dims in self.quantities.items()
        ]
        out = ["@triton.jit", f"def {head}(", *(f"    {line}," for line in [*strides, *more]), "):"]
        out = [line.replace("STATE, ", state[2:] + ", " if state else "") for line in out]
        width = min(90, max((len(code) for code, _ in self.body), default=0))
        out += [f'    """{doc}"""', *(f"    {line}" for line in first)]
        out += [f"    {name} = {text}" for name, text in self.tops.items()]
        out += [
            f"    {code.ljust(width)}  # {note}" if note else f"    {code}".rstrip()
            for code, note in self.body
        ]
        return "\n".join(out)

    def text(self) -> str:
        raise NotImplementedError

    def write(self) -> None:
        raise NotImplementedError


class _Step(_Kernel):
    """The kernel of a control step."""

    def write(self) -> None:
        graph, program = self.graph, self.program
        for i, term in zip(graph.values, program.terms):
            node = graph.nodes[i]
            if not node.name and node.op != "const":
                self.suggested.setdefault(i, term.name)
        for i, metric in zip(graph.metrics, program.metrics):
            self.suggested.setdefault(i, metric.name)
        self._terms()
        self._total()
        self._ends()
        self._books()

    def _terms(self) -> None:
        """Every term's value is written; then what they pay and add up to, sixteen at a time."""
        terms = self.program.terms
        self.say("zero = tl.zeros((BLOCK,), tl.float32)")
        for j, i in enumerate(self.graph.values):
            self.say(f"tl.store(values + {j} * stride + row, {self.full(i)}, mask=live)", "")
        for first in range(0, len(terms), CHUNK):
            columns = _padded(min(CHUNK, len(terms) - first))
            self.say(
                f"paid_{first}, fine_{first} = account({first}, {columns}, {len(terms)}, values, w, about, contributions, episode, sums, row, live, stride, NATS)"
            )
        fine = [f"all_of(fine_{first}, 1)" for first in range(0, len(terms), CHUNK)]
        self.say(f"bad = {'~(' + ' & '.join(fine) + ')' if fine else 'row < 0'}")

    def _total(self) -> None:
        """The reward: what the terms pay, or what `total` makes of the sums of the groups."""
        count = len(self.program.terms)
        if self.graph.total is None:
            self.say(f"reward = {self._sum(range(count))}")
        else:
            for group in self.program.groups:
                own = [j for j, term in enumerate(self.program.terms) if term.group == group]
                self.say(f"group_{group} = {self._sum(own)}")
            self.say(f"reward = {self.full(self.graph.total)}")
        self.say("unpaid = ~finite(reward)", "reward = tl.where(unpaid, 0.0, reward)", "")

    def _sum(self, terms: Sequence[int]) -> str:
        """What some terms pay together."""
        parts, count = [], len(self.program.terms)
        for first in range(0, count, CHUNK):
            whole = min(CHUNK, count - first)
            own = [j - first for j in terms if first <= j < first + CHUNK]
            if len(own) == whole:
                parts.append(f"tl.sum(paid_{first}, 1)")
            elif own:
                lane = self.lane(Axis("", ("",) * whole))
                runs = [(a, b) for a, b in _runs(own)]
                at = " | ".join(
                    f"({lane} == {a})" if a == b else f"(({lane} >= {a}) & ({lane} <= {b}))" for a, b in runs
                )
                parts.append(f"tl.sum(tl.where({at}, paid_{first}, 0.0), 1)")
        return " + ".join(parts) or "zero"

    def _ends(self) -> None:
        """Terminations, observations, and where something was not finite."""
        graph = self.graph
        self.causes, self.doubts, self.metrics = [], [], []  # type: ignore[var-annotated]
        for n, i in enumerate(graph.causes):
            cell = self.cell(Key(i))
            text = cell.text if cell.batched else f"(row < 0) | {cell.text}"
            self.causes.append(self.line(f"cause_{self.program.causes[n].name}", Cell(text)).text)
            checks = self.finite(*self._compared(i))
            doubt = f"doubt_{self.program.causes[n].name}"
            self.doubts.append(self.line(doubt, Cell(f"~({checks})")).text if checks else "")
        for n, i in enumerate(graph.metrics):
            self.metrics.append(self.line(f"metric_{self.program.metrics[n].name}", Cell(self.full(i))).text)
        stores = self.observed("live")
        finite = self.finite(*graph.observations)
        doubtful = [doubt for doubt in self.doubts if doubt]
        terminated, time_out = (self.cell(Key(i)) for i in graph.outcomes)
        state = self.next_state("live")
        self.say(f"unseen = {f'~({finite})' if finite else 'row < 0'}",
                 f"nonfinite = {' | '.join(['bad', 'unpaid', 'unseen', *doubtful])}",
                 f"terminated = {terminated.text if terminated.batched else '(row < 0) | ' + terminated.text}",
                 f"time_out = ({time_out.text}) & ~nonfinite",
                 "done = terminated | time_out | nonfinite", "")  # fmt: skip
        if state:
            self.say("tl.debug_barrier()  # all of the old state is read before any of it is overwritten")
        self.say(*state, *stores)

    def _compared(self, root: int) -> List[int]:
        """What the comparisons below a termination read."""
        nodes = self.graph.nodes
        compared = [
            nodes[i] for i in below(nodes, [root]) if nodes[i].op in ("lt", "le", "gt", "ge", "eq", "ne")
        ]
        return sorted(
            {
                a
                for node in compared
                for a in node.args
                if nodes[a].type.kind is Kind.NUMBER and nodes[a].type.batched
            }
        )

    def _books(self) -> None:
        """What is added up of the whole, and what only where an episode ends or something is odd."""
        t, m = len(self.program.terms), len(self.metrics)
        odd = [
            *(doubt or "row < 0" for doubt in self.doubts),
            *(f"~finite({name})" for name in self.metrics),
            "unpaid",
            "unseen",
        ]
        flags = [*self.causes, "time_out", "nonfinite", "done", "terminated"]
        self.say("")
        self.say(
            *(
                f"tl.store(shared + {i} * stride + row, {name}, mask=live)"
                for i, name in enumerate(["reward", *self.metrics])
            )
        )
        self.say(
            *(
                f"tl.store(flags + {i} * stride + row, {name}, mask=live)"
                for i, name in enumerate(flags, len(odd))
            )
        )
        at = 9 * t + 2 * (t + 2)
        self.say(f"tl.store(episode + {t} * stride + row, gained + reward, mask=live)",
                 f"tl.store(episode + {t + 1} * stride + row, lasted + 1.0, mask=live)",
                 f"tl.store(sums + {at}, counted + tl.minimum(N - tl.program_id(0) * BLOCK, BLOCK))",
                 "tl.debug_barrier()  # all that is added up below is written",
                 f"tally(sums + {at + 1}, shared, {1 + m}, {_padded(1 + m)}, row, live, stride)")  # fmt: skip
        at += 2 + m
        events = len(odd) + len(flags) - 1
        seldom = ["done", *(f"~finite({name})" for name in self.metrics)]
        self.say("", f"if tl.max((live & ({' | '.join(seldom)})).to(tl.int32), 0) > 0:",
                 *(f"    tl.store(flags + {i} * stride + row, {text}, mask=live)" for i, text in enumerate(odd)),
                 "    tl.debug_barrier()",
                 f"    settle(sums + {9 * t}, episode, done & live, row, stride, {t}, {self.program.total is not None})",
                 f"    tally(sums + {at}, flags, {events}, {_padded(events)}, row, live, stride)")  # fmt: skip
        at += events
        if m:
            self.say(f"    tally(sums + {at}, shared + stride, {m}, {_padded(m)}, row, done & live, stride)")
        self.width = at + m

    def text(self) -> str:
        return self.render(
            "step",
            "What one control step pays, its ends, observations, next state and sums, of BLOCK environments.",
            ["STATE, p, w, k, about, shared, contributions, values, flags, observations, episode, sums, N, stride",
             "NATS: tl.constexpr, WIDE: tl.constexpr, BLOCK: tl.constexpr"],
            [*ROWS, f"sums += tl.program_id(0) * {self.width}",
             f"gained = tl.load(episode + {len(self.program.terms)} * stride + row, mask=live, other=0.0)",
             f"lasted = tl.load(episode + {len(self.program.terms) + 1} * stride + row, mask=live, other=0.0)",
             f"counted = tl.load(sums + {11 * len(self.program.terms) + 4})"],
        )  # fmt: skip


class _Reset(_Kernel):
    """The kernel of a reset: first state and observations of the environments that start anew."""

    def write(self) -> None:
        stores = self.observed("mask")
        self.say(*self.next_state("mask"), *stores)
        t = len(self.program.terms)
        self.say(
            f"for column in range({t + 2}):", "    tl.store(episode + column * stride + row, 0.0, mask=mask)"
        )

    def text(self) -> str:
        self.body = [(f"    {line}", note) for line, note in self.body]
        self.body.insert(0, ("if tl.max(mask.to(tl.int32), 0) > 0:", ""))
        return self.render(
            "at_reset",
            "The state to start from and the observations, of those of BLOCK environments that start anew.",
            ["STATE, p, w, k, anew, observations, episode, N, stride", "WIDE: tl.constexpr, BLOCK: tl.constexpr"],
            [*ROWS, "mask = tl.load(anew + row, mask=live, other=0) != 0"],
        )  # fmt: skip


def _runs(places: Sequence[int]) -> List[Tuple[int, int]]:
    """Ascending places as runs, from first to last."""
    out: List[Tuple[int, int]] = []
    for place in places:
        if out and out[-1][1] == place - 1:
            out[-1] = (out[-1][0], place)
        else:
            out.append((place, place))
    return out


def _padded(n: int) -> int:
    return 1 << (n - 1).bit_length()


def _product(sizes: Sequence[int]) -> int:
    out = 1
    for size in sizes:
        out *= size
    return out


def _size(node: Node) -> int:
    return _product([len(axis) for axis in node.type.entities]) * width(node.type)
