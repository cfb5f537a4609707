"""What is shown where the pointer rests: data first, the mark `|` is the pointer."""

from __future__ import annotations

from typing import List

import pytest

from .client import Client, marked

SPEC = """\
task humanoid
param target = 1.0[m/s] in [0, 3]
soles = bodies("*_foot")
touch = contact_forces[soles].z > 1[N]
track(error, width) = exp(-(error / width)^2)
moving = min(base_lin_vel.x, target)
reward =
    1.0 * track(moving - 0.7[m/s], 0.25) as speed
  - 0.01 * sum(torques^2, over=joints) as effort
  + any(touch)
reward style per second = - 0.05 * sum(rate(dof_vel)^2) as jerk
terminate tipped when projected_gravity.z > -0.5
metric mass = sum(body_mass)
weight effort = -0.02
knees_2 = table(joints, "*_knee": 0.2, "*": 0.1)
expect symmetric(effort)
"""
CASES = [
    ("base_lin|_vel", ["base_lin_vel = rotate_inverse(root_quat, root_lin_vel)", "Linear velocity of the base.", "[xyz] m/s", "base frame"]),
    ("torq|ues", ["[joints] N*m", "in -", "quantity of the task humanoid"]),
    ("body_m|ass", ["[bodies] kg", ">= 0", "fixed by the robot"]),
    ("param targ|et", ["param target = 1.0[m/s] in [0, 3]", "m/s", "in 0..3", "*param*"]),
    ("base_lin_vel.x, targ|et", ["param target"]),
    ("sol|es =", ["selection of bodies: `left_foot`, `right_foot`"]),
    ("tou|ch =", ["[bodies] bool", "`left_foot`, `right_foot`", "*definition*"]),
    ("tr|ack(error", ["track(error, width) = exp(-(error / width)^2)", "*function*"]),
    ("tr|ack(moving", ["track(error, width) = exp(-(error / width)^2)"]),
    ("exp(-(err|or", ["parameter of track", "m/s", "in its first call"]),
    ("sum|(torques", ["sum(x, over=axis, where)", "Sum over"]),
    ("ov|er=", ["sum(x, over=axis, where)"]),
    ("over=joi|nts", ["12 joints", "axis of the task"]),
    ("as eff|ort", ["sum(torques^2, over=joints)", "weight -0.02", "term of the group reward"]),
    ("weight eff|ort", ["weight -0.02"]),
    ("reward sty|le", ["paid per second", "`jerk`"]),
    ("terminate tip|ped", ["terminate tipped when", "termination"]),
    ("metric ma|ss", ["metric mass", "kg"]),
    ('bodies("*_|foot', ["matches 2 of 8 bodies: `left_foot`, `right_foot`"]),
    ('"*_kn|ee": 0.2', ["matches 2 of 12 joints"]),
    ("1.0[m|/s]", ["unit `m/s`"]), ("1[|N]", ["kg*m*s^-2"]),
    ("projected_gravity.|z", ["projected_gravity.z", "in -1..1"]),
    ("task human|oid", ["12 joints, 8 bodies"]),
    ("tas|k humanoid", ["task NAME"]), ("terminat|e tipped", ["terminate NAME when condition"]),
    ("tipped wh|en", ["termination waits"]), ("p|er second", ["per second"]), ("per sec|ond", ["dt"]),
    ("0.25) a|s speed", ["Names a term"]),
    ("symm|etric(effort)", ["symmetric(f)", "mirrored robot"]),
    ("moving |- 0.7", ["moving - 0.7[m/s]", "m/s"]),
]  # fmt: skip


@pytest.mark.parametrize("place, says", CASES, ids=[place for place, _ in CASES])
def test_hover(editor: Client, place: str, says: List[str]) -> None:
    assert SPEC.count(place.replace("|", "")) >= 1
    text, position = marked(SPEC.replace(place.replace("|", ""), place, 1))
    editor.open(text)
    answer = editor.ask("hover", position)
    assert answer is not None and answer["contents"]["kind"] == "markdown"
    for words in says:
        assert words in answer["contents"]["value"]
    assert answer["range"]["start"]["line"] == position[0]


def test_nothing_in_comments_and_blanks(editor: Client) -> None:
    editor.open("# torques\nreward = alive\n\n")
    assert editor.ask("hover", (0, 4)) is None
    assert editor.ask("hover", (2, 0)) is None


def test_while_the_text_does_not_parse(editor: Client) -> None:
    """Names keep what was known of them; those of a broken statement are found by their text."""
    good = "speed = base_lin_vel.x\nreward = speed\n"
    editor.open(good)
    editor.change(good.replace("reward = speed", "reward = speed +\nb = ("))
    assert "m/s" in editor.ask("hover", (0, 1))["contents"]["value"]
    assert "speed = base_lin_vel.x" in editor.ask("hover", (1, 11))["contents"]["value"]
    assert "base_lin_vel = " in editor.ask("hover", (0, 10))["contents"]["value"]


def test_names_of_other_files(editor: Client) -> None:
    (editor.folder / "legs.reward").write_text(
        "swing = timer(contact_forces[feet].z < 1[N])\ntrack(e) = exp(-e^2)\n", encoding="utf-8"
    )
    (editor.folder / "base.reward").write_text(
        "pace = base_lin_vel.x\nreward = pace as speed\n", encoding="utf-8"
    )
    editor.open(
        'extends "base.reward"\nimport "legs.reward" as legs\nreward += sum(legs.swing) + legs.track(pace) as x\nweight speed = 2\n'
    )
    said = lambda line, column: editor.ask("hover", (line, column))["contents"]["value"]
    assert (
        "swing = timer" in said(2, 21) and "[bodies] s" in said(2, 21) and "from legs.reward" in said(2, 21)
    )
    assert 'import "legs.reward" as legs' in said(2, 16)
    assert "track(e) = exp(-e^2)" in said(2, 35)
    assert "pace = base_lin_vel.x" in said(2, 40) and "m/s" in said(2, 40)
    assert "weight 2" in said(3, 9)
    assert str(editor.folder / "base.reward") in said(0, 12)


@pytest.mark.parametrize(
    "mistake", ["x = torqes", "x = (1 +", "drop effort2", "y = x\nx = qq(1)", "a = b\nb = a"]
)
def test_types_in_spite_of_a_mistake_elsewhere(editor: Client, mistake: str) -> None:
    """Also in a text that was never without one."""
    editor.open(f"{mistake}\nspeed = base_lin_vel.x\nreward = speed * 2 as pace\n")
    line = mistake.count("\n") + 1
    assert "m/s" in editor.ask("hover", (line, 1))["contents"]["value"]
    assert "m/s" in editor.ask("hover", (line + 1, 11))["contents"]["value"]
    assert "weight 2" in editor.ask("hover", (line + 1, 25))["contents"]["value"]
