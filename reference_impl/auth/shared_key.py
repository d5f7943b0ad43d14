"""Shared Key and Shared Key Lite: the string to sign of a request, and whether its signature is ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from reference_impl.auth import canonical
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.query import Query
from reference_impl.protocol.times import parse_http_date

CLOCK_SKEW = 15 * 60
_SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


class RequestHeaders(Protocol):
    """The part of the request headers that signatures need."""

    def get(self, name: str) -> str | None:
        """First value of a header, by lower-case name."""
        ...

    def items(self) -> Sequence[tuple[str, str]]:
        """All raw pairs."""
        ...


def failed(detail: str) -> BlobError:
    """403 AuthenticationFailed with a detail, as the front end sends it."""
    return BlobError("AuthenticationFailed", elements=(("AuthenticationErrorDetail", detail),), edge=True)


def sign(key: bytes, text: str) -> str:
    """Base64 HMAC-SHA256 of a string to sign."""
    mac = hmac.digest(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256)
    return base64.b64encode(mac).decode("ascii")


def same(left: str, right: str) -> bool:
    """Constant-time comparison of two signatures."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def strings_to_sign(
    method: str, account: str, path: str, query: Query, headers: RequestHeaders, *, lite: bool = False
) -> Iterator[str]:
    """Every string that a correct client may have signed: one for each header order.

    `path` is the raw path as sent, including the account when the request is path style.
    """
    dated = headers.get("x-ms-date") is not None
    if lite:
        lines = [
            method,
            _value(headers, "content-md5"),
            _value(headers, "content-type"),
            _value(headers, "date"),
        ]
        tail = canonical.lite_resource(account, path, query)
    else:
        lines = [method]
        for name in _SIGNED:
            value = _value(headers, name)
            if (name == "date" and dated) or (name == "content-length" and value == "0"):
                value = ""
            lines.append(value)
        tail = canonical.resource(account, path, query)
    head = "\n".join(lines) + "\n"
    for block in canonical.header_blocks(headers.items()):
        yield f"{head}{block}{tail}"


def _value(headers: RequestHeaders, name: str) -> str:
    value = headers.get(name)
    return "" if value is None else canonical.text(value)


def check_date(headers: RequestHeaders, now: float) -> None:
    """Refuse a request without a readable date, or more than 15 minutes from ours."""
    date = headers.get("x-ms-date") or headers.get("date")
    moment = parse_http_date(date) if date else None
    if moment is None:
        raise failed("Request date header not specified")
    if abs(now - moment) > CLOCK_SKEW:
        raise failed(f"Request date header too old: '{date}'")


def verify(
    credential: str,
    *,
    scheme: str,
    method: str,
    account: str,
    path: str,
    query: Query,
    headers: RequestHeaders,
    keys: Mapping[str, bytes],
    now: float,
) -> None:
    """Check `Authorization: SharedKey account:signature`; returns when it is right.

    `credential` is what follows the scheme. Raises 400 InvalidAuthenticationInfo for a malformed header,
    403 AuthenticationFailed for everything else.
    """
    name, colon, signature = credential.partition(":")
    if not colon or not name or not signature:
        raise BlobError("InvalidAuthenticationInfo", edge=True)
    check_date(headers, now)
    key = keys.get(name)
    if key is None or name != account:
        raise failed(f"The account '{name}' of the Authorization header is not the account of the request.")
    last = ""
    for text in strings_to_sign(method, account, path, query, headers, lite=scheme == "sharedkeylite"):
        if same(sign(key, text), signature):
            return
        last = last or text
    raise failed(
        f"The MAC signature found in the HTTP request '{signature}' is not the same as any computed "
        f"signature. Server used following string to sign: '{last}'."
    )
