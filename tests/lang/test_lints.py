"""Lints that ranges and names decide: for each a spec that is wrong, and sound ones that look alike."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest
import shipped
from zoo.cases import HOSTS

import rewardlang

ROOT = Path(__file__).parents[2]
WRONG = [
    # failing at once costs least
    ("RW511", "reward = -0.01 * sum(torques^2) as effort - abs(base_lin_vel.y) as drift"),
    ("RW511", "reward = -norm(root_pos.xy - [3, 0]) as distance - 0.1 * sum(actions^2)"),
    # signs
    ("RW513", "reward = forward_vel + alive - 0.5 * base_ang_vel.z as turning"),
    ("RW513", "reward = forward_vel + alive - 0.05 * sum(torques * dof_vel) as power"),
    ("RW513", "reward = forward_vel + alive - 0.1 * sum(dof_pos - default_dof_pos) as bend"),
    ("RW513", "gear = torque_limits / max(torque_limits)\nreward = forward_vel + alive - 0.05 * sum(actions * dof_vel * gear) as energy"),
    ("RW513", "low = min(base_height - 0.3[m], 0)\nreward = forward_vel + alive + 2 * low"),
    # one term
    ("RW514", "reward = forward_vel + alive - 1000 * sum(torques^2) as effort - sum(projected_gravity.xy^2) as tilt"),
    # parts that never change
    ("RW515", "reward = forward_vel + alive * (projected_gravity.z > 1.5) as up"),
    ("RW515", "reward = forward_vel + alive - sum(relu(abs(torques) - 100)) as strong"),
    ("RW515", "reward = forward_vel + max(-sum(abs(actions)), 1) as g"),
    ("RW515", "reward = forward_vel + alive\nterminate weak when all(abs(actions) > 3)"),
    # what nothing reads
    ("RW516", "param k = 2\nreward = forward_vel + alive"),
    ("RW516", "speed = min(forward_vel, 1)\nreward = forward_vel + alive"),
    ("RW516", "cap(x) = min(x, 1)\nreward = forward_vel + alive"),
    ("RW516", "reward = forward_vel + alive\nmetric speed = forward_vel"),
    ("RW516", "task humanoid_velocity\nreward = forward_vel + alive"),
    ("RW516", "task quadruped\nreward = alive + gauss(forward_vel - 1, 0.5) as speed"),
    # the wrong way round
    ("RW519", "reward = forward_vel + alive + 0.01 * sum(torques^2) as effort"),
    ("RW519", "reward = forward_vel + alive + 0.1 * sum(delta(actions)^2) as smooth"),
    ("RW519", "reward = forward_vel + alive + 1e-3 * sum(abs(torques[knees] * dof_vel[knees])) as power"),
    ("RW519", "reward = forward_vel + alive + 2e-7 * sum(rate(dof_vel)^2) as smooth"),
    ("RW519", "reward = forward_vel + alive + 100 * fallen"),
    ("RW519", "task quadruped\nreward = alive - gauss(norm(command_lin_vel - base_lin_vel.xy), 0.5) as track"),
    ("RW519", "task quadruped\nreward = alive - 0.5 * exp(-(command_ang_vel - base_ang_vel.z)^2 / 0.25) as turn"),
    ("RW519", "task quadruped\nreward = alive + norm(base_lin_vel.xy - command_lin_vel) as error"),
    ("RW519", "task quadruped\nreward = alive + 0.3 * sum((command_lin_vel - base_lin_vel.xy)^2) as error"),
    ("RW519", "task quadruped\nreward = alive + 0.2 * gauss(command_ang_vel + base_ang_vel.z, 0.5) as turn"),
    ("RW519", "task quadruped\nreward = alive + 0.2 * gauss(command_lin_vel.x - root_lin_vel.x, 0.5) as track"),
    ("RW519", "reward = forward_vel + alive + sum(projected_gravity.xy^2) as tilt"),
    ("RW519", "reward = forward_vel + alive + 2 * potential(norm(root_pos.xy - [3, 0])) as progress"),
    ("RW519", "reward = forward_vel + alive + rate(distance(root_pos, [3, 0, 0.3])) as progress"),
    # what the policy does not see
    ("RW517", "reward = alive + 0.5 * count(stance(phase(0.8[s], table(feet, \"left_*\": 0, \"*\": 0.5)), 0.5)) as gait"),
    ("RW517", "reward = forward_vel * ever(base_height > 0.3[m]) as late + alive"),
    ("RW517", "reward = forward_vel + alive - 0.1 * abs(integral(base_ang_vel.z)) as turned"),
    ("RW517", "reward = forward_vel + alive * (episode_time > 2[s]) as later"),
]  # fmt: skip
SOUND = [
    "reward = sum(torques^2) as effort + 0.1 * sum(actions^2) as size",
    "reward = alive + potential(-norm(root_pos.xy - [3, 0])) as progress - projected_gravity.z as up",
    "reward = alive + forward_vel + 0.1 * gauss(sum(torques^2), 20) as thrift + 0.1 * (1 - sum(abs(actions)) / 12) as calm",
    "reward = alive + forward_vel + 0.01 * dof_vel['left_knee']^2 as spin - 0.1 * sum(actions^2)",
    "reward = alive + forward_vel - 100 * fallen + 0.1 * (not fallen) as up",
    "task quadruped\nreward = alive - 0.5 * (1 - gauss(norm(command_lin_vel - base_lin_vel.xy), 0.5)) as track",
    "task quadruped\nreward = alive - norm(command_lin_vel - base_lin_vel.xy) as track - abs(command_ang_vel - root_ang_vel.z) as turn",
    "task quadruped\nreward = alive + (norm(command_lin_vel) > 0.1) * norm(body_lin_vel['FL_foot']) as step - gauss(norm(command_lin_vel), 0.1) * sum(abs(dof_vel)) as fidget",
    "task quadruped\nreward = alive + potential(-norm(command_lin_vel - base_lin_vel.xy)) as better",
    "reward = forward_vel - 0.01 * sum(torques^2) as effort",
    "reward = -0.01 * sum(torques^2) as effort - 100 * fallen",
    "reward = -0.01 * sum(torques^2) as effort - abs(base_lin_vel.y) as drift\ndrop terminate fallen",
    "reward = alive - projected_gravity.z as upright - 0.1 * sum(abs(torques * dof_vel)) as power",
    "reward = alive - 2 * rate(norm(root_pos.xy - [3, 0])) as progress - delta(base_height) as drop_",
    "reward = alive - potential(norm(root_pos.xy - [3, 0])) as shaping",
    "reward = alive - 0.5 * (1 + projected_gravity.z) as lean - 0.2 * (1 - gauss(base_lin_vel.y, 0.2)) as drift",
    "reward = alive - log(max(1 - gauss(norm(dof_vel), 5), 1e-4)) as style",
    "reward = alive - log(mean(exp(-5 * abs(dof_pos)))) as soft - mean((1 - (dof_pos > 0)) * (1 - gauss(dof_vel, 2))) as gait",
    "cost = -norm(base_lin_vel.yz)\nreward = alive + 2 * cost",
    "reward = alive + forward_vel - 0.1 * sum(dof_vel * dof_vel) as speed2",
    "reward = alive + forward_vel - sum((dof_pos - default_dof_pos)^2) as pose - 0.1 * var(dof_pos) as spread",
    "reward = alive + clip(forward_vel, 0, 1) + clip(-projected_gravity.z, -1, 1) as up",
    "reward = alive + forward_vel - 200 * fallen - 2e-4 * sum(torques^2) as effort",
    "param w = 0 in [0, 1]\nreward = alive + w * forward_vel",
    "reward = alive + forward_vel + 0.2 * sum((prev(timer(not (contact_forces[feet].z > 1[N]))) - 0.3[s]) * rising(contact_forces[feet].z > 1[N])) as air",
    "reward = alive + forward_vel - 0.01 * sum(delta(actions)^2) as jerk - 0.01 * running_max(sum(actions^2), reset_when=base_height < 0.3) as h",
    "task humanoid_velocity\nreward = alive + gauss(norm(command_lin_vel - base_lin_vel.xy), 0.5[m/s]) as track",
    "reward = alive + forward_vel\nterminate stuck when steps(abs(forward_vel) < 0.01) > 100",
    "task humanoid_velocity\nreward = alive + gauss(norm(base_lin_vel), 0.2) as still - 0.01 * sum(torques^2) as effort",
    "unused = 3  # allow RW516: for specs that extend this one\nreward = alive + forward_vel",
    "reward = alive + forward_vel - 0.3 * base_ang_vel.z as turn  # allow RW513: it is to turn right",
]  # fmt: skip


def codes(text: str) -> List[str]:
    return [w.code for w in rewardlang.compile(text, observations=True).warnings]


@pytest.mark.parametrize(("code", "text"), WRONG, ids=[f"{code}-{i}" for i, (code, _) in enumerate(WRONG)])
def test_wrong(code: str, text: str) -> None:
    assert codes(text) == [code]


@pytest.mark.parametrize("text", SOUND, ids=range(len(SOUND)))
def test_sound(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize("path", shipped.ALL, ids=lambda path: f"{path.parent.name}-{path.stem}")  # fmt: skip
def test_shipped_specs_have_none(path: Path) -> None:
    host = HOSTS.get(f"{path.parent.name}/{path.stem}")
    found = rewardlang.compile(rewardlang.load(path), observations=True, quantities=host).warnings
    assert [w.code for w in found if w.code > "RW510"] == []


def test_an_import_that_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "lib.reward").write_text("low = base_height < 0.2\nhigh = base_height > 0.5\n")
    spec = tmp_path / "main.reward"
    spec.write_text('import "lib.reward" as lib\nreward = alive\n')
    assert [w.message for w in rewardlang.compile(rewardlang.load(spec)).warnings] == [
        "nothing is read of the import `lib`"
    ]
    spec.write_text('import "lib.reward" as lib\nreward = alive - lib.low\n')
    assert rewardlang.compile(rewardlang.load(spec)).warnings == ()
