"""A pytest plugin: `.reward` files are collected, and each law is a test item of its own.

It imports neither torch nor the rest of the package before the first .reward file is collected.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, List, Optional

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rewardlang")
    group.addoption(
        "--reward-examples", type=int, metavar="N", help="sequences that each law is tried on (default: 64)"
    )
    group.addoption(
        "--reward-seed", type=int, default=0, metavar="S", help="seed of the sequences (default: 0)"
    )
    group.addoption("--reward-task", metavar="T", help="the task, where a .reward file names none")
    group.addoption("--no-reward-files", action="store_true", help="collect no .reward files")
    parser.addini("reward_laws", "the laws that .reward files are tried on (default: all)", "args", [])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Optional[pytest.Collector]:
    if file_path.suffix == ".reward" and not parent.config.getoption("no_reward_files"):
        return RewardFile.from_parent(parent, path=file_path)
    return None


class RewardFile(pytest.File):
    """A .reward file; compiled once, when its first law is tried."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            from . import runner  # noqa: F401
            from .laws import chosen
        except ImportError as problem:
            pytest.skip(f"{problem.name} is not installed: pip install 'rewardlang[test]'")
        for law in chosen(self.config.getini("reward_laws")):
            if law.name != "compile":
                yield RewardItem.from_parent(self, name=law.name)

    def trials(self) -> Any:
        """The compiled spec with the sequences to try laws on. Skips what can only be imported."""
        if not hasattr(self, "_trials"):
            from ..lang.diagnostics import RewardError
            from .command import is_library
            from .runner import EXAMPLES, Trials
            from .subject import Subject

            try:
                subject = Subject(_shown(self.path), self.config.getoption("reward_task"))
            except RewardError:
                if is_library(self.path):
                    pytest.skip("it has no reward: it can only be imported")
                raise
            examples = self.config.getoption("reward_examples") or EXAMPLES
            self._trials = Trials(subject, examples, self.config.getoption("reward_seed"))
        return self._trials


class RewardItem(pytest.Item):
    """One law on all terms of a file."""

    def runtest(self) -> None:
        from .laws import law_of
        from .runner import FAIL, PASS, one_thread, try_law

        trials = self.parent.trials()  # type: ignore[union-attr]
        with one_thread():
            results = try_law(law_of(self.name), trials.subject, trials)
        failed = [r for r in results if r.outcome == FAIL]
        if failed:
            raise BrokenLaws(failed)
        if not any(r.outcome == PASS for r in results):
            pytest.skip(
                "; ".join(dict.fromkeys(r.reason for r in results)) or "the spec has no `expect` lines"
            )

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        from ..lang.diagnostics import RewardError

        if isinstance(excinfo.value, BrokenLaws):
            return str(excinfo.value)
        if isinstance(excinfo.value, RewardError):
            return excinfo.value.render()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> Any:
        return self.path, None, f"{self.path.name}: {self.name}"


class BrokenLaws(AssertionError):
    """What is broken, case by case."""

    def __init__(self, results: List[Any]) -> None:
        super().__init__("\n\n".join(f"{r.case.text()}\n\n{r.case.snippet()}" for r in results))


def _shown(path: Path) -> Path:
    """The path as a person in the working folder would write it."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
