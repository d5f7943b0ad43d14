"""What A against itself says: the noise floor, and how often it alone would make a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from loadgen.compare.estimate import Estimate, critical, estimate

_NORMAL = 1.4826  # MAD of a normal distribution × this = its standard deviation
_DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Share:
    """k of n, with the exact (Clopper-Pearson) interval at 95 %."""

    count: int
    of: int

    @property
    def rate(self) -> float:
        """k/n."""
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends."""
        found = stats.binomtest(self.count, self.of).proportion_ci(0.95, method="exact")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count} of {self.of:,} = {self.rate:.1%} (95 % interval {low:.1%} to {high:.1%})"


@dataclass(frozen=True, slots=True)
class Noise:
    """A against itself."""

    blocks: int
    floor: float  # standard deviation of one block's log-ratio, from the median of their sizes
    itself: Estimate  # A against itself; the truth is 0
    p: float  # two-sided sign-flip p of "A differs from itself"
    false: Share  # comparisons drawn from these blocks with better or worse as the verdict; an estimate


def floor(logs: Sequence[float]) -> float:
    """The noise floor: 1.4826 · median |log-ratio|. The truth is known to be 0, so nothing is centred."""
    return _NORMAL * float(np.median(np.abs(np.asarray(logs, dtype=np.float64))))


def false_share(logs: Sequence[float], blocks: int, asked: float, alpha: float, seed: int) -> Share:
    """How often comparisons of A with itself would be called better or worse, drawn from these blocks.

    Every draw takes `blocks` of them with replacement and turns each by a coin, as the order's coin does. It
    is judged by the exact signed-rank test, as `estimate` does below 10 blocks.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.asarray(logs, dtype=np.float64), size=(_DRAWS, blocks))
    drawn = drawn * rng.choice((-1.0, 1.0), size=drawn.shape)
    limit = critical(blocks, alpha / 2)
    worse = _against(drawn - asked) <= limit
    better = _against(-drawn - asked) <= limit
    return Share(int(np.count_nonzero(worse | better)), _DRAWS)


def _against(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of the ranks of what lies below 0, row by row."""
    ranks = stats.rankdata(np.abs(values), axis=1)
    return np.asarray(np.where(values < 0, ranks, 0.0).sum(axis=1), dtype=np.float64)


def noise(
    logs: Sequence[float], p: float, *, blocks: int, asked: float, alpha: float, resamples: int, seed: int
) -> Noise:
    """The noise that A/A blocks show, for comparisons of `blocks` blocks."""
    return Noise(
        blocks=len(logs),
        floor=floor(logs),
        itself=estimate(logs, alpha, resamples=resamples, seed=seed),
        p=p,
        false=false_share(logs, max(blocks, 2), asked, alpha, seed),
    )


def autocorrelation(logs: Sequence[float]) -> float:
    """Lag-1 autocorrelation of blocks in the order they ran; 0 where there is none to see."""
    data = np.asarray(logs, dtype=np.float64)
    data = data - data.mean()
    whole = float(data @ data)
    return float(data[:-1] @ data[1:]) / whole if whole > 0 else 0.0


def hangs_together(logs: Sequence[float]) -> str:
    """A sentence where neighbouring blocks resemble (or oppose) each other; "" where not.

    Under independence the lag-1 autocorrelation lies around -1/n with a standard deviation of about 1/√n.
    """
    count = len(logs)
    if count < 8:  # too few to see any but the grossest
        return ""
    seen = autocorrelation(logs)
    if abs(seen + 1 / count) <= 1.96 / math.sqrt(count):
        return ""
    said = f"blocks are not independent of their neighbours (lag-1 autocorrelation {seen:+.2f})"
    if seen > 0:
        worth = max(1.0, count * (1 - seen) / (1 + seen))
        return f"{said}: {count} of them are worth about {worth:.0f}, and the interval is too narrow"
    return said


def far_out(logs: Sequence[float]) -> tuple[int, ...]:
    """Which blocks (from 0) lie more than 5 robust standard deviations from the median. They are kept."""
    data = np.asarray(logs, dtype=np.float64)
    away = np.abs(data - np.median(data))
    scale = _NORMAL * float(np.median(away))
    return tuple(int(one) for one in np.flatnonzero(away > 5 * scale)) if scale > 0 else ()
