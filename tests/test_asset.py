"""Where a robot's file is found, and what is said when it is not."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

from rewardlang import asset
from rewardlang.task import TaskError, load_task

FEATURES = Path(__file__).parent / "data" / "robots" / "features.xml"
XML = '<mujoco><worldbody><body><joint name="j"/></body></worldbody><actuator><motor joint="j" ctrlrange="-1 1"/></actuator></mujoco>'


def find(text, folder=Path()):
    return asset.find(text, folder, ValueError)


def test_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.xml").write_text(XML)
    for text in ("a.xml", "~/a.xml", str(tmp_path / "a.xml")):
        assert find(text, tmp_path) == tmp_path / "a.xml"
    for text in ("b.xml", "C:\\robots\\a.xml", "C:/robots/a.xml"):
        with pytest.raises(ValueError, match="no such file"):
            find(text, tmp_path)


def test_a_file_of_a_package_is_found_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "my_robots"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "models" / "one.xml").write_text(XML)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find("my_robots:models/one.xml") == package / "models" / "one.xml"
    assert load_task("my_robots:models/one.xml").name == "one"
    with pytest.raises(ValueError, match="no file 'models/oen.xml' in .*; did you mean 'one.xml'"):
        find("my_robots:models/oen.xml")
    with pytest.raises(ValueError, match="the Python package 'no_such_thing' is not installed"):
        find("no_such_thing:one.xml")
    for module in ("__main__", "this"):
        with pytest.raises(ValueError, match=f"'{module}' is no Python package with a folder"):
            find(f"{module}:one.xml")


def test_menagerie_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco_menagerie", None)
    with pytest.raises(ValueError, match=r"pip install 'rewardlang\[menagerie\]'"):
        find("mujoco_menagerie:unitree_g1")


@pytest.fixture
def menagerie(tmp_path, monkeypatch):
    """The package's interface with one robot, one that cannot be downloaded, and none else."""

    class MenagerieError(Exception):
        pass

    class UnknownRobotError(MenagerieError, LookupError):
        pass

    class Robot:
        def __init__(self, name):
            self.name = name

        def xml(self, entry=None):
            if self.name == "far":
                raise MenagerieError("no network")
            return tmp_path / f"{self.name}_{entry}.xml"

    def get(name):
        if name not in ("near", "far"):
            raise UnknownRobotError(f"Unknown robot {name!r}.")
        return Robot(name)

    monkeypatch.setitem(
        sys.modules, "mujoco_menagerie", types.SimpleNamespace(get=get, MenagerieError=MenagerieError)
    )


def test_menagerie(menagerie, tmp_path):
    assert find("mujoco_menagerie:near") == tmp_path / "near_None.xml"
    for text in ("near/mjx", "near/mjx.xml"):
        assert find(f"mujoco_menagerie:{text}") == tmp_path / "near_mjx.xml"
    (tmp_path / "near_mjx.xml").write_text(XML)
    assert load_task("mujoco_menagerie:near/mjx").name == "near"
    with pytest.raises(ValueError, match="Unknown robot 'nar'"):
        find("mujoco_menagerie:nar")
    with pytest.raises(ValueError, match="cannot get far: no network; set MENAGERIE_ROOT"):
        find("mujoco_menagerie:far")


def test_the_real_package_says_what_it_lacks(tmp_path, monkeypatch):
    pytest.importorskip("mujoco_menagerie")
    monkeypatch.setenv("MENAGERIE_ROOT", str(tmp_path))
    with pytest.raises(TaskError, match="cannot get unitree_g1: .*MENAGERIE_ROOT"):
        load_task("mujoco_menagerie:unitree_g1")
    with pytest.raises(TaskError, match="did you mean 'unitree_g1'|Did you mean"):
        load_task("mujoco_menagerie:unitree_g2")


def test_a_robot_by_path_imports_neither_mujoco_nor_torch_nor_menagerie():
    code = f"import sys; from rewardlang.task import load_task; load_task({str(FEATURES)!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "mujoco", "numpy", "mujoco_menagerie", "gymnasium"} & set(done.stdout.split())
