"""What a reward adds up on the device for the logs, and reads in one transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Tuple

import torch

if TYPE_CHECKING:
    from .reward import StepOutput


class Statistics:
    """Sums over environments and steps since the last read, in float64, in one tensor. T terms, K causes, M metrics."""

    def __init__(self, terms: Sequence[str], causes: Sequence[str], metrics: Sequence[str], num_envs: int, device: Any,
                 has_total: bool) -> None:  # fmt: skip
        self.terms, self.causes, self.metrics, self.has_total = (
            list(terms),
            [*causes, "time_out", "nonfinite"],
            list(metrics),
            has_total,
        )
        self.odd = [
            *(f"terminations/{c}" for c in causes),
            *(f"metrics/{m}" for m in metrics),
            "reward/total",
            "observations",
        ]
        sizes = {"paid": len(terms), "raw": len(terms), "nonfinite": len(terms), "episode": len(terms), "total": 1, "steps": 1,
                 "ends": 1, "length": 1, "return": 1, "causes": len(self.causes), "metrics": len(metrics), "last": len(metrics), "odd": len(causes) + len(metrics) + 2}  # fmt: skip
        self.sums = torch.zeros(sum(sizes.values()), dtype=torch.float64, device=device)
        self.parts: Dict[str, torch.Tensor] = dict(zip(sizes, self.sums.split(list(sizes.values()))))
        self.slices: List[Tuple[str, int]] = list(sizes.items())
        self.episode = torch.zeros(
            num_envs, len(terms) + 2, dtype=torch.float64, device=device
        )  # terms, return, length

    def add(
        self,
        out: StepOutput,
        bad: torch.Tensor,
        odd: torch.Tensor,
        causes: torch.Tensor,
        metrics: torch.Tensor,
    ) -> None:
        """Count one step. bad [N, T]: which terms were not finite; odd [N, K + M + 2]: which causes, metrics, whether the total and
        the observations were not; causes [N, K]; metrics [N, M].
        """
        parts, done = self.parts, out.done.double()  # [N]
        paid = out.contributions.double()
        parts["paid"] += paid.sum(0)
        parts["raw"] += torch.where(bad, torch.zeros_like(paid), out.values.double()).sum(0)
        parts["nonfinite"] += bad.sum(0)
        parts["odd"] += odd.sum(0)
        parts["total"] += out.reward.double().sum()
        parts["steps"] += len(done)
        self.episode[:, :-2] += paid
        self.episode[:, -2] += out.reward
        self.episode[:, -1] += 1
        ended = done @ self.episode  # [T + 2]
        parts["episode"] += ended[:-2]
        parts["return"] += ended[-2]
        parts["length"] += ended[-1]
        parts["ends"] += done.sum()
        parts["causes"] += torch.cat((causes, out.time_out[:, None], out.nonfinite[:, None]), 1).sum(0)
        finite = torch.where(torch.isfinite(metrics), metrics, torch.zeros_like(metrics)).double()
        parts["metrics"] += finite.sum(0)
        parts["last"] += done @ finite

    def forget(self, mask: torch.Tensor) -> None:
        """Start the episodes of `mask` [N] anew."""
        self.episode *= (~mask[:, None]).double()

    def read(self) -> Dict[str, float]:
        """Tag → mean since the last read; {} if there was no step. Tags of episodes are there if one has ended."""
        values = self.sums.tolist()
        self.sums.zero_()
        read: Dict[str, List[float]] = {}
        for name, size in self.slices:
            read[name], values = values[:size], values[size:]
        steps, ends = read["steps"][0], read["ends"][0]
        if not steps:
            return {}
        out = {f"terms/{t}": v / steps for t, v in zip(self.terms, read["paid"])}
        out.update({f"terms_raw/{t}": v / steps for t, v in zip(self.terms, read["raw"])})
        out.update({f"nonfinite/{t}": v for t, v in zip(self.terms, read["nonfinite"])})
        out.update({f"nonfinite/{name}": v for name, v in zip(self.odd, read["odd"]) if v})
        added, paid = sum(read["paid"]), read["total"][0]
        # float32 sums over terms round; beyond that, a difference is the total's doing, or of a sum that overflowed.
        rounding = 1e-5 * sum(abs(v) for v in read["paid"])
        if self.has_total or abs(paid - added) > rounding:
            out["reward/total_rule"] = (paid - added) / steps
            out["reward/total"] = paid / steps
        else:
            out["reward/total"] = added / steps
        out.update({f"metrics/{m}": v / steps for m, v in zip(self.metrics, read["metrics"])})
        if ends:
            out.update({f"episode/{t}": v / ends for t, v in zip(self.terms, read["episode"])})
            out.update({f"metrics_last/{m}": v / ends for m, v in zip(self.metrics, read["last"])})
            out["ep_len_mean"], out["ep_rew_mean"] = read["length"][0] / ends, read["return"][0] / ends
            out.update({f"terminations/{c}": v / ends for c, v in zip(self.causes, read["causes"])})
        return out
