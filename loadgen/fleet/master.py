"""The master process: Locust's master runner with our conductor in it.

Started as `python -m loadgen.fleet.master`. It reads one line of JSON from standard input: what to do. Every
later line is the order to stop; so is the end of the input, which is the end of whoever started it. It writes
rows of JSON to standard output, and nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Collection
from typing import Any, TextIO

import gevent
import locust.runners
from gevent.event import Event
from gevent.fileobject import FileObject
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner
from locust.stats import StatsError, stats_history

from harness.vocabulary import ExitCode
from loadgen.fleet.conductor import Conductor
from loadgen.fleet.job import load
from loadgen.fleet.messages import TO_MASTER, Word
from loadgen.fleet.statistics import Statistics
from loadgen.fleet.surroundings import Message
from loadgen.fleet.user import EngineUser
from loadgen.record import lines

_LIVENESS = 5
"""Heartbeats, one a second, that may fail to come before a worker counts as lost."""
_STOPPING = 30.0
"""Seconds that a run may take to end when the page's button was pressed."""


class LocustFleet:
    """The workers that are connected to a Locust master."""

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner

    def there(self) -> Collection[str]:
        """Those whose heart beats."""
        return {client.id for client in self._runner.clients.all if client.state != STATE_MISSING}

    def send(self, worker: str, word: Word, data: Message) -> None:
        """Over Locust's socket."""
        self._runner.send_message(word.value, data, worker)


class MonotonicClock:
    """The master's time; while it rests, the other greenlets run."""

    def now(self) -> int:
        """ns of the monotonic clock."""
        return time.monotonic_ns()

    def wall(self) -> int:
        """ns since 1970."""
        return time.time_ns()

    def rest(self, seconds: float) -> None:
        """Let the others run."""
        gevent.sleep(seconds)


class Rows:
    """Writes lines and notes as rows of JSON, and counts intervals for Locust's page."""

    def __init__(self, out: TextIO, statistics: Statistics) -> None:
        self._out = out
        self._statistics = statistics

    def line(self, line: lines.Line) -> None:
        """A line of the run's file."""
        if isinstance(line, lines.Interval):
            self._statistics.add(line, time.time())
        self._write({"row": "line", "line": lines.to_json(line)})

    def note(self, what: str, **facts: object) -> None:
        """Something that is not kept."""
        self._write({"row": what, **facts})

    def _write(self, row: dict[str, object]) -> None:
        self._out.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._out.flush()


def main() -> None:
    """Serve one run."""
    out = _claim_output()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    orders = FileObject(sys.stdin.buffer.fileno(), "rb", close=False)
    order: dict[str, Any] = json.loads(orders.readline())
    locust.runners.HEARTBEAT_LIVENESS = _LIVENESS
    job = load(order["job"])
    # Users that Locust stops may end what they are at; ours are told to, by us, a moment before.
    environment = Environment(user_classes=[EngineUser], host=job.place.url, stop_timeout=2 * job.waits.stop)
    rows = Rows(out, Statistics(environment.stats, StatsError))
    try:
        runner = environment.create_master_runner(order["host"], order["port"])
    except (Exception, SystemExit) as error:  # Locust ends the process when somebody has the port
        rows.note(
            "refused",
            said=f"cannot listen on {order['host']}:{order['port']}: {error}",
            hint="Give --master an address of this machine, and a port that is free.",
            exit_code=ExitCode.USAGE,
        )
        return
    conductor = Conductor(job, LocustFleet(runner), MonotonicClock(), rows)
    for word in TO_MASTER:
        runner.register_message(word.value, _listener(conductor, word))
    over = Event()
    if order["web"] is not None:
        _show(environment, order["web"], conductor, over)
    rows.note("listening", port=runner.server.port)
    gevent.spawn(_obey, orders, conductor)
    gevent.spawn(_start_users, runner, job.workers)
    try:
        conductor.run()
    finally:
        over.set()
        runner.quit()


def _claim_output() -> TextIO:
    """The standard output for our rows alone: whatever a library prints goes to the log."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)
    return out


def _listener(conductor: Conductor, word: Word) -> Callable[..., None]:
    def heard(msg: Any, **_: object) -> None:
        conductor.hear(msg.node_id, word, msg.data)

    return heard


def _obey(orders: FileObject, conductor: Conductor) -> None:
    orders.readline()
    conductor.end("interrupted", "interrupted")


def _start_users(runner: MasterRunner, workers: int) -> None:
    """One user on each worker, once all are there; what it does then, the conductor says."""
    while len(runner.clients.ready) < workers:
        gevent.sleep(0.05)
    runner.start(workers, spawn_rate=workers)


def _show(environment: Environment, where: dict[str, Any], conductor: Conductor, over: Event) -> None:
    """Locust's web page. Its button `stop` ends the run as an interrupt does."""

    def stopped(**_: object) -> None:
        conductor.end("interrupted", "stopped from the web page")
        # Locust stops its workers when this returns: they hear nothing then until their users have ended.
        over.wait(_STOPPING)

    environment.create_web_ui(where["host"], where["port"])
    gevent.spawn(stats_history, environment.runner)
    environment.events.test_stopping.add_listener(stopped)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
