"""Reducibility: what is counted exactly is exact, what is sampled is as near as its interval says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from harness.vocabulary import ExitCode
from loadgen.payload.layout import seed_for
from loadgen.payload.payloads import Payloads
from loadgen.payload.recipes import recipe
from loadgen.reduce.estimate import Ratio, Ratios, ratios
from loadgen.reduce.grain import GRAINS, Grain
from loadgen.reduce.measure import CorpusError, count
from loadgen.reduce.meter import GROUPS, Settings
from loadgen.reduce.tally import Sample, Tally
from loadgen.reduce.verdict import State, judge
from loadgen.reduce.walk import Left, files, type_of
from tests.load.corpora import measured, noise


def packed(chunk: bytes) -> int:
    """As an array would store it: raw when nothing is gained."""
    return min(len(chunk), len(zstandard.ZstdCompressor(level=3).compress(chunk)))


# Counting


def test_everything_that_is_counted_is_exact(tmp_path: Path) -> None:
    """Against a plain count, for all of it and for each type, at every fixed grain."""
    draw = np.random.default_rng(4)
    stock = [noise(seed, 4096) if seed % 3 else bytes([seed]) * 4096 for seed in range(40)]
    contents: dict[str, list[bytes]] = {"bin": [], "txt": []}
    for number in range(30):
        kind = ("bin", "txt")[number % 2]
        data = b"".join(stock[at] for at in draw.integers(0, 40, 20)) + noise(900 + number, 1_000)
        contents[kind].append(data)
        (tmp_path / f"{number}.{kind}").write_bytes(data)
    found = measured(tmp_path)
    assert not found.partial
    assert found.read.bytes == sum(len(data) for all_ in contents.values() for data in all_)
    for one in GRAINS[:3]:
        for kind, said in [*found.types.items(), ("", found.whole)]:
            mine = [data for name, all_ in contents.items() if kind in ("", name) for data in all_]
            chunks = {data[at : at + one.bytes] for data in mine for at in range(0, len(data), one.bytes)}
            distinct, size = sum(map(len, chunks)), sum(map(len, mine))
            stored = sum(map(packed, chunks))
            assert said[one].duplicate.value == pytest.approx(size / distinct)
            assert said[one].compress.value == pytest.approx(distinct / stored)
            assert said[one].reduce.value == pytest.approx(size / stored)
            assert said[one].share == 1


def sums(tally: Tally, cells: int) -> Ratios:
    """Of all cells of a tally."""
    return ratios(tally.sample(), tally.logical, slice(0, cells), 0.95)


def test_a_sample_is_unbiased_and_bounded() -> None:
    """Chunks with very unequal numbers of copies. Over many samples the truth is the mean, and in 95 %."""
    draw = np.random.default_rng(5)
    stock = [noise(seed, 64 + seed % 90) for seed in range(2_000)]
    copies = 1 + draw.zipf(1.7, len(stock)).clip(1, 100)
    places = draw.permutation(np.repeat(np.arange(len(stock)), copies))
    size = sum(len(stock[at]) for at in places)
    truth = size / sum(map(len, stock))
    cells = []
    for cell in range(GROUPS):
        mine = [stock[at] for at in places[cell::GROUPS]]
        ends = np.cumsum([len(chunk) for chunk in mine]).tolist()
        cells.append((memoryview(b"".join(mine)), list(zip([0, *ends], ends, strict=False))))
    values, held = [], 0
    for salt in range(30):
        tally = Tally(1, 400, GROUPS, salt)
        for cell, (data, cuts) in enumerate(cells):
            tally.add(cell, data, cuts)
        assert len(tally.sample().copies) <= 400
        assert tally.sample().share < 0.2
        found = sums(tally, GROUPS).duplicate
        assert found.low is not None and found.high is not None
        values.append(found.value)
        held += found.low <= truth <= found.high
    assert np.mean(values) == pytest.approx(truth, rel=0.06)
    assert held >= 24  # of 30 at 95 %: fewer happen once in a thousand times


def corpus(draw: np.random.Generator, share: float) -> tuple[Sample, np.ndarray[Any, Any]]:
    """Files of a kind: sizes, compressibility, repeats, whole copies all vary. A sample of their chunks."""
    logical, parts, first = np.zeros(GROUPS), [], 0
    for _ in range(250):
        chunks, group = 1 + int(draw.lognormal(2.0, 0.8)), int(draw.integers(GROUPS))
        repeated = 1 + draw.poisson(0.3, chunks)
        times = 1 + draw.poisson(0.4)
        smaller = 1 + draw.gamma(6, 0.25)
        kept = np.flatnonzero(draw.random(chunks) < share)
        logical[group] += times * repeated.sum() * 4096
        sizes = 4096 / smaller * np.exp(0.2 * draw.standard_normal(len(kept)))
        parts.append((sizes, np.arange(len(kept)) + first, np.full(len(kept), group), times * repeated[kept]))
        first += len(kept)
    sizes, chunk, group, copies = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Sample(share, np.full(first, 4096.0), sizes, chunk, group, copies.astype(float)), logical


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_intervals_hold_the_truth_as_often_as_they_say(share: float) -> None:
    """The truth is that of endlessly many files of the kind. 95 % of 120 are 114 ± 7."""
    draw = np.random.default_rng(11)
    endless = [corpus(draw, 1.0) for _ in range(40)]
    parts = [ratios(sample, logical, slice(0, GROUPS), 0.95) for sample, logical in endless]
    truth = sum(one.bytes for one in parts) / sum(one.stored for one in parts)
    held = 0
    for _ in range(120):
        sample, logical = corpus(draw, share)
        found = ratios(sample, logical, slice(0, GROUPS), 0.95).reduce
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert held >= 107


def test_the_ratio_of_a_known_corpus_is_in_its_interval(tmp_path: Path) -> None:
    """Two kinds of files, of two sizes: what both reduce to together is known."""
    plain = stored = 0.0
    for name, size, number in (
        ("compress=2,duplicate=2", 131_072, 40),
        ("compress=4,duplicate=3", 65_536, 60),
    ):
        for index in range(number):
            data = b"".join(Payloads().body(name, seed_for(1, name, index), 0, size))
            (tmp_path / f"{size}-{index}.bin").write_bytes(data)
        plain += number * size
        stored += number * size / recipe(name).compress / recipe(name).duplicate
    found = measured(tmp_path, Settings((Grain(64 << 10),), entries=2_000))
    said = found.whole[Grain(64 << 10)].reduce
    assert said.low is not None and said.high is not None
    assert said.low <= plain / stored <= said.high
    assert said.value == pytest.approx(plain / stored, rel=0.03)
    assert found.stretch == 0


def test_one_file_is_dealt_in_stretches(tmp_path: Path) -> None:
    path = tmp_path / "one.bin"
    path.write_bytes(b"".join(Payloads().body("compress=3", 1, 0, 4 << 20)))
    found = measured(path)
    assert found.stretch == 128 << 10
    said = found.whole[Grain(128 << 10)].compress
    assert said.low is not None and said.high is not None
    assert said.low < 3 < said.high * 1.02
    path.write_bytes(noise(1, 9_000))
    assert measured(path).whole[GRAINS[-1]].reduce == Ratio(1.0, None, None)


def test_an_assumption_is_held_against_the_interval() -> None:
    found = Ratio(2.0, 1.8, 2.2)
    assert [judge(assumed, found).state for assumed in (1.5, 2.1, 3.0)] == [
        State.BELOW,
        State.INSIDE,
        State.ABOVE,
    ]
    codes = [judge(assumed, found).exit_code for assumed in (1.5, 2.1, 3.0)]
    assert codes == [ExitCode.MET, ExitCode.MET, ExitCode.OBJECTIVE_MISSED]
    assert judge(3.0, Ratio(2.0, None, None)).exit_code is ExitCode.INDETERMINATE


# Walking


def test_files_are_found_once_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    (folder / "b" / "c").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"a")
    (folder / "b" / "c" / "d.BIN").write_bytes(b"dd")
    (folder / "b" / "loop").symlink_to(folder)
    (folder / "out").symlink_to("/etc/passwd")
    os.link(folder / "a.txt", folder / "z.txt")
    os.mkfifo(folder / "pipe")
    left = Left()
    found = [(Path(name).name, size) for name, size in files(folder, left)]
    assert found == [("a.txt", 1), ("d.BIN", 2)]
    assert left.skipped == {"symbolic links": 2, "second names of files": 1, "devices, pipes and sockets": 1}
    (tmp_path / "link").symlink_to(folder)
    assert count(tmp_path / "link").files == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.TXT", "txt"),
        ("a", "none"),
        (".bashrc", "none"),
        ("x.tar.gz", "gz"),
        ("a.", "none"),
        ("a.verylongextension", "none"),
    ],
)
def test_types_are_extensions(name: str, kind: str) -> None:
    assert type_of(f"/some.folder/{name}") == kind


def test_very_many_types_become_one(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"f.e{number}").write_bytes(noise(number, 100))
    found = measured(tmp_path)
    assert len(found.types) == 41
    assert found.files["other"] == 20
    assert sum(one[GRAINS[0]].bytes for one in found.types.values()) == 6_000


def test_there_must_be_data(tmp_path: Path) -> None:
    for make in (lambda: None, lambda: (tmp_path / "empty").touch()):
        make()
        with pytest.raises(CorpusError) as caught:
            count(tmp_path)
        assert caught.value.exit_code is ExitCode.USAGE
