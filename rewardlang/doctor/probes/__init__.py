"""Questions that only NVIDIA's binary can answer: a group of them is a generator of (question, answer) on a device, in one simulation."""

from __future__ import annotations

from typing import Any, Dict, List

from rewardlang.doctor.expected import EXPECTED
from rewardlang.doctor.probes import states

# isort: split
from rewardlang.doctor.probes import files, forces

GROUPS = {f"probe_{group.__name__}": group for part in (states, forces, files) for group in part.GROUPS}


def ask(group: str, device: str) -> Dict[str, Any]:
    """The answers of a group, each beside the double's. What has been answered counts, whatever goes wrong later."""
    rows: List[Dict[str, Any]] = []
    problem = ""
    try:
        for question, answer in GROUPS[group](device):
            side = EXPECTED[question]
            due = side.gpu if device.startswith("cuda") else side.cpu
            rows.append({"question": question, "answer": answer, "double": due, "agrees": answer == due, "change": side.change})  # fmt: skip
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    wrong = sum(not row["agrees"] for row in rows)
    detail = problem or (f"the double is wrong about {wrong} of {len(rows)}" if wrong else f"{len(rows)} as on the double")  # fmt: skip
    return {"passed": not wrong and not problem, "detail": detail, "answers": rows}
