"""Which of `check`, `check --probe` and `test` find the defects of tests/defects/specs.py, and what they say of sound specs.

    python benchmarks/defects.py             # defective specs: a line each, with the findings of all three
    python benchmarks/defects.py --sound     # shipped specs and the zoo: false alarms

Some minutes. tests/defects compares what `check` and `test` find with what the table says.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import List, Tuple

import torch

import rewardlang
from rewardlang.rl.probe import probe_task
from rewardlang.testing.runner import test
from rewardlang.testing.subject import Subject

ROOT = Path(__file__).parents[1]


def found(spec: rewardlang.Spec) -> Tuple[List[str], List[str]]:
    """Who finds what in a spec, in order, and the messages."""
    out: List[str] = []
    told: List[str] = []
    try:
        program = rewardlang.compile(spec, observations=True)
    except rewardlang.RewardError as problem:
        return [f"check {d.code}" for d in problem.diagnostics], [d.message for d in problem.diagnostics]
    out += [f"check {w.code}" for w in program.warnings]
    told += [w.message for w in program.warnings]
    for finding in probe_task(program, None, {}).findings:
        out.append(f"probe {finding.code}")
        told.append(finding.message)
    for result in test(Subject(spec)):
        if result.outcome == "fail":
            out.append(f"test {result.law}")
            told.append(f"{result.part}: {result.reason}")
    return list(dict.fromkeys(out)), told


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sound", action="store_true", help="shipped specs and the zoo instead")
    parser.add_argument("--only", default="", help="specs whose description holds this")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.defects.specs import DEFECTIVE

    torch.set_num_threads(1)
    rows = [(d.wrong, rewardlang.parse(d.text)) for d in DEFECTIVE]
    if arguments.sound:
        rows = [
            (str(p.relative_to(ROOT)), rewardlang.load(p))
            for p in sorted((ROOT / "reward_specs").rglob("*.reward"))
        ]
    missed = 0
    for name, spec in rows:
        if arguments.only in name:
            begin = time.monotonic()
            who, told = found(spec)
            missed += not who
            print(f"{', '.join(who) or '-':44} {name} ({time.monotonic() - begin:.1f} s)", flush=True)
            for message in told:
                print(f"{'':8}{message}", flush=True)
    print(f"{len(rows)} specs, {missed} without a finding")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
