"""Work that leaves no garbage, without Python's search for it."""

from __future__ import annotations

import functools
import gc
from contextlib import contextmanager
from typing import Any, Callable, Iterator, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def at_rest() -> Iterator[None]:
    """While it is entered, Python's collector of cycles is at rest."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def uncollected(function: F) -> F:
    """The function, with Python's collector of cycles at rest while it runs.

    Compiling makes many small objects and keeps them, and the collector looks through all that there are, those of torch too, again and
    again as they grow: half of the time for 3000 terms, and more than in proportion to them.
    """

    @functools.wraps(function)
    def rested(*args: Any, **kwargs: Any) -> Any:
        with at_rest():
            return function(*args, **kwargs)

    return cast(F, rested)
