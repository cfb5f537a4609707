"""One torch thread: two cores are shared, and spinning threads cost more than they give. And the flag for golden files."""

from __future__ import annotations

import pytest

try:
    import torch
    from hypothesis import HealthCheck, settings
except ModuleNotFoundError:  # with --bare; without it the tests that need them say so
    pass
else:
    torch.set_num_threads(1)
    settings.register_profile(
        "rewardlang",
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("rewardlang")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
