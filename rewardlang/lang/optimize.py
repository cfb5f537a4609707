"""IR → smaller IR with the same values. Each rule looks at one node whose arguments are already optimized."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .folding import CONSTANT, fold
from .ir import Builder, Cause, Node, Output, Program, Term, below
from .source import Span
from .types import Kind, Type, constant


@dataclass(frozen=True)
class Graph:
    """What runs on one occasion: nodes, and which of them are wanted."""

    nodes: Tuple[Node, ...]
    values: Tuple[int, ...] = ()
    causes: Tuple[int, ...] = ()
    metrics: Tuple[int, ...] = ()
    observations: Tuple[int, ...] = ()
    state: Tuple[int, ...] = ()  # a slot's next value
    weights: Tuple[int, ...] = ()
    total: Optional[int] = None
    outcomes: Tuple[int, ...] = ()  # terminated, time_out

    def roots(self) -> List[int]:
        out = [
            *self.values,
            *self.causes,
            *self.metrics,
            *self.observations,
            *self.state,
            *self.weights,
            *self.outcomes,
        ]
        return out + ([self.total] if self.total is not None else [])


# Rules: (rewriter, node with new arguments) → the id of a simpler node, or None.


def fold_constants(r: Rewriter, node: Node) -> Optional[int]:
    """2*3 is 6."""
    if node.op not in CONSTANT or not node.args or node.type.axes:
        return None
    arguments = [r.node(i) for i in node.args]
    if any(a.op != "const" for a in arguments):
        return None
    value = fold(node.op, [a.data[0] for a in arguments])
    return r.add("const", (), constant(value).but(kind=node.type.kind), (value,))


def neutral_element(r: Rewriter, node: Node) -> Optional[int]:
    """x*1, x/1, x+0, x-0, x^1 are x; x*-1 is -x."""
    if node.op not in ("mul", "div", "add", "sub", "pow"):
        return None
    a, b = node.args
    left, right = r.constant(a), r.constant(b)
    one = 0.0 if node.op in ("add", "sub") else 1.0
    if right == one:
        return a
    if left == one and node.op in ("mul", "add"):
        return b
    if node.op == "mul" and -1.0 in (left, right):
        return r.add("neg", (b if left == -1.0 else a,), node.type)
    return None


def double_negative(r: Rewriter, node: Node) -> Optional[int]:
    """-(-x) and not not x are x."""
    if node.op in ("neg", "not") and r.node(node.args[0]).op == node.op:
        return r.node(node.args[0]).args[0]
    return None


def power_as_product(r: Rewriter, node: Node) -> Optional[int]:
    """x^2 is a square, x^0.5 a root: pow is far slower."""
    if node.op != "pow":
        return None
    ops = {2.0: "square", 0.5: "sqrt"}
    exponent = r.constant(node.args[1])
    return r.add(ops[exponent], node.args[:1], node.type) if exponent in ops else None


def square_of_sign(r: Rewriter, node: Node) -> Optional[int]:
    """(-x)^2 and abs(x)^2 are x^2; abs(-x) is abs(x)."""
    if node.op in ("square", "abs") and r.node(node.args[0]).op in ("neg", "abs"):
        return r.add(node.op, r.node(node.args[0]).args, node.type)
    return None


def constant_vector(r: Rewriter, node: Node) -> Optional[int]:
    """[0, 0, 1] is a table that is made once."""
    if node.op != "stack" or any(r.constant(i) is None for i in node.args):
        return None
    return r.add("table", (), node.type, tuple(r.constant(i) for i in node.args))


def chosen_side(r: Rewriter, node: Node) -> Optional[int]:
    """where(1 < 2, a, b) is a, unless b is what gives the value its shape."""
    if node.op != "where" or r.node(node.args[0]).op != "const":
        return None
    side = node.args[1 if r.node(node.args[0]).data[0] else 2]
    type = r.node(side).type
    return side if type.axes == node.type.axes and type.batched == node.type.batched else None


RULES: Tuple[Callable[[Rewriter, Node], Optional[int]], ...] = (
    fold_constants, neutral_element, double_negative, power_as_product, square_of_sign, constant_vector, chosen_side,
)  # fmt: skip


class Rewriter:
    """Nodes rewritten in order, equal ones shared."""

    def __init__(self, rules: Sequence[Callable[[Rewriter, Node], Optional[int]]] = RULES) -> None:
        self.builder = Builder()
        self.rules = rules

    def node(self, i: int) -> Node:
        return self.builder.nodes[i]

    def constant(self, i: int) -> Optional[float]:
        node = self.node(i)
        return node.data[0] if node.op == "const" and node.type.kind is Kind.NUMBER else None

    def add(
        self,
        op: str,
        args: Sequence[int],
        type: Type,
        data: tuple = (),
        name: str = "",
        span: Optional[Span] = None,
    ) -> int:
        plain = type.but(unit=None) if op in ("const", "table") else type
        return self.builder.add(op, args, plain, data, name, span)

    def rewrite(self, node: Node, args: Sequence[int]) -> int:
        if node.args != tuple(args):
            node = replace(node, args=tuple(args))
        for rule in self.rules:
            found = rule(self, node)
            if found is not None:
                return self.renamed(found, node)
        return self.renamed(self.add(node.op, node.args, node.type, node.data), node)

    def renamed(self, i: int, old: Node) -> int:
        """Node i, which stands for an old node now and takes its name and place if it has none."""
        new = self.node(i)
        if new.op not in ("const", "table"):
            if old.name and not new.name:
                new = replace(new, name=old.name, span=old.span)
            if (old.span and not new.span) or (old.hint and not new.hint):
                new = replace(new, span=new.span or old.span, hint=new.hint or old.hint)
            self.builder.nodes[i] = new
        return i


def optimize(program: Program) -> Program:
    """The program with every rule applied and equal subtrees shared across terms."""
    rewriter = Rewriter()
    new: List[int] = []
    for node in program.nodes:
        new.append(rewriter.rewrite(node, [new[i] for i in node.args]))
    return _renumbered(program, tuple(rewriter.builder.nodes), new)


def _renumbered(program: Program, nodes: Tuple[Node, ...], new: Sequence[int]) -> Program:
    return replace(
        program, nodes=nodes, slots=tuple(new[i] for i in program.slots),
        terms=tuple(Term(t.name, t.group, new[t.weight], new[t.value], t.span, t.text, t.reduced) for t in program.terms),
        total=None if program.total is None else new[program.total],
        causes=tuple(Cause(c.name, new[c.condition], c.success) for c in program.causes),
        metrics=tuple(Output(o.name, new[o.value]) for o in program.metrics),
        observations=tuple(Output(o.name, new[o.value]) for o in program.observations),
        outcomes={name: new[i] for name, i in program.outcomes.items()},
    )  # fmt: skip


def step_graph(program: Program) -> Tuple[Graph, Tuple[int, ...]]:
    """What a control step runs, and the slots it keeps: those that something read depends on."""
    rewriter = Rewriter()
    new: List[int] = []
    for node in program.nodes:
        args = [new[i] for i in node.args]
        new.append(rewriter.renamed(args[1], node) if node.op == "at_reset" else rewriter.rewrite(node, args))
    nodes = rewriter.builder.nodes
    outcomes = (program.outcomes["terminated"], program.outcomes["time_out"])
    wanted = [t.value for t in program.terms] + [c.condition for c in program.causes] + list(outcomes)
    wanted += [o.value for o in program.metrics + program.observations] + (
        [program.total] if program.total is not None else []
    )
    live = below(nodes, [new[i] for i in wanted], [new[i] for i in program.slots])
    kept = tuple(sorted({nodes[i].data[0] for i in live if nodes[i].op == "state"}))
    graph = Graph(
        tuple(nodes), tuple(new[t.value] for t in program.terms), tuple(new[c.condition] for c in program.causes),
        tuple(new[o.value] for o in program.metrics), tuple(new[o.value] for o in program.observations),
        tuple(new[program.slots[k]] for k in kept), (), None if program.total is None else new[program.total],
        tuple(new[i] for i in outcomes),
    )  # fmt: skip
    return _pruned(graph), kept


def reset_graph(program: Program, kept: Sequence[int]) -> Graph:
    """What the reset state is asked: the first value of each kept slot, and the observations."""
    rewriter = Rewriter()
    new: Dict[int, int] = {}
    wanted = [program.slots[k] for k in kept] + [o.value for o in program.observations]
    for i in _reset_order(program, wanted):
        node = program.nodes[i]
        if node.op in ("at_reset", "state"):
            first = new[_asked_at_reset(program, node)[0]]
            new[i] = rewriter.renamed(_as_wide(rewriter, first, node), node)
        else:
            new[i] = rewriter.rewrite(node, [new[a] for a in node.args])
    graph = Graph(tuple(rewriter.builder.nodes), state=tuple(new[program.slots[k]] for k in kept),
                  observations=tuple(new[o.value] for o in program.observations))  # fmt: skip
    return _pruned(graph)


class Read(NamedTuple):
    """The raw quantities that a program reads."""

    nodes: Dict[str, Node]  # all, each with its node
    remembered: Set[str]  # those of a reset state that operators start from
    observed: Set[str]  # those of a reset state that its observations show


def quantities_read(program: Program) -> Read:
    """The raw quantities that a program reads, and what of them it reads of a reset state."""
    step, kept = step_graph(program)
    first = reset_graph(program, kept)
    nodes = {node.data[0]: node for node in (*step.nodes, *first.nodes) if node.op == "quantity"}
    remembered, observed = (
        {first.nodes[i].data[0] for i in below(first.nodes, roots) if first.nodes[i].op == "quantity"}
        for roots in (first.state, first.observations)
    )
    return Read(nodes, remembered, observed)


def _asked_at_reset(program: Program, node: Node) -> Tuple[int, ...]:
    """What a node's value at the reset state follows from: a last value is then the value itself."""
    if node.op == "at_reset":
        return node.args[:1]
    return (program.slots[node.data[0]],) if node.op == "state" else node.args


def _reset_order(program: Program, wanted: Sequence[int]) -> List[int]:
    """The nodes that the wanted ones follow from, each after those that it needs."""
    order: List[int] = []
    seen: Dict[int, bool] = {}  # a node → whether all that it needs is in order
    todo = list(reversed(wanted))
    while todo:
        i = todo[-1]
        if i in seen:
            todo.pop()
            if not seen[i]:
                seen[i] = True
                order.append(i)
            continue
        seen[i] = False
        todo += [a for a in _asked_at_reset(program, program.nodes[i]) if a not in seen]
    return order


def _as_wide(rewriter: Rewriter, i: int, state: Node) -> int:
    """A first value in the state's full shape: a param is one number for all environments, its state one for each."""
    node = rewriter.node(i)
    if node.type.batched and node.type.axes == state.type.axes:
        return i
    if node.op == "const":
        return rewriter.add("fill", (), state.type, (*state.data, node.data[0]))
    return rewriter.add("expand", (i,), state.type, state.data)


def weight_graph(program: Program) -> Graph:
    """What gives the weights."""
    return _pruned(Graph(program.nodes, weights=tuple(t.weight for t in program.terms)))


def _pruned(graph: Graph) -> Graph:
    """The graph without what nothing reads."""
    order = sorted(below(graph.nodes, graph.roots()))
    new = {old: i for i, old in enumerate(order)}
    nodes = tuple(replace(graph.nodes[i], args=tuple(new[a] for a in graph.nodes[i].args)) for i in order)
    fields = {f: tuple(new[i] for i in getattr(graph, f)) for f in
              ("values", "causes", "metrics", "observations", "state", "weights", "outcomes")}  # fmt: skip
    return Graph(nodes, total=None if graph.total is None else new[graph.total], **fields)
