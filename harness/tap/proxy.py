"""The tap's wires: two transports for each connection, bytes passed on at once, back-pressure both ways."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass

from harness.exchange import Exchange
from harness.tap.conversation import Conversation

_HIGH_WATER = 1024 * 1024  # bytes that may wait for a slow reader before the other side is held back
_CONNECT_SECONDS = 20.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the tap forwards to."""

    address: tuple[str, int]
    tls: ssl.SSLContext | None = None
    server_name: str | None = None  # for TLS; None: the host of `address`


class Side(asyncio.Protocol):
    """One of the two transports of a connection."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.transport: asyncio.Transport | None = None
        self.finished = False  # its peer has said that no more bytes come

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        self._link.received(self, data)

    def eof_received(self) -> bool:
        return self._link.ended(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.lost(self, exc)

    def pause_writing(self) -> None:
        self._link.hold(self)

    def resume_writing(self) -> None:
        self._link.release(self)


class Link:
    """One connection through the tap."""

    def __init__(
        self,
        upstream: Upstream,
        conversation: Conversation,
        fault: Callable[[str], None],
        gone: Callable[[Link], None],
    ) -> None:
        self.conversation = conversation
        self.client = Side(self)
        self.server = Side(self)
        self._upstream = upstream
        self._fault = fault
        self._gone = gone
        self._connecting: asyncio.Task[None] | None = None
        # What the client said before there was somewhere to send it: Python before 3.11.3 reads once
        # after `connection_made` even from a transport that was paused there.
        self._early: list[bytes] = []
        self._over = False

    def made(self, side: Side) -> None:
        if side is self.client and side.transport is not None:
            side.transport.pause_reading()  # until there is somewhere to send it
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
        elif side.transport is not None:
            side.transport.write(b"".join(self._early))  # before anything that the client says from now on
            self._early.clear()
            if self.client.finished and side.transport.can_write_eof():
                side.transport.write_eof()

    async def _connect(self) -> None:
        host, port = self._upstream.address
        tls = self._upstream.tls
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: self.server,
                    host,
                    port,
                    ssl=tls,
                    server_hostname=(self._upstream.server_name or host) if tls else None,
                )
        except (OSError, TimeoutError) as error:
            self._fault(f"{host}:{port} could not be reached: {type(error).__name__}: {error}")
            self._finish("closed-early: the endpoint could not be reached", reset=True)
            return
        if self._over:
            self._abort(self.server, reset=False)
        elif self.client.transport is not None:
            self.client.transport.resume_reading()

    def received(self, side: Side, data: bytes) -> None:
        other = self.server if side is self.client else self.client
        if other.transport is None:
            self._early.append(data)
        elif not other.transport.is_closing():
            other.transport.write(data)
        # Forwarded first, read afterwards: the copy must not delay the bytes.
        if side is self.client:
            self.conversation.from_client(data)
        else:
            self.conversation.from_server(data)

    def ended(self, side: Side) -> bool:
        side.finished = True
        if side is self.server:
            self.conversation.server_ended()
        other = self.server if side is self.client else self.client
        if other.transport is None:
            return True  # the endpoint is told when it can be
        if other.transport.is_closing():
            return False
        if other.finished or not other.transport.can_write_eof():
            other.transport.close()
            return False
        other.transport.write_eof()
        # TLS knows no half-closed connection: its transport closes by itself.
        return side.transport is not None and side.transport.get_extra_info("ssl_object") is None

    def lost(self, side: Side, error: Exception | None) -> None:
        who = "the client" if side is self.client else "the endpoint"
        if error is not None:
            self._finish(f"reset: {who} broke the connection off", reset=True)
        else:
            self._finish(f"closed-early: {who} closed the connection", reset=False)

    def hold(self, side: Side) -> None:
        other = self.server if side is self.client else self.client
        if other.transport is not None and not other.transport.is_closing():
            other.transport.pause_reading()

    def release(self, side: Side) -> None:
        other = self.server if side is self.client else self.client
        if other.transport is not None and not other.transport.is_closing():
            other.transport.resume_reading()

    def stop(self) -> None:
        """End the connection from here."""
        self._finish("closed-early: the tap was closed", reset=False, at_once=True)

    def _finish(self, failure: str, *, reset: bool, at_once: bool = False) -> None:
        if self._over:
            return
        self._over = True
        if self._connecting is not None and not self._connecting.done():
            current = asyncio.current_task()
            if self._connecting is not current:
                self._connecting.cancel()
        self.conversation.ended(failure)
        if self.conversation.fault:
            self._fault(f"protocol: {self.conversation.fault}")
        for side in (self.client, self.server):
            if reset or at_once:
                self._abort(side, reset=reset)
            elif side.transport is not None:
                side.transport.close()  # what is still to be written is written
        self._gone(self)

    @staticmethod
    def _abort(side: Side, *, reset: bool) -> None:
        if side.transport is None or side.transport.is_closing():
            return
        sock = side.transport.get_extra_info("socket")
        if reset and sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        side.transport.abort()


class Listener:
    """Accepts connections on loopback and links each of them to the upstream. Lives on one event loop."""

    def __init__(
        self, upstream: Upstream, *, tls: ssl.SSLContext | None, keep: int, done: Callable[[Exchange], None]
    ) -> None:
        self._upstream = upstream
        self._tls = tls
        self._keep = keep
        self._done = done
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0
        self.faults: list[str] = []

    async def start(self) -> tuple[str, int]:
        """Listen; the address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._accept, "127.0.0.1", 0, ssl=self._tls, backlog=512, start_serving=True
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    @property
    def idle(self) -> bool:
        """Whether no exchange is under way."""
        return all(link.conversation.idle for link in self._links)

    def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for link in tuple(self._links):
            link.stop()

    def _accept(self) -> asyncio.Protocol:
        self.connections += 1
        scheme = "https" if self._tls else "http"
        conversation = Conversation(self.connections, scheme, self._keep, self._done)
        link = Link(self._upstream, conversation, self.faults.append, self._links.discard)
        self._links.add(link)
        return link.client
