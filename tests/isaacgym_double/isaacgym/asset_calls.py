"""The gym's calls about assets: what was loaded, before any actor is made of it."""

from __future__ import annotations

import copy
from typing import Any, List, Optional

import mujoco
import numpy as np

from . import importer
from .importer import Asset
from .sensors import ForceSensor
from .structs import (
    DOF_PROPERTIES,
    ActuatorProperties,
    ForceSensorProperties,
    GymError,
    IndexRange,
    RigidShapeProperties,
    Transform,
)


class AssetCalls:
    _refuse: Any

    def get_asset_dof_names(self, arg0: Asset) -> List[str]:
        return list(arg0.dofs)

    def get_asset_rigid_body_names(self, arg0: Asset) -> List[str]:
        return list(arg0.bodies)

    def get_asset_dof_count(self, arg0: Asset) -> int:
        return len(arg0.dofs)

    def get_asset_rigid_body_count(self, arg0: Asset) -> int:
        return len(arg0.bodies)

    def get_asset_dof_properties(self, arg0: Asset) -> np.ndarray:
        properties = np.zeros(len(arg0.dofs), DOF_PROPERTIES)
        importer.default_properties(arg0, mujoco.MjModel.from_xml_string(arg0.text), properties)
        return properties

    def get_asset_rigid_body_shape_indices(self, arg0: Asset) -> List[IndexRange]:
        ranges, start = [], 0
        for shapes in arg0.shapes_of_body:
            ranges.append(IndexRange())
            ranges[-1].start, ranges[-1].count = start, len(shapes)
            start += len(shapes)
        return ranges

    def get_asset_rigid_shape_properties(self, arg0: Asset) -> List[RigidShapeProperties]:
        return [copy.copy(shape) for shape in arg0.shape_properties]

    def set_asset_rigid_shape_properties(self, arg0: Asset, arg1: List[RigidShapeProperties]) -> bool:
        if len(arg1) != len(arg0.shape_properties):
            return self._refuse("set_asset_rigid_shape_properties", "one a shape is due")
        arg0.shape_properties = [copy.copy(shape) for shape in arg1]
        return True

    def get_asset_joint_count(self, arg0: Asset) -> int:
        """Joints of any kind; one that fixes a body, and the root's, counts for none here. [?]"""
        return len(arg0.dofs)

    def get_asset_rigid_body_name(self, arg0: Asset, arg1: int) -> str:
        return arg0.bodies[arg1]

    def find_asset_rigid_body_index(self, arg0: Asset, arg1: str) -> int:
        return arg0.bodies.index(arg1) if arg1 in arg0.bodies else -1

    def get_asset_actuator_properties(self, arg0: Asset) -> List[ActuatorProperties]:
        return [copy.copy(actuator) for actuator in arg0.actuators]

    def create_asset_force_sensor(self, asset: Asset, body_idx: int, local_pose: Transform,
                                  props: Optional[ForceSensorProperties] = None) -> int:  # fmt: skip
        if asset.used:
            raise GymError("create_asset_force_sensor: the asset has an actor already")
        if not 0 <= body_idx < len(asset.bodies):
            raise GymError(f"create_asset_force_sensor: there is no body {body_idx}")
        asset.sensors.append(ForceSensor.of(body_idx, local_pose, props or ForceSensorProperties()))
        return len(asset.sensors) - 1
