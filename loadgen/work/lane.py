"""A lane in work: which operation of which rank is next, when it is due, and what is made again."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from loadgen.arrivals import due_times
from loadgen.plan.values import Lane, Phase, Plan
from loadgen.work.crew import Crew
from loadgen.work.files import in_turn, of_rank, turn
from loadgen.work.job import Job
from loadgen.work.op import Blob, Op, Outcome
from loadgen.work.tally import RankTally

_NS = 1_000_000_000
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which clients try again; any failure of the connection is another reason."""


class Recorder(Protocol):
    """Who is told of every attempt."""

    def op(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended, well or not."""
        ...


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an operation is made, and the pauses between: seconds, doubled each time, less up to half.

    The latency of an operation that was made again counts from when it was first to start.
    """

    tries: int = 4
    first_pause: float = 0.1
    longest_pause: float = 5.0


class LaneSource:
    """The operations of one lane that this worker's ranks make, as a `loadgen.work.op.Source`.

    `ranks` are numbers within the plan; those that have no part in the lane are left out. In a closed loop a
    rank has `lane.parallel` places to send from, and an operation was to start when its place became free, or
    when what it depends on was done. In an open loop it was to start when its task arrived.
    """

    def __init__(
        self,
        plan: Plan,
        phase: Phase,
        lane: Lane,
        ranks: Sequence[int],
        start_ns: int,
        recorder: Recorder,
        retry: Retry | None = None,
    ) -> None:
        own = [rank for rank in ranks if 0 <= rank - lane.first_rank < lane.ranks]
        key = f"{plan.seed}/{phase.name}/{phase.iteration}/{lane.name}"
        self._lane = lane
        self._recorder = recorder
        self._retry = retry or Retry()
        self._random = random.Random(f"{key}/{own}")  # noqa: S311 - jitter
        self.tallies = {rank: RankTally(lane.name, rank) for rank in own}
        self._under_way: dict[Op, tuple[Crew, Job]] = {}
        self._again: list[tuple[int, int, Op]] = []
        self._numbers = itertools.count()
        self._crews: deque[Crew] = deque()  # those that may have something to start, in turn
        self._arriving: Iterator[tuple[int, int, Blob]] = iter(())
        if lane.arrivals is None:
            self._crews.extend(Crew(lane, rank, _files(plan, phase, lane, rank), start_ns) for rank in own)
        elif own:
            self._arriving = _arrivals(plan, phase, lane, {*own}, due_times(lane.arrivals, key, start_ns))
        self._arrival = next(self._arriving, None)
        self.stopped = False

    @property
    def finished(self) -> bool:
        """Whether nothing is left to start and nothing is under way."""
        return not self._under_way and (self.stopped or not (self._crews or self._arrival))

    def stop(self, now: int) -> None:
        """Start nothing more, and make nothing again. `now`: ns of the monotonic clock.

        Tasks of an open loop that are due and were not begun are told as attempts that failed: to leave them
        out would flatter the endpoint that they waited for.
        """
        if self.stopped:
            return
        self.stopped = True
        if self._lane.arrivals is not None:
            self._give_up(now)
        for _, _, op in self._again:
            crew, job = self._under_way.pop(op)
            self.tallies[crew.rank].failed += not job.failed
            job.failed = True
        self._again.clear()

    def due(self) -> int | None:
        """When `next` may have more; see `loadgen.work.op.Source`."""
        if self.stopped:
            return None
        if self._crews:
            return 0
        times = [self._again[0][0]] if self._again else []
        if self._arrival is not None:
            times.append(self._arrival[0])
        return min(times, default=None)

    def next(self, now: int) -> Op | None:
        """An operation to start now; see `loadgen.work.op.Source`."""
        if self.stopped:
            return None
        if self._again and self._again[0][0] <= now:
            return heapq.heappop(self._again)[2]
        while self._arrival is not None and self._arrival[0] <= now:
            due, rank, blob = self._arrival
            self._crews.append(Crew(self._lane, rank, iter((blob,)), due))
            self._arrival = next(self._arriving, None)
        crews = self._crews
        while crews:
            crew = crews[0]
            found = crew.next()
            if found is None:
                crews.popleft().queued = False
                continue
            crews.rotate(-1)
            job, op = found
            self._under_way[op] = crew, job
            return op
        return None

    def done(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended; see `loadgen.work.op.Source`."""
        self._recorder.op(op, outcome)
        crew, job = self._under_way[op]
        tally = self.tallies[crew.rank]
        good = outcome.good
        tally.add(op, outcome, good=good)
        if not good and not self.stopped and self._may_again(op, outcome):
            op.attempt += 1
            heapq.heappush(self._again, (outcome.last + self._pause(op.attempt), next(self._numbers), op))
            return
        del self._under_way[op]
        if crew.ended(job, op, outcome, good=good):
            if job.failed:
                tally.failed += 1
            else:
                tally.files += 1
        if not crew.queued:
            crew.queued = True
            self._crews.append(crew)

    def _give_up(self, now: int) -> None:
        late = [waiting for crew in self._crews if (waiting := crew.waiting()) is not None]
        while self._arrival is not None and self._arrival[0] <= now:
            late.append(self._arrival)
            self._arrival = next(self._arriving, None)
        for due, rank, blob in late:
            op = Job(self._lane, rank, blob, due).next()
            assert op is not None
            op.intended = due
            outcome = Outcome(0, "", 0, 0, now, 0, 0, "not-begun")
            self._recorder.op(op, outcome)
            self.tallies[rank].errors += 1
            self.tallies[rank].failed += 1

    def _may_again(self, op: Op, outcome: Outcome) -> bool:
        return op.attempt < self._retry.tries and (bool(outcome.failure) or outcome.status in _AGAIN)

    def _pause(self, attempt: int) -> int:
        pause = min(self._retry.first_pause * 2 ** (attempt - 2), self._retry.longest_pause)
        return int(pause * self._random.uniform(0.5, 1.0) * _NS)


def _files(plan: Plan, phase: Phase, lane: Lane, rank: int) -> Iterator[Blob]:
    return itertools.chain.from_iterable(
        of_rank(plan, lane, rank - lane.first_rank, turn(plan, phase, lane, number))
        for number in range(lane.repeat)
    )


def _arrivals(
    plan: Plan, phase: Phase, lane: Lane, own: set[int], times: Iterator[int]
) -> Iterator[tuple[int, int, Blob]]:
    """When a task arrives, at whose rank, and its file: task n of the lane is that of rank n modulo ranks."""
    endless = lane.arrivals is not None and lane.arrivals.seconds > 0
    rounds: Iterable[int] = itertools.count() if endless else range(lane.repeat)
    files = itertools.chain.from_iterable(
        in_turn(plan, lane, turn(plan, phase, lane, number)) for number in rounds
    )
    for number, (due, blob) in enumerate(zip(times, files, strict=False)):
        rank = lane.first_rank + number % lane.ranks
        if rank in own:
            yield due, rank, blob
