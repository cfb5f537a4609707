"""`expect` lines: what ranges prove, what never holds, and that each computes on tensors what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest
import torch

import rewardlang
from rewardlang import Reward

SPEC = """task humanoid
param target_speed = 1.0[m/s] in [0, 3]
speed = min(base_lin_vel.x, target_speed)
swing = timer(contact_forces[feet].z < 1[N])
reward =
    1.0  * speed
  + 1.0  * alive
  - 0.01 * sum(torques^2)              as effort
  - 1.0  * sum(projected_gravity.xy^2) as tilt
reward style per second =
    gauss(base_lin_vel.y, 0.4[m/s]) as straight
  - 0.2 * sum(delta(actions)^2)     as jerk
"""
STATUS = {
    "effort <= 0": "proved",
    "paid(effort) <= 0": "proved",
    "paid(jerk) <= 0 and paid(style) <= 0.02": "proved",
    "style >= 0": "open",
    "total <= 4.03": "proved",
    "reward <= 4": "proved",
    "reward <= 3.9": "open",
    "speed <= target_speed": "open",
    "speed <= 2[m/s]": "open",
    "norm(base_lin_vel) < 10 or not alive": "open",
    "norm(base_lin_vel) < 10 or tilt <= 0": "proved",
    "all(swing >= 0)": "proved",
    "torques['left_knee'] <= 12": "proved",
    "paid(straight) >= 0": "proved",
    "effort >= 0": "never",
    "effort > 1": "never",
    "alive >= 2": "never",
    "increasing(speed, base_lin_vel.x)": "proved",
    "increasing(straight, base_lin_vel.y)": "open",
    "increasing(total, alive)": "malformed",
    "decreasing(effort, abs(torques['left_knee']))": "malformed",
    "increasing(base_height, root_pos.z)": "proved",
    "increasing(paid(reward), base_lin_vel.x)": "proved",
    "decreasing(exp(-base_height), root_pos.z)": "proved",
    "increasing(sum(relu(swing - 0.1)), contact_forces[feet].z)": "open",
    "decreasing(max(base_lin_vel.y, 0) / (1 + max(base_lin_vel.x, 0)), base_lin_vel.x)": "proved",
    "symmetric(tilt)": "proved",
    "symmetric(effort)": "proved",
    "symmetric(straight)": "proved",
    "symmetric(base_lin_vel.y)": "open",
    "symmetric(dof_pos['left_knee'])": "open",
    "return(hold) > return(limp)": "open",
    "return(hold) > 0.5 * return(jitter) - target_speed": "malformed",
}


@pytest.mark.parametrize(("law", "status"), STATUS.items(), ids=list(STATUS))
def test_what_ranges_prove(law: str, status: str) -> None:
    try:
        (found,) = rewardlang.compile(SPEC + f"expect {law}\n").expectations
    except rewardlang.RewardError as problem:
        (only,) = problem.diagnostics
        assert only.code in {"malformed": ("RW521", "RW302"), "never": ("RW520",)}.get(status, ())
    else:
        assert found.status == status and found.text == law.replace("'", '"')


def state(n: int) -> Dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(n)
    rand = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    quat = rand(n, 4)
    names = {"root_pos": rand(n, 3), "root_quat": quat / quat.norm(dim=1, keepdim=True), "root_lin_vel": rand(n, 3), "torques": 3 * rand(n, 12),
             "contact_forces": 10 * rand(n, 8, 3), "dof_pos": rand(n, 12), "actions": rand(n, 12).clamp(-1, 1), "root_ang_vel": rand(n, 3)}  # fmt: skip
    return {**names, "delta": 0.01 + rand(n).abs()}


def held(law: str, extra: Dict[str, torch.Tensor], n: int = 64) -> torch.Tensor:
    """Whether a law holds in each of n random states. [N] bool"""
    program = rewardlang.compile(SPEC + f"expect {law}\n")
    (found,) = program.expectations
    reward, quantities = Reward(program.law(found), n, dtype=torch.float64), {**state(n), **extra}
    reward.reset(quantities)
    return reward.step(quantities).metrics["holds"] == 1


N = 64
NOW = state(N)


def q(name: str) -> torch.Tensor:
    return NOW[name]


@pytest.mark.parametrize(
    ("law", "wanted"),
    [
        ("effort >= -1", 0.01 * q("torques").square().sum(1) <= 1),
        ("paid(alive) + paid(effort) > 0", None),
        ("symmetric(effort)", torch.ones(N, dtype=torch.bool)),
        ("symmetric(root_pos.z)", torch.ones(N, dtype=torch.bool)),
        ("symmetric(root_pos.y)", torch.zeros(N, dtype=torch.bool)),
        ("increasing(root_pos.z^2, root_pos.z)", (q("root_pos")[:, 2] + q("delta")).abs() >= q("root_pos")[:, 2].abs()),
        ("decreasing(effort, torques['left_knee'])", (q("torques")[:, 3] + q("delta")).abs() >= q("torques")[:, 3].abs()),
        ("increasing(sum(contact_forces[feet].z^3), contact_forces[feet].z)", torch.ones(N, dtype=torch.bool)),
        ("increasing(root_lin_vel.y, root_lin_vel.x)", None),
        ("return(hold) > return(limp)", torch.arange(N) > 9),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_on_states(law: str, wanted: object) -> None:
    returns = {"return(hold)": torch.arange(N).double(), "return(limp)": torch.full((N,), 9.0).double()}
    if wanted is None:
        if law.startswith("increasing"):  # x is no part of y
            with pytest.raises(rewardlang.RewardError, match="RW521") as problem:
                held(law, returns)
            assert "does not read" in str(problem.value)
        else:
            assert 0 < held(law, returns).sum() < N
        return
    assert torch.equal(held(law, returns), wanted)


def test_a_counterexample_has_the_values_that_are_compared() -> None:
    program = rewardlang.compile(SPEC + "expect norm(base_lin_vel) < 10 or base_height > 0.1[m]\n")
    assert [o.name for o in program.expectations[0].program.metrics] == [
        "holds",
        "norm(base_lin_vel)",
        "base_height",
    ]


@pytest.mark.parametrize("name", ["base_lin_vel", "base_ang_vel", "projected_gravity", "com_pos", "com_lin_vel", "heading"])  # fmt: skip
def test_derived_quantities_are_mirrored_by_their_rule(name: str) -> None:
    """A proof of symmetry takes a derived quantity's mirror rule for what follows from its line."""
    kind = {"heading": "flip"}.get(name) or rewardlang.compile("alive").vocabulary.quantities[name].mirror
    signs = {
        "polar": [1.0, -1.0, 1.0],
        "axial": [-1.0, 1.0, -1.0],
        "flip": [-1.0],
    }[kind]
    parts = [""] if kind == "flip" else [".x", ".y", ".z"]
    lines = "".join(
        f"metric a{i} = {name}{c}\nmetric b{i} = mirror({name}{c})\n" for i, c in enumerate(parts)
    )
    reward = Reward(rewardlang.compile(f"task humanoid\nreward = alive\n{lines}"), N, dtype=torch.float64)
    generator = torch.Generator().manual_seed(3)
    rand = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    quat = rand(N, 8, 4)
    more = {"body_pos": rand(N, 8, 3), "body_quat": quat / quat.norm(dim=-1, keepdim=True), "body_lin_vel": rand(N, 8, 3),
            "body_ang_vel": rand(N, 8, 3), "body_mass": torch.tensor([3, 1, 2, 4, 5, 2, 4, 5]).double(), "body_com": rand(8, 3)}  # fmt: skip
    more["body_com"][5:] = more["body_com"][2:5] * torch.tensor([1.0, -1.0, 1.0])
    more["body_com"][:2, 1] = 0
    quantities = {**NOW, **more}
    reward.reset(quantities)
    metrics = reward.step(quantities).metrics
    if name.startswith("com_"):
        more["body_mass"][5:] = more["body_mass"][2:5]
        metrics = reward.step(quantities).metrics
    for i, sign in enumerate(signs):
        torch.testing.assert_close(metrics[f"b{i}"], sign * metrics[f"a{i}"])


def test_laws_of_extended_files_hold_too(tmp_path: Path) -> None:
    (tmp_path / "base.reward").write_text(SPEC + "expect effort <= 0\nexpect tilt <= 0\nexpect alive\n")
    more = tmp_path / "more.reward"
    more.write_text('extends "base.reward"\ndrop tilt\nexpect speed <= 3[m/s]\n')
    assert [e.text for e in rewardlang.compile(rewardlang.load(more)).expectations] == [
        "effort <= 0",
        "alive",
        "speed <= 3[m/s]",
    ]
    more.write_text('extends "base.reward"\nweight effort = 0.01\n')
    with pytest.raises(rewardlang.RewardError, match="RW520") as problem:
        rewardlang.compile(rewardlang.load(more))
    assert "base.reward" in problem.value.diagnostics[0].where()
    more.write_text('extends "base.reward"\nreward = 1.0 * alive as up\n')
    assert [e.text for e in rewardlang.compile(rewardlang.load(more)).expectations] == ["alive"]


def test_laws_go_with_the_terms_of_a_spec() -> None:
    one = rewardlang.parse(SPEC + "expect effort <= 0\nexpect speed <= 3[m/s]\n")
    assert [e.text for e in rewardlang.compile(one.renamed(effort="cost")).expectations] == ["cost <= 0", "speed <= 3[m/s]"]  # fmt: skip
    assert [e.text for e in rewardlang.compile(one.without("effort")).expectations] == ["speed <= 3[m/s]"]
    assert [e.text for e in rewardlang.compile(-one).expectations] == ["speed <= 3[m/s]"]
    assert len(rewardlang.compile(one + one).expectations) == 2


def test_check_says_what_is_proved(tmp_path: Path) -> None:
    path = tmp_path / "laws.reward"
    path.write_text(SPEC + "expect effort <= 0\nexpect base_height > 0\nexpect return(hold) > return(fall)\n")
    run = lambda *more: subprocess.run([sys.executable, "-m", "rewardlang", "check", str(path), *more], capture_output=True, text=True, check=True).stdout  # fmt: skip
    text = run()
    assert (
        "expect effort <= 0: proved" in text
        and "expect base_height > 0: not proved: `rewardlang test`" in text
    )
    assert "expect return(hold) > return(fall): `rewardlang check --probe` compares them" in text
    data = json.loads(run("--format", "json"))
    assert [(e["status"], e["kind"], e["line"]) for e in data["expectations"]] == [("proved", "step", 13), ("open", "step", 14), ("open", "behaviours", 15)]  # fmt: skip


def test_a_group_and_the_total_rule() -> None:
    text = (
        SPEC
        + "total = max(reward, 0) + style\nexpect total >= -0.001\nexpect paid(total) - style >= 0\nexpect reward >= 0\n"
    )
    assert [e.status for e in rewardlang.compile(text).expectations] == ["open", "proved", "open"]
