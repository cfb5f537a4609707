"""Options of the whole suite."""

from __future__ import annotations

import os
from typing import Any, Optional

import pytest

# Triton looks at it when it is imported, for its own functions: where there is no GPU, its interpreter runs the fused kernels.
os.environ.setdefault("TRITON_INTERPRET", "1")

collect_ignore_glob = [
    "data/*",
    "*.reward",
]  # inputs of tests, also wrong ones: not for the plugin that tries laws on .reward files


# What the extras bring: a test that needs one of these is passed over with --bare. Any other missing module is a failure.
EXTRAS = (
    "torch",
    "numpy",
    "mujoco",
    "gymnasium",
    "hypothesis",
    "pygments",
    "pygls",
    "rl_games",
    "isaacgym-stubs",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bare",
        action="store_true",
        help="pass over what needs torch or a simulator, where they aren't installed",
    )
    parser.addoption("--slow", action="store_true", help="run also what takes long")
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files instead of comparing with them"
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    report = (yield).get_result()
    _pass_over(report, report.__dict__.get("call"), collector)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    _pass_over((yield).get_result(), call, item)


def _pass_over(report: Any, call: Optional[pytest.CallInfo], node: pytest.Collector | pytest.Item) -> None:
    """With --bare a failure for want of a package of the extras is a skip that names it."""
    problem = call.excinfo.value if call is not None and call.excinfo is not None else None
    while node.config.getoption("--bare") and report.failed and problem is not None:
        if isinstance(problem, ModuleNotFoundError) and (problem.name or "").split(".")[0] in EXTRAS:
            report.outcome = "skipped"
            report.longrepr = (str(node.path), 0, f"Skipped: needs {problem.name}")
        problem = problem.__cause__ or problem.__context__
