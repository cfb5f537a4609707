"""Trainings with rl_games' PPO on the real task: what they leave behind, and that they can be trusted."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Callable, Dict, List

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rewardlang.rl import recorder
from rewardlang.rl.agents import Diverged
from rewardlang.rl.run_folder import RunError
from rewardlang.rl.scalars import read_csv
from rewardlang.rl.train import train

TERMS = ("forward_vel", "alive", "sum_torques_2")
WALL_CLOCK = ("seconds", "performance/")


def events(run: Path) -> Dict[str, List[tuple]]:
    """{tag: [(step, value)]} as TensorBoard reads it."""
    reader = EventAccumulator(str(run / "summaries"), size_guidance={"scalars": 0})
    reader.Reload()
    return {
        tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]
    }


def outcome(run: Path) -> List[Dict[str, float]]:
    """scalars.csv without what a clock measured."""
    return [
        {tag: value for tag, value in row.items() if not tag.startswith(WALL_CLOCK)}
        for row in read_csv(run / "scalars.csv")
    ]


def test_a_run_folder_is_complete(trained: Path, spec: Path) -> None:
    files = {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()}
    wanted = {"spec.reward", "original.reward", "reward.py", "ppo.yaml", "run.json", "summary.json", "scalars.csv", "train.log",
              "nn/last.pth", "nn/best.pth", "task/task.yaml", "task/humanoid.xml"}  # fmt: skip
    assert wanted <= files
    assert (trained / "original.reward").read_text() == spec.read_text()
    info = json.loads((trained / "run.json").read_text())
    assert (info["seed"], info["algo"], info["num_envs"], info["task"]) == (1, "ppo", 16, "humanoid")
    assert {"python", "torch", "rl-games"} <= set(info["versions"]) and len(info["hash"]) >= 8
    summary = json.loads((trained / "summary.json").read_text())
    assert (summary["status"], summary["epoch"], summary["frames"]) == ("max_epochs", 6, 6 * 16 * 24)
    assert "self.seed = 1" in (trained / "train.log").read_text()


def test_the_terms_add_up_to_the_reward(trained: Path) -> None:
    tags = events(trained)
    assert len(tags["reward/total"]) == 6
    for i, (step, total) in enumerate(tags["reward/total"]):
        parts = [tags[f"terms/{term}"][i] for term in TERMS] + [
            tags[tag][i] for tag in tags if tag == "reward/total_rule"
        ]
        assert {one for one, _ in parts} == {step}
        assert math.isclose(sum(value for _, value in parts), total, rel_tol=1e-5)


def test_every_tag_is_there(trained: Path) -> None:
    tags = events(trained)
    for term in TERMS:
        for prefix in ("terms/", "terms_raw/", "episode/", "nonfinite/"):
            assert prefix + term in tags
    for tag in (
        "ep_len_mean",
        "ep_rew_mean",
        "approxkl",
        "terminations/fallen",
        "rewards/step",
        "losses/a_loss",
        "info/kl",
        "info/last_lr",
    ):
        assert tag in tags
    assert tags["approxkl"] == tags["info/kl"]


def test_the_csv_and_the_events_agree(trained: Path) -> None:
    rows, tags = read_csv(trained / "scalars.csv"), events(trained)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["frame"] for row in rows] == [step for step, _ in tags["reward/total"]]
    for tag, points in tags.items():
        assert [value for _, value in points] == pytest.approx(
            [row[tag] for row in rows if tag in row], rel=1e-6
        )


def test_a_seed_decides_everything(small: Callable[..., Path], trained: Path) -> None:
    assert outcome(small()) == outcome(trained)


def test_seed_zero_is_a_seed(small: Callable[..., Path], trained: Path) -> None:
    first = outcome(small(seed=0, max_epochs=2))
    assert first == outcome(small(seed=0, max_epochs=2))
    assert first != outcome(trained)[:2]


def test_a_checkpoint_is_plain_data_with_all_of_the_state(trained: Path) -> None:
    state = torch.load(trained / "nn" / "last.pth", weights_only=True)
    assert (state["epoch"], state["frame"]) == (6, 6 * 16 * 24)
    assert {"model", "optimizer", "env_state", "schedule", "rewardlang"} <= set(state)
    assert {"running_mean_std.running_mean", "value_mean_std.running_mean"} <= set(state["model"])
    assert (
        torch.load(trained / "nn" / "best.pth", weights_only=True)["rewardlang"]["best"]
        == state["rewardlang"]["best"]
    )


@pytest.mark.filterwarnings("ignore:numpy.core")
def test_rl_games_own_player_loads_a_checkpoint(trained: Path) -> None:
    from rl_games.algos_torch import torch_ext

    assert "model" in torch_ext.load_checkpoint(str(trained / "nn" / "best.pth"))


def test_a_term_that_is_not_finite_is_named_and_kills_nothing(small: Callable[..., Path], tmp_path: Path,
                                                              capsys: pytest.CaptureFixture) -> None:  # fmt: skip
    spec = tmp_path / "odd.reward"
    spec.write_text("forward_vel + 1.0*alive + 0.1*sqrt(forward_vel / 1[m/s]) as odd\n")
    run = small(spec=spec, max_epochs=3)
    rows = read_csv(run / "scalars.csv")
    assert sum(row["nonfinite/odd"] for row in rows) > 0 == sum(row["nonfinite/alive"] for row in rows)
    assert all(math.isfinite(value) for row in rows for value in row.values())
    assert "term odd gave" in capsys.readouterr().out


def test_the_best_is_that_of_the_reward_as_it_is(small: Callable[..., Path], tmp_path: Path) -> None:
    """While a weight falls returns fall, however good the policy: what came before is no measure."""
    spec = tmp_path / "ramp.reward"
    for text in (
        "(1 - 0.9*ramp(epoch, 0, 5)) * alive",
        "max(alive - 0.9*ramp(epoch, 0, 5), 0) as pay",
    ):
        spec.write_text(text + "\n")
        run = small(spec=spec, max_epochs=8, out=tmp_path / str(len(text)))
        assert json.loads((run / "summary.json").read_text())["best"]["epoch"] == 8


def test_max_minutes_ends_in_order(small: Callable[..., Path]) -> None:
    run = small(max_epochs=1000, max_minutes=0.001)
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "max_minutes" and summary["saved_epoch"] == summary["epoch"] < 100


def test_a_failure_shows_what_rl_games_said(small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture) -> None:  # fmt: skip
    def fail(self: object, *_: object) -> None:
        print("something odd")
        raise RuntimeError("it broke")

    monkeypatch.setattr(recorder.Recorder, "after_print_stats", fail)
    with pytest.raises(RuntimeError, match="it broke"):
        small(out=tmp_path)
    shown = capsys.readouterr().out
    assert "something odd" in shown and "--resume" in shown
    assert json.loads((tmp_path / "a" / "summary.json").read_text())["status"] == "failed"


@pytest.mark.parametrize("options, message", [
    ({"algo": "ddpg"}, "--algo 'ddpg' must be one of ppo, sac"),
    ({"seed": -1}, "--seed -1"),
    ({"num_envs": 0}, "--num-envs 0 must be at least 1"),
    ({"max_epochs": 0}, "--max-epochs 0"),
    ({"max_minutes": 0}, "--max-minutes 0"),
    ({"device": "cuda:99"}, "--device cuda:99"),
    ({"device": "gpu"}, "--device gpu"),
    ({"sim": "mujoko"}, "mujoko"),
    ({"name": "a/b"}, "--name 'a/b'"),
    ({"spec": "absent.reward"}, "absent.reward"),
    ({"task": "humanoyd"}, "humanoyd"),
    ({"params": {"speed": 1.0}}, "speed"),
    ({"resume": "absent"}, "there is no run folder absent"),
])  # fmt: skip
def test_bad_input_writes_nothing(
    small: Callable[..., Path], tmp_path: Path, options: dict, message: str
) -> None:
    out = tmp_path / "runs"
    with pytest.raises((ValueError, OSError)) as caught:
        small(out=out, **options) if "resume" not in options else train(**options)
    assert message in str(caught.value)
    assert not out.exists()


def test_a_taken_name_is_refused(small: Callable[..., Path], trained: Path) -> None:
    before = (trained / "scalars.csv").read_bytes()
    with pytest.raises(RunError, match="exists: choose another --name"):
        small(out=trained.parent)
    assert (trained / "scalars.csv").read_bytes() == before


def test_sac_ends_also_before_an_episode_has(small: Callable[..., Path]) -> None:
    run = small(algo="sac", max_epochs=1)  # 16 steps: nobody has fallen yet
    assert [row["epoch"] for row in read_csv(run / "scalars.csv")] == [1]


def test_sac_trains_and_goes_on(small: Callable[..., Path], task: Path) -> None:
    run = small(algo="sac", max_epochs=12)
    alpha = torch.load(run / "nn" / "last.pth", weights_only=True)["log_alpha"]
    assert alpha != torch.tensor(0.1).log()  # it has learned
    assert json.loads((run / "summary.json").read_text())["status"] == "max_epochs"
    train(resume=run, max_epochs=13)
    assert [row["epoch"] for row in read_csv(run / "scalars.csv")] == list(range(1, 14))
    # no update while the buffer fills again
    assert torch.load(run / "nn" / "last.pth", weights_only=True)["log_alpha"] == alpha


@pytest.mark.parametrize("graphs", [False, True])
def test_a_policy_that_diverges_ends_the_training_and_is_not_saved(small: Callable[..., Path], task: Path, tmp_path: Path, graphs: bool) -> None:  # fmt: skip
    """rl_games' own loop would stop in torch's sampling; the graphs, which ask for nothing, would go on for good."""
    folder = tmp_path / "humanoid"
    shutil.copytree(task, folder)
    text = (folder / "ppo.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "learning_rate: 1.0e-3", f"cuda_graphs: {graphs}\n    lr_schedule: None\n    learning_rate: 1.0e+30"
    )
    (folder / "ppo.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Diverged, match="its weights are not finite after epoch"):
        small(task=folder, out=tmp_path, max_epochs=8)
    run = tmp_path / "a"
    assert json.loads((run / "summary.json").read_text())["status"] == "diverged"
    for saved in (run / "nn").glob("*.pth"):
        weights = torch.load(saved, weights_only=True)["model"].values()
        assert all(weight.isfinite().all() for weight in weights)
