"""Gait numbers on made-up steps whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch

from rewardlang.rl.gait import debounced, forward_axis, gait, heading

DT = 0.02


def test_the_axes_of_a_turned_base() -> None:
    half = math.pi / 4
    turns = torch.tensor(
        [[0, 0, 0, 1], [0, 0, math.sin(half), math.cos(half)], [0, math.sin(half / 2), 0, math.cos(half / 2)]]
    )
    expected = torch.tensor(
        [[1, 0, 0], [0, 1, 0], [math.cos(half), 0, -math.sin(half)]]
    )  # as it is, yaw 90, pitch 45 degrees
    torch.testing.assert_close(forward_axis(turns), expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(heading(turns)[2], torch.tensor([1.0, 0.0]))


def test_chatter_is_no_step() -> None:
    contact = torch.ones(20, 1, 1, dtype=torch.bool)
    contact[8:10] = False  # 0.04 s in the air
    assert debounced(contact, DT).all()
    contact[8:14] = False
    assert debounced(contact, DT).sum() == 14


def steps(pattern: str, repeats: int) -> torch.Tensor:
    """[T, 1, 2] contacts of left and right, each letter 0.2 s: l, r, b (both), n (none)."""
    feet = {"l": (1, 0), "r": (0, 1), "b": (1, 1), "n": (0, 0)}
    return torch.tensor([feet[letter] for letter in pattern * repeats for _ in range(10)], dtype=torch.bool)[
        :, None
    ]


@pytest.mark.parametrize("pattern, down, touchdowns", [
    ("lr", [0.0, 1.0, 0.0], 2.5),                    # each foot comes down every 0.4 s
    ("lbrb", [0.0, 0.5, 0.5], 1.25),
    ("bn", [0.5, 0.0, 0.5], 2.5),
])  # fmt: skip
def test_feet_down(pattern: str, down: list, touchdowns: float) -> None:
    contact = steps(pattern, 40 // len(pattern) * 5)
    time = torch.arange(contact.shape[0]) * DT
    swing = torch.stack((torch.sin(time), -torch.sin(time)), -1)[:, None]
    result = gait(contact, swing, torch.ones(contact.shape[:2], dtype=torch.bool), DT)
    assert result is not None
    assert result["feet_down"] == pytest.approx(down, abs=0.02)
    assert result["touchdowns_per_s_and_foot"] == pytest.approx(touchdowns, rel=0.03)
    assert result["swing"] == [(0, 1, pytest.approx(-1))]


def test_a_trot_of_four_feet() -> None:
    """Front left, front right, rear left, rear right; the diagonals take turns."""
    two = steps("lr", 50)
    contact = two[..., [0, 1, 1, 0]]
    swing = torch.sin(torch.arange(len(contact)) * DT * math.pi / 0.2)[:, None, None] * torch.tensor(
        [1, -1, -1, 1]
    )
    result = gait(contact, swing, torch.ones(contact.shape[:2], dtype=torch.bool), DT)
    assert result is not None
    assert result["feet_down"] == pytest.approx([0, 0, 1, 0, 0], abs=0.02)
    together = {(a, b): value for a, b, value in result["swing"]}
    assert len(together) == 6
    assert together[0, 3] == together[1, 2] == pytest.approx(1)
    assert together[0, 1] == together[0, 2] == together[1, 3] == together[2, 3] == pytest.approx(-1)


def test_feet_that_swing_together_hop() -> None:
    contact = steps("bn", 20)
    time = torch.arange(contact.shape[0]) * DT
    swing = torch.sin(3 * time)[:, None, None].expand(-1, 1, 2)
    result = gait(contact, swing, torch.ones(contact.shape[:2], dtype=torch.bool), DT)
    assert result is not None and result["swing"] == [(0, 1, pytest.approx(1))]


def test_what_follows_the_first_episode_does_not_count() -> None:
    contact = torch.cat((steps("l", 20), steps("n", 20)))
    valid = torch.zeros(contact.shape[:2], dtype=torch.bool)
    valid[:200] = True
    result = gait(contact, torch.zeros(contact.shape), valid, DT)
    assert result is not None and result["feet_down"] == pytest.approx([0, 1, 0], abs=0.02)


def test_an_episode_that_ends_at_once_has_no_gait() -> None:
    contact = steps("b", 10)
    valid = torch.zeros(contact.shape[:2], dtype=torch.bool)
    valid[:40] = True
    assert gait(contact, torch.zeros(contact.shape), valid, DT) is None
