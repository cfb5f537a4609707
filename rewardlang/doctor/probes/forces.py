"""Probes of drives and contacts."""

from __future__ import annotations

import math

from rewardlang.doctor.probes.scene import Scene, gymtorch

# isort: split
import torch

from rewardlang.doctor.probes.states import Answers, nearest

POS, EFFORT = 1, 3  # of DofDriveMode
INERTIA = 0.004 + 0.5 * 0.1**2  # of the arm about its hinge, kg·m²


def targets(device: str) -> Answers:
    scene = Scene(device, 1, fixed=True, drive={"driveMode": POS, "stiffness": 2.0, "damping": 0.2, "effort": 10.0})  # fmt: skip
    scene.command("targets", 0.4)
    scene.step(600)
    scene.refresh()
    near = lambda value: torch.tensor(value)
    yield (
        "a position target",
        nearest(scene.dof[0, 0].cpu(), {"lasts": near(0.4), "is for one step": near(0.0)}, 0.05),
    )


def efforts(device: str) -> Answers:
    drive = {"driveMode": EFFORT, "stiffness": 0.0, "damping": 0.0, "effort": 10.0, "velocity": 1.0}
    scene = Scene(device, 1, fixed=True, drive=drive)
    scene.command("efforts", 0.9)  # 100 rad/s²
    scene.step(1)
    scene.refresh()
    first = float(scene.dof[0, 1])
    scene.step(1)
    scene.refresh()
    last = float(scene.dof[0, 1])
    yield "an effort", nearest(torch.tensor(last / max(first, 1e-6)), {"lasts": torch.tensor(2.0), "is for one step": torch.tensor(1.0)}, 0.2)  # fmt: skip
    for _ in range(30):
        scene.command("efforts", 0.9)
        scene.step()
    scene.refresh()
    yield "a velocity limit", "holds" if float(scene.dof[0, 1]) < 1.1 else "does not hold"


def drive_forces(device: str) -> Answers:
    """An arm that is driven against its stop: the drive gives all that it may, the joint stands still."""
    drive = {"driveMode": POS, "stiffness": 50.0, "damping": 1.0, "effort": 3.0, "lower": -0.2, "upper": 0.2, "hasLimits": True}  # fmt: skip
    scene = Scene(device, 2, fixed=True, drive=drive, sensors=[0])
    forces = gymtorch.wrap_tensor(scene.gym.acquire_dof_force_tensor(scene.sim))
    scene.command("targets", 0.9)
    scene.step(800)
    scene.refresh()
    scene.refresh("refresh_dof_force_tensor")
    value = lambda number: torch.tensor(number)
    yield (
        "forces of a sensor",
        nearest(forces[0].cpu(), {"the drive's": value(3.0), "all on the joint": value(0.0)}, 0.3),
    )
    yield "forces without a sensor", "0" if float(forces[1]) == 0 else "as with one"


def contacts(device: str) -> Answers:
    """A brick at rest on a slope of 20 degrees, two substeps a step."""
    slope, weight = math.radians(20), 2.5 * 9.81
    gravity = (-9.81 * math.sin(slope), 0, -9.81 * math.cos(slope))
    drive = {"driveMode": POS, "stiffness": 100.0, "damping": 5.0, "effort": 100.0}
    scene = Scene(device, 1, pos=(0, 0, 0.1), gravity=gravity, dt=0.005, substeps=2, ground=True, drive=drive)
    scene.command("targets", 0.0)
    scene.step(200)
    scene.refresh()
    force = scene.contact[0].sum(0).cpu()
    value = lambda number: torch.tensor(number)
    share = force[2] / (weight * math.cos(slope))
    yield (
        "contact forces of substeps",
        nearest(share, {"their mean": value(1.0), "their sum": value(2.0)}, 0.1),
    )
    along = force[0] / (weight * math.sin(slope)) / max(1.0, round(float(share)))
    yield "friction in contact forces", nearest(along, {"left out": value(0.0), "in them": value(1.0)}, 0.2)
    scene.root[0, 2] = 5
    scene.put("root", scene.root, [0])
    scene.step()
    scene.refresh()
    yield "contact forces once it flies", "0" if float(scene.contact.abs().max()) == 0 else "as before"


GROUPS = (targets, efforts, drive_forces, contacts)
