"""One line per request for the access log; signatures never get into it."""

from __future__ import annotations

import time
from urllib.parse import unquote_plus

from reference_impl.http.message import Request

_SECRET = ("sig",)


def redacted(target: str) -> str:
    """A request target with REDACTED for its secret query values, however their names are escaped."""
    path, mark, query = target.partition("?")
    parts = query.split("&")
    for index, part in enumerate(parts):
        name, equals, _ = part.partition("=")
        if equals and unquote_plus(name).lower() in _SECRET:
            parts[index] = f"{name}=REDACTED"
    return path + mark + "&".join(parts)


def line(request: Request, status: int, seconds: float) -> str:
    """`time client method target status milliseconds`; status 0: the client did not get the whole answer."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(request.received))
    target = redacted(request.target).encode("unicode_escape").decode("ascii")
    return f"{moment} {request.client[0]} {request.method} {target} {status or '-'} {seconds * 1000:.1f} ms\n"
