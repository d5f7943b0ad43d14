"""One connection of the crowd: asyncio's streams around our own response parser."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
import struct

from harness.endpoint import Endpoint, Face
from harness.wire.codec import ProtocolError, ResponseParser
from harness.wire.dial import tls_context

_NUMBERS = itertools.count(1)
_RECEIVE = 256 * 1024
_CONTINUE = 5.0  # seconds that a body waits for "100 Continue"; then it goes without, as the RFC has it
_RST = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds


class LineError(Exception):
    """The exchange did not come to its end. The text begins with a failure word of `Exchange.failure`."""

    def __init__(self, what: str, *, unheard: bool) -> None:
        super().__init__(what)
        self.unheard = unheard  # no byte of the answer had come


class Line:
    """A connection to one address. One exchange at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = next(_NUMBERS)
        self.used = 0  # exchanges that came to their end
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, endpoint: Endpoint, face: Face, seconds: float, *, window: int | None = None) -> Line:
        """Connect. `window` is a small receive buffer, for readers that want to be slow. Raises LineError."""
        try:
            async with asyncio.timeout(seconds):
                return cls(*await _streams(endpoint, face, window))
        except TimeoutError:
            raise LineError(f"timeout: no connection within {seconds:g} s", unheard=True) from None
        except ssl.SSLError as error:
            raise LineError(f"tls: {error.reason or error}", unheard=True) from None
        except OSError as error:
            raise LineError(f"refused: {error.strerror or error}", unheard=True) from None

    async def exchange(
        self, method: str, head: bytes, body: bytes, seconds: float, *, awaits: bool = False
    ) -> ResponseParser:
        """Send a request and read its answer to the end. Raises LineError."""
        parser = ResponseParser(method)
        try:
            async with asyncio.timeout(seconds):
                if await self._send(parser, head, body, awaits=awaits):
                    while not parser.done:
                        await self._receive(parser)
        except TimeoutError:
            what = "inside the answer" if parser.started else "no answer"
            raise LineError(f"timeout: {what} within {seconds:g} s", unheard=not parser.started) from None
        except ProtocolError as error:
            raise LineError(f"protocol: {error}", unheard=False) from None
        except OSError as error:
            raise LineError(f"reset: {error.strerror or error}", unheard=not parser.started) from None
        self.used += 1
        return parser

    async def send(self, data: bytes) -> None:
        """Only send. Raises OSError."""
        self._writer.write(data)
        await self._writer.drain()

    async def read(self, most: int) -> bytes:
        """Only read, so many bytes at most; none at the end. Raises OSError."""
        return await self._reader.read(most)

    async def close(self) -> None:
        """Close with FIN."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()

    def drop(self) -> None:
        """Close without waiting for anything."""
        self._writer.transport.abort()

    def reset(self) -> None:
        """Close with RST, as a client that dies does."""
        there = self._writer.get_extra_info("socket")
        if there is not None:
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self._writer.transport.abort()

    async def _send(self, parser: ResponseParser, head: bytes, body: bytes, *, awaits: bool) -> bool:
        """Send; False when an answer came that wants no body."""
        if not awaits:
            await self.send(head + body if len(body) <= _RECEIVE else head)
            if len(body) > _RECEIVE:
                await self.send(body)
            return True
        await self.send(head)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CONTINUE):
                while not parser.interim and not parser.done:
                    await self._receive(parser)
        if parser.done:
            return False
        await self.send(body)
        return True

    async def _receive(self, parser: ResponseParser) -> None:
        data = await self._reader.read(_RECEIVE)
        if data:
            parser.feed(data)
            return
        started = parser.started
        try:
            parser.end()
        except ProtocolError as error:
            raise LineError(f"closed-early: {error}", unheard=not started) from None


async def _streams(
    endpoint: Endpoint, face: Face, window: int | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    tls = tls_context(endpoint.ca_file) if face.scheme == "https" else None
    name = face.server_name if tls is not None else None
    if window is None:
        return await asyncio.open_connection(*face.address, ssl=tls, server_hostname=name, limit=_RECEIVE)
    loop = asyncio.get_running_loop()
    family, _, _, _, address = (await loop.getaddrinfo(*face.address, type=socket.SOCK_STREAM))[0]
    there = socket.socket(family, socket.SOCK_STREAM)
    try:
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)  # counts only before the handshake
        there.setblocking(False)
        await loop.sock_connect(there, address)
        return await asyncio.open_connection(sock=there, ssl=tls, server_hostname=name, limit=window)
    except BaseException:
        there.close()
        raise
