"""Options of the whole suite."""

from __future__ import annotations

import os

import pytest

# Triton looks at it when it is imported, for its own functions: where there is no GPU, its interpreter runs the fused kernels.
os.environ.setdefault("TRITON_INTERPRET", "1")

collect_ignore_glob = [
    "data/*",
    "*.reward",
]  # inputs of tests, also wrong ones: not for the plugin that tries laws on .reward files


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run also what takes long")
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files instead of comparing with them"
    )
