"""Time to stage N TB: measured at the run's own size, modelled beyond it, and each says which it is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scipy import special

from loadgen.kpi.iterations import Group, metric
from loadgen.kpi.values import Given, Origin
from loadgen.record.lines import Metric

PHASES = ("stage", "fetch", "hydrate")
"""The phases that stage data: by upload, by download, by Put Block From URL."""

ENOUGH = 59
"""Iterations from which an upper 95 % bound on P95 needs no assumption: 1 - 0.95^59 > 0.95."""

_MODEL = "log-normal times, taken as independent"
_GROWTH = "time grows with bytes: the rate at this run's size holds all the way"


@dataclass(frozen=True, slots=True)
class Bounds:
    """A quantile and its interval."""

    value: float
    low: float | None
    high: float | None


def figures(group: Group, given: Given) -> Iterator[Metric]:
    """Those of one staging phase."""
    whole = [(one.barrier_s, one.bytes) for one in group.iterations if one.barrier_s and one.bytes]
    if not whole:
        return
    times = [seconds for seconds, _ in whole]
    size = statistics.median(moved for _, moved in whole)
    name = f"{group.name}.time_to_stage"
    yield metric(f"{name}_p50_s", "s", times, f"{_size(size)}, this run's size", group.problems)
    yield from _p95(name, times, size, group.problems)
    for target in given.stage_bytes:
        yield from _to(f"{group.name}.time_to_{_size(target)}", target, whole, group.problems)


def names(phase: str, given: Given) -> Iterator[tuple[str, str]]:
    """The names and units that `figures` can give for a staging phase."""
    for what in ("time_to_stage", *(f"time_to_{_size(target)}" for target in given.stage_bytes)):
        for quantile in ("p50", "p95"):
            yield f"{phase}.{what}_{quantile}_s", "s"


def _p95(name: str, times: Sequence[float], size: float, problems: Sequence[str]) -> Iterator[Metric]:
    n, whole, why = len(times), not problems, "; ".join(problems)
    if n >= ENOUGH:
        bounds = ranked(times, 0.95)
        said = f"{_size(size)}; order statistics of {n} iterations; high is an upper 95 % bound"
        kind = Origin.MEASURED
    elif n > 1:
        bounds = modelled(times, 0.95)
        said = (
            f"{_size(size)}; a model's output: {_MODEL}; "
            f"a bound without assumptions needs {ENOUGH} iterations, there are {n}"
        )
        kind = Origin.MODELLED
    else:
        return
    said = "; ".join(filter(None, (said, why)))
    yield Metric(f"{name}_p95_s", bounds.value, "s", kind, bounds.low, bounds.high, n, said, whole)


def _to(
    name: str, target: int, measured: Sequence[tuple[float, int]], problems: Sequence[str]
) -> Iterator[Metric]:
    times = [target * seconds / moved for seconds, moved in measured]
    size = statistics.median(moved for _, moved in measured)
    for quantile, share in (("p50", 0.5), ("p95", 0.95)):
        if len(times) == 1 and quantile == "p95":
            return
        bounds = modelled(times, share) if len(times) > 1 else Bounds(times[0], None, None)
        spread = (
            f"{_MODEL}; the interval is of their noise alone"
            if len(times) > 1
            else "one iteration: no interval"
        )
        said = "; ".join((f"{_times(target / size)} times what was measured: {_GROWTH}", spread, *problems))
        yield Metric(
            f"{name}_{quantile}_s",
            bounds.value,
            "s",
            Origin.MODELLED,
            bounds.low,
            bounds.high,
            len(times),
            said,
            not problems,
        )


def modelled(times: Sequence[float], share: float, level: float = 0.95) -> Bounds:
    """A quantile of log-normal times and its exact interval (noncentral t). Needs two times above 0."""
    logs = [math.log(one) for one in times]
    n, middle, spread = len(logs), statistics.fmean(logs), statistics.stdev(logs)
    z = float(special.ndtri(share))
    if spread == 0:
        return Bounds(*[math.exp(middle)] * 3)
    ends = special.nctdtrit(n - 1, z * math.sqrt(n), [(1 - level) / 2, (1 + level) / 2]) / math.sqrt(n)
    value, low, high = (middle + factor * spread for factor in (z, *map(float, ends)))
    return Bounds(math.exp(value), math.exp(low), math.exp(high))


def ranked(times: Sequence[float], share: float, level: float = 0.95) -> Bounds:
    """A quantile by order statistics, each end a one-sided bound; None for one that there are too few for."""
    ordered, n = sorted(times), len(times)
    value = ordered[min(n, math.ceil(share * n)) - 1]
    # The r-th smallest of n is above the quantile unless r or more of them are at most it.
    above = next((r for r in range(1, n + 1) if special.bdtr(r - 1, n, share) >= level), None)
    below = next((r for r in range(n, 0, -1) if special.bdtrc(r - 1, n, share) >= level), None)
    return Bounds(value, ordered[below - 1] if below else None, ordered[above - 1] if above else None)


def _times(ratio: float) -> str:
    """A ratio in words: 2.5, 20,000."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _size(amount: float) -> str:
    """A size as metrics spell it: 1TB, 1.5TB, 64GB, 12MB."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if amount >= size:
            return f"{amount / size:.4g}{unit}"
    return f"{amount:.0f}B"
