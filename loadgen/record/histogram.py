"""A histogram of durations in whole microseconds, to three significant digits, that merges without loss.

Buckets are log-linear (as HdrHistogram has them): up to 2,047 µs one a microsecond; above, each doubling has
1,024 of equal width, so that a bucket is never wider than 1/1024 of its values. Merging adds counts: what
several workers merged says the same as one histogram of all they saw.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from loadgen.record import varint

HIGHEST = (1 << 36) - 1
"""The largest duration that has a bucket of its own, µs: a little over 19 hours."""

_LINEAR = 2048  # below it, a bucket is one microsecond
_SHIFT = 10  # 1,024 buckets a doubling
_EXTRA = _LINEAR.bit_length() - 1
_TOP = ((HIGHEST.bit_length() - _EXTRA) << _SHIFT) + (HIGHEST >> (HIGHEST.bit_length() - _EXTRA))
_VERSION = 1
_LARGEST = 1 << 20  # bytes of a packed histogram, expanded: all buckets with large counts need less
_Buckets = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Indices of buckets, ascending, and their counts, none of them 0. Shared, hence never changed in place."""
_NO_BUCKETS: _Buckets = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
_NOTHING = 1 << 80  # above every duration: the minimum of no values


class HistogramError(ValueError):
    """A packed histogram that cannot be read."""


class Histogram:
    """Counts of durations. `sum`, `min` and `max` are exact, whatever the buckets are.

    A duration outside 0 … `HIGHEST` counts in the first or the last bucket, and in `clamped` as well.
    """

    __slots__ = ("_counts", "_held", "_max", "_min", "clamped", "sum")

    def __init__(self) -> None:
        # Recording is fast in a dictionary, keeping is small in arrays. What is in one is not in the other.
        self._counts: defaultdict[int, int] = defaultdict(int)
        self._held = _NO_BUCKETS
        self._min = _NOTHING
        self._max = -_NOTHING
        self.sum = 0
        self.clamped = 0

    @classmethod
    def of(cls, durations: Iterable[int]) -> Histogram:
        """A histogram of durations, µs."""
        made = cls()
        made.record_many(np.fromiter(durations, dtype=np.int64))
        return made

    @classmethod
    def merged(cls, histograms: Iterable[Histogram]) -> Histogram:
        """All of them together, in a new one."""
        made = cls()
        for one in histograms:
            made.merge(one)
        return made

    def record(self, us: int, count: int = 1) -> None:
        """A duration was seen, µs, so many times (1 or more)."""
        if 0 <= us < _LINEAR:
            index = us
        elif 0 <= us <= HIGHEST:
            shift = us.bit_length() - 11
            index = (shift << 10) + (us >> shift)
        else:
            self.clamped += count
            index = _TOP if us > 0 else 0
        self._counts[index] += count
        self.sum += us * count
        if us > self._max:
            self._max = us
        if us < self._min:
            self._min = us

    def record_many(self, durations: NDArray[np.int64]) -> None:
        """Many at once, µs."""
        if not durations.size:
            return
        inside = np.clip(durations, 0, HIGHEST)
        shifts = np.maximum(np.frexp(inside.astype(np.float64))[1].astype(np.int64) - _EXTRA, 0)
        found, counts = np.unique((shifts << _SHIFT) + (inside >> shifts), return_counts=True)
        self._held = _added(self._held, (found.astype(np.int32), counts.astype(np.int64)))
        self.clamped += int(np.count_nonzero(inside != durations))
        # In two halves, so that the sum of any that fit 64 bits does.
        self.sum += (int((durations >> 32).sum()) << 32) + int((durations & 0xFFFFFFFF).sum())
        self._max = max(self._max, int(durations.max()))
        self._min = min(self._min, int(durations.min()))

    def merge(self, other: Histogram) -> None:
        """Take in what another one counted. The other is left as it is."""
        if other._min > other._max:
            return
        self._held = _added(self._held, other._folded())
        self.sum += other.sum
        self.clamped += other.clamped
        self._max = max(self._max, other._max)
        self._min = min(self._min, other._min)

    @property
    def count(self) -> int:
        """How many durations were seen."""
        return int(self._held[1].sum()) + sum(self._counts.values())

    @property
    def min(self) -> int:
        """The least of them, µs; 0 when there are none."""
        return self._min if self._min <= self._max else 0

    @property
    def max(self) -> int:
        """The greatest of them, µs; 0 when there are none."""
        return self._max if self._min <= self._max else 0

    @property
    def mean(self) -> float:
        """Their mean, µs, exact but for rounding; 0 when there are none."""
        return self.sum / self.count if self._min <= self._max else 0.0

    def percentile(self, q: float) -> int:
        """The duration that q percent of them do not exceed, µs; see `percentiles`."""
        return self.percentiles((q,))[0]

    def percentiles(self, qs: Sequence[float]) -> tuple[int, ...]:
        """For each q (0 … 100) the greatest duration in the bucket of the order statistic number
        ceil(q/100 · count), but not above `max` and not below `min`; 0 when there are no durations.

        q is taken as it is written: 99.9 of 1,000 durations is number 999. Raises `ValueError` for others.
        """
        if strange := [q for q in qs if not 0 <= q <= 100]:
            raise ValueError(f"a percentile is between 0 and 100, not {strange[0]}")
        _, highs, counts = self.buckets()
        if not counts.size:
            return (0,) * len(qs)
        up_to = np.cumsum(counts)
        total = int(up_to[-1])
        found = []
        for q in qs:
            number = max(1, math.ceil(Fraction(repr(float(q))) * total / 100))
            at = int(np.searchsorted(up_to, number))
            # The last bucket has no end: what was clamped is in it.
            high = self._max if at == len(highs) - 1 else int(highs[at])
            found.append(self._min if number == 1 else min(max(high, self._min), self._max))
        return tuple(found)

    def buckets(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The least and the greatest duration of each bucket, µs, and its count; ascending, none is empty."""
        held, counts = self._folded()
        indices = held.astype(np.int64)
        shifts = np.maximum((indices >> _SHIFT) - 1, 0)
        lows = (indices - (shifts << _SHIFT)) << shifts
        return lows, lows + (np.int64(1) << shifts) - 1, counts

    def _folded(self) -> _Buckets:
        """All buckets as arrays, which hold them from now on."""
        if self._counts:
            size = len(self._counts)
            indices = np.fromiter(self._counts.keys(), dtype=np.int32, count=size)
            counts = np.fromiter(self._counts.values(), dtype=np.int64, count=size)
            order = np.argsort(indices)
            self._held = _added(self._held, (indices[order], counts[order]))
            self._counts.clear()
        return self._held

    def pack(self) -> str:
        """As text: a version, then what was counted, compressed."""
        indices, counts = self._folded()
        facts = (self.clamped, _unsigned(self.sum), _unsigned(self.min), _unsigned(self.max), len(indices))
        numbers = np.concatenate((np.diff(indices, prepend=0), counts)).astype(np.uint64)
        body = b"".join(map(varint.one, facts)) + varint.many(numbers)
        return base64.b64encode(bytes((_VERSION,)) + zlib.compress(body, 1)).decode("ascii")

    @classmethod
    def unpack(cls, text: str) -> Histogram:
        """What `pack` made. Raises `HistogramError`."""
        try:
            data = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error) as error:
            raise HistogramError("a histogram is not base64") from error
        if not data:
            raise HistogramError("a histogram is empty text")
        if data[0] != _VERSION:
            raise HistogramError(f"a histogram of version {data[0]}; this one reads {_VERSION}")
        try:
            return cls._expanded(data[1:])
        except (ValueError, zlib.error) as error:
            raise HistogramError(f"a histogram is damaged: {error}") from error

    @classmethod
    def _expanded(cls, data: bytes) -> Histogram:
        expander = zlib.decompressobj()
        body = expander.decompress(data, _LARGEST)
        if not expander.eof or expander.unused_data:
            raise ValueError("it does not end where it should")
        made = cls()
        at = 0
        facts = []
        for _ in range(5):
            value, at = varint.take(body, at)
            facts.append(value)
        clamped, total, least, greatest, size = facts
        numbers = varint.take_many(body[at:])
        if len(numbers) != 2 * size:
            raise ValueError(f"{size} buckets are told by {len(numbers)} numbers")
        steps, counts = numbers[:size], numbers[size:]
        if size and (int(steps.max()) > _TOP or bool((steps[1:] == 0).any()) or bool((counts == 0).any())):
            raise ValueError("its buckets are not in order")
        indices = np.cumsum(steps.astype(np.int64))
        if size and indices[-1] > _TOP:
            raise ValueError("it has a bucket that there is not")
        made._held = indices.astype(np.int32), counts.astype(np.int64)
        made.sum, made.clamped = _signed(total), clamped
        if size:
            made._min, made._max = _signed(least), _signed(greatest)
            made._check(int(indices[0]), int(indices[-1]))
        elif total or clamped or least or greatest:
            raise ValueError("it counts nothing and has a sum")
        return made

    def _check(self, first: int, last: int) -> None:
        count = self.count
        if (_index(self._min), _index(self._max)) != (first, last):
            raise ValueError("its least and greatest are not in its buckets")
        if not self._min * count <= self.sum <= self._max * count or self.clamped > count:
            raise ValueError("its sum does not fit its counts")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        own = (self.sum, self.clamped, self.min, self.max)
        if own != (other.sum, other.clamped, other.min, other.max):
            return False
        (indices, counts), (others, their) = self._folded(), other._folded()
        return np.array_equal(indices, others) and np.array_equal(counts, their)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Histogram(count={self.count}, min={self.min}, max={self.max})"


def _added(first: _Buckets, second: _Buckets) -> _Buckets:
    """Two sorted sets of buckets as one."""
    if not first[0].size or not second[0].size:
        return second if second[0].size else first
    indices = np.concatenate((first[0], second[0]))
    order = np.argsort(indices, kind="stable")
    indices, counts = indices[order], np.concatenate((first[1], second[1]))[order]
    begins = np.flatnonzero(np.diff(indices, prepend=-1))
    return indices[begins], np.add.reduceat(counts, begins)


def _index(us: int) -> int:
    """The bucket of a duration."""
    us = min(max(us, 0), HIGHEST)
    shift = max(us.bit_length() - _EXTRA, 0)
    return (shift << _SHIFT) + (us >> shift)


def _unsigned(value: int) -> int:
    """A number with a sign as one without: 0, -1, 1, -2 … are 0, 1, 2, 3 …"""
    return value << 1 if value >= 0 else (-value << 1) - 1


def _signed(value: int) -> int:
    return -((value + 1) >> 1) if value & 1 else value >> 1
