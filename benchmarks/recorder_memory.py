"""The memory of a worker while it records: flat over millions of operations, with the operation log on.

    python -m benchmarks.recorder_memory [--operations N] [--rate N] [--no-log] [--json]

One process records as a worker does: attempts of four kinds in two lanes, some of which fail, with latencies
from microseconds to a minute. Once a second of the made-up clock (`--rate` attempts) what was recorded is
taken, packed as for a message, and merged as the master merges it. Resident memory is read at ten points; the
slope is that of a straight line through those after the first, which has seen all common buckets. The
log is read back and compared with what was taken. Ends with 1 when memory grew by more than 4 MiB from the
second point to the last, or when the two differ.

What one attempt costs is printed as well, beside a call that does nothing.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from loadgen.record.delta import METRICS, Delta
from loadgen.record.histogram import Histogram
from loadgen.record.oplog import SUFFIX, OpLog
from loadgen.record.oplog_read import pooled
from loadgen.record.recorder import Recorder
from loadgen.work.op import Blob, Kind, Op, Outcome

MIB = 1 << 20
LIMIT = 4 * MIB
_NS = 1_000_000_000
_POINTS = 10
_SHAPES = 100_003  # different attempts, gone through again and again; prime, so that no cycle fits another
_KINDS = (Kind.PUT_BLOCK, Kind.PUT_BLOCK, Kind.PUT_BLOCK, Kind.GET_BLOB, Kind.PUT_BLOCK_LIST, Kind.LIST_BLOBS)


@dataclass(frozen=True, slots=True)
class Point:
    """Memory after so many attempts."""

    operations: int
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen. Times are of this machine, in this run."""

    operations: int
    taken: int  # how often
    log_bytes: int
    points: tuple[Point, ...]
    slope_bytes_per_million: float  # resident memory a million operations, after the first point
    grown_bytes: int  # from the second point to the last
    record_us: float  # of an attempt, with the log if it is on
    record_without_log_us: float
    empty_call_us: float
    pack_ms: float  # of what is taken once
    same: bool  # what was taken, merged, is what the log says, pooled

    @property
    def flat(self) -> bool:
        """Whether memory stayed where it was."""
        return self.grown_bytes <= LIMIT


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--operations", type=int, default=10_000_000)
    parser.add_argument("--rate", type=int, default=20_000, help="attempts a second of the made-up clock")
    parser.add_argument("--no-log", action="store_true")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(wanted.operations, wanted.rate, None if wanted.no_log else Path(folder))
    _say(json.dumps({**asdict(result), "flat": result.flat}) if wanted.json else _spoken(result))
    return 0 if result.flat and result.same else 1


def measure(operations: int, rate: int, folder: Path | None) -> Result:
    """Record so many attempts, with an operation log where a folder is given."""
    shapes = [*_shapes(rate)]
    log = OpLog(folder / f"worker-0{SUFFIX}", 0, {"worker": 0}) if folder else None
    recorder = Recorder(0, log)
    recorder.begin("stage")
    merged = {metric: Histogram() for metric in METRICS}
    points, packing, taken = [], 0.0, 0
    at, step = 0, _NS // rate
    for point in range(1, _POINTS + 1):
        until = operations * point // _POINTS
        while at < until:
            count = min(rate, until - at)
            _record(recorder, shapes, at, count, step)
            at += count
            delta = recorder.take()
            begun = time.perf_counter()
            sent = Delta.from_json(json.loads(json.dumps(delta.to_json())))
            packing += time.perf_counter() - begun
            taken += 1
            for cell in sent.cells.values():
                for metric, histogram in merged.items():
                    histogram.merge(getattr(cell, metric))
        del delta, sent, cell
        gc.collect()
        points.append(Point(at, _rss()))
    if log is not None:
        log.close()
    grown = points[-1].rss_bytes - points[1].rss_bytes
    slope = np.polyfit([p.operations / 1e6 for p in points[1:]], [p.rss_bytes for p in points[1:]], 1)[0]
    same = log is None or all(pooled([log.path], metric) == one for metric, one in merged.items())
    return Result(
        operations,
        taken,
        log.path.stat().st_size if log else 0,
        tuple(points),
        float(slope),
        grown,
        *_costs(shapes, step, folder),
        packing / taken * 1e3,
        same and sum(merged[metric].count for metric in ("latency", "failed")) == operations,
    )


def _shapes(rate: int) -> Iterator[tuple[Op, Outcome]]:
    """Attempts that begin at 0, their times relative to it."""
    chance = random.Random(6)  # noqa: S311 - not for secrets
    for number in range(_SHAPES):
        kind = _KINDS[number % len(_KINDS)]
        late = int(chance.expovariate(1 / 50_000))
        service = min(int(chance.lognormvariate(14, 1.5)), 60 * _NS)
        lane = "write" if kind is not Kind.GET_BLOB else "read"
        op = Op(kind, number % 64, lane, Blob("", 8 << 20, "text", 1))
        bad = chance.random() < 0.01
        status, code = (503, "ServerBusy") if bad else (206 if kind is Kind.GET_BLOB else 201, "")
        yield op, Outcome(status, code, late, late + service // 2, late + service, 8 << 20, 0)


def _record(recorder: Recorder, shapes: list[tuple[Op, Outcome]], at: int, count: int, step: int) -> None:
    """Record attempts number `at` and on; each ends when its turn is."""
    record = recorder.op
    begin = at % _SHAPES
    turns = itertools.islice(itertools.cycle(shapes), begin, begin + count)
    for number, (op, shape) in enumerate(turns, at):
        end = number * step
        zero = end - shape.last
        op.intended = zero
        record(op, shape._replace(started=zero + shape.started, first=zero + shape.first, last=end))


def _costs(shapes: list[tuple[Op, Outcome]], step: int, folder: Path | None) -> tuple[float, float, float]:
    """Microseconds an attempt: recorded with the log, without it, and a call that does nothing."""
    made = [
        (op, shape._replace(last=number * step + 60 * _NS))
        for number, (op, shape) in enumerate(shapes[:50_000])
    ]
    best = [float("inf")] * 3
    for turn in range(5):
        log = OpLog(folder / f"cost-{turn}{SUFFIX}", 0) if folder else None
        for place, one in enumerate((Recorder(0, log), Recorder(0))):
            one.begin("stage")
            begun = time.perf_counter()
            record = one.op
            for op, outcome in made:
                record(op, outcome)
            best[place] = min(best[place], time.perf_counter() - begun)
        begun = time.perf_counter()
        for op, outcome in made:
            _nothing(op, outcome)
        best[2] = min(best[2], time.perf_counter() - begun)
        if log is not None:
            log.close()
    first, second, third = (seconds / len(made) * 1e6 for seconds in best)
    return first, second, third


def _nothing(op: Op, outcome: Outcome) -> None:
    """What a call costs."""


def _rss() -> int:
    """Resident memory of this process, bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


def _spoken(result: Result) -> str:
    lines = [
        f"{point.operations:>12,} operations  {point.rss_bytes / MIB:7.1f} MiB" for point in result.points
    ]
    return "\n".join(
        (
            *lines,
            f"slope: {result.slope_bytes_per_million / 1024:+.1f} KiB a million operations; "
            f"{result.grown_bytes / 1024:+.0f} KiB from the second point to the last; "
            f"{'flat' if result.flat else 'it grows'}",
            f"taken {result.taken} times, {result.pack_ms:.1f} ms each to pack, send and unpack",
            f"log: {result.log_bytes / MIB:.1f} MiB, "
            f"{result.log_bytes / result.operations:.1f} bytes an operation",
            f"an attempt: {result.record_us:.2f} µs with the log, "
            f"{result.record_without_log_us:.2f} µs without; an empty call: {result.empty_call_us:.2f} µs",
            f"merged is {'the same as' if result.same else 'NOT the same as'} pooled from the log",
        )
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
