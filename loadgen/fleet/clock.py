"""How far a worker's clock is from the master's, from a few messages there and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

NS = 1_000_000_000
"""Nanoseconds of a second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One message there and back, ns: `sent` and `back` of the master's clock, the others of the worker's."""

    sent: int
    received: int
    answered: int
    back: int

    @property
    def round_trip(self) -> int:
        """ns on the way, there and back: without what the worker took to answer."""
        return (self.back - self.sent) - (self.answered - self.received)

    @property
    def offset(self) -> int:
        """Worker's clock minus master's, ns, as if both ways took the same time."""
        return ((self.received - self.sent) + (self.answered - self.back)) // 2


@dataclass(frozen=True, slots=True)
class Offset:
    """Worker's clock minus master's: within `round_trip_ns` / 2 of `ns`, however unequal the ways were."""

    ns: int
    round_trip_ns: int

    def theirs(self, ours: int) -> int:
        """A time of the master's clock, in the worker's."""
        return ours + self.ns

    def ours(self, theirs: int) -> int:
        """A time of the worker's clock, in the master's."""
        return theirs - self.ns


def best(samples: Iterable[Sample]) -> Offset:
    """By the sample with the shortest way: the others waited somewhere. Raises `ValueError` for none."""
    shortest = min(samples, key=lambda sample: sample.round_trip)
    return Offset(shortest.offset, shortest.round_trip)
