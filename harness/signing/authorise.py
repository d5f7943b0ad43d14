"""Puts the credentials that a step asks for onto a request. Everything else of the request stays as it is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import unquote

from harness.endpoint import Endpoint, Face, Secret
from harness.exchange import Headers
from harness.signing import bearer, sas, shared_key
from harness.signing.canonical import http_date, sas_time, split_target
from harness.signing.delegation import delegation_key, secure_face
from harness.signing.spec import (
    AccountSas,
    Anonymous,
    AuthSpec,
    Bearer,
    Default,
    GivenKey,
    ServiceSas,
    SharedKey,
    Spoilt,
    Times,
)

_WRONG_KEY = Secret(base64.b64encode(hashlib.sha512(b"not the key of any account").digest()).decode())
_WRONG_ACCOUNT = "blobproofnobody"
_TOO_OLD = timedelta(hours=1)
_KINDS = MappingProxyType({"container": "c", "blob": "b", "snapshot": "bs"})
_TIMES: Mapping[Times, Callable[[datetime], str]] = MappingProxyType(
    {
        "day": lambda moment: sas_time(moment)[:10],
        "minute": lambda moment: sas_time(moment)[:16] + "Z",
        "second": sas_time,
        "fraction": lambda moment: sas_time(moment)[:19] + ".0000000Z",
    }
)

Delegation = Callable[[Endpoint, datetime], sas.UserDelegationKey]


class CredentialMissingError(Exception):
    """A credential that a step needs cannot be had here: the step is not applicable. The text says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Authorised:
    """What of a request authorising may change."""

    target: str
    headers: Headers


def face_for(auth: AuthSpec, endpoint: Endpoint) -> str | None:
    """The address that a step with this `auth:` goes to: HTTPS for bearer tokens where there is one."""
    effective = effective_auth(auth, endpoint)
    return secure_face(endpoint) if isinstance(effective, Bearer) else None


def effective_auth(auth: AuthSpec, endpoint: Endpoint) -> AuthSpec:
    """What `default` means for this endpoint; anything else is itself.

    A `default` that stays `Default` stands for the configured SAS.
    """
    if not isinstance(auth, Default) or (endpoint.sas is not None and endpoint.key is None):
        return auth
    if endpoint.key is not None:
        return SharedKey()
    return Anonymous() if endpoint.tokens is None else Bearer()


def authorise(
    method: str,
    target: str,
    headers: Headers,
    endpoint: Endpoint,
    auth: AuthSpec,
    now: datetime,
    *,
    face: str | None = None,
    delegation: Delegation = delegation_key,
) -> Authorised:
    """The target and headers with credentials: `Authorization` comes last, a SAS at the end of the query.

    `target` is as on the request line, with the account in front for path style; `face` is the address that
    the request goes to. `delegation` is asked for a key when a user-delegation SAS is wanted; the default
    asks the endpoint once. Raises `CredentialMissingError`, and `DelegationKeyError` when the endpoint
    refuses a key.
    """
    match effective_auth(auth, endpoint):
        case Anonymous():
            return Authorised(target, headers)
        case Default():
            return Authorised(_with_query(target, _need(endpoint.sas, endpoint, "SAS").reveal()), headers)
        case SharedKey() as wanted:
            return _shared_key(method, target, headers, endpoint, wanted, now)
        case Bearer() as wanted:
            return Authorised(target, (*headers, ("Authorization", _bearer(endpoint, wanted))))
        case AccountSas() as wanted:
            query = account_sas(endpoint, wanted, now)
            return Authorised(_with_query(target, query, in_order=wanted.sorted), headers)
        case ServiceSas() as wanted:
            of = wanted.of or _named_by(target, endpoint.face(face), wanted.resource)
            query = service_sas(endpoint, replace(wanted, of=of), now, delegation=delegation)
            return Authorised(_with_query(target, query, in_order=wanted.sorted), headers)


def account_sas(endpoint: Endpoint, wanted: AccountSas, now: datetime) -> str:
    """An account SAS as a query string. Raises `CredentialMissingError`."""
    key = _need(endpoint.key, endpoint, "account key")
    version = wanted.version or endpoint.version
    _need_version(version, "an account SAS", sas.ACCOUNT_LAYOUTS)
    fields = {
        "sv": version,
        "ss": wanted.services,
        "srt": wanted.resources,
        **_common(wanted, now),
        **wanted.spoilt.fields,
    }
    made = sas.Sas(fields, MappingProxyType({"account": endpoint.account}))
    return _spoil(made, sas.signature(made, key), wanted.spoilt)


def service_sas(
    endpoint: Endpoint, wanted: ServiceSas, now: datetime, *, delegation: Delegation = delegation_key
) -> str:
    """A service or user-delegation SAS as a query string; `wanted.of` names the resource, decoded.

    Raises as `authorise` does.
    """
    container, _, blob = (wanted.of or "").partition("/")
    version = wanted.version or endpoint.version
    fields = {"sv": version, "sr": _KINDS[wanted.resource], **_common(wanted, now)}
    if wanted.identifier is not None:
        fields["si"] = wanted.identifier
    if wanted.delegated:
        # The key is asked for under the version of the run, whatever the version of the SAS is.
        _need_version(min(version, endpoint.version), "a user-delegation SAS", sas.DELEGATION_LAYOUTS)
        held = _delegation_key(endpoint, wanted.key, now, delegation)
        key = held.value
        fields |= held.fields()
    else:
        key = _need(endpoint.key, endpoint, "account key")
        _need_version(version, "a service SAS", sas.SERVICE_LAYOUTS)
    for name, named_parts in (("srh", wanted.signed_headers), ("srq", wanted.signed_query)):
        if named_parts:
            fields[name] = ",".join(named_parts)
    fields |= {**wanted.response_headers, **wanted.spoilt.fields}
    named = sas.resource_path(
        endpoint.account, container, None if wanted.resource == "container" else blob, version
    )
    unseen = {"resource": named} | ({} if wanted.snapshot is None else {"snapshot": wanted.snapshot})
    made = sas.Sas(fields, MappingProxyType(unseen), wanted.signed_headers, wanted.signed_query)
    return _spoil(made, sas.signature(made, key), wanted.spoilt)


def _delegation_key(
    endpoint: Endpoint, given: GivenKey | None, now: datetime, delegation: Delegation
) -> sas.UserDelegationKey:
    if given is not None:
        return sas.UserDelegationKey(
            given.object,
            given.tenant,
            given.start,
            given.expiry,
            "b",
            given.version,
            Secret(given.value),
            given.delegated_tenant,
        )
    if endpoint.tokens is None:
        raise CredentialMissingError(f"endpoint {endpoint.name} has no token source")
    return delegation(endpoint, now)


def _need_version(version: str, kind: str, layouts: sas.Layouts) -> None:
    """Raises CredentialMissingError where a version had no such SAS yet."""
    first, _ = layouts[0]
    if version < first:
        raise CredentialMissingError(f"there is {kind} from service version {first} on, not in {version}")


def _common(wanted: AccountSas | ServiceSas, now: datetime) -> dict[str, str]:
    form = _TIMES[wanted.times]
    fields = {"st": form(now + wanted.start)} if wanted.start is not None else {}
    if wanted.expiry is not None:
        fields["se"] = form(now + wanted.expiry)
    if wanted.permissions is not None:
        fields["sp"] = wanted.permissions
    if wanted.ip is not None:
        fields["sip"] = wanted.ip
    if wanted.protocol is not None:
        fields["spr"] = wanted.protocol
    return fields


def _spoil(made: sas.Sas, signature: str, spoilt: Spoilt) -> str:
    """The token with what the case does to it after it was signed."""
    if spoilt.tamper == "signature":
        signature = ("B" if signature.startswith("A") else "A") + signature[1:]
    fields: dict[str, str | None] = {**made.fields, "sig": signature, **spoilt.change}
    return sas.token({name: value for name, value in fields.items() if value is not None})


def _shared_key(
    method: str, target: str, headers: Headers, endpoint: Endpoint, wanted: SharedKey, now: datetime
) -> Authorised:
    key = _need(endpoint.key, endpoint, "account key")
    account = endpoint.account
    match wanted.tamper:
        case "key":
            key = _WRONG_KEY
        case "date":
            headers = _dated(headers, now - _TOO_OLD)
        case "account":
            account = _WRONG_ACCOUNT
    parts = shared_key.Parts(method, target, headers)
    value = shared_key.authorization(parts, account, key.reveal(), lite=wanted.lite, ordinal=wanted.ordinal)
    if wanted.tamper == "signature":
        head, colon, signature = value.partition(":")
        value = head + colon + ("B" if signature.startswith("A") else "A") + signature[1:]
    return Authorised(target, (*headers, ("Authorization", value)))


def _dated(headers: Headers, moment: datetime) -> Headers:
    """The same headers with another date, in place."""
    return tuple(
        (name, http_date(moment) if name.lower() in ("x-ms-date", "date") else value)
        for name, value in headers
    )


def _bearer(endpoint: Endpoint, wanted: Bearer) -> str:
    if endpoint.tokens is None:
        raise CredentialMissingError(f"endpoint {endpoint.name} has no token source")
    try:
        return bearer.authorization(bearer.bearer_token(endpoint.tokens, wanted))
    except bearer.CannotMintError:
        raise CredentialMissingError(
            f"the token issuer of endpoint {endpoint.name} makes valid tokens only"
        ) from None


def _need(secret: Secret | None, endpoint: Endpoint, what: str) -> Secret:
    if secret is None:
        raise CredentialMissingError(f"endpoint {endpoint.name} has no {what}")
    return secret


def _with_query(target: str, query: str, *, in_order: bool = False) -> str:
    path, _, own = target.partition("?")
    if not in_order:
        return f"{target}{'&' if '?' in target else '?'}{query}"
    parameters = [part for part in (*own.split("&"), *query.split("&")) if part]
    return f"{path}?{'&'.join(sorted(parameters))}"


def _named_by(target: str, face: Face, resource: str) -> str:
    """CONTAINER or CONTAINER/BLOB, decoded, as the target names it."""
    path = split_target(target)[0].removeprefix(face.prefix).lstrip("/")
    return unquote(path.partition("/")[0] if resource == "container" else path)
