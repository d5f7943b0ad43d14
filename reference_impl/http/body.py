"""A request body on its way from the socket to the handler: two buffers, and a say in whether to read on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from reference_impl.http.chunked import ChunkDecoder, ChunkError
from reference_impl.http.message import BodyAborted, BodyReader, Piece

PIECE = 128 * 1024
"""Bytes of one buffer; while a body passes a connection owns two: one fills, the handler has the other."""
_KEPT = 32

_SINK = memoryview(bytearray(PIECE))
"""Where bytes go that nobody will read."""
_spares: list[bytearray] = []


def _take_buffer(size: int) -> bytearray:
    if size < PIECE:
        return bytearray(size)
    return _spares.pop() if _spares else bytearray(PIECE)


def _give_buffer(buffer: bytearray | None) -> None:
    if buffer is not None and len(buffer) == PIECE and len(_spares) < _KEPT:
        _spares.append(buffer)


class IncomingBody(BodyReader):
    """One request's body. The connection calls the wire side, the handler the BodyReader side, in one thread.

    The wire side fills a buffer; it is handed over when it is full or the body has ended, so that the handler
    gets large pieces from any network. `on_read` is called whenever the handler starts to wait for bytes.
    """

    def __init__(self, length: int | None, on_read: Callable[[], None]) -> None:
        self.length = length
        self.complete = length == 0
        """Every byte has come in (or, of a body that is discarded, been dropped)."""
        self.arrived = False
        """At least one byte has come in."""
        self.discarded: int | None = None
        """Bytes dropped since `discard`; None before."""
        self._left = length or 0
        self._decoder = ChunkDecoder() if length is None else None
        self._filling: bytearray | None = None
        self._filled = 0
        self._lent: bytearray | None = None
        self._spare: bytearray | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: BodyAborted | None = None
        self._on_read = on_read

    # the wire side

    @property
    def waiting(self) -> bool:
        """Whether the handler waits for bytes now."""
        return self._waiter is not None

    @property
    def broken(self) -> bool:
        """Whether the body failed; nothing after it on the connection can be understood."""
        return self._error is not None

    @property
    def hungry(self) -> bool:
        """Whether more bytes of this body can be taken in now."""
        if self.complete or self._error is not None:
            return False
        return self.discarded is not None or self._filling is None or self._filled < len(self._filling)

    def space(self) -> memoryview | None:
        """Where the socket may put body bytes without a copy; None: use `feed`."""
        if self._decoder is not None or self.discarded is not None or not self.hungry:
            return None
        buffer = self._open_buffer()
        return memoryview(buffer)[self._filled : self._filled + self._left]

    def wrote(self, count: int) -> None:
        """`count` bytes were put where `space` said."""
        self._filled += count
        self._left -= count
        self._progress(self._left == 0)

    def feed(self, data: memoryview) -> int:
        """Takes what it has room for and belongs to it; gives the number of bytes taken."""
        taken = 0
        while self.hungry and taken < len(data):
            self.arrived = True
            dropped = self.discarded is not None
            out = _SINK if dropped else memoryview(self._open_buffer())[self._filled :]
            try:
                used, made, complete = self._decode(data[taken:], out)
            except ChunkError as error:
                self.fail(BodyAborted(str(error), 400))
                return len(data)
            taken += used
            if self.discarded is not None:
                self.discarded += used
            else:
                self._filled += made
            self._progress(complete)
        return taken

    def discard(self) -> None:
        """From now on nobody reads: what comes is dropped."""
        if self.discarded is None:
            self.discarded = 0
            self._release()

    def fail(self, error: BodyAborted) -> None:
        """The rest will never come: the handler's read raises `error`."""
        if not self.complete and self._error is None:
            self._error = error
            self._wake()

    async def ended(self) -> None:
        """Waits until a discarded body is complete or broken."""
        while not self.complete and self._error is None:
            await self._wait()

    def finish(self) -> None:
        """The handler is done with every piece; the buffers go back."""
        self._release()

    # the handler's side

    def chunks(self) -> AsyncIterator[Piece]:
        """See BodyReader."""
        return self

    def __aiter__(self) -> AsyncIterator[Piece]:
        return self

    async def __anext__(self) -> Piece:
        if self._lent is not None:
            self._spare, self._lent = self._lent, None
        while not self._ready():
            if self._error is not None:
                raise self._error
            await self._wait()
        if self._filled == 0:
            raise StopAsyncIteration
        view = memoryview(self._open_buffer())[: self._filled]
        self._lent, self._filling, self._filled = self._filling, None, 0
        if not self.complete:
            self._on_read()
        return view

    # both

    def _decode(self, data: memoryview, out: memoryview) -> tuple[int, int, bool]:
        """Bytes used, bytes made and whether that was the last of the body."""
        if self._decoder is not None:
            used, made = self._decoder.decode(data, out)
            return used, made, self._decoder.done
        size = min(len(data), len(out), self._left)
        out[:size] = data[:size]
        self._left -= size
        return size, size, self._left == 0

    def _open_buffer(self) -> bytearray:
        if self._filling is None:
            if self._spare is not None:
                self._filling, self._spare = self._spare, None
            else:
                self._filling = _take_buffer(PIECE if self._decoder is not None else self._left)
        return self._filling

    def _progress(self, complete: bool) -> None:
        self.arrived = True
        self.complete = complete
        if self._ready():
            self._wake()

    def _ready(self) -> bool:
        return self.complete or (self._filling is not None and self._filled == len(self._filling))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        self._on_read()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _release(self) -> None:
        for buffer in (self._filling, self._lent, self._spare):
            _give_buffer(buffer)
        self._filling = self._lent = self._spare = None
        self._filled = 0
