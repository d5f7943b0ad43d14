"""What the master keeps of a phase while it runs, and the lines of the run's file that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loadgen.fleet.clock import NS
from loadgen.plan.values import Phase
from loadgen.record import lines
from loadgen.record.delta import Cell, Delta
from loadgen.record.gather import Gathered
from loadgen.work.op import WRITES, Kind


class Ledger:
    """One phase. Times are seconds from the run's start, but `now`: ns of the master's clock."""

    def __init__(self, phase: Phase, number: int, begin_s: float, workers: Iterable[int]) -> None:
        self.phase = phase
        self.number = number
        self.begin_s = begin_s
        self.finished: set[int] = set()  # workers that have told all
        self.unfinished: set[int] = set()  # ranks that were stopped
        self._told: dict[int, float] = dict.fromkeys(workers, 0.0)  # up to when each has told what it did
        self._gathered = Gathered()
        self._ranks: list[lines.Rank] = []
        self._bytes: dict[int, int] = {}  # by worker, as long as it has not told its tallies
        self._moved = 0  # bytes, over all that were told
        self._failing_since: int | None = None

    def add(self, worker: int, delta: Delta, through_s: float, now: int) -> tuple[lines.Interval, ...]:
        """A worker's delta, which holds everything before `through_s`. The intervals that are whole by it."""
        self._gathered.add(delta)
        moved = sum(_payload(key.op, cell) for key, cell in delta.cells.items())
        self._bytes[worker] = self._bytes.get(worker, 0) + moved
        self._moved += moved
        if delta.ops:
            self._failing_since = None
        elif delta.errors and self._failing_since is None:
            self._failing_since = now
        if worker in self._told:
            self._told[worker] = through_s
        return self._whole()

    def finish(self, worker: int, ranks: Iterable[lines.Rank], unfinished: Iterable[int]) -> None:
        """A worker has told all."""
        told = [*ranks]
        self.finished.add(worker)
        self.unfinished.update(unfinished)
        self._told.pop(worker, None)
        self._ranks += told
        self._bytes[worker] = sum(rank.bytes for rank in told)

    def lose(self, worker: int) -> None:
        """A worker will tell no more; what it told stays."""
        self._told.pop(worker, None)

    def failing_for(self, now: int) -> float:
        """For how many seconds operations have failed without one between that did not."""
        return 0.0 if self._failing_since is None else (now - self._failing_since) / NS

    @property
    def so_far(self) -> Mapping[str, Any]:
        """For a progress bar."""
        return {"ops": self._gathered.ops, "bytes": self._moved, "errors": self._gathered.errors}

    def close(self, missing: Iterable[int]) -> tuple[lines.Line, ...]:
        """The end of the phase, with the ranks that did not come to it: all the lines that are left."""
        phase, away = self.phase, tuple(missing)
        # Without all ranks the phase has no time: that of the others says nothing of what all have moved.
        ends = [] if away else [rank.end_s for rank in self._ranks if rank.end_s is not None]
        idle = bool(self.finished) and not away and not ends  # there was nothing to do
        end = max(ends, default=self.begin_s if idle else None)
        whole = lines.Phase(
            phase.name,
            phase.iteration,
            phase.measured,
            self.begin_s,
            end,
            None if end is None else max(0.0, end - self.begin_s),
            self._gathered.ops,
            sum(self._bytes.values()),
            self._gathered.errors,
            away,
        )
        ranks = sorted(self._ranks, key=lambda rank: (rank.lane, rank.rank))
        intervals = self._gathered.intervals()
        return (*intervals, *ranks, *self._gathered.close(phase.name, phase.iteration), whole)

    def _whole(self) -> tuple[lines.Interval, ...]:
        return self._gathered.intervals(min(self._told.values())) if self._told else ()


def _payload(op: str, cell: Cell) -> int:
    """Payload bytes that went over the wire, either way."""
    if op in WRITES:
        return cell.bytes_sent
    return cell.bytes_received if op == Kind.GET_BLOB else 0
