"""Where duplicates lie: which fresh content an extent of a blob holds, computed from two numbers.

Extents of a run form a lattice: member m (the number of a blob in its family) by extent k (its place in the
blob). Extent (m, k) is fresh where m + k is a multiple of `duplicate`, rounded, so that along either side
every `duplicate`-th extent is fresh: one big blob holds the ratio within itself, many small ones among each
other. Every other extent repeats one fresh extent before it, drawn over the whole distance: of its own blob
where there is one, else of a member before it at no higher place, so that what it repeats is part of the run.
"""

from __future__ import annotations

import functools
import hashlib

_LEAST, _MOST = 1 << 20, 16 << 20
_ENDS = 5 << 20

MEMBER_BITS = 32
"""Bits of a seed that number the blobs of a family; as many number the extents of a blob."""


def seed_for(run: int, files: str, index: int) -> int:
    """The seed of blob `index` of a file set. Blobs of one set and run are a family: they share duplicates.

    Two runs with different seeds share nothing, nor do two file sets.
    """
    return _family(run, files) << MEMBER_BITS | index


@functools.lru_cache(maxsize=256)
def _family(run: int, files: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{run}/{files}".encode()).digest()[:6], "big")


def extent_bytes(duplicate: float) -> int:
    """Duplicates are whole extents of so many bytes, a power of 2 from 1 to 16 MiB, longer for more of them.

    Content-defined chunks do not see the two ends of a repeat: it is so long that they miss little of it.
    Short ones are better otherwise, for a small run has whole extents only.
    """
    wanted = min((duplicate - 1) * _ENDS, _MOST)
    return max(_LEAST, 1 << (round(wanted) - 1).bit_length()) if wanted else _LEAST


def origin(seed: int, extent: int, duplicate: float) -> tuple[int, int]:
    """The member and the extent whose content extent `extent` of the blob holds; itself, if it is fresh."""
    member = seed & ((1 << MEMBER_BITS) - 1)
    if duplicate == 1.0 or _fresh(member + extent, duplicate):
        return member, extent
    last = _number(member + extent, duplicate)
    own = _number(member - 1, duplicate) + 1 if member else 0  # the first fresh place of this blob
    draw = _draw(seed, extent)
    if own <= last:
        return member, _place(own + draw % (last - own + 1), duplicate) - member
    place = _place(draw % (last + 1), duplicate)
    at = min(extent, place)
    return place - at, at


def _fresh(diagonal: int, duplicate: float) -> bool:
    return _place(_number(diagonal, duplicate), duplicate) == diagonal


def _number(diagonal: int, duplicate: float) -> int:
    """The number of the last fresh place at or before a diagonal."""
    number = int(diagonal / duplicate) + 1
    while _place(number, duplicate) > diagonal:
        number -= 1
    return number


def _place(number: int, duplicate: float) -> int:
    """The diagonal whose extents are fresh: number 0 is 0, and they lie `duplicate` apart, rounded."""
    return int(number * duplicate + 0.5)


def _draw(seed: int, extent: int) -> int:
    """A number that looks random: splitmix64 over both."""
    value = (seed * 0x9E3779B97F4A7C15 + extent * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) & _WORD
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31


_WORD = (1 << 64) - 1
