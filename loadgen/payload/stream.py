"""The content of an extent: AES in counter mode, dressed as its data type, its repeats gathered by a pattern.

Fresh bytes are the key stream itself: any part of it at once, no pool that an array could find again. It
costs about what copying costs, because processors have instructions for it. No secret is kept by it.
"""

from __future__ import annotations

import hashlib

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from loadgen.payload.pattern import GROUP_BYTES, pattern
from loadgen.payload.shapes import BLOCK_BYTES, Shape

Bytes = NDArray[np.uint8]

_AES = 16  # bytes of a counter's step
_NOTHING = bytes(GROUP_BYTES)


class Stream:
    """Makes bytes of one family of contents. Not for two threads at once."""

    def __init__(self, key: str, shape: Shape, fresh: int) -> None:
        """`fresh`: records a block of `shape` that repeat nothing; all of them: no repeats."""
        secret = hashlib.sha256(key.encode()).digest()[:16]
        self._keys = Cipher(algorithms.AES(secret), modes.CTR(bytes(_AES))).encryptor()
        self._shape = shape
        self._record = np.dtype((np.void, shape.record))
        self._pattern = pattern(shape, fresh)
        self._per_block = fresh * shape.record
        self._repeats = self._per_block < BLOCK_BYTES
        self._fresh = np.empty(GROUP_BYTES // shape.record, self._record)
        self._fresh_bytes: Bytes = self._fresh.view(np.uint8)

    def part(self, content: int, start: int, stop: int) -> Bytes:
        """Bytes `start` to `stop` of a content (a number below 2^64), in one group of blocks. A new array."""
        group, start, stop = start // GROUP_BYTES, start % GROUP_BYTES, (stop - 1) % GROUP_BYTES + 1
        size = self._shape.record
        first, last = start // size, -(-stop // size)
        if not self._repeats:
            # Straight into the array: its first byte may lie within a record, its records start before it.
            out = np.empty((last - first) * size, np.uint8)
            self._fill(out, content, group * GROUP_BYTES + first * size)
            return out[start - first * size : stop - first * size]
        known = self._pattern
        block = start // BLOCK_BYTES
        begin, end = block * self._per_block, int(known.needs[last - 1]) * size
        self._fill(self._fresh_bytes[begin:end], content, group * GROUP_BYTES + begin)
        gathered = np.empty(last - first, self._record)
        # "clip" because numpy gathers by way of a copy otherwise; no index is out of range.
        np.take(self._fresh, known.index[first:last], out=gathered, mode="clip")
        return gathered.view(np.uint8)[start - first * size : stop - first * size]

    def _fill(self, out: Bytes, content: int, place: int) -> None:
        """The dressed stream of a content from byte `place` on; both it and the length are whole records."""
        counter = (content << 64) + place // _AES
        skip = place % _AES
        self._keys.reset_nonce(counter.to_bytes(_AES, "big"))
        if skip:
            self._keys.update(_NOTHING[:skip])
        self._keys.update_into(_NOTHING[: len(out)], out.data)
        self._shape.dress(out.view(np.uint64))
