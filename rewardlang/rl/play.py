"""A trained policy at work: one episode in each environment, without exploration noise, and what it was like."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import checkpoint as checkpoints
from .env import Host
from .episodes import Episodes
from .plan import make_env, replay_plan
from .policy import load_policy
from .print_log import PrintLog
from .run_folder import RunFolder
from .video import Video

Result = Dict[str, Any]
IN_TIME = 0.5  # a correlation of two feet's swings that is worth a line


def play(
    run: Any,
    *,
    episodes: int = 64,
    seed: Optional[int] = None,
    checkpoint: Optional[str] = None,
    video: Any = None,
    device: Optional[str] = None,
    host: Optional[Host] = None,
    viewer: bool = False,
) -> Result:
    """What the policy of a run does, as plain data; `play_text` makes a report of it.

    `checkpoint` is "best", "last" or a path; by default the best, else the last. `host` as for `train`.
    With a `viewer` it is shown in the simulator's window. Raises a ValueError if the run, the checkpoint, the video or the viewer
    can't be used.
    """
    if episodes < 1:
        raise ValueError(f"--episodes {episodes} must be at least 1")
    seed = 1 if seed is None else seed
    with PrintLog(partial(print, file=sys.stderr)):  # rl_games prints when a player is made
        plan = replay_plan(run, episodes=episodes, seed=seed, device=device)
        path = RunFolder(plan.folder).checkpoint(checkpoint)
        state = checkpoints.read(path, plan.device)
        env = make_env(plan, host, viewer)
        try:
            policy = load_policy(plan.algo, plan.settings, env.get_env_info(), state, plan.device)
            limit = plan.settings["config"].get("max_epochs", -1)
            env.reward.set_globals(
                epoch=state["epoch"],
                frames=state["frame"],
                progress=state["epoch"] / limit if limit > 0 else 0.0,
            )
            episode = Episodes(env)
            _play(env, policy, episode, video)
        finally:
            env.sim.close()
    return {
        "run": str(plan.folder),
        "checkpoint": path.name,
        "epoch": state["epoch"],
        "seed": seed,
        **episode.result(),
    }


def _play(env: Any, policy: Any, episode: Episodes, video: Any) -> None:
    obs = env.reset()
    episode.begin()
    film = Video(video, env.sim, env.task.dt) if video is not None else None
    try:
        for number in range(1, env.task.max_episode_length + 1):
            obs, _, done, infos = env.step(policy(obs))
            episode.add(done, infos["time_outs"])
            if film is not None and not bool(episode.over[0]):
                film.step(number)
    except BaseException:
        if film is not None:
            film.close(keep=False)
        raise
    if film is not None:
        film.close()


def play_text(result: Result) -> str:
    """The report of a play."""
    lines = [
        f"{result['run']}, {result['checkpoint']} of epoch {result['epoch']}: "
        f"{result['episodes']} episodes without exploration noise",
        "",
        *_rows(
            [
                ("survived", f"{result['survival']:.0%}", _endings(result["endings"])),
                ("episode length", f"{result['episode_length_s']:.2f} s", "mean"),
                ("forward speed", f"{result['forward_speed']:.2f} m/s", "in the base's frame"),
                (
                    "path",
                    f"{result['path_length']:.2f} m",
                    f"of the base, seen from above; {result['displacement']:.2f} m from the start",
                ),
            ]
        ),
    ]
    if result["tracking"] is not None:
        lines += _rows(_tracking(result["tracking"]))
    if result["gait"] is not None:
        lines += _rows(_gait(result["gait"]))
    lines += ["", f"return {result['return']:.2f} an episode, paid for:"]
    table = [("term", "per step", "share", "value", "per episode")] + [
        (
            one["term"],
            f"{one['per_step']:+.4f}",
            f"{one['share']:.0%}",
            f"{one['value']:.4g}",
            f"{one['per_episode']:+.2f}",
        )
        for one in result["terms"]
    ]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines += [
        "  "
        + row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))
        for row in table
    ]
    return "\n".join(lines)


def _tracking(found: Dict[str, Any]) -> List[Tuple[str, str, str]]:
    """What was asked for and how far off the robot was, means over a second with the command a second old."""
    rows = []
    if found["asked_speed"] is not None:
        rows += [
            (
                "velocity error",
                f"{found['velocity_error']:.2f} m/s",
                f"asked for {found['asked_speed']:.2f} m/s",
            ),
            ("turn error", f"{found['turn_error']:.2f} rad/s", f"asked for {found['asked_turn']:.2f} rad/s"),
        ]
    if found["standing_speed"] is not None:
        rows.append(("standing speed", f"{found['standing_speed']:.2f} m/s", "asked for 0"))
    return rows


def _gait(found: Dict[str, Any]) -> List[Tuple[str, str, str]]:
    rows = [
        (
            f"{number} feet down" if number != 1 else "1 foot down",
            f"{share:.0%}",
            "of the time after the first second" * (number == 0),
        )
        for number, share in enumerate(found["feet_down"])
    ]
    rows.append(("touchdowns", f"{found['touchdowns_per_s_and_foot']:.2f} /s", "a foot"))
    swing = sorted(found["swing"].items(), key=lambda one: -abs(one[1]))
    return rows + [
        ("swing", f"{value:+.2f}", f"{pair}: {'together' if value > 0 else 'in turn'}")
        for pair, value in swing
        if abs(value) > IN_TIME or len(swing) == 1
    ]


def _endings(endings: Dict[str, float]) -> str:
    return ", ".join(f"{cause} {share:.0%}" for cause, share in endings.items() if share > 0)


def _rows(rows: Sequence[Tuple[str, str, str]]) -> List[str]:
    return [f"  {name:<15}{value:>10}  {note}".rstrip() for name, value, note in rows]
