"""What is kept of an answer's body: all of it, or a checksum in its place."""

from __future__ import annotations

from awscrt import checksums

from loadgen.work.op import Keep


class Checksum:
    """CRC-64/NVME of bytes that come in pieces, as if it were a bytearray.

    It costs a small part of what copying the bytes would, and keeps nothing.
    """

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value = 0

    def extend(self, piece: memoryview) -> None:
        """Take more bytes."""
        self._value = checksums.crc64nvme(piece, self._value)

    def __bytes__(self) -> bytes:
        """The sum, the highest byte first."""
        return self._value.to_bytes(8, "big")

    def __len__(self) -> int:
        """How much memory is kept, bytes."""
        return 8


Kept = bytearray | Checksum


def kept(keep: Keep) -> Kept | None:
    """Where an answer's body goes of which so much is wanted; None: nowhere."""
    if keep is Keep.BODY:
        return bytearray()
    return Checksum() if keep is Keep.CHECKSUM else None
