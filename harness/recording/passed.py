"""What the add-on told of an exchange, as a flow. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.exchange import Body, Exchange, Fidelity, Framing, Headers, Request, Response, header
from harness.golden.spec import Injected
from harness.recording.flow import Flow

_WORDS = (
    ("refused", ("connect call failed", "refused")),
    ("unresolved", ("name or service", "nodename", "temporary failure in name")),
    ("tls", ("tls", "certificate")),
    ("closed-early", ("server closed connection", "without sending complete", "closed by peer")),
    ("protocol", ("cannot parse", "protocol error", "unexpected server response")),
)
"""What mitmproxy says of a server, by the word that we have for it."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One exchange that went through the recorder."""

    flow: Flow
    inner: bool = False  # the endpoint reads a copy source: it is no request of the client
    cut: str | None = None  # why it has no whole answer, where neither the client nor a fault is the reason


def passed(told: Mapping[str, Any]) -> Passed:
    """The flow that a line of the add-on tells of."""
    fault, error = told["fault"], told["error"]
    headers = _headers(told["headers"])
    body, head = _body(told["body"])
    answer = None if told["answer"] is None else _response(told["method"], told["answer"])
    failure = _failure(error, fault)
    exchange = Exchange(
        request=Request(told["method"], told["target"], headers, body),
        response=answer,
        fidelity=Fidelity.MITMPROXY,
        scheme=told["scheme"],
        started=told["started"],
        elapsed=max(0.0, told["ended"] - told["started"]),
        first_byte=None if told["first_byte"] is None else max(0.0, told["first_byte"] - told["started"]),
        connection=told["connection"],
        failure=failure,
        unsent=0 if told["whole"] else _unsent(headers, body),
    )
    blameless = failure is None or failure.startswith("stopped") or fault is not None
    return Passed(
        Flow(exchange, told["host"], head, _injected(fault)), told["inner"], None if blameless else failure
    )


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)


def _body(facts: Mapping[str, Any]) -> tuple[Body, bytes]:
    data = None if facts["data"] is None else base64.b64decode(facts["data"])
    return Body(facts["length"], facts["sha256"], data), base64.b64decode(facts["head"])


def _response(method: str, facts: Mapping[str, Any]) -> Response:
    headers = _headers(facts["headers"])
    return Response(
        facts["status"],
        facts["reason"],
        headers,
        _body(facts["body"])[0],
        _framing(method, facts["status"], headers),
        facts["version"],
    )


def _framing(method: str, status: int, headers: Headers) -> Framing:
    if method == "HEAD" or status in (204, 304):
        return Framing.NONE
    if "chunked" in (header(headers, "Transfer-Encoding") or "").lower():
        return Framing.CHUNKED
    return Framing.LENGTH if header(headers, "Content-Length") is not None else Framing.CLOSE


def _failure(error: Mapping[str, str] | None, fault: Mapping[str, Any] | None) -> str | None:
    if error is None:
        return None
    if error["by"] == "client":
        return "stopped: the client hung up"
    if fault is not None:
        return "reset"
    if error["by"] == "recorder":
        return f"closed-early: {error['text']}"
    said = error["text"].lower()
    return next((word for word, signs in _WORDS if any(sign in said for sign in signs)), "reset")


def _injected(fault: Mapping[str, Any] | None) -> Injected | None:
    if fault is None:
        return None
    if fault["kind"] == "status":
        return Injected(str(fault["status"]), fault["status"], fault["error"])
    return Injected(fault["kind"])


def _unsent(headers: Headers, body: Body) -> int:
    said = header(headers, "Content-Length") or ""
    return max(0, int(said) - body.length) if said.isdecimal() else 0
