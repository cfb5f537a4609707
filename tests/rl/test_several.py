"""`rewardlang train --gpus 2`, on the CPU: two processes, one run folder, one display, and the logs of all environments."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, List

import pytest
import torch

from rewardlang.cli import main
from rewardlang.rl.launch import processes
from rewardlang.rl.scalars import read_csv

from .conftest import ROOT

ENVS, HORIZON, MINI_EPOCHS = 16, 24, 4


def rewardlang(*arguments: Any) -> str:
    command = [sys.executable, "-m", "rewardlang", "train", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=ROOT)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def test_two_processes_train_one_policy_and_go_on(task: Path, tmp_path: Path) -> None:
    spec = tmp_path / "short.reward"
    spec.write_text(
        "1.0*alive + 0.001*sum(dof_vel^2)\nterminate soon when episode_time >= 0.1[s]\nmetric reached = frames\n"
    )  # every fifth step, for all
    shown = rewardlang(spec, "--task", task, "--gpus", 2, "--device", "cpu", "--num-envs", ENVS, "--max-epochs", 2,
                       "--out", tmp_path, "--name", "a")  # fmt: skip
    assert shown.count("finished after epoch 2") == shown.count("training ") == 1
    run = tmp_path / "a"
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["a"]
    settings = (run / "ppo.yaml").read_text()
    (run / "ppo.yaml").write_text(settings.replace("cuda_graphs: false", "cuda_graphs: true"))
    shown = rewardlang(
        "--resume", run, "--max-epochs", 3
    )  # as many processes as before; the code of the graphs
    assert "resuming" in shown and "finished after epoch 3" in shown
    assert processes(None, run) == 2 and processes(3, run) == 3
    info = json.loads((run / "run.json").read_text())
    info["resumed"].append({"processes": 4})
    (run / "run.json").write_text(json.dumps(info))
    assert processes(None, run) == 4  # as it went on last
    rows = read_csv(run / "scalars.csv")
    steps = 2 * ENVS * HORIZON
    assert [row["frame"] for row in rows] == [0, steps, 2 * steps]
    assert [row["metrics/reached"] for row in rows] == [
        row["frame"] for row in rows
    ]  # each knows how far it is
    # both processes' episodes, of all that either had steps for
    assert [row["episodes"] for row in rows[:2]] == [2 * ENVS * 4, 2 * ENVS * 5]
    assert all(
        row["terms/alive"] == pytest.approx(0.8, abs=0.05) for row in rows
    )  # 0 on the step that ends it
    # The return that decides the best checkpoint is the mean over the episodes of both: in an epoch without earlier ones, those that ended.
    assert rows[0]["rewards/step"] == pytest.approx(rows[0]["ep_rew_mean"], rel=1e-5)
    state = torch.load(run / "nn" / "last.pth", weights_only=True)
    assert (state["epoch"], state["frame"]) == (3, 3 * steps)
    assert float(state["model"]["running_mean_std.count"]) == 1 + 3 * steps * MINI_EPOCHS  # samples of both


@pytest.mark.parametrize("options, message", [
    (["--gpus", "0"], "--gpus 0 must be at least 1"),
    (["--gpus", "2", "--algo", "sac", "--device", "cpu"], "--gpus 2: rl_games' sac trains in one process"),
    (["--gpus", "99"], "--gpus 99: torch"),
    (["--gpus", "2", "--device", "cpu", "--set", "typo=1"], "the spec has no param `typo`"),
    (["--gpus", "2", "--device", "cpu", "--num-envs", "0"], "--num-envs 0 must be at least 1"),
])  # fmt: skip
def test_bad_input_starts_no_process(
    spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture, options: list, message: str
) -> None:
    assert main(["train", str(spec), *options, "--out", str(tmp_path / "runs")]) == 2
    assert re.search(re.escape(message), capsys.readouterr().err)
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds processes by Linux's /proc")
def test_a_process_that_is_killed_is_named_and_takes_the_other_with_it(task: Path, tmp_path: Path) -> None:
    spec = tmp_path / "plain.reward"
    spec.write_text("1.0*alive\n")
    run = tmp_path / "k"
    command = [sys.executable, "-m", "rewardlang", "train", str(spec), "--task", str(task), "--gpus", "2", "--device", "cpu",
               "--num-envs", str(ENVS), "--out", str(tmp_path), "--name", "k"]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        until(lambda: (run / "summary.json").exists())
        others = children(process.pid)
        os.kill(others[1], signal.SIGKILL)
        shown, told = process.communicate(timeout=60)
    assert (
        told
        == f"error: process 1 was killed (SIGKILL); to go on from the last checkpoint: rewardlang train --resume {run}\n"
    )
    assert process.returncode == 1 and "stopped, since another process has gone" in shown
    assert not any(Path(f"/proc/{pid}").exists() for pid in others)


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


def children(pid: int) -> List[int]:
    """Those of a process, in the order in which they were started."""
    return sorted(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
