"""The head of another server's response, parsed strictly and without I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reference_impl.http.fields import MAX_FIELDS, FieldError, parse_fields, parse_length, tokens
from reference_impl.http.message import Headers

_STATUS_LINE = re.compile(r"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")


@dataclass(frozen=True, slots=True)
class Reply:
    """A response head. `length` is the body's in bytes; None: it is chunked, or ends with the stream."""

    status: int
    reason: str
    headers: Headers
    length: int | None
    chunked: bool


def parse_reply(head: bytes, method: str) -> Reply:
    """The head of the answer to a request of `method`, with its final empty line; raises FieldError."""
    line, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise FieldError("the status line is malformed")
    if len(lines) > MAX_FIELDS:
        raise FieldError("there are too many headers")
    headers = Headers(parse_fields(lines))
    status = int(match.group(2))
    length, chunked = _framing(headers, silent=method == "HEAD" or status < 200 or status in (204, 304))
    return Reply(status, match.group(3) or "", headers, length, chunked)


def _framing(headers: Headers, *, silent: bool) -> tuple[int | None, bool]:
    codings, lengths = tokens(headers.all("transfer-encoding")), headers.all("content-length")
    if codings and lengths:
        raise FieldError("Content-Length and Transfer-Encoding exclude each other")
    if codings not in ([], ["chunked"]):
        raise FieldError("the only Transfer-Encoding understood is chunked")
    if silent:
        return 0, False
    if codings:
        return None, True
    return (parse_length(lengths) if lengths else None), False
