"""Where prints go while rl_games runs: it prints three lines an epoch and has no other way to tell."""

from __future__ import annotations

import io
import warnings
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Callable, List, Optional, TextIO

from ..notice import Notice


class PrintLog(io.TextIOBase):
    """Takes stdout, stderr and warnings while it is entered: into memory, and after `open` into a file."""

    def __init__(self, tell: Optional[Callable[[str], None]] = None) -> None:
        """`tell` is given each Notice: that is for the user's eyes."""
        self._tell = tell
        self._out: TextIO = io.StringIO()
        self._stack = ExitStack()

    def __enter__(self) -> PrintLog:
        self._stack.enter_context(redirect_stdout(self))
        self._stack.enter_context(redirect_stderr(self))
        self._stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")  # each once, into the log
        # between rl_games and torch: no user can act on it
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.showwarning = self._warned
        return self

    def _warned(
        self,
        message: Any,
        category: Any,
        filename: str,
        lineno: int,
        file: Any = None,
        line: Optional[str] = None,
    ) -> None:
        self.write(warnings.formatwarning(message, category, filename, lineno, line))
        if self._tell is not None and issubclass(category, Notice):
            self._tell(str(message))

    def __exit__(self, *_: Any) -> None:
        self._stack.close()
        self._out.close()

    def open(self, path: Path) -> None:
        """Go on in a file, at its end; what was printed so far goes there too."""
        file = open(path, "a", encoding="utf-8", errors="backslashreplace", buffering=1)
        file.write(self._out.getvalue())  # type: ignore[attr-defined]
        self._out = file

    def write(self, text: str) -> int:
        return self._out.write(text)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        if not self._out.closed:
            self._out.flush()


def tail(path: Path, count: int) -> List[str]:
    """The last lines of a log, without rl_games' line an epoch."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in lines if not line.startswith(("fps step:", "saving next best", "=> "))][-count:]
