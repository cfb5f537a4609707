"""A small editor: it speaks the protocol with `rewardlang lsp` over its standard input and output."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

ROOT = Path(__file__).parents[2]
WAIT = 30.0  # s, for busy machines


class Refusal(Exception):
    """An error that the server answered with."""


class Client:
    """An editor with a server of its own. Without the server's libraries, which are an extra, the test is skipped."""

    def __init__(self, folder: Path, *, options: Any = None, encodings: Optional[List[str]] = None, snippets: bool = True,
                 arguments: Tuple[str, ...] = ()) -> None:  # fmt: skip
        for library in ("lsprotocol", "pygls"):
            pytest.importorskip(library)
        self.errors = (folder / "stderr.txt").open("wb")
        self.process = subprocess.Popen([sys.executable, "-m", "rewardlang", "lsp", *arguments], cwd=ROOT,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)  # fmt: skip
        self.errors.close()
        self.folder = folder
        self.incoming: queue.Queue = queue.Queue()
        self.later: List[Dict[str, Any]] = []
        self.count = 0
        self.version = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        capabilities: Dict[str, Any] = {
            "textDocument": {
                "completion": {"completionItem": {"snippetSupport": snippets}},
                "rename": {"prepareSupport": True},
            }
        }
        if encodings is not None:
            capabilities["general"] = {"positionEncodings": encodings}
        try:
            self.server = self.request("initialize", {"processId": None, "rootUri": folder.as_uri(),
                                                      "capabilities": capabilities, "initializationOptions": options})  # fmt: skip
        except BaseException:
            self.end()
            raise
        self.notify("initialized", {})

    # messages

    def _read(self) -> None:
        out = self.process.stdout
        assert out is not None
        while True:
            length = 0
            while True:
                line = out.readline()
                if not line:
                    self.incoming.put(None)
                    return
                if line == b"\r\n":
                    break
                name, _, value = line.decode("ascii").partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            self.incoming.put(json.loads(out.read(length)))

    def _send(self, message: Dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def _next(self, wait: float = WAIT) -> Dict[str, Any]:
        message = self.incoming.get(timeout=wait)
        if message is None:
            raise EOFError("the server left: " + (self.folder / "stderr.txt").read_text(encoding="utf-8"))
        return message

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        """The answer to a request. Raises Refusal with the server's message."""
        self.count += 1
        number = self.count
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise Refusal(message["error"]["message"])
                return message["result"]
            self.later.append(message)

    def published(self, uri: str, version: Optional[int] = None) -> List[Dict[str, Any]]:
        """The diagnostics of a version of a text, as soon as they are there."""
        while True:
            message = self.later.pop(0) if self.later else self._next()
            params = message.get("params") or {}
            if message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri:
                if version is None or params.get("version") == version:
                    return params["diagnostics"]

    # documents

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, text: str, name: str = "a.reward") -> List[Dict[str, Any]]:
        """The diagnostics of a text that is opened."""
        self.version += 1
        uri = self.uri(name)
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "reward", "version": self.version, "text": text}},
        )
        return self.published(uri, self.version)

    def change(self, text: str, name: str = "a.reward", wait: bool = True) -> List[Dict[str, Any]]:
        """The diagnostics of an open text that becomes another one."""
        self.version += 1
        uri = self.uri(name)
        self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": self.version}, "contentChanges": [{"text": text}]},
        )
        return self.published(uri, self.version) if wait else []

    def close(self, name: str = "a.reward") -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def ask(
        self, what: str, position: Optional[Tuple[int, int]] = None, name: str = "a.reward", **more: Any
    ) -> Any:
        """The answer to `textDocument/WHAT` at a line and character."""
        params: Dict[str, Any] = {"textDocument": {"uri": self.uri(name)}, **more}
        if position is not None:
            params["position"] = {"line": position[0], "character": position[1]}
        return self.request(f"textDocument/{what}", params)

    def leave(self) -> int:
        """The exit code after `shutdown` and `exit`."""
        assert self.request("shutdown", None) is None
        self.notify("exit", None)
        code = self.process.wait(WAIT)
        self.end()
        return code

    def end(self) -> None:
        """Let go of the server, whatever it does."""
        self.process.kill()
        self.process.wait(WAIT)
        self.reader.join(WAIT)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.end()


def marked(text: str) -> Tuple[str, Tuple[int, int]]:
    """A text without its `|` mark, and the line and character at which it stood."""
    before, _, after = text.partition("|")
    return before + after, (before.count("\n"), len(before) - before.rfind("\n") - 1)


def applied(text: str, edits: List[Dict[str, Any]]) -> str:
    """A text with the edits of an answer carried out (for texts whose characters are one unit each)."""
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:i]) for i in range(len(lines) + 1)]
    at = lambda p: min(starts[min(p["line"], len(lines))] + p["character"], len(text))
    for edit in sorted(edits, key=lambda e: at(e["range"]["start"]), reverse=True):
        text = text[: at(edit["range"]["start"])] + edit["newText"] + text[at(edit["range"]["end"]) :]
    return text
