"""Reading a copy source over HTTP: a client that connects only where it may and notices every truncation."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from reference_impl.config import Config, MachineError
from reference_impl.http.addresses import refusal_of
from reference_impl.http.chunked import ChunkDecoder, ChunkError
from reference_impl.http.fields import NAME, FieldError
from reference_impl.http.message import Pair
from reference_impl.http.reply import Reply, parse_reply

PIECE = 128 * 1024
"""Bytes of one piece of a source's body; the client holds two or three of them."""
_INTERIM = 8
_URL = re.compile(r"(?:https?)://[^/?#]*([^#]*)(?:#.*)?", re.IGNORECASE)
_TARGET = re.compile(r"[\x21-\x7e]*")
_FIELD = re.compile(rf"{NAME}: [\t\x20-\x7e\x80-\xff]*")


class CopySourceError(Exception):
    """A copy source that cannot be read. The text is fit for the client: no query, so no signature."""


class CopySourceRefused(CopySourceError):  # noqa: N818 (says what happened)
    """The source was not asked at all: its URL or its address is not allowed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a URL leads."""

    secure: bool
    host: str
    port: int
    authority: str
    target: str


class SourceResponse:
    """A source's answer, whatever its status (redirects are answers too). Close it whatever happens."""

    def __init__(
        self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle: float
    ) -> None:
        self.status = reply.status
        self.reason = reply.reason
        self.headers: Sequence[Pair] = reply.headers.items()
        self.length = reply.length
        """Bytes of the body; None when only its end will tell."""
        self._chunked = reply.chunked
        self._reader = reader
        self._writer = writer
        self._idle = idle

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces of at most 128 KiB; raises CopySourceError if it breaks off or falls silent."""
        if self._chunked:
            async for piece in self._unchunked():
                yield piece
            return
        left = self.length
        while left is None or left > 0:
            piece = await self._read(PIECE if left is None else min(PIECE, left))
            if not piece:
                if left is None:
                    return
                raise CopySourceError(f"the copy source broke off {left} bytes before its end")
            if left is not None:
                left -= len(piece)
            yield piece

    async def close(self) -> None:
        """Lets the connection go; nothing of an unread body is waited for."""
        self._writer.transport.abort()

    async def _unchunked(self) -> AsyncIterator[bytes]:
        decoder = ChunkDecoder()
        out = memoryview(bytearray(PIECE))
        while not decoder.done:
            piece = await self._read(PIECE)
            if not piece:
                raise CopySourceError("the copy source broke off before its last chunk")
            try:
                _, made = decoder.decode(memoryview(piece), out)  # decoded bytes are never more than encoded
            except ChunkError as error:
                raise CopySourceError(f"the copy source's body is malformed: {error}") from None
            if made:
                yield bytes(out[:made])

    async def _read(self, size: int) -> bytes:
        try:
            async with asyncio.timeout(self._idle):
                return await self._reader.read(size)
        except TimeoutError:
            raise CopySourceError(f"the copy source sent nothing for {self._idle:g} seconds") from None
        except OSError as error:
            raise CopySourceError(f"the connection to the copy source broke ({_why(error)})") from None


class CopySources:
    """Opens copy sources for one process. Time-outs are in seconds."""

    def __init__(self, config: Config, *, connect_timeout: float = 10.0, idle_timeout: float = 30.0) -> None:
        self._allowed = config.allow_copy_sources
        self._connect_timeout = connect_timeout
        self._idle_timeout = idle_timeout
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        if config.copy_source_ca is not None:
            try:
                self._tls.load_verify_locations(config.copy_source_ca)
            except OSError as error:
                raise MachineError(
                    f"the authority {config.copy_source_ca} cannot be used ({_why(error)})",
                    "give a PEM file with --copy-source-ca",
                ) from None

    async def open(self, url: str, *, headers: Sequence[Pair] = (), method: str = "GET") -> SourceResponse:
        """Sends one request with `headers` after Host; gives the answer once its head is there.

        Raises CopySourceRefused before anything is sent to a place that is not allowed, else CopySourceError.
        """
        place = _place(url)
        lines = [f"{method} {place.target} HTTP/1.1", f"Host: {place.authority}"]
        for name, value in (*headers, ("Accept-Encoding", "identity"), ("Connection", "close")):
            if _FIELD.fullmatch(field := f"{name}: {value}") is None:
                raise CopySourceRefused("a header for the copy source holds a line break")
            lines.append(field)
        reader, writer = await self._connect(place)
        try:
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            reply = await self._reply(reader, method)
        except BaseException:
            writer.transport.abort()
            raise
        return SourceResponse(reply, reader, writer, self._idle_timeout)

    async def _connect(self, place: _Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(self._connect_timeout):
                addresses = await self._addresses(place)
                return await self._first(place, addresses)
        except TimeoutError:
            raise CopySourceError("the copy source could not be reached in time") from None

    async def _addresses(self, place: _Place) -> list[str]:
        """The addresses of a place that may be connected to."""
        if place.host == "localhost" or place.host.endswith(".localhost"):
            found = ["127.0.0.1", "::1"]  # RFC 6761 6.3: these names never reach the DNS
        else:
            try:
                found = [
                    str(info[4][0])
                    for info in await asyncio.get_running_loop().getaddrinfo(
                        place.host, place.port, type=socket.SOCK_STREAM
                    )
                ]
            except (OSError, UnicodeError):
                raise CopySourceError("the host of the copy source is unknown") from None
        refusals = {address: refusal_of(address, self._allowed) for address in found}
        allowed = [address for address, refusal in refusals.items() if refusal is None]
        if not allowed:
            why = next((refusal for refusal in refusals.values() if refusal), "it has no address")
            raise CopySourceRefused(f"the copy source may not be read: {why}")
        return allowed

    async def _first(
        self, place: _Place, addresses: list[str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first address that answers: numeric, so nothing is resolved a second time."""
        failure: OSError | None = None
        for address in addresses:
            try:
                return await asyncio.open_connection(
                    address,
                    place.port,
                    limit=PIECE,
                    ssl=self._tls if place.secure else None,
                    server_hostname=place.host if place.secure else None,
                )
            except OSError as error:
                failure = error
        assert failure is not None
        if isinstance(failure, ssl.SSLCertVerificationError):
            raise CopySourceError("the certificate of the copy source is not trusted")
        raise CopySourceError(f"the copy source could not be reached ({_why(failure)})")

    async def _reply(self, reader: asyncio.StreamReader, method: str) -> Reply:
        try:
            async with asyncio.timeout(self._idle_timeout):
                for _ in range(_INTERIM):
                    reply = parse_reply(await reader.readuntil(b"\r\n\r\n"), method)
                    if reply.status >= 200:
                        return reply
        except TimeoutError:
            raise CopySourceError(f"the copy source did not answer for {self._idle_timeout:g} s") from None
        except asyncio.IncompleteReadError:
            raise CopySourceError("the copy source closed the connection without an answer") from None
        except (asyncio.LimitOverrunError, FieldError) as error:
            raise CopySourceError(f"the copy source does not answer in HTTP/1.1: {error}") from None
        except OSError as error:
            raise CopySourceError(f"the connection to the copy source broke ({_why(error)})") from None
        raise CopySourceError("the copy source gives one interim answer after the other")


def _place(url: str) -> _Place:
    """What a URL says, checked; raises CopySourceRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise CopySourceRefused("the URL of the copy source is malformed") from None
    match = _URL.fullmatch(url)
    if match is None or not parts.hostname:
        raise CopySourceRefused("the URL of the copy source is not an http or https URL")
    if "@" in parts.netloc:
        raise CopySourceRefused("the URL of the copy source holds a user name")
    if port == 0 or "%" in parts.netloc or _TARGET.fullmatch(url) is None:
        raise CopySourceRefused("the URL of the copy source is malformed")
    secure = parts.scheme == "https"
    target = match.group(1)
    if not target.startswith("/"):
        target = "/" + target
    return _Place(secure, parts.hostname, port or (443 if secure else 80), parts.netloc, target)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
