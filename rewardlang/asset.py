"""Where a robot's MJCF is: a path, or PACKAGE:PATH for a file that an installed Python package brings.

`mujoco_menagerie:ROBOT` or `mujoco_menagerie:ROBOT/ENTRY` asks that package, which downloads a robot on its first use
and keeps it; the environment variables MENAGERIE_ROOT and MENAGERIE_CACHE_DIR are its own. Nothing is imported for a path.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import Callable, Tuple

from rewardlang.marked_yaml import did_you_mean

PACKAGED = re.compile(r"([A-Za-z_]\w+):(?![\\/])(.+)")  # two letters at least: C:\robots is a path
MENAGERIE = "mujoco_menagerie"
OFFLINE = (
    "set MENAGERIE_ROOT to a folder with a copy of MuJoCo Menagerie, or run `mujoco-menagerie prefetch {robot}` "
    "where there is a network"
)

Complaint = Callable[[str], Exception]


def is_packaged(text: str) -> bool:
    """Whether `text` names a file of a Python package."""
    return PACKAGED.fullmatch(text) is not None


def find(text: str, folder: Path, complaint: Complaint) -> Path:
    """The MJCF that `text` names, a path relative to `folder` unless it is absolute or begins with `~`.

    Raises what `complaint` makes of the problem: no such file, package or robot, or a download that failed.
    """
    match = PACKAGED.fullmatch(text)
    if match is None:
        path = folder / os.path.expanduser(text)
        if not os.path.isfile(path):  # false for a name that no file can have, too
            raise complaint(f"no such file: {text!r}")
        return path
    package, inside = match.groups()
    return (_of_menagerie if package == MENAGERIE else _of_package)(package, inside, complaint)


def name_of(text: str) -> str:
    """What to call a robot whose file is `text`: Menagerie's name for it, else the file's."""
    package, _, inside = text.partition(":")
    return inside.split("/")[0] if package == MENAGERIE else Path(text).stem


def _of_package(package: str, inside: str, complaint: Complaint) -> Path:
    try:
        found = importlib.util.find_spec(package)  # looks for it, does not import it
        folders = [Path(folder) for folder in (found and found.submodule_search_locations) or ()]
        missing = found is None
    except (ValueError, ImportError):  # what was put into sys.modules by hand, as `__main__` is
        folders, missing = [], False
    if missing:
        raise complaint(f"the Python package {package!r} is not installed: pip install {package}")
    if not folders:
        raise complaint(f"{package!r} is no Python package with a folder of its own")
    for folder in folders:
        if os.path.isfile(folder / inside):
            return folder / inside
    beside = sorted(path.name for path in (folders[0] / inside).parent.glob("*.xml"))
    raise complaint(f"no file {inside!r} in {folders[0]}{did_you_mean(Path(inside).name, beside)}")


def _of_menagerie(package: str, inside: str, complaint: Complaint) -> Path:
    robot, entry = _robot_and_entry(inside)
    try:
        import mujoco_menagerie
    except ImportError:
        raise complaint(
            "the package mujoco-menagerie (Python 3.10 or newer) is not installed: pip install 'rewardlang[menagerie]'"
        ) from None
    try:
        return Path(mujoco_menagerie.get(robot).xml(entry or None))
    except LookupError as error:  # no such robot, or no such entry
        raise complaint(f"MuJoCo Menagerie: {error.args[0]}") from None
    except (mujoco_menagerie.MenagerieError, OSError) as error:
        raise complaint(f"cannot get {robot}: {error}; {OFFLINE.format(robot=robot)}") from None


def _robot_and_entry(inside: str) -> Tuple[str, str]:
    robot, _, entry = inside.partition("/")
    return robot, entry[:-4] if entry.endswith(".xml") else entry
