"""Copy Blob, Copy Blob From URL and Abort Copy Blob: copies are finished before they are answered."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from reference_impl.http.message import Response
from reference_impl.operations import from_url, leasing, sources, tiers, writing
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import conditions, times
from reference_impl.protocol.checksums import Digest
from reference_impl.protocol.conditions import Conditions
from reference_impl.protocol.errors import (
    BlobError,
    invalid_header,
    invalid_query,
    missing_header,
    missing_query,
)
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobProps, BlobRecord

SYNC_LIMIT = 256 * writing.MIB
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


async def copy_blob(call: Call) -> Response:
    """Copy Blob: asynchronous by contract, answered as already completed."""
    own = writing.own_conditions(call)

    def check(record: BlobRecord | None) -> None:
        conditions.check_target(own, writing.state(record))
        leasing.check_write(call, record)
        writing.refuse_overwrite(call, record)

    record, _ = await _copy(call, own, check, None)
    return call.respond(202, "Accepted", [*stamp(record.etag, record.ticks), *_outcome(record)])


async def copy_blob_from_url(call: Call) -> Response:
    """Copy Blob From URL: synchronous, sources up to 256 MiB."""
    promised = from_url.source_promise(call)
    own = writing.own_conditions(call)

    def check(record: BlobRecord | None) -> None:
        writing.check_replacing(call, own, record)

    record, digest = await _copy(call, own, check, SYNC_LIMIT)
    fields: Fields = stamp(record.etag, record.ticks)
    if promised.md5 is not None:
        fields.append(("Content-MD5", digest.md5))
    elif call.version >= "2019-02-02":
        fields.append(("x-ms-content-crc64", digest.crc64))
    return call.respond(202, "Accepted", [*fields, *_outcome(record)])


async def _copy(
    call: Call, own: Conditions, check: writing.Check, limit: int | None
) -> tuple[BlobRecord, Digest]:
    """Copy a whole blob. `limit` (bytes) makes it the synchronous operation."""
    writing.refuse_snapshot(call)
    from_url.refuse_body(call)
    url = sources.source_url(call)
    sent = replace(BlobProps(), metadata=call.metadata(), tier=tiers.chosen(call), tags=writing.tags(call))
    promised = from_url.source_promise(call)
    check(await writing.current(call))
    service = call.service
    try:
        source = await sources.open_source(call, None, as_caller=limit is None)
    except BlobError as error:
        raise error if limit is not None else _as_copy_error(error) from None
    try:
        if limit is None:
            found = conditions.parse(call.request.headers, "x-ms-source-")
            if found:
                conditions.check_copy_source(found, sources.known_state(call, source))
        else:
            from_url.check_source(call, source)
            if source.length is None or source.length > limit:
                raise sources.unverified(call, 409, "The source is larger than 256 MiB.")
        tags = sources.tags(call, source, sent.tags)
        upload = await service.run_small(service.store.upload, call.account, call.container)
        with upload:
            digest = Digest(md5=promised.md5 is not None)
            await from_url.pull(call, source, upload, digest, limit)
            promised.check(digest)
            kept = source.props
            props = replace(
                sources.without_history(kept),
                metadata=sent.metadata or kept.metadata,
                tier=sent.tier,
                tags=tags,
                appended=kept.appended if limit is None else None,
                sealed=limit is None and kept.appended is not None and _seals(call),
                extra={**tiers.history(sent.tier), **_history(url, source.total or 0)},
            )
            record = await service.change_small(
                call.turn, service.store.commit_blob, upload, call.blob, props, check
            )
    finally:
        await source.close()
    return record, digest


def _seals(call: Call) -> bool:
    """Whether a copy of an append blob is to be sealed; by itself it is not."""
    return (call.header("x-ms-seal-blob") or "").lower() == "true"


def _as_copy_error(error: BlobError) -> BlobError:
    """Copy Blob tells a missing source by the source's own code."""
    mirrored = dict(error.elements).get("CopySourceErrorCode")
    if error.status == 404 and (mirrored is None or mirrored in ("BlobNotFound", "ContainerNotFound")):
        return BlobError("BlobNotFound")
    return error


def _history(url: str, total: int) -> dict[str, str]:
    return {
        "copy-id": str(uuid.uuid4()),
        "copy-source": sources.shown_url(url),
        "copy-status": "success",
        "copy-progress": f"{total}/{total}",
        "copy-completion-time": times.http_date(times.unix_seconds(times.now_ticks())),
    }


def _outcome(record: BlobRecord) -> Fields:
    return [("x-ms-copy-id", record.props.extra["copy-id"]), ("x-ms-copy-status", "success")]


async def abort(call: Call) -> Response:
    """Abort Copy Blob: no copy is ever pending here."""
    copy_id = call.query.get("copyid")
    if not copy_id:
        raise missing_query("copyid")
    if not _GUID.fullmatch(copy_id):
        raise invalid_query("copyid", copy_id, "copyid needs to be valid Guid.")
    action = call.header("x-ms-copy-action")
    if action is None:
        raise missing_header("x-ms-copy-action")
    if action.lower() != "abort":
        raise invalid_header("x-ms-copy-action", action)
    store = call.service.store
    await call.service.run_small(store.blob, call.account, call.container, call.blob)
    raise BlobError("NoPendingCopyOperation")
