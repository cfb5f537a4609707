"""The defects that shipped reward code was found to have, and what catches each here: a law, a lint, or that it cannot be written."""

from __future__ import annotations

from typing import NamedTuple, Tuple


class Known(NamedTuple):
    """A defect, what catches it, and the test that shows it."""

    defect: str
    caught: str
    shown: str


PLANTED, ZOO = "testing/test_planted_defects.py::", "zoo/test_defects.py::"
KNOWN: Tuple[Known, ...] = (
    Known("a finger term logged under the name of a pose term", "cannot be written: the logs' names are the terms', and two terms of one name are RW407; law `sum`: the logs are what was paid", PLANTED + "logs without the last step"),
    Known("a penalty scale multiplied twice", "law `sum`: a term pays weight * value, and a weight stands in one place", PLANTED + "a contribution without its weight"),
    Known("an at-limit cost that counts the upper limit only", "law `mirror`, once the spec says `expect symmetric(TERM)`; without that line `test` tells it and passes", "defects/test_defects.py::test_ant_is_told_and_with_an_expect_line_refused"),
    Known("last_actions overwritten with the action before the reset; last_contacts never reset", "law `reset`; the runtime owns the state", PLANTED + "a reset that keeps state"),
    Known("config key feet_stumble, method _reward_stumble", "RW101: names are looked up when the file is read", ZOO + "test_legged_gym_feet_stumble_finds_its_formula"),
    Known("clip and termination missing from the sums per term", "law `sum`; `total_rule` is logged", PLANTED + "terms that do not add up"),
    Known("sigma multiplies in one project, divides in another", "named kernels, one formula each; RW507 where its sign makes it grow", "lang/test_kernels.py::test_kernel"),
    Known("a norm over the whole batch", "cannot be written: no axis is that of the environments; law `split`", PLANTED + "a sum over environments"),
    Known("a stage machine with weight 0 that is never called", "a term with weight 0 is evaluated and keeps its state", "lang/test_state_laws.py::test_a_term_that_is_not_paid_changes_no_other_number"),
    Known("a running peak with no reset", "law `reset`; a peak that is to begin anew in an episode and does not is RW517", PLANTED + "one slot that is never reset"),
    Known("NaN silently replaced by 0", "RW503 to RW508; law `finite`; at run time it is counted and named", PLANTED + "a division by what can be 0"),
    Known("a command normalised, then compared: NaN at no command", "RW503; law `finite`", "defects/test_defects.py::test_who_finds_it"),
    Known("foot slip computed from the base's velocity", "nothing finds it: it is a sound expression. Velocities of the feet have a name of their own", ZOO + "test_playground_feet_slip_is_the_feet_s"),
    Known("the bucket of a term chosen by its sum over the batch", "cannot be written; laws `split` and `permutation`", PLANTED + "an environment that reads its neighbour"),
    Known("shaping without gamma, 0 instead of -phi at a termination", "`potential` has both; RW410, RW413 and RW414 where it stops being shaping", "rl/test_shaping.py::test_potential_telescopes"),
    Known("a left/right test without abs", "RW518 of `check --probe`; law `mirror` with an `expect symmetric` line", "defects/test_defects.py::test_who_finds_it"),
    Known("sides assumed from index parity", "RW201, RW202, RW221: sides are found by name, and `left` and `right` in the same order", "lang/test_pairs.py::test_left_and_right_are_in_one_order"),
)  # fmt: skip
