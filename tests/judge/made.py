"""Exchanges, facts and cases made by hand, for whoever has to judge something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.cases import case as c
from harness.cases.template import Scope
from harness.exchange import Exchange, Fidelity, Framing, Headers, Request, Response
from harness.judge.facts import Facts, Section, StepFact
from harness.vocabulary import Level
from harness.wire.body import body_of

SCOPE = Scope(
    account="acct",
    url="http://h/acct",
    container="con",
    own_container="own",
    new_containers="new",
    blobs="blob",
    seed="seed",
    now=datetime(2026, 11, 22, tzinfo=UTC),
    saved={"etag": '"0x1"'},
)
REQUEST_ID = "148ba85b-f01e-0065-77e9-4d0c4b000000"
BOM = b"\xef\xbb\xbf"


def exchange(
    line: str = "GET /acct/con/blob",
    status: int = 200,
    headers: Mapping[str, str | None] | Headers | None = None,
    body: bytes = b"",
    *,
    sent: bytes = b"",
    asked: Mapping[str, str] | None = None,
    failure: str | None = None,
    fidelity: Fidelity = Fidelity.OWN_WIRE,
    **rest: Any,
) -> Exchange:
    """An exchange; `headers` are the response's, as a mapping (None: left out) or as pairs."""
    method, _, target = line.partition(" ")
    pairs = headers if isinstance(headers, tuple) else tuple((headers or {}).items())
    received = tuple((name, value) for name, value in pairs if value is not None)
    response = Response(status, "Reason", received, body_of(body), Framing.LENGTH)
    return Exchange(
        request=Request(method, target, tuple((asked or {}).items()), body_of(sent)),
        response=None if failure and status == 0 else response,
        fidelity=fidelity,
        scheme="http",
        started=0.0,
        elapsed=0.1,
        failure=failure,
        **rest,
    )


def error_xml(code: str) -> bytes:
    """The body of a refusal, without its byte-order mark."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>What it means.\n'
        f"RequestId:{REQUEST_ID}\nTime:2026-11-22T00:00:00.0000000Z</Message></Error>"
    ).encode()


def error(
    line: str = "PUT /acct/con/blob?comp=blocklist",
    status: int = 400,
    code: str = "InvalidBlockList",
    body: bytes | None = None,
    headers: Mapping[str, str | None] | None = None,
) -> Exchange:
    """A refusal as the service makes it."""
    said: dict[str, str | None] = {
        "Content-Type": "application/xml",
        "x-ms-request-id": REQUEST_ID,
        "x-ms-version": "2025-07-05",
        "x-ms-error-code": code,
        "Date": "Sun, 22 Nov 2026 00:00:00 GMT",
    }
    data = BOM + error_xml(code) if body is None else body
    return exchange(line, status, {**said, **(headers or {})}, data, asked={"x-ms-version": "2025-07-05"})


def case(
    steps: tuple[c.Step, ...], given: tuple[c.Step, ...] = (), operation: str = "Put Block List"
) -> c.Case:
    """A case of the operation with these steps."""
    return c.Case(
        id="put-block-list/made",
        title="Made by hand",
        operation=operation,
        level=Level.REQUIRED,
        why="The case's reason.",
        tests=("put-block-list.first", "put-block-list.second"),
        source=("reference/1.4",),
        provenance={"recorded": "nowhere"},
        steps=steps,
        given=given,
    )


def step(expect: c.Expect, **rest: Any) -> c.Step:
    """A step that commits a list."""
    return c.Step("PUT", "/{container}/{blob}?comp=blocklist", expect=expect, **rest)


def facts(*exchanges: Exchange, section: Section = "steps", **rest: Any) -> Facts:
    """The facts of one section, a step for each exchange."""
    steps = tuple(StepFact(section, index, one, SCOPE, prefix="/acct") for index, one in enumerate(exchanges))
    return Facts(steps, **rest)


def status(*wanted: int, level: Level | None = None) -> c.Expect:
    """An expectation of a status and nothing else."""
    return c.Expect(status=c.Graded(wanted, level))
