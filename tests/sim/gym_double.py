"""The Isaac Gym adapter on its test double, within this process."""

from __future__ import annotations

import sys
from pathlib import Path

from rewardlang.sim import make_sim

DOUBLE = Path(__file__).parents[1] / "isaacgym_double"
# Each finds mistakes that the others let pass.
MODES = {
    "isaacgym cpu": {"device": "cpu"},
    "isaacgym gpu": {"device": "cuda:0", "stale": "all"},
    "isaacgym permuted": {"device": "cuda:0", "order": "permuted"},
}


def use(monkeypatch, device="cpu", **knobs):
    """A function task, num_envs -> Sim, each as if in a process of its own; `knobs` are the double's."""
    monkeypatch.setenv("ISAACGYM_DOUBLE", "after_torch=True")
    monkeypatch.syspath_prepend(str(DOUBLE))
    import isaacgym
    from isaacgym import gymapi

    assert isaacgym.IS_TEST_DOUBLE
    isaacgym.set_knobs(after_torch=True, **knobs)

    def make(task, num_envs=2, **options):
        gymapi.forget()
        if "rewardlang.sim.isaacgym_scene" in sys.modules:
            sys.modules["rewardlang.sim.isaacgym_scene"]._claimed.clear()
        return make_sim("isaacgym", task, num_envs, device, **options)

    make.name = "isaacgym"
    return make
