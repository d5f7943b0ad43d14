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
    ordinal: bool = False  # x-ms- headers in the order of their bytes, as Go signs them


@dataclass(frozen=True, slots=True)
class Bearer:
    """An Entra ID token."""

    tamper: Literal["signature", "expired", "audience", "issuer"] | None = None
    # changes to the claims, where the issuer is ours
    claims: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


Times = Literal["day", "minute", "second", "fraction"]
"""How start and expiry of a SAS are written: to the day, minute or second, or with seven digits of one."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """What is done to a SAS that a tool would not do: fields of one's own, signed or slipped in later."""

    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # set before signing
    # set after signing; None: taken out
    change: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    tamper: Literal["signature"] | None = None


@dataclass(frozen=True, slots=True)
class AccountSas:
    """A SAS of the account. Times are relative to now; None leaves the field out."""

    permissions: str | None = "rwdlac"
    services: str = "b"
    resources: str = "sco"
    start: timedelta | None = None
    expiry: timedelta | None = timedelta(hours=1)
    times: Times = "second"
    ip: str | None = None
    protocol: str | None = None
    version: str | None = None
    sorted: bool = False  # all parameters of the query by name, as AzCopy sends them
    spoilt: Spoilt = field(default_factory=Spoilt)


@dataclass(frozen=True, slots=True)
class GivenKey:
    """A user delegation key that the case asked for itself, as it was answered."""

    object: str
    tenant: str
    start: str
    expiry: str
    version: str
    value: str = field(repr=False)
    delegated_tenant: str = ""


@dataclass(frozen=True, slots=True)
class ServiceSas:
    """A SAS of one container, blob or snapshot, signed with the account key or a user delegation key."""

    resource: Literal["container", "blob", "snapshot"]
    of: str | None = None  # CONTAINER or CONTAINER/BLOB; None: what the target names
    permissions: str | None = "r"
    start: timedelta | None = None
    expiry: timedelta | None = timedelta(hours=1)
    times: Times = "second"
    ip: str | None = None
    protocol: str | None = None
    # rscc, rscd, rsce, rscl, rsct
    response_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str | None = None
    identifier: str | None = None  # of a stored access policy
    snapshot: str | None = None  # the one it is for
    delegated: bool = False
    key: GivenKey | None = None  # None: one that the runner asks for
    # what the request must have, where the SAS is to say so: name to value
    signed_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    signed_query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sorted: bool = False
    spoilt: Spoilt = field(default_factory=Spoilt)


AuthSpec = Default | Anonymous | SharedKey | Bearer | AccountSas | ServiceSas

_OFFSET = re.compile(r"([+-])(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WORDS: Mapping[str, AuthSpec] = MappingProxyType(
    {"default": Default(), "anonymous": Anonymous(), "shared-key": SharedKey(), "bearer": Bearer()}
)
_SAS_KEYS = frozenset(
    {"permissions", "start", "expiry", "times", "ip", "protocol", "version", "sorted"}
    | {"fields", "change", "tamper"}
)
_ACCOUNT_KEYS = _SAS_KEYS | {"services", "resources"}
_SERVICE_KEYS = _SAS_KEYS | {"resource", "of", "response-headers", "identifier", "snapshot"}
_DELEGATED_KEYS = _SERVICE_KEYS | {"key", "signed-headers", "signed-query"}
_KEY_PARTS = frozenset({"object", "tenant", "start", "expiry", "version", "value"})
_ABSENT = "absent"
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
            _only(kind, options, {"tamper", "lite", "ordinal"})
            tamper = _choice(kind, options, "tamper", ("signature", "key", "date", "account"))
            return SharedKey(
                cast("Literal['signature', 'key', 'date', 'account'] | None", tamper),
                bool(options.get("lite", False)),
                bool(options.get("ordinal", False)),
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
        permissions=_letters(options, default.permissions),
        services=_text(options, "services") or default.services,
        resources=_text(options, "resources") or default.resources,
        start=_offset(options, "start", None),
        expiry=_offset(options, "expiry", default.expiry),
        times=_times(kind, options),
        ip=_text(options, "ip"),
        protocol=_text(options, "protocol"),
        version=_text(options, "version"),
        sorted=bool(options.get("sorted", False)),
        spoilt=_spoilt(kind, options),
    )


def _service(kind: str, options: Mapping[str, object]) -> ServiceSas:
    delegated = kind == "user-delegation-sas"
    _only(kind, options, _DELEGATED_KEYS if delegated else _SERVICE_KEYS)
    of = _text(options, "of")
    resource = _choice(kind, options, "resource", ("container", "blob", "snapshot"))
    if resource is None:
        resource = "container" if of is not None and "/" not in of else "blob"
    snapshot = _text(options, "snapshot")
    if (resource == "snapshot") != (snapshot is not None):
        raise AuthSpecError(f"{kind} needs `resource: snapshot` and `snapshot` together")
    overrides = _texts(kind, options, "response-headers")
    if set(overrides) - _RESPONSE_HEADERS:
        raise AuthSpecError(f"response-headers of {kind} are a mapping of rscc, rscd, rsce, rscl, rsct")
    default = ServiceSas("blob")
    return ServiceSas(
        resource=cast("Literal['container', 'blob', 'snapshot']", resource),
        of=of,
        permissions=_letters(options, default.permissions),
        start=_offset(options, "start", None),
        expiry=_offset(options, "expiry", default.expiry),
        times=_times(kind, options),
        ip=_text(options, "ip"),
        protocol=_text(options, "protocol"),
        response_headers=overrides,
        version=_text(options, "version"),
        identifier=_text(options, "identifier"),
        snapshot=snapshot,
        delegated=delegated,
        key=_key(kind, options),
        signed_headers=_texts(kind, options, "signed-headers"),
        signed_query=_texts(kind, options, "signed-query"),
        sorted=bool(options.get("sorted", False)),
        spoilt=_spoilt(kind, options),
    )


def _spoilt(kind: str, options: Mapping[str, object]) -> Spoilt:
    change = options.get("change", {})
    if not isinstance(change, Mapping):
        raise AuthSpecError(f"change of {kind} is no mapping: {change!r}")
    return Spoilt(
        _texts(kind, options, "fields"),
        MappingProxyType({str(key): None if value is None else str(value) for key, value in change.items()}),
        cast("Literal['signature'] | None", _choice(kind, options, "tamper", ("signature",))),
    )


def _key(kind: str, options: Mapping[str, object]) -> GivenKey | None:
    parts = _texts(kind, options, "key")
    if not parts:
        return None
    if not set(parts) >= _KEY_PARTS or set(parts) - _KEY_PARTS - {"delegated-tenant"}:
        raise AuthSpecError(
            f"key of {kind} has {', '.join(sorted(_KEY_PARTS))}, and perhaps delegated-tenant: "
            "what Get User Delegation Key answered"
        )
    return GivenKey(**{name.replace("-", "_"): value for name, value in parts.items()})


def _letters(options: Mapping[str, object], default: str | None) -> str | None:
    value = _text(options, "permissions")
    return default if value is None else None if value == _ABSENT else value


def _times(kind: str, options: Mapping[str, object]) -> Times:
    known = ("day", "minute", "second", "fraction")
    return cast("Times", _choice(kind, options, "times", known) or "second")


def _texts(kind: str, options: Mapping[str, object], key: str) -> Mapping[str, str]:
    """A mapping of texts; empty where there is none."""
    value = options.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise AuthSpecError(f"{key} of {kind} is no mapping: {value!r}")
    return MappingProxyType({str(name): str(text) for name, text in (value or {}).items()})


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


def _offset(options: Mapping[str, object], key: str, default: timedelta | None) -> timedelta | None:
    value = _text(options, key)
    return default if value is None else None if value == _ABSENT else parse_offset(value)
