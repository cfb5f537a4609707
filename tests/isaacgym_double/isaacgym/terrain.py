"""Ground that is not a plane, as MuJoCo's height field: samples as they are, a triangle mesh by its height over each point of a grid.

A mesh is read as something to walk on: where surfaces lie above each other the upper one counts, so a vertical wall is steep, not
vertical, and there are no caves.
"""

from __future__ import annotations

import numpy as np

from .structs import GymError, HeightFieldParams, TriangleMeshParams

DEPTH = 1.0  # of the solid ground under the lowest point, m


class Terrain:
    """Heights [x, y] on a grid whose first point is at `corner`, `spacing` apart."""

    def __init__(self, heights: np.ndarray, spacing: np.ndarray, corner: np.ndarray, static_friction: float):
        self.low = heights.min()
        self.height = max(heights.max() - self.low, 1e-3)
        self.shares = ((heights - self.low) / self.height).astype(np.float32)  # of the height, 0 to 1
        self.half = (np.array(heights.shape) - 1) * spacing / 2
        self.centre = corner + [*self.half, self.low]
        self.static_friction = static_friction

    @property
    def size(self) -> np.ndarray:
        """As MuJoCo wants it."""
        return np.array([*self.half, self.height, DEPTH])


def from_samples(samples: np.ndarray, params: HeightFieldParams) -> Terrain:
    """Columns lie along x, rows along y, the origin at the first sample: so legged_gym's robots stand on their ground. [U]"""
    if samples.dtype != np.int16 or samples.size != params.nbRows * params.nbColumns:
        raise GymError(f"add_heightfield: {params.nbRows} x {params.nbColumns} samples of int16 are due")
    heights = np.reshape(samples, (params.nbColumns, params.nbRows)) * params.vertical_scale
    spacing = np.array([params.column_scale, params.row_scale])
    return Terrain(heights, spacing, _corner(params), params.static_friction)


def from_mesh(vertices: np.ndarray, triangles: np.ndarray, params: TriangleMeshParams) -> Terrain:
    """The grid is as fine as the mesh's edges commonly are."""
    if vertices.dtype != np.float32 or triangles.dtype != np.uint32:
        raise GymError("add_triangle_mesh: vertices of float32 and triangles of uint32 are due")
    if vertices.size != 3 * params.nb_vertices or triangles.size != 3 * params.nb_triangles:
        raise GymError("add_triangle_mesh: the numbers of vertices and triangles are not those of the arrays")
    points = vertices.reshape(-1, 3).astype(float)
    corners = points[triangles.reshape(-1, 3).astype(int)]  # [T, 3, xyz]
    edges = np.abs(corners - np.roll(corners, 1, axis=1))[..., :2]
    spacing = np.array([np.median(edges[..., axis][edges[..., axis] > 1e-6]) for axis in (0, 1)])
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    shape = np.rint((high - low) / spacing).astype(int) + 1
    heights = np.full(shape, -np.inf)
    for i, j, height in _covered(corners, low, spacing):
        np.maximum.at(heights, (i, j), height)
    heights[np.isinf(heights)] = points[:, 2].min()
    corner = _corner(params) + [*low, 0.0]
    return Terrain(heights, spacing, corner, params.static_friction)


def _covered(corners: np.ndarray, low: np.ndarray, spacing: np.ndarray):
    """The points of the grid under each triangle, with its height there: [n], [n], [n], as often as it takes."""
    flat = (corners[..., :2] - low) / spacing
    first = np.ceil(flat.min(1) - 1e-6).astype(int)
    last = np.floor(flat.max(1) + 1e-6).astype(int)
    a, b, c = flat[:, 0], flat[:, 1], flat[:, 2]
    area = _cross(b - a, c - a)
    for i in range((last - first)[:, 0].max() + 1):
        for j in range((last - first)[:, 1].max() + 1):
            at = first + [i, j]
            inside = (at <= last).all(1) & (np.abs(area) > 1e-9)
            t, p = np.nonzero(inside)[0], at[inside]
            u = _cross(p - a[t], c[t] - a[t]) / area[t]
            v = _cross(b[t] - a[t], p - a[t]) / area[t]
            on = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1 + 1e-6)
            t, u, v = t[on], u[on], v[on]
            z = corners[t, :, 2]
            yield p[on, 0], p[on, 1], z[:, 0] + u * (z[:, 1] - z[:, 0]) + v * (z[:, 2] - z[:, 0])


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _corner(params) -> np.ndarray:
    p, r = params.transform.p, params.transform.r
    if (r.x, r.y, r.z) != (0.0, 0.0, 0.0):
        raise GymError("not modelled: ground that is turned")
    return np.array([p.x, p.y, p.z])
