"""Environment steps a second on MuJoCo Warp, beside physics alone with the same model, substeps and motions.

    python benchmarks/step.py                                  # on a GPU: 1024 to 32768 environments
    python benchmarks/step.py --check --json step.json         # and first: does the GPU do what the CPU's simulator does?
    python benchmarks/step.py --device cpu --envs 8 --steps 5 --rounds 2
    python benchmarks/step.py --spec reward_specs/humanoid/walk.reward --envs 4096 --ways unseen solved graph    # forces at starts

`physics` is the substeps of a control step as one CUDA graph, with targets that change every step. `graph` is the whole environment step as
one graph; `flat` the same, with as many iterations of the solver as the model allows instead of a loop that ends when it has converged;
`split` the same as graphs between the simulator's; `eager` one operation at a time. Where a spec reads forces of the states that episodes
begin in, which come with the first physics step, `unseen` is `graph` without them, and `solved` finds them by a solve of its own at each
reset, as is done for forces that are observed (`--at-once 64`: for so many environments in one go). All take turns within a round, from the
same states on and with the same random actions; a time is that of `--steps` steps between two waits for the device. What is `beyond` is the share of an
environment step that is not physics.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple
from unittest.mock import patch

import torch
import warp as wp

import rewardlang
from rewardlang.rl.env import RewardEnv
from rewardlang.sim import make_sim, mujoco_warp

ROOT = Path(__file__).parent.parent
LITERAL = "forward_vel + 1.0*alive - 0.01*sum(torques^2)"
FEW = 16  # whose forces at a reset are found in one go in the checks, so that there are several goes
RECORDED = ("split", "flat", "graph")
WAYS = ("eager", *RECORDED, "unseen", "solved")
STARTS = """
metric felt = sum(norm(prev(contact_forces))) / 1000
metric turned = sum(abs(prev(torques))) / 1000
"""
SHOWN = ("root_states", "dof_pos", "dof_vel", "dof_forces", "body_states", "contact_forces")
Run = Callable[[torch.Tensor], Any]


class Physics:
    """The control steps of a simulator without all else: targets to motors and the substeps, in a graph of their own."""

    def __init__(self, env: RewardEnv) -> None:
        import mujoco_warp as mjw

        from rewardlang.sim import mujoco_warp_kernels as kernels

        self.env, sim = env, env.sim
        data, motors = sim._data, sim._robot.motor.shape[0]
        wp.synchronize_device(sim._device)
        with wp.ScopedDevice(sim._device), wp.ScopedCapture() as capture:
            wp.launch(kernels.steer, (sim.num_envs, motors), [sim._robot, sim._motor_targets], [data.ctrl])
            for _ in range(env.task.decimation):
                mjw.step(sim._model, data)
        self.graph = capture.graph

    def __call__(self, actions: torch.Tensor) -> None:
        sim, env = self.env.sim, self.env
        torch.addcmul(env.default_targets, env.action_scale, actions, out=sim._targets)
        with sim._on_stream() as stream:
            wp.capture_launch(self.graph, stream=stream if sim._device.is_cuda else None)


class States:
    """The physical state of all environments at one moment."""

    NAMES = ("qpos", "qvel", "ctrl", "qacc_warmstart", "time")

    def __init__(self, sim: Any) -> None:
        self.live = [wp.to_torch(getattr(sim._data, name)) for name in self.NAMES]
        self.kept = [tensor.clone() for tensor in self.live]

    def restore(self) -> None:
        for live, kept in zip(self.live, self.kept):
            live.copy_(kept)


def wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def make(task: Any, spec: str, sim: Any, seed: int = 1) -> RewardEnv:
    return RewardEnv(task, rewardlang.compile(rewardlang.parse(spec), task, observations=True), sim, seed)


def record(env: RewardEnv, mode: str, actions: torch.Tensor) -> None:
    """Do three steps: with the third it is recorded."""
    options = env.sim._model.opt
    if mode != "eager":
        env.record(split=mode == "split")
        options.graph_conditional = mode != "flat"
    for row in actions[:3]:
        env.step(row)
    options.graph_conditional = True


def runs(
    task: Any, spec: str, num_envs: int, device: str, actions: torch.Tensor, modes: Sequence[str]
) -> Tuple[Dict[str, Run], States]:
    """{what: a function that steps with actions [N, A]}, and states that an untrained policy comes to. All share one simulator."""
    sim = make_sim("mujoco_warp", task, num_envs, device)
    found: Dict[str, Run] = {}
    for mode in modes:
        env = make(task, spec, sim)
        if mode in ("unseen", "solved"):
            sim.forces_at_reset = mode == "solved" and (sim.forces_at_reset or env.forces_at_start)
            env.forces_at_start = False
        forces = sim.forces_at_reset
        record(env, mode, actions)

        def step(row: torch.Tensor, env: RewardEnv = env, forces: bool = forces) -> Any:
            sim.forces_at_reset = forces
            return env.step(row)

        found[mode] = step
    for row in actions.repeat(2, 1, 1):
        found[modes[-1]](row)
    return {"physics": Physics(env), **found}, States(sim)


def timed(
    found: Dict[str, Run], states: States, actions: torch.Tensor, rounds: int
) -> Dict[str, List[float]]:
    """{what: seconds a step in each round}"""
    device = str(actions.device)
    seconds: Dict[str, List[float]] = {what: [] for what in found}
    for turn in range(rounds + 1):  # the first is for warmth
        for what, run in found.items():
            states.restore()
            wait(device)
            start = time.perf_counter()
            for row in actions:
                run(row)
            wait(device)
            if turn:
                seconds[what].append((time.perf_counter() - start) / len(actions))
    return seconds


def check(task: Any, device: str) -> List[Dict[str, Any]]:
    """Whether MuJoCo Warp on the device does what MuJoCo does on the CPU, and the recorded step what the plain one does."""
    rows: List[Dict[str, Any]] = []

    def note(what: str, off: float, bound: float) -> None:
        rows.append({"what": what, "off": off, "bound": bound, "ok": off <= bound})
        print(f"  {'ok  ' if off <= bound else 'FAIL'} {what:62} {off:9.2e}  (bound {bound:.0e})", flush=True)

    n, d = 64, len(task.dof_names)
    gpu, cpu = make_sim("mujoco_warp", task, n, device), make_sim("mujoco", task, n)
    draw = torch.Generator().manual_seed(1)
    noise = lambda *shape: 2 * torch.rand(*shape, generator=draw) - 1
    init, everyone = task.init_state, torch.ones(n, dtype=torch.bool)
    start = torch.tensor([*init.pos, *init.rot, *init.lin_vel, *init.ang_vel]).repeat(n, 1)
    pose = torch.tensor(task.default_dof_pos).repeat(n, 1)
    driven = [task.dof_names.index(name) for name in task.actuated]

    def off(name: str, rows: Any = slice(None)) -> float:
        return float((getattr(gpu, name).cpu() - getattr(cpu, name))[rows].abs().max())

    def reset(*given: torch.Tensor) -> None:
        for sim in (gpu, cpu):
            sim.reset(*(x.to(sim.device) for x in given))

    def step(targets: torch.Tensor) -> None:
        for sim in (gpu, cpu):
            sim.step(targets.to(sim.device))

    air = start.clone()
    air[:, 2] += 3
    air[:, 3:7] = torch.nn.functional.normalize(noise(n, 4), dim=1)
    air[:, 7:] = 3 * noise(n, 6)
    reset(everyone, air, pose + 0.2 * noise(n, d), 3 * noise(n, d))
    for name in SHOWN:
        note(f"reset in the air, any attitude and spin: {name}", off(name), 1e-4)
    before = {name: getattr(gpu, name).clone() for name in SHOWN}
    mask = torch.arange(n) % 3 == 0
    reset(mask, start, pose, torch.zeros_like(pose))
    stay = (~mask).to(device)
    for name in SHOWN:
        note(
            f"a masked reset leaves the others: {name}",
            float((getattr(gpu, name) - before[name])[stay].abs().max()),
            0,
        )
    reset(everyone, air, pose, torch.zeros_like(pose))
    for _ in range(5):
        step(pose[:, driven] + 0.3)
    for name, bound in zip(SHOWN[:5], (3e-4, 3e-4, 1e-2, 1e-2, 1e-2)):
        note(f"free fall and the motors' answer after 5 control steps: {name}", off(name), bound)
    low = start.clone()
    low[:, 2] -= 0.01
    reset(everyone, low, pose, torch.zeros_like(pose))
    most = float(cpu.contact_forces.abs().max())
    note("contact forces of a robot pressed into the ground, relative", off("contact_forces") / most, 2e-2)
    before = {name: getattr(gpu, name).clone() for name in SHOWN}
    targets = pose[:, driven] + 0.3 * noise(n, len(driven))
    for sim in (gpu, cpu):
        sim.begin(targets.to(sim.device), mask.to(sim.device))
    note("forces of a beginning: contacts, relative", off("contact_forces", mask) / most, 2e-2)
    note("forces of a beginning: motors", off("dof_forces", mask), 1e-3)
    for name in SHOWN:
        moved = (getattr(gpu, name) - before[name]).abs()
        far = moved[stay] if name in ("dof_forces", "contact_forces") else moved
        note(f"a beginning leaves the rest: {name}", float(far.max()), 0)
    gpu.finish()
    parts = {name: getattr(gpu, name).clone() for name in SHOWN[:3]}
    reset(everyone, low, pose, torch.zeros_like(pose))
    step(targets)
    for name, tensor in parts.items():
        note(
            f"a step in two parts is the step: {name}", float((getattr(gpu, name) - tensor).abs().max()), 1e-3
        )
    reset(everyone, start, pose, torch.zeros_like(pose))
    for _ in range(150):
        step(pose[:, driven])
    weight = float(gpu.body_mass.sum()) * 9.81
    carried = gpu.contact_forces[:, :, 2].sum(1).cpu()
    note("at rest the ground carries the weight, relative", float((carried / weight - 1).abs().max()), 1e-2)
    note("where the robot rests, m and unit quaternion", off("root_states", (slice(None), slice(0, 7))), 2e-3)
    for mode in RECORDED if device.startswith("cuda") else ():
        # In a process of its own: what goes wrong in a capture can spoil the device for what follows.
        command = [sys.executable, __file__, "--task", task.name, "--device", device, "--recording", mode]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            offs = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
            tail = done.stderr.strip().splitlines()[-1:]
        except subprocess.TimeoutExpired:
            offs, tail = {}, ["no end after 120 s"]
        for what, (far, bound) in offs.items():
            note(f"{mode}: {what}", far, bound)
        if not offs:
            rows.append({"what": f"{mode}: {' '.join(tail)}", "crashed": mode, "ok": False})
            print(f"  FAIL {rows[-1]['what']}", flush=True)
        elif tail:
            print(f"       {mode} says: {tail[0]}", flush=True)
    return rows


def compare_recording(task: Any, device: str, mode: str) -> Dict[str, Tuple[float, float]]:
    """{what: (how far a recorded step is from the same one operation at a time, how far it may be)}"""
    n, spec = 64, (ROOT / "reward_specs" / "humanoid" / "walk.reward").read_text() + STARTS
    lone = make_sim("mujoco_warp", replace(task, decimation=1), n, device)  # one physics step at a time
    generator = torch.Generator(device=device).manual_seed(3)
    actions = 0.3 * (2 * torch.rand(12, n, len(task.actuated), generator=generator, device=device) - 1)
    seen: Dict[str, List[Dict[str, torch.Tensor]]] = {}
    for way in ("eager", mode):
        env = make(task, spec, make_sim("mujoco_warp", task, n, device), seed=5)
        record(env, way, torch.zeros_like(actions))
        seen[way] = []
        for i, row in enumerate(actions):
            if i == 8:
                env.episode_step.fill_(task.max_episode_length - 1)  # all end, and draw new states
            if i == 9:
                every = torch.ones(n, dtype=torch.bool, device=device)
                lone.reset(every, env.sim.root_states, env.sim.dof_pos, env.sim.dof_vel)
                lone.step(env.default_targets + env.action_scale * row)
            observations, reward, done, infos = env.step(row)
            state = {
                "observations": observations,
                "reward": reward,
                "done": done.float(),
                "root": env.sim.root_states,
                **env.last.metrics,
            }
            seen[way].append({name: tensor.clone() for name, tensor in state.items()})
        seen[way].append({"figures": torch.tensor(list(env.reward.read_statistics().values()))})
    far = lambda i, name: float((seen[mode][i][name] - seen["eager"][i][name]).abs().max())
    felt, turned = (
        lone.contact_forces.norm(dim=2).sum(1),
        lone.dof_forces.abs().sum(1),
    )  # what the episodes begin with
    wrong = lambda name, known: max(
        float((1000 * seen[way][9][name] - known).abs().max() / known.abs().max()) for way in seen
    )
    return {
        "contacts that episodes begin with, relative": (wrong("felt", felt), 2e-2),
        "motor forces that episodes begin with, relative": (wrong("turned", turned), 1e-3),
        "reward of 8 steps, beside one operation at a time": (max(far(i, "reward") for i in range(8)), 1e-2),
        "all episodes end at once": (float((seen[mode][8]["done"] - 1).abs().max()), 0.0),
        "random states after the reset": (far(8, "root"), 1e-6),
        "observations after the reset": (far(8, "observations"), 1e-2),
        "reward of 3 steps after it": (max(far(i, "reward") for i in range(9, 12)), 1e-2),
        "figures for the logs": (far(-1, "figures"), 5e-2),
    }


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--task", default="humanoid")
    options.add_argument(
        "--spec", default="both", help="a file; by default the one-line reward and walk.reward"
    )
    options.add_argument("--envs", type=int, nargs="+", default=[1024, 4096, 16384, 32768])
    options.add_argument("--steps", type=int, default=20, help="between two waits for the device")
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options.add_argument(
        "--ways", nargs="+", choices=WAYS, help="beside physics; by default all but `unseen`"
    )
    options.add_argument(
        "--at-once", type=int, help="environments whose forces at a reset are found in one go, at least"
    )
    options.add_argument(
        "--check", action="store_true", help="compare with the CPU's simulator first; exit 1 if they differ"
    )
    options.add_argument("--json", type=Path, help="write the numbers here too")
    options.add_argument("--recording", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    torch.set_num_threads(1)
    device, task = arguments.device, rewardlang.load_task(arguments.task)
    if arguments.recording:
        with patch.object(mujoco_warp, "AT_ONCE", FEW):
            print(json.dumps(compare_recording(task, device, arguments.recording)))
        return
    name = torch.cuda.get_device_name() if device.startswith("cuda") else platform.machine()
    versions = {
        package: metadata.version(package) for package in ("torch", "mujoco", "mujoco-warp", "warp-lang")
    }
    print(
        name,
        f"Python {platform.python_version()},",
        ", ".join(f"{key} {value}" for key, value in versions.items()),
    )
    start = time.perf_counter()
    with patch.object(mujoco_warp, "AT_ONCE", FEW):
        checks = check(task, device) if arguments.check else []
    print(f"(kernels, and checks if any: {time.perf_counter() - start:.0f} s)", flush=True)
    if arguments.spec == "both":
        specs = {
            "one line": LITERAL,
            "walk": (ROOT / "reward_specs" / "humanoid" / "walk.reward").read_text(),
        }
    else:
        specs = {Path(arguments.spec).stem: Path(arguments.spec).read_text()}
    if arguments.at_once:
        mujoco_warp.AT_ONCE = arguments.at_once
    rows = []
    spoilt = {one.get("crashed") for one in checks}
    print(
        f"\n{'envs':>6}  {'reward':9} {'':8} {'us a step':>10} {'least .. most':>19} {'steps/s':>12} {'beyond':>7}"
    )
    for num_envs in arguments.envs:
        generator = torch.Generator(device=device).manual_seed(1)
        size = (arguments.steps, num_envs, len(task.actuated))
        actions = 2 * torch.rand(size, generator=generator, device=device) - 1
        modes = ["eager"] if num_envs <= 4096 or not device.startswith("cuda") else []
        modes += [mode for mode in RECORDED if device.startswith("cuda")]
        modes = [mode for mode in arguments.ways or modes if mode not in spoilt]
        for title, spec in specs.items():
            seconds = timed(*runs(task, spec, num_envs, device, actions, modes), actions, arguments.rounds)
            bare = statistics.median(seconds["physics"])
            for what, found in seconds.items():
                middle = statistics.median(found)
                beyond = "" if what == "physics" else f"{1 - bare / middle:7.1%}"
                print(f"{num_envs:6}  {title:9} {what:8} {1e6 * middle:10.1f} {1e6 * min(found):9.1f} ..{1e6 * max(found):8.1f} {num_envs / middle:12,.0f} {beyond}", flush=True)  # fmt: skip
                rows.append({"num_envs": num_envs, "reward": title, "what": what, "seconds": found})
    if arguments.json:
        found = {"device": name, "versions": versions, "checks": checks, "rows": rows}
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    failed = [one["what"] for one in checks if not one["ok"]]
    if failed:
        sys.exit(f"{len(failed)} of {len(checks)} checks failed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
