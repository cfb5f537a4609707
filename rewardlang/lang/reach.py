"""What is read from where: the names and calls that expressions reach through definitions, functions and terminations."""

from __future__ import annotations

from typing import Callable, Iterable, Iterator, List, Mapping, Optional, Set, Union

from . import nodes as n
from .names import names_in
from .resolve import Resolved


def uses(
    exprs: Iterable[n.Expr], functions: Mapping[str, n.Function], meaning: Callable[[str], Optional[n.Expr]]
) -> Iterator[Union[n.Name, n.Call]]:
    """The names and calls that expressions reach, through functions and what `meaning` says that a name stands for, each looked
    into once."""
    todo: List[n.Expr] = list(exprs)
    seen: Set[str] = set()
    while todo:
        for use in names_in(todo.pop(0)):
            yield use
            name = use.id if isinstance(use, n.Name) else f"{use.function}()"
            if name in seen:
                continue
            seen.add(name)
            if isinstance(use, n.Name):
                inside = meaning(use.id)
            else:
                inside = functions[use.function].body if use.function in functions else None
            if inside is not None:
                todo.append(inside)


def called(use: Union[n.Name, n.Call]) -> str:
    """What a name or a call is the use of."""
    return use.id if isinstance(use, n.Name) else use.function


class Reached:
    """The names that a spec's rewards, rules and logs reach."""

    def __init__(self, resolved: Resolved) -> None:
        self.resolved = resolved
        self.all: Set[str] = self.of(self._roots())
        inner = [*resolved.definitions.values(), *(f.body for f in resolved.functions.values())]
        self.anywhere = self.all | self.of(inner)  # read by something, be it by what nothing reads

    def of(self, exprs: Iterable[n.Expr]) -> Set[str]:
        """The names of all that expressions read and call."""
        return {called(use) for use in self.uses(exprs)}

    def uses(self, exprs: Iterable[n.Expr]) -> Iterator[Union[n.Name, n.Call]]:
        """The places where they do, each definition, function and cause looked into once."""
        return uses(exprs, self.resolved.functions, self._meaning)

    def _meaning(self, name: str) -> Optional[n.Expr]:
        cause = self.resolved.causes.get(name)
        return self.resolved.definitions.get(name) or (cause.condition if cause is not None else None)

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
