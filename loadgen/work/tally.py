"""What one rank did in one lane of a phase. Results are told by rank, because the last one decides."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from loadgen.work.op import Kind, Op, Outcome
from loadgen.work.spans import Spans


@dataclass(slots=True)
class RankTally:
    """Times are ns of the worker's monotonic clock, 0 where there is none; bytes are payload, either way."""

    lane: str
    rank: int
    begin: int = 0  # the first operation was handed to a socket
    end: int = 0  # the last operation was through
    data_end: int = 0  # the last one that carried payload, or a listing
    files: int = 0  # worked on to the end
    failed: int = 0  # given up
    ops: int = 0  # that succeeded
    errors: int = 0  # attempts that did not, whether or not they were made again
    bytes: int = 0
    seals: Spans = field(default_factory=Spans)  # of Put Block List, from when it could begin

    @property
    def sealing(self) -> int:
        """Time in which one Put Block List or more was under way, ns: several at once count once."""
        return self.seals.covered

    def facts(self) -> dict[str, Any]:
        """The tally as JSON can hold it."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "seals"}
        return {**found, "sealing": self.sealing}

    def add(self, op: Op, outcome: Outcome, *, good: bool) -> None:
        """One attempt ended."""
        if not self.begin or 0 < outcome.started < self.begin:
            self.begin = outcome.started
        if outcome.last > self.end:
            self.end = outcome.last
        if not good:
            self.errors += 1
            return
        self.ops += 1
        if op.kind is Kind.PUT_BLOCK_LIST:
            self.seals.add(op.intended, outcome.last)
        elif outcome.last > self.data_end:
            self.data_end = outcome.last
        if op.kind is not Kind.LIST_BLOBS:
            self.bytes += op.length
