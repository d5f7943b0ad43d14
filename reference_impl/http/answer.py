"""How a response looks on the wire: its head, its framing and what is left to send, decided without I/O."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from reference_impl.http.chunked import LAST_CHUNK, chunk
from reference_impl.http.message import FileSlice, Pair, Response

_FRAMING = ("content-length", "transfer-encoding")


class BadResponse(Exception):  # noqa: N818
    """A handler gave a response that cannot be put on the wire as it is: a fault of the façade."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response ready to send: `head` bytes, then `body` (bytes are framed already; an iterator is not).

    `length` is what the head promises of an iterator that is not chunked; None: nothing.
    """

    status: int
    head: bytes
    body: bytes | FileSlice | AsyncIterator[bytes]
    chunked: bool
    close: bool
    length: int | None = None


def answer(response: Response, *, method: str, version: tuple[int, int], close: bool) -> Answer:
    """Frames a response to a request of `method` and `version`; raises BadResponse."""
    body, status = response.body, response.status
    silent = method == "HEAD" or status in (204, 304) or 100 <= status < 200
    framing, chunked, close = _framing(response, modern=version >= (1, 1), close=close)
    own = [(name.lower(), value) for name, value in response.headers if name.lower() in _FRAMING]
    if status == 204 or (status == 304 and not own):
        framing = None
    if own and not silent and own != [_lower(framing)]:
        raise BadResponse(f"the response says {own} itself, but its body needs {framing}")
    headers = response.headers
    if status == 204 and own:
        headers = [pair for pair in headers if pair[0].lower() not in _FRAMING]
    pairs = headers if own or framing is None else [framing, *headers]
    if close:
        pairs = [*pairs, ("Connection", "close")]
    elif version < (1, 1):
        pairs = [*pairs, ("Connection", "keep-alive")]
    head = _head(response, pairs)
    if silent or body is None:
        ending = LAST_CHUNK if chunked and not silent else b""
        return Answer(status, head, ending, chunked, close)
    if isinstance(body, bytes) and chunked:
        body = (chunk(body) if body else b"") + LAST_CHUNK
    stream = not isinstance(body, bytes | FileSlice)
    promised = int(framing[1]) if stream and framing is not None and not chunked else None
    return Answer(status, head, body, chunked, close, promised)


def _framing(response: Response, *, modern: bool, close: bool) -> tuple[Pair | None, bool, bool]:
    """The framing header, whether the body is chunked, and whether the connection must close after it."""
    body = response.body
    if isinstance(body, FileSlice):
        return ("Content-Length", str(body.length)), False, close
    if not response.chunked and not isinstance(body, bytes | None):
        own = next((value for name, value in response.headers if name.lower() == "content-length"), None)
        if own is not None:
            return ("Content-Length", own), False, close
    if response.chunked or not isinstance(body, bytes | None):
        if modern:
            return ("Transfer-Encoding", "chunked"), True, close
        return None, False, True  # HTTP/1.0 knows no chunks: the end of the connection ends the body
    return ("Content-Length", str(len(body or b""))), False, close


def _lower(pair: Pair | None) -> Pair | None:
    return None if pair is None else (pair[0].lower(), pair[1])


def _head(response: Response, pairs: list[Pair]) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{name}: {value}" for name, value in pairs)]
    text = "\r\n".join(lines)
    if text.count("\r") != len(pairs) or text.count("\n") != len(pairs) or "\0" in text:
        raise BadResponse("a header or the reason phrase holds a line break")
    try:
        return f"{text}\r\n\r\n".encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadResponse(f"a header or the reason phrase is not latin-1: {error}") from None
