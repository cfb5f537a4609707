"""Laws and probes tried in processes of their own: one that crashes or hangs is a finding, and the others are tried all the same."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ..sim import ONE_A_PROCESS

LIMIT = 600.0  # s for a law: MuJoCo Warp compiles its kernels on first use
RESULT = "rewardlang doctor: "  # before what the process has found: others print there too


def run_jobs(name: str, device: str, jobs: Sequence[str], limit: float = LIMIT) -> List[Dict[str, Any]]:
    """What each job has found, {name, passed, detail, ...}; simulators that allow one simulation a process get one for each job."""
    left, found = list(jobs), []
    while left:
        batch = left[:1] if name in ONE_A_PROCESS else left
        done, end = _run(name, device, batch, limit)
        found += done
        left = left[len(done) :]
        if len(done) < len(batch):
            found.append({"name": left.pop(0), "passed": False, "detail": end})
    return found


def _run(name: str, device: str, jobs: Sequence[str], limit: float) -> Tuple[List[Dict[str, Any]], str]:
    """Results of one process, and how it ended. It is killed if the next result takes longer than `limit` s."""
    command = [sys.executable, "-m", "rewardlang.doctor", name, device, *jobs]
    found: List[Dict[str, Any]] = []
    late = threading.Event()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
                              text=True, errors="replace") as process:  # fmt: skip

            def kill() -> None:
                late.set()
                process.kill()

            clock = _start(limit, kill)
            for line in process.stdout or ():
                if line.startswith(RESULT):
                    clock.cancel()
                    found.append(json.loads(line[len(RESULT) :]))
                    clock = _start(limit, kill)
        clock.cancel()
        if late.is_set():
            return found, f"did not end within {limit:g} s"
        said.seek(0)
        last = [line for line in said if line.strip()][-1:] or ["it said nothing"]
        return found, f"the process ended with {process.returncode}: {last[0].rstrip()}"


def _start(limit: float, then: Callable[[], Any]) -> threading.Timer:
    clock = threading.Timer(limit, then)
    clock.daemon = True
    clock.start()
    return clock
