"""Which records of a block are fresh and which repeat an earlier one: an index to gather them by."""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadgen.payload.shapes import BLOCK_BYTES, Shape

GROUP_BLOCKS = 4
"""So many blocks have patterns of their own before the first one comes again."""

GROUP_BYTES = GROUP_BLOCKS * BLOCK_BYTES

_PADDING = 24  # records: one record again and again
_RARE = 0.15  # below this share of repeats, more and more of them are padding


@dataclass(frozen=True, slots=True)
class Pattern:
    """For a group of blocks. Record i is `fresh[index[i]]`; records 0 … i need `fresh[: needs[i]]` only."""

    fresh: int  # records a block
    index: NDArray[np.intp]
    needs: NDArray[np.intp]


@functools.lru_cache(maxsize=32)
def pattern(shape: Shape, fresh: int) -> Pattern:
    """The pattern of a shape whose blocks have so many fresh records. The same one always."""
    records = BLOCK_BYTES // shape.record
    parts = [
        np.asarray(_block(random.Random(f"{shape.name}/{fresh}/{at}"), records, fresh, shape.run), np.intp)  # noqa: S311
        for at in range(GROUP_BLOCKS)
    ]
    index = np.concatenate([part + at * fresh for at, part in enumerate(parts)])
    return Pattern(fresh, index, np.maximum.accumulate(index) + 1)


def _block(draw: random.Random, records: int, fresh: int, run: int) -> list[int]:
    """Runs of fresh records, and between them runs of records copied from any distance before."""
    index: list[int] = []
    used = copied = 0
    copies = records - fresh
    # A compressor hardly looks at data that has nothing to give, and misses a rare short repeat in it.
    padding = max(0.0, 1.0 - copies / records / _RARE)
    ahead = 0.0  # how many copied records the fresh ones so far are to have between them
    while len(index) < records:
        if used < fresh and (copied >= ahead or not used):
            index.append(used)
            used += 1
            ahead = copies * used / fresh - draw.random() * run
            continue
        if draw.random() < padding:
            length, back = _PADDING, 1
        else:
            # Log-uniform: most repeats are near, some go back to the beginning, as in real data.
            length, back = 1 + int(draw.expovariate(1.0 / run)), max(int(len(index) ** draw.random()), 1)
        length, start = min(length, copies - copied), len(index) - back
        for step in range(length):
            index.append(index[start + step])
        copied += length
    return index
