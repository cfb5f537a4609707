"""Tree + vocabulary → every name bound. Reports names only (RW1xx) and what a file declares twice (RW4xx)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Dict, FrozenSet, Iterable, Iterator, List, Optional, Set, Tuple

from . import functions, gait, kernels, mirror, rotations, state  # noqa: F401 - importing fills the table of built-ins
from . import nodes as n
from .addends import Untyped
from .diagnostics import Diagnostic, Label, RewardError, closest, did_you_mean, error
from .expect import about, readable
from .names import names_in, topological
from .qualified import TAKEN, alias_of, import_names
from .registry import BUILTINS
from .source import Source, Span
from .syntax import parse_expression
from .uses import check_call, is_known, unknown
from .vocabulary import Vocabulary

OUTCOMES = ("terminated", "time_out", "alive")
UNDEFINABLE = {"reward", "total", "expect", "pi"}


@dataclass(frozen=True)
class Cause:
    """A termination: its own, or the task's."""

    name: str
    condition: n.Expr
    success: bool


@dataclass
class Resolved:
    """A file whose names are all known. `order` lists definitions, derived quantities, causes and outcomes so that each
    stands after what it reads."""

    file: n.File
    vocabulary: Vocabulary
    params: Dict[str, n.Param] = field(default_factory=dict)
    functions: Dict[str, n.Function] = field(default_factory=dict)
    definitions: Dict[str, n.Expr] = field(default_factory=dict)
    groups: Dict[str, List[n.Reward]] = field(default_factory=dict)
    causes: Dict[str, Cause] = field(default_factory=dict)
    metrics: Dict[str, n.Metric] = field(default_factory=dict)
    weights: Dict[str, n.Weight] = field(default_factory=dict)
    drops: Dict[str, n.Drop] = field(default_factory=dict)
    expects: List[n.Expect] = field(default_factory=list)  # with `paid(x)` and `return(x)` as names
    total: Optional[n.Total] = None
    observations: Tuple[n.Expr, ...] = ()
    order: List[str] = field(default_factory=list)
    reads: Dict[str, FrozenSet[str]] = field(default_factory=dict)

    @cached_property
    def only_terms(self) -> Set[str]:
        """The names that terms have, and nothing else."""
        table = Untyped(self.file.statements)
        return table.only_terms(table.names())

    @cached_property
    def imports(self) -> Dict[str, str]:
        """The names of imports, each with a name that is read of it; empty if none is."""
        return import_names(self.file)

    def expression_of(self, name: str) -> Optional[n.Expr]:
        """What a name of `order` stands for; None for an outcome."""
        if name in self.definitions:
            return self.definitions[name]
        if name in self.causes:
            return self.causes[name].condition
        quantity = self.vocabulary.quantities[name]
        return derived(self.vocabulary.task, name, quantity.definition) if quantity.definition else None


def resolve(file: n.File, vocabulary: Vocabulary) -> Resolved:
    """Names bound. Raises RewardError with every RW1xx and RW4xx found."""
    return _Resolver(file, vocabulary).run()


@lru_cache(maxsize=None)
def derived(task: str, name: str, definition: str) -> n.Expr:
    """The tree of a derived quantity's line."""
    source = Source(f"<{name} of task {task}>", definition)
    return parse_expression(Span(source, 0, len(definition)))


class _Resolver:
    def __init__(self, file: n.File, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.out = Resolved(file, vocabulary)
        self.found: List[Diagnostic] = []
        self.declared: Dict[str, Span] = {}
        self.free: Dict[
            str, FrozenSet[str]
        ] = {}  # function → names its body reads, through other functions too
        self.expects: List[n.Expect] = []
        self.paid: Set[str] = set()  # names that only an `expect` line may read

    def run(self) -> Resolved:
        for name, span in self.vocabulary.terminations:
            self.out.causes[name] = Cause(name, parse_expression(span), False)
        for statement in self.out.file.statements:
            self._declare(statement)
        self._check_imports()
        self._require_reward()
        if self.expects:
            self.out.expects, self.paid, problems = readable(self.out, self.expects)
            self.found += problems
        self.out.observations = tuple(parse_expression(span) for span in self.vocabulary.observations)
        self._check_functions()
        self._order()
        for expr, scope in self._uses():
            self._check_names(expr, scope)
        if self.found:
            raise RewardError(self.found)
        return self.out

    # declarations

    def _declare(self, s: n.Statement) -> None:
        out = self.out
        if isinstance(s, n.Param):
            self._claim(s.name, s.name_span)
            out.params.setdefault(s.name, s)
        elif isinstance(s, n.Definition):
            self._claim(s.name, s.name_span)
            out.definitions.setdefault(s.name, s.value)
        elif isinstance(s, n.Function):
            self._claim_function(s)
        elif isinstance(s, n.Reward):
            self._declare_group(s)
        elif isinstance(s, n.Terminate):
            if s.name not in out.causes or s.name in self.declared:
                self._claim(s.name, s.name_span)
            else:
                self.declared[s.name] = s.name_span  # it replaces the task's
            out.causes[s.name] = Cause(s.name, s.condition, s.success)
        elif isinstance(s, n.Metric):
            self._once(f"metric {s.name}", s.name_span, f"the metric `{s.name}`")
            out.metrics[s.name] = s
        elif isinstance(s, n.Total):
            self._once("total", s.span, "`total`")
            out.total = s
        elif isinstance(s, n.Weight):
            self._once(f"weight {s.name}", s.name_span, f"the weight of `{s.name}`")
            out.weights[s.name] = s
        elif isinstance(s, n.Drop):
            self._drop(s)
        elif isinstance(s, n.Expect):
            self.expects.append(s)

    def _check_imports(self) -> None:
        """Refuse an import's name that means something else as well."""
        imports = {s.name: s.name_span for s in self.out.file.imports}
        for name, span in imports.items():
            if name in UNDEFINABLE:
                self.found.append(error("RW107", span, f"`{name}` cannot be defined", help="it has a meaning of its own"))  # fmt: skip
            elif not self._refuse_known(name, span) and (name in self.declared or name in self.out.causes):
                at = self.declared.get(name)
                self.found.append(error("RW102", at or span, f"`{name}` is the name of an import",
                                        others=(Label(span, "the import"),) if at else (),
                                        help="import the file under another name"))  # fmt: skip
        for s in self.out.file.statements:
            name = alias_of(s.name) if isinstance(s, TAKEN) else ""
            if (
                name
                and name not in imports
                and (name in UNDEFINABLE or name in self.declared or self._is_known(name))
            ):
                self.found.append(error("RW107", s.name_span, f"`{s.name}` cannot be defined",  # type: ignore[union-attr]
                                        help=f"`{name}` has a meaning of its own"))  # fmt: skip

    def _declare_group(self, s: n.Reward) -> None:
        groups = self.out.groups
        if s.adds:
            if s.group not in groups:
                self.found.append(error("RW402", s.name_span, f"there is no reward group `{s.group}` to add to",
                                        help=f"write `=` to make one{_or_closest(s.group, groups)}"))  # fmt: skip
            elif (
                groups[s.group][0].per_second
                and s.per_step
                or s.per_second
                and not groups[s.group][0].per_second
            ):
                first = groups[s.group][0]
                paid = ("second", "step") if first.per_second else ("step", "second")
                self.found.append(error("RW402", s.name_span, f"the reward group `{s.group}` is paid per {paid[0]}, not per {paid[1]}",
                                        others=(Label(first.name_span, f"per {paid[0]}"),),
                                        help="add to it as it is paid, or give the terms a group of their own"))  # fmt: skip
            groups.setdefault(s.group, []).append(s)
            return
        if s.group in groups:
            first = groups[s.group][0]
            both_bare = s.name_span == s.span and first.name_span == first.span
            self.found.append(error("RW401", s.name_span, "a second reward expression" if both_bare else f"the reward group `{s.group}` is defined twice",
                                    others=(Label(first.name_span, "the first"),),
                                    help="indent the lines of one equation, or name what is a definition" if both_bare
                                    else "write `+=` to add terms, or give the second group a name"))  # fmt: skip
            return
        if s.group != "reward":
            self._claim(s.group, s.name_span)
        groups[s.group] = [s]

    def _claim(self, name: str, span: Span) -> None:
        """Take a name in the namespace that definitions, params, groups, causes and the vocabulary share."""
        if name in UNDEFINABLE:
            self.found.append(
                error("RW107", span, f"`{name}` cannot be defined", help="it has a meaning of its own")
            )
        elif self._refuse_known(name, span):
            pass
        elif name in self.declared:
            self.found.append(
                error(
                    "RW102",
                    span,
                    f"`{name}` is defined twice",
                    others=(Label(self.declared[name], "the first"),),
                )
            )
        else:
            self.declared[name] = span

    def _refuse_known(self, name: str, span: Span) -> bool:
        """Whether the vocabulary has a name already, which is then reported."""
        known = self.vocabulary
        if not self._is_known(name):
            return False
        what = "a quantity" if name in known.quantities else "a name"
        self.found.append(error("RW107", span, f"`{name}` is {what} of the task {known.task}",
                                help=f"choose another name, e.g. `my_{name}`"))  # fmt: skip
        return True

    def _is_known(self, name: str) -> bool:
        known = self.vocabulary
        return name in known.quantities or name in known.groups or name in known.axes

    def _claim_function(self, s: n.Function) -> None:
        if s.name in UNDEFINABLE:
            self.found.append(error("RW107", s.name_span, f"`{s.name}` cannot be defined", help="it has a meaning of its own"))  # fmt: skip
        elif s.name in BUILTINS or s.name in self.vocabulary.axes or s.name == "table":
            self.found.append(error("RW107", s.name_span, f"`{s.name}` is a function of the language", help="choose another name"))  # fmt: skip
        elif s.name in self.out.functions:
            self.found.append(error("RW102", s.name_span, f"the function `{s.name}` is defined twice",
                                    others=(Label(self.out.functions[s.name].name_span, "the first"),)))  # fmt: skip
        else:
            self.out.functions[s.name] = s

    def _once(self, key: str, span: Span, what: str) -> None:
        if key in self.declared:
            self.found.append(
                error(
                    "RW102", span, f"{what} is given twice", others=(Label(self.declared[key], "the first"),)
                )
            )
        self.declared[key] = span

    def _drop(self, s: n.Drop) -> None:
        if s.what == "terminate":
            if self.out.causes.pop(s.name, None) is None:
                self.found.append(error("RW403", s.name_span, f"there is no termination `{s.name}` to drop",
                                        help=did_you_mean(s.name, self.out.causes) or _list("there is", self.out.causes)))  # fmt: skip
        elif s.what == "metric":
            if self.out.metrics.pop(s.name, None) is None:
                self.found.append(error("RW403", s.name_span, f"there is no metric `{s.name}` to drop",
                                        help=did_you_mean(s.name, self.out.metrics)))  # fmt: skip
        else:
            self.out.drops[s.name] = s

    def _require_reward(self) -> None:
        if self.out.groups:
            return
        source = self.out.file.source
        last = self.out.file.statements[-1].span if self.out.file.statements else Span(source, 0, 0)
        self.found.append(error("RW404", last, "the file has no reward",
                                help="write `reward = ...`; a line that starts with an operator continues the one above it"))  # fmt: skip

    # names

    def _uses(self) -> Iterator[Tuple[n.Expr, Set[str]]]:
        """Every expression with the names its place adds."""
        for param in self.out.params.values():
            yield param.value, set()
        for expr in self.out.definitions.values():
            yield expr, set()
        for function in self.out.functions.values():
            yield function.body, set(function.parameters)
        for statements in self.out.groups.values():
            for statement in statements:
                yield statement.value, set()
        for cause in self.out.causes.values():
            yield cause.condition, set()
        for metric in self.out.metrics.values():
            yield metric.value, set()
        for weight in self.out.weights.values():
            yield weight.value, set()
        if self.out.total is not None:
            yield self.out.total.value, set(self.out.groups)
        for observation in self.out.observations:
            yield observation, set()
        for expect in self.out.expects:
            for part in about(self.out, expect.condition):
                yield part, self.paid

    def _check_names(self, expr: n.Expr, scope: Set[str]) -> None:
        for use in names_in(expr):
            if isinstance(use, n.Name):
                if use.id not in scope and not is_known(self.out, use.id):
                    self.found.append(unknown(self.out, use, scope))
            elif isinstance(use, n.Call):
                self.found += check_call(self.out, use)

    # order

    def _check_functions(self) -> None:
        edges = {name: [u.function for u in names_in(f.body) if isinstance(u, n.Call) and u.function in self.out.functions]
                 for name, f in self.out.functions.items()}  # fmt: skip
        order, cycle = topological(edges)
        if cycle:
            span = self.out.functions[cycle[0]].name_span
            self.found.append(error("RW103", span, f"the function `{cycle[0]}` calls itself" if len(cycle) == 1
                                    else f"functions call each other: {' -> '.join([*cycle, cycle[0]])}",
                                    help="there is no recursion in the language"))  # fmt: skip
            raise RewardError(self.found)
        for name in order:
            function = self.out.functions[name]
            self.free[name] = frozenset(self._direct(function.body) - set(function.parameters))

    def _direct(self, expr: n.Expr) -> Set[str]:
        """The names an expression reads, those of the functions it calls included."""
        out: Set[str] = set()
        for use in names_in(expr):
            if isinstance(use, n.Name):
                out.add(use.id)
            elif use.function in self.free:
                out |= self.free[use.function]
            elif use.function == "potential":
                out.add("terminated")
        return out

    def _order(self) -> None:
        out, quantities = self.out, self.vocabulary.quantities
        roots: Set[str] = set(out.definitions) | set(out.causes) | set(OUTCOMES)
        for expr, _ in self._uses():
            roots |= self._direct(expr)
        edges: Dict[str, List[str]] = {}
        todo = sorted(roots)
        while todo:
            name = todo.pop()
            if name in edges or not (name in out.definitions or name in out.causes or name in OUTCOMES
                                     or (name in quantities and quantities[name].definition)):  # fmt: skip
                continue
            if name in OUTCOMES:
                causes = [c for c in out.causes if name != "alive" or not out.causes[c].success]
                edges[name] = [*causes, *(["terminated"] if name == "time_out" else [])]
            else:
                defined = out.expression_of(name)
                assert defined is not None
                edges[name] = sorted(self._direct(defined))
            todo += edges[name]
        order, cycle = topological(edges)
        if cycle:
            self._report_cycle(cycle)
        out.order = [name for name in order if name in edges]
        out.reads = {name: frozenset(names) for name, names in edges.items()}

    def _report_cycle(self, cycle: List[str]) -> None:
        first = next((name for name in cycle if name in self.declared), cycle[0])
        at = cycle.index(first)
        cycle = cycle[at:] + cycle[:at]
        defined = self.out.expression_of(first)
        span = self.declared.get(first) or (defined or self.out.file.statements[0]).span
        way = " -> ".join(f"`{name}`" for name in [*cycle, first])
        help = (
            "terminations are decided before `alive`, `terminated` and `time_out`"
            if set(cycle) & set(OUTCOMES)
            else "`prev(x)` reads the step before, but not of a definition's own value"
        )
        self.found.append(error("RW103", span, f"`{first}` is defined by itself: {way}", help=help))
        raise RewardError(self.found)


def _or_closest(name: str, names: Iterable[str]) -> str:
    found = closest(name, names, 1)
    return f", or did you mean `{found[0]}`?" if found else ""


def _list(start: str, names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    return f"{start} {', '.join(shown)}" if shown else "there is none"
