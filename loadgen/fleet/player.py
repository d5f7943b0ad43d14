"""Plays a worker's ranks: phase by phase, from go to the last operation, with a delta every second.

It knows neither Locust nor gevent: how to wait for the client's sockets, and whom to tell, is handed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.endpoint import Endpoint
from harness.signing import face_for
from harness.signing.spec import Bearer, Default
from loadgen.client.engine import Engine
from loadgen.client.target import Target
from loadgen.fleet.clock import NS
from loadgen.fleet.job import Auth, Job
from loadgen.fleet.log import Log
from loadgen.payload.payloads import Payloads
from loadgen.plan.values import Action, Lane, Phase
from loadgen.record.recorder import Recorder
from loadgen.validity.sampler import Sampler
from loadgen.work.files import of_rank
from loadgen.work.op import Source
from loadgen.work.phase import PhaseSource
from loadgen.work.reads import CheckedReads

_BREATH = 20_000_000  # ns that the client may work before the heartbeat and the master's words get their turn
_AT_ONCE = 0.005  # seconds that the client may wait for an answer without letting them
_IDLE = 4_500_000  # ns: who waited so long had nothing to do
_REST = 0.1  # seconds: the longest wait, so that a stop and the end of a second are seen
_DRAIN = 3 * NS  # after a stop, what is under way may end for so long
_USAGE = 5  # seconds between two looks at how busy the machine is
_MOST_CONNECTIONS = 512
_OPEN_LOOP = 128  # connections of a lane whose tasks arrive by themselves

Message = dict[str, Any]


class Waiter(Protocol):
    """How to wait for the client's sockets."""

    def wait(self, seconds: float) -> None:
        """Until one of them can be served, or so long; at least once, others get their turn."""
        ...


class Player:
    """The ranks of one worker, over a whole run. Times are ns of this worker's clock."""

    def __init__(
        self,
        job: Job,
        index: int,
        ranks: Sequence[int],
        endpoint: Endpoint,
        folder: Path,
        tell: Callable[[Message], None],
        waiter: Callable[[int], Waiter],
    ) -> None:
        """`folder` is for the operation log. Raises what the client says of an endpoint it cannot use."""
        self._job = job
        self._index = index
        self._ranks = tuple(ranks)
        self._folder = folder
        self._tell = tell
        self._waiter = waiter
        face = face_for(Bearer() if job.auth is Auth.BEARER else Default(), endpoint)
        self._target = Target.build(endpoint, face, job.plan.container, auth=job.auth.value)
        self._payloads = Payloads()
        self._connections = job.connections or max(
            connections(phase, self._ranks) for phase in job.plan.phases
        )
        self._engine = self._connect()
        self._sampler = Sampler(self._target.face.address)
        self._resent = 0  # operations that the client had sent twice when that was last told
        self._origin = 0
        self._log: Log | None = None
        self._recorder: Recorder | None = None
        self._stop = -1

    def prepare(self, origin: int) -> None:
        """A phase is near. `origin` is the run's start, the same each time but for the drift of clocks."""
        for files in self._job.plan.files:  # what a recipe needs to begin with is not part of any phase
            self._payloads.body(files.payload, 0, 0, 1)
        if self._recorder is None:
            self._origin = origin
            self._log = Log(self._folder, self._index, origin) if self._job.op_log else None
            self._recorder = Recorder(origin, self._log)

    def stop(self, number: int) -> None:
        """Start nothing more in a phase."""
        self._stop = number

    def play(self, number: int, start: int, until: int) -> Message:
        """A phase, from `start` to its end or `until`; what is still to be told of it."""
        phase = self._job.phase(number)
        recorder = self._recorder
        assert recorder is not None  # the master never says go before it said prepare
        recorder.begin(phase.name, phase.iteration)
        source = PhaseSource(self._job.plan, phase, self._ranks, start, recorder)
        waiter = self._waiter(self._engine.fileno())
        while (now := time.monotonic_ns()) < start and self._stop != number:
            waiter.wait(min((start - now) / NS, _REST))
        self._sampler.take()  # what came before is not of this phase
        reads = CheckedReads(source) if any(lane.action is Action.DOWNLOAD for lane in phase.lanes) else None
        self._drive(source, reads or source, number, until, waiter, recorder)
        return {
            **self._report(number, recorder, time.monotonic_ns()),
            "usage": self._sample(),
            "tallies": [tally.facts() for tally in source.tallies],
            "unfinished": self._unfinished(phase, source) if source.stopped else [],
            "trouble": self._log.trouble if self._log else "",
            "contents": reads.compared(self._payloads.digest) if reads else None,
        }

    def close(self) -> str:
        """The end. Returns where the operation log is; "" if there is none."""
        self._engine.close()
        return self._log.close() if self._log else ""

    def _drive(
        self,
        source: PhaseSource,
        work: Source,
        number: int,
        until: int,
        waiter: Waiter,
        recorder: Recorder,
    ) -> None:
        """`work` is what the client gets: the phase's source, or one that stands around it."""
        engine = self._engine
        now = breathed = time.monotonic_ns()
        told = self._interval(now)
        drained = 0
        while not source.finished:
            if drained:
                if now >= drained:
                    engine.abandon(work, "cut-off")
                    return
            elif now >= until or self._stop == number:
                source.stop(now)
                drained = now + _DRAIN
            if (interval := self._interval(now)) > told:
                told = interval
                self._tell(self._report(number, recorder, now) | self._usage(interval))
            before = time.monotonic_ns()
            engine.turn(work, _AT_ONCE)
            now = time.monotonic_ns()
            # A way through the hub costs as much as an operation: while answers come at once it is not taken.
            if now - breathed >= _BREATH or now - before >= _IDLE:
                waiter.wait(min(engine.wait_s(), _REST))
                now = breathed = time.monotonic_ns()

    def _report(self, number: int, recorder: Recorder, now: int) -> Message:
        return {"phase": number, "through": self._interval(now), "delta": recorder.take().to_json()}

    def _usage(self, interval: int) -> Message:
        """How busy this process and its machine are, now and then."""
        return {"usage": self._sample()} if interval % _USAGE == 0 else {}

    def _sample(self) -> Message:
        """The sampler's, and how many operations the client has sent twice since the last one."""
        resent, self._resent = self._engine.resent - self._resent, self._engine.resent
        return self._sampler.take() | {"resent": resent}

    def _interval(self, now: int) -> int:
        """Whole seconds since the start of the run."""
        return (now - self._origin) // NS

    def _unfinished(self, phase: Phase, source: PhaseSource) -> list[int]:
        """The ranks that had more to do when they were stopped."""
        lanes = {lane.name: lane for lane in phase.lanes}
        return sorted(
            {
                tally.rank
                for tally in source.tallies
                if tally.files < self._files(lanes[tally.lane], tally.rank) or lanes[tally.lane].arrivals
            }
        )

    def _files(self, lane: Lane, rank: int) -> int:
        return lane.repeat * sum(1 for _ in of_rank(self._job.plan, lane, rank - lane.first_rank))

    def _connect(self) -> Engine:
        return Engine(self._target, self._payloads, self._connections, timeout_s=self._job.waits.operation)


def connections(phase: Phase, ranks: Sequence[int]) -> int:
    """How many connections these ranks use at once in a phase."""
    wanted = 0
    for lane in phase.lanes:
        own = sum(lane.first_rank <= rank < lane.first_rank + lane.ranks for rank in ranks)
        wanted += own * lane.parallel if lane.arrivals is None else min(own, 1) * _OPEN_LOOP
    return max(1, min(wanted, _MOST_CONNECTIONS))
