"""Small robots for the laws, each as a task folder. The time step is the task's, not the file's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rewardlang.task import load_task

# A lopsided box (centre of mass off its origin) with an arm on a driven hinge.
BRICK = """
<mujoco>
  <compiler angle="radian"/>
  <option timestep="0.02" integrator="implicitfast"/>
  <worldbody>
    <body name="brick" pos="0 0 1"><freejoint/>
      <inertial pos="0.05 -0.03 0.02" mass="2" diaginertia="0.01 0.02 0.015"/>
      <geom type="box" size="0.1 0.1 0.1" mass="0" contype="0" conaffinity="1"/>
      <body name="arm" pos="0.1 0.02 0.3">
        <joint name="elbow" axis="0 0 1" range="-2 2"/>
        <inertial pos="0.1 0 0" mass="0.5" diaginertia="0.001 0.004 0.004"/>
        <geom type="sphere" size="0.02" mass="0" contype="0" conaffinity="0"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="elbow" ctrlrange="-{effort} {effort}"/></actuator>
</mujoco>"""

# Swings in the xz plane about y. Its base is bolted to the world.
PENDULUM = """
<mujoco>
  <compiler angle="radian"/>
  <option timestep="0.02" integrator="implicitfast"/>
  <worldbody>
    <body name="hook" pos="0 0 2">
      <body name="bob">
        <joint name="hinge" axis="0 1 0"/>
        <inertial pos="0 0 -0.5" mass="1" diaginertia="0.002 0.002 0.002"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="hinge" ctrlrange="-{effort} {effort}"/></actuator>
</mujoco>"""

# A flat box that slides on a floor of its own.
SLED = """
<mujoco>
  <compiler angle="radian"/>
  <option timestep="0.02" integrator="implicitfast"/>
  <worldbody>
    <geom type="plane" size="0 0 1" friction="0.2 0 0"/>
    <body name="sled" pos="0 0 0.05"><freejoint/>
      <inertial pos="0 0 0" mass="2" diaginertia="0.01 0.02 0.02"/>
      <geom type="box" size="0.2 0.2 0.05" friction="0.4 0 0"/>
      <body name="mast"><joint name="mast" axis="0 0 1" damping="1"/>
        <inertial pos="0 0 0.05" mass="0.1" diaginertia="0.001 0.001 0.001"/></body>
    </body>
  </worldbody>
  <actuator><motor joint="mast" ctrlrange="-{effort} {effort}"/></actuator>
</mujoco>"""

TASK = """
name: robot
asset: {{file: robot.xml}}
{start}
control: {{stiffness: {stiffness}, damping: {damping}, action_scale: 1, decimation: {decimation}}}
sim: {{dt: {dt}}}
observations: [dof_pos]
"""


def make_task(
    folder: Path, xml: str, *, stiffness: float = 0.0, damping: float = 0.0, dt: float = 0.001,
    decimation: int = 10, effort: float = 100.0,
) -> Any:  # fmt: skip
    """A task on one of the robots above, written into `folder`."""
    (folder / "robot.xml").write_text(xml.format(effort=effort), encoding="utf-8")
    numbers = {"stiffness": stiffness, "damping": damping, "dt": dt, "decimation": decimation}
    # a fixed base is where the file has it
    start = "init_state: {pos: [0, 0, 1]}" if "<freejoint" in xml else ""
    (folder / "task.yaml").write_text(TASK.format(start=start, **numbers), encoding="utf-8")
    return load_task(folder)
