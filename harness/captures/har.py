"""HAR files: what browsers, proxies and SDK recorders write. Read entry by entry, however long they are."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO, cast

import ijson

from harness.captures.captured import (
    Captured,
    CaptureError,
    Entries,
    LeftOut,
    as_bytes,
    declared,
    unkept,
    url,
    verbatim,
    whole,
)
from harness.captures.stream import NestedError, Shortened
from harness.exchange import Body, Exchange, Fidelity, Framing, Headers, Request, Response
from harness.wire.body import EMPTY, KEEP, body_of

_CACHED = "answered by the browser's cache"
_OTHER_SCHEME = "neither http nor https"


def entries(stream: BinaryIO, name: str) -> Entries:
    """The entries of a HAR. Raises CaptureError where it breaks off."""
    short = Shortened(stream, KEEP)
    number = 0
    try:
        for entry in ijson.items(short, "log.entries.item", use_float=True):
            number += 1
            yield _Entry(entry, f"{name}: entry {number}", short.mark).read()
    except (ijson.JSONError, UnicodeDecodeError) as error:
        if short.ended:
            raise CaptureError(f"{name} breaks off after {number} whole entries", _WHOLE) from error
        # The parser shows the place as well, and that may be a secret.
        said = re.match(r"(?:b['\"])?([\w ]+: [^\n\\]*)", str(error))
        why = said[1].rstrip(".") if said else "it cannot be read"
        raise CaptureError(f"{name} is no JSON after {number} whole entries: {why}", _WHOLE) from error
    except NestedError as error:
        raise CaptureError(f"{name} is no HAR after {number} whole entries: {error}", _WHOLE) from error


_WHOLE = "Save it again, and wait until it is written as a whole."


class _Entry:
    """One entry being read: knows where it stands, so that a complaint can say it."""

    def __init__(self, data: Any, where: str, mark: str) -> None:
        self._data = data
        self._where = where
        self._mark = mark

    def read(self) -> Captured | LeftOut:
        request, response = self._part("request"), self._part("response")
        parts = url(_valid(request, "url", str, self._complain))
        if parts is None:
            raise self._complain("url is no URL")
        if parts.scheme not in ("http", "https"):
            return LeftOut(_OTHER_SCHEME)
        if self._data.get("_fromCache"):
            return LeftOut(_CACHED)
        asked, said = self._headers(request), self._headers(response)
        method = whole(_valid(request, "method", str, self._complain)).upper()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        status = _valid(response, "status", int, self._complain)
        exchange = Exchange(
            request=Request(method, target, asked, self._sent(request, asked)),
            response=None if status == 0 else self._response(response, status, said, method),
            fidelity=Fidelity.HAR,
            scheme=parts.scheme,
            started=_time(self._data.get("startedDateTime")),
            elapsed=_milliseconds(self._data.get("time")),
            failure="closed-early: the capture has no answer" if status == 0 else None,
        )
        return Captured(exchange, parts.netloc.rpartition("@")[2].lower(), self._where)

    def _complain(self, what: str) -> CaptureError:
        return CaptureError(f"{self._where}: {what}", "An entry of a HAR has a request and a response.")

    def _part(self, name: str) -> dict[str, Any]:
        data = self._data if isinstance(self._data, dict) else {}
        return cast("dict[str, Any]", _valid(data, name, dict, self._complain))

    def _headers(self, part: dict[str, Any]) -> Headers:
        """The headers, without HTTP/2's pseudo headers: those are the request line in other words."""
        found = _valid(part, "headers", list, self._complain)
        if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in found):
            raise self._complain("headers are no list of names and values")
        return tuple(
            (whole(one["name"]), whole(str(one.get("value") or "")))
            for one in found
            if not one["name"].startswith(":")
        )

    def _sent(self, request: dict[str, Any], headers: Headers) -> Body:
        posted = request.get("postData")
        text = posted.get("text") if isinstance(posted, dict) else None
        size = request.get("bodySize")
        length = size if isinstance(size, int) else -1
        if not isinstance(text, str):
            return verbatim("", declared(headers, max(length, 0)))
        if text == self._mark:
            return unkept(declared(headers, max(length, 0)))
        return verbatim(text, declared(headers, length))

    def _response(self, response: dict[str, Any], status: int, headers: Headers, method: str) -> Response:
        body = EMPTY if method == "HEAD" or status in (204, 304) else self._content(response, headers)
        version = str(response.get("httpVersion") or "HTTP/1.1").upper()
        reason = whole(str(response.get("statusText") or ""))
        return Response(status, reason, headers, body, Framing.LENGTH, version)

    def _content(self, response: dict[str, Any], headers: Headers) -> Body:
        content = response.get("content")
        content = content if isinstance(content, dict) else {}
        text, size = content.get("text"), content.get("size")
        length = size if isinstance(size, int) and size > 0 else 0
        if text == self._mark:
            return unkept(length)
        if not isinstance(text, str) or not text:  # nothing, or nothing kept
            return verbatim("", length or declared(headers, 0))
        return body_of(self._decoded(text, content.get("encoding"), length))

    def _decoded(self, text: str, encoding: object, length: int) -> bytes:
        if encoding != "base64":
            return as_bytes(text, length)
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise self._complain("the content says base64, and is none") from None


def _valid(part: dict[str, Any], name: str, kind: type, complain: Callable[[str], CaptureError]) -> Any:
    value = part.get(name)
    if not isinstance(value, kind):
        raise complain(f"no {name}" if value is None else f"{name} is of the wrong kind")
    return value


def _time(said: object) -> float:
    """Seconds since the epoch; 0 when the entry does not say when it began."""
    try:
        return datetime.fromisoformat(str(said)).timestamp()
    except ValueError:
        return 0.0


def _milliseconds(said: object) -> float:
    return max(float(said), 0.0) / 1000 if isinstance(said, (int, float)) else 0.0
