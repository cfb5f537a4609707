"""Specs with a defect each, as a tired author writes them; the last ones are slips in published rewards.

`found` is who finds it, and by what code or law; "" for nobody. What is found beside the defect is left out (a default pose that ends
the episode, where the published robot is another size).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Tuple

SPECS = Path(__file__).parents[2] / "reward_specs"


class Defective(NamedTuple):
    """What is wrong, the spec, and who finds it."""

    wrong: str
    text: str
    found: str


def slip(name: str, old: str, new: str) -> str:
    """A shipped spec with one thing in it written otherwise. Bases are named as shipped files."""
    text = (SPECS / f"{name}.reward").read_text(encoding="utf-8")
    assert text.count(old) == 1, (name, old)
    folder = name.rsplit("/", 1)[0]
    text = text.replace(old, new)
    for base in (
        "humanoid.reward",
        "humanoid_stand.reward",
        "humanoid_walk.reward",
        "default.reward",
        "anymal_c_rough.reward",
    ):
        text = text.replace(f'extends "{base}"', f'extends "{folder}/{base}"')
    return text


VELOCITY = "task humanoid_velocity\nreward = 0.2 * alive"
ALIVE = "reward = forward_vel + 1.0 * alive"
TRACK = "2 * gauss(norm(command_lin_vel - base_lin_vel.xy), 0.25[m/s])"

DEFECTIVE: Tuple[Defective, ...] = (
    # signs
    Defective("effort is paid for, not charged", f"{ALIVE} + 0.01 * sum(torques^2) as effort", "check RW519"),
    Defective("changes of the action are paid for", f"{ALIVE} + 0.1 * sum(delta(actions)^2) as smooth", "check RW519"),
    Defective("the tracking kernel is charged", f"{VELOCITY} - {TRACK} as track - 0.01 * sum(torques^2) as effort", "check RW519, probe RW511"),
    Defective("the error of the velocity is paid for", f"{VELOCITY} + norm(command_lin_vel - base_lin_vel.xy) as error - 0.01 * sum(torques^2) as effort", "check RW519"),
    Defective("drift to the right is paid for: no abs", f"{ALIVE} - 0.5 * base_lin_vel.y as drift", "check RW513, probe RW518"),
    Defective("the sum of the actions is charged, not of their squares", f"{ALIVE} - 0.1 * sum(actions) as effort", "check RW513, probe RW518"),
    Defective("the command is added to the velocity", f"{VELOCITY} + {TRACK} as track + 0.5 * gauss(command_ang_vel + base_ang_vel.z, 0.5[rad/s]) as turn", "check RW519"),
    Defective("a fall is a bonus", f"{ALIVE} + 100 * fallen", "check RW519"),
    Defective("upside down is upright: gravity points down", f"{ALIVE} + 3.0 * projected_gravity.z as upright", "probe RW511"),
    Defective("the fall is above the height, not below", f"{ALIVE}\nterminate fallen when base_height > 0.2[m]", "probe RW511"),
    Defective("a law contradicts the weight", f"{ALIVE} + 0.01 * sum(torques^2) as effort\nexpect effort <= 0", "check RW520"),
    # frames, units, axes, names
    Defective("velocity of the world against a command of the base", f"{VELOCITY} + gauss(norm(command_lin_vel - root_lin_vel.xy), 0.25[m/s]) as track", "check RW305"),
    Defective("the same, component by component", f"{VELOCITY} + gauss(command_lin_vel.x - root_lin_vel.x, 0.25[m/s]) as track + 0.5 * gauss(command_lin_vel.y - root_lin_vel.y, 0.25[m/s]) as side", "check RW519"),
    Defective("gravity of the base dotted with an axis of the world", f"{ALIVE} - 0.5 * dot(projected_gravity, root_lin_vel) as sink", "check RW305"),
    Defective("metres added to radians", f"{ALIVE} - 0.5 * abs(base_lin_vel.y + base_ang_vel.z) as drift", "check RW302"),
    Defective("degrees where radians are", f"{ALIVE}\nterminate tilted when abs(pitch(root_quat)) > 45", "check RW515"),
    Defective("joints multiplied with bodies", f"{ALIVE} - 0.001 * sum(torques * contact_forces.z) as load", "check RW201"),
    Defective("a pattern that matches no joint", f"{ALIVE} - 0.1 * sum(dof_pos[joints('*_knees')]^2) as bend", "check RW221"),
    # numbers that are not finite
    Defective("divided by the norm of the command, which may be 0", f"{VELOCITY} + dot(base_lin_vel.xy, command_lin_vel) / norm(command_lin_vel) as along", "check RW503, test finite"),
    Defective("the root of a height that may be negative", f"{ALIVE} + 0.5 * sqrt(base_height - 0.25[m]) as tall", "check RW504, test finite"),
    Defective("an exponential of a signed error", f"{VELOCITY} + exp((command_lin_vel.x - base_lin_vel.x) / 0.25[m/s]) as track", "check RW507, probe RW511, test finite, test float32"),
    # kernels, gates, sizes
    Defective("a kernel far narrower than its errors", f"{ALIVE} + 2.0 * gauss(base_height - 1.0[m], 0.05[m]) as height", "probe RW515"),
    Defective("a kernel so wide that standing collects it", f"{VELOCITY} + gauss(norm(command_lin_vel - base_lin_vel.xy), 5[m/s]) as track", "probe RW512"),
    Defective("a contact threshold in the wrong magnitude", f"{ALIVE} + 0.5 * count(contact_forces[feet].z > 50000[N]) as contact", "probe RW515"),
    Defective("one term dwarfs the rest", f"{ALIVE} - 20 * sum(torques^2) as effort + 0.01 * gauss(base_lin_vel.y, 0.3[m/s]) as straight", "check RW514, probe RW511, probe RW514"),
    Defective("a bonus for staying alive that effort eats", "reward = forward_vel + 0.05 * alive - 0.05 * sum(abs(torques)) as effort", "probe RW511"),
    Defective("a param that nothing reads", "param target = 0.8[m/s] in [0, 2]\nreward = gauss(forward_vel - 1.0[m/s], 0.4[m/s]) as speed + alive", "check RW516"),
    # state, time, shaping
    Defective("a gait clock that no observation shows", f"{ALIVE} + 0.5 * count((contact_forces[feet].z > 1[N]) == stance(phase(0.8[s], table(feet, 'left_*': 0, 'right_*': 0.5)), 0.5)) as gait", "check RW517"),
    Defective("a landing, an event, is paid per second", f"{ALIVE}\nreward style per second = 0.5 * sum((prev(timer(not (contact_forces[feet].z > 1[N]))) - 0.3[s]) * rising(contact_forces[feet].z > 1[N])) as air_time", "check RW410"),
    Defective("dt is multiplied once more", f"{ALIVE}\nreward style per second = -20 * dt * abs(base_lin_vel.y) as drift", "probe RW514, test dt"),
    Defective("shaping inside a product", f"{ALIVE} + potential(-norm(root_pos.xy - [3, 0])) * alive as progress", "check RW413"),
    Defective("the effort of the left side only", f"{ALIVE} - 0.02 * sum(torques['left_*']^2) as effort", "probe RW518"),
    Defective("shaping that a total rule clips", f"{ALIVE} + potential(-norm(root_pos.xy - [3, 0])) as progress\ntotal = max(reward, 0)", "check RW414"),
    Defective("shaping towards a greater distance", f"{ALIVE} + 5.0 * potential(norm(root_pos.xy - [3, 0])) as progress", "check RW519"),
    Defective("the peak of the whole episode instead of the swing's", f"{ALIVE} - 0.5 * sum((running_max(body_pos[feet].z) - 0.1[m])^2) as clearance", "check RW517"),
    Defective("the clock's offsets are of joints, not of feet", f"{ALIVE} + 0.5 * count((contact_forces[feet].z > 1[N]) == stance(phase(0.8[s], table(knees, 'left_*': 0, 'right_*': 0.5)), 0.5)) as gait", "check RW201"),
    Defective("a termination paid in a per-second group", f"{ALIVE}\nreward fall per second = -10 * fallen as fell", "check RW410"),
    Defective("two different sides of one expression", f"{ALIVE} - 0.1 * sum((dof_pos[joints('left_*')] - dof_pos[joints('right_*')])^2) as sides", "check RW202"),
    # a slip in each reward of the zoo
    Defective("Gymnasium: the cost of control is paid", slip("zoo/gymnasium/humanoid_v5", "- 0.1 *", "+ 0.1 *"), "check RW519"),
    Defective("IsaacGymEnvs' Humanoid: energy without the abs", slip("zoo/isaacgymenvs/humanoid", "sum(abs(actions * 0.1 * dof_vel) * gear)", "sum(actions * 0.1 * dof_vel * gear)"), "check RW513"),
    Defective("IsaacGymEnvs' Ant: at the upper limits only, as published", slip("zoo/isaacgymenvs/ant", "count(abs(scaled_pos) > 0.99)", "count(scaled_pos > 0.99)"), ""),
    Defective("legged_gym: sigma multiplies, and is negative", slip("zoo/legged_gym/default", "exp(-sum((command_lin_vel - base_lin_vel.xy)^2) / tracking_sigma)", "exp(sum((command_lin_vel - base_lin_vel.xy)^2) / tracking_sigma)"), "check RW507, probe RW511, probe RW514, test finite"),
    Defective("ANYmal C: the orientation is paid", slip("zoo/legged_gym/anymal_c_flat", "-5.0 * orientation", "5.0 * orientation"), "check RW519"),
    Defective("unitree: hips by a name that they do not have", slip("zoo/unitree_rl_gym/g1", '"*_hip_yaw"]^2', '"*_hip_yew"]^2'), "check RW221"),
    Defective("mujoco_playground: steps to the right count as standing, as published", slip("zoo/mujoco_playground/g1_joystick", "(abs(command_lin_vel.y) <= 0.1[m/s])", "(command_lin_vel.y <= 0.1[m/s])"), "probe RW518"),
    Defective("dm_control: upside down is upright", slip("zoo/dm_control/humanoid_stand", "rotate(body_quat[\"torso\"], [0, 0, 1]).z", "rotate_inverse(body_quat[\"torso\"], [0, 0, -1]).z"), "probe RW515"),
)  # fmt: skip
