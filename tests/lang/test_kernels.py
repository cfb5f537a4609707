"""Kernels and gait functions against formulas written out by hand in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rewardlang

X = np.array([-3.0, -1.2, -0.999, -0.5, -0.1, 0.0, 0.25, 0.5, 0.7, 1.0, 1.3, 2.0, 8.0])


def values(expression, x=X):
    """The expression's value for forward_vel = x. [len(x)]"""
    n = len(x)
    program = rewardlang.compile(f"reward = ({expression}) as value\ndrop terminate fallen")
    reward = rewardlang.Reward(program, n, dtype=torch.float64)
    velocity = torch.zeros(n, 3, dtype=torch.float64)
    velocity[:, 0] = torch.tensor(x)
    level = torch.tensor([[0.0, 0.0, 0.0, 1.0]], dtype=torch.float64).repeat(n, 1)
    return reward({"root_quat": level, "root_lin_vel": velocity})[1]["value"].numpy()


def outside(x, lower, upper):
    """How far x is outside lower..upper."""
    return np.maximum(np.maximum(lower - x, x - upper), 0)


# dm_control's sigmoids, from its definition: value v at distance 1
SIGMOIDS = {
    "gaussian": lambda d, v: np.exp(-0.5 * (d * np.sqrt(-2 * np.log(v))) ** 2),
    "hyperbolic": lambda d, v: 1 / np.cosh(d * np.arccosh(1 / v)),
    "long_tail": lambda d, v: 1 / ((d * np.sqrt(1 / v - 1)) ** 2 + 1),
    "reciprocal": lambda d, v: 1 / (np.abs(d) * (1 / v - 1) + 1),
    "cosine": lambda d, v: _cut(d * np.arccos(2 * v - 1) / np.pi, lambda s: (1 + np.cos(np.pi * s)) / 2),
    "linear": lambda d, v: _cut(d * (1 - v), lambda s: 1 - s),
    "quadratic": lambda d, v: _cut(d * np.sqrt(1 - v), lambda s: 1 - s**2),
    "tanh_squared": lambda d, v: 1 - np.tanh(d * np.arctanh(np.sqrt(1 - v))) ** 2,
}


def _cut(scaled, inner):
    return np.where(np.abs(scaled) < 1, inner(scaled), 0.0)


@pytest.mark.parametrize("shape", SIGMOIDS)
@pytest.mark.parametrize("at_margin", [0.1, 0.5])
@pytest.mark.parametrize(
    ("bounds", "lower", "upper"),
    [("lower=0.2, upper=0.9", 0.2, 0.9), ("lower=0.5", 0.5, np.inf), ("upper=0", -np.inf, 0)],
)
def test_tolerance(shape, at_margin, bounds, lower, upper):
    got = values(
        f'tolerance(forward_vel, {bounds}, margin=0.7, shape="{shape}", value_at_margin={at_margin})'
    )
    d = outside(X, lower, upper) / 0.7
    np.testing.assert_allclose(
        got, np.where(d == 0, 1.0, SIGMOIDS[shape](d, at_margin)), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("shape", ["cosine", "linear", "quadratic"])
def test_tolerance_may_reach_zero_at_the_margin(shape):
    got = values(f'tolerance(forward_vel, lower=1, margin=1, shape="{shape}", value_at_margin=0)')
    assert got[X <= 0].max() == 0 and got[X >= 1].min() == 1


def test_tolerance_without_a_margin_is_a_step():
    np.testing.assert_array_equal(values("tolerance(forward_vel, 0, 1)"), ((X >= 0) & (X <= 1)).astype(float))


@pytest.mark.parametrize(("expression", "formula"), [
    ("gauss(forward_vel, 0.5)", lambda x: np.exp(-((x / 0.5) ** 2))),
    ("laplace(forward_vel, 0.5)", lambda x: np.exp(-np.abs(x) / 0.5)),
    ("tanh_kernel(forward_vel, 0.5)", lambda x: 1 - np.tanh(np.abs(x) / 0.5)),
    ("inverse(forward_vel, 0.5)", lambda x: 1 / (1 + (x / 0.5) ** 2)),
    ("stance(mod(forward_vel/1[m/s], 1), 0.6)", lambda x: (x % 1 < 0.6).astype(float)),
    ("triangle(mod(forward_vel/1[m/s], 1))", lambda x: 1 - np.abs(2 * (x % 1) - 1)),
    ("half_sine(mod(forward_vel/1[m/s], 1))", lambda x: np.maximum(np.sin(2 * np.pi * (x % 1)), 0)),
])  # fmt: skip
def test_kernel(expression, formula):
    np.testing.assert_allclose(values(expression), formula(X), rtol=1e-9, atol=1e-9)


def test_smooth_stance_is_the_step_away_from_its_edges_and_half_at_them():
    phase = np.linspace(0, 0.9999, 400)
    smooth = values("stance(forward_vel/1[m/s], 0.6, width=0.1)", phase)
    step = (phase < 0.6).astype(float)
    away = (np.abs(phase - 0.6) > 0.051) & (phase > 0.051) & (phase < 0.949)
    np.testing.assert_allclose(smooth[away], step[away], atol=1e-12)
    np.testing.assert_allclose(
        values("stance(forward_vel/1[m/s], 0.6, width=0.1)", np.array([0.0, 0.6])), 0.5, atol=1e-9
    )
    assert np.abs(np.diff(smooth)).max() < 0.05


def test_bezier_swing_rises_to_its_height_and_comes_back():
    phase = np.linspace(0, 1, 101)
    height = values("bezier_swing(forward_vel/1[m/s], 0.08)", phase)
    assert height[0] == 0 and abs(height[100]) < 1e-12 and abs(height[50] - 0.08) < 1e-12
    t = 2 * phase[:51]
    np.testing.assert_allclose(height[:51], 0.08 * (t**3 + 3 * t**2 * (1 - t)), atol=1e-12)
    np.testing.assert_allclose(height, height[::-1], atol=1e-12)


@pytest.mark.parametrize(("expression", "theirs"), [
    ("gauss(forward_vel, 0.5)", lambda x: np.exp(-(x**2) / 0.5**2)),  # Isaac Lab, std
    ("gauss(forward_vel, sqrt(0.25))", lambda x: np.exp(-(x**2) / 0.25)),  # legged_gym, sigma
    ("gauss(forward_vel, 1/sqrt(3))", lambda x: np.exp(-3 * x**2)),  # humanoid-gym
    ("gauss(forward_vel, sqrt(2)*0.5)", lambda x: np.exp(-(x**2) / (2 * 0.5**2))),  # a normal distribution's
    ("gauss(forward_vel, 0.7/sqrt(-log(0.1)))", lambda x: SIGMOIDS["gaussian"](np.abs(x) / 0.7, 0.1)),  # dm_control
    ("laplace(forward_vel, 1/10)", lambda x: np.exp(-10 * np.abs(x))),
    ("tanh_kernel(forward_vel, 1/5)", lambda x: 1 - np.tanh(5 * np.abs(x))),  # robosuite
    ("inverse(forward_vel, 1)^2", lambda x: (1 / (1 + x**2)) ** 2),  # IsaacGymEnvs
    ("inverse(forward_vel, 1/sqrt(3))", lambda x: 1 / (1 + 3 * x**2)),
    ("inverse(forward_vel, 0.7/sqrt(1/0.1 - 1))", lambda x: SIGMOIDS["long_tail"](np.abs(x) / 0.7, 0.1)),
    ('tolerance(forward_vel, 0, 0, margin=1, shape="reciprocal", value_at_margin=0.5)', lambda x: 1 / (1 + np.abs(x))),
])  # fmt: skip
def test_conventions_of_other_projects(expression, theirs):
    """As each kernel's doc says it."""
    np.testing.assert_allclose(values(expression), theirs(X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("expression", "range"), [
    ("smoothstep(forward_vel, 0, 1)", (0, 1)), ("inverse(forward_vel, 1)", (0, 1)), ("tanh_kernel(forward_vel, 1)", (0, 1)),
    ("tolerance(forward_vel, 1, margin=1)", (0, 1)), ("stance(phase(0.8, 0), 0.6, width=0.1)", (0, 1)),
    ("stance(phase(0.8, 0), projected_gravity.z, width=0.1)", (-1, 1)), ("normalize(base_lin_vel).x", (-1, 1)),
    ("triangle(phase(0.8, 0))", (0, 1)), ("triangle(forward_vel)", (-np.inf, 1)), ("bezier_swing(phase(0.8, 0), 2)", (0, 2)),
    ("mean(dof_pos, where=dof_pos > 0)", (0.0, 2.6)),
])  # fmt: skip
def test_what_is_known_of_the_range(expression, range):
    (row,) = rewardlang.compile(f"reward = ({expression}) as value").table()
    assert row["range"] == list(range)
