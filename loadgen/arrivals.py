"""When the tasks of an open loop are due. The same seed gives the same times in every worker."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator

from loadgen.plan.values import Arrivals, Process

_NS = 1_000_000_000


def due_times(arrivals: Arrivals, seed: str, start_ns: int) -> Iterator[int]:
    """The times, ns of the monotonic clock, in order; without end where `arrivals.seconds` is 0.

    A constant process begins at `start_ns`; a Poisson process has exponential gaps of mean 1 / rate, and its
    count in a window varies, as it does in the world. Raises `ValueError` for a rate that is not positive.
    """
    if not arrivals.rate > 0 or math.isinf(arrivals.rate):
        raise ValueError(f"a rate of arrivals is a positive number of tasks a second, not {arrivals.rate!r}")
    times = _poisson(arrivals, seed) if arrivals.process is Process.POISSON else _constant(arrivals)
    if arrivals.seconds:
        times = itertools.takewhile(lambda at: at < arrivals.seconds, times)
    return (start_ns + int(at * _NS) for at in times)


def _constant(arrivals: Arrivals) -> Iterator[float]:
    # Each from its own number: a sum of gaps would drift away from the schedule.
    return (number / arrivals.rate for number in itertools.count())


def _poisson(arrivals: Arrivals, seed: str) -> Iterator[float]:
    gap = random.Random(seed).expovariate  # noqa: S311 - a schedule, no secret
    return itertools.accumulate(gap(arrivals.rate) for _ in itertools.count())
