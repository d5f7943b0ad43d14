"""How a step is authorised: the values of `auth:` in a case, parsed once into frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, cast


class AuthSpecError(ValueError):
    """An `auth:` value that means nothing. The text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Default:
    """As the endpoint is configured: its key, else its SAS, else its tokens, else nothing."""


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No credentials at all."""


@dataclass(frozen=True, slots=True)
class SharedKey:
    """Signed with the account key."""

    tamper: Literal["signature", "key", "date", "account"] | None = None
    lite: bool = False


@dataclass(frozen=True, slots=True)
class Bearer:
    """An Entra ID token."""

    tamper: Literal["signature", "expired", "audience", "issuer"] | None = None
    # changes to the claims, where the issuer is ours
    claims: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class AccountSas:
    """A SAS of the account. Times are relative to now."""

    permissions: str = "rwdlac"
    services: str = "b"
    resources: str = "sco"
    start: timedelta | None = None
    expiry: timedelta = timedelta(hours=1)
    ip: str | None = None
    protocol: str | None = None
    version: str | None = None
    tamper: Literal["signature"] | None = None


@dataclass(frozen=True, slots=True)
class ServiceSas:
    """A SAS of one container or blob, signed with the account key or a user delegation key."""

    resource: Literal["container", "blob"]
    of: str | None = None  # CONTAINER or CONTAINER/BLOB; None: what the target names
    permissions: str = "r"
    start: timedelta | None = None
    expiry: timedelta = timedelta(hours=1)
    ip: str | None = None
    protocol: str | None = None
    # rscc, rscd, rsce, rscl, rsct
    response_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str | None = None
    delegated: bool = False
    tamper: Literal["signature"] | None = None


AuthSpec = Default | Anonymous | SharedKey | Bearer | AccountSas | ServiceSas

_OFFSET = re.compile(r"([+-])(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WORDS: Mapping[str, AuthSpec] = MappingProxyType(
    {"default": Default(), "anonymous": Anonymous(), "shared-key": SharedKey(), "bearer": Bearer()}
)
_SAS_KEYS = frozenset({"permissions", "start", "expiry", "ip", "protocol", "version", "tamper"})
_ACCOUNT_KEYS = _SAS_KEYS | {"services", "resources"}
_SERVICE_KEYS = _SAS_KEYS | {"resource", "of", "response-headers"}
_RESPONSE_HEADERS = frozenset({"rscc", "rscd", "rsce", "rscl", "rsct"})


def parse_auth(value: object) -> AuthSpec:
    """An `auth:` value of a case (a word, or a mapping with one key). Raises `AuthSpecError`."""
    if value is None:
        return Default()
    if isinstance(value, str):
        if value in _WORDS:
            return _WORDS[value]
        return _mapping(value, {})
    if isinstance(value, Mapping) and len(value) == 1:
        (kind, options), *_ = value.items()
        if isinstance(options, Mapping) or options is None:
            return _mapping(str(kind), cast("Mapping[str, object]", options or {}))
    raise AuthSpecError(f"auth is neither a word nor a mapping with one key: {value!r}")


def parse_offset(text: str) -> timedelta:
    """An offset such as `+1h` or `-90s` (s, m, h, d). Raises `AuthSpecError`."""
    match = _OFFSET.fullmatch(text)
    if not match:
        raise AuthSpecError(f"not an offset like -1h or +1d: {text!r}")
    amount = int(match.group(1) + match.group(2))
    return timedelta(**{_UNITS[match.group(3)]: amount})


def _mapping(kind: str, options: Mapping[str, object]) -> AuthSpec:
    match kind:
        case "shared-key":
            _only(kind, options, {"tamper", "lite"})
            tamper = _choice(kind, options, "tamper", ("signature", "key", "date", "account"))
            return SharedKey(
                cast("Literal['signature', 'key', 'date', 'account'] | None", tamper),
                bool(options.get("lite", False)),
            )
        case "bearer":
            _only(kind, options, {"tamper", "claims"})
            tamper = _choice(kind, options, "tamper", ("signature", "expired", "audience", "issuer"))
            claims = options.get("claims", {})
            if not isinstance(claims, Mapping):
                raise AuthSpecError(f"claims of bearer is no mapping: {claims!r}")
            return Bearer(
                cast("Literal['signature', 'expired', 'audience', 'issuer'] | None", tamper),
                MappingProxyType(dict(claims)),
            )
        case "account-sas":
            return _account(options)
        case "service-sas" | "user-delegation-sas":
            return _service(kind, options)
    raise AuthSpecError(f"unknown auth: {kind!r}")


def _account(options: Mapping[str, object]) -> AccountSas:
    kind = "account-sas"
    _only(kind, options, _ACCOUNT_KEYS)
    default = AccountSas()
    return AccountSas(
        permissions=_text(options, "permissions") or default.permissions,
        services=_text(options, "services") or default.services,
        resources=_text(options, "resources") or default.resources,
        start=_offset(options, "start"),
        expiry=_offset(options, "expiry") or default.expiry,
        ip=_text(options, "ip"),
        protocol=_text(options, "protocol"),
        version=_text(options, "version"),
        tamper=cast("Literal['signature'] | None", _choice(kind, options, "tamper", ("signature",))),
    )


def _service(kind: str, options: Mapping[str, object]) -> ServiceSas:
    _only(kind, options, _SERVICE_KEYS)
    of = _text(options, "of")
    resource = _choice(kind, options, "resource", ("container", "blob"))
    if resource is None:
        resource = "container" if of is not None and "/" not in of else "blob"
    overrides = options.get("response-headers", {})
    if not isinstance(overrides, Mapping) or set(overrides) - _RESPONSE_HEADERS:
        raise AuthSpecError(f"response-headers of {kind} are a mapping of rscc, rscd, rsce, rscl, rsct")
    return ServiceSas(
        resource=cast("Literal['container', 'blob']", resource),
        of=of,
        permissions=_text(options, "permissions") or "r",
        start=_offset(options, "start"),
        expiry=_offset(options, "expiry") or timedelta(hours=1),
        ip=_text(options, "ip"),
        protocol=_text(options, "protocol"),
        response_headers=MappingProxyType({str(key): str(value) for key, value in overrides.items()}),
        version=_text(options, "version"),
        delegated=kind == "user-delegation-sas",
        tamper=cast("Literal['signature'] | None", _choice(kind, options, "tamper", ("signature",))),
    )


def _only(kind: str, options: Mapping[str, object], known: frozenset[str] | set[str]) -> None:
    if unknown := sorted(set(options) - known):
        raise AuthSpecError(f"{kind} has no {', '.join(unknown)}; it has: {', '.join(sorted(known))}")


def _choice(kind: str, options: Mapping[str, object], key: str, known: tuple[str, ...]) -> str | None:
    value = _text(options, key)
    if value is not None and value not in known:
        raise AuthSpecError(f"{key} of {kind} is one of {', '.join(known)}, not {value!r}")
    return value


def _text(options: Mapping[str, object], key: str) -> str | None:
    value = options.get(key)
    return None if value is None else str(value)


def _offset(options: Mapping[str, object], key: str) -> timedelta | None:
    value = _text(options, key)
    return None if value is None else parse_offset(value)
