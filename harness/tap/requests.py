"""Cuts the client's side of a connection into requests, as the bytes come. No I/O, no bytes kept."""

from __future__ import annotations

import enum
import re
from typing import Protocol

from harness.exchange import Headers, header_all

_HEAD_LIMIT = 256 * 1024
_LINE_LIMIT = 16 * 1024
_REQUEST_LINE = re.compile(r"(\S+) (\S+) HTTP/1\.[01]")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)


class Requests(Protocol):
    """Takes the parts of each request, in order."""

    def begin(self, method: str, target: str, headers: Headers) -> None:
        """A request's head is complete."""
        ...

    def body(self, piece: memoryview) -> None:
        """Some bytes of its body, chunk framing removed; valid during the call only."""
        ...

    def end(self) -> None:
        """The request is complete."""
        ...


class _State(enum.Enum):
    HEAD = enum.auto()
    LENGTH = enum.auto()
    CHUNK_SIZE = enum.auto()
    CHUNK_DATA = enum.auto()
    CHUNK_END = enum.auto()
    TRAILERS = enum.auto()
    OPAQUE = enum.auto()


class RequestReader:
    """Feeds `Requests` from a byte stream. Bytes that are no HTTP make it give up: `fault` says why."""

    def __init__(self, to: Requests) -> None:
        self._to = to
        self._state = _State.HEAD
        self._partial = bytearray()  # the head, or the line of chunk framing, that is not complete yet
        self._left = 0
        self.fault: str | None = None

    @property
    def between(self) -> bool:
        """Whether no request has begun that has not ended."""
        return self._state is _State.OPAQUE or (self._state is _State.HEAD and not self._partial)

    def feed(self, data: bytes) -> None:
        """The next bytes, of any number."""
        view = memoryview(data)
        while view:
            view = self.advance(view)

    def advance(self, view: memoryview) -> memoryview:
        """Read up to the next boundary, or to the end of `view`; what is left of it.

        A boundary is the end of a head, of a piece of the body, of a line of chunk framing.
        """
        try:
            return self._step(view)
        except ValueError as error:
            self.fault = str(error)
            self._state = _State.OPAQUE
            return view[len(view) :]

    def _step(self, view: memoryview) -> memoryview:
        match self._state:
            case _State.HEAD:
                return self._head(view)
            case _State.LENGTH | _State.CHUNK_DATA:
                return self._data(view)
            case _State.OPAQUE:
                return view[len(view) :]
            case _:
                return self._line(view)

    def _head(self, view: memoryview) -> memoryview:
        known = len(self._partial)
        self._partial += view
        if not known:
            stripped = self._partial.lstrip(b"\r\n")  # empty lines before a request are allowed
            view = view[len(self._partial) - len(stripped) :]
            self._partial = stripped
        at = self._partial.find(b"\r\n\r\n", max(known - 3, 0))
        if at < 0:
            if len(self._partial) > _HEAD_LIMIT:
                raise ValueError(f"no end of the head within {_HEAD_LIMIT} bytes")
            return view[len(view) :]
        rest = view[at + 4 - known :]
        head = self._partial[:at].decode("latin-1")
        self._partial.clear()
        method, target, headers = parse_head(head)
        length = body_length(headers)
        self._to.begin(method, target, headers)
        if length is None:
            self._state = _State.CHUNK_SIZE
        elif length:
            self._state, self._left = _State.LENGTH, length
        else:
            self._to.end()
        return rest

    def _data(self, view: memoryview) -> memoryview:
        piece, rest = view[: self._left], view[self._left :]
        self._left -= len(piece)
        self._to.body(piece)
        if not self._left:
            if self._state is _State.CHUNK_DATA:
                self._state = _State.CHUNK_END
            else:
                self._done()
        return rest

    def _line(self, view: memoryview) -> memoryview:
        known = len(self._partial)
        self._partial += view[:_LINE_LIMIT]
        at = self._partial.find(b"\n")
        if at < 0:
            if len(self._partial) >= _LINE_LIMIT:
                raise ValueError("a line of chunk framing without an end")
            return view[len(self._partial) - known :]
        line = bytes(self._partial[:at]).removesuffix(b"\r")
        self._partial.clear()
        self._chunk_line(line)
        return view[at + 1 - known :]

    def _chunk_line(self, line: bytes) -> None:
        if self._state is _State.CHUNK_SIZE:
            size = _CHUNK_SIZE.fullmatch(line)
            if size is None:
                raise ValueError(f"no chunk size: {line[:40]!r}")
            self._left = int(size[1], 16)
            self._state = _State.CHUNK_DATA if self._left else _State.TRAILERS
        elif self._state is _State.CHUNK_END:
            if line:
                raise ValueError("bytes after the end of a chunk")
            self._state = _State.CHUNK_SIZE
        elif not line:  # the empty line after the trailers
            self._done()

    def _done(self) -> None:
        self._state = _State.HEAD
        self._to.end()


def parse_head(head: str) -> tuple[str, str, Headers]:
    """Method, target and headers of a head without its closing empty line. Raises ValueError."""
    start_line, *lines = head.split("\r\n")
    match = _REQUEST_LINE.fullmatch(start_line)
    if match is None:
        raise ValueError(f"no request line: {start_line[:40]!r}")
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name:
            raise ValueError(f"no header line: {line[:40]!r}")
        headers.append((name, value.strip(" \t")))
    return match[1], match[2], tuple(headers)


def body_length(headers: Headers) -> int | None:
    """Bytes of the body; None: chunked. Raises ValueError when the headers say neither clearly."""
    if codings := header_all(headers, "Transfer-Encoding"):
        if codings[-1].lower().rsplit(",", 1)[-1].strip() != "chunked":
            raise ValueError("a request body without an end")
        return None
    lengths = set(header_all(headers, "Content-Length"))
    if not lengths:
        return 0
    value = lengths.pop()
    if lengths or not (value.isascii() and value.isdigit()):
        raise ValueError("no usable Content-Length")
    return int(value)
