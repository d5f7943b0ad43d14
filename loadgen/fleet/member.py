"""A worker as the master knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadgen.fleet.clock import NS, Offset, Sample, best


@dataclass(slots=True)
class Member:
    """A worker of the fleet: its ranks, its machine, its clock, and whether it is still there."""

    id: str  # Locust's
    index: int
    ranks: tuple[int, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    lost: bool = False
    offset: Offset = Offset(0, 0)  # noqa: RUF009 - frozen
    wall_offset_ns: int = 0
    samples: list[Sample] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As people call it."""
        return f"worker {self.index}"

    def settle(self) -> None:
        """Take the best of the samples, and start anew."""
        if self.samples:
            self.offset = best(self.samples)
            self.samples = []

    def clock(self) -> dict[str, float]:
        """Its clock beside the master's, as the event `clock` tells it; seconds."""
        return {
            "worker": self.index,
            "offset_s": self.offset.ns / NS,
            "round_trip_s": self.offset.round_trip_ns / NS,
            "wall_offset_s": self.wall_offset_ns / NS,
        }
