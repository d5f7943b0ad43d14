"""Taking the response of Blob Batch apart into its sub-responses. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.exchange import Response, header
from harness.judge.xml import NotXmlError, error_body

_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})[^\r\n]*")


class NotBatchError(Exception):
    """The response is no multipart batch response. The message says why."""


@dataclass(frozen=True, slots=True)
class SubResponse:
    """One sub-response."""

    content_id: int | None
    status: int
    code: str | None


def sub_responses(response: Response) -> tuple[SubResponse, ...]:
    """The sub-responses in order of Content-ID; those without one come first. Raises NotBatchError."""
    content_type = header(response.headers, "Content-Type") or ""
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/mixed") or found is None:
        raise NotBatchError(
            f"Content-Type is {content_type or 'absent'}, not multipart/mixed with a boundary"
        )
    data = response.body.data or b""
    pieces = data.split(b"--" + found[1].encode("latin-1"))
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise NotBatchError("the body does not end with its closing boundary")
    parsed = [_sub_response(piece) for piece in pieces[1:-1]]
    return tuple(sorted(parsed, key=lambda part: -1 if part.content_id is None else part.content_id))


def _sub_response(piece: bytes) -> SubResponse:
    outer, _, rest = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
    head, _, body = rest.partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    if status is None:
        raise NotBatchError("a part has no HTTP status line")
    number = _value(outer, b"content-id")
    code = _value(head, b"x-ms-error-code")
    if code is None:
        try:
            code = error_body(body.strip()).code
        except NotXmlError:
            code = None
    return SubResponse(int(number) if number and number.isdecimal() else None, int(status[1]), code)


def _value(head: bytes, name: bytes) -> str | None:
    for line in head.split(b"\r\n"):
        key, colon, value = line.partition(b":")
        if colon and key.strip().lower() == name:
            return value.strip().decode("latin-1")
    return None
