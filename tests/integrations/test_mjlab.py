"""Specs in mjlab's own unmodified velocity tasks, in its own simulation: the zoo's pay what the tasks' own rewards pay.

mjlab asks for newer versions of some packages than the rest of the tests do, so it is installed where these tests alone are run.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import pytest
import torch

import rewardlang

pytestmark = pytest.mark.filterwarnings("ignore")  # its own, of warp and of torch
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mjlab.envs import ManagerBasedRlEnv
        from mjlab.tasks.velocity.config.g1.env_cfgs import unitree_g1_flat_env_cfg
        from mjlab.tasks.velocity.config.go1.env_cfgs import unitree_go1_flat_env_cfg

        from rewardlang.integrations.mjlab import RewardTerm, reward_term, termination_term
except ImportError as missing:
    pytest.skip(f"mjlab is not installed: {missing}", allow_module_level=True)

ENVS = 12
ROBOTS = {"go1": (unitree_go1_flat_env_cfg, 150), "g1": (unitree_g1_flat_env_cfg, 50)}


class Run(NamedTuple):
    """What the steps of a run gave."""

    total: torch.Tensor  # [steps, N], as the environment pays it
    terms: Dict[str, torch.Tensor]  # [steps, N] each, a second
    commands: torch.Tensor  # [steps, N, 3]
    ended: torch.Tensor  # [steps, N] bool, by a fall
    over: torch.Tensor  # [steps, N] bool, for any reason
    landed: torch.Tensor  # [steps, N, feet] bool; where an episode is over nothing is known of its last step
    logs: List[Dict[str, Any]]


def config(robot: str, **changes: Any) -> Any:
    made = ROBOTS[robot][0]()
    made.scene.num_envs, made.seed = ENVS, 3
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def begun(made: Any) -> Any:
    """An environment with its episodes at different ages, as its runner begins, two of them near their end, the others to be asked for something else soon."""
    env = ManagerBasedRlEnv(made, device="cpu")
    env.reset(seed=3)
    ages = torch.randint(0, int(env.max_episode_length), (ENVS,), generator=torch.Generator().manual_seed(1))
    ages[:2] = int(env.max_episode_length) - torch.tensor([9, 21])
    env.episode_length_buf = ages
    env.command_manager.get_term(
        "twist"
    ).time_left *= 0.3  # drawn anew soon, also where the robot does not fall
    return env


def run(env: Any, steps: int, forget: bool = False) -> Run:
    """Step with the same drifting noise every time. With `forget`, the peak heights that mjlab keeps begin anew with an episode."""
    generator = torch.Generator().manual_seed(0)
    actions = torch.zeros(ENVS, env.action_manager.total_action_dim)
    size = torch.linspace(0.1, 0.7, ENVS)[:, None]
    manager, paid = env.reward_manager, []
    term = manager.get_term_cfg(manager.active_terms[0]).func
    if isinstance(term, RewardTerm):  # what it pays of each term, which the manager does not see
        step = term.reward.step

        def kept(values: Any) -> Any:
            out = step(values)
            paid.append(out.contributions / env.step_dt)
            return out

        term.reward.step = kept
    totals, commands, ended, over, landed, logs = [], [], [], [], [], []
    for _ in range(steps):
        actions = 0.8 * actions + size * torch.randn(actions.shape, generator=generator)
        _, reward, fell, late, extras = env.step(actions)
        done = fell | late
        totals.append(reward.clone())
        logs.append(dict(extras["log"]))
        commands.append(env.command_manager.get_command("twist").clone())
        ended.append(fell.clone())
        over.append(done)
        landed.append(env.scene["feet_ground_contact"].compute_first_contact(env.step_dt).clone())
        if not isinstance(term, RewardTerm):
            paid.append(manager._step_reward.clone())
            if forget:
                manager.get_term_cfg("foot_swing_height").func.peak_heights[done] = 0.0
    names = term.reward.names if isinstance(term, RewardTerm) else manager.active_terms
    terms = dict(zip(names, torch.stack(paid).unbind(2)))
    return Run(
        torch.stack(totals),
        terms,
        torch.stack(commands),
        torch.stack(ended),
        torch.stack(over),
        torch.stack(landed),
        logs,
    )


@pytest.fixture(scope="module", params=["go1", "g1"])
def runs(request: pytest.FixtureRequest) -> Iterator[Dict[str, Run]]:
    """The unmodified task, the same with its rewards replaced by one line, and the unmodified one whose peaks begin anew."""
    robot, steps = request.param, ROBOTS[request.param][1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield {
            "own": run(begun(config(robot)), steps),
            "forgetful": run(begun(config(robot)), steps, forget=True),
            "spec": run(
                begun(config(robot, rewards={"spec": reward_term(f"zoo/mjlab/{robot}_flat.reward")})), steps
            ),
        }


def test_every_term_and_the_total(runs: Dict[str, Run]) -> None:
    """Over falls, time-outs and commands drawn anew; the source's peaks begin anew with an episode, as the spec's do."""
    own, spec = runs["forgetful"], runs["spec"]
    assert torch.equal(own.commands, spec.commands) and torch.equal(own.over, spec.over)
    assert own.ended.any() and (own.over & ~own.ended).any()
    drawn = (own.commands[1:, :, :2] != own.commands[:-1, :, :2]).any(2)
    assert (drawn & ~own.over[1:]).any() or len(own.total) < 150
    worst = {}
    for name, theirs in own.terms.items():
        if name not in spec.terms:
            assert not theirs.any(), name  # a weight of 0
            continue
        assert theirs.std() > 0, name
        worst[name] = float((theirs - spec.terms[name]).abs().max() / theirs.abs().max())
    worst["total"] = float((own.total - spec.total).abs().max() / own.total.abs().max())
    print({name: f"{x:.1e}" for name, x in worst.items()})
    assert max(worst.values()) < 2e-6, worst


def test_where_the_untouched_source_differs(runs: Dict[str, Run]) -> None:
    """Only in foot_swing_height, and only where a foot lands for the first time since a reset: its peak is then of another episode."""
    own, spec = runs["own"], runs["spec"]
    differ = (own.total - spec.total).abs() > 1e-6
    before = torch.zeros_like(spec.landed[0])  # [N, feet] since the reset
    allowed = []
    for landed, over in zip(spec.landed, spec.over):
        allowed.append((landed & ~before).any(1) | over)
        before = (before | landed) & ~over[:, None]
    assert differ.any() and not (differ & ~torch.stack(allowed)).any()
    for name, theirs in own.terms.items():
        if name in spec.terms and name != "foot_swing_height":
            torch.testing.assert_close(theirs, spec.terms[name], atol=1e-5, rtol=1e-5)


def test_each_term_is_logged_as_the_source_logs_it(runs: Dict[str, Run]) -> None:
    seen = 0
    for theirs, mine in zip(runs["forgetful"].logs, runs["spec"].logs):
        for key, value in theirs.items():
            if key.startswith("Episode_Reward/") and key in mine:
                assert float(mine[key]) == pytest.approx(float(value), rel=1e-4, abs=1e-6), key
                seen += 1
    assert seen > 20


RULES = """
drop terminate fallen
terminate fell_over when projected_gravity.z > -cos(70 * pi / 180)
metric tilt = norm(projected_gravity.xy)
reward = - 2.0*terminated as fall + alive - 0.01*sum(rate(dof_vel)^2) * 1e-3 as shake
"""


def test_rules_end_episodes() -> None:
    """The source's own termination by a rule of the spec: the same episodes; the reward sees what ended them."""
    theirs = run(begun(config("go1")), 60)
    made = config("go1", rewards={"spec": reward_term(rewardlang.parse(RULES))})
    made.terminations = {
        "time_out": made.terminations["time_out"],
        "rules": termination_term(rewardlang.parse(RULES)),
    }
    mine = run(begun(made), 60)
    assert torch.equal(theirs.ended, mine.ended) and torch.equal(theirs.over, mine.over) and mine.ended.any()
    assert torch.equal(mine.terms["fall"] != 0, mine.ended)
    assert any(log.get("Episode_Termination/fell_over") for log in mine.logs)
    assert all(0 <= log["Metrics/tilt"] <= 1 for log in mine.logs)


STANDING = """
reward = alive
metric load = sum(contact_forces.z)
metric weighs = sum(body_mass) * 9.81
metric feet = sum(feet_ground_contact_force.z)
metric apart = norm(com_pos - root_pos)
metric place = norm(root_pos.xy)
metric effort = max(torque_limits)
metric gains = max(stiffness)
"""


def test_what_a_standing_robot_reads() -> None:
    """Its weight, where it stands from its environment's origin, and numbers of its model."""
    from mjlab.sensor import ContactMatch, ContactSensorCfg

    made = config("go1", rewards={"spec": reward_term(rewardlang.parse(STANDING))})
    made.events.pop("push_robot")
    everywhere = ContactMatch(mode="body", pattern=".*", entity="robot")
    made.scene.sensors += (
        ContactSensorCfg(name="touch", primary=everywhere, fields=("found", "force"), reduce="netforce"),
    )
    env = ManagerBasedRlEnv(made, device="cpu")
    env.reset(seed=3)
    for _ in range(60):
        *_, extras = env.step(torch.zeros(ENVS, 12))
    read = {
        name: float(extras["log"][f"Metrics/{name}"])
        for name in ("load", "weighs", "feet", "apart", "place", "effort", "gains")
    }
    assert read["load"] == pytest.approx(read["weighs"], rel=0.03) and read["feet"] == pytest.approx(
        -read["load"], rel=1e-4
    )
    assert read["apart"] < 0.05 and read["place"] < 0.75
    model = env.sim.mj_model
    assert read["weighs"] == pytest.approx(9.81 * float(model.body_mass.sum()))
    assert read["effort"] == pytest.approx(model.actuator_forcerange.max()) and read[
        "gains"
    ] == pytest.approx(model.actuator_gainprm[:, 0].max())


def test_what_is_refused() -> None:
    with pytest.raises(FileNotFoundError):
        reward_term("no_such.reward")
    with pytest.raises(ValueError, match="no termination of the environment follows them"):
        ManagerBasedRlEnv(config("go1", rewards={"spec": reward_term(rewardlang.parse(RULES))}), device="cpu")
    made = config("go1")
    made.rewards["spec"] = reward_term("zoo/mjlab/go1_flat.reward")
    with pytest.raises(ValueError, match="both have a term .*foot_slip"):
        ManagerBasedRlEnv(made, device="cpu")
    made = config(
        "go1",
        rewards={
            "spec": reward_term(rewardlang.parse("reward = -sum(contact_forces.z) as weight_on_ground"))
        },
    )
    env = ManagerBasedRlEnv(made, device="cpu")
    with pytest.raises(
        rewardlang.QuantityError, match="reads `contact_forces`, for which Articulation has nothing"
    ):
        env.reset()
        env.step(torch.zeros(ENVS, 12))


def test_it_trains_in_its_own_runner(tmp_path: Path) -> None:
    """Two iterations of rsl_rl; each term's scalar is in the event file."""
    from dataclasses import asdict

    from mjlab.rl import RslRlVecEnvWrapper
    from mjlab.tasks.velocity.config.go1.rl_cfg import unitree_go1_ppo_runner_cfg
    from mjlab.tasks.velocity.rl import VelocityOnPolicyRunner
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    made = config("go1", rewards={"spec": reward_term("zoo/mjlab/go1_flat.reward")})
    settings = unitree_go1_ppo_runner_cfg()
    settings.logger, settings.num_steps_per_env = "tensorboard", 24
    wrapped = RslRlVecEnvWrapper(ManagerBasedRlEnv(made, device="cpu"))
    runner = VelocityOnPolicyRunner(wrapped, asdict(settings), str(tmp_path), "cpu")
    runner.learn(num_learning_iterations=3, init_at_random_ep_len=True)
    events = EventAccumulator(str(tmp_path)).Reload()
    tags = events.Tags()["scalars"]
    term = wrapped.unwrapped.reward_manager.get_term_cfg("spec").func
    assert {f"Episode_Reward/{name}" for name in [*term.reward.names, "spec"]} <= set(tags)
    assert events.Scalars("Episode_Reward/pose")[-1].value > 0
