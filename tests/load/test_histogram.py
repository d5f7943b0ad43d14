"""Histograms merge without loss, stay within their precision, and come out of their text as they went in."""

from __future__ import annotations

import base64
import math
import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.record import varint
from loadgen.record.histogram import HIGHEST, Histogram, HistogramError

DURATIONS = st.one_of(
    st.integers(0, 5_000), st.integers(0, 10**7), st.integers(0, HIGHEST), st.integers(0, 1 << 45)
)
_CALM = settings(deadline=None, max_examples=60)
LISTS = st.lists(DURATIONS, max_size=60)
SOME = st.lists(DURATIONS, min_size=1, max_size=60)
PERCENTS = st.one_of(
    st.sampled_from([0, 1, 50, 90, 99, 99.9, 99.99, 100]), st.floats(0, 100, allow_subnormal=False)
)


def _merged(*histograms: Histogram) -> Histogram:
    return Histogram.merged(histograms)


@_CALM
@given(LISTS, LISTS, LISTS)
def test_merging_is_associative_and_commutative_and_the_same_as_recording_all(
    first: list[int], second: list[int], third: list[int]
) -> None:
    a, b, c = Histogram.of(first), Histogram.of(second), Histogram.of(third)
    assert _merged(a, _merged(b, c)) == _merged(_merged(a, b), c) == _merged(c, b, a)
    assert _merged(a, b, c) == Histogram.of(first + second + third)
    assert a == Histogram.of(first), "what was merged into another one is left as it was"


@_CALM
@given(LISTS)
def test_many_at_once_are_as_one_by_one(durations: list[int]) -> None:
    one_by_one = Histogram()
    for us in durations:
        one_by_one.record(us)
    assert one_by_one == Histogram.of(durations)
    assert one_by_one.count == len(durations)
    assert one_by_one.sum == sum(durations)
    assert one_by_one.clamped == sum(us > HIGHEST for us in durations)
    assert (one_by_one.min, one_by_one.max) == (min(durations, default=0), max(durations, default=0))


@_CALM
@given(SOME, PERCENTS)
def test_a_percentile_is_within_the_bucket_of_the_order_statistic(durations: list[int], q: float) -> None:
    histogram = Histogram.of(durations)
    found = histogram.percentile(q)
    number = max(1, math.ceil(Fraction(repr(float(q))) * len(durations) / 100))
    true = sorted(durations)[number - 1]
    assert histogram.min <= found <= histogram.max
    if true <= HIGHEST:
        assert true <= found <= true * (1 + 1 / 1024)
    else:
        assert found == histogram.max, "the last bucket has no end"


@_CALM
@given(SOME, st.sampled_from([1, 10, 25, 50, 75, 90, 95, 99]))
def test_a_percentile_is_that_of_numpy_to_the_bucket(durations: list[int], q: int) -> None:
    durations = [min(us, HIGHEST) for us in durations]
    true = int(np.percentile(durations, q, method="inverted_cdf"))
    assert true <= Histogram.of(durations).percentile(q) <= true * (1 + 1 / 1024)


@_CALM
@given(SOME, st.lists(PERCENTS, min_size=2, max_size=6))
def test_percentiles_ascend_and_never_pass_the_greatest(durations: list[int], qs: list[float]) -> None:
    histogram = Histogram.of(durations)
    found = histogram.percentiles(sorted(qs))
    assert [*found] == sorted(found)
    assert histogram.percentile(99) <= histogram.max == max(durations)
    assert (histogram.percentile(0), histogram.percentile(100)) == (min(durations), max(durations))


@_CALM
@given(LISTS)
def test_text_and_back(durations: list[int]) -> None:
    histogram = Histogram.of(durations)
    assert Histogram.unpack(histogram.pack()) == histogram


@_CALM
@given(LISTS, st.data())
def test_altered_text_is_refused_or_still_a_sound_histogram(
    durations: list[int], data: st.DataObject
) -> None:
    body = bytearray(zlib.decompress(base64.b64decode(Histogram.of(durations).pack())[1:]))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    text = base64.b64encode(b"\1" + zlib.compress(body[: cut or None])).decode()
    try:
        found = Histogram.unpack(text)
    except HistogramError as error:
        assert "\n" not in str(error)
    else:
        assert found.min <= found.percentile(50) <= found.max
        assert Histogram.unpack(found.pack()) == found


def test_every_bucket_is_narrow_and_next_to_the_last() -> None:
    edges = [0, 1, 2047, 2048, 2049, 4095, 4096, 10**6, 3_600_000_000, HIGHEST]
    values = sorted(
        {*range(1, 9_000), *edges, *(1 << n for n in range(36)), *((1 << n) - 1 for n in range(1, 37))}
    )
    histogram = Histogram.of(values)
    lows, highs, counts = histogram.buckets()
    assert (lows[1:] > highs[:-1]).all()
    assert ((highs - lows + 1) * 1000 <= np.maximum(lows, 1000)).all()
    within = np.searchsorted(values, highs, side="right") - np.searchsorted(values, lows)
    assert (counts == within).all()


def test_what_is_above_the_range_counts_and_keeps_its_maximum() -> None:
    histogram = Histogram.of([5, HIGHEST + 1])
    histogram.record(1 << 60, 3)
    assert (histogram.count, histogram.clamped, histogram.max) == (5, 4, 1 << 60)
    assert histogram.sum == 5 + HIGHEST + 1 + 3 * (1 << 60)
    assert Histogram.unpack(histogram.pack()) == histogram


def test_what_is_below_the_range_counts_and_keeps_its_minimum() -> None:
    histogram = Histogram()
    histogram.record(-7)
    histogram.record(3)
    assert (histogram.count, histogram.clamped, histogram.min, histogram.percentile(50)) == (2, 1, -7, -7)
    assert Histogram.unpack(histogram.pack()) == histogram


def test_a_percentile_is_taken_as_it_is_written() -> None:
    histogram = Histogram.of(range(1, 1001))
    assert histogram.percentiles((99.9, 99.91, 50, 0.1)) == (999, 1000, 500, 1)


def test_each_duration_may_be_the_greatest_or_the_least() -> None:
    histogram = Histogram()
    for us, least, greatest in ((5, 5, 5), (6, 5, 6), (4, 4, 6)):
        histogram.record(us)
        assert (histogram.min, histogram.max) == (least, greatest)


def test_an_empty_one_says_nothing() -> None:
    empty = Histogram()
    assert (empty.count, empty.min, empty.max, empty.mean, empty.percentile(99)) == (0, 0, 0, 0.0, 0)
    assert Histogram.of([4, 8]).mean == 6


@pytest.mark.parametrize("q", [-1, 100.1, math.nan])
def test_other_percentiles_are_refused(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        Histogram.of([1]).percentile(q)


def _text(body: bytes, version: int = 1) -> str:
    return base64.b64encode(bytes((version,)) + zlib.compress(body)).decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("*", "base64"),
        ("ä", "base64"),
        (_text(b"", version=2), "version 2; this one reads 1"),
        (base64.b64encode(b"\1rubbish").decode(), "damaged"),
        (Histogram.of([1, 2, 3]).pack()[:-8], "damaged"),
        (_text(b""), "cut off"),
        (_text(bytes((0, 2, 2, 2, 2, 1, 1))), "2 buckets are told by 2 numbers"),
        (_text(bytes((0, 4, 2, 2, 2, 1, 0, 1, 1))), "not in order"),
        (_text(bytes((0, 2, 2, 4, 1, 1, 1))), "not in its buckets"),
        (_text(bytes((0, 8, 2, 2, 1, 1, 1))), "sum does not fit"),
        (_text(bytes((2, 2, 2, 2, 1, 1, 1))), "sum does not fit"),
        (_text(bytes((0, 2, 2, 2, 0))), "counts nothing"),
        (_text(bytes(1 << 21)), "does not end"),
        (_text(bytes(5) + b"\xff" * 9 + b"\1"), "too large"),
        (_text(bytes((0, 2, 2, 2, 1)) + varint.one(1 << 20) + b"\1"), "not in order"),
    ],
)
def test_what_it_does_not_know_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(HistogramError, match=said) as caught:
        Histogram.unpack(text)
    assert "\n" not in str(caught.value)


@_CALM
@given(st.lists(st.integers(0, (1 << 63) - 1)))
def test_numbers_of_any_length(values: list[int]) -> None:
    packed = varint.many(np.array(values, dtype=np.uint64))
    assert packed == b"".join(map(varint.one, values))
    assert varint.take_many(packed).tolist() == values
    at = 0
    for value in values:
        found, at = varint.take(packed, at)
        assert found == value


@pytest.mark.parametrize("bits", range(7, 63, 7))
def test_a_number_takes_one_byte_more_from_each_power_of_128(bits: int) -> None:
    for value, size in (((1 << bits) - 1, bits // 7), (1 << bits, bits // 7 + 1)):
        packed = varint.many(np.array([value], dtype=np.uint64))
        assert (len(packed), varint.take_many(packed).tolist()) == (size, [value])
