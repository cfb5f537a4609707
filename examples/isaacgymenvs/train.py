"""IsaacGymEnvs' own training, its task paid by a spec: python train.py walk.reward task=Humanoid num_envs=4096

What follows the spec goes to IsaacGymEnvs' train.py as it is. Its logs gain each term, under `Episode/` (the mean of a step) and
`episode_cumulative/` (the sum of an episode), and `gt_reward`, what the task itself would have paid.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import isaacgym  # noqa: F401  before torch, as always
import isaacgymenvs
from isaacgymenvs.tasks import isaacgym_task_map

from rewardlang.integrations.isaacgymenvs import attach


def main() -> None:
    if len(sys.argv) < 2 or "=" in sys.argv[1]:
        sys.exit("usage: train.py SPEC [task=NAME] [what IsaacGymEnvs' train.py takes]")
    spec = sys.argv.pop(1)
    name = next((word[len("task=") :] for word in sys.argv if word.startswith("task=")), "Ant")
    isaacgym_task_map[name] = attach(isaacgym_task_map[name], spec)
    runpy.run_path(str(Path(isaacgymenvs.__file__).with_name("train.py")), run_name="__main__")


if __name__ == "__main__":
    main()
