"""Laws that every reward keeps, for `rewardlang test` and for test suites of one's own.

`states(task)` and `episodes(task, length)` are hypothesis strategies, `assert_law(law, spec)` tries one law, `LAWS` lists them.
Nothing heavy is imported before one of these is asked for: the pytest plugin lives here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .case import LawBroken
    from .episode import Episode
    from .laws import LAWS
    from .runner import assert_law
    from .strategies import episodes, states

__all__ = ["LAWS", "Episode", "LawBroken", "assert_law", "episodes", "states"]
HOME = {
    "LAWS": "laws",
    "Episode": "episode",
    "LawBroken": "case",
    "assert_law": "runner",
    "episodes": "strategies",
    "states": "strategies",
}


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{HOME[name]}", __name__), name)
