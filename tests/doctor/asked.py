"""Endpoints for the doctor, and what it says of them."""

from __future__ import annotations

import time

from harness.doctor import Diagnosis, Fault, examine
from harness.doctor.diagnosis import Check
from harness.doctor.session import PATIENCE
from harness.endpoint import Endpoint, Secret, Style
from harness.exchange import header
from harness.vocabulary import ExitCode
from tests.wire.servers import Answer, Server, Wire

KEY = Secret("a2V5a2V5a2V5")


def at(server: Server, scheme: str = "http") -> Endpoint:
    return Endpoint("lab", f"{scheme}://{server.authority}/acct", "acct", Style.PATH, key=KEY)


def outcome(diagnosis: Diagnosis, name: str) -> Check:
    return next(check for check in diagnosis.checks if check.name == name)


def blames(
    endpoint: Endpoint, fault: Fault, code: ExitCode, *words: str, patience: float = PATIENCE
) -> Diagnosis:
    """Assert that the diagnosis is this one, in one line and in time."""
    started = time.monotonic()
    diagnosis = examine(endpoint, patience=patience)
    assert time.monotonic() - started < 60
    assert diagnosis.failure is not None, diagnosis
    assert (diagnosis.failure.fault, diagnosis.exit_code) == (fault, code), diagnosis.line
    assert "\n" not in diagnosis.line
    for word in words:
        assert word in diagnosis.line
    for secret in (endpoint.key, endpoint.sas):
        assert secret is None or secret.reveal() not in repr(diagnosis)
    return diagnosis


def blob_service(*, host: bool = True, path: bool = True, wrong: str = "") -> list[Answer]:
    """A tiny pretended service: refuses one addressing style, or gets one operation wrong."""

    def answer(wire: Wire) -> None:
        head = wire.request.partition(b"\r\n\r\n")[0].decode("latin-1")
        method, target, _ = head.split("\r\n")[0].split(" ")
        headers = tuple((a, b) for a, _, b in (line.partition(": ") for line in head.split("\r\n")[1:]))
        by_host = (header(headers, "Host") or "").startswith("acct.")
        signed = header(headers, "Authorization") is not None
        allowed = signed and (host if by_host else path)
        status = 200 if allowed else 403
        body = b""
        if allowed:
            operation = f"{method} {'container' if 'comp=list' in target or 'restype' in target else 'blob'}"
            status = {"PUT": 201, "DELETE": 202}.get(method, 200)
            body = b"<Name>doctor.txt</Name>" if "prefix=doctor" in target else b"blobproof doctor\n"
            body = b"" if method != "GET" else body
            if operation == wrong:
                status, body = 500, b""
        wire.send(
            f"HTTP/1.1 {status} Reason\r\nx-ms-request-id: 1\r\nx-ms-version: 2025-07-05\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    return [answer]
