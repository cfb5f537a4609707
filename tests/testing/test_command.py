"""`rewardlang test` from the command line: lines, exit codes, JSON, JUnit, snippets; and `assert_law` from Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import shipped
from hypothesis import given, settings

import rewardlang
from rewardlang.cli import main
from rewardlang.testing import LAWS, LawBroken, assert_law, episodes, states
from rewardlang.testing.draws import draw
from rewardlang.testing.episode import episode
from rewardlang.testing.space import TIED
from rewardlang.testing.strategies import space_of

ROOT = Path(__file__).parents[2]
SHIPPED = shipped.SPECS
BROKEN = "task humanoid\nreward = forward_vel\n  - 0.1 / sum(abs(torques)) as thrift\n  + 0.3 * sqrt(base_height - 0.3) as tall\n"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.reward"
    path.write_text(BROKEN, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_specs_keep_the_laws(path: Path, capsys: Any) -> None:
    assert main(["test", str(path), "-q", "--max-examples", "16"]) == 0, capsys.readouterr().out
    assert "FAIL" not in capsys.readouterr().out


def test_a_line_per_law_and_term(capsys: Any) -> None:
    assert (
        main(
            [
                "test",
                str(SHIPPED[0]),
                "--law",
                "finite",
                "--law",
                "range",
                "--max-examples",
                "4",
                "--seed",
                "5",
            ]
        )
        == 0
    )
    head, *lines, last = capsys.readouterr().out.splitlines()
    assert "seed 5" in head and last.startswith("1 file: ") and " passed" in last
    terms = [t.name for t in rewardlang.compile(rewardlang.load(SHIPPED[0])).terms]
    assert [line.split()[1:3] for line in lines] == [["finite", t] for t in [*terms, "(total)"]] + [
        ["range", t] for t in terms
    ]


def test_a_broken_law_is_shown_with_a_case_that_fails(
    broken: Path, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["test", str(broken), "--law", "finite", "--junit", str(tmp_path / "out.xml")]) == 1
    out = capsys.readouterr().out
    assert "FAIL  finite       thrift" in out and "FAIL  finite       tall" in out
    assert "broken.reward:4: sqrt(base_height - 0.3)" in out
    case = out.split("finite tall")[1]
    assert "step 1: root_pos.z = " in case and "dof_vel" not in case
    snippet = "\n".join(
        line[4:] for line in case.split("in Python:\n")[1].splitlines() if line.startswith("    ")
    )
    monkeypatch.chdir(broken.parent)
    with pytest.raises(LawBroken, match="^tall: its value is nan"):
        exec(snippet, {})

    suite = ElementTree.parse(str(tmp_path / "out.xml")).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "0")
    failed = {c.get("name"): c[0].text for c in suite if len(c) and c[0].tag == "failure"}
    assert set(failed) == {"finite[thrift]", "finite[tall]"} and "assert_law(" in str(failed["finite[tall]"])


def test_json(broken: Path, capsys: Any) -> None:
    assert main(["test", str(broken), "--law", "finite", "--format", "json", "--max-examples", "8"]) == 1
    found = json.loads(capsys.readouterr().out)
    rows = {r["part"]: r for r in found["files"][0]["results"]}
    assert not found["ok"] and rows["forward_vel"]["outcome"] == "pass" and rows["tall"]["outcome"] == "fail"
    assert rows["tall"]["case"]["snippet"].startswith("from rewardlang.testing import assert_law")


def test_a_folder(broken: Path, capsys: Any) -> None:
    (broken.parent / "library.reward").write_text("tilt = sum(projected_gravity.xy^2)\n", encoding="utf-8")
    (broken.parent / "wrong.reward").write_text("reward = forward_val\n", encoding="utf-8")
    assert main(["test", str(broken.parent), "-q", "--law", "fmt"]) == 2
    out, err = capsys.readouterr()
    assert "library.reward: SKIP" in out and "PASS  fmt" in out and "1 unusable" in out
    assert "did you mean `forward_vel`" in err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.reward"], "no such file or folder: nowhere.reward"),
        ([str(SHIPPED[0]), "--law", "finit"], "there is no law `finit`; did you mean `finite`?"),
        ([str(SHIPPED[0]), "--max-examples", "0"], "--max-examples must be at least 1"),
        ([str(ROOT / "rewardlang")], "there is no .reward file in"),
        ([str(SHIPPED[0]), "--set", "nothing=1"], "has no param `nothing`"),
    ],
)
def test_bad_input(arguments: list, message: str, capsys: Any) -> None:
    assert main(["test", *arguments]) == 2
    assert message in capsys.readouterr().err


# from Python


def test_assert_law() -> None:
    assert_law("finite", "reward = forward_vel", max_examples=8)
    with pytest.raises(LawBroken) as problem:
        assert_law("finite", BROKEN, part="tall", max_examples=8)
    assert "root_pos.z" in str(problem.value) and problem.value.case.broken.part == "tall"
    assert_law("finite", BROKEN, part="tall", episode=[[[{}, {"root_pos.z": 0.5}]]])
    with pytest.raises(LawBroken):
        assert_law("finite", BROKEN, part="tall", episode=[[[{}, {"root_pos.z": 0.1}]]])
    with pytest.raises(ValueError, match="no law `finit`"):
        assert_law("finit", BROKEN)
    with pytest.raises(ValueError, match="no part `talk`"):
        assert_law("finite", BROKEN, part="talk")
    with pytest.raises(ValueError, match="did you mean"):
        assert_law("finite", BROKEN, episode=[[[{}, {'dof_vel["left_nee"]': 1.0}]]])


def test_symmetry_is_demanded_where_it_is_expected() -> None:
    text = "reward = base_lin_vel.y as drift + abs(base_lin_vel.y) as sway\n"
    assert_law("mirror", text, max_examples=4)
    assert_law("mirror", text + "expect symmetric(sway)", max_examples=4)
    with pytest.raises(LawBroken, match="what it pays is"):
        assert_law("mirror", text + "expect symmetric(drift)", max_examples=4)


def test_a_seed_gives_the_same_states_in_every_process() -> None:
    """A set's order depends on the process."""
    code = ("from rewardlang.testing.draws import draw; from rewardlang.testing.strategies import space_of; import hashlib\n"
            "e = draw(space_of('humanoid'), 4, 2, 0)\n"
            "print(hashlib.sha1(b''.join(e.reached[n].numpy().tobytes() for n in sorted(e.reached))).hexdigest())")  # fmt: skip
    run = lambda seed: subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
                                      env={**os.environ, "PYTHONHASHSEED": seed}).stdout  # fmt: skip
    assert run("1") == run("2")


CLAIMS = """task humanoid
param target_speed = 1.0[m/s] in [0, 3]
speed = min(base_lin_vel.x, target_speed)
swing = timer(contact_forces[feet].z < 1[N])
reward = 1.0 * speed - 0.01 * sum(torques^2) as effort
  + 0.1 * sum(torques["left_*"]^2) as left_legs + 0.1 * sum(torques["right_*"]^2) as right_legs
reward style per second = gauss(base_lin_vel.y, 0.4[m/s]) as straight - 0.2 * sum(delta(actions)^2) as jerk
"""
KEPT = (
    "speed <= 2[m/s]",
    "norm(projected_gravity) <= 1",  # but for rounding
    "effort <= 0",  # proved, and tried all the same
    "increasing(sum(contact_forces[feet].z^3), contact_forces[feet].z)",
    "symmetric(total)",
    "symmetric(reward)",
    "symmetric(sum(dof_vel^2))",
    "return(hold) > return(limp)",
)
BROKEN_CLAIMS = {  # the claim: what is said of it, and the last line of the smallest case
    "speed <= 0.5[m/s]": ("it does not hold: `speed` is 1 m/s", "step 1: root_lin_vel.x = 1 m/s"),
    "norm(base_lin_vel) < 10 or not alive": ("it does not hold: `norm(base_lin_vel)` is 10 m/s", "step 1: root_lin_vel."),
    "style >= 0": ("it does not hold: `style` is -", "step 1: actions"),
    "all(swing < 0.06)": ("it does not hold", "step 3: nothing"),
    "increasing(straight, base_lin_vel.y)": ("`straight` is 0.02, and 3.86091e-05 with `base_lin_vel.y` greater by 1 m/s", "step 1: nothing"),
    "decreasing(effort, torques['left_knee'])": ("`effort` is -0.01, and 0 with `torques[\"left_knee\"]` greater by 1 N*m", "step 1: torques[\"left_knee\"] = -1 N*m"),
    "symmetric(base_lin_vel.y)": ("m/s of the mirror image", "step 1: root_lin_vel.y = "),
    "symmetric(paid(left_legs))": (" of the mirror image", "step 1: torques["),
}  # fmt: skip


@pytest.mark.parametrize("claim", KEPT)
def test_a_claim_that_holds(claim: str) -> None:
    assert_law("expect", f"{CLAIMS}expect {claim}", max_examples=16)


def test_a_group_may_be_symmetric_where_its_terms_are_not() -> None:
    assert_law("mirror", f"{CLAIMS}expect symmetric(reward)", max_examples=4)


@pytest.mark.parametrize("claim", BROKEN_CLAIMS)
def test_a_claim_that_does_not_hold(claim: str) -> None:
    with pytest.raises(LawBroken) as problem:
        assert_law("expect", f"{CLAIMS}expect {claim}")
    message, last = BROKEN_CLAIMS[claim]
    first, *_, end = str(problem.value).splitlines()
    assert message in first and end.strip().startswith(last)
    with pytest.raises(LawBroken):
        exec(problem.value.case.snippet(), {})


def test_who_decides_a_claim(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "claims.reward"
    path.write_text(f"{CLAIMS}expect return(hold) > return(limp)\nexpect symmetric(effort)\n")
    assert main(["test", str(path), "--law", "expect", "--max-examples", "4"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"SKIP  expect +return\(hold\) > return\(limp\) +`rewardlang check --probe` runs", out)
    assert re.search(r"SKIP  expect +symmetric\(effort\) +the law `mirror` tries it", out)
    path.write_text(CLAIMS)
    assert main(["test", str(path), "--law", "expect"]) == 0 and "expect" not in capsys.readouterr().out


def test_what_is_not_finite_may_be_allowed() -> None:
    assert_law(
        "finite",
        "reward = forward_vel\n  + 1/forward_vel as odd  # allow RW504: for this test",
        max_examples=8,
    )


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "reward a per second = -abs(base_lin_vel.y) - integral(forward_vel) as way + ema(base_height, 0.2) as e",
            "",
        ),
        ("reward a per second = dt * abs(base_lin_vel.y)", "at half the dt"),
        ("reward a per second = sum(rate(dof_vel)^2)*dt*dt as r", "at half the dt"),
    ],
)
def test_per_second_terms(text: str, message: str) -> None:
    if not message:
        return assert_law("dt", text, max_examples=16)
    with pytest.raises(LawBroken, match=message):
        assert_law("dt", text, max_examples=16)


PROGRAM = rewardlang.compile("reward = forward_vel - sum(delta(actions)^2)")


@settings(max_examples=5, deadline=None)
@given(states("humanoid"))
def test_states_are_what_a_reward_takes(state: Any) -> None:
    reward, terms = rewardlang.Reward(PROGRAM)(state)
    assert reward.shape == (1,) and set(terms) == {"forward_vel", "sum_delta_actions_2"}


@settings(max_examples=5, deadline=None)
@given(episodes("humanoid", length=4))
def test_episodes_are_what_assert_law_takes(one: Any) -> None:
    for law in ("finite", "reference", "reset"):
        assert_law(law, PROGRAM, episode=one)


@pytest.mark.parametrize("task", rewardlang.task.shipped_tasks())
def test_drawn_states_are_legal(task: str) -> None:
    space = space_of(task)
    one = draw(space, 64, 6, 1)
    for name, quantity in space.raw.items():
        low, high = space.limits[name]
        for states_ in (one.reached[name], one.start[name]):
            assert not states_.double().isnan().any(), name
            if quantity.type.kind.value == "number":
                assert bool(((states_ >= low) & (states_ <= high)).all()), name
            if quantity.type.kind.value == "rotation":
                assert bool(((states_.norm(dim=-1) - 1).abs() < 1e-9).all()), name
    for body, root in TIED.items():
        assert bool((one.reached[body][:, :, 0] == one.reached[root]).all())
    up = one.reached["contact_forces"][..., 2]
    assert 0.05 < float((up > 0).double().mean()) < 0.6 and bool((up >= 0).all())


def test_a_literal_gives_the_episode_back() -> None:
    space = space_of("humanoid")
    one = draw(space, 3, 5, 2)
    again = episode(space, one.literal(list(space.raw)))
    assert bool((again.reset[:-1] == one.reset[:-1]).all())
    for name in space.raw:
        assert bool((again.reached[name] == one.reached[name]).all()), name


def test_every_law_is_documented() -> None:
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    for law in LAWS:
        assert f"| `{law.name}` | {law.doc} |" in text


# pytest


def pytest_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "rewardlang.testing.plugin",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_pytest_plugin(broken: Path) -> None:
    folder = broken.parent
    (folder / "good.reward").write_text("reward = forward_vel", encoding="utf-8")
    (folder / "library.reward").write_text("tilt = sum(projected_gravity.xy^2)\n", encoding="utf-8")
    (folder / "wrong.reward").write_text("reward = forward_val\n", encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nreward_laws = finite fmt\n", encoding="utf-8")
    done = pytest_run(folder, "-v", "--reward-examples", "8")
    words = dict(line.split()[:2] for line in done.stdout.splitlines() if ".reward::" in line and "%" in line)
    assert words == {
        "broken.reward::finite": "FAILED", "broken.reward::fmt": "PASSED", "good.reward::finite": "PASSED", "good.reward::fmt": "PASSED",
        "library.reward::finite": "SKIPPED", "library.reward::fmt": "SKIPPED", "wrong.reward::finite": "FAILED", "wrong.reward::fmt": "FAILED",
    }  # fmt: skip
    assert (
        "assert_law('finite', 'broken.reward'" in done.stdout and "did you mean `forward_vel`" in done.stdout
    )
    assert "Traceback" not in done.stdout and "4 failed" not in done.stdout


def test_the_plugin_skips_where_the_extra_is_missing(broken: Path) -> None:
    (broken.parent / "hypothesis.py").write_text(
        "raise ImportError('no', name='hypothesis')\n", encoding="utf-8"
    )
    done = pytest_run(broken.parent, "-rs")
    assert (
        "1 skipped" in done.stdout
        and "pip install 'rewardlang[test]'" in done.stdout
        and done.returncode in (0, 5)
    )


def test_the_plugin_imports_nothing_heavy_where_there_is_no_reward_file(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\ndef test():\n    assert not {'torch', 'numpy', 'hypothesis', 'rewardlang.testing.laws'} & set(sys.modules)\n",
        encoding="utf-8",
    )
    done = pytest_run(tmp_path, "-q")
    assert "1 passed" in done.stdout, done.stdout
