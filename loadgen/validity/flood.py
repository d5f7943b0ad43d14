"""The ceiling self-test of one worker: floods the null server with work of one shape after the other.

Started as `python -m loadgen.validity.flood`, one process for each worker of the run, all at the same time.
It reads an order, a line of JSON, from standard input. Then, for each shape, it says `ready`, reads when to
start, ns of the monotonic clock, and writes what it reached, a line of JSON.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from typing import Any

from harness.endpoint import Endpoint
from loadgen.client.engine import Engine, Payloads
from loadgen.client.target import Target
from loadgen.null.server import from_json
from loadgen.payload.payloads import Payloads as Recipes
from loadgen.plan.values import Arrivals, FileSet, Lane, Phase, Plan
from loadgen.record.recorder import Delta, Recorder
from loadgen.validity.ceiling import Ceiling, Rate, Shape
from loadgen.work.lane import Retry
from loadgen.work.op import Kind, Op
from loadgen.work.phase import PhaseSource

_NS = 1_000_000_000
_TIMEOUT = 10.0
_AT_ONCE = 0.005  # seconds that the client may wait for an answer, as in a run
_NAME = "ceiling"
_ENDLESS = 1 << 40  # files: they are only made as they are sent
_RATE = 1e6  # tasks a second: more than are ever sent


def small_plan(shape: Shape, files: int = _ENDLESS, blocks: int = 0) -> Plan:
    """Work of a shape for one worker, in one phase: so many files of `blocks` each (0: as the shape)."""
    step = max(1, shape.bytes)
    size = step * (blocks or shape.blocks)
    lane = Lane(
        _NAME,
        shape.action,
        (_NAME,),
        shape.ranks,
        block_bytes=step,
        single_bytes=size if shape.kind is Kind.PUT_BLOB else 0,
        range_bytes=step,
        parallel=shape.parallel,
        files_at_once=shape.files_at_once,
        arrivals=Arrivals(_RATE) if shape.open else None,
        repeat=1 if files < _ENDLESS else _ENDLESS,
    )
    phase = Phase(_NAME, (lane,), _TIMEOUT)
    file_set = FileSet(_NAME, files, size, shape.payload)
    return Plan(_NAME, _NAME, 1.0, 0, shape.ranks, shape.ranks, 0, "null", _NAME, (file_set,), (phase,))


class Arriving:
    """An open loop whose next task is due whenever it can be sent. A `loadgen.work.op.Source`.

    Its tasks come by a clock of their own, which runs after that of the world: `start` is ns of both.
    """

    def __init__(self, source: PhaseSource, start: int) -> None:
        self._source = source
        self._at = start
        self.done = source.done

    def next(self, now: int) -> Op | None:
        """The next operation of the tasks that came, or the first one of another task."""
        op = self._source.next(self._at)
        if op is None and (due := self._source.due()) is not None:
            self._at = due
            op = self._source.next(due)
        return op

    def due(self) -> int | None:
        """At once, until it is stopped."""
        return None if self._source.due() is None else 0

    def stop(self, now: int) -> None:
        """Start nothing more: no task is late."""
        self._source.stop(self._at)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to start and nothing is under way."""
        return self._source.finished


def flood(
    endpoint: Endpoint,
    shape: Shape,
    payloads: Payloads,
    *,
    seconds: float,
    https: bool,
    wait: Callable[[], int],
) -> Rate:
    """What one worker reaches with a shape, with the work and the recording of a load run.

    `wait`: when all are to begin, ns; called once this one can. What is under way at the end counts, and so
    does the time that it takes: many large operations end in waves, and a window would hold one too many or
    one too few.
    """
    target = Target.build(endpoint, "https" if https else None, "null")
    engine = Engine(target, payloads, shape.concurrency, timeout_s=_TIMEOUT)
    try:
        # First connections are made, and memory is touched that was never used: about once for each place.
        blocks = min(shape.blocks, math.ceil(shape.parallel / shape.files_at_once))
        warm = small_plan(shape, math.ceil(shape.concurrency / blocks), blocks)
        now = time.monotonic_ns()
        play(engine, warm, now, now + int(_TIMEOUT * _NS))
        begin = wait()
        time.sleep(max(0.0, (begin - time.monotonic_ns()) / _NS))
        delta, last = play(engine, small_plan(shape), begin, begin + int(seconds * _NS))
    finally:
        engine.close()
    return Rate(shape, delta.ops * _NS / (last - begin) if last > begin else 0.0, delta.errors)


def play(engine: Engine, plan: Plan, begin: int, until: int) -> tuple[Delta, int]:
    """What became of a plan's one phase, and when its last operation ended, ns.

    After `until` only the first operations begin, of a process that was not let run before: without any there
    would be no rate.
    """
    phase = plan.phases[0]
    recorder = Recorder(begin)
    recorder.begin(phase.name)
    work = PhaseSource(plan, phase, range(plan.ranks), begin, recorder, Retry(tries=1))
    source = work if phase.lanes[0].arrivals is None else Arriving(work, begin)
    stopped = False
    while not source.finished:
        engine.turn(source, _AT_ONCE)
        if not stopped and (now := time.monotonic_ns()) >= until:
            source.stop(now)
            stopped = True
    return recorder.take(), max((tally.end for tally in work.tallies), default=begin)


def main() -> None:
    """One worker's part."""
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    endpoint, https = from_json(order["endpoint"]), order["https"]
    payloads = Recipes()

    def wait() -> int:
        _say("ready")
        return int(sys.stdin.readline())

    for rate in Ceiling.from_json(order["ceiling"]).rates:
        reached = flood(endpoint, rate.shape, payloads, seconds=order["seconds"], https=https, wait=wait)
        _say(json.dumps(Ceiling(1, order["seconds"], (reached,), https).to_json()))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
