"""Shared access signatures: account, service and user delegation, in every layout since 2015-04-05.

A SAS is an ordered set of query fields; which of them are signed, and in which order, depends on the version
in `sv`. The layouts are a table: one row for each version that changed something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote

from harness.endpoint import Secret
from harness.signing.canonical import hmac_base64

_RESPONSE = ("rscc", "rscd", "rsce", "rscl", "rsct")
_KEY = ("skoid", "sktid", "skt", "ske", "sks", "skv")

FIELDS = frozenset(
    {
        *("sv", "ss", "srt", "sr", "se", "st", "sp", "sip", "spr", "sig", "si", "sdd", "ses", "srh", "srq"),
        *(*_KEY, "skdutid", "sduoid", "saoid", "suoid", "scid"),
        *_RESPONSE,
    }
)
"""Every query parameter that belongs to a shared access signature."""

Layouts = tuple[tuple[str, tuple[str, ...]], ...]
"""The fields that are signed, in their order, by the first version of which that is so."""

ACCOUNT_LAYOUTS: Layouts = (
    ("2015-04-05", ("account", "sp", "ss", "srt", "st", "se", "sip", "spr", "sv")),
    ("2020-12-06", ("account", "sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses")),
)
"""Account SAS: signed fields from this version on. Every field is ended by a newline, the last one too."""

SERVICE_LAYOUTS: Layouts = (
    ("2012-02-12", ("sp", "st", "se", "resource", "si", "sv")),
    ("2013-08-15", ("sp", "st", "se", "resource", "si", "sv", *_RESPONSE)),
    ("2015-04-05", ("sp", "st", "se", "resource", "si", "sip", "spr", "sv", *_RESPONSE)),
    ("2018-11-09", ("sp", "st", "se", "resource", "si", "sip", "spr", "sv", "sr", "snapshot", *_RESPONSE)),
    (
        "2020-12-06",
        ("sp", "st", "se", "resource", "si", "sip", "spr", "sv", "sr", "snapshot", "ses", *_RESPONSE),
    ),
)
"""Service SAS: signed fields from this version on, joined by newlines."""

_SAOID = ("saoid", "suoid", "scid")
_TAIL = ("sip", "spr", "sv", "sr", "snapshot")
DELEGATION_LAYOUTS: Layouts = (
    ("2018-11-09", ("sp", "st", "se", "resource", *_KEY, *_TAIL, *_RESPONSE)),
    ("2020-02-10", ("sp", "st", "se", "resource", *_KEY, *_SAOID, *_TAIL, *_RESPONSE)),
    ("2020-12-06", ("sp", "st", "se", "resource", *_KEY, *_SAOID, *_TAIL, "ses", *_RESPONSE)),
    (
        "2025-07-05",
        ("sp", "st", "se", "resource", *_KEY, *_SAOID, "skdutid", "sduoid", *_TAIL, "ses", *_RESPONSE),
    ),
    (
        "2026-04-06",
        (
            *("sp", "st", "se", "resource", *_KEY, *_SAOID, "skdutid", "sduoid", *_TAIL, "ses"),
            *("signed-headers", "signed-query"),
            *_RESPONSE,
        ),
    ),
)
"""User-delegation SAS: signed fields from this version on, joined by newlines."""


@dataclass(frozen=True, slots=True)
class UserDelegationKey:
    """What Get User Delegation Key answers. Times and ids go into the SAS as they came."""

    skoid: str  # object id of whoever asked
    sktid: str  # tenant
    skt: str  # start
    ske: str  # expiry
    sks: str  # service, "b"
    skv: str  # version
    value: Secret  # base64 key
    skdutid: str = ""  # tenant of the one user who may use it, if bound to one

    def fields(self) -> dict[str, str]:
        """The fields that the SAS carries, in their usual order."""
        return {name: getattr(self, name) for name in (*_KEY, "skdutid") if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Sas:
    """A SAS before it is signed.

    `fields` are its query fields, unencoded and in the order in which the token shall have them (without
    `sig`); `signed` are values that are signed and not carried: `account`, `resource`, `snapshot`, and the
    values of the request headers and query parameters that `srh` and `srq` name.
    """

    fields: Mapping[str, str]
    signed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    signed_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    signed_query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_SAFE = MappingProxyType({"srh": "/,", "srq": "/,"})


def resource_path(account: str, container: str, blob: str | None, version: str) -> str:
    """The resource that a service SAS is signed for. Names are decoded; the account stands once."""
    kind = "" if version < "2015-02-21" else "/blob"
    return f"{kind}/{account}/{container}" + ("" if blob is None else f"/{blob}")


def string_to_sign(sas: Sas) -> str:
    """The text that the signature covers, by version and kind. Raises `ValueError`: no such layout."""
    version = sas.fields.get("sv", "")
    if "srt" in sas.fields:
        return "".join(f"{_field(sas, name)}\n" for name in _layout(ACCOUNT_LAYOUTS, version))
    table = DELEGATION_LAYOUTS if "skoid" in sas.fields else SERVICE_LAYOUTS
    return "\n".join(_field(sas, name) for name in _layout(table, version))


def sign(sas: Sas, key: Secret) -> str:
    """The whole token, signed with an account key or the value of a user delegation key."""
    return token({**sas.fields, "sig": signature(sas, key)})


def signature(sas: Sas, key: Secret) -> str:
    """The value of `sig`, unencoded."""
    return hmac_base64(key.reveal(), string_to_sign(sas))


def token(fields: Mapping[str, str]) -> str:
    """Fields as a query string, without "?"."""
    return "&".join(f"{name}={quote(value, safe=_SAFE.get(name, '/'))}" for name, value in fields.items())


def _layout(table: Layouts, version: str) -> tuple[str, ...]:
    for since, fields in reversed(table):
        if version >= since:
            return fields
    raise ValueError(f"no layout for SAS version {version!r}; the oldest is {table[0][0]}")


def _field(sas: Sas, name: str) -> str:
    match name:
        case "signed-headers":
            return "".join(f"{key}:{value}\n" for key, value in sas.signed_headers.items())
        case "signed-query":
            return "".join(f"\n{key}:{value}" for key, value in sas.signed_query.items())
    return sas.signed.get(name) or sas.fields.get(name, "")
