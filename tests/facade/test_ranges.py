"""Which ranges are understood, ignored, clamped and refused."""

from __future__ import annotations

import pytest

from reference_impl.protocol import ranges
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.ranges import ByteRange, Span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=0-", ByteRange(0, None)),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=3-10", ByteRange(3, 10)),
        (" bytes=3-10 ", ByteRange(3, 10)),
        ("bytes=-5", None),
        ("bytes=-1-", None),
        ("bytes=-2-497", None),
        ("bytes=0-1,3-4", None),
        ("bytes=5-3", None),
        ("bytes=a-b", None),
        ("bytes=", None),
        ("chunks=0-1", None),
        ("bytes=٣-٤", None),
        ("", None),
        (None, None),
    ],
)
def test_forms(text: str | None, expected: ByteRange | None) -> None:
    assert ranges.parse(text) == expected


def test_ms_range_wins_even_when_it_is_nonsense() -> None:
    assert ranges.requested("bytes=0-1", "bytes=2-3") == ByteRange(2, 3)
    assert ranges.requested("bytes=0-1", "nonsense") is None
    assert ranges.requested("bytes=0-1", None) == ByteRange(0, 1)


@pytest.mark.parametrize(
    ("asked", "length", "span"),
    [
        (ByteRange(0, None), 15, Span(0, 15)),
        (ByteRange(0, 14), 15, Span(0, 15)),
        (ByteRange(10, 12), 15, Span(10, 3)),
        (ByteRange(14, 99), 15, Span(14, 1)),
        (ByteRange(14, None), 15, Span(14, 1)),
    ],
)
def test_resolved(asked: ByteRange, length: int, span: Span) -> None:
    assert ranges.resolve(asked, length) == span


@pytest.mark.parametrize(
    ("asked", "length"),
    [(ByteRange(15, None), 15), (ByteRange(16, 20), 15), (ByteRange(0, 5), 0), (ByteRange(0, None), 0)],
)
def test_beyond_the_end_is_416(asked: ByteRange, length: int) -> None:
    with pytest.raises(BlobError) as refused:
        ranges.resolve(asked, length)
    assert (refused.value.status, refused.value.code) == (416, "InvalidRange")
    assert refused.value.headers == (("Content-Range", f"bytes */{length}"),)


def test_checksum_rules() -> None:
    asked = ByteRange(0, 3)
    assert ranges.checksum_wanted(None, None, asked) is None
    assert ranges.checksum_wanted("false", None, None) is None
    assert ranges.checksum_wanted("true", None, asked) == "md5"
    assert ranges.checksum_wanted(None, "True", asked) == "crc64"
    with pytest.raises(BlobError, match="BothCrc64AndMd5RangeHeaderPresent"):
        ranges.checksum_wanted("true", "true", asked)
    with pytest.raises(BlobError) as refused:
        ranges.checksum_wanted("true", None, None)
    assert refused.value.elements[0] == ("HeaderName", "x-ms-range-get-content-md5")
    ranges.check_checksum_size("md5", 4 * 1024 * 1024)
    with pytest.raises(BlobError, match="InvalidHeaderValue"):
        ranges.check_checksum_size("md5", 4 * 1024 * 1024 + 1)
