"""How many records of a block must be fresh for a compress ratio: measured once per shape, kept as data."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np

from loadgen.payload.errors import PayloadError
from loadgen.payload.shapes import BLOCK_BYTES, SHAPES, Shape

LEVEL = 3
"""Of zstd. A compress ratio is bytes / compressed bytes, each 64 KiB block a frame of its own, none counted
as longer than it is uncompressed."""

_FILE = Path(__file__).with_name("curves.json")
_NEAR = 1.005  # a ratio that misses the least one by so little is the least one


def fresh_for(shape: Shape, compress: float) -> int:
    """Records of a block that repeat nothing, so that zstd makes it `compress` times smaller.

    Raises `PayloadError` where the shape cannot be compressed by so much, or by so little.
    """
    shares, sizes = _curves()[shape.name]
    most, least = 1 / sizes[0], 1 / sizes[-1]
    if not least / _NEAR <= compress <= most:
        raise PayloadError(
            f"compress={compress:g} is out of reach for data that looks like {shape.name}",
            f"From {least:.2f} to {most:.0f} it can be had.",
        )
    share = float(np.interp(1 / compress, sizes, shares))
    return even(shape, share)


def even(shape: Shape, share: float) -> int:
    """A share of a block's records as a number of them: two at least, and even for the counter's sake."""
    return max(2, round(share * BLOCK_BYTES / shape.record / 2) * 2)


@functools.cache
def _curves() -> dict[str, tuple[list[float], list[float]]]:
    """By shape: the share of fresh records, and compressed size / size, both rising."""
    document = json.loads(_FILE.read_text())["curves"]
    return {name: (document[name]["fresh"], document[name]["size"]) for name in SHAPES}
