"""Chunks: where files are cut, by length and by content, and what grains are called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.vocabulary import ExitCode
from loadgen.payload.payloads import Payloads
from loadgen.reduce.cut import by_content, fixed
from loadgen.reduce.grain import Grain, GrainError, grain
from loadgen.reduce.meter import Meter, Settings
from tests.load.corpora import noise

CONTENT = Grain(8 << 10, content=True)


@given(size=st.sampled_from([1 << 10, 4 << 10]), length=st.integers(0, 20_000))
@settings(max_examples=40)
def test_fixed_chunks_lie_one_behind_the_other(size: int, length: int) -> None:
    cuts = list(fixed(size, length))
    assert [begin for begin, _ in cuts] == list(range(0, length, size))
    assert sum(end - begin for begin, end in cuts) == length


@given(
    parts=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40_000)), max_size=6),
    plain=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_content_defined_chunks_cover_everything_within_bounds(
    parts: list[tuple[int, int]], plain: bool
) -> None:
    data = b"".join(bytes(size) if plain and not seed else noise(seed, size) for seed, size in parts)
    average = 2 << 10
    cuts = by_content(np.frombuffer(data, np.uint8), average, last=True)
    assert b"".join(data[begin:end] for begin, end in cuts) == data
    assert all(average // 4 <= end - begin <= average * 4 for begin, end in cuts[:-1])


def test_chunks_are_about_as_long_as_was_asked_whatever_the_data() -> None:
    for name in ("incompressible", "text", "compress=6"):
        data = np.frombuffer(b"".join(Payloads().body(name, 1, 0, 4 << 20)), np.uint8)
        assert 0.7 < len(data) / len(by_content(data, 16 << 10, last=True)) / (16 << 10) < 1.8


def test_an_insertion_moves_the_cuts_along() -> None:
    data = noise(1, 1 << 20)
    moved = data[:300_000] + b"something new" + data[300_000:]

    def chunks(of: bytes) -> set[bytes]:
        return {of[begin:end] for begin, end in by_content(np.frombuffer(of, np.uint8), 8 << 10, last=True)}

    before, after = chunks(data), chunks(moved)
    assert len(before & after) > 0.95 * len(before)


@pytest.mark.parametrize("step", [1_000, 65_536, 100_003])
def test_files_are_cut_alike_however_they_are_read(step: int) -> None:
    data = noise(2, 900_000) + bytes(100_000) + noise(2, 300_000)

    def read_by(size: int) -> Meter:
        meter, place = Meter(Settings((Grain(4 << 10), CONTENT))), 0

        def read(buffer: memoryview) -> int:
            nonlocal place
            part = data[place : place + min(size, len(buffer))]
            buffer[: len(part)] = part
            place += len(part)
            return len(part)

        meter.file("x", read)
        return meter

    assert read_by(step).result() == read_by(1 << 30).result()


@pytest.mark.parametrize(
    ("said", "name"), [("32KiB", "32KiB"), ("cdc:1MiB", "cdc:1024KiB"), ("CDC:8kib", "cdc:8KiB")]
)
def test_grains_have_names(said: str, name: str) -> None:
    assert grain(said).name == name
    assert grain(grain(said).name) == grain(said)


@pytest.mark.parametrize("said", ["32", "33KiB", "2MiB", "cdc:512B", "", "0KiB"])
def test_a_grain_that_there_is_not(said: str) -> None:
    with pytest.raises(GrainError) as caught:
        grain(said)
    assert caught.value.exit_code is ExitCode.USAGE
