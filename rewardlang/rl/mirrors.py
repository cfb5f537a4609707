"""Which terms pay the mirrored robot otherwise, on states that a simulator comes to (RW518)."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, List, Optional

import torch

from ..lang import nodes as n
from ..lang.compiler import Compiled, compile_tree
from ..lang.diagnostics import Diagnostic, RewardError, error
from ..lang.expect import Expectation
from ..lang.ir import Output, Term
from ..reward import Reward
from .env import RewardEnv

CLOCK = {"episode_time", "episode_step"}  # a gait has a foot that goes first
SHARE = 0.05  # of the states: fewer are edges of conditions


class Mirrors:
    """The terms of a program whose symmetry ranges do not prove, and how often each was broken."""

    def __init__(self, program: Compiled, count: int) -> None:
        self.reward: Optional[Reward] = None
        self.terms: List[Term] = []
        self.seen = 0
        vocabulary = program.vocabulary
        if not vocabulary.pairs or not all(
            vocabulary.joint_signs.get(j) for j in vocabulary.axes["joints"].elements
        ):
            return
        terms = [t for t in program.typed.terms if not program.typed.reads(t.value) & CLOCK]
        laws = _laws(program, terms)
        self.terms = [term for term, law in zip(terms, laws) if law.status == "open"]
        holds = [law.program.metrics[0].value for law in laws if law.status == "open"]
        if holds:
            metrics = tuple(Output(term.name, node) for term, node in zip(self.terms, holds))
            own = program.of(replace(laws[0].program, metrics=metrics))
            self.reward = Reward(own, count)
            self.broken = torch.zeros(len(holds))

    def see(self, env: RewardEnv) -> None:
        """Look at the states that an environment is in."""
        if self.reward is None:
            return
        if not self.seen:
            self.reward.reset(env.quantities)
        metrics = self.reward.step(env.quantities).metrics
        self.broken += (torch.stack([metrics[t.name] for t in self.terms], 1) < 1).float().mean(0)
        self.seen += 1

    def findings(self) -> Iterator[Diagnostic]:
        """A warning for each term that is not symmetric."""
        for i, term in enumerate(self.terms):
            share = float(self.broken[i]) / max(1, self.seen)
            if share > SHARE:
                yield error("RW518", term.span, f"`{term.name}` pays the mirrored robot otherwise, in {share:.0%} of the states: a left and a right gait are not worth the same",
                            help="pay for both sides alike, e.g. `abs(y)` or a sum over left and right; or `# allow RW518: ...` if it is meant",
                            severity="warning")  # fmt: skip


def _laws(program: Compiled, terms: List[Term]) -> List[Expectation]:
    """`expect symmetric(paid(TERM))` of each term; none where the mirror does not reach."""
    span = program.tree.statements[-1].span
    kept = tuple(s for s in program.tree.statements if not isinstance(s, n.Expect))
    claims = tuple(
        n.Expect(span, n.Call(span, "symmetric", (n.Call(span, "paid", (n.Name(span, term.name),)),)))
        for term in terms
    )
    names = replace(program.vocabulary, observations=())
    try:
        return list(compile_tree(replace(program.tree, statements=(*kept, *claims)), names).expectations)
    except RewardError:
        return []
