"""Training does without torch's compiler, and whoever asks for it afterwards has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TRAINS = """
import sys
import torch
from rewardlang.rl.train import train

compile = torch.compile
train({spec!r}, task={task!r}, num_envs=4, max_epochs=1, out={out!r})
assert torch.compile is compile
print("trained with", [name for name in {heavy!r} if name in sys.modules])
"""
HEAVY = ("torch._inductor", "torch._dynamo.eval_frame", "torch.utils.tensorboard", "sympy", "networkx")

USED = """
import sys
import torch
import rewardlang.rl.rl_games_import as ours

there = sys.modules["torch._dynamo"]
assert type(there) is ours.Waiting and torch._dynamo is there
from rl_games.envs.test_network import SimpleNet
from rl_games.algos_torch import sac_agent

assert vars(there.config)["_given"] == {{"cache_size_limit": 64}}  # rl_games set it here
assert SimpleNet.forward.__code__ is ours._compile_later(torch.compile, lambda net: net).__code__
assert sac_agent.SummaryWriter is ours._summary_writer and "torch.utils.tensorboard" not in sys.modules
assert torch.compile.__module__ == "torch"  # only while rl_games was imported was it another
print(*[name for name in {heavy!r} if name in sys.modules])
"""

ASKS = """
import sys, warnings
warnings.simplefilter("ignore")
import torch
import rewardlang.rl.rl_games_import
from rl_games.envs.test_network import SimpleNet

weight = torch.nn.Parameter(torch.ones(2))
adam = torch.optim.Adam([weight])
weight.sum().backward()
adam.step()
adam.zero_grad()
marked = torch.optim.Optimizer.zero_grad.__wrapped__
assert marked.__dynamo_disable is marked and "torch._dynamo.eval_frame" not in sys.modules

seen = []
graphs = lambda graph, inputs: seen.append(graph) or graph.forward
double = torch.compile(lambda x: 2 * x + 1, backend=graphs)
assert double(torch.ones(3)).tolist() == [3, 3, 3] and len(seen) == 1

import torch._dynamo.config as config
assert sys.modules["torch._dynamo"] is torch._dynamo and torch._dynamo.__path__
assert config.cache_size_limit == 64  # rl_games' own
adam.zero_grad()
assert marked.__dynamo_disable is not marked  # torch's Dynamo marks it now
from torch.utils.tensorboard import SummaryWriter
assert isinstance(SummaryWriter, type)
assert SimpleNet.forward.__wrapped__.__name__ == "forward"
print("fine")
"""


def test_a_training_needs_no_compiler(task: Path, spec: Path, tmp_path: Path) -> None:
    code = TRAINS.format(spec=str(spec), task=str(task), out=str(tmp_path), heavy=HEAVY)
    assert _run(code).endswith("trained with []")


def test_rl_games_met_the_stand_in() -> None:
    """That it is in use: rl_games' setting waits in it, its decorated function is put off, its SAC has the name of a writer."""
    assert _run(USED.format(heavy=HEAVY)) == ""


def test_what_is_put_off_comes_when_it_is_asked_for() -> None:
    assert _run(ASKS) == "fine"


def test_nothing_else_imports_rl_games(package: Path = Path(__file__).parents[2] / "rewardlang") -> None:
    found = [
        path.name
        for path in package.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import rl_games", "from rl_games "))
        or line.strip().startswith("from rl_games.")
    ]
    assert set(found) == {"rl_games_import.py"}


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
