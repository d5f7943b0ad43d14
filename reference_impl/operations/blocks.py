"""Put Block, Put Block List, Get Block List."""

from __future__ import annotations

import base64
import binascii

from reference_impl.http.message import Response
from reference_impl.operations import framed, history, leasing, writing
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import checksums, conditions, xml_in, xml_out
from reference_impl.protocol.checksums import Digest, Expected
from reference_impl.protocol.errors import (
    BlobError,
    invalid_header,
    invalid_query,
    missing_query,
)
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobRecord

MAX_BLOCK_ID = 64
# Versions before 2019-12-12 know no larger blocks, so they are not told of any.
_OLD_BLOCK = 100 * writing.MIB
# 50,000 entries with the longest tags and ids stay below this.
_LIST_LIMIT = 8 * 1024 * 1024
# A list of so many bytes takes no longer than handing it to a thread.
_SMALL_LIST = 16 * 1024


async def put_block(call: Call) -> Response:
    """Put Block. It has no conditions and changes neither ETag nor Last-Modified."""
    block = block_id(call)
    writing.refuse_snapshot(call)
    length = writing.declared_length(call, writing.block_limit(call.version))
    if length == 0:
        raise invalid_header("Content-Length", "0")
    promised = Expected(call.header("content-md5"), call.header("x-ms-content-crc64"))
    md5 = promised.md5 is not None or call.version < "2019-02-02"
    service = call.service
    upload = await service.run_small(service.store.upload, call.account, call.container)
    with upload:
        digest = Digest(md5=md5)
        await writing.receive(call, upload, digest)
        promised.check(digest)
        check = writing.staging_check(call)
        await service.change_small(call.turn, service.store.stage_block, upload, call.blob, block, check)
    return call.respond(201, "Created", hash_fields(digest, md5=md5) + framed.echo(call))


def hash_fields(digest: Digest, *, md5: bool) -> Fields:
    """The one checksum that a block is answered with, and the encryption header."""
    first = ("Content-MD5", digest.md5) if md5 else ("x-ms-content-crc64", digest.crc64)
    return [first, ("x-ms-request-server-encrypted", "true")]


def block_id(call: Call) -> str:
    """The block id of a request, base64 as sent; 400 when it is missing, no base64 or too long."""
    text = call.query.get("blockid")
    if not text:
        raise missing_query("blockid")
    decoded = _decode(text)
    if decoded is None:
        raise invalid_query("blockid", text, "Not a valid base64 string.")
    if len(decoded) > MAX_BLOCK_ID:
        raise BlobError(
            "OutOfRangeInput",
            elements=(
                ("QueryParameterName", "blockid"),
                ("QueryParameterValue", text),
                ("Reason", "Block ID length cannot exceed 64."),
            ),
        )
    return text


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


async def put_block_list(call: Call) -> Response:
    """Put Block List. All properties and metadata are replaced by the request's."""
    writing.refuse_snapshot(call)
    writing.declared_length(call, _LIST_LIMIT)
    promised = Expected(call.header("content-md5"), call.header("x-ms-content-crc64"))
    props = writing.from_headers(call, fallback=False)
    own = writing.own_conditions(call)

    def check(record: BlobRecord | None) -> None:
        writing.require_block_blob(record)
        writing.check_replacing(call, own, record)

    check(await writing.current(call))
    body = await call.request.body.read(_LIST_LIMIT)
    service = call.service
    large = len(body) > _SMALL_LIST
    digest = await service.run(checksums.of, body) if large else checksums.of(body)
    promised.check(digest)
    entries = await service.run(xml_in.block_list, body) if large else xml_in.block_list(body)
    for _, block in entries:
        if _decode(block) is None:
            raise BlobError("InvalidBlockList")
    record = await service.change(
        call.turn, service.store.commit_blocks, call.account, call.container, call.blob, entries, props, check
    )
    fields: Fields = stamp(record.etag, record.ticks)
    fields += hash_fields(digest, md5=promised.md5 is not None or call.version < "2019-02-02")
    return call.respond(201, "Created", fields)


async def get_block_list(call: Call) -> Response:
    """Get Block List: committed in blob order, uncommitted by id."""
    kind = (call.query.get("blocklisttype") or "committed").lower()
    if kind not in ("committed", "uncommitted", "all"):
        raise invalid_query("blocklisttype", call.query.get("blocklisttype") or "")
    moment = history.snapshot(call.query)
    store = call.service.store
    lists = await call.service.run(store.block_list, call.account, call.container, call.blob, moment)
    writing.require_block_blob(lists.record)
    conditions.check_write(conditions.parse_tags(call.request.headers), writing.state(lists.record))
    leasing.check_read(call, lists.record)
    known = (*lists.committed, *lists.uncommitted)
    if call.version < "2019-12-12" and any(block.size > _OLD_BLOCK for block in known):
        raise BlobError("FeatureVersionMismatch")
    body = ""
    if kind != "uncommitted":
        body += xml_out.blocks("CommittedBlocks", ((block.id, block.size) for block in lists.committed))
    if kind != "committed":
        body += xml_out.blocks("UncommittedBlocks", ((block.id, block.size) for block in lists.uncommitted))
    fields: Fields = []
    if lists.record is not None:
        fields = stamp(lists.record.etag, lists.record.ticks)
        fields.append(("x-ms-blob-content-length", str(lists.record.length)))
    return call.xml(f"<BlockList>{body}</BlockList>", fields)
