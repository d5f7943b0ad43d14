"""How often to write a checkpoint: the optimum intervals of Young and of Daly, and what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Compute for `seconds`, then stall for a checkpoint. `overhead`: time lost / time of useful work."""

    seconds: float
    overhead: float


def young(stall_s: float, mtbf_s: float) -> Interval:
    """Young's first-order optimum: sqrt(2·stall·MTBF). Restart time is not counted.

    J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17 (9), 1974.
    Its overhead is stall/interval + interval/(2·MTBF). Raises `ValueError` unless both are above 0.
    """
    _positive(stall_s, mtbf_s)
    seconds = math.sqrt(2 * stall_s * mtbf_s)
    return Interval(seconds, stall_s / seconds + seconds / (2 * mtbf_s))


def daly(stall_s: float, mtbf_s: float) -> Interval:
    """Daly's higher-order optimum; the MTBF itself where the stall is twice the MTBF or more.

    J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", FGCS 22 (3),
    2006, eq. 37. The overhead is that of his exact model with exponential failures and no restart time.
    Raises `ValueError` unless both are above 0.
    """
    _positive(stall_s, mtbf_s)
    ratio = stall_s / (2 * mtbf_s)
    if ratio < 1:
        seconds = math.sqrt(2 * stall_s * mtbf_s) * (1 + math.sqrt(ratio) / 3 + ratio / 9) - stall_s
    else:
        seconds = mtbf_s
    exponent = (seconds + stall_s) / mtbf_s
    overhead = mtbf_s / seconds * math.expm1(exponent) - 1 if exponent < _ENDLESS else math.inf
    return Interval(seconds, overhead)


_ENDLESS = 700.0  # e to more than this is no float: such a job never ends


def _positive(stall_s: float, mtbf_s: float) -> None:
    if not (stall_s > 0 and mtbf_s > 0):
        raise ValueError(f"a stall of {stall_s:g} s and an MTBF of {mtbf_s:g} s: both must be above 0")
