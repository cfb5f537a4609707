"""What to do with the keys of a legged_gym configuration that a task.yaml does not have."""

from __future__ import annotations

# {key: what to do}
ADVICE = {
    "rewards": "they are written in a .reward file, a term a line",
    "terrain": "the ground is the MJCF's, else flat",
    "domain_rand": "nothing is randomised but the start: `init_noise`",
    "noise": "the policy sees the quantities as they are",
    "viewer": "`rewardlang play` shows a policy",
    "env.num_observations": "leave it out: `observations` says what the policy sees",
    "env.num_privileged_obs": "leave it out: the critic sees what the policy sees",
    "env.num_actions": "leave it out: each joint with an actuator is an action",
    "env.env_spacing": "leave it out: each environment has a world of its own",
    "env.send_timeouts": "leave it out: the trainer is always told of a time-out",
    "commands.curriculum": "leave it out: `ranges` stay as they are; start from a run with narrower ones, or let a weight grow with `ramp(progress, 0, 0.5)`",
    "commands.max_curriculum": "leave it out: write the widest range in `ranges`",
    "commands.num_commands": "leave it out: `ranges` says which commands there are",
    "asset.name": "leave it out: the task's `name` is enough",
    "asset.foot_name": "write `groups: {feet: [bodies, ...]}`, or leave it out if the feet are found by their names",
    "asset.penalize_contacts_on": "write a term in the .reward file, such as `- sum(norm(contact_forces[thigh_links]) > 0.1[N])`",
    "asset.terminate_after_contacts_on": 'write `terminations: {hit: norm(contact_forces["BODY"]) > 1[N]}`',
    "asset.fix_base_link": "leave it out: without a <freejoint/> in the MJCF the base is fixed",
    "asset.self_collisions": "leave it out: the MJCF says what collides (contype, conaffinity, <exclude>)",
    "asset.armature": "leave it out: the MJCF's joints say it",
    "normalization.obs_scales": "write the scales in the observations, as in `base_lin_vel * 2.0`",
    "normalization.clip_observations": "write `clip(x, -100, 100)` in the observations that need it",
    "sim.substeps": "leave it out: `control.decimation` counts the physics steps of a control step",
    "sim.gravity": "write it in the MJCF: <option gravity=\"0 0 -9.81\"/>",
    "sim.up_axis": "leave it out: z is up",
    "sim.physx": "leave it out: the MJCF's <option> says how the physics is solved",
}  # fmt: skip
