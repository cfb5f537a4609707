"""From a spec to a trained policy: plan, environment, agent, run folder, training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from ..uncollected import at_rest
from . import checkpoint, ranks
from . import scalars as logs
from .agents import Diverged, TrainingOver, compile_model, make_agent
from .console import Display
from .env import Host
from .follower import follow
from .interrupt import end_on_interrupt
from .plan import Plan, make_env, plan_of
from .ppo_graph import why_not
from .print_log import PrintLog, tail
from .recorder import Recorder
from .run_folder import RunFolder
from .scalars import Scalars

ENDINGS = {
    "max_epochs": "finished",
    "max_frames": "finished",
    "max_minutes": "the time is up",
    "interrupted": "interrupted",
    "failed": "stopped by an error",
    "diverged": "stopped, diverged,",
    "lost": "stopped, since another process has gone,",
}
LOG_LINES = 15  # of train.log shown when a training fails


def train(
    spec: Any = None,
    *,
    task: Any = None,
    sim: str = "auto",
    device: Optional[str] = None,
    algo: Optional[str] = None,
    num_envs: Optional[int] = None,
    max_epochs: Optional[int] = None,
    max_minutes: Optional[float] = None,
    seed: Optional[int] = None,
    params: Optional[Mapping[str, float]] = None,
    resume: Any = None,
    name: Optional[str] = None,
    out: Any = "runs",
    host: Optional[Host] = None,
) -> Path:
    """The run's folder, after training a policy for the reward in the file `spec`, or going on with `resume`.

    Ctrl-C ends the training after the current epoch, with everything saved; so do `max_epochs` (of the whole
    run) and `max_minutes` (of this call). A killed run loses at most the epochs since the last checkpoint
    (`save_frequency` in the settings). `host` gives the quantities that the task declares as the host's: {name: a function of the
    environment that returns the tensor}, asked after every step and reset. Raises a ValueError, before anything is written, that says what is
    wrong with the input.
    """
    plan = plan_of(
        spec,
        task=task,
        sim=sim,
        device=device,
        algo=algo,
        num_envs=num_envs,
        max_epochs=max_epochs,
        max_minutes=max_minutes,
        seed=seed,
        params=params,
        resume=resume,
        name=name,
        out=out,
        ranks=ranks.mine(),
    )
    display = Display(_title(plan))
    with PrintLog(display.note if plan.ranks.leads else None) as log:
        ranks.join(plan.ranks, plan.device)
        with at_rest():
            env = make_env(plan, host)
        try:
            with at_rest():
                agent = _agent(plan, env)
            if not plan.ranks.leads:
                follow(agent, env, plan.own_seed)
            else:
                run = plan.open()  # all that can fail has been made: from here on there is something to keep
                with run.lock():
                    log.open(run.log)
                    _run(plan, env, agent, run, display)
        except RuntimeError as error:
            if not ranks.lost(error):
                raise
            sys.exit(1)  # the process that has gone is the one to be told of: see launch
        finally:
            env.sim.close()
        ranks.leave(plan.ranks)
    return plan.folder


def _agent(plan: Plan, env: Any) -> Any:
    """The agent that trains, in the state that the plan goes on from."""
    agent = make_agent(
        plan.algo, plan.settings, env, seed=plan.own_seed, device=plan.device, among=plan.ranks
    )
    if plan.state is not None:
        checkpoint.restore(agent, plan.state)
    compile_model(agent, plan.settings)
    return agent


def _run(plan: Plan, env: Any, agent: Any, run: RunFolder, display: Display) -> None:
    """Train until the end, or until someone ends it."""
    state: Dict[str, Any] = plan.state["rewardlang"] if plan.state is not None else {}
    if state:
        plan.note_resume(run)
        logs.cut(run, agent.epoch_num, state["logs"])
    scalars = Scalars(run, epoch=agent.epoch_num, seconds=state.get("seconds", 0.0))
    with display, end_on_interrupt(patient=plan.ranks.count > 1) as wish:
        recorder = Recorder(
            agent,
            env,
            run,
            scalars,
            display,
            wish,
            bests=_earlier_bests(run, state),
            changed=state.get("changed"),
            max_minutes=plan.max_minutes,
            spec_hash=plan.program.hash,
            watched=state.get("watch"),
        )
        if not state:
            scalars.layout(recorder.terms)
        status = "failed"
        try:
            agent.train()
            recorder.between_epochs(agent.epoch_num)  # rl_games leaves after its last epoch by itself
        except TrainingOver:
            status = recorder.ended_by
        except Diverged:
            status = "diverged"
            raise
        except RuntimeError as error:
            status = "lost" if ranks.lost(error) else status
            raise
        except KeyboardInterrupt:  # a second Ctrl-C: without another checkpoint
            status = "interrupted"
        finally:
            summary = recorder.finish(status)
            display.close()
            _say_goodbye(run, display, summary)


def _earlier_bests(run: RunFolder, state: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The best so far by the checkpoint that is resumed, and by a best.pth saved after it."""
    found = [state["best"]] if state else []
    if state and run.best.is_file():
        found.append(checkpoint.read(run.best, "cpu")["rewardlang"]["best"])
    return found


def _title(plan: Plan) -> str:
    verb = "resuming" if plan.resumes else "training"
    why = f" ({plan.why})" if plan.why else ""
    count = plan.ranks.count
    times = f"{count} x {plan.num_envs}" if count > 1 else str(plan.num_envs)
    device = plan.device if count == 1 else plan.device.split(":")[0]
    where = f"{times} environments on {plan.sim}{why}, policy on {device}"
    settings = getattr(plan.task, plan.algo)
    beside = plan.resumes is not None or settings.parent == plan.task.path.parent
    note = (
        "" if beside else f"; no {settings.name} beside {plan.task.path.name}: the shipped humanoid's is used"
    )
    slow = why_not(plan.settings["config"]) if plan.settings["config"].get("cuda_graphs") else ""
    slow = f"; {slow} can't be CUDA graphs: rl_games' own loop trains" if slow else ""
    return f"{verb} {plan.folder}: {plan.task.name}, {plan.algo}, {where}{note}{slow}"


def _say_goodbye(run: RunFolder, display: Display, summary: Dict[str, Any]) -> None:
    """How it ended, and what to do with it."""
    if summary["status"] == "failed":
        display.say(
            f"rl_games' last output (all of it is in {run.log}):",
            *(f"  {line}" for line in tail(run.log, LOG_LINES)),
        )
    best = (
        f", best mean return {summary['best']['score']:.2f} in epoch {summary['best']['epoch']}"
        if summary["best"]
        else ""
    )
    more = f" --max-epochs {2 * summary['epoch']}" if summary["status"] == "max_epochs" else ""
    display.say(
        f"{ENDINGS[summary['status']]} after epoch {summary['epoch']}, {summary['frames']:,} steps, "
        f"{summary['seconds']:.0f} s{best}",
        f"to play it: rewardlang play {run.path}   to go on: rewardlang train --resume {run.path}{more}",
    )
