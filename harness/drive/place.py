"""Where a driven client works: the address that it is told, its one credential, its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import parse_qs, quote

from harness.clients.process import base_environment, redacted
from harness.clients.reach import Reach
from harness.endpoint import Endpoint, Secret, Style
from harness.signing.authorise import CredentialMissingError, account_sas, service_sas
from harness.signing.spec import AccountSas, ServiceSas
from harness.tools.find import Found

Auth = Literal["shared-key", "account-sas", "service-sas", "user-delegation-sas", "bearer"]
"""How a client says who it is. The two last kinds of SAS are for one container."""

AUTHS: tuple[Auth, ...] = ("shared-key", "account-sas", "service-sas", "user-delegation-sas", "bearer")
_ACCOUNT_PERMISSIONS = "rwdlacup"
_CONTAINER_PERMISSIONS = "racwdl"


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint as one client sees it. Of `key`, `sas` and `token` there is exactly one."""

    found: Found
    url: str  # service root, without a trailing slash
    style: Style
    account: str
    home: Path  # HOME and scratch of the client: whatever it leaves is in here
    ca_file: Path  # whom it must trust when `url` is https
    key: Secret | None = None
    sas: Secret | None = None
    token: Secret | None = None
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # proxy and trust

    @property
    def secure(self) -> bool:
        """Whether the client speaks TLS."""
        return self.url.startswith("https:")

    @property
    def authority(self) -> str:
        """Host and port of `url`."""
        return self.url.split("/")[2]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be written down, in every spelling that a client may use."""
        plain = [one.reveal() for one in (self.key, self.sas, self.token) if one is not None]
        if self.sas is not None:  # a client may show its signature alone
            plain += parse_qs(self.sas.reveal()).get("sig", [])
        return tuple(dict.fromkeys(form for text in plain for form in (text, quote(text, safe=""))))

    def environment(self) -> dict[str, str]:
        """The whole environment of the client's process; every runtime is told whom to trust."""
        trust = dict.fromkeys(
            ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), str(self.ca_file)
        )
        return {**base_environment(self.home), **trust, **self.found.env, **self.env}

    def one_line(self, text: str, limit: int = 500) -> str:
        """A client's words on one line, without secrets."""
        return " ".join(redacted(text, self.secrets).split())[:limit]


def place(
    endpoint: Endpoint, reached: Reach, auth: Auth, container: str, *, home: Path, found: Found
) -> Place:
    """The place of a client that goes through `reached` with this kind of credential.

    Raises CredentialMissingError when the endpoint has no such credential.
    """
    home.mkdir(parents=True, exist_ok=True)
    return Place(
        found=found,
        url=reached.url,
        style=reached.style,
        account=endpoint.account,
        home=home,
        ca_file=reached.ca_file,
        env=reached.env,
        **_credential(endpoint, auth, container),
    )


def _credential(endpoint: Endpoint, auth: Auth, container: str) -> dict[str, Secret]:
    now = datetime.now(UTC)
    if auth == "bearer":
        if endpoint.tokens is None:
            raise CredentialMissingError(f"endpoint {endpoint.name} has no token source")
        return {"token": endpoint.tokens.token()}
    if auth == "account-sas" and endpoint.key is None and endpoint.sas is not None:
        return {"sas": endpoint.sas}
    if auth == "shared-key":
        if endpoint.key is None:
            raise CredentialMissingError(f"endpoint {endpoint.name} has no account key")
        return {"key": endpoint.key}
    if auth == "account-sas":
        return {"sas": Secret(account_sas(endpoint, AccountSas(permissions=_ACCOUNT_PERMISSIONS), now))}
    delegated = auth == "user-delegation-sas"
    wanted = ServiceSas("container", container, _CONTAINER_PERMISSIONS, delegated=delegated)
    return {"sas": Secret(service_sas(endpoint, wanted, now))}
