"""Environment steps a second on the CPU, on Gymnasium's own Humanoid: rewardlang beside EnvPool and Gymnasium's vector environments.

    pip install envpool                      # a rival; without it its rows are left out
    python benchmarks/cpu.py
    python benchmarks/cpu.py --envs 64 256 --rounds 7 --json cpu.json

All of them step the same model with the same physics: Gymnasium's humanoid.xml, its motors, Runge-Kutta, five steps of 3 ms for a
control step. Each pays Humanoid-v5's reward, ends an episode by its rule, resets, and observes its 348 numbers: height, turn, joints, their
velocities, the bodies' inertias and velocities about the centre of mass, torques, contact forces. That ours are the same is checked first,
against Gymnasium's environment, with two differences of instant. Gymnasium's inertias and velocities of bodies are one physics step older than
its joints; ours are of the joints' instant. Contact forces are of the last physics step in both: ours of its beginning, Gymnasium's of the last
of the four stages of Runge-Kutta. (`rewardlang train` itself would make position servos of the motors and integrate implicitly, which is several
times cheaper: that would be another simulation, and no comparison.) EnvPool brings a MuJoCo of its own.

The rivals take turns within a round, so that what else the machine does meets all of them; the ratio is of the same round, and its spread is over rounds.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple
from unittest.mock import patch

import gymnasium
import mujoco
import numpy as np
import torch

import rewardlang
from rewardlang.rl.env import RewardEnv
from rewardlang.sim.mujoco import Sim
from rewardlang.sim.mujoco_model import load_model

TASK = """
name: humanoid_v5
asset: {{file: {file}}}
env: {{episode_length_s: 15}}
init_state: {{pos: [0, 0, 1.4]}}
init_noise: {{dof_pos: 0.01, dof_vel: 0.01, lin_vel: 0.01, ang_vel: 0.01}}
control: {{stiffness: 1, damping: 0, action_scale: 0.4, decimation: 5}}
sim: {{dt: 0.003}}
observations:
  - base_height
  - turn
  - dof_pos
  - root_lin_vel
  - base_ang_vel
  - dof_vel
  - inertias
  - spatial_velocities
  - torques
  - wrenches
"""
# The spec of the zoo, with the contacts' torques too, as Gymnasium has them.
SPEC = """
extends "zoo/gymnasium/humanoid_v5.reward"
impact = sum(wrenches^2)
"""
BODIES = {  # what MuJoCo has of each body and no quantity shows, given by the host: {its name here: MuJoCo's, numbers}
    "inertias": ("cinert", 10),
    "spatial_velocities": ("cvel", 6),
    "wrenches": ("cfrc_ext", 6),
}
STRENGTH = 0.4  # of Gymnasium's actions
FILE = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / "humanoid.xml"
Step = Callable[[], Any]


def ours(num_envs: int) -> RewardEnv:
    """Gymnasium's Humanoid-v5 as a task of rewardlang, with the model's own motors and integrator."""
    declared = {
        name: rewardlang.HostQuantity(axes=["bodies", {f"of_{name}": width}])
        for name, (_, width) in BODIES.items()
    }
    declared["turn"] = rewardlang.HostQuantity(
        axes=[{"of_turn": 4}]
    )  # a rotation's four numbers can't be observed
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "task.yaml").write_text(TASK.format(file=FILE), encoding="utf-8")
        task = rewardlang.load_task(folder)
        program = rewardlang.compile(SPEC, task, observations=True, quantities=declared)
    with patch("rewardlang.sim.mujoco.load_model", gymnasiums):
        sim = Sim(task, num_envs)
    host = {name: body_rows(sim, field) for name, (field, _) in BODIES.items()}
    host["turn"] = lambda env: env.sim.root_states[:, 3:7]
    return RewardEnv(task, program, sim, host=host)


def body_rows(sim: Sim, field: str) -> Callable[[RewardEnv], torch.Tensor]:
    """A function of the environment that gives a field of MuJoCo's for each body but the world."""
    rows = sim._batch.bind(field)[:, 1:]
    return lambda env: torch.from_numpy(rows.astype(np.float32))


def gymnasiums(task: rewardlang.Task, batched: bool) -> mujoco.MjModel:
    """The task's model, with the motors and the integrator that its file has."""
    model, own = load_model(task, batched), mujoco.MjModel.from_xml_path(str(FILE))
    model.opt.integrator = own.opt.integrator
    for field in ("gear", "gaintype", "gainprm", "biastype", "biasprm", "ctrllimited", "ctrlrange", "forcelimited"):  # fmt: skip
        getattr(model, f"actuator_{field}")[:] = getattr(own, f"actuator_{field}")
    return model


def check(steps: int = 60) -> Tuple[float, float]:
    """The largest relative differences from Gymnasium's joint positions and velocities, and from its observations, in a run with the same
    torques. Raises AssertionError."""
    env, twin = ours(1), gymnasium.make("Humanoid-v5").unwrapped
    twin.reset(seed=0)
    twin.set_state(env.sim._qpos[0].copy(), env.sim._qvel[0].copy())
    draw, apart = np.random.default_rng(0), lambda mine, theirs: float(np.abs(mine - theirs).max() / max(1, np.abs(theirs).max()))  # fmt: skip
    physics = seen = 0.0
    order = [0, 4, 1, 2, 3, *range(5, 348)]  # MuJoCo's quaternions begin with w
    for _ in range(steps):
        actions = torch.tensor(draw.uniform(-1, 1, (1, len(env.task.actuated))), dtype=torch.float32)
        env.sim.step(env.default_targets + env.action_scale * actions)
        env._ask_host()
        observed = env.reward.step(env.quantities).observations[0].numpy()
        twin.do_simulation(env.sim._ctrl[0], twin.frame_skip - 1)
        last = copy.copy(twin.data)
        mujoco.mj_forward(twin.model, last)
        mujoco.mj_rnePostConstraint(twin.model, last)
        twin.do_simulation(env.sim._ctrl[0], 1)
        mujoco.mj_step1(twin.model, twin.data)  # what derives from the state, of this instant
        twin.data.cfrc_ext[:] = last.cfrc_ext
        for mine, theirs in ((env.sim._qpos[0], twin.data.qpos), (env.sim._qvel[0], twin.data.qvel)):
            physics = max(physics, apart(mine, theirs))
        seen = max(seen, apart(observed[order], twin._get_obs()))
    assert physics < 1e-6 and seen < 1e-6, (physics, seen)
    env.sim.close()
    return physics, seen


def rivals(num_envs: int, threads: int) -> Dict[str, Step]:
    """{name: one step of all its environments with random actions}"""
    draw = np.random.default_rng(1)
    env = ours(num_envs)
    generator = torch.Generator().manual_seed(1)
    found: Dict[str, Step] = {
        "rewardlang": lambda: env.step(torch.rand(num_envs, 17, generator=generator) * 2 - 1),
    }
    noise = lambda kind: draw.uniform(-STRENGTH, STRENGTH, (num_envs, 17)).astype(kind)
    try:
        import envpool

        pool = envpool.make_gymnasium("Humanoid-v5", num_envs=num_envs, num_threads=threads, seed=1)
        pool.reset()
        found[f"EnvPool {envpool.__version__}"] = lambda: pool.step(noise(np.float64))
    except ImportError:
        print("(EnvPool is not installed)")
    if num_envs <= 64:  # a process each
        processes = gymnasium.make_vec("Humanoid-v5", num_envs=num_envs, vectorization_mode="async")
        processes.reset(seed=1)
        found["Gymnasium AsyncVectorEnv"] = lambda: processes.step(noise(np.float32))
    loop = gymnasium.make_vec("Humanoid-v5", num_envs=num_envs, vectorization_mode="sync")
    loop.reset(seed=1)
    found["Gymnasium SyncVectorEnv"] = lambda: loop.step(noise(np.float32))
    return found


def timed(steps: Dict[str, Step], rounds: int, seconds: float, num_envs: int) -> Dict[str, List[float]]:
    """{name: environment steps a second in each round}"""
    counts = {}
    for name, step in steps.items():
        step()
        start = time.perf_counter()
        step()
        counts[name] = max(2, int(seconds / (time.perf_counter() - start)))
    rates: Dict[str, List[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(counts[name]):
                step()
            rates[name].append(counts[name] * num_envs / (time.perf_counter() - start))
    return rates


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--envs", type=int, nargs="+", default=[64, 256, 1024])
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument(
        "--seconds", type=float, default=1.0, help="that a rival steps in a round, about (default 1)"
    )
    options.add_argument("--json", type=Path, help="write the numbers here too")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    machine = f"{platform.machine()}, {threads} CPUs, Python {platform.python_version()}, MuJoCo {mujoco.__version__}, torch {torch.__version__}"
    physics, seen = check()
    print(f"{machine}\nlargest relative differences from Gymnasium in 60 control steps: {physics:.1e} of the state, {seen:.1e} of what is observed\n")  # fmt: skip
    print(f"{'environments':>12}  {'':26} {'steps/s':>9} {'least .. most':>18} {'rewardlang is':>15} {'least .. most':>15}")  # fmt: skip
    rows = []
    for num_envs in arguments.envs:
        rates = timed(rivals(num_envs, threads), arguments.rounds, arguments.seconds, num_envs)
        for name, found in rates.items():
            times = [mine / theirs for mine, theirs in zip(rates["rewardlang"], found)]
            print(f"{num_envs:12}  {name:26} {statistics.median(found):9,.0f} {min(found):9,.0f} ..{max(found):7,.0f} {statistics.median(times):13.2f}x {min(times):8.2f} ..{max(times):5.2f}")  # fmt: skip
            rows.append({"num_envs": num_envs, "what": name, "steps_per_second": found, "times": times})
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
