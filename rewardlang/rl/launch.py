"""`rewardlang train --gpus N`: the same command in N processes, started and watched by torchrun."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, List, Optional

from . import run_folder
from .plan import plan_of
from .ranks import Ranks, mine


def processes(asked: Optional[int], resume: Any) -> int:
    """How many processes to start: as asked for, by default those that trained the run which goes on; 1 if this is one of them."""
    if asked is not None and asked < 1:
        raise ValueError(f"--gpus {asked} must be at least 1")
    if mine().count > 1:
        return 1
    if asked is None and resume is not None:
        return run_folder.open_run(resume).read_info().get("processes", 1)
    return asked or 1


def launch(count: int, argv: List[str], spec: Any, **options: Any) -> int:
    """Train with the arguments `argv` of the command line in `count` processes: its exit code.

    Raises, before any process is started, what `train` would raise for the same options.
    """
    import torch
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main as torchrun

    first = Ranks(0, 0, count)
    plan = plan_of(spec, ranks=first, **options)
    if plan.device != "cpu" and count > torch.cuda.device_count():
        raise ValueError(
            f"--gpus {count}: torch finds {torch.cuda.device_count()} here "
            f"(--device cpu trains in {count} processes on the CPU)"
        )
    name = [] if plan.resumes else ["--name", plan.folder.name]  # one folder, whatever the clocks say
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun would set it too, and say so
    logging.disable(logging.CRITICAL)  # torchrun's warnings: what a process dies of, it says itself
    try:
        torchrun(["--standalone", f"--nproc-per-node={count}", "-m", "rewardlang", *argv, *name])
    except (
        SignalException
    ):  # Ctrl-C: each process has got it, and the leading one has saved and said how to go on
        return 0
    except ChildFailedError as failed:
        code = next(iter(failed.failures.values())).exitcode
        if plan.folder.exists():
            print(
                f"a process has failed; to go on from the last checkpoint: rewardlang train --resume {plan.folder}",
                file=sys.stderr,
            )
        return code if code > 0 else 1
    return 0
