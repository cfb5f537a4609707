"""Terms: how a reward is split, what becomes weight and what value, and what they are called (section 2 of the reference)."""

from __future__ import annotations

from typing import List, Tuple

import pytest

import rewardlang

HEAD = "param w = 0.5\nparam v = 2[m/s]\nx = forward_vel\nh = base_lin_vel.y\ng = forward_vel > 0\nn = 3\nslow = ramp(progress, 0.2, 0.6)\n"
# text of the reward → (name, weight or None if it is not a fixed number, value) of each term
TABLE: List[Tuple[str, List[tuple]]] = [
    ("x", [("x", 1, "x")]),
    ("alive", [("alive", 1, "alive")]),
    ("2*x - 3*base_height", [("x", 2, "x"), ("base_height", -3, "base_height")]),
    ("-x", [("x", -1, "x")]),
    ("- x - alive", [("x", -1, "x"), ("alive", -1, "alive")]),
    ("+ x + alive", [("x", 1, "x"), ("alive", 1, "alive")]),
    ("1.0 * alive", [("alive", 1, "alive")]),
    ("alive * 2 / 4", [("alive", 0.5, "alive")]),
    ("2 * 3 * alive * 4", [("alive", 24, "alive")]),
    ("-(2*x)", [("x", -2, "x")]),
    ("-(-x)", [("x", 1, "x")]),
    ("2 * -x", [("x", -1 * 2, "x")]),
    ("-2^2 * x", [("x", -4, "x")]),
    ("n * x", [("x", 3, "x")]),
    ("(1 + 2)*x", [("x", 3, "x")]),
    ("sqrt(4) * pi * x", [("x", 6.283185307179586, "x")]),
    ("w * x", [("x", None, "x")]),
    ("w*slow * x", [("x", None, "x")]),
    ("(0.001 + 0.009*slow) * x", [("x", None, "x")]),
    ("dt * x", [("x", 0.02, "x")]),
    ("0.5[1/m] * base_height", [("base_height", 0.5, "base_height")]),
    # the value's text makes the name
    ("0.01*sum(torques^2)", [("sum_torques_2", 0.01, "sum(torques^2)")]),
    ("gauss(base_height - 0.3[m], 0.1)", [("gauss_base_height_0_3_m_0_1", 1, "gauss(base_height - 0.3[m], 0.1)")]),
    ("x * alive", [("x_alive", 1, "x * alive")]),
    ("x / base_height", [("x_base_height", 1, "x / base_height")]),
    ("2 / base_height", [("1_base_height", 2, "1 / base_height")]),
    ("x^2 * 2", [("x_2", 2, "x^2")]),
    ("base_lin_vel.x", [("base_lin_vel_x", 1, "base_lin_vel.x")]),
    ('dof_pos["left_knee"]', [("dof_pos_left_knee", 1, 'dof_pos["left_knee"]')]),
    ("0.5", [("constant", 0.5, "1")]),
    ("x - 4", [("x", 1, "x"), ("constant", -4, "1")]),
    ("w", [("constant", None, "1")]),
    ("2*slow", [("constant", None, "1")]),
    # names given
    ("x as speed", [("speed", 1, "x")]),
    ("2*x as speed - 3*alive as live", [("speed", 2, "x"), ("live", -3, "alive")]),
    ("x + alive as c", [("x", 1, "x"), ("c", 1, "alive")]),
    ("(x > 1) as fast", [("fast", 1, "x > 1")]),
    ("sum(torques^2) as torques", [("torques", 1, "sum(torques^2)")]),
    ("3 as bonus", [("bonus", 3, "1")]),
    # a factor distributed over the only sum of its product
    ("g * (x - 2*base_height)", [("g_x", 1, "g * x"), ("g_base_height", -2, "g * base_height")]),
    ("2*(x + alive)", [("x", 2, "x"), ("alive", 2, "alive")]),
    ("(x + alive)/2", [("x", 0.5, "x"), ("alive", 0.5, "alive")]),
    ("-(x + alive)", [("x", -1, "x"), ("alive", -1, "alive")]),
    ("-2*(x - alive)", [("x", -2, "x"), ("alive", 2, "alive")]),
    ("x + (alive + base_height)", [("x", 1, "x"), ("alive", 1, "alive"), ("base_height", 1, "base_height")]),
    ("x - (alive - base_height)", [("x", 1, "x"), ("alive", -1, "alive"), ("base_height", 1, "base_height")]),
    ("2*(x as a + alive as b)", [("a", 2, "x"), ("b", 2, "alive")]),
    ("2*(3*(x + alive) + 4*base_height)", [("x", 6, "x"), ("alive", 6, "alive"), ("base_height", 8, "base_height")]),
    ("g * (x - 2*base_height) / 4", [("g_x", 0.25, "g * x"), ("g_base_height", -0.5, "g * base_height")]),
    ("((x + alive))", [("x", 1, "x"), ("alive", 1, "alive")]),
    # what stays whole
    ("2*(1 - tanh(heading))", [("1_tanh_heading", 2, "1 - tanh(heading)")]),
    ("x * (1 + slow)", [("x", None, "x")]),
    ("(x + h)*(base_height + 2)", [("x_h_base_height_2", 1, "(x + h) * (base_height + 2)")]),
    ("2*(x + h) as both", [("both", 2, "x + h")]),
    ("(x + h) as both", [("both", 1, "x + h")]),
    ("2*max(x + 1, 0)", [("max_x_1_0", 2, "max(x + 1, 0)")]),
    ("x / (1 + base_height^2)", [("x_1_base_height_2", 1, "x / (1 + base_height^2)")]),
    ("(x + h)^2", [("x_h_2", 1, "(x + h)^2")]),
    # what depends on the robot alone is part of the value: it has the environment's unit and shape
    ("2*sum(body_mass)", [("sum_body_mass", 2, "sum(body_mass)")]),
    ("2*prev(w)", [("prev_w", 2, "prev(w)")]),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", TABLE, ids=[text for text, _ in TABLE])
def test_split(text: str, expected: List[tuple]) -> None:
    table = rewardlang.compile(f"{HEAD}reward = {text}").table()
    rows = [(row["term"], None if row["weight_varies"] else row["weight"], row["value"]) for row in table]
    assert [row[0] for row in rows] == [row[0] for row in expected]
    assert [row[2] for row in rows] == [row[2] for row in expected]
    for row, wanted in zip(rows, expected):
        assert row[1] == (None if wanted[1] is None else pytest.approx(wanted[1]))


def test_definitions_and_functions_stay_whole() -> None:
    program = rewardlang.compile(
        "both = forward_vel + base_lin_vel.y\nf(a) = a + 1\nreward = 2*both + f(heading) as f"
    )
    assert [(t.name, t.text) for t in program.terms] == [("both", "both"), ("f", "f(heading)")]


def test_groups() -> None:
    program = rewardlang.compile(
        "reward style per second = 2*alive as a\nreward = alive\nreward style += forward_vel\nreward b per step = base_height"
    )
    rows = program.table()
    assert [(row["term"], row["group"], row["weight"]) for row in rows] == [
        ("a", "style", pytest.approx(0.04)),
        ("forward_vel", "style", pytest.approx(0.02)),
        ("alive", "reward", 1.0),
        ("base_height", "b", 1.0),
    ]


def test_table_of_terms() -> None:
    rows = {row["term"]: row for row in rewardlang.compile(
        "param w = 0.5 in [0, 1]\nreward = w*sum(torques^2) as effort + alive + 2*norm(base_lin_vel.xy) as drift + max(sum(contact_forces, over=xyz)) as hit").table()}  # fmt: skip
    assert (
        rows["effort"]["weight"] == 0.5
        and rows["effort"]["unit"] == "N^2*m^2"
        and rows["effort"]["axes"] == ["joints"]
    )
    assert rows["alive"]["range"] == [0.0, 1.0] and rows["alive"]["axes"] == [] and rows["alive"]["line"] == 2
    assert rows["drift"]["axes"] == ["xy"] and rows["drift"]["unit"] == "m/s"
    assert sorted(rows["hit"]["axes"]) == ["bodies", "xyz"]


def test_weight_and_drop_statements() -> None:
    base = "reward = 2*forward_vel as speed + alive\nreward slow per second = 3*base_height\n"
    program = rewardlang.compile(base + "weight speed = -1\nweight base_height = 10\ndrop alive")
    assert [(row["term"], row["weight"]) for row in program.table()] == [
        ("speed", -1.0),
        ("base_height", pytest.approx(0.2)),
    ]
    assert [w.code for w in program.warnings] == ["RW412"]


def test_specs_as_values() -> None:
    """`with_weights`, `without` and `+` say what the statements say."""
    spec = rewardlang.parse("reward = 2*forward_vel as speed + alive - 0.1*sum(torques^2) as effort")
    changed = rewardlang.compile(spec.with_weights(effort=-0.2, speed=1.5))
    assert [row["weight"] for row in changed.table()] == [1.5, 1.0, -0.2]
    assert [t.name for t in rewardlang.compile(spec.without("effort", "alive")).terms] == ["speed"]
    twice = spec.with_weights(effort=-0.2).with_weights(effort=-0.3)
    assert [row["weight"] for row in rewardlang.compile(twice).table()][2] == -0.3
    other = rewardlang.parse("a = base_height\nreward = a\nreward style = heading")
    assert [t.name for t in rewardlang.compile(spec + other).terms] == [
        "speed",
        "alive",
        "effort",
        "a",
        "heading",
    ]
    assert rewardlang.parse(str(spec + other)).tree == (spec + other).tree
    with pytest.raises(rewardlang.SpecError, match="different meanings"):
        other + rewardlang.parse("a = heading\nreward = a")
    with pytest.raises(rewardlang.RewardError, match="RW403"):
        rewardlang.compile(spec.with_weights(efort=1))
    assert spec.with_weights() is not None and str(spec.without()) == str(spec)
