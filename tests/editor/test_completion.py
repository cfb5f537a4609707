"""What is proposed where the cursor `|` stands, in texts that mostly do not parse."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from .client import Client, applied, marked

HEAD = """\
task humanoid
param target = 1.0[m/s]
soles = bodies("*_foot")
track(error, width) = exp(-(error / width)^2)
reward = base_lin_vel.x as speed
reward style per second = - sum(torques^2) as effort
terminate tipped when projected_gravity.z > -0.5
metric height = base_height
"""
# text after the head, what is among the proposals, what is not
CASES = [
    ("|", ["param", "reward", "terminate", "extends", "torques", "clip"], ["as"]),
    ("par|", ["param"], []),
    ("x = tor|", ["torques", "torque_limits", "target", "track", "sum", "pi", "feet", "soles"], ["param", "humanoid"]),
    ("x = (1 + |", ["torques"], []),
    ("reward += alive\n  - 0.1 * su|", ["sum", "torques", "target"], ["param"]),
    ("x = target |", ["and", "or", "as"], ["torques", "clip"]),
    ("x = base_lin_vel.|", ["x", "y", "z", "xy", "xz", "yz"], ["xyz", "torques"]),
    ("x = torques.|", [], ["x", "torques"]),
    ("x = f(torques)[0].|", ["x", "xy"], []),
    ("x = torques[knees].|", [], ["x", "torques"]),
    ("x = (dof_pos - default_dof_pos).|", [], ["x"]),
    ("x = 2 * left(torques).|", [], ["x"]),
    ("x = contact_forces.z.|", [], ["x"]),
    ("x = norm(base_lin_vel.xy) + projected_gravity.xy.|", ["x", "y"], ["z", "xz"]),
    ("x = abs(body_pos[soles]).|", ["x", "z", "xy"], []),
    ("near(gap, reach) = gap.|", ["x", "xy"], []),
    ("x = torques[|", ["hips", "knees", '"left_knee"', "joints"], ["feet", "soles", '"left_foot"', "torques"]),
    ('x = torques["|', ["left_knee", "*_knee", "left_*", "*"], ["left_foot", "torques"]),
    ('x = torques["left_knee", "r|"]', ["right_knee", "right_*"], ["left_foot"]),
    ("x = contact_forces[|", ["feet", "soles", "bodies"], ["hips"]),
    ('x = bodies("|")', ["left_foot", "*_foot"], ["left_knee"]),
    ('x = joints("!|', ["left_knee"], ["left_foot"]),
    ('x = table(joints, "|', ["left_knee", "*_knee"], ["left_foot"]),
    ("x = table(|", ["joints", "bodies", "feet"], ["torques"]),
    ('x = tolerance(target, shape="|', ["gaussian", "quadratic"], ["left_knee"]),
    ("x = tolerance(target, shape=|", ['"gaussian"'], []),
    ("x = 0.3[|", ["m", "s", "rad", "N"], ["torques"]),
    ("x = 0.3[N*|", ["m"], []),
    ("x = clip(target, |", ["lo=", "hi=", "torques"], ["x="]),
    ("x = clip(target, lo=0, |", ["hi="], ["lo="]),
    ("x = track(|", ["error=", "width=", "target"], []),
    ("x = sum(torques, over=|", ["joints", "bodies"], ["torques"]),
    ("near(gap, reach) = 1 - ga|", ["gap", "reach", "torques"], []),
    ("task |", ["humanoid", "humanoid_velocity"], ["torques"]),
    ("weight |", ["speed", "effort"], ["torques"]),
    ("drop |", ["speed", "effort", "terminate", "metric"], ["torques"]),
    ("drop terminate |", ["tipped", "fallen"], ["speed"]),
    ("drop metric |", ["height"], ["speed"]),
    ("terminate |", ["fallen"], ["torques"]),
    ("terminate x |", ["when"], ["torques"]),
    ("success |", [], ["fallen", "tipped", "torques", "and"]),
    ("success x |", ["when"], ["torques"]),
    ("expect |", ["torques", "target", "effort", "style", "total", "paid", "return", "increasing", "symmetric", "not"], ["and", "or", "as"]),
    ("expect eff|", ["effort"], ["and"]),
    ("expect effort |", ["and", "or"], ["as", "torques"]),
    ("expect effort <= |", ["effort", "paid", "torques"], ["increasing", "and"]),
    ("expect increasing(|", ["speed", "torques", "paid"], ["increasing"]),
    ("expect paid(|", ["speed", "style", "total"], ["torques", "hold"]),
    ("expect return(hold) > return(|", ["limp", "fall"], ["torques", "speed"]),
    ("metric x = |", ["torques"], ["effort", "paid", "increasing"]),
    ("reward = alive as |", [], ["torques", "and"]),
    ("weight effort |", [], ["and"]),
    ("param x = |", [], ["torques"]),
    ("param x = 1 |", ["in"], ["and"]),
    ("terminate x when base|", ["base_height"], ["when"]),
    ("reward |", ["style", "per"], ["torques"]),
    ("reward x per |", ["step", "second"], ["torques"]),
    ("total = |", ["reward", "style", "alive"], []),
    ('import "a.reward" |', ["as"], ["torques"]),
    ('import "|', ["humanoid/walk.reward", "other.reward", "lib/legs.reward"], ["a.reward"]),
    ('extends "|"', ["humanoid/walk.reward", "other.reward"], ["torques"]),
    ("# tor|", [], ["torques"]),
    ("x = target # tor|", [], ["torques"]),
    ("param |", [], ["torques"]),
    ('import "lib/legs.reward" as g\nx = g.|', ["swing", "near"], ["x", "torques"]),
    ('import "lib/legs.reward" as g\nx = abs(g.swing).|', [], ["x", "torques"]),
    ('import "lib/legs.reward" as g\nx = (g.swing * base_lin_vel).|', ["x", "xy"], ["torques"]),
    ("task * |", ["torques"], ["humanoid"]),
]  # fmt: skip


def proposals(editor: Client, after: str, head: str = HEAD) -> Dict[str, Any]:
    editor.open(head)
    text, position = marked(head + after)
    editor.change(text)
    answer = editor.ask("completion", position)
    return {item["label"]: item for item in answer["items"]}


@pytest.mark.parametrize("after, wanted, unwanted", CASES, ids=[after for after, _, _ in CASES])
def test_completion(editor: Client, after: str, wanted: List[str], unwanted: List[str]) -> None:
    (editor.folder / "lib").mkdir(exist_ok=True)
    (editor.folder / "lib" / "legs.reward").write_text(
        "swing = timer(alive)\nnear(x) = exp(-x^2)\n", encoding="utf-8"
    )
    (editor.folder / "other.reward").write_text("reward = alive\n", encoding="utf-8")
    (editor.folder / "a.reward").write_text("reward = alive\n", encoding="utf-8")
    found = proposals(editor, after)
    assert [word for word in wanted if word not in found] == []
    assert [word for word in unwanted if word in found] == []


def test_what_a_proposal_says(editor: Client) -> None:
    found = proposals(editor, "x = |")
    assert (
        found["torques"]["detail"].startswith("[joints] N*m")
        and "Torques" in found["torques"]["documentation"]["value"]
    )
    assert (
        found["clip"]["detail"] == "clip(x, lo, hi)"
        and "min(max(x, lo), hi)" in found["clip"]["documentation"]["value"]
    )
    assert (
        found["track"]["textEdit"]["newText"] == "track(${1:error}, ${2:width})$0"
        and found["track"]["insertTextFormat"] == 2
    )
    assert "m/s" in found["target"]["detail"]


@pytest.mark.parametrize("after, label, result", [
    ("x = tor|", "torques", "x = torques"), ("x = torques[\"left_k|\"]", "left_knee", "x = torques[\"left_knee\"]"),
    ("x = 0.3[N*|]", "m", "x = 0.3[N*m]"), ("x = base_lin_vel.|", "xy", "x = base_lin_vel.xy"), ("imp|", "import", None),
])  # fmt: skip
def test_the_change_that_a_proposal_makes(editor: Client, after: str, label: str, result: str) -> None:
    edit = proposals(editor, after, "reward = alive\n")[label]["textEdit"]
    text = applied("reward = alive\n" + after.replace("|", ""), [edit])
    assert result is None or text == "reward = alive\n" + result
    assert result is not None or edit["newText"].startswith('import "${1')


def test_plain_text_for_an_editor_without_snippets(tmp_path) -> None:
    with Client(tmp_path, snippets=False) as client:
        client.open("reward = ")
        found = {item["label"]: item for item in client.ask("completion", (0, 9))["items"]}
        assert found["clip"]["textEdit"]["newText"] == "clip" and found["clip"]["insertTextFormat"] == 1
        assert client.leave() == 0


@pytest.mark.parametrize("after, form, active", [
    ("x = clip(target, |", "clip(x, lo, hi)", 1), ("x = clip(target, hi=|", "clip(x, lo, hi)", 2), ("x = track(|", "track(error, width)", 0),
    ("x = track(clip(1, 2, 3), |", "track(error, width)", 1), ("x = min(1, 2, 3, |", "min(a, b, ..., over=axis)", None),
    ("expect increasing(effort, |", "increasing(f, x)", 1), ("x = (|", None, None), ("x = |", None, None), ("x = clip(target, [1, 2, |", "clip(x, lo, hi)", 1),
])  # fmt: skip
def test_signature(editor: Client, after: str, form: Any, active: Any) -> None:
    proposals(editor, after)
    text, position = marked(HEAD + after)
    answer = editor.ask("signatureHelp", position)
    if form is None:
        assert answer is None
        return
    (one,) = answer["signatures"]
    assert one["label"] == form
    assert active is None or answer["activeParameter"] == active


def test_names_of_an_import_stand_behind_its_dot(editor: Client) -> None:
    (editor.folder / "lib.reward").write_text("param knee = 2\nunread = 3\n", encoding="utf-8")
    head = 'import "lib.reward" as g\nreward = g.knee * alive\nx = '
    for end, there, absent in (
        ("|", ["g"], ["g.knee", "g_knee", "knee"]),
        ("g.|", ["knee", "unread"], ["g"]),
    ):
        text, place = marked(head + end)
        editor.open(text)
        found = editor.ask("completion", place)
        labels = {item["label"] for item in (found["items"] if isinstance(found, dict) else found)}
        assert set(there) <= labels and not labels & set(absent)
