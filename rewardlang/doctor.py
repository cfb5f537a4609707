"""What is installed for each simulator, and a few laws tried on the real thing, each simulator in a process of its own.

The report can be pasted in an issue: it holds no paths and no host name.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import __version__
from .sim import BACKENDS, BEFORE_TORCH, INSTALL, ON_GPU, known, make_sim

PACKAGES = ("torch", "numpy", "mujoco", "mujoco-warp", "warp-lang", "isaacgym", "rl-games", "gym", "gymnasium", "triton")  # fmt: skip
ORDERED = ("mujoco", "isaacgym", "torch")  # the order that Isaac Gym needs
COMPILERS = ("c++", "g++", "clang++")
LIMIT = 600  # s for a simulator: MuJoCo Warp compiles its kernels on first use
RESULT = "rewardlang doctor: "  # before what the process of a simulator has found
GRAVITY = 9.81
EGL = "import mujoco; c = mujoco.GLContext(64, 64); c.make_current(); c.free()"
FOLDERS = r"(?<![\w./])(?:~|[A-Za-z]:)?(?:[\\/][\w.@+~-]+)+"  # of a path; not of an address, nor m/s
TOO_NEW = 9.0  # compute capability from which Isaac Gym's GPU pipeline is reported to crash, or has no torch


def examine(sim: Optional[str] = None, device: Optional[str] = None) -> Dict[str, Any]:
    """The report, as JSON has it; `sim` for one simulator only. Raises ValueError for an unknown one."""
    names = BACKENDS if sim is None else (known(sim),)
    gpus = _gpus()
    backends = {name: _backend(name, device or _device(name, gpus), gpus) for name in names}
    states = {found["state"] for found in backends.values()}
    report = {
        "rewardlang": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in PACKAGES},
        "gpus": gpus,
        "compiler": next(filter(None, map(_first_line, COMPILERS)), None),
        "ninja": _first_line("ninja"),
        "egl": _egl(),
        "backends": backends,
        "ok": "failed" not in states and "passed" in states,
    }
    return json.loads(json.dumps(report), object_hook=_plain)


def exit_code(report: Dict[str, Any]) -> int:
    """0 if all that is installed passes, 1 if something fails, 2 if nothing that was asked for is installed."""
    missing = all(found["state"] == "missing" for found in report["backends"].values())
    return 0 if report["ok"] else 2 if missing else 1


def text(report: Dict[str, Any]) -> str:
    """The report for people, a line a fact."""
    lines = [f"rewardlang {report['rewardlang']}, {report['python']}, {report['system']}"]
    lines += [f"  {name:<12} {version or '-'}" for name, version in report["packages"].items()]
    for gpu in report["gpus"]:
        lines.append(
            f"  GPU          {gpu['name']}, driver {gpu['driver']}, compute capability {gpu['capability']}"
        )
    if not report["gpus"]:
        lines.append("  GPU          none that nvidia-smi shows")
    lines += [f"  {name:<12} {report[name] or '-'}" for name in ("compiler", "ninja")]
    lines.append(f"  {'EGL':<12} {report['egl']}")
    for name, found in report["backends"].items():
        lines += ["", f"{name}: {found['state']}" + (f" on {found['device']}" if "device" in found else "")]
        lines += [f"  {found[key]}" for key in ("note", "why") if found.get(key)]
        if found.get("order"):
            lines.append(f"  imported in the order {', '.join(found['order'])}")
        for check in found.get("checks", ()):
            lines.append(f"  {'ok  ' if check['passed'] else 'FAIL'} {check['name']}: {check['detail']}")
        for row in found.get("audit", ()):
            asked, got = (_number(row[side]) for side in ("asked", "found"))
            lines.append(f"  {'ok  ' if row['agrees'] else 'FAIL'} {row['what']} of {row['name']}: {asked}, found {got}")  # fmt: skip
    return "\n".join(lines)


def _backend(name: str, device: str, gpus: List[Dict[str, str]]) -> Dict[str, Any]:
    if importlib.util.find_spec(name) is None:
        return {"state": "missing", "why": f"not installed: {INSTALL[name]}"}
    found: Dict[str, Any] = {"state": "failed", "device": device}
    if name == "isaacgym" and any(float(gpu["capability"] or 0) >= TOO_NEW for gpu in gpus):
        found["note"] = "Isaac Gym is reported not to run on GPUs of this family: --device cpu"
    command = [sys.executable, "-m", "rewardlang.doctor", name, device]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)  # fmt: skip
    except subprocess.TimeoutExpired:
        return {**found, "why": f"did not end within {LIMIT} s"}
    try:
        (said,) = [
            line for line in done.stdout.splitlines() if line.startswith(RESULT)
        ]  # others may print too
        found.update(json.loads(said[len(RESULT) :]))
    except ValueError:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["it said nothing"]
        return {**found, "why": f"ended with {done.returncode}: {last[0]}"}
    passed = all(check["passed"] for check in found["checks"])
    return {**found, "state": "passed" if passed and done.returncode == 0 else "failed"}


def try_laws(name: str, device: str) -> Dict[str, Any]:
    """The laws on a simulator, in this process, which has imported neither it nor torch. {order, checks, audit}."""
    if name in BEFORE_TORCH:
        importlib.import_module(f"rewardlang.sim.{name}")
    import torch

    from .task import load_task

    torch.set_num_threads(1)
    task = replace(load_task("humanoid"), sim_dt=0.001, decimation=5)
    sim = make_sim(name, task, 4, device)
    order = [module for module in sys.modules if module in ORDERED]  # as they came
    checks = []
    if name in BEFORE_TORCH:
        checks.append({"name": "import order", "passed": tuple(order) == ORDERED, "detail": ", ".join(order)})
    for law in LAWS:
        passed, detail = law(sim, task, torch)
        checks.append({"name": law.__name__.replace("_", " "), "passed": bool(passed), "detail": detail})
    rows = getattr(getattr(sim, "_scene", None), "rows", ())
    audit = [{"what": r.what, "name": r.name, "asked": r.asked, "found": r.found, "agrees": bool(r.agrees)} for r in rows]  # fmt: skip
    sim.close()
    return {"order": order, "checks": checks, **({"audit": audit} if audit else {})}


# laws: of a simulator, its task and torch, to whether it is kept and what was seen


def names_and_shapes(sim: Any, task: Any, torch: Any) -> Tuple[bool, str]:
    found = (sim.dof_names, sim.body_names, tuple(sim.body_states.shape), sim.root_states.dtype)
    wanted = (task.dof_names, task.body_names, (4, len(task.body_names), 13), torch.float32)
    return found == wanted, f"{len(sim.dof_names)} joints, {len(sim.body_names)} bodies"


def reset_is_exact(sim: Any, task: Any, torch: Any) -> Tuple[bool, str]:
    half = 0.5**0.5
    root = torch.tensor([0.3, -0.2, 5, 0, 0, half, half, 0.5, -0.4, 0.3, 0.2, 0.6, -0.5])
    pos = _pose(task, torch) + 0.01
    _reset(sim, torch, root, pos, torch.full_like(pos, 0.25))
    error = max(
        float((sim.root_states.cpu() - root).abs().max()),
        float((sim.dof_pos.cpu() - pos).abs().max()),
        float((sim.dof_vel.cpu() - 0.25).abs().max()),
    )
    return error < 1e-4, f"off by {error:.2g} at most"


def others_keep_their_state(sim: Any, task: Any, torch: Any) -> Tuple[bool, str]:
    _reset(sim, torch, _root(torch), _pose(task, torch))
    before = sim.body_states.clone()
    _reset(sim, torch, _root(torch, height=7.0), _pose(task, torch), only=2)
    moved = (sim.body_states != before).flatten(1).any(1).tolist()
    return moved == [False, False, True, False], f"environments that changed: {[i for i in range(4) if moved[i]]}"  # fmt: skip


def free_fall(sim: Any, task: Any, torch: Any) -> Tuple[bool, str]:
    _reset(sim, torch, _root(torch), _pose(task, torch))
    for _ in range(20):
        sim.step(_targets(sim, task, torch))
    seen, due = float(sim.root_states[0, 9]), -GRAVITY * 20 * task.dt
    still = float(sim.contact_forces.abs().max()) == 0
    return abs(seen - due) < 0.02 and still, f"{seen:.4f} m/s after 0.1 s, {due:.4f} due"


def velocity_is_of_the_origin(sim: Any, task: Any, torch: Any) -> Tuple[bool, str]:
    """A body that spins: its velocity is how its position changes, not that of its centre of mass."""
    root = _root(torch)
    root[11] = 2.0
    _reset(sim, torch, root, _pose(task, torch))
    start = sim.root_states.clone()
    sim.step(_targets(sim, task, torch))
    moved = (sim.root_states[:, :3] - start[:, :3]) / task.dt
    error = float((moved - (start[:, 7:10] + sim.root_states[:, 7:10]) / 2).abs().max())
    return error < 0.05, f"off by {error:.2g} m/s"


def a_joint_goes_where_it_is_sent(sim: Any, task: Any, torch: Any) -> Tuple[bool, str]:
    """Each joint by its name, a few at a time, in the air: it moves furthest, and towards its target."""
    lost = []
    for first in range(0, len(task.actuated), 4):
        batch = range(first, min(first + 4, len(task.actuated)))
        _reset(sim, torch, _root(torch, height=20.0), _pose(task, torch))
        targets = _targets(sim, task, torch)
        for row, joint in enumerate(batch):
            targets[row, joint] += 0.2
        for _ in range(40):
            sim.step(targets)
        moved = sim.dof_pos.cpu() - _pose(task, torch)
        for row, joint in enumerate(batch):
            i = task.dof_names.index(task.actuated[joint])
            if int(moved[row].abs().argmax()) != i or not 0.05 < float(moved[row, i]) < 0.4:
                lost.append(task.actuated[joint])
    return not lost, f"lost: {', '.join(lost)}" if lost else f"all {len(task.actuated)}"


def weight_at_rest(sim: Any, task: Any, torch: Any) -> Tuple[bool, str]:
    start = task.init_state
    root = torch.tensor([*start.pos, *start.rot, 0, 0, 0, 0, 0, 0], dtype=torch.float32)
    _reset(sim, torch, root, _pose(task, torch))
    for _ in range(200):
        sim.step(_targets(sim, task, torch))
    seen, due = float(sim.contact_forces[0, :, 2].sum()), float(sim.body_mass.sum()) * GRAVITY
    return abs(seen - due) < 0.05 * due, f"{seen:.2f} N on the ground, {due:.2f} N due"


LAWS: Tuple[Callable[[Any, Any, Any], Tuple[bool, str]], ...] = (
    names_and_shapes, reset_is_exact, others_keep_their_state, free_fall, velocity_is_of_the_origin,
    a_joint_goes_where_it_is_sent, weight_at_rest,
)  # fmt: skip


def _root(torch: Any, height: float = 5.0) -> Any:
    return torch.tensor([0, 0, height, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=torch.float32)


def _pose(task: Any, torch: Any) -> Any:
    return torch.tensor(task.default_dof_pos, dtype=torch.float32)


def _targets(sim: Any, task: Any, torch: Any) -> Any:
    driven = [task.dof_names.index(name) for name in task.actuated]
    return _pose(task, torch)[driven].repeat(4, 1).to(sim.device)


def _reset(sim: Any, torch: Any, root: Any, pos: Any, vel: Any = None, only: Optional[int] = None) -> None:
    mask = torch.tensor([only is None or i == only for i in range(4)])
    vel = torch.zeros_like(pos) if vel is None else vel
    sim.reset(mask.to(sim.device), *(part.repeat(4, 1).to(sim.device) for part in (root, pos, vel)))


# the machine


def _device(name: str, gpus: List[Dict[str, str]]) -> str:
    return "cuda:0" if name in ON_GPU and gpus else "cpu"


def _version(package: str) -> Optional[str]:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _output(*command: str, **variables: str) -> Optional[str]:
    """What a command prints, None if it isn't there or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60,
                              env={**os.environ, **variables})  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _first_line(program: str) -> Optional[str]:
    said = _output(program, "--version") if shutil.which(program) else None
    return said.splitlines()[0] if said else None


def _gpus() -> List[Dict[str, str]]:
    keys = ("name", "driver", "capability")
    said = _output("nvidia-smi", "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader") or ""
    return [dict(zip(keys, (part.strip() for part in line.split(",")))) for line in said.splitlines() if line.count(",") == 2]  # fmt: skip


def _egl() -> str:
    if importlib.util.find_spec("mujoco") is None:
        return "not tried: mujoco is not installed"
    return "works" if _output(sys.executable, "-c", EGL, MUJOCO_GL="egl") is not None else "does not work: no pictures without a display"  # fmt: skip


def _plain(found: Dict[str, Any]) -> Dict[str, Any]:
    """Its texts without folders and the host's name."""
    return {key: _public(value) if isinstance(value, str) else value for key, value in found.items()}


def _public(said: str) -> str:
    said = re.sub(FOLDERS, lambda path: re.split(r"[\\/]", path[0])[-1], said.replace("file://", ""))
    host = socket.gethostname()
    return re.sub(rf"\b{re.escape(host)}\b", "HOST", said) if host else said


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    try:
        result = try_laws(*sys.argv[1:3])
    except Exception as problem:  # whatever goes wrong is the finding
        result = {"checks": [{"name": type(problem).__name__, "passed": False, "detail": str(problem)}]}
    print(RESULT + json.dumps(result, default=lambda value: value.tolist()))
