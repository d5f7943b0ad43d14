"""Ticks of 100 ns since 0001-01-01: the time of every mutation, strictly increasing per blob."""

from __future__ import annotations

import time

EPOCH = 621_355_968_000_000_000  # ticks from 0001-01-01 to 1970-01-01
LAST = 3_155_378_975_999_999_999  # the last tick of the year 9999: no HTTP date holds a later one


def now() -> int:
    """The present, in ticks."""
    return EPOCH + time.time_ns() // 100


def following(previous: int | None) -> int:
    """A tick for a mutation: the present, but later than the one before, whatever the clock did."""
    present = now()
    if previous is None or previous >= LAST or present > previous:
        return present
    return previous + 1


def from_ns(mtime_ns: int) -> int:
    """The tick of a file time (ns since 1970), kept within what a date can say."""
    return min(max(EPOCH + mtime_ns // 100, 0), LAST)


def to_ns(ticks: int) -> int:
    """The file time of a tick, in ns since 1970."""
    return (ticks - EPOCH) * 100
