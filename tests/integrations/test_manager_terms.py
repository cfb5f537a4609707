"""What the terms for mjlab and Isaac Lab share, on a stand-in of an environment: layouts, weights, logs, resets."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Dict

import pytest
import torch

import rewardlang
from rewardlang.integrations.articulation import Described, action_scales, actuated, sorted_columns, taking
from rewardlang.integrations.given import bound, spec_of
from rewardlang.integrations.manager_terms import SpecReward, SpecTermination, settings

N, DT = 3, 0.02
JOINTS, BODIES = ("hip", "knee"), ("base", "left_foot", "right_foot")
SPEC = """
feet = bodies("*_foot")
reward per second = - 2.0*(command_lin_vel.x - base_lin_vel.x)^2 as track - 0.1*sum(delta(actions)^2) as action_rate + load["left_foot"] as load
reward event = - 5.0*terminated as fall + 0.001*(delta(episode_step) - 40) as age - delta(root_pos.x) as moved
metric height = mean(body_pos[feet].z)
metric place = root_pos.x
"""
RULES = SPEC + "drop terminate fallen\nterminate low when base_height < 0.3[m]\n"


class Actions:
    active_terms, total_action_dim = ["pos"], 2

    def __init__(self) -> None:
        self.action = torch.zeros(N, 2)

    def get_term(self, name: str) -> Any:
        return SimpleNamespace(
            _target_names=["knee", "hip"], _scale=torch.tensor([[0.25, 0.5]]), action_dim=2
        )

    def process_action(self, action: torch.Tensor) -> None:
        self.action = action


def environment(**config: Any) -> Any:
    quat = torch.tensor([0.5**0.5, 0, 0, 0.5**0.5])  # wxyz: a quarter turn to the left
    data = SimpleNamespace(
        root_link_pos_w=torch.tensor([[10.0, 0, 0.5]]).repeat(N, 1), root_link_quat_w=quat.repeat(N, 1), root_link_lin_vel_w=torch.tensor([[0.0, 1.0, 0.0]]).repeat(N, 1),
        root_link_ang_vel_w=torch.zeros(N, 3), body_link_pos_w=torch.tensor([10.0, 0, 0.1]).repeat(N, 3, 1), joint_pos=torch.zeros(N, 2), joint_vel=torch.zeros(N, 2),
    )  # fmt: skip
    command = SimpleNamespace(
        command=torch.tensor([[0.4, 0, 0]]).repeat(N, 1),
        cfg=SimpleNamespace(ranges=SimpleNamespace(lin_vel_x=(0, 1))),
    )
    ends = SimpleNamespace(
        terminated=torch.zeros(N, dtype=torch.bool),
        time_outs=torch.zeros(N, dtype=torch.bool),
        active_terms=[],
    )
    scene: Any = type("Scene", (dict,), {"env_origins": torch.tensor([[10.0, 0, 0]]).repeat(N, 1)})()
    scene["robot"] = SimpleNamespace(data=data, joint_names=JOINTS, body_names=BODIES)
    return SimpleNamespace(
        num_envs=N, device="cpu", step_dt=DT, max_episode_length=100, max_episode_length_s=2.0, scene=scene, extras={}, action_manager=Actions(),
        command_manager=SimpleNamespace(active_terms=["twist"], get_term=lambda name: command), termination_manager=ends,
        episode_length_buf=torch.zeros(N, dtype=torch.long), cfg=SimpleNamespace(rewards={}, **config))  # fmt: skip


def described(env: Any, asset: str) -> Described:
    zeros = dict.fromkeys(
        ("default_dof_pos", "dof_vel_limits", "torque_limits", "stiffness", "damping"), [0.0, 0.0]
    )
    about = Described(
        {
            **zeros,
            "dof_pos_lower": [-1, -1],
            "dof_pos_upper": [1, 1],
            "action_scale": action_scales(env.action_manager),
        }
    )
    ordered, columns = sorted_columns(["right_foot", "left_foot"], BODIES)
    about.groups["scale_bodies"] = ("bodies", ordered)
    load = rewardlang.HostQuantity(axes="scale_bodies")
    about.given["load"] = (load, taking(lambda env: torch.tensor([[2.0, 1.0]]).repeat(N, 1), columns))
    return about


class Reward(SpecReward):
    describe = staticmethod(described)  # type: ignore[assignment]


class Termination(SpecTermination):
    describe = staticmethod(described)  # type: ignore[assignment]


def term(of: Any, env: Any, text: str, **more: Any) -> Any:
    given: Dict[str, Any] = settings(rewardlang.parse(text), "robot", None, None, None, more or None)
    return of(SimpleNamespace(params=given), env)


@pytest.mark.parametrize("scaled", [True, False])
def test_what_is_paid_logged_and_forgotten(scaled: bool) -> None:
    env = environment(scale_rewards_by_dt=scaled)
    reward = term(Reward, env, SPEC)
    reward.reset()
    env.episode_length_buf += 40  # as a runner does that spreads the ages of episodes
    env.action_manager.process_action(torch.tensor([[1.0, 2.0]]).repeat(N, 1))
    env.scene["robot"].data.root_link_pos_w[:, 0] += 0.7
    env.termination_manager.terminated[1] = True
    paid = reward(env) * (DT if scaled else 1.0)
    each = {
        "track": -2 * DT * 0.6**2,
        "action_rate": -0.1 * DT * 5.0,
        "load": DT * 1.0,
        "fall": 0.0,
        "age": 0.0,
        "moved": -0.7,
    }
    torch.testing.assert_close(paid, torch.full((N,), sum(each.values())) + torch.tensor([0.0, -5.0, 0.0]))
    assert env.extras["log"]["Metrics/height"] == pytest.approx(0.1)
    assert env.extras["log"]["Metrics/place"] == pytest.approx(0.7), "from the environment's origin"
    reward.reset(torch.tensor([0]))
    log = env.extras["log"]
    assert {name: float(log[f"Episode_Reward/{name}"]) for name in each} == pytest.approx(
        {name: x / 2.0 for name, x in each.items()}
    )
    env.action_manager.process_action(
        torch.tensor([[1.0, 2.0]]).repeat(N, 1)
    )  # the last action of environment 0 was none
    out = reward(env) * (DT if scaled else 1.0)
    assert out[0] - out[2] == pytest.approx(-0.1 * DT * 5.0 + 0.04, abs=1e-6)  # nor had it a step
    reward.reset(torch.tensor([0, 2]))
    track = float(env.extras["log"]["Episode_Reward/track"])
    assert track == pytest.approx(each["track"] * 1.5 / 2.0), (
        "one step of environment 0, two of environment 2"
    )


def test_rules_and_what_is_refused() -> None:
    env = environment()
    with pytest.raises(ValueError, match="no termination of the environment follows them"):
        term(Reward, env, RULES)
    with pytest.raises(ValueError, match="has no `terminate` rule"):
        term(Termination, env, SPEC)
    rules = term(Termination, env, RULES)
    env.termination_manager.active_terms = ["rules"]
    env.termination_manager.get_term_cfg = lambda name: SimpleNamespace(func=rules)
    env.scene["robot"].data.root_link_pos_w[2, 2] = 0.2
    assert rules(env).tolist() == [False, False, True]
    rules.reset(torch.tensor([1, 2]))
    assert env.extras["log"]["Episode_Termination/low"] == 1
    env.cfg.rewards = {"track": object(), "gone": None}
    with pytest.raises(ValueError, match="both have a term track"):
        term(Reward, env, RULES)
    env.cfg.rewards = {}
    with pytest.raises(
        rewardlang.QuantityError, match="reads `contact_forces`, for which Articulation has nothing"
    ):
        term(Reward, env, "reward = -sum(contact_forces.z) as weight_on_ground")(env)
    with pytest.raises(FileNotFoundError):
        settings("no_such.reward", "robot", None, None, None, None)


def test_names_of_actions_and_columns() -> None:
    actions: Any = Actions()
    assert actuated(actions, JOINTS) == ("knee", "hip")
    assert actuated(actions, ("knee", "ankle")) == ("action_0", "action_1")
    assert action_scales(actions) == [0.25, 0.5]
    assert sorted_columns(["left_foot", "right_foot"], BODIES)[1] is None


def test_a_program_of_something_else_is_refused() -> None:
    """The joints of a program have an order: it is for the robot that it was compiled for, and for its control period."""
    program = rewardlang.compile("alive", "quadruped")
    task = rewardlang.load_task("quadruped")
    bound(program, 2, "cpu", task)
    with pytest.raises(
        ValueError, match="compiled for quadruped, with joints FL_hip, .*; humanoid has left_hip_yaw, .*"
    ):
        bound(program, 2, "cpu", rewardlang.load_task("humanoid"))
    with pytest.raises(ValueError, match="with control steps of 0.02 s; quadruped has 0.01 s"):
        bound(program, 2, "cpu", replace(task, decimation=task.decimation // 2))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(
        FileNotFoundError,
        match="no shipped spec: zoo/mjlab/go1.reward; did you mean `zoo/mjlab/go1_flat.reward`",
    ):
        spec_of("zoo/mjlab/go1.reward")
