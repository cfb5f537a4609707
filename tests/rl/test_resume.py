"""A run that ended, however it ended, goes on where its last checkpoint was."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import pickle
import signal
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from rewardlang.rl import checkpoint
from rewardlang.rl.run_folder import RunError
from rewardlang.rl.scalars import read_csv
from rewardlang.rl.train import train

from .endless import endless
from .test_train import events

INTERVAL = 4  # save_frequency in conftest


FRESH = multiprocessing.get_context("forkserver")  # a new process for each run, the libraries imported once
FRESH.set_forkserver_preload([endless.__module__, "rewardlang.sim.mujoco"])


def wait_for_epoch(run: Path, epoch: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (run / "scalars.csv").exists() and len(read_csv(run / "scalars.csv")) >= epoch:
            return
        time.sleep(0.05)
    raise AssertionError(f"epoch {epoch} did not come")


def check_continuous(run: Path, last: int) -> None:
    """Every epoch once, in order, in the CSV and in the events."""
    assert [row["epoch"] for row in read_csv(run / "scalars.csv")] == list(range(1, last + 1))
    for tag, points in events(run).items():
        steps = [step for step, _ in points]
        assert steps == sorted(steps), tag
        if not tag.endswith("/time"):
            assert len(set(steps)) == len(steps), tag
    assert len(events(run)["reward/total"]) == last


@pytest.mark.parametrize(
    "how, epoch", [(signal.SIGKILL, 1), (signal.SIGKILL, 6), (signal.SIGINT, 6), (signal.SIGTERM, 1)]
)
def test_a_run_that_was_stopped_goes_on(
    spec: Path, task: Path, tmp_path: Path, how: signal.Signals, epoch: int
) -> None:
    run = tmp_path / "a"
    process = FRESH.Process(target=endless, args=(spec, task, tmp_path), daemon=True)
    process.start()
    try:
        wait_for_epoch(run, epoch)
        if how == signal.SIGINT:
            with pytest.raises(RunError, match="is being trained by another process"):
                train(resume=run, max_minutes=0.01)
        os.kill(process.pid, how)
        process.join(60)
    finally:
        process.kill()
    shown = (tmp_path / "shown.txt").read_text(encoding="utf-8")
    reached = int(read_csv(run / "scalars.csv")[-1]["epoch"])
    saved = torch.load(run / "nn" / "last.pth", weights_only=True)["epoch"]
    if how == signal.SIGKILL:
        assert 0 <= reached - saved <= INTERVAL
    else:
        assert process.exitcode == 0 and saved == reached
        assert (
            f"rewardlang play {run}" in shown.splitlines()[-1]
            and f"rewardlang train --resume {run}" in shown.splitlines()[-1]
        )
        assert json.loads((run / "summary.json").read_text())["status"] == "interrupted"
    (run / "nn" / ".best.pth.part").write_bytes(b"half")  # as a kill in the middle of a save leaves it
    train(resume=run, max_epochs=saved + 3)
    check_continuous(run, saved + 3)
    assert sorted(path.name for path in (run / "nn").iterdir()) == ["best.pth", "last.pth"]


def test_the_whole_state_goes_on(copied: Path) -> None:
    before = checkpoint.read(copied / "nn" / "last.pth", "cpu")
    train(resume=copied, max_epochs=7)
    after = checkpoint.read(copied / "nn" / "last.pth", "cpu")
    check_continuous(copied, 7)
    assert (after["epoch"], after["frame"]) == (7, 7 * 16 * 24)
    steps = [int(state["optimizer"]["state"][0]["step"]) for state in (before, after)]
    assert steps[1] == steps[0] / 6 * 7  # Adam's own count
    counts = [float(state["model"]["running_mean_std.count"]) for state in (before, after)]
    assert counts[1] == 1 + (counts[0] - 1) / 6 * 7  # samples the normaliser has seen


def test_the_learning_rate_goes_on(copied: Path) -> None:
    path = copied / "nn" / "last.pth"
    state = torch.load(path, weights_only=True)
    assert state["schedule"]["last_lr"] == read_csv(copied / "scalars.csv")[-1]["info/last_lr"]
    state["schedule"]["last_lr"] = 1e-5  # where KL has driven it, far from the 1e-3 of the start
    torch.save(state, path)
    train(resume=copied, max_epochs=7)
    # 4 mini-epochs
    assert 0.99e-5 / 1.5**4 < read_csv(copied / "scalars.csv")[-1]["info/last_lr"] < 1.01e-5 * 1.5**4


def test_a_new_limit_is_kept(copied: Path) -> None:
    train(resume=copied, max_epochs=9, max_minutes=0.0001)
    train(resume=copied)
    check_continuous(copied, 9)
    assert [one["epoch"] for one in json.loads((copied / "run.json").read_text())["resumed"]] == [6, 7]


def test_a_worse_policy_never_replaces_the_best(copied: Path) -> None:
    state = torch.load(copied / "nn" / "best.pth", weights_only=True)
    state["rewardlang"]["best"].update(score=1e9, epoch=5)  # after last.pth was saved; then a kill
    torch.save(state, copied / "nn" / "best.pth")
    before = (copied / "nn" / "best.pth").read_bytes()
    train(resume=copied, max_epochs=9)
    assert (copied / "nn" / "best.pth").read_bytes() == before
    assert json.loads((copied / "summary.json").read_text())["best"] == {"score": 1e9, "epoch": 5}


def test_the_score_does_not_start_anew(copied: Path) -> None:
    """The first episodes to end after a resume are the short ones; alone they would be a lucky or unlucky
    mean.
    """
    before = checkpoint.read(copied / "nn" / "last.pth", "cpu")["rewardlang"]["meters"]["game_rewards"]
    train(resume=copied, max_epochs=7)
    after = checkpoint.read(copied / "nn" / "last.pth", "cpu")["rewardlang"]["meters"]["game_rewards"]
    assert after["size"] >= before["size"] > 0


def test_a_checkpoint_from_a_gpu_loads_on_a_cpu(copied: Path) -> None:
    path = copied / "nn" / "last.pth"
    told = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(told, "w") as new:
        for name in old.namelist():  # the same file, its storages marked as a GPU's
            data = old.read(name)
            if name.endswith("data.pkl"):
                assert b"X\x03\x00\x00\x00cpu" in data
                data = data.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
            new.writestr(name, data)
    path.write_bytes(told.getvalue())
    if not torch.cuda.is_available():
        with pytest.raises((RuntimeError, pickle.UnpicklingError), match="CUDA"):  # torch 2.4: the second
            torch.load(path, weights_only=True)
    assert checkpoint.read(path, "cpu")["epoch"] == 6
    train(resume=copied, max_epochs=7)


@pytest.mark.parametrize("options, message", [
    ({}, "has trained 6 epochs, and 6 are asked for"),
    ({"max_epochs": 6}, "has trained 6 epochs, and 6 are asked for"),
    ({"max_epochs": 9, "seed": 2}, "was started with seed 1, not 2"),
    ({"max_epochs": 9, "num_envs": 8}, "was started with num_envs 16, not 8"),
    ({"max_epochs": 9, "algo": "sac"}, "was started with algo ppo, not sac"),
    ({"max_epochs": 9, "name": "b"}, "--name b can't be given with --resume"),
])  # fmt: skip
def test_what_cannot_go_on_says_why(trained: Path, options: Any, message: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    with pytest.raises(RunError, match=message):
        train(resume=trained, **options)
    assert {path: path.stat().st_mtime_ns for path in trained.rglob("*")} == before


def test_another_spec_does_not_go_on(trained: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.reward"
    other.write_text("alive\n")
    with pytest.raises(RunError, match="is not the spec of"):
        train(other, resume=trained, max_epochs=9)


@pytest.mark.parametrize("data", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_one_clear_error(copied: Path, data: bytes) -> None:
    (copied / "nn" / "last.pth").write_bytes(data)
    with pytest.raises(RunError, match="is not a checkpoint"):
        train(resume=copied, max_epochs=9)
