"""`rewardlang doctor` on what is here, on the double of Isaac Gym, and on simulators with a mistake planted."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rewardlang import doctor
from rewardlang.cli import main
from rewardlang.doctor import __main__ as worker
from rewardlang.doctor.jobs import run_jobs
from rewardlang.doctor.public import public

ROOT = Path(__file__).parents[1]
DOUBLE = ROOT / "tests" / "isaacgym_double"


def test_mujoco_passes_and_the_report_can_be_pasted(tmp_path, capsys):
    pytest.importorskip("mujoco")
    from rewardlang.sim.contract import LAWS

    path = tmp_path / "report.json"
    assert main(["doctor", "--sim", "mujoco", "--device", "cpu", "--json", str(path)]) == 0
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["ok"] and list(report["backends"]) == ["mujoco"]
    assert [job["name"] for job in report["backends"]["mujoco"]["runs"]["cpu"]] == list(LAWS)
    for said in (capsys.readouterr().out, path.read_text(encoding="utf-8")):
        assert str(ROOT) not in said and sys.prefix not in said
        assert socket.gethostname() not in said


@pytest.fixture
def on_the_double(monkeypatch):
    """Doctor's processes find the double; this one only sees that it is there."""
    pytest.importorskip("mujoco")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(DOUBLE), str(ROOT))))
    monkeypatch.setenv(
        "ISAACGYM_DOUBLE", "strict=False"
    )  # as the binary, which goes on after what it refuses
    monkeypatch.syspath_prepend(str(DOUBLE))


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_isaac_gym_on_its_double(device, on_the_double, request):
    """With --slow everything; else what stands for it."""
    only = (
        None
        if request.config.getoption("--slow")
        else ["audit", "free_fall", "each_joint_moves_its_own_body"]
    )
    report = doctor.examine("isaacgym", device, only)
    said = doctor.text(report)
    assert report["ok"], said
    assert "imported in the order mujoco, isaacgym, torch" in said
    assert "mass of left_foot: 0.199, found 0.199" in said and "FAIL" not in said


def test_a_double_that_is_wrong_is_told(on_the_double, monkeypatch):
    """Here the double stands for the binary, which would answer otherwise than the double."""
    monkeypatch.setenv("ISAACGYM_DOUBLE", "strict=False,velocity_at=origin")
    report = doctor.examine("isaacgym", "cpu", ["probe_points_and_frames"])
    assert doctor.exit_code(report) == 1
    said = doctor.text(report)
    assert "FAIL probe points and frames: the double is wrong about 3 of 4" in said
    assert "FAIL velocity of bodies: the origin\n" in said
    assert "the test double is wrong here, it says: the centre of mass (knob velocity_at)" in said


def test_what_is_missing():
    """In a process of its own: in this one the double may have been imported."""
    command = [sys.executable, "-m", "rewardlang", "doctor", "--sim", "isaacgym"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "isaacgym: missing" in done.stdout and "https://developer.nvidia.com/isaac-gym" in done.stdout


def test_an_unknown_simulator(capsys):
    assert main(["doctor", "--sim", "mujocco"]) == 2
    assert "did you mean mujoco" in capsys.readouterr().err.replace("`", "").replace("'", "")


SPOILT = """
import os, sys, time
import rewardlang.sim.contract as contract

def hangs(bench):
    print("an endless loop", flush=True)
    time.sleep(600)

def crashes(bench):
    print("/home/someone/secret.cc:12: out of memory", file=sys.stderr, flush=True)
    os._exit(134)

contract.LAWS.update(hangs=hangs, crashes=crashes)
"""


def test_a_crash_and_a_hang_are_findings(tmp_path, monkeypatch):
    """The laws after them are tried all the same."""
    pytest.importorskip("mujoco")
    (tmp_path / "sitecustomize.py").write_text(SPOILT)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(ROOT))))
    found = run_jobs("mujoco", "cpu", ["free_fall", "crashes", "masses_and_their_centres"])
    assert [job["passed"] for job in found] == [True, False, True]
    assert public(found[1]["detail"]) == "the process ended with 134: secret.cc:12: out of memory"
    (found,) = run_jobs("mujoco", "cpu", ["hangs"], limit=3)
    assert not found["passed"] and found["detail"] == "did not end within 3 s"


@pytest.mark.parametrize(
    "said, plain",
    [
        ("no /home/me/lib/libpython3.8.so here", "no libpython3.8.so here"),
        ("5 m/s, https://a.org/b/c and isaacgym/python", "5 m/s, https://a.org/b/c and isaacgym/python"),
        ("in '~/secret/x.py' file:///srv/y", "in 'x.py' y"),
        (f"on {socket.gethostname()}.", "on HOST."),
    ],
)
def test_texts_are_made_public(said, plain):
    assert public(said) == plain


def masked(sim, task):
    reset = sim.reset
    sim.reset = lambda mask, *state: reset(mask | True, *state)


def rounded(sim, task):
    reset = sim.reset
    sim.reset = lambda mask, root, pos, vel: reset(mask, root, pos + 0.001, vel)


def slow(sim, task):
    step, count = sim.step, [0]

    def skip(targets):
        count[0] += 1
        if count[0] % 8:
            step(targets)

    sim.step = skip


def swapped(sim, task):
    step = sim.step
    sim.step = lambda targets: step(targets.roll(1, 1))


def at_com(sim, task):
    step = sim.step

    def shifted(targets):
        step(targets)
        sim.body_states[..., 7] += 0.2

    sim.step = shifted


@pytest.mark.parametrize(
    "mistake, law",
    [
        (masked, "reset_is_exact_and_leaves_others_alone"),
        (rounded, "reset_is_exact_and_leaves_others_alone"),
        (slow, "free_fall"),
        (swapped, "each_joint_moves_its_own_body"),
        (at_com, "velocities_are_those_of_the_body_origin_in_the_world_frame"),
    ],
)
def test_a_mistake_is_found(mistake, law, monkeypatch):
    pytest.importorskip("mujoco")
    make = worker.make_sim

    def wrong(name, task, *rest):
        sim = make(name, task, *rest)
        mistake(sim, task)
        return sim

    assert worker.do("mujoco", "cpu", law)["passed"]
    monkeypatch.setattr(worker, "make_sim", wrong)
    found = worker.do("mujoco", "cpu", law)
    assert not found["passed"] and " due" in found["detail"]


def test_what_fails_is_exit_code_1():
    state = lambda name: {"backends": {"mujoco": {"state": name}}, "ok": name == "passed"}
    assert [doctor.exit_code(state(name)) for name in ("passed", "failed", "missing")] == [0, 1, 2]
