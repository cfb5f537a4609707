"""Python's collector rests while a spec is compiled, and is as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from rewardlang.uncollected import uncollected


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_the_collector_rests_and_goes_on(before: bool, fails: bool) -> None:
    seen = []

    @uncollected
    def work() -> None:
        seen.append(gc.isenabled())
        if fails:
            raise ValueError

    was = gc.isenabled()
    try:
        (gc.enable if before else gc.disable)()
        if fails:
            with pytest.raises(ValueError):
                work()
        else:
            work()
        assert seen == [False] and gc.isenabled() is before
    finally:
        (gc.enable if was else gc.disable)()
