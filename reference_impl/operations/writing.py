"""What the writing operations have in common: properties from headers, limits, and the streamed body."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import unquote_plus

from reference_impl.http.message import Piece
from reference_impl.operations import framed, leasing, tiers
from reference_impl.operations.call import Call
from reference_impl.protocol import conditions, structured, times
from reference_impl.protocol.checksums import Digest
from reference_impl.protocol.conditions import Conditions, State
from reference_impl.protocol.errors import BlobError, invalid_header, invalid_query, too_large
from reference_impl.store import BlobMissing, BlobProps, BlobRecord, Upload

MIB = 1024 * 1024
_TAG = re.compile(r"[A-Za-z0-9 +\-./:=_]*", re.ASCII)
_TAG_MESSAGE = "The tags specified are invalid. It contains characters that are not permitted."
_THREADED = 64 * 1024
Change = Callable[[BlobRecord], BlobProps]
Check = Callable[[BlobRecord | None], None]
ROOT_ONLY = (
    ("snapshot", "This operation is only allowed on the root blob. Snapshot should not be provided."),
    ("versionid", "This operation is only allowed on the root blob. Version id should not be provided."),
)


def refuse_snapshot(call: Call) -> None:
    """Writes go to the root blob only. A SAS for a snapshot would otherwise reach the blob itself."""
    for name, reason in ROOT_ONLY:
        value = call.query.get(name)
        if value:
            raise invalid_query(name, value, reason)


def put_limit(version: str) -> int:
    """Largest Put Blob body, in bytes."""
    if version >= "2019-12-12":
        return 5000 * MIB
    return 256 * MIB if version >= "2016-05-31" else 64 * MIB


def block_limit(version: str) -> int:
    """Largest Put Block body, in bytes."""
    if version >= "2019-12-12":
        return 4000 * MIB
    return 100 * MIB if version >= "2016-05-31" else 4 * MIB


def declared_length(call: Call, limit: int) -> int:
    """The Content-Length of a body, refused with 411 when there is none and with 413 above the limit."""
    length = call.request.body.length
    if length is None or call.header("content-length") is None:
        raise BlobError("MissingContentLengthHeader")
    if framed.is_asked(call):
        if length > structured.encoded_limit(limit):
            raise too_large(limit)
        length = structured.decoded_length(call.header(structured.LENGTH))
    if length > limit:
        raise too_large(limit)
    return length


async def receive(call: Call, upload: Upload, digest: Digest) -> None:
    """Write the body into an upload piece by piece, hashing on the way; large pieces off the loop."""

    decoder = framed.decoder(call)

    def take(piece: Piece) -> None:
        for part in (piece,) if decoder is None else decoder.feed(piece):
            digest.update(part)
            upload.write(part)

    async for piece in call.request.body.chunks():
        if len(piece) >= _THREADED:
            await call.service.run(take, piece)
        else:
            take(piece)
    if decoder is not None:
        decoder.finish()


def state(record: BlobRecord | None) -> State | None:
    """What conditions compare with."""
    return None if record is None else State(record.etag, times.unix_seconds(record.ticks), record.props.tags)


def own_conditions(call: Call) -> Conditions:
    """The conditions of a write, refused when they cannot be combined."""
    found = conditions.parse(call.request.headers)
    conditions.refuse_combinations(found)
    return found


def tag_conditions(call: Call) -> Conditions:
    """The conditions of the operations on tags: on the tags, and from 2026-06-06 on the blob as well."""
    if call.version < "2026-06-06":
        return conditions.parse_tags(call.request.headers)
    found = conditions.parse(call.request.headers, "x-ms-blob-")
    conditions.refuse_combinations(found)
    return replace(found, if_tags=conditions.parse_tags(call.request.headers).if_tags)


def check_replacing(call: Call, found: Conditions, record: BlobRecord | None) -> None:
    """What must hold when a write makes or replaces a blob: conditions, leases, the right to overwrite."""
    conditions.check_create(found, state(record))
    leasing.check_write(call, record)
    refuse_overwrite(call, record)


def require_block_blob(record: BlobRecord | None) -> None:
    """409 when a blob is there and is no block blob."""
    if record is not None and record.props.appended is not None:
        raise BlobError("InvalidBlobType")


def staging_check(call: Call) -> Check:
    """What must hold of a blob when a block is staged on it."""

    def check(record: BlobRecord | None) -> None:
        require_block_blob(record)
        leasing.check_write(call, record)

    return check


def refuse_overwrite(call: Call, record: BlobRecord | None) -> None:
    """A SAS that may create but not write cannot replace a blob."""
    if record is not None and not call.principal.may_overwrite:
        raise BlobError("UnauthorizedBlobOverwrite")


async def current(call: Call) -> BlobRecord | None:
    """The committed blob that a write would replace, or None. Raises ContainerMissing."""
    return await call.service.run_small(_current, call)


def _current(call: Call) -> BlobRecord | None:
    try:
        return call.service.store.blob(call.account, call.container, call.blob)
    except BlobMissing:
        return None


def blob_headers(call: Call, *, fallback: bool) -> BlobProps:
    """The six x-ms-blob-* properties; with `fallback`, the plain headers stand in for those not sent."""

    def value(ms_name: str, plain: str) -> str | None:
        found = call.header(ms_name)
        return found or ((call.header(plain) or None) if fallback else None)

    return BlobProps(
        content_type=value("x-ms-blob-content-type", "content-type"),
        content_encoding=value("x-ms-blob-content-encoding", "content-encoding"),
        content_language=value("x-ms-blob-content-language", "content-language"),
        content_disposition=call.header("x-ms-blob-content-disposition") or None,
        cache_control=value("x-ms-blob-cache-control", "cache-control"),
        content_md5=call.header("x-ms-blob-content-md5") or None,
    )


def from_headers(call: Call, *, fallback: bool) -> BlobProps:
    """All properties that a write takes from its headers: the six, metadata, tier and tags."""
    chosen = tiers.chosen(call)
    return replace(
        blob_headers(call, fallback=fallback),
        metadata=call.metadata(),
        tier=chosen,
        tags=tags(call),
        extra=tiers.history(chosen),
    )


def tags(call: Call) -> tuple[tuple[str, str], ...]:
    """The x-ms-tags of a write, form-encoded; a SAS needs the tag permission for them."""
    text = call.header("x-ms-tags")
    if not text:
        return ()
    if call.principal.kind.endswith("sas") and "t" not in call.principal.permissions:
        raise BlobError("AuthorizationPermissionMismatch")
    pairs = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not equals:
            raise invalid_header("x-ms-tags", text)
        pairs.append((unquote_plus(name), unquote_plus(value)))
    return check_tags(pairs)


def check_tags(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """At most ten tags, names of 1 to 128 and values of up to 256 permitted characters, no name twice."""
    seen: Mapping[str, str] = dict(pairs)
    if any(not name for name, _ in pairs):
        raise BlobError("EmptyTagName")
    if len(seen) < len(pairs):
        raise BlobError("DuplicateTagNames")
    if len(pairs) > 10 or any(len(name) > 128 or len(value) > 256 for name, value in pairs):
        raise BlobError("TagsTooLarge")
    if not all(_TAG.fullmatch(text) for pair in pairs for text in pair):
        raise BlobError("InvalidInput", message=_TAG_MESSAGE)
    return tuple(sorted(pairs))
