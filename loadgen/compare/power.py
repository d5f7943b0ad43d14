"""How many blocks a verdict would take: power from the spread that was seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

POWER = 0.8
"""The chance of a verdict that `blocks_for` asks for."""

MOST = 2_000
"""Blocks beyond which nobody is told to try: the difference lies too close to the margin."""


def chance(
    log: float, sd: float, blocks: NDArray[np.int64], *, asked: float, margin: float, alpha: float
) -> NDArray[np.float64]:
    """The chance of a verdict for each number of blocks, if the truth is `log` and a block scatters by `sd`.

    `asked` is what better and worse must exceed, `margin` what equivalence must stay within (log-ratios).
    Better and worse by the noncentral t; the two one-sided tests by its usual normal-shift approximation.
    """
    error, free = sd / np.sqrt(blocks), blocks - 1
    beyond = stats.nct.sf(stats.t.ppf(1 - alpha / 2, free), free, (abs(log) - asked) / error)
    critical = stats.t.ppf(1 - alpha, free)
    inside = (
        stats.t.cdf((margin - log) / error - critical, free)
        + stats.t.cdf((margin + log) / error - critical, free)
        - 1
    )
    return np.asarray(np.fmax(beyond, np.fmax(inside, 0.0)), dtype=np.float64)


def blocks_for(
    log: float, sd: float, *, asked: float, margin: float, alpha: float, least: int, power: float = POWER
) -> int | None:
    """The fewest blocks, from `least` on, with a chance of `power` of a verdict; None if above `MOST`."""
    counts = np.arange(max(least, 2), MOST + 1)
    if not math.isfinite(sd):
        return None
    sd = max(sd, 1e-9)
    enough = np.flatnonzero(chance(log, sd, counts, asked=asked, margin=margin, alpha=alpha) >= power)
    return int(counts[enough[0]]) if enough.size else None
