"""The display: nothing overflows a small terminal, and a line says the same where there is none."""

from __future__ import annotations

import io

from rich.console import Console

from rewardlang.rl.console import Display, Progress, picture, plain_line

PROGRESS = Progress(
    epoch=120, max_epochs=500, frames=368_640, seconds=38.2, steps_per_s=9650.0, dt=0.02, best=812.3, terms=["speed", "effort", "drift"],
    stats={"terms/speed": 0.9, "terms/effort": -0.3, "terms/drift": 0.0, "reward/total": 0.6, "ep_rew_mean": 700.2, "ep_len_mean": 480.0,
           "terminations/time_out": 0.9, "terminations/fallen": 0.1, "nonfinite/effort": 3.0},
)  # fmt: skip


def test_the_picture_fits_eighty_columns() -> None:
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system=None).print(
        picture("training runs/a", PROGRESS, ["a remark"])
    )
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for part in ("epoch 120/500", "368,640 steps", "9,650 steps/s", "return 700.20", "length 480 (9.6 s)", "best 812.30", "about 2:00 left",
                 "time_out 90%", "75%", "25%", "3 not finite", "+0.6000", "a remark"):  # fmt: skip
        assert part in text


def test_a_line_says_the_same() -> None:
    line = plain_line(PROGRESS)
    for part in ("epoch 120/500", "368,640 steps", "9,650 steps/s", "return 700.20", "length 480 (9.6 s)", "best 812.30", "time_out 90%",
                 "speed +0.9 (75%)", "effort -0.3 (25%)", "effort: 3 not finite"):  # fmt: skip
        assert part in line
    assert "\n" not in line


def test_where_there_is_no_terminal_the_first_and_the_last_epoch_are_lines() -> None:
    out = io.StringIO()
    with Display("[title]", Console(file=out, markup=False, highlight=False)) as display:
        for epoch in (1, 2, 3):
            display.update(Progress(epoch, 3, epoch, 1.0, 1.0, 0.02, None, ["speed"]))
    lines = out.getvalue().splitlines()
    assert lines[0] == "[title]"
    assert [line.split(" ", 2)[1] for line in lines[1:]] == ["1/3", "3/3"]


def test_a_term_that_is_not_finite_is_told_once() -> None:
    out = io.StringIO()
    with Display("title", Console(file=out)) as display:
        display.update(PROGRESS)
        display.update(PROGRESS)
    assert out.getvalue().count("term effort gave 3 values") == 1


def test_no_remark_is_lost_on_a_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=True, color_system=None)
    with Display("title", console) as display:
        display.update(PROGRESS)
        for i in range(9):
            display.note(f"remark {i}")
        before = out.getvalue()
    assert "remark 0" in before  # when it happens
    last = out.getvalue()[len(before) :]
    assert all(f"remark {i}" in last for i in range(9))
