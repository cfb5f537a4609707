"""Mistakes that an Isaac Gym adapter can make, planted in ours one by one: each is found by a law of the contract.

What finds it is said: "seen" by a law that is broken, "told" by a test of what the gym is told, "refused" by the double as the binary would refuse or crash, "audited" when what
the importer made is compared, "checked" by another check of the adapter's own.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import gym_double
import pytest
import test_isaacgym as gym_tests

import rewardlang.sim
from rewardlang.sim.contract import LAWS, Bench

SIM = Path(rewardlang.sim.__file__).parent
# in the order in which they import each other
FILES = ("kinematics", "mujoco_asset", "isaacgym_audit", "isaacgym_scene", "isaacgym")
CPU, GPU, PERMUTED = gym_double.MODES.values()
LENIENT = {"device": "cpu", "strict": False}
FOUND = {  # what it is found by: the kind of error, and what it says
    "seen": ("Broken", None),
    "refused": ("GymError", None),
    "told": ("AssertionError", None),
    "audited": ("MadeOtherwise", "made something else of the robot"),
    "checked": ("RuntimeError", "Isaac Gym (refused|shows)"),
}


OTHERS = {
    "what_the_gym_is_told": gym_tests.test_what_the_gym_is_told,
    "each_process_has_its_own_gpu": lambda device, *rest: gym_tests.test_each_process_has_its_own_gpu("cuda:1", False, (1, -1), *rest),
}  # fmt: skip


class Mistake(NamedTuple):
    """`edits` are (file, what it says, what the mistake says); `finder` is a law of the contract, or one of OTHERS."""

    name: str
    mode: dict
    finder: str
    how: str
    edits: tuple


def m(name, mode, finder, how, *edits):
    return Mistake(
        name, mode, finder, how, tuple(edit if len(edit) == 3 else ("isaacgym", *edit) for edit in edits)
    )


BEGINNING = "forces_of_a_beginning_are_those_of_its_first_physics_step"
SEVERAL = "a_beginning_is_the_first_of_several_physics_steps"
MISTAKES = [
    # the state that is written and read
    m("quaternions wxyz, written and read", CPU, "body_states_at_a_reset_are_those_of_the_next_moment", "seen",
      ("torch.cat((root[:, :7],", "torch.cat((root[:, [0, 1, 2, 6, 3, 4, 5]],"),
      ("states = self._native_body[:, self._body_order]", "states = self._native_body[:, self._body_order][..., [0, 1, 2, 4, 5, 6, 3, *range(7, 13)]]")),
    m("velocity shown in the base's frame", CPU, "velocities_are_those_of_the_body_origin_in_the_world_frame", "seen",
      ("        self.body_states[..., 7:10] -= _arm", "        states[..., 7:10] = self.body_states[..., 7:10] = rotate(states[..., 3:7] * torch.tensor([-1, -1, -1, 1]), states[..., 7:10])\n        self.body_states[..., 7:10] -= _arm")),
    m("spin shown in the base's frame", CPU, "velocities_are_those_of_the_body_origin_in_the_world_frame", "seen",
      ("        self.body_states[..., 7:10] -= _arm(states, self.body_com)", "        self.body_states[..., 7:10] -= _arm(states, self.body_com)\n        self.body_states[..., 10:13] = rotate(states[..., 3:7] * torch.tensor([-1, -1, -1, 1]), states[..., 10:13])")),
    m("spin written in the base's frame", CPU, "reset_velocities_are_in_the_world_frame", "seen",
      ("self._root[actors] = torch", "root[:, 10:13] = rotate(root[:, 3:7] * torch.tensor([-1, -1, -1, 1]), root[:, 10:13])\n            self._root[actors] = torch")),
    m("velocities of centres of mass shown", CPU, "velocities_are_those_of_the_body_origin_in_the_world_frame", "seen",
      ("        self.body_states[..., 7:10] -= _arm(states, self.body_com)\n", "")),
    m("velocity of the origin written", CPU, "body_states_at_a_reset_are_those_of_the_next_moment", "seen",
      ("self._at_com(root)[:, 7:]", "root[:, 7:]")),
    m("the correction with the wrong sign", CPU, "velocities_are_those_of_the_body_origin_in_the_world_frame", "seen",
      ("[..., 7:10] -= _arm", "[..., 7:10] += _arm"), ("[:, 7:10] += _arm", "[:, 7:10] -= _arm")),
    m("the root's centre of mass for every body", CPU, "velocities_are_those_of_the_body_origin_in_the_world_frame", "seen",
      ("_arm(states, self.body_com)", "_arm(states, self.body_com[0])")),
    m("the correction in the body's frame", CPU, "velocities_are_those_of_the_body_origin_in_the_world_frame", "seen",
      ("torch.cross(states[..., 10:13], rotate(states[..., 3:7], com), dim=-1)", "torch.cross(states[..., 10:13], com.expand_as(states[..., 10:13]), dim=-1)")),
    # orders
    m("the DOF order assumed", PERMUTED, "each_joint_moves_its_own_body", "seen",
      ("order(self.dof_names, scene.dof_names)", "order(self.dof_names, self.dof_names)"),
      ("order(task.actuated, scene.dof_names)", "order(task.actuated, self.dof_names)")),
    m("the DOF order inverted", PERMUTED, "each_joint_moves_its_own_body", "seen",
      ("order(self.dof_names, scene.dof_names)", "order(scene.dof_names, self.dof_names)"),
      ("order(task.actuated, scene.dof_names)", "order(scene.dof_names, task.actuated)")),
    m("targets in our order", PERMUTED, "each_joint_moves_its_own_body", "seen",
      ("order(task.actuated, scene.dof_names)", "order(task.actuated, self.dof_names)")),
    m("the order of bodies assumed", PERMUTED, "body_states_at_a_reset_are_those_of_the_next_moment", "seen",
      ("order(self.body_names, scene.body_names)", "order(self.body_names, self.body_names)")),
    m("contact forces in the gym's order", PERMUTED, "contact_force_at_rest_is_the_weight", "seen",
      ("self._native_contact[:, self._body_order]", "self._native_contact[:, : len(self.body_names)]")),
    m("gains in our order", PERMUTED, "each_joint_moves_its_own_body", "audited",
      ("isaacgym_scene", "asset.dof_stiffness[ours]", "asset.dof_stiffness")),
    # refreshing
    m("DOF states not refreshed", CPU, "all_quantities_describe_the_same_instant", "seen",
      ('        checked(gym.refresh_dof_state_tensor(sim), "refresh_dof_state_tensor")\n        checked(gym.refresh_rigid', "        checked(gym.refresh_rigid")),
    m("body states not refreshed", CPU, "free_fall", "seen",
      ('        checked(gym.refresh_rigid_body_state_tensor(sim), "refresh_rigid_body_state_tensor")\n', "")),
    m("contacts not refreshed", CPU, "contact_force_at_rest_is_the_weight", "seen",
      ('        checked(gym.refresh_net_contact_force_tensor(sim), "refresh_net_contact_force_tensor")\n', "")),
    m("root states not refreshed", CPU, "free_fall", "checked",
      ('        checked(self._gym.refresh_actor_root_state_tensor(self._sim), "refresh_actor_root_state_tensor")\n', "")),
    m("refreshed after a reset", GPU, "free_fall", "refused",
      ("        self.contact_forces[rows] = 0\n", "        self.contact_forces[rows] = 0\n        self._apply_resets()\n        self._refresh()\n        self._show()\n")),
    m("refreshed after a reset, where that is allowed", CPU, "yaw_turns_the_body", "seen",
      ("        self.contact_forces[rows] = 0\n", "        self.contact_forces[rows] = 0\n        self._apply_resets()\n        self._refresh()\n        self._show()\n")),
    m("results not fetched", CPU, "free_fall", "refused", ("                gym.fetch_results(sim, True)\n            if left", "                pass\n            if left")),
    # setting
    m("ids of 64 bits", CPU, "free_fall", "refused", ("[self._waiting].to(torch.int32)", "[self._waiting]")),
    m("a tensor that is not contiguous", CPU, "free_fall", "refused",
      ("gymtorch.unwrap_tensor(self._targets)", "gymtorch.unwrap_tensor(self._targets.repeat(2, 1)[::2])")),
    m("ids that are freed before the call", CPU, "free_fall", "refused",
      ("gymtorch.unwrap_tensor(self._ids), len", "gymtorch.unwrap_tensor(self._ids.clone()), len")),
    m("ids that are freed before the step", GPU, "free_fall", "refused",
      ("        ids, count = gymtorch.unwrap_tensor(self._ids), len(self._ids)", "        kept = self._ids.clone()\n        ids, count = gymtorch.unwrap_tensor(kept), len(kept)")),
    m("what setters return ignored", LENIENT, "free_fall", "seen",
      ("[self._waiting].to(torch.int32)", "[self._waiting]"), ("isaacgym_scene", "if done is False or done is None", "if False")),
    m("what setters return looked at", LENIENT, "free_fall", "checked", ("[self._waiting].to(torch.int32)", "[self._waiting]")),
    m("two calls of a setter in a step", GPU, "resets_one_after_the_other", "refused",
      ("        self.contact_forces[rows] = 0\n", "        self.contact_forces[rows] = 0\n        self._apply_resets()\n")),
    m("joint states not reset", CPU, "a_joint_has_its_own_damping_and_armature", "seen",
      ("        checked(gym.set_dof_state_tensor_indexed(sim, dof, ids, count)", "        checked(dof")),
    m("root states not reset", CPU, "free_fall", "seen",
      ("            checked(gym.set_actor_root_state_tensor_indexed(sim, root, ids, count)", "            checked(root")),
    m("joint speeds not reset", CPU, "body_states_at_a_reset_are_those_of_the_next_moment", "seen",
      ("= torch.stack((pos, vel), -1)", "= torch.stack((pos, 0 * vel), -1)")),
    m("every environment reset", CPU, "resets_one_after_the_other", "seen", ("self._actors[self._waiting]", "self._actors")),
    m("resets made again and again", CPU, "resets_one_after_the_other", "seen", ("        self._waiting.zero_()\n", "")),
    m("only the last of two resets made", CPU, "resets_one_after_the_other", "seen",
      ("        self._waiting[rows] = True", "        self._waiting.zero_()\n        self._waiting[rows] = True")),
    m("the first state not written after prepare_sim", CPU, "it_starts_where_the_task_says", "seen",
      ("torch.zeros_like(pose))\n        if viewer", "torch.zeros_like(pose))\n        self._waiting.zero_()\n        if viewer")),
    # what a reset shows
    m("bodies as they were before a reset", CPU, "yaw_turns_the_body", "seen",
      ("self.body_states[rows] = self._kinematics(root, pos, vel)", "self.root_states[rows] = root")),
    m("contacts as they were before a reset", CPU, "reset_is_exact_and_leaves_others_alone", "seen", ("        self.contact_forces[rows] = 0\n", "")),
    m("motor forces as they were before a reset", CPU, "motor_force_is_the_pd_law_within_its_limit", "seen",
      ("        self.dof_forces[rows] = self._motors(pos, pos, vel)\n", "")),
    m("a chain of joints in the wrong order", CPU, "body_states_at_a_reset_are_those_of_the_next_moment", "seen",
      ("kinematics", "for d in self._joints[body]:", "for d in self._joints[body][::-1]:")),
    # motors
    m("drives of efforts", CPU, "pd_step_response", "audited", ("isaacgym_scene", 'properties["driveMode"] = int(gymapi.DOF_MODE_POS)', 'properties["driveMode"] = int(gymapi.DofDriveMode.DOF_MODE_EFFORT)')),
    m("drives of efforts, and taken for right", CPU, "pd_step_response", "seen",
      ("isaacgym_scene", 'properties["driveMode"] = int(gymapi.DOF_MODE_POS)', 'properties["driveMode"] = 3'), ("isaacgym_audit", "int(gymapi.DOF_MODE_POS)", "3")),
    m("a joint's own damping left out", CPU, "a_joint_has_its_own_damping_and_armature", "seen",
      ("isaacgym_scene", " + asset.dof_own_damping[ours]", ""), ("isaacgym_audit", " + asset.dof_own_damping[i]", "")),
    m("a joint's own damping taken for the motor's", CPU, "a_joint_has_its_own_damping_and_armature", "seen",
      ("numbers(asset.dof_damping)", "numbers(asset.dof_damping + asset.dof_own_damping)")),
    m("armature left out", CPU, "a_joint_has_its_own_damping_and_armature", "seen",
      ("isaacgym_scene", "asset.dof_armature[ours]", "0.0"), ("isaacgym_audit", "asset.dof_armature[i]", "0.0")),
    m("effort limits left out", CPU, "motor_force_is_the_pd_law_within_its_limit", "seen",
      ("isaacgym_scene", "finite(asset.dof_effort)", "audit.LARGEST"), ("isaacgym_audit", "min(effort, LARGEST)", "LARGEST")),
    m("effort limits not shown", CPU, "motor_force_is_the_pd_law_within_its_limit", "seen",
      ("force.clamp(-self.torque_limits, self.torque_limits)", "force")),
    m("forces of the state after the step", CPU, "motor_force_is_the_pd_law_within_its_limit", "seen",
      ("            if left == 1:\n                self._ask_motors()\n", ""), ("        self._refresh()\n        self._show()", "        self._refresh()\n        self._ask_motors()\n        self._show()")),
    m("forces of the control step's beginning", CPU, "motor_force_is_that_of_the_last_physics_step", "seen", ("if left == 2:", "if False:")),
    m("contacts of a beginning not asked for", CPU, SEVERAL, "seen", ('        checked(self._gym.refresh_net_contact_force_tensor(self._sim), "refresh_net_contact_force_tensor")\n', "")),
    m("motor forces of a beginning from the state after it", CPU, SEVERAL, "seen",
      ("        self._ask_motors()\n        self._simulate(range(self._decimation, self._decimation - 1, -1))", "        self._simulate(range(self._decimation, self._decimation - 1, -1))\n        self._gym.refresh_dof_state_tensor(self._sim)\n        self._ask_motors()")),
    m("forces of a beginning in all environments", CPU, BEGINNING, "seen", ("torch.where(mask[:, None], self._given, self.dof_forces)", "self._given")),
    m("a beginning done twice", CPU, SEVERAL, "seen", ("self._simulate(range(self._decimation - 1, 0, -1))", "self._simulate(range(self._decimation, 0, -1))")),
    m("one physics step a control step", CPU, "free_fall", "seen", ("range(self._decimation, 0, -1)", "range(1, 0, -1)")),
    # the scene
    m("prepare_sim forgotten", CPU, "free_fall", "refused", ("isaacgym_scene", '    checked(gym.prepare_sim(sim), "prepare_sim")\n', "")),
    m("actors after prepare_sim", CPU, "free_fall", "refused", ("isaacgym_scene", "    envs, actors = [], []\n", "    gym.prepare_sim(sim)\n    envs, actors = [], []\n")),
    m("contacts never collected", CPU, "contact_force_at_rest_is_the_weight", "seen", ("isaacgym_scene", "gymapi.CC_ALL_SUBSTEPS", "gymapi.CC_NEVER")),
    m("FleX", CPU, "free_fall", "refused", ("isaacgym_scene", "gymapi.SIM_PHYSX", "gymapi.SIM_FLEX")),
    m("gravity along y", CPU, "free_fall", "seen", ("isaacgym_scene", ", gymapi.Vec3(*asset.gravity)", ", gymapi.SimParams().gravity")),
    m("the control step for the physics step", CPU, "free_fall", "seen", ("isaacgym_scene", "params.dt = task.sim_dt", "params.dt = task.dt")),
    m("no ground", CPU, "contact_force_at_rest_is_the_weight", "seen", ("isaacgym_scene", "        gym.add_ground(", "        (lambda *_: None)(")),
    m("a wall for a ground", CPU, "contact_force_at_rest_is_the_weight", "seen", ("isaacgym_scene", "plane.normal, plane.distance = gymapi.Vec3(0.0, 0.0, 1.0)", "plane.normal, plane.distance = gymapi.Vec3(0.0, 1.0, 0.0)")),
    m("friction of the gym's own", CPU, "friction_is_that_of_the_model", "seen", ("isaacgym_scene", "    _set_friction(gym, robot, asset, body_names)\n", "")),
    m("a base that floats", CPU, "pendulum_period", "seen", ("isaacgym_scene", "options.fix_base_link = asset.fixed_base", "options.fix_base_link = False")),
    m("damping of the gym's own", CPU, "nothing_slows_a_spin", "seen", ("isaacgym_scene", "options.linear_damping = options.angular_damping =", "options.linear_damping =")),
    m("a robot that collides with itself", CPU, "a_robot_does_not_touch_itself_unless_its_model_does", "seen", ("isaacgym_scene", "NO_SELF_COLLISION = 1", "NO_SELF_COLLISION = 0")),
    m("all environments in one group", CPU, "free_fall", "refused", ("isaacgym_scene", '"robot", i, NO', '"robot", 0, NO')),
    m("fixed links merged", CPU, "free_fall", "refused", ("isaacgym_scene", "options.collapse_fixed_joints = options.disable_gravity =", "options.collapse_fixed_joints = True\n    options.disable_gravity =")),
    m("no gravity for the robot", CPU, "free_fall", "seen", ("isaacgym_scene", "options.collapse_fixed_joints = options.disable_gravity =", "options.disable_gravity = True\n    options.collapse_fixed_joints =")),
    # the asset
    m("ranges without `limited`", CPU, "joint_limits_hold", "audited", ("mujoco_asset", 'limited = bool(np.isfinite(asset.dof_lower[d]))', "limited = False")),
    m("centres of mass in the wrong place", CPU, "free_fall", "audited", ("mujoco_asset", "_add_inertial(node, model.body_ipos[body]", "_add_inertial(node, 0 * model.body_ipos[body]")),
    m("masses left out", CPU, "contact_force_at_rest_is_the_weight", "audited", ("mujoco_asset", "kept * mass, kept", "1.0, kept")),
    m("inertia turned", CPU, "free_fall", "audited", ("mujoco_asset", "model.body_iquat[body], kept", "np.array([1.0, 1, 0, 0]), kept")),
    m("a joint forgotten", CPU, "each_joint_moves_its_own_body", "audited", ("mujoco_asset", "if moved == i]", "if moved == i and d != 3]")),
    m("several joints of a body, which would become one", CPU, "each_joint_moves_its_own_body", "refused",
      ("mujoco_asset", "for d in joints[:-1]:", "for d in ():"), ("mujoco_asset", "for d in joints[-1:]:", "for d in joints:")),
    m("a body's joints the other way round", CPU, "body_states_at_a_reset_are_those_of_the_next_moment", "audited", ("mujoco_asset", "if moved == i]", "if moved == i][::-1]")),
    m("links twice as heavy", CPU, "contact_force_at_rest_is_the_weight", "seen", ("mujoco_asset", "LINK * mass, link_inertia", "0.05 * mass, link_inertia")),
    # found by looking for what the others let pass
    m("a mask the wrong way round", CPU, "reset_is_exact_and_leaves_others_alone", "seen", ("torch.nonzero(mask)", "torch.nonzero(~mask)")),
    m("only the first of a mask reset", CPU, "reset_is_exact_and_leaves_others_alone", "seen", ("torch.nonzero(mask).flatten()", "torch.nonzero(mask).flatten()[:1]")),
    m("one too few told of their reset", CPU, "resets_one_after_the_other", "seen", ("gymtorch.unwrap_tensor(self._ids), len(self._ids)", "gymtorch.unwrap_tensor(self._ids), len(self._ids) - 1")),
    m("an actor's number in its environment", CPU, "resets_one_after_the_other", "refused", ("isaacgym_scene", "gym.get_actor_index(env, actor, gymapi.DOMAIN_SIM)", "gym.get_actor_index(env, actor, gymapi.IndexDomain.DOMAIN_ENV)")),
    m("a fixed base where a reset asks for it", CPU, "a_fixed_base_stays_where_the_file_has_it", "seen", ("            root = self._fixed_root.repeat(len(rows), 1)", "            pass")),
    m("a fixed base turned wxyz", CPU, "a_fixed_base_stays_where_the_file_has_it", "seen", ("isaacgym_scene", "gymapi.Quat(*start[3:7])", "gymapi.Quat(*start[[6, 3, 4, 5]])")),
    m("targets sent once", CPU, "a_new_target_counts", "seen", ('        checked(self._gym.set_dof_position_target_tensor(', '        if not hasattr(self, "_sent"):\n            self._sent = True\n            checked(self._gym.set_dof_position_target_tensor(')),
    m("the first environment's targets for all", CPU, "a_new_target_counts", "seen", ("= targets.detach()", "= targets.detach()[:1]")),
    m("targets that carry gradients", CPU, "it_takes_what_it_is_given_and_no_more", "seen", ("targets.detach()", "targets")),
    m("a reset that carries gradients", CPU, "it_takes_what_it_is_given_and_no_more", "seen", ("dof_pos.detach()[rows]", "dof_pos[rows]")),
    m("a reset that writes into what it is given", CPU, "it_takes_what_it_is_given_and_no_more", "seen", ("root, pos, vel = root_states.detach()[rows]", "root_states.detach()[:, 7:10] = 0\n        root, pos, vel = root_states.detach()[rows]")),
    m("a joint's speed within the gym's own limit", CPU, "nothing_limits_a_speed", "seen", ("isaacgym_scene", "finite(asset.dof_effort), 1e4", 'finite(asset.dof_effort), start["velocity"]')),
    m("a spin within the gym's own limit", CPU, "nothing_limits_a_speed", "seen", ("isaacgym_scene", "options.max_angular_velocity = options", "options")),
    m("contact forces in the body's frame", CPU, "contact_forces_are_in_the_world_frame", "seen",
      ("        self.body_states.copy_(states)\n", "        self.body_states.copy_(states)\n        self.contact_forces.copy_(rotate(states[..., 3:7] * torch.tensor([-1, -1, -1, 1]), self.contact_forces))\n")),
    m("contact forces the wrong way round", CPU, "contact_force_at_rest_is_the_weight", "seen", ("self.contact_forces.copy_(self._native_contact", "self.contact_forces.copy_(-self._native_contact")),
    m("drives set in the first environment only", CPU, "free_fall", "audited", ("isaacgym_scene", '        checked(gym.set_actor_dof_properties(env', '        if not envs:\n            checked(gym.set_actor_dof_properties(env')),
    m("limits of joints in our order", PERMUTED, "each_joint_moves_its_own_body", "audited", ("isaacgym_scene", "asset.dof_upper[ours][limited]", "asset.dof_upper[limited]")),
    m("effort limits in our order", PERMUTED, "each_joint_moves_its_own_body", "audited", ("isaacgym_scene", "np.clip(array[ours]", "np.clip(array")),
    m("PGS for TGS", CPU, "what_the_gym_is_told", "told", ("isaacgym_scene", '"solver_type": 1', '"solver_type": 0')),
    m("PhysX on the CPU below the GPU pipeline", GPU, "what_the_gym_is_told", "told", ("isaacgym_scene", "params.use_gpu_pipeline = params.physx.use_gpu = gpu", "params.use_gpu_pipeline = gpu")),
    m("two substeps", CPU, "what_the_gym_is_told", "told", ("isaacgym_scene", "params.substeps = 1", "params.substeps = 2")),
    m("contacts of the last substep", CPU, "what_the_gym_is_told", "told", ("isaacgym_scene", "gymapi.CC_ALL_SUBSTEPS", "gymapi.ContactCollection.CC_LAST_SUBSTEP")),
    m("a sliding friction of the gym's own", CPU, "what_the_gym_is_told", "told", ("isaacgym_scene", "plane.static_friction = plane.dynamic_friction =", "plane.static_friction =")),
    m("shapes that bounce", CPU, "what_the_gym_is_told", "told", ("isaacgym_scene", "shape.restitution = shape.rolling_friction = shape", "shape.restitution = 1.0\n            shape.rolling_friction = shape")),
    m("thick shapes", CPU, "what_the_gym_is_told", "told", ("isaacgym_scene", "options.armature = options.thickness = 0.0", "options.armature = 0.0")),
    m("the first GPU for all processes", GPU, "each_process_has_its_own_gpu", "told", ("isaacgym_scene", 'int(device.split(":")[1]) if ":" in device else 0', "0")),
    m("a picture's GPU without a viewer", GPU, "each_process_has_its_own_gpu", "told", ("isaacgym_scene", "index if viewer else -1", "index")),
    m("the state of a reset at the centre of mass", CPU, "body_states_at_a_reset_are_those_of_the_next_moment", "seen", ("self._kinematics(root, pos, vel)", "self._kinematics(self._at_com(root), pos, vel)")),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_found(mistake, monkeypatch, tmp_path):
    sim_of = gym_double.use(monkeypatch, **mistake.mode)
    plant(mistake.edits, monkeypatch)
    kind, says = FOUND[mistake.how]
    with pytest.raises((AssertionError, RuntimeError), match=says) as caught:
        if mistake.finder in OTHERS:
            OTHERS[mistake.finder](mistake.mode["device"], monkeypatch, tmp_path)
        else:
            LAWS[mistake.finder](Bench(sim_of, "isaacgym", tmp_path))
    assert type(caught.value).__name__ == kind


def test_a_lenient_gym_is_no_trouble(monkeypatch, tmp_path):
    LAWS["free_fall"](Bench(gym_double.use(monkeypatch, **LENIENT), "isaacgym", tmp_path))


def plant(edits, monkeypatch):
    """The adapter with other texts in it, for this test alone."""
    left = list(edits)
    for name in FILES:
        text = (SIM / f"{name}.py").read_text(encoding="utf-8")
        for edit in [edit for edit in left if edit[0] == name]:
            assert text.count(edit[1]) >= 1, f"{name}.py no longer says {edit[1]!r}"
            text = text.replace(edit[1], edit[2])
            left.remove(edit)
        full = f"rewardlang.sim.{name}"
        module = importlib.util.module_from_spec(importlib.util.find_spec(full))
        monkeypatch.setitem(sys.modules, full, module)
        monkeypatch.setattr(rewardlang.sim, name, module, raising=False)
        exec(compile(text, f"{name}.py", "exec"), module.__dict__)
    assert not left


@pytest.mark.parametrize("edit, finds", [((), ""), (("from rewardlang.sim.isaacgym_import import", "import torch\nfrom rewardlang.sim.isaacgym_import import"), "before torch")],
                         ids=["in order", "torch first"])  # fmt: skip
def test_the_order_of_imports(edit, finds, tmp_path):
    """mujoco, isaacgym, torch: in a process of its own, with a torch that costs nothing to import."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("Tensor = None\n")
    for name in ("multiprocessing", "multiprocessing/reductions"):
        (tmp_path / "torch" / name).mkdir()
        (tmp_path / "torch" / name / "__init__.py").write_text("StorageWeakRef = None\n")
    text = (SIM / "isaacgym.py").read_text(encoding="utf-8")
    (tmp_path / "adapter.py").write_text(text.replace(*edit) if edit else text)
    code = ("import sys, adapter, isaacgym; names = list(sys.modules)\n"
            "assert names.index('mujoco') < names.index('isaacgym') < names.index('torch') and isaacgym.MUJOCO_CAME_FIRST")  # fmt: skip
    path = os.pathsep.join([str(tmp_path), str(gym_double.DOUBLE), str(SIM.parents[1])])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path})  # fmt: skip
    assert (done.returncode == 0) == (not finds) and finds in done.stderr, done.stderr
    assert done.stdout == ""  # what the gym prints is not ours to print
