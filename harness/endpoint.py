"""An endpoint: a Blob service under test, as a value. Parsing and starting live in their own modules."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

DEFAULT_VERSION = "2025-07-05"
"""The service version of our own requests, unless the endpoint's configuration or a step says another."""


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def is_version(text: str) -> bool:
    """Whether a text could be a service version: a date, as in 2025-07-05. It need not have been released."""
    try:
        return _DATE.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


class Style(enum.StrEnum):
    """Addressing: `http://host/account/container/blob` or `http://account.host/container/blob`."""

    PATH = "path"
    HOST = "host"


class Secret:
    """A secret that never shows itself: not in repr, not in str, not in a traceback's locals."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself; call it where it is used, never store the result."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class TokenSource(Protocol):
    """Whatever yields bearer tokens for this endpoint."""

    def token(self) -> Secret:
        """A token that is valid now."""
        ...


class MintingTokenSource(TokenSource, Protocol):
    """A token source that is ours, so that it can also make broken tokens."""

    def mint(self, claims: Mapping[str, object]) -> Secret:
        """A token with these claims changed. Whole numbers for `exp`, `nbf`, `iat` are seconds from now."""
        ...


@dataclass(frozen=True, slots=True)
class Face:
    """One address of an endpoint: what goes into the URL, the Host header, the socket and the TLS hello."""

    name: str  # "main", or a name of `Endpoint.also`
    scheme: str  # "http" or "https"
    authority: str  # the Host header: host, and port when the URL has one
    address: tuple[str, int]  # where the socket connects
    server_name: str  # for TLS: SNI and certificate check
    prefix: str  # in front of every target: "/account" for path style, mostly "" for host style
    style: Style

    @property
    def url(self) -> str:
        """The service root, without a trailing slash."""
        return f"{self.scheme}://{self.authority}{self.prefix}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to reach a Blob service.

    `url` is the service root: `http://127.0.0.1:10000/devstoreaccount1` (path style) or
    `https://acct.blob.example.net` (host style), without a trailing slash.
    `also` holds other addresses of the same service, by name: `https` (path style over TLS) and `host`
    (host style), `host-https`.
    """

    name: str
    url: str
    account: str
    style: Style
    key: Secret | None = None  # base64 account key
    sas: Secret | None = None  # query string without the leading "?"
    tokens: TokenSource | None = None
    connect: tuple[str, int] | None = None  # where to connect when the host name must not be resolved
    ca_file: Path | None = None
    also: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str = DEFAULT_VERSION  # x-ms-version of our own requests
    declared: str | None = None  # what the configuration says it is: product and version
    disposable: bool = False  # whether settings of the whole account may be changed too
    settles: bool = True  # whether some changes take a while to be seen; built-in endpoints show them at once
    # Where AzCopy and other clients can reach token issuers etc. is the driver's business, not ours.

    def face(self, name: str | None = None) -> Face:
        """An address by name (a key of `also`); None or "main": `url`.

        Raises `LookupError`, with a sentence for the user, when the endpoint has no such address.
        """
        if name is None or name == "main":
            return _face("main", self.url, self.style, self.connect)
        if name not in self.also:
            known = ", ".join(["main", *self.also])
            raise LookupError(f"endpoint {self.name} has no address {name!r}; it has: {known}")
        style = Style.HOST if name.startswith("host") else Style.PATH
        url = self.also[name]
        # The configured socket address names one port, that of `url`; other addresses have their own.
        connect = (self.connect[0], port_of(url)) if self.connect else None
        return _face(name, url, style, connect)


def port_of(url: str) -> int:
    """The TCP port of a URL, 80 or 443 when it names none."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _face(name: str, url: str, style: Style, connect: tuple[str, int] | None) -> Face:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return Face(
        name=name,
        scheme=parts.scheme,
        authority=parts.netloc,
        address=connect or (host, port_of(url)),
        server_name=host,
        prefix=parts.path.rstrip("/"),
        style=style,
    )
