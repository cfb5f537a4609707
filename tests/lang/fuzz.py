"""A grammar-aware fuzzer: sound specs, mutated by token, by subtree, by text and by byte, must compile or give RewardError, in time.

`python -m tests.lang.fuzz --count 10000` prints what was tried, and for single mutations how often the message points at the line that
was changed; `--misses KIND` shows those that do not. A failure is printed with its text.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import torch

import rewardlang
from rewardlang.lang import format
from rewardlang.lang import nodes as n
from rewardlang.lang.source import decode
from rewardlang.lang.syntax import parse

from .mutations import CORPUS, Mutation, mutate
from .states import cast, sequence
from .test_limits import DATA, compiles

ROOT = Path(__file__).parents[2]
SECONDS = 5.0


class Failure(NamedTuple):
    what: str
    text: str


class Tally(NamedTuple):
    """What came of the mutations of each kind: tried, compiled; the first message's line was changed, any's; it is at the very place."""

    tried: Counter
    sound: Counter
    first: Counter
    any: Counter
    exact: Counter
    misses: List[Tuple[Mutation, rewardlang.RewardError]]


def corpus() -> List[str]:
    """Specs that are sound by themselves: shipped ones and the tests'. What extends or imports another file is left out."""
    paths = [
        *(DATA / "specs").glob("*.reward"),
        *(DATA / "check").glob("ok_*.reward"),
        *(ROOT / "reward_specs").rglob("*.reward"),
    ]
    texts = [path.read_text(encoding="utf-8") for path in sorted(paths)]
    return [text for text in texts if not re.search(r"^(extends|import) ", text, re.M)]


def fuzz(seed: int, count: int) -> Tuple[Tally, List[Failure]]:
    """Mutate, compile and run `count` texts."""
    CORPUS[:] = corpus()
    r = random.Random(seed)
    tally, failures = Tally(Counter(), Counter(), Counter(), Counter(), Counter(), []), []
    for _ in range(count):
        mutation = mutate(r, r.choice(CORPUS))
        for _ in range(r.choice([0, 0, 0, 1, 4])):
            mutation = mutate(r, mutation.text)._replace(kind="several")
        if r.random() < 0.05:
            mutation = mutation._replace(
                kind="several",
                text=r.choice(["\ufeff", "", "\n\n"])
                + mutation.text.replace("\n", r.choice(["\r\n", "\r", "\n"])),
            )
        tally.tried[mutation.kind] += 1
        try:
            with time_limit(SECONDS):
                attempt(mutation.text)
            tally.sound[mutation.kind] += 1
        except rewardlang.RewardError as problem:
            _count(tally, mutation, problem)
        except Exception as problem:
            failures.append(Failure(f"{mutation.kind}: {type(problem).__name__}: {problem}", mutation.text))
    return tally, failures


def attempt(text: str) -> None:
    """Compile a text and, if it is sound, do with it all that a user can: format, tabulate, load, reset, step."""
    program = compiles(text.encode("utf-8", "surrogatepass"))
    canonical = program.canonical
    assert format.file(parse(decode(canonical.encode(), "f"))) == canonical
    assert len(program.table()) == len(program.terms)
    if not any(isinstance(s, n.Task) and s.name != "humanoid" for s in program.tree.statements):
        reward = rewardlang.Reward(program, 2)
        for moment in moments():
            reward.step(moment.reached) if reward.seeded else None
            reward.reset(moment.after, moment.reset)


def moments() -> List[Any]:
    if not _MOMENTS:
        found = sequence(rewardlang.compile("alive").vocabulary, 2, 2, 1)
        _MOMENTS.extend(
            m._replace(reached=cast(m.reached, torch.float32), after=cast(m.after, torch.float32))
            for m in found
        )
    return _MOMENTS


_MOMENTS: List[Any] = []


class time_limit:
    """Raises TimeoutError in what takes longer, where the system has timers."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        self.start = time.monotonic()
        if hasattr(signal, "setitimer"):
            self.old = signal.signal(signal.SIGALRM, self._over)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: Any) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.old)

    def _over(self, *_: Any) -> None:
        raise TimeoutError(f"longer than {self.seconds:g} s")


def _count(tally: Tally, mutation: Mutation, problem: rewardlang.RewardError) -> None:
    """Whether the messages point at the lines that were changed. Where a line was cut out, its neighbours count."""
    before = mutation.text[: mutation.start].count("\n") + 1
    after = before + mutation.text[mutation.start : mutation.end].count("\n")
    if mutation.kind in ("line", "merged_lines", "truncated", "spaces"):
        before, after = before - 1, after + 1
    near = [any(before <= line <= after for line in _lines(found)) for found in problem.diagnostics]
    tally.first[mutation.kind] += near[0]
    tally.any[mutation.kind] += any(near)
    reach = 1 + (mutation.kind == "drop_token")
    first = problem.diagnostics[0].labels
    at = any(x.span.start <= mutation.end + reach and x.span.end >= mutation.start - reach for x in first)
    tally.exact[mutation.kind] += at
    if not at:
        tally.misses.append((mutation, problem))


def _lines(found: rewardlang.Diagnostic) -> Iterator[int]:
    for label in found.labels:
        source = label.span.source
        yield from range(
            source.position(label.span.start)[0],
            source.position(max(label.span.start, label.span.end - 1))[0] + 1,
        )


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--misses",
        metavar="KIND",
        help="show messages that do not point at the change (`all`: of any single mutation)",
    )
    parser.add_argument("--show", type=int, default=20, help="how many")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    start = time.monotonic()
    tally, failures = fuzz(options.seed, options.count)
    print(
        f"{'mutation':20}{'tried':>8}{'sound':>8}{'errors':>8}{'its line':>10}{'any has it':>12}{'very place':>12}"
    )
    total: Counter = Counter()
    for kind in [*sorted(k for k in tally.tried if k != "several"), "several"]:
        errors = tally.tried[kind] - tally.sound[kind]
        counts = {
            "errors": errors,
            **{column: getattr(tally, column)[kind] for column in ("first", "any", "exact")},
        }
        print(f"{kind:20}{tally.tried[kind]:8}{tally.sound[kind]:8}{errors:8}" + _shares(counts))
        if kind != "several":
            total.update(counts)
    print(f"{'single ones':36}{total['errors']:8}" + _shares(total))
    print(f"{len(failures)} failures in {options.count} texts, {time.monotonic() - start:.0f} s")
    shown = [
        m
        for m in tally.misses
        if m[0].kind == options.misses or (options.misses == "all" and m[0].kind != "several")
    ]
    for mutation, problem in random.Random(0).sample(shown, min(options.show, len(shown))):
        line = mutation.text[: mutation.start].count("\n") + 1
        print(
            f"\n--- {mutation.kind}, line {line}: {mutation.text.splitlines()[line - 1 : line]}\n{problem.diagnostics[0].render()}"
        )
    for failure in failures[: options.show]:
        print(f"\n=== {failure.what}\n{failure.text}")
    return bool(failures)


def _shares(counts: Mapping[str, int]) -> str:
    shares = [counts[column] / max(1, counts["errors"]) for column in ("first", "any", "exact")]
    return "{:10.1%}{:12.1%}{:12.1%}".format(*shares)


if __name__ == "__main__":
    raise SystemExit(main())
