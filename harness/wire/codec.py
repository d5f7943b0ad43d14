"""A response parser without I/O: bytes in, a response and every violation of HTTP/1.1 out.

It reads what can be read and notes what is wrong, so that a judge can say so. Only what leaves no sane
reading is a failure. RFC 9112 is the measure.
"""

from __future__ import annotations

import enum
import re
from types import MappingProxyType

from harness.exchange import Framing, Headers, Response, header_all
from harness.wire.body import EMPTY, KEEP, BodyRecorder

MAX_HEAD = 256 * 1024
"""Bytes of a response head, or of a chunk-size line, that are read before we give up."""

ANOMALIES = MappingProxyType(
    {
        "bare-lf": "a line of the head or of the chunk framing ends in LF without CR",
        "bare-cr": "a CR stands inside a line",
        "blank-line": "an empty line comes before the status line",
        "http-version": "the version is not HTTP/1.1",
        "no-reason": "the status line has no reason phrase",
        "malformed-header": "a header line has no colon, or a name that is no token",
        "folded-header": "a header value continues on the next line",
        "duplicate-content-length": "Content-Length is there more than once, with one value",
        "length-and-chunked": "Content-Length and Transfer-Encoding are both there",
        "length-on-204": "a 204 or 1xx carries Content-Length or Transfer-Encoding",
        "unmarked-close": "the body ends with the connection, and no header said so",
        "extra": "bytes came after the end of the response",
        "stray": "bytes came between the last response and this request",
    }
)
"""Every word that `Exchange.anomalies` may begin with, and what it means."""

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(r"HTTP/([0-9]\.[0-9]) ([0-9]{3})(?: (.*))?", re.DOTALL)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DIGITS = re.compile(r"[0-9]{1,19}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)


class ProtocolError(Exception):
    """The bytes leave no sane reading. The text says what was wrong."""


class _State(enum.Enum):
    HEAD = "the head"
    LENGTH = "the body"
    CHUNK_SIZE = "a chunk size"
    CHUNK_DATA = "a chunk"
    CHUNK_END = "the end of a chunk"
    TRAILERS = "the trailers"
    CLOSE = "a body that ends with the connection"
    DONE = "nothing"


class ResponseParser:
    """Parses one response to a request with this method: `feed` bytes, say `end` at end of file.

    `feed` raises `ProtocolError`; `end` raises it too, with what was missing. After either, `response()`
    tells what was there. Bodies longer than `keep` bytes are known by length and digest alone.
    """

    def __init__(self, method: str, keep: int = KEEP) -> None:
        self.interim: list[int] = []
        self.anomalies: list[str] = []
        self.started = False  # any byte came
        self.trailers: Headers = ()
        self._method = method
        self._keep = keep
        self._buffer = bytearray()
        self._state = _State.HEAD
        self._left = 0
        self._body: BodyRecorder | None = None
        self._status = 0
        self._reason = ""
        self._version = ""
        self._headers: Headers = ()
        self._framing = Framing.NONE

    @property
    def done(self) -> bool:
        """Whether the response is complete."""
        return self._state is _State.DONE

    @property
    def head_done(self) -> bool:
        """Whether the head of the final response is complete."""
        return self._status != 0

    @property
    def extra(self) -> int:
        """Bytes after the end of the response."""
        return len(self._buffer) if self.done else 0

    def take_extra(self) -> bytes:
        """The bytes after the end of the response: the next response, when requests are pipelined."""
        if not self.done:
            return b""
        extra = bytes(self._buffer)
        self._buffer.clear()
        return extra

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on this connection, by what the response said."""
        if not self.done or self.extra or self._framing is Framing.CLOSE or self._version != "1.1":
            return False
        return all("close" not in value.lower() for value in header_all(self._headers, "Connection"))

    def feed(self, data: bytes) -> None:
        """The next bytes from the wire."""
        self.started = True
        self._buffer += data
        while self._step():
            pass

    def end(self) -> None:
        """The other side closed its end."""
        if self._state is _State.CLOSE:
            self._state = _State.DONE
        if self.done:
            return
        if not self.started:
            raise ProtocolError("before any byte of the response")
        if self._state is _State.LENGTH:
            got = self._body.length if self._body else 0
            raise ProtocolError(f"inside the body, after {got} of {got + self._left} bytes")
        raise ProtocolError(f"inside {self._state.value}")

    def response(self) -> Response | None:
        """The response as far as it came; None while its head is incomplete."""
        if not self.head_done:
            return None
        return Response(
            status=self._status,
            reason=self._reason,
            headers=self._headers,
            body=self._body.finish() if self._body else EMPTY,
            framing=self._framing,
            http_version=f"HTTP/{self._version}",
        )

    def _step(self) -> bool:
        """One step; False when more bytes are needed or the response is complete."""
        match self._state:
            case _State.HEAD:
                return self._read_head()
            case _State.LENGTH:
                return self._take(_State.DONE)
            case _State.CHUNK_SIZE:
                return self._read_chunk_size()
            case _State.CHUNK_DATA:
                return self._take(_State.CHUNK_END)
            case _State.CHUNK_END:
                return self._read_chunk_end()
            case _State.TRAILERS:
                return self._read_trailers()
            case _State.CLOSE:
                self._left = len(self._buffer)
                self._take(_State.CLOSE)
                return False
            case _State.DONE:
                return False

    def _read_head(self) -> bool:
        self._skip_blank_lines()
        found = _END_OF_HEAD.search(self._buffer)
        if not found:
            if len(self._buffer) > MAX_HEAD:
                raise ProtocolError(f"no end of the head within {MAX_HEAD} bytes")
            if len(self._buffer) >= 5 and not self._buffer.startswith(b"HTTP/"):
                raise ProtocolError(f"not HTTP: {_excerpt(bytes(self._buffer))}")
            return False
        lines = self._lines(bytes(self._buffer[: found.start()]), found.group())
        del self._buffer[: found.end()]
        self._start_response(lines)
        return True

    def _skip_blank_lines(self) -> None:
        while self._buffer.startswith((b"\r\n", b"\n")):
            self._note("blank-line")
            del self._buffer[: 2 if self._buffer.startswith(b"\r\n") else 1]

    def _lines(self, head: bytes, terminator: bytes) -> list[str]:
        if terminator != b"\r\n\r\n" or head.count(b"\n") != head.count(b"\r\n"):
            self._note("bare-lf")
        lines = [line.removesuffix("\r") for line in head.decode("latin-1").split("\n")]
        if any("\r" in line for line in lines):
            self._note("bare-cr")
        return lines

    def _start_response(self, lines: list[str]) -> None:
        match = _STATUS_LINE.fullmatch(lines[0])
        if not match:
            raise ProtocolError(f"not a status line: {_excerpt(lines[0].encode('latin-1'))}")
        version, status, reason = match.group(1), int(match.group(2)), match.group(3)
        if version != "1.1":
            self._note("http-version", f"HTTP/{version}")
        if not reason:
            self._note("no-reason")
        headers = self._parse_headers(lines[1:])
        if 100 <= status < 200 and status != 101:
            self.interim.append(status)
            self._check_bodyless(status, headers)
            return
        self._version, self._status, self._reason, self._headers = version, status, reason or "", headers
        self._frame()

    def _parse_headers(self, lines: list[str]) -> Headers:
        headers: list[tuple[str, str]] = []
        for line in lines:
            if line[:1] in (" ", "\t") and headers:
                self._note("folded-header", headers[-1][0])
                headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
                continue
            name, colon, value = line.partition(":")
            if not colon or not _TOKEN.fullmatch(name):
                self._note("malformed-header", _excerpt(line.encode("latin-1")))
                if not colon:
                    continue
            headers.append((name, value.strip(" \t")))
        return tuple(headers)

    def _check_bodyless(self, status: int, headers: Headers) -> None:
        names = {name.lower() for name, _ in headers}
        if status != 304 and names & {"content-length", "transfer-encoding"}:
            self._note("length-on-204", f"status {status}")

    def _frame(self) -> None:
        """Decide how the body ends. RFC 9112 section 6.3, in its order."""
        lengths = [
            item.strip() for value in header_all(self._headers, "Content-Length") for item in value.split(",")
        ]
        codings = ", ".join(header_all(self._headers, "Transfer-Encoding")).lower()
        if lengths and codings:
            self._note("length-and-chunked")
        if len(lengths) > 1:
            if len(set(lengths)) > 1:
                raise ProtocolError(f"several Content-Length values: {', '.join(lengths)}")
            self._note("duplicate-content-length")
        if lengths and not _DIGITS.fullmatch(lengths[0]):
            raise ProtocolError(f"Content-Length is no number: {_excerpt(lengths[0].encode('latin-1'))}")
        if self._method == "HEAD" or self._status in (204, 304):
            if self._status == 204:
                self._check_bodyless(self._status, self._headers)
            self._framing, self._state = Framing.NONE, _State.DONE
            return
        self._body = BodyRecorder(self._keep)
        if codings.rsplit(",", 1)[-1].strip() == "chunked":
            self._framing, self._state = Framing.CHUNKED, _State.CHUNK_SIZE
        elif lengths and not codings:
            self._framing, self._left = Framing.LENGTH, int(lengths[0])
            self._state = _State.LENGTH
        else:
            self._framing, self._state = Framing.CLOSE, _State.CLOSE
            said = ", ".join(header_all(self._headers, "Connection")).lower()
            if "close" not in said and self._version == "1.1":
                self._note("unmarked-close")

    def _take(self, after: _State) -> bool:
        """Move body bytes from the buffer into the body; go on to `after` when all `_left` are there."""
        if self._left and self._buffer:
            if len(self._buffer) <= self._left:
                piece = bytes(self._buffer)
                self._buffer.clear()
            else:
                piece = bytes(self._buffer[: self._left])
                del self._buffer[: self._left]
            self._left -= len(piece)
            if self._body:
                self._body.add(piece)
        if self._left:
            return False
        self._state = after
        return True

    def _read_line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise ProtocolError(f"no end of {self._state.value} within {MAX_HEAD} bytes")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        if line.endswith(b"\r"):
            return line[:-1]
        self._note("bare-lf")
        return line

    def _read_chunk_size(self) -> bool:
        line = self._read_line()
        if line is None:
            return False
        match = _CHUNK_SIZE.fullmatch(line)
        if not match:
            raise ProtocolError(f"not a chunk size: {_excerpt(line)}")
        self._left = int(match.group(1), 16)
        self._state = _State.CHUNK_DATA if self._left else _State.TRAILERS
        return True

    def _read_chunk_end(self) -> bool:
        line = self._read_line()
        if line is None:
            return False
        if line:
            raise ProtocolError(f"a chunk is longer than its size says: {_excerpt(line)}")
        self._state = _State.CHUNK_SIZE
        return True

    def _read_trailers(self) -> bool:
        line = self._read_line()
        if line is None:
            return False
        if line:
            self.trailers += self._parse_headers([line.decode("latin-1")])
        else:
            self._state = _State.DONE
        return True

    def _note(self, word: str, details: str = "") -> None:
        text = f"{word}: {details}" if details else word
        if text not in self.anomalies:
            self.anomalies.append(text)


def _excerpt(data: bytes) -> str:
    """The first bytes, printable, for a message."""
    return ascii(data[:60].decode("latin-1")) + ("…" if len(data) > 60 else "")
