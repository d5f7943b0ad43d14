"""How a framed answer leaves: small ones in one write, files and streams with back-pressure."""

from __future__ import annotations

from collections.abc import AsyncIterator

from reference_impl.http.answer import Answer, BadResponse
from reference_impl.http.chunked import LAST_CHUNK, chunk
from reference_impl.http.message import FileSlice, Response, ResponseBody
from reference_impl.http.outlet import FileTooShort, Outlet

JOINED = 64 * 1024
"""Bytes of a body that still goes out in one write with its head."""


async def started(response: Response) -> Response:
    """The response with the first piece of a stream made, while an error can still become an answer."""
    pieces = response.body
    if pieces is None or isinstance(pieces, bytes | FileSlice):
        return response
    return Response(
        response.status,
        response.reason,
        response.headers,
        _Started(await anext(pieces, b""), pieces),
        response.chunked,
    )


async def deliver(outlet: Outlet, ready: Answer) -> None:
    """Sends an answer; raises Gone, FileTooShort or what a stream raises, with the head sent already."""
    body = ready.body
    if isinstance(body, FileSlice):
        await outlet.send_file(ready.head, body)
        return
    if isinstance(body, bytes):
        if len(body) <= JOINED:
            outlet.write(ready.head + body)
        else:
            outlet.write(ready.head)
            outlet.write(body)
    else:
        outlet.write(ready.head)
        left = ready.length
        async for piece in body:
            if left is not None:
                left -= len(piece)
                if left < 0:
                    raise BadResponse("a stream gives more bytes than its head promises")
            if piece:
                outlet.write(chunk(piece) if ready.chunked else piece)
                await outlet.drained()
        if left:
            raise FileTooShort
        if ready.chunked:
            outlet.write(LAST_CHUNK)
    await outlet.drained()


async def release(body: ResponseBody) -> None:
    """Gives back what a response body holds, sent or not."""
    if isinstance(body, FileSlice):
        body.close()
    elif body is not None and hasattr(body, "aclose"):
        await body.aclose()


class _Started:
    """A stream whose first piece is there already."""

    def __init__(self, first: bytes, rest: AsyncIterator[bytes]) -> None:
        self._first: bytes | None = first
        self._rest = rest

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return await anext(self._rest)

    async def aclose(self) -> None:
        await release(self._rest)
