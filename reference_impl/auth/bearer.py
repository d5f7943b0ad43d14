"""Bearer tokens: checked against the issuer's published keys, which are fetched off the loop and kept."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt

from reference_impl.auth.permissions import RANK
from reference_impl.auth.principal import Grant, Principal
from reference_impl.protocol.errors import CODES, BlobError

RESOURCE = "https://storage.azure.com"
_REFRESH_SECONDS = 10.0
_FETCH_TIMEOUT = 10.0
_MAX_DOCUMENT = 1024 * 1024


class IssuerUnreachable(Exception):  # noqa: N818 (says what happened)
    """The issuer's keys could not be fetched; the message says why, in one line."""


class KeySource:
    """The signing keys of one issuer, found by OpenID discovery. `ca` is a PEM file for a private issuer."""

    def __init__(self, issuer: str, ca: Path | None, executor: Executor) -> None:
        self._issuer = issuer
        self._ca = ca
        self._executor = executor
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = float("-inf")
        self._failure: IssuerUnreachable | None = None
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> jwt.PyJWK | None:
        """The key of that id; an unknown id asks the issuer again, at most once in ten seconds."""
        if key_id in self._keys:
            return self._keys[key_id]
        async with self._lock:
            if key_id not in self._keys and time.monotonic() - self._fetched >= _REFRESH_SECONDS:
                loop = asyncio.get_running_loop()
                self._fetched = time.monotonic()
                try:
                    self._keys = await loop.run_in_executor(self._executor, self._fetch)
                    self._failure = None
                except IssuerUnreachable as failure:
                    self._failure = failure
        found = self._keys.get(key_id)
        if found is None and self._failure is not None:
            raise self._failure
        return found

    def _fetch(self) -> dict[str, jwt.PyJWK]:
        try:
            discovery = self._get(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
            keys = self._get(str(discovery["jwks_uri"]))["keys"]
            usable = (key for key in keys if key.get("kty") == "RSA" and key.get("use", "sig") == "sig")
            return {str(key["kid"]): jwt.PyJWK(key, "RS256") for key in usable}
        except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            raise IssuerUnreachable(f"cannot fetch the keys of {self._issuer}: {error}") from error

    def _get(self, url: str) -> dict[str, Any]:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise ValueError("the issuer's address is neither http nor https")
        context = ssl.create_default_context(cafile=None if self._ca is None else str(self._ca))
        with urllib.request.urlopen(url, timeout=_FETCH_TIMEOUT, context=context) as answer:  # noqa: S310
            document = json.loads(answer.read(_MAX_DOCUMENT))
        if not isinstance(document, dict):
            raise ValueError("the issuer's answer is no JSON object")
        return document


class TokenVerifier:
    """Turns a bearer token into a principal, for one issuer and one list of audiences."""

    def __init__(self, issuer: str, keys: KeySource, default_role: str) -> None:
        self._issuer = issuer
        self._keys = keys
        self._default_role = default_role

    async def verify(self, token: str, audiences: Sequence[str]) -> Principal:
        """The caller of a token. Raises BlobError without a challenge: the caller adds it."""
        try:
            head = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise rejected("The token is not a JSON Web Token.") from None
        if head.get("alg") != "RS256":
            raise rejected("Signature validation failed. The algorithm is not RS256.")
        key = await self._keys.key(str(head.get("kid", "")))
        if key is None:
            raise rejected("Signature validation failed. The signing key was not found.")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=list(audiences),
                issuer=self._issuer,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise rejected("Lifetime validation failed. The token is expired.") from None
        except jwt.ImmatureSignatureError:
            raise rejected("Lifetime validation failed. The token is not yet valid.") from None
        except jwt.InvalidAudienceError:
            raise rejected("Audience validation failed. Audience did not match.") from None
        except jwt.InvalidIssuerError:
            raise rejected("Issuer validation failed. Issuer did not match.") from None
        except jwt.MissingRequiredClaimError as error:
            raise rejected(f"Token validation failed. The claim {error.claim} is missing.") from None
        except jwt.PyJWTError:
            raise rejected("Signature validation failed. Token signature is invalid.") from None
        return Principal(
            "bearer",
            grants=grants(claims, self._default_role),
            object_id=str(claims.get("oid") or claims.get("sub") or ""),
            tenant_id=str(claims.get("tid") or ""),
        )


def grants(claims: Mapping[str, Any], default_role: str) -> tuple[Grant, ...]:
    """The grants of a token's `roles` claim: `role`, `role:container` or `role:container/prefix`.

    Without the claim the default role holds everywhere; a claim with nothing we know grants nothing.
    """
    roles = claims.get("roles")
    if roles is None:
        return (Grant(default_role),)
    found = []
    for entry in roles if isinstance(roles, list) else []:
        role, _, scope = str(entry).partition(":")
        container, _, prefix = scope.partition("/")
        if role in RANK:
            found.append(Grant(role, container or None, prefix))
    return tuple(found)


def rejected(detail: str) -> BlobError:
    """401 InvalidAuthenticationInfo with a detail text."""
    return BlobError(
        "InvalidAuthenticationInfo",
        status=401,
        message=CODES["NoAuthenticationInformation"][1],
        elements=(("AuthenticationErrorDetail", detail),),
    )


def default_audiences(account: str, domain: str) -> tuple[str, ...]:
    """What a token may be for when nothing is configured."""
    hosts = (f"https://{account}.{domain}", f"https://{account}.blob.core.windows.net")
    return tuple(form for base in (RESOURCE, *hosts) for form in (base, base + "/"))


def challenge(issuer: str | None, host: str) -> tuple[str, str]:
    """The WWW-Authenticate header. Clients read the tenant from its first path segment."""
    base = f"https://{host}/common" if issuer is None else _tenant_url(issuer)
    return "WWW-Authenticate", f"Bearer authorization_uri={base}/oauth2/authorize resource_id={RESOURCE}"


def _tenant_url(issuer: str) -> str:
    parts = urlsplit(issuer)
    tenant = parts.path.strip("/").split("/")[0] or "common"
    return f"{parts.scheme}://{parts.netloc}/{tenant}"
