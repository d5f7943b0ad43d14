"""The way out of a connection: transport writes with back-pressure, and files by sendfile past it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress

from reference_impl.http.message import FileSlice

HIGH_WATER = 256 * 1024
PREAD = 256 * 1024
TURN = 1024 * 1024
"""Bytes of a file that one connection may send before others have their turn."""

_MORE = getattr(socket, "MSG_MORE", 0)
_RESET = struct.pack("ii", 1, 0)


class Gone(Exception):  # noqa: N818 (a state of the world more than an error)
    """The client cannot be written to any more."""


class FileTooShort(Exception):  # noqa: N818
    """A file ended before the length that was promised for it."""


class Outlet:
    """Writes to one transport. A `secure` one encrypts, so files pass through memory in 256 KiB pieces."""

    def __init__(self, transport: asyncio.Transport, *, secure: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._direct = not secure and hasattr(os, "sendfile")
        self._socket: socket.socket | None = None
        self._room: asyncio.Future[None] | None = None
        self._paused = False
        self._lost = False
        self._stalled_at = 0.0
        self._stalled_with = -1
        self.progress = 0
        """Bytes that sendfile has moved; a number that stands still means a client that does not read."""
        transport.set_write_buffer_limits(high=HIGH_WATER)

    # called by the protocol

    def pause(self) -> None:
        """The transport's buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """The transport's buffer has room again."""
        self._paused = False
        self._wake()

    def lost(self) -> None:
        """The connection is gone; whoever waits for room hears Gone."""
        self._lost = True
        if self._socket is not None:
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self._wake()

    def stalled(self, now: float, limit: float) -> bool:
        """Whether a writer has waited for longer than `limit` seconds without a byte leaving."""
        if self._room is None and not self._transport.get_write_buffer_size():
            self._stalled_with = -1
            return False
        mark = self.progress + self._transport.get_write_buffer_size()
        if mark != self._stalled_with:
            self._stalled_with, self._stalled_at = mark, now
        return now - self._stalled_at > limit

    # called by whoever answers

    def write(self, data: bytes) -> None:
        """Hands bytes to the transport; use `drained` before the next large write."""
        if self._lost or self._transport.is_closing():
            raise Gone
        self._transport.write(data)

    async def drained(self) -> None:
        """Waits until the transport has room; raises Gone."""
        while self._paused and not self._lost:
            await self._wait()
        if self._lost:
            raise Gone

    async def send_file(self, head: bytes, part: FileSlice) -> None:
        """`head`, then the bytes of `part`; raises Gone, FileTooShort. Does not close `part`."""
        try:
            if self._direct:
                await self._emptied()
                await self._send_head(head)
                await self._sendfile(part)
            else:
                self.write(head)
                await self._copy(part)
        except (ConnectionError, BrokenPipeError) as error:
            raise Gone from error

    def reset(self) -> None:
        """Breaks the connection so that the client cannot take what it got for the whole."""
        if self._lost:
            return
        with suppress(OSError):  # the peer was faster: there is nothing left to reset
            self._own_socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    # sendfile

    def _own_socket(self) -> socket.socket:
        """A socket of our own on the same connection: uvloop refuses to watch its descriptor for us."""
        if self._socket is None:
            inner = self._transport.get_extra_info("socket")
            self._socket = socket.socket(fileno=os.dup(inner.fileno()))
            self._socket.setblocking(False)
        return self._socket

    async def _emptied(self) -> None:
        """Waits until nothing is left in the transport's buffer, so that we may write past it."""
        if self._transport.get_write_buffer_size():
            self._transport.set_write_buffer_limits(high=0)
            try:
                await self.drained()
            finally:
                if not self._lost and not self._transport.is_closing():
                    self._transport.set_write_buffer_limits(high=HIGH_WATER)
        if self._lost or self._transport.is_closing():
            raise Gone

    async def _send_head(self, head: bytes) -> None:
        left = memoryview(head)
        while left:
            try:
                left = left[self._own_socket().send(left, _MORE) :]
            except BlockingIOError:
                await self._writable()

    async def _sendfile(self, part: FileSlice) -> None:
        offset, end, turn = part.offset, part.offset + part.length, TURN
        while offset < end:
            try:
                sent = os.sendfile(self._own_socket().fileno(), part.fd, offset, min(end - offset, turn))
            except BlockingIOError:
                await self._writable()
                turn = TURN
                continue
            if sent == 0:
                raise FileTooShort
            offset += sent
            self.progress += sent
            turn -= sent
            if turn <= 0:
                turn = TURN
                await asyncio.sleep(0)
                if self._lost:
                    raise Gone

    async def _copy(self, part: FileSlice) -> None:
        offset, end = part.offset, part.offset + part.length
        while offset < end:
            await self.drained()
            piece = os.pread(part.fd, min(PREAD, end - offset), offset)
            if not piece:
                raise FileTooShort
            self.write(piece)
            offset += len(piece)
            await asyncio.sleep(0)

    async def _writable(self) -> None:
        descriptor = self._own_socket().fileno()
        self._loop.add_writer(descriptor, self._wake)
        try:
            await self._wait()
        finally:
            if not self._lost:
                self._loop.remove_writer(descriptor)
        if self._lost:
            raise Gone

    async def _wait(self) -> None:
        self._room = self._loop.create_future()
        try:
            await self._room
        finally:
            self._room = None

    def _wake(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
