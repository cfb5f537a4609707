"""unitree_rl_gym's reward for the G1: legged_gym's base class with five terms more, from the published formulas."""

from __future__ import annotations

import numpy as np

from .episodes import State
from .legged_gym import LeggedGym
from .rotations import roll_pitch

PERIOD, OFFSET, DUTY = 0.8, 0.5, 0.55
G1 = {
    "tracking_lin_vel": 1.0,
    "tracking_ang_vel": 0.5,
    "lin_vel_z": -2.0,
    "ang_vel_xy": -0.05,
    "orientation": -1.0,
    "base_height": -10.0,
    "dof_acc": -2.5e-7,
    "dof_vel": -1e-3,
    "torques": -0.00001,  # of the base config
    "action_rate": -0.01,
    "dof_pos_limits": -5.0,
    "alive": 0.15,
    "hip_pos": -1.0,
    "contact_no_vel": -0.2,
    "feet_swing_height": -20.0,
    "contact": 0.18,
    "termination": -0.0,
}


class G1Robot(LeggedGym):
    def ends(self, s: State) -> bool:
        roll, pitch = roll_pitch(s["root_quat"])
        return super().ends(s) or abs(pitch) > 1.0 or abs(roll) > 0.8

    def _contact(self, s: State) -> float:
        phase = float(s["episode_time"]) % PERIOD / PERIOD
        leg_phase = [phase, (phase + OFFSET) % 1]
        assert [self.task.body_names[i].split("_")[0] for i in self.feet] == ["left", "right"]
        touch = s["contact_forces"][self.feet, 2] > 1
        return sum(not (bool(touch[i]) ^ (leg_phase[i] < DUTY)) for i in range(2))

    def _loaded(self, s: State) -> np.ndarray:
        return np.array([np.linalg.norm(f) > 1.0 for f in s["contact_forces"][self.feet]])

    def _feet_swing_height(self, s: State) -> float:
        return np.sum((s["body_pos"][self.feet, 2] - 0.08) ** 2 * ~self._loaded(s))

    def _alive(self, s: State) -> float:
        return 1.0

    def _contact_no_vel(self, s: State) -> float:
        return np.sum((s["body_lin_vel"][self.feet] * self._loaded(s)[:, None]) ** 2)

    def _hip_pos(self, s: State) -> float:
        names = self.task.dof_names  # [1, 2, 7, 8] of the G1: hip roll and yaw
        at = [names.index(f"{side}_hip_{way}") for side in ("left", "right") for way in ("roll", "yaw")]
        return np.sum(s["dof_pos"][at] ** 2)
