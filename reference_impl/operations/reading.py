"""Get Blob, Get Blob Properties, Get Blob Metadata."""

from __future__ import annotations

import os
from collections.abc import Iterable

from reference_impl.http.message import FileSlice, Response
from reference_impl.operations import framed, history, leasing, tiers, writing
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import conditions, ranges, times
from reference_impl.protocol.checksums import Digest
from reference_impl.protocol.conditions import Conditions
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.headers_out import Fields, present
from reference_impl.protocol.ranges import Span
from reference_impl.store import BlobRecord, OpenBlob

DEFAULT_TYPE = "application/octet-stream"
# These two versions tell a tag count of 0 as well (recorded).
COUNTS_NO_TAGS = ("2018-11-09", "2019-02-02")
# From this version on the answer no longer repeats which snapshot it is of (recorded).
_SNAPSHOT_UNSAID = "2019-12-12"
COPY_FIELDS = (
    "copy-id",
    "copy-source",
    "copy-status",
    "copy-progress",
    "copy-completion-time",
    "copy-status-description",
)
_PREAD = 1024 * 1024


async def get_blob(call: Call) -> Response:
    """Get Blob, whole or a range."""
    moment = history.snapshot(call.query)
    found = read_conditions(call)
    asked = ranges.requested(call.header("range"), call.header("x-ms-range"))
    wanted = ranges.checksum_wanted(
        call.header("x-ms-range-get-content-md5"), call.header("x-ms-range-get-content-crc64"), asked
    )
    opened = await call.service.run_small(
        call.service.store.open, call.account, call.container, call.blob, moment
    )
    try:
        record = opened.record
        leasing.check_read(call, record)
        check_readable(found, record)
        tiers.refuse_archived(record)
        fields = blob_fields(call, record)
        if asked is None:
            fields += _whole_md5(record, "Content-MD5")
            return _send(call, 200, "OK", fields, opened, Span(0, record.length))
        span = ranges.resolve(asked, record.length)
        fields.append(("Content-Range", ranges.content_range(span, record.length)))
        fields += _whole_md5(record, "x-ms-blob-content-md5")
        if wanted is not None:
            ranges.check_checksum_size(wanted, span.count)
            digest = await call.service.run(_digest, opened.fd, span, wanted == "md5")
            fields.append(
                ("Content-MD5", digest.md5) if wanted == "md5" else ("x-ms-content-crc64", digest.crc64)
            )
        return _send(call, 206, "Partial Content", fields, opened, span)
    except BaseException:
        opened.close()
        raise


def _send(call: Call, status: int, reason: str, fields: Fields, opened: OpenBlob, span: Span) -> Response:
    if framed.is_asked(call):
        return framed.send(call, status, reason, overridden(call, fields), opened, span)
    if span.count == 0:
        opened.close()
        return call.respond(status, reason, overridden(call, fields), b"")
    body = FileSlice(opened.fd, span.first, span.count, opened.close)
    return call.respond(status, reason, overridden(call, fields), body)


def _digest(fd: int, span: Span, md5: bool) -> Digest:
    digest = Digest(md5=md5)
    offset, left = span.first, span.count
    while left:
        piece = os.pread(fd, min(left, _PREAD), offset)
        if not piece:
            raise BlobError("InternalError")
        digest.update(piece)
        offset += len(piece)
        left -= len(piece)
    return digest


async def get_properties(call: Call) -> Response:
    """Get Blob Properties."""
    record = await _checked(call)
    fields = blob_fields(call, record)
    fields.append(("Content-Length", str(record.length)))
    fields += _whole_md5(record, "Content-MD5")
    fields += tiers.fields(record, call.version)
    return call.respond(200, "OK", overridden(call, fields))


async def get_metadata(call: Call) -> Response:
    """Get Blob Metadata."""
    record = await _checked(call)
    return call.respond(200, "OK", [*stamp(record.etag, record.ticks), *metadata_fields(record)])


async def _checked(call: Call) -> BlobRecord:
    moment = history.snapshot(call.query)
    found = read_conditions(call)
    store = call.service.store
    record = await call.service.run_small(store.blob, call.account, call.container, call.blob, moment)
    leasing.check_read(call, record)
    check_readable(found, record)
    return record


def read_conditions(call: Call) -> Conditions:
    """The conditions of a read; what no read can satisfy is refused at once."""
    found = conditions.parse(call.request.headers)
    conditions.refuse_unsatisfiable(found)
    return found


def check_readable(found: Conditions, record: BlobRecord) -> None:
    """Raise when the conditions of a read do not hold for a blob."""
    held = writing.state(record)
    if held is not None:
        conditions.check_read(found, held)


def blob_fields(call: Call, record: BlobRecord) -> Fields:
    """What Get Blob and Get Blob Properties have in common, without length and hashes."""
    props = record.props
    fields = present(
        (
            ("Cache-Control", props.cache_control),
            ("Content-Type", props.content_type or DEFAULT_TYPE),
            ("Content-Encoding", props.content_encoding),
            ("Content-Language", props.content_language),
            ("Accept-Ranges", "bytes"),
        )
    )
    fields += stamp(record.etag, record.ticks)
    if props.tags or call.version in COUNTS_NO_TAGS:
        fields.append(("x-ms-tag-count", str(len(props.tags))))
    fields += metadata_fields(record)
    fields.append(("x-ms-creation-time", times.ticks_date(record.created_ticks)))
    fields += copy_fields(record)
    if record.snapshot:
        if call.version < _SNAPSHOT_UNSAID:
            fields.append(("x-ms-snapshot", times.iso_ticks(record.snapshot)))
    else:
        fields += leasing.headers(leasing.blob_lease(record))
    fields.append(("x-ms-blob-type", blob_type(record)))
    if props.appended is not None:
        fields.append(("x-ms-blob-committed-block-count", str(props.appended)))
        if props.sealed:
            fields.append(("x-ms-blob-sealed", "true"))
    if props.content_disposition:
        fields.append(("Content-Disposition", props.content_disposition))
    fields.append(("x-ms-server-encrypted", "true"))
    if call.request.method == "GET" and call.version >= "2026-10-06":
        fields += tiers.fields(record, call.version)
    return fields


def blob_type(record: BlobRecord) -> str:
    """The x-ms-blob-type of a blob."""
    return "BlockBlob" if record.props.appended is None else "AppendBlob"


def metadata_fields(record: BlobRecord) -> Fields:
    """Metadata headers, names as stored."""
    return [(f"x-ms-meta-{name}", value) for name, value in record.props.metadata]


def copy_fields(record: BlobRecord) -> Fields:
    """The x-ms-copy-* headers of a blob that a Copy Blob made."""
    extra = record.props.extra
    return [(f"x-ms-{name}", extra[name]) for name in COPY_FIELDS if name in extra]


def _whole_md5(record: BlobRecord, name: str) -> Fields:
    return [(name, record.props.content_md5)] if record.props.content_md5 else []


def overridden(call: Call, fields: Iterable[tuple[str, str]]) -> Fields:
    """The fields with those that a SAS overrides replaced."""
    overrides = call.principal.overrides
    if not overrides:
        return list(fields)
    kept = [field for field in fields if field[0] not in overrides]
    return kept + list(overrides.items())
