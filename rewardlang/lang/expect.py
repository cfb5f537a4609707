"""`expect` lines: what each claims, as a condition that can be computed on any state, and whether the ranges prove it.

A claim about one step is a condition. `increasing(f, x)` becomes one too: f with x greater by the quantity `delta` is at least f;
`symmetric(f)`: f of the mirrored robot is f. `return(hold)` is the return of a scripted behaviour, which `check --probe` runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Dict, List, Sequence, Set, Tuple

from . import nodes as n
from .addends import Untyped
from .diagnostics import Diagnostic, did_you_mean, error
from .forms import INF
from .ir import Program
from .monotone import directions
from .names import reads_pay
from .rename import mapped
from .source import Span

if TYPE_CHECKING:
    from .bounds import Bounds
    from .resolve import Resolved

BEHAVIOURS = ("hold", "limp", "random", "fall", "jitter")
FORMS = {"increasing": "increasing(f, x)", "decreasing": "decreasing(f, x)", "symmetric": "symmetric(f)"}
READS = {
    "paid": "the name of a term or a group, or `total`",
    "return": f"a behaviour: {', '.join(BEHAVIOURS)}",
}
DELTA = "delta"  # the quantity by which `increasing` raises what it is about: 0 or more
ROUNDING = 1e-4  # by which float32 may miss a symmetry or a monotony, in shares of the value or of 1
ROOM = 1e-6  # by which rounding may miss a bound, in shares of the bound or of 1


@dataclass(frozen=True)
class Expectation:
    """A claim of a spec. `kind` is step, increasing, decreasing, symmetric or behaviours; `status` is proved or open.

    `program` computes it: its metrics are `holds`, 1.0 where the claim holds, then the values that the claim is about under their
    texts; of `increasing(f, x)` f, then f "with `x` greater"; of `symmetric(f)` f, then f "of the mirror image". It reads the
    quantities of the spec, in addition `delta` [N] >= 0 if the kind is increasing or decreasing, and `return(NAME)` [N] for each
    behaviour that it names if the kind is behaviours.
    """

    text: str
    kind: str
    status: str
    span: Span
    program: Program
    proof: int = -1  # a node that is 1 if the claim is proved, and 0 if it never holds
    unit: str = ""  # of x in `increasing(f, x)`, and so of `delta`

    @property
    def behaviours(self) -> Tuple[str, ...]:
        """The behaviours whose returns it compares."""
        return tuple(b for b in BEHAVIOURS if f"return({b})" in self.text)

    def to_dict(self) -> Dict[str, object]:
        """The claim as plain data."""
        return {"text": self.text, "kind": self.kind, "status": self.status, "file": self.span.source.name, "line": self.span.line}  # fmt: skip


# names


def readable(resolved: Resolved, expects: Sequence[n.Expect]) -> Tuple[List[n.Expect], Set[str], List[Diagnostic]]:  # fmt: skip
    """The lines with `paid(x)` and `return(x)` as names of their own; the names that only they may read; what is malformed.

    A line about a term that is dropped is left out.
    """
    table, dropped = Untyped(resolved.file.statements), set(resolved.drops)
    payers = {*table.names(), *resolved.groups, "total"} - dropped
    names = {*payers, *(f"paid({name})" for name in payers), *(f"return({b})" for b in BEHAVIOURS)}
    found: List[Diagnostic] = []
    out: List[n.Expect] = []
    only_dropped = table.only_terms(dropped)
    for line in expects:
        if not reads_pay(line.condition, only_dropped, dropped):
            out.append(replace(line, condition=_with_names(resolved, line.condition, payers, found)))
    return out, names, found


def about(resolved: Resolved, condition: n.Expr) -> Tuple[n.Expr, ...]:
    """The expressions of a claim: the arguments of `increasing`, `decreasing` and `symmetric`, else the claim itself."""
    return condition.arguments if isinstance(condition, n.Call) and _is_form(resolved, condition, FORMS) else (condition,)  # fmt: skip


def _is_form(resolved: Resolved, expr: n.Expr, forms: Dict[str, str]) -> bool:
    return isinstance(expr, n.Call) and expr.function in forms and expr.function not in resolved.functions


def _with_names(resolved: Resolved, condition: n.Expr, payers: Set[str], found: List[Diagnostic]) -> n.Expr:
    whole = condition

    def change(expr: n.Expr) -> n.Expr:
        if not isinstance(expr, n.Call):
            return expr
        if _is_form(resolved, expr, FORMS) and expr.span != whole.span:
            found.append(error("RW521", expr.span, f"`{expr.function}(...)` is a claim of its own",
                               help="write it on an `expect` line of its own"))  # fmt: skip
            return n.Number(expr.span, 0.0)
        if not _is_form(resolved, expr, READS):
            return expr
        name, known = (
            expr.arguments[0] if expr.arguments else None,
            payers if expr.function == "paid" else BEHAVIOURS,
        )
        if not isinstance(name, n.Name) or len(expr.arguments) > 1 or expr.keywords:
            found.append(error("RW521", expr.span, f"`{expr.function}` takes {READS[expr.function]}"))
        elif name.id not in known:
            what = "term or group" if expr.function == "paid" else "behaviour"
            found.append(error("RW521", name.span, f"there is no {what} `{name.id}`",
                               help=did_you_mean(name.id, known) or f"there is {', '.join(sorted(known))}"))  # fmt: skip
        else:
            return n.Name(expr.span, f"{expr.function}({name.id})")
        return n.Number(expr.span, 0.0)

    out = mapped(condition, change)
    if isinstance(out, n.Call) and _is_form(resolved, out, FORMS):
        wanted = FORMS[out.function].count(",") + 1
        if len(out.arguments) != wanted or out.keywords:
            found.append(error("RW521", out.span, f"`{out.function}` takes {wanted} argument{'s' * (wanted > 1)}, this has {len(out.arguments) + len(out.keywords)}",
                               help=f"its form is `{FORMS[out.function]}`"))  # fmt: skip
    return out


# proofs


def proved(expectation: Expectation, bounds: Bounds) -> Expectation:
    """The claim with its status: proved or refuted where ranges or monotony decide it, else open."""
    if expectation.kind in ("increasing", "decreasing"):
        known = directions(expectation.program.nodes, expectation.proof, DELTA, bounds)
        return replace(expectation, status="proved" if known in (0, 1) else "open")
    found = bounds.of(expectation.proof)
    if found.low == 1:
        return replace(expectation, status="proved")
    never = expectation.kind == "step" and (found.high == 0 or _only_at_an_end(expectation, bounds))
    return replace(expectation, status="refuted") if never else expectation


def _only_at_an_end(expectation: Expectation, bounds: Bounds) -> bool:
    """Whether `a <= b` holds where both are equal, and nowhere else: `effort <= 0` of a term that pays."""
    node = expectation.program.nodes[expectation.proof]
    if node.op not in ("le", "ge"):
        return False
    a, b = (bounds.of(i) for i in (node.args if node.op == "le" else node.args[::-1]))
    return a.low >= b.high and a[:2] != b[:2]


def refusal(expectation: Expectation, bounds: Bounds) -> Diagnostic:
    """The error for a claim that never holds, with the ranges of what it compares."""
    sides = [(o.name, bounds.of(o.value)[:2]) for o in expectation.program.metrics[1:]]
    shown = "; ".join(
        f"`{name}` is in [{low:.5g}, {high:.5g}]" for name, (low, high) in sides if low > -INF or high < INF
    )
    return error("RW520", expectation.span, f"this never holds{': ' if shown else ''}{shown}",
                 help="a law says what is always so; or the reward does something else than was meant")  # fmt: skip
