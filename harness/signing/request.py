"""Requests of our own, signed: those that lay things down, look at what is stored, and tidy up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from harness.endpoint import Endpoint, Face
from harness.signing.authorise import authorise
from harness.signing.canonical import http_date
from harness.signing.spec import AuthSpec, Default
from harness.wire.message import WireRequest


def own_request(
    endpoint: Endpoint,
    face: Face,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    auth: AuthSpec | None = None,
    length: int | None = None,
) -> WireRequest:
    """A request as it goes over the wire, dated now.

    `target` is relative to the account's root, percent-encoded. `length` is what Content-Length says where
    that is not to be the truth. Raises what `authorise` raises.
    """
    now = datetime.now(UTC)
    own = [("Host", face.authority), ("x-ms-date", http_date(now)), ("x-ms-version", endpoint.version)]
    if body or method in ("PUT", "POST"):
        own.append(("Content-Length", str(len(body) if length is None else length)))
    whole = face.prefix + target
    signed = authorise(method, whole, (*own, *headers), endpoint, auth or Default(), now, face=face.name)
    return WireRequest(method, signed.target, signed.headers, body)
