"""The laws that every reward keeps, one a row: its name, what it says, what it is tried on, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ..lang.diagnostics import did_you_mean
from . import batch_laws as batch
from . import expect_laws as expect
from . import number_laws as number
from . import time_laws as time
from .episode import Episode
from .subject import Subject
from .trace import ENDS, TOTAL, Broken

Skips = Callable[[Subject, str], Optional[str]]


@dataclass(frozen=True)
class Law:
    """`check(subject, episode)` gives where the law does not hold, at most once a part. `skip(subject, part)` is why a part is not
    tried. `wanted(subject, part)` is why a break counts as none; None if it counts."""

    name: str
    doc: str
    check: Callable[[Subject, Episode], List[Broken]]
    parts: Tuple[str, ...] = ("terms", TOTAL, ENDS)  # a line each
    skip: Skips = lambda subject, part: None
    excuse: Skips = lambda subject, part: None

    def parts_of(self, subject: Subject) -> List[str]:
        """The parts of a spec that have a line each."""
        several = {"terms": subject.terms, "claims": list(subject.claims)}
        return [p for part in self.parts for p in several.get(part, [part])]


SPEC = "(spec)"
LAWS: Tuple[Law, ...] = (
    Law("finite", "every legal state gives finite numbers", number.finite, ("terms", TOTAL), number.allowed),
    Law("range", "every value is within the range that `check` prints", number.in_range, ("terms",), number.unbounded),
    Law("reference", "the compiled code pays what the reference interpreter reckons", number.reference),
    Law("float32", "float32 gives what float64 gives, but for rounding", number.float32),
    Law("sum", "a term pays weight * value; the terms add up to the reward, and the logs to what was paid", number.adds_up, ("terms", TOTAL)),
    Law("mirror", "the mirrored robot is paid the same, where the spec expects so", number.mirrored, ("terms", TOTAL), number.no_mirror, number.need_not_be_symmetric),
    Law("expect", "what an `expect` line says holds in every state", expect.kept, ("claims",), expect.tried_elsewhere),
    Law("permutation", "environments in another order are paid the same", batch.permuted),
    Law("split", "1, 2, 7 or 64 environments alone are paid what they are paid in the whole batch", batch.split),
    Law("reset", "an episode after a reset pays what it pays in an environment that never lived before", batch.fresh),
    Law("order", "the terms written in another order pay the same", batch.in_another_order),
    Law("save", "a saved and restored state goes on as if nothing had been", batch.restored),
    Law("copies", "what a step gave stays what it was, and the simulator's tensors are left alone", batch.copies),
    Law("dt", "a per-second term keeps its return when the control period halves", time.halved, ("terms",), time.not_comparable),
    Law("fmt", "the formatted file means the same, and stays as it is when formatted again", number.formatted, (SPEC,)),
    Law("compile", "torch.compile gives what the plain code gives", batch.torch_compiled, ("terms", TOTAL, ENDS), batch.not_asked),
)  # fmt: skip
BY_NAME: Dict[str, Law] = {law.name: law for law in LAWS}


def broken_by(law: Law, subject: Subject, episode: Episode) -> List[Broken]:
    """Where a law does not hold. Code that stops with an error breaks it too."""
    try:
        return law.check(subject, episode)
    except Exception as problem:  # the compiled code's, whatever it is
        where = next((p for p in law.parts_of(subject) if law.skip(subject, p) is None), SPEC)
        return [Broken(where, 1, 0, f"it stops with {type(problem).__name__}: {problem}")]


def law_of(name: str) -> Law:
    """The law of a name. Raises ValueError for one that there is not."""
    if name not in BY_NAME:
        raise ValueError(
            f"there is no law `{name}`; {did_you_mean(name, BY_NAME) or 'they are ' + ', '.join(BY_NAME)}"
        )
    return BY_NAME[name]


def chosen(names: Sequence[str]) -> List[Law]:
    """The laws of some names, all by default, in their order."""
    wanted = {law_of(name).name for name in names}
    return [law for law in LAWS if not names or law.name in wanted]
