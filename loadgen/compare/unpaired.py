"""Runs that were made one after the other, without blocks: what they can say, and never more than that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loadgen.compare.values import NotComparableError, Verdict


@dataclass(frozen=True, slots=True)
class Unpaired:
    """Two sets of runs. `log` is the Hodges-Lehmann shift of ln B against ln A.

    The interval is that of the Mann-Whitney test turned round; infinite where there are too few runs for one.
    """

    runs_a: int
    runs_b: int
    log: float
    low: float
    high: float
    p: float  # two-sided Mann-Whitney
    verdict: Verdict
    reason: str


def unpaired(a: Sequence[float], b: Sequence[float], *, alpha: float) -> Unpaired:
    """Compare values above 0 of runs of A and of B. Raises `NotComparableError` for one run each.

    The verdict is always inconclusive. Runs that were not interleaved differ by whatever else changed between
    them, and without A/A nobody knows how much that is.
    """
    if min(len(a), len(b)) < 1 or max(len(a), len(b)) == 1:
        raise NotComparableError(
            "not comparable: one run each; what differs between two runs may be the hour",
            "`blobproof compare A B --profile PROFILE` interleaves both, and measures the noise first.",
        )
    for arm, values in (("A", a), ("B", b)):
        if bad := [one for one in values if not 0 < one < math.inf]:
            raise NotComparableError(f"not comparable: a run of {arm} has the value {bad[0]:g}")
    left, right = np.log(np.asarray(a)), np.log(np.asarray(b))
    gaps = np.sort((right[:, None] - left[None, :]).ravel())
    p = float(stats.mannwhitneyu(right, left, alternative="two-sided").pvalue)
    low, high = _ends(gaps.tolist(), len(a), len(b), alpha)
    least = 2 / math.comb(len(a) + len(b), len(a))
    if least > alpha:
        reason = (
            f"{len(a)} and {len(b)} runs: the least p they can have is {least:.2g}, "
            f"so nothing can be shown at {alpha:.0%}"
        )
    elif p <= alpha:
        reason = (
            "the two sets of runs differ, but they were not interleaved and there is no A/A: "
            "that it is B's doing was not shown"
        )
    else:
        reason = "no difference was shown, which is not the same as that there is none"
    return Unpaired(len(a), len(b), float(np.median(gaps)), low, high, p, Verdict.INCONCLUSIVE, reason)


def _ends(gaps: Sequence[float], a: int, b: int, alpha: float) -> tuple[float, float]:
    """Which order statistics of the pairwise gaps bound the shift at 1 - alpha, by the exact law of U."""
    counts = [1]  # how many arrangements have U = 0, 1, …: coefficients of the Gaussian binomial
    for i in range(1, b + 1):
        counts = _divided(_times(counts, a + i), i)
    total, below, skip = sum(counts), 0, 0
    for count in counts:
        below += count
        if below / total > alpha / 2:
            break
        skip += 1
    if skip == 0:
        return -math.inf, math.inf
    return float(gaps[skip - 1]), float(gaps[-skip])


def _times(poly: list[int], power: int) -> list[int]:
    """poly · (1 - q^power)."""
    result = poly + [0] * power
    for place, one in enumerate(poly):
        result[place + power] -= one
    return result


def _divided(poly: list[int], power: int) -> list[int]:
    """poly / (1 - q^power), which divides it."""
    result = list(poly)
    for place in range(power, len(result)):
        result[place] += result[place - power]
    return result[: len(result) - power]
