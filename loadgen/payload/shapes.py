"""What the bytes of a data type look like: the entropy of its words, and the length of what it repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

BLOCK_BYTES = 64 << 10
"""Repeats stay within such a block: nothing outside of it makes it any smaller."""

_ELSEWHERE = 3  # bits away is the random bit that thins another one


@dataclass(frozen=True, slots=True)
class Shape:
    """Random 64-bit words are thinned, masked and set; then records of them are repeated.

    A bit of `thin` stays a one only where another random bit is one too: a skewed exponent.
    """

    name: str
    record: int  # bytes: what is repeated is a multiple of it, and lies at a multiple of it
    run: int  # how many records a repeat has on average
    thin: int = 0
    keep: int = 2**64 - 1
    put: int = 0

    @property
    def noise(self) -> int:
        """The bits of a word that are as random as can be: they may be masked, and are so as before."""
        return self.keep & ~self.thin

    def dress(self, words: Words) -> None:
        """Give random words the entropy of the data type, in place."""
        if self.thin:
            other = words >> np.uint64(_ELSEWHERE)
            other |= np.uint64(~self.thin & (2**64 - 1))
            words &= other
        if self.keep != 2**64 - 1:
            words &= np.uint64(self.keep)
        if self.put:
            words |= np.uint64(self.put)


def _each(half: int, times: int) -> int:
    """The same bits in each of the numbers that a word holds."""
    width = 64 // times
    return sum(half << width * at for at in range(times))


SHAPES = {
    shape.name: shape
    for shape in (
        # Anything: bytes of full entropy, repeated in stretches of 128 bytes.
        Shape("records", 32, 4),
        # Letters of 5 bits; a phrase of some 24 comes again.
        Shape("text", 8, 3, keep=_each(0x1F, 8), put=_each(0x60, 8)),
        # Sign and mantissa are noise; the exponent is skewed, as it is for normally distributed weights.
        Shape("bfloat16", 32, 4, thin=_each(0x0380, 4), keep=_each(0x83FF, 4), put=_each(0x3800, 4)),
        Shape("float16", 32, 4, thin=_each(0x1C00, 4), keep=_each(0x9FFF, 4), put=_each(0x2000, 4)),
        Shape(
            "float32", 32, 4, thin=_each(0x03000000, 2), keep=_each(0x83FFFFFF, 2), put=_each(0x38000000, 2)
        ),
    )
}
