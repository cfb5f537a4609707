"""Each spec of the zoo pays what the published formula pays, term by term and in total; and the comparison can fail."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rewardlang
from rewardlang.lang import nodes

from .cases import CASES, ZOO, Case
from .playing import play

CONSTANT = {"alive", "termination"}  # terms that may pay one number throughout
BY_SPEC = {case.spec: case for case in CASES if not case.added or "drop" in case.added}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize(
    "dtype, bound", [(torch.float64, 1e-9), (torch.float32, 1e-5)], ids=["float64", "float32"]
)
def test_every_term_and_the_total(case: Case, dtype: torch.dtype, bound: float) -> None:
    played = play(case, dtype=dtype)
    assert set(played.by_spec) == set(played.by_formula)
    assert max(played.errors().values()) < bound, played.errors()
    for name, paid in played.by_formula.items():  # what never pays would agree with anything
        assert np.ptp(paid) > 0 or name in CONSTANT or name == "ended", name


@pytest.mark.parametrize("case", [case for case in CASES if not case.metrics], ids=lambda case: case.name)
def test_one_per_cent_of_a_weight_is_noticed(case: Case) -> None:
    spec = case.load()
    program = rewardlang.compile(spec, quantities=case.host)
    weights = rewardlang.Reward(program, 1, dtype=torch.float64).weights.tolist()
    per_second = {s.group for s in spec.tree.statements if isinstance(s, nodes.Reward) and s.per_second}
    wrong = {}
    for term, weight in zip(program.terms, weights):
        if weight:  # a group per second has dt in its weights
            wrong[term.name] = (
                1.01 * weight / (rewardlang.task_of(spec).dt if term.group in per_second else 1)
            )
    errors = play(case, spec.with_weights(**wrong)).errors()
    assert all(errors[name] > 1e-3 for name in (*wrong, "total")), errors


WRONG = [  # what a careless hand could have written: spec, the right text, the wrong one, the terms that it spoils
    ("legged_gym/default", "touch or prev(touch)", "touch", "feet_air_time"),
    ("legged_gym/default", "prev(swing) + dt", "prev(swing)", "feet_air_time"),
    ("legged_gym/default", "landed = grounded and prev(swing) > 0[s]", "landed = rising(grounded)", "feet_air_time"),
    ("legged_gym/default", "norm(command_lin_vel) > 0.1", "norm(command_lin_vel) > 0.0", "feet_air_time"),
    ("legged_gym/default", "reward per second =", "reward per step =", "tracking_lin_vel lin_vel_z dof_acc total"),
    ("legged_gym/default", "max(reward, 0) + penalty", "reward + penalty", "total"),
    ("isaacgymenvs/humanoid", "where(fallen, death_cost, reward)", "reward", "total"),
    ("isaacgymenvs/humanoid", "-projected_gravity.z", "projected_gravity.z", "up"),
    ("unitree_rl_gym/g1", "norm(contact_forces[feet])", "contact_forces[feet].z", "contact_no_vel feet_swing_height"),
    ("unitree_rl_gym/g1", '"left_*": 0.0, "right_*": 0.5', '"left_*": 0.5, "right_*": 0.0', "contact"),
    ("mujoco_playground/g1_joystick", "- dt * gait_frequency", "", "feet_phase"),
    ("mujoco_playground/g1_joystick", "cross(base_ang_vel, pelvis_imu)", "cross(base_ang_vel, 0 * pelvis_imu)", "tracking_lin_vel"),
    ("gymnasium/humanoid_v5", "com_pos.x", "root_pos.x", "forward"),
    ("gymnasium/humanoid_v5", "min(impact, 2e7)", "impact", "contact"),
    ("dm_control/humanoid_stand", "mean(tolerance(com_lin_vel.xy, 0, 0, margin=2[m/s]))", "tolerance(norm(com_lin_vel.xy), 0, 0, margin=2[m/s])", "dont_move"),
    ("dm_control/humanoid_stand", "margin=stand_height / 4", "margin=stand_height", "standing total"),
]  # fmt: skip


@pytest.mark.parametrize("name, right, wrong, terms", WRONG, ids=[f"{row[0]}: {row[2]}" for row in WRONG])
def test_a_slip_is_noticed(name: str, right: str, wrong: str, terms: str) -> None:
    case = BY_SPEC[name]
    text = (ZOO / f"{name}.reward").read_text(encoding="utf-8")
    assert text.count(right) == 1
    errors = play(case, rewardlang.parse(text.replace(right, wrong) + case.added)).errors()
    assert all(errors[term] > 1e-3 for term in terms.split()), errors
