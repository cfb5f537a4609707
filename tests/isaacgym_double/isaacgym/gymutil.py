"""What scripts take of isaacgym.gymutil: the arguments of their command line, simulation parameters from a config, lines to draw."""

from __future__ import annotations

import argparse
import enum
import math
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from . import gymapi
from .structs import Struct


def parse_device_str(device_str: str) -> Tuple[str, int]:
    """ "cuda:1" -> ("cuda", 1); without a number it is 0."""
    kind, _, number = device_str.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdigit()) or (kind == "cpu" and number):
        raise ValueError(f'Invalid device string "{device_str}": cpu, cuda or cuda:N is due')
    return kind, int(number or 0)


def parse_arguments(description: str = "Isaac Gym Example", headless: bool = False, no_graphics: bool = False,
                    custom_parameters: Optional[List[Dict[str, Any]]] = None) -> argparse.Namespace:  # fmt: skip
    """The gym's own options and `custom_parameters`; what follows from them is added. A CPU simulation gets the CPU's pipeline."""
    parser = argparse.ArgumentParser(description=description)
    if headless:
        parser.add_argument("--headless", action="store_true", help="Run without a viewer")
    if no_graphics:
        parser.add_argument("--nographics", action="store_true", help="Run without any graphics context")
    parser.add_argument("--sim_device", default="cuda:0", help="Device of the physics, as torch names it")
    parser.add_argument("--pipeline", default="gpu", help="Tensors on the cpu or the gpu")
    parser.add_argument("--graphics_device_id", type=int, default=0)
    engine = parser.add_mutually_exclusive_group()
    engine.add_argument("--flex", action="store_true")
    engine.add_argument("--physx", action="store_true")
    parser.add_argument("--num_threads", type=int, default=0, help="Cores of PhysX")
    parser.add_argument("--subscenes", type=int, default=0, help="PhysX subscenes to simulate in parallel")
    parser.add_argument(
        "--slices", type=int, help="Client threads that each take a slice of the environments"
    )
    for given in custom_parameters or []:
        given = dict(given)
        parser.add_argument(given.pop("name"), **given)
    args = parser.parse_args()
    args.sim_device_type, args.compute_device_id = parse_device_str(args.sim_device)
    if args.pipeline.lower() not in ("cpu", "gpu", "cuda"):
        raise ValueError(f"Invalid pipeline '{args.pipeline}': cpu or gpu is due")
    args.use_gpu_pipeline = args.pipeline.lower() in ("gpu", "cuda")
    if args.sim_device_type == "cpu" and args.use_gpu_pipeline:
        print("Can't use the GPU pipeline with physics on the CPU: changed to the CPU's.")
        args.pipeline, args.use_gpu_pipeline = "CPU", False
    args.physics_engine = gymapi.SimType.SIM_FLEX if args.flex else gymapi.SimType.SIM_PHYSX
    args.use_gpu = args.sim_device_type == "cuda"
    if no_graphics and args.nographics:
        args.headless = True
    if args.slices is None:
        args.slices = args.subscenes
    return args


def parse_sim_config(sim_config: Dict[str, Any], sim_params: gymapi.SimParams) -> None:
    """Sets what a config's `sim` names; numbers and lists become the enums and vectors that are due. [?] Unknown names raise."""
    for name, value in sim_config.items():
        if name == "flex":
            continue  # another engine
        _assign(sim_params, name, value)


def _assign(struct: Struct, name: str, value: Any) -> None:
    if name not in struct.FIELDS:
        raise AttributeError(f"'{type(struct).__name__}' object has no attribute '{name}'")
    due = struct.FIELDS[name]
    if isinstance(due, gymapi.Vec3):
        value = value if isinstance(value, gymapi.Vec3) else gymapi.Vec3(*value)
    elif isinstance(due, Struct):
        for key, each in value.items():
            _assign(getattr(struct, name), key, each)
        return
    elif isinstance(due, (enum.Enum, bool, int, float)):
        value = type(due)(value)
    setattr(struct, name, value)


class WireframeSphereGeometry:
    """Circles of latitude and longitude as line segments."""

    def __init__(self, radius: float = 1.0, num_lats: int = 8, num_lons: int = 8, pose: Any = None, color: Any = None,
                 color2: Any = None):  # fmt: skip
        pole, around = np.linspace(0, math.pi, num_lats + 1), np.linspace(0, 2 * math.pi, num_lons + 1)
        theta, phi = np.meshgrid(pole, around, indexing="ij")
        points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1)
        points = radius * points + (0 if pose is None else [pose.p.x, pose.p.y, pose.p.z])
        pairs = [np.stack([points[:-1], points[1:]], 2), np.stack([points[:, :-1], points[:, 1:]], 2)]
        self.lines = np.concatenate([pair.reshape(-1, 2, 3) for pair in pairs]).astype(np.float32)
        self.colors = np.tile(np.array(color or (1, 0, 0), np.float32), (len(self.lines), 1))


def draw_lines(geom: Any, gym: Any, viewer: Any, env: Any, pose: gymapi.Transform) -> None:
    offset = np.array([pose.p.x, pose.p.y, pose.p.z], np.float32)
    gym.add_lines(viewer, env, len(geom.lines), geom.lines + offset, geom.colors)
