"""Specs under Isaac Lab's own managers, beside its own rewards; no simulator of Isaac Lab's runs here.

REWARDLANG_ISAACLAB names its source: the folder that has isaaclab/ and isaaclab_tasks/.
"""

from __future__ import annotations

import math
import sys
import warnings
from typing import Any, Iterator

import pytest
import torch

import rewardlang

from . import isaaclab_source as source
from .isaaclab_source import ENVS

pytestmark = [
    pytest.mark.skipif(not source.SOURCE, reason="REWARDLANG_ISAACLAB names no source of Isaac Lab"),
    pytest.mark.filterwarnings("ignore"),  # its own
]
STEPS = 120
SPEC = """
# The rewards of Isaac Lab's velocity task for rough terrain, its two optional ones too.
base_vel = rotate_inverse(root_quat, root_com_lin_vel)
asked = norm(command_lin_vel) > 0.1[m/s]
middle = (dof_pos_lower + dof_pos_upper) / 2
reach = 0.9 * (dof_pos_upper - dof_pos_lower) / 2
feet = bodies("*FOOT")

reward per second =
    1.0 * exp(-sum((command_lin_vel - base_vel.xy)^2) / 0.25) as track_lin_vel_xy_exp
  + 0.5 * exp(-(command_ang_vel - base_ang_vel.z)^2 / 0.25) as track_ang_vel_z_exp
  - 2.0 * base_vel.z^2 as lin_vel_z_l2
  - 0.05 * sum(base_ang_vel.xy^2) as ang_vel_xy_l2
  - 1e-5 * sum(torques^2) as dof_torques_l2
  - 2.5e-7 * sum(joint_acc^2) as dof_acc_l2
  - 0.01 * sum(delta(actions)^2) as action_rate_l2
  + 0.125 * sum((contact_forces_last_air_time - 0.5)[feet] * contact_forces_first_contact[feet]) * asked as feet_air_time
  - 1.0 * count(max(norm(contact_forces_force_history), over=contact_forces_updates)["*THIGH"] > 1[N]) as undesired_contacts
  - 1.0 * sum(projected_gravity.xy^2) as flat_orientation_l2
  - 1.0 * sum(relu(middle - reach - dof_pos) + relu(dof_pos - middle - reach)) as dof_pos_limits
  - 2.0 * terminated as is_terminated
"""
RULES = (
    SPEC
    + '\ndrop terminate fallen\nterminate base_contact when max(norm(contact_forces_force_history["base"])) > 1[N]\nmetric load = sum(contact_forces.z)\n'
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Any]:
    before, finders = set(sys.modules), list(sys.meta_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded = source.load()
            import rewardlang.integrations.isaaclab as integration
        except ModuleNotFoundError as missing:
            pytest.skip(f"what Isaac Lab's managers import is not installed: {missing}")
    loaded.integration = integration
    yield loaded
    sys.meta_path[:] = finders
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("isaaclab", *source.ABSENT) or name == "rewardlang.integrations.isaaclab":
            del sys.modules[name]


def own_rewards(lab: Any) -> Any:
    """The velocity task's RewardsCfg."""
    term, of, entity, mdp = lab.managers.RewardTermCfg, lab.velocity, lab.managers.SceneEntityCfg, lab.rewards
    command = {"command_name": "base_velocity"}
    return {
        "track_lin_vel_xy_exp": term(func=mdp.track_lin_vel_xy_exp, weight=1.0, params={**command, "std": math.sqrt(0.25)}),
        "track_ang_vel_z_exp": term(func=mdp.track_ang_vel_z_exp, weight=0.5, params={**command, "std": math.sqrt(0.25)}),
        "lin_vel_z_l2": term(func=mdp.lin_vel_z_l2, weight=-2.0), "ang_vel_xy_l2": term(func=mdp.ang_vel_xy_l2, weight=-0.05),
        "dof_torques_l2": term(func=mdp.joint_torques_l2, weight=-1e-5), "dof_acc_l2": term(func=mdp.joint_acc_l2, weight=-2.5e-7),
        "action_rate_l2": term(func=mdp.action_rate_l2, weight=-0.01),
        "feet_air_time": term(func=of.feet_air_time, weight=0.125, params={"sensor_cfg": entity("contact_forces", body_names=".*FOOT"), **command, "threshold": 0.5}),
        "undesired_contacts": term(func=mdp.undesired_contacts, weight=-1.0, params={"sensor_cfg": entity("contact_forces", body_names=".*THIGH"), "threshold": 1.0}),
        "flat_orientation_l2": term(func=mdp.flat_orientation_l2, weight=-1.0), "dof_pos_limits": term(func=mdp.joint_pos_limits, weight=-1.0),
        "is_terminated": term(func=mdp.is_terminated, weight=-2.0),
    }  # fmt: skip


def own_terminations(lab: Any) -> Any:
    def time_out(env: Any) -> torch.Tensor:
        return env.episode_length_buf >= env.max_episode_length

    def base_contact(env: Any) -> torch.Tensor:
        base = env.touch.body_names.index("base")
        return env.touch.data.net_forces_w_history[:, :, base].norm(dim=-1).max(1)[0] > 1.0

    term = lab.managers.TerminationTermCfg
    return {"time_out": term(func=time_out, time_out=True), "base_contact": term(func=base_contact)}


def stepped(env: Any) -> Any:
    generator = torch.Generator().manual_seed(1)
    rewards, ended, late, logs = [], [], [], []
    for _ in range(STEPS):
        reward, fell, over = env.step(torch.randn(ENVS, 12, generator=generator))
        rewards.append(reward)
        ended.append(fell)
        late.append(over)
        logs.append(dict(env.extras["log"]) if (fell | over).any() else {})
    return torch.stack(rewards), torch.stack(ended), torch.stack(late), logs


def test_the_velocity_task_is_paid_the_same(lab: Any) -> None:
    theirs = stepped(source.Environment(lab, own_rewards(lab), own_terminations(lab)))
    from isaaclab.utils import configclass

    @configclass
    class RewardsCfg:
        spec = lab.integration.reward_term(rewardlang.parse(SPEC))

    mine = stepped(source.Environment(lab, RewardsCfg(), own_terminations(lab)))
    assert (
        torch.equal(theirs[1], mine[1])
        and torch.equal(theirs[2], mine[2])
        and theirs[1].any()
        and theirs[2].any()
    )
    worst = float((theirs[0] - mine[0]).abs().max() / theirs[0].abs().max())
    print(f"greatest difference {worst:.1e} of the greatest reward")
    assert worst < 1e-6
    seen = set()
    for log, of_spec in zip(theirs[3], mine[3]):
        for key, value in log.items():
            assert float(of_spec[key]) == pytest.approx(float(value), rel=1e-4, abs=1e-6), key
            seen |= {key} if value else set()
    assert len(seen) == 12 + 2, "each term and each termination"


def test_rules_end_episodes(lab: Any) -> None:
    theirs = stepped(source.Environment(lab, own_rewards(lab), own_terminations(lab)))
    spec = rewardlang.parse(RULES)
    rules = {"time_out": own_terminations(lab)["time_out"], "rules": lab.integration.termination_term(spec)}
    mine = stepped(source.Environment(lab, {"spec": lab.integration.reward_term(spec)}, rules))
    assert torch.equal(theirs[1], mine[1]) and mine[1].any()
    torch.testing.assert_close(theirs[0], mine[0], atol=1e-6, rtol=1e-5)
    assert any(log.get("Episode_Termination/base_contact") for log in mine[3])
    with pytest.raises(ValueError, match="no termination of the environment follows them"):
        source.Environment(lab, {"spec": lab.integration.reward_term(spec)}, own_terminations(lab))
