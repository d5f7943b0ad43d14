"""The few answers that the wire gives by itself, in the shape of a Blob service's front end."""

from __future__ import annotations

import secrets
import time
from email.utils import formatdate
from xml.sax.saxutils import escape

from reference_impl.http.message import Response

_BOM = b"\xef\xbb\xbf"


def refusal(status: int, code: str, message: str) -> Response:
    """An error answer with `code` as Azure spells it. Front-end errors carry no x-ms-version."""
    now = time.time()
    token = secrets.token_hex(13)
    request_id = f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:26]}000000"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 10_000_000):07d}Z"
    text = f"{escape(message)}\nRequestId:{request_id}\nTime:{stamp}"
    xml = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{escape(code)}</Code><Message>{text}</Message></Error>"
    )
    headers = [
        ("Content-Type", "application/xml"),
        ("Server", "Blobproof-Reference/0.1"),
        ("x-ms-request-id", request_id),
        ("x-ms-error-code", code),
        ("Date", formatdate(now, usegmt=True)),
    ]
    return Response(status, message, headers, _BOM + xml.encode())


def internal_error() -> Response:
    """What a client hears when the façade itself failed."""
    return refusal(
        500, "InternalError", "The server encountered an internal error. Please retry the request."
    )
