"""Work that leaves no garbage, without Python's search for it."""

from __future__ import annotations

import functools
import gc
from typing import Any, Callable, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def uncollected(function: F) -> F:
    """The function, with Python's collector of cycles at rest while it runs.

    Compiling makes many small objects and keeps them, and the collector looks through all that there are, those of torch too, again and
    again as they grow: half of the time for 3000 terms, and more than in proportion to them.
    """

    @functools.wraps(function)
    def rested(*args: Any, **kwargs: Any) -> Any:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return cast(F, rested)
