"""`rewardlang lsp` as a command, and the server under a shower of texts."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .client import ROOT, Client


def test_without_the_library(tmp_path: Path) -> None:
    (tmp_path / "pygls.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'pygls'\", name='pygls')\n", encoding="utf-8"
    )
    (tmp_path / "lsprotocol.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'lsprotocol'\", name='lsprotocol')\n", encoding="utf-8"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "rewardlang", "lsp"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (
        done.returncode == 2
        and "pip install 'rewardlang[lsp]'" in done.stderr
        and "Traceback" not in done.stderr
    )


def test_start_and_end(tmp_path: Path, record_property) -> None:
    start = time.monotonic()
    with Client(tmp_path, arguments=("--stdio", "--task", "humanoid_velocity")) as client:
        record_property("milliseconds", round(1000 * (time.monotonic() - start)))
        offered = client.server["capabilities"]
        for what in (
            "hover",
            "completion",
            "signatureHelp",
            "definition",
            "references",
            "rename",
            "documentFormatting",
            "documentSymbol",
            "codeAction",
            "documentHighlight",
        ):
            assert offered[f"{what}Provider"]
        assert client.open("reward = command_ang_vel\n") == []
        assert client.leave() == 0
    assert (tmp_path / "stderr.txt").read_text(encoding="utf-8") == ""


def test_it_leaves_with_its_editor(tmp_path: Path) -> None:
    """An editor that dies closes the pipe and says nothing."""
    with Client(tmp_path) as client:
        client.open("reward = alive\n")
        assert client.process.stdin is not None
        client.process.stdin.close()
        client.process.wait(20)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_answer_to_any_text(server: Client, seed: int) -> None:
    """Whatever is typed, each request is answered, and never with an error of ours."""
    shuffle, log = random.Random(seed), server.folder / "stderr.txt"
    before = len(log.read_text(encoding="utf-8"))
    text = (ROOT / "reward_specs" / "humanoid" / "walk.reward").read_text(encoding="utf-8")
    server.open(text, "shower.reward")
    for _ in range(25):
        at = shuffle.randrange(len(text))
        bad = (
            text[:at]
            + shuffle.choice(["", "(", '"', "[", "\ud800", "\0", "\r", "é", "=", "\u2028", "as "])
            + text[at + shuffle.randrange(12) :]
        )
        bad = bad if shuffle.random() < 0.7 else bad[:at]
        server.change(bad, "shower.reward", wait=False)
        lines = bad.count("\n")
        for what in ("hover", "completion", "definition", "signatureHelp", "documentHighlight"):
            server.ask(what, (shuffle.randrange(lines + 2), shuffle.randrange(60)), "shower.reward")
        server.ask("documentSymbol", None, "shower.reward")
        server.ask("semanticTokens/full", None, "shower.reward")
        server.ask("formatting", None, "shower.reward", options={"tabSize": 4, "insertSpaces": True})
    assert server.change(text, "shower.reward") == []
    server.close("shower.reward")
    assert "Traceback" not in log.read_text(encoding="utf-8")[before:]
