"""What is written down of Isaac Gym's API: our stub, the published one, and the double say the same."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict

import gym_double
import pytest

ROOT = Path(__file__).parents[2]
# where the published stub has no parameters (`*args, **kwargs`), though its text has
CORRECTED = {"get_actor_dof_properties": ["self", "arg0", "arg1"], "acquire_gym": []}
# what the binary may return beside: failures print, and return None
MAY_BE_NONE = {"create_sim", "create_viewer", "load_asset"}


def parameters(function: ast.FunctionDef) -> list:
    assert not function.args.posonlyargs and not function.args.kwonlyargs
    return [argument.arg for argument in function.args.args]


def read(text: str) -> Dict[str, dict]:
    """{class, or "": {name: parameters of a function, or the annotation of a field}}"""
    found: Dict[str, dict] = {"": {}}
    lines = text.splitlines()
    said = lambda node: lines[node.lineno - 1][node.col_offset : node.end_col_offset]
    for node in ast.parse(text).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        own = found.setdefault(node.name if isinstance(node, ast.ClassDef) else "", {})
        for member in members:
            if isinstance(member, ast.FunctionDef):
                own[member.name] = parameters(member), said(member.returns)
            elif isinstance(member, ast.AnnAssign):
                own[member.target.id] = said(member.annotation)
    return found


@pytest.fixture(scope="module")
def ours():
    return read((ROOT / "typings" / "isaacgym" / "gymapi.pyi").read_text(encoding="utf-8"))


def test_our_stub_is_the_published_one(ours):
    try:
        files = importlib.metadata.files("isaacgym-stubs") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("isaacgym-stubs is not installed")
    text = next(file for file in files if file.name == "gymapi.pyi").locate().read_text(encoding="utf-8")
    theirs = read(text.replace("def lambda(", "def lambda_("))  # it is no Python
    for kind, members in ours.items():
        assert kind in theirs
        for name, said in members.items():
            where = f"{kind}.{name}"
            assert name in theirs[kind], where
            if isinstance(said, str):
                assert said == theirs[kind][name], where
            elif name in CORRECTED:
                assert said[0] == CORRECTED[name] and theirs[kind][name][0] in ([], ["self"]), where
            else:
                assert said[0] == theirs[kind][name][0], where
                result = (
                    f"Optional[{theirs[kind][name][1]}]" if name in MAY_BE_NONE else theirs[kind][name][1]
                )
                assert said[1] in (result, "SimParams"), where  # get_sim_params: object


def test_the_double_has_what_the_stub_has(ours, monkeypatch):
    gym_double.use(monkeypatch)
    from isaacgym import gymapi, gymtorch

    for kind, members in ours.items():
        home = getattr(gymapi, kind) if kind else gymapi
        for name, said in members.items():
            if isinstance(said, tuple):
                found = list(inspect.signature(getattr(home, name)).parameters)
                assert found == said[0] or name in ("__init__", "__int__"), f"{kind}.{name}"
            elif kind:
                assert name in home.FIELDS, f"{kind}.{name}"
            else:
                assert hasattr(home, name), name
    torch_side = read((ROOT / "typings" / "isaacgym" / "gymtorch.pyi").read_text(encoding="utf-8"))[""]
    for name, said in torch_side.items():
        assert list(inspect.signature(getattr(gymtorch, name)).parameters) == said[0]


def test_all_of_the_stub_is_used(ours):
    """So it stays as small as the adapter and doctor's probes, which name some calls in two parts."""
    package = ROOT / "rewardlang"
    files = [*(package / "sim").glob("isaacgym*.py"), *(package / "doctor" / "probes").glob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    for kind, members in ours.items():
        fields = [name for name in members if not name.startswith("__")]
        for name in fields:
            assert name in text, f"{kind}.{name}"


WRONG = """
from isaacgym import gymapi, gymtorch

gym = gymapi.acquire_gym()
sim = gym.create_sim(0, -1, gymapi.SIM_PHYSX, gymapi.SimParams())
gym.simulate(sim)  # wrong: it may be None
assert sim is not None
gym.simulate(sim)
gym.refresh_dof_state_tensor()  # wrong: no simulation
gymapi.SimParams().physx.solver = 1  # wrong: no such field
gym.set_dof_state_tensor_indexed(sim, gymtorch.wrap_tensor(gym.acquire_dof_state_tensor(sim)), 0, 1)  # wrong: not a gym's tensor
"""
CHECKED = ["rewardlang/sim/isaacgym.py", "rewardlang/sim/isaacgym_scene.py", "rewardlang/sim/isaacgym_audit.py",
           "rewardlang/sim/isaacgym_import.py", "rewardlang/doctor/probes", "typings"]  # fmt: skip


def test_mypy_finds_mistakes_by_our_stub(tmp_path):
    """That the adapter has none is what `make check` sees."""
    pytest.importorskip("mypy")
    (tmp_path / "wrong.py").write_text(WRONG)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        os.devnull,
        "--ignore-missing-imports",
        "--cache-dir",
        str(tmp_path),
        "wrong.py",
    ]
    path = {**os.environ, "MYPYPATH": str(ROOT / "typings")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=path)
    assert lines_of(done.stdout) == WRONG_LINES, done.stdout + done.stderr


def test_pyright_finds_mistakes_by_our_stub_and_none_in_the_adapter(tmp_path):
    if shutil.which("pyright") is None:
        pytest.skip("pyright is not on the path: pip install pyright")
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "repository").symlink_to(ROOT)
    settings = {"include": ["wrong.py", *(f"repository/{name}" for name in CHECKED)], "stubPath": "repository/typings",
                "extraPaths": ["repository"], "pythonVersion": "3.8", "reportMissingModuleSource": False}  # fmt: skip
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = ["pyright", "--project", str(tmp_path), "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True)
    errors = [line for line in done.stdout.splitlines() if " - error: " in line]
    assert lines_of("\n".join(errors)) == WRONG_LINES, done.stdout + done.stderr
    assert all("wrong.py:" in line for line in errors), done.stdout


WRONG_LINES = {i for i, line in enumerate(WRONG.splitlines(), 1) if "# wrong" in line}


def lines_of(said: str) -> set:
    return {int(line) for line in re.findall(r"wrong\.py:(\d+).*error", said)}
