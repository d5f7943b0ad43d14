"""How long the last of N ranks takes, from how long measured ranks took, and what that assumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

FEWEST = 16  # measured ranks, over all iterations: with fewer, a tail is guessed and not modelled
ASSUMPTIONS = (
    "ranks are late independently of one another; a cause that several share makes the true tail longer",
    "ranks at the larger size are as late, in proportion to the median rank, as those that were measured",
)


@dataclass(frozen=True, slots=True)
class Tail:
    """The last of `ranks`, as a multiple of the median rank. Modelled, whatever the number of ranks.

    `value` is the median of that multiple. `low` and `high` hold both tail models and the 95 % intervals of
    their parameters.
    """

    ranks: int
    value: float
    low: float
    high: float
    measured_ranks: int
    said: str


def last_of(
    iterations: Sequence[Sequence[float]], ranks: int, *, seed: int = 1, draws: int = 200
) -> Tail | None:
    """The last of `ranks` from rank durations (seconds, or any unit), a sequence for each iteration.

    Each iteration is taken relative to its own median. Where at least twice as many ranks were measured as
    are asked for, the measured order statistic is used; beyond that, a log-normal upper half (the value) and
    an exponential excess over the upper fifth (the other end). The interval is from a bootstrap of whole
    iterations and of the ranks in them. None with fewer than 16 measured ranks.
    """
    relative = [np.asarray(one, float) / np.median(one) for one in iterations if len(one) > 1]
    pooled = np.concatenate(relative) if relative else np.empty(0)
    if len(pooled) < FEWEST or ranks < 1:
        return None
    share = 0.5 ** (1 / ranks)  # the median of the greatest of n is the quantile of 0.5^(1/n)
    generator = np.random.default_rng(seed)
    drawn = [np.array(_models(_again(relative, generator), share)) for _ in range(draws)]
    ends = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    within = len(pooled) >= 2 * ranks
    here = _models(pooled, share)
    index = 0 if within else 1
    low = float(ends[0, 0]) if within else float(ends[0, 1:].min())
    high = float(ends[1, 0]) if within else float(ends[1, 1:].max())
    value = max(1.0, here[index])
    how = "the measured order statistic" if within else "log-normal to exponential tail"
    said = f"{how}, from {len(pooled)} ranks in {len(relative)} iterations"
    return Tail(ranks, value, max(1.0, min(low, value)), max(high, value), len(pooled), said)


def _again(relative: Sequence[Array], generator: np.random.Generator) -> Array:
    chosen = generator.integers(0, len(relative), len(relative))
    return np.concatenate([generator.choice(relative[index], len(relative[index])) for index in chosen])


def _models(pooled: Array, share: float) -> tuple[float, float, float]:
    """The quantile of `share`: measured; of a log-normal upper half; of an exponential excess."""
    middle = float(np.median(pooled))
    upper = np.log(pooled[pooled > middle] / middle)
    sigma = float(np.sqrt((upper**2).mean())) if len(upper) else 0.0
    edge = float(np.quantile(pooled, 0.8))
    excess = pooled[pooled > edge] - edge
    mean = float(excess.mean()) if len(excess) else 0.0
    return (
        float(np.quantile(pooled, share)),
        middle * float(np.exp(sigma * special.ndtri(share))),
        edge + mean * max(0.0, float(np.log(0.2 / (1 - share)))),
    )
