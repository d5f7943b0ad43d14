"""Exchange lines, our own import format: one JSON object a line. docs/inspect.md describes it."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from harness.captures.captured import (
    Captured,
    CaptureError,
    Entries,
    LeftOut,
    declared,
    unkept,
    url,
    verbatim,
    whole,
)
from harness.exchange import Body, Exchange, Fidelity, Framing, Headers, Request, Response, header
from harness.wire.body import EMPTY, body_of

LONGEST = 32 * 1024 * 1024
"""Bytes of a line."""

_HINT = "Each line is a JSON object with method, uri, status and the headers; docs/inspect.md has them all."
_FIDELITIES = {one.value: one for one in (Fidelity.HAR, Fidelity.SDK_RECORDING)}
_REPLACED = ("__bodyStream", "<bin>")  # what recorders of SDKs wrote instead of a body
_PART = "a part of a batch, written down as if it had been sent alone"


def entries(stream: BinaryIO, name: str) -> Entries:
    """The exchanges of a file of lines. Raises CaptureError with the line that is none."""
    number = 0
    while line := stream.readline(LONGEST):
        number += 1
        where = f"{name}:{number}"
        if not line.endswith(b"\n") and len(line) >= LONGEST:
            raise CaptureError(f"{where}: longer than {LONGEST // 1024 // 1024} MiB", _HINT)
        if line.strip():
            yield _entry(_object(line, where), where)


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        if line.endswith(b"\n"):
            said = "values are nested too deeply" if isinstance(error, RecursionError) else error
            raise CaptureError(f"{where}: no JSON: {said}", _HINT) from None
        raise CaptureError(f"{where}: breaks off within the line", "Copy the file as a whole.") from None
    if not isinstance(value, dict):
        raise CaptureError(f"{where}: no JSON object", _HINT)
    return value


def _entry(data: dict[str, Any], where: str) -> Captured | LeftOut:
    parts = url(_field(data, "uri", str, where))
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise CaptureError(f"{where}: uri is no http or https URL", _HINT)
    method, status = whole(_field(data, "method", str, where)).upper(), _field(data, "status", int, where)
    asked, said = _headers(data, "request_headers", where), _headers(data, "response_headers", where)
    fidelity = _fidelity(data, where)
    if fidelity is Fidelity.SDK_RECORDING and header(said, "Date") is None:
        return LeftOut(_PART)  # everything that goes over a wire has a date
    bodyless = method == "HEAD" or status in (204, 304)
    exchange = Exchange(
        request=Request(
            method,
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            asked,
            _sent(data.get("request_body"), asked),
        ),
        response=Response(
            status,
            whole(str(data.get("reason") or "")),
            said,
            EMPTY if bodyless else _received(data.get("response_body")),
            Framing.LENGTH,
        ),
        fidelity=fidelity,
        scheme=parts.scheme,
        started=0.0,
        elapsed=0.0,
    )
    return Captured(exchange, parts.netloc.rpartition("@")[2].lower(), where)


def _fidelity(data: dict[str, Any], where: str) -> Fidelity:
    """What the line says; else what the recorder of its source is known to drop."""
    said = data.get("fidelity")
    if said is None:
        recorded = str(data.get("source") or "").startswith("cpp:")
        return Fidelity.SDK_RECORDING if recorded else Fidelity.HAR
    if said not in _FIDELITIES:
        raise CaptureError(f"{where}: fidelity is none of {', '.join(_FIDELITIES)}", _HINT)
    return _FIDELITIES[said]


def _field(data: dict[str, Any], name: str, kind: type, where: str) -> Any:
    value = data.get(name)
    if not isinstance(value, kind):
        said = f"has no {name}" if value is None else f"{name} is of the wrong kind"
        raise CaptureError(f"{where}: {said}", _HINT)
    return value


def _headers(data: dict[str, Any], name: str, where: str) -> Headers:
    pairs = _field(data, name, list, where)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise CaptureError(f"{where}: {name} is no list of pairs", _HINT)
    return tuple((whole(str(key)), whole(str(value))) for key, value in pairs)


def _sent(said: object, headers: Headers) -> Body:
    text = "" if said is None else str(said)
    if text.startswith(_REPLACED):
        return unkept(0)
    return verbatim(text, declared(headers, 0 if said is None else -1))


def _received(said: object) -> Body:
    if said is None:
        return unkept(0)
    text = str(said)
    if text.startswith(_REPLACED):
        return unkept(0)
    return body_of(text.encode("utf-8", "surrogatepass"))
