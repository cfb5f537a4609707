"""A robot in N environments of one Isaac Gym simulation, set up by name and checked against what was asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, List, NamedTuple, Tuple

import numpy as np

from rewardlang.sim import isaacgym_audit as audit
from rewardlang.sim.isaacgym_import import gymapi
from rewardlang.sim.mujoco_asset import Asset

# Metres between environments: groups keep them apart, but robots in one place would slow the broad phase.
SPACING = 4.0
# A bit that shapes share which don't collide. MuJoCo's excluded pairs can't be said here.
NO_SELF_COLLISION = 1
PHYSX = {
    "solver_type": 1,  # TGS
    "num_position_iterations": 4,
    "num_velocity_iterations": 1,
    "contact_offset": 0.01,
    "rest_offset": 0.0,
    "bounce_threshold_velocity": 0.5,
    "max_depenetration_velocity": 1.0,
    "max_gpu_contact_pairs": 2**23,
    "default_buffer_size_multiplier": 5.0,
    "num_subscenes": 0,
    "num_threads": 4,
}


class Scene(NamedTuple):
    """A prepared simulation; names run in the gym's order."""

    gym: gymapi.Gym
    sim: gymapi.Sim
    envs: List[gymapi.Env]
    actors: List[int]  # each environment's index among the simulation's actors
    dof_names: Tuple[str, ...]
    body_names: Tuple[str, ...]
    gpu: bool
    rows: List[audit.Row]  # what was compared


def checked(done: Any, call: str) -> Any:
    """What a call of the gym returns, if that is not False or None. It prints why, and nobody else would look."""
    if done is False or done is None:
        raise RuntimeError(f"Isaac Gym refused {call}; what it printed says why")
    return done


def build(task: Any, asset: Asset, num_envs: int, device: str, viewer: bool) -> Scene:
    """The simulation of a task's robot. Raises RuntimeError if the gym refuses a call or makes something else of it."""
    gpu = device.startswith("cuda")
    index = int(device.split(":")[1]) if ":" in device else 0
    gym = gymapi.acquire_gym()
    params = _parameters(task, asset, gpu)
    sim = checked(gym.create_sim(index, index if viewer else -1, gymapi.SIM_PHYSX, params), "create_sim")
    if asset.ground_friction is not None:
        gym.add_ground(sim, _ground(asset.ground_friction))
    robot = _load(gym, sim, asset)
    dof_names = tuple(gym.get_asset_dof_names(robot))
    body_names = tuple(gym.get_asset_rigid_body_names(robot))
    rows = audit.names("joint", asset.dof_names, dof_names)
    rows += audit.names("body", asset.body_names + asset.links, body_names)
    audit.require(rows)
    _set_friction(gym, robot, asset, body_names)

    start = start_pose(task, asset)
    pose = gymapi.Transform(gymapi.Vec3(*start[:3]), gymapi.Quat(*start[3:7]))
    half, per_row = SPACING / 2, max(1, round(num_envs**0.5))
    envs, actors = [], []
    first: Any = None
    for i in range(num_envs):
        env = gym.create_env(sim, gymapi.Vec3(-half, -half, 0.0), gymapi.Vec3(half, half, SPACING), per_row)
        actor = gym.create_actor(env, robot, pose, "robot", i, NO_SELF_COLLISION)
        properties = _properties(asset, dof_names, gym.get_actor_dof_properties(env, actor))
        checked(gym.set_actor_dof_properties(env, actor, properties), "set_actor_dof_properties")
        found = gym.get_actor_dof_properties(env, actor)
        if first is None or not np.array_equal(found, first):
            first, rows = found, rows + audit.dofs(asset, dof_names, found)
        envs.append(env)
        actors.append(gym.get_actor_index(env, actor, gymapi.DOMAIN_SIM))
    rows += audit.bodies(asset, body_names, gym.get_actor_rigid_body_properties(envs[0], 0))
    rows += audit.simulation(params, gym.get_sim_params(sim))
    rows += _layout(gym, envs, dof_names, body_names)
    audit.require(rows)
    checked(gym.prepare_sim(sim), "prepare_sim")
    return Scene(gym, sim, envs, actors, dof_names, body_names, gpu, rows)


def start_pose(task: Any, asset: Asset) -> np.ndarray:
    """Where the root is created: a fixed one where the file has it. [7]."""
    return asset.root_pose if asset.fixed_base else np.array([*task.init_state.pos, *task.init_state.rot])


def _parameters(task: Any, asset: Asset, gpu: bool) -> gymapi.SimParams:
    params = gymapi.SimParams()
    params.dt = task.sim_dt
    params.substeps = 1  # the control step's decimation is ours: nothing hides between results
    params.up_axis, params.gravity = gymapi.UP_AXIS_Z, gymapi.Vec3(*asset.gravity)
    params.use_gpu_pipeline = params.physx.use_gpu = gpu
    for name, value in PHYSX.items():
        setattr(params.physx, name, value)
    params.physx.contact_collection = gymapi.CC_ALL_SUBSTEPS
    return params


def _ground(friction: float) -> gymapi.PlaneParams:
    plane = gymapi.PlaneParams()
    plane.normal, plane.distance = gymapi.Vec3(0.0, 0.0, 1.0), 0.0
    plane.static_friction = plane.dynamic_friction = friction
    plane.restitution = 0.0
    return plane


def _load(gym: gymapi.Gym, sim: gymapi.Sim, asset: Asset) -> gymapi.Asset:
    options = gymapi.AssetOptions()
    options.fix_base_link = asset.fixed_base
    options.default_dof_drive_mode = int(gymapi.DOF_MODE_POS)
    options.collapse_fixed_joints = options.disable_gravity = options.flip_visual_attachments = False
    options.override_com = options.override_inertia = False
    options.linear_damping = options.angular_damping = options.armature = options.thickness = 0.0
    options.max_angular_velocity = options.max_linear_velocity = 1000.0
    options.use_physx_armature = options.enable_gyroscopic_forces = True
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "robot.xml").write_text(asset.xml, encoding="utf-8")
        return checked(gym.load_asset(sim, folder, "robot.xml", options), "load_asset")


def _set_friction(gym: gymapi.Gym, robot: gymapi.Asset, asset: Asset, order: Tuple[str, ...]) -> None:
    """PhysX takes the mean of two shapes' friction: for one with the ground, so that the mean is what MuJoCo takes."""
    shapes = gym.get_asset_rigid_shape_properties(robot)
    for name, where in zip(order, gym.get_asset_rigid_body_shape_indices(robot)):
        friction = np.nan if name in asset.links else asset.body_friction[asset.body_names.index(name)]
        if np.isfinite(friction) != (where.count > 0):
            wanted = (
                "some to touch the ground with" if np.isfinite(friction) else "none that touches anything"
            )
            raise RuntimeError(f"Isaac Gym made {where.count} shapes for body {name}, which has {wanted}")
        for shape in shapes[where.start : where.start + where.count]:
            shape.friction = max(0.0, 2 * float(friction) - (asset.ground_friction or 0.0))
            shape.restitution = shape.rolling_friction = shape.torsion_friction = 0.0
    checked(gym.set_asset_rigid_shape_properties(robot, shapes), "set_asset_rigid_shape_properties")


def _properties(asset: Asset, order: Tuple[str, ...], start: np.ndarray) -> np.ndarray:
    """DOF properties in the gym's order. PhysX has no damping but the drive's: a joint's own is in it."""
    properties = start.copy()
    ours = [asset.dof_names.index(name) for name in order]
    finite = lambda array: np.clip(array[ours], -audit.LARGEST, audit.LARGEST)
    limited = properties["hasLimits"] = np.isfinite(asset.dof_lower[ours])
    properties["lower"][limited] = asset.dof_lower[ours][limited]
    properties["upper"][limited] = asset.dof_upper[ours][limited]
    properties["driveMode"] = int(gymapi.DOF_MODE_POS)
    properties["stiffness"] = asset.dof_stiffness[ours]
    properties["damping"] = asset.dof_damping[ours] + asset.dof_own_damping[ours]
    properties["effort"], properties["velocity"] = finite(asset.dof_effort), 1e4
    properties["friction"] = 0.0  # a coefficient of another law than MuJoCo's dry friction
    properties["armature"] = asset.dof_armature[ours]
    return properties


def _layout(
    gym: gymapi.Gym, envs: List[gymapi.Env], dof_names: Tuple[str, ...], body_names: Tuple[str, ...]
) -> List[audit.Row]:
    """Rows of the tensors: environment after environment, each in the order of the asset's names."""
    rows = []
    for k in {0, len(envs) - 1}:
        joint = gym.get_actor_dof_index(envs[k], 0, 0, gymapi.DOMAIN_SIM)
        body = gym.find_actor_rigid_body_index(envs[k], 0, body_names[0], gymapi.DOMAIN_SIM)
        for kind, found, asked in (("joint", joint, k * len(dof_names)), ("body", body, k * len(body_names))):
            rows.append(
                audit.Row(f"row of the first {kind}", f"environment {k}", asked, found, found == asked)
            )
    return rows


_claimed: List[bool] = []  # Isaac Gym holds one simulation a process


def claim() -> None:
    """Raises RuntimeError if this process has had a simulation: PhysX can't be made twice."""
    if _claimed:
        raise RuntimeError(
            "Isaac Gym makes one simulation a process, and this process has had one: start another"
        )
    _claimed.append(True)
