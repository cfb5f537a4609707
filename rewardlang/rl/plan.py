"""What a training is going to be: all input read and checked, nothing written yet."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

import rewardlang
from rewardlang.asset import is_packaged
from rewardlang.sim import IN_A_GRAPH, choose_sim, make_sim
from rewardlang.task import Task, load_task

from . import checkpoint, run_folder
from .env import Host, RewardEnv
from .ppo_config import Params, for_run, load_settings, to_yaml
from .ppo_schema import SCHEMAS
from .ranks import ALONE, Ranks, on_cpu
from .run_folder import RunError, RunFolder

MAX_SEED = 2**32 - 1  # numpy's


@dataclass(frozen=True)
class Plan:
    """One training session: a new run, or the continuation of one."""

    program: Any  # the compiled spec
    original: str  # its text as written
    spec: Path  # the file it came from
    task: Task
    algo: str  # "ppo" or "sac"
    settings: Params  # of rl_games, for this run
    seed: int
    sim: str
    why: str  # it is this simulator, if it was not asked for
    device: str
    params: Mapping[str, float]  # values of --set
    max_minutes: Optional[float]
    folder: Path  # of the run
    resumes: Optional[RunFolder] = None  # the run it continues
    state: Any = None  # and the checkpoint it continues from
    ranks: Ranks = ALONE  # this process among those that train together

    @property
    def num_envs(self) -> int:
        return self.settings["config"]["num_actors"]

    @property
    def own_seed(self) -> int:
        """The seed of this process: several that train together see different episodes."""
        return (self.seed + self.ranks.rank) % (MAX_SEED + 1)

    def open(self) -> RunFolder:
        """The folder of the run: the one it continues, else a new one."""
        if self.resumes is not None:
            return self.resumes
        info = {
            "hash": self.program.hash,
            "task": self.task.name,
            "algo": self.algo,
            "seed": self.seed,
            "num_envs": self.num_envs,
            "params": dict(self.params),
            **self._circumstances(),
        }
        return run_folder.new_run(
            self.folder,
            spec=self.program.canonical,
            original=self.original,
            source=self.program.source,
            task=self.task.path.parent if self.task.path.name == "task.yaml" else self.task.path,
            robot=self.task.asset if is_packaged(self.task.asset) else self.task.mjcf,
            algo=self.algo,
            settings=to_yaml(self.settings),
            info=info,
        )

    def note_resume(self, run: RunFolder) -> None:
        """Write down that the run goes on, from where, with what, and until which epoch."""
        run.sweep()
        info = run.read_info()
        info.setdefault("resumed", []).append({"epoch": self.state["epoch"], **self._circumstances()})
        run.write_info(info)
        run_folder.write_text(run.settings(self.algo), to_yaml(self.settings))

    def _circumstances(self) -> Dict[str, Any]:
        """What may change from session to session of a run."""
        return {
            "sim": self.sim,
            "device": self.device,
            "processes": self.ranks.count,
            "versions": run_folder.versions(),
            "git": {
                "rewardlang": run_folder.git_revision(Path(rewardlang.__file__)),
                "spec": run_folder.git_revision(self.spec),
            },
            "command": " ".join(shlex.quote(word) for word in sys.argv),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }


def plan_of(spec: Any, *, resume: Any, name: Optional[str], out: Any, **options: Any) -> Plan:
    """The plan for the options of `train`, `ranks` among them."""
    if resume is not None:
        if name is not None:
            raise RunError(f"--name {name} can't be given with --resume: the run keeps its folder")
        options["params"] = options["params"] or None
        return resumed_plan(resume, spec=spec, **options)
    if spec is None:
        raise ValueError("the spec to train is missing (or --resume RUN)")
    return new_plan(spec, name=name, out=out, **options)


def new_plan(
    spec: Any,
    *,
    task: Any,
    sim: str,
    device: Optional[str],
    algo: Optional[str],
    num_envs: Optional[int],
    max_epochs: Optional[int],
    max_minutes: Optional[float],
    seed: Optional[int],
    params: Optional[Mapping[str, float]],
    name: Optional[str],
    out: Any,
    ranks: Ranks = ALONE,
) -> Plan:
    """The plan of a new run. Raises a ValueError that says what is wrong with the input."""
    algo = _algorithm(algo)
    _several(ranks, algo, device)
    asked = ranks.device(device)
    sim, device, why = choose_sim(sim, None if asked is None else _device(asked))
    seed = _seed(1 if seed is None else seed)
    _at_least("--num-envs", num_envs, 1)
    _at_least("--max-epochs", max_epochs, 1)
    loaded = rewardlang.load(spec)
    task = rewardlang.task_of(loaded, task)
    program = rewardlang.compile(loaded, task, observations=True)
    for param, value in (params or {}).items():
        program.param(param, value)
    path = getattr(task, algo)
    settings = for_run(
        load_settings(path, algo),
        path,
        on_cpu=on_cpu(device),
        task_num_envs=task.num_envs,
        num_envs=num_envs,
        max_epochs=max_epochs,
    )
    return Plan(
        program=program,
        original=loaded.text,
        spec=Path(spec),
        task=task,
        algo=algo,
        settings=settings,
        seed=seed,
        sim=sim,
        why=why,
        device=device,
        params=dict(params or {}),
        max_minutes=_minutes(max_minutes),
        folder=run_folder.free_name(name, Path(spec).stem, Path(out)),
        ranks=ranks,
    )


def resumed_plan(
    run: Any,
    *,
    spec: Any,
    sim: str,
    device: Optional[str],
    max_epochs: Optional[int],
    max_minutes: Optional[float],
    ranks: Ranks = ALONE,
    **fixed: Any,
) -> Plan:
    """The plan that continues a run with its own spec, task, settings and seed.

    Raises RunError if there is nothing to continue, or one of `fixed` (given as not None) differs from what
    the run was started with.
    """
    folder = run_folder.open_run(run)
    info = folder.read_info()
    _at_least("--max-epochs", max_epochs, 1)
    for key, value in fixed.items():
        if value is not None and value != info[key]:
            raise RunError(
                f"{folder.path} was started with {key} {info[key]}, not {value}; that can't change on --resume"
            )
    if not folder.last.is_file():
        raise RunError(f"{folder.path} has no checkpoint to resume from (nn/last.pth)")
    task = load_task(folder.task)
    program = rewardlang.compile(rewardlang.load(folder.spec), task, observations=True)
    if (
        spec is not None
        and rewardlang.compile(rewardlang.load(spec), task, observations=True).hash != program.hash
    ):
        raise RunError(
            f"{spec} is not the spec of {folder.path}; --resume continues with the run's own, so leave it out "
            "(or start a new run)"
        )
    _several(ranks, info["algo"], device)
    device = _device(ranks.device(device or info["device"]) or "cpu")
    path = folder.settings(info["algo"])
    settings = for_run(
        load_settings(path, info["algo"]),
        path,
        on_cpu=on_cpu(device),
        task_num_envs=info["num_envs"],
        max_epochs=max_epochs,
    )
    if on_cpu(device) and not on_cpu(info["device"]):
        settings["config"]["torch_compile"] = False
    why = ""
    if sim == "auto":
        sim = info["sim"]
        if sim == "mujoco_warp" and on_cpu(device) and not on_cpu(info["device"]):
            sim, why = choose_sim("auto", device)[::2]  # their physics is the same
    state = checkpoint.read(folder.last, device)
    limit = settings["config"].get("max_epochs", -1)
    if 0 < limit <= state["epoch"]:
        raise RunError(
            f"{folder.path} has trained {state['epoch']} epochs, and {limit} are asked for; give a higher --max-epochs"
        )
    return Plan(
        program=program,
        original=folder.original.read_text(encoding="utf-8"),
        spec=folder.spec,
        task=task,
        algo=info["algo"],
        settings=settings,
        seed=info["seed"],
        sim=sim,
        why=why,
        device=device,
        params=info["params"],
        max_minutes=_minutes(max_minutes),
        folder=folder.path,
        resumes=folder,
        state=state,
        ranks=ranks,
    )


def replay_plan(run: Any, *, episodes: int, seed: int, device: Optional[str]) -> Plan:
    """The plan that plays a run: its own spec, task and settings, with as many environments as episodes."""
    folder = run_folder.open_run(run)
    info = folder.read_info()
    task = load_task(folder.task)
    settings = load_settings(folder.settings(info["algo"]), info["algo"])["params"]
    settings["config"]["num_actors"] = episodes
    device = _device(device or _or_cpu(info["device"]))
    return Plan(
        program=rewardlang.compile(rewardlang.load(folder.spec), task, observations=True),
        original="",
        spec=folder.spec,
        task=task,
        algo=info["algo"],
        settings=settings,
        seed=_seed(seed),
        sim=choose_sim("auto", device)[0]
        if info["sim"] == "mujoco_warp"
        else info["sim"],  # their physics is the same
        why="",
        device=device,
        params=info["params"],
        max_minutes=None,
        folder=folder.path,
        resumes=folder,
    )


def make_env(plan: Plan, host: Optional[Host] = None, viewer: bool = False) -> RewardEnv:
    """The environment of a plan, its params set; `host` gives the host quantities. With a `viewer` in a window."""
    if plan.device.startswith("cuda:"):
        import torch

        torch.cuda.set_device(plan.device)  # graphs and their memory are made on the current one
    env = RewardEnv(
        plan.task,
        plan.program,
        make_sim(plan.sim, plan.task, plan.num_envs, plan.device, plan.own_seed, viewer),
        plan.own_seed,
        plan.settings["config"]["gamma"],
        host,
    )
    for name, value in plan.params.items():
        env.reward.set_param(name, value)
    if plan.sim in IN_A_GRAPH:
        env.record()
    return env


def _algorithm(algo: Optional[str]) -> str:
    algo = algo or "ppo"
    if algo not in SCHEMAS:
        raise ValueError(f"--algo {algo!r} must be one of {', '.join(SCHEMAS)}")
    return algo


def _several(ranks: Ranks, algo: str, device: Optional[str]) -> None:
    if ranks.count > 1 and algo != "ppo":
        raise ValueError(
            f"--gpus {ranks.count}: rl_games' {algo} trains in one process; ppo trains in several"
        )
    if ranks.count > 1 and not (device in (None, "cuda") or on_cpu(device)):
        raise ValueError(
            f"--gpus {ranks.count} --device {device}: each process has a GPU of its own, from cuda:0 on "
            "(CUDA_VISIBLE_DEVICES says which GPUs these are)"
        )


def _device(device: str) -> str:
    """The device of policy and simulator, if torch can use it."""
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"--device {device}: torch {torch.__version__} can't use it ({str(error).splitlines()[0]})"
        ) from None
    return device


def _or_cpu(device: str) -> str:
    """The device a run was trained on, the CPU if it isn't here: a policy trained on a GPU plays anywhere."""
    try:
        return _device(device)
    except ValueError:
        return "cpu"


def _seed(seed: int) -> int:
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"--seed {seed} must be in [0, {MAX_SEED}]")
    return seed


def _at_least(option: str, value: Optional[float], low: float) -> None:
    if value is not None and value < low:
        raise ValueError(f"{option} {value} must be at least {low}")


def _minutes(minutes: Optional[float]) -> Optional[float]:
    if minutes is not None and not minutes > 0:
        raise ValueError(f"--max-minutes {minutes} must be more than 0")
    return minutes
