"""The way in: which account and resource a request means, which operation, and whether the caller may."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from reference_impl.auth import bearer, sas, shared_key
from reference_impl.auth.permissions import Needs
from reference_impl.auth.principal import ANONYMOUS, Principal
from reference_impl.http.message import Headers
from reference_impl.operations.call import Call
from reference_impl.operations.service import Service
from reference_impl.protocol import names, structured, versions
from reference_impl.protocol.errors import BlobError, invalid_query
from reference_impl.protocol.names import Resource
from reference_impl.protocol.query import Query
from reference_impl.store import ContainerMissing

# What a client must not believe we did: encryption with its keys, framed bodies, holds.
_REFUSED = (
    "x-ms-encryption-key",
    "x-ms-encryption-scope",
    "x-ms-source-encryption-key",
    "x-ms-structured-body",
    "x-ms-immutability-policy-until-date",
)
_TAGS = ("x-ms-if-tags", "x-ms-source-if-tags")
_TAGS_SINCE = "2019-12-12"
_TOKENS_SINCE = "2017-11-09"
_LEVELS = ("container", "account", "service")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a credential is checked against: a request, or the source URL of a copy."""

    method: str
    resource: Resource
    path: str
    query: Query
    headers: Headers
    scheme: str
    client_ip: str


def address(call: Call) -> None:
    """Fill in the resource and the effective version of a request. Raises 400 for what makes no sense."""
    request = call.request
    account = names.host_account(call.header("host"), call.service.accounts)
    call.version = _version(call, account)
    _check_timeout(call)
    call.host_style = account is not None
    restype = (call.query.get("restype") or "").lower()
    call.resource = names.parse(request.path, account, container_level=restype in _LEVELS)
    if not call.resource.account:
        raise BlobError("InvalidUri", edge=True)
    if restype == "container" and call.resource.container is None:
        raise _no_container()


def _check_timeout(call: Call) -> None:
    """A timeout is a number of seconds; nothing here takes long enough to need it."""
    value = call.query.get("timeout")
    if value and not (value.isascii() and value.isdigit()):
        raise invalid_query("timeout", value)


def _version(call: Call, account: str | None) -> str:
    found = versions.effective(call.header("x-ms-version"), call.query)
    if found is not None:
        return found
    if call.header("authorization") is not None:
        raise BlobError("MissingRequiredHeader", elements=(("HeaderName", "x-ms-version"),), versioned=False)
    owner = names.split_path(call.request.path, account)[0]
    if owner in call.service.accounts:
        return call.service.store.service_properties(owner).get("DefaultServiceVersion", versions.ANONYMOUS)
    return versions.ANONYMOUS


def _no_container() -> BlobError:
    error = invalid_query("comp", "")
    return BlobError(error.code, elements=error.elements, edge=True)


def refuse_headers(call: Call) -> None:
    """400 UnsupportedHeader for a header whose meaning would be lost if it were ignored."""
    refused = _REFUSED if call.version >= _TAGS_SINCE else _REFUSED + _TAGS
    framed = call.operation is not None and call.operation.framed and call.version >= structured.SINCE
    if framed and (kind := call.header(structured.KIND)):
        structured.check_kind(kind)
    for name in refused:
        if call.header(name) and not (framed and name == structured.KIND):
            raise BlobError("UnsupportedHeader", elements=(("HeaderName", name),))
    if (call.header("x-ms-legal-hold") or "").lower() == "true":
        raise BlobError("UnsupportedHeader", elements=(("HeaderName", "x-ms-legal-hold"),))


def asked(call: Call) -> Asked:
    """The request itself, as something a credential is checked against."""
    request = call.request
    return Asked(
        request.method,
        call.resource,
        request.path,
        call.query,
        request.headers,
        request.scheme,
        request.client[0],
    )


async def authorise(call: Call, needs: Needs) -> Principal:
    """The caller, known to be allowed what `needs` says. Raises 401, 403, or 404 for the anonymous."""
    if call.version < _TOKENS_SINCE and (call.header("authorization") or "").lower().startswith("bearer"):
        raise shared_key.failed("Authentication scheme Bearer is not supported in this version.")
    principal = await authenticate(call.service, asked(call))
    await permit(call, principal, call.resource, needs, call.query.get("prefix") or "")
    return principal


async def permit(call: Call, principal: Principal, at: Resource, needs: Needs, prefix: str) -> None:
    """Return when a caller may do what `needs` says at a resource; `prefix` is that of a listing."""
    if principal.kind != "anonymous":
        principal.check(needs, at.container, at.blob if at.blob is not None else prefix)
        return
    if needs.public is not None and at.container is not None and await _is_public(call.service, at, needs):
        return
    if call.version < "2019-12-12":
        raise BlobError("ResourceNotFound")
    raise BlobError("NoAuthenticationInformation", headers=(challenge(call),))


def challenge(call: Call) -> tuple[str, str]:
    """The WWW-Authenticate header of a 401."""
    return bearer.challenge(call.service.config.issuer, call.header("host") or "")


async def authenticate(service: Service, at: Asked) -> Principal:
    """Who sent this: the Authorization header decides, then a SAS, else nobody."""
    authorization = at.headers.get("authorization")
    signature = sas.fields(at.query)
    account = at.resource.account
    if account not in service.keys:
        if authorization is None and signature is None:
            raise BlobError("ResourceNotFound", edge=True)
        raise shared_key.failed("The account of the request does not exist.")
    if authorization is None:
        return ANONYMOUS if signature is None else await _signed(service, at, signature)
    scheme, _, credential = authorization.strip().partition(" ")
    kind, credential = scheme.lower(), credential.strip()
    if kind in ("sharedkey", "sharedkeylite"):
        shared_key.verify(
            credential,
            scheme=kind,
            method=at.method,
            account=account,
            path=at.path,
            query=at.query,
            headers=at.headers,
            keys=service.keys,
            now=time.time(),
        )
        return Principal("key")
    if kind == "bearer" and credential:
        caller = await _token(service, at, credential)
        if signature is not None and _is_bound(signature):
            return _bound(await _signed(service, at, signature), signature, caller)
        return caller
    raise BlobError("InvalidAuthenticationInfo", edge=True)


async def _token(service: Service, at: Asked, token: str) -> Principal:
    if at.scheme != "https":
        raise shared_key.failed("Bearer tokens are accepted over HTTPS only.")
    challenge = bearer.challenge(service.config.issuer, at.headers.get("host") or "")
    try:
        if service.tokens is None:
            raise bearer.rejected("Issuer validation failed. No issuer is trusted here.")
        audiences = service.config.audiences or bearer.default_audiences(
            at.resource.account, service.config.domain
        )
        return await service.tokens.verify(token, audiences)
    except BlobError as error:
        raise BlobError(
            error.code,
            status=error.status,
            message=error.message,
            elements=error.elements,
            headers=(challenge,),
            edge=True,
        ) from None


async def _signed(service: Service, at: Asked, signature: Mapping[str, str]) -> Principal:
    policies: Mapping[str, sas.Policy] = {}
    if signature.get("si") and at.resource.container is not None:
        policies = await service.run_small(
            stored_policies, service, at.resource.account, at.resource.container
        )
    setting = sas.Setting(
        account=at.resource.account,
        container=at.resource.container,
        blob=at.resource.blob,
        snapshot=at.query.get("snapshot") or at.query.get("versionid") or "",
        scheme=at.scheme,
        client_ip=at.client_ip,
        now=time.time(),
        header=at.headers.get,
        parameter=at.query.get,
        policy=policies.get,
    )
    principal = sas.verify(signature, service.keys, setting)
    if _is_bound(signature) and at.headers.get("authorization") is None:
        raise shared_key.failed("The signature is bound to a user, who must send a bearer token as well.")
    return principal


def _is_bound(signature: Mapping[str, str]) -> bool:
    """Whether a SAS names the user, or at least the tenant, who alone may use it."""
    return bool(signature.get("sduoid") or signature.get("skdutid"))


def _bound(signed: Principal, signature: Mapping[str, str], caller: Principal) -> Principal:
    """A SAS that is bound to a user holds only together with that user's token."""
    for named, own in (("sduoid", caller.object_id), ("skdutid", caller.tenant_id)):
        if signature.get(named) and signature[named] != own:
            raise shared_key.failed("The bearer token is not of the user that the signature is bound to.")
    return signed


def stored_policies(service: Service, account: str, container: str) -> dict[str, sas.Policy]:
    """The stored access policies of a container; none when it does not exist."""
    try:
        record = service.store.container(account, container)
    except ContainerMissing:
        return {}
    return {
        entry["id"]: sas.Policy(entry["start"], entry["expiry"], entry["permission"])
        for entry in json.loads(record.props.extra.get("acl", "[]"))
    }


async def _is_public(service: Service, at: Resource, needs: Needs) -> bool:
    """Whether the container lets anybody do this: `container` access covers blobs too."""
    if at.container is None:
        return False
    try:
        record = await service.run_small(service.store.container, at.account, at.container)
    except ContainerMissing:
        return False
    access = record.props.public_access
    return access == "container" or (access == "blob" and needs.public == "blob")
