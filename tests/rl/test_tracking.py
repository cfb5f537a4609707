"""Tracking errors on made-up steps whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from rewardlang.rl.gait import base_velocity
from rewardlang.rl.tracking import tracking

DT = 0.02
T = 500


def test_velocity_in_the_frame_of_a_turned_base() -> None:
    half = math.pi / 4  # yaw 90 degrees: the base's x is the world's y
    root = torch.tensor([[0, 0, 0, 0, 0, math.sin(half), math.cos(half), 1, 2, 0, 0, 0, 3.0]])
    torch.testing.assert_close(base_velocity(root), torch.tensor([[2.0, -1.0, 3.0]]))


def test_errors_are_those_of_means_and_of_commands_a_second_old() -> None:
    asked = torch.zeros(T, 3, 3)
    asked[:, 0] = torch.tensor([0.5, 0.0, 0.4])
    asked[250:, 0] = torch.tensor([-0.3, 0.0, -0.2])  # a new command; the third environment is to stand
    asked[:, 1] = torch.tensor([0.5, 0.0, 0.4])
    measured = asked + torch.tensor([0.03, 0.04, 0.1])
    measured[:50], measured[250:300] = 9, 9  # speeding up is not an error
    measured[:, :, 1] += (
        0.5 * torch.sin(torch.arange(T) * DT * 2 * math.pi * 2)[:, None]
    )  # sway, two steps a second
    valid = torch.ones(T, 3, dtype=torch.bool)
    valid[250:, 1] = False  # fell
    measured[250:, 1] = 9
    measured[250:300, 2] = asked[250:300, 2] + torch.tensor([0.03, 0.04, 0.1])  # no new command there
    found = tracking(asked, measured, valid, DT)
    assert found is not None
    assert found["velocity_error"] == pytest.approx(0.05, abs=1e-4)
    assert found["turn_error"] == pytest.approx(0.1, abs=1e-4)
    assert found["standing_speed"] == pytest.approx(0.05, abs=1e-4)
    assert found["asked_speed"] == pytest.approx((4 * 0.5 + 4 * 0.3 + 4 * 0.5) / 12)


def test_following_a_heading_is_no_new_command() -> None:
    asked = torch.zeros(T, 1, 3)
    asked[:, 0, 2] = torch.linspace(1, 0, T)
    found = tracking(asked, asked, torch.ones(T, 1, dtype=torch.bool), DT)
    assert found is not None and found["asked_turn"] == pytest.approx(0.45, abs=0.01)
    assert found["turn_error"] == pytest.approx(0) and found["standing_speed"] is None


def test_an_episode_that_ends_at_once_tracks_nothing() -> None:
    valid = torch.zeros(T, 1, dtype=torch.bool)
    valid[:80] = True
    assert tracking(torch.zeros(T, 1, 3), torch.zeros(T, 1, 3), valid, DT) is None
