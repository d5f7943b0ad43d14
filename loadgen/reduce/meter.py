"""Takes the bytes of files, cuts them in every way asked for, and says how far they can be reduced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from loadgen.reduce.cut import Bytes, by_content, fixed
from loadgen.reduce.estimate import Ratios, ratios
from loadgen.reduce.grain import GRAINS, Grain
from loadgen.reduce.identity import identity, marks
from loadgen.reduce.tally import Tally

GROUPS = 32
"""Files are dealt into so many groups, whose spread makes the interval."""

OTHER = "other"
_PIECE, _LIKENESS = 4 << 10, 256 << 10  # bytes
_ENDLESS = 1 << 62
_READ = 4 << 20  # bytes at a time; every grain divides it
_TYPES = 40  # beyond these, whatever comes is of type "other"

Read = Callable[[memoryview], int]
"""Fills the beginning of a buffer and says how much of it; 0 is the end. A file's `readinto` is one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to measure. `level` is zstd's; `entries` bounds each grain's sample; `salt` draws another one."""

    grains: tuple[Grain, ...] = GRAINS
    level: int = 3
    confidence: float = 0.95
    entries: int = 1 << 14
    salt: int = 0


class Meter:
    """Measures files, one after the other."""

    def __init__(self, settings: Settings, stretch: int = 0) -> None:
        """`stretch`: so many bytes, a power of 2, are dealt into a group at a time; 0: whole files."""
        self._settings = settings
        cells = (_TYPES + 1) * GROUPS
        self._tallies = {
            grain: Tally(settings.level, settings.entries, cells, settings.salt) for grain in settings.grains
        }
        self._types: dict[str, int] = {}
        self._stretch = stretch
        self._buffer = memoryview(bytearray(min(_READ, stretch or _READ)))
        self.files: dict[str, int] = {}
        """By type, how many."""
        self.bytes = 0

    def file(self, kind: str, read: Read) -> None:
        """A file of a type. When `read` raises, what it read before counts as all of the file."""
        if kind not in self._types and len(self._types) >= _TYPES:
            kind = OTHER
        first = self._types.setdefault(kind, len(self._types)) * GROUPS
        self.files[kind] = self.files.get(kind, 0) + 1
        rests = {grain: np.empty(0, np.uint8) for grain in self._tallies if grain.content}
        cell, left = first, 0
        try:
            while count := _fill(self._buffer, read):
                if left <= 0:
                    cell = first + _group(self._buffer[:count], self._settings.salt)
                    left = self._stretch or _ENDLESS
                left -= count
                self.bytes += count
                self._segment(cell, count, rests)
        finally:
            for grain, rest in rests.items():
                self._tallies[grain].add(cell, rest.data, by_content(rest, grain.bytes, last=True))

    def result(self) -> tuple[dict[Grain, Ratios], dict[str, dict[Grain, Ratios]]]:
        """All of it by grain; and by type, the one with most bytes first, and grain."""
        samples = {grain: tally.sample() for grain, tally in self._tallies.items()}

        def of(cells: slice) -> dict[Grain, Ratios]:
            return {
                grain: ratios(sample, self._tallies[grain].logical, cells, self._settings.confidence)
                for grain, sample in samples.items()
            }

        types = {
            kind: of(slice(number * GROUPS, (number + 1) * GROUPS)) for kind, number in self._types.items()
        }
        by_size = sorted(types, key=lambda kind: -next(iter(types[kind].values())).bytes)
        return of(slice(0, (_TYPES + 1) * GROUPS)), {kind: types[kind] for kind in by_size}

    def _segment(self, cell: int, count: int, rests: dict[Grain, Bytes]) -> None:
        data = self._buffer[:count]
        for grain, tally in self._tallies.items():
            if not grain.content:
                tally.add(cell, data, list(fixed(grain.bytes, count)))
                continue
            joined = np.concatenate((rests[grain], np.frombuffer(data, np.uint8)))
            cuts = by_content(joined, grain.bytes, last=False)
            tally.add(cell, joined.data, cuts)
            rests[grain] = joined[cuts[-1][1] if cuts else 0 :]


def _fill(buffer: memoryview, read: Read) -> int:
    """How much of the buffer could be filled: all of it but at the end of a file."""
    done = 0
    while done < len(buffer) and (count := read(buffer[done:])):
        done += count
    return done


def _group(beginning: memoryview, salt: int) -> int:
    """The group of a file or stretch: a random one, but that of its copies, as they stray together.

    It is the least hash among the first pieces, which alike files are likely to have in common.
    """
    pieces = range(0, min(len(beginning), _LIKENESS), _PIECE)
    least = min(marks([identity(beginning[at : at + _PIECE]) for at in pieces], salt).tolist())
    return int(least) % GROUPS
