"""The recorder of a worker: every attempt goes through it, and it keeps only what was not taken yet."""

from __future__ import annotations

from typing import Protocol

from loadgen.record.delta import Cell, Delta, Key
from loadgen.work.op import Kind, Op, Outcome

_NS = 1_000_000_000

__all__ = ["Delta", "Log", "Recorder"]


class Log(Protocol):
    """An operation log; see `loadgen.record.oplog`."""

    def begin(self, phase: str, iteration: int) -> None:
        """What comes now belongs to this phase."""
        ...

    def add(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended."""
        ...

    def flush(self) -> None:
        """What was added can be read now."""
        ...


class _Cells(dict[tuple[str, Kind], Cell]):
    """The cells of one interval: they come as they are needed."""

    def __missing__(self, key: tuple[str, Kind]) -> Cell:
        cell = self[key] = Cell()
        return cell


class Recorder:
    """Counts attempts by interval, lane and operation. Satisfies `loadgen.work.lane.Recorder`.

    `start_ns` is the start of the run, ns of this worker's monotonic clock: intervals count from it, on
    every worker alike. An attempt belongs to the interval in which it ended. Durations are cut to whole µs.
    """

    def __init__(self, start_ns: int, log: Log | None = None, *, interval_s: float = 1.0) -> None:
        self._start = start_ns
        self._interval = int(interval_s * _NS)
        self._log = log
        self._phase: tuple[str, int] | None = None
        self._kept: dict[tuple[int, str, int], _Cells] = {}  # by number of the interval, phase and iteration
        self._cells = _Cells()
        self._since = self._until = 0  # the interval of `_cells`; none at first

    def begin(self, phase: str, iteration: int = 1) -> None:
        """What ends from now on belongs to this phase. To be called before the first attempt."""
        self._phase = phase, iteration
        self._until = self._since  # the next attempt asks for its cells
        if self._log is not None:
            self._log.begin(phase, iteration)

    def op(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended, well or not."""
        status, code, started, first, last, sent, received, failure, _ = outcome
        if not self._since <= last < self._until:
            self._turn(last)
        cell = self._cells[op.lane, op.kind]
        if failure or not 200 <= status < 300:
            cell.errors[failure or f"{status} {code}".rstrip()] += 1
            cell.failed.record((last - op.intended) // 1000)
        else:
            cell.latency.record((last - op.intended) // 1000)
            cell.service.record((last - started) // 1000)
            if first:
                cell.first_byte.record((first - started) // 1000)
            cell.bytes_sent += sent
            cell.bytes_received += received
        if self._log is not None:
            self._log.add(op, outcome)

    def take(self) -> Delta:
        """What was recorded since the last time; it is forgotten here. Makes the log readable up to now."""
        seconds = self._interval / _NS
        delta = Delta(
            {
                Key(number * seconds, phase, iteration, lane, kind.value): cell
                for (number, phase, iteration), cells in self._kept.items()
                for (lane, kind), cell in cells.items()
            }
        )
        self._kept.clear()
        self._until = self._since
        if self._log is not None:
            self._log.flush()
        return delta

    def _turn(self, last: int) -> None:
        """Go to the interval in which an attempt ended: nearly always the next one."""
        if self._phase is None:
            raise RuntimeError("no phase was begun")
        number = (last - self._start) // self._interval
        self._since = self._start + number * self._interval
        self._until = self._since + self._interval
        self._cells = self._kept.setdefault((number, *self._phase), _Cells())
