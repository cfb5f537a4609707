"""The wheel holds every task and every spec: data that setuptools is told of folder by folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = {"tasks": (".yaml", ".xml"), "reward_specs": (".reward",)}


def test_every_task_and_spec_is_in_it(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("rewardlang", *DATA):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, kinds in DATA.items():
        files = [path for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
        assert files
        missing = {str(path.relative_to(ROOT)) for path in files} - {
            name[len("rewardlang/_data/") :] for name in names
        }
        assert not missing, f"not in pyproject.toml: {missing}"
    assert not any(name.startswith(tuple(DATA)) for name in names)  # no stray top-level packages
