"""Append blobs: Put Blob of one, Append Block, Append Block From URL, Append Blob Seal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_impl.http.message import Response
from reference_impl.operations import framed, from_url, leasing, sources, writing
from reference_impl.operations.blocks import hash_fields
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import conditions, ranges
from reference_impl.protocol.checksums import Digest, Expected
from reference_impl.protocol.errors import BlobError, invalid_header
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobMissing, BlobProps, BlobRecord, Upload

MAX_BLOCKS = 50_000
_LARGE_SINCE = "2022-11-02"
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_FULL = "The committed block count cannot exceed the maximum limit of 50,000 blocks."
Check = Callable[[BlobRecord, int], None]


def block_limit(version: str) -> int:
    """Largest Append Block body, in bytes."""
    return (100 if version >= _LARGE_SINCE else 4) * writing.MIB


async def create(call: Call) -> Response:
    """Put Blob of an append blob: empty, whatever was there before is replaced."""
    writing.refuse_snapshot(call)
    length = writing.declared_length(call, writing.put_limit(call.version))
    if length:
        raise invalid_header("Content-Length", str(length))
    props = writing.from_headers(call, fallback=True)
    if props.tier is not None:
        raise BlobError("AccessTierNotSupportedForBlobType")
    own = writing.own_conditions(call)

    def check(record: BlobRecord | None) -> None:
        writing.check_replacing(call, own, record)

    check(await writing.current(call))
    service = call.service
    upload = await service.run_small(service.store.upload, call.account, call.container)
    with upload:
        record = await service.change_small(
            call.turn, service.store.commit_blob, upload, call.blob, replace(props, appended=0), check
        )
    fields: Fields = [*stamp(record.etag, record.ticks), ("x-ms-request-server-encrypted", "true")]
    return call.respond(201, "Created", fields)


async def append_block(call: Call) -> Response:
    """Append Block."""
    writing.refuse_snapshot(call)
    length = writing.declared_length(call, block_limit(call.version))
    if length == 0:
        raise invalid_header("Content-Length", "0")
    promised = Expected(call.header("content-md5"), call.header("x-ms-content-crc64"))
    check = _checks(call)
    check(await _existing(call), length)
    md5 = promised.md5 is not None or call.version < "2019-02-02"
    service = call.service
    upload = await service.run_small(service.store.upload, call.account, call.container)
    with upload:
        digest = Digest(md5=md5)
        await writing.receive(call, upload, digest)
        promised.check(digest)
        return await _append(call, upload, digest, check, md5=md5)


async def append_block_from_url(call: Call) -> Response:
    """Append Block From URL; x-ms-source-range selects a part of the source."""
    writing.refuse_snapshot(call)
    from_url.refuse_body(call)
    promised = from_url.source_promise(call)
    sources.source_url(call)
    text = call.header("x-ms-source-range")
    asked = ranges.parse(text)
    if text is not None and asked is None:
        raise invalid_header("x-ms-source-range", text)
    check = _checks(call)
    check(await _existing(call), 0)
    service = call.service
    source = await sources.open_source(call, asked)
    try:
        from_url.check_source(call, source)
        limit = block_limit(call.version)
        from_url.refuse_long(source, limit)
        md5 = promised.md5 is not None or call.version < "2019-02-02"
        upload = await service.run_small(service.store.upload, call.account, call.container)
        with upload:
            digest = Digest(md5=md5)
            await from_url.pull(call, source, upload, digest, limit)
            promised.check(digest, elements=False)
            if upload.size == 0:
                raise invalid_header("x-ms-copy-source", call.header("x-ms-copy-source") or "")
            return await _append(call, upload, digest, check, md5=md5)
    finally:
        await source.close()


async def seal(call: Call) -> Response:
    """Append Blob Seal: no block can be added any more; sealing again changes nothing."""
    writing.refuse_snapshot(call)
    position = _number(call, "x-ms-blob-condition-appendpos")
    own = writing.own_conditions(call)

    def change(record: BlobRecord) -> BlobProps:
        require_append_blob(record)
        conditions.check_write(own, writing.state(record))
        leasing.check_write(call, record)
        if position is not None and position != record.length:
            raise BlobError("AppendPositionConditionNotMet")
        return replace(record.props, sealed=True)

    service = call.service
    record = await service.change_small(
        call.turn, service.store.update_blob, call.account, call.container, call.blob, change
    )
    return call.respond(200, "OK", [*stamp(record.etag, record.ticks), ("x-ms-blob-sealed", "true")])


def require_append_blob(record: BlobRecord) -> None:
    """409 when a blob is no append blob."""
    if record.props.appended is None:
        raise BlobError("InvalidBlobType")


async def _append(call: Call, upload: Upload, digest: Digest, check: Check, *, md5: bool) -> Response:
    size = upload.size

    def change(record: BlobRecord) -> BlobProps:
        check(record, size)
        return replace(record.props, appended=(record.props.appended or 0) + 1)

    service = call.service
    offset, record = await service.change(call.turn, service.store.append, upload, call.blob, change)
    checksum, encrypted = hash_fields(digest, md5=md5)
    fields: Fields = [
        checksum,
        *stamp(record.etag, record.ticks),
        ("x-ms-blob-append-offset", str(offset)),
        ("x-ms-blob-committed-block-count", str(record.props.appended)),
        encrypted,
    ]
    return call.respond(201, "Created", fields + framed.echo(call))


async def _existing(call: Call) -> BlobRecord:
    record = await writing.current(call)
    if record is None:
        raise BlobMissing(f"no blob {call.blob}")
    return record


def _checks(call: Call) -> Check:
    """What must hold of a blob before so many bytes are added to it, from the request's headers."""
    own = writing.own_conditions(call)
    position = _number(call, "x-ms-blob-condition-appendpos")
    largest = _number(call, "x-ms-blob-condition-maxsize")

    def check(record: BlobRecord, size: int) -> None:
        require_append_blob(record)
        conditions.check_write(own, writing.state(record))
        leasing.check_write(call, record)
        if record.props.sealed:
            raise BlobError("BlobIsSealed")
        if position is not None and position != record.length:
            raise BlobError("AppendPositionConditionNotMet")
        if largest is not None and record.length + size > largest:
            raise BlobError("MaxBlobSizeConditionNotMet")
        if (record.props.appended or 0) >= MAX_BLOCKS:
            raise BlobError("BlockCountExceedsLimit", message=_FULL)

    return check


def _number(call: Call, name: str) -> int | None:
    text = call.header(name)
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise invalid_header(name, text)
    return int(text)
