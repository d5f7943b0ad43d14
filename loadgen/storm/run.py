"""A storm under way: gives the endpoint that workers are to use, and acts when it is time."""

from __future__ import annotations

import contextlib
import functools
import heapq
import itertools
import os
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Protocol, Self

from harness.endpoint import Endpoint
from harness.endpoints.errors import EndpointError
from harness.faults.fault import Fault
from loadgen.storm.nodes import Nodes
from loadgen.storm.plan import Act, Storm, What

_NS = 1_000_000_000
_TICK = 0.5  # seconds between two looks at what struck
_SLOW_NODE = 0


class Restartable(Protocol):
    """An endpoint that can be killed, and started again on the same data and address: harness.soak.lives."""

    def kill(self) -> None:
        """Without warning."""
        ...

    def start(self) -> None:
        """Again. Raises an `EndpointError` when it does not start."""
        ...


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that was done, or that could not be. `at_ns`: of the monotonic clock."""

    at_ns: int
    said: str
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class Tempest:
    """Acts on a storm's plan while a run goes on. Use as a context manager.

    `endpoint` is what the workers are to use. Say when a phase `begins` and `ends`, and who the workers are;
    ask `happened` for events now and then. What is done is done on a thread of its own.
    """

    def __init__(
        self, storm: Storm, endpoint: Endpoint, folder: Path, restartable: Restartable | None = None
    ) -> None:
        self._storm = storm
        self._behind = endpoint
        self._folder = folder
        self._restartable = restartable
        self._stack = contextlib.ExitStack()
        self._nodes: Nodes | None = None
        self._todo: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._happened: queue.SimpleQueue[Happened] = queue.SimpleQueue()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._left = [*storm.acts]  # acts whose phase has not begun
        self._active: dict[Act, int | None] = {}  # on the wire, with the node that they are about
        self._under_way: dict[Act, Callable[[], None]] = {}  # acts that have begun, with what ends them
        self._waiting: dict[str, list[Act]] = {}  # by phase: acts that have a time, and have not begun
        self._processes: dict[int, int] = {}  # of workers on this machine
        self._thread = threading.Thread(target=self._work, name="storm", daemon=True)
        self.endpoint = endpoint

    def __enter__(self) -> Self:
        if self._storm.needs_proxy:
            self._nodes = self._stack.enter_context(Nodes(self._behind, self._storm.nodes, self._folder))
            self.endpoint = self._nodes.endpoint
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._todo.put(None)
        self._thread.join()
        self._stack.close()

    def workers(self, told: list[Mapping[str, Any]]) -> None:
        """Who plays: the facts of the run's event `fleet`, with `worker`, `host` and `pid`."""
        here = socket.gethostname()
        found = {
            int(one["worker"]): int(one["pid"]) for one in told if one.get("host") == here and "pid" in one
        }
        self._todo.put(lambda: self._processes.update(found))

    def begins(self, phase: str, start_ns: int, *, measured: bool) -> None:
        """A phase begins, at that moment of the monotonic clock."""
        self._todo.put(lambda: self._plan(phase, start_ns, measured))

    def ends(self, phase: str) -> None:
        """A phase is over, and with it whatever was to go wrong in it."""
        self._todo.put(lambda: self._end_phase(phase))

    def happened(self) -> list[Happened]:
        """What was done since the last call."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._happened.get_nowait())
        return found

    # ------------------------------------------------------------------------- on the storm's thread

    def _work(self) -> None:
        try:
            self._act()
        except Exception as error:
            # The run goes on, and says so: what was to go wrong from now on does not.
            facts = {"fault": "storm", "state": "failed", "text": "storm"}
            said = f"the storm broke off: {type(error).__name__}: {error}"
            self._happened.put(Happened(time.monotonic_ns(), said, facts))

    def _act(self) -> None:
        while True:
            now = time.monotonic_ns()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            if self._nodes is not None and self._active:
                self._nodes.forget()
            wait = (self._due[0][0] - time.monotonic_ns()) / _NS if self._due else _TICK
            try:
                todo = self._todo.get(timeout=min(_TICK, max(0.0, wait)))
            except queue.Empty:
                continue
            if todo is None:
                break
            todo()
        for end in [*self._under_way.values()]:
            end()

    def _plan(self, phase: str, start_ns: int, measured: bool) -> None:
        meant = [act for act in self._left if act.phase == phase or (not act.phase and measured)]
        self._left = [act for act in self._left if act not in meant]
        self._waiting[phase] = [*self._waiting.get(phase, ()), *meant]
        for act in meant:
            self._at(start_ns + int(act.at_s * _NS), functools.partial(self._begin, phase, act))

    def _at(self, when: int, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._numbers), what))

    def _begin(self, phase: str, act: Act) -> None:
        if act not in self._waiting[phase]:
            return
        self._waiting[phase].remove(act)
        match act.what:
            case What.KILL_WORKER:
                self._kill_worker(act)
                return
            case What.RESTART:
                assert self._restartable is not None  # the plan was checked
                self._restartable.kill()
            case _:
                self._active[act] = _SLOW_NODE if act.what is What.SLOW else None
                self._arm()
        self._tell(act, "begins", act.said)
        self._under_way[act] = lambda: self._end(act)
        self._at(time.monotonic_ns() + int(act.during_s * _NS), lambda: self._end(act))

    def _end(self, act: Act) -> None:
        if self._under_way.pop(act, None) is None:
            return
        facts: dict[str, Any] = {}
        if act.what is What.RESTART:
            assert self._restartable is not None
            try:
                self._restartable.start()
            except EndpointError as error:
                self._tell(act, "failed", f"the endpoint did not start again: {error}")
                return
        else:
            assert self._nodes is not None
            del self._active[act]
            facts["struck"] = self._nodes.disarm()
            self._arm()
        self._tell(act, "ends", f"{act.name} is over", **facts)

    def _end_phase(self, phase: str) -> None:
        for act in self._waiting.pop(phase, ()):
            self._tell(act, "missed", f"{phase} was over before {act.text} was due")

    def _arm(self) -> None:
        assert self._nodes is not None
        everywhere = [act.fault for act, node in self._active.items() if node is None and act.fault]
        for node in range(self._storm.nodes):
            here = [act.fault for act, at in self._active.items() if at == node and act.fault]
            faults: list[Fault] = [*everywhere, *here]
            self._nodes.arm(faults, only=node)

    def _kill_worker(self, act: Act) -> None:
        process = self._processes.get(act.worker)
        if process is None:
            self._tell(act, "missed", f"worker {act.worker} is not on this machine, and cannot be killed")
            return
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            self._tell(act, "missed", f"worker {act.worker} had gone before")
            return
        self._tell(act, "begins", act.said, worker=act.worker)

    def _tell(self, act: Act, state: str, said: str, **facts: object) -> None:
        told = {"fault": act.name, "state": state, "text": act.text, **facts}
        self._happened.put(Happened(time.monotonic_ns(), said, told))
