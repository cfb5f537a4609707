"""What a training shows: how far it is, how it goes, and what the policy is paid for.

One calm display, redrawn in place, on a terminal; one line every few seconds with the same content anywhere
else.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

PLAIN_EVERY = 5.0  # s between lines where there is no terminal
NOTES = 4  # the newest remarks, shown below the display; all of them at its end
BAR = 16  # characters of a full share


@dataclass
class Progress:
    """Where a training is after an epoch. `stats` holds the newest value of each tag."""

    epoch: int
    max_epochs: int  # -1: no limit
    frames: int  # control steps of all environments
    seconds: float  # of training
    steps_per_s: float
    dt: float  # s, one control step
    best: Optional[float]  # mean return of the best checkpoint
    terms: Sequence[str]
    stats: Dict[str, float] = field(default_factory=dict)

    def shares(self) -> List[Tuple[str, float, float]]:
        """[(term, weighted mean per step, its part of all that is paid and charged, 0..1)]."""
        paid = [(term, self.stats.get(f"terms/{term}", 0.0)) for term in self.terms]
        whole = sum(abs(value) for _, value in paid) or 1.0
        return [(term, value, abs(value) / whole) for term, value in paid]

    def endings(self) -> List[Tuple[str, float]]:
        """[(what ended episodes, its share of them)], the most frequent first."""
        found = [
            (tag.split("/", 1)[1], value)
            for tag, value in self.stats.items()
            if tag.startswith("terminations/")
        ]
        return sorted(found, key=lambda one: -one[1])

    def nonfinite(self) -> Dict[str, float]:
        """{term, or what else: how many of its values were not finite since the last epoch}."""
        found = {
            tag.split("/", 1)[1]: count for tag, count in self.stats.items() if tag.startswith("nonfinite/")
        }
        return {name: count for name, count in found.items() if count}

    def called(self, name: str) -> str:
        """What a name of `nonfinite` is called in a sentence."""
        if name in self.terms:
            return f"term {name}"
        kind, _, rest = name.partition("/")
        words = {"terminations": f"termination {rest}", "metrics": f"metric {rest}", "reward": "the total"}
        return words.get(kind, "an observation")


class Display:
    """Shows the progress of one training. Use as a context manager."""

    def __init__(self, title: str, console: Optional[Console] = None):
        # the stream is taken now, because rl_games' prints are about to be redirected away from it
        if hasattr(sys.stdout, "reconfigure"):
            # a terminal without these characters is no reason to stop
            sys.stdout.reconfigure(errors="replace")
        self.console = console or Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        self.title = title
        self._live: Optional[Live] = None
        self._notes: List[str] = []
        self._shown = float("-inf")
        self._shown_epoch = -1
        self._newest: Optional[Progress] = None
        self._warned: Set[str] = set()

    def __enter__(self) -> Display:
        if self.console.is_terminal:
            self._live = Live(
                Text(f"{self.title}: starting"),
                console=self.console,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        else:
            self.say(self.title)
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Leave the newest epoch on the screen, and all remarks."""
        newest, self._newest = self._newest, None
        if self._live is not None:
            if newest is not None:
                self._live.update(picture(self.title, newest, self._notes), refresh=True)
            self._live.stop()
            self._live = None
        elif newest is not None and newest.epoch != self._shown_epoch:
            self.say(plain_line(newest))

    def update(self, progress: Progress) -> None:
        """Show an epoch; on anything but a terminal only every few seconds."""
        self._newest = progress
        self._warn(progress)
        now = time.monotonic()
        if self._live is not None:
            if now - self._shown > 0.1:
                self._live.update(picture(self.title, progress, self._notes[-NOTES:]), refresh=True)
                self._shown = now
        elif now - self._shown > PLAIN_EVERY:
            self.say(plain_line(progress))
            self._shown, self._shown_epoch = now, progress.epoch

    def note(self, text: str) -> None:
        """Show a remark: below the display, or as a line."""
        if self._live is None:
            self.say(text)
        else:
            self._notes.append(text)
            if self._newest is not None:
                self._live.update(picture(self.title, self._newest, self._notes[-NOTES:]), refresh=True)

    def say(self, *lines: str) -> None:
        """Print lines as they are, when there is no live display."""
        for line in lines:
            self.console.print(line, soft_wrap=True)

    def _warn(self, progress: Progress) -> None:
        for name, count in progress.nonfinite().items():
            if name not in self._warned:
                what = (
                    "each is left out" if name.startswith("metrics/") else "each pays 0 and ends its episode"
                )
                self.note(
                    f"epoch {progress.epoch}: {progress.called(name)} gave {count:g} values that are not finite: "
                    f"{what} (nonfinite/{name} counts them)"
                )
                self._warned.add(name)


def plain_line(progress: Progress) -> str:
    """An epoch as one line."""
    parts = [f"epoch {_epochs(progress)}", *_pace(progress), *_outcome(progress)]
    paid = [f"{term} {value:+.3g} ({share:.0%})" for term, value, share in progress.shares()]
    ended = [f"{cause} {share:.0%}" for cause, share in progress.endings() if share > 0]
    bad = [f"{name}: {count:g} not finite" for name, count in progress.nonfinite().items()]
    return " · ".join([*parts, *ended, *bad]) + " | " + ", ".join(paid)


def picture(title: str, progress: Progress, notes: Sequence[str] = ()) -> Group:
    """An epoch as it stands on a terminal."""
    bar = Table.grid(padding=(0, 2))
    done = ProgressBar(progress.max_epochs, progress.epoch, width=32) if progress.max_epochs > 0 else ""
    bar.add_row(Text(f"epoch {_epochs(progress)}", style="bold"), done, _left(progress))
    terms = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for column, justify in (("term", "left"), ("per step", "right"), ("share", "right"), ("", "left")):
        terms.add_column(column, justify=justify)  # type: ignore[arg-type]
    bad = progress.nonfinite()
    for term, value, share in progress.shares():
        style = "green" if value >= 0 else "red"
        blocks = Text("█" * max(round(share * BAR), 1 if share > 0 else 0), style=style)
        if term in bad:
            blocks.append(f"  {bad[term]:g} not finite", style="bold yellow")
        terms.add_row(term, f"{value:+.4f}", f"{share:.0%}", blocks)
    for tag, name in (("reward/total_rule", "total rule"), ("reward/total", "reward")):
        if tag in progress.stats:
            terms.add_row(Text(name, style="bold"), Text(f"{progress.stats[tag]:+.4f}", style="bold"), "", "")
    lines = [" · ".join((*_pace(progress), *_outcome(progress)))]
    if progress.endings():
        lines.append(
            "episodes ended by: " + " · ".join(f"{cause} {share:.0%}" for cause, share in progress.endings())
        )
    return Group(
        Text(title, style="dim"),
        bar,
        *map(Text, lines),
        Text(),
        terms,
        *(Text(note, style="yellow") for note in notes),
    )


def _pace(progress: Progress) -> Tuple[str, str]:
    return f"{progress.frames:,} steps", f"{progress.steps_per_s:,.0f} steps/s"


def _epochs(progress: Progress) -> str:
    return f"{progress.epoch}/{progress.max_epochs}" if progress.max_epochs > 0 else str(progress.epoch)


def _outcome(progress: Progress) -> List[str]:
    """Mean return, length and best, as far as an episode has ended."""
    reward, length = progress.stats.get("ep_rew_mean"), progress.stats.get("ep_len_mean")
    if reward is None or length is None:
        return ["no episode has ended yet"]
    parts = [f"return {reward:.2f}", f"length {length:.0f} ({length * progress.dt:.1f} s)"]
    return parts if progress.best is None else [*parts, f"best {progress.best:.2f}"]


def _left(progress: Progress) -> str:
    """How long has gone by, and how much longer at this pace."""
    gone = _clock(progress.seconds)
    if progress.max_epochs <= 0 or progress.epoch == 0 or progress.steps_per_s <= 0:
        return gone
    frames_left = progress.frames / progress.epoch * (progress.max_epochs - progress.epoch)
    return f"{gone}, about {_clock(frames_left / progress.steps_per_s)} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
