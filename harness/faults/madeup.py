"""Made-up answers in the shape of a Blob service's."""

from __future__ import annotations

import email.utils
import http
import uuid

from harness.exchange import header
from harness.faults.fault import Asked, Fault

_VERSION = "2021-12-02"  # where the request names none
_WORDS = {
    "ServerBusy": "The server is busy.",
    "InternalError": "The server encountered an internal error. Please retry the request.",
    "OperationTimedOut": "The operation could not be completed within the permitted time.",
    "TooManyRequests": "Too many requests.",
}


def made_up(fault: Fault, asked: Asked, *, close: bool) -> bytes:
    """The whole answer. A HEAD request gets the headers of it alone, and no Content-Type."""
    request_id = str(uuid.uuid4())
    now = email.utils.formatdate(usegmt=True)
    body = b"" if fault.code is None else _error(fault.code, request_id, now)
    lines = [f"HTTP/1.1 {fault.status} {_reason(fault.status)}"]
    if asked.method == "HEAD":
        body = b""
        lines.append("Transfer-Encoding: chunked")  # as the service itself: the length is not told
    else:
        lines.append(f"Content-Length: {len(body)}")
    if body:
        lines.append("Content-Type: application/xml")
    if fault.code is not None:
        lines.append(f"x-ms-error-code: {fault.code}")
    lines.append(f"x-ms-request-id: {request_id}")
    echo = header(asked.headers, "x-ms-client-request-id")
    if fault.echo and echo is not None:
        lines.append(f"x-ms-client-request-id: {echo}")
    lines.append(f"x-ms-version: {header(asked.headers, 'x-ms-version') or _VERSION}")
    if fault.retry_after is not None:
        lines.append(f"Retry-After: {fault.retry_after}")
    if close:
        lines.append("Connection: close")
    lines.append(f"Date: {now}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _reason(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _error(code: str, request_id: str, now: str) -> bytes:
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{_WORDS.get(code, code)}\n"
        f"RequestId:{request_id}\nTime:{now}</Message></Error>"
    ).encode()
