"""What can be proposed right after the first word of a statement."""

from __future__ import annotations

from typing import List, Optional

from ..lang import nodes as n
from ..task import shipped_tasks
from . import describe, words
from .proposals import Item, Scope


def _task_names(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    return [Item(name, "task", "task") for name in shipped_tasks()] if len(head) == 1 else []


def _after_reward(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    if "=" in head or "+=" in head:
        return None
    if head[-1] == "per":
        return [Item(word, "keyword", "", doc) for word, doc in words.PER.items()]
    per = Item("per", "keyword", "", words.OPERATORS["per"], rank=1)
    groups = [s.group for s in scope.of(n.Reward) if isinstance(s, n.Reward)] if len(head) == 1 else []
    return [per, *(Item(name, "variable", "reward group") for name in groups if name != "reward")]


def _after_weight(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    return (
        [Item(name, "term", "term", describe.term(scope.last, name)) for name in scope.terms()]
        if len(head) == 1
        else None
        if "=" in head
        else []
    )


def _after_drop(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    if head[1:] == ["terminate"]:
        names = [
            *(name for name, _ in scope.vocabulary.terminations),
            *(getattr(s, "name", "") for s in scope.of(n.Terminate)),
        ]  # type: ignore[union-attr]
        return [Item(name, "variable", "termination") for name in dict.fromkeys(names)]
    if head[1:] == ["metric"]:
        return [Item(s.name, "variable", "metric") for s in scope.of(n.Metric)]  # type: ignore[union-attr]
    more = [Item(word, "keyword", f"drop {word} NAME") for word in ("terminate", "metric")]
    return [*(_after_weight(scope, head) or []), *more] if len(head) == 1 else []


def _after_terminate(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    if len(head) == 1:
        return [
            Item(name, "variable", "termination of the task: this one replaces it")
            for name, _ in scope.vocabulary.terminations
        ]
    return [Item("when", "keyword", "", words.OPERATORS["when"])] if len(head) == 2 else None


def _after_success(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    return _after_terminate(scope, head) if len(head) > 1 else []  # a new name is due


def _new_name(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    return [] if len(head) < 3 else None


def _new_param(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    """A param's value and bounds are numbers."""
    return [] if len(head) < 3 or head[-1] in ("=", "in") else None


def _after_total(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    return [] if len(head) < 2 else None


def _after_import(scope: Scope, head: List[str]) -> Optional[List[Item]]:
    return [Item("as", "keyword", "", words.OPERATORS["as"])] if len(head) == 2 else []


HEADS = {
    "task": _task_names, "reward": _after_reward, "weight": _after_weight, "drop": _after_drop, "terminate": _after_terminate,
    "success": _after_success, "param": _new_param, "metric": _new_name, "total": _after_total, "import": _after_import, "extends": _after_import,
}  # fmt: skip
