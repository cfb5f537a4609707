"""`python -m rewardlang.doctor SIM DEVICE JOB...`: does jobs, and prints each result in a line. Of rewardlang doctor, not for people."""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List

from ..sim import BEFORE_TORCH, import_first, make_sim
from .jobs import RESULT

ORDERED = ("mujoco", "isaacgym", "torch")  # the order that Isaac Gym needs


def do(name: str, device: str, job: str) -> Dict[str, Any]:
    """The result of a job: {name, passed, detail}, and what else it has to say."""
    start = time.monotonic()
    try:
        import_first(name)
        found = _do(name, device, job)
    except Exception as problem:  # whatever goes wrong is the finding
        kind = "" if type(problem).__name__ == "Broken" else f"{type(problem).__name__}: "
        found = {"passed": False, "detail": kind + str(problem)}
    return {"name": job, "detail": "", **found, "seconds": round(time.monotonic() - start, 2)}


def _do(name: str, device: str, job: str) -> Dict[str, Any]:
    if job == "import":
        return _import(name)
    if job == "audit":
        return _audit(device)
    if job.startswith("probe_"):
        from .probes import ask

        return ask(job, device)
    return _try(name, device, job)


def _import(name: str) -> Dict[str, Any]:
    importlib.import_module(f"rewardlang.sim.{name}")
    from ..sim.contract import LAWS

    order = [module for module in sys.modules if module in ORDERED]  # as they came
    more: List[str] = []
    if name == "isaacgym":
        from .probes import GROUPS

        more = ["audit", *GROUPS]
    passed = name not in BEFORE_TORCH or tuple(order) == ORDERED
    return {"passed": passed, "detail": "" if passed else f"imported in the order {', '.join(order)}",
            "order": order, "jobs": [*more, *LAWS]}  # fmt: skip


def _audit(device: str) -> Dict[str, Any]:
    """What Isaac Gym made of the shipped humanoid beside what was asked for."""
    from ..sim.isaacgym import Sim
    from ..sim.isaacgym_audit import MadeOtherwise
    from ..task import load_task

    try:
        rows = Sim(load_task("humanoid"), 2, device).audit
    except MadeOtherwise as problem:
        rows = problem.rows
    wrong = sum(not row.agrees for row in rows)
    table = [{"what": r.what, "name": r.name, "asked": r.asked, "found": r.found, "agrees": bool(r.agrees)} for r in rows]  # fmt: skip
    detail = f"{wrong} of {len(rows)} differ" if wrong else f"all {len(rows)} agree"
    return {"passed": not wrong, "detail": detail, "rows": table}


def _try(name: str, device: str, law: str) -> Dict[str, Any]:
    import torch

    from ..sim.contract import LAWS, Bench

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # MuJoCo leaves a log of its warnings
        make = lambda task, num_envs: make_sim(name, task, num_envs, device)
        bench = Bench(make, name, Path(folder), exact=name != "isaacgym" and device == "cpu")
        try:
            LAWS[law](bench)
        finally:
            bench.close()
            os.chdir(os.sep)
    return {"passed": True}


def _number(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


if __name__ == "__main__":
    simulator, device, *jobs = sys.argv[1:]
    for job in jobs:
        print(RESULT + json.dumps(do(simulator, device, job), default=_number), flush=True)
