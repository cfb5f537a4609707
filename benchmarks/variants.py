"""Ways to write the fused kernel's text and to shape its blocks, timed side by side on the eighteen terms: which is quickest?

    python benchmarks/variants.py --json variants.json                            # on the first CUDA device
    TRITON_INTERPRET=1 python benchmarks/variants.py --num-envs 64 --no-time      # only checked, by Triton's interpreter

A variant is named `environments/warps`, `/registers` if they are limited, then the rewrites of the emitted text. Each is compiled in a
process of its own, checked against emitted torch, then timed by replays of a CUDA graph, in turns with the others and with a copy.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import re
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import reward as benchmark
import torch

from rewardlang import fused
from rewardlang.lang import emit_triton
from rewardlang.reward import Reward

TURNS, REPLAYS, COPIED, LONGEST = 7, 3, 2**28, 150.0  # seconds to wait for what is compiled
BARRIER = "    tl.debug_barrier()  # all that is overwritten"


def emitted(**settings: Any) -> str:
    """The kernel as the emitter writes it with other settings."""
    kept = {name: getattr(emit_triton, name) for name in settings}
    for name, value in settings.items():
        setattr(emit_triton, name, value)
    try:
        return benchmark.eighteen().kernel
    finally:
        for name, value in kept.items():
            setattr(emit_triton, name, value)


def wide(text: str) -> str:
    """Terms are booked 32 at a time, as they were."""
    return emitted(CHUNK=32)


def apart(text: str) -> str:
    """The eight sums of a term are added in eight goes, as they were."""
    start = text.index("    amounts = four(")
    end = text.index("    return paid, fine, gained", start)
    books = """    add(sums, amount * weight, there)
    add(sums + terms, tl.sum(tl.abs(raw), 0) * tl.abs(weight), there)
    add(sums + 2 * terms, tl.sum(raw * raw, 0) * (weight * weight), there)
    add(sums + 3 * terms, amount, there)
    add(sums + 4 * terms, (counts >> 16) & 255, there)
    add(sums + 5 * terms, counts & 255, there)
    add(sums + 6 * terms, (counts >> 8) & 255, there)
    add(sums + 7 * terms, (counts >> 24) & 255, there)
"""
    return text[:start] + books + text[end:]


def behind(text: str) -> str:
    """What is remembered is stored after the books, as it was."""
    head, step = text.split("def step(", 1)
    lines = re.findall(r"^    tl\.store\(s_\d+ .*\n", step[: step.index("@triton.jit")], re.M)
    for line in lines:
        step = step.replace(line, "", 1)
    mark = "    tl.store(shared + 0 "
    return head + "def step(" + step.replace(mark, "".join(lines) + mark, 1)


def late(text: str) -> str:
    """What the books go by is read after the terms: fewer registers are taken while these are reckoned."""
    head, step = text.split("def step(", 1)
    lines = re.findall(r"^    (?:gained = tl\.load|lasted = tl\.load|weight_\d+, low).*\n", step, re.M)
    for line in lines:
        step = step.replace(line, "", 1)
    return head + "def step(" + step.replace(BARRIER, "".join(lines) + BARRIER, 1)


def stream(text: str) -> str:
    """What is written is not kept in the cache, but for the values, which are read again."""
    return re.sub(r"^(\s+tl\.store\((?!values).*)\)$", r'\1, cache_modifier=".cs")', text, flags=re.M)


def endless(text: str) -> str:
    """Not for use: no episode that ends is booked. Of the states that are drawn 0.8% end one: in 12% of the blocks of 16."""
    return re.sub(r"    if tl\.max\(\(live & .*, 0\) > 0:", "    if N < 0:", text)


def unadded(text: str) -> str:
    """Not for use: sums are made but not added to memory. What do the additions cost?"""
    return text.replace("mask=there, sem=", "mask=there & (x != x), sem=")


def unsummed(text: str) -> str:
    """Not for use: nothing is summed over environments. What do the books cost?"""
    return re.sub(r"^    tl\.atomic_add\(.*mask=there.*$", "    pass", text, flags=re.M)


class Variant(NamedTuple):
    block: int
    warps: int
    registers: int = 0  # at most, if limited
    rewrites: Tuple[Callable[[str], str], ...] = ()

    @property
    def name(self) -> str:
        shape = f"{self.block}/{self.warps}" + (f"/{self.registers}" if self.registers else "")
        return " ".join([shape, *(rewrite.__name__ for rewrite in self.rewrites)])

    @property
    def usable(self) -> bool:
        return not {endless, unadded, unsummed} & set(self.rewrites)


VARIANTS = (
    Variant(16, 1),
    Variant(16, 1, 144),
    Variant(16, 1, 128),
    Variant(16, 1, 0, (late,)),
    Variant(16, 1, 0, (stream,)),
    Variant(16, 1, 128, (stream,)),
    Variant(16, 1, 0, (apart,)),
    Variant(16, 1, 0, (behind,)),
    Variant(16, 1, 0, (wide, apart, behind)),
    Variant(32, 1),
    Variant(32, 1, 216),
    Variant(32, 1, 0, (stream,)),
    Variant(8, 1),
    Variant(16, 1, 0, (endless,)),
    Variant(16, 1, 0, (unadded,)),
    Variant(16, 1, 0, (unsummed,)),
)


def build(program: Any, n: int, device: torch.device, variant: Variant) -> Reward:
    load, shapes = fused.load, fused.SHAPES

    def rewritten(source: str) -> Any:
        for rewrite in variant.rewrites:
            changed = rewrite(source)
            assert changed != source, f"{rewrite.__name__} changes nothing"
            source = changed
        return load(source)

    fused.load, fused.SHAPES = rewritten, ((sys.maxsize, variant.block, variant.warps),)  # type: ignore[assignment]
    try:
        reward = Reward(program, n, device, backend="triton")
    finally:
        fused.load, fused.SHAPES = load, shapes
    one = reward.fused
    if device.type == "cuda":
        limit = {"maxnreg": variant.registers} if variant.registers else {}

        def launch(kernel: Any, arguments: Tuple[Any, ...]) -> None:
            compiled = kernel[(one.blocks,)](*arguments, one.full, one.block, num_warps=one.warps, **limit)
            if kernel is one.kernel.step:
                one.compiled = compiled

        one._launch = launch
    return reward


def compiled(at: int) -> str:
    """Compile a variant into Triton's cache; the problem, "" if none."""
    try:
        device = torch.device("cuda")
        program = benchmark.eighteen()
        q = benchmark.draw(program, 64, device)
        reward = build(program, 64, device, VARIANTS[at])
        reward.reset(q), reward.step(q)
        torch.cuda.synchronize()
        return ""
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"[:300]


def compile_all(chosen: List[int]) -> Dict[int, str]:
    out: Dict[int, str] = {}
    workers = max(1, min(8, (os.cpu_count() or 2) - 2, len(chosen)))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    begin = time.perf_counter()
    futures = {at: pool.submit(compiled, at) for at in chosen}
    for at, future in futures.items():
        try:
            out[at] = future.result(max(1.0, LONGEST - (time.perf_counter() - begin)))
        except Exception as problem:  # one that took its process with it
            out[at] = f"{type(problem).__name__} while compiling"
    pool.shutdown(wait=False)
    return out


class Checked:
    """Emitted torch on a few steps, and whether a variant says the same."""

    def __init__(self, program: Any, n: int, device: torch.device, steps: int = 3) -> None:
        self.program, self.n, self.device = program, n, device
        first = benchmark.draw(program, n, device)
        model = {name: x for name, x in first.items() if x.shape[:1] != (n,)}
        self.moments = [
            first,
            *({**benchmark.draw(program, n, device, seed), **model} for seed in range(1, steps + 1)),
        ]
        self.ends = torch.rand(n, device=device) < 0.3
        self.rewards, self.read = self._run(Reward(program, n, device, backend="torch"))

    def _run(self, reward: Reward) -> Tuple[List[torch.Tensor], Dict[str, float]]:
        reward.reset(self.moments[0])
        rewards = []
        for q in self.moments[1:]:
            rewards.append(reward.step(q).reward.clone())
            reward.reset(q, self.ends)
        return rewards, dict(reward.read_statistics())

    def __call__(self, variant: Variant) -> str:
        """The problem, "" if none. At a threshold either may fall on the other side: such environments are few."""
        rewards, read = self._run(build(self.program, self.n, self.device, variant))
        for ours, due in zip(rewards, self.rewards):
            far = ((ours - due).abs() > 1e-3 * due.abs().max()).float().mean().item()
            if far > 0.005:
                return f"{far:.1%} of the rewards differ"
        if read.keys() != self.read.keys():
            return f"figures differ: {set(read) ^ set(self.read)}"
        for name, wanted in self.read.items():
            if not math.isclose(read[name], wanted, rel_tol=5e-3, abs_tol=2e-3):
                return f"{name} is {read[name]}, should be {wanted}"
        return ""


def once_timed(replay: Callable[[], Any], each: int) -> float:
    """Microseconds a step."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(REPLAYS):
        replay()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / REPLAYS / each * 1e3


def timed(program: Any, n: int, device: torch.device, rows: List[Dict[str, Any]]) -> float:
    """Adds each row's times at n environments; the floor in microseconds."""
    q = benchmark.draw(program, n, device)
    replays: Dict[int, Callable[[], Any]] = {}
    for at, row in enumerate(rows):
        try:
            reward = build(program, n, device, row["variant"])
            reward.reset(q)
            replays[at] = benchmark.captured(lambda reward=reward: reward.step(q))  # type: ignore[misc]
            row["keep"] = reward  # whose tensors the graph writes
            code = getattr(reward.fused, "compiled", None)
            row["registers"], row["spills"] = getattr(code, "n_regs", 0), getattr(code, "n_spills", 0)
        except Exception as problem:
            row["failed"] = f"{type(problem).__name__}: {problem}"[:300]
    a = torch.rand(COPIED, device=device)
    b = torch.empty_like(a)
    copies: List[float] = []
    times: Dict[int, List[float]] = {at: [] for at in replays}
    for turn in range(TURNS + 1):  # the first is not counted
        copy = once_timed(lambda: b.copy_(a), 1)
        order = list(replays)
        for at in order[turn % len(order) :] + order[: turn % len(order)]:
            t = once_timed(replays[at], benchmark.IN_A_GRAPH)
            if turn:
                times[at].append(t)
        if turn:
            copies.append(copy)
    bandwidth = 8.0 * a.numel() / (statistics.median(copies) * 1e-6)
    floor = sum(benchmark.bytes_moved(program, n).values()) / bandwidth * 1e6
    print(
        f"{n} environments: a copy moves {bandwidth / 1e9:.0f} GB/s, the floor is {floor:.1f} us", flush=True
    )
    for at, own_times in times.items():
        rows[at]["us"][n] = benchmark.spread(own_times)
        rows[at]["x"][n] = rows[at]["us"][n]["median"] / floor
    for row in rows:
        row.pop("keep", None)
    return floor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num-envs", type=int, nargs="+", default=[1048576, 65536, 4096])
    parser.add_argument(
        "--check-envs",
        type=int,
        help="how many the check has; 65536, or without times the largest of --num-envs",
    )
    parser.add_argument("--only", nargs="+", help="variants whose name starts so")
    parser.add_argument("--no-time", action="store_true")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    begin = time.perf_counter()
    said = lambda what: print(f"{time.perf_counter() - begin:6.1f} s  {what}", flush=True)
    program = benchmark.eighteen()
    chosen = [
        at for at, one in enumerate(VARIANTS)
        if not arguments.only or any(one.name.startswith(start) for start in arguments.only)
    ]  # fmt: skip
    found = compile_all(chosen) if device.type == "cuda" else dict.fromkeys(chosen, "")
    said(f"{sum(not problem for problem in found.values())} of {len(found)} variants compiled")
    check = Checked(
        program, arguments.check_envs or (max(arguments.num_envs) if arguments.no_time else 65536), device
    )
    rows: List[Dict[str, Any]] = []
    for at, problem in found.items():
        variant = VARIANTS[at]
        row: Dict[str, Any] = {
            "variant": variant,
            "name": variant.name,
            "failed": problem,
            "wrong": "",
            "us": {},
            "x": {},
        }
        if not problem and variant.usable:
            try:
                row["wrong"] = check(variant)
            except Exception as error:
                row["failed"] = f"{type(error).__name__}: {error}"[:300]
        if row["failed"] or row["wrong"]:
            print(f"{variant.name:40} failed: {row['failed'] or row['wrong']}", flush=True)
        elif arguments.no_time:
            print(f"{variant.name:40} {'as emitted torch' if variant.usable else 'not checked'}", flush=True)
        rows.append(row)
    said("checked")
    floors: Dict[int, float] = {}
    good = [row for row in rows if not row["failed"]]
    if not arguments.no_time:
        for n in arguments.num_envs:
            floors[n] = timed(program, n, device, good)
            torch.cuda.empty_cache()
            save(arguments.json, rows, floors, device)
        said("timed")
        first = arguments.num_envs[0]
        print("\n" + " ".join([f"{'variant':44}", *(f"{n:>10} us  x floor" for n in floors), " regs spills"]))
        for row in sorted(good, key=lambda row: row["us"].get(first, {"median": math.inf})["median"]):
            cells = [
                f"{row['us'][n]['median']:13.2f} {row['x'][n]:8.3f}" if n in row["us"] else f"{'-':>22}"
                for n in floors
            ]
            mark = "" if row["variant"].usable and not row["wrong"] else " (not for use)"
            print(
                f"{row['name'] + mark:44} {' '.join(cells)} {row.get('registers', 0):5} {row.get('spills', 0):6}  {row['failed']}"
            )
    save(arguments.json, rows, floors, device)


def save(
    path: Optional[str], rows: List[Dict[str, Any]], floors: Dict[int, float], device: torch.device
) -> None:
    if path:
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
        plain = [{key: value for key, value in row.items() if key not in ("variant", "keep")} for row in rows]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(
                {"device": name, "torch": torch.__version__, "floors_us": floors, "rows": plain},
                file,
                indent=1,
            )


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # without waiting for a compiler that hangs
