"""Whether each term is alive: remarks on planted defects and none on sound specs, figures in every log, and all of it resumed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

import rewardlang
from rewardlang.lang.anatomy import anatomy
from rewardlang.rl.diagnostics import THRESHOLDS, Watch, table
from rewardlang.rl.scalars import read_csv
from rewardlang.rl.train import train
from rewardlang.statistics import FIGURES

from .test_train import events

PLANTED = """
high = base_height > 3[m]
reward =
    1.0 * alive
  + 1.0 * high * forward_vel as air_time
  + 1.0 * gauss(forward_vel - 3[m/s], 0.5[m/s]) as tracking
  + 0.5 * exp(-(forward_vel/1[m/s] - 3)^2 / 0.25) as written
  - 1.0 * sum(torques^2) as effort
"""
SAID = [
    r"epoch 10: air_time is dead: 0 on every step of the last 10 epochs \(its gate never opened\)",
    r"epoch 10: tracking is saturated: within 1% of 0 on 100% of steps; width 0\.5 m/s against errors of about (2\.9\d*|3(\.\d+)?) m/s \(widen it\)",
    r"epoch 10: written is saturated: within 1% of 0 on 100% of steps; its exponent is about -3\d(\.\d)? \(divide it by more\)",
    r"epoch 10: effort dominates: 9\d% of the absolute reward",
]


def remarks(text: str) -> List[str]:
    return [line for line in text.splitlines() if re.match(r"epoch \d+: ", line)]


def test_planted_defects_are_told_once_and_over_a_resume(small: Callable[..., Path], tmp_path: Path,
                                                         capsys: pytest.CaptureFixture) -> None:  # fmt: skip
    spec = tmp_path / "planted.reward"
    spec.write_text(PLANTED)
    run = small(spec=spec, max_epochs=6)
    assert remarks(capsys.readouterr().out) == []
    train(resume=run, max_epochs=12)  # six epochs of the window are those of the session before
    said = remarks(capsys.readouterr().out)
    assert len(said) == len(SAID)
    for line, pattern in zip(said, SAID):
        assert re.fullmatch(pattern, line)
    train(resume=run, max_epochs=21)
    assert remarks(capsys.readouterr().out) == []
    summary = json.loads((run / "summary.json").read_text())
    assert [f"epoch {one['epoch']}: {one['text']}" for one in summary["remarks"]] == said
    assert [(one["term"], one["kind"]) for one in summary["remarks"]] == [
        ("air_time", "dead"),
        ("tracking", "saturated"),
        ("written", "saturated"),
        ("effort", "dominates"),
    ]
    rows = {row["term"]: row for row in summary["terms"]}
    assert (
        rows["air_time"]["gated_off"] == 1
        and rows["tracking"]["saturated_low"] > 0.95 < 2 < rows["tracking"]["error"]
    )
    tags, table_ = events(run), read_csv(run / "scalars.csv")
    for term in rows:
        for figure in ("spread", "share"):
            name = f"diagnostics_{figure}/{term}"
            assert [value for _, value in tags[name]] == pytest.approx(
                [row[name] for row in table_], rel=1e-6
            )
            assert len(tags[name]) == 21


def test_a_sound_spec_is_left_in_peace(
    trained: Path, small: Callable[..., Path], capsys: pytest.CaptureFixture
) -> None:
    capsys.readouterr()
    run = small(spec=Path(__file__).parents[2] / "reward_specs" / "humanoid" / "walk.reward", max_epochs=21)
    assert remarks(capsys.readouterr().out) == []
    summary = json.loads((run / "summary.json").read_text())
    assert summary["remarks"] == [] and len(summary["terms"]) == 9
    last = read_csv(run / "scalars.csv")[-1]
    for row in summary["terms"]:
        assert list(row) == ["term", "mean", *FIGURES, "nonfinite"]
        assert (
            row["share"] == last[f"diagnostics_share/{row['term']}"]
            and row["mean"] == last[f"terms/{row['term']}"]
        )
    assert sum(row["share"] for row in summary["terms"]) == pytest.approx(1)
    assert sum(row["return_share"] for row in summary["terms"]) == pytest.approx(1)


# One term `t` beside others, watched over epochs whose figures are made up.

SOUND = {"terms/t": 0.5, "terms_raw/t": 0.5, "spread": 0.2, "share": 0.5, "saturated_low": 0.1, "saturated_high": 0.1, "gated_off": 0.5,
         "error": 0.4}  # fmt: skip
KERNEL, GATED, PENALTY = (
    "gauss(forward_vel, w)",
    "gauss(forward_vel, w) * (base_height > 1[m])",
    "- 0.1*sum(torques^2)",
)
STILL = {"spread": 0.0, "terms/t": 0.0, "terms_raw/t": 0.0}


def watched(value: str, figures: Dict[str, float], *, epochs: int = 10, episodes: float = 4.0, saved: Any = None,
            weight: float = 1.0) -> List[str]:  # fmt: skip
    program = rewardlang.compile(f"param w = 0.5[m/s] in [0.1, 2]\nreward = {value} as t + alive")
    watch = Watch(["t", "alive"], anatomy(program.typed, program.bounds), 16, saved)
    read = {"episodes": episodes, "terms/alive": 1.0, "terms_raw/alive": 1.0, "diagnostics_spread/alive": 0.0}
    for name, number in {**SOUND, **figures}.items():
        read[name if "/" in name else f"diagnostics_{name}/t"] = number
    said = []
    for epoch in range(1, epochs + 1):
        said += watch.add(epoch, read, {"w": 0.5}, [weight, 1.0])
    return [one.text for one in said]


@pytest.mark.parametrize("value, figures, text", [
    ("forward_vel", {}, ""), (KERNEL, {}, ""), (GATED, {}, ""), (PENALTY, {"terms/t": -0.5}, ""),
    # dead
    ("forward_vel", STILL, "t is dead: 0 on every step of the last 10 epochs: nothing that happens changes it"),
    ("1.0*success", STILL, "t is dead: 0 on every step of the last 10 epochs (its condition never held)"),
    (GATED, {**STILL, "gated_off": 1.0, "saturated_low": 1.0}, "t is dead: 0 on every step of the last 10 epochs (its gate never opened)"),
    ("forward_vel", {"spread": 0.0}, "t is dead: 0.5 on every step of the last 10 epochs: nothing that happens changes it"),
    ("forward_vel", {"spread": 1e-5}, ""),
    (PENALTY, STILL, ""),  # what it is there for
    ("1.0*alive*alive", {"spread": 0.0, "terms_raw/t": 1.0}, ""),  # it pays for just that
    (KERNEL, {"spread": 0.0, "terms_raw/t": 1.0, "terms/t": 1.0}, ""),  # no more to be had
    # saturated
    (KERNEL, {"saturated_low": 0.97, "error": 3.0}, "t is saturated: within 1% of 0 on 97% of steps; width 0.5 m/s against errors of about 3 m/s (widen it)"),
    (KERNEL, {"saturated_low": 1.0, "error": 4.6}, "t is saturated: within 1% of 0 on 100% of steps; width 0.5 m/s against errors of at least 4.6 m/s (widen it)"),
    (KERNEL, {"saturated_low": 0.94}, ""), (KERNEL, {"saturated_high": 1.0}, ""),  # solved
    ("exp(-sum(base_lin_vel.xy^2)/0.25)", {"saturated_low": 0.99, "error": 36.0}, "t is saturated: within 1% of 0 on 99% of steps; its exponent is about -36 (divide it by more)"),
    ("- clip(base_height/1[m], 0, 1)", {"saturated_high": 0.96, "terms/t": -0.5}, "t is saturated: within 1% of 1 on 96% of steps; there it hardly changes, whatever the policy does"),
    ("- clip(base_height/1[m], 0, 1)", {"saturated_low": 0.96, "terms/t": -0.5}, ""),
    (PENALTY, {"saturated_low": 1.0, "terms/t": -0.5}, ""), ("sum(torques^2)", {"saturated_low": 1.0}, ""),  # nothing flattens it
    (GATED, {"saturated_low": 0.97, "gated_off": 0.97}, ""),  # that is the gate
    (GATED, {"saturated_low": 0.99, "gated_off": 0.5, "error": 3.0}, "t is saturated: within 1% of 0 on 98% of steps with its gate open; width 0.5 m/s against errors of about 3 m/s (widen it)"),
    # dominates
    (PENALTY, {"share": 0.83, "terms/t": -0.5}, "t dominates: 83% of the absolute reward"), (PENALTY, {"share": 0.78, "terms/t": -0.5}, ""),
    ("forward_vel", {"share": 0.9}, ""), ("forward_vel", {"share": 0.97}, "t dominates: 97% of the absolute reward"),
])  # fmt: skip
def test_what_is_said(value: str, figures: Dict[str, float], text: str) -> None:
    value = value.replace("success", "(base_height > 1[m])")
    assert watched(value, figures) == ([text] if text else [])


def test_when_it_is_said() -> None:
    assert watched("forward_vel", STILL, epochs=9) == []
    assert watched("forward_vel", STILL, epochs=90) == watched("forward_vel", STILL)  # once
    assert (
        watched("forward_vel", STILL, epochs=39, episodes=0.4) == []
    )  # what happens once an episode had no chance yet
    assert "of the last 40 epochs" in watched("forward_vel", STILL, epochs=40, episodes=0.4)[0]
    assert watched("forward_vel", STILL, weight=0.0) == []
    assert watched("forward_vel", {**STILL, "nonfinite/t": 3.0}) == []  # that is said already
    told = {"remarks": [[3, "t", "dead", "t is dead"]], "window": []}
    assert watched("forward_vel", STILL, saved=told) == []


def test_a_term_that_dies_later_is_told_then() -> None:
    program = rewardlang.compile("reward = forward_vel as t")
    watch = Watch(["t"], anatomy(program.typed, program.bounds), 16)
    lively = {"episodes": 4.0, "terms/t": 0.5, "terms_raw/t": 0.5, "diagnostics_spread/t": 0.2}
    still = {"episodes": 4.0, "terms/t": 0.0, "terms_raw/t": 0.0, "diagnostics_spread/t": 0.0}
    said = [
        one for epoch in range(1, 41) for one in watch.add(epoch, lively if epoch <= 15 else still, {}, [1.0])
    ]
    assert [(one.epoch, one.text.split(":")[1]) for one in said] == [
        (30, " 0 on every step of the last 10 epochs")
    ]


def test_the_state_of_a_watch_is_plain_data() -> None:
    program = rewardlang.compile("reward = forward_vel as t + alive")
    parts = (["t", "alive"], anatomy(program.typed, program.bounds), 16)
    read = {"episodes": 4.0}
    for term in ("t", "alive"):
        read.update({f"terms/{term}": 0.0, f"terms_raw/{term}": 0.0, f"diagnostics_spread/{term}": 0.0})
    watch = Watch(*parts)
    for epoch in range(1, 30):
        saved = json.loads(json.dumps(watch.state()))
        watch = Watch(*parts, saved)
        assert watch.state() == saved
        watch.add(epoch, read, {}, [1.0, 1.0])
    assert [(one.epoch, one.term) for one in watch.remarks] == [(10, "t"), (10, "alive")]


def test_a_figure_that_is_missing_or_not_finite_is_none() -> None:
    row = table(["t"], {"terms/t": float("nan"), "diagnostics_share/t": 1.0})[0]
    assert row["share"] == 1.0 and row["mean"] is None and row["return_share"] is None


def test_the_docs_name_every_figure_and_threshold() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    for figure in FIGURES:
        assert f"`{figure}`" in page
    for words in (
        "at least {epochs:g},",
        "on {saturated:.0%} of the steps",
        "a penalty was {penalty:.0%}",
        "pays {bonus:.0%}",
    ):
        assert words.format(**{name: one.value for name, one in THRESHOLDS.items()}) in page
