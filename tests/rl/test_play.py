"""Playing a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rewardlang.rl import video
from rewardlang.rl.play import play, play_text
from rewardlang.rl.run_folder import RunError


def test_a_play_is_plain_data(trained: Path) -> None:
    result = play(trained, episodes=4)
    assert json.loads(json.dumps(result)) == result
    assert (result["episodes"], result["epoch"]) == (
        4,
        json.loads((trained / "summary.json").read_text())["best"]["epoch"],
    )
    assert 0 <= result["survival"] <= 1 and 0 < result["episode_length_s"] <= 10
    assert result["displacement"] <= result["path_length"]
    assert [one["term"] for one in result["terms"]] == ["forward_vel", "alive", "sum_torques_2"]
    assert sum(one["share"] for one in result["terms"]) == pytest.approx(1)
    assert sum(one["per_episode"] for one in result["terms"]) == pytest.approx(result["return"], rel=1e-4)
    text = play_text(result)
    assert "survived" in text and "forward_vel" in text


def test_a_play_can_be_repeated(trained: Path) -> None:
    assert play(trained, episodes=4, checkpoint="last") == play(trained, episodes=4, checkpoint="last")
    assert play(trained, episodes=4, seed=2)["return"] != play(trained, episodes=4)["return"]


def test_a_video_is_written_whole(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setattr(video, "FPS", 2)  # rendering without a GPU takes a tenth of a second a picture
    path = tmp_path / "a.mp4"
    try:
        play(trained, episodes=1, video=path)
    except ValueError as error:
        pytest.skip(str(error))
    assert imageio_ffmpeg.count_frames_and_secs(str(path))[0] >= 1
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("options, message", [
    ({"episodes": 0}, "--episodes 0"),
    ({"seed": -1}, "--seed -1"),
    ({"checkpoint": "absent.pth"}, "no checkpoint absent.pth"),
    ({"checkpoint": __file__}, "is not a checkpoint"),
    ({"video": "a.avi"}, "must end in .mp4"),
    ({"video": "absent/a.mp4"}, "there is no folder absent"),
])  # fmt: skip
def test_a_wrong_option_is_one_error(trained: Path, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        play(trained, **{"episodes": 1, **options})


def test_a_missing_library_is_named(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ValueError, match="pip install imageio-ffmpeg"):
        play(trained, episodes=1, video=tmp_path / "a.mp4")
    monkeypatch.undo()
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    monkeypatch.setitem(sys.modules, "mujoco.osmesa", None)
    with pytest.raises(ValueError, match="libegl1"):
        play(trained, episodes=1, video=tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_run_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not a run folder"):
        play(tmp_path)
    with pytest.raises(RunError, match="there is no run folder"):
        play(tmp_path / "absent")
