"""An exchange: one request and the response to it, as bytes went over the wire, with times.

Frozen values only. Whoever made the exchange (our own wire, the tap, an imported capture) says in its
fidelity which facts may be judged at all: a rule that needs a fact the source lacks is not evaluated.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Fidelity(enum.StrEnum):
    """Where an exchange was seen, hence which of its facts can be trusted."""

    OWN_WIRE = "own-wire"  # our transport: every byte, framing, header order and case, connection
    TAP = "tap"  # our recording proxy: the same, plus real client behaviour; large bodies as digests
    MITMPROXY = "mitmproxy"  # headers as sent, framing possibly rewritten
    HAR = "har"  # headers and small bodies; no framing
    SDK_RECORDING = "sdk-recording"  # header names may be lower-cased, framing headers dropped


Headers = tuple[tuple[str, str], ...]
"""Order, case and duplicates as on the wire; names and values decoded as latin-1."""


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, by case-insensitive name; None when absent."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def header_all(headers: Headers, name: str) -> tuple[str, ...]:
    """Every value of a header, in order."""
    wanted = name.lower()
    return tuple(value for key, value in headers if key.lower() == wanted)


@dataclass(frozen=True, slots=True)
class Body:
    """A message body: always its length and digest, its bytes only where they were worth keeping."""

    length: int
    sha256: str  # lower-case hex
    data: bytes | None = field(default=None, repr=False)  # None: longer than the recorder keeps


@dataclass(frozen=True, slots=True)
class Request:
    """A request as sent."""

    method: str
    target: str  # exactly as on the request line
    headers: Headers = field(repr=False)  # may carry secrets: never in a repr
    body: Body


class Framing(enum.StrEnum):
    """How the end of a response body was marked."""

    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"
    NONE = "none"  # no body by definition: HEAD, 204, 304


@dataclass(frozen=True, slots=True)
class Response:
    """A response as received."""

    status: int
    reason: str
    headers: Headers
    body: Body
    framing: Framing
    http_version: str = "HTTP/1.1"


STOPPED = "stopped"
"""The failure of a request that was told to stop half-way, and did."""


CONTINUED = "continued"
"""The failure of a request whose body was only declared: the endpoint wants to have it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and the response to it or the reason why there is none.

    Times: `started` is seconds since the epoch; the others are seconds since `started`.
    With a `failure`, `response` is what had arrived until then: its body may be cut. Judge `failure` first.
    """

    request: Request
    response: Response | None
    fidelity: Fidelity
    scheme: str  # "http" or "https"
    started: float
    elapsed: float
    first_byte: float | None = None
    connection: int = 0  # equal numbers: same connection
    # One of these words, alone or with ": " and details: "timeout", "reset", "closed-early", "protocol",
    # "refused", "unresolved", "tls", "stopped" (the request said to stop half-way), "continued".
    failure: str | None = None
    interim: tuple[int, ...] = ()  # 1xx statuses seen before the response
    # HTTP violations that did not hinder reading: words of `harness.wire.codec.ANOMALIES`, details after ": "
    anomalies: tuple[str, ...] = ()
    extra: int = 0  # bytes that came after the end of the response (a body on HEAD, say)
    unsent: int = 0  # bytes of the request body never sent: the response or the end came first
