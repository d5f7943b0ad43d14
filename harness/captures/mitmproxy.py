"""Flow files of mitmproxy 10 and later: one mapping a flow, the messages as they went over the wire."""

from __future__ import annotations

from typing import Any, BinaryIO

from harness.captures.captured import Captured, CaptureError, Entries, LeftOut, declared, unkept
from harness.captures.tnetstring import NotTnetstringError, TruncatedError, flow
from harness.exchange import Body, Exchange, Fidelity, Framing, Headers, Request, Response, header
from harness.wire.body import EMPTY, body_of

_OLDEST = 20  # the number of the file format that mitmproxy 10 writes
_WHOLE = "End mitmproxy before you read its file, and copy the file as a whole."
_DEFAULT_PORTS = {"http": 80, "https": 443}


def entries(stream: BinaryIO, name: str) -> Entries:
    """The flows of a file. Raises CaptureError where it breaks off."""
    number = 0
    try:
        while (state := flow(stream)) is not None:
            number += 1
            yield _entry(state, f"{name}: flow {number}")
    except TruncatedError as error:
        raise CaptureError(f"{name} breaks off after {number} whole flows: {error}", _WHOLE) from error
    except NotTnetstringError as error:
        raise CaptureError(
            f"{name} is no mitmproxy flow file after {number} whole flows: {error}", _WHOLE
        ) from error


def _entry(state: dict[str, Any], where: str) -> Captured | LeftOut:
    version = state.get("version")
    if not isinstance(version, int) or version < _OLDEST:
        raise CaptureError(
            f"{where} is of mitmproxy's file format {version!r}, older than {_OLDEST}",
            "Let a newer mitmproxy rewrite it: mitmdump -nr OLD -w NEW.",
        )
    if state.get("type") != "http":
        return LeftOut(f"no HTTP but {state.get('type')}")
    try:
        return Captured(_exchange(state), _host(state["request"]), where)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # The error's own words may hold a value, and so a secret.
        said = f"it has no {error}" if isinstance(error, KeyError) else type(error).__name__
        raise CaptureError(f"{where} is no HTTP flow: {said}", "The file may have been changed.") from error


def _exchange(state: dict[str, Any]) -> Exchange:
    asked, said = state["request"], state["response"]
    started = float(asked["timestamp_start"])
    method = _text(asked["method"])
    headers = _headers(asked["headers"])
    ended = (said or {}).get("timestamp_end")
    error = state.get("error")
    failed = said is None or error is not None
    return Exchange(
        request=Request(method, _text(asked["path"]), headers, _body(asked["content"], headers)),
        response=None if said is None else _response(said, method),
        fidelity=Fidelity.MITMPROXY,
        scheme=_text(asked["scheme"]),
        started=started,
        elapsed=max(float(ended) - started, 0.0) if ended else 0.0,
        failure=f"closed-early: {(error or {}).get('msg', 'the capture has no answer')}" if failed else None,
    )


def _response(said: dict[str, Any], method: str) -> Response:
    status, headers = int(said["status_code"]), _headers(said["headers"])
    bodyless = method.upper() == "HEAD" or status in (204, 304)
    body = EMPTY if bodyless and not said["content"] else _body(said["content"], headers)
    return Response(status, _text(said["reason"]), headers, body, Framing.LENGTH, _text(said["http_version"]))


def _body(content: bytes | Body | None, headers: Headers) -> Body:
    if isinstance(content, Body):
        return content
    if content is not None:
        return body_of(content)
    return unkept(declared(headers, 0))  # streamed through: mitmproxy kept nothing


def _headers(pairs: list[list[bytes]]) -> Headers:
    return tuple((_text(name), _text(value)) for name, value in pairs)


def _host(asked: dict[str, Any]) -> str:
    """As the client wrote it: a proxy may have sent the request on to another address."""
    said = header(_headers(asked["headers"]), "Host") or _text(asked["authority"])
    if said:
        return said.lower()
    port = int(asked["port"])
    plain = port == _DEFAULT_PORTS.get(_text(asked["scheme"]))
    return str(asked["host"]).lower() if plain else f"{asked['host']}:{port}".lower()


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
