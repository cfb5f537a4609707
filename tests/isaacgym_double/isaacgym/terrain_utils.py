"""isaacgym.terrain_utils, from its documented functions: they write a height field, in units of its vertical scale.

[?] The lengths round down to whole samples; which random numbers are drawn, and in what order, is not the binary's.
"""

from __future__ import annotations

from typing import Optional, Tuple

import numpy as np


class SubTerrain:
    """`width` times `length` samples of a height, flat at first."""

    def __init__(self, terrain_name: str = "terrain", width: int = 256, length: int = 256, vertical_scale: float = 1.0,
                 horizontal_scale: float = 1.0):  # fmt: skip
        self.terrain_name, self.width, self.length = terrain_name, width, length
        self.vertical_scale, self.horizontal_scale = vertical_scale, horizontal_scale
        self.height_field_raw = np.zeros((width, length), dtype=np.int16)


def _samples(terrain: SubTerrain, length: float) -> int:
    return int(length / terrain.horizontal_scale)


def _steps(terrain: SubTerrain, height: float) -> int:
    return int(height / terrain.vertical_scale)


def _middle(terrain: SubTerrain, size: float) -> Tuple[slice, slice]:
    """The square of a platform."""
    half = _samples(terrain, size) // 2
    x, y = terrain.width // 2, terrain.length // 2
    return slice(x - half, x + half), slice(y - half, y + half)


def _nearness(count: int) -> np.ndarray:
    """0 at both ends, 1 in the middle."""
    middle = count // 2
    return 1 - np.abs(np.arange(count) - middle) / max(middle, 1)


def random_uniform_terrain(terrain: SubTerrain, min_height: float, max_height: float, step: float = 1,
                           downsampled_scale: Optional[float] = None) -> SubTerrain:  # fmt: skip
    """Adds heights of a coarse grid, drawn from multiples of `step`, with slopes between them."""
    coarse = downsampled_scale or terrain.horizontal_scale
    choices = np.arange(
        _steps(terrain, min_height), _steps(terrain, max_height) + 1, max(_steps(terrain, step), 1)
    )
    size = (terrain.width, terrain.length)
    grid = [max(int(n * terrain.horizontal_scale / coarse), 2) for n in size]
    heights = np.random.choice(choices, grid).astype(float)
    for axis, n in enumerate(size):
        at, known = np.linspace(0, 1, n), np.linspace(0, 1, grid[axis])
        heights = np.apply_along_axis(
            lambda row, at=at, known=known: np.interp(at, known, row), axis, heights
        )
    terrain.height_field_raw += np.rint(heights).astype(np.int16)
    return terrain


def sloped_terrain(terrain: SubTerrain, slope: float = 1) -> SubTerrain:
    """Adds a slope along x."""
    rise = slope * terrain.horizontal_scale / terrain.vertical_scale
    terrain.height_field_raw += (rise * np.arange(terrain.width)).astype(np.int16)[:, None]
    return terrain


def pyramid_sloped_terrain(terrain: SubTerrain, slope: float = 1, platform_size: float = 1.0) -> SubTerrain:
    """Adds a pyramid, its top cut off by a platform; upside down for a slope below 0."""
    top = slope * terrain.horizontal_scale / terrain.vertical_scale * terrain.width / 2
    pyramid = (top * np.outer(_nearness(terrain.width), _nearness(terrain.length))).astype(np.int16)
    x, y = _middle(terrain, platform_size)
    edge = pyramid[x.start, y.start]
    terrain.height_field_raw += np.clip(pyramid, min(edge, 0), max(edge, 0))
    return terrain


def discrete_obstacles_terrain(terrain: SubTerrain, max_height: float, min_size: float, max_size: float, num_rects: int,
                               platform_size: float = 1.0) -> SubTerrain:  # fmt: skip
    """Boxes and pits of half and whole height at random places; the platform stays flat."""
    high = _steps(terrain, max_height)
    low, most = _samples(terrain, min_size), _samples(terrain, max_size)
    for _ in range(num_rects):
        width, length = np.random.randint(low, max(most, low + 1), 2)
        x = np.random.randint(0, max(terrain.width - width, 1))
        y = np.random.randint(0, max(terrain.length - length, 1))
        terrain.height_field_raw[x : x + width, y : y + length] = np.random.choice(
            [-high, -high // 2, high // 2, high]
        )
    terrain.height_field_raw[_middle(terrain, platform_size)] = 0
    return terrain


def wave_terrain(terrain: SubTerrain, num_waves: int = 1, amplitude: float = 1.0) -> SubTerrain:
    """Adds waves along both axes."""
    high = _steps(terrain, amplitude) / 2
    wave = lambda count: np.sin(2 * np.pi * num_waves * np.arange(count) / count)
    both = wave(terrain.width)[:, None] + wave(terrain.length)[None, :]
    terrain.height_field_raw += (high * both).astype(np.int16)
    return terrain


def stairs_terrain(terrain: SubTerrain, step_width: float, step_height: float) -> SubTerrain:
    """Adds stairs along x."""
    number = np.arange(terrain.width) // _samples(terrain, step_width) + 1
    terrain.height_field_raw += (_steps(terrain, step_height) * number).astype(np.int16)[:, None]
    return terrain


def pyramid_stairs_terrain(terrain: SubTerrain, step_width: float, step_height: float, platform_size: float = 1.0) -> SubTerrain:  # fmt: skip
    """Stairs up to a platform from all sides; down for a height below 0."""
    width, height = _samples(terrain, step_width), _steps(terrain, step_height)
    inner = _samples(terrain, platform_size)
    size, at, level = min(terrain.width, terrain.length), 0, 0
    while size - 2 * at > inner:
        at, level = at + width, level + height
        terrain.height_field_raw[at : terrain.width - at, at : terrain.length - at] = level
    return terrain


def stepping_stones_terrain(terrain: SubTerrain, stone_size: float, stone_distance: float, max_height: float,
                            platform_size: float = 1.0, depth: float = -10) -> SubTerrain:  # fmt: skip
    """Square stones over a pit, each row shifted, around a platform."""
    size, gap = _samples(terrain, stone_size), _samples(terrain, stone_distance)
    high = _steps(terrain, max_height)
    terrain.height_field_raw[:] = _steps(terrain, depth)
    for y in range(0, terrain.length, size + gap):
        for x in range(-np.random.randint(0, size), terrain.width, size + gap):
            stone = slice(max(x, 0), max(x + size, 0)), slice(y, y + size)
            terrain.height_field_raw[stone] = np.random.randint(-high - 1, high) if high else 0
    terrain.height_field_raw[_middle(terrain, platform_size)] = 0
    return terrain


def convert_heightfield_to_trimesh(height_field_raw: np.ndarray, horizontal_scale: float, vertical_scale: float,
                                   slope_threshold: Optional[float] = None) -> Tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Vertices [n, 3] of float32 and triangles [m, 3] of uint32, two a cell.

    Where it rises more steeply than the threshold the lower point moves under the upper one: a vertical wall. [?] Along x first.
    """
    rows, columns = height_field_raw.shape
    x, y = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    move_x, move_y = np.zeros((rows, columns)), np.zeros((rows, columns))
    if slope_threshold is not None:
        most = slope_threshold * horizontal_scale / vertical_scale
        raw = height_field_raw.astype(float)
        up, across = raw[1:] - raw[:-1] > most, raw[:, 1:] - raw[:, :-1] > most
        down, back = raw[:-1] - raw[1:] > most, raw[:, :-1] - raw[:, 1:] > most
        move_x[:-1] += up
        move_x[1:] -= down
        move_y[:, :-1] += across * (move_x[:, :-1] == 0)
        move_y[:, 1:] -= back * (move_x[:, 1:] == 0)
    vertices = np.stack(
        [(x + move_x) * horizontal_scale, (y + move_y) * horizontal_scale, height_field_raw * vertical_scale],
        -1,
    )
    corner = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    triangles = np.stack([np.stack([a, c, d], -1), np.stack([a, b, c], -1)], 2)
    return vertices.reshape(-1, 3).astype(np.float32), triangles.reshape(-1, 3).astype(np.uint32)
