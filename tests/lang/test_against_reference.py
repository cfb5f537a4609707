"""Compiled rewards against the reference interpreter, on random and extreme states with random resets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Union

import numpy as np
import pytest
import shipped
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import rewardlang
from rewardlang.lang import nodes as n
from rewardlang.lang.kernels import SHAPES
from rewardlang.lang.registry import BUILTINS
from rewardlang.reward import Reward
from rewardlang.testing.reference import Reference

from . import generate
from .states import Moment, cast, sequence

SHIPPED = Path(__file__).parents[2] / "reward_specs"
SPECS = sorted((Path(__file__).parents[1] / "data" / "specs").glob("*.reward"))
STEPS = 5
CHANGE = 3
GAMMA = 0.93
# Share of extreme values, relative tolerance, absolute tolerance.
ACCURACY = {torch.float64: (0.05, 1e-9, 1e-9), torch.float32: (0.0, 2e-3, 2e-3)}
# Environments in the batch, and those that the reference computes too.
BATCHES = {1: [0], 2: [1], 7: [3], 4096: [0, 1234, 4095]}


def compiled(path: Path) -> rewardlang.Compiled:
    return rewardlang.compile(rewardlang.load(path), observations=True)


@lru_cache(maxsize=16)
def moments(task: str, count: int, seed: int, extreme: float) -> List[Moment]:
    """A sequence of states of a task, drawn once for all specs."""
    return list(sequence(rewardlang.compile("alive", task).vocabulary, count, STEPS, seed, extreme))


def rows(quantities: Dict[str, torch.Tensor], row: int, model: List[str]) -> Dict[str, np.ndarray]:
    return {name: (value if name in model else value[row]).numpy() for name, value in quantities.items()}


def close(actual: Any, expected: Any, dtype: torch.dtype, where: str) -> None:
    _, rtol, atol = ACCURACY[dtype]
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol, atol, err_msg=where
    )


def compare(program: rewardlang.Compiled, text: Union[str, n.File], count: int, dtype: torch.dtype, seed: int, params: Dict[str, float],
            raw: bool = True) -> None:  # fmt: skip
    """Every output of every step, for some of `count` environments; raw values only where the weight is told apart as the reference does."""
    vocabulary = program.vocabulary
    model = [q.name for q in vocabulary.quantities.values() if q.kind == "model"]
    reward = Reward(program, count, dtype=dtype, params=params, gamma=GAMMA)
    reward.set_globals(epoch=3, frames=2.5e5, progress=0.3)
    references = {row: Reference(text, vocabulary, GAMMA) for row in BATCHES[count]}
    for reference in references.values():
        reference.params.update(params)
        reference.globals.update(epoch=3.0, frames=2.5e5, progress=0.3)
    names = [term.name for term in program.terms]
    for at, moment in enumerate(moments(vocabulary.task, count, seed, ACCURACY[dtype][0])):
        if at == CHANGE:  # a param set live counts from here on, and nothing of the past is rewritten
            for param in program.typed.params:
                reward.set_param(param.name, max(param.lower, param.value - 0.05))
                for reference in references.values():
                    reference.params[param.name] = max(param.lower, param.value - 0.05)
        if at:
            out = reward.step(cast(moment.reached, dtype))
        reset_observations = reward.reset(cast(moment.after, dtype), moment.reset)
        for row, reference in references.items():
            where = f"step {at}, environment {row} of {count}"
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
    for count in BATCHES if dtype is torch.float64 else (2, 4096):
        chosen = params if count == 7 else {}
        compare(program, path.read_text(encoding="utf-8"), count, dtype, seed=count, params=chosen)


@pytest.mark.parametrize("path", shipped.SPECS, ids=lambda path: path.stem)
def test_shipped_specs(path: Path) -> None:
    program = rewardlang.compile(rewardlang.load(path), observations=True)
    compare(program, program.tree, 2, torch.float64, seed=5, params={})


# coverage of the corpus


def test_the_corpus_has_every_function_parameter_and_operator() -> None:
    """What the registry offers is compared: each function with each of its optional parameters, operators, statements, shapes."""
    forms: Dict[str, Set[str]] = {}
    operators, statements, strings, types = set(), set(), set(), set()
    for path in SPECS:
        tree = rewardlang.load(path).tree
        statements |= {type(s).__name__ for s in tree.statements}
        statements |= {
            ("reward", "per second")[s.per_second] + "+=" * s.adds
            for s in tree.statements
            if isinstance(s, n.Reward)
        }
        statements |= {"drop " + s.what for s in tree.statements if isinstance(s, n.Drop)}
        statements |= {"success" for s in tree.statements if isinstance(s, n.Terminate) and s.success}
        for expr in expressions(tree):
            types.add(type(expr).__name__)
            if isinstance(expr, n.Call):
                forms.setdefault(expr.function, set()).update(parameters_given(expr))
            operators |= {op for op, _ in getattr(expr, "factors", ()) + getattr(expr, "addends", ())}
            operators |= set(getattr(expr, "operators", ())) | {getattr(expr, "operator", "+")}
            strings |= {expr.value} if isinstance(expr, n.String) else set()
    missing = {b.name: {p.name for p in b.parameters} - forms.get(b.name, set()) for b in BUILTINS.values()}
    assert {name: parameters for name, parameters in missing.items() if parameters} == {}
    assert {"table", "joints", "bodies"} <= set(forms)
    assert operators == {*"+-*/<>", "<=", ">=", "==", "!=", "and", "or"}
    assert set(SHAPES) <= strings
    assert statements == {"Definition", "Drop", "Expect", "Function", "Metric", "Param", "Reward", "Task", "Terminate", "Total", "Weight", "success",
                          "reward", "per second", "reward+=", "drop term", "drop terminate", "drop metric"}  # fmt: skip
    assert types >= {"Number", "Name", "String", "Component", "Select", "Call", "Vector", "Minus", "Not", "Power", "Product", "Sum", "Named", "Compare",
                     "Logic"}  # fmt: skip


def expressions(tree: n.File) -> Iterator[n.Expr]:
    """Every expression of a file, also the parts of others."""
    todo: List[Any] = [
        getattr(s, f) for s in tree.statements for f in ("value", "body", "condition") if hasattr(s, f)
    ]
    while todo:
        expr = todo.pop()
        todo += n.children(expr)
        yield expr


def parameters_given(call: n.Call) -> Set[str]:
    """The parameters that a call gives a value to."""
    names = [p.name for p in BUILTINS[call.function].parameters] if call.function in BUILTINS else []
    variadic = bool(names) and BUILTINS[call.function].parameters[0].variadic
    return {*(names[:1] if variadic else names[: len(call.arguments)]), *(k.name for k in call.keywords)}


@settings(max_examples=40, phases=[Phase.generate])
@given(generate.spec(), st.integers(0, 1000))
def test_generated_expressions(text: str, seed: int) -> None:
    """Whatever the grammar can build and the checker lets through means what the reference says it means."""
    program = rewardlang.compile(text)
    compare(program, text, 2, torch.float64, seed, {}, raw=False)
