"""The gym's calls about its window. Nothing is drawn: frames and lines are counted."""

from __future__ import annotations

from typing import Any, List, Optional

import numpy as np

from . import KNOBS
from .structs import CameraProperties, GymError, KeyboardInput, Vec3


class Viewer:
    def __init__(self) -> None:
        self.drawn = self.lines = 0
        self.destroyed = False


class ViewerCalls:
    viewers: List[Viewer] = []
    _living: Any
    _after: Any

    def create_viewer(self, arg0: Any, arg1: CameraProperties) -> Optional[Viewer]:
        if self._living(arg0).graphics < 0:
            return None
        self.viewers.append(Viewer())
        return self.viewers[-1]

    def destroy_viewer(self, arg0: Viewer) -> None:
        arg0.destroyed = True

    def query_viewer_has_closed(self, arg0: Viewer) -> bool:
        return KNOBS.closed

    def subscribe_viewer_keyboard_event(self, arg0: Viewer, arg1: KeyboardInput, arg2: str) -> None:
        pass

    def query_viewer_action_events(self, arg0: Viewer) -> list:
        return []  # nobody presses a key

    def clear_lines(self, arg0: Viewer) -> None:
        arg0.lines = 0

    def add_lines(self, arg0: Viewer, arg1: Any, arg2: int, arg3: Any, arg4: Any) -> None:
        if np.size(arg3) < 6 * arg2 or np.size(arg4) < 3 * arg2:  # lists will do
            raise GymError(f"add_lines: {arg2} lines need as many ends and colours")
        arg0.lines += arg2

    def viewer_camera_look_at(self, arg0: Viewer, arg1: Any, arg2: Vec3, arg3: Vec3) -> None:
        pass

    def step_graphics(self, arg0: Any) -> None:
        if self._after(arg0, "step_graphics").unfetched:
            raise GymError("step_graphics: fetch_results was not called")

    def draw_viewer(self, viewer: Viewer, sim: Any, render_collision: bool = False) -> None:
        viewer.drawn += 1

    def sync_frame_time(self, arg0: Any) -> None:
        pass

    def poll_viewer_events(self, arg0: Viewer) -> None:
        pass
