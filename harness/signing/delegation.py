"""Get User Delegation Key: asked of the endpoint once, then kept until it is about to expire."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from xml.etree import ElementTree

from harness.endpoint import Endpoint, Secret, TokenSource
from harness.exchange import Exchange, Headers
from harness.signing.bearer import authorization
from harness.signing.canonical import http_date, sas_time
from harness.signing.sas import UserDelegationKey
from harness.wire.dial import dial
from harness.wire.message import WireRequest

_LIFETIME = timedelta(hours=4)
_BEFORE_EXPIRY = timedelta(minutes=10)
_CLOCK_SKEW = timedelta(minutes=5)

_cache: dict[tuple[str, str, str], tuple[TokenSource, datetime, UserDelegationKey]] = {}
_lock = threading.Lock()


class DelegationKeyError(Exception):
    """The endpoint gave no user delegation key. The text says what it answered."""

    def __init__(self, message: str, exchange: Exchange) -> None:
        super().__init__(message)
        self.exchange = exchange


def secure_face(endpoint: Endpoint) -> str | None:
    """The address to send bearer tokens to: HTTPS where the endpoint has it, since tokens need it."""
    if endpoint.url.startswith("https:"):
        return None
    return next((name for name in ("https", "host-https") if name in endpoint.also), None)


def delegation_key(endpoint: Endpoint, now: datetime) -> UserDelegationKey:
    """The endpoint's key for user-delegation SAS; asked for when there is none that lives long enough.

    Raises `DelegationKeyError`, and `ValueError` when the endpoint has no token source.
    """
    if endpoint.tokens is None:
        raise ValueError(f"endpoint {endpoint.name} has no token source")
    place = (endpoint.url, endpoint.account, endpoint.version)  # the key has the version it was asked under
    with _lock:
        held = _cache.get(place)
        if held and held[0] is endpoint.tokens and held[1] - _BEFORE_EXPIRY > now:
            return held[2]
        expiry = now + _LIFETIME
        key = fetch_delegation_key(endpoint, now - _CLOCK_SKEW, expiry, now)
        _cache[place] = (endpoint.tokens, expiry, key)
        return key


def fetch_delegation_key(
    endpoint: Endpoint, start: datetime, expiry: datetime, now: datetime
) -> UserDelegationKey:
    """Ask the endpoint for a key that lives from `start` to `expiry`. Raises as `delegation_key` does."""
    if endpoint.tokens is None:
        raise ValueError(f"endpoint {endpoint.name} has no token source")
    face = endpoint.face(secure_face(endpoint))
    body = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<KeyInfo><Start>{sas_time(start)}</Start><Expiry>{sas_time(expiry)}</Expiry></KeyInfo>"
    ).encode()
    headers: Headers = (
        ("Host", face.authority),
        ("x-ms-date", http_date(now)),
        ("x-ms-version", endpoint.version),
        ("Content-Type", "application/xml"),
        ("Content-Length", str(len(body))),
        ("Authorization", authorization(endpoint.tokens.token())),
    )
    target = f"{face.prefix}/?restype=service&comp=userdelegationkey"
    with dial(endpoint, face.name, timeout=15) as connection:
        exchange = connection.exchange(WireRequest("POST", target, headers, body))
    return _parse(endpoint, exchange)


def _parse(endpoint: Endpoint, exchange: Exchange) -> UserDelegationKey:
    response = exchange.response
    if response is None or exchange.failure:
        raise DelegationKeyError(
            f"{endpoint.name} did not answer Get User Delegation Key: {exchange.failure}", exchange
        )
    if response.status != 200:
        raise DelegationKeyError(
            f"{endpoint.name} answered Get User Delegation Key with {response.status} {response.reason}",
            exchange,
        )
    try:
        root = ElementTree.fromstring(response.body.data or b"")  # noqa: S314 - expat bounds entity expansion
        return UserDelegationKey(
            skoid=_text(root, "SignedOid"),
            sktid=_text(root, "SignedTid"),
            skt=_text(root, "SignedStart"),
            ske=_text(root, "SignedExpiry"),
            sks=_text(root, "SignedService"),
            skv=_text(root, "SignedVersion"),
            value=Secret(_text(root, "Value")),
        )
    except (ElementTree.ParseError, LookupError) as error:
        raise DelegationKeyError(f"{endpoint.name} gave no user delegation key: {error}", exchange) from None


def _text(root: ElementTree.Element, name: str) -> str:
    value = root.findtext(name)
    if not value:
        raise LookupError(f"the answer has no {name}")
    return value
