"""Optimized IR → one Triton kernel for a step and one for resets, each a block of environments per program instance.

The kernels do all that `emit`'s functions and the books of `statistics` do, so that a control step is one launch: each input is read
once, each result written once, and nothing in between leaves the registers. What they are given is `rewardlang.fused`'s business.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Sequence, Set, Tuple

from .cells import Cell, Key
from .emit import names_of, slot_of
from .ir import Program, below
from .kernel_triton import RUN, Kernel, padded
from .optimize import Graph, reset_graph, step_graph
from .prelude_triton import PRELUDE
from .types import Axis, Kind

CHUNK = 16  # terms that are booked together, as the columns of a tile: few are left empty
TILED = ("paid", "fine", "gained", "before", "weight", "low", "high")  # of which each chunk has one
ROWS = 512  # of `sums`, which blocks share
PLACES = ("row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)", "live = row < N", "if FULL:  # no block has fewer",
          "    live = tl.full((BLOCK,), True, tl.int1)", "if WIDE:  # more than 2^31 numbers in a tensor",
          "    row, stride = row.to(tl.int64), stride.to(tl.int64)")  # fmt: skip


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
        f"ROWS = {ROWS}  # of `sums`, which blocks share",
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


def _twice(kind: Callable[..., Kernel], program: Program, graph: Graph, kept: Sequence[int],
           constants: List[Tuple[float, ...]]) -> Kernel:  # fmt: skip
    """A kernel written once to see how often each value is read, then with those read once inside their reader."""
    uses: Dict[Key, int] = {}
    kernel = kind(program, graph, kept, list(constants), uses)
    kernel.write()
    kernel = kind(program, graph, kept, constants, kernel.uses)
    kernel.write()
    return kernel


class _Step(Kernel):
    """The kernel of a control step."""

    def write(self) -> None:
        graph, program = self.graph, self.program
        self.names |= {f"{name}_{first}" for name in TILED for first in range(0, len(program.terms), CHUNK)}
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
        """Every term's value; then what they pay and add up to, CHUNK at a time.

        The values come back from memory as tiles, with the terms side by side: to put tiles together in registers takes a step of a
        million environments half as long again.
        """
        count = len(self.program.terms)
        self.say("zero = tl.zeros((BLOCK,), tl.float32)")
        values = [self.full(i) for i in self.graph.values]
        # Stored while the values are on their way to memory and back, and then no longer held.
        stores = [*self.next_state("live"), *self.observed("live")]
        self.say("", "tl.debug_barrier()  # all that is overwritten below is read",
                 *(f"tl.store(values + {j} * stride + row, {text}, mask=live)" for j, text in enumerate(values)), *stores)  # fmt: skip
        if count:
            self.say("tl.debug_barrier()  # the values are written")
        for first in range(0, count, CHUNK):
            columns = padded(min(CHUNK, count - first))
            self.say(f"paid_{first}, fine_{first}, gained_{first} = account({first}, {columns}, {count}, values, "
                     f"weight_{first}, low_{first}, high_{first}, before_{first}, contributions, episode, sums, row, live, "
                     "stride)")  # fmt: skip
        if count:
            self.say("if NATS > 0:", f"    nats(NATS, {count}, values, about, sums, row, live, stride)")
        fine = [f"all_of(fine_{first}, 1)" for first in range(0, count, CHUNK)]
        self.say(f"bad = {'~(' + ' & '.join(fine) + ')' if fine else 'row < 0'}")

    def _kept(self) -> List[str]:
        """Lines that read what the books go by."""
        t = len(self.program.terms)
        return [
            f"gained = tl.load(episode + {t} * stride + row, mask=live, other=0.0)",
            f"lasted = tl.load(episode + {t + 1} * stride + row, mask=live, other=0.0)",
            *(f"weight_{first}, low_{first}, high_{first}, before_{first} = kept({first}, {padded(min(CHUNK, t - first))}, {t}, w, about, episode, row, live, stride)"
              for first in range(0, t, CHUNK)),
        ]  # fmt: skip

    def _tile(self, texts: Sequence[str]) -> str:
        """Numbers of the environments side by side."""
        count, columns = len(texts), padded(len(texts))
        return f"columns(({', '.join(texts)},), {count}, {columns})"

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
        """Terminations, and where something was not finite."""
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
        finite = self.finite(*graph.observations)
        doubtful = [doubt for doubt in self.doubts if doubt]
        terminated, time_out = (self.cell(Key(i)) for i in graph.outcomes)
        self.say(f"unseen = {f'~({finite})' if finite else 'row < 0'}",
                 f"nonfinite = {' | '.join(['bad', 'unpaid', 'unseen', *doubtful])}",
                 f"terminated = {terminated.text if terminated.batched else '(row < 0) | ' + terminated.text}",
                 f"time_out = ({time_out.text}) & ~nonfinite",
                 "done = terminated | time_out | nonfinite")  # fmt: skip

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
            *(f"tl.store(flags + {i} * stride + row, {name}, mask=live)" for i, name in enumerate(flags))
        )
        at = 9 * t + 2 * (t + 2)
        self.say("gained += reward", "lasted += 1.0",
                 f"tl.store(episode + {t} * stride + row, gained, mask=live)",
                 f"tl.store(episode + {t + 1} * stride + row, lasted, mask=live)",
                 f"tl.atomic_add(sums + {at}, tl.minimum(N - tl.program_id(0) * BLOCK, BLOCK).to(tl.float64), sem=\"relaxed\")",
                 f"tally(sums + {at + 1}, {self._tile(['reward', *self.metrics])}, {1 + m}, {padded(1 + m)}, live)")  # fmt: skip
        at += 2 + m
        events = [*odd, *flags[:-1]]
        seldom = ["done", *(f"~finite({name})" for name in self.metrics)]
        firsts = range(0, t, CHUNK)
        whole = " + ".join(f"tl.sum(gained_{first}.to(tl.float64), 1)" for first in firsts)
        if self.program.total is not None or not t:
            whole = "gained.to(tl.float64)"
        self.say("", f"if tl.max((live & ({' | '.join(seldom)})).to(tl.int32), 0) > 0:",
                 "    ended = done & live",
                 f"    whole = {whole}",
                 *(f"    settle(sums + {9 * t + first}, sums + {10 * t + 2 + first}, gained_{first}, whole, ended, {min(CHUNK, t - first)}, {padded(min(CHUNK, t - first))})" for first in firsts),
                 f"    settle(sums + {10 * t}, sums + {11 * t + 2}, {self._tile(['gained', 'lasted'])}, whole, ended, 2, 2)",
                 f"    tally(sums + {at}, {self._tile(events)}, {len(events)}, {padded(len(events))}, live)")  # fmt: skip
        at += len(events)
        if m:
            self.say(f"    tally(sums + {at}, {self._tile(self.metrics)}, {m}, {padded(m)}, ended)")
        self.width = at + m

    def text(self) -> str:
        self.body = [*self.loads, ("", ""), *self.body]
        return self.render(
            "step",
            "What one control step pays, its ends, observations, next state and sums, of BLOCK environments.",
            ["STATE, p, w, k, about, shared, contributions, values, flags, observations, episode, sums, N, stride",
             "NATS: tl.constexpr, WIDE: tl.constexpr, FULL: tl.constexpr, BLOCK: tl.constexpr"],
            [*PLACES, f"sums += tl.program_id(0) % {ROWS} * {self.width}", *self._kept()],
        )  # fmt: skip


class _Reset(Kernel):
    """The kernel of a reset: first state and observations of the environments that start anew."""

    def write(self) -> None:
        stores = self.observed("mask")
        self.say(*self.next_state("mask"), *stores)
        t = len(self.program.terms)
        self.say(
            f"for column in range({t + 2}):", "    tl.store(episode + column * stride + row, 0.0, mask=mask)"
        )

    def text(self) -> str:
        self.body = [*self.loads, *self.body]
        self.body = [(f"    {line}", note) for line, note in self.body]
        self.body.insert(0, ("if tl.max(mask.to(tl.int32), 0) > 0:", ""))
        return self.render(
            "at_reset",
            "The state to start from and the observations, of those of BLOCK environments that start anew.",
            ["STATE, p, w, k, anew, observations, episode, N, stride", "WIDE: tl.constexpr, FULL: tl.constexpr, BLOCK: tl.constexpr"],
            [*PLACES, "mask = tl.load(anew + row, mask=live, other=0) != 0"],
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
