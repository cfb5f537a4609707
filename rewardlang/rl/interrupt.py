"""Ctrl-C as a wish, not an accident: the epoch is finished, the state saved, then the training ends."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Wish:
    """Whether somebody asked for the end."""

    asked = False


@contextmanager
def end_on_interrupt(patient: bool = False) -> Iterator[Wish]:
    """A `Wish` that the first Ctrl-C (or SIGTERM) sets. A second one interrupts at once; not if `patient`, for a process that
    gets the same Ctrl-C from the terminal and from the process that started it.
    """
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish  # only the main thread may handle signals
        return

    def handle(number: int, frame: Any) -> None:
        wish.asked = True  # nothing is printed here: the signal may have come in the middle of a print
        if not patient:
            give_back()

    def give_back() -> None:
        for one, earlier in handlers.items():
            signal.signal(one, earlier)

    handlers = {one: signal.getsignal(one) or signal.SIG_DFL for one in SIGNALS}
    for one in SIGNALS:
        signal.signal(one, handle)
    try:
        yield wish
    finally:
        give_back()
