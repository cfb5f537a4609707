"""The spec beside Gymnasium's own Humanoid-v5: its robot, its simulation, its reward."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import mujoco
import numpy as np
import pytest
import torch

import rewardlang

from .cases import TORQUES, WITH_TORQUES

TASK = """
name: humanoid_v5
asset: {{file: {file}}}
init_state: {{pos: [0, 0, 1.4]}}
control: {{stiffness: 1, damping: 1, action_scale: 1, decimation: 5}}
sim: {{dt: 0.003}}
observations: [base_height]
"""


def read(model: Any, data: Any, task: rewardlang.Task) -> Dict[str, torch.Tensor]:
    """What the spec reads, from MuJoCo's own numbers: the world body left out, quaternions as xyzw."""
    joints = [mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_JOINT, i) for i in model.actuator_trnid[:, 0]]
    batched = {
        "root_pos": data.qpos[:3],
        "body_pos": data.xpos[1:],
        "body_quat": np.roll(data.xquat[1:], -1, axis=1),
        "contact_forces": data.cfrc_ext[1:, 3:],
        "contact_torques": data.cfrc_ext[1:, :3],
        "actions": data.ctrl[[joints.index(name) for name in task.actuated]],
    }
    out = {name: torch.tensor(x[None]) for name, x in batched.items()}
    return {
        **out,
        "body_mass": torch.tensor(model.body_mass[1:]),
        "body_com": torch.tensor(model.body_ipos[1:]),
    }


def test_the_rewards_of_a_hundred_steps(tmp_path: Path) -> None:
    gymnasium = pytest.importorskip("gymnasium")  # comes with rl_games
    if "Humanoid-v5" not in gymnasium.registry:
        pytest.skip(f"gymnasium {gymnasium.__version__} has no Humanoid-v5; that of Python 3.8 is too old")
    env = gymnasium.make("Humanoid-v5").unwrapped
    file = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / "humanoid.xml"
    (tmp_path / "task.yaml").write_text(TASK.format(file=file), encoding="utf-8")
    task = rewardlang.load_task(tmp_path)
    spec = rewardlang.parse(f'extends "zoo/gymnasium/humanoid_v5.reward"\n{WITH_TORQUES}')
    reward = rewardlang.Reward(rewardlang.compile(spec, task, quantities=TORQUES), 1, dtype=torch.float64)
    env.action_space.seed(0)
    steps = falls = contacts = 0
    while steps < 100:
        env.reset(seed=steps)
        reward.reset(read(env.model, env.data, task))
        fallen = False
        while not fallen:
            _, paid, fallen, _, terms = env.step(env.action_space.sample())
            out = reward.step(read(env.model, env.data, task))
            mine = dict(zip(reward.names, out.contributions[0].tolist()))
            assert mine == pytest.approx({name: terms[f"reward_{name}"] for name in mine}, abs=1e-12)
            assert float(out.reward) == pytest.approx(paid, abs=1e-12) and bool(out.terminated) == fallen
            steps, falls, contacts = steps + 1, falls + fallen, contacts + (terms["reward_contact"] < 0)
    assert falls > 2 and contacts > 10
