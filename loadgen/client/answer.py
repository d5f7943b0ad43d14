"""Reads the heads of HTTP/1.1 answers, and chunked bodies. No I/O."""

from __future__ import annotations

from typing import NamedTuple

from loadgen.client.kept import Kept

HEAD_LIMIT = 64 * 1024
"""Bytes; a head that is longer is no answer."""

_LINE_LIMIT = 4096
_DIGITS = 18
_SIZE, _END, _TRAILER = range(3)  # which line comes next between the bytes of chunks


_USUAL = b"HTTP/1.1 20"


class ProtocolError(Exception):
    """The bytes are no HTTP/1.1 answer. The text says why."""


class Head(NamedTuple):
    """What of an answer's head decides how it goes on."""

    status: int
    length: int  # Content-Length; -1: none
    chunked: bool
    close: bool  # the server will close the connection
    code: str  # x-ms-error-code, or ""


def parse_head(head: bytes | bytearray) -> Head:
    """The head of an answer, without the empty line at its end. Raises `ProtocolError`."""
    # Not a line at a time: this runs once for every operation, and three searches cost less than a loop.
    if head[:7] != b"HTTP/1." or head[8:9] != b" ":
        raise ProtocolError("no HTTP/1.1 status line")
    number = head[9:12]
    if not number.isdigit() or head[12:13] not in (b" ", b"\r", b""):
        raise ProtocolError("no status")
    status = int(number)
    low = head.lower()
    length = -1
    at = low.find(b"\r\ncontent-length:")
    if at >= 0:
        value = _value(low, at + 17)
        if not value.isdigit() or len(value) > _DIGITS:
            raise ProtocolError("Content-Length is no number of bytes")
        length = int(value)
        again = low.find(b"\r\ncontent-length:", at + 17)
        if again >= 0 and _value(low, again + 17) != value:
            raise ProtocolError("two lengths")
    chunked = False
    at = low.find(b"\r\ntransfer-encoding:")
    if at >= 0:
        if _value(low, at + 20) != b"chunked":
            raise ProtocolError("a transfer encoding that nobody asked for")
        if length >= 0:
            raise ProtocolError("chunked, and with a Content-Length")
        chunked = True
    at = low.find(b"\r\nconnection:")
    if at >= 0:
        options = _value(low, at + 13)
        close = b"close" in options or (head[7:8] == b"0" and b"keep-alive" not in options)
    else:
        close = head[7:8] == b"0"
    code = ""
    if status >= 300:
        at = low.find(b"\r\nx-ms-error-code:")
        if at >= 0:
            code = _value(head, at + 18).decode("latin-1")
    return Head(status, length, chunked, close, code)


def short_answer(data: bytearray, count: int) -> int:
    """The length of the body where the first `count` bytes are a whole answer of the usual kind; else -1.

    Usual: its status is one of 200 to 209, it has a Content-Length (spelt so), and it leaves the connection
    open. A second length, or chunks beside the first, are not looked for: such a server is found out by its
    next answer.
    """
    at = data.find(b"\r\nContent-Length: ", 0, count) + 18
    if at < 18 or not data.startswith(_USUAL):
        return -1
    line = data.find(b"\r", at)
    try:
        length = int(data[at:line])
    except ValueError:
        return -1
    end = count - length - 4  # of the head, if nothing is missing
    if end < line or not data.startswith(b"\r\n\r\n", end):
        return -1
    option = data.find(b"onnection:", 0, end)
    if option >= 0 and not data.startswith(b" keep-alive\r", option + 10):
        return -1
    return length


def _value(head: bytes | bytearray, start: int) -> bytes | bytearray:
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip(b" \t")


class Chunks:
    """Takes a chunked body apart as it comes, in pieces cut anywhere."""

    __slots__ = ("_expects", "_left", "_line", "done")

    def __init__(self) -> None:
        self._left = 0  # payload bytes of the chunk
        self._line = b""
        self._expects = _SIZE
        self.done = False

    def feed(self, data: memoryview, kept: Kept | None = None) -> int:
        """Takes bytes; how many of them were payload, which goes to `kept` too. Raises `ProtocolError`."""
        payload, at, end = 0, 0, len(data)
        while at < end:
            if self.done:
                raise ProtocolError("bytes after the last chunk")
            if self._left:
                take = min(self._left, end - at)
                if kept is not None:
                    kept.extend(data[at : at + take])
                payload += take
                self._left -= take
                at += take
            else:
                at += self._take_line(data[at : at + _LINE_LIMIT])
        return payload

    def _take_line(self, data: memoryview) -> int:
        piece = bytes(data)
        stop = piece.find(b"\n") + 1
        self._line += piece[:stop] if stop else piece
        if len(self._line) > _LINE_LIMIT:
            raise ProtocolError("a line between chunks that does not end")
        if stop:
            line, self._line = self._line.strip(), b""
            self._whole_line(line)
        return stop or len(piece)

    def _whole_line(self, line: bytes) -> None:
        if self._expects == _SIZE:
            number = line.partition(b";")[0].strip()
            if not number or number.strip(b"0123456789abcdefABCDEF"):
                raise ProtocolError("a chunk without a length")
            self._left = int(number, 16)
            self._expects = _END if self._left else _TRAILER
        elif self._expects == _END:
            if line:
                raise ProtocolError("a chunk that is longer than it says")
            self._expects = _SIZE
        else:
            self.done = not line
