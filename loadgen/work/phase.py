"""A phase in work: the lanes of a worker's ranks together, each in its turn."""

from __future__ import annotations

from collections.abc import Sequence

from loadgen.plan.values import Phase, Plan
from loadgen.work.lane import LaneSource, Recorder, Retry
from loadgen.work.op import Op, Outcome
from loadgen.work.tally import RankTally


class PhaseSource:
    """The operations that this worker's ranks make in a phase, as a `loadgen.work.op.Source`.

    `start_ns` is when the phase begins for everybody, ns of this worker's monotonic clock.
    """

    def __init__(
        self,
        plan: Plan,
        phase: Phase,
        ranks: Sequence[int],
        start_ns: int,
        recorder: Recorder,
        retry: Retry | None = None,
    ) -> None:
        self._lanes = {
            lane.name: LaneSource(plan, phase, lane, ranks, start_ns, recorder, retry) for lane in phase.lanes
        }
        self._turns = [*self._lanes.values()]
        self._only = self._turns[0] if len(self._turns) == 1 else None

    def next(self, now: int) -> Op | None:
        """An operation to start now, of one lane after the other."""
        if self._only is not None:
            return self._only.next(now)
        for _ in self._turns:
            lane = self._turns.pop(0)
            self._turns.append(lane)
            op = lane.next(now)
            if op is not None:
                return op
        return None

    def due(self) -> int | None:
        """When `next` may have more, ns."""
        return min((due for lane in self._turns if (due := lane.due()) is not None), default=None)

    def done(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended."""
        if self._only is not None:
            self._only.done(op, outcome)
            return
        self._lanes[op.lane].done(op, outcome)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to start and nothing is under way."""
        if self._only is not None:
            return self._only.finished
        return all(lane.finished for lane in self._turns)

    def stop(self, now: int) -> None:
        """Start nothing more, and make nothing again; what is under way may end. `now`: ns."""
        for lane in self._turns:
            lane.stop(now)

    @property
    def tallies(self) -> tuple[RankTally, ...]:
        """What each rank did in each lane, so far."""
        return tuple(tally for lane in self._lanes.values() for tally in lane.tallies.values())

    @property
    def stopped(self) -> bool:
        """Whether it was told to start nothing more."""
        return any(lane.stopped for lane in self._turns)
