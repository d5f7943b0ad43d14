"""The chunks of one grain: which were seen where, for a sample of all distinct chunks that fits into memory.

Sampling is by the chunk's own hash: a chunk is in the sample, with all of its copies, or it is not at all.
That is what makes the count of distinct chunks unbiased. (A sample of files, or of places, loses the copies
outside of it and so finds too few duplicates.) The share starts at everything, and is halved whenever the
sample grows too big.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

from loadgen.reduce.identity import identity, marks

_WHOLE = 1 << 64


@dataclass(frozen=True, slots=True)
class Sample:
    """Arrays over sampled chunks: bytes, and bytes when compressed. And arrays over (chunk, cell): copies."""

    share: float  # of all distinct chunks
    bytes: NDArray[np.float64]
    packed: NDArray[np.float64]
    chunk: NDArray[np.intp]
    cell: NDArray[np.intp]
    copies: NDArray[np.float64]


class Tally:
    """Counts chunks by cell. A cell is a number below `cells`: a file type and a group of files."""

    def __init__(self, level: int, entries: int, cells: int, salt: int = 0) -> None:
        """`entries`: of the sample, at most; one for each chunk and cell that it was seen in."""
        self._pack = zstandard.ZstdCompressor(level=level).compress
        self._entries, self._cells, self._salt = entries, cells, salt
        self._limit = _WHOLE
        self._slots: dict[int, int] = {}
        self._marks: list[int] = []
        self._bytes: list[int] = []
        self._packed: list[int] = []
        self._seen: dict[int, int] = {}
        self.logical = np.zeros(cells)
        """Bytes by cell, all of them."""

    def add(self, cell: int, data: memoryview, cuts: Sequence[tuple[int, int]]) -> None:
        """Count the chunks of some data, all in one cell. They lie one behind the other."""
        if not cuts:
            return
        self.logical[cell] += cuts[-1][1] - cuts[0][0]
        views = [data[begin:end] for begin, end in cuts]
        identities = [identity(view) for view in views]
        numbers = marks(identities, self._salt)
        if self._limit == _WHOLE:
            kept: Sequence[int] = range(len(views))
        else:
            kept = np.flatnonzero(numbers < np.uint64(self._limit)).tolist()
        for at in kept:
            mark = int(numbers[at])
            if mark >= self._limit:  # lowered since
                continue
            slot = self._slots.get(identities[at])
            if slot is None:
                slot = self._slots[identities[at]] = len(self._marks)
                view = views[at]
                self._marks.append(mark)
                self._bytes.append(len(view))
                self._packed.append(min(len(view), len(self._pack(view))))
            place = slot * self._cells + cell
            self._seen[place] = self._seen.get(place, 0) + 1
            if len(self._seen) > self._entries:
                self._halve()

    def sample(self) -> Sample:
        """What is known now."""
        places = np.fromiter(self._seen.keys(), np.int64, len(self._seen))
        return Sample(
            self._limit / _WHOLE,
            np.array(self._bytes, np.float64),
            np.array(self._packed, np.float64),
            (places // self._cells).astype(np.intp),
            (places % self._cells).astype(np.intp),
            np.fromiter(self._seen.values(), np.float64, len(self._seen)),
        )

    def _halve(self) -> None:
        self._limit //= 2
        kept = [slot for slot, mark in enumerate(self._marks) if mark < self._limit]
        moved = {old: new for new, old in enumerate(kept)}
        self._slots = {one: moved[slot] for one, slot in self._slots.items() if slot in moved}
        self._marks = [self._marks[slot] for slot in kept]
        self._bytes = [self._bytes[slot] for slot in kept]
        self._packed = [self._packed[slot] for slot in kept]
        self._seen = {
            moved[slot] * self._cells + cell: count
            for (slot, cell), count in (
                (divmod(place, self._cells), count) for place, count in self._seen.items()
            )
            if slot in moved
        }
