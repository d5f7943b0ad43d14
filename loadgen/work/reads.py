"""Reads that are checked: a sample of what a phase reads is held against what had been written.

While the phase runs only a checksum is taken of each; what it should be is computed after the phase's end,
where it costs nobody anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from loadgen.work.files import UNKNOWN
from loadgen.work.op import Blob, Keep, Kind, Op, Outcome, Source

_FIRST, _EVERY = 8, 64  # the first reads of a phase, and then one of so many
_MOST = 256 << 20  # bytes of a worker and phase: making them once more takes a part of a second
_SHOWN = 5  # wrong parts that are told by name

Digest = Callable[[str, int, int, int], int]
"""CRC-64/NVME of a part of a blob, by recipe, seed, offset and length: `Payloads.digest`."""


class Sample(NamedTuple):
    """A part of a blob, as it was read."""

    blob: Blob
    offset: int
    length: int
    checksum: int

    def right(self, digest: Digest) -> bool:
        """Whether it is what was written."""
        return self.checksum == digest(self.blob.payload, self.blob.seed, self.offset, self.length)


class CheckedReads:
    """A `loadgen.work.op.Source` that hands on what another one gives, and has some of the reads checked."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _MOST
        self._reads = 0
        self._samples: list[Sample] = []

    def next(self, now: int) -> Op | None:
        """The other's next operation."""
        op = self._source.next(now)
        if op is not None and op.kind is Kind.GET_BLOB and op.attempt == 1:
            self._reads = number = self._reads + 1
            if number <= _FIRST or not number % _EVERY:
                self._choose(op)
        return op

    def due(self) -> int | None:
        """When the other may have more."""
        return self._source.due()

    def done(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended."""
        if op.keep is Keep.CHECKSUM and outcome.good:
            value = int.from_bytes(outcome.body, "big")
            self._samples.append(Sample(op.blob, op.offset, op.length, value))
        self._source.done(op, outcome)

    @property
    def finished(self) -> bool:
        """Whether the other is."""
        return self._source.finished

    def compared(self, digest: Digest) -> dict[str, Any]:
        """What came of it, as JSON can hold it. Takes a while: every sample is made once more."""
        wrong = [one for one in self._samples if not one.right(digest)]
        return {
            "reads": self._reads,
            "compared": len(self._samples),
            "bytes": sum(one.length for one in self._samples),
            "wrong": len(wrong),
            "which": [f"{one.blob.name} from byte {one.offset}" for one in wrong[:_SHOWN]],
        }

    def _choose(self, op: Op) -> None:
        if op.blob.seed == UNKNOWN:
            return
        # One is always taken, however large.
        if op.length <= self._left or self._left == _MOST:
            self._left -= op.length
            op.keep = Keep.CHECKSUM
