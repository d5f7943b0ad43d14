"""The master's side: deltas of all workers become interval lines and the histograms of each phase."""

from __future__ import annotations

from loadgen.record.delta import METRICS, Cell, Delta, Key
from loadgen.record.histogram import Histogram
from loadgen.record.lines import HistogramLine, Interval


class Gathered:
    """Adds up deltas. Holds intervals until they are asked for, histograms until their phase is closed."""

    def __init__(self, interval_s: float = 1.0) -> None:
        self._interval = interval_s
        self._open = Delta()
        self._phases: dict[tuple[str, int], dict[tuple[str, str, str], Histogram]] = {}
        self.ops = 0  # that succeeded, so far
        self.errors = 0  # attempts that did not

    def add(self, delta: Delta) -> None:
        """A worker's delta came."""
        self._open.merge(delta)
        self.ops += delta.ops
        self.errors += delta.errors
        for key, cell in delta.cells.items():
            held = self._phases.setdefault((key.phase, key.iteration), {})
            for metric in METRICS:
                held.setdefault((key.lane, key.op, metric), Histogram()).merge(getattr(cell, metric))

    def intervals(self, through_s: float = float("inf")) -> tuple[Interval, ...]:
        """The lines of the intervals that end by a time (seconds from the run's start); once each.

        Ask for those that every worker has told of. What comes later for an interval that was asked for makes
        another line of it: lines of one interval, lane and operation add up.
        """
        ready = sorted(key for key in self._open.cells if key.t_s + self._interval <= through_s)
        return tuple(_interval(key, self._open.cells.pop(key)) for key in ready)

    def close(self, phase: str, iteration: int) -> tuple[HistogramLine, ...]:
        """The histograms of a phase that ended, and no longer held here."""
        held = self._phases.pop((phase, iteration), {})
        return tuple(
            HistogramLine(phase, iteration, lane, op, metric, histogram)
            for (lane, op, metric), histogram in sorted(held.items(), key=lambda item: item[0])
            if histogram.count
        )


def _interval(key: Key, cell: Cell) -> Interval:
    return Interval(
        *key,
        ops=cell.ops,
        bytes_sent=cell.bytes_sent,
        bytes_received=cell.bytes_received,
        errors=dict(cell.errors),
        latency=cell.latency,
    )
