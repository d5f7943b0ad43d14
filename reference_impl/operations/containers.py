"""Operations on containers: create, properties, metadata, access policies, delete."""

from __future__ import annotations

import json
from dataclasses import replace

from reference_impl.http.message import Response
from reference_impl.operations import leasing
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import conditions, since, times, xml_in, xml_out
from reference_impl.protocol.conditions import Conditions, State
from reference_impl.protocol.errors import invalid_header
from reference_impl.store import ContainerProps, ContainerRecord

_XML_LIMIT = 1024 * 1024
_MAX_POLICIES = 5
_MAX_POLICY_ID = 64


async def create(call: Call) -> Response:
    """Create Container."""
    props = ContainerProps(metadata=call.metadata(), public_access=_public_access(call))
    store = call.service.store
    record = await call.service.change_small(
        call.turn, store.create_container, call.account, call.container, props
    )
    return call.respond(201, "Created", stamp(record.etag, record.ticks))


async def properties(call: Call) -> Response:
    """Get Container Properties."""
    record = await _existing(call)
    leasing.check_container(call, record)
    fields = stamp(record.etag, record.ticks)
    fields += [(f"x-ms-meta-{name}", value) for name, value in record.props.metadata]
    fields += leasing.headers(leasing.container_lease(record))
    if record.props.public_access:
        fields.append(("x-ms-blob-public-access", record.props.public_access))
    fields += [("x-ms-has-immutability-policy", "false"), ("x-ms-has-legal-hold", "false")]
    fields += [
        ("x-ms-immutable-storage-with-versioning-enabled", "false"),
        ("x-ms-default-encryption-scope", "$account-encryption-key"),
        ("x-ms-deny-encryption-scope-override", "false"),
    ]
    return call.respond(200, "OK", fields)


async def metadata(call: Call) -> Response:
    """Get Container Metadata."""
    record = await _existing(call)
    leasing.check_container(call, record)
    fields = stamp(record.etag, record.ticks)
    fields += [(f"x-ms-meta-{name}", value) for name, value in record.props.metadata]
    return call.respond(200, "OK", fields)


async def set_metadata(call: Call) -> Response:
    """Set Container Metadata; only If-Modified-Since is a condition here."""
    wanted = call.metadata()
    only = Conditions(if_modified_since=conditions.parse(call.request.headers).if_modified_since)

    def change(record: ContainerRecord) -> ContainerProps:
        leasing.check_container(call, record)
        conditions.check_write(only, _state(record))
        return replace(record.props, metadata=wanted)

    store = call.service.store
    record = await call.service.change_small(
        call.turn, store.update_container, call.account, call.container, change
    )
    return call.respond(200, "OK", stamp(record.etag, record.ticks))


async def delete(call: Call) -> Response:
    """Delete Container; dates are its only conditions."""
    asked = conditions.parse(call.request.headers)
    dates = Conditions(
        if_modified_since=asked.if_modified_since, if_unmodified_since=asked.if_unmodified_since
    )

    def check(record: ContainerRecord) -> None:
        leasing.check_container(call, record, locks=True)
        conditions.check_write(dates, _state(record))

    store = call.service.store
    await call.service.change(call.turn, store.delete_container, call.account, call.container, check)
    return call.respond(202, "Accepted")


async def get_acl(call: Call) -> Response:
    """Get Container ACL: public access and stored access policies."""
    record = await _existing(call)
    leasing.check_container(call, record)
    fields = stamp(record.etag, record.ticks)
    if record.props.public_access:
        fields.append(("x-ms-blob-public-access", record.props.public_access))
    entries = "".join(_policy_xml(entry) for entry in json.loads(record.props.extra.get("acl", "[]")))
    root = f"<SignedIdentifiers>{entries}</SignedIdentifiers>" if entries else "<SignedIdentifiers />"
    return call.xml(root, fields)


async def set_acl(call: Call) -> Response:
    """Set Container ACL: replaces public access and all stored access policies."""
    access = _public_access(call)
    body = await call.request.body.read(_XML_LIMIT)
    policies = json.dumps(_policies(body) if body else [])
    asked = conditions.parse(call.request.headers)
    dates = Conditions(
        if_modified_since=asked.if_modified_since, if_unmodified_since=asked.if_unmodified_since
    )

    def change(record: ContainerRecord) -> ContainerProps:
        leasing.check_container(call, record)
        conditions.check_write(dates, _state(record))
        return replace(record.props, public_access=access, extra={**record.props.extra, "acl": policies})

    store = call.service.store
    record = await call.service.change_small(
        call.turn, store.update_container, call.account, call.container, change
    )
    return call.respond(200, "OK", stamp(record.etag, record.ticks))


async def _existing(call: Call) -> ContainerRecord:
    return await call.service.run_small(call.service.store.container, call.account, call.container)


def _state(record: ContainerRecord) -> State:
    return State(record.etag, times.unix_seconds(record.ticks))


def _public_access(call: Call) -> str | None:
    access = call.header("x-ms-blob-public-access")
    if access is not None and access not in ("container", "blob"):
        raise invalid_header("x-ms-blob-public-access", access)
    return access


def _policies(body: bytes) -> list[dict[str, str]]:
    root = xml_in.parse(body)
    if root.name != "SignedIdentifiers" or len(root.children) > _MAX_POLICIES:
        raise xml_in.invalid(0, 0)
    found = []
    for node in root.children:
        identity = node.text_of("Id") or ""
        if not 1 <= len(identity) <= _MAX_POLICY_ID:
            reason = "Signed identifier ID cannot be empty or over 64 characters in length"
            raise xml_in.invalid(node.line, node.column, reason)
        policy = node.child("AccessPolicy")
        start, expiry, permission = (
            (policy.text_of(name) or "") if policy is not None else ""
            for name in ("Start", "Expiry", "Permission")
        )
        for moment in (start, expiry):
            if moment and times.parse_iso(moment) is None:
                raise xml_in.invalid(node.line, node.column, "The time is not valid.")
        found.append({"id": identity, "start": start, "expiry": expiry, "permission": permission})
    return found


def _policy_xml(entry: dict[str, str]) -> str:
    policy = xml_out.elements(
        (
            ("Start", _full_time(entry["start"]) or None),
            ("Expiry", _full_time(entry["expiry"]) or None),
            ("Permission", entry["permission"] or None),
        )
    )
    inner = f"<AccessPolicy>{policy}</AccessPolicy>" if policy else "<AccessPolicy />"
    return f"<SignedIdentifier>{xml_out.element('Id', entry['id'])}{inner}</SignedIdentifier>"


def _full_time(text: str) -> str:
    seconds = times.parse_iso(text) if text else None
    return "" if seconds is None else times.iso_ticks(times.from_unix(seconds))


def record_xml(record: ContainerRecord, version: str, *, metadata: bool) -> str:
    """One `Container` of List Containers."""
    props: list[tuple[str, str | None]] = [
        ("Last-Modified", times.ticks_date(record.ticks)),
        ("Etag", f'"{record.etag}"'),
        *leasing.elements(leasing.container_lease(record)),
        ("PublicAccess", record.props.public_access),
        ("DefaultEncryptionScope", "$account-encryption-key"),
        ("DenyEncryptionScopeOverride", "false"),
        ("HasImmutabilityPolicy", "false"),
        ("HasLegalHold", "false"),
        ("ImmutableStorageWithVersioningEnabled", "false"),
    ]
    extra = xml_out.metadata(record.props.metadata) if metadata else ""
    return (
        f"<Container>{xml_out.name_element(record.name)}"
        f"<Properties>{xml_out.elements(since.elements(props, version))}</Properties>{extra}</Container>"
    )
