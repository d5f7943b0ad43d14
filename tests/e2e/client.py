"""A few words over our own wire, for tests that need an endpoint's answers and no judging."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

from harness.endpoint import Endpoint
from harness.exchange import Exchange, Headers
from harness.signing.authorise import authorise
from harness.signing.canonical import http_date
from harness.signing.spec import Default
from harness.wire.connection import Connection
from harness.wire.dial import dial
from harness.wire.message import WireRequest

VERSION = "2025-07-05"


class Client:
    """One kept-alive connection to an endpoint; every request is signed as the endpoint is configured."""

    def __init__(self, endpoint: Endpoint, timeout: float = 30.0) -> None:
        self.endpoint = endpoint
        self.connection: Connection = dial(endpoint, timeout=timeout)

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Exchange:
        """`path` is relative to the account root and starts with a slash."""
        now = datetime.now(UTC)
        target = f"/{self.endpoint.account}{path}"
        own: Headers = (
            ("Host", ":".join(map(str, self.connection.address))),
            ("x-ms-date", http_date(now)),
            ("x-ms-version", VERSION),
            *((headers or {}).items()),
            *((("Content-Length", str(len(body))),) if method in ("PUT", "POST") else ()),
        )
        signed = authorise(method, target, own, self.endpoint, Default(), now)
        return self.connection.exchange(WireRequest(method, signed.target, signed.headers, body))

    def status(self, *args: object, **kwargs: object) -> int:
        """The status of the answer; 0 when there is none."""
        response = self.send(*args, **kwargs).response  # type: ignore[arg-type]
        return response.status if response else 0

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def block_id(number: int) -> str:
    """A block ID, as it stands in a query."""
    return base64.b64encode(b"block-%08d" % number).decode().replace("=", "%3D")


def block_list(*numbers: int) -> bytes:
    """The body of a Put Block List that takes the latest of these blocks."""
    items = "".join(f"<Latest>{block_id(n).replace('%3D', '=')}</Latest>" for n in numbers)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{items}</BlockList>'.encode()
