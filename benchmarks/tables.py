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
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

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
    "reward": reward, "step": step, "step_forces": step, "train_phases": train, "train_scale": train, "train_gpus": train, "train_many": train, "train_whole": train,
    "train_walk": train, "train_curves": train,
    "cpu": cpu, "compile": compiling, "startup": startup, "startup_cpu": startup,
}  # fmt: skip


def goals(kept: Callable[[str], Any]) -> str:
    """What was aimed at, beside what the tables say; `kept` gives the numbers of a table, {} if there are none."""

    def eighteen(way: str, count: int) -> Any:
        rows = [row for row in kept("reward").get("rows", ()) if (row["spec"], row["way"], row["num_envs"]) == ("eighteen.reward", way, count)]  # fmt: skip
        return rows[0] if rows else None

    def device(row: Any) -> float:
        return row["device"]["median"]

    def beyond() -> float:
        at = {
            row["what"]: statistics.median(row["seconds"])
            for row in kept("step")["rows"]
            if row["num_envs"] == 4096
        }
        return 1 - at["physics"] / at["graph"]

    def ours() -> List[float]:
        return [
            statistics.median(row["times"])
            for row in kept("cpu")["rows"]
            if row["what"].startswith("EnvPool")
        ]

    def start() -> float:
        return statistics.median(
            sum(row["seconds"].values()) for row in kept("startup")["rows"] if row["start"] == "warm"
        )

    kernel, loop = "fused kernel, CUDA graph", "manager's loop"
    last = lambda name, key: [row[key] for row in kept(name)["rows"]][-1]
    twenty = lambda: [
        statistics.median(row["callable s"]) for row in kept("compile")["rows"] if row["terms"] == 20
    ][0]
    aims: List[Tuple[str, str, str, Callable[[], str]]] = [
        ("eighteen terms with their sums, 4,096 environments, in a CUDA graph", "at most 7 us", "reward",
         lambda: f"{number(device(eighteen(kernel, 4096)))} us"),
        ("a manager's loop takes", "at least 150 x that", "reward",
         lambda: f"{number(device(eighteen(loop, 4096)) / device(eighteen(kernel, 4096)))} x"),
        ("the same kernel, 1,048,576 environments", "at most 1.2 x the floor", "reward",
         lambda: f"{device(eighteen(kernel, 1048576)) / eighteen(kernel, 1048576)['floor']:.2f} x"),
        ("an environment step beyond bare physics, 4,096 environments", "at most 3%", "step", lambda: f"{beyond():.1%}"),
        ("PPO, 4,096 environments x 16 steps", "at least 800,000 steps/s", "train_whole",
         lambda: f"{number(last('train_whole', 'steps/s'))} steps/s"),
        ("2000 epochs of it, after start-up", "under 170 s", "train_whole", lambda: f"{number(last('train_whole', '2000 epochs s'))} s"),
        ("until it walks, after start-up, the slowest seed", "under 40 s", "train_walk",
         lambda: f"{number(max(row['walks after s'] for row in kept('train_walk')['rows']))} s"),
        ("Gymnasium's Humanoid on a CPU, the worst number of environments", "at least 1.2 x EnvPool", "cpu", lambda: f"{min(ours()):.2f} x" if ours() else "EnvPool was not there"),
        ("text to a callable `Reward`, 20 terms", "under 50 ms", "compile", lambda: f"{number(1e3 * twenty())} ms"),
        ("a second start on one machine, to the end of its first epoch", "under 15 s", "startup", lambda: f"{number(start())} s"),
    ]  # fmt: skip
    rows = []
    for what, aim, name, reached in aims:
        found = kept(name)
        machine = found.get("machine") or found.get("device", "")
        try:
            told = reached() if found else "not measured yet"
        except (IndexError, KeyError, TypeError):  # of other sizes, or it never walked
            told = "not in the numbers kept"
        rows.append([what, aim, told, re.split(r"[;,] ", machine)[0]])
    return table(["what", "goal", "reached", "on"], rows)


def kept(name: str) -> Dict[str, Any]:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def rendered(name: str) -> str:
    if name == "goals":
        return goals(kept)
    found = kept(name)
    if not found:
        return "Not measured yet.\n"
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
    numbers = {
        key: found[key] for key in ("device", "machine", "versions", "imports", "rows") if key in found
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def main(arguments: List[str]) -> None:
    for argument in arguments:
        name, _, path = argument.partition("=")
        keep(name, Path(path))
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
