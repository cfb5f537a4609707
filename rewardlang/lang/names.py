"""Names in a tree, and the order in which what they stand for can be worked out."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Mapping, Set, Tuple, Union

from . import nodes as n


def names_in(expr: n.Expr) -> Iterator[Union[n.Name, n.Call]]:
    """The names and calls in an expression, in the order they are written; an axis after `over=` (or torch's words for it) is no name."""
    stack: List[n.Expr] = [expr]
    while stack:
        item = stack.pop()
        if isinstance(item, n.Name):
            yield item
        elif isinstance(item, n.Call):
            yield item
            over = [k.value for k in item.keywords if k.name in ("over", "axis", "dim")]
            stack += [
                child for child in reversed(n.children(item)) if not any(child is axis for axis in over)
            ]
        else:
            stack += reversed(n.children(item))


def read_names(expr: n.Expr) -> Set[str]:
    """The names of values in an expression."""
    return {use.id for use in names_in(expr) if isinstance(use, n.Name)}


def reads_pay(condition: n.Expr, plain: Set[str], names: Set[str]) -> bool:
    """Whether an `expect` line is about what one of `names` pays: it reads `paid(NAME)`, or one of `plain` as it is."""
    paid = {id(a): a.id for use in names_in(condition) if isinstance(use, n.Call) and use.function == "paid"
            for a in use.arguments if isinstance(a, n.Name)}  # fmt: skip
    read = {use.id for use in names_in(condition) if isinstance(use, n.Name) and id(use) not in paid}
    return bool(read & plain) or bool(set(paid.values()) & names)


def topological(edges: Mapping[str, Iterable[str]]) -> Tuple[List[str], List[str]]:
    """Names so that each stands after those it needs, and a cycle if there is one."""
    order: List[str] = []
    seen: Dict[str, int] = {}
    for root in edges:
        path: List[Tuple[str, Iterator[str]]] = []
        if root not in seen:
            seen[root] = 1
            path.append((root, iter(edges[root])))
        while path:
            name, rest = path[-1]
            for needed in rest:
                if seen.get(needed) == 1:
                    names = [step for step, _ in path]
                    return order, names[names.index(needed) :]
                if needed not in seen:
                    seen[needed] = 1
                    path.append((needed, iter(edges.get(needed, ()))))
                    break
            else:
                path.pop()
                seen[name] = 2
                order.append(name)
    return order, []
