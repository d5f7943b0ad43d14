"""Put Blob: a block blob in one piece."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.http.message import Response
from reference_impl.operations import framed, writing
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol.checksums import Digest, Expected, decode_md5
from reference_impl.protocol.errors import BlobError, invalid_header, missing_header
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobRecord


async def put_blob(call: Call) -> Response:
    """Put Blob. Everything that needs no body is decided before the body is read."""
    require_block_blob(call)
    writing.refuse_snapshot(call)
    writing.declared_length(call, writing.put_limit(call.version))
    promised, md5 = _promises(call)
    props = writing.from_headers(call, fallback=True)
    conditions = writing.own_conditions(call)

    def check(record: BlobRecord | None) -> None:
        writing.check_replacing(call, conditions, record)

    check(await writing.current(call))
    service = call.service
    upload = await service.run_small(service.store.upload, call.account, call.container)
    with upload:
        digest = Digest(md5=True)
        await writing.receive(call, upload, digest)
        for promise in (promised, md5):
            promise.check(digest)
        props = replace(props, content_md5=digest.md5)
        record = await service.change_small(
            call.turn, service.store.commit_blob, upload, call.blob, props, check
        )
    fields: Fields = [("Content-MD5", digest.md5), *stamp(record.etag, record.ticks)]
    if call.version >= "2019-02-02":
        fields.append(("x-ms-content-crc64", digest.crc64))
    fields.append(("x-ms-request-server-encrypted", "true"))
    return call.respond(201, "Created", fields + framed.echo(call))


def require_block_blob(call: Call) -> None:
    """Block blobs only: page blobs are 501, anything else 400."""
    kind = call.header("x-ms-blob-type")
    if not kind:
        raise missing_header("x-ms-blob-type")
    if kind == "PageBlob":
        raise BlobError("NotImplemented")
    if kind != "BlockBlob":
        raise invalid_header("x-ms-blob-type", kind)


def _promises(call: Call) -> tuple[Expected, Expected]:
    """What the request promises of its body; x-ms-blob-content-md5 stands in for Content-MD5."""
    blob_md5 = call.header("x-ms-blob-content-md5")
    crc64 = call.header("x-ms-content-crc64")
    plain = call.header("content-md5")
    if blob_md5:
        decode_md5(blob_md5)
        if plain and crc64:
            raise BlobError("BothCrc64AndMd5HeaderPresent")
        return Expected(None, crc64), Expected(blob_md5, None)
    return Expected(plain, crc64), Expected(None, None)
