"""The fused kernels, run by Triton's interpreter, against the emitted torch code on random states with resets."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import torch
from inventory.test_inventory import ROWS, compiled
from lang.states import Moment, cast, sequence
from zoo.cases import HOSTS

import rewardlang
from rewardlang.notice import Notice
from rewardlang.reward import Reward
from rewardlang.statistics import COUNTS

np = pytest.importorskip("numpy")
fused = pytest.importorskip("rewardlang.fused", reason="Triton is not installed", exc_type=ImportError)
pytest.importorskip("triton", minversion="3.2")

ROOT = Path(__file__).parents[1]
SPECS = sorted((ROOT / "tests" / "data" / "specs").glob("*.reward")) + sorted(
    (ROOT / "reward_specs").rglob("*.reward")
)
SPECS += sorted((ROOT / "benchmarks" / "data").glob("*.reward"))
N, STEPS, CHANGE = 5, 2, 1


def compiled_of(path: Path) -> rewardlang.Compiled:
    """A spec with its observations, and with what it reads of a host."""
    host = HOSTS.get(f"{path.parent.name}/{path.stem}")
    return rewardlang.compile(rewardlang.load(path), observations=True, quantities=host)


@pytest.fixture(autouse=True)
def interpreted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with np.errstate(all="ignore"):
        yield


def close(ours: torch.Tensor, due: torch.Tensor, where: str, tolerance: float = 2e-4) -> None:
    np.testing.assert_allclose(
        ours.double().numpy(), due.double().numpy(), tolerance, tolerance, err_msg=where
    )


def pair(program: rewardlang.Compiled, n: int = N) -> List[Reward]:
    """The same reward by the fused kernels and by torch."""
    both = [Reward(program, n, backend=backend, gamma=0.93) for backend in ("triton", "torch")]
    for reward in both:
        reward.set_globals(epoch=3, frames=2.5e5, progress=0.3)
    return both


def compare(program: rewardlang.Compiled, moments: Iterator[Moment], n: int = N) -> None:
    """Everything public after every step and reset, with a param changed between, then the figures of the logs."""
    ours, due = pair(program, n)
    for at, moment in enumerate(moments):
        if at > CHANGE:
            for param in program.typed.params:
                for reward in (ours, due):
                    reward.set_param(param.name, max(param.lower, param.value - 0.05))
        if at:
            q = cast(moment.reached, torch.float32)
            same(ours.step(q), due.step(q), ours.names, f"step {at}")
        q = cast(moment.after, torch.float32)
        close(ours.reset(q, moment.reset), due.reset(q, moment.reset), f"observations after reset {at}")
        for slot, expected in zip(ours.state, due.state):
            close(slot, expected, f"state after reset {at}")
    read, expected = ours.read_statistics(), due.read_statistics()
    assert read.keys() == expected.keys()
    for name, value in expected.items():
        assert math.isclose(read[name], value, rel_tol=2e-3, abs_tol=2e-3), (name, read[name], value)
    assert ours.read_statistics() == {}


def same(ours: Any, due: Any, names: List[str], where: str) -> None:
    for i, name in enumerate(names):
        close(ours.values[:, i], due.values[:, i], f"value of {name}, {where}")
        close(ours.contributions[:, i], due.contributions[:, i], f"{name}, {where}")
    for field in ("reward", "observations"):
        close(getattr(ours, field), getattr(due, field), f"{field}, {where}")
    for field in ("terminated", "time_out", "nonfinite", "done"):
        assert torch.equal(getattr(ours, field), getattr(due, field)), f"{field}, {where}"
    for name, value in due.causes.items():
        assert torch.equal(ours.causes[name], value), f"{name}, {where}"
    for name, value in due.metrics.items():
        close(ours.metrics[name], value, f"metric {name}, {where}")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_spec(path: Path) -> None:
    program = compiled_of(path)
    compare(program, sequence(program.vocabulary, N, STEPS, 1))


@pytest.mark.parametrize("row", ROWS[::25], ids=lambda row: str(row.key))
def test_terms_of_public_projects(row: Any) -> None:
    """One in twenty-five of the inventory."""
    program = compiled(row)
    hosts = {name for name in Reward(program, 1, backend="torch").needs if name in row.hosts}
    ours, due = pair(program)
    for moment in sequence(program.vocabulary, N, STEPS, 2):
        q = cast(moment.reached, torch.float32)
        assert hosts <= set(q)
        for reward in (ours, due):
            reward(q)
        same(ours.step(q), due.step(q), ours.names, row.spec)


@pytest.mark.parametrize("n", [1, 33, 64])
def test_any_number_of_environments(n: int) -> None:
    """Blocks of environments that are full, or nearly empty."""
    program = rewardlang.compile(
        rewardlang.load(ROOT / "reward_specs" / "quadruped" / "trot.reward"), observations=True
    )
    compare(program, sequence(program.vocabulary, n, STEPS, 3), n)


def test_blocks_share_rows_of_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewardlang.lang.emit_triton.ROWS", 2)
    program = rewardlang.compile(
        rewardlang.load(ROOT / "reward_specs" / "quadruped" / "trot.reward"), observations=True
    )
    ours, _ = pair(program, 64)
    assert ours.fused is not None and ours.fused.blocks > 4 and len(ours.fused.books.sums) == 2
    compare(program, sequence(program.vocabulary, 64, STEPS, 3), 64)


def test_counts_of_a_full_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the largest block there can be: all of its values at an end of their range, zero, or not finite."""
    monkeypatch.setattr(fused, "SHAPES", ((128, 128, 4),))
    program = rewardlang.compile(
        "reward = 2*min(sum(abs(dof_pos)), 1) as low + clip(max(dof_vel), -1, 1) as high + sum(dof_pos^2) as zero + sum(torques) as sick"
    )
    ours, due = pair(program, 128)
    q = cast(next(sequence(program.vocabulary, 128, 0, 7)).reached, torch.float32)
    for name, value in (("dof_pos", 0.0), ("dof_vel", 9.0), ("torques", math.nan)):
        q[name] = torch.full_like(q[name], value)
    ours.step(q), due.step(q)
    (_, read), (_, expected) = ours.fused.books._taken(), due.statistics._taken()
    own = ("low", "high", "zero", "nonfinite")
    assert [expected[name][i] for i, name in enumerate(own)] == [128] * 4
    assert [read[name] for name in COUNTS] == [expected[name] for name in COUNTS]


SICK = """
task humanoid_velocity
reward = sum(torques^2) + min(torques[knees]) + 2*max(dof_vel) + gauss(base_height - 1[m], 0.5[m]) as near + mean(dof_pos, where=dof_vel > 0)
       + norm(contact_forces[feet])["left_foot"] + prod(dof_pos) + clip(base_lin_vel.x, -1, 1)
terminate low when base_height < 0.1[m]
terminate wild when any(abs(dof_vel) > 50[rad/s])
metric lowest = min(dof_pos, over=joints)
metric tilt = roll(root_quat)
"""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite(value: float) -> None:
    """It pays 0, ends the episode, and is counted, wherever it comes in."""
    program = rewardlang.compile(SICK, observations=True)
    ours, due = pair(program, 12)
    moments = list(sequence(program.vocabulary, 12, 1, 4))
    for reward in (ours, due):
        reward.reset(cast(moments[0].after, torch.float32))
    q = cast(moments[1].reached, torch.float32)
    for row, name in enumerate(
        ("torques", "dof_vel", "dof_pos", "contact_forces", "root_pos", "root_quat", "root_lin_vel")
    ):
        q[name] = q[name].clone()
        q[name][row].reshape(-1)[-1] = value
    out, expected = ours.step(q), due.step(q)
    same(out, expected, ours.names, str(value))
    assert expected.nonfinite.sum() >= 6 and (out.contributions[expected.nonfinite] == 0).any()
    read, wanted = ours.read_statistics(), due.read_statistics()
    assert {k: v for k, v in read.items() if k.startswith("nonfinite")} == {
        k: v for k, v in wanted.items() if k.startswith("nonfinite")
    }


def test_state_goes_from_one_backend_to_the_other() -> None:
    program = rewardlang.compile(
        "ema(forward_vel, 0.2[s]) + timer(base_height > 0.3[m])/1[s] + count(prev(contact_forces[feet].z > 1[N]))"
    )
    ours, due = pair(program)
    moments = [cast(m.reached, torch.float32) for m in sequence(program.vocabulary, N, 4, 5)]
    for q in moments[:3]:
        due(q)
    ours.load_state_dict(due.state_dict())
    same(ours.step(moments[3]), due.step(moments[3]), ours.names, "after the change")


def test_tensors_stay_where_they_are() -> None:
    """So that a CUDA graph can hold a step; a call by itself gives tensors of its own."""
    program = rewardlang.compile("forward_vel + 2*alive")
    reward = Reward(program, N, backend="triton")
    q = [cast(m.reached, torch.float32) for m in sequence(program.vocabulary, N, 2, 6)]
    first, terms = reward(q[1])
    kept = first.clone()
    out = reward.step(q[2])
    assert (
        torch.equal(first, kept)
        and not torch.equal(out.reward, kept)
        and set(terms) == {"forward_vel", "alive"}
    )
    assert reward.step(q[1]).reward.data_ptr() == out.reward.data_ptr()


def test_which_backend() -> None:
    program = rewardlang.compile("alive")
    assert Reward(program, N).backend == "torch"
    with pytest.raises(ValueError, match="none of"):
        Reward(program, N, backend="cuda")
    with pytest.raises(ValueError, match="float64"):
        Reward(program, N, backend="triton", dtype=torch.float64)


def test_a_triton_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triton.__version__", "3.0.0")  # Python 3.8's
    with pytest.raises(ValueError, match=r"Triton 3\.0\.0 is too old .* 3\.2"):
        Reward(rewardlang.compile("alive"), N, backend="triton")


def test_without_the_interpreter_a_cpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET")
    with pytest.raises(ValueError, match="not on cpu"):
        Reward(rewardlang.compile("alive"), N, backend="triton")


def test_where_triton_fails_torch_goes_on_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not interpreted here, and has no GPU: its launch is an error of its own. Asked for by name, it stays one."""
    program = rewardlang.compile("alive + 0.125*timer(base_height > 0)", observations=True)
    due = Reward(program, N, backend="torch")
    monkeypatch.delenv("TRITON_INTERPRET")
    monkeypatch.setattr("rewardlang.reward.chosen", lambda *asked: "triton")
    ours = Reward(program, N)
    first, *rest = sequence(program.vocabulary, N, STEPS, 1)
    with pytest.warns(Notice, match="Triton fails on .*torch reckons the reward instead"):
        ours.reset(cast(first.after, torch.float32))
    due.reset(cast(first.after, torch.float32))
    assert ours.backend == "torch"
    for moment in rest:
        q = cast(moment.reached, torch.float32)
        same(ours.step(q), due.step(q), ours.names, "by torch")
    assert ours.read_statistics() == due.read_statistics() != {}
    with pytest.raises(RuntimeError):
        Reward(program, N, backend="triton").reset(cast(first.after, torch.float32))


def test_a_source_is_kept_under_its_hash(tmp_path: Path) -> None:
    program = rewardlang.compile("3.25*alive")
    Reward(program, N, backend="triton")
    (file,) = (tmp_path / "rewardlang").glob("*.py")
    assert file.read_text(encoding="utf-8") == program.kernel and re.fullmatch(
        r"rewardlang_[0-9a-f]{16}\.py", file.name
    )


def test_style() -> None:
    """Each line of the spec's ends in its shape and place; nothing trails; hostile names are made harmless."""
    for path in SPECS:
        source = compiled_of(path).kernel
        compile(source, path.stem, "exec")
        assert not [line for line in source.splitlines() if line != line.rstrip()]
    assert "# [N, joints]" in source and "eighteen.reward:" in source


def test_golden(request: pytest.FixtureRequest) -> None:
    """The kernels of a small spec as they are read; `pytest --update-golden` rewrites the file."""
    text = (ROOT / "tests" / "data" / "specs" / "card.reward").read_text(encoding="utf-8")
    source = rewardlang.compile(rewardlang.parse(text, "card.reward"), observations=True).kernel
    path = ROOT / "tests" / "data" / "emit" / "card.triton.py"
    if request.config.getoption("--update-golden"):
        path.write_text(source, encoding="utf-8")
    assert source == path.read_text(encoding="utf-8")


def test_params_are_read_not_baked_in() -> None:
    text = "param w = {} in [0, 9]\nreward = w * forward_vel\n"
    sources: Dict[str, None] = {rewardlang.compile(text.format(w)).kernel: None for w in (1, 2)}
    assert len(sources) == 1
