"""What all checks share: the endpoint, the time that is left, and one way to send a request."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape

from harness.endpoint import Endpoint, Face
from harness.exchange import Exchange, Headers, Response, header
from harness.signing import AuthSpec, authorise
from harness.signing.canonical import http_date
from harness.wire import Connection, WireRequest
from harness.wire.dial import tls_context

PATIENCE = 3.0  # seconds for a name, for a connection, for an answer
TOTAL = 9.0  # seconds for everything; whoever waits at the command line waits no longer than ten

_CODE = re.compile(r"<Code>([^<]*)</Code>")
_DETAIL = re.compile(r"<AuthenticationErrorDetail>(.*?)</AuthenticationErrorDetail>", re.DOTALL)


class NoTimeError(Exception):
    """The doctor's time is up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An exchange, as the checks look at it."""

    exchange: Exchange

    @property
    def response(self) -> Response | None:
        """The response, if a whole one came."""
        return None if self.exchange.failure else self.exchange.response

    @property
    def status(self) -> int:
        """The status; 0 when there is no response."""
        return self.response.status if self.response else 0

    @property
    def text(self) -> str:
        """The body as text."""
        data = self.response.body.data if self.response else None
        return (data or b"").decode("utf-8", "replace")

    @property
    def code(self) -> str | None:
        """The error code, from the header or the body."""
        if self.response is None:
            return None
        found = _CODE.search(self.text)
        return header(self.response.headers, "x-ms-error-code") or (found.group(1) if found else None)

    @property
    def detail(self) -> str:
        """What the service says about a failed authentication."""
        found = _DETAIL.search(self.text)
        return unescape(found.group(1)) if found else ""

    @property
    def said(self) -> str:
        """The answer in a few words, for a sentence."""
        if self.response is None:
            return self.exchange.failure or "no answer"
        return f"{self.status} {self.code or self.response.reason}".strip()


class Session:
    """One examination while it runs."""

    def __init__(self, endpoint: Endpoint, total: float = TOTAL, patience: float = PATIENCE) -> None:
        self.endpoint = endpoint
        self.patience = patience
        self.addresses: dict[str, tuple[str, int]] = {}  # resolved, by host name
        self._end = time.monotonic() + total
        self._connections: dict[str, Connection] = {}

    def left(self) -> float:
        """Seconds that the next wait may take. Raises `NoTimeError`."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise NoTimeError
        return min(left, self.patience)

    def address(self, face: Face) -> tuple[str, int]:
        """Where to connect: the resolved address, so that nothing is resolved twice."""
        host, port = face.address
        return self.addresses.get(host, (host, port))[0], port

    def call(
        self,
        method: str,
        path: str,
        auth: AuthSpec,
        *,
        face: Face | None = None,
        headers: Headers = (),
        body: bytes = b"",
        version: str | None = None,
    ) -> Answer:
        """One signed request. Raises `NoTimeError`, and what `authorise` raises."""
        where = face or self.endpoint.face()
        now = datetime.now(UTC)
        all_headers: Headers = (
            ("Host", where.authority),
            ("x-ms-date", http_date(now)),
            ("x-ms-version", version or self.endpoint.version),
            ("x-ms-client-request-id", "blobproof-doctor"),
            *headers,
        )
        if body or method in ("PUT", "POST"):
            all_headers += (("Content-Length", str(len(body))),)
        signed = authorise(method, where.prefix + path, all_headers, self.endpoint, auth, now)
        connection = self._connection(where)
        connection.connect_timeout = self.left()
        connection.timeout = connection.deadline = self.left()
        return Answer(connection.exchange(WireRequest(method, signed.target, signed.headers, body)))

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            connection.close()

    def _connection(self, face: Face) -> Connection:
        key = f"{face.url} {face.address}"
        if key not in self._connections:
            self._connections[key] = Connection(
                self.address(face),
                tls=tls_context(self.endpoint.ca_file) if face.scheme == "https" else None,
                server_name=face.server_name,
            )
        return self._connections[key]
