"""The structs and enums of gymapi: closed, typed, with the defaults of the binary (y is up, the engine is FleX)."""

from __future__ import annotations

import copy
import enum
from numbers import Integral
from typing import Any, ClassVar, Dict

import numpy as np

FLT_MAX = float(np.finfo(np.float32).max)


class GymError(RuntimeError):
    """A call that the binary would refuse, or crash on."""


class Struct:
    """Only its own fields, each of its own type, as pybind11 has it: an int field takes no float."""

    FIELDS: ClassVar[Dict[str, Any]] = {}

    def __init__(self) -> None:
        for name, default in self.FIELDS.items():
            object.__setattr__(self, name, copy.deepcopy(default))

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.FIELDS:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        default = self.FIELDS[name]
        if isinstance(default, enum.Enum):
            right = isinstance(value, type(default))
        elif isinstance(default, (bool, int)):
            right = isinstance(value, Integral)
        elif isinstance(default, float):
            right = hasattr(value, "__float__")  # a torch tensor of one number too
        else:
            right = isinstance(value, type(default))
        if not right:
            raise TypeError(f"{type(self).__name__}.{name}: incompatible value {value!r}")
        if isinstance(default, float):
            value = float(np.float32(float(value)))
        object.__setattr__(self, name, value)


class Vec3(Struct):
    FIELDS = {"x": 0.0, "y": 0.0, "z": 0.0}

    def __init__(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> None:
        self.x, self.y, self.z = x, y, z

    def __iter__(self):
        raise TypeError("'Vec3' object is not iterable")


class Quat(Struct):
    FIELDS = {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}

    def __init__(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, w: float = 1.0) -> None:
        self.x, self.y, self.z, self.w = x, y, z, w


class Transform(Struct):
    FIELDS = {"p": Vec3(), "r": Quat()}

    def __init__(self, p: Vec3 = None, r: Quat = None) -> None:
        super().__init__()
        self.p, self.r = p or Vec3(), r or Quat()


class Mat33(Struct):
    FIELDS = {"x": Vec3(), "y": Vec3(), "z": Vec3()}


class ContactCollection(enum.IntEnum):
    CC_NEVER = 0
    CC_LAST_SUBSTEP = 1
    CC_ALL_SUBSTEPS = 2


class DofDriveMode(enum.IntEnum):
    DOF_MODE_NONE = 0
    DOF_MODE_POS = 1
    DOF_MODE_VEL = 2
    DOF_MODE_EFFORT = 3


class SimType(enum.IntEnum):
    SIM_PHYSX = 0
    SIM_FLEX = 1


class UpAxis(enum.IntEnum):
    UP_AXIS_Y = 0
    UP_AXIS_Z = 1


class IndexDomain(enum.IntEnum):
    DOMAIN_ENV = 0
    DOMAIN_ACTOR = 1
    DOMAIN_SIM = 2


class KeyboardInput(enum.IntEnum):
    KEY_ESCAPE = 0
    KEY_V = 1
    KEY_R = 2


class MeshType(enum.IntEnum):
    MESH_NONE = 0
    MESH_COLLISION = 1
    MESH_VISUAL = 2
    MESH_VISUAL_AND_COLLISION = 3


ENUMS = (ContactCollection, DofDriveMode, SimType, UpAxis, IndexDomain, KeyboardInput, MeshType)


class PhysXParams(Struct):
    FIELDS = {
        "always_use_articulations": False, "bounce_threshold_velocity": 0.2, "contact_collection": ContactCollection.CC_ALL_SUBSTEPS,
        "contact_offset": 0.02, "default_buffer_size_multiplier": 2.0, "friction_correlation_distance": 0.025,
        "friction_offset_threshold": 0.04, "max_depenetration_velocity": 100.0, "max_gpu_contact_pairs": 1024 * 1024,
        "num_position_iterations": 4, "num_subscenes": 0, "num_threads": 0, "num_velocity_iterations": 1, "rest_offset": 0.001,
        "solver_type": 1, "use_gpu": False,
    }  # fmt: skip


class SimParams(Struct):
    FIELDS = {
        "dt": 1 / 60, "enable_actor_creation_warning": True, "gravity": Vec3(0.0, -9.8, 0.0), "num_client_threads": 0,
        "physx": PhysXParams(), "stress_visualization": False, "substeps": 2, "up_axis": UpAxis.UP_AXIS_Y,
        "use_gpu_pipeline": False,
    }  # fmt: skip


class PlaneParams(Struct):
    FIELDS = {
        "distance": 0.0, "dynamic_friction": 1.0, "normal": Vec3(0.0, 1.0, 0.0), "restitution": 0.0, "segmentation_id": 0,
        "static_friction": 1.0,
    }  # fmt: skip


class HeightFieldParams(Struct):
    FIELDS = {
        "column_scale": 1.0, "dynamic_friction": 1.0, "nbColumns": 0, "nbRows": 0, "restitution": 0.0, "row_scale": 1.0,
        "segmentation_id": 0, "static_friction": 1.0, "transform": Transform(), "vertical_scale": 1.0,
    }  # fmt: skip


class TriangleMeshParams(Struct):
    FIELDS = {
        "dynamic_friction": 1.0, "nb_triangles": 0, "nb_vertices": 0, "restitution": 0.0, "segmentation_id": 0,
        "static_friction": 1.0, "transform": Transform(),
    }  # fmt: skip


class AssetOptions(Struct):
    FIELDS = {
        "angular_damping": 0.5, "armature": 0.0, "collapse_fixed_joints": False, "default_dof_drive_mode": 0, "density": 1000.0,
        "disable_gravity": False, "enable_gyroscopic_forces": True, "fix_base_link": False, "flip_visual_attachments": False,
        "linear_damping": 0.0, "max_angular_velocity": 64.0, "max_linear_velocity": 1000.0, "override_com": False,
        "override_inertia": False, "replace_cylinder_with_capsule": False, "thickness": 0.02, "use_mesh_materials": False,
        "use_physx_armature": True, "vhacd_enabled": False,
    }  # fmt: skip


class ActuatorProperties(Struct):
    FIELDS = {
        "control_limited": False, "force_limited": False, "kp": 0.0, "kv": 0.0, "lower_control_limit": 0.0,
        "lower_force_limit": 0.0, "motor_effort": 0.0, "upper_control_limit": 0.0, "upper_force_limit": 0.0,
    }  # fmt: skip


class ForceSensorProperties(Struct):
    FIELDS = {
        "enable_constraint_solver_forces": True,
        "enable_forward_dynamics_forces": True,
        "use_world_frame": False,
    }


class RigidBodyProperties(Struct):
    FIELDS = {
        "com": Vec3(),
        "flags": 0,
        "inertia": Mat33(),
        "invInertia": Mat33(),
        "invMass": 1.0,
        "mass": 1.0,
    }


class RigidShapeProperties(Struct):
    FIELDS = {
        "compliance": 0.0, "contact_offset": 0.02, "filter": 0, "friction": 1.0, "rest_offset": 0.0, "restitution": 0.0,
        "rolling_friction": 0.0, "thickness": 0.01, "torsion_friction": 0.0,
    }  # fmt: skip


class IndexRange(Struct):
    FIELDS = {"count": 0, "start": 0}


class CameraProperties(Struct):
    FIELDS = {
        "enable_tensors": False, "far_plane": 2.0e6, "height": 900, "horizontal_fov": 90.0, "near_plane": 0.001,
        "supersampling_horizontal": 1, "supersampling_vertical": 1, "use_collision_geometry": False, "width": 1600,
    }  # fmt: skip


# a row a DOF; driveMode is the int of a DofDriveMode
DOF_PROPERTIES = np.dtype(
    [("hasLimits", "?"), ("lower", "<f4"), ("upper", "<f4"), ("driveMode", "<i4"), ("velocity", "<f4"), ("effort", "<f4"),
     ("stiffness", "<f4"), ("damping", "<f4"), ("friction", "<f4"), ("armature", "<f4")]
)  # fmt: skip


class Tensor:
    """A description of memory: it keeps nothing alive. `owner` is the gym's own buffer, `freed` says whether a user's is gone."""

    def __init__(
        self, address: int, dtype: str, shape: tuple, device: int, owner: Any = None, freed: Any = None
    ):
        self.data_address, self.dtype, self.shape, self.device = address, dtype, tuple(shape), device
        self.own_data, self._owner, self._freed = owner is not None, owner, freed or (lambda: False)

    @property
    def ndim(self) -> int:
        return len(self.shape)
