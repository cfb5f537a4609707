"""What happens around an epoch: statistics are read, written, shown, saved; and training ends in time."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Any, Deque, Dict, Mapping, Optional, Sequence, Tuple

from . import checkpoint, ranks
from .agents import Diverged, TrainingOver, finite
from .console import Display, Progress
from .diagnostics import Watch, table
from .interrupt import Wish
from .rl_games_import import AlgoObserver
from .run_folder import RunFolder
from .scalars import Scalars
from .schedule import moving, standing

Best = Dict[str, Any]  # {"score": mean return, "epoch": number, "reward": what it was then} or {}

SETTLED = 2  # episode lengths after which none that began before a change is left in the mean return


class Recorder(AlgoObserver):
    """rl_games' observer of one training session, and the `between_epochs` of its agent."""

    def __init__(
        self,
        agent: Any,
        env: Any,
        run: RunFolder,
        scalars: Scalars,
        display: Display,
        wish: Wish,
        *,
        bests: Sequence[Best],
        changed: Optional[int],
        max_minutes: Optional[float],
        spec_hash: str,
        watched: Optional[Mapping[str, Any]] = None,
    ):
        self.agent, self.env, self.run, self.scalars, self.display, self.wish = (
            agent,
            env,
            run,
            scalars,
            display,
            wish,
        )
        self.spec_hash = spec_hash
        self._moving = moving(env.reward.program)
        self._reward = standing(env.reward, self._moving)
        self._changed = changed
        comparable = [best for best in bests if best and best["reward"] == self._reward]
        self.best: Best = max(comparable, key=lambda best: best["score"], default={})
        self.terms = [term.name for term in env.reward.program.terms]
        self.watch = Watch(self.terms, env.reward.anatomies, env.num_envs * agent.world_size, watched)
        self.epoch = self.saved_epoch = agent.epoch_num
        self.ended_by = "max_epochs"
        self.deadline = time.monotonic() + 60 * max_minutes if max_minutes is not None else float("inf")
        self._seconds = 0.0
        self._unwritten = False
        self._frame = agent.frame
        self._pace: Deque[Tuple[float, int]] = deque([(time.monotonic(), agent.frame)], maxlen=20)
        agent.algo_observer, agent.writer, agent.between_epochs = self, scalars, self.between_epochs
        if self.epoch == 0:
            self._save(regular=True)  # so that a run killed in its first epochs can be resumed too

    def after_clear_stats(self) -> None:
        """rl_games calls it, and forgets it in the class this derives from."""

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        """rl_games' call at the end of an epoch, before it writes the returns. One transfer from the device."""
        self._seconds, self._frame = total_time, frame
        reward = self.env.reward
        read = reward.read_statistics()
        self.scalars.add(read, frame)
        for remark in self.watch.add(epoch_num, read, reward.params, reward.weights.tolist()):
            self.display.note(f"epoch {remark.epoch}: {remark.text}")

    def between_epochs(self, epoch: int) -> None:
        """An epoch is complete. Raises TrainingOver if it was the last."""
        if epoch == self.epoch:
            return  # the first epoch of a session has none before it
        self.epoch, self._unwritten = epoch, True
        self._pace.append((time.monotonic(), self.agent.frame))
        config = self.agent.config
        over = self._over(config.get("max_epochs", -1), config.get("max_frames", -1))
        if self.agent.multi_gpu:
            ranks.agree(bool(over), self.agent.device)
        self._save(regular=bool(over) or epoch % config["save_frequency"] == 0)
        if over or not self.agent.runs_ahead:
            self._write()
        if over:
            self.ended_by = over
            raise TrainingOver

    def after_steps(self) -> None:
        """rl_games' call after the steps of an epoch. An agent that runs ahead of its device has only asked for them: the device is
        busy, and there is time for the logs of the epoch before.
        """
        self._write()

    def _write(self) -> None:
        """Write and show the epoch that ended last, once."""
        if self._unwritten:
            self._unwritten = False
            self.scalars.write_epoch(self.epoch, self._frame, self._seconds)
            self.display.update(self.progress())

    def progress(self) -> Progress:
        """Where the training is."""
        (start, before), (end, now) = self._pace[0], self._pace[-1]
        return Progress(
            epoch=self.epoch,
            max_epochs=self.agent.config.get("max_epochs", -1),
            frames=self.agent.frame,
            seconds=self.scalars.seconds,
            steps_per_s=(now - before) / (end - start) if end > start else 0.0,
            dt=self.env.task.dt,
            best=self.best.get("score"),
            terms=self.terms,
            stats=self.scalars.last,
        )

    def finish(self, status: str) -> Dict[str, Any]:
        """Close the logs and write summary.json with how it ended; returns it."""
        self._write()
        self.scalars.close()
        summary = self._summary(status)
        self.run.write_summary(summary)
        return summary

    def _over(self, max_epochs: int, max_frames: int) -> str:
        if self.wish.asked:
            return "interrupted"
        if time.monotonic() > self.deadline:
            return "max_minutes"
        if 0 < max_epochs <= self.epoch or 0 < max_frames <= self.agent.frame:
            return "max_epochs" if 0 < max_epochs <= self.epoch else "max_frames"
        return ""

    def _save(self, regular: bool) -> None:
        """Write the last checkpoint if it is due, the best if this is it. Both hold the same state.

        The best is that of the reward as it is: while a schedule changes it, the newest policy is the best. Raises Diverged
        in place of saving what is no policy.
        """
        if (regular or not self.agent.runs_ahead) and not finite(self.agent.model):
            raise Diverged(self.epoch)
        if self._reward_changes():
            self.best = {}
        # An epoch on a GPU is shorter than a save: there the best is the best of those that are saved anyway.
        score = self._score() if regular or not self.agent.runs_ahead else None
        better = (
            score is not None
            and self.epoch >= self.agent.config["save_best_after"]
            and score > self.best.get("score", -float("inf"))
        )
        if better:
            self.best = {"score": score, "epoch": self.epoch, "reward": self._reward}
        if not (better or regular):
            return
        self._write()  # a checkpoint says how far the logs reach
        data = checkpoint.snapshot(
            self.agent,
            self.epoch,
            best=self.best,
            changed=self._changed,
            logs=self.scalars.position(),
            spec=self.spec_hash,
            seconds=self.scalars.seconds,
            watch=self.watch.state(),
        )
        if better:
            checkpoint.write(self.run.best, data)
        if regular:
            checkpoint.write(self.run.last, data)
            self.saved_epoch = self.epoch
            self.run.write_summary(self._summary("running"))

    def _reward_changes(self) -> bool:
        """Whether the score holds episodes of another reward: until SETTLED after the reward changed last."""
        now = standing(self.env.reward, self._moving)
        if now != self._reward:
            self._reward, self._changed = now, self.agent.frame
        if self._changed is None:
            return False
        everyone = self.env.num_envs * self.agent.world_size
        return self.agent.frame - self._changed < SETTLED * self.env.task.max_episode_length * everyone

    def _score(self) -> Optional[float]:
        """Mean return of the newest finished episodes, as many as `games_to_track`; None before the first."""
        meter = self.agent.game_rewards
        return float(meter.mean.reshape(-1)[0]) if meter.current_size > 0 else None

    def _summary(self, status: str) -> Dict[str, Any]:
        progress = self.progress()
        return {
            "status": status,
            "epoch": self.epoch,
            "saved_epoch": self.saved_epoch,
            "frames": progress.frames,
            "seconds": round(progress.seconds, 1),
            "steps_per_s": round(progress.steps_per_s, 1),
            "best": {key: self.best[key] for key in ("score", "epoch") if key in self.best},
            "terms": table(self.terms, self.scalars.last),
            "remarks": [remark._asdict() for remark in self.watch.remarks],
            "scalars": {
                tag: value if math.isfinite(value) else None for tag, value in self.scalars.last.items()
            },
        }
