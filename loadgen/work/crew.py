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
    depends on was done, whichever is later. A file depends on the one that had to be through before it.
    """

    __slots__ = ("_files", "_lane", "_openings", "_places", "_ready", "_start", "queued", "rank")

    def __init__(self, lane: Lane, rank: int, files: Iterator[Blob], start: int) -> None:
        self.rank = rank
        self.queued = True  # the lane will ask it for more
        self._lane = lane
        self._files = files
        self._start = start
        self._places = deque([start] * lane.parallel)
        self._openings = deque([start] * lane.files_at_once)  # since when another file may be begun, ns
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
        if self._openings:
            blob = next(self._files, None)
            if blob is not None:
                job = Job(self._lane, self.rank, blob, self._openings.popleft())
                op = job.next()
                assert op is not None  # every job begins with something that depends on nothing
                ready.appendleft(job)
                return job, self._placed(op, job)
        return None

    def ended(self, job: Job, op: Op, outcome: Outcome, *, good: bool) -> bool:
        """An operation ended for good. Whether its file did, too."""
        self._places.append(outcome.last)
        job.ended(op, outcome, good=good)
        if job.over:
            self._openings.append(outcome.last)
            return True
        if not job.queued:
            job.queued = True
            self._ready.append(job)
        return False

    def waiting(self) -> tuple[int, int, Blob] | None:
        """The task of an open loop that was not begun: when it was due, ns, its rank and its file."""
        blob = next(self._files, None)
        return None if blob is None else (self._start, self.rank, blob)

    def _placed(self, op: Op, job: Job) -> Op:
        op.intended = max(self._places.popleft(), job.ready)
        return op
