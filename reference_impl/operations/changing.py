"""Set Blob Metadata, Set Blob Properties, Delete Blob, Set Blob Tier, Get and Set Blob Tags."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.http.message import Response
from reference_impl.operations import history, leasing, snapshots, tiers, writing
from reference_impl.operations.blob_xml import tags_xml
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import conditions, xml_in, xml_out
from reference_impl.protocol.conditions import Conditions
from reference_impl.protocol.errors import BlobError, invalid_header
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobProps, BlobRecord, Snapshots

_TAGS_LIMIT = 64 * 1024
_BLOB_HEADERS = (
    "x-ms-blob-cache-control",
    "x-ms-blob-content-type",
    "x-ms-blob-content-md5",
    "x-ms-blob-content-encoding",
    "x-ms-blob-content-language",
    "x-ms-blob-content-disposition",
)


async def set_metadata(call: Call) -> Response:
    """Set Blob Metadata: replaces all of it."""
    writing.refuse_snapshot(call)
    wanted = call.metadata()
    found = writing.own_conditions(call)

    def change(record: BlobRecord) -> BlobProps:
        _check(call, found, record)
        return replace(record.props, metadata=wanted)

    record = await _update(call, change)
    fields: Fields = [*stamp(record.etag, record.ticks), ("x-ms-request-server-encrypted", "true")]
    return call.respond(200, "OK", fields)


async def set_properties(call: Call) -> Response:
    """Set Blob Properties: when any of the six is sent, those not sent are cleared."""
    writing.refuse_snapshot(call)
    wanted = writing.blob_headers(call, fallback=False)
    any_sent = any(call.header(name) is not None for name in _BLOB_HEADERS)
    found = writing.own_conditions(call)
    if found.create_only:
        # The service does not enforce If-None-Match: * here.
        found = replace(found, if_none_match=())

    def change(record: BlobRecord) -> BlobProps:
        _check(call, found, record)
        if not any_sent:
            return record.props
        return replace(
            record.props,
            content_type=wanted.content_type,
            content_encoding=wanted.content_encoding,
            content_language=wanted.content_language,
            content_disposition=wanted.content_disposition,
            cache_control=wanted.cache_control,
            content_md5=wanted.content_md5,
        )

    record = await _update(call, change)
    return call.respond(200, "OK", stamp(record.etag, record.ticks))


async def delete(call: Call) -> Response:
    """Delete Blob, with or without its snapshots, or one of them; a blob of staged blocks only goes too."""
    kept = _kept(call)
    if kept != "refuse":
        writing.refuse_snapshot(call)
    moment = history.snapshot(call.query)
    if (call.query.get("deletetype") or "").lower() == "permanent":
        raise BlobError("PermanentDeleteIsOff")
    found = writing.own_conditions(call)

    def check(record: BlobRecord | None) -> None:
        _check(call, found, record)

    if moment:
        await snapshots.delete_one(call, moment, found)
    else:
        delete_blob = call.service.store.delete_blob
        await call.service.change_small(
            call.turn, delete_blob, call.account, call.container, call.blob, check, kept
        )
    return call.respond(202, "Accepted", [("x-ms-delete-type-permanent", "true")])


def _kept(call: Call) -> Snapshots:
    """What a deletion does with the snapshots of its blob."""
    text = call.header("x-ms-delete-snapshots")
    if text is None:
        return "refuse"
    match text.lower():
        case "include":
            return "include"
        case "only":
            return "only"
    raise invalid_header("x-ms-delete-snapshots", text)


async def set_tier(call: Call) -> Response:
    """Set Blob Tier: 202 when the blob sets out from Archive, else 200; ETag and Last-Modified stay."""
    moment = history.snapshot(call.query)
    if moment and call.version < tiers.SNAPSHOTS_SINCE:
        raise BlobError("BlobOperationNotSupported")
    wanted = tiers.chosen(call, required=True) or ""
    priority = tiers.priority(call)
    only = conditions.parse_tags(call.request.headers)
    going: list[bool] = []

    def change(record: BlobRecord) -> BlobProps:
        conditions.check_write(only, writing.state(record))
        leasing.check_write(call, record)
        if record.props.appended is not None:
            raise BlobError("AccessTierNotSupportedForBlobType")
        props = tiers.settled(record.props)
        going.append(props.tier == "Archive" and wanted != "Archive")
        return tiers.changed(props, wanted, priority)

    if moment:
        update = call.service.store.update_snapshot
        await call.service.change_small(
            call.turn, update, call.account, call.container, call.blob, moment, change
        )
    else:
        await _update(call, change, touch=False)
    return call.respond(202, "Accepted") if going[-1] else call.respond(200, "OK")


async def get_tags(call: Call) -> Response:
    """Get Blob Tags."""
    moment = history.snapshot(call.query)
    store = call.service.store
    own = writing.tag_conditions(call)
    record = await call.service.run_small(store.blob, call.account, call.container, call.blob, moment)
    conditions.check_write(own, writing.state(record))
    leasing.check_tags(call, record, locks=False)
    body = xml_out.document(tags_xml(record.props.tags), newline=True)
    return call.respond(200, "OK", [("Content-Type", "application/xml")], body)


async def set_tags(call: Call) -> Response:
    """Set Blob Tags: replaces all of them; ETag and Last-Modified stay."""
    if history.snapshot(call.query):
        writing.refuse_snapshot(call)
    own = writing.tag_conditions(call)
    wanted = writing.check_tags(xml_in.tags(await call.request.body.read(_TAGS_LIMIT)))

    def change(record: BlobRecord) -> BlobProps:
        conditions.check_write(own, writing.state(record))
        leasing.check_tags(call, record, locks=True)
        return replace(record.props, tags=wanted)

    await _update(call, change, touch=False)
    return call.respond(204, "No Content")


def _check(call: Call, found: Conditions, record: BlobRecord | None) -> None:
    conditions.check_write(found, writing.state(record))
    leasing.check_write(call, record)


async def _update(call: Call, change: writing.Change, *, touch: bool = True) -> BlobRecord:
    store = call.service.store
    return await call.service.change_small(
        call.turn, store.update_blob, call.account, call.container, call.blob, change, touch=touch
    )
