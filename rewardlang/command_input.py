"""What a command is given: a reward file, compiled for its task, and the values of params."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Dict, Sequence

from .uncollected import uncollected


@uncollected
def compiled(arguments: argparse.Namespace, observations: bool = True) -> Any:
    """The program of `arguments.file`, for `--task`, its `--set` checked. Raises ValueError or OSError for what can't be used."""
    from . import compile, load, parse

    spec = parse(sys.stdin.read(), "<stdin>") if arguments.file == "-" else load(existing(arguments.file))
    program = compile(spec, arguments.task, observations=observations)
    for name, value in params(arguments.set).items():
        program.param(name, value)
    return program


def existing(name: str) -> Path:
    """The path of a file. Raises OSError with the closest name if there is none."""
    path = Path(name)
    if path.is_dir():
        raise IsADirectoryError(f"{name} is a folder; a .reward file is due")
    if not path.exists():
        from .lang.diagnostics import closest

        names = [p.stem for p in path.parent.glob("*.reward")] if path.parent.is_dir() else []
        near = [f"{path.with_name(name)}.reward" for name in closest(path.stem, names, 1)]
        raise FileNotFoundError(f"no such file: {name}" + (f"; did you mean {near[0]}?" if near else ""))
    return path


def params(settings: Sequence[str]) -> Dict[str, float]:
    """{param: value} of NAME=NUMBER each. Raises ValueError for one that is written otherwise."""
    out: Dict[str, float] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        try:
            if not equals:
                raise ValueError
            out[name.strip()] = float(text)
        except ValueError:
            raise ValueError(f"--set {setting}: write --set NAME=NUMBER, in the param's unit") from None
    return out
