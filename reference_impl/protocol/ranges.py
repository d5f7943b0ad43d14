"""Byte ranges of Get Blob and of copy sources: which are understood, which are ignored, which are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reference_impl.protocol.errors import BlobError, invalid_header

_FORM = re.compile(r"bytes=([0-9]{1,19})-([0-9]{0,19})", re.ASCII)
CHECKSUM_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A range as asked for: first byte and last byte, inclusive; `last` None means to the end."""

    first: int
    last: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """A range as served: first byte and number of bytes."""

    first: int
    count: int


def parse(text: str | None) -> ByteRange | None:
    """The range a header asks for, or None when the service would ignore it.

    Understood: `bytes=a-` and `bytes=a-b` with a <= b. Suffixes, several ranges and all else are ignored.
    """
    if text is None:
        return None
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    first = int(found[1])
    last = int(found[2]) if found[2] else None
    if last is not None and last < first:
        return None
    return ByteRange(first, last)


def requested(header: str | None, ms_header: str | None) -> ByteRange | None:
    """The range of a request: `x-ms-range` when it is there, else `Range`."""
    return parse(ms_header if ms_header is not None else header)


def resolve(asked: ByteRange, length: int) -> Span:
    """The part of `length` bytes that a range selects; its end is clamped.

    Raises 416 InvalidRange when it starts at or after the end, so always for an empty blob.
    """
    if asked.first >= length:
        raise BlobError("InvalidRange", headers=(("Content-Range", f"bytes */{length}"),))
    last = length - 1 if asked.last is None else min(asked.last, length - 1)
    return Span(asked.first, last - asked.first + 1)


def content_range(span: Span, length: int) -> str:
    """The Content-Range of a 206."""
    return f"bytes {span.first}-{span.first + span.count - 1}/{length}"


def checksum_wanted(md5: str | None, crc: str | None, asked: ByteRange | None) -> str | None:
    """Which checksum of the range is asked for: `md5`, `crc64` or None.

    Raises BothCrc64AndMd5RangeHeaderPresent, and InvalidHeaderValue when there is no range.
    """
    want_md5, want_crc = _is_true(md5), _is_true(crc)
    if want_md5 and want_crc:
        raise BlobError("BothCrc64AndMd5RangeHeaderPresent")
    if not (want_md5 or want_crc):
        return None
    if asked is None:
        raise _checksum_refused(want_md5, (md5 if want_md5 else crc) or "")
    return "md5" if want_md5 else "crc64"


def check_checksum_size(kind: str, count: int) -> None:
    """Refuse a checksum over more than 4 MiB."""
    if count > CHECKSUM_LIMIT:
        raise _checksum_refused(kind == "md5", "true")


def _is_true(value: str | None) -> bool:
    return value is not None and value.strip().lower() == "true"


def _checksum_refused(md5: bool, value: str) -> BlobError:
    return invalid_header(f"x-ms-range-get-content-{'md5' if md5 else 'crc64'}", value)
