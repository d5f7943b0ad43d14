"""Bodies framed as structured messages: read apart on their way in, put together on their way out."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator

from awscrt.checksums import crc64nvme

from reference_impl.http.message import Response
from reference_impl.operations.call import Call
from reference_impl.protocol import structured
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.headers_out import Fields
from reference_impl.protocol.ranges import Span
from reference_impl.protocol.structured import KIND, LENGTH, SUPPORTED, Decoder
from reference_impl.store import OpenBlob

_PIECE = 1024 * 1024


def is_asked(call: Call) -> bool:
    """Whether the request has, or wants, a structured body."""
    return bool(call.header(KIND))


def decoder(call: Call) -> Decoder | None:
    """What takes the request's body apart; None for a plain body."""
    if not is_asked(call):
        return None
    return Decoder(call.request.body.length or 0, structured.decoded_length(call.header(LENGTH)))


def echo(call: Call) -> Fields:
    """The header that tells the client that its structured body was understood."""
    return [(KIND, SUPPORTED)] if is_asked(call) else []


def send(call: Call, status: int, reason: str, fields: Fields, opened: OpenBlob, span: Span) -> Response:
    """Answer with a part of a blob in a structured body. The response owns the blob from here on."""
    more = [(KIND, SUPPORTED), (LENGTH, str(span.count))]
    length = ("Content-Length", str(structured.encoded_length(span.count)))
    return call.respond(status, reason, [*fields, length, *more], Message(call, opened, span))


class Message(AsyncIterator[bytes]):
    """A part of an open blob as the pieces of a structured message. Closing it closes the blob."""

    def __init__(self, call: Call, opened: OpenBlob, span: Span) -> None:
        self._call = call
        self._opened = opened
        self._pieces = self._made(span)

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Let the blob go."""
        await self._pieces.aclose()
        self._opened.close()

    async def _made(self, span: Span) -> AsyncGenerator[bytes, None]:
        offset, whole = span.first, 0
        before = structured.header(span.count)
        for number, size in enumerate(structured.segments(span.count), 1):
            before += structured.segment_header(number, size)
            crc, left = 0, size
            while left:
                piece = await self._call.service.run(os.pread, self._opened.fd, min(left, _PIECE), offset)
                if not piece:
                    raise BlobError("InternalError")
                crc, whole = crc64nvme(piece, crc), crc64nvme(piece, whole)
                offset, left = offset + len(piece), left - len(piece)
                yield before + piece
                before = b""
            before += structured.checksum(crc)
        yield before + structured.checksum(whole)
