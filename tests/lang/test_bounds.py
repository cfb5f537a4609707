"""Bounds: as tight as a reader would expect, and never left."""

from __future__ import annotations

import math

import pytest
import torch

import rewardlang
from rewardlang.reward import Reward

from .states import sequence

INF = math.inf
STEPS, DT = 500, 0.02
# a term's value → its range on the task humanoid; None for an end that does not matter here
TABLE = [
    # what cancels
    ("forward_vel - forward_vel", 0, 0),
    ("(forward_vel + base_height/1[s]) - forward_vel", -INF, INF),
    ("clip(base_height, 0, 1) + 1 - clip(base_height, 0, 1)", 1, 1),
    ("2*heading - heading - heading", 0, 0),
    ("heading^2 - heading*heading", 0, 0),
    ("(heading - 1)*(1 - heading)", -(math.pi + 1) ** 2, 0),
    ("abs(heading) - abs(-heading)", 0, 0),
    ("heading/(2*heading) * 0 + 1", 1, 1),
    ("exp(-heading^2) - exp(-(-heading)^2)", 0, 0),
    # what does not: other elements, other steps
    ('dof_pos["left_knee"] - dof_pos["right_knee"]', None, None),
    ("actions[knees] - prev(actions[knees])", -2, 2),
    ("contact_forces[\"left_foot\"].z - contact_forces[\"right_foot\"].z", -INF, INF),
    ("sum(left(actions)) - sum(right(actions))", -12, 12),
    ("clip(heading, 0, 1) - prev(clip(heading, 0, 1))", -1, 1),
    # squares, products
    ("forward_vel^2", 0, INF),
    ("forward_vel*forward_vel", 0, INF),
    ("0 - forward_vel*forward_vel", -INF, 0),
    ("(heading + 4)^2", (4 - math.pi) ** 2, (4 + math.pi) ** 2),
    # unit vectors
    ("sum(projected_gravity.xy^2)", 0, 1),
    ("projected_gravity.x^2 + projected_gravity.y^2", 0, 1),
    ("1 - sum(projected_gravity^2)", -1e-5, 1),
    ("norm(projected_gravity)", 1, 1),
    ("norm(projected_gravity.xy)", 0, 1),
    ("norm(rotate(root_quat, [0.3, 0, 0.4]))", 0.5, 0.5),
    # each joint has limits of its own
    ("sum(torques^2)", 0, 918),
    ("sum(abs(torques)/torque_limits)", 0, 12),
    ("max(abs(torques))", 0, None),
    ("min(torque_limits)", None, None),
    # clips and choices
    ("min(forward_vel, 1)", -INF, 1),
    ("clip(forward_vel, -1, 2)^2", 0, 4),
    ("max(clip(heading, 0, 1), -5)", 0, 1),
    ("where(heading > 1, heading, 1)", 1, math.pi),
    ("where(heading > 0 and heading < 2, heading, 0)", 0, 2),
    ("where(not (heading > 0), 0, heading)", 0, math.pi),
    ("where(heading < 0 or heading > 1, 0.5, heading)", 0, 1),
    ("where(abs(heading) < 1, abs(heading), 1)", 0, 1),
    ("where(forward_vel > 1, 1/forward_vel, 0)", 0, 1),
    ("where(2*forward_vel - 1 > 3, forward_vel, 2)", 2, INF),
    ("where(alive, 1, 0)", 0, 1),
    ("where(2 > 1, heading, 10)", -math.pi, math.pi),
    ("sum(where(dof_pos > 0, dof_pos, 0))", 0, None),
    ("(forward_vel > 1) * clip(heading, -1, 1)", -1, 1),
    # functions
    ("gauss(forward_vel, 0.5)", 0, 1),
    ("sin(clip(heading, 0, 1))", 0, math.sin(1)),
    ("cos(clip(heading, -1, 1))", math.cos(1), 1),
    ("mod(clip(heading, 0, 1), 2)", 0, 1),
    ("1/(1 + forward_vel^2)", 0, 1),
    ("exp(-sum(torques^2))", 0, 1),
    ("sqrt(abs(heading))", 0, math.sqrt(math.pi)),
    ("mean(actions)", -1, 1),
    ("std(actions)", 0, 1),
    # what is remembered
    ("timer(heading > 0)", 0, STEPS * DT),
    ("steps(heading > 0)", 0, STEPS),
    ("integral(clip(heading, -1, 2))", -STEPS * DT, 2 * STEPS * DT),
    ("integral(heading, reset_when=heading > 0)", -STEPS * DT * math.pi, 0),
    ("ema(clip(heading, 0, 1), 0.5)", 0, 1),
    ("running_max(clip(heading, 0, 1))", 0, 1),
    ("last_duration(heading > 0)", 0, (STEPS - 1) * DT),
    ("prev(prev(clip(heading, 0, 1)))", 0, 1),
    ("sample(clip(heading, 0, 1), alive)", 0, 1),
    ("potential(clip(heading, 0, 1))", -1, 1),
    ("sum(rate(clip(actions, 0, 1)))", -12 / DT, 12 / DT),
    ("episode_time", 0, STEPS * DT),
]  # fmt: skip


@pytest.mark.parametrize("value, low, high", TABLE, ids=[row[0] for row in TABLE])
def test_range(value: str, low: float, high: float) -> None:
    wrapped = f"sum({value})" if "knees" in value else value
    (row,) = rewardlang.compile(f"reward = 1 * ({wrapped}) as t").table()
    scale = 2 if "knees" in value else 1
    for found, end in zip(row["range"], (low, high)):
        if end is not None:
            assert found == pytest.approx(scale * end, rel=1e-4, abs=1e-5)
        assert not math.isnan(found)


def test_what_is_paid() -> None:
    one, two = rewardlang.compile(
        "param k = 1 in [0, 3]\nreward = -k * sum(torques^2) as effort + 2*forward_vel^2 as fast"
    ).table()
    assert one["pays"] == [-3 * 918, 0] and one["pays_per_episode"] == [-3 * 918 * STEPS, 0]
    assert two["pays"] == [0, INF]


DOUBTFUL = [
    ("1/forward_vel", "RW503"), ("forward_vel/(heading - 1)", "RW503"), ("heading/sum(torques^2)", "RW503"),
    ("mod(heading, heading)", "RW503"), ("sum(normalize(base_lin_vel))", "RW503"), ("(forward_vel > 0) * (1/forward_vel)", "RW503"),
    ("heading^-1", "RW503"), ("where(forward_vel >= 0, 1/forward_vel, 0)", "RW503"),
    ("sqrt(heading)", "RW504"), ("sqrt(1 - projected_gravity.z^2)", "RW504"), ("heading^0.5", "RW508"),
    ("log(abs(heading))", "RW505"), ("log1p(heading)", "RW505"),
    ("acos(projected_gravity.z)", "RW506"), ("asin(heading)", "RW506"),
    ("exp(heading*100)", "RW507"), ("exp(forward_vel/1[m/s])", "RW507"),
    ("heading^1.5", "RW508"), ("abs(heading)^1.5 * (-abs(heading))^0.3", "RW508"),
]  # fmt: skip
SOUND = [
    "where(forward_vel > 0, 1/forward_vel, 0)", "where(forward_vel != 0, 1/forward_vel, 0)", "1/max(forward_vel, 0.1)",
    "where(abs(heading) > 0.1, 1/heading, 0)", "sum(normalize(projected_gravity))", "heading/(1 + forward_vel^2)",
    "where(heading > 0, log(heading), 0)", "sqrt(abs(heading))", "sqrt(sum(torques^2))", "acos(clip(projected_gravity.z, -1, 1))",
    "exp(-abs(forward_vel)/1[m/s])", "exp(heading)", "abs(heading)^1.5", "(heading + 4)^0.3", "sum(torques/torque_limits)",
    "sum(abs(torques*dof_vel))/(sum(body_mass)*9.81*max(abs(forward_vel), 0.1))", "com_lin_vel.x", "mean(torques, where=torques > 1)",
    "where(sum(actions^2) > 0.5, 1/sum(actions^2), 0)", "tolerance(base_height, lower=0.3, margin=0.1)", "1/(2 + sin(heading))",
    "exp(-timer(alive)/1[s])", "1/(timer(alive) + 0.1[s])", "where(norm(base_lin_vel) > 0, 1/norm(base_lin_vel), 0)",
]  # fmt: skip


@pytest.mark.parametrize("value, code", DOUBTFUL)
def test_what_can_stop_being_finite(value: str, code: str) -> None:
    codes = {w.code for w in rewardlang.compile(f"reward = ({value}) as t").warnings}
    assert codes - {"RW310"} == {code}


@pytest.mark.parametrize("value", SOUND)
def test_what_cannot(value: str) -> None:
    assert not rewardlang.compile(f"reward = ({value}) as t").warnings


def test_findings_are_in_conditions_metrics_and_totals_too() -> None:
    text = "reward = alive\nreward x = -heading^2\nmetric m = 1/heading\nterminate t when log(heading) > 1\ntotal = reward*exp(-x) + exp(x)\n"
    found = rewardlang.compile(text).warnings
    assert [(w.code, w.span.line) for w in found] == [("RW503", 3), ("RW505", 4)]
    assert "[-3.141593, 0]" in found[1].message


def test_a_finding_that_is_meant() -> None:
    text = "reward = 1/forward_vel  # allow RW503, RW310: never stands\n"
    assert not rewardlang.compile(text).warnings


def test_values_stay_inside(pytestconfig: pytest.Config) -> None:
    """Random legal and extreme states, in float32, with resets."""
    for text in (
        "reward = "
        + " + ".join(
            f"({v}) as t{i}"
            for i, (v, *_) in enumerate(TABLE[:60])
            if "knees" not in v and "/(2*heading)" not in v
        ),
    ):
        program = rewardlang.compile(text)
        reward = Reward(program, 2000)
        table = program.table()
        for at, moment in enumerate(sequence(program.vocabulary, 2000, 12, seed=5, extreme=0.1)):
            if at:
                values = reward.step(
                    {k: v.float() if v.dtype == torch.float64 else v for k, v in moment.reached.items()}
                ).values
                for row, low, high in zip(table, values.amin(0).tolist(), values.amax(0).tolist()):
                    slack = 1e-4 * max(1.0, *(abs(e) for e in row["range"] if math.isfinite(e)), 1.0)
                    assert row["range"][0] - slack <= low and high <= row["range"][1] + slack, (
                        row["value"],
                        row["range"],
                        low,
                        high,
                    )
            reward.reset(
                {k: v.float() if v.dtype == torch.float64 else v for k, v in moment.after.items()},
                moment.reset,
            )


@pytest.mark.parametrize(
    "value, low, high",
    [
        # elements that are alike are not the same number
        ('sum(table(feet, "left_*": 1, "*": -1) * clip(contact_forces[feet].z, 0, 5))', -5, 5),
        ('sum(table(feet, "left_*": 1, "*": -1) * timer(contact_forces[feet].z > 1))', -10, 10),
        ('sum(where(contact_forces[feet].z > 1, table(feet, "left_*": 1, "*": -1), 0))', -1, 1),
        ("sum(where(dof_pos > 0, actions, -actions))", -12, 12),
        (
            'sum(where(table(feet, "left_*": 1, "*": -1) > 0, clip(contact_forces[feet].z, 0, 5), 0 - clip(contact_forces[feet].z, 0, 5)))',
            -5,
            5,
        ),
        ("sum([clip(contact_forces[feet].z, 0, 5), 0 - clip(contact_forces[feet].z, 0, 5)])", -20, 20),
        # a condition of one joint that cannot hold says nothing of the others
        ("sum(where(dof_pos > 1.5, 1, 0))", 0, None),
        ("sum(where(abs(torques) > 8, 1, 0))", 0, 8),
    ],
)
def test_elements(value: str, low: float, high: float) -> None:
    (row,) = rewardlang.compile(f"reward = 1 * ({value}) as t").table()
    for found, end in zip(row["range"], (low, high)):
        assert end is None or found == pytest.approx(end)
