"""Who shares the places to send from: a rank with its files in a closed loop, one task in an open loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from loadgen.plan.values import Lane
from loadgen.work.job import Job
from loadgen.work.op import Blob, Op, Outcome


class Crew:
    """Files, one after the other or some at a time, and `lane.parallel` places to send from.

    A place remembers since when it is free, ns: what is sent from it was to start then, or when what it
    depends on was done, whichever is later.
    """

    __slots__ = ("_files", "_in_work", "_lane", "_places", "_ready", "_start", "queued", "rank")

    def __init__(self, lane: Lane, rank: int, files: Iterator[Blob], start: int) -> None:
        self.rank = rank
        self.queued = True  # the lane will ask it for more
        self._lane = lane
        self._files = files
        self._start = start
        self._places = deque([start] * lane.parallel)
        self._in_work = 0  # files
        self._ready: deque[Job] = deque()  # those that may have something to start, in turn

    def next(self) -> tuple[Job, Op] | None:
        """An operation that may start, with its intended time, and its job; None for now, or for good."""
        if not self._places:
            return None
        ready = self._ready
        while ready:
            job = ready[0]
            op = job.next()
            if op is not None:
                return job, self._placed(op, job)
            ready.popleft().queued = False  # until one of its operations ends
        if self._in_work < self._lane.files_at_once:
            blob = next(self._files, None)
            if blob is not None:
                job = Job(self._lane, self.rank, blob, self._start)
                op = job.next()
                assert op is not None  # every job begins with something that depends on nothing
                self._in_work += 1
                ready.appendleft(job)
                return job, self._placed(op, job)
        return None

    def ended(self, job: Job, op: Op, outcome: Outcome, *, good: bool) -> bool:
        """An operation ended for good. Whether its file did, too."""
        self._places.append(outcome.last)
        job.ended(op, outcome, good=good)
        if job.over:
            self._in_work -= 1
            return True
        if not job.queued:
            job.queued = True
            self._ready.append(job)
        return False

    def _placed(self, op: Op, job: Job) -> Op:
        op.intended = max(self._places.popleft(), job.ready)
        return op
