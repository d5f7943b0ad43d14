"""The sign-flip permutation test on signed ranks: exact up to 32 blocks, Monte Carlo beyond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

EXACT = 32
"""Blocks up to which every one of the 2^n sign patterns is counted (as two halves of 2^16 at most)."""

Floats = NDArray[np.float64]


def p_above(values: Sequence[float], *, resamples: int = 99_999, seed: int = 1) -> float:
    """One-sided p of "the values lie above 0": the share of sign patterns with a sum of ranks as great.

    It needs values that are symmetric around 0 if nothing is there. For log-ratios of blocks whose order was
    drawn by a coin that holds by the design itself. Ranks, so that one block that is far off does not drown
    what the others say; values that tie share their rank. 1 for no values.
    """
    data = _signed_ranks(values)
    if not data.size:
        return 1.0
    limit = float(data.sum()) - _slack(data)
    if data.size > EXACT:
        signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(resamples, data.size))
        return float((1 + np.count_nonzero(signs @ data >= limit)) / (resamples + 1))
    return _at_least(data, limit)


def p_differs(values: Sequence[float], *, resamples: int = 99_999, seed: int = 1) -> float:
    """Two-sided p of "the values do not lie around 0". The least for n values is 2/2^n."""
    data = _signed_ranks(values)
    if not data.size:
        return 1.0
    size = abs(float(data.sum())) - _slack(data)
    if size <= 0:
        return 1.0
    if data.size > EXACT:
        signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(resamples, data.size))
        return float((1 + np.count_nonzero(np.abs(signs @ data) >= size)) / (resamples + 1))
    return min(1.0, 2 * _at_least(data, size))


def _signed_ranks(values: Sequence[float]) -> Floats:
    data = np.asarray(values, dtype=np.float64)
    return np.asarray(np.sign(data) * stats.rankdata(np.abs(data)), dtype=np.float64)


def _at_least(data: Floats, limit: float) -> float:
    """The share of all sign patterns whose sum is at least `limit`."""
    half = data.size // 2
    left, right = _sums(data[:half]), np.sort(_sums(data[half:]))
    below = np.searchsorted(right, limit - left, side="left")
    return float((right.size - below).sum() / (left.size * right.size))


def _sums(data: Floats) -> Floats:
    sums = np.zeros(1)
    for one in data:
        sums = np.concatenate((sums - one, sums + one))
    return sums


def _slack(data: Floats) -> float:
    """What rounding may do to a sum: patterns that tie with this one must count as ties."""
    return 1e-9 * float(np.abs(data).sum())
