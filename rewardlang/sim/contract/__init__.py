"""What every simulator backend must keep, by oracles that share no code with it: formulas and differences.

A law is a function of a Bench that raises Broken. Each makes one simulator: Isaac Gym has no more in a process.
"""

from __future__ import annotations

from typing import Callable, Dict

from rewardlang.sim.contract import beginnings, motion, motors, resets, states
from rewardlang.sim.contract.bench import Bench as Bench
from rewardlang.sim.contract.bench import Broken as Broken

LAWS: Dict[str, Callable[[Bench], None]] = {
    law.__name__: law for part in (states, motion, motors, resets, beginnings) for law in part.LAWS
}
# those that any robot must keep
OF_ANY_ROBOT = (
    "shapes_names_and_constants", "reset_is_exact_and_leaves_others_alone", "a_reset_environment_forgets_its_past",
    "equal_environments_stay_equal", "deterministic", "forces_of_a_beginning_are_those_of_its_first_physics_step",
)  # fmt: skip
