"""From `rewardlang train` to the end of its first epoch, by phases: one cold start, then warm ones, each in a process of its own.

    python benchmarks/startup.py --json startup.json                     # the simulator and device that training would choose
    python benchmarks/startup.py --sim mujoco --starts 7 --warm          # no cold start; the caches are this machine's own

A cold start finds empty caches of compiled kernels (Triton's, Warp's, CUDA's), in a folder of this benchmark; the warm ones find what that
one has left. Python's bytecode and the disk's cache are warm in all of them.

    imports            from the start of the process until all is imported that training needs, the simulator excepted
    check and compile  the task, the spec, the settings
    simulator          import the simulator, make it and the environment
    agent              the policy and rl_games' agent
    first epoch        the run's folder, logs and the first checkpoint; steps and update of the first epoch, done on the device too

Processor time is that of the process and of those that it starts: on a busy machine it says more than time does.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "reward_specs" / "humanoid" / "walk.reward"
PHASES = ("imports", "check and compile", "simulator", "agent", "first epoch")
CACHES = ("TRITON_CACHE_DIR", "WARP_CACHE_PATH", "CUDA_CACHE_PATH", "TORCHINDUCTOR_CACHE_DIR")
MODULE = "rewardlang.rl.train"


class Marks:
    """In the process that starts: notes the time when each phase ends."""

    def __init__(self, file: str) -> None:
        self.file, self.marks = file, {}  # type: ignore[var-annotated]
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Python's question where a module is: that of training is noted when it has been imported."""
        if name != MODULE:
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None and spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_watch(module: Any) -> None:
            execute(module)
            self.watch(module)

        spec.loader.exec_module = execute_and_watch  # type: ignore[method-assign]
        return spec

    def watch(self, training: Any) -> None:
        self.note("imports")
        for name, phase in (("plan_of", PHASES[1]), ("make_env", PHASES[2]), ("make_agent", PHASES[3])):
            setattr(training, name, self.noted(getattr(training, name), phase))
        between = training.Recorder.between_epochs

        def between_epochs(recorder: Any, epoch: int) -> None:
            if epoch == 1 and PHASES[4] not in self.marks:
                if recorder.agent.device.startswith("cuda"):
                    import torch

                    torch.cuda.synchronize()
                self.note(PHASES[4])
                self.marks["ran"] = (recorder.env.num_envs, type(recorder.env.sim).__module__.split(".")[-1], recorder.agent.device)  # fmt: skip
                Path(self.file).write_text(json.dumps(self.marks), encoding="utf-8")
            between(recorder, epoch)

        training.Recorder.between_epochs = between_epochs

    def noted(self, function: Any, phase: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            result = function(*arguments, **options)
            self.note(phase)
            return result

        return call

    def note(self, phase: str) -> None:
        times = os.times()
        self.marks[phase] = (time.time(), sum(times[:4]))


def start(arguments: List[str], folder: Path, environment: Dict[str, str]) -> Dict[str, Any]:
    """One start: {"seconds": {phase: s}, "processor": {phase: s}, "ran": [environments, simulator, device]}"""
    marks = folder / "marks.json"
    marks.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--child", str(marks), *arguments, "--out", str(folder / "runs")]
    begun = time.time()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0 or not marks.exists():
        sys.exit(f"{done.stdout}{done.stderr}\n`rewardlang {' '.join(arguments)}` failed")
    noted = json.loads(marks.read_text(encoding="utf-8"))
    points: List[Tuple[float, float]] = [(begun, 0.0), *(noted[phase] for phase in PHASES)]
    found: Dict[str, Any] = {"seconds": {}, "processor": {}, "ran": noted["ran"]}
    for phase, (at, used), (after, more) in zip(PHASES, points, points[1:]):
        found["seconds"][phase], found["processor"][phase] = after - at, more - used
    return found


def show(title: str, starts: List[Dict[str, Any]]) -> None:
    print(f"\n{title:28} {'s, median':>10} {'least .. most':>16} {'processor s':>12} {'least .. most':>16}")
    for phase in (*PHASES, "all"):
        cells = ""
        for kind in ("seconds", "processor"):
            values = [sum(one[kind].values()) if phase == "all" else one[kind][phase] for one in starts]
            cells += f" {statistics.median(values):12.2f} {f'{min(values):.2f} .. {max(values):.2f}':>16}"
        print(f"  {phase:24}{cells}")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("spec", nargs="?", default=str(SPEC))
    options.add_argument("--sim", default="auto")
    options.add_argument("--device")
    options.add_argument("--num-envs", type=int)
    options.add_argument("--starts", type=int, default=3, help="warm ones (default 3)")
    options.add_argument(
        "--warm", action="store_true", help="no cold start; with the caches that this machine has"
    )
    options.add_argument("--json", type=Path, help="write the numbers here too")
    given = options.parse_args()
    arguments = ["train", given.spec, "--max-epochs", "2", "--sim", given.sim]
    arguments += ["--device", given.device] if given.device else []
    arguments += ["--num-envs", str(given.num_envs)] if given.num_envs else []
    rows: List[Dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        if not given.warm:
            environment.update({name: str(Path(scratch) / name) for name in CACHES})
        for index in range(given.starts + (not given.warm)):
            kind = "cold" if index == 0 and not given.warm else "warm"
            rows.append({"start": kind, **start(arguments, Path(scratch), environment)})
            print(f"{kind} start: {sum(rows[-1]['seconds'].values()):.1f} s", flush=True)
    from rewardlang.rl.run_folder import versions

    count, sim, device = rows[0]["ran"]
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs"
    if device.startswith("cuda"):
        import torch

        machine = f"{torch.cuda.get_device_name(device)}, {machine}"
    machine = f"{machine}; {count:,} environments on {sim}"
    print(f"\n{machine}")
    for kind in ("cold", "warm"):
        starts = [row for row in rows if row["start"] == kind]
        if starts:
            show(f"{len(starts)} {kind}", starts)
    if given.json:
        found = {"machine": machine, "versions": versions(), "rows": rows}
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        Marks(sys.argv[2])
        from rewardlang.cli import main as command

        sys.exit(command(sys.argv[3:]))
    main()
