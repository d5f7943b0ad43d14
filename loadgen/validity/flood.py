"""The ceiling self-test of one worker: floods the null server with operations of one shape after the other.

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
from loadgen.validity.ceiling import Ceiling, Rate, Shape
from loadgen.work.op import Blob, Kind, Op, Outcome

_NS = 1_000_000_000
_TIMEOUT = 10.0


class Flood:
    """Operations of one shape, so many at once, as fast as they are answered; none begins after a moment.

    A `loadgen.work.op.Source`. Times are ns of the monotonic clock. What is under way at that moment counts,
    and so does the time that it takes: many large operations end in waves, and a window would hold one too
    many or one too few. `most`: so many operations at most.
    """

    def __init__(self, shape: Shape, begin: int, until: int, most: float = math.inf) -> None:
        self._shape = shape
        self._most = most
        self._begin = begin
        self._until = until
        self._sent = 0
        self._under_way = 0
        self._ended = 0
        self._last = begin
        self.errors = 0

    @property
    def per_s(self) -> float:
        """Operations a second, from the begin to the end of the last one."""
        return self._ended * _NS / (self._last - self._begin) if self._last > self._begin else 0.0

    def next(self, now: int) -> Op | None:
        """One more, if there is room and time."""
        if self._under_way >= self._shape.concurrency or self._sent >= self._most or now >= self._until:
            return None
        shape = self._shape
        number = self._sent
        self._sent += 1
        self._under_way += 1
        # As in a run: the blocks of one blob, then those of the next.
        part = max(1, shape.blocks)
        blob = Blob(f"null/{number // part:08d}", part * shape.bytes, shape.payload, number // part)
        op = Op(shape.kind, 0, "ceiling", blob, length=shape.bytes, intended=now)
        match shape.kind:
            case Kind.PUT_BLOCK | Kind.PUT_BLOCK_FROM_URL:
                op.block = number % part
                op.offset = op.block * shape.bytes
                op.source = blob.name if shape.kind is Kind.PUT_BLOCK_FROM_URL else ""
            case Kind.PUT_BLOCK_LIST:
                op.block = shape.blocks
            case Kind.GET_BLOB:
                op.offset = number % part * shape.bytes
            case Kind.LIST_BLOBS:
                op.limit, op.keep = 5000, True
        return op

    def due(self) -> int | None:
        """At once, while there is room and time."""
        return 0 if self._under_way < self._shape.concurrency and not self._over() else None

    def done(self, op: Op, outcome: Outcome) -> None:
        """One ended."""
        self._under_way -= 1
        if not outcome.good:
            self.errors += 1
        else:
            self._ended += 1
            self._last = max(self._last, outcome.last)

    @property
    def finished(self) -> bool:
        """Whether the time is up and nothing is under way."""
        return not self._under_way and self._over()

    def _over(self) -> bool:
        return self._sent >= self._most or time.monotonic_ns() >= self._until


def flood(
    endpoint: Endpoint,
    shape: Shape,
    payloads: Payloads,
    *,
    seconds: float,
    https: bool,
    wait: Callable[[], int],
) -> Rate:
    """What one worker reaches with a shape. `wait`: when all are to begin, ns; called once this one can."""
    target = Target.build(endpoint, "https" if https else None, "null")
    engine = Engine(target, payloads, shape.concurrency, timeout_s=_TIMEOUT)
    try:
        # First connections are made, and memory is touched that was never used: once for each place.
        now = time.monotonic_ns()
        engine.run(Flood(shape, now, now + int(_TIMEOUT * _NS), most=shape.concurrency))
        begin = wait()
        time.sleep(max(0.0, (begin - time.monotonic_ns()) / _NS))
        source = Flood(shape, begin, begin + int(seconds * _NS))
        engine.run(source)
    finally:
        engine.close()
    return Rate(shape, source.per_s, source.errors)


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
