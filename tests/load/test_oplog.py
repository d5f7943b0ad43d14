"""Operation logs come back as they were written, whole or up to where they were cut off."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.vocabulary import ExitCode
from loadgen.record.oplog import _BLOCK, FAILURES, FORMAT, KINDS, NONE, RECORD, SUFFIX, OpLog
from loadgen.record.oplog_read import LogFile, chunks, frame, frames, logs, pooled
from loadgen.record.read import LoadError
from loadgen.work.op import Kind
from tests.load.attempts import MS, START, Attempt, attempt, attempts


def write(path: Path, *made: Attempt, close: bool = True) -> Path:
    """A log of attempts, all in one phase."""
    log = OpLog(path, START, {"worker": 3})
    log.begin("stage", 1)
    for number, (op, outcome) in enumerate(made):
        log.add(op, outcome)
        if number % 300 == 0:
            log.flush()
    log.flush()
    if close:
        log.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log goes."""
    return tmp_path / f"worker-3{SUFFIX}"


def read(path: Path, records: int = 1 << 16) -> tuple[LogFile | None, list[np.ndarray]]:
    """A log as its chunks."""
    known, found = None, []
    for log, one in chunks(path, records):
        known = log
        found.append(one.copy())
    return known, found


@settings(deadline=None, max_examples=25)
@given(st.lists(attempts(), max_size=30))
def test_every_attempt_comes_back(tmp_path_factory: pytest.TempPathFactory, made: list[Attempt]) -> None:
    path = write(tmp_path_factory.mktemp("log") / f"a{SUFFIX}", *made)
    rows = frame(path)
    assert len(rows) == len(made)
    for row, (op, outcome) in zip(rows.itertuples(), made, strict=True):
        assert (row.phase, row.iteration, row.lane, row.op) == ("stage", 1, op.lane, op.kind.value)
        assert (row.rank, row.attempt, row.status) == (op.rank, op.attempt, outcome.status)
        assert (row.intended, row.started) == (op.intended - START, outcome.started - START)
        assert row.last == outcome.last - START
        assert pd.isna(row.first) if not outcome.first else row.first == outcome.first - START
        assert (row.code, row.failure, row.good) == (outcome.code, outcome.failure, outcome.good)
        assert (row.sent, row.received) == (outcome.sent, outcome.received)
        assert row.latency_us == (outcome.last - op.intended) // 1000
        assert row.service_us == (outcome.last - outcome.started) // 1000
        if outcome.first:
            assert row.first_byte_us == (outcome.first - outcome.started) // 1000
        else:
            assert pd.isna(row.first_byte_us)


def test_chunks_are_bounded_and_nothing_is_lost_between_them(path: Path) -> None:
    count = 3 * _BLOCK + 5
    write(path, *(attempt(at, at + 1, lane=f"lane-{at % 7}") for at in range(count)))
    log, found = read(path, 100)
    assert max(map(len, found)) <= 100
    assert np.concatenate(found)["intended"].tolist() == [at * MS for at in range(count)]
    assert log is not None
    assert (log.complete, log.records, log.facts) == (True, count, {"worker": 3})
    assert pd.concat(frames(path, 100))["lane"].tolist() == [f"lane-{at % 7}" for at in range(count)]


@pytest.mark.parametrize("lost", [1, 7, 40, 600])
def test_a_file_that_was_cut_off_is_readable_up_to_the_cut(path: Path, lost: int) -> None:
    write(path, *(attempt(at, at + at % 97 / 7) for at in range(4 * _BLOCK)))
    path.write_bytes(path.read_bytes()[:-lost])
    log, found = read(path)
    assert log is not None
    whole = np.concatenate(found)["intended"].tolist()
    assert whole == [at * MS for at in range(len(whole))]
    assert log.complete == (len(whole) == 4 * _BLOCK and lost == 1)
    assert len(frame(path)) == len(whole) >= 3 * _BLOCK


def test_what_was_flushed_is_there_when_the_worker_is_killed(path: Path) -> None:
    write(path, attempt(0, 5), attempt(1, 9), close=False)
    log, found = read(path)
    assert log is not None
    assert (len(found[0]), log.complete) == (2, False)


def test_a_log_without_operations(path: Path) -> None:
    write(path)
    assert frame(path).empty
    assert "latency_us" in frame(path)
    assert pooled([path]).count == 0


def test_phases_lanes_and_codes_of_any_length_and_script(path: Path) -> None:
    log = OpLog(path, START)
    names = ["read", "läne " * 30, "x" * 48, "", "検索" * 9, "😀" * 13, "x" * 47 + "é", "\ud800"]
    for number, name in enumerate(names, 1):
        log.begin(f"phase {name}", number)
        log.add(*attempt(lane=name, status=404, code=name[::-1]))
    log.close()
    rows = frame(path)
    shown = [name.encode("utf-8", "replace").decode() for name in names]
    assert rows["lane"].tolist() == shown
    assert rows["phase"].tolist() == [f"phase {name}" for name in shown]
    assert rows["code"].tolist() == [name[::-1] for name in shown]
    assert rows["iteration"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_server_that_makes_up_codes_without_end_costs_no_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadgen.record.oplog._MOST_WORDS", 4)
    write(path, *(attempt(status=500, code=f"Code{at}") for at in range(6)))
    assert frame(path)["code"].tolist() == ["Code0", "Code1", "…", "…", "…", "…"]


def test_pooled_takes_what_is_asked_for(tmp_path: Path) -> None:
    for worker in range(2):
        log = OpLog(tmp_path / f"{worker}{SUFFIX}", START)
        log.begin("write", 1)
        log.add(*attempt(0, 10 + worker, started=5, first=7, lane="w", kind=Kind.PUT_BLOB))
        log.add(*attempt(0, 20 + worker, lane="w"))
        log.begin("write", 2)
        log.add(*attempt(0, 30 + worker, lane="r"))
        log.begin("restore", 1)
        log.add(*attempt(0, 40 + worker, failure="reset"))
        log.close()
    found = logs(tmp_path)
    assert [path.name for path in found] == [f"0{SUFFIX}", f"1{SUFFIX}"]

    def of(metric: str = "latency", **wanted: object) -> list[int]:
        lows, _, counts = pooled(found, metric, **wanted).buckets()  # type: ignore[arg-type]
        return [round(us / 1000) for us in np.repeat(lows, counts).tolist()]

    assert of() == [10, 11, 20, 21, 30, 31]
    assert of(phase="write", iteration=1) == [10, 11, 20, 21]
    assert of(iteration=1, lane="w", op="get-blob") == [20, 21]
    assert of(lane="nobody") == of(phase="nothing") == []
    assert of("service", op="put-blob") == [5, 6]
    assert of("first_byte") == [2, 2]
    assert of("failed") == [40, 41]
    assert of("failed", phase="write") == []


def test_a_failure_with_no_number_is_another(path: Path) -> None:
    write(path, attempt(failure="surprise"), attempt(failure="content"), attempt(number=1 << 20))
    assert frame(path)["failure"].tolist() == ["other", "content", ""]
    assert frame(path)["attempt"].tolist() == [1, 1, 0xFFFF]


def test_closing_twice_is_closing_once(path: Path) -> None:
    log = OpLog(path, START)
    log.close()
    log.close()
    with pytest.raises(FileExistsError):
        OpLog(path, START)


def test_the_header_says_how_to_read_the_records(path: Path) -> None:
    write(path, attempt())
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        line, _, rest = stream.read().partition(b"\n")
    header = json.loads(line)
    assert header["format"] == FORMAT
    assert np.dtype([(name, kind) for name, kind in header["fields"]]) == RECORD
    assert (header["kinds"], header["failures"]) == ([*KINDS], [*FAILURES])
    assert (header["record_bytes"], len(rest) % 64) == (64, 0)
    assert np.frombuffer(rest, RECORD)["kind"].tolist() == [255, 255, 255, 0 + KINDS.index("get-blob"), 254]
    assert np.frombuffer(rest, RECORD)["first"][3] == NONE


def _packed(*parts: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(b"".join(parts))


def _header(form: str = FORMAT) -> bytes:
    return json.dumps({"format": form, "facts": {}}).encode() + b"\n"


_WORDS = b"".join(bytes(62) + bytes((255, table)) for table in range(3))
_END = bytearray(64)
_END[62], _END[0] = 254, 3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no header"),
        (b"no zstd at all", "damaged"),
        (_packed(b'{"format": '), "no header"),
        (_packed(b"[1]\n"), "no header"),
        (_packed(b"x" * (1 << 21)), "no header"),
        (_packed(_header("blobproof.oplog/9")), "this version reads blobproof.oplog/1"),
        (_packed(_header(), _WORDS, bytes(64), bytes(_END)), "has 1 records and says 3"),
        (_packed(_header(), bytes(62), b"\xff\x63"), "a word of no table"),
        (_packed(_header(), bytes(64)), "a phase that has no name"),
        (_packed(_header(), _WORDS, bytes(62), b"\x63\0"), "a kind that has no name"),
        (_packed(_header(), _WORDS, bytes(63), b"\x63"), "a failure that has no name"),
    ],
)
def test_what_is_no_log_is_said_in_one_line(path: Path, data: bytes, said: str) -> None:
    path.write_bytes(data)
    with pytest.raises(LoadError, match=said) as caught:
        read(path)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_log_that_is_not_there(path: Path) -> None:
    with pytest.raises(LoadError, match="No such file"):
        frame(path)


def test_a_damaged_log_is_refused(path: Path) -> None:
    write(path, *(attempt(at, at + at % 97 / 7) for at in range(2_000)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(LoadError):
        pooled([path])
