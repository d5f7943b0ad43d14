"""Where duplicates lie: which fresh content an extent of a blob holds, computed from two numbers.

Extents of a run form a lattice: member m (the number of a blob in its family) by extent k (its place in the
blob). Extent (m, k) is fresh where `(m + k) mod duplicate < 1`, so that along either side every
`duplicate`-th extent is fresh: one big blob holds the ratio within itself, many small ones among each other.
Every other extent repeats one fresh extent before it, drawn over the whole distance: of its own blob where
there is one, else of a member before it at no higher place, so that what it repeats is part of the run.
"""

from __future__ import annotations

import functools
import hashlib

EXTENT_BYTES = 16 << 20
"""Duplicates are whole extents: content-defined chunks see a long repeat but for its two ends."""

_MEMBERS = 32
"""Bits of a seed that number the blobs of a family."""


def seed_for(run: int, files: str, index: int) -> int:
    """The seed of blob `index` of a file set. Blobs of one set and run are a family: they share duplicates.

    Two runs with different seeds share nothing, nor do two file sets.
    """
    return _family(run, files) << _MEMBERS | index


@functools.lru_cache(maxsize=256)
def _family(run: int, files: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{run}/{files}".encode()).digest()[:6], "big")


def family_of(seed: int) -> int:
    """Whose duplicates a blob of this seed may share."""
    return seed >> _MEMBERS


def origin(seed: int, extent: int, duplicate: float) -> tuple[int, int]:
    """The member and the extent whose content extent `extent` of the blob holds; itself, if it is fresh."""
    member = seed & ((1 << _MEMBERS) - 1)
    if duplicate == 1.0 or _fresh(member + extent, duplicate):
        return member, extent
    # The fresh places on the lattice's diagonals are ceil(n * duplicate), n = 0, 1, 2 …
    last = _number(member + extent, duplicate)
    first_own = -int(-member // duplicate)  # the first of them at or after (member, 0)
    draw = _draw(seed, extent)
    if _place(first_own, duplicate) >= member and first_own <= last:
        return member, _place(first_own + draw % (last - first_own + 1), duplicate) - member
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
    return -int(-number * duplicate // 1)


def _draw(seed: int, extent: int) -> int:
    """A number that looks random: splitmix64 over both."""
    value = (seed * 0x9E3779B97F4A7C15 + extent * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D) & _WORD
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _WORD
    return value ^ value >> 31


_WORD = (1 << 64) - 1
