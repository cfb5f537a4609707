"""Rotations as matrices, for the formulas."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np


def matrix(quat: np.ndarray) -> np.ndarray:
    """The matrix of a quaternion xyzw; its columns are the turned axes. [3, 3]"""
    x, y, z, w = quat
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def roll_pitch(quat: np.ndarray) -> Tuple[float, float]:
    """The first two of the angles about x, y and z, from the matrix Rz Ry Rx."""
    m = matrix(quat)
    return math.atan2(m[2, 1], m[2, 2]), math.asin(max(-1.0, min(1.0, -m[2, 0])))
