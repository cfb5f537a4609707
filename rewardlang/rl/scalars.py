"""The scalars of a run: TensorBoard events and scalars.csv, written by the epoch, cut back on resume.

It stands in for the SummaryWriter that rl_games makes. That one hands events to a thread through a queue and
flushes every two minutes, so a killed run loses minutes and nobody can tell how far a checkpoint's epoch
reaches into the file. Here an epoch is written as a whole; `position` is then an exact place, kept in the
checkpoint, and `cut` returns to it.
"""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary import custom_scalars

from ..statistics import tag_of
from .run_folder import RunFolder, write_text

KEYS = ("epoch", "frame", "seconds")
ALIVE = (
    ("share of the absolute reward", "share"),
    ("share of the variance of the return", "return_share"),
    ("spread", "spread"),
    ("gated off", "gated_off"),
    ("saturated at the lower end", "saturated_low"),
    ("saturated at the upper end", "saturated_high"),
    ("error of the kernel", "error"),
)
ALSO = {"info/kl": "approxkl"}  # rl_games' tag: the name that tutorials look for


class Scalars:
    """Collects `add_scalar` and writes an epoch at a time. `last` is {tag: newest value}."""

    def __init__(self, run: RunFolder, *, epoch: int = 0, seconds: float = 0.0):
        self.run = run
        self.last: Dict[str, float] = {}
        self.seconds = seconds  # of training so far, earlier sessions included
        self._earlier = seconds
        self._pending: Dict[int, Dict[str, float]] = {}
        self._row: Dict[str, float] = {}
        self._columns: List[str] = _header(run.scalars)
        # the suffix keeps a resume within the same second from overwriting the file it continues
        self._events = EventsWriter(str(run.summaries / "events"), f".{epoch:07d}")

    def layout(self, terms: Sequence[str]) -> None:
        """Charts of TensorBoard's custom-scalars page: all terms in one, weighted, raw, and by episode, and by each figure of
        `statistics`.
        """
        charts = {
            "paid per step": ["Multiline", [f"^terms/{term}$" for term in terms]],
            "value per step": ["Multiline", [f"^terms_raw/{term}$" for term in terms]],
            "paid per episode": ["Multiline", [f"^episode/{term}$" for term in terms]],
            "reward per step": ["Multiline", ["^reward/total$", "^reward/total_rule$"]],
        }
        alive = {
            title: ["Multiline", [f"^{tag_of(figure, name)}$" for name in _charted(figure, terms)]]
            for title, figure in ALIVE
        }
        layout = {"reward terms": charts, "is each term alive?": alive}
        self._write(Event(wall_time=time.time(), summary=custom_scalars(layout)))

    def add_scalar(self, tag: str, value: Any, step: Any = 0, *_: Any) -> None:
        """rl_games' call. A value is kept until the epoch is written."""
        if tag.endswith("/time"):  # its step is seconds, which rl_games counts anew in each session
            step = float(step) + self._earlier
        number = float(value)
        for name in (tag, ALSO.get(tag)):
            if name is not None:
                self._pending.setdefault(int(step), {})[name] = number
                self._row[name] = number

    def add(self, values: Dict[str, float], step: int) -> None:
        for tag, value in values.items():
            self.add_scalar(tag, value, step)

    def write_epoch(self, epoch: int, frame: int, seconds: float) -> None:
        """Write all that was added since the last epoch, and flush."""
        self.seconds = self._earlier + seconds
        for step, values in self._pending.items():
            event = Event(wall_time=time.time(), step=step)
            for tag, value in values.items():
                event.summary.value.add(
                    tag=tag, simple_value=value
                )  # tensorboardX's `scalar` is 20 times slower
            self._write(event)
        self._events.flush()
        self._write_row(dict(self._row, epoch=epoch, frame=frame, seconds=round(self.seconds, 3)))
        self.last.update(self._row)
        self._pending, self._row = {}, {}

    def position(self) -> Dict[str, int]:
        """{event file: bytes} after the epoch written last."""
        return {path.name: path.stat().st_size for path in sorted(self.run.summaries.glob("events*"))}

    def flush(self) -> None:
        """rl_games' call; an epoch is flushed when it is written."""

    def close(self) -> None:
        self._events.close()

    def _write(self, event: Event) -> None:
        self._events.write_event(event)

    def _write_row(self, row: Dict[str, Any]) -> None:
        new = [tag for tag in row if tag not in self._columns and tag not in KEYS]
        if new or not self._columns:  # tags of episodes come with the first that ends
            rows = list(_rows(self.run.scalars))
            self._columns = [*KEYS, *sorted([*self._columns[len(KEYS) :], *new])]
            write_text(self.run.scalars, _csv([*rows, row], self._columns, header=True))
        else:
            with open(self.run.scalars, "a", encoding="utf-8", newline="") as file:
                file.write(_csv([row], self._columns))


def _charted(figure: str, terms: Sequence[str]) -> List[str]:
    """What a figure's chart shows: a total rule has a share of the variance too."""
    return [*terms, "total_rule"] if figure == "return_share" else [*terms]


def cut(run: RunFolder, epoch: int, position: Dict[str, int]) -> None:
    """Take back what was written after a checkpoint: rows of later epochs, events beyond `position`."""
    if run.scalars.exists():
        rows = [row for row in _rows(run.scalars) if row["epoch"].isdigit() and int(row["epoch"]) <= epoch]
        write_text(run.scalars, _csv(rows, _header(run.scalars), header=True))
    for path in run.summaries.glob("events*"):
        if path.name not in position:
            path.unlink()
        elif path.stat().st_size > position[path.name]:
            with open(path, "r+b") as file:
                file.truncate(position[path.name])


def read_csv(path: Path) -> List[Dict[str, float]]:
    """scalars.csv as [{tag: value}], a tag left out where the epoch has none."""
    return [{tag: float(value) for tag, value in row.items() if value} for row in _rows(path)]


def _rows(path: Path) -> List[Dict[str, str]]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # a kill can leave half a line
    return [row for row in rows if None not in row.values() and None not in row]


def _header(path: Path) -> List[str]:
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return next(csv.reader(file), [])


def _csv(rows: Sequence[Dict[str, Any]], columns: Sequence[str], header: bool = False) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
