"""One server for all tests that do not set it up in their own way."""

from __future__ import annotations

from typing import Iterator

import pytest

from .client import Client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(tmp_path_factory.mktemp("rewards"))
    yield client
    assert client.leave() == 0


@pytest.fixture
def editor(server: Client) -> Iterator[Client]:
    """The server with no file open, and none on disk."""
    opened = []
    real_open = server.open

    def open_(text: str, name: str = "a.reward"):
        opened.append(name)
        return real_open(text, name)

    server.open = open_  # type: ignore[method-assign]
    yield server
    server.open = real_open  # type: ignore[method-assign]
    for name in opened:
        server.close(name)
    for path in server.folder.glob("**/*.reward"):
        path.unlink()
