"""Mutants of ranges, and of what a partial answer says of itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, drop, mutant, put
from reference_impl.operations import reading
from reference_impl.operations.call import Call
from reference_impl.protocol import ranges
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.ranges import ByteRange, Span
from reference_impl.store import BlobRecord

Parse = Callable[[str | None], ByteRange | None]
Resolve = Callable[[ByteRange, int], Span]


@mutant("open-range-ignored", breaks="get-blob.range-open")
def open_range_ignored(patch: Patch) -> None:
    """bytes=a- is not understood: a download that resumes starts again, and appends the whole file."""

    def make(right: Parse) -> Parse:
        return lambda text: None if text and text.strip().endswith("-") else right(text)

    patch.wrap(ranges, "parse", make)


@mutant("range-end-refused", breaks="get-blob.range-clamped")
def range_end_refused(patch: Patch) -> None:
    """A range that ends behind the end is 416: the first chunk that SDKs ask for is longer than most are."""

    def make(right: Resolve) -> Resolve:
        def wrong(asked: ByteRange, length: int) -> Span:
            if asked.last is not None and asked.last >= length:
                raise BlobError("InvalidRange", headers=(("Content-Range", f"bytes */{length}"),))
            return right(asked, length)

        return wrong

    patch.wrap(ranges, "resolve", make)


@mutant("range-at-end-is-served", breaks="get-blob.range-refused")
def range_at_end_is_served(patch: Patch) -> None:
    """A range that begins right at the end is 206 with nothing in it: a resumed download never ends."""

    def make(right: Resolve) -> Resolve:
        return lambda asked, length: Span(length, 0) if asked.first == length else right(asked, length)

    patch.wrap(ranges, "resolve", make)


@mutant("suffix-range-honoured", breaks="get-blob.range-ignored")
def suffix_range_honoured(patch: Patch) -> None:
    """bytes=-5 gives the last five bytes, as other services do and this one never did."""
    suffix = re.compile(r"bytes=-(\d+)")

    def make(right: Resolve) -> Resolve:
        def wrong(asked: ByteRange, length: int) -> Span:
            if asked.first < 0:
                count = min(-asked.first, length)
                return Span(length - count, count)
            return right(asked, length)

        return wrong

    def make_parse(right: Parse) -> Parse:
        def wrong(text: str | None) -> ByteRange | None:
            found = suffix.fullmatch((text or "").strip())
            return ByteRange(-int(found[1]), None) if found and int(found[1]) else right(text)

        return wrong

    patch.wrap(ranges, "resolve", make)
    patch.wrap(ranges, "parse", make_parse)


@mutant("plain-range-wins", breaks="get-blob.range-precedence")
def plain_range_wins(patch: Patch) -> None:
    """Of Range and x-ms-range the former counts: a proxy's own Range changes what an SDK gets."""
    patch.wrap(ranges, "requested", lambda right: lambda header, ms: right(None, header or ms))


@mutant("plain-range-ignored", breaks="get-blob.range-plain")
def plain_range_ignored(patch: Patch) -> None:
    """Only x-ms-range is read: curl, browsers and generic readers get the whole blob for every piece."""
    patch.wrap(ranges, "requested", lambda right: lambda _header, ms: right(None, ms))


@mutant("empty-blob-has-a-range", breaks="get-blob.empty-range")
def empty_blob_has_a_range(patch: Patch) -> None:
    """A range of an empty blob is 206 with `bytes 0--1/0`: SDKs fail to parse it."""
    patch.wrap(
        ranges, "resolve", lambda right: lambda asked, length: right(asked, length) if length else Span(0, 0)
    )


@mutant("md5-of-the-whole-on-a-range", breaks="get-blob.stored-md5-range")
def md5_of_the_whole_on_a_range(patch: Patch) -> None:
    """A 206 has the MD5 of the whole blob as Content-MD5: clients that check it call every chunk damaged."""
    whole_md5(patch, lambda _name: "Content-MD5")


@mutant("blob-md5-on-a-whole-read", breaks="get-blob.stored-md5-whole")
def blob_md5_on_a_whole_read(patch: Patch) -> None:
    """A 200 names the stored MD5 x-ms-blob-content-md5, where nobody looks for it."""
    whole_md5(patch, lambda _name: "x-ms-blob-content-md5")


def whole_md5(patch: Patch, name: Callable[[str], str]) -> None:
    """Give the stored MD5 another name."""

    def make(right: Callable[[BlobRecord, str], Any]) -> Callable[[BlobRecord, str], Any]:
        return lambda record, said: right(record, name(said))

    patch.wrap(reading, "_whole_md5", make)


@mutant("range-hash-of-the-whole", breaks="get-blob.range-hash")
def range_hash_of_the_whole(patch: Patch) -> None:
    """The MD5 of a range is that of the first bytes of the blob: a verified download fails on good data."""
    patch.wrap(reading, "_digest", lambda right: lambda fd, span, md5: right(fd, Span(0, span.count), md5))


@mutant("range-hash-forgotten", breaks=("get-blob.range-hash", "get-blob.range-crc64"))
def range_hash_forgotten(patch: Patch) -> None:
    """A hash that was asked for does not come: clients that validate ranges stop."""
    patch.replace(ranges, "checksum_wanted", lambda _md5, _crc, _asked: None)


@mutant("range-hash-without-limit", breaks="get-blob.range-hash-limit")
def range_hash_without_limit(patch: Patch) -> None:
    """A range of any length is hashed: what works here is refused by the service."""
    patch.replace(ranges, "check_checksum_size", lambda _kind, _count: None)


@mutant("content-range-without-size", breaks="get-blob.content-range")
def content_range_without_size(patch: Patch) -> None:
    """Content-Range ends with a star: SDKs take the size of the blob from there."""

    def edit(_call: Call, response: Response) -> None:
        said = dict(response.headers).get("Content-Range")
        if said:
            put(response, "Content-Range", said.partition("/")[0] + "/*")

    patch.answers(reading, "get_blob", edit)


@mutant("range-without-metadata", breaks="get-blob.range-headers")
def range_without_metadata(patch: Patch) -> None:
    """A 206 has no metadata: clients whose first request is a range lose it."""

    def edit(_call: Call, response: Response) -> None:
        if response.status == 206:
            drop(response, *[name for name, _ in response.headers if name.startswith("x-ms-meta-")])

    patch.answers(reading, "get_blob", edit)


@mutant("unsatisfied-range-without-size", breaks="get-blob.range-refused")
def unsatisfied_range_without_size(patch: Patch) -> None:
    """A 416 does not tell the length of the blob: readers cannot find out where it ends."""

    def make(right: Resolve) -> Resolve:
        def wrong(asked: ByteRange, length: int) -> Span:
            try:
                return right(asked, length)
            except BlobError:
                raise BlobError("InvalidRange") from None

        return wrong

    patch.wrap(ranges, "resolve", make)
