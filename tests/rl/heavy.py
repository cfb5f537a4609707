"""The shipped humanoid at twice the length and eight times the mass: 40 kg, with gains and efforts that go with it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

TASK = Path(__file__).parents[2] / "tasks" / "humanoid"
TIME = 2**0.5  # it moves as the small one does in slow motion
# attribute → by what its numbers are multiplied: length L = 2, mass L^3, torque L^4, inertia L^5
FACTORS = {
    "pos": 2,
    "fromto": 2,
    "size": 2,
    "mass": 8,
    "diaginertia": 32,
    "armature": 32,
    "damping": 16 * TIME,
    "ctrlrange": 16,
}


def scaled(numbers: str, by: float) -> str:
    return " ".join(f"{float(x) * by:g}" for x in numbers.split())


def heavy(folder: Path) -> Path:
    """The task's folder."""
    shutil.copytree(TASK, folder)
    robot = folder / "humanoid.xml"
    text = robot.read_text(encoding="utf-8")
    head, body = text.split("<mujoco", 1)
    for name, by in FACTORS.items():
        body = re.sub(rf'\b{name}="([-0-9. ]+)"', lambda m, n=name, k=by: f'{n}="{scaled(m[1], k)}"', body)
    robot.write_text(head + "<mujoco" + body, encoding="utf-8")
    path = folder / "task.yaml"
    task = path.read_text(encoding="utf-8")
    for old, new in (
        ("[0, 0, 0.344]", "[0, 0, 0.688]"),
        ('"*_knee": 18', '"*_knee": 288'),
        ('"*": 12\n', '"*": 192\n'),
        ('"*": 0.3\n', f'"*": {0.3 * 16 * TIME:g}\n'),
        ("base_height < 0.24[m]", "base_height < 0.48[m]"),
    ):
        assert old in task, old
        task = task.replace(old, new)
    path.write_text(task, encoding="utf-8")
    return folder
