"""The report for people, a line a fact."""

from __future__ import annotations

from typing import Any, Dict, Iterator


def text(report: Dict[str, Any]) -> str:
    lines = [f"rewardlang {report['rewardlang']}, {report['python']}, {report['system']}"]
    lines += [f"  {name:<12} {version or '-'}" for name, version in report["packages"].items()]
    for gpu in report["gpus"]:
        lines.append(
            f"  GPU          {gpu['name']}, driver {gpu['driver']}, compute capability {gpu['capability']}"
        )
    if not report["gpus"]:
        lines.append("  GPU          none that nvidia-smi shows")
    lines += [f"  {name:<12} {report[name] or '-'}" for name in ("compiler", "ninja")]
    lines.append(f"  {'EGL':<12} {report['egl']}")
    for name, found in report["backends"].items():
        lines += ["", f"{name}: {found['state']}", *_backend(found)]
    return "\n".join(lines)


def _backend(found: Dict[str, Any]) -> Iterator[str]:
    yield from (f"  {found[key]}" for key in ("note", "why") if found.get(key))
    if found.get("order"):
        yield f"  imported in the order {', '.join(found['order'])}"
    for device, jobs in found.get("runs", {}).items():
        yield f"  on {device}:"
        for job in jobs:
            detail = f": {job['detail']}" if job["detail"] else ""
            yield f"  {_mark(job['passed'])} {job['name'].replace('_', ' ')}{detail}"
            for row in job.get("rows", ()):
                asked, got = (_number(row[side]) for side in ("asked", "found"))
                yield f"    {_mark(row['agrees'])} {row['what']} of {row['name']}: {asked}, found {got}"
            for row in job.get("answers", ()):
                yield f"    {_mark(row['agrees'])} {row['question']}: {row['answer']}"
                if not row["agrees"]:
                    yield f"         the test double is wrong here, it says: {row['double']} ({row['change']})"


def _mark(passed: bool) -> str:
    return "ok  " if passed else "FAIL"


def _number(value: Any) -> str:
    if isinstance(value, list):
        return f"({', '.join(map(_number, value))})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
