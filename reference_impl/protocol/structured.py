"""Structured message bodies (XSM/1.0): data in segments, each with its CRC-64, and one over all of it.

header   u8 version (1) · u64 length of the whole message · u16 flags (1: CRC-64) · u16 number of segments
segment  u16 number (from 1) · u64 length of its data · the data · its CRC-64
trailer  the CRC-64 of all data
All little-endian. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Generator, Iterator

from awscrt.checksums import crc64nvme

from reference_impl.protocol.checksums import Piece, encode_crc64
from reference_impl.protocol.errors import BlobError, invalid_header, missing_header

KIND = "x-ms-structured-body"
LENGTH = "x-ms-structured-content-length"
SUPPORTED = "XSM/1.0; properties=crc64"
SINCE = "2025-01-05"
_HEADER = struct.Struct("<BQHH")
_SEGMENT = struct.Struct("<HQ")
_CRC = struct.Struct("<Q")
_SIZE = 4 * 1024 * 1024
_MOST = 0xFFFF


def check_kind(text: str) -> None:
    """Raise 400 for a kind of structured body that is not this one."""
    if "".join(text.split()).lower() != SUPPORTED.replace(" ", "").lower():
        raise invalid_header(KIND, text)


def decoded_length(text: str | None) -> int:
    """The length of the data that a request says its structured body holds; 400 when it does not say."""
    if not text:
        raise missing_header(LENGTH)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid_header(LENGTH, text)
    return int(text)


def segments(length: int) -> list[int]:
    """The lengths of the segments that so many bytes are sent in; empty data is one empty segment."""
    size = max(_SIZE, math.ceil(length / _MOST))
    count = math.ceil(length / size) or 1
    return [min(size, length - number * size) for number in range(count)]


def encoded_length(length: int) -> int:
    """The length of the message that holds so many bytes."""
    return _HEADER.size + length + len(segments(length)) * (_SEGMENT.size + _CRC.size) + _CRC.size


def encoded_limit(length: int) -> int:
    """The length of the longest message that can hold so many bytes, however it is cut."""
    return _HEADER.size + length + _MOST * (_SEGMENT.size + _CRC.size) + _CRC.size


def header(length: int) -> bytes:
    """The beginning of the message that holds so many bytes."""
    return _HEADER.pack(1, encoded_length(length), 1, len(segments(length)))


def segment_header(number: int, length: int) -> bytes:
    """The beginning of a segment; numbers count from 1."""
    return _SEGMENT.pack(number, length)


def checksum(crc: int) -> bytes:
    """A CRC-64 as it stands in a message."""
    return _CRC.pack(crc)


class Decoder:
    """Takes a message apart as its pieces come. Raises 400 for what is no message, or a damaged one."""

    def __init__(self, encoded: int, decoded: int) -> None:
        """`encoded` and `decoded` are the lengths that the request declares."""
        self._encoded = encoded
        self._decoded = decoded
        self._steps = self._run()
        self._ended = False
        self._wanted = next(self._steps)
        self._pending = bytearray()
        self._data = 0  # bytes of the segment under way that are still to come
        self._crc = self._all = 0
        self._seen = 0

    def feed(self, piece: Piece) -> Iterator[memoryview]:
        """The data in the next piece, as parts of it."""
        left = memoryview(piece)
        while left:
            if self._ended:
                raise _broken()
            if self._data:
                part, left = left[: self._data], left[self._data :]
                self._crc = crc64nvme(part, self._crc)
                self._all = crc64nvme(part, self._all)
                self._data -= len(part)
                self._seen += len(part)
                yield part
                continue
            missing = self._wanted - len(self._pending)
            self._pending += left[:missing]
            left = left[missing:]
            if len(self._pending) == self._wanted:
                self._step()

    def finish(self) -> None:
        """The body has ended: raise unless the message has as well."""
        if not self._ended:
            raise _broken()
        if self._seen != self._decoded:
            raise invalid_header(LENGTH, str(self._decoded))

    def _step(self) -> None:
        field = bytes(self._pending)
        self._pending.clear()
        try:
            self._wanted = self._steps.send(field)
        except StopIteration:
            self._ended = True

    def _run(self) -> Generator[int, bytes, None]:
        """Asks for the fields of a message by their sizes, one after the other; data comes between them."""
        version, total, flags, count = _HEADER.unpack((yield _HEADER.size))
        if version != 1 or total != self._encoded or flags != 1:
            raise _broken()
        for number in range(1, count + 1):
            found, self._data = _SEGMENT.unpack((yield _SEGMENT.size))
            if found != number:
                raise _broken()
            self._crc = 0
            _check((yield _CRC.size), self._crc)
        _check((yield _CRC.size), self._all)


def _broken() -> BlobError:
    return BlobError("InvalidInput", message="The structured message is not valid.")


def _check(specified: bytes, crc: int) -> None:
    if _CRC.unpack(specified)[0] != crc:
        pair = (
            ("UserSpecifiedCrc", encode_crc64(_CRC.unpack(specified)[0])),
            ("ServerCalculatedCrc", encode_crc64(crc)),
        )
        raise BlobError("Crc64Mismatch", elements=pair)
