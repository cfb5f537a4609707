"""What the laws are tried on: a spec compiled for its task, variants of it, and what each of its parts reads."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple, Union

from .. import Spec, compile, load, parse
from ..lang import nodes as n
from ..lang.compiler import Compiled, compile_tree
from ..lang.diagnostics import ALLOW
from ..lang.expect import DELTA, Expectation
from ..lang.ir import Output
from ..lang.reach import called, uses
from ..lang.source import Source, Span
from ..lang.syntax import parse_expression
from ..lang.types import Type
from ..lang.units import ONE
from ..lang.vocabulary import Quantity, Vocabulary
from ..task import Task
from .episode import Episode
from .space import Space
from .trace import TOTAL, Trace, run

MONOTONE = ("increasing", "decreasing")
SMALL_TO_LARGE = (1e-3, 1.0)  # how far a law raises what a claim of monotony is about
# Functions that look one step back, or count steps: with a shorter dt they give something else, and should.
STEPWISE = {
    "prev",
    "prev2",
    "delta",
    "delta2",
    "changed",
    "rising",
    "falling",
    "potential",
    "steps",
    "debounce",
    "terminated",
    "time_out",
    "time_limit",
    "episode_step",
}


class Subject:
    """A spec under test. `spec` is a path, a Spec, a text, or a compiled program."""

    def __init__(self, spec: Union[str, Path, Spec, Compiled], task: Union[Task, str, None] = None,
                 params: Optional[Mapping[str, float]] = None, torch_compile: bool = False) -> None:  # fmt: skip
        self.path: Optional[str] = None
        if isinstance(spec, Path) or (isinstance(spec, str) and spec.endswith(".reward")):
            self.path = str(spec)
            spec = load(spec)
        elif isinstance(spec, str):
            spec = parse(spec)
        if isinstance(spec, Compiled):
            self.program, self.spec = spec, Spec(spec.name, spec.tree)
        else:
            self.spec = spec
            self.program = compile(spec, task)
        self.task = task if isinstance(task, str) else self.program.vocabulary.task
        self.torch_compile = torch_compile
        self.params: Dict[str, float] = {}
        for name, value in (params or {}).items():
            self.params[self.program.param(name, value)] = float(value)
        self.claims: Dict[str, Expectation] = {e.text: e for e in self.program.expectations}
        self.space = Space(self._with_delta(self.program.vocabulary))
        self.terms = [term.name for term in self.program.terms]
        self.parts = [*self.terms, TOTAL]
        self._last: Tuple[Optional[Episode], Trace] = (None, {})

    @property
    def name(self) -> str:
        return self.path or self.spec.name

    def _with_delta(self, vocabulary: Vocabulary) -> Vocabulary:
        """The task's names and, if a claim is about monotony, by how much what it is about rises."""
        if not any(claim.kind in MONOTONE for claim in self.claims.values()):
            return vocabulary
        type = Type(unit=ONE, range=SMALL_TO_LARGE)
        rise = Quantity(DELTA, type, "how much greater the argument of a law is", kind="host")
        return replace(vocabulary, quantities={**vocabulary.quantities, DELTA: rise})

    def run(self, episode: Episode, program: Optional[Compiled] = None, **more: Any) -> Trace:
        """What the program, or a variant of it, gives over an episode in float64."""
        if program is not None or more:
            return run(program or self.program, episode, params=self.params, **more)
        if self._last[0] is not episode:
            self._last = (episode, run(self.program, episode, params=self.params))
        return self._last[1]

    # variants

    @lru_cache(maxsize=None)  # noqa: B019 - a subject lives as long as its tests
    def turned(self) -> Compiled:
        """The program of the same terms, written from the last to the first."""
        tree = self.program.tree
        statements = tuple(reversed_terms(s) for s in tree.statements)
        return compile_tree(n.File(tree.source, statements), self.program.vocabulary, "turned")

    @lru_cache(maxsize=None)  # noqa: B019
    def with_dt(self, times: float) -> Compiled:
        """The program for a control period that is `times` as long."""
        old = self.program.vocabulary
        dt = old.dt * times
        quantities = dict(old.quantities)
        quantities["dt"] = replace(quantities["dt"], type=quantities["dt"].type.but(range=(dt, dt)))
        names = replace(old, dt=dt, quantities=quantities, episode_steps=round(old.episode_steps / times))
        return compile_tree(self.program.tree, names, self.program.name)

    @lru_cache(maxsize=None)  # noqa: B019
    def claimed(self) -> Compiled:
        """The program of all `expect` lines about states: the metrics of each, under its name and the text of the line."""
        claims = {text: claim.program for text, claim in self.claims.items() if claim.kind != "behaviours"}
        first = next(iter(claims.values()))
        metrics = tuple(
            Output(f"{o.name} {text}", o.value) for text, one in claims.items() for o in one.metrics
        )
        return self.program.of(replace(first, metrics=metrics))

    # parts

    @lru_cache(maxsize=None)  # noqa: B019
    def reads(self, part: str) -> List[str]:
        """The raw quantities that a term or a claim reads, or all that the reward reads, in the vocabulary's order."""
        program = self.program.optimized
        roots = [term.value for term in program.terms if term.name == part] or program.roots()
        if part in self.claims:
            program = self.claims[part].program
            roots = [o.value for o in program.metrics]
        names = program.reads(*roots)
        return [name for name in self.space.raw if name in names]

    @lru_cache(maxsize=None)  # noqa: B019
    def everything(self) -> List[str]:
        """The raw quantities that the reward or a claim reads, in the vocabulary's order."""
        names = {name for part in (TOTAL, *self.claims) for name in self.reads(part)}
        return [name for name in self.space.raw if name in names]

    def written(self, part: str) -> str:
        """`file:line: text` of a term or a claim; empty for what is all of the spec."""
        for term in self.program.terms:
            if term.name == part:
                return f"{term.span.source.name}:{term.span.line}: {term.text}"
        claim = self.claims.get(part)
        return f"{claim.span.source.name}:{claim.span.line}: expect {part}" if claim is not None else ""

    def allowed(self, part: str) -> Optional[str]:
        """The reason that a term's lines give for values that are not finite."""
        for term in self.program.terms:
            if term.name == part:
                source = term.span.source
                first = term.span.line
                last = first + source.text[term.span.start : term.span.end].count("\n")
                for line in range(first, last + 1):
                    match = ALLOW.search(source.line_text(line))
                    if match and "RW50" in match[1]:
                        return match[2]
        return None

    @lru_cache(maxsize=None)  # noqa: B019
    def per_second(self) -> Set[str]:
        """The terms of `per second` groups."""
        groups = {s.group for s in self.program.tree.statements if isinstance(s, n.Reward) and s.per_second}
        return {term.name for term in self.program.terms if term.group in groups}

    @lru_cache(maxsize=None)  # noqa: B019
    def names(self, part: str) -> List[str]:
        """What a term reads and calls, through definitions, functions and derived quantities."""
        term = next(t for t in self.program.terms if t.name == part)
        resolved, quantities = self.program.resolved, self.program.vocabulary.quantities
        parsed = lambda text: parse_expression(Span(Source("term", text), 0, len(text)))

        def meaning(name: str) -> Optional[n.Expr]:
            line = quantities[name].definition if name in quantities else ""
            return resolved.definitions.get(name) or (parsed(line) if line else None)

        return list(
            dict.fromkeys(called(use) for use in uses([parsed(term.text)], resolved.functions, meaning))
        )

    def stepwise(self, part: str) -> Optional[str]:
        """The first function that a term calls that goes by steps, or a termination that it reads; none of it is a rate."""
        events = {*STEPWISE, *self.program.resolved.causes}
        return next((name for name in self.names(part) if name in events), None)

    @lru_cache(maxsize=None)  # noqa: B019
    def symmetric(self) -> Set[str]:
        """The names that `expect symmetric(NAME)` lines name."""
        calls = [s.condition for s in self.program.tree.statements if isinstance(s, n.Expect)]
        return {
            a.id
            for call in calls
            if isinstance(call, n.Call) and call.function == "symmetric"
            for a in call.arguments
            if isinstance(a, n.Name)
        }


def reversed_terms(statement: n.Statement) -> n.Statement:
    """A reward with its addends from the last to the first."""
    if not (isinstance(statement, n.Reward) and isinstance(statement.value, n.Sum)):
        return statement
    addends = list(reversed(statement.value.addends))
    if addends[0][0] == "-":
        addends[0] = ("+", n.Minus(addends[0][1].span, addends[0][1]))
    return replace(statement, value=n.Sum(statement.value.span, tuple(addends)))
