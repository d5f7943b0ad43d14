"""How many blocks a verdict would take: power from the spread that was seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from loadgen.compare.noise import floor
from loadgen.compare.values import Rules

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


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an experiment can find in the noise of A against itself; known before A meets B."""

    difference: float  # twice the margin; 0.1025 is 10.25 %
    chance: float  # that so many blocks find it
    enough: int | None  # blocks that find it with a chance of 95 %; None: no number we would name

    def __str__(self) -> str:
        said = f"a difference of {self.difference:.1%} would be found with a chance of {self.chance:.0%}"
        if self.chance >= _SURE:
            return said
        return f"{said}; for {_SURE:.0%} take " + (
            f"--blocks {self.enough}" if self.enough else "longer runs on a quieter machine"
        )


_SURE = 0.95


def outlook(aa: Sequence[float], rules: Rules) -> Outlook:
    """Whether the blocks that are planned will do, by log-ratios of A against itself.

    To look at A alone does not weaken what follows. Of the noise floor and the plain standard deviation the
    greater is taken: a floor does not see the few blocks that are far off, and they cost power too.
    """
    spread = max(floor(aa), math.sqrt(sum(one * one for one in aa) / len(aa)))
    log, asked = 2 * rules.log_margin, rules.log_margin
    how = {"asked": asked, "margin": asked, "alpha": rules.alpha}
    found = 0.0
    if rules.blocks >= rules.needed:
        found = float(chance(log, max(spread, 1e-9), np.array([rules.blocks]), **how)[0])
    enough = blocks_for(log, spread, least=rules.needed, power=_SURE, **how)
    return Outlook(math.expm1(log), found, enough)
