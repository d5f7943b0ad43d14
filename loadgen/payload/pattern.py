"""Which records of a block are fresh and which repeat an earlier one: an index to gather them by."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from loadgen.payload.shapes import BLOCK_BYTES, Shape

_PADDING = 24  # records: one record again and again
_RARE = 0.15  # below this share of repeats, more and more of them are padding


def pattern(shape: Shape, fresh: int, number: int) -> NDArray[np.intp]:
    """Record i of a block is fresh record `pattern[i]`, of `fresh` ones. The same for a `number` always."""
    draw = random.Random(f"{shape.name}/{fresh}/{number}")  # noqa: S311 - no secret
    records = BLOCK_BYTES // shape.record
    copies = records - fresh
    # A compressor hardly looks at data that has nothing to give, and misses a rare short repeat in it.
    padding = max(0.0, 1.0 - copies / records / _RARE)
    index: list[int] = []
    used = copied = 0
    due = 0.0  # how many records the fresh ones so far are to have copied between them
    while len(index) < records:
        if used < fresh and (copied >= due or not used):
            index.append(used)
            used += 1
            due = copies * used / fresh - draw.random() * shape.run
            continue
        if draw.random() < padding:
            length, back = _PADDING, 1
        else:
            # Log-uniform: most repeats are near, some go back to the beginning, as in real data.
            length = 1 + int(draw.expovariate(1.0 / shape.run))
            back = max(int(len(index) ** draw.random()), 1)
        length, start = min(length, copies - copied), len(index) - back
        for step in range(length):
            index.append(index[start + step])
        copied += length
    return np.asarray(index, np.intp)
