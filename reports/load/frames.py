"""A load run as tables (pandas), in the units that people read: seconds, milliseconds, decimal GB."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from loadgen.record.histogram import Histogram
from loadgen.record.lines import Interval
from loadgen.record.read import LoadRun
from loadgen.work.op import WRITES, Kind

MOST_POINTS = 240
"""Points of one line of a chart: more than a screen can show only make the page heavy."""

_NINES = (
    0.0,
    25.0,
    50.0,
    75.0,
    90.0,
    95.0,
    98.0,
    99.0,
    99.5,
    99.8,
    99.9,
    99.95,
    99.98,
    99.99,
    99.995,
    99.999,
)


def timeline(run: LoadRun, step: int = 1) -> pd.DataFrame:
    """One row a step (whole seconds), phase, iteration and op: t_s, …, ops, bytes, errors, p50_ms, p99_ms.

    Bytes are payload: neither lists of blocks nor listings count.
    """
    rows = [
        {
            "t_s": one.t_s // step * step,
            "phase": one.phase,
            "iteration": one.iteration,
            "op": one.op,
            "ops": one.ops,
            "bytes": _payload(one),
            "errors": sum(one.errors.values()),
            "latency": one.latency,
        }
        for one in run.intervals
    ]
    columns = ["t_s", "phase", "iteration", "op", "ops", "bytes", "errors", "p50_ms", "p99_ms"]
    if not rows:
        return pd.DataFrame(columns=columns)
    # Lines of several lanes, of several seconds, or that came late, add up; percentiles are of all together.
    grouped = pd.DataFrame(rows).groupby(["t_s", "phase", "iteration", "op"], as_index=False)
    frame = grouped.agg({"ops": "sum", "bytes": "sum", "errors": "sum", "latency": Histogram.merged})
    quantiles = [one.percentiles((50, 99)) if one.count else (None, None) for one in frame.pop("latency")]
    frame["p50_ms"] = [None if low is None else low / 1e3 for low, _ in quantiles]
    frame["p99_ms"] = [None if high is None else high / 1e3 for _, high in quantiles]
    return frame[columns].sort_values(["t_s", "op"], ignore_index=True)


def _payload(one: Interval) -> int:
    if one.op in WRITES:
        return one.bytes_sent
    return one.bytes_received if one.op == Kind.GET_BLOB else 0


def errors(run: LoadRun) -> pd.DataFrame:
    """What failed, by what was answered: phase, op, what, count; the most frequent first."""
    rows = [
        {"phase": one.phase, "op": one.op, "what": what, "count": count}
        for one in run.intervals
        for what, count in one.errors.items()
    ]
    if not rows:
        return pd.DataFrame(columns=["phase", "op", "what", "count"])
    frame = pd.DataFrame(rows).groupby(["phase", "op", "what"], as_index=False).agg({"count": "sum"})
    return frame.sort_values("count", ascending=False, ignore_index=True)


def nines(histogram: Histogram) -> pd.DataFrame:
    """Percentiles on a log-nines axis: q in per cent, nines = -log10(1 - q/100), ms.

    No percentile is given that fewer than one value is beyond: P99.9 of 100 values is their maximum, no more.
    """
    qs = [q for q in _NINES if _enough(histogram, q)]
    values = histogram.percentiles(qs)
    return pd.DataFrame(
        {"q": qs, "nines": [-np.log10(1 - q / 100) for q in qs], "ms": [value / 1e3 for value in values]}
    )


def _enough(histogram: Histogram, q: float) -> bool:
    """Whether one value or more is expected beyond a percentile."""
    return histogram.count > 0 and round((100 - q) * histogram.count, 6) >= 100


def ecdf(histogram: Histogram) -> pd.DataFrame:
    """The share of values up to a duration: ms, share; thinned to what a screen can show."""
    if not histogram.count:
        return pd.DataFrame(columns=["ms", "share"])
    _, highs, counts = histogram.buckets()
    shares = np.cumsum(counts) / counts.sum()
    # Evenly over the share: a line drawn through them is within half a point of the truth everywhere.
    wanted = np.unique(np.searchsorted(shares, np.linspace(0, 1, MOST_POINTS)).clip(0, len(shares) - 1))
    return pd.DataFrame({"ms": np.minimum(highs[wanted], histogram.max) / 1e3, "share": shares[wanted]})


def ranks(run: LoadRun) -> pd.DataFrame:
    """When each rank was at work: phase, iteration, lane, rank, begin_s, data_end_s, end_s, bytes, failed."""
    columns = [
        "phase",
        "iteration",
        "lane",
        "rank",
        "worker",
        "begin_s",
        "data_end_s",
        "end_s",
        "bytes",
        "failed",
    ]
    rows = [
        [getattr(one, name) for name in columns]
        for one in run.ranks
        if one.begin_s is not None and one.end_s is not None
    ]
    return pd.DataFrame(rows, columns=columns)


def operations(run: LoadRun, phases: Iterable[str]) -> pd.DataFrame:
    """One row for each phase and operation: counts and percentiles of latency and service time, ms.

    None where there are too few values for a percentile: as in `nines`.
    """
    rows = []
    for phase in phases:
        for op in dict.fromkeys(key.op for key in run.histograms if key.phase == phase):
            latency = run.histogram(phase, "latency", op=op)
            if not latency.count:
                continue
            service = run.histogram(phase, "service", op=op)
            first = run.histogram(phase, "first_byte", op=op)
            rows.append(
                {
                    "phase": phase,
                    "op": op,
                    "count": latency.count,
                    **{f"p{q:g}": _ms(latency, q) for q in (50, 90, 99, 99.9)},
                    "max": latency.max / 1e3,
                    "service_p50": _ms(service, 50),
                    "service_p99": _ms(service, 99),
                    "first_p50": _ms(first, 50),
                }
            )
    return pd.DataFrame(rows, dtype=object)


def _ms(histogram: Histogram, q: float) -> float | None:
    return histogram.percentile(q) / 1e3 if _enough(histogram, q) else None
