"""Locust's own statistics, fed from our histograms: a batch an interval, never a call a request."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from loadgen.record.lines import Interval

_US_PER_MS = 1000.0
_DIGITS = 3


class Statistics:
    """Fills a `locust.stats.RequestStats`, whose web page then shows requests a second and percentiles.

    Locust rounds every time to whole ms and two digits before it counts it. Its counts get our buckets here,
    in ms with three digits, so that what the page shows is right below a millisecond as well.
    """

    def __init__(self, stats: Any, error: Callable[[str, str, str], Any]) -> None:
        self._stats = stats
        self._error = error  # makes an entry of its table of errors

    def add(self, line: Interval, at: float) -> None:
        """Add an interval of the run that ended at `at`, seconds since 1970."""
        name = f"{line.phase} {line.iteration}: {line.lane}"
        for entry in (self._stats.get(name, line.op), self._stats.total):
            _count(entry, line, at)
        for what, count in line.errors.items():
            known = self._stats.errors.setdefault((line.op, name, what), self._error(line.op, name, what))
            known.occurrences += count
            known.first_seen = known.first_seen or at
            known.last_seen = at


def _count(entry: Any, line: Interval, at: float) -> None:
    """Into one of Locust's entries, as its own `log` would do for each request."""
    second = int(at)
    times = line.latency
    failed = sum(line.errors.values())
    requests = line.ops + failed
    entry.num_requests += requests
    entry.num_failures += failed
    entry.num_reqs_per_sec[second] += requests
    entry.num_fail_per_sec[second] += failed
    entry.total_content_length += line.bytes_received
    entry.last_request_timestamp = at
    # Requests without a time are Locust's word for those that count and have no latency.
    entry.num_none_requests += requests - times.count
    if times.count:
        entry.total_response_time += times.sum / _US_PER_MS
        least = times.min / _US_PER_MS
        entry.min_response_time = min(least, entry.min_response_time or least)
        entry.max_response_time = max(times.max / _US_PER_MS, entry.max_response_time)
        lows, highs, counts = times.buckets()
        for us, count in zip(((lows + highs) / 2).tolist(), counts.tolist(), strict=True):
            entry.response_times[rounded(us / _US_PER_MS)] += count
    if entry.use_response_times_cache:
        entry._cache_response_times(second)


def rounded(ms: float) -> float:
    """Three digits: nearly as many as the buckets have, and few keys for Locust, which sorts them all."""
    if ms <= 0:
        return 0.0
    return round(ms, _DIGITS - 1 - math.floor(math.log10(ms)))
