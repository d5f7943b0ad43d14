"""The content of an extent, block by block: a tile of the recipe, turned and masked as no other block is.

A few tiles of 64 KiB are made per recipe, by AES, dressed as the data type, their repeats gathered by a
pattern. A block is one of them, turned by any multiple of 64 bytes, and every word of it XORed with one word:
77 bits in all are its own (fewer for text and floats, of which only bits that are noise anyway are masked).
Neither turning nor masking changes what repeats within the block, nor how often byte values are seen, so a
block compresses as its tile does. But no run of bytes of it is in any other block: nothing that looks for
equal bytes or similar chunks finds one, and a block is of no use as a dictionary for another. Making new
bytes by a cipher and gathering their repeats takes three times as long.
"""

from __future__ import annotations

import functools
import hashlib
import struct

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from loadgen.payload.pattern import pattern
from loadgen.payload.shapes import BLOCK_BYTES, Shape, Words

_TILES = 8  # twice 64 KiB each: they stay in the processor's cache
_BLOCKS = 4  # of a group: one hash tells for all of them which tile they are, how turned, how masked
_WORD = 8
_LINE = 8  # words
_WORDS = BLOCK_BYTES // _WORD
_TURNS = _WORDS // _LINE
GROUP_BYTES = _BLOCKS * BLOCK_BYTES

_PLACE = struct.Struct("<QQ")
_OWN = struct.Struct(f"<{2 * _BLOCKS}Q")  # for each block: which tile and how turned, and the mask


class Tiles:
    """Makes the bytes of one recipe. Holds nothing that changes: any number of threads may use it."""

    def __init__(self, shape: Shape, fresh: int) -> None:
        """`fresh`: records a block of `shape` that repeat nothing; all of them: no repeats."""
        self._tiles = [_twice(shape, fresh, number) for number in range(_TILES)]
        self._noise = shape.noise

    def part(self, key: bytes, content: int, start: int, stop: int) -> memoryview:
        """Bytes `start` to `stop` of a content, in one group of blocks; the caller's own.

        `key`, up to 64 bytes, and `content`, below 2^64, tell it from all other contents of the recipe.
        """
        group, begin = divmod(start, GROUP_BYTES)
        end = begin + stop - start
        own = _OWN.unpack(hashlib.blake2b(key + _PLACE.pack(content, group)).digest())
        first, last = begin // _WORD, (end + _WORD - 1) // _WORD
        block, low = divmod(first, _WORDS)
        high = low + last - first
        if high <= _WORDS:
            out = np.bitwise_xor(self._source(own[2 * block], low, high), own[2 * block + 1] & self._noise)
        else:
            out = np.empty(last - first, np.uint64)
            done = 0
            while done < last - first:
                high = min(_WORDS, low + last - first - done)
                which, mask = own[2 * block], own[2 * block + 1] & self._noise
                np.bitwise_xor(self._source(which, low, high), mask, out[done : done + high - low])
                done, block, low = done + high - low, block + 1, 0
        view: memoryview = out.data.cast("B")
        return view if len(view) == stop - start else view[begin - first * _WORD : end - first * _WORD]

    def _source(self, which: int, low: int, high: int) -> Words:
        """What some words of a block are made of: a stretch of a tile."""
        turn = which // _TILES % _TURNS * _LINE
        return self._tiles[which % _TILES][turn + low : turn + high]


@functools.lru_cache(maxsize=32)
def tiles(shape: Shape, fresh: int) -> Tiles:
    """Those of a shape, made once in a process: some ten milliseconds."""
    return Tiles(shape, fresh)


def _twice(shape: Shape, fresh: int, number: int) -> Words:
    """A tile, and the same again behind it: a turned one is a part of it."""
    secret = hashlib.sha256(f"{shape.name}/{fresh}/{number}".encode()).digest()
    keys = Cipher(algorithms.AES(secret), modes.CTR(bytes(16))).encryptor()
    words = np.frombuffer(keys.update(bytes(fresh * shape.record)), np.uint64).copy()
    shape.dress(words)
    records = words.view(np.dtype((np.void, shape.record)))
    once = records[pattern(shape, fresh, number)].view(np.uint64)
    return np.concatenate((once, once))
