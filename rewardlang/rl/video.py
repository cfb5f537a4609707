"""A film of one environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

FPS = 25  # pictures a second, as near as whole control steps allow


class Video:
    """Writes an mp4, picture by picture. The file appears when it is complete."""

    def __init__(self, path: Any, sim: Any, dt: float):
        self.path = Path(path)
        if self.path.suffix != ".mp4":
            raise ValueError(f"--video {path}: the name must end in .mp4")
        if not self.path.parent.is_dir():
            raise ValueError(f"--video {path}: there is no folder {self.path.parent}")
        try:
            import imageio_ffmpeg
        except ImportError:
            raise ValueError("--video needs the package imageio-ffmpeg: pip install imageio-ffmpeg") from None
        self.sim = sim
        self.every = max(1, round(1 / (FPS * dt)))  # control steps a picture
        try:
            first = sim.render(0)
        except RuntimeError as error:  # the backend's message names the missing library
            raise ValueError(f"--video: {error}") from None
        self._part = self.path.with_name(f".{os.getpid()}.{self.path.name}")
        self._writer: Optional[Any] = imageio_ffmpeg.write_frames(
            str(self._part),
            (first.shape[1], first.shape[0]),
            fps=1 / (self.every * dt),
            quality=7,
            macro_block_size=2,
        )
        self._writer.send(None)
        self._writer.send(first)

    def step(self, number: int) -> None:
        """Film the state after control step `number`, if a picture is due."""
        if self._writer is not None and number % self.every == 0:
            self._writer.send(self.sim.render(0))

    def close(self, keep: bool = True) -> None:
        """End the film, and drop it unless `keep`."""
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        if keep:
            os.replace(self._part, self.path)
        elif self._part.exists():
            self._part.unlink()
