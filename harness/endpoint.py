"""An endpoint: a Blob service under test, as a value. Parsing and starting live in their own modules."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol


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
    # Where AzCopy and other clients can reach token issuers etc. is the driver's business, not ours.
