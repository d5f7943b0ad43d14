"""What one rank did in one lane of a phase. Results are told by rank, because the last one decides."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.work.op import Kind, Op, Outcome


@dataclass(slots=True)
class RankTally:
    """Times are ns of the worker's monotonic clock, 0 where there is none; bytes are payload, either way."""

    lane: str
    rank: int
    begin: int = 0  # the first operation was handed to a socket
    end: int = 0  # the last operation was through
    data_end: int = 0  # the last one that carried payload, or a listing
    sealing: int = 0  # ns spent in Put Block List, from when it could begin
    files: int = 0  # worked on to the end
    failed: int = 0  # given up
    ops: int = 0  # that succeeded
    errors: int = 0  # attempts that did not, whether or not they were made again
    bytes: int = 0

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
            self.sealing += outcome.last - op.intended
        elif outcome.last > self.data_end:
            self.data_end = outcome.last
        if op.kind is not Kind.LIST_BLOBS:
            self.bytes += op.length
