"""Secondary metrics: each with its interval, all corrected together. They inform, and never gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loadgen.compare.estimate import Estimate, estimate
from loadgen.compare.metric import lower_is_better
from loadgen.compare.signflip import p_differs
from loadgen.compare.values import Rules


@dataclass(frozen=True, slots=True)
class Secondary:
    """One of them. `shown`: better, worse, differs (a metric of no direction), or none."""

    metric: str
    estimate: Estimate
    p: float
    adjusted: float
    shown: str


def secondaries(logs: Mapping[str, Sequence[float]], rules: Rules) -> tuple[Secondary, ...]:
    """The secondary metrics in order of name; those with fewer than two blocks are left out.

    The test is "differs from 0", two-sided, by sign-flips. Holm keeps the chance of any false claim at alpha,
    BH the expected share of false ones among the claims.
    """
    names = sorted(name for name, values in logs.items() if len(values) >= 2)
    raw = [p_differs(logs[name], resamples=rules.resamples, seed=rules.seed) for name in names]
    adjusted = adjust(raw, rules.correction)
    return tuple(
        _secondary(name, logs[name], p, after, rules)
        for name, p, after in zip(names, raw, adjusted, strict=True)
    )


def adjust(ps: Sequence[float], how: str) -> tuple[float, ...]:
    """Adjusted p-values in the order given: "holm" (Holm 1979) or "bh" (Benjamini and Hochberg 1995)."""
    if not ps:
        return ()
    data = np.asarray(ps, dtype=np.float64)
    order, count = np.argsort(data, kind="stable"), data.size
    ranked = data[order]
    if how == "holm":
        after = np.maximum.accumulate(ranked * np.arange(count, 0, -1))
    else:
        after = np.minimum.accumulate((ranked * count / np.arange(1, count + 1))[::-1])[::-1]
    result = np.empty(count)
    result[order] = np.minimum(after, 1.0)
    return tuple(float(one) for one in result)


def _secondary(name: str, logs: Sequence[float], p: float, adjusted: float, rules: Rules) -> Secondary:
    found = estimate(logs, rules.alpha, resamples=rules.resamples, seed=rules.seed)
    shown, lower = "none", lower_is_better(name)
    if adjusted <= rules.alpha:
        more = found.log > 0
        shown = "differs" if lower is None else "worse" if more is lower else "better"
    return Secondary(name, found, p, adjusted, shown)
