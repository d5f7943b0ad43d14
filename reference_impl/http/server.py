"""The listening side: accepts connections, watches over their time-outs, and stops them in good order."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reference_impl.http.access import line
from reference_impl.http.connection import SCRATCH, Connection
from reference_impl.http.message import Handler, Request

BACKLOG = 1024
_ACCEPTS = 16
_HANDSHAKE = 15.0
_REST = 0.25


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that listens already, and the TLS context for what it accepts (None: plain)."""

    socket: socket.socket
    tls: ssl.SSLContext | None = None


class Server:
    """Serves one handler on any number of listeners, in one event loop. Times are in seconds.

    Beyond `capacity` connections new ones wait in the kernel's queue, so that those that are served have
    descriptors left for their files.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        idle_timeout: float = 60.0,
        keep_alive_timeout: float = 120.0,
        capacity: int = 1024,
        access_log: bool = False,
        report: Callable[[str], object] = sys.stderr.write,
    ) -> None:
        self.handler = handler
        self.idle_timeout = idle_timeout
        self.keep_alive_timeout = keep_alive_timeout
        self.stopping = False
        self.scratch = memoryview(bytearray(SCRATCH))
        self._capacity = capacity
        self._access_log = access_log
        self._report = report
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: tuple[Listener, ...] = ()
        self._greetings: set[asyncio.Task[None]] = set()
        self._full = False
        self._watch: asyncio.TimerHandle | None = None

    def start(self, listeners: Sequence[Listener]) -> None:
        """Begins to accept. The sockets stay the caller's to close."""
        self._loop = asyncio.get_running_loop()
        self._listeners = tuple(listeners)
        for listener in self._listeners:
            listener.socket.setblocking(False)
            self._listen(listener)
        self._sweep()

    async def stop(self, grace: float) -> bool:
        """Stops accepting, lets running requests finish for `grace` seconds, then cuts what is left.

        Says whether every handler has ended.
        """
        self.stopping = True
        for listener in self._listeners:
            self._loop.remove_reader(listener.socket.fileno())
        for greeting in tuple(self._greetings):
            greeting.cancel()
        for connection in tuple(self._connections):
            connection.wind_down()
        await self._settle(grace * 0.8)
        for connection in tuple(self._connections):
            connection.cut()
        await self._settle(grace * 0.2)
        if self._watch is not None:
            self._watch.cancel()
        return not self._tasks

    # what connections need

    def joined(self, connection: Connection) -> None:
        """A connection was made."""
        self._connections.add(connection)
        if self.stopping:
            connection.wind_down()

    def left(self, connection: Connection) -> None:
        """A connection was lost."""
        self._connections.discard(connection)
        self._make_room()

    def keep(self, task: asyncio.Task[None]) -> None:
        """Holds a task until it ends: the loop itself would forget it."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def served(self, request: Request, status: int, seconds: float) -> None:
        """A request was answered, or (status 0) could not be."""
        if self._access_log:
            self._report(line(request, status, seconds))

    def failed(self, request: Request, error: BaseException) -> None:
        """The handler failed with something that is no answer. The query stays out: it may be signed."""
        trace = "".join(traceback.format_exception(error))
        self._report(f"blobproof: {request.method} {request.path} failed:\n{trace}")

    # accepting

    def _listen(self, listener: Listener) -> None:
        if not self.stopping:
            self._loop.add_reader(listener.socket.fileno(), self._accept, listener)

    def _accept(self, listener: Listener) -> None:
        for _ in range(_ACCEPTS):
            if len(self._connections) + len(self._greetings) >= self._capacity:
                self._full = True
                for each in self._listeners:
                    self._loop.remove_reader(each.socket.fileno())
                return
            try:
                client, _address = listener.socket.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                return
            except OSError as error:
                # Most often no descriptor is free, and the queue would wake us at once again: rest a little.
                self._report(f"blobproof: cannot accept connections for now: {error.strerror}\n")
                self._loop.remove_reader(listener.socket.fileno())
                self._loop.call_later(_REST, self._listen, listener)
                return
            client.setblocking(False)
            greeting = self._loop.create_task(self._welcome(client, listener.tls))
            self._greetings.add(greeting)
            greeting.add_done_callback(self._greeted)

    async def _welcome(self, client: socket.socket, tls: ssl.SSLContext | None) -> None:
        def protocol() -> Connection:
            return Connection(self, secure=tls is not None)

        try:
            await self._loop.connect_accepted_socket(
                protocol, client, ssl=tls, ssl_handshake_timeout=None if tls is None else _HANDSHAKE
            )
        except (OSError, TimeoutError):
            client.close()  # a handshake that failed, or a client that left: nobody is there to be told

    def _greeted(self, task: asyncio.Task[None]) -> None:
        self._greetings.discard(task)
        self._ended(task)
        self._make_room()

    def _make_room(self) -> None:
        if self._full and len(self._connections) + len(self._greetings) < self._capacity:
            self._full = False
            for listener in self._listeners:
                self._listen(listener)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report("blobproof: " + "".join(traceback.format_exception(error)))

    # time

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in tuple(self._connections):
            connection.check(now)
        every = min(1.0, self.idle_timeout / 4, self.keep_alive_timeout / 4)
        self._watch = self._loop.call_later(every, self._sweep)

    async def _settle(self, limit: float) -> None:
        """Waits until every connection is gone and every handler has ended, or for `limit` seconds."""
        end = self._loop.time() + limit
        while (self._connections or self._tasks) and self._loop.time() < end:
            await asyncio.sleep(0.01)
