"""What is read from where: the names and calls that expressions reach through definitions, functions and terminations."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Set, Union

from . import nodes as n
from .names import names_in
from .resolve import Resolved


class Reached:
    """The names that a spec's rewards, rules and logs reach."""

    def __init__(self, resolved: Resolved) -> None:
        self.resolved = resolved
        self.all: Set[str] = self.of(self._roots())
        inner = [*resolved.definitions.values(), *(f.body for f in resolved.functions.values())]
        self.anywhere = self.all | self.of(inner)  # read by something, be it by what nothing reads

    def of(self, exprs: Iterable[n.Expr]) -> Set[str]:
        """The names of all that expressions read and call."""
        return {use.id if isinstance(use, n.Name) else use.function for use in self.uses(exprs)}

    def uses(self, exprs: Iterable[n.Expr]) -> Iterator[Union[n.Name, n.Call]]:
        """The places where they do, each definition, function, cause and derived quantity looked into once."""
        todo: List[n.Expr] = list(exprs)
        seen: Set[str] = set()
        known = self.resolved
        while todo:
            for use in names_in(todo.pop(0)):
                yield use
                name = use.id if isinstance(use, n.Name) else f"{use.function}()"
                if name in seen:
                    continue
                seen.add(name)
                if isinstance(use, n.Call):
                    if use.function in known.functions:
                        todo.append(known.functions[use.function].body)
                elif name in known.definitions:
                    todo.append(known.definitions[name])
                elif name in known.causes:
                    todo.append(known.causes[name].condition)

    def _roots(self) -> Iterator[n.Expr]:
        known = self.resolved
        for statements in known.groups.values():
            yield from (statement.value for statement in statements)
        yield from (cause.condition for cause in known.causes.values())
        yield from (metric.value for metric in known.metrics.values())
        yield from (weight.value for weight in known.weights.values())
        yield from (expect.condition for expect in known.expects)
        if known.total is not None:
            yield known.total.value
