"""Starts a master and its workers as processes, reads what they tell, and leaves none of them behind."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from harness.endpoint import Endpoint
from harness.endpoints import handover
from harness.vocabulary import ExitCode
from loadgen.fleet.child import Child, Row
from loadgen.fleet.job import Job, dump

_POLL = 0.1  # seconds
_GRACE = 3.0  # seconds from being asked to end to SIGKILL


class FleetError(Exception):
    """The fleet could not do its work. `exit_code` says whose fault it is."""

    def __init__(self, what: str, hint: str, exit_code: int = ExitCode.HARNESS) -> None:
        super().__init__(what)
        self.hint = hint
        self.exit_code = ExitCode(exit_code)


@dataclass(frozen=True, slots=True)
class Formation:
    """How the fleet stands: so many workers here, the others join over the network."""

    local: int
    host: str = "127.0.0.1"  # where the master listens for workers
    port: int = 0  # 0: any
    web: tuple[str, int] | None = None  # Locust's page


@dataclass(frozen=True, slots=True)
class Over:
    """How a run ended."""

    complete: bool
    why: str
    interrupted: bool = False


def fly(
    job: Job, endpoint: Endpoint, formation: Formation, folder: Path, hear: Callable[[Row], None]
) -> Over:
    """Make a run. `hear` gets the master's rows; logs go to `folder`/logs, operation logs to `folder`/ops.

    Ctrl-C ends the run in order; a second one ends it at once, and is raised. Raises `FleetError`, and what
    `hear` raises. Whatever happens, no process is left.
    """
    with children() as started, stop_signals() as signals:
        return _Flight(job, endpoint, formation, folder, hear, started, signals).run()


class _Flight:
    """A run under way: what the master tells, and what is done about it."""

    def __init__(
        self,
        job: Job,
        endpoint: Endpoint,
        formation: Formation,
        folder: Path,
        hear: Callable[[Row], None],
        children: list[Child],
        signals: list[int],
    ) -> None:
        self._job = job
        self._endpoint = endpoint
        self._formation = formation
        self._folder = folder
        self._hear = hear
        self._children = children
        self._signals = signals
        self._over: Over | None = None
        self._dead: set[int] = set()
        self._gathered = False
        self._patience = 3 * job.waits.stop + _GRACE

    def run(self) -> Over:
        """Until the master says that it is over, or is gone."""
        formation = self._formation
        web = None if formation.web is None else {"host": formation.web[0], "port": formation.web[1]}
        order = {"job": dump(self._job), "host": formation.host, "port": formation.port, "web": web}
        log = self._folder / "logs" / "master.log"
        master = Child("loadgen.fleet.master", order, log, _without_credentials(), listen=True)
        self._children.append(master)
        stopped = 0.0
        while self._over is None:
            ended = master.ended()
            for row in master.rows(_POLL):
                self._take(row)
            if self._over is None and ended is not None:
                raise FleetError(
                    f"the master ended with exit code {ended}: {master.last_words()}", f"Its log is {log}."
                )
            if self._signals and not stopped:
                stopped = time.monotonic()
                master.tell("stop")
            if stopped and time.monotonic() - stopped > self._patience:
                raise FleetError("the master did not stop when it was told to", f"Its log is {log}.")
            self._look_after_workers()
        return self._over

    def _take(self, row: Row) -> None:
        match row["row"]:
            case "listening":
                self._start_workers(row["port"])
                self._hear(row)
            case "refused":
                raise FleetError(row["said"], row["hint"], row["exit_code"])
            case "over":
                self._over = Over(row["complete"], row["why"], bool(self._signals))
            case _:
                # From here on a worker that dies is a lost one, and the run goes on.
                self._gathered |= row["row"] == "line" and row["line"].get("what") == "fleet"
                self._hear(row)

    def _start_workers(self, port: int) -> None:
        formation = self._formation
        host = "127.0.0.1" if formation.host in ("0.0.0.0", "*") else formation.host  # noqa: S104
        env = {**_without_credentials(), handover.VARIABLE: handover.dump(self._endpoint)}
        for number in range(formation.local):
            order = {"host": host, "port": port, "folder": str(self._folder / "ops"), "number": number}
            log = self._folder / "logs" / f"worker-{number}.log"
            self._children.append(Child("loadgen.fleet.worker", order, log, env, listen=False))

    def _look_after_workers(self) -> None:
        """A worker that dies before the run begins is no lost worker: it could never have worked."""
        for child in self._children[1:]:
            code = child.ended()
            if code is None or child.pid in self._dead:
                continue
            if not self._gathered and self._over is None:
                said = f"{child.name} ended with exit code {code}: {child.last_words()}"
                raise FleetError(said, f"Its log is {child.log}.")
            self._dead.add(child.pid)
            self._hear({"row": "ended", "name": child.name, "code": code, "said": child.last_words()})


@contextlib.contextmanager
def children() -> Iterator[list[Child]]:
    """A list of processes that are ended with the context: asked first, killed soon."""
    started: list[Child] = []
    try:
        yield started
    finally:
        for child in started:
            child.close()
        deadline = time.monotonic() + _GRACE
        for child in started:
            child.kill(deadline - time.monotonic())


@contextlib.contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Signals that ask for the end, as they come. The first is only noted; the second is raised."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            raise KeyboardInterrupt

    watched = [number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if _is_ours(number)]
    before = {number: signal.signal(number, note) for number in watched}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ours(number: signal.Signals) -> bool:
    return signal.getsignal(number) is not signal.SIG_IGN  # as under nohup


def _without_credentials() -> dict[str, str]:
    """The environment, without what only those who sign need."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "BLOBPROOF_"))
    }
