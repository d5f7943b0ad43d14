"""Shared access signatures: reading one off the query, checking signature, times, addresses and protocol."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reference_impl.auth import delegation, sas_strings
from reference_impl.auth.principal import Grant, Kind, Principal
from reference_impl.auth.shared_key import failed, same, sign
from reference_impl.protocol import versions
from reference_impl.protocol.errors import BlobError, invalid_query
from reference_impl.protocol.query import Query
from reference_impl.protocol.times import http_date, parse_iso

_FIELDS = frozenset(
    {"sv", "ss", "srt", "sr", "sp", "st", "se", "sip", "spr", "si", "sig", "sdd", "ses", "srh", "srq"}
    | {"skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "skdutid", "sduoid"}
    | {"rscc", "rscd", "rsce", "rscl", "rsct"}
)
_OVERRIDES = {
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rsct": "Content-Type",
}
# Since when a service SAS may be for each kind of resource. Before 2018-11-09 the kind is not signed, so a
# kind that did not exist yet would let whoever holds a SAS widen it.
_RESOURCES = {"b": "", "c": "", "bs": "2018-11-09", "bv": "2019-12-12", "d": "2020-02-10"}
_DEPTH_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """A stored access policy; empty text means that the field is left to the SAS."""

    start: str = ""
    expiry: str = ""
    permissions: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a SAS is checked against: the request's resource, and where the request came from.

    `header` and `parameter` look up request headers and query parameters; `policy` finds a stored access
    policy of the container by id, or None. `now` is Unix time.
    """

    account: str
    container: str | None
    blob: str | None
    snapshot: str
    scheme: str
    client_ip: str
    now: float
    header: Callable[[str], str | None]
    parameter: Callable[[str], str | None]
    policy: Callable[[str], Policy | None]


def fields(query: Query) -> Mapping[str, str] | None:
    """The SAS fields of a query, or None when there is no signature in it."""
    if "sig" not in query:
        return None
    found: dict[str, str] = {}
    for name, value in query:
        if name in _FIELDS:
            found.setdefault(name, value)
    return found


def verify(sas: Mapping[str, str], keys: Mapping[str, bytes], setting: Setting) -> Principal:
    """The caller that a SAS makes of a request, or 403 with the service's detail text."""
    if sas.get("sv", "") not in versions.SAS_ACCEPTED:
        raise failed(
            "sv is mandatory. Cannot be empty" if not sas.get("sv") else "sv is not a supported version"
        )
    if not sas.get("sig"):
        raise failed("sig is mandatory. Cannot be empty")
    key = keys.get(setting.account)
    if key is None:
        raise failed("Signature did not match. The account does not exist.")
    if "ss" in sas or "srt" in sas:
        return _account(sas, key, setting)
    since = _RESOURCES.get(sas.get("sr", ""))
    if since is None or sas["sv"] < since:
        raise failed("sr is mandatory. Cannot be empty" if not sas.get("sr") else "sr is not supported")
    if "skoid" in sas:
        return _delegated(sas, key, setting)
    return _service(sas, key, setting)


def _account(sas: Mapping[str, str], key: bytes, setting: Setting) -> Principal:
    _require(sas, "ss", "srt", "sp", "se")
    _compare(sas, key, sas_strings.account(setting.account, sas))
    _check_window(sas.get("st", ""), sas["se"], setting.now)
    _check_where(sas, setting)
    if "b" not in sas["ss"]:
        raise BlobError("AuthorizationServiceMismatch", edge=True)
    return _principal("account-sas", sas, sas["sp"], types=sas["srt"])


def _service(sas: Mapping[str, str], key: bytes, setting: Setting) -> Principal:
    _compare(sas, key, sas_strings.service(sas, _resource(sas, setting), _snapshot(sas, setting)))
    policy = Policy()
    if sas.get("si"):
        found = setting.policy(sas["si"])
        if found is None:
            raise failed("SAS identifier cannot be found for specified signed identifier")
        policy = found
    merged = {
        name: _merge(name, sas.get(name, ""), stored)
        for name, stored in (("st", policy.start), ("se", policy.expiry), ("sp", policy.permissions))
    }
    _require(merged, "sp", "se")
    _check_window(merged["st"], merged["se"], setting.now)
    _check_where(sas, setting)
    return _principal("service-sas", sas, merged["sp"])


def _delegated(sas: Mapping[str, str], key: bytes, setting: Setting) -> Principal:
    _require(sas, "sp", "se", "skoid", "sktid", "ske", "sks", "skv")
    if sas.get("si"):
        raise failed("si is not allowed in a user delegation SAS")
    text = sas_strings.user_delegation(
        sas, _resource(sas, setting), _snapshot(sas, setting), setting.header, setting.parameter
    )
    terms = delegation.KeyTerms.of(sas)
    for role in delegation.ROLES:
        if same(sign(delegation.derive(key, terms, role), text), sas["sig"]):
            break
    else:
        raise _mismatch(text)
    _check_window(sas.get("st", ""), sas["se"], setting.now)
    _check_key_window(sas, setting.now)
    _check_where(sas, setting)
    return _principal("delegation-sas", sas, sas["sp"], grants=(Grant(role),))


def _principal(
    kind: Kind, sas: Mapping[str, str], letters: str, *, types: str = "", grants: tuple[Grant, ...] = ()
) -> Principal:
    # An account SAS does not sign overrides, so it has none.
    chosen = [name for name in _OVERRIDES if sas.get(name) and kind != "account-sas"]
    overrides = {_OVERRIDES[name]: _header_text(name, sas[name]) for name in chosen}
    return Principal(
        kind,
        frozenset(letters),
        frozenset(types),
        grants,
        MappingProxyType(overrides),
    )


def _header_text(name: str, value: str) -> str:
    """An override as a header carries it; one with a line break or the like is refused."""
    if not value.isprintable():
        raise invalid_query(name, value)
    return value.encode("utf-8").decode("latin-1")


def _require(sas: Mapping[str, str], *names: str) -> None:
    for name in names:
        if not sas.get(name):
            raise failed(f"{name} is mandatory. Cannot be empty")


def _merge(name: str, own: str, stored: str) -> str:
    if own and stored:
        raise failed(f"{name} is set both in the signature and in the stored access policy")
    return own or stored


def _compare(sas: Mapping[str, str], key: bytes, text: str) -> None:
    if not same(sign(key, text), sas["sig"]):
        raise _mismatch(text)


def _mismatch(text: str) -> BlobError:
    return failed(f"Signature did not match. String to sign used was {text}")


def _resource(sas: Mapping[str, str], setting: Setting) -> str:
    """The canonical resource: what `sr` says the signature covers, filled in from the request."""
    base = f"/blob/{setting.account}/{setting.container or ''}"
    kind = sas.get("sr", "")
    if kind == "d":
        depth = sas.get("sdd", "")
        if not (depth.isascii() and depth.isdigit() and len(depth) <= _DEPTH_DIGITS):
            raise failed("sdd is mandatory. Cannot be empty")
        parts = (setting.blob or "").split("/")[: int(depth)]
        return "/".join((base, *parts)) if int(depth) else base
    if kind == "c" or setting.blob is None:
        return base
    return f"{base}/{setting.blob}"


def _snapshot(sas: Mapping[str, str], setting: Setting) -> str:
    return setting.snapshot if sas.get("sr") in ("bs", "bv") else ""


def _moment(name: str, text: str) -> int:
    seconds = parse_iso(text)
    if seconds is None:
        raise failed(f"{name} is not a valid time")
    return seconds


def _bracket(text: str) -> str:
    seconds = parse_iso(text) if text else None
    return "[]" if seconds is None else f"[{http_date(seconds)}]"


def _check_window(start: str, expiry: str, now: float) -> None:
    end = _moment("se", expiry)
    begin = _moment("st", start) if start else None
    if begin is not None and end <= begin:
        raise failed(
            f"Signed expiry time {_bracket(expiry)} has to be after signed start time {_bracket(start)}"
        )
    if now >= end or (begin is not None and now < begin):
        raise failed(
            f"Signature not valid in the specified time frame: Start {_bracket(start)} - "
            f"Expiry {_bracket(expiry)} - Current [{http_date(int(now))}]"
        )


def _check_key_window(sas: Mapping[str, str], now: float) -> None:
    start, expiry = sas.get("skt", ""), sas["ske"]
    if now >= _moment("ske", expiry) or (start and now < _moment("skt", start)):
        raise failed(
            f"Signature not valid in the specified key time frame: Key start {_bracket(start)} - "
            f"Key expiry {_bracket(expiry)} - Current [{http_date(int(now))}]"
        )


def _check_where(sas: Mapping[str, str], setting: Setting) -> None:
    protocol = sas.get("spr", "")
    if protocol and setting.scheme not in protocol.split(","):
        raise BlobError("AuthorizationProtocolMismatch")
    allowed = sas.get("sip", "")
    if allowed and not _in_range(setting.client_ip, allowed):
        raise BlobError(
            "AuthorizationSourceIPMismatch",
            message="This request is not authorized to perform this operation using this source IP "
            f"{setting.client_ip}.",
            elements=(("SourceIP", setting.client_ip),),
        )


def _in_range(address: str, allowed: str) -> bool:
    low, _, high = allowed.partition("-")
    try:
        bounds = ipaddress.ip_address(low), ipaddress.ip_address(high or low)
        own = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not own.version == bounds[0].version == bounds[1].version:
        return False
    return int(bounds[0]) <= int(own) <= int(bounds[1])
