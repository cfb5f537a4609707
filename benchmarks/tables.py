"""Write the tables of docs/performance.md from the numbers kept in benchmarks/results: `python benchmarks/tables.py`.

    python benchmarks/tables.py step=/tmp/step.json train_phases=runs/benchmark_train_phases.json    # keep these numbers, then write

A benchmark's JSON file is kept under the name that the page has for its table, without the folders of the machine it ran on. A test
compares the page with what this writes.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Sequence

HERE = Path(__file__).parent
PAGE, RESULTS = HERE.parent / "docs" / "performance.md", HERE / "results"
TABLE = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
Rows = Iterable[Sequence[str]]


def table(head: Sequence[str], rows: Rows) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---", *["---:"] * (len(head) - 1)], *rows))


def number(value: Any) -> str:
    """Three digits that count; thousands as they are."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return "-" if value is None else str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def spread(values: Sequence[float], scale: float = 1.0) -> str:
    """The median, and the least and most."""
    low, high = scale * min(values), scale * max(values)
    return f"{number(scale * statistics.median(values))} ({number(low)} .. {number(high)})"


def reward(found: Dict[str, Any]) -> str:
    """Each way over numbers of environments, on the device."""
    rows = [row for row in found["rows"] if row["spec"] == "eighteen.reward"]
    counts = list(dict.fromkeys(row["num_envs"] for row in rows))
    at = {(row["way"], row["num_envs"]): row for row in rows}
    cell = lambda row: (
        f"{number(row['device']['median'])} ({number(row['device']['p10'])} .. {number(row['device']['p90'])})"
    )
    out = [
        [way, *(cell(at[way, n]) if (way, n) in at else "-" for n in counts)]
        for way in dict.fromkeys(row["way"] for row in rows)
    ]
    floor = {row["num_envs"]: row["floor"] for row in rows}
    return table(
        ["microseconds a step, median (10% .. 90%), at", *(f"{n:,}" for n in counts)],
        [*out, ["floor: bytes over the bandwidth of a copy", *(number(floor[n]) for n in counts)]],
    )


def step(found: Dict[str, Any]) -> str:
    rows, bare = [], {}
    for row in found["rows"]:
        middle, key = statistics.median(row["seconds"]), (row["num_envs"], row["reward"])
        bare[key] = middle if row["what"] == "physics" else bare[key]
        beyond = "" if row["what"] == "physics" else f"{1 - bare[key] / middle:.1%}"
        rows.append([f"{row['num_envs']:,}", row["reward"], row["what"], spread(row["seconds"], 1e6),
                     f"{row['num_envs'] / middle:,.0f}", beyond])  # fmt: skip
    return table(["environments", "reward", "what", "microseconds a step, median (least .. most)", "steps/s", "beyond physics"], rows)  # fmt: skip


def train(found: Dict[str, Any]) -> str:
    """A column for each row of the part."""
    rows = found["rows"]
    names = [
        name for name in dict.fromkeys(k for row in rows for k in row) if not isinstance(rows[0].get(name), (list, dict))
    ]  # fmt: skip
    first, *others = names
    return table([first, *(number(row[first]) for row in rows)], ([name, *(number(row.get(name)) for row in rows)] for name in others))  # fmt: skip


def cpu(found: Dict[str, Any]) -> str:
    return table(["what", "environments", "steps/s, median (least .. most)", "rewardlang is"],
                 ([row["what"], number(row["num_envs"]), spread(row["steps_per_second"]), f"{statistics.median(row['times']):.2f} x"] for row in found["rows"]))  # fmt: skip


def compiling(found: Dict[str, Any]) -> str:
    rows = ([number(row["terms"]), spread(row["program s"], 1e3), number(1e6 * statistics.median(row["program s"]) / row["terms"]),
             spread(row["callable s"], 1e3)] for row in found["rows"])  # fmt: skip
    out = table(
        ["terms", "text to program, ms", "microseconds a term", "text to a callable `Reward`, ms"], rows
    )
    loaded = (f"`import {module}` {spread(seconds)} s" for module, seconds in found["imports"].items())
    return f"{out}\nOnce a process, and not in these times: {', '.join(loaded)}.\n"


def startup(found: Dict[str, Any]) -> str:
    """Each phase of cold and of warm starts: time, and processor time."""
    kinds = {
        row["start"]: [one for one in found["rows"] if one["start"] == row["start"]] for row in found["rows"]
    }
    whole = lambda one, what, phase: sum(one[what].values()) if phase == "all" else one[what][phase]
    rows = [
        [phase, *(spread([whole(one, what, phase) for one in starts]) for starts in kinds.values() for what in ("seconds", "processor"))]
        for phase in (*found["rows"][0]["seconds"], "all")
    ]  # fmt: skip
    head = (f"{kind}, {what}" for kind in kinds for what in ("s", "processor s"))
    return table(["median (least .. most)", *head], rows)


TABLES: Dict[str, Callable[[Dict[str, Any]], str]] = {
    "reward": reward, "step": step, "step_forces": step, "train_phases": train, "train_scale": train, "train_gpus": train, "train_whole": train,
    "train_walk": train, "train_curves": train,
    "cpu": cpu, "compile": compiling, "startup": startup, "startup_cpu": startup,
}  # fmt: skip


def rendered(name: str) -> str:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return "Not measured yet.\n"
    found = json.loads(path.read_text(encoding="utf-8"))
    versions = ", ".join(f"{key} {value}" for key, value in found.get("versions", {}).items())
    return f"{found.get('machine') or found['device']}{': ' if versions else ''}{versions}\n\n{TABLES[name](found)}"


def page() -> str:
    """docs/performance.md with the tables of today's numbers."""
    return TABLE.sub(
        lambda found: f"{found[1]}{rendered(found[2])}{found[3]}", PAGE.read_text(encoding="utf-8")
    )


def keep(name: str, path: Path) -> None:
    if name not in TABLES:
        sys.exit(f"error: no table `{name}`: {', '.join(TABLES)}")
    found = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: found[key] for key in ("device", "machine", "versions", "imports", "rows") if key in found}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main(arguments: List[str]) -> None:
    for argument in arguments:
        name, _, path = argument.partition("=")
        keep(name, Path(path))
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
