"""Histories as files: what was written is read, a cut-off file says so, and what is no history is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.history import document
from harness.history.check import check
from harness.history.document import HistoryError
from harness.history.recorder import Recorder
from harness.history.values import Kind, Operation, Outcome
from tests.history.made import history

LINES = (
    "0-1 put a",
    "2-9 put b if a",
    "3-? delete",
    "4-5 read from 0 1 -> a",
    "6-7 list -> a",
    "6-7 put c if none -> unmet",
    "0-1 stage b0=x",
    "10-12 commit d=b0",
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    made = history(*LINES)
    write(tmp_path / document.FILE, document.dump(made))
    read = document.read(tmp_path)
    assert read.operations == made.operations
    assert read.about == made.about
    assert read.complete


def test_every_line_fits_the_schema() -> None:
    kinds = [json.loads(line)["kind"] for line in document.dump(history(*LINES)).splitlines()]
    assert kinds[0] == "header"
    assert kinds[-1] == "footer"
    assert kinds.count("call") == len(LINES)
    assert kinds.count("return") == len(LINES) - 1


def test_any_beginning_is_a_history_and_contradicts_nothing(tmp_path: Path) -> None:
    whole = document.dump(history("0-1 put a", "2-5 put b if a", "3-4 read -> b", "6-7 read -> b"))
    data = whole.encode()
    ends = [at + 1 for at, byte in enumerate(data) if byte == ord("\n")]
    for end in (*ends[:-1], ends[3] + 5):
        path = tmp_path / "cut.jsonl"
        path.write_bytes(data[:end])
        read = document.read(path)
        assert not read.complete
        assert check(read).holds


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[1:], "does not begin with the header"),
        (lambda lines: [lines[0].replace('"format": 1', '"format": 9'), *lines[1:]], "is of format 9"),
        (lambda lines: [*lines[:2], "{", *lines[2:]], ":3: not JSON"),
        (lambda lines: [*lines[:2], "[]", *lines[2:]], ":3: no line of a history"),
        (lambda lines: [*lines[:2], lines[0], *lines[2:]], "a header stands among the operations"),
        (lambda lines: [*lines[:2], *lines[1:]], "has two call lines"),
        (lambda lines: [lines[0], *lines[2:]], "was never called"),
        (
            lambda lines: [*lines[:-2], lines[-1].replace('"operations": 8', '"operations": 7')],
            "does not fit",
        ),
        (
            lambda lines: [line.replace('"put"', '"push"') for line in lines],
            "operation: 'push' is not one of",
        ),
        (lambda lines: [line.replace('"at": 10,', '"at": -1,') for line in lines], "at: -1 is less than"),
    ],
)
def test_what_is_no_history(tmp_path: Path, change, said: str) -> None:  # type: ignore[no-untyped-def]
    lines = document.dump(history(*LINES)).splitlines()
    path = write(tmp_path / "h.jsonl", "\n".join(change(lines)) + "\n")
    with pytest.raises(HistoryError, match=said):
        document.read(path)


def test_a_return_before_its_call(tmp_path: Path) -> None:
    text = document.dump(history("5-6 put a")).replace('"at": 60', '"at": 10')
    with pytest.raises(HistoryError, match="before it was called"):
        document.read(write(tmp_path / "h.jsonl", text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be read"):
        document.read(tmp_path)


def test_the_recorder_writes_what_it_keeps(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    with Recorder(path, {"workload": "test"}) as recorder:
        first = recorder.call(Operation(0, "c", Kind.PUT, "blob", 0, tag="a", size=1))
        second = recorder.call(Operation(0, "d", Kind.READ, "blob", 0))
        done = Operation(
            **{
                **{name: getattr(first, name) for name in first.__slots__},
                "returned": recorder.heard(),
                "outcome": Outcome.DONE,
                "etag": "e-a",
            }
        )
        recorder.finish(done)
        kept = recorder.history()
    read = document.read(path)
    assert read.operations == kept.operations == (done, second)
    assert not read.complete  # the second call was never heard of
    assert (first.number, second.number) == (1, 2)
    assert first.called <= second.called <= (done.returned or 0)
