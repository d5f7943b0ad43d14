"""The load generators that are Python, each as a child process that sends a burst whenever it is told to.

    python -m benchmarks.generator_children NAME URL HOST PORT

A line of JSON on its input (`{"case": …, "seconds": …}`) is one burst; the answer is a line of JSON:
requests, seconds, processor seconds of the process, its peak memory (MiB, resident) and how many requests
failed.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request, and how many are under way at once."""

    method: str
    size: int  # bytes of the body, of the answer or of the request
    connections: int


CASES = {
    "get-4k": Case("GET", 4096, 16),
    "put-4k": Case("PUT", 4096, 16),
    "get-8m": Case("GET", 8 * MIB, 8),
    "put-8m": Case("PUT", 8 * MIB, 8),
}
NAME = "c/blob"
"""Container and blob."""

Burst = Callable[[str, float], tuple[int, float, int]]
"""Case and seconds in; requests, seconds and failures out."""


def main() -> int:
    """Answer bursts until the input ends."""
    name, url, host, port = sys.argv[1:]
    burst = KINDS[name](url, (host, int(port)))
    _say({"ready": True})
    for line in sys.stdin:
        wanted = json.loads(line)
        used = time.process_time()
        requests, seconds, failures = burst(wanted["case"], wanted["seconds"])
        _say(
            {
                "requests": requests,
                "seconds": seconds,
                "cpu_s": time.process_time() - used,
                "rss_mib": _peak_mib(),
                "failures": failures,
            }
        )
    return 0


def _say(value: object) -> None:
    sys.__stdout__.write(json.dumps(value) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def _peak_mib() -> float:
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def _engine(url: str, address: tuple[str, int], auth: str = "anonymous", *, worker: bool = False) -> Burst:
    """Our engine by itself. `worker`: with the work and the recording that a load run has."""
    prepare = _prepared(url, address, auth, worker=worker)

    def burst(case: str, seconds: float) -> tuple[int, float, int]:
        engine, source = prepare(case, seconds)
        began = time.perf_counter()
        engine.run(source)
        return source.count, time.perf_counter() - began, source.failures

    return burst


def _engine_in_locust(url: str, address: tuple[str, int], *, worker: bool = False) -> Burst:
    """Our engine as the one user of a Locust process."""
    # First of all: it patches the process.
    from locust import User, task

    prepare = _prepared(url, address, "anonymous", worker=worker)
    import gevent
    import gevent.socket

    def burst(case: str, seconds: float) -> tuple[int, float, int]:
        engine, source = prepare(case, seconds)
        took: list[float] = []

        class Driver(User):  # type: ignore[misc]
            @task  # type: ignore[untyped-decorator]
            def drive(self) -> None:
                began = time.perf_counter()
                while not source.finished:
                    engine.turn(source)
                    wait = engine.wait_s()
                    if not wait:
                        gevent.sleep(0)
                    elif not source.finished:
                        with gevent.Timeout(wait, False):
                            gevent.socket.wait_read(engine.fileno())
                if not took:
                    took.append(time.perf_counter() - began)
                gevent.sleep(1)

        with _running(Driver, 1, url):
            while not took:
                gevent.sleep(0.005)
        return source.count, took[0], source.failures

    return burst


def _locust_user(url: str, address: tuple[str, int], fast: bool) -> Burst:
    """Locust's own users, as its documentation has them."""
    import gevent
    from locust import FastHttpUser, HttpUser, task

    base = FastHttpUser if fast else HttpUser

    def burst(case: str, seconds: float) -> tuple[int, float, int]:
        what = CASES[case]
        body = bytes(what.size)
        span = {"Range": f"bytes=0-{what.size - 1}"}

        class Client(base):  # type: ignore[misc,valid-type]
            @task  # type: ignore[untyped-decorator]
            def send(self) -> None:
                if what.method == "GET":
                    self.client.get(f"/null/{NAME}", headers=span)
                else:
                    self.client.put(f"/null/{NAME}", data=body)

        with _running(Client, what.connections, url.removesuffix("/null")) as stats:
            gevent.sleep(0.15)  # until all have started
            before, began = stats().num_requests, time.perf_counter()
            gevent.sleep(seconds)
            done, took = stats().num_requests - before, time.perf_counter() - began
            return done, took, stats().num_failures

    return burst


def _running(kind: type, users: int, host: str) -> object:
    import contextlib

    import gevent
    from locust.env import Environment

    @contextlib.contextmanager
    def made() -> Iterator[Callable[[], object]]:
        environment = Environment(user_classes=[kind], host=host)
        runner = environment.create_local_runner()
        runner.start(users, spawn_rate=users * 1000)
        while runner.user_count < users:
            gevent.sleep(0.002)
        try:
            yield lambda: environment.stats.total
        finally:
            runner.quit()

    return made()


class _Zeros:
    """Payloads that cost nothing."""

    _bytes = memoryview(bytes(8 * MIB))

    def body(self, recipe: str, seed: int, offset: int, length: int) -> Sequence[memoryview]:
        return (self._bytes[:length],)


def _prepared(
    url: str, address: tuple[str, int], auth: str, *, worker: bool
) -> Callable[[str, float], tuple]:
    from harness.endpoint import Endpoint, Secret, Style
    from loadgen.client import Engine, Target

    key = Secret(base64.b64encode(bytes(64)).decode())
    endpoint = Endpoint("null", url, "null", Style.PATH, key=key, connect=address)
    target = Target.build(endpoint, None, NAME.partition("/")[0], auth=auth)  # type: ignore[arg-type]
    engines: dict[str, Engine] = {}

    def prepare(case: str, seconds: float) -> tuple[Engine, object]:
        what = CASES[case]
        engine = engines.get(case)
        if engine is None:
            engine = engines[case] = Engine(target, _Zeros(), what.connections)
        return engine, (_Whole if worker else _Endless)(what, seconds)

    return prepare


class _Endless:
    """A source of one operation, again and again until time is up. Its latencies go into a histogram."""

    def __init__(self, case: Case, seconds: float) -> None:
        from loadgen.record.histogram import Histogram
        from loadgen.work.op import Blob, Kind, Op

        blob = Blob(NAME.partition("/")[2], case.size, "zeros", 1)
        kind = Kind.GET_BLOB if case.method == "GET" else Kind.PUT_BLOB
        self._free = [Op(kind, 0, "bench", blob, 0, case.size) for _ in range(case.connections)]
        self._record = Histogram().record
        self._until = time.monotonic_ns() + int(seconds * 1e9)
        self._under_way = 0
        self.count = self.failures = 0

    def next(self, now: int) -> object:
        if now >= self._until:
            return None
        self._under_way += 1
        return self._free.pop()

    def due(self) -> None:
        return None

    def done(self, op: object, outcome: tuple) -> None:
        self._under_way -= 1
        self.count += 1
        self._free.append(op)  # type: ignore[arg-type]
        self._record((outcome[4] - outcome[2]) // 1000)
        if outcome[7] or outcome[0] >= 300:
            self.failures += 1

    @property
    def finished(self) -> bool:
        return not self._under_way and time.monotonic_ns() >= self._until


class _Whole:
    """The work of a load run, recorded as in one: one rank with as many requests at once as connections."""

    def __init__(self, case: Case, seconds: float) -> None:
        from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan
        from loadgen.record.recorder import Recorder
        from loadgen.work.lane import LaneSource

        files = FileSet("files", 100_000_000, case.size, "zeros")
        action = Action.DOWNLOAD if case.method == "GET" else Action.UPLOAD
        at_once = case.connections
        lane = Lane(
            "bench", action, ("files",), 1, single_bytes=case.size, parallel=at_once, files_at_once=at_once
        )
        phase = Phase("bench", (lane,), 60.0)
        plan = Plan("b", "b", 1.0, 1, 1, 1, 1, "c", "p", (files,), (phase,))
        now = time.monotonic_ns()
        recorder = Recorder(now)
        recorder.begin("bench")
        self._lane = LaneSource(plan, phase, lane, [0], now, recorder)
        self._until = now + int(seconds * 1e9)
        self.next = self._lane.next
        self.due = self._lane.due
        self.count = self.failures = 0

    def done(self, op: object, outcome: tuple) -> None:
        self._lane.done(op, outcome)  # type: ignore[arg-type]
        self.count += 1
        if outcome[7] or outcome[0] >= 300:
            self.failures += 1
        if outcome[4] >= self._until:
            self._lane.stop(time.monotonic_ns())

    @property
    def finished(self) -> bool:
        return self._lane.finished


KINDS: dict[str, Callable[[str, tuple[str, int]], Burst]] = {
    "engine": _engine,
    "engine-signed": lambda url, address: _engine(url, address, "shared-key"),
    "engine-worker": lambda url, address: _engine(url, address, worker=True),
    "engine-locust": _engine_in_locust,
    "fast-http-user": lambda url, address: _locust_user(url, address, fast=True),
    "http-user": lambda url, address: _locust_user(url, address, fast=False),
}

if __name__ == "__main__":
    sys.exit(main())
