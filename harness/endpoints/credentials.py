"""Where bearer tokens come from: azure-identity, or an issuer that grants client credentials."""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from harness.endpoint import Secret
from harness.endpoints.errors import TokenError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SCOPE = "https://storage.azure.com/.default"
_BEFORE_EXPIRY = 120.0  # seconds; a token that is older than this is not used for a new step
_KEPT = 10.0  # seconds that a minted token is used again: a sweep asks for the same one a hundred times


class IdentityTokens:
    """Tokens from azure-identity's DefaultAzureCredential: whatever this machine is signed in with."""

    def __init__(self) -> None:
        self._credential: TokenCredential | None = None
        self._lock = threading.Lock()
        self._held: tuple[Secret, float] | None = None

    def token(self) -> Secret:
        """A token that is valid now. Raises `TokenError`."""
        with self._lock:
            if self._held and self._held[1] - _BEFORE_EXPIRY > time.time():
                return self._held[0]
            granted = self._ask()
            self._held = granted
            return granted[0]

    def _ask(self) -> tuple[Secret, float]:
        # Imported here because it costs a second that most runs need not pay.
        from azure.core.exceptions import AzureError
        from azure.identity import DefaultAzureCredential

        if self._credential is None:
            self._credential = DefaultAzureCredential()
        try:
            granted = self._credential.get_token(SCOPE)
        except AzureError as error:
            raise TokenError(
                f"azure-identity gave no token: {str(error).splitlines()[0]}",
                "Sign in (az login), or set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET.",
            ) from None
        return Secret(granted.token), float(granted.expires_on)


@dataclass(frozen=True, slots=True)
class Issuer:
    """An OAuth 2.0 issuer that grants tokens for client credentials."""

    token_url: str
    client_id: str
    client_secret: Secret
    ca_file: Path | None = None
    issuer: str | None = None  # the `iss` of its tokens, where known
    can_mint: bool = False  # it is ours, and takes the form field `mint`
    identity_endpoint: str | None = None  # App Service managed identity, for clients that use it
    identity_header: Secret | None = None


@dataclass(slots=True)
class IssuerTokens:
    """Tokens for client credentials. `issuer` says all that a client under test needs to get its own."""

    issuer: Issuer
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _held: tuple[Secret, float] | None = field(default=None, repr=False)
    _minted: dict[str, tuple[Secret, float]] = field(default_factory=dict, repr=False)

    def token(self) -> Secret:
        """A token that is valid now. Raises `TokenError`."""
        with self._lock:
            if self._held is None or self._held[1] - _BEFORE_EXPIRY <= time.time():
                self._held = self._ask({})
            return self._held[0]

    def mint(self, claims: Mapping[str, object]) -> Secret:
        """A token with these claims changed. Raises `TokenError`, also when the issuer is not ours."""
        if not self.issuer.can_mint:
            raise TokenError("this issuer makes valid tokens only", "Use the built-in endpoint `reference`.")
        wanted, now = json.dumps(dict(claims), sort_keys=True), time.monotonic()
        with self._lock:
            made = self._minted.get(wanted)
        if made is None or now - made[1] > _KEPT:
            made = (self._ask({"mint": wanted})[0], now)
            with self._lock:
                self._minted[wanted] = made
        return made[0]

    def _ask(self, extra: Mapping[str, str]) -> tuple[Secret, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.issuer.client_id,
            "client_secret": self.issuer.client_secret.reveal(),
            "scope": SCOPE,
            **extra,
        }
        request = urllib.request.Request(  # noqa: S310 - the configuration says http or https
            self.issuer.token_url, urlencode(form).encode(), method="POST"
        )
        try:
            ca_file = None if self.issuer.ca_file is None else str(self.issuer.ca_file)
            context = ssl.create_default_context(cafile=ca_file)
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
            )
            with opener.open(request, timeout=10) as response:
                answer = cast("dict[str, object]", json.load(response))
            lifetime = float(cast("str | int", answer["expires_in"]))
            return Secret(str(answer["access_token"])), time.time() + lifetime
        except (OSError, ValueError, KeyError) as error:
            raise TokenError(
                f"{self.issuer.token_url} gave no token: {_reason(error)}",
                "Check the issuer's address, its CA file, and the client's id and secret.",
            ) from None


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return f"the answer has no {error}" if isinstance(error, KeyError) else str(error)
