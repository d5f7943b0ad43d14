"""Where chunks end. Content-defined ends follow FastCDC's rule; the hash is one that numpy can compute.

A chunk may end after 16 bytes whose hash is small. A first sieve looks at the last 4 of them and lets one
place in 256 through, so that the hash of 16 is computed for few places. As in FastCDC (Xia and others, USENIX
ATC 2016), a chunk shorter than the average needs a rarer hash than a longer one, which keeps sizes together;
the least size is a quarter of the average, the greatest four times the average.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_WINDOW = 16
_STEP = 256 << 10  # bytes looked at in one go: they stay in the processor's cache
_SIEVE = 256
_NORMAL = 4  # how much rarer, and how much less rare, an end is on either side of the average
_FIRST, _SHIFT = np.uint32(0x9E3779B1), np.uint32(0x7F4A7C15)
_LEFT, _RIGHT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1342543DE82EF95)


def fixed(size: int, length: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each chunk of a stretch that begins where one does; the last may be shorter."""
    for begin in range(0, length, size):
        yield begin, min(begin + size, length)


def by_content(data: Bytes, average: int, *, last: bool) -> list[tuple[int, int]]:
    """Begin and end of each chunk of `data`, which begins where a chunk does.

    Unless it is the `last` of its file, what might still become longer is left out: up to four averages.
    """
    if not len(data):
        return []
    rare, often = _ends(data, average)
    least, most, length = average // 4, average * 4, len(data)
    chunks: list[tuple[int, int]] = []
    begin = 0
    while begin < length:
        if not last and length - begin < most:
            break
        end = _next(rare, begin + least, begin + average)
        if end is None:
            end = _next(often, begin + average, begin + most) or begin + most
        end = min(end, length)
        chunks.append((begin, end))
        begin = end
    return chunks


def _next(places: list[int], low: int, high: int) -> int | None:
    at = bisect_left(places, low)
    return places[at] if at < len(places) and places[at] <= high else None


def _ends(data: Bytes, average: int) -> tuple[list[int], list[int]]:
    """Places where a chunk may end: rarely, and often."""
    places, hashes = [], []
    for begin in range(0, len(data), _STEP):
        near = data[max(begin - _WINDOW, 0) : begin + _STEP]
        found = _sieve(near)
        found = found[found >= _WINDOW]
        around = near[found[:, None] + np.arange(-_WINDOW, 0)].view(np.uint64)
        mixed = around[:, 0] * _LEFT ^ np.bitwise_xor(around[:, 1], around[:, 1] >> np.uint64(29)) * _RIGHT
        mixed ^= mixed >> np.uint64(32)
        hashes.append(mixed * _LEFT)
        places.append(found + max(begin - _WINDOW, 0))
    place, value = np.concatenate(places), np.concatenate(hashes)
    often = value < np.uint64(min(_SIEVE * _NORMAL / average, 1.0) * (2**64 - 2**11))
    rare = value < np.uint64(_SIEVE / _NORMAL / average * 2**64)
    return place[rare].tolist(), place[often].tolist()


def _sieve(near: Bytes) -> NDArray[np.intp]:
    """In order, the ends of all groups of 4 bytes whose hash is one in 256."""
    found = []
    for shift in range(4):
        whole = (len(near) - shift) // 4 * 4
        words = near[shift : shift + max(whole, 0)].view(np.uint32) * _FIRST
        words += _SHIFT  # zeros must not be an end: they would be one everywhere
        found.append(np.flatnonzero(words < np.uint32(2**32 // _SIEVE)) * 4 + (shift + 4))
    places = np.concatenate(found)
    places.sort()
    return places
