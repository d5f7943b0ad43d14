"""Shared Key and Shared Key Lite: the string to sign and the Authorization header."""

from __future__ import annotations

from dataclasses import dataclass

from harness.exchange import Headers, header
from harness.signing.canonical import (
    canonical_headers,
    canonical_resource,
    canonical_resource_lite,
    hmac_base64,
)

_SIGNED = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-MD5",
    "Content-Type",
    "Date",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
)
_ZERO_LENGTH_UNTIL = "2014-02-14"  # up to this version a length of 0 is signed as "0", later as nothing


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a request is signed."""

    method: str
    target: str  # as on the request line
    headers: Headers


def string_to_sign(parts: Parts, account: str, *, ordinal: bool = False) -> str:
    """The text that a Shared Key signature covers.

    `ordinal` sorts the x-ms- headers by code point, as Go and others do; the service accepts either order.
    """
    lines = [parts.method.upper()]
    lines += [_standard(parts.headers, name) for name in _SIGNED]
    return (
        "\n".join(lines)
        + "\n"
        + canonical_headers(parts.headers, ordinal=ordinal)
        + canonical_resource(account, parts.target)
    )


def string_to_sign_lite(parts: Parts, account: str) -> str:
    """The text that a Shared Key Lite signature covers."""
    lines = [parts.method.upper()]
    lines += [header(parts.headers, name) or "" for name in ("Content-MD5", "Content-Type")]
    lines.append(
        "" if header(parts.headers, "x-ms-date") is not None else header(parts.headers, "Date") or ""
    )
    return (
        "\n".join(lines)
        + "\n"
        + canonical_headers(parts.headers)
        + canonical_resource_lite(account, parts.target)
    )


def authorization(parts: Parts, account: str, key: str, *, lite: bool = False, ordinal: bool = False) -> str:
    """The value of the Authorization header. Raises `ValueError` when the key is no base64."""
    if lite:
        return f"SharedKeyLite {account}:{hmac_base64(key, string_to_sign_lite(parts, account))}"
    return f"SharedKey {account}:{hmac_base64(key, string_to_sign(parts, account, ordinal=ordinal))}"


def _standard(headers: Headers, name: str) -> str:
    value = (header(headers, name) or "").strip()
    if name == "Content-Length" and value == "0":
        version = header(headers, "x-ms-version")
        return "0" if version is not None and version <= _ZERO_LENGTH_UNTIL else ""
    if name == "Date" and header(headers, "x-ms-date") is not None:
        return ""
    return value
