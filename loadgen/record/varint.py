"""Whole numbers in as few bytes as they need (LEB128), one by one and many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SHIFTS = np.arange(0, 64, 7, dtype=np.uint64)


def one(value: int) -> bytes:
    """A number of any size, 0 or more."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def take(data: bytes, at: int) -> tuple[int, int]:
    """The number at an offset, and the offset after it. Raises `ValueError` when the bytes end before it."""
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number is cut off")


def many(values: NDArray[np.uint64]) -> bytes:
    """Numbers below 2^63, one after the other."""
    pieces = -(-int(values.max(initial=1)).bit_length() // 7)
    left = values[:, None] >> _SHIFTS[:pieces]
    wanted = left != 0
    wanted[:, 0] = True
    more = ((left >> np.uint64(7)) != 0).astype(np.uint8) << np.uint8(7)
    return bytes(((left & np.uint64(0x7F)).astype(np.uint8) | more)[wanted])


def take_many(data: bytes) -> NDArray[np.uint64]:
    """All numbers in the bytes. Raises `ValueError` when the last is cut off or one is above 63 bits."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if not raw.size:
        return np.zeros(0, dtype=np.uint64)
    ends = np.flatnonzero(raw < 0x80)
    if not ends.size or ends[-1] != raw.size - 1:
        raise ValueError("a number is cut off")
    starts = np.concatenate((np.zeros(1, dtype=ends.dtype), ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > 9:
        raise ValueError("a number is too large")
    place = (np.arange(raw.size) - np.repeat(starts, lengths)).astype(np.uint64)
    pieces = (raw & np.uint8(0x7F)).astype(np.uint64) << (place * np.uint64(7))
    return np.asarray(np.add.reduceat(pieces, starts), dtype=np.uint64)
