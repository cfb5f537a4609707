"""What is installed for each simulator, and what the real thing does: the laws of the contract, each simulator in processes of its own.

The report can be pasted in an issue: it holds no paths and no host name.
"""

from __future__ import annotations

import importlib.util
import json
from typing import Any, Dict, List, Optional, Sequence

from .. import __version__
from ..sim import BACKENDS, INSTALL, ON_GPU, known
from .jobs import LIMIT, run_jobs
from .machine import machine
from .public import plain
from .report import text as text

TOO_NEW = 9.0  # compute capability from which Isaac Gym's GPU pipeline is reported to crash, or has no torch


def examine(
    sim: Optional[str] = None,
    device: Optional[str] = None,
    only: Optional[Sequence[str]] = None,
    limit: float = LIMIT,
) -> Dict[str, Any]:
    """The report, as JSON has it; `sim` for one simulator, `only` for these jobs, each within `limit` s.

    Raises ValueError for an unknown simulator.
    """
    names = BACKENDS if sim is None else (known(sim),)
    found = machine()
    backends = {name: _backend(name, device, found["gpus"], only, limit) for name in names}
    states = {backend["state"] for backend in backends.values()}
    ok = "failed" not in states and "passed" in states
    report = {"rewardlang": __version__, **found, "backends": backends, "ok": ok}
    return json.loads(json.dumps(report), object_hook=plain)


def exit_code(report: Dict[str, Any]) -> int:
    """0 if all that is installed passes, 1 if something fails, 2 if nothing that was asked for is installed."""
    missing = all(found["state"] == "missing" for found in report["backends"].values())
    return 0 if report["ok"] else 2 if missing else 1


def _backend(
    name: str, device: Optional[str], gpus: List[Dict[str, str]], only: Optional[Sequence[str]], limit: float
) -> Dict[str, Any]:
    if importlib.util.find_spec(name) is None:
        return {"state": "missing", "why": f"not installed: {INSTALL[name]}"}
    found: Dict[str, Any] = {"state": "failed"}
    if name == "isaacgym" and any(float(gpu["capability"] or 0) >= TOO_NEW for gpu in gpus):
        found["note"] = "Isaac Gym is reported not to run on GPUs of this family: --device cpu"
    devices = [device] if device else _devices(name, gpus)
    (imported,) = run_jobs(name, devices[0], ["import"], limit)
    found["order"], jobs = imported.get("order", []), imported.get("jobs", [])
    if not imported["passed"]:
        return {**found, "why": imported["detail"]}
    runs = {device: run_jobs(name, device, only or jobs, limit) for device in devices}
    passed = all(job["passed"] for run in runs.values() for job in run)
    return {**found, "state": "passed" if passed else "failed", "runs": runs}


def _devices(name: str, gpus: List[Dict[str, str]]) -> List[str]:
    """Isaac Gym has a pipeline for each; MuJoCo Warp is for the GPU."""
    both = ["cuda:0"] * bool(gpus and name in ON_GPU) + ["cpu"]
    return both if name == "isaacgym" else both[:1]
