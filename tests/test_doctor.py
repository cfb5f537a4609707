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

ROOT = Path(__file__).parents[1]


def test_mujoco_passes_and_the_report_can_be_pasted(tmp_path, capsys):
    pytest.importorskip("mujoco")
    path = tmp_path / "report.json"
    assert main(["doctor", "--sim", "mujoco", "--device", "cpu", "--json", str(path)]) == 0
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["ok"] and list(report["backends"]) == ["mujoco"]
    assert len(report["backends"]["mujoco"]["checks"]) == len(doctor.LAWS)
    for said in (capsys.readouterr().out, path.read_text(encoding="utf-8")):
        assert str(ROOT) not in said and sys.prefix not in said
        assert socket.gethostname() not in said


def test_isaac_gym_on_its_double():
    pytest.importorskip("mujoco")
    found = {"PYTHONPATH": os.pathsep.join((str(ROOT / "tests" / "isaacgym_double"), str(ROOT)))}
    command = [sys.executable, "-m", "rewardlang", "doctor", "--sim", "isaacgym", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **found}, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "imported in the order mujoco, isaacgym, torch" in done.stdout
    assert "mass of left_foot" in done.stdout and "FAIL" not in done.stdout


def test_what_is_missing():
    """In a process of its own: in this one the double may have been imported."""
    command = [sys.executable, "-m", "rewardlang", "doctor", "--sim", "isaacgym"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "isaacgym: missing" in done.stdout and "https://developer.nvidia.com/isaac-gym" in done.stdout


def test_an_unknown_simulator(capsys):
    assert main(["doctor", "--sim", "mujocco"]) == 2
    assert "did you mean mujoco" in capsys.readouterr().err.replace("`", "").replace("'", "")


@pytest.mark.parametrize(
    "said, public",
    [
        ("no /home/me/lib/libpython3.8.so here", "no libpython3.8.so here"),
        ("5 m/s, https://a.org/b/c and isaacgym/python", "5 m/s, https://a.org/b/c and isaacgym/python"),
        ("in '~/secret/x.py' file:///srv/y", "in 'x.py' y"),
        (f"on {socket.gethostname()}.", "on HOST."),
    ],
)
def test_texts_are_made_public(said, public):
    assert doctor._public(said) == public


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
        sim.root_states[:, 7] += 0.2

    sim.step = shifted


@pytest.mark.parametrize(
    "mistake, law",
    [
        (masked, "others keep their state"),
        (rounded, "reset is exact"),
        (slow, "free fall"),
        (swapped, "a joint goes where it is sent"),
        (at_com, "velocity is of the origin"),
    ],
)
def test_a_mistake_is_found(mistake, law, monkeypatch):
    pytest.importorskip("mujoco")
    make = doctor.make_sim

    def wrong(name, task, *rest):
        sim = make(name, task, *rest)
        mistake(sim, task)
        return sim

    monkeypatch.setattr(doctor, "make_sim", wrong)
    failed = [check["name"] for check in doctor.try_laws("mujoco", "cpu")["checks"] if not check["passed"]]
    assert law in failed


def test_what_fails_is_exit_code_1():
    state = lambda name: {"backends": {"mujoco": {"state": name}}, "ok": name == "passed"}
    assert [doctor.exit_code(state(name)) for name in ("passed", "failed", "missing")] == [0, 1, 2]
