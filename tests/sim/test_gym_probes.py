"""Doctor's questions to Isaac Gym: the double gives the answers that are written down for it, and another one is told."""

from __future__ import annotations

import gym_double
import pytest

from rewardlang.doctor.expected import EXPECTED

DEVICES = ("cpu", "cuda:0")


@pytest.fixture
def ask(monkeypatch):
    """A function device, knobs, groups -> {question: row}; the double is lenient, as the binary is."""

    def asked(device, knobs=None, groups=None):
        gym_double.use(monkeypatch, **{"strict": False, **(knobs or {})})
        from isaacgym import gymapi

        from rewardlang.doctor import probes

        rows = {}
        for group in groups or probes.GROUPS:
            gymapi.forget()
            found = probes.ask(f"probe_{group}" if groups else group, device)
            assert found["answers"], found["detail"]
            rows.update({row["question"]: row for row in found["answers"]})
        return rows

    return asked


@pytest.mark.parametrize("device", DEVICES)
def test_the_double_answers_as_expected(device, ask):
    rows = ask(device)
    assert {name: row["answer"] for name, row in rows.items() if not row["agrees"]} == {}
    assert set(EXPECTED) - set(rows) == ({"refresh before fetch_results"} if device != "cpu" else set())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("knobs, group, answers", [
    ({"velocity_at": "origin"}, "points_and_frames", {"velocity that is written": "the origin", "velocity of the root": "the origin", "velocity of bodies": "the origin"}),
    ({"positions": "global"}, "after_prepare", {"positions": "the world's origin"}),
    ({"prepare_moves": False}, "after_prepare", {"after prepare_sim": "as it was put"}),
    ({"stale": "all"}, "after_setters", {"root after a setter": "refused", "joints after a setter": "refused", "bodies after a setter": "refused"}),
    ({"friction_in_contacts": True}, "contacts", {"friction in contact forces": "in them"}),
    ({"order": "permuted"}, "importer", {"order of joints": "another"}),
    ({"strict": True}, "setters", {"two calls of a setter in a step": "refused"}),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")  # fmt: skip
def test_another_answer_is_told(knobs, group, answers, device, ask):
    if device == "cpu" and ("stale" in knobs or "strict" in knobs):
        pytest.skip("a rule of the GPU pipeline")
    rows = ask(device, knobs, [group])
    assert {name: row["answer"] for name, row in rows.items() if not row["agrees"]} == answers


@pytest.mark.parametrize("edit, group, question, answer", [
    ("step: efforts end", "efforts", "an effort", "is for one step"),
    ("step: targets end", "targets", "a position target", "is for one step"),
    ("step: sums", "contacts", "contact forces of substeps", "their sum"),
    ("root: wxyz", "points_and_frames", "quaternions", "wxyz"),
])  # fmt: skip
def test_another_double_is_told(edit, group, question, answer, ask, monkeypatch):
    """What no knob says."""
    gym_double.use(monkeypatch)
    from isaacgym.world import World

    step, set_root = World.step, World.set_root

    def other_step(self):
        step(self)
        if "efforts" in edit:
            self.efforts[:] = 0
        elif "targets" in edit:
            self.targets[:] = 0
        elif "sums" in edit:
            self.contacts = self.contacts * self.substeps

    monkeypatch.setattr(World, "step", other_step)
    if "wxyz" in edit:
        monkeypatch.setattr(
            World, "set_root", lambda self, s: set_root(self, s[[0, 1, 2, 4, 5, 6, 3, *range(7, 13)]])
        )
    row = ask("cpu", None, [group])[question]
    assert (row["answer"], row["agrees"]) == (answer, False)
