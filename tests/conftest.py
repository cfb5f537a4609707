"""Options of the whole suite."""

from __future__ import annotations

import pytest

collect_ignore_glob = [
    "data/*",
    "*.reward",
]  # inputs of tests, also wrong ones: not for the plugin that tries laws on .reward files


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run also what takes long")
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files instead of comparing with them"
    )
