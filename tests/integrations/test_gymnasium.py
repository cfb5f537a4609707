"""Gymnasium's own Ant-v5, vectorised, with the reward of a spec: the same as its own, in every mode of resetting."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
import torch

import rewardlang

gymnasium = pytest.importorskip("gymnasium", minversion="1.1")  # rl_games on Python 3.8 wants 0.29
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv  # noqa: E402

from rewardlang.integrations.gymnasium import ReplaceReward  # noqa: E402

ENVS, STEPS, DT = 3, 45, 0.05
TASK = """
name: ant_v5
asset: {{file: {file}}}
init_state: {{pos: [0, 0, 0.75]}}
control: {{stiffness: 1, damping: 1, action_scale: 1, decimation: {decimation}}}
sim: {{dt: 0.01}}
observations: [base_height]
"""
SPEC = """
drop terminate fallen
terminate fallen when env_terminated
reward = x_velocity as forward + alive as survive - 0.5*sum(actions^2) as ctrl - 5e-4*sum(contacts^2) as contact
    + 0.3*rate(root_pos.x) as progress + 0.01*episode_step as late
"""
HOST = {
    "x_velocity": rewardlang.HostQuantity(unit="m/s"),
    "contacts": rewardlang.HostQuantity(axes=[{"numbers": 78}]),
}


def task(folder: Path, decimation: int = 5) -> rewardlang.Task:
    file = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / "ant.xml"
    (folder / "task.yaml").write_text(TASK.format(file=file, decimation=decimation), encoding="utf-8")
    return rewardlang.load_task(folder)


def read(observations: np.ndarray, infos: Any, actions: np.ndarray) -> Dict[str, Any]:
    place = np.stack([infos["x_position"], infos["y_position"], observations[:, 0]], 1)
    return {"root_pos": place, "x_velocity": infos.get("x_velocity", 0.0), "contacts": observations[:, 27:], "actions": actions}  # fmt: skip


def make() -> gymnasium.Env:
    return gymnasium.make("Ant-v5", max_episode_steps=20, healthy_z_range=(0.45, 1.0))


def alone(i: int, actions: np.ndarray, mode: AutoresetMode) -> Iterator[float]:
    """What environment i is to pay, by itself: Gymnasium's reward and the two terms that the spec adds."""
    env = make()
    _, info = env.reset(seed=i)
    x, step, over = info["x_position"], 0, False
    for action in actions[:, i]:
        if over and mode is AutoresetMode.NEXT_STEP:
            x, step, over = env.reset()[1]["x_position"], 0, False
            yield 0.0
            continue
        _, paid, terminated, truncated, info = env.step(action)
        step, over = step + 1, terminated or truncated
        yield float(paid) + 0.3 * (info["x_position"] - x) / DT + 0.01 * step
        x = info["x_position"]
        if over and mode is not AutoresetMode.NEXT_STEP:
            x, step = env.reset()[1]["x_position"], 0


@pytest.mark.parametrize(
    "kind, mode",
    [*((SyncVectorEnv, mode) for mode in AutoresetMode), (AsyncVectorEnv, AutoresetMode.SAME_STEP)],
)
def test_the_rewards_of_ant(kind: Any, mode: AutoresetMode, tmp_path: Path) -> None:
    """Terminal states are paid, new episodes remember nothing, and the terms add up to what is paid."""
    env = ReplaceReward(kind([make] * ENVS, autoreset_mode=mode), rewardlang.parse(SPEC), read, task(tmp_path), HOST, dtype=torch.float64)  # fmt: skip
    actions = np.random.default_rng(0).uniform(-1, 1, (STEPS, ENVS, 8))
    env.reset(seed=0)
    rows: List[np.ndarray] = []
    ends = 0
    for action in actions:
        observations, paid, terminated, truncated, infos = env.step(action)
        assert np.allclose(sum(infos["reward_terms"].values()), paid, atol=1e-12) and paid.dtype == np.float64
        rows.append(paid)
        ended = terminated | truncated
        ends += int(ended.sum())
        assert (infos["env_reward"].shape, set(infos["reward_terms"])) == ((ENVS,), set(env.reward.names))
        if mode is AutoresetMode.DISABLED and ended.any():
            env.reset(options={"reset_mask": ended})
    env.close()
    expected = np.array([list(alone(i, actions, mode)) for i in range(ENVS)]).T
    np.testing.assert_allclose(np.array(rows), expected, atol=1e-9)
    assert ends > ENVS


def test_refused(tmp_path: Path) -> None:
    env = SyncVectorEnv([make] * 2)
    with pytest.raises(ValueError, match="lasts 0.05 s, one of the task 0.02 s"):
        ReplaceReward(env, rewardlang.parse(SPEC), read, task(tmp_path, 2), HOST)
    less = lambda o, i, a: {k: v for k, v in read(o, i, a).items() if k != "contacts"}
    wrapped = ReplaceReward(env, rewardlang.parse(SPEC), less, task(tmp_path), HOST)
    with pytest.raises(
        rewardlang.QuantityError, match="reads `contacts`, which `read` does not give; it gives actions"
    ):
        wrapped.reset(seed=0)
    env.close()


CART = {"place": rewardlang.HostQuantity(unit="m"), "lean": rewardlang.HostQuantity(unit="rad")}
STEADY = "reward = 1.0*alive - 0.1*abs(lean)/1[rad] as lean_cost - 0.01*abs(rate(place))/1[m/s] as speed"


@pytest.mark.filterwarnings("error")  # a worker that is asked for what it lacks warns, and is shut down
@pytest.mark.parametrize("kind", ["sync", "async", "vector_entry_point"])
def test_an_environment_without_a_robot(kind: str) -> None:
    """CartPole has no `dt`, joints or bodies: `alive` and episodes are its own, the rate is per the period that is given."""
    read = lambda observations, infos, actions: {"place": observations[:, 0], "lean": observations[:, 2]}
    bare = gymnasium.make_vec("CartPole-v1", num_envs=4, vectorization_mode=kind)
    env = ReplaceReward(bare, rewardlang.parse(STEADY), read, quantities=CART, dt=0.02)
    before, _ = env.reset(seed=0)
    env.action_space.seed(0)
    begins, ends = np.zeros(4, bool), 0
    for _ in range(60):
        after, paid, terminated, truncated, _ = env.step(env.action_space.sample())
        own = ~terminated - 0.1 * abs(after[:, 2]) - 0.01 * abs(after[:, 0] - before[:, 0]) / 0.02
        np.testing.assert_allclose(paid, np.where(begins, 0.0, own), atol=1e-6)
        before, begins, ends = after.copy(), terminated | truncated, ends + int(terminated.sum())
    assert ends > 4
    env.close()


def test_a_period_that_nobody_says_or_two_say() -> None:
    cart = gymnasium.make_vec("CartPole-v1", num_envs=1)
    with pytest.raises(ValueError, match="does not say how long a control step lasts"):
        ReplaceReward(cart, rewardlang.parse(STEADY), lambda o, i, a: {}, quantities=CART)
    with pytest.raises(ValueError, match="lasts 0.02 s or 0.05 s"):
        ReplaceReward(gymnasium.make_vec("Pendulum-v1", num_envs=1), rewardlang.parse("alive"), lambda o, i, a: {}, dt=0.02)  # fmt: skip
