"""`rewardlang train --gpus N`: the same command in N processes, started and watched by torchrun."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, List, Optional, Tuple

from . import run_folder
from .plan import plan_of
from .ranks import Ranks, mine, on_cpu


def processes(asked: Optional[int], resume: Any) -> int:
    """How many processes to start: as asked for, by default those that trained the run which goes on; 1 if this is one of them."""
    if asked is not None and asked < 1:
        raise ValueError(f"--gpus {asked} must be at least 1")
    if mine().count > 1:
        return 1
    if asked is None and resume is not None:
        info = run_folder.open_run(resume).read_info()
        return [info, *info.get("resumed", [])][-1].get("processes", 1)
    return asked or 1


def launch(count: int, argv: List[str], spec: Any, **options: Any) -> int:
    """Train with the arguments `argv` of the command line in `count` processes: its exit code.

    Raises, before any process is started, what `train` would raise for the same options.
    """
    import torch
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main as torchrun

    device = options["device"]
    if device is None and options["resume"] is not None:
        device = run_folder.open_run(options["resume"]).read_info()["device"]
    if not on_cpu(device) and count > torch.cuda.device_count():
        raise ValueError(
            f"--gpus {count}: torch {torch.__version__} finds {torch.cuda.device_count()} GPUs here "
            f"(--device cpu trains in {count} processes on the CPU)"
        )
    plan = plan_of(spec, ranks=Ranks(0, 0, count), **options)
    # One folder, whatever the clocks say.
    name = [] if plan.resumes or options["name"] else ["--name", plan.folder.name]
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun would set it too, and say so
    logging.disable(logging.CRITICAL)  # torchrun's warnings: what a process dies of, it says itself
    try:
        torchrun(["--standalone", f"--nproc-per-node={count}", "-m", "rewardlang", *argv, *name])
    except (
        SignalException
    ):  # Ctrl-C: each process has got it, and the leading one has saved and said how to go on
        sys.stdout.flush()
        sys.stderr.flush()
        # Not an orderly exit: torchrun leaves its store open, which then aborts the process now and then.
        os._exit(0 if plan.folder.exists() else 130)
    except ChildFailedError as failed:
        code, what = _first(failed)
        further = plan.folder.exists()
        print(
            f"error: {what}"
            + (
                f"; to go on from the last checkpoint: rewardlang train --resume {plan.folder}"
                if further
                else ""
            ),
            file=sys.stderr,
        )
        return code
    return 0


def _first(failed: Any) -> Tuple[int, str]:
    """The exit code, and what has happened to the process that brought the others down: one that was killed can't say so itself."""
    killed = [one for one in failed.failures.items() if one[1].exitcode < 0]
    rank, failure = killed[0] if killed else failed.get_first_failure()
    if killed:
        return 1, f"process {rank} was killed ({failure.signal_name()})"
    return failure.exitcode, "a process has failed"
