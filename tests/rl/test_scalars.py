"""Logs: what is added comes back from TensorBoard's reader and the CSV, and a cut returns to an epoch
exactly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rewardlang.rl.run_folder import RunFolder
from rewardlang.rl.scalars import Scalars, cut, read_csv
from rewardlang.statistics import FIGURES


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    folder.summaries.mkdir()
    return folder


@pytest.fixture
def opened() -> Iterator[Callable[..., Scalars]]:
    """Opens logs, and closes them after the test: until then they are as a killed process leaves them."""
    logs: List[Scalars] = []

    def open_log(*args: Any, **options: Any) -> Scalars:
        logs.append(Scalars(*args, **options))
        return logs[-1]

    yield open_log
    for log in logs:
        log.close()


def epochs(log: Scalars, *numbers: int) -> dict:
    position: dict = {}
    for number in numbers:
        log.add_scalar("info/kl", number / 10, 100 * number)
        if number >= 3:  # tags that come later, as those of episodes do
            log.add_scalar("ep_rew_mean", number, 100 * number)
            log.add_scalar("rewards/time", number, 1.5)
        log.write_epoch(number, 100 * number, 1.5)
        position = log.position()
    return position


def events(run: RunFolder, tag: str) -> list:
    reader = EventAccumulator(str(run.summaries), size_guidance={"scalars": 0})
    reader.Reload()
    return [(event.step, round(event.value, 5)) for event in reader.Scalars(tag)]


def test_an_epoch_is_on_disk_when_it_is_written(run: RunFolder, opened: Callable[..., Scalars]) -> None:
    log = opened(run)
    epochs(log, 1, 2, 3)  # not closed: as if killed
    assert events(run, "info/kl") == events(run, "approxkl") == [(100, 0.1), (200, 0.2), (300, 0.3)]
    assert [row["epoch"] for row in read_csv(run.scalars)] == [1, 2, 3]
    assert "ep_rew_mean" not in read_csv(run.scalars)[0] and read_csv(run.scalars)[2]["ep_rew_mean"] == 3


def test_a_cut_returns_to_an_epoch(run: RunFolder, opened: Callable[..., Scalars]) -> None:
    log = opened(run)
    position = epochs(log, 1, 2, 3)
    epochs(log, 4, 5)
    with open(run.scalars, "a") as file:
        file.write("6,600,")  # killed in the middle of a row
    cut(run, 3, position)
    assert [row["epoch"] for row in read_csv(run.scalars)] == [1, 2, 3]
    log = opened(run, epoch=3, seconds=7.0)
    epochs(log, 4)
    assert [row["epoch"] for row in read_csv(run.scalars)] == [1, 2, 3, 4]
    assert read_csv(run.scalars)[3]["seconds"] == 8.5
    assert [step for step, _ in events(run, "info/kl")] == [100, 200, 300, 400]
    assert [step for step, _ in events(run, "rewards/time")] == [1, 8]


def test_a_cut_removes_a_session_that_saved_nothing(run: RunFolder, opened: Callable[..., Scalars]) -> None:
    position = epochs(opened(run), 1, 2)
    epochs(opened(run, epoch=2), 3)
    cut(run, 2, position)
    assert [step for step, _ in events(run, "info/kl")] == [100, 200]


def test_the_layout_puts_all_terms_in_one_chart(run: RunFolder) -> None:
    from tensorboard.plugins.custom_scalar import layout_pb2

    log = Scalars(run)
    log.layout(["speed", "effort"])
    log.close()
    reader = EventAccumulator(str(run.summaries))
    reader.Reload()
    layout = layout_pb2.Layout.FromString(
        reader.Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    )
    assert list(layout.category[0].chart[0].multiline.tag) == ["^terms/speed$", "^terms/effort$"]
    alive = {chart.title: list(chart.multiline.tag) for chart in layout.category[1].chart}
    assert layout.category[1].title == "is each term alive?" and len(alive) == len(FIGURES)
    assert alive["share of the absolute reward"] == [
        f"^diagnostics_share/{term}$" for term in ("speed", "effort")
    ]
    assert alive["share of the variance of the return"][-1] == "^diagnostics_return_share/total_rule$"
