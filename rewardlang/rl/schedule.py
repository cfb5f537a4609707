"""Whether two scores can be compared: a reward that changes during the run is not one reward.

A mean return under `ramp(progress, 0.1, 0.6) * cost` falls while the ramp rises, though the policy gets better. So a
score is kept together with what the reward was, and is only compared with scores of the same.
"""

from __future__ import annotations

from typing import Any, List, Tuple

from rewardlang.lang.optimize import step_graph


def moving(program: Any) -> Tuple[str, ...]:
    """The quantities of the run (`epoch`, `frames`, `progress`) that a value of the program reads."""
    return tuple(
        sorted({node.data[0] for node in step_graph(program.optimized)[0].nodes if node.op == "run"})
    )


def standing(reward: Any, names: Tuple[str, ...]) -> List[float]:
    """What the reward is at present, as numbers: weights, params, and the quantities of the run in `names`."""
    return [
        *reward.weights.tolist(),
        *reward.params.values(),
        *(float(reward.inputs[name]) for name in names),
    ]
