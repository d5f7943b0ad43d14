"""The fault proxy as others use it: start it in front of an address, arm faults, take what they struck."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from harness.exchange import Exchange
from harness.faults.acts import perform, takes_request
from harness.faults.armory import Armory
from harness.faults.fault import Fault, Strike
from harness.faults.link import FaultLink
from harness.tap.proxy import RESET, Listener, Upstream
from harness.tap.tap import KEEP, Tap

_SETTLE = 10.0
_BACKLOG = 1024


class FaultProxy(Tap):
    """A tap that does harm when armed. Without an armed fault, bytes pass unchanged and as they come.

    `prefix` stands in front of the container in a request's target: "/account" for path style. `take` hands
    out the exchanges that no fault has touched; those that one has are with their strikes.
    `arm` and `disarm` may be called from any thread.
    """

    def __init__(
        self, upstream: Upstream, tls: ssl.SSLContext | None = None, *, prefix: str = "", keep: int = KEEP
    ) -> None:
        self._armory = Armory()
        self._prefix = prefix
        super().__init__(upstream, tls=tls, keep=keep)

    def arm(self, faults: Iterable[Fault]) -> None:
        """From the next request on these are due, and no others; their counting begins now."""
        self._loop.ask(self._arm(tuple(faults)))

    def disarm(self, settle: float = _SETTLE) -> tuple[Strike, ...]:
        """No request is struck from now on. What was struck since the last call, in the order of striking.

        Waits up to `settle` seconds (at most 20) until the struck exchanges have ended; whatever then is
        still under way is ended with its connection.
        """
        return self._loop.ask(self._disarm(min(settle, 2 * _SETTLE)))

    def forget(self) -> int:
        """How many requests and connections were struck and are over; they are forgotten here.

        For proxies that nobody asks for exchanges or strikes: both are kept until somebody does.
        """
        return self._loop.ask(self._forget())

    def adopt(self, sock: socket.socket) -> None:
        """Serve a connection that was accepted elsewhere; the socket is the proxy's from now on."""
        self._loop.ask(self._faulty.adopt(sock))

    async def _forget(self) -> int:
        self._exchanges.clear()
        return self._armory.forget()

    async def _arm(self, faults: tuple[Fault, ...]) -> None:
        self._armory.arm(faults)

    async def _disarm(self, settle: float) -> tuple[Strike, ...]:
        self._armory.arm(())
        deadline = time.monotonic() + settle
        while self._armory.pending and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        for number in {charge.connection for charge in self._armory.pending}:
            self._faulty.end(number)
        return self._armory.clear()

    def _listening(
        self, upstream: Upstream, tls: ssl.SSLContext | None, keep: int, done: Callable[[Exchange], None]
    ) -> Listener:
        self._faulty = _FaultListener(upstream, tls, keep, done, self._armory, self._prefix)
        return self._faulty


class _FaultListener(Listener):
    """Accepts connections itself, so that one can be reset before anything is said on it."""

    def __init__(
        self,
        upstream: Upstream,
        tls: ssl.SSLContext | None,
        keep: int,
        done: Callable[[Exchange], None],
        armory: Armory,
        prefix: str,
    ) -> None:
        super().__init__(upstream, tls=tls, keep=keep, done=done)
        self._armory = armory
        self._prefix = prefix
        self._socket: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> tuple[str, int]:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._socket.setblocking(False)
        self._spawn(self._accept_all(self._socket))
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.close()
        super().stop()

    def end(self, number: int) -> None:
        """Close the connection with this number, whatever is under way on it."""
        for link in tuple(self._links):
            if isinstance(link, FaultLink) and link.number == number:
                link.stop()

    async def _accept_all(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(listening)
            except OSError as error:  # out of descriptors, say: the next one may find some
                self.faults.append(f"a connection could not be accepted: {error}")
                await asyncio.sleep(0.05)
                continue
            await self.adopt(sock)

    async def adopt(self, sock: socket.socket) -> None:
        """Serve a connection, or reset it when that is what is due."""
        sock.setblocking(False)
        self.connections += 1
        charge = self._armory.claim_connection(self.connections)
        if charge is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()
            charge.struck()
            self._armory.end(charge)
            return
        self._spawn(self._serve(sock, self._link()))

    async def _serve(self, sock: socket.socket, link: FaultLink) -> None:
        self._links.add(link)
        try:
            with contextlib.suppress(OSError):  # a client that breaks the TLS handshake off
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: link.client, sock, ssl=self._tls
                )
        finally:
            if link.client.transport is None:
                self._links.discard(link)
                sock.close()

    def _link(self) -> FaultLink:
        return FaultLink(
            self._upstream,
            number=self.connections,
            scheme="https" if self._tls else "http",
            keep=self._keep,
            prefix=self._prefix,
            armory=self._armory,
            perform=perform,
            takes_request=takes_request,
            done=self._done,
            fault=self.faults.append,
            gone=self._links.discard,
        )

    def _spawn(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
