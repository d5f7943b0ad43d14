"""Whole numbers in as few bytes as they need (LEB128), one by one and many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LIMITS = np.uint64(1) << np.arange(7, 63, 7, dtype=np.uint64)  # the least numbers of two bytes, three …


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
    limits = _LIMITS[: np.searchsorted(_LIMITS, values.max(initial=0), side="right")]
    lengths = np.ones(values.size, dtype=np.int64)
    for limit in limits:
        lengths += values >= limit
    places = np.cumsum(lengths) - lengths
    out = np.zeros(int(lengths.sum()), dtype=np.uint8)
    left = values
    for _ in limits:  # the longer ones are few: each round has fewer
        out[places] = (left & np.uint64(0x7F)) | (np.uint64(0x80) * (lengths > 1))
        longer = lengths > 1
        left, lengths, places = left[longer] >> np.uint64(7), lengths[longer] - 1, places[longer] + 1
    out[places] = left
    return bytes(out)


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
