"""Probes of the importer, of the structs' defaults, and of a second simulation."""

from __future__ import annotations

from typing import Any

from rewardlang.doctor.probes.scene import gymapi, load, new_sim, refused
from rewardlang.doctor.probes.states import Answers

BODY = '<body name="{0}" pos="0 0 0.2"><inertial pos="0 0 0" mass="1" diaginertia="0.01 0.01 0.01"/><joint name="{0}" type="hinge" axis="0 1 0"/>{1}</body>'
TREE = BODY.format("a", BODY.format("b", BODY.format("c", ""))) + BODY.format("d", BODY.format("e", ""))
ORDERS = {"abcde": "the file's", "adbec": "breadth first"}


def importer(device: str) -> Answers:
    gym, sim = new_sim(device)
    count = [0]

    def actor(inner: str, head: str = "") -> Any:
        """An asset, its environment and actor."""
        xml = f'<mujoco><compiler angle="radian"/>{head}<worldbody><body name="root"><freejoint/>{inner}</body></worldbody></mujoco>'
        asset = load(gym, sim, xml)
        env = gym.create_env(sim, gymapi.Vec3(-1.0, -1.0, 0.0), gymapi.Vec3(1.0, 1.0, 2.0), 8)
        pose = gymapi.Transform(gymapi.Vec3(0.0, 0.0, 1.0), gymapi.Quat(0.0, 0.0, 0.0, 1.0))
        count[0] += 1
        return asset, env, gym.create_actor(env, asset, pose, "robot", count[0], 1)

    inertial = '<inertial pos="0 0 0" mass="1" diaginertia="0.01 0.01 0.01"/>'
    asset, _, _ = actor(inertial + TREE)
    yield "order of joints", ORDERS.get("".join(gym.get_asset_dof_names(asset)), "another")
    _, env, handle = actor('<geom type="box" size="0.1 0.1 0.1" mass="3"/>')
    mass = gym.get_actor_rigid_body_properties(env, handle)[0].mass
    yield (
        "mass of a geom",
        "taken"
        if abs(mass - 3) < 0.01
        else "dropped, for its density"
        if abs(mass - 8) < 0.01
        else f"{mass:g} kg",
    )
    asset, _, _ = actor(inertial + '<geom type="box" size="0.1 0.1 0.1" contype="0" conaffinity="0"/>')
    shapes = gym.get_asset_rigid_body_shape_indices(asset)[0].count
    yield "geoms that collide with nothing", "shapes" if shapes else "no shapes"
    joint = '<body name="limb">{0}<joint name="x" type="hinge" axis="0 1 0" range="-1 1" {1}/></body>'
    _, env, handle = actor(
        inertial + joint.format(inertial, 'damping="0.3" frictionloss="0.2"'),
        '<default><joint armature="0.1"/></default>',
    )
    found = gym.get_actor_dof_properties(env, handle)[0]
    yield "a range without `limited`", "a limit" if found["hasLimits"] else "no limit"
    yield "defaults of a file", "read" if abs(found["armature"] - 0.1) < 1e-6 else "dropped"
    yield "a joint's damping", "read" if abs(found["damping"] - 0.3) < 1e-6 else "dropped"
    yield "a joint's friction", "read" if abs(found["friction"] - 0.2) < 1e-6 else "dropped"


def structs(device: str) -> Answers:
    options, params = gymapi.AssetOptions(), gymapi.SimParams()
    for name in ("angular_damping", "linear_damping", "max_angular_velocity", "thickness"):
        yield f"AssetOptions.{name}", f"{getattr(options, name):g}"
    yield "SimParams.substeps", f"{params.substeps:g}"
    yield "SimParams.gravity", f"{params.gravity.x:g} {params.gravity.y:g} {params.gravity.z:g}"


def second_simulation(device: str) -> Answers:
    gym, sim = new_sim(device)
    gym.destroy_sim(sim)
    yield "a second simulation", "refused" if refused(lambda: new_sim(device)) else "made"


GROUPS = (importer, structs, second_simulation)
