"""Parts of the Isaac Gym double that no simulator of ours needs: what unmodified projects import beside the gym."""

from __future__ import annotations

import sys

import gym_double
import mujoco
import numpy as np
import pytest
import torch


@pytest.fixture
def parts(monkeypatch):
    """isaacgym, its parts imported."""
    gym_double.use(monkeypatch)
    import isaacgym
    from isaacgym import gymapi, gymtorch, gymutil, terrain, terrain_utils, torch_utils  # noqa: F401

    gymapi.forget()
    return isaacgym


def test_quaternions_are_mujocos(parts):
    utils = parts.torch_utils
    a, b = utils.quat_unit(torch.randn(2, 9, 4, dtype=torch.float64))
    v = torch.randn(9, 3, dtype=torch.float64)
    both, turned = np.zeros(4), np.zeros(3)
    product, rotated = utils.quat_mul(a, b)[:, [3, 0, 1, 2]], utils.quat_rotate(a, v)
    for i in range(9):
        first, second = a[i, [3, 0, 1, 2]].numpy(), b[i, [3, 0, 1, 2]].numpy()
        mujoco.mju_mulQuat(both, first, second)
        np.testing.assert_allclose(product[i], both, atol=1e-12)
        mujoco.mju_rotVecQuat(turned, v[i].numpy(), first)
        np.testing.assert_allclose(rotated[i], turned, atol=1e-12)
    torch.testing.assert_close(utils.quat_rotate_inverse(a, utils.quat_apply(a, v)), v)
    q, t = utils.tf_combine(a, v, *utils.tf_inverse(a, v))
    torch.testing.assert_close(t, torch.zeros_like(v), atol=1e-12, rtol=0)
    torch.testing.assert_close(q[:, :3], torch.zeros_like(v), atol=1e-12, rtol=0)
    again = utils.quat_from_euler_xyz(*utils.get_euler_xyz(a))
    torch.testing.assert_close(again * (again * a).sum(-1, keepdim=True).sign(), a)
    turn = utils.quat_from_angle_axis(torch.tensor([np.pi / 2]), torch.tensor([[0.0, 0.0, 2.0]]))
    torch.testing.assert_close(
        utils.quat_apply(turn, torch.tensor([[1.0, 0, 0]])), torch.tensor([[0.0, 1, 0]])
    )


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:DeprecationWarning")
def test_scripts_may_call_the_tensor_functions(parts):
    utils = parts.torch_utils
    for name in ("quat_mul", "quat_rotate_inverse", "get_euler_xyz", "quat_from_angle_axis", "tf_combine", "torch_rand_float", "unscale"):  # fmt: skip
        torch.jit.script(getattr(utils, name))
    drawn = utils.torch_rand_float(-3.0, -1.0, (200, 2), device="cpu")
    assert -3 <= drawn.min() < -2.9 and -1.1 < drawn.max() < -1
    assert utils.get_axis_params(-1.0, 2) == [0.0, 0.0, -1.0]
    assert utils.to_torch([1, 2], device="cpu").dtype == torch.float32


def test_arguments_and_parameters(parts, monkeypatch):
    util, api = parts.gymutil, parts.gymapi
    assert util.parse_device_str("cuda:1") == ("cuda", 1) and util.parse_device_str("cpu") == ("cpu", 0)
    with pytest.raises(ValueError, match="tpu"):
        util.parse_device_str("tpu")
    monkeypatch.setattr(sys, "argv", ["train.py", "--sim_device", "cpu", "--task", "a1"])
    args = util.parse_arguments(custom_parameters=[{"name": "--task", "type": str}])
    assert (args.task, args.sim_device_type, args.use_gpu, args.use_gpu_pipeline) == (
        "a1",
        "cpu",
        False,
        False,
    )
    assert args.physics_engine == api.SIM_PHYSX
    params = api.SimParams()
    util.parse_sim_config({"dt": 0.005, "up_axis": 1, "gravity": [0, 0, -9.81], "physx": {"contact_collection": 1, "rest_offset": 0}}, params)  # fmt: skip
    assert params.up_axis == api.UP_AXIS_Z and params.gravity.z == pytest.approx(-9.81)
    assert params.physx.contact_collection is api.CC_LAST_SUBSTEP and params.dt == pytest.approx(0.005)
    with pytest.raises(AttributeError, match="substep'"):
        util.parse_sim_config({"substep": 1}, params)


# URDF

# of inertias, which the oracle reads wrongly in MuJoCo 3.2.3
TURN = "0 0 0" if mujoco.__version__.startswith("3.2") else "0.3 -0.2 0.1"


def link(name, mass=1.0, shape='<sphere radius="0.05"/>', xyz="0.01 0.02 -0.03", rpy=TURN):
    return (
        f'<link name="{name}"><inertial><origin xyz="{xyz}" rpy="{rpy}"/><mass value="{mass}"/>'
        f'<inertia ixx="0.02" ixy="0.001" ixz="0.002" iyy="0.03" iyz="-0.001" izz="0.04"/></inertial>'
        f'<collision><origin xyz="0 0 0.1" rpy="0 1.5 0.2"/><geometry>{shape}</geometry></collision></link>'
    )


def joint(
    parent, child, kind="revolute", more='<limit lower="-1" upper="2" effort="30" velocity="7"/>', keep=""
):
    return (
        f'<joint name="to_{child}" type="{kind}"{keep}><origin xyz="0.1 -0.2 0.05" rpy="0.4 0.2 -0.6"/><axis xyz="0 1 0"/>'
        f'<parent link="{parent}"/><child link="{child}"/>{more}</joint>'
    )


URDF = f"""<robot name="r">{link("leg_b", 0.7)}{link("base", 3.0, '<box size="0.4 0.2 0.1"/>')}{link("leg_a", 0.8)}
{link("lid", 0.5)}{link("handle", 0.2)}{link("foot", 0.3, '<cylinder radius="0.03" length="0.2"/>')}{link("rail", 0.4)}
{joint("base", "leg_b")}{joint("base", "lid", "fixed")}{joint("lid", "handle", "fixed")}{joint("handle", "leg_a", "continuous", "")}
{joint("leg_a", "foot", "fixed", keep=' dont_collapse="true"')}{joint("leg_b", "rail", "prismatic")}</robot>"""


def load(parts, tmp_path, text=URDF, **options):
    api = parts.gymapi
    gym, given, params = api.acquire_gym(), api.AssetOptions(), api.SimParams()
    params.gravity, params.up_axis, params.substeps = api.Vec3(0, 0, -10), api.UP_AXIS_Z, 1
    for name, value in options.items():
        setattr(given, name, value)
    sim = gym.create_sim(0, -1, api.SIM_PHYSX, params)
    (tmp_path / "robot.urdf").write_text(text)
    return gym, sim, gym.load_asset(sim, str(tmp_path), "robot.urdf", given)


def test_a_urdf_is_what_mujoco_makes_of_it(parts, tmp_path):
    """Names and limits as the file has them; masses and turns as MuJoCo's own importer reads them, with fixed links merged."""
    options = {"collapse_fixed_joints": True, "fix_base_link": True, "replace_cylinder_with_capsule": True}
    gym, _, asset = load(parts, tmp_path, **options)
    assert gym.get_asset_rigid_body_names(asset) == ["base", "leg_a", "foot", "leg_b", "rail"]
    assert gym.get_asset_dof_names(asset) == ["to_leg_a", "to_leg_b", "to_rail"]
    limits = gym.get_asset_dof_properties(asset)
    assert limits["hasLimits"].tolist() == [False, True, True]
    assert limits["effort"][1:].tolist() == [30, 30] and limits["velocity"][1:].tolist() == [7, 7]
    assert limits["lower"][1:].tolist() == [-1, -1] and limits["upper"][1:].tolist() == [2, 2]
    apart = URDF.replace('"r">', '"r"><mujoco><compiler fusestatic="false"/></mujoco>')
    mine, theirs = (mujoco.MjModel.from_xml_string(text) for text in (asset.text, apart))
    assert mujoco.mjtGeom.mjGEOM_CAPSULE in mine.geom_type and mine.ngeom == 7
    found = []
    for model in (mine, theirs):
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
        data = mujoco.MjData(model)
        for name, angle, speed in (("to_leg_a", 0.7, 2.0), ("to_leg_b", -0.4, -1.0), ("to_rail", 0.3, 0.5)):
            data.joint(name).qpos, data.joint(name).qvel = angle, speed
        mujoco.mj_forward(model, data)
        found.append([data.joint(name).qacc[0] for name in gym.get_asset_dof_names(asset)])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    whole = mujoco.MjModel.from_xml_string(load_again(parts, tmp_path, fix_base_link=True).text)
    assert whole.nbody == 8 and whole.body_mass.sum() == pytest.approx(mine.body_mass.sum())


def load_again(parts, tmp_path, **options):
    parts.gymapi.forget()
    return load(parts, tmp_path, **options)[2]


@pytest.mark.parametrize("old, new, says", [
    ('type="prismatic"', 'type="planar"', "a planar joint"),
    ('<box size="0.4 0.2 0.1"/>', '<mesh filename="x.dae"/>', "a mesh that collides"),
    (joint("base", "leg_b"), "", "2 links have no parent"),
])  # fmt: skip
def test_a_urdf_that_is_refused(old, new, says, parts, tmp_path):
    assert old in URDF
    with pytest.raises(RuntimeError, match=says):
        load(parts, tmp_path, URDF.replace(old, new))


# ground, and what an actor weighs

BALL = '<robot name="ball"><link name="ball"><inertial><mass value="2"/><inertia ixx=".01" iyy=".01" izz=".01" ixy="0" ixz="0" iyz="0"/>'
BALL += '</inertial><collision><geometry><sphere radius="0.1"/></geometry></collision></link></robot>'


def heights(width=30, length=20):
    """A slope along x, with a step along y."""
    x, y = np.meshgrid(np.arange(width), np.arange(length), indexing="ij")
    return (2 * x + 200 * (y >= 12)).astype(np.int16)


def on_field(parts, gym, sim, raw):
    params = parts.gymapi.HeightFieldParams()
    params.column_scale = params.row_scale = 0.25
    params.vertical_scale, params.nbColumns, params.nbRows = 0.005, *raw.shape
    params.transform.p.x, params.transform.p.y = -2.0, -1.5
    gym.add_heightfield(sim, raw, params)


def on_mesh(parts, gym, sim, raw):
    vertices, triangles = parts.terrain_utils.convert_heightfield_to_trimesh(raw, 0.25, 0.005, 1.5)
    params = parts.gymapi.TriangleMeshParams()
    params.nb_vertices, params.nb_triangles = len(vertices), len(triangles)
    params.transform.p.x, params.transform.p.y = -2.0, -1.5
    gym.add_triangle_mesh(sim, vertices.flatten(), triangles.flatten(), params)


@pytest.mark.parametrize("ground", [on_field, on_mesh])
def test_balls_lie_on_uneven_ground(ground, parts, tmp_path):
    """At the height of the place where they were dropped, of which the force of the contact tells the slope; in the second environment with
    another mass and origin."""
    api = parts.gymapi
    gym, sim, asset = load(parts, tmp_path, BALL, angular_damping=0.0)
    raw = heights()
    ground(parts, gym, sim, raw)
    pose, size = api.Transform(), api.Vec3(3, 0, 0)
    places = [(1.1, 0.3), (2.3, 2.2)]
    for i, (x, y) in enumerate(places):
        env = gym.create_env(sim, api.Vec3(), size, 2)
        origin = gym.get_env_origin(env)
        height = (2 * (x + 2) / 0.25 + 200 * (y > 1.4)) * 0.005
        pose.p = api.Vec3(x - origin.x, y, height + 0.1)
        gym.create_actor(env, asset, pose, "ball", i, 1)
        props = gym.get_actor_rigid_body_properties(env, 0)
        props[0].mass += i
        assert gym.set_actor_rigid_body_properties(env, 0, props, recomputeInertia=True)
    gym.prepare_sim(sim)
    root = parts.gymtorch.wrap_tensor(gym.acquire_actor_root_state_tensor(sim))
    contact = parts.gymtorch.wrap_tensor(gym.acquire_net_contact_force_tensor(sim))
    gym.refresh_actor_root_state_tensor(sim)
    start = root.clone()
    for _ in range(12):
        gym.simulate(sim)
        gym.fetch_results(sim, True)
    gym.refresh_actor_root_state_tensor(sim)
    gym.refresh_net_contact_force_tensor(sim)
    assert (root[:, :3] - start[:, :3]).norm(dim=1).max() < 0.05
    steep = 0.01 / 0.25  # of the slope
    torch.testing.assert_close(contact.norm(dim=1), torch.tensor([20.0, 30.0]), rtol=0.1, atol=0)
    torch.testing.assert_close(-contact[:, 0] / contact[:, 2], torch.full((2,), steep), rtol=0.05, atol=0)


def test_a_mesh_has_walls(parts):
    """Where it is steeper than the threshold; and a mesh is as high over each point as its samples are."""
    raw = heights()
    steep, plain = (
        parts.terrain_utils.convert_heightfield_to_trimesh(raw, 0.25, 0.005, limit)[0]
        for limit in (1.5, None)
    )
    moved = np.abs(steep - plain).reshape(30, 20, 3)
    assert np.allclose(moved[:, 11], [0, 0.25, 0]) and not np.delete(moved, 11, axis=1).any()
    params = parts.gymapi.TriangleMeshParams()
    vertices, triangles = parts.terrain_utils.convert_heightfield_to_trimesh(raw, 0.25, 0.005)
    params.nb_vertices, params.nb_triangles = len(vertices), len(triangles)
    ground = parts.terrain.from_mesh(vertices.flatten(), triangles.flatten(), params)
    np.testing.assert_allclose(ground.shares * ground.height + ground.low, raw * 0.005, atol=1e-6)


def test_terrains(parts):
    utils = parts.terrain_utils

    def made(function, *args, size=(60, 40), **options):
        np.random.seed(0)
        terrain = utils.SubTerrain("t", *size, vertical_scale=0.005, horizontal_scale=0.1)
        return function(terrain, *args, **options).height_field_raw

    slope = made(utils.sloped_terrain, 0.5)
    assert (np.diff(slope, axis=0) == 10).all() and not np.diff(slope, axis=1).any()
    pyramid = made(utils.pyramid_sloped_terrain, -0.5, platform_size=1.0)
    assert pyramid.min() == pyramid[30, 20] == pyramid[26, 16] < pyramid[15, 20] < 0 and not pyramid[0].any()
    stairs = made(utils.pyramid_stairs_terrain, 0.31, 0.1, platform_size=1.0)
    assert (
        set(np.diff(stairs[:30, 20])) == {0, 20} and stairs.max() == stairs[30, 20] and not stairs[:3].any()
    )
    assert set(np.diff(made(utils.stairs_terrain, 0.5, 0.05)[:, 0])) == {0, 10}
    rough = made(utils.random_uniform_terrain, -0.05, 0.05, 0.005, downsampled_scale=0.2)
    assert rough.min() >= -10 and rough.max() <= 10 and rough.std() > 2
    boxes = made(utils.discrete_obstacles_terrain, 0.2, 0.5, 1.0, 20, platform_size=1.0)
    assert set(np.unique(boxes)) <= {-40, -20, 0, 20, 40} and not boxes[26:34, 16:24].any() and boxes.any()
    stones = made(utils.stepping_stones_terrain, 0.5, 0.1, 0.0, platform_size=1.0)
    assert set(np.unique(stones)) == {-2000, 0} and not stones[26:34, 16:24].any()
    wave = made(utils.wave_terrain, 2, 0.5)
    assert wave.max() == pytest.approx(100, abs=2) and wave.min() == pytest.approx(-100, abs=2)


def test_lines(parts):
    gym, api = parts.gymapi.acquire_gym(), parts.gymapi
    params = api.SimParams()
    viewer = gym.create_viewer(gym.create_sim(0, 0, api.SIM_PHYSX, params), api.CameraProperties())
    sphere = parts.gymutil.WireframeSphereGeometry(0.5, 4, 6, None, color=(1, 1, 0))
    assert np.allclose(np.linalg.norm(sphere.lines, axis=-1), 0.5)
    parts.gymutil.draw_lines(sphere, gym, viewer, None, api.Transform(api.Vec3(1, 2, 3), r=None))
    assert viewer.lines == len(sphere.lines) > 40
    gym.clear_lines(viewer)
    assert viewer.lines == 0
