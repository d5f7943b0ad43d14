"""Cuts both directions of a connection at the boundaries of HTTP, keeping every raw byte. No I/O."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from harness.exchange import Framing, Headers, header, header_all
from harness.tap.requests import RequestReader, body_length

_HEAD_LIMIT = 256 * 1024
_LINE_LIMIT = 16 * 1024
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/[0-9]\.[0-9] ([0-9]{3})\b")
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:([^\r\n]*)")
_CODINGS = re.compile(rb"(?im)^transfer-encoding[ \t]*:([^\r\n]*)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)


class Part(enum.Enum):
    """What some bytes are."""

    PARTIAL = enum.auto()  # of a head that is not complete yet
    HEAD = enum.auto()  # these complete it
    INTERIM = enum.auto()  # these complete the head of a 1xx answer
    DATA = enum.auto()  # of the body
    FRAMING = enum.auto()  # chunk sizes, trailers
    OPAQUE = enum.auto()  # no HTTP: nothing more can be said of this direction


@dataclass(frozen=True, slots=True)
class Cut:
    """The bytes up to the next boundary were this; `rest` is behind it."""

    rest: memoryview
    part: Part
    end: bool = False  # the message is complete with them


class RequestCutter:
    """Cuts what the client sends. After a HEAD, `method`, `target`, `headers` and `length` are its own."""

    def __init__(self) -> None:
        self._reader = RequestReader(self)
        self._inside = False
        self._part = Part.PARTIAL
        self._end = False
        self.method = ""
        self.target = ""
        self.headers: Headers = ()

    @property
    def length(self) -> int | None:
        """Bytes of the body; None: chunked."""
        return body_length(self.headers)

    @property
    def inside(self) -> bool:
        """Whether a request has begun whose body has not ended."""
        return self._inside

    def advance(self, view: memoryview) -> Cut:
        """Up to the next boundary."""
        self._part, self._end = Part.FRAMING if self._inside else Part.PARTIAL, False
        rest = self._reader.advance(view)
        if self._reader.fault is not None:
            return Cut(rest, Part.OPAQUE)
        return Cut(rest, self._part, self._end)

    def begin(self, method: str, target: str, headers: Headers) -> None:
        """Called by the reader, as are the next two."""
        self.method, self.target, self.headers = method, target, headers
        self._inside, self._part = True, Part.HEAD

    def body(self, piece: memoryview) -> None:
        """Some of the body."""
        self._part = Part.DATA

    def end(self) -> None:
        """The request is complete."""
        self._inside, self._end = False, True


class _State(enum.Enum):
    HEAD = enum.auto()
    LENGTH = enum.auto()
    CHUNK_SIZE = enum.auto()
    CHUNK_DATA = enum.auto()
    CHUNK_END = enum.auto()
    TRAILERS = enum.auto()
    CLOSE = enum.auto()
    OPAQUE = enum.auto()


class AnswerCutter:
    """Cuts one answer to a request with this method, interim answers and all.

    After HEAD: `status`, `head` (its bytes), `framing`, and `length` where the framing is by length.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._state = _State.HEAD
        self._partial = bytearray()
        self._left = 0
        self.status = 0
        self.head = b""
        self.framing = Framing.NONE
        self.length = 0

    def advance(self, view: memoryview) -> Cut:
        """Up to the next boundary."""
        match self._state:
            case _State.HEAD:
                return self._head(view)
            case _State.LENGTH | _State.CHUNK_DATA:
                return self._data(view)
            case _State.CLOSE:
                return Cut(view[len(view) :], Part.DATA)
            case _State.OPAQUE:
                return Cut(view[len(view) :], Part.OPAQUE)
            case _:
                return self._line(view)

    def closed(self) -> bool:
        """The server has ended its side: whether that completes the answer."""
        return self._state is _State.CLOSE

    def _head(self, view: memoryview) -> Cut:
        known = len(self._partial)
        self._partial += view
        found = _END_OF_HEAD.search(self._partial, max(known - 3, 0))
        if found is None:
            if len(self._partial) > _HEAD_LIMIT:
                return self._give_up(view)
            return Cut(view[len(view) :], Part.PARTIAL)
        rest = view[found.end() - known :]
        head = bytes(self._partial[: found.end()])
        self._partial.clear()
        match = _STATUS_LINE.match(head.lstrip(b"\r\n"))
        if match is None:
            return self._give_up(view)
        status = int(match[1])
        if 100 <= status < 200 and status != 101:
            return Cut(rest, Part.INTERIM)
        self.status, self.head = status, head
        if not self._frame(head):
            return self._give_up(view)
        return Cut(rest, Part.HEAD, end=self.framing is Framing.NONE or self._ends_now)

    @property
    def _ends_now(self) -> bool:
        return self._state is _State.LENGTH and not self._left

    def _frame(self, head: bytes) -> bool:
        """How the body ends; False when no sane reading is left."""
        if self._method == "HEAD" or self.status in (204, 304):
            return True
        if self.status == 101:
            return False
        lengths = {item.strip() for value in _LENGTH.findall(head) for item in value.split(b",")}
        if any(value.rstrip().lower().endswith(b"chunked") for value in _CODINGS.findall(head)):
            self.framing, self._state = Framing.CHUNKED, _State.CHUNK_SIZE
        elif len(lengths) == 1 and (text := lengths.pop()).isdigit():
            self.framing, self._state = Framing.LENGTH, _State.LENGTH
            self.length = self._left = int(text)
        else:
            self.framing, self._state = Framing.CLOSE, _State.CLOSE
        return True

    def _data(self, view: memoryview) -> Cut:
        taken = min(self._left, len(view))
        self._left -= taken
        end = False
        if not self._left:
            if self._state is _State.CHUNK_DATA:
                self._state = _State.CHUNK_END
            else:
                end = True
        return Cut(view[taken:], Part.DATA, end)

    def _line(self, view: memoryview) -> Cut:
        known = len(self._partial)
        self._partial += view[:_LINE_LIMIT]
        at = self._partial.find(b"\n")
        if at < 0:
            if len(self._partial) >= _LINE_LIMIT:
                return self._give_up(view)
            return Cut(view[len(self._partial) - known :], Part.FRAMING)
        line = bytes(self._partial[:at]).removesuffix(b"\r")
        self._partial.clear()
        rest = view[at + 1 - known :]
        if self._state is _State.CHUNK_SIZE:
            size = _CHUNK_SIZE.fullmatch(line)
            if size is None:
                return self._give_up(view)
            self._left = int(size[1], 16)
            self._state = _State.CHUNK_DATA if self._left else _State.TRAILERS
        elif self._state is _State.CHUNK_END:
            self._state = _State.CHUNK_SIZE
        elif not line:
            return Cut(rest, Part.FRAMING, end=True)
        return Cut(rest, Part.FRAMING)

    def _give_up(self, view: memoryview) -> Cut:
        self._state = _State.OPAQUE
        return Cut(view[len(view) :], Part.OPAQUE)


def wants_continue(headers: Headers) -> bool:
    """Whether the client waits for `100 Continue` before it sends the body."""
    return (header(headers, "Expect") or "").lower() == "100-continue"


def wants_close(headers: Headers) -> bool:
    """Whether the client says that this request is its last on the connection."""
    return any("close" in value.lower() for value in header_all(headers, "Connection"))
