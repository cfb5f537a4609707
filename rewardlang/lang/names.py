"""Names in a tree, and the order in which what they stand for can be worked out."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Mapping, Tuple, Union

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
