"""From a sample of chunks to ratios with intervals: pure arithmetic.

A ratio has two reasons to be uncertain, and its interval has both of them.

* Not every distinct chunk is in the sample. Each is with the same known probability, independently, so the
  sums are Horvitz-Thompson estimates and their variance is known.
* The data itself is a sample: other files of the kind would give another ratio. Each byte that is stored is
  charged to the files that hold it, in equal parts for each copy, and the ratio's variance follows from how
  far it moves when a group of files is left out (the jackknife of survey statistics). A file and its copies
  are in one group, for they are one observation and not several.

Intervals are symmetric for the logarithm, with Student's t for as many degrees of freedom as there are
groups, less one, and fewer where a few groups outweigh the others. What they cannot know: how duplicates grow
when there is more data than was measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from loadgen.reduce.tally import Sample

Sums = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its interval. Without one (`low` and `high` None) nothing tells how far it may be off."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Ratios:
    """What can be saved. `reduce` is `duplicate` x `compress`.

    duplicate: bytes / bytes of distinct chunks. compress: these / their bytes when each is compressed.
    """

    bytes: int
    stored: float  # bytes, distinct chunks compressed
    share: float  # of the distinct chunks that were looked at
    duplicate: Ratio
    compress: Ratio
    reduce: Ratio


def ratios(sample: Sample, logical: Sums, cells: slice, confidence: float) -> Ratios:
    """Of the bytes in some cells alone: what other cells hold is not there for them.

    `logical`: bytes by cell, all cells. The cells of the slice are one group of files each.
    """
    mine = logical[cells]
    inside = (sample.cell >= cells.start) & (sample.cell < cells.stop)
    chunk, group, copies = sample.chunk[inside], sample.cell[inside] - cells.start, sample.copies[inside]
    count = len(sample.bytes)
    total = np.bincount(chunk, copies, count)
    part = copies / total[chunk]  # of the chunk, charged to the group
    spread = np.bincount(chunk, part * part, count)  # 1: a chunk of one group, whose chance the groups show
    here = np.flatnonzero(total)

    distinct = np.bincount(group, part * sample.bytes[chunk], len(mine)) / sample.share
    packed = np.bincount(group, part * sample.packed[chunk], len(mine)) / sample.share
    chance = (1 - sample.share) * (1 - spread[here])
    one_distinct, one_packed = sample.bytes[here] / sample.share, sample.packed[here] / sample.share
    none = np.zeros(len(here))

    def ratio(above: Sums, below: Sums, one_above: Sums, one_below: Sums) -> Ratio:
        if not below.sum():
            return Ratio(math.nan, None, None)
        value = max(float(above.sum() / below.sum()), 1.0)  # what is known beforehand: no ratio is below 1
        groups = mine > 0
        used = int(groups.sum())
        without_above, without_below = 1 - above[groups] / above.sum(), 1 - below[groups] / below.sum()
        if used < 2 or min(without_above.min(), without_below.min()) <= 0:
            return Ratio(value, None, None)
        strays = np.log(without_above / without_below)
        strays -= strays.mean()
        between = float((strays**2).sum()) * (used - 1) / used
        single = one_above / above.sum() - one_below / below.sum()
        variance = between + float((chance * single**2).sum())
        wide = math.exp(stdtrit(_freedom(strays, used), (1 + confidence) / 2) * math.sqrt(variance))
        return Ratio(value, max(value / wide, 1.0), value * wide)

    return Ratios(
        int(mine.sum()),
        float(packed.sum()),
        sample.share,
        ratio(mine, distinct, none, one_distinct),
        ratio(distinct, packed, one_distinct, one_packed),
        ratio(mine, packed, none, one_packed),
    )


def _freedom(strays: Sums, used: int) -> float:
    """Degrees of freedom of the strays' sum of squares (Satterthwaite): few when one outweighs the rest."""
    second, fourth = float((strays**2).sum()), float((strays**4).sum())
    noise = fourth - second * second / used
    if noise <= 0:
        return used - 1
    return min(max(2 * second * second / noise, 2), used - 1)
