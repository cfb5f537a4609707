"""A Triton kernel under construction: cells of a graph's nodes on demand, as lines, and the tiles that they are loaded and stored as."""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from .cells import LITERAL, WHOLE, Build, Cell, Key, fit, letters, live, width
from .emit import INLINE, LONGEST, PLAIN, comment, unused
from .expressions import POSTFIX
from .expressions_triton import build
from .ir import Node, Program
from .optimize import Graph
from .prelude_triton import PRELUDE
from .types import Axis, Kind

TAKEN = {"ended", "whole", "tl", "triton", "row", "live", "mask", "p", "w", "k", "N", "stride", "about", "paid", "values", "shared", "flags", "observations",
         "episode", "sums", "NATS", "WIDE", "FULL", "BLOCK", "reward", "bad", "unpaid", "unseen", "doubtful", "nonfinite", "done", "contributions", "gained", "lasted",
         "time_out", "terminated", "ends", "sum", "abs", "min", "max", "float", "range", "int", "zero"} | set(PRELUDE)  # fmt: skip
RUN = ("epoch", "frames", "progress", "gamma")


class Kernel:
    """One emitted kernel: cells of the graph's nodes on demand, as lines."""

    def __init__(self, program: Program, graph: Graph, kept: Sequence[int], constants: List[Tuple[float, ...]],
                 known: Dict[Key, int]) -> None:  # fmt: skip
        self.program, self.graph, self.nodes = program, graph, graph.nodes
        self.table, self.known = constants, known
        self.slot = {k: i for i, k in enumerate(kept)}
        self.inputs = [*(p.name for p in program.params), *RUN]
        self.body: List[Tuple[str, str]] = []
        # Lines before all others, so that nothing waits twice: ptxas moves no load up past a store, which may be to the same place.
        self.loads: List[Tuple[str, str]] = []
        self.tops: Dict[str, str] = {}  # lines at the head: lanes, masks, columns
        self.uses: Dict[Key, int] = {}
        self.cells: Dict[Key, Cell] = {}
        self.names: Set[str] = TAKEN | {f"group_{name}" for name in program.groups}
        self.quantities: Dict[str, int] = {}  # those read → their number of dimensions
        self.suggested: Dict[int, str] = {}
        self.columns = 0  # of the observations
        self.width = 0  # of a row of `sums`

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
        early = cell.strength == POSTFIX and cell.text.startswith("tl.load(")
        lines = self.loads if early else self.body
        lines.append((f"{name} = {cell.text}", comment))
        return Cell(name, POSTFIX, cell.batched, cell.axes)

    def lines(self, key: Key, cell: Cell) -> Cell:
        """All parts of a node, which one call gives."""
        title = self.title(key)
        names = [self.name(f"{title}_{letter}") for letter in letters(self.nodes[key.node].type)]
        self.body.append((f"{', '.join(names)} = {cell.text}", self.comment(key)))
        return cell._replace(text=", ".join(names))

    def name(self, wanted: str) -> str:
        return unused(wanted, self.names)

    # tiles

    def top(self, name: str, text: str) -> str:
        """A line at the head, once."""
        self.names.add(name)
        self.tops.setdefault(name, text)
        return name

    def lane(self, axis: Axis) -> str:
        """The places of an axis. [padded]"""
        places = padded(len(axis))
        return self.top(f"lane{places}", f"tl.arange(0, {places})")

    def inside(self, axis: Axis) -> str:
        """Which places of an axis are its elements, "" if all are. [padded] bool"""
        n = len(axis)
        return "" if n == padded(n) else self.top(f"inside{n}", f"{self.lane(axis)} < {n}")

    def broadcast(self, cell: Cell, axes: Sequence[Axis]) -> Cell:
        """A cell that has all of these axes."""
        if set(cell.axes) == set(axes):
            return cell
        fitted = fit(cell, cell.batched, axes)
        shape = [*(["BLOCK"] if cell.batched else []), *(str(padded(len(axis))) for axis in axes)]
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
        offset = self.place(key, pointer if node.op == "quantity" else "")
        mask = self.mask(type.batched, axes)
        masked = f", mask={mask}, other=0" if mask else ""
        cell = Cell(f"tl.load({pointer} + {offset}{masked})", POSTFIX, type.batched, axes)
        if node.op == "state":
            return self.line(f"last_{self.title(key)}", cell, self.comment(key))
        return self.line(self.title(key), cell, self.comment(key))

    def place(self, key: Key, pointer: str) -> str:
        """Where a part of a node is in its tensor: by the strides of a pointer, or of a dense one."""
        type, view = self.nodes[key.node].type, dict(key.view)
        sizes = [*(len(axis) for axis in type.entities), *([width(type)] if width(type) > 1 else [])]
        axes = live(type, view)

        def times(count: str, dim: int) -> str:
            by = f"{pointer}_{dim}" if pointer else str(product(sizes[dim + 1 - type.batched :]))
            return count if by == "1" or count == "0" else f"{count} * {by}"

        parts = [times(fit(Cell("row", POSTFIX, True), True, axes).text, 0)] if type.batched else []
        for dim, axis in enumerate(type.entities, type.batched):
            picks = view.get(axis, tuple(range(len(axis))))
            if isinstance(picks, int):
                parts.append(times(str(picks), dim))
                continue
            own = Axis(axis.name, tuple(axis.elements[j] for j in picks))
            lane = Cell(self.column(picks, own), POSTFIX, False, (own,))
            parts.append(times(fit(lane, type.batched, axes).text, dim))
        if key.part > 0:
            parts.append(times(str(key.part), len(sizes) - 1 + type.batched))
        return " + ".join(part for part in parts if part != "0") or "0"

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
                step = product(sizes[at + 1 :])
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
        first, total = 0, sum(size(self.nodes[i]) for i in self.graph.observations)
        for i in self.graph.observations:
            stores += self.store("observations", i, total, first, rows)
            first += size(self.nodes[i])
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
            for line in self.store(f"s_{k}", i, size(self.nodes[i]), 0, rows)
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


def padded(n: int) -> int:
    return 1 << (n - 1).bit_length()


def product(sizes: Sequence[int]) -> int:
    out = 1
    for size in sizes:
        out *= size
    return out


def size(node: Node) -> int:
    return product([len(axis) for axis in node.type.entities]) * width(node.type)
