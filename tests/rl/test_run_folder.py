"""Run folders: complete or not there at all, and a wrong argument is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewardlang.rl.run_folder import RunError, free_name, new_run, open_run, write_text

PARTS = dict(spec="a\n", original="a", source="# a\n", algo="ppo", settings="params: {}\n", info={"seed": 1})


@pytest.fixture
def task(tmp_path: Path) -> Path:
    folder = tmp_path / "task"
    (folder / "meshes").mkdir(parents=True)
    (folder / "task.yaml").write_text("name: a\n")
    (folder / "meshes" / "leg.stl").write_text("x")
    (folder / ".git").mkdir()
    return folder


def test_a_new_run_holds_what_it_was_made_from(tmp_path: Path, task: Path) -> None:
    run = new_run(tmp_path / "runs" / "a", task=task, **PARTS)
    files = sorted(str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file())
    assert files == [
        "original.reward",
        "ppo.yaml",
        "reward.py",
        "run.json",
        "spec.reward",
        "task/meshes/leg.stl",
        "task/task.yaml",
    ]
    assert open_run(run.path).read_info() == {"seed": 1}
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["a"]


def test_runs_inside_the_task_folder_are_not_copied(task: Path) -> None:
    first = new_run(task / "runs" / "a", task=task, **PARTS)
    second = new_run(task / "runs" / "b", task=task, **PARTS)
    assert not (first.task / "runs").exists() and not (second.task / "runs").exists()


def test_a_run_that_cannot_be_made_leaves_nothing(tmp_path: Path, task: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="can't be made"):
        new_run(tmp_path / "file" / "a", task=task, **PARTS)
    with pytest.raises(RunError, match="can't be made"):
        new_run(tmp_path / "runs" / "a", task=tmp_path / "absent", **PARTS)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a"])
def test_a_name_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="must be the name of a folder"):
        free_name(name, "walk", tmp_path)


def test_a_taken_name_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(RunError, match=f"--resume {tmp_path / 'a'}"):
        free_name("a", "walk", tmp_path)


def test_two_runs_in_one_second_get_two_names(tmp_path: Path) -> None:
    first = free_name(None, "walk", tmp_path)
    first.mkdir()
    assert free_name(None, "walk", tmp_path) != first


def test_what_is_no_run_is_told_apart(tmp_path: Path, task: Path) -> None:
    run = new_run(tmp_path / "runs" / "a", task=task, **PARTS)
    for path, message in [(tmp_path / "runs" / "b", f"there is no run folder .*there is {run.path}"), (run.info, "is a file"),
                          (tmp_path / "runs", f"has no run.json; there is {run.path}")]:  # fmt: skip
        with pytest.raises(RunError, match=message):
            open_run(path)
    with pytest.raises(RunError, match="no checkpoint yet"):
        run.checkpoint()
    run.info.write_text("{")
    with pytest.raises(RunError, match="can't be read"):
        open_run(run.path).read_info()


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_text(path, "1")
    write_text(path, "2")
    assert path.read_text() == "2" and [one.name for one in tmp_path.iterdir()] == ["a.json"]
