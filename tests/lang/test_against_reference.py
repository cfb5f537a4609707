"""Compiled rewards against the reference interpreter, on random and extreme states with random resets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import rewardlang
from rewardlang.lang.registry import BUILTINS
from rewardlang.reward import Reward

from . import generate
from .reference import Reference
from .states import Moment, cast, sequence

SPECS = sorted((Path(__file__).parents[1] / "data" / "specs").glob("*.reward"))
STEPS = 5
# Share of extreme values, relative tolerance, absolute tolerance.
ACCURACY = {torch.float64: (0.05, 1e-9, 1e-9), torch.float32: (0.0, 2e-3, 2e-3)}
# Environments in the batch, and those that the reference computes too.
BATCHES = {1: [0], 2: [1], 7: [3], 4096: [0, 1234, 4095]}


def compiled(path: Path) -> rewardlang.Compiled:
    return rewardlang.compile(rewardlang.load(path), observations=True)


@lru_cache(maxsize=16)
def moments(n: int, seed: int, extreme: float) -> List[Moment]:
    """A sequence of states of the humanoid, drawn once for all specs."""
    return list(sequence(rewardlang.compile("alive").vocabulary, n, STEPS, seed, extreme))


def rows(quantities: Dict[str, torch.Tensor], row: int, model: List[str]) -> Dict[str, np.ndarray]:
    return {name: (value if name in model else value[row]).numpy() for name, value in quantities.items()}


def close(actual: Any, expected: Any, dtype: torch.dtype, where: str) -> None:
    _, rtol, atol = ACCURACY[dtype]
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol, atol, err_msg=where
    )


def compare(program: rewardlang.Compiled, text: str, n: int, dtype: torch.dtype, seed: int, params: Dict[str, float],
            raw: bool = True) -> None:  # fmt: skip
    """Every output of every step, for some of n environments; raw values only where the weight is told apart as the reference does."""
    vocabulary = program.vocabulary
    model = [q.name for q in vocabulary.quantities.values() if q.kind == "model"]
    reward = Reward(program, n, dtype=dtype, params=params)
    reward.set_globals(epoch=3, frames=2.5e5, progress=0.3)
    references = {row: Reference(text, vocabulary) for row in BATCHES[n]}
    for reference in references.values():
        reference.params.update(params)
        reference.globals.update(epoch=3.0, frames=2.5e5, progress=0.3)
    names = [term.name for term in program.terms]
    for at, moment in enumerate(moments(n, seed, ACCURACY[dtype][0])):
        if at:
            out = reward.step(cast(moment.reached, dtype))
        reset_observations = reward.reset(cast(moment.after, dtype), moment.reset)
        for row, reference in references.items():
            where = f"step {at}, environment {row} of {n}"
            if at:
                expected = reference.step(rows(moment.reached, row, model))
                assert [t[0] or name for t, name in zip(reference.terms, names)] == names
                for i, name in enumerate(names):
                    close(out.contributions[row, i], expected["paid"][i], dtype, f"{name}, {where}")
                    if raw:
                        close(out.values[row, i], expected["values"][i], dtype, f"value of {name}, {where}")
                close(out.reward[row], expected["reward"], dtype, f"reward, {where}")
                close(out.observations[row], expected["observations"], dtype, f"observations, {where}")
                assert {name: bool(value[row]) for name, value in out.causes.items()} == expected["causes"], (
                    where
                )
                for name, value in expected["metrics"].items():
                    close(out.metrics[name][row], value, dtype, f"metric {name}, {where}")
                assert bool(out.terminated[row]) == expected["terminated"], where
                bad = any(expected["bad"])
                assert bool(out.nonfinite[row]) == bad, where
                assert bool(out.time_out[row]) == (expected["time_out"] and not bad), where
            if moment.reset[row]:
                first = reference.reset(rows(moment.after, row, model))
                close(reset_observations[row], first, dtype, f"observations after the reset, {where}")


@pytest.mark.parametrize("dtype", ACCURACY, ids=["float64", "float32"])
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_corpus(path: Path, dtype: torch.dtype) -> None:
    program = compiled(path)
    params = {p.name: p.upper if np.isfinite(p.upper) else p.value + 0.25 for p in program.typed.params}
    for n in BATCHES if dtype is torch.float64 else (2, 4096):
        chosen = params if n == 7 else {}
        compare(program, path.read_text(encoding="utf-8"), n, dtype, seed=n, params=chosen)


# Functions whose oracle is a formula written out beside their test, not the reference interpreter.
ELSEWHERE = {
    "phase", "stance", "triangle", "half_sine", "bezier_swing", "tolerance",  # test_kernels.py
    "left", "right", "mirror",  # test_pairs.py
    "potential",  # test_shaping.py
}  # fmt: skip


def test_corpus_is_complete() -> None:
    """Every function of the language and every form of statement occurs in the corpus."""
    assert len(SPECS) >= 25
    text = "\n".join(path.read_text(encoding="utf-8") for path in SPECS)
    assert [name for name in BUILTINS if f"{name}(" not in text and name not in ELSEWHERE] == []
    words = ["task ", "param ", "total =", "terminate ", "success ", "metric ", "expect ", "weight ", "drop ", "drop terminate ", "drop metric ",
             " per second", "+=", " in [", "over=", "where=", "reset_when=", " as "]  # fmt: skip
    assert [word for word in words if word not in text] == []


@settings(max_examples=40, phases=[Phase.generate])
@given(generate.spec(), st.integers(0, 1000))
def test_generated_expressions(text: str, seed: int) -> None:
    """Whatever the grammar can build and the checker lets through means what the reference says it means."""
    program = rewardlang.compile(text)
    compare(program, text, 2, torch.float64, seed, {}, raw=False)
