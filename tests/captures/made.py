"""Captures made for a test: HAR entries, flows and lines with what matters said and the rest filled in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
DATE = "Sun, 22 Nov 2026 00:00:00 GMT"
REQUEST_ID = "0128f9da-55bd-4023-ac29-210387000000"
ASKED = {"x-ms-version": "2024-11-04"}
SAID = {"x-ms-version": "2024-11-04", "x-ms-request-id": REQUEST_ID, "Date": DATE}
URL = "https://acct.blob.example.net/c/b"
GONE = {**SAID, "Content-Length": "0", "x-ms-delete-type-permanent": "true"}


def har_entry(
    url: str = URL,
    method: str = "DELETE",
    status: int = 202,
    asked: dict[str, str] | None = None,
    said: dict[str, str] | None = None,
    content: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An entry of a HAR: a deletion, unless said otherwise."""
    return {
        "startedDateTime": "2026-11-22T00:00:00.000Z",
        "time": 12,
        "request": {
            "method": method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": pairs(ASKED if asked is None else asked),
            "bodySize": 0,
            **more.pop("request", {}),
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": pairs(GONE if said is None else said),
            "content": {"size": 0, "mimeType": "x"} if content is None else content,
            **more.pop("response", {}),
        },
        **more,
    }


def pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    """Headers as a HAR has them."""
    return [{"name": name, "value": value} for name, value in headers.items()]


def har(path: Path, *entries: dict[str, Any]) -> Path:
    """A HAR of these entries."""
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}), encoding="utf-8")
    return path


def line(**changed: Any) -> dict[str, Any]:
    """An exchange line: a deletion, unless said otherwise."""
    return {
        "source": "a test",
        "method": "DELETE",
        "uri": URL,
        "request_headers": [list(pair) for pair in ASKED.items()],
        "request_body": None,
        "status": 202,
        "reason": "Accepted",
        "response_headers": [list(pair) for pair in GONE.items()],
        "response_body": "",
        **changed,
    }


def tnetstring(value: Any) -> bytes:
    """A value as mitmproxy writes it."""
    match value:
        case None:
            data, kind = b"", b"~"
        case bool():
            data, kind = str(value).lower().encode(), b"!"
        case int():
            data, kind = str(value).encode(), b"#"
        case float():
            data, kind = repr(value).encode(), b"^"
        case str():
            data, kind = value.encode(), b";"
        case bytes():
            data, kind = value, b","
        case list() | tuple():
            data, kind = b"".join(map(tnetstring, value)), b"]"
        case dict():
            data, kind = b"".join(tnetstring(one) for pair in value.items() for one in pair), b"}"
        case _:
            raise AssertionError(value)
    return b"%d:%s%s" % (len(data), data, kind)


def flow(**changed: Any) -> dict[str, Any]:
    """A flow: a deletion, unless said otherwise."""
    request = {
        "http_version": b"HTTP/1.1",
        "headers": [[b"x-ms-version", b"2024-11-04"], [b"Host", b"acct.blob.example.net"]],
        "content": b"",
        "trailers": None,
        "timestamp_start": 1.0,
        "timestamp_end": 1.0,
        "host": "127.0.0.1",
        "port": 443,
        "method": b"DELETE",
        "scheme": b"https",
        "authority": b"",
        "path": b"/c/b",
    }
    response = {
        "http_version": b"HTTP/1.1",
        "headers": [[name.encode(), value.encode()] for name, value in GONE.items()],
        "content": b"",
        "trailers": None,
        "timestamp_start": 2.0,
        "timestamp_end": 2.5,
        "status_code": 202,
        "reason": b"Accepted",
    }
    return {
        "version": 21,
        "type": "http",
        "error": None,
        "request": {**request, **changed.pop("request", {})},
        "response": {**response, **changed.pop("response", {})},
        **changed,
    }
