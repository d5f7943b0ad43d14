"""Exchanges as the JSON of a wire file: heads exactly as on the wire, bodies shortened, secrets redacted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.endpoint import Endpoint
from harness.exchange import Body, Exchange, Headers
from harness.redact import redact_headers, redact_target, redact_text

TEXT_KEPT = 16 * 1024
"""Characters of a textual body that a wire file keeps."""

HEX_KEPT = 256
"""Bytes of any other body that a wire file keeps."""

MOST = 400
"""Exchanges that a wire file keeps; a client that copies a thousand files makes thousands."""


def wire_json(
    record: str, exchanges: Sequence[Exchange], steps: Sequence[str], endpoint: Endpoint
) -> dict[str, Any]:
    """The content of the wire file of a case or scenario; `steps` labels the exchanges."""
    return {
        "id": record,
        "left_out": max(0, len(exchanges) - MOST),
        "exchanges": [
            {"step": step, **exchange_json(exchange, endpoint)}
            for exchange, step in zip(exchanges[:MOST], steps, strict=False)
        ],
    }


def exchange_json(exchange: Exchange, endpoint: Endpoint | None) -> dict[str, Any]:
    """One exchange; without an endpoint, no secrets are known but those that look like one."""
    request, response = exchange.request, exchange.response
    said = None
    if response is not None:
        said = {
            "line": f"{response.http_version} {response.status} {redact_text(response.reason, endpoint)}",
            "headers": _headers(response.headers),
            "body": _body(response.body, endpoint),
            "framing": response.framing.value,
        }
    return {
        "request": {
            "line": f"{request.method} {redact_target(request.target)} HTTP/1.1",
            "headers": _headers(request.headers),
            "body": _body(request.body, endpoint),
        },
        "response": said,
        "failure": exchange.failure,
        "anomalies": list(exchange.anomalies),
        "extra": exchange.extra,
        "started": round(exchange.started, 6),
        "elapsed": round(exchange.elapsed, 6),
        "fidelity": exchange.fidelity.value,
        "scheme": exchange.scheme,
        "connection": exchange.connection,
    }


def _headers(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in redact_headers(headers)]


def _body(body: Body, endpoint: Endpoint | None) -> dict[str, Any]:
    text, shown = None, None
    if body.data:
        text = _readable(body.data)
        if text is None:
            shown = body.data[:HEX_KEPT].hex()
        else:
            # Redacted before it is cut: half a signature is not recognised as one.
            text = redact_text(text, endpoint)[:TEXT_KEPT]
    return {"length": body.length, "sha256": body.sha256, "text": text, "hex": shown}


def _readable(data: bytes) -> str | None:
    try:
        text = data[: 4 * TEXT_KEPT].decode(
            "utf-8", errors="strict" if len(data) <= 4 * TEXT_KEPT else "ignore"
        )
    except UnicodeDecodeError:
        return None
    plain = all(character.isprintable() or character in "\r\n\t\ufeff" for character in text)
    return text if plain else None
