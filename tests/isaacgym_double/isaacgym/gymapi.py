"""The calls of the gym, and the rules of when and with what they may be made."""

from __future__ import annotations

import copy
import ctypes
import math
import sys
from typing import Any, Dict, List, Optional, Union

import mujoco
import numpy as np

from . import KNOBS, importer, terrain
from .asset_calls import AssetCalls
from .importer import Asset
from .structs import *  # noqa: F403
from .structs import (
    ENUMS,
    AssetOptions,
    GymError,
    HeightFieldParams,
    IndexDomain,
    MeshType,
    PlaneParams,
    RigidBodyProperties,
    SimParams,
    SimType,
    Tensor,
    Transform,
    TriangleMeshParams,
    Vec3,
)
from .viewer_calls import Viewer, ViewerCalls  # noqa: F401
from .world import Actor, World

for _enum in ENUMS:
    globals().update(_enum.__members__)

INVALID_HANDLE = -1
ITEMS = {"float32": (4, ctypes.c_float, np.float32), "int32": (4, ctypes.c_int32, np.int32)}


class Env:
    def __init__(self, origin: np.ndarray):
        self.origin = origin
        self.actor: Optional[Actor] = None
        self.world: Optional[World] = None


class Sim:
    def __init__(self, params: SimParams, graphics: int):
        self.params, self.graphics = params, graphics
        self.gpu = params.use_gpu_pipeline or KNOBS.gpu_rules
        self.ground: Union[PlaneParams, terrain.Terrain, None] = None
        self.envs: List[Env] = []
        self.prepared = self.destroyed = False
        self.unfetched = False  # a CPU pipeline's results
        self.simulated = False
        self.staged: Dict[str, Any] = {}  # setters of the GPU pipeline since the last simulate
        self.buffers: Dict[str, np.ndarray] = {}

    def worlds(self) -> List[World]:
        return [env.world for env in self.envs]


class Gym(AssetCalls, ViewerCalls):
    """The singleton that `acquire_gym` gives."""

    alive: Optional[Sim] = None  # one a process

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the test double does not model Gym.{name}")

    # the simulation

    def create_sim(self, compute_device: int = 0, graphics_device: int = 0, type: SimType = SimType.SIM_FLEX,
                   params: Optional[SimParams] = None) -> Sim:  # fmt: skip
        if Gym.alive is not None:
            raise GymError("Foundation object exists already. Only one instance per process can be created.")
        if type != SimType.SIM_PHYSX:
            raise GymError("not modelled: SIM_FLEX")
        Gym.alive = Sim(params or SimParams(), graphics_device)
        sys.stdout.flush()
        print("+++ Using GPU PhysX" if Gym.alive.gpu else "+++ Using CPU PhysX")
        return Gym.alive

    def destroy_sim(self, arg0: Sim) -> None:
        self._living(arg0).destroyed = True

    def get_sim_params(self, arg0: Sim) -> SimParams:
        return self._living(arg0).params

    def add_ground(self, sim: Sim, params: PlaneParams) -> None:
        self._before(sim, "add_ground")
        sim.ground = params

    def add_heightfield(self, arg0: Sim, arg1: np.ndarray, arg2: HeightFieldParams) -> None:
        self._before(arg0, "add_heightfield")
        arg0.ground = terrain.from_samples(arg1, arg2)

    def add_triangle_mesh(
        self, arg0: Sim, arg1: np.ndarray, arg2: np.ndarray, arg3: TriangleMeshParams
    ) -> None:
        self._before(arg0, "add_triangle_mesh")
        arg0.ground = terrain.from_mesh(arg1, arg2, arg3)

    def load_asset(self, sim: Sim, rootpath: str, filename: str, options: Optional[AssetOptions] = None):
        self._living(sim)
        return importer.load(rootpath, filename, options or AssetOptions())

    def create_env(self, arg0: Sim, arg1: Vec3, arg2: Vec3, arg3: int) -> Env:
        self._before(arg0, "create_env")
        if arg0.envs and arg0.envs[-1].actor is None:
            raise GymError("create_env: the environment before has no actor yet")
        row, column = divmod(len(arg0.envs), arg3)
        size = np.array([arg2.x - arg1.x, arg2.y - arg1.y])
        arg0.envs.append(Env(np.array([column * size[0], row * size[1], 0.0])))
        return arg0.envs[-1]

    def get_env_origin(self, arg0: Env) -> Vec3:
        return Vec3(*arg0.origin)

    def create_actor(self, env: Env, asset: Asset, pose: Transform, name: Optional[str] = None, group: int = -1,
                     filter: int = -1, segmentationId: int = 0) -> int:  # fmt: skip
        sim = Gym.alive
        self._before(sim, "create_actor")
        if env is not sim.envs[-1]:
            raise GymError(
                "create_actor: an environment must be filled before the next one is made: later fails"
            )
        if env.actor is not None:
            raise GymError("not modelled: several actors in an environment")
        if any(other.actor.group in (group, -1) or group == -1 for other in sim.envs[:-1]):
            raise GymError("not modelled: environments that collide (a group for each, please)")
        env.actor = Actor(asset, copy.deepcopy(pose), group, filter)  # users go on with their pose
        return 0

    def prepare_sim(self, arg0: Sim) -> bool:
        self._before(arg0, "prepare_sim")
        arg0.prepared = True
        for env in arg0.envs:
            env.world = World(arg0.params, arg0.ground, env.actor, env.origin)
            if KNOBS.prepare_moves:
                env.world.step()
        return True

    def simulate(self, arg0: Sim) -> None:
        sim = self._after(arg0, "simulate")
        if sim.unfetched:
            raise GymError("simulate: fetch_results of the last simulate was not called")
        for kind, (ids, values, alive) in sim.staged.items():
            if KNOBS.held_until == "simulate" and any(tensor._freed() for tensor in alive):
                raise GymError(f"{kind}: its tensors were freed before simulate")
            self._apply(sim, kind, ids, values)
        sim.staged.clear()
        for world in sim.worlds():
            world.step()
        sim.unfetched, sim.simulated = not sim.gpu, True

    def fetch_results(self, arg0: Sim, arg1: bool) -> None:
        self._after(arg0, "fetch_results").unfetched = False

    # actors

    def get_actor_dof_names(self, arg0: Env, arg1: int) -> List[str]:
        return list(arg0.actor.asset.dofs)

    def get_actor_rigid_body_names(self, arg0: Env, arg1: int) -> List[str]:
        return list(arg0.actor.asset.bodies)

    def get_actor_index(self, arg0: Env, arg1: int, arg2: IndexDomain) -> int:
        return Gym.alive.envs.index(arg0) if arg2 == IndexDomain.DOMAIN_SIM else 0

    def find_actor_rigid_body_handle(self, arg0: Env, arg1: int, arg2: str) -> int:
        return self.find_actor_rigid_body_index(arg0, arg1, arg2, IndexDomain.DOMAIN_ENV)

    def set_rigid_body_color(self, arg0: Env, arg1: int, arg2: int, arg3: MeshType, arg4: Vec3) -> None:
        if not 0 <= arg2 < len(arg0.actor.asset.bodies):
            raise GymError(f"set_rigid_body_color: there is no body {arg2}")

    def find_actor_rigid_body_index(self, arg0: Env, arg1: int, arg2: str, arg3: IndexDomain) -> int:
        bodies = arg0.actor.asset.bodies
        if arg2 not in bodies:
            return INVALID_HANDLE
        first = Gym.alive.envs.index(arg0) * len(bodies) if arg3 == IndexDomain.DOMAIN_SIM else 0
        return first + bodies.index(arg2)

    def get_actor_dof_index(self, arg0: Env, arg1: int, arg2: int, arg3: IndexDomain) -> int:
        count = len(arg0.actor.asset.dofs)
        return arg2 + (Gym.alive.envs.index(arg0) * count if arg3 == IndexDomain.DOMAIN_SIM else 0)

    def get_actor_dof_properties(self, arg0: Env, arg1: int) -> np.ndarray:
        return arg0.actor.properties.copy()

    def set_actor_dof_properties(self, arg0: Env, arg1: int, arg2: np.ndarray) -> bool:
        actor = arg0.actor
        if Gym.alive.gpu and Gym.alive.simulated:
            return self._refuse("set_actor_dof_properties", "not while the GPU pipeline simulates")
        if arg2.dtype != actor.properties.dtype or arg2.shape != actor.properties.shape:
            return self._refuse("set_actor_dof_properties", "a row of DOF properties for each DOF is due")
        limited = actor.properties["hasLimits"].copy()
        actor.properties[:] = arg2
        actor.properties["hasLimits"] = limited  # the file says it
        if arg0.world is not None:
            arg0.world.apply_properties()
        return True

    def get_actor_rigid_body_properties(self, arg0: Env, arg1: int) -> List[RigidBodyProperties]:
        model, found = arg0.actor.plain, []
        for name in arg0.actor.asset.bodies:
            body, given = model.body(name), RigidBodyProperties()
            given.mass, given.com = body.mass[0], Vec3(*body.ipos)
            given.invMass = 1 / given.mass
            turn = np.zeros(9)
            mujoco.mju_quat2Mat(turn, body.iquat)
            turn = turn.reshape(3, 3)
            inertia = turn @ np.diag(body.inertia) @ turn.T
            for axis, row in zip("xyz", inertia):
                setattr(given.inertia, axis, Vec3(*row))
            found.append(given)
        return found

    def set_actor_rigid_body_properties(self, env: Env, actorHandle: int, props: List[RigidBodyProperties],
                                        recomputeInertia: bool = False) -> bool:  # fmt: skip
        """Masses, before prepare_sim. [?] An inertia that is recomputed grows with its mass."""
        self._before(Gym.alive, "set_actor_rigid_body_properties")
        now = self.get_actor_rigid_body_properties(env, actorHandle)
        if len(props) != len(now):
            return self._refuse("set_actor_rigid_body_properties", "one a body is due")
        for name, old, new in zip(env.actor.asset.bodies, now, props):
            if any(getattr(old.com, axis) != getattr(new.com, axis) for axis in "xyz"):
                raise GymError("not modelled: another centre of mass")
            body = env.actor.plain.body(name)
            body.inertia *= new.mass / old.mass if recomputeInertia else 1
            body.mass = new.mass
        return True

    def enable_actor_dof_force_sensors(self, arg0: Env, arg1: int) -> bool:
        arg0.actor.force_sensors = True
        return True

    # tensors

    def acquire_actor_root_state_tensor(self, arg0: Sim) -> Tensor:
        return self._acquire(arg0, "root", (len(arg0.envs), 13))

    def acquire_dof_state_tensor(self, arg0: Sim) -> Tensor:
        return self._acquire(arg0, "dof", (sum(len(env.actor.asset.dofs) for env in arg0.envs), 2))

    def acquire_rigid_body_state_tensor(self, arg0: Sim) -> Tensor:
        return self._acquire(arg0, "body", (sum(len(env.actor.asset.bodies) for env in arg0.envs), 13))

    def acquire_net_contact_force_tensor(self, arg0: Sim) -> Tensor:
        return self._acquire(arg0, "contact", (sum(len(env.actor.asset.bodies) for env in arg0.envs), 3))

    def acquire_dof_force_tensor(self, arg0: Sim) -> Tensor:
        return self._acquire(arg0, "force", (sum(len(env.actor.asset.dofs) for env in arg0.envs),))

    def acquire_force_sensor_tensor(self, arg0: Sim) -> Tensor:
        return self._acquire(arg0, "sensor", (sum(len(env.actor.asset.sensors) for env in arg0.envs), 6))

    def refresh_actor_root_state_tensor(self, arg0: Sim) -> bool:
        return self._refresh(arg0, "root", lambda world: world.root())

    def refresh_dof_state_tensor(self, arg0: Sim) -> bool:
        return self._refresh(arg0, "dof", lambda world: world.dofs())

    def refresh_rigid_body_state_tensor(self, arg0: Sim) -> bool:
        return self._refresh(arg0, "body", lambda world: world.states())

    def refresh_net_contact_force_tensor(self, arg0: Sim) -> bool:
        return self._refresh(arg0, "contact", lambda world: world.contacts)

    def refresh_dof_force_tensor(self, arg0: Sim) -> bool:
        return self._refresh(arg0, "force", lambda world: world.drive_forces())

    def refresh_force_sensor_tensor(self, arg0: Sim) -> bool:
        return self._refresh(arg0, "sensor", lambda world: world.sensed)

    def set_actor_root_state_tensor(self, arg0: Sim, arg1: Tensor) -> bool:
        return self._set(arg0, "root", arg1, None, 0)

    def set_actor_root_state_tensor_indexed(self, arg0: Sim, arg1: Tensor, arg2: Tensor, arg3: int) -> bool:
        return self._set(arg0, "root", arg1, arg2, arg3)

    def set_dof_state_tensor(self, arg0: Sim, arg1: Tensor) -> bool:
        return self._set(arg0, "dof", arg1, None, 0)

    def set_dof_state_tensor_indexed(self, arg0: Sim, arg1: Tensor, arg2: Tensor, arg3: int) -> bool:
        return self._set(arg0, "dof", arg1, arg2, arg3)

    def set_dof_position_target_tensor(self, arg0: Sim, arg1: Tensor) -> bool:
        return self._set(arg0, "target", arg1, None, 0)

    def set_dof_position_target_tensor_indexed(
        self, arg0: Sim, arg1: Tensor, arg2: Tensor, arg3: int
    ) -> bool:
        return self._set(arg0, "target", arg1, arg2, arg3)

    def set_dof_actuation_force_tensor(self, arg0: Sim, arg1: Tensor) -> bool:
        return self._set(arg0, "effort", arg1, None, 0)

    def set_dof_actuation_force_tensor_indexed(
        self, arg0: Sim, arg1: Tensor, arg2: Tensor, arg3: int
    ) -> bool:
        return self._set(arg0, "effort", arg1, arg2, arg3)

    # the rules

    def _living(self, sim: Sim) -> Sim:
        if not isinstance(sim, Sim):
            raise TypeError(f"incompatible function arguments: a Sim is due, not {type(sim).__name__}")
        if sim.destroyed:
            raise GymError("the simulation was destroyed")
        return sim

    def _before(self, sim: Sim, call: str) -> None:
        if self._living(sim).prepared:
            raise GymError(f"{call} after prepare_sim")

    def _after(self, sim: Sim, call: str) -> Sim:
        if not self._living(sim).prepared:
            raise GymError(f"{call} before prepare_sim")
        return sim

    def _refuse(self, call: str, problem: str) -> bool:
        """What a wrong argument does: the binary prints and returns False."""
        if KNOBS.strict:
            raise GymError(f"{call}: {problem}")
        print(f"[Error] [carb.gym.plugin] {call}: {problem}")
        return False

    def _acquire(self, sim: Sim, kind: str, shape: tuple) -> Tensor:
        self._after(sim, f"acquire {kind} tensor")
        if kind not in sim.buffers:
            sim.buffers[kind] = np.full(shape, np.nan, np.float32)  # nothing yet: refresh fills it
        buffer = sim.buffers[kind]
        return Tensor(buffer.ctypes.data, "float32", shape, 0 if sim.gpu else -1, owner=buffer)

    def _refresh(self, sim: Sim, kind: str, read: Any) -> bool:
        self._after(sim, f"refresh {kind} tensor")
        if sim.unfetched:
            return self._refuse(f"refresh {kind}", "fetch_results was not called: the results are not there")
        if KNOBS.stale == "all" and {"root", "dof"} & set(sim.staged):
            return self._refuse(f"refresh {kind}", "after a setter it may return stale data")
        if kind not in sim.buffers:
            return True  # legal before acquire
        rows = [read(world) for world in sim.worlds()]
        if kind in sim.staged:
            ids, values, _ = sim.staged[kind]
            for i in ids:
                rows[i] = values[i]
        if rows:
            flat = [np.reshape(row, (-1, *sim.buffers[kind].shape[1:])) for row in rows]
            sim.buffers[kind][:] = np.concatenate(flat)
        return True

    def _set(self, sim: Sim, kind: str, tensor: Tensor, index: Optional[Tensor], count: int) -> bool:
        self._after(sim, f"set {kind} tensor")
        call = f"set {kind} tensor"
        sizes = {"root": 13 * len(sim.envs)}
        dofs = sum(len(env.actor.asset.dofs) for env in sim.envs)
        size = sizes.get(kind, dofs * (2 if kind == "dof" else 1))
        for each in (tensor, index) if index is not None else (tensor,):
            if not isinstance(each, Tensor):
                raise TypeError(f"{call}: a gymapi.Tensor is due, not {type(each).__name__}")
            if each._freed():
                raise GymError(f"{call}: the memory of a tensor was freed: reading it would crash")
        if tensor.dtype != "float32":
            return self._refuse(call, f"float32 is due, not {tensor.dtype}")
        if math.prod(tensor.shape) != size:
            return self._refuse(
                call, f"{size} numbers are due, those of the whole buffer; shape {tensor.shape}"
            )
        if index is not None and index.dtype != "int32":
            return self._refuse(call, f"indices must be int32, not {index.dtype}")
        if index is not None and (index.ndim != 1 or not 0 <= count <= index.shape[0]):
            return self._refuse(call, f"{count} indices of {index.shape}")
        ids = list(range(len(sim.envs))) if index is None else _read(index)[:count].tolist()
        if any(not 0 <= i < len(sim.envs) for i in ids) or len(set(ids)) != len(ids):
            return self._refuse(call, f"actor indices {ids} of {len(sim.envs)} actors")
        if kind != "root" and any(not sim.envs[i].actor.asset.dofs for i in ids):
            return self._refuse(call, "an actor without DOFs")
        shape = {"root": (13,), "dof": (-1, 2)}.get(kind, (-1,))
        values = np.array(_read(tensor)).reshape(len(sim.envs), *shape)
        if not sim.gpu:
            self._apply(sim, kind, ids, values)
            return True
        if kind in sim.staged:
            if KNOBS.strict:
                raise GymError(f"{call}: the second call between two simulate drops the rows of the first")
            del sim.staged[kind]
        sim.staged[kind] = (ids, values, [each for each in (tensor, index) if each is not None])
        return True

    def _apply(self, sim: Sim, kind: str, ids: List[int], values: np.ndarray) -> None:
        for i in ids:
            world = sim.envs[i].world
            if kind == "root":
                world.set_root(values[i])
            elif kind == "dof":
                world.set_dofs(values[i])
            elif kind == "target":
                world.targets[:] = values[i]
            else:
                world.efforts[:] = values[i]


def acquire_gym() -> Gym:
    return _GYM


def forget() -> None:
    """Not in the API: as if this were a new process."""
    Gym.alive = None
    Gym.viewers = []


def _read(tensor: Tensor) -> np.ndarray:
    size, kind, dtype = ITEMS[tensor.dtype]
    count = math.prod(tensor.shape)
    if not count:
        return np.zeros(tensor.shape, dtype)
    return np.ctypeslib.as_array((kind * count).from_address(tensor.data_address)).reshape(tensor.shape)


_GYM = Gym()
