"""Unmodified tasks of IsaacGymEnvs on the double of Isaac Gym: NAME [STEPS], each in a process of its own; prints JSON.

PYTHONPATH has the double, a checkout of IsaacGymEnvs and rewardlang.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, List

import isaacgym
import isaacgymenvs
import torch
from hydra import compose, initialize_config_dir
from isaacgym import gymapi
from isaacgymenvs.tasks import isaacgym_task_map
from isaacgymenvs.tasks.base import vec_task

import rewardlang
from rewardlang.integrations.isaacgymenvs import attach

assert isaacgym.IS_TEST_DOUBLE
ENVS = 8
EPISODE = {"Humanoid": 24, "Ant": 60}  # of which some are cut by a fall, some are not
SPECS = {"Humanoid": "humanoid", "Ant": "ant_as_published"}
LOWEST = {
    "Humanoid": 0.8,
    "Ant": 0.45,
}  # where a fall begins; an Ant's own 0.31 m is not reached in so few steps
UNKNOWN = "reward = base_hieght / 1[m]"
LACKS = 'reward = sum(dof_pos[joints("elbow_9")]) / 1[rad]'
MEMORY = """
reward = delta(root_pos.x)/1[m] as moved - 0.1*sum(delta(actions)^2) as jerk + 0.01*prev(base_height)/1[m] as height + 0.001*episode_step as late
"""


ORIGINALS = dict(isaacgym_task_map)


def make(name: str, spec: Any, **params: float) -> Any:
    """The task from IsaacGymEnvs' own `make` and config, paid by a spec; `own` is what itself pays, and its resets."""

    class Watched(ORIGINALS[name]):  # type: ignore[misc]
        def compute_reward(self, actions: torch.Tensor) -> None:
            super().compute_reward(actions)
            self.own = self.rew_buf.clone(), self.reset_buf.clone()

    isaacgym_task_map[name] = attach(Watched, spec, params=params)
    torch.manual_seed(0)  # of its resets
    gymapi.forget()  # as in a new process
    vec_task.EXISTING_SIM = None
    given = [f"task={name}", f"num_envs={ENVS}", "sim_device=cpu", "rl_device=cpu", "pipeline=cpu", "headless=True",
             f"task.env.episodeLength={EPISODE[name]}", f"task.env.terminationHeight={LOWEST[name]}"]  # fmt: skip
    with initialize_config_dir(
        config_dir=str(Path(isaacgymenvs.__file__).parent / "cfg"), version_base="1.1"
    ):
        cfg = compose("config", overrides=given)
    return isaacgymenvs.make(0, name, ENVS, "cpu", "cpu", -1, True, force_render=False, cfg=cfg)


def stepped(task: Any, steps: int) -> Any:
    """Each step's actions, of what does well enough that not all fall at once, and which environments begin anew on it."""
    drawn = torch.Generator().manual_seed(1)
    for _ in range(steps):
        begun = task.reset_buf.bool()
        actions = torch.rand(ENVS, task.num_actions, generator=drawn) * 2.4 - 1.2  # beyond what is clipped
        yield begun, task.step(actions)


def equal(name: str, steps: int) -> Dict[str, float]:
    """The greatest differences of the zoo's spec from the task's own reward, and with the latter's progress in float64."""
    task = make(name, f"zoo/isaacgymenvs/{SPECS[name]}.reward", termination_height=LOWEST[name])
    target = torch.tensor([1000.0, 0.0], dtype=torch.float64)
    potential = lambda: -(target - task.root_states[:, :2].double()).norm(dim=1) / 0.0166
    before, worst, exact, gt, split = potential(), 0.0, 0.0, 0.0, 0.0
    falls = timeouts = resets = 0
    paid: List[float] = []
    for begun, (_, reward, done, extras) in stepped(task, steps):
        own, ended = task.own
        now = potential()
        before = torch.where(begun, now, before)
        fallen = own == task.death_cost
        better = own.double() - (task.potentials - task.prev_potentials).double() + now - before
        better = torch.where(fallen, own.double(), better)
        before = now
        worst = max(worst, float((reward - own).abs().max()))
        exact = max(exact, float((reward.double() - better).abs().max()))
        gt = max(gt, float((extras["gt_reward"] - own.mean()).abs()))
        terms = sum(extras["episode_cumulative"].values())
        split = max(split, float((terms - reward).abs()[~fallen].max())) if not fallen.all() else split
        assert torch.equal(done, ended)
        falls, timeouts, resets = (
            falls + int(fallen.sum()),
            timeouts + int(extras["time_outs"].sum()),
            resets + int(done.sum()),
        )
        paid.append(float(reward.std()))
    return {"worst": worst, "exact": exact, "gt_reward": gt, "terms": split, "falls": falls, "timeouts": timeouts,
            "resets": resets, "spread": sum(paid) / len(paid)}  # fmt: skip


def remembered(name: str, steps: int) -> Dict[str, float]:
    """The greatest difference of a spec that remembers from the same in torch, with what a leak over the resets would make of it."""
    task = make(name, rewardlang.parse(MEMORY))
    x, height, last = torch.zeros(ENVS), torch.zeros(ENVS), torch.zeros(ENVS, task.num_actions)
    leaked_x, worst, leak = torch.zeros(ENVS), 0.0, 0.0
    for begun, (_, reward, _, _) in stepped(task, steps):
        new_x, new_height = task.root_states[:, 0].clone(), task.root_states[:, 2].clone()
        leak = max(leak, float((new_x - leaked_x).abs()[begun].max())) if begun.any() else leak
        x, height = torch.where(begun, new_x, x), torch.where(begun, new_height, height)
        last = torch.where(begun[:, None], torch.zeros_like(last), last)
        mine = (
            new_x
            - x
            - 0.1 * (task.actions - last).square().sum(1)
            + 0.01 * height
            + 0.001 * (task.progress_buf + 1)
        )
        worst = max(worst, float((reward - mine).abs().max()))
        x, height, last, leaked_x = new_x, new_height, task.actions.clone(), new_x
    return {"worst": worst, "leak": leak}


def refused(name: str) -> Dict[str, str]:
    """Where a spec that names what is not there is told so: what nobody has, and what this robot lacks."""
    attach(ORIGINALS[name], rewardlang.parse(LACKS))
    said = {}
    for text in (UNKNOWN, LACKS):
        try:
            attach(ORIGINALS[name], rewardlang.parse(text))
            make(name, rewardlang.parse(text))
        except rewardlang.RewardError as problem:
            said[text] = str(problem)
    return said


if __name__ == "__main__":
    robot, count = sys.argv[1], int(sys.argv[2])
    print(
        json.dumps(
            {
                "equal": equal(robot, count),
                "remembered": remembered(robot, count // 2),
                "refused": refused(robot),
            }
        )
    )
