"""The fuzzer, a small part of what `python -m tests.lang.fuzz` does: nothing but RewardError, and messages that point at the change."""

from __future__ import annotations

import pytest

from .fuzz import fuzz


@pytest.mark.parametrize("seed", range(3))
def test_fuzz(seed: int) -> None:
    tally, failures = fuzz(seed, 300)
    assert failures == []
    single = [kind for kind in tally.tried if kind != "several"]
    errors = sum(tally.tried[kind] - tally.sound[kind] for kind in single)
    assert errors > 60
    assert sum(tally.first[kind] for kind in single) > 0.93 * errors, (
        "messages on another line than the change"
    )
    assert sum(tally.exact[kind] for kind in single) > 0.8 * errors, "messages far from the change"
