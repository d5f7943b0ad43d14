"""Percentiles of what operations took: those with values enough, and why the others are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loadgen.kpi.values import Origin
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Metric
from loadgen.record.read import LoadRun

LATENCIES = {
    "latency": "last byte - intended start",
    "service": "last byte - start",
    "first_byte": "first byte of the answer - start",
}
QUANTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
TAIL = 99.0
"""From this percentile on, what is missing of a phase is likely to be what would have been slowest."""


def enough(histogram: Histogram, q: float) -> bool:
    """Whether one value or more lies beyond a percentile: P99.9 of 20 values is their maximum, no more."""
    return histogram.count > 0 and (q == 100 or round((100 - q) * histogram.count, 6) >= 100)


def latencies(run: LoadRun, phase: str, problems: Iterable[str]) -> Iterator[Metric]:
    """Percentiles by operation, ms: over all iterations together; least and greatest of any one iteration.

    What there are too few values for is left out; so is the tail of a phase that is not whole (`problems`).
    """
    said = "; ".join(problems)
    for op, what, each in _each(run, phase):
        together = Histogram.merged(each)
        for name, q in QUANTILES.items():
            if _missing(together, q, said):
                continue
            apart = [_ms(one, q) for one in each] if _several(each, q) else []
            yield Metric(
                f"{phase}.{op}.{what}_{name}_ms",
                _ms(together, q),
                "ms",
                Origin.MEASURED,
                min(apart) if apart else None,
                max(apart) if apart else None,
                len(each),
                "; ".join(filter(None, (LATENCIES[what], said))),
                not said,
            )


def left_out(run: LoadRun, phase: str, problems: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The names of the percentiles that `latencies` leaves out of a phase, and why."""
    said = "; ".join(problems)
    for op, what, each in _each(run, phase):
        together = Histogram.merged(each)
        for name, q in QUANTILES.items():
            if why := _missing(together, q, said):
                yield f"{phase}.{op}.{what}_{name}_ms", why


def latency_names(phase: str, ops: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The names and units that `latencies` can give for a phase with these operations."""
    for op in ops:
        for what in LATENCIES:
            for name in QUANTILES:
                yield f"{phase}.{op}.{what}_{name}_ms", "ms"


def _each(run: LoadRun, phase: str) -> Iterator[tuple[str, str, list[Histogram]]]:
    """Operation, one of `LATENCIES`, and its histogram in each iteration that has any."""
    mine = [key for key in run.histograms if key.phase == phase and key.metric in LATENCIES]
    iterations = sorted({key.iteration for key in mine})
    for op in dict.fromkeys(key.op for key in mine):
        for what in LATENCIES:
            each = [run.histogram(phase, what, iteration=number, op=op) for number in iterations]
            if each := [one for one in each if one.count]:
                yield op, what, each


def _missing(histogram: Histogram, q: float, problems: str) -> str:
    """Why a percentile is left out; "": it is not."""
    if problems and q >= TAIL:
        return f"the phase is not whole, and what is missing may be its tail: {problems}"
    if not enough(histogram, q):
        return f"fewer than one of {histogram.count:,} values lies beyond P{q:g}"
    return ""


def _several(each: Sequence[Histogram], q: float) -> bool:
    """Whether there are several iterations, and each has the percentile."""
    return len(each) > 1 and all(enough(one, q) for one in each)


def _ms(histogram: Histogram, q: float) -> float:
    return histogram.percentile(q) / 1000
