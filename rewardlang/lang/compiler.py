"""The straight line in one function: text → tree → names → typed IR → smaller IR → torch source."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Dict, List, Sequence, Set, Tuple

from ..uncollected import uncollected
from . import format
from .at_start import at_start
from .bounds import Bounds
from .check import check
from .diagnostics import ALLOW, Diagnostic, RewardError, did_you_mean
from .emit import emit, safe
from .expect import Expectation, proved, refusal
from .forms import product
from .ir import Program, Term
from .lints import lints
from .nodes import File
from .nonfinite import bounded
from .optimize import optimize, quantities_read
from .resolve import Resolved, resolve
from .types import Depends
from .units import show
from .vocabulary import Vocabulary


@dataclass(frozen=True)
class Compiled:
    """A spec compiled for a task, with every stage's artefact."""

    name: str
    vocabulary: Vocabulary
    tree: File
    resolved: Resolved = field(repr=False)
    typed: Program = field(repr=False)
    optimized: Program = field(repr=False)
    bounds: Bounds = field(repr=False)
    warnings: Tuple[Diagnostic, ...] = ()
    expectations: Tuple[Expectation, ...] = ()  # the `expect` lines, those of extended files first

    @property
    def terms(self) -> Tuple[Term, ...]:
        return self.optimized.terms

    @cached_property
    def source(self) -> str:
        """The torch source, emitted when someone first asks."""
        return emit(self.optimized, self._title)

    @cached_property
    def kernel(self) -> str:
        """The source of the Triton kernels, emitted when someone first asks."""
        from .emit_triton import emit_triton

        return emit_triton(self.optimized, self._title)

    @property
    def observed_at_reset(self) -> Set[str]:
        """The raw quantities that the observations of a reset state show."""
        return quantities_read(self.optimized).observed

    @property
    def _title(self) -> str:
        return f"{safe(self.name)}, compiled by rewardlang for the task {safe(self.vocabulary.task)}."

    @property
    def canonical(self) -> str:
        """The spec in its one canonical layout."""
        return format.file(self.tree)

    @property
    def hash(self) -> str:
        """What identifies the compiled program, whatever file it came from: sixteen hex digits of the SHA-256 of its code."""
        import hashlib  # loads OpenSSL, which checking a file does not need

        code = [line.split("  # ")[0].rstrip() for line in self.source.splitlines()[1:]]
        return hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]

    def param(self, name: str, value: float) -> str:
        """The name of the param to set to a value. Raises ValueError for an unknown name or a value outside its range."""
        params = {p.name: p for p in self.typed.params}
        if name not in params:
            has = f"it has {', '.join(params)}" if params else "it has none"
            raise ValueError(f"the spec has no param `{name}`; {did_you_mean(name, params) or has}")
        low, high = params[name].lower, params[name].upper
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} = {value:g} is outside its range [{low:g}, {high:g}]")
        return name

    def law(self, expectation: Expectation) -> Compiled:
        """An `expect` line as a program of its own, for `Reward`: its metric `holds` is 1 where the claim does."""
        return self.of(expectation.program)

    def of(self, program: Program) -> Compiled:
        """Another program over the same spec and task, without what was found of this one."""
        return replace(self, typed=program, optimized=optimize(program), warnings=(), expectations=())

    def table(self) -> List[Dict[str, Any]]:
        """A row for each term: name, group, weight, value's text, unit, axes that it reduces, line."""
        values, steps = at_start(self.typed), float(self.vocabulary.episode_steps)
        rows = []
        for term in self.typed.terms:
            weight, value = self.typed.nodes[term.weight].type, self.typed.nodes[term.value].type
            paid = self.bounds.pays(term)
            rows.append({
                "term": term.name, "group": term.group, "weight": values[term.weight],
                "weight_varies": weight.depends is not Depends.NOTHING, "value": term.text, "unit": show(value.unit),
                "range": list(self.bounds.of(term.value)[:2]), "pays": list(paid), "pays_per_episode": [product(e, steps) for e in paid], "axes": list(term.reduced), "line": term.span.line, "file": term.span.source.name,
            })  # fmt: skip
        return rows


@uncollected
def compile_tree(tree: File, vocabulary: Vocabulary, name: str = "") -> Compiled:
    """A parsed spec compiled for a task's vocabulary. Raises RewardError with every error of the first stage that has any."""
    resolved = resolve(tree, vocabulary)
    typed, warnings, claims = check(resolved)
    bounds, more, expectations, refused = examined(resolved, typed, claims)
    if refused:
        raise RewardError(refused)
    found = (*warnings, *more)
    optimized = optimize(typed)
    name = name or tree.source.name
    return Compiled(
        name,
        vocabulary,
        tree,
        resolved,
        typed,
        optimized,
        bounds,
        tuple(sorted((w for w in found if not allowed(w)), key=lambda w: (w.span.source.name, w.span.start))),
        expectations,
    )


def examined(
    resolved: Resolved, typed: Program, claims: Sequence[Expectation]
) -> Tuple[Bounds, Tuple[Diagnostic, ...], Tuple[Expectation, ...], List[Diagnostic]]:
    """What ranges say of a typed program: its bounds, the warnings, the claims with their status, and errors for those that never hold."""
    bounds, doubtful = bounded(typed, resolved.vocabulary)
    decided: List[Expectation] = []
    refused: List[Diagnostic] = []
    if claims:
        wider = Bounds(claims[0].program, bounds.known, bounds.steps)
        decided = [proved(claim, wider) for claim in claims]
        refused = [refusal(one, wider) for one in decided if one.status == "refuted"]
    return bounds, (*doubtful, *lints(resolved, typed, bounds)), tuple(decided), refused


def allowed(warning: Diagnostic) -> bool:
    """Whether the line of a warning says, with a reason, that it is meant: `# allow RW310: ...`."""
    span = warning.span
    match = ALLOW.search(span.source.line_text(span.line))
    return match is not None and warning.code in match[1]
