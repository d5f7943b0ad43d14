"""The head of an HTTP/1.1 request, parsed strictly and without I/O: bytes in, `Head` or `HeadError` out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reference_impl.http.fields import MAX_FIELDS, MAX_HEAD, NAME, FieldError, parse_fields
from reference_impl.http.message import Headers, Pair

MAX_TARGET = 32 * 1024
"""Bytes of a request target: a name of 1,024 characters, percent-encoded, beside a marker and a SAS."""
_MAX_BLANK = 8

_END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rf"({NAME}) ([\x21-\x7e\x80-\xff]+) HTTP/([0-9])\.([0-9])")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[0-9A-Za-z.\-_~%!$&'()*+,;=:\[\]]*")


class HeadError(ValueError):
    """A head that is refused: with this status and Azure error code, after which the connection is closed."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Head:
    """A request head. `path` and `query` are cut from the raw `target`, still percent-encoded."""

    method: str
    target: str
    path: str
    query: str
    version: tuple[int, int]
    headers: Headers


class HeadParser:
    """Collects bytes until one head is whole. However the bytes are split, the outcome is the same.

    `rest` holds what came after the head. Feed the next head to a fresh parser.
    """

    __slots__ = ("_buffer", "_skipped", "_watched", "rest")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._watched = 0
        self._skipped = 0
        self.rest = b""

    @property
    def begun(self) -> bool:
        """Whether any byte of a head has come."""
        return bool(self._buffer) or self._skipped > 0

    def feed(self, data: bytes | memoryview) -> Head | None:
        """Takes bytes; gives the head once it is whole, else None; raises HeadError."""
        buffer = self._buffer
        buffer += data
        while buffer.startswith(b"\r\n"):  # RFC 9112 2.2: an empty line before the request line is skipped
            del buffer[:2]
            self._watched = 0
            self._skipped += 1
            if self._skipped > _MAX_BLANK:
                raise HeadError(400, "InvalidInput", "The request starts with empty lines.")
        if not buffer:
            return None
        if buffer[0] == 0x16:
            raise HeadError(
                400, "InvalidInput", "This port speaks plain HTTP, not TLS: use http or the HTTPS port."
            )
        found = buffer.find(_END, max(0, self._watched - 3), MAX_HEAD)
        end = found + len(_END) if found >= 0 else min(len(buffer), MAX_HEAD)
        start = max(0, self._watched - 1)
        if buffer.count(b"\n", start, end) != buffer.count(b"\r\n", start, end) + (
            start > 0 and buffer[start] == 0x0A
        ):
            raise HeadError(400, "InvalidInput", "A line of the request head ends without a carriage return.")
        self._watched = end
        if found < 0:
            if len(buffer) >= MAX_HEAD:
                raise HeadError(431, "InvalidInput", f"The request head is longer than {MAX_HEAD} bytes.")
            return None
        self.rest = bytes(memoryview(buffer)[end:])
        return parse_head(buffer[:found].decode("latin-1"))


def parse_head(text: str) -> Head:
    """A whole head as latin-1 text without its final empty line; raises HeadError."""
    line, *lines = text.split("\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise HeadError(400, "InvalidInput", "The request line is malformed.")
    method, target, major, minor = match.groups()
    version = (int(major), int(minor))
    if method == "PRI" and version == (2, 0):
        raise HeadError(400, "InvalidInput", "This server speaks HTTP/1.1, not HTTP/2.")
    if version[0] != 1:
        raise HeadError(505, "InvalidInput", "This server speaks HTTP/1.1 and HTTP/1.0 only.")
    if len(target) > MAX_TARGET:
        raise HeadError(414, "InvalidUri", f"The request target is longer than {MAX_TARGET} bytes.")
    if len(lines) > MAX_FIELDS:
        raise HeadError(431, "InvalidInput", f"The request has more than {MAX_FIELDS} headers.")
    try:
        pairs = parse_fields(lines)
    except FieldError as error:
        raise HeadError(400, "InvalidHeaderValue", f"The request is malformed: {error}.") from None
    authority, path, query = _cut(target)
    return Head(method, target, path, query, version, _with_host(pairs, authority, version))


def _cut(target: str) -> tuple[str | None, str, str]:
    """Authority (absolute form only), path and query of a target."""
    authority = None
    rest = target
    if not target.startswith("/") and target != "*":
        match = _ABSOLUTE.fullmatch(target)
        if match is None:
            raise HeadError(400, "InvalidUri", "The request target is neither a path nor an http URL.")
        authority, rest = match.group(2), match.group(3)
        if not authority:
            raise HeadError(400, "InvalidUri", "The request target is a URL without a host.")
    path, _, query = rest.partition("?")
    return authority, path or "/", query


def _with_host(pairs: list[Pair], authority: str | None, version: tuple[int, int]) -> Headers:
    """Headers whose Host is the one that counts: the authority of an absolute target (RFC 9112 3.2.2)."""
    hosts = [value for name, value in pairs if name.lower() == "host"]
    if len(hosts) > 1:
        raise HeadError(400, "InvalidHeaderValue", "There is more than one Host header.")
    if not hosts and version >= (1, 1):
        raise HeadError(400, "MissingRequiredHeader", "There is no Host header.")
    for host in (*hosts, *([authority] if authority is not None else [])):
        if _HOST.fullmatch(host) is None:
            raise HeadError(400, "InvalidHeaderValue", "The Host is not a host name with an optional port.")
    if authority is None:
        return Headers(pairs)
    if not hosts:
        return Headers([("Host", authority), *pairs])
    return Headers((name, authority if name.lower() == "host" else value) for name, value in pairs)
