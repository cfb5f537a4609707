"""docs/tasks.md: its files make tasks, its reward compiles, its robot stands on the floor, its examples are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rewardlang
from rewardlang import anatomy, asset
from rewardlang.task import TaskError, load_task

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "examples" / "robots").glob("*.yaml"))
FEATURES = ROOT / "tests" / "data" / "robots" / "features.xml"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def page(tmp_path):
    """The page's files in a folder; a robot that is not on this machine is replaced by one of the tests'."""
    (tmp_path / "robot.xml").write_text(blocks("xml")[0], encoding="utf-8")
    for text in blocks("yaml"):
        name = re.match(r"# (\S+)", text).group(1)
        text = re.sub(r'"mujoco_menagerie:.*?"', str(FEATURES), text)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_files_make_tasks(page):
    assert load_task(page / "go1.yaml").name == "go1"
    task = load_task(page / "task.yaml")
    program = rewardlang.compile(blocks("reward")[0].strip() + " - 0.2 * lean", task, observations=True)
    assert len(program.table()) == 3
    inferred = load_task(page / "robot.xml")
    for key in ("groups", "pairs"):  # what the page writes is what would be inferred
        assert {name: getattr(inferred, key)[name] for name in getattr(task, key)} == getattr(task, key)


def test_the_robot_starts_on_the_floor(page):
    pytest.importorskip("mujoco")
    from rewardlang.sim import make_sim

    for name in ("task.yaml", "robot.xml"):
        sim = make_sim("mujoco", load_task(page / name), 1)
        assert sim.body_states[0, :, 2].min() < 0.4


def test_every_inferred_group_is_listed():
    names = {*anatomy.ENDS, *anatomy.BODY_GROUPS, *anatomy.JOINT_GROUPS, "legs"}
    row = next(line for line in PAGE.splitlines() if line.startswith("| `groups`"))
    assert set(" ".join(re.findall(r"`(.*?)`", row)[1:]).split()) == names


def test_five_robots_of_menagerie_are_there():
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path):
    """Nothing but a name and a file; compiled where the robot is on this machine."""
    lines = [line.split(":")[0] for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines == ["name", "asset"]
    menagerie = pytest.importorskip("mujoco_menagerie")
    text = re.search(r'"(.*)"', path.read_text()).group(1)
    robot, entry = asset._robot_and_entry(text.partition(":")[2])
    menagerie.get(robot).entry(entry or None)  # the package knows it
    cache = menagerie.Cache()
    if not (cache.root or cache.is_cached(menagerie.get(robot))):
        pytest.skip(
            f"{robot} is not on this machine: set MENAGERIE_ROOT, or `mujoco-menagerie prefetch {robot}`"
        )
    try:
        task = load_task(path)
    except TaskError as error:
        pytest.skip(str(error))
    assert task.groups["feet"] and task.pairs["joints"] and task.pairs["bodies"]
    spec = rewardlang.load(path.parent / "forward.reward")
    rewardlang.compile(spec, task, observations=True)


def test_the_spec_for_all_robots_compiles_for_the_shipped_one():
    rewardlang.compile(rewardlang.load(ROOT / "examples" / "robots" / "forward.reward"), "humanoid")
