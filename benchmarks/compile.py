"""How long a long spec takes: `rewardlang check` as a process, and `rewardlang.compile` in one that has it imported, stage by stage.

    python benchmarks/compile.py                 # a spec of 300 lines, 15 repetitions
    python benchmarks/compile.py --lines 1000 --repeat 5
    python benchmarks/compile.py --write long.reward
    python benchmarks/compile.py --terms 1 10 20 100 1000 10000 --json benchmarks/results/compile.json   # how it grows with the terms

Medians and spreads of wall time, and of user CPU time, which other work on the machine touches less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import rewardlang
from rewardlang.lang.check import check
from rewardlang.lang.emit import emit
from rewardlang.lang.optimize import optimize
from rewardlang.lang.resolve import resolve
from rewardlang.lang.syntax import parse
from rewardlang.quantities import vocabulary

HEAD = """\
# A long reward: what a project gathers in a year, all of it in use.
task humanoid

param target_speed = 1.0[m/s] in [0, 3]
param step_height = 0.08[m] in [0, 0.3]
param cycle_time = 0.8[s] in [0.3, 2]
soles = bodies("*_foot")
legs = joints("*_hip_*", "*_knee", "*_ankle_*")
rest = bodies("*", "!*_foot")

speed = min(base_lin_vel.x, target_speed)     # faster pays no more
touch = contact_forces[soles].z > 1[N]
slip = body_lin_vel[soles].xy * touch
cycle = phase(cycle_time, table(soles, "left_*": 0, "*": 0.5))  # allow RW517: the policy is not what is measured
pose = table(legs, "*_hip_yaw": 2, "*_hip_roll": 2, "*_knee": 0.1, "*": 0.5)

track(error, width) = exp(-(error / width)^2)
late(on, least) = sum((prev(timer(not on)) - least) * rising(on))
worn(x, tau) = ema(abs(x), tau)
over(x, limit) = sum(relu(abs(x) - 0.9*limit))
"""
# One part of the body of a file; `i` makes its names and numbers its own.
PART = """
# part {i}
near_{i} = track(forward_vel - {a}*target_speed, 0.25[m/s])   # how near to a pace
load_{i} = ema(norm(contact_forces[soles]), 0.0{d}[s])
bent_{i} = dof_pos[knees] - {a}[rad]
shift_{i}(x) = x - sample(x, any(rising(touch)))

reward part_{i} =
    {a} * near_{i}
  + 0.{d} * tolerance(base_height, lower=0.3{d}, margin=0.2, shape="linear")  as height_{i}
  - 0.0{d} * sum(pose * (dof_pos - default_dof_pos)[legs]^2)                as pose_{i}
  - 0.00{d} * sum(rate(dof_vel)^2 / (1 + {d}*abs(dof_vel)))                 as jerk_{i}
  - 0.000{d} * over(torques, torque_limits)                                       as limits_{i}
  + 0.5 * late(touch, 0.{d}[s])                                             as air_{i}
  - 0.1 * sum(norm(slip)) * near_{i}                                        as slip_{i}
  - 0.2 * sum(worn(bent_{i}, 0.{d}[s])^2)                                   as bent_{i}
  + 0.3 * sum(track(load_{i}, {d}0[N]) * stance(cycle, 0.{d}))              as load_{i}
  - 0.1 * sum((body_pos[soles].z - bezier_swing(cycle, step_height))^2)     as swing_{i}
  + {a} * alive * (prev(running_max(body_pos["left_foot"].z, reset_when=touch["left_foot"])) > 0.0{d}) as peak_{i}
  - 0.05 * abs(shift_{i}(heading)) * where(speed > {a}, 1, 0.5)             as turn_{i}

metric pace_{i} = near_{i} * speed
terminate out_{i} when timer(base_height < 0.1{d}[m]) > 0.{d}[s] or any(contact_forces[rest].z > 9{d}00[N])
expect pose_{i} <= 0
"""


def text(lines: int) -> str:
    """A spec of about so many lines."""
    out = HEAD
    i = 0
    while (out + PART).count("\n") <= lines:
        i += 1
        out += PART.format(i=i, a=round(0.3 + 0.17 * i, 2), d=1 + i % 8)
    return out


KINDS = (
    "sum(torques^2) * {small}", "exp(-(forward_vel - {large}[m/s])^2 / {small}[m^2/s^2])", "{small} * sum(delta(actions)^2)",
    "count(contact_forces[feet].z > {large}[N])", "{small} * abs(base_ang_vel.z)", "sum(relu(abs(dof_vel) - {large}[rad/s]))",
    "timer(base_height > {small}[m])", "{small} * norm(projected_gravity.xy)",
)  # fmt: skip


def write_terms(folder: Path, count: int) -> Path:
    """The file of a spec of so many terms, no two alike. A file may have 60,000 words: beyond 2500 terms it extends others."""
    path = folder / "empty.reward"
    for first in range(0, count, 2500):
        lines = "".join(
            f"  + 0.{1 + i % 9} * {KINDS[i % len(KINDS)].format(small=round(0.1 + 1e-4 * i, 4), large=round(0.2 + 1e-2 * i, 2))} as term_{i}\n"
            for i in range(first, min(first + 2500, count))
        )
        base = f'extends "{path.name}"\n' if first else "task humanoid\n"
        path = folder / f"{count}_{first}.reward"
        path.write_text(f"{base}reward part_{first} =\n{lines}", encoding="utf-8")
    return path


def growth(counts: Sequence[int], repeat: int) -> List[Dict[str, Any]]:
    """{terms, seconds to Compiled in each repetition, seconds from that to a Reward that can be called}, a row for each count."""
    rows = []
    rewardlang.Reward(rewardlang.compile("reward = alive"), 1)  # what is loaded once
    print(
        f"{'terms':>6} {'text to program, ms':>20} {'least .. most':>20} {'us a term':>10} {'to a callable, ms':>18}"
    )
    folder = tempfile.TemporaryDirectory()
    for count in counts:
        path, found = write_terms(Path(folder.name), count), []
        for _ in range(max(1, min(repeat, 3000 // count))):
            start = time.perf_counter()
            program = rewardlang.compile(rewardlang.load(path))
            middle = time.perf_counter()
            rewardlang.Reward(program, 1, backend="torch")
            found.append((middle - start, time.perf_counter() - start))
        assert len(program.terms) == count
        seconds, whole = map(list, zip(*found))
        row = {"terms": count, "program s": seconds, "callable s": whole}
        middle_ms = 1e3 * statistics.median(seconds)
        print(f"{count:6} {middle_ms:20.1f} {1e3 * min(seconds):9.1f} ..{1e3 * max(seconds):8.1f} {1e3 * middle_ms / count:10.0f} "
              f"{1e3 * statistics.median(whole):18.1f}", flush=True)  # fmt: skip
        rows.append(row)
    folder.cleanup()
    return rows


def imports(repeat: int) -> Dict[str, List[float]]:
    """{module: seconds to import it in each of several new processes}"""
    code = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
    run = lambda module: subprocess.run(
        [sys.executable, "-c", code.format(module)], capture_output=True, text=True, check=True
    )
    return {
        module: [float(run(module).stdout) for _ in range(repeat)]
        for module in ("rewardlang", "torch", "rewardlang.reward")
    }


def stages(path: Path) -> Dict[str, Callable[[], object]]:
    """Each stage of compiling a file as a call."""
    tree = rewardlang.load(path).tree
    names = vocabulary(rewardlang.load_task("humanoid"))
    resolved = resolve(tree, names)
    typed = check(resolved)[0]
    optimized = optimize(typed)
    return {
        "parse": lambda: parse(tree.source), "the task's vocabulary": lambda: vocabulary(rewardlang.load_task("humanoid")),
        "resolve": lambda: resolve(tree, names), "check": lambda: check(resolved), "optimize": lambda: optimize(typed),
        "emit": lambda: emit(optimized, "long"), "load and compile": lambda: rewardlang.compile(rewardlang.load(path)),
    }  # fmt: skip


def timed(call: Callable[[], object], repeat: int, who: int) -> Tuple[List[float], List[float]]:
    """Seconds on the clock and of user CPU for each repetition."""
    wall, user = [], []
    for _ in range(repeat):
        start, before = time.perf_counter(), resource.getrusage(who).ru_utime
        call()
        wall.append(time.perf_counter() - start)
        user.append(resource.getrusage(who).ru_utime - before)
    return wall, user


def row(name: str, wall: List[float], user: List[float]) -> None:
    print(
        f"{name:32} {statistics.median(wall):9.3f} {min(wall):9.3f} .. {max(wall):5.3f} {statistics.median(user):12.3f} {min(user):9.3f} .. {max(user):5.3f}"
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--lines", type=int, default=300)
    options.add_argument("--repeat", type=int, default=15)
    options.add_argument("--write", type=Path, help="only write the spec")
    options.add_argument("--terms", type=int, nargs="+", help="how it grows: compile specs of so many terms")
    options.add_argument("--json", type=Path, help="with --terms: write the numbers here too")
    arguments = options.parse_args()
    if arguments.terms:
        import torch

        torch.set_num_threads(1)
        loaded = imports(3)
        for module, seconds in loaded.items():
            print(
                f"import {module}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} .. {max(seconds):.2f})"
            )
        rows = growth(arguments.terms, arguments.repeat)
        versions = {"python": platform.python_version(), "torch": torch.__version__}
        found = {
            "device": f"{platform.machine()}, {os.cpu_count()} CPUs",
            "versions": versions,
            "imports": loaded,
            "rows": rows,
        }
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return
    if arguments.write:
        arguments.write.write_text(text(arguments.lines), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.reward"
        path.write_text(text(arguments.lines), encoding="utf-8")
        compiled = rewardlang.compile(rewardlang.load(path))
        print(f"{len(path.read_text().splitlines())} lines, {len(compiled.terms)} terms, {len(compiled.optimized.slots)} state slots, "
              f"{len(compiled.source.splitlines())} lines of torch; {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")  # fmt: skip
        print(f"{'seconds':32} {'wall':>9} {'least .. most':>18} {'user CPU':>12} {'least .. most':>18}")
        command = [sys.executable, "-m", "rewardlang", "check", str(path)]
        process = lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        row("`rewardlang check`, a process", *timed(process, arguments.repeat, resource.RUSAGE_CHILDREN))
        for name, call in stages(path).items():
            row(name, *timed(call, arguments.repeat, resource.RUSAGE_SELF))


if __name__ == "__main__":
    main()
