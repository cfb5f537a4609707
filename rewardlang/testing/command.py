"""`rewardlang test`: files and folders in, a line per law and term and an exit code out."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import List, Mapping, Optional, Sequence

from ..lang.diagnostics import RewardError
from ..lang.nodes import Reward
from . import report
from .laws import chosen
from .report import File
from .runner import EXAMPLES, Result, test
from .subject import Subject


def test_files(names: Sequence[str], task: Optional[str] = None, params: Optional[Mapping[str, float]] = None, laws: Sequence[str] = (),
               examples: int = EXAMPLES, seed: int = 0, torch_compile: bool = False, quiet: bool = False, format: str = "text",
               junit: Optional[str] = None) -> int:  # fmt: skip
    """Try all laws, or some, on .reward files and those in folders. 0; 1 if a law is broken; 2 if a file can't be used."""
    chosen(laws)
    if examples < 1:
        raise ValueError(f"--max-examples must be at least 1, not {examples}")
    begin, files = time.monotonic(), []
    found = files_of(names)
    for path in found:
        files.append(
            _one(path, task, params or {}, laws, examples, seed, torch_compile, quiet, format, len(found) > 1)
        )
    seconds = time.monotonic() - begin
    if junit is not None:
        report.junit(files, Path(junit))
    broken = any(f.failed for f in files)
    unusable = any(f.error for f in files)
    if format == "json":
        print(
            json.dumps(
                {
                    "ok": not (broken or unusable),
                    "seconds": round(seconds, 3),
                    "files": [f.to_dict() for f in files],
                },
                indent=2,
            )
        )
    else:
        for file in files:
            if file.failed:
                print(report.failures(file))
        print(("\n" if broken else "") + report.summary(files, seconds))
    return 2 if unusable else 1 if broken else 0


test_files.__test__ = False  # type: ignore[attr-defined]


def files_of(names: Sequence[str]) -> List[Path]:
    """The .reward files that are named, and those in the folders that are. Raises FileNotFoundError, ValueError for an empty one."""
    out: List[Path] = []
    for name in names:
        path = Path(name)
        if not path.exists():
            raise FileNotFoundError(f"no such file or folder: {name}")
        inside = sorted(path.rglob("*.reward")) if path.is_dir() else [path]
        if not inside:
            raise ValueError(f"there is no .reward file in {name}")
        out += inside
    return list(dict.fromkeys(out))


def _one(path: Path, task: Optional[str], params: Mapping[str, float], laws: Sequence[str], examples: int, seed: int,
         torch_compile: bool, quiet: bool, format: str, several: bool) -> File:  # fmt: skip
    file, begin, text = File(str(path), seed=seed), time.monotonic(), format == "text"
    try:
        subject = Subject(path, task, params, torch_compile)
    except RewardError as problem:
        if several and is_library(path):
            file.skipped = "it has no reward: it can only be imported"
            if text:
                print(f"{path}: SKIP {file.skipped}")
            return file
        if not several:
            raise
        file.error = problem.render()
        print(file.error, file=sys.stderr)
        return file
    file.task, file.terms = subject.task, len(subject.terms)
    if text:
        print(report.head(file))
    last: List[Result] = []

    def told(result: Result) -> None:
        if not text:
            return
        if not quiet:
            print(report.line(result), flush=True)
            return
        if last and last[0].law != result.law:
            print(report.law_line(last[0].law, last), flush=True)
            last.clear()
        last.append(result)

    file.results = test(subject, laws, examples, seed, told)
    if last:
        print(report.law_line(last[0].law, last))
    file.seconds = time.monotonic() - begin
    return file


def is_library(path: Path) -> bool:
    """Whether a file has no reward, so that it can only be imported."""
    from .. import load

    try:
        return not any(isinstance(s, Reward) for s in load(path).tree.statements)
    except (RewardError, OSError):
        return False
