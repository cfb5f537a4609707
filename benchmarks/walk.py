"""Time to a walk on this machine's CPU: train specs with several seeds at the default settings, play each, print a table.

    python benchmarks/walk.py                                  # walk.reward and the README's one-line reward, seeds 1 and 2
    python benchmarks/walk.py --spec my.reward --seeds 1 2 3
    python benchmarks/walk.py --spec reward_specs/quadruped/trot.reward --spec reward_specs/humanoid_velocity/walk.reward

One training after the other, about five minutes each on two cores. Writes runs/benchmark_walk.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

from rewardlang.rl.play import play
from rewardlang.rl.train import train

ROOT = Path(__file__).parent.parent
LINE = "forward_vel + 1.0*alive - 0.01*sum(torques^2)\n"
COLUMNS = (
    "minutes", "survival", "forward_speed", "no_foot_down", "one_foot_down", "touchdowns_per_s_and_foot",
    "velocity_error", "turn_error", "standing_speed",
)  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--spec", action="append", help="a .reward file; may be repeated")
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    options.add_argument("--max-epochs", type=int)
    options.add_argument("--out", type=Path, default=Path("runs"))
    arguments = options.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    line = arguments.out / "line.reward"
    line.write_text(LINE, encoding="utf-8")
    specs = [Path(s) for s in arguments.spec or (ROOT / "reward_specs" / "humanoid" / "walk.reward", line)]
    rows = []
    for spec in specs:
        for seed in arguments.seeds:
            start = time.perf_counter()
            run = train(spec, seed=seed, max_epochs=arguments.max_epochs, out=arguments.out)
            minutes = (time.perf_counter() - start) / 60
            result = play(run)
            none, one, *_ = result["gait"]["feet_down"]
            found = {**result, **result["gait"], **(result["tracking"] or {}), "minutes": minutes}
            found.update(no_foot_down=none, one_foot_down=one)
            rows.append({"spec": str(spec), "seed": seed, "run": str(run)})
            rows[-1].update({key: found[key] for key in COLUMNS if found.get(key) is not None})
    print(f"\n{platform.processor() or platform.machine()}, {platform.python_version()}")
    for spec in dict.fromkeys(row["spec"] for row in rows):
        for key in COLUMNS:
            values = [row[key] for row in rows if row["spec"] == spec and key in row]
            if not values:  # tracking, for a task without commands
                continue
            print(
                f"{Path(spec).stem:12} {key:26} median {statistics.median(values):7.3f}   {min(values):7.3f} .. {max(values):7.3f}"
            )
    (arguments.out / "benchmark_walk.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
