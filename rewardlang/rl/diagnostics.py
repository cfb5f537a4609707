"""Whether each term is alive: a table of its figures, and a remark when a term is dead, saturated or dominant.

The figures are those of `statistics`, read once per epoch. Epochs are judged together, as many as a window takes: early in a training
a single one says little, and what happens once an episode must have had its chance.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..lang.anatomy import TINY, Anatomy
from ..statistics import FIGURES, tag_of


class Remark(NamedTuple):
    """What is said of a term, once per run."""

    epoch: int
    term: str
    kind: str  # a name of RULES
    text: str


class Threshold(NamedTuple):
    value: float
    why: str


THRESHOLDS = {
    "epochs": Threshold(10, "of a window at least: one epoch's steps are too alike"),
    "episodes": Threshold(1, "ended in a window for each environment at least: what happens once an episode has had its chance"),
    "constant": Threshold(1e-6, "of the mean, a spread below which the value is the same on every step: float32 rounds at 6e-8"),
    "saturated": Threshold(0.95, "of the steps at the end that pays least: a kernel that is left on one step in twenty still teaches"),
    "open": Threshold(0.01, "of the steps with an open gate, below which they are too few to judge a kernel by"),
    "penalty": Threshold(0.8, "of the absolute reward: what is paid for hardly shows beside it; to end the episode is cheapest"),
    "bonus": Threshold(0.95, "of the absolute reward: a task's own term may well be most of it, but beside this one nothing shows"),
}  # fmt: skip


def table(terms: Sequence[str], stats: Mapping[str, float]) -> List[Dict[str, Any]]:
    """A row for each term: the newest value of each figure, None where it has none (see `statistics`)."""

    def of(name: str) -> Optional[float]:
        value = stats.get(name)
        return value if value is not None and math.isfinite(value) else None

    return [
        {"term": t, "mean": of(f"terms/{t}"), **{figure: of(tag_of(figure, t)) for figure in FIGURES}, "nonfinite": of(f"nonfinite/{t}")}
        for t in terms
    ]  # fmt: skip


class Watch:
    """Adds up epochs and judges each term at the end of a window."""

    def __init__(
        self,
        terms: Sequence[str],
        anatomies: Sequence[Anatomy],
        num_envs: int,
        saved: Optional[Mapping[str, Any]] = None,
    ):
        """`saved` is what `state` gave in an earlier session of the run."""
        saved = saved or {}
        self.terms, self.anatomies, self.num_envs = terms, anatomies, num_envs
        self.remarks = [Remark(*one) for one in saved.get("remarks", ())]
        self.window: List[Dict[str, float]] = [dict(one) for one in saved.get("window", ())]

    def state(self) -> Dict[str, Any]:
        """The epochs that wait to be judged and what has been said, as plain data."""
        return {"remarks": [list(one) for one in self.remarks], "window": self.window}

    def add(
        self, epoch: int, read: Mapping[str, float], params: Mapping[str, float], weights: Sequence[float]
    ) -> List[Remark]:
        """What is to be said after an epoch whose figures are `read`, with the params and the terms' weights as they are."""
        if not read:
            return []
        self.window.append({name: value for name, value in read.items() if name.startswith(WATCHED)})
        ended = sum(one["episodes"] for one in self.window)
        if (
            len(self.window) < THRESHOLDS["epochs"].value
            or ended < THRESHOLDS["episodes"].value * self.num_envs
        ):
            return []
        said: Set[Tuple[str, str]] = {(one.term, one.kind) for one in self.remarks}
        new = []
        for term, one, weight in zip(self.terms, self.anatomies, weights):
            look = Look(term, one, self.window, self.terms, params)
            kind, text = look.verdict() if weight and not look.sum("nonfinite/{}") else ("", "")
            if text and (term, kind) not in said:
                new.append(Remark(epoch, term, kind, f"{term} {text}"))
        self.window = []
        self.remarks += new
        return new


WATCHED = ("terms/", "terms_raw/", "nonfinite/", "diagnostics_", "episodes")


class Look:
    """One term over one window."""

    def __init__(self, term: str, anatomy: Anatomy, window: Sequence[Mapping[str, float]], terms: Sequence[str],
                 params: Mapping[str, float]) -> None:  # fmt: skip
        self.term, self.anatomy, self.window, self.terms, self.params = term, anatomy, window, terms, params

    def verdict(self) -> Tuple[str, str]:
        """(kind, text) of the first rule that applies; ("", "") if none does."""
        for kind, rule in RULES.items():
            text = rule(self)
            if text:
                return kind, text
        return "", ""

    def sum(self, name: str) -> float:
        """Of a tag over the window, {} standing for the term."""
        return sum(one.get(name.format(self.term), 0.0) for one in self.window)

    def mean(self, figure: str) -> float:
        return self.sum(tag_of(figure, "{}")) / len(self.window)

    @property
    def constant(self) -> Optional[float]:
        """The value that the term had on every step of the window; None if it had several."""
        slack, first = THRESHOLDS["constant"].value, self.window[0][f"terms_raw/{self.term}"]
        for one in self.window:
            mean, raw = one[f"terms/{self.term}"], one[f"terms_raw/{self.term}"]
            if one[tag_of("spread", self.term)] > slack * abs(mean) or abs(raw - first) > slack * abs(first):
                return None
        return first


def dead(look: Look) -> str:
    """The same value on every step, less than the best. A penalty of 0 is what it is there for; a condition that always holds may
    pay for just that.
    """
    value, one = look.constant, look.anatomy
    if value is None or (one.plain if value else not one.can_pay):
        return ""
    low, high = one.near()
    if value >= high if one.worst == "low" else value <= low:
        return ""
    reason = ": nothing that happens changes it"
    if not value:
        reason = (
            " (its gate never opened)" if one.gate else " (its condition never held)" if one.plain else reason
        )
    return f"is dead: {value:.3g} on every step of the last {len(look.window)} epochs{reason}"


def saturated(look: Look) -> str:
    """Where it flattens, at the end that pays least: the policy cannot tell better from worse."""
    one = look.anatomy
    if not (one.flattens and one.worst):
        return ""
    end, at = look.mean(f"saturated_{one.worst}"), one.low if one.worst == "low" else one.high
    off = look.mean("gated_off")
    if one.gate and one.worst == "low":  # a closed gate counts as the end too, and is another matter
        if 1 - off < THRESHOLDS["open"].value:
            return ""
        end = (end - off) / (1 - off)
    if end < THRESHOLDS["saturated"].value:
        return ""
    steps = "steps with its gate open" if one.gate else "steps"
    return f"is saturated: within 1% of {at:.3g} on {end:.0%} of {steps}; {_kernel(look)}"


def _kernel(look: Look) -> str:
    """Width against errors, and what to do."""
    kernel = look.anatomy.kernel
    errors = [one[name] for one in look.window for name in [tag_of("error", look.term)] if name in one]
    if kernel is None or not errors:
        return "there it hardly changes, whatever the policy does"
    error, width = sum(errors) / len(errors), kernel.width_now(look.params)
    least = "at least" if error > 0.9 * kernel.error(-math.log(TINY), look.params) else "about"
    if kernel.function == "exp":
        return f"its exponent is {least} -{error:.3g} (divide it by more)"
    unit = f" {kernel.unit}" if kernel.unit not in ("", "1") else ""
    return f"width {width:.3g}{unit} against errors of {least} {error:.3g}{unit} (widen it)"


def dominates(look: Look) -> str:
    """Most of what is paid and charged."""
    if len(look.terms) < 2:
        return ""
    share = look.mean("share")
    limit = THRESHOLDS["bonus" if look.sum("terms/{}") > 0 else "penalty"].value
    return f"dominates: {share:.0%} of the absolute reward" if share >= limit else ""


RULES: Dict[str, Callable[[Look], str]] = {"saturated": saturated, "dead": dead, "dominates": dominates}
