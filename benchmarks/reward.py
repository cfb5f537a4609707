"""What a reward's step costs: one fused kernel, emitted torch, a manager's loop and TorchScript by hand, with the floor of the memory.

    python benchmarks/reward.py                          # on the first CUDA device, else the CPU
    python benchmarks/reward.py --device cpu --num-envs 1 64 4096
    python benchmarks/reward.py --parts eighteen tune --num-envs 4096 1048576 --json reward.json

Parts: `eighteen` (the reward of data/eighteen.reward, every way), `shipped` (every shipped spec, fused and emitted torch), `tune` (the
fused kernel of the eighteen with other blocks and warps). Each part is checked against float64 first; `--no-check` leaves that out.

Times are microseconds a step. `wall` is a clock's around launches from Python; `device` is between CUDA events, of steps captured
together in one CUDA graph (so that a launch from Python is not in it) or, without a graph, of steps launched one by one. Each is the
median of the turns, with the 10th and 90th percentile. The floor is the bytes that have to move (each tensor that is read or written
once, counted from the tensors) over the bandwidth of a copy, measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch

import rewardlang
from rewardlang import fused
from rewardlang.reward import Reward

ROOT = Path(__file__).parent.parent
SIZES = {"cuda": (1, 4096, 65536, 1048576), "cpu": (1, 64, 4096)}
COMPILED = (4096, 1048576)  # where torch.compile is tried, which takes its time anew for each
BLOCKS = (  # and warps, tried by `tune`
    (8, 1),
    (8, 2),
    (16, 1),
    (16, 2),
    (16, 4),
    (32, 1),
    (32, 2),
    (32, 4),
    (64, 2),
    (64, 4),
    (128, 4),
    (128, 8),
)
TURNS, IN_A_GRAPH = 15, 20
Step = Callable[[], Any]


def eighteen() -> rewardlang.Compiled:
    """The eighteen terms on a robot of 12 joints and 13 bodies: the shipped quadruped without its hip links."""
    task = rewardlang.load_task("quadruped")
    bodies = tuple(name for name in task.body_names if not name.endswith("_hip"))
    pairs = {
        **task.pairs,
        "bodies": tuple(pair for pair in task.pairs["bodies"] if not pair[0].endswith("_hip")),
    }
    groups = {name: group for name, group in task.groups.items() if name != "hip_links"}
    task = replace(task, body_names=bodies, pairs=pairs, groups=groups)
    return rewardlang.compile(rewardlang.load(ROOT / "benchmarks" / "data" / "eighteen.reward"), task)


def shipped() -> List[rewardlang.Compiled]:
    """Those that read nothing of a host."""
    out = []
    for path in sorted((ROOT / "reward_specs").rglob("*.reward")):
        try:
            out.append(rewardlang.compile(rewardlang.load(path), observations=True))
        except rewardlang.RewardError as error:
            if {problem.code for problem in error.diagnostics} != {"RW101"}:
                raise
    return out


def draw(
    program: rewardlang.Compiled, n: int, device: torch.device, seed: int = 0
) -> Dict[str, torch.Tensor]:
    """Random states of n environments: upright robots with a foot or another body on the ground now and then."""
    generator = torch.Generator(device=device).manual_seed(seed)
    reward = Reward(program, n, device, backend="torch")
    out = {}
    for name, (shape, dtype) in reward.shapes.items():
        x = torch.randn(shape, generator=generator, device=device)
        if dtype is torch.bool:
            x = x > 2.5
        elif "quat" in name:
            x[..., :3] *= 0.1
            x[..., 3] = 1.0
            x /= x.norm(dim=-1, keepdim=True)
        elif name == "contact_forces":
            x = (60 * x) * (torch.rand(shape[:-1], generator=generator, device=device) < 0.3)[..., None]
        elif name == "root_pos":
            x = 0.3 + 0.05 * x
        elif name in (
            "dof_pos_upper",
            "dof_vel_limits",
            "torque_limits",
            "body_mass",
            "stiffness",
            "damping",
            "action_scale",
        ):
            x = 1.0 + x.abs()
        elif name == "dof_pos_lower":
            x = -1.0 - x.abs()
        elif name.startswith("episode"):
            x = 10 * x.abs()
        out[name] = x
    return out


# the ways


def of_reward(program: rewardlang.Compiled, q: Dict[str, torch.Tensor], n: int, device: torch.device, backend: str,
              compiled: bool = False) -> Step:  # fmt: skip
    reward = Reward(program, n, device, backend=backend)
    reward.reset(q)
    if compiled:
        reward.code["step"] = torch.compile(reward.code["step"])
        reward.statistics.add = torch.compile(reward.statistics.add)  # type: ignore[method-assign, attr-defined]
    return lambda: reward.step(q)


def by_hand(program: rewardlang.Compiled, q: Dict[str, torch.Tensor], scripted: bool) -> Tuple[Step, Any]:
    from by_hand import DT, WEIGHTS, Manager, script

    bodies = program.vocabulary.axes["bodies"].elements
    feet = [i for i, name in enumerate(bodies) if name.endswith("_foot")]
    knocked = [
        i for i, name in enumerate(bodies) if name.endswith("_thigh") or name in ("FL_calf", "FR_calf")
    ]
    manager = Manager(q, feet, knocked)
    if not scripted:
        return manager.step, manager
    weights = torch.tensor([w * DT for w in WEIGHTS.values()], device=manager.feet.device)
    sums = torch.zeros(len(WEIGHTS), len(q["root_pos"]), device=manager.feet.device)
    names = ("root_quat", "root_pos", "root_lin_vel", "root_ang_vel", "dof_pos", "dof_vel", "torques", "actions", "contact_forces",
             "command_lin_vel", "command_ang_vel", "time_limit", "default_dof_pos", "dof_vel_limits")  # fmt: skip
    arguments = [q[name] for name in names]
    arguments += [manager.soft_lower, manager.soft_upper, manager.gravity, manager.feet, manager.knocked, weights, manager.last_actions,
                  manager.last_dof_vel, manager.feet_air_time, manager.last_contacts, sums]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = torch.jit.script(script)
    return lambda: function(*arguments), manager


def ways(
    program: rewardlang.Compiled, n: int, device: torch.device, hand: bool, compiled: bool
) -> Dict[str, Tuple[Callable[[], Step], bool]]:
    """Name → what makes its step, and whether a CUDA graph is tried too."""
    q = draw(program, n, device)
    cuda = device.type == "cuda"
    out: Dict[str, Tuple[Callable[[], Step], bool]] = {}
    if cuda:
        out["fused kernel"] = (lambda: of_reward(program, q, n, device, "triton"), True)
    out["emitted torch"] = (lambda: of_reward(program, q, n, device, "torch"), cuda)
    if compiled:
        out["emitted torch, torch.compile"] = (lambda: of_reward(program, q, n, device, "torch", True), cuda)
    if hand:
        out["TorchScript by hand"] = (lambda: by_hand(program, q, True)[0], cuda)
        out["manager's loop"] = (lambda: by_hand(program, q, False)[0], cuda)
    return out


# measuring


def spread(times: Sequence[float]) -> Dict[str, float]:
    ordered = sorted(times)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]
    return {"median": statistics.median(ordered), "p10": at(0.1), "p90": at(0.9)}


def timed(step: Step, cuda: bool, per_call: int = 1) -> Tuple[Dict[str, float], Optional[Dict[str, float]]]:
    """Wall and device time of a step, of calls that each make `per_call`."""
    sync = torch.cuda.synchronize if cuda else lambda: None
    for _ in range(3):
        step()
    sync()
    begin = time.perf_counter()
    step()
    sync()
    once = max(time.perf_counter() - begin, 1e-7)
    calls = max(1, min(200, int(0.01 / once)))
    wall, device = [], []
    for _ in range(TURNS):
        if cuda:
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        sync()
        begin = time.perf_counter()
        if cuda:
            start.record()
        for _ in range(calls):
            step()
        if cuda:
            end.record()
        sync()
        wall.append((time.perf_counter() - begin) / calls / per_call * 1e6)
        if cuda:
            device.append(start.elapsed_time(end) / calls / per_call * 1e3)
    return spread(wall), spread(device) if cuda else None


def captured(step: Step) -> Step:
    """Steps in one CUDA graph, as many as IN_A_GRAPH."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(IN_A_GRAPH):
            step()
    return graph.replay


def bandwidth(device: torch.device) -> float:
    """Bytes a second of a copy, read and written."""
    size = 2**28 if device.type == "cuda" else 2**24
    a = torch.rand(size, device=device)
    b = torch.empty_like(a)
    wall, on_device = timed(lambda: b.copy_(a), device.type == "cuda")
    return 8.0 * size / ((on_device or wall)["median"] * 1e-6)


def bytes_moved(program: rewardlang.Compiled, n: int) -> Dict[str, int]:
    """What a step has to move: quantities and what is remembered read, results written, sums of the episode both."""
    reward = Reward(program, 2, backend="torch")
    out = reward.step(
        {name: torch.zeros(shape, dtype=dtype) for name, (shape, dtype) in reward.shapes.items()}
    )
    one = lambda tensors: n * sum(t.element_size() * t.numel() // 2 for t in tensors)
    read = one(
        [
            torch.zeros(shape, dtype=dtype)
            for name, (shape, dtype) in reward.shapes.items()
            if shape[:1] == (2,)
        ]
    )
    state, t = one(reward.state), len(reward.names)
    results = one([out.reward, out.contributions, out.values, out.terminated, out.time_out, out.nonfinite, out.done, out.observations,
                   *out.causes.values(), *out.metrics.values()])  # fmt: skip
    return {"quantities": read, "state": 2 * state, "results": results, "episode sums": 2 * 4 * n * (t + 2)}


def check(program: rewardlang.Compiled, device: torch.device, n: int = 1024, steps: int = 6) -> float:
    """The largest error of the fused kernel, or else of emitted torch, in float32 against float64, relative to the size of a term.

    Raises AssertionError for more than 2e-3.
    """
    backend = "triton" if device.type == "cuda" else "torch"
    ours, exact = (
        Reward(program, n, device, backend=backend),
        Reward(program, n, device, dtype=torch.float64, backend="torch"),
    )
    double = lambda q: {name: x if x.dtype is torch.bool else x.double() for name, x in q.items()}
    first = draw(program, n, device)
    model = {name: x for name, x in first.items() if x.shape[:1] != (n,)}
    ours.reset(first), exact.reset(double(first))
    worst = 0.0
    for seed in range(1, steps + 1):
        q = {**draw(program, n, device, seed), **model}
        a, b = ours.step(q), exact.step(double(q))
        size = b.contributions.abs().amax(0).clamp(min=1e-3)
        # At a threshold float32 may fall on the other side: such environments are few.
        error = ((a.contributions.double() - b.contributions).abs() / size).amax(1)
        worst = max(worst, float(error.sort().values[int(0.995 * n)]))
        assert int((a.done != b.done).sum()) <= 0.005 * n
        after = {**draw(program, n, device, seed + 100), **model}
        x, y = ours.reset(after, b.done), exact.reset(double(after), b.done)
        assert x.numel() == 0 or float((x.double() - y).abs().max()) < 1e-2
    read, due = ours.read_statistics(), exact.read_statistics()
    for name in (*(f"terms/{t}" for t in ours.names), "episodes", "reward/total"):
        assert abs(read[name] - due[name]) <= 1e-2 * max(abs(due[name]), 1e-2), (name, read[name], due[name])
    assert worst < 2e-3, f"{program.name}: {worst}"
    return worst


def agree(program: rewardlang.Compiled, device: torch.device, n: int = 1024, steps: int = 5) -> float:
    """The largest difference between what the loop, the script and emitted torch pay, relative to the largest reward.

    Raises AssertionError for more than 1e-4.
    """
    q = draw(program, n, device)
    ours = Reward(program, n, device, backend="torch")
    ours.reset(q)
    loop, manager = by_hand(program, q, False)
    script, other = by_hand(program, q, True)
    for one in (manager, other):
        one.last_contacts[:] = q["contact_forces"][:, one.feet, 2] > 1.0
    worst = 0.0
    for seed in range(1, steps + 1):
        for name, x in draw(program, n, device, seed).items():
            if x.shape[:1] == (n,):
                q[name].copy_(x)
        due = ours.step(q).reward
        for paid in (loop(), script()[0]):
            error = (paid - due).abs() / due.abs().max()
            worst = max(worst, float(error.sort().values[int(0.995 * n)]))
    assert worst < 1e-4, worst
    return worst


# reports


def measure(
    program: rewardlang.Compiled, n: int, device: torch.device, hand: bool, compiled: bool, floor: float
) -> List[Dict[str, Any]]:
    rows = []
    cuda = device.type == "cuda"
    for name, (make, graph) in ways(program, n, device, hand, compiled).items():
        try:
            begin = time.perf_counter()
            step = make()
            step()
            if cuda:
                torch.cuda.synchronize()
            ready = time.perf_counter() - begin
            wall, on_device = timed(step, cuda)
            row = {
                "spec": program.name,
                "num_envs": n,
                "way": name,
                "wall": wall,
                "device": on_device,
                "floor": floor,
                "ready_s": ready,
            }
            rows.append(row)
            show(row)
            if graph:
                wall, on_device = timed(captured(step), cuda, IN_A_GRAPH)
                rows.append({**row, "way": f"{name}, CUDA graph", "wall": wall, "device": on_device})
                show(rows[-1])
        except Exception as problem:  # a way that cannot run here is a row too
            rows.append(
                {
                    "spec": program.name,
                    "num_envs": n,
                    "way": name,
                    "failed": f"{type(problem).__name__}: {problem}"[:300],
                }
            )
            print(f"{program.name:22} {n:8}  {name:42} failed: {rows[-1]['failed']}", flush=True)
            if cuda:
                torch.cuda.synchronize()
        if cuda:
            torch.cuda.empty_cache()
    return rows


def show(row: Dict[str, Any]) -> None:
    text = lambda t: "" if t is None else f"{t['median']:9.1f} ({t['p10']:.1f}-{t['p90']:.1f})"
    best = (row["device"] or row["wall"])["median"]
    print(f"{row['spec']:22} {row['num_envs']:8}  {row['way']:42} {text(row['wall']):28} {text(row['device']):28} {row['floor']:8.1f} "
          f"{best / row['floor']:7.2f}  {row['ready_s']:.1f}", flush=True)  # fmt: skip


def tune(program: rewardlang.Compiled, n: int, device: torch.device, floor: float) -> List[Dict[str, Any]]:
    rows, shapes = [], fused.SHAPES
    q = draw(program, n, device)
    for block, warps in BLOCKS:
        fused.SHAPES = ((n, block, warps),)
        begin = time.perf_counter()
        step = of_reward(program, q, n, device, "triton")
        step()
        torch.cuda.synchronize()
        ready = time.perf_counter() - begin
        wall, on_device = timed(captured(step), True, IN_A_GRAPH)
        rows.append({"spec": program.name, "num_envs": n, "way": f"fused, graph, block {block}, warps {warps}", "wall": wall,
                     "device": on_device, "floor": floor, "ready_s": ready})  # fmt: skip
        show(rows[-1])
    fused.SHAPES = shapes
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--num-envs", type=int, nargs="+")
    parser.add_argument("--parts", nargs="+", choices=("eighteen", "shipped", "tune"), default=["eighteen"])
    parser.add_argument(
        "--specs", nargs="+", help="of `shipped`: only those whose path has one of these words"
    )
    parser.add_argument(
        "--no-compile", action="store_true", help="without torch.compile, which wants a C compiler"
    )
    parser.add_argument("--no-check", action="store_true")
    parser.add_argument("--check", action="store_true", help="only check")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    cuda = device.type == "cuda"
    if not cuda:
        torch.set_num_threads(1)
    versions = {"torch": torch.__version__, "python": platform.python_version(), "cuda": torch.version.cuda}
    if cuda:
        import triton

        versions["triton"] = triton.__version__
    name = (
        torch.cuda.get_device_name(device)
        if cuda
        else f"{platform.processor() or platform.machine()}, one thread"
    )
    copy = bandwidth(device)
    print(
        f"{name}; {', '.join(f'{k} {v}' for k, v in versions.items() if v)}; a copy moves {copy / 1e9:.1f} GB/s"
    )
    rows: List[Dict[str, Any]] = []
    programs = [eighteen()] if {"eighteen", "tune"} & set(arguments.parts) else []
    chosen = (
        [p for p in shipped() if not arguments.specs or any(word in p.name for word in arguments.specs)]
        if "shipped" in arguments.parts
        else []
    )
    if not arguments.no_check:
        for program in [*programs, *chosen]:
            print(
                f"{program.name:22} largest error against float64, of the size of a term: {check(program, device):.1e}",
                flush=True,
            )
        for program in programs:
            print(
                f"{program.name:22} by hand, largest difference from emitted torch: {agree(program, device):.1e}"
            )
    if not arguments.check:
        print(
            f"\n{'spec':22} {'envs':>8}  {'way':42} {'wall us (10%-90%)':28} {'device us (10%-90%)':28} {'floor us':>8} {'x floor':>7}  ready s"
        )
        for n in arguments.num_envs or SIZES[device.type]:
            for program in programs:
                moved = bytes_moved(program, n)
                floor = sum(moved.values()) / copy * 1e6
                print(f"bytes a step of {n}: " + ", ".join(f"{k} {v:,}" for k, v in moved.items()))
                if "eighteen" in arguments.parts:
                    rows += measure(
                        program, n, device, True, not arguments.no_compile and n in COMPILED, floor
                    )
                if "tune" in arguments.parts and cuda:
                    rows += tune(program, n, device, floor)
        for program in chosen:
            for n in arguments.num_envs or (4096 if cuda else 64,):
                rows += measure(
                    program, n, device, False, False, sum(bytes_moved(program, n).values()) / copy * 1e6
                )
    if arguments.json:
        arguments.json.write_text(
            json.dumps(
                {"device": name, "versions": versions, "copy_bytes_per_s": copy, "rows": rows}, indent=1
            )
        )


if __name__ == "__main__":
    main()
