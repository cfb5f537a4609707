"""The lines of docs/translation.md that remember pay what the loops they stand for pay, written here from their formulas."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import rewardlang

TEXT = (Path(__file__).parents[1] / "docs" / "translation.md").read_text(encoding="utf-8")
STEPS, N, DT = 80, 6, 0.02


def page_line(library, name):
    """The definitions of a project and its line for a term."""
    block = re.search(
        rf"^```reward {library}\.reward\n(.*?)^```$(.*?)(?=^```|\Z)", TEXT, re.MULTILINE | re.DOTALL
    )
    line = re.search(rf"^\| `{name}`[^|]*\|.*\| `([^`]*)`[^`|]*\|$", block[2], re.MULTILINE)
    return f"{block[1]}\nreward = ({line[1]}) as term\ndrop terminate fallen\n"


def legged_gym(contact, heights):
    """The filtered contact of this step or the last, the timer raised before it is read."""
    last, air = contact[0], np.zeros_like(heights[0])
    for now in contact[1:]:
        filtered = now | last
        last = now
        first = (air > 0) & filtered
        air = air + DT
        yield ((air - 0.5) * first).sum(-1)
        air = air * ~filtered


def isaac_lab(contact, heights):
    """The contact sensor's current_air_time and last_air_time."""
    air, last_air = np.zeros_like(heights[0]), np.zeros_like(heights[0])
    for now in contact[1:]:
        first = (air > 0) & now
        last_air = np.where(first, air + DT, last_air)
        air = np.where(now, 0, air + DT)
        yield ((last_air - 0.5) * first).sum(-1)


def air_time_of_playground(contact, heights):
    last, air = contact[0], np.zeros_like(heights[0])
    for now in contact[1:]:
        first = (air > 0) & (now | last)
        last = now
        air = air + DT
        yield np.minimum((air - 0.2) * first, 0.3).sum(-1)
        air = air * ~now


def height_of_playground(contact, heights):
    """Feet are highest in the air, so that where the peak begins again makes no difference."""
    air, peak = np.zeros_like(heights[0]), np.zeros_like(heights[0])
    for now, z in zip(contact[1:], heights[1:]):
        first = (air > 0) & now
        air = np.where(now, 0, air + DT)
        peak = np.maximum(peak, z)
        yield ((peak / 0.1 - 1) ** 2 * first).sum(-1)
        peak = peak * ~now


@pytest.mark.parametrize(
    ("library", "name", "loop"),
    [
        ("legged_gym", "_reward_feet_air_time", legged_gym),
        ("isaac_lab", "feet_air_time", isaac_lab),
        ("mujoco_playground", "feet_air_time", air_time_of_playground),
        ("mujoco_playground", "feet_height", height_of_playground),
    ],
)
def test_terms_of_feet(library, name, loop):
    reward = rewardlang.Reward(rewardlang.compile(page_line(library, name)), N, dtype=torch.float64)
    bodies = reward.program.vocabulary.axes["bodies"].elements
    feet = [i for i, body in enumerate(bodies) if body.endswith("_foot")]
    rng, shape = np.random.default_rng(3), (N, len(feet))
    contact = np.repeat(rng.random((STEPS // 4, *shape)) < 0.5, 4, axis=0) ^ (
        rng.random((STEPS, *shape)) < 0.1
    )
    contact[0] = True  # the reset state: on the ground
    heights = np.where(contact, 0.01, rng.uniform(0.02, 0.1, contact.shape))
    paid = []
    for now, z in zip(contact, heights):
        force, position = np.zeros((N, len(bodies), 3)), np.zeros((N, len(bodies), 3))
        force[:, feet, 2], position[:, feet, 2] = now * 20.0, z
        state = {"contact_forces": torch.tensor(force), "body_pos": torch.tensor(position),
                 "command_lin_vel": torch.ones(N, 2, dtype=torch.float64)}  # fmt: skip
        if not paid:
            reward.reset(state)
            paid.append(None)
        else:
            paid.append(reward.step(state).reward.numpy())
    theirs = list(loop(contact, heights))
    assert np.abs(theirs).sum() > 1
    np.testing.assert_allclose(paid[1:], theirs, atol=1e-12)
