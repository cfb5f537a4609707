"""Optimized IR → a torch file that stands alone: no rewardlang, state as arguments, `torch.jit.script` takes it.

Its lines are those of `emit`; only heads and tails differ. Annotations are those of `typing`, which old TorchScript reads.
"""

from __future__ import annotations

import json
import re
from typing import Dict, List, Sequence, Tuple

from .compiler import Compiled
from .emit import LONGEST, _Function, _Step, _Weights, names_of, safe
from .expressions import MULTIPLY, POSTFIX, number
from .ir import Node
from .optimize import reset_graph, step_graph, weight_graph
from .prelude import PRELUDE
from .types import FRAMES, Kind
from .units import show

RUN = {"epoch": 0.0, "frames": 0.0, "progress": 0.0, "gamma": 0.99}
TAKEN = {"Dict", "List", "NamedTuple", "Step", "Tensor", "mask", "nonfinite", "terms", "reset", "step"}
ARGUMENTS = "q: Dict[str, Tensor], s: Dict[str, Tensor], p: Dict[str, Tensor], k: List[Tensor]"
USE = """
    k, p, s = constants(device), params(device), start(num_envs, device)
    s = reset(mask, q, s, p, k)  # after environments began anew: mask [N] bool (all at first), q: their reset states
    out = step(q, s, p, k)       # after each control step and before resets, q: the states that it reached
    s = out.state
"""
RESULT = '''
class Step(NamedTuple):
    """What one control step gives, in N environments."""

    reward: Tensor  # [N], what is paid
    terms: Dict[str, Tensor]  # [N] each, weight * value; 0 where that is not finite
    causes: Dict[str, Tensor]  # [N] bool each, the terminations
    metrics: Dict[str, Tensor]  # [N] each
    terminated: Tensor  # [N] bool, a cause ended the episode
    time_out: Tensor  # [N] bool, the time limit alone did
    nonfinite: Tensor  # [N] bool, a value that is not finite did
    state: Dict[str, Tensor]  # for the next step
'''


def standalone(program: Compiled, values: Dict[str, float]) -> str:
    """The Python source of a file that needs torch alone. `values` replaces the values of params."""
    small = program.optimized
    graph, kept = step_graph(small)
    constants: List[Tuple[str, str]] = []
    slots = _slot_names(program, kept)
    weights = _Weights(small, weight_graph(small), kept, constants)
    step = _StandaloneStep(small, graph, kept, constants)
    after = _StandaloneReset(small, reset_graph(small, kept), kept, constants)
    for function in (weights, step, after):
        function.slot = dict(zip(kept, map(json.dumps, slots)))
        function.names |= TAKEN
    parts = [step.with_weights(weights), after.text()]
    used = [name for name in PRELUDE if any(re.search(rf"(?<![\w.\"]){name}\(", part) for part in parts)]
    read = {n.data[0]: n for f in (step, after) for n in f.graph.nodes if n.op == "quantity"}
    lines = [_head(program, read), RESULT.strip("\n"), _constants(constants), _params(program, values), _start(small.nodes, small.slots, kept, slots)]  # fmt: skip
    text = (
        "\n\n\n".join(part.strip("\n") for part in (*lines, *(PRELUDE[name] for name in used), *parts)) + "\n"
    )
    return text.replace(".norm(dim=", ".norm(p=2, dim=")  # TorchScript knows it only with its order


def _slot_names(program: Compiled, kept: Sequence[int]) -> List[str]:
    """A name of its own for each slot: that of what it remembers."""
    names: List[str] = []
    for k in kept:
        node = program.optimized.nodes[program.optimized.slots[k]]
        base = name = re.sub(r"\W", "_", node.name or node.hint or node.op, flags=re.ASCII)
        at = 1
        while name in names:
            at += 1
            name = f"{base}_{at}"
        names.append(name)
    return names


def _head(program: Compiled, read: Dict[str, Node]) -> str:
    vocabulary = program.vocabulary
    rows = [("time_limit", "[N] bool", "", "", "the episode ends here by its length")]
    for name, node in read.items():
        if name != "time_limit":
            type = node.type
            frame = next(iter(type.frames)) if type.frames and len(type.frames) < len(FRAMES) else ""
            kind = " bool" if type.kind is Kind.BOOL else ""
            unit = "" if kind or type.unit is None else show(type.unit)
            rows.append((name, type.shape() + kind, unit, frame, vocabulary.quantities[name].doc))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    table = [
        "    " + safe("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths)), row[4]])).rstrip()
        for row in rows
    ]
    axes = {axis.name: axis for node in read.values() for axis in node.type.axes if not axis.is_components}
    title = f"{safe(program.name)} for the task {safe(vocabulary.task)}, emitted by rewardlang. It needs torch alone."
    out = [f'"""{title}', USE.rstrip("\n"), "",
           f"A control step lasts {vocabulary.dt:g} s. q holds tensors by name, in SI units; quaternions are xyzw:", "", *table, '"""', "",
           "from typing import Dict, List, NamedTuple", "", "import torch", "from torch import Tensor", ""]  # fmt: skip
    out += [
        _names(re.sub(r"\W", "_", name, flags=re.ASCII).upper(), axis.elements)
        for name, axis in sorted(axes.items())
    ]
    out += [_names("TERMS", [term.name for term in program.terms])]
    return "\n".join(out)


def _names(name: str, items: Sequence[str]) -> str:
    """A tuple of names, over as many lines as it needs."""
    whole = f"{name} = {names_of(items)}"
    if len(whole) <= LONGEST:
        return whole
    lines = [f"{name} = ("]
    for item in map(json.dumps, items):
        if lines[-1][:1] == " " and len(lines[-1]) + len(item) < LONGEST:
            lines[-1] += f" {item},"
        else:
            lines.append(f"    {item},")
    return "\n".join([*lines, ")"])


def _constants(constants: Sequence[Tuple[str, str]]) -> str:
    rows = []
    for text, comment in constants:
        values = text.strip("()").rstrip(",")
        whole = re.fullmatch(r"[-\d, ]+", values) is not None
        dtype = "torch.long" if whole else "torch.float32"
        rows.append(f"        torch.tensor([{values}], device=device, dtype={dtype}),  # {comment}")
    body = ["    return [", *rows, "    ]"] if rows else ["    none: List[Tensor] = []", "    return none"]
    doc = '    """What `k` holds, made once."""'
    return "\n".join(["def constants(device: torch.device) -> List[Tensor]:", doc, *body])


def _params(program: Compiled, values: Dict[str, float]) -> str:
    rows = []
    for param in program.typed.params:
        unit = f" {param.unit}" if param.unit not in ("", "1") else ""
        bounds = f"in [{param.lower:g}, {param.upper:g}]{safe(unit)}"
        rows.append((param.name, values.get(param.name, param.value), bounds))
    rows += [
        (name, value, "of the run" if name != "gamma" else "the trainer's discount")
        for name, value in RUN.items()
    ]
    lines = [
        f"        {json.dumps(name)}: torch.full((), {number(float(value))}, device=device),  # {comment}"
        for name, value, comment in rows
    ]
    doc = '    """The numbers that can be changed while training runs: fill them in place."""'
    return "\n".join(["def params(device: torch.device) -> Dict[str, Tensor]:", doc, "    return {", *lines, "    }"])  # fmt: skip


def _start(nodes: Sequence[Node], slots: Sequence[int], kept: Sequence[int], names: Sequence[str]) -> str:
    rows = []
    for k, name in zip(kept, names):
        node = nodes[slots[k]]
        shape = [len(axis) for axis in node.type.axes] + ([4] if node.type.kind is Kind.ROTATION else [])
        dtype = "torch.bool" if node.type.kind is Kind.BOOL else "torch.float32"
        size = ", ".join(["num_envs", *map(str, shape)])
        rows.append(
            f"    s[{json.dumps(name)}] = torch.zeros([{size}], device=device, dtype={dtype})  # {node.type.shape()}"
        )
    doc = '    """What is remembered from step to step; `reset` fills it in."""'
    head = "def start(num_envs: int, device: torch.device) -> Dict[str, Tensor]:"
    return "\n".join([head, doc, "    s: Dict[str, Tensor] = {}", *rows, "    return s"])


def _dict(name: str, rows: Sequence[Tuple[str, str]]) -> List[str]:
    """A dictionary of tensors, also an empty one, as TorchScript wants it."""
    if not rows:
        return [f"{name}: Dict[str, Tensor] = {{}}"]
    return [f"{name} = {{", *(f"    {json.dumps(key)}: {text}," for key, text in rows), "}"]


class _StandaloneStep(_Step):
    def with_weights(self, weights: _Weights) -> str:
        """The function's text, with what the weights are computed from on its first lines."""
        weights.body()
        self.weights, self.names = weights, weights.names
        return self.text()

    def _head(self) -> Tuple[str, List[str]]:
        doc = ['"""What a control step pays. q: quantities of the states reached; s: state before; p: params; k: constants."""', "real = torch.float32"]  # fmt: skip
        self.lines = [*self.weights.lines, *self.lines]
        return f"def step({ARGUMENTS}) -> Step:", doc

    def _paid(self) -> List[str]:
        rows = [
            f"    {self.weights.written[weight].at(MULTIPLY)} * {self.written_full(value)},  # {term.name}"
            for weight, value, term in zip(self.weights.graph.weights, self.graph.values, self.program.terms)
        ]
        return ["paid = torch.stack((", *rows, "), 1)  # [N, T]", "contributions = torch.nan_to_num(paid, 0.0, 0.0, 0.0)"]  # fmt: skip

    def written_full(self, i: int) -> str:
        text = self.full(i)
        return text if re.fullmatch(r"[\w.]+|\(.*\)", text) else f"({text})"

    def _tail(self) -> List[str]:
        graph, program = self.graph, self.program
        causes = [(c.name, self._own(i)) for c, i in zip(program.causes, graph.causes)]
        metrics = [(m.name, self.full(i)) for m, i in zip(program.metrics, graph.metrics)]
        terms = [(t.name, f"contributions[:, {i}]") for i, t in enumerate(program.terms)]
        doubtful = " | doubtful.any(1)" if causes else ""
        ended, time_out = (self._own(i) for i in graph.outcomes)
        return [
            *(
                [f"doubtful = {self._doubtful()}  # [N, K] bool: a cause read what is not finite"]
                if causes
                else []
            ),
            f"nonfinite = (~torch.isfinite(paid)).any(1) | ~torch.isfinite(reward){doubtful}  # [N] bool",
            "reward = torch.where(torch.isfinite(reward), reward, torch.zeros_like(reward))",
            *_dict("terms", terms),
            *_dict("causes", causes),
            *_dict("metrics", metrics),
            *_dict(
                "state",
                [(json.loads(name), self._own(i)) for name, i in zip(self.slot.values(), graph.state)],
            ),
            f"return Step(reward, terms, causes, metrics, {ended}, {time_out} & ~nonfinite, nonfinite, state)",
        ]

    def _own(self, i: int) -> str:
        """A value that stays when the caller's tensors are overwritten in place, as simulators do."""
        at = i
        while self.graph.nodes[at].op in ("index", "take", "expand"):
            at = self.graph.nodes[at].args[0]
        return self.text_of(i, POSTFIX) + (".clone()" if self.graph.nodes[at].op == "quantity" else "")


class _StandaloneReset(_Function):
    def text(self) -> str:
        self.body()
        rows = []
        for k, i in zip(self.slot, self.graph.state):
            name = self.slot[k]
            node = self.program.nodes[self.program.slots[k]]
            more = len(node.type.axes) + (node.type.kind is Kind.ROTATION)
            mask = f"mask[{', '.join([':'] + ['None'] * more)}]" if more else "mask"
            rows.append((json.loads(name), f"torch.where({mask}, {self.text_of(i)}, s[{name}])"))
        doc = ['"""The state after the environments of `mask` [N] bool began anew, in the states that q holds."""', "real = torch.float32"]  # fmt: skip
        tail = [*_dict("state", rows), "return state"]
        head = f"def reset(mask: Tensor, {ARGUMENTS}) -> Dict[str, Tensor]:"
        return self.render(head, doc, tail)
