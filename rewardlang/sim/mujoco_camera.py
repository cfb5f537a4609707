"""Pictures from MuJoCo's renderer, also without a display."""

from __future__ import annotations

import os
import sys

import mujoco
import numpy as np

MISSING = """cannot render: no OpenGL library found ({reason}).
On a machine without a display, install one, e.g. on Debian or Ubuntu:
    apt-get install libegl1 libgl1-mesa-dri        (or libosmesa6, with MUJOCO_GL=osmesa)"""


class Camera:
    """The model's first camera, or a free one that follows the robot where it has none."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int):
        self.size = (width, height)
        self._model = model
        model.vis.global_.offwidth = max(width, model.vis.global_.offwidth)
        model.vis.global_.offheight = max(height, model.vis.global_.offheight)
        self._gl = _open_context(width, height)
        self._gl.make_current()
        self._scene = mujoco.MjvScene(model, maxgeom=1000)
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._view = mujoco.MjvCamera()
        if model.ncam:
            self._view.type, self._view.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0
        else:
            mujoco.mjv_defaultFreeCamera(model, self._view)
            self._view.type, self._view.trackbodyid = mujoco.mjtCamera.mjCAMERA_TRACKING, 1

    def picture(self, data: mujoco.MjData) -> np.ndarray:
        """What the camera sees of a state. [height, width, 3] uint8, RGB."""
        width, height = self.size
        self._gl.make_current()
        mujoco.mj_forward(self._model, data)
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(
            self._model, data, mujoco.MjvOption(), None, self._view, everything, self._scene
        )
        viewport = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(viewport, self._scene, self._context)
        rgb = np.empty((height, width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(rgb, None, viewport, self._context)
        return rgb[::-1].copy()  # OpenGL's first row is the lowest

    def close(self) -> None:
        self._gl.make_current()
        self._context.free()
        self._gl.free()


def _open_context(width: int, height: int):
    """A current OpenGL context: the one MUJOCO_GL names, else a window's if there is a display, else EGL's.

    Raises RuntimeError that names the system library to install.
    """
    wish = os.environ.get("MUJOCO_GL", "").lower()
    if not wish and sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        wish = "egl"
    try:
        if wish == "egl":
            from mujoco.egl import GLContext
        elif wish == "osmesa":
            from mujoco.osmesa import GLContext
        else:
            from mujoco import GLContext
        return GLContext(width, height)
    except (ImportError, AttributeError, OSError, RuntimeError) as error:
        # PyOpenGL reports a missing system library as an AttributeError on None.
        raise RuntimeError(MISSING.format(reason=f"{type(error).__name__}: {error}")) from error
