"""MD5 and CRC-64/NVME of bodies, as the wire writes them, and the request headers that carry them."""

from __future__ import annotations

import base64
import binascii
import hashlib

from awscrt.checksums import crc64nvme

from reference_impl.protocol.errors import BlobError, invalid_header

Piece = bytes | memoryview


def encode_md5(digest: bytes) -> str:
    """Base64 of an MD5 digest."""
    return base64.b64encode(digest).decode("ascii")


def encode_crc64(value: int) -> str:
    """Base64 of the eight bytes of a CRC-64, little-endian."""
    return base64.b64encode(value.to_bytes(8, "little")).decode("ascii")


def decode_md5(text: str) -> bytes:
    """The 16 bytes of a Content-MD5 value. Raises 400 InvalidMd5."""
    digest = _decode(text)
    if digest is None or len(digest) != 16:
        raise BlobError("InvalidMd5")
    return digest


def decode_crc64(text: str) -> bytes:
    """The 8 bytes of an x-ms-content-crc64 value. Raises 400 InvalidHeaderValue."""
    value = _decode(text)
    if value is None or len(value) != 8:
        raise invalid_header("x-ms-content-crc64", text)
    return value


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


class Digest:
    """Running checksums over the pieces of one body: CRC-64 always, MD5 when wanted."""

    __slots__ = ("_crc", "_md5")

    def __init__(self, *, md5: bool) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self._crc = 0

    @property
    def slow(self) -> bool:
        """Whether a large piece should be hashed in a thread: MD5 is ten times slower than CRC-64."""
        return self._md5 is not None

    def update(self, piece: Piece) -> None:
        """Take the next piece in."""
        self._crc = crc64nvme(piece, self._crc)
        if self._md5 is not None:
            self._md5.update(piece)

    @property
    def md5(self) -> str:
        """MD5 so far, base64. Only when it was wanted."""
        if self._md5 is None:
            raise ValueError("this digest was made without MD5")
        return encode_md5(self._md5.digest())

    @property
    def crc64(self) -> str:
        """CRC-64 so far, base64."""
        return encode_crc64(self._crc)


def of(data: Piece, *, md5: bool = True) -> Digest:
    """The checksums of a body that is at hand."""
    digest = Digest(md5=md5)
    digest.update(data)
    return digest


class Expected:
    """The checksums that a request promises of its body, checked for form when made."""

    __slots__ = ("crc64", "md5")

    def __init__(self, md5: str | None, crc64: str | None) -> None:
        """Raises BothCrc64AndMd5HeaderPresent, InvalidMd5 or InvalidHeaderValue. Empty counts as absent."""
        if md5 and crc64:
            raise BlobError("BothCrc64AndMd5HeaderPresent")
        if md5:
            decode_md5(md5)
        if crc64:
            decode_crc64(crc64)
        self.md5 = md5 or None
        self.crc64 = crc64 or None

    def check(self, digest: Digest, *, elements: bool = True) -> None:
        """Raise Md5Mismatch or Crc64Mismatch when the body is not what was promised."""
        if self.md5 is not None and decode_md5(self.md5) != decode_md5(digest.md5):
            raise BlobError("Md5Mismatch", elements=_pair("Md5", self.md5, digest.md5) if elements else ())
        if self.crc64 is not None and decode_crc64(self.crc64) != decode_crc64(digest.crc64):
            raise BlobError(
                "Crc64Mismatch", elements=_pair("Crc", self.crc64, digest.crc64) if elements else ()
            )


def _pair(kind: str, specified: str, calculated: str) -> tuple[tuple[str, str], ...]:
    return ((f"UserSpecified{kind}", specified), (f"ServerCalculated{kind}", calculated))
