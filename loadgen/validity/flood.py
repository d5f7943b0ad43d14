"""The ceiling self-test of one worker: floods the null server with operations of one shape after the other.

Started as `python -m loadgen.validity.flood`, one process for each worker of the run, all at the same time.
It reads an order, a line of JSON, from standard input and says `ready`; the next line is the moment to start.
Then it writes the ceiling that it reached, one line of JSON, to standard output.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from harness.endpoint import Endpoint
from loadgen.client.engine import Engine, Payloads
from loadgen.client.target import Target
from loadgen.null.server import from_json
from loadgen.payload.payloads import Payloads as Recipes
from loadgen.validity.ceiling import Ceiling, Rate, Shape
from loadgen.work.op import Blob, Kind, Op, Outcome

_NS = 1_000_000_000
_WARM = 0.25  # of the time of a shape: connections are made, memory is touched
_NAMES = 997  # different blobs
_GAP = 0.3  # seconds between two shapes, in which what is under way ends
_TIMEOUT = 10.0


class Flood:
    """Operations of one shape, so many at once, as fast as they are answered, until a moment.

    A `loadgen.work.op.Source`. Times are ns of the monotonic clock; `ended` counts what ended well between
    `warm` and `until`.
    """

    def __init__(self, shape: Shape, warm: int, until: int) -> None:
        self._shape = shape
        self._warm = warm
        self._until = until
        self._sent = 0
        self._under_way = 0
        self.ended = 0
        self.errors = 0

    def next(self, now: int) -> Op | None:
        """One more, if there is room and time."""
        if self._under_way >= self._shape.concurrency or now >= self._until:
            return None
        shape = self._shape
        number = self._sent
        self._sent += 1
        self._under_way += 1
        blob = Blob(f"null/{number % _NAMES:08d}", max(1, shape.bytes), shape.payload, number % _NAMES)
        op = Op(shape.kind, 0, "ceiling", blob, length=shape.bytes, intended=now)
        match shape.kind:
            case Kind.PUT_BLOCK | Kind.PUT_BLOCK_FROM_URL:
                op.block = number % 1000
                op.offset = op.block * shape.bytes
                op.source = blob.name if shape.kind is Kind.PUT_BLOCK_FROM_URL else ""
            case Kind.PUT_BLOCK_LIST:
                op.block = shape.blocks
            case Kind.GET_BLOB:
                op.offset = number % 1000 * shape.bytes
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
        elif self._warm <= outcome.last < self._until:
            self.ended += 1

    @property
    def finished(self) -> bool:
        """Whether the time is up and nothing is under way."""
        return not self._under_way and self._over()

    def _over(self) -> bool:
        return time.monotonic_ns() >= self._until


def flood(
    endpoint: Endpoint, shapes: list[Shape], payloads: Payloads, *, seconds: float, start_ns: int, https: bool
) -> Ceiling:
    """What one worker reaches: each shape gets `seconds`, beginning at `start_ns` of the monotonic clock."""
    rates = []
    for number, shape in enumerate(shapes):
        begin = start_ns + int(number * (seconds + _GAP) * _NS)
        until = begin + int(seconds * _NS)
        warm = begin + int(_WARM * seconds * _NS)
        target = Target.build(endpoint, "https" if https else None, "null")
        engine = Engine(target, payloads, shape.concurrency, timeout_s=_TIMEOUT)
        try:
            payloads.body(shape.payload, 0, 0, max(1, min(shape.bytes, 1 << 20)))  # whatever it prepares
            time.sleep(max(0.0, (begin - time.monotonic_ns()) / _NS))
            source = Flood(shape, warm, until)
            engine.run(source)
        finally:
            engine.close()
        rates.append(Rate(shape, source.ended / ((until - warm) / _NS), source.errors))
    return Ceiling(1, seconds, tuple(rates), https)


def time_of(shapes: int, seconds: float) -> float:
    """How long the self-test takes, seconds, without the start of its processes."""
    return shapes * (seconds + _GAP)


def main() -> None:
    """One worker's part."""
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    endpoint = from_json(order["endpoint"])
    payloads = Recipes()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    start = int(sys.stdin.readline())
    shapes = [rate.shape for rate in Ceiling.from_json(order["ceiling"]).rates]
    reached = flood(
        endpoint, shapes, payloads, seconds=order["seconds"], start_ns=start, https=order["https"]
    )
    sys.stdout.write(json.dumps(reached.to_json()) + "\n")


if __name__ == "__main__":
    main()
