"""A process that trains along with the leading one: it shows and writes nothing, and ends when that one says so."""

from __future__ import annotations

from typing import Any

from . import ranks
from .agents import TrainingOver, seed_all
from .interrupt import end_on_interrupt
from .rl_games_import import AlgoObserver


def follow(agent: Any, env: Any, seed: int) -> None:
    """Train until the leading process ends the training. A checkpoint holds its random state alone: this one's is made anew."""
    if agent.epoch_num:
        seed += 7919 * agent.epoch_num  # not the numbers of the start again
        seed_all(seed % 2**32)
        env.generator.manual_seed(seed)
    follower = Follower(agent)
    with end_on_interrupt(patient=True):  # the leading process gets the same Ctrl-C, and says so
        try:
            agent.train()
            follower.between_epochs(agent.epoch_num)
        except TrainingOver:
            pass


class Follower(AlgoObserver):
    """The observer of such an agent, and its `between_epochs`."""

    def __init__(self, agent: Any) -> None:
        self.agent, self.epoch = agent, agent.epoch_num
        agent.algo_observer, agent.between_epochs = self, self.between_epochs

    def after_clear_stats(self) -> None:
        """See Recorder."""

    def between_epochs(self, epoch: int) -> None:
        """Raises TrainingOver if the leading process says that it was the last."""
        if epoch == self.epoch:
            return
        self.epoch = epoch
        self.agent.frame += self.agent.curr_frames * self.agent.world_size  # rl_games leaves it at 0 here
        if ranks.agree(False, self.agent.device):
            raise TrainingOver
