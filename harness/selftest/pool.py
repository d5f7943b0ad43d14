"""Worker processes that look at façades: each is given a task at a time, and ends what it started.

They are forked when all cases are loaded, so none of them reads the suites again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from harness.selftest.look import Look, Shared, Task, look
from harness.selftest.witnesses import Witnesses

_FORK = multiprocessing.get_context("fork")
_GRACE = 20.0  # seconds that a worker may take to end its façade
_TICK = 0.2  # seconds between two words of a worker about how far it is

Progress = Callable[[Task, int], None]
"""Told how many cases of a task have been run."""


class Pool:
    """So many workers. Ended, with the façades that they started, when the context ends."""

    def __init__(self, known: Witnesses, shared: Shared, workers: int) -> None:
        self._known = known
        self._shared = shared
        self._wanted = workers
        self._workers: dict[Connection, BaseProcess] = {}

    def __enter__(self) -> Self:
        for _ in range(self._wanted):
            ours, theirs = _FORK.Pipe()
            process = _FORK.Process(
                target=_serve, args=(theirs, (*self._workers, ours), self._known, self._shared), daemon=True
            )
            process.start()
            theirs.close()
            self._workers[ours] = process
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._workers.values():
            process.terminate()
        deadline = time.monotonic() + _GRACE
        for process in self._workers.values():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def run(self, tasks: Sequence[Task], progress: Progress = lambda task, done: None) -> Iterator[Look]:
        """What became of each task, in the order in which they end."""
        waiting = deque(tasks)
        busy: dict[Connection, Task] = {}
        while waiting or busy:
            for free in [one for one in self._workers if one not in busy]:
                if waiting:
                    busy[free] = waiting.popleft()
                    free.send(busy[free])
            if not busy:  # every worker has died
                yield from (Look(task, fault="every worker has ended") for task in waiting)
                return
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                try:
                    said = ready.recv()
                except (EOFError, OSError):
                    process = self._workers.pop(ready)
                    process.join(_GRACE)
                    yield Look(busy.pop(ready), fault=f"its worker ended with {process.exitcode}")
                    continue
                if isinstance(said, Look):
                    del busy[ready]
                    yield said
                else:
                    progress(busy[ready], said)


def _serve(tasks: Connection, not_ours: Sequence[Connection], known: Witnesses, shared: Shared) -> None:
    """A worker: Ctrl-C is for the parent, which then asks us to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for connection in not_ours:  # or we would not see that the parent has gone
        connection.close()
    with contextlib.suppress(KeyboardInterrupt, EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            tasks.send(_done(tasks.recv(), tasks, known, shared))


def _done(task: Task, parent: Connection, known: Witnesses, shared: Shared) -> Look:
    last = time.monotonic()

    def tick(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _TICK:
            last = time.monotonic()
            parent.send(done)

    try:
        return look(task, known, shared, tick)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # a bug of ours, in one line: the other mutants go on
        return Look(task, fault=f"{type(error).__name__}: {error}")
