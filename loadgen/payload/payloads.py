"""The bytes of a run's blobs: any part of any of them, made when wanted, and checked when it comes back."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from awscrt import checksums

from loadgen.payload.curve import fresh_for
from loadgen.payload.layout import MEMBER_BITS, extent_bytes, origin
from loadgen.payload.recipes import ZEROS, Recipe, recipe
from loadgen.payload.shapes import SHAPES
from loadgen.payload.tiles import GROUP_BYTES, Tiles, tiles

PIECE_BYTES = GROUP_BYTES
"""A body comes in pieces of at most so many bytes, cut where the blob's own offsets are multiples of it."""

_DIGESTS = 1 << 16  # parts whose checksum is known: a restore storm reads the same ones on every rank
_NOTHING = memoryview(bytes(PIECE_BYTES))
_FAMILIES = 4096

Data = bytes | bytearray | memoryview


class Payloads:
    """Makes the bytes of `(recipe, seed, offset)`: the same ones always, on every machine, in every thread.

    Nothing is kept but the tiles of each recipe, 1 MiB, and a bounded cache of checksums. `own` adds recipes
    to those that have a name; `compress=2.5,duplicate=1.5` is one without being added.
    """

    def __init__(self, own: Iterable[Recipe] = ()) -> None:
        self._own = {one.id: one for one in own}
        self._families: dict[tuple[str, int], _Family] = {}
        self._digests: OrderedDict[tuple[str, int, int, int], int] = OrderedDict()

    def body(self, recipe_id: str, seed: int, offset: int, length: int) -> Sequence[memoryview]:
        """`length` bytes of a blob from `offset` on, in order, in pieces of up to `PIECE_BYTES`.

        A piece is made when it is taken out of the sequence, and is the caller's from then on. Taking them
        one by one, each when the one before it is sent, keeps memory small and finds the bytes in the
        processor's cache. Raises `PayloadError` for a recipe that there is not.
        """
        if length <= PIECE_BYTES - offset % PIECE_BYTES:
            return (self._piece(recipe_id, seed, offset, length),) if length else ()
        if (recipe_id, seed >> MEMBER_BITS) not in self._families:
            self._family(recipe_id, seed >> MEMBER_BITS)  # what is wrong with it is said now
        return _Body(self, recipe_id, seed, offset, length)

    def digest(self, recipe_id: str, seed: int, offset: int, length: int) -> int:
        """CRC-64/NVME of a part: what `awscrt.checksums.crc64nvme` gives for it, at once or piece by piece.

        Cached by its four arguments.
        """
        key = recipe_id, seed, offset, length
        known = self._digests.get(key)
        if known is not None:
            return known
        value = 0
        for piece in self.body(recipe_id, seed, offset, length):
            value = checksums.crc64nvme(piece, value)
        self._digests[key] = value
        if len(self._digests) > _DIGESTS:
            self._digests.popitem(last=False)
        return value

    def equals(self, recipe_id: str, seed: int, offset: int, data: Data) -> bool:
        """Whether `data` is what the blob holds from `offset` on, by checksum: 1 error in 2^64 is missed."""
        found: int = checksums.crc64nvme(data)
        return found == self.digest(recipe_id, seed, offset, len(data))

    def first_difference(self, recipe_id: str, seed: int, offset: int, data: Data) -> int | None:
        """Where in `data`, the blob's from `offset` on, the first wrong byte is; None: there is none."""
        place, view = 0, np.frombuffer(data, np.uint8)
        for piece in self.body(recipe_id, seed, offset, len(view)):
            wrong = np.frombuffer(piece, np.uint8) != view[place : place + len(piece)]
            if wrong.any():
                return place + int(wrong.argmax())
            place += len(piece)
        return None

    def _piece(self, recipe_id: str, seed: int, offset: int, length: int) -> memoryview:
        family = seed >> MEMBER_BITS
        known = self._families.get((recipe_id, family)) or self._family(recipe_id, family)
        if known.tiles is None:
            return _NOTHING[:length]
        extent, start = divmod(offset, known.extent)
        member, place = origin(seed, extent, known.duplicate)
        return known.tiles.part(known.key, member << MEMBER_BITS | place, start, start + length)

    def _family(self, recipe_id: str, number: int) -> _Family:
        if len(self._families) >= _FAMILIES:
            self._families.clear()
        made = _family(self._own.get(recipe_id) or recipe(recipe_id), number)
        self._families[recipe_id, number] = made
        return made


@dataclass(frozen=True, slots=True)
class _Family:
    """What makes the blobs of one family and recipe. No two have a key in common, and so no block."""

    key: bytes
    duplicate: float
    extent: int  # bytes
    tiles: Tiles | None  # None: zeros


def _family(wanted: Recipe, number: int) -> _Family:
    if wanted.shape == ZEROS:
        return _Family(b"", 1.0, extent_bytes(1.0), None)
    shape = SHAPES[wanted.shape]
    name = f"{wanted.id}/{wanted.shape}/{wanted.compress:g}/{wanted.duplicate:g}/{number}"
    key = hashlib.sha256(name.encode()).digest()
    return _Family(
        key, wanted.duplicate, extent_bytes(wanted.duplicate), tiles(shape, fresh_for(shape, wanted.compress))
    )


class _Body(Sequence[memoryview]):
    """A long body, whose pieces are made one at a time."""

    __slots__ = ("_cuts", "_make", "_recipe", "_seed")

    def __init__(self, payloads: Payloads, recipe_id: str, seed: int, offset: int, length: int) -> None:
        self._make, self._recipe, self._seed = payloads._piece, recipe_id, seed
        first = offset - offset % PIECE_BYTES + PIECE_BYTES
        end = offset + length
        self._cuts = (offset, *range(first, end, PIECE_BYTES), end)

    def __len__(self) -> int:
        return len(self._cuts) - 1

    def __iter__(self) -> Iterator[memoryview]:
        for at in range(len(self)):
            yield self[at]

    @overload
    def __getitem__(self, at: int) -> memoryview: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[memoryview]: ...
    def __getitem__(self, at: int | slice) -> memoryview | Sequence[memoryview]:
        if isinstance(at, slice):
            return [self[each] for each in range(len(self))[at]]
        at = range(len(self))[at]
        begin, end = self._cuts[at], self._cuts[at + 1]
        return self._make(self._recipe, self._seed, begin, end - begin)
