"""`check --probe`: what scripted behaviours are paid, and the lints measured on them, each on a wrong and on a sound spec."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import List, Optional

import pytest
import torch

import rewardlang
from rewardlang import cli
from rewardlang.rl.probe import Probe, probe

from .heavy import heavy

ROOT = Path(__file__).parents[2]
CARD = "forward_vel + {}*alive - 0.01*sum(torques^2) as effort"


def probed(text: str, task: Optional[rewardlang.Task] = None, name: str = "humanoid") -> Probe:
    task = task or rewardlang.load_task(name)
    return probe(rewardlang.compile(text, task, observations=True), task)


def codes(result: Probe) -> List[str]:
    return [finding.code for finding in result.findings]


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> rewardlang.Task:
    return rewardlang.load_task(heavy(tmp_path_factory.mktemp("tasks") / "humanoid"))


def test_the_one_line_reward_is_sound_on_the_small_robot() -> None:
    result = probed(CARD.format(1.0))
    assert codes(result) == []
    courses = result.courses
    assert courses["hold"].returns.mean() > courses["limp"].returns.mean() > courses["fall"].returns.mean()
    assert courses["fall"].failed.all() and courses["limp"].failed.all()


def test_dying_early_pays_on_a_robot_of_forty_kilograms(big: rewardlang.Task) -> None:
    """The break-even bonus is the one: a little more and the finding is gone."""
    result = probed(CARD.format(1.0), big)
    early = next(f for f in result.findings if f.code == "RW511")
    assert "`effort`" in early.message
    bonus, fine = (float(x) for x in re.findall(r"with (\S+) more.*`- (\S+) \* fallen`", early.help)[0])
    assert 5 < bonus < 20
    assert "RW511" not in codes(probed(CARD.format(1.0 + 1.1 * bonus), big))
    assert "RW511" not in codes(probed(CARD.format(1.0) + f" - {1.05 * fine} * fallen", big))


def test_a_pose_that_is_a_failure() -> None:
    result = probed("reward = alive + forward_vel\nterminate fallen when base_height < 0.8[m]")
    assert codes(result) == ["RW511"] and result.findings[0].message.endswith(
        "ends the episode within 1 step"
    )


WIDE = "gauss(norm(command_lin_vel - base_lin_vel.xy), {}[m/s])"
LINTS = [
    ("RW512", "humanoid_velocity", f"reward = {WIDE.format(1.5)} as track + 0.5 * alive"),
    ("", "humanoid_velocity", f"reward = {WIDE.format(0.25)} as track"),
    ("", "humanoid", "reward = alive + gauss(norm(base_lin_vel), 0.3) as still"),
    ("RW511 RW514", "humanoid", "reward = alive + forward_vel - 30 * sum(torques^2) as effort - 500 * fallen"),
    ("RW515", "humanoid", "reward = alive + gauss(forward_vel - 8, 0.5) as speed"),
    ("RW515", "humanoid", "reward = alive + gauss(base_lin_vel.y, 200) as straight"),
    ("", "humanoid", "reward = alive + gauss(forward_vel - 1, 0.5) as speed"),
    ("RW518", "humanoid", "reward = alive + forward_vel - 0.1 * sum(torques[\"left_*\"]^2) as effort"),
    ("RW518", "humanoid", "reward = alive + forward_vel - 0.2 * relu(base_lin_vel.y) as drift"),
    ("", "humanoid", "reward = alive + forward_vel - 0.1 * sum(abs(delta(actions))) as jerk + 0.1 * max(abs(dof_vel))"),
    ("", "humanoid", "reward = alive - 0.2 * relu(base_lin_vel.y) as drift  # allow RW518: to the right"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "task", "text"), LINTS, ids=[f"{c or 'sound'}-{i}" for i, (c, _, _) in enumerate(LINTS)])  # fmt: skip
def test_lints(code: str, task: str, text: str) -> None:
    assert sorted(set(codes(probed(text, name=task)))) == code.split()


@pytest.mark.parametrize(("rest", "found"), [
    ("total = max(reward, 0)", True), ("total = min(reward, 50)", True), ("total = reward + forward_vel", False),
    ("total = reward + 0.1 * forward_vel  # allow RW512: a start", False), ("reward fast = 0.001 * forward_vel", False),
])  # fmt: skip
def test_standing_still_under_a_total_and_without_bounds(rest: str, found: bool) -> None:
    """RW512 goes by what the total can be; where nothing bounds it, that is said."""
    text = f"reward = {WIDE.format(1.5)} as track + 0.5 * alive\n{rest}"
    result = probed(text, name="humanoid_velocity")
    assert ("RW512" in codes(result)) == found
    assert ("RW512" in result.to_dict()["unjudged"]) == ("forward_vel" in rest)
    if "fast" in rest:
        assert result.to_dict()["unjudged"].endswith("nothing bounds forward_vel")


def test_a_quantity_that_the_host_gives() -> None:
    task = rewardlang.load_task("humanoid")
    given = {"score": rewardlang.HostQuantity(range=(0, 1))}
    program = rewardlang.compile("reward = alive + score", task, observations=True, quantities=given)
    result = probe(program, task, host={"score": lambda env: torch.full((env.num_envs,), 0.25)})
    assert result.courses["hold"].per_step[1] == pytest.approx(0.25)


def test_a_simulator_that_there_is_not(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    spec = tmp_path / "a.reward"
    spec.write_text("reward = alive\n", encoding="utf-8")
    assert cli.main(["check", str(spec), "--probe", "--sim", "mujocco"]) == 2
    assert "no simulator 'mujocco'; did you mean 'mujoco'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "seen, said",
    [("contact_forces[feet].z", True), ("ema(contact_forces[feet].z, 0.1)", True), ("base_height", False)],
)
def test_what_a_simulator_cannot_tell_of_a_reset_state(seen: str, said: bool, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:  # fmt: skip
    """What observations show of it; operators start from the forces of the first physics step."""
    folder = shutil.copytree(ROOT / "tasks" / "humanoid", tmp_path / "humanoid")
    yaml = (folder / "task.yaml").read_text(encoding="utf-8")
    (folder / "task.yaml").write_text(
        yaml.replace("  - base_lin_vel * 2.0\n", f"  - {seen}\n"), encoding="utf-8"
    )
    spec = tmp_path / "a.reward"
    spec.write_text("reward = count(rising(contact_forces[feet].z > 1[N]))\n", encoding="utf-8")
    for sim in ("mujoco", "isaacgym"):
        assert cli.main(["check", str(spec), "--task", str(folder), "--sim", sim]) == 0
        assert ("no contact_forces" in capsys.readouterr().out) == (said and sim == "isaacgym")


def test_laws_about_returns() -> None:
    laws = "\nexpect return(hold) > return(limp)\nexpect return(fall) > 2 * return(hold)\n"
    result = probed("reward = " + CARD.format(1.0) + laws)
    assert [holds for _, holds in result.returns] == [True, False]
    assert [(f.code, f.severity, f.span.line) for f in result.findings] == [("RW520", "error", 3)]


def test_the_command(capsys: pytest.CaptureFixture) -> None:
    path = str(ROOT / "reward_specs" / "humanoid" / "tutorial.reward")
    assert cli.main(["check", path, "--probe"]) == 0
    shown = capsys.readouterr()
    assert re.search(r"^paid per step +hold +limp +random +fall +jitter$", shown.out, re.MULTILINE)
    assert re.search(r"^discounted return +\d+", shown.out, re.MULTILINE) and shown.err == ""
    assert cli.main(["check", path, "--probe", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)["probe"]
    assert set(data["behaviours"]["hold"]["terms"]) == {"forward_vel", "alive", "effort", "tilt"}
