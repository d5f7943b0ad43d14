"""Mutants of reading blobs."""

from __future__ import annotations

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import reading
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import ranges
from reference_impl.protocol.ranges import ByteRange, Span


@mutant("range-ignored", breaks="get-blob.range")
def range_ignored(patch: Patch) -> None:
    """Ranges are ignored: each chunk of a download is the start of the file, and AzCopy reports success."""
    patch.replace(ranges, "requested", lambda _header, _ms_header: None)


@mutant("range-end-exclusive", breaks="get-blob.range")
def range_end_exclusive(patch: Patch) -> None:
    """The last byte of a range is left out: restored files lack a byte per chunk."""
    resolve = ranges.resolve

    def wrong(asked: ByteRange, length: int) -> Span:
        span = resolve(asked, length)
        return Span(span.first, max(span.count - 1, 1))

    patch.replace(ranges, "resolve", wrong)


@mutant("whole-range-answers-200", breaks="get-blob.range-of-everything")
def whole_range_answers_200(patch: Patch) -> None:
    """A range over the whole blob is 200 without Content-Range, where SDKs read the total size."""
    get = reading.get_blob

    async def wrong(call: Call) -> Response:
        response = await get(call)
        fields = dict(response.headers)
        length = fields.get("Content-Length", "")
        if fields.get("Content-Range") == f"bytes 0-{int(length or 1) - 1}/{length}":
            response.status, response.reason = 200, "OK"
            response.headers = [pair for pair in response.headers if pair[0] != "Content-Range"]
        return response

    patch.replace(reading, "get_blob", wrong)


@mutant("last-modified-missing", breaks=("wire.validators", "properties.last-modified"))
def last_modified_missing(patch: Patch) -> None:
    """Reads carry no Last-Modified: AzCopy cannot guard its download and fails."""
    patch.replace(reading, "stamp", lambda etag, ticks: stamp(etag, ticks)[1:])


@mutant("content-md5-not-kept", breaks="put-blob.keeps-md5")
def content_md5_not_kept(patch: Patch) -> None:
    """Reads carry no Content-MD5: downloads cannot be verified end to end."""
    patch.replace(reading, "_whole_md5", lambda _record, _name: [])
