"""How fast a training is: `python benchmarks/train.py PART ...`, each part a table and a JSON file in --out.

    phases    an epoch by what it is spent on, and env steps/s of whole trainings: rl_games' own loop and CUDA graphs
    scale     env steps/s over numbers of environments (--counts)
    gpus      env steps/s of `rewardlang train --gpus 1`, 2, ... up to all there are, each with --num-envs (--device cpu: 1 and 2 processes)
    many      the mean return over seconds, of `many` in ppo.yaml beside `params` alone (--counts: numbers of environments), over --seeds
    whole     the time of 2000 epochs: measured with --epochs 2000, else extrapolated from --epochs, and it says which
    walk      time to a walk: 95% of 10-s episodes survive and it goes above 0.5 m/s, for the reward of --spec
    curves    the mean return over epochs with and without graphs, over --seeds

    python benchmarks/train.py phases scale whole walk                    # on a GPU, tutorial's settings, 4096 environments
    python benchmarks/train.py curves --seeds 1 2 3 --epochs 300 --minutes 8
    python benchmarks/train.py phases walk curves --device cpu --sim mujoco --num-envs 16 --epochs 6   # does it run?

--minutes ends each part in time; what it has by then is shown. Times are after start-up, which has a column of its own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import torch
import yaml

from rewardlang.rl import train as training
from rewardlang.rl.agents import make_agent
from rewardlang.rl.plan import make_env, plan_of
from rewardlang.rl.play import play
from rewardlang.rl.print_log import PrintLog
from rewardlang.rl.recorder import Recorder
from rewardlang.rl.run_folder import versions
from rewardlang.rl.scalars import read_csv

ROOT = Path(__file__).parent.parent
LINE = "forward_vel + 1.0*alive - 0.01*sum(torques^2)\n"
AGENTS = {"rl_games": {"cuda_graphs": False, "torch_compile": False}, "graphs": {"cuda_graphs": True}}
WARM = 10  # epochs left out of a median: captures, first allocations
SURVIVAL, SPEED = 0.95, 0.5  # m/s; what a walk is


class Part:
    """One part of the benchmark: its options, its deadline, the trainings it starts."""

    def __init__(self, arguments: argparse.Namespace, scratch: Path) -> None:
        self.arguments, self.scratch, self.made = arguments, scratch, 0
        self.deadline = time.monotonic() + 60 * arguments.minutes
        self.spec = arguments.spec or scratch / "line.reward"
        if arguments.spec is None:
            self.spec.write_text(LINE, encoding="utf-8")

    @property
    def minutes_left(self) -> float:
        return (self.deadline - time.monotonic()) / 60

    def options(
        self, agent: str, num_envs: Optional[int] = None, seed: int = 1, many: bool = True, **config: Any
    ) -> Dict[str, Any]:
        """Those of a training on a copy of the task whose settings are for this agent; without the section `many` if so."""
        self.made += 1
        folder = self.scratch / f"task_{self.made}" / "humanoid"
        shutil.copytree(self.arguments.task, folder)
        settings = yaml.safe_load((folder / "ppo.yaml").read_text(encoding="utf-8"))
        for section in ("params", "cpu"):
            settings[section]["config"].update({**AGENTS[agent], **config})
        if not many:
            settings.pop("many", None)
        (folder / "ppo.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        return {"task": folder, "num_envs": num_envs or self.arguments.num_envs, "seed": seed, "sim": self.arguments.sim,
                "device": self.arguments.device, "out": self.scratch, "name": f"{agent}_{self.made}"}  # fmt: skip

    def train(
        self, options: Dict[str, Any], epochs: int, at: Optional[Callable] = None, minutes: float = 1e9
    ) -> Dict[str, Any]:
        """A whole training: {run, start-up s, time of each epoch's end in s after start-up}. at(epoch, time, recorder) is called."""
        begun, times = time.perf_counter(), []

        class Timed(Recorder):
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                times.append(time.perf_counter())

            def between_epochs(self, epoch: int) -> None:
                if (
                    epoch != self.epoch
                ):  # the device has been asked for this epoch's numbers: it is done with it
                    times.append(time.perf_counter())
                    if at is not None:
                        at(epoch, times[-1] - times[0], self)
                super().between_epochs(epoch)

        training.Recorder = Timed  # type: ignore[misc]
        try:
            run = training.train(
                self.spec,
                max_epochs=epochs,
                max_minutes=min(max(self.minutes_left, 0.05), minutes),
                **options,
            )
        finally:
            training.Recorder = Recorder  # type: ignore[misc]
        return {"run": run, "start_up": times[0] - begun, "times": [one - times[0] for one in times]}


def epoch_times(found: Dict[str, Any]) -> List[float]:
    """s of each epoch, all that a training does included; without the first ones."""
    times = found["times"]
    each = [b - a for a, b in zip(times, times[1:])]
    return each[WARM:] if len(each) > 2 * WARM else each[len(each) // 2 :]


def pace(found: Dict[str, Any], samples: int) -> Dict[str, Any]:
    """Columns of a training's speed: median and the middle 80% of its epochs."""
    each = sorted(epoch_times(found))
    low, high = each[len(each) // 10], each[-1 - len(each) // 10]
    middle = statistics.median(each)
    return {"start-up s": found["start_up"], "epochs": len(found["times"]) - 1, "ms/epoch": 1e3 * middle, "10%": 1e3 * low, "90%": 1e3 * high,
            "steps/s": samples / middle, "steps/s mean": samples * len(each) / sum(each)}  # fmt: skip


def samples(found: Dict[str, Any]) -> int:
    """Steps of all environments in an epoch."""
    config = yaml.safe_load((found["run"] / "ppo.yaml").read_text(encoding="utf-8"))["params"]["config"]
    return config["num_actors"] * config["horizon_length"]


def phases(part: Part) -> List[Dict[str, Any]]:
    """Each phase alone, the device waited for before and after it: their sum is more than an epoch, in which they overlap."""
    rows = []
    for agent in AGENTS:
        found = part.train(part.options(agent), part.arguments.epochs)
        rows.append({"agent": agent, **pace(found, samples(found)), **by_phase(part, agent)})
    return rows


PHASES = {
    "rl_games": {"environment": ("env.step",), "policy": ("get_action_values", "get_values"), "other rollout": ("play_steps",),
                 "update": ("train_actor_critic",), "other": ("epoch",)},
    "graphs": {"environment": ("env.step",), "policy": ("run_act",), "other rollout": ("play",), "update": ("run_mini_epoch",),
               "other": ("epoch",)},
}  # fmt: skip


def by_phase(part: Part, agent: str) -> Dict[str, float]:
    """{phase: median ms an epoch}. What lies within another phase is taken off that one."""
    options = part.options(agent)
    options.pop("name")
    plan = plan_of(
        part.spec,
        max_epochs=1 << 30,
        algo="ppo",
        max_minutes=None,
        params=None,
        resume=None,
        name=None,
        **options,
    )
    wait = torch.cuda.synchronize if plan.device.startswith("cuda") else (lambda: None)
    spent: Dict[str, float] = {}
    inside: List[float] = []  # of each phase that is running: s within others

    def timed(name: str, call: Callable) -> Callable:
        def wrapped(*given: Any, **named: Any) -> Any:
            wait()
            start = time.perf_counter()
            inside.append(0.0)
            result = call(*given, **named)
            wait()
            taken = time.perf_counter() - start
            spent[name] = spent.get(name, 0.0) + taken - inside.pop()
            if inside:
                inside[-1] += taken
            return result

        return wrapped

    with PrintLog():
        env = make_env(plan)
        made = make_agent("ppo", plan.settings, env, seed=1, device=plan.device)
        made.between_epochs = lambda epoch: None
        made.init_tensors()
        made.obs = made.env_reset()
        for name, methods in PHASES[agent].items():
            for method in methods:
                owner, method = (env, "step") if method == "env.step" else (made, method)
                setattr(owner, method, timed(name, getattr(owner, method)))
        rounds: List[Dict[str, float]] = []
        for _ in range(3 + min(part.arguments.epochs, 30)):
            spent.clear()
            made.update_epoch()
            made.train_epoch()
            rounds.append(dict(spent))
        env.sim.close()
    return {f"{name} ms": 1e3 * statistics.median(one[name] for one in rounds[3:]) for name in PHASES[agent]}


def scale(part: Part) -> List[Dict[str, Any]]:
    rows = []
    for count in part.arguments.counts or [1024, 2048, 4096, 8192, 16384, 32768]:
        if part.minutes_left < 0.3:
            break
        found = part.train(part.options("graphs", num_envs=count), min(part.arguments.epochs, 60))
        rows.append({"environments": count, **pace(found, samples(found))})
    return rows


def gpus(part: Part) -> List[Dict[str, Any]]:
    """Whole processes, as a user starts them; the times of epochs are those that the run has written."""
    rows: List[Dict[str, Any]] = []
    on_gpu = part.arguments.device.startswith("cuda")
    for count in range(1, 1 + (torch.cuda.device_count() if on_gpu else 2)):
        options = part.options("graphs")
        if not on_gpu:
            options["device"] = "cpu"
        else:
            options.pop("device")
        given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        limits = [f"--max-epochs={part.arguments.epochs}", f"--max-minutes={max(part.minutes_left, 0.05)}"]
        command = [sys.executable, "-m", "rewardlang", "train", str(part.spec), f"--gpus={count}"]
        begun = time.perf_counter()
        subprocess.run([*command, *given, *limits], check=True)
        taken = time.perf_counter() - begun
        told = read_csv(part.scratch / options["name"] / "scalars.csv")
        found = {"start_up": taken - told[-1]["seconds"], "times": [0.0, *(row["seconds"] for row in told)]}
        rows.append(
            {"GPUs" if on_gpu else "processes": count, **pace(found, int(told[-1]["frame"] / len(told)))}
        )
        rows[-1]["times one"] = rows[-1]["steps/s"] / rows[0]["steps/s"]
    return rows


SECONDS = (3, 5, 7, 9, 11, 13)  # after the first epoch


def many(part: Part) -> List[Dict[str, Any]]:
    """Trainings of equal time: the mean return of episodes that ended within half a second of each of SECONDS; median, and by seed."""
    few, lots = part.arguments.counts or (4096, 16384)
    rows = []
    for count, laid in ((few, False), (lots, False), (lots, True)):
        returns: Dict[int, List[float]] = {at: [] for at in SECONDS}
        took: List[float] = []
        for seed in part.arguments.seeds:
            options = part.options("graphs", num_envs=count, seed=seed, many=laid)
            found = part.train(options, part.arguments.epochs, minutes=(SECONDS[-1] + 1) / 60)
            took.append(statistics.median(epoch_times(found)))
            told = [row for row in read_csv(found["run"] / "scalars.csv") if "ep_rew_mean" in row]
            for at, values in returns.items():
                near = [
                    row["ep_rew_mean"] for row in told if abs(row["seconds"] - told[0]["seconds"] - at) <= 0.5
                ]
                if near:
                    values.append(statistics.mean(near))
        shown = {
            f"return after {at} s": statistics.median(values) for at, values in returns.items() if values
        }
        rows.append({"settings": f"{count:,}, {'many' if laid else 'params'}", "seeds": len(took), "ms/epoch": 1e3 * statistics.median(took),
                     **shown, "by seed": {str(at): values for at, values in returns.items()}})  # fmt: skip
    return rows


def whole(part: Part) -> List[Dict[str, Any]]:
    rows = []
    for agent in ["graphs"] if part.arguments.epochs >= 2000 else AGENTS:
        found = part.train(part.options(agent), part.arguments.epochs)
        done, seconds = len(found["times"]) - 1, found["times"][-1]
        if done >= 2000:
            total, how = found["times"][2000], "measured"
        else:  # the first epochs once, the rest at the pace of those after them
            total, how = (
                seconds + (2000 - done) * statistics.mean(epoch_times(found)),
                f"extrapolated from {done}",
            )
        rows.append({"agent": agent, **pace(found, samples(found)), "2000 epochs s": total, "how": how})
    return rows


def walk(part: Part) -> List[Dict[str, Any]]:
    """Checkpoints are kept on the way, each with its time, and played afterwards: the first that walks counts."""
    rows = []
    for seed in part.arguments.seeds:
        kept: List[Dict[str, Any]] = []

        def keep(epoch: int, seconds: float, recorder: Recorder, kept: List = kept) -> None:
            if (
                epoch % recorder.agent.config["save_frequency"] == 1 and epoch > 1
            ):  # that of the epoch before has been saved
                path = recorder.run.nn / f"epoch_{epoch - 1}.pth"
                shutil.copy(recorder.run.last, path)
                kept.append({"epoch": epoch - 1, "path": path, "seconds": seconds})

        options = part.options("graphs", seed=seed, save_frequency=max(2, part.arguments.epochs // 80))
        found = part.train(options, part.arguments.epochs, keep)

        def walks(one: Dict[str, Any], run: Path = found["run"]) -> bool:
            if "survival" not in one:
                result = play(run, episodes=part.arguments.episodes, checkpoint=str(one["path"]), seed=7)
                one.update({key: result[key] for key in ("survival", "forward_speed")})
            return one["survival"] >= SURVIVAL and one["forward_speed"] > SPEED

        # The first that walks, by halving; policies hardly unlearn it, and a few before it are tried as well.
        low, high = 0, len(kept)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if walks(kept[middle]) else (middle + 1, high)
        for earlier in range(max(low - 3, 0), low):
            if walks(kept[earlier]):
                low = earlier
                break
        first = kept[low] if low < len(kept) else {}
        rows.append({"seed": seed, **pace(found, samples(found)), "walks after s": first.get("seconds"), "epoch": first.get("epoch"),
                     "survival": first.get("survival"), "m/s": first.get("forward_speed"),
                     "tried": [{k: v for k, v in one.items() if k != "path"} for one in kept if "survival" in one]})  # fmt: skip
    return rows


def curves(part: Part) -> List[Dict[str, Any]]:
    """Mean return of the episodes that ended in the epochs before each quarter of the training, by agent and seed; none for one cut short."""
    returns: Dict[str, List[Dict[int, float]]] = {}
    epochs = part.arguments.epochs
    for agent in AGENTS:
        for seed in part.arguments.seeds:
            found = part.train(part.options(agent, seed=seed), epochs)
            rows = read_csv(found["run"] / "scalars.csv")
            returns.setdefault(agent, []).append(
                {int(row["epoch"]): row["ep_rew_mean"] for row in rows if "ep_rew_mean" in row}
            )
    table = []
    for last in (epochs * quarter // 4 for quarter in (1, 2, 3, 4)):
        row: Dict[str, Any] = {"epoch": last}
        window = range(last - max(1, epochs // 16) + 1, last + 1)
        for agent, runs in returns.items():
            values = [
                statistics.mean(one[epoch] for epoch in window if epoch in one)
                for one in runs
                if window[0] in one and max(one) >= last
            ]
            if values:
                row.update({f"{agent} median": statistics.median(values), f"{agent} min": min(values),
                            f"{agent} max": max(values), f"{agent} seeds": len(values)})  # fmt: skip
        table.append(row)
    return table


PARTS = {
    "phases": phases,
    "scale": scale,
    "gpus": gpus,
    "many": many,
    "whole": whole,
    "walk": walk,
    "curves": curves,
}


def show(title: str, rows: List[Dict[str, Any]]) -> None:
    print(f"\n{title}")
    columns = list(dict.fromkeys(key for row in rows for key, value in row.items() if not isinstance(value, (list, dict))))  # fmt: skip
    cells = [columns, *([_text(row.get(key)) for key in columns] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for row in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))


def _text(value: Any) -> str:
    return (
        "-"
        if value is None
        else f"{value:,.0f}"
        if isinstance(value, float) and value >= 1000
        else f"{value:.3g}"
        if isinstance(value, float)
        else str(value)
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("parts", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    options.add_argument("--spec", type=Path, help="a .reward file (default: the README's line)")
    options.add_argument("--task", type=Path, default=ROOT / "tasks" / "humanoid")
    options.add_argument("--num-envs", type=int, default=4096)
    options.add_argument("--epochs", type=int, default=300)
    options.add_argument("--seeds", type=int, nargs="+", default=[1])
    options.add_argument("--counts", type=int, nargs="+", help="numbers of environments of `scale`")
    options.add_argument("--episodes", type=int, default=256, help="that each checkpoint of `walk` plays")
    options.add_argument("--sim", default="auto")
    options.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    options.add_argument("--minutes", type=float, default=8.0, help="limit of each part")
    options.add_argument("--out", type=Path, default=Path("runs"))
    arguments = options.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    on_gpu = arguments.device.startswith("cuda")
    where = torch.cuda.get_device_name(arguments.device) if on_gpu else "CPU"
    print(where, versions())
    for name in arguments.parts:
        with tempfile.TemporaryDirectory(prefix="rewardlang-") as scratch:
            rows = PARTS[name](Part(arguments, Path(scratch)))
        show(f"{name}: {arguments.num_envs} environments on {where}", rows)
        told = {
            "part": name,
            "device": where,
            "versions": versions(),
            "arguments": {k: str(v) for k, v in vars(arguments).items()},
            "rows": rows,
        }
        (arguments.out / f"benchmark_train_{name}.json").write_text(
            json.dumps(told, indent=2, default=str) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
