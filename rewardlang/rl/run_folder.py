"""The folder of a run: all that is needed to read, play and resume it, without the files it was started from.

spec.reward     the spec, canonical text      original.reward  as it was written
reward.py       the torch source it became    run.json         seed, hash, versions, git revision, command
task/           the whole task folder         ppo.yaml         the settings as used (sac.yaml for SAC)
nn/last.pth     the newest checkpoint         nn/best.pth      the one with the best mean return
summaries/      TensorBoard                   scalars.csv      every scalar, one row an epoch
summary.json    how it stands                 train.log        what rl_games printed
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any, Dict, Optional, Union

from rewardlang import marked_yaml

try:
    import fcntl
except ImportError:  # Windows: there a run that is resumed twice at once is not noticed
    fcntl = None  # type: ignore[assignment]

YAML = (".yaml", ".yml")
PACKAGES = ("rewardlang", "torch", "triton", "rl-games", "numpy", "mujoco", "mujoco-warp", "warp-lang", "tensorboardX")  # fmt: skip


class RunError(ValueError):
    """A run folder that can't be made, read or continued."""


class RunFolder:
    """The paths of one run. Made by `new_run`, found by `open_run`."""

    def __init__(self, path: Path):
        self.path = path
        self.spec = path / "spec.reward"
        self.original = path / "original.reward"
        self.source = path / "reward.py"
        self.task = path / "task"
        self.info = path / "run.json"
        self.nn = path / "nn"
        self.last = self.nn / "last.pth"
        self.best = self.nn / "best.pth"
        self.summaries = path / "summaries"
        self.scalars = path / "scalars.csv"
        self.summary = path / "summary.json"
        self.log = path / "train.log"

    def settings(self, algo: str) -> Path:
        """The settings as used: ppo.yaml or sac.yaml."""
        return self.path / f"{algo}.yaml"

    def read_info(self) -> Dict[str, Any]:
        """run.json."""
        return _read_json(self.info)

    def write_info(self, info: Dict[str, Any]) -> None:
        write_text(self.info, json.dumps(info, indent=2) + "\n")

    def write_summary(self, summary: Dict[str, Any]) -> None:
        write_text(self.summary, json.dumps(summary, indent=2) + "\n")

    def lock(self) -> IO[str]:
        """A file that says, as long as it is open, that this process trains the run. A kill closes it too.

        Raises RunError if another process does.
        """
        file = open(self.path / ".lock", "w", encoding="utf-8")
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise RunError(f"{self.path} is being trained by another process") from None
        return file

    def sweep(self) -> None:
        """Remove what a kill has left half-written."""
        for part in (*self.path.glob(".*.part"), *self.nn.glob(".*.part")):
            part.unlink()

    def checkpoint(self, which: Optional[str] = None) -> Path:
        """The checkpoint to play: "best", "last" or a path; by default the best, else the last.

        Raises RunError if there is none.
        """
        if which in (None, "best", "last"):
            candidates = {"best": [self.best], "last": [self.last], None: [self.best, self.last]}[which]
        else:
            candidates = [Path(which)]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        raise RunError(
            f"{self.path} has no checkpoint {which}"
            if which
            else f"{self.path} has no checkpoint yet: the first is saved after the epochs of `save_frequency`"
        )


def free_name(name: Optional[str], stem: str, out: Path) -> Path:
    """The path of a folder that does not exist yet: `out`/`name`, by default the spec's name and the time.

    Raises RunError if a folder of the given name exists or can't be made.
    """
    if name is not None:
        if not name or Path(name).name != name or name in (".", ".."):
            raise RunError(f"--name {name!r} must be the name of a folder, without a path (--out says where)")
        if (out / name).exists():
            raise RunError(
                f"{out / name} exists: choose another --name, or continue it with --resume {out / name}"
            )
        return out / name
    stamp = f"{stem}_{time.strftime('%Y-%m-%d_%H-%M-%S')}"
    candidates = [stamp] + [f"{stamp}_{i}" for i in range(2, 100)]
    return next(out / candidate for candidate in candidates if not (out / candidate).exists())


def new_run(
    path: Path,
    *,
    spec: str,
    original: str,
    source: str,
    task: Path,
    algo: str,
    settings: str,
    info: Dict[str, Any],
    robot: Union[Path, str, None] = None,
) -> RunFolder:
    """The folder at `path`, filled with what is known before training.

    `task` is a task's folder, or the file of one that has none: a YAML, or what `robot` says in place of it. `robot` is the
    MJCF, to be brought along; text such as `mujoco_menagerie:unitree_g1` stays as it is.
    It is built under another name and renamed, so a folder of that name is always complete.
    """
    parts = path.with_name(f".{path.name}.{os.getpid()}")
    run = RunFolder(parts)
    try:
        for folder in (run.nn, run.summaries):
            folder.mkdir(parents=True)
        run.spec.write_text(spec, encoding="utf-8")
        run.original.write_text(original, encoding="utf-8")
        run.source.write_text(source, encoding="utf-8")
        run.settings(algo).write_text(settings, encoding="utf-8")
        _bring_task(task, robot, run.task, path.parent)
        run.write_info(info)
        os.rename(parts, path)
    except OSError as error:
        shutil.rmtree(parts, ignore_errors=True)
        raise RunError(f"the run folder {path} can't be made: {error.strerror or error}") from None
    except BaseException:
        shutil.rmtree(parts, ignore_errors=True)
        raise
    return RunFolder(path)


def open_run(path: Any) -> RunFolder:
    """The folder of an earlier run. Raises RunError, saying what it is instead, if it is none."""
    path = Path(path)
    if not path.exists():
        raise RunError(f"there is no run folder {path}{_runs_nearby(path)}")
    if not path.is_dir():
        raise RunError(f"{path} is a file; a run is the folder that `rewardlang train` names")
    run = RunFolder(path)
    if not run.info.is_file():
        raise RunError(f"{path} is not a run folder: it has no run.json{_runs_nearby(path)}")
    return run


def versions() -> Dict[str, str]:
    """{package: version} of Python and what a result depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_revision(file: Path) -> Optional[str]:
    """The revision of the git checkout that tracks `file`, with a "+" if anything in it was changed; or None."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(file.resolve().parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", file.name)
        return git("rev-parse", "HEAD") + (
            "+" if git("status", "--porcelain", "--untracked-files=no") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: a reader, or a kill, never meets half of it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _bring_task(task: Path, robot: Union[Path, str, None], copy: Path, out: Path) -> None:
    """The task in the run's folder: its own folder copied whole, or its one file as task.yaml."""
    if task.is_dir() or not task.exists():
        shutil.copytree(task, copy, ignore=_not_of_the_task(out))
    else:
        copy.mkdir()
        alone = f"name: {json.dumps(task.stem)}\nasset:\n  file: {json.dumps(str(robot))}\n"
        text = task.read_text(encoding="utf-8") if task.suffix in YAML else alone
        (copy / "task.yaml").write_text(text, encoding="utf-8")
    if isinstance(robot, Path):
        _bring_robot(task if task.is_dir() else copy, robot, copy)


def _bring_robot(task: Path, robot: Path, copy: Path) -> None:
    """Make the copied task.yaml find its robot if that lies outside the task's folder: its MJCF is copied too, unless it
    needs files beside it (meshes, includes), which are then read from where they are.
    """
    robot = robot.resolve()
    if task.resolve() in robot.parents:
        return
    text = robot.read_text(encoding="utf-8")
    place = str(robot)
    if not re.search(r"\bfile\s*=", text):
        place = robot.name
        (copy / place).write_text(text, encoding="utf-8")
    yaml = copy / "task.yaml"
    node = marked_yaml.read(yaml).entries()["asset"].entries()["file"].node
    lines = yaml.read_text(encoding="utf-8").splitlines(keepends=True)
    line, begin, end = node.start_mark.line, node.start_mark.column, node.end_mark.column
    lines[line] = lines[line][:begin] + json.dumps(place) + lines[line][end:]
    yaml.write_text("".join(lines), encoding="utf-8")


def _not_of_the_task(out: Path) -> Any:
    """What copytree leaves out: hidden files, caches, and runs kept inside the task's own folder."""

    def ignored(folder: str, names: list) -> list:
        return [
            name
            for name in names
            if name.startswith(".")
            or name == "__pycache__"
            or (Path(folder) / name).resolve() == out.resolve()
            or (Path(folder) / name / "run.json").exists()
        ]

    return ignored


def _read_json(path: Path) -> Dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} can't be read: {error}") from None


def _runs_nearby(path: Path) -> str:
    """The newest runs around a path, as the end of a message."""
    folder = path if path.is_dir() else path.parent
    runs = sorted(folder.glob("*/run.json"), key=lambda info: info.stat().st_mtime, reverse=True)
    return f"; there is {', '.join(str(info.parent) for info in runs[:3])}" if runs else ""
