"""What is known of a term before it runs: its ends, its gate, whether it flattens, its kernel."""

from __future__ import annotations

import math
from typing import Any, Dict

import pytest

import rewardlang
from rewardlang.lang.anatomy import TINY, Anatomy, Kernel, anatomy

INF = math.inf
ANY = {"low": -INF, "high": INF}
UNIT = {"low": 0.0, "high": 1.0, "flattens": True}
HIGH = "(base_height > 1[m])"
ERROR = "forward_vel - 1[m/s]"


def of(text: str) -> Anatomy:
    program = rewardlang.compile(f"param w = 0.5[m/s] in [0.1, 2]\nreward = {text} as term")
    return anatomy(program.typed, program.bounds)[0]


@pytest.mark.parametrize("text, expected", [
    ("forward_vel", {**ANY, "gate": False, "flattens": False, "plain": False, "can_pay": True, "worst": "low", "kernel": None}),
    ("- 0.1*sum(torques^2)", {"low": 0.0, "high": 918.0, "flattens": False, "can_pay": False, "worst": "high"}),
    ("alive", {**ANY, "plain": True, "can_pay": True, "gate": False}),
    (f"{HIGH} * alive", {**ANY, "plain": True, "gate": False}),
    ("- 10*fallen", {**ANY, "plain": True, "can_pay": False}),
    (f"2*gauss({ERROR}, 0.5[m/s])", {**UNIT, "gate": False, "kernel": Kernel("gauss", 0.5, "m/s")}),
    (f"gauss({ERROR}, w)", {**UNIT, "kernel": Kernel("gauss", "w", "m/s")}),
    (f"laplace({ERROR}, 0.5)", {**UNIT, "kernel": Kernel("laplace", 0.5, "m/s")}),
    (f"tanh_kernel({ERROR}, 0.5[m/s])", {**UNIT, "kernel": Kernel("tanh_kernel", 0.5, "m/s")}),
    (f"inverse({ERROR}, 0.5[m/s])", {**UNIT, "kernel": Kernel("inverse", 0.5, "m/s")}),
    ("exp(-sum(base_lin_vel.xy^2)/0.25)", {**UNIT, "kernel": Kernel("exp", 1.0, "")}),
    (f"gauss({ERROR}, 0.5[m/s]) * {HIGH}", {**UNIT, "gate": True, "kernel": Kernel("gauss", 0.5, "m/s")}),
    (f"where({HIGH}, gauss({ERROR}, 0.5[m/s]), 0)", {**UNIT, "gate": True, "kernel": Kernel("gauss", 0.5, "m/s")}),
    (f"where({HIGH}, 0, gauss({ERROR}, 0.5[m/s]))", {**UNIT, "gate": True, "kernel": Kernel("gauss", 0.5, "m/s")}),
    (f"where({HIGH}, gauss({ERROR}, 0.5[m/s]), 1)", {**UNIT, "gate": False, "kernel": None}),
    (f"- (1 - gauss({ERROR}, 0.5[m/s]))", {**UNIT, "worst": "high", "kernel": None}),
    ("mean(gauss(dof_pos, 0.3))", {"flattens": True, "kernel": None}),
    (f"gauss({ERROR}, 0.5[m/s]) * clip(base_height / 1[m], 0, 1)", {**UNIT, "gate": False, "kernel": None}),
    (f"gauss({ERROR}, 0.5[m/s]) * forward_vel", {**ANY, "flattens": False, "kernel": None}),
    (f"gauss({ERROR}, 0.5[m/s] + 0.1*ramp(epoch, 0, 9)*1[m/s])", {**UNIT, "kernel": None}),
    ('tolerance(base_height, lower=1, margin=0.5)', {**UNIT, "gate": False, "kernel": None}),
    ("max(base_height - 1[m], 0)", {"low": 0.0, "flattens": False, "gate": False}),
    ("sum(max(contact_forces[feet].z, 0) * (contact_forces[feet].z > 9[N]))", {"gate": True, "flattens": False}),
    ("count(contact_forces[feet].z > 9[N])", {"low": 0.0, "high": 2.0, "plain": False, "flattens": False}),
])  # fmt: skip
def test_anatomy(text: str, expected: Dict[str, Any]) -> None:
    found = of(text)._asdict()
    assert {name: found[name] for name in expected} == expected


def test_near_an_end() -> None:
    assert of("- 0.1*sum(torques^2)").near() == pytest.approx((9.18, 918 - 9.18))
    assert of("forward_vel").near() == (-INF, INF)
    assert of("base_lin_vel.y^2").near() == (0.0, INF)  # no other end: at it


@pytest.mark.parametrize("function, value", [
    ("gauss", lambda x, w: math.exp(-((x / w) ** 2))), ("laplace", lambda x, w: math.exp(-abs(x) / w)),
    ("tanh_kernel", lambda x, w: 1 - math.tanh(x / w)), ("inverse", lambda x, w: 1 / (1 + (x / w) ** 2)),
])  # fmt: skip
@pytest.mark.parametrize("x", [0.0, 0.1, 0.7, 2.0])
def test_a_kernels_error_is_found_again(function: str, value: Any, x: float) -> None:
    nats = -math.log(value(x, 0.5))
    assert Kernel(function, "w", "m").error(nats, {"w": 0.5}) == pytest.approx(x, rel=1e-6, abs=1e-9)
    assert math.isfinite(Kernel(function, 0.5, "m").error(-math.log(TINY), {}))
