"""`rewardlang emit`: a torch file of its own that TorchScript takes, and that pays what `Reward` pays."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import shipped
import torch
from zoo.cases import HOSTS

import rewardlang
from rewardlang import cli
from rewardlang.lang.standalone import _names, standalone

from .states import cast, sequence

ROOT = Path(__file__).parents[2]
SPECS = [
    *shipped.ALL,
    *sorted((ROOT / "tests/data/specs").glob("*.reward")),
]
ENVS, STEPS = 6, 12


def module(text: str, path: Path) -> Any:
    """The file as Python imports it; TorchScript wants its source on disk."""
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_pays_what_reward_pays(path: Path, tmp_path: Path) -> None:
    """On random sequences with resets, as TorchScript; the file parses as Python 3.8."""
    host = HOSTS.get(f"{path.parent.name}/{path.stem}")
    compare(rewardlang.load(path), tmp_path / f"standalone_{path.stem}.py", host)


NAMES = """
terms = forward_vel
len = base_height
nonfinite = prev(len)
Step = contact_forces.z > 1[N]
float = prev2(terms)
param step = 2
drop terminate fallen
reward = terms*nonfinite*step as reward + steps(Step["head"]) as mask + float as state + 3 as s
metric q = len
"""


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_names_of_the_spec_hide_none_of_ours(tmp_path: Path) -> None:
    compare(rewardlang.parse(NAMES), tmp_path / "standalone_names.py")


def compare(spec: rewardlang.Spec, path: Path, host: Any = None) -> None:
    program = rewardlang.compile(spec, quantities=host)
    text = standalone(program, {})
    ast.parse(text, feature_version=(3, 8))
    file = module(text, path)
    step, reset = torch.jit.script(file.step), torch.jit.script(file.reset)
    device = torch.device("cpu")
    k, p, s = file.constants(device), file.params(device), file.start(ENVS, device)
    reward = rewardlang.Reward(program, ENVS)
    for i, moment in enumerate(sequence(program.vocabulary, ENVS, STEPS, seed=3, extreme=0.1)):
        reached, after = cast(moment.reached, torch.float32), cast(moment.after, torch.float32)
        if i > 0:
            mine, out = step(reached, s, p, k), reward.step(reached)
            torch.testing.assert_close(
                torch.stack([mine.terms[n] for n in file.TERMS], 1), out.contributions, equal_nan=True
            )
            torch.testing.assert_close(mine.reward, out.reward)
            for name in ("terminated", "time_out", "nonfinite"):
                assert torch.equal(getattr(mine, name), getattr(out, name)), name
            assert list(mine.causes) == list(out.causes) and list(mine.metrics) == list(out.metrics)
            assert all(torch.equal(mine.causes[n], x) for n, x in out.causes.items())
            torch.testing.assert_close(dict(mine.metrics), out.metrics, equal_nan=True)
            s = mine.state
            for name in reached:  # a simulator writes its next state into the same tensors
                reached[name].zero_()
        s = reset(moment.reset, after, s, p, k)
        reward.reset(after, moment.reset)


def test_long_lists_of_names_stay_whole() -> None:
    """Names of a model may hold blanks and quotes."""
    names = ["a leg", 'the "left" one', *(f"joint {i}" for i in range(30))]
    text = _names("JOINTS", names)
    assert (
        ast.literal_eval(text[len("JOINTS = ") :]) == tuple(names) and max(map(len, text.splitlines())) <= 100
    )


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The file's params have the values of --set, and nothing of rewardlang is imported with it."""
    out = tmp_path / "reward.py"
    spec = str(ROOT / "reward_specs" / "humanoid" / "walk.reward")
    assert cli.main(["emit", spec, "-o", str(out), "--set", "target_speed=1.25"]) == 0
    assert capsys.readouterr().out == f"wrote {out}\n"
    code = "import sys, torch, reward; print(float(reward.params(torch.device('cpu'))['target_speed']), 'rewardlang' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1.25", "False"]
    assert cli.main(["emit", spec]) == 0
    text = capsys.readouterr().out
    assert "def step(" in text and "Position of the base, from the environment's origin." in text
    assert cli.main(["emit", spec, "--set", "target_speed=99"]) == 2


def test_a_spec_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    spec = tmp_path / "my.reward"
    spec.write_text("alive\n")
    assert cli.main(["emit", str(spec), "-o", str(spec)]) == 2 and spec.read_text() == "alive\n"
    assert "that is the name of a spec, and what is written is Python" in capsys.readouterr().err
