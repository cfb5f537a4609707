"""What a reward adds up on the device for the logs, and reads in one transfer.

A step is one row for each environment, and one sum over them. What is read says, of each term, over the steps and environments since
the last read (c is its contribution, weight times value; v its value):

    terms             mean of c
    terms_raw         mean of v
    nonfinite         how many of its values were not finite; each counts as 0 in c and v
    spread            standard deviation of c
    share             sum of |c| / the same sum over all terms
    return_share      cov(C, R) / var(R) over the episodes that ended, C their sums of c and R their returns
    saturated_low     part of the steps on which v lies within 1% of the width of its range of the range's lower end,
    saturated_high    or of its upper end; at it, if the range has no other end
    gated_off         part of the steps on which v is exactly 0, for a term that a condition can make 0
    error             what the errors of its kernel come to (`anatomy.Kernel.error`), where no gate is closed
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence, Tuple

import torch

from .lang.anatomy import TINY, Anatomy

if TYPE_CHECKING:
    from .reward import StepOutput

FIGURES = ("spread", "share", "return_share", "saturated_low", "saturated_high", "gated_off", "error")


def tag_of(figure: str, term: str) -> str:
    """The tag of a figure that tells whether a term is alive."""
    return f"diagnostics_{figure}/{term}"


AMOUNTS = ("paid", "size", "square", "raw")  # of each term: c, |c|, c^2, v
COUNTS = ("zero", "low", "high", "nonfinite")  # of each term: how often v is 0, at an end, not finite
EVENTS = ("odd", "causes", "ends")  # how often each
# The sums of a row, in its order, and those of the episodes that ended.
ROW = (*EVENTS, "size", "square", "raw", *COUNTS, "nats", "metrics", "paid", "total", "steps")
ENDED = ("episode", "return", "length", "with_whole", "return_with_whole", "length_with_whole", "last")


class Reading:
    """What sums over environments and steps say; whoever adds them up has `_taken`. T terms, K causes, M metrics."""

    def __init__(self, terms: Sequence[str], causes: Sequence[str], metrics: Sequence[str], has_total: bool,
                 anatomies: Sequence[Anatomy]) -> None:  # fmt: skip
        self.terms, self.causes, self.metrics, self.has_total = (
            list(terms),
            [*causes, "time_out", "nonfinite"],
            list(metrics),
            has_total,
        )
        self.anatomies = anatomies
        self.odd = [
            *(f"terminations/{c}" for c in causes),
            *(f"metrics/{m}" for m in metrics),
            "reward/total",
            "observations",
        ]
        self.kernels = [i for i, one in enumerate(anatomies) if one.kernel]

    def read(self, params: Mapping[str, float]) -> Dict[str, float]:
        """Tag → figure since the last read; {} if there was no step. Tags of episodes are there if one has ended.

        `params` are the values that the spec's params have now.
        """
        steps, read = self._taken()
        if not steps:
            return {}
        ends = read["ends"][0]
        out = {f"terms/{t}": v / steps for t, v in zip(self.terms, read["paid"])}
        out.update({f"terms_raw/{t}": v / steps for t, v in zip(self.terms, read["raw"])})
        out.update({f"nonfinite/{t}": v for t, v in zip(self.terms, read["nonfinite"])})
        out.update({f"nonfinite/{name}": v for name, v in zip(self.odd, read["odd"]) if v})
        out.update(self._of_each(read, steps, params))
        added, paid = sum(read["paid"]), read["total"][0]
        # float32 sums over terms round; beyond that, a difference is the total's doing, or of a sum that overflowed.
        rounding = 1e-5 * sum(abs(v) for v in read["paid"])
        if self.has_total or abs(paid - added) > rounding:
            out["reward/total_rule"] = (paid - added) / steps
            out["reward/total"] = paid / steps
        else:
            out["reward/total"] = added / steps
        out.update({f"metrics/{m}": v / steps for m, v in zip(self.metrics, read["metrics"])})
        out["episodes"] = ends
        if ends:
            out.update({f"episode/{t}": v / ends for t, v in zip(self.terms, read["episode"])})
            out.update({f"metrics_last/{m}": v / ends for m, v in zip(self.metrics, read["last"])})
            out["ep_len_mean"], out["ep_rew_mean"] = read["length"][0] / ends, read["return"][0] / ends
            out.update({f"terminations/{c}": v / ends for c, v in zip(self.causes, read["causes"])})
            out.update(self._of_returns(read, ends))
        return out

    def _taken(self) -> Tuple[float, Dict[str, List[float]]]:
        """How many steps of an environment were added up, and the sums by name (see `sizes`); both start anew."""
        raise NotImplementedError

    def parts(self) -> List[torch.Tensor]:
        """The tensors that hold the sums: those of several processes may be added up."""
        raise NotImplementedError

    def sizes(self) -> Dict[str, int]:
        """How many numbers each sum has."""
        t, m = len(self.terms), len(self.metrics)
        return {**dict.fromkeys((*AMOUNTS, *COUNTS), t), "nats": len(self.kernels), "odd": len(self.odd), "causes": len(self.causes),
                "ends": 1, "total": 1, "metrics": m, "episode": t, "return": 1, "length": 1, "with_whole": t, "return_with_whole": 1,
                "length_with_whole": 1, "last": m}  # fmt: skip

    def _of_each(
        self, read: Mapping[str, List[float]], steps: float, params: Mapping[str, float]
    ) -> Dict[str, float]:
        """The figures of each term over steps."""
        out, whole = {}, sum(read["size"])
        for i, (term, one) in enumerate(zip(self.terms, self.anatomies)):
            mean = read["paid"][i] / steps
            out[tag_of("spread", term)] = math.sqrt(max(read["square"][i] / steps - mean * mean, 0.0))
            out[tag_of("share", term)] = read["size"][i] / whole if whole else 0.0
            for end, where in (("low", one.low), ("high", one.high)):
                if math.isfinite(where):
                    out[tag_of(f"saturated_{end}", term)] = read[end][i] / steps
            if one.gate:
                out[tag_of("gated_off", term)] = read["zero"][i] / steps
        for i, nats in zip(self.kernels, read["nats"]):
            kernel, on = self.anatomies[i].kernel, steps - self.anatomies[i].gate * read["zero"][i]
            if kernel and on:
                out[tag_of("error", self.terms[i])] = kernel.error(nats / on, params)
        return out

    def _of_returns(self, read: Mapping[str, List[float]], ends: float) -> Dict[str, float]:
        """Each term's share of the variance of the return; {} if the returns were all the same. A total rule has the rest."""
        whole = read["return"][0] if self.has_total else sum(read["episode"])
        square = (read["return_with_whole"][0] if self.has_total else sum(read["with_whole"])) / ends
        mean = whole / ends
        variance = square - mean * mean
        if variance <= 1e-12 * square:
            return {}
        out = {
            tag_of("return_share", t): (both / ends - mean * own / ends) / variance
            for t, both, own in zip(self.terms, read["with_whole"], read["episode"])
        }
        if self.has_total:
            out[tag_of("return_share", "total_rule")] = 1 - sum(out.values())
        return out


class Statistics(Reading):
    """Sums over environments and steps since the last read, in float64. N environments, T terms, K causes, M metrics."""

    def __init__(self, terms: Sequence[str], causes: Sequence[str], metrics: Sequence[str], num_envs: int, device: Any,
                 has_total: bool, anatomies: Sequence[Anatomy]) -> None:  # fmt: skip
        super().__init__(terms, causes, metrics, has_total, anatomies)

        def zeros(*shape: int) -> torch.Tensor:
            return torch.zeros(shape, dtype=torch.float64, device=device)

        t, sizes = len(terms), {**self.sizes(), "steps": 1}
        widths = {name: sizes[name] for name in ROW}
        # Of one step, a row for each environment. A comparison is written as a number at once: to add up bools is several times slower.
        self.row = zeros(num_envs, sum(widths.values()))
        self.row[:, -1] = 1.0  # a step
        self.of = dict(zip(widths, self.row.split(list(widths.values()), 1)))
        events = sum(widths[name] for name in EVENTS)
        self.events, self.gained = self.row[:, :events], self.row[:, -(t + 2) :]  # paid, total, steps
        self.episode = zeros(num_envs, t + 2)  # terms, return, length
        self.ended = zeros(2, num_envs)  # whether the episode ended, and with which return
        self.names = {**widths, **{name: sizes[name] for name in ENDED}}
        self.sums = {"row": zeros(self.row.shape[1]), "ended": zeros(2, t + 2), "last": zeros(len(metrics))}
        # Without a total rule the return is what the terms add up to, to the last digit: so do their shares of its variance to 1.
        self.whole = zeros(t + 2)
        self.whole[slice(t, t + 1) if has_total else slice(t)] = 1.0
        ends = [one.near() for one in anatomies]
        self.low = torch.tensor([low for low, _ in ends], device=device)  # [T]
        self.high = torch.tensor([high for _, high in ends], device=device)
        self.columns = torch.tensor(self.kernels, dtype=torch.long, device=device)
        self.gates = torch.tensor(
            [anatomies[i].gate for i in self.kernels], dtype=torch.float32, device=device
        )

    def add(
        self,
        out: StepOutput,
        bad: torch.Tensor,
        odd: Sequence[torch.Tensor],
        causes: torch.Tensor,
        metrics: torch.Tensor,
    ) -> None:
        """Count one step. bad [N, T]: which terms were not finite; odd [N, K + M + 2] in parts: which causes, metrics, whether the
        total and the observations were not; causes [N, K]; metrics [N, M].
        """
        of, sums, values = self.of, self.sums, out.values
        torch.eq(values, 0.0, out=of["zero"])
        torch.le(values, self.low, out=of["low"])
        torch.ge(values, self.high, out=of["high"])
        of["nonfinite"].copy_(bad)
        of["raw"].copy_(values.masked_fill(bad, 0.0))
        paid = of["paid"].copy_(out.contributions)
        torch.abs(paid, out=of["size"])
        torch.mul(paid, paid, out=of["square"])
        of["total"].copy_(out.reward[:, None])
        whats = (*odd, causes, out.time_out[:, None], out.nonfinite[:, None], out.done[:, None])
        self.events.copy_(torch.cat(whats, 1))
        if self.kernels:
            of["nats"].copy_(self._nats(values, of["zero"]))
        if self.metrics:
            of["metrics"].copy_(torch.nan_to_num(metrics, 0.0, 0.0, 0.0))
        sums["row"] += self.row.sum(0)
        self.episode += self.gained
        ended, returned = self.ended
        ended.copy_(out.done)
        torch.mul(ended, self.episode @ self.whole, out=returned)
        sums["ended"].addmm_(self.ended, self.episode)
        if self.metrics:
            sums["last"] += ended @ of["metrics"]

    def _nats(self, values: torch.Tensor, zero: torch.Tensor) -> torch.Tensor:
        """-log of each kernel's value; 0 where its gate is closed. [N, kernels]"""
        values = torch.nan_to_num(values[:, self.columns], 1.0)
        open = 1.0 - zero[:, self.columns] * self.gates
        return -values.abs().clamp(TINY, 1.0).log().double() * open

    def forget(self, mask: torch.Tensor) -> None:
        """Start the episodes of `mask` [N] anew."""
        self.episode.masked_fill_(mask[:, None], 0.0)

    def parts(self) -> List[torch.Tensor]:
        return list(self.sums.values())

    def _taken(self) -> Tuple[float, Dict[str, List[float]]]:
        values = torch.cat([one.reshape(-1) for one in self.sums.values()]).tolist()
        for one in self.sums.values():
            one.zero_()
        read = named(values, self.names)
        return read["steps"][0], read


def named(values: Sequence[float], sizes: Mapping[str, int]) -> Dict[str, List[float]]:
    """Numbers in a row as lists by name."""
    read, at = {}, 0
    for name, size in sizes.items():
        read[name] = list(values[at : at + size])
        at += size
    return read
