"""Payloads: the same bytes always, any part at any time, as compressible and duplicate as was asked for."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
import zstandard
from awscrt import checksums
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.vocabulary import ExitCode
from loadgen.payload.curve import LEVEL
from loadgen.payload.errors import PayloadError
from loadgen.payload.layout import extent_bytes, origin, seed_for
from loadgen.payload.payloads import PIECE_BYTES, Payloads
from loadgen.payload.recipes import Provenance, recipe, recipes
from loadgen.payload.shapes import BLOCK_BYTES
from loadgen.reduce.grain import Grain
from loadgen.reduce.meter import Meter, Read, Settings

RANDOM = [one.id for one in recipes().values() if math.isfinite(one.compress)]
OWN = ["compress=1,duplicate=1.5", "compress=2.5,duplicate=3", "compress=3,shape=text"]
SEED = seed_for(7, "shards", 3)


def packed(data: bytes) -> int:
    """Bytes after zstd of each block of 64 KiB."""
    pack = zstandard.ZstdCompressor(level=LEVEL).compress
    blocks = (data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES))
    return sum(min(len(block), len(pack(block))) for block in blocks)


def reads(pieces: Iterable[bytes | memoryview]) -> Read:
    """What a meter reads from."""
    ahead = iter(pieces)
    rest = memoryview(b"")

    def read(buffer: memoryview) -> int:
        nonlocal rest
        if not rest:
            rest = memoryview(next(ahead, b""))
        count = min(len(buffer), len(rest))
        buffer[:count] = rest[:count]
        rest = rest[count:]
        return count

    return read


@pytest.mark.parametrize(
    "name", [*RANDOM, "compress=1", *(f"compress={ratio}" for ratio in (1.5, 2.5, 4, 8))]
)
def test_compressed_it_is_as_small_as_was_asked(name: str) -> None:
    data = b"".join(Payloads().body(name, SEED, 0, 24 * BLOCK_BYTES))
    assert len(data) / packed(data) == pytest.approx(recipe(name).compress, rel=0.03)


def test_no_part_of_a_block_is_plain() -> None:
    """Redundancy is spread over the block: each eighth of it can be compressed, none is next to nothing."""
    data = b"".join(Payloads().body("compress=4", SEED, 0, 32 * BLOCK_BYTES))
    pack = zstandard.ZstdCompressor(level=LEVEL).compress
    eighth = BLOCK_BYTES // 8
    for part in range(8):
        whole = b"".join(data[at : at + eighth] for at in range(part * eighth, len(data), BLOCK_BYTES))
        small = sum(len(pack(whole[at : at + eighth])) for at in range(0, len(whole), eighth))
        assert 1.5 < len(whole) / small < 6


@pytest.mark.parametrize("name", [*recipes(), *OWN])
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_any_part_is_a_part_of_the_whole(name: str, data: st.DataObject) -> None:
    size = 3 * PIECE_BYTES
    begin = data.draw(st.sampled_from([0, extent_bytes(recipe(name).duplicate) - PIECE_BYTES]))
    payloads = Payloads()
    whole = b"".join(payloads.body(name, SEED, begin, size))
    offset = data.draw(st.integers(0, size - 1))
    length = (
        data.draw(st.one_of(st.integers(0, 70), st.integers(0, size - offset))) if offset < size - 70 else 1
    )
    part = payloads.body(name, SEED, begin + offset, length)
    assert b"".join(part) == whole[offset : offset + length]
    assert all(0 < len(piece) <= PIECE_BYTES and piece.format == "B" for piece in part)


def test_bytes_do_not_change_between_versions() -> None:
    """A run that was prepared by one version is read by another: these values are for good."""
    found = {name: Payloads().digest(name, seed_for(1, "files", 0), 1000, 100_000) for name in recipes()}
    assert found == EXPECTED


EXPECTED = {
    "text": 0xB5EEF992E9E14BE6,
    "parquet": 0xE79B3FA5B44B911F,
    "checkpoint": 0x740F6B5414C5CDF1,
    "checkpoint-bf16": 0x3A7A1ED659D86DA9,
    "checkpoint-fp16": 0xC96C28C0C19F835B,
    "checkpoint-fp32": 0x31577BF0D485C0D5,
    "checkpoint-optimizer": 0xD9A95821794121EB,
    "jpeg": 0xCB89D3EE88AB1E8F,
    "video": 0x7B8CB5B0C4133027,
    "encrypted": 0x31E36106B4BB15FD,
    "incompressible": 0x3397A6B1F1B05219,
    "zeros": 0x9B49F2A56A54B2DA,
}


def test_every_recipe_seed_and_place_has_bytes_of_its_own() -> None:
    payloads = Payloads()
    names = [name for name in [*recipes(), *OWN] if name != "zeros"]
    seeds = [
        seed_for(7, "shards", 0),
        seed_for(7, "shards", 1),
        seed_for(7, "other", 0),
        seed_for(8, "shards", 0),
    ]
    seen = [
        bytes(payloads.body(name, seed, offset, 64)[0])
        for name in names
        for seed in seeds
        for offset in (0, BLOCK_BYTES, 15 * BLOCK_BYTES)
        if origin(seed, 0, recipe(name).duplicate)[0] == seed & 0xFFFFFFFF
    ]
    assert len(set(seen)) == len(seen)


def test_threads_make_the_same_bytes() -> None:
    payloads, found = Payloads(), []

    def make(shift: int) -> None:
        for at in range(40):
            offset = (at * 7 + shift) % 40 * 10_007
            found.append((offset, b"".join(payloads.body("text", SEED, offset, 9_000))))

    threads = [threading.Thread(target=make, args=(shift,)) for shift in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 160
    assert len(set(found)) == 40


def test_what_comes_back_is_checked() -> None:
    payloads = Payloads()
    data = bytearray(b"".join(payloads.body("checkpoint", SEED, 5_000, 600_000)))
    assert payloads.digest("checkpoint", SEED, 5_000, 600_000) == checksums.crc64nvme(bytes(data))
    assert payloads.equals("checkpoint", SEED, 5_000, data)
    assert payloads.first_difference("checkpoint", SEED, 5_000, data) is None
    data[300_001] ^= 4
    assert not payloads.equals("checkpoint", SEED, 5_000, data)
    assert payloads.first_difference("checkpoint", SEED, 5_000, memoryview(data)) == 300_001
    assert not payloads.equals("checkpoint", SEED + 1, 5_000, data)
    assert payloads.equals("zeros", SEED, 1, bytes(70_000))


def test_a_long_body_is_made_a_piece_at_a_time() -> None:
    body = Payloads().body("text", SEED, 100, 4 * PIECE_BYTES)
    assert [len(body[at]) for at in range(len(body))] == [PIECE_BYTES - 100, *[PIECE_BYTES] * 3, 100]
    assert [len(piece) for piece in body[:0:-1]] == [100, *[PIECE_BYTES] * 3]
    assert bytes(body[-1]) == bytes(body[4])
    with pytest.raises(IndexError):
        body[5]
    assert Payloads().body("text", SEED, 100, 0) == ()


@given(
    duplicate=st.floats(1, 8),
    member=st.integers(0, 2**20),
    extent=st.integers(0, 5_000),
)
def test_what_is_repeated_is_part_of_the_run(duplicate: float, member: int, extent: int) -> None:
    seed = seed_for(1, "files", member)
    source, place = origin(seed, extent, duplicate)
    assert source <= member
    assert 0 <= place <= extent
    # What is repeated is fresh where it stands.
    assert origin(seed_for(1, "files", source), place, duplicate) == (source, place)


@pytest.mark.parametrize("duplicate", [1.0, 1.1, 1.5, 2.0, 2.7, 4.0, 8.0])
def test_duplicates_are_as_many_as_was_asked(duplicate: float) -> None:
    one_big = {origin(SEED, extent, duplicate) for extent in range(600)}
    many_small = {origin(seed_for(1, "x", member), 0, duplicate) for member in range(600)}
    some = {
        origin(seed_for(1, "x", member), extent, duplicate) for member in range(60) for extent in range(10)
    }
    for distinct in (one_big, many_small, some):
        assert 600 / len(distinct) == pytest.approx(duplicate, rel=0.03)


def test_duplicates_lie_at_every_distance() -> None:
    distances = sorted(
        extent - place
        for extent in range(200, 400)
        for _, place in [origin(seed_for(1, "x", 0), extent, 2.0)]
        if place != extent
    )
    assert distances[len(distances) // 4] > 30
    assert distances[-len(distances) // 4] > 150


@pytest.mark.parametrize(("compress", "duplicate"), [(2.0, 3.0), (8.0, 1.5)])
def test_a_meter_finds_both_ratios(compress: float, duplicate: float) -> None:
    """Whole blobs through fixed and content-defined chunks. The whole grid is a benchmark."""
    name = f"compress={compress:g},duplicate={duplicate:g}"
    grains = Grain(64 << 10), Grain(32 << 10), Grain(16 << 10, content=True)
    meter = Meter(Settings(grains))
    for member in range(24):
        meter.file("bin", reads(Payloads().body(name, seed_for(3, "files", member), 0, 1 << 20)))
    whole, _ = meter.result()
    assert whole[grains[0]].compress.value == pytest.approx(compress, rel=0.03)
    for found in whole.values():
        assert found.duplicate.value == pytest.approx(duplicate, rel=0.03)


def test_recipes_say_where_their_figures_are_from() -> None:
    for one in recipes().values():
        for evidence in (one.compress_from, one.duplicate_from):
            assert evidence.source
        assert one.facts["compress"]["ratio"] == (one.compress if math.isfinite(one.compress) else None)
    assert recipe("text").assumed
    assert not recipe("encrypted").assumed
    assert {"text", "parquet", "checkpoint", "jpeg", "video", "encrypted", "incompressible"} <= set(recipes())
    assert recipes()["checkpoint-bf16"].compress_from.provenance is Provenance.PUBLISHED


def test_a_recipe_of_ones_own_has_one_spelling() -> None:
    assert recipe("duplicate=1.50, compress=2.0").id == "compress=2,duplicate=1.5"
    assert recipe("compress=2").duplicate == 1


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("chekpoint", "checkpoint"),
        ("compress=0.5", "compress=2.5"),
        ("compress=fast", "compress=2.5"),
        ("compress=nan", "compress=2.5"),
        ("compress=900", "From 1.00 to"),
        ("compress=1.2,shape=text", "From 1.60 to"),
        ("duplicate=1e9", "up to 64"),
        ("dupe=2", "compress=2.5"),
        ("compress=2,shape=soup", "records"),
    ],
)
def test_a_recipe_that_there_is_not(said: str, hint: str) -> None:
    with pytest.raises(PayloadError, match=r".") as caught:
        Payloads().body(said, 1, 0, 10)
    assert caught.value.exit_code is ExitCode.USAGE
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "name", ["incompressible", "compress=8", "compress=2.4,shape=text", "checkpoint-bf16"]
)
def test_no_block_helps_to_compress_another(name: str) -> None:
    """An array that looks for similar chunks, over all it holds, must find none: the same tile is in each."""
    payloads = Payloads()
    blocks = [bytes(payloads.body(name, SEED, at * BLOCK_BYTES, BLOCK_BYTES)[0]) for at in range(40)]
    far = zstandard.ZstdCompressionParameters.from_level(9, window_log=23, enable_ldm=True)
    together = len(zstandard.ZstdCompressor(compression_params=far).compress(b"".join(blocks)))
    alone = sum(len(zstandard.ZstdCompressor(level=9).compress(block)) for block in blocks)
    assert together / alone > 0.99


def test_the_page_shows_the_recipes_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "payloads.md").read_text()
    for one in recipes().values():
        compress, duplicate = one.compress_from, one.duplicate_from
        row = f"| `{one.id}` | {one.data} | {one.compress:g} | {compress.provenance}: {compress.source} | "
        assert row + f"{one.duplicate:g} | {duplicate.provenance} |" in page
