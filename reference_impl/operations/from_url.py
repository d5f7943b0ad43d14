"""Put Blob From URL and Put Block From URL: the body comes from a copy source."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.http.message import Response
from reference_impl.operations import put, sources, writing
from reference_impl.operations.blocks import block_id, hash_fields
from reference_impl.operations.call import Call, stamp
from reference_impl.operations.sources import Source
from reference_impl.protocol import conditions, ranges
from reference_impl.protocol.checksums import Digest, Expected
from reference_impl.protocol.errors import BlobError, invalid_header, too_large
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobProps, BlobRecord, Upload

_SINCE = "2020-04-08"


async def put_blob_from_url(call: Call) -> Response:
    """Put Blob From URL."""
    if call.version < _SINCE:
        raise invalid_header("x-ms-version", call.version)
    put.require_block_blob(call)
    writing.refuse_snapshot(call)
    refuse_body(call)
    promised = source_promise(call)
    sources.source_url(call)
    sent = writing.from_headers(call, fallback=False)
    inherit = _inherits(call)
    own = writing.own_conditions(call)

    def check(record: BlobRecord | None) -> None:
        writing.check_replacing(call, own, record)

    check(await writing.current(call))
    service = call.service
    source = await sources.open_source(call, None)
    try:
        check_source(call, source)
        tags = sources.tags(call, source, sent.tags)
        limit = writing.put_limit(call.version)
        refuse_long(source, limit)
        upload = await service.run_small(service.store.upload, call.account, call.container)
        with upload:
            digest = Digest(md5=True)
            await pull(call, source, upload, digest, limit)
            promised.check(digest, elements=False)
            props = _merged(sent, source.props) if inherit else sent
            props = replace(props, content_md5=sent.content_md5 or digest.md5, tags=tags)
            record = await service.change_small(
                call.turn, service.store.commit_blob, upload, call.blob, props, check
            )
    finally:
        await source.close()
    fields: Fields = [("Content-MD5", digest.md5), *stamp(record.etag, record.ticks)]
    fields += [("x-ms-content-crc64", digest.crc64), ("x-ms-request-server-encrypted", "true")]
    return call.respond(201, "Created", fields)


async def put_block_from_url(call: Call) -> Response:
    """Put Block From URL; x-ms-source-range selects a part of the source."""
    block = block_id(call)
    writing.refuse_snapshot(call)
    refuse_body(call)
    promised = source_promise(call)
    sources.source_url(call)
    text = call.header("x-ms-source-range")
    asked = ranges.parse(text)
    if text is not None and asked is None:
        raise invalid_header("x-ms-source-range", text)
    service = call.service
    await service.run_small(service.store.container, call.account, call.container)
    source = await sources.open_source(call, asked)
    try:
        check_source(call, source)
        limit = writing.block_limit(call.version) if call.version >= _SINCE else 100 * writing.MIB
        refuse_long(source, limit)
        md5 = promised.md5 is not None or call.version < "2019-02-02"
        upload = await service.run_small(service.store.upload, call.account, call.container)
        with upload:
            digest = Digest(md5=md5)
            await pull(call, source, upload, digest, limit)
            promised.check(digest)
            check = writing.staging_check(call)
            await service.change_small(call.turn, service.store.stage_block, upload, call.blob, block, check)
    finally:
        await source.close()
    return call.respond(201, "Created", hash_fields(digest, md5=md5))


def refuse_body(call: Call) -> None:
    """A request whose body comes from elsewhere has Content-Length: 0."""
    length = call.request.body.length
    if length is None:
        raise BlobError("MissingContentLengthHeader")
    if length:
        raise invalid_header("Content-Length", str(length))


def source_promise(call: Call) -> Expected:
    """The checksums that the source is said to have."""
    return Expected(call.header("x-ms-source-content-md5"), call.header("x-ms-source-content-crc64"))


def check_source(call: Call, source: Source) -> None:
    """The x-ms-source-if-* conditions, against the source as it was opened."""
    found = conditions.parse(call.request.headers, "x-ms-source-")
    if found:
        conditions.check_url_source(found, sources.known_state(call, source))


def refuse_long(source: Source, limit: int) -> None:
    """413 when the source says that it is longer than the operation takes."""
    if source.length is not None and source.length > limit:
        raise too_large(limit)


async def pull(call: Call, source: Source, upload: Upload, digest: Digest, limit: int | None) -> None:
    """Write a source into an upload, hashing on the way; refuse one whose length is not as it said."""

    def take(piece: bytes | memoryview) -> None:
        digest.update(piece)
        upload.write(piece)

    size = 0
    async for piece in source.pieces(call):
        size += len(piece)
        if limit is not None and size > limit:
            raise too_large(limit)
        await call.service.run(take, piece)
    if source.length is not None and size != source.length:
        raise sources.unverified(call, 500, "The source ended early.")


def _inherits(call: Call) -> bool:
    text = call.header("x-ms-copy-source-blob-properties") or "true"
    if text.lower() not in ("true", "false"):
        raise invalid_header("x-ms-copy-source-blob-properties", text)
    return text.lower() == "true"


def _merged(sent: BlobProps, source: BlobProps) -> BlobProps:
    """The source's properties where the request sent none of its own."""
    return replace(
        sent,
        content_type=sent.content_type or source.content_type,
        content_encoding=sent.content_encoding or source.content_encoding,
        content_language=sent.content_language or source.content_language,
        content_disposition=sent.content_disposition or source.content_disposition,
        cache_control=sent.cache_control or source.cache_control,
    )
