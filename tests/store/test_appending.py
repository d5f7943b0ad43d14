"""Append blobs on disk: in place, whole at every moment, and never under somebody else's hands."""

from __future__ import annotations

import os
import threading

import pytest

from reference_impl.store import BlobMissing, BlobProps

from .conftest import Box


def test_blocks_follow_each_other_in_one_plain_file(box: Box) -> None:
    first = box.put("log", b"", BlobProps(content_type="a/b", appended=0))
    before = (box.path / "log").stat().st_ino
    offsets = [box.append("log", text)[0] for text in (b"one", b"two!", b"three")]
    assert offsets == [0, 3, 7]
    assert (box.path / "log").read_bytes() == b"onetwo!three"
    assert (box.path / "log").stat().st_ino == before
    record = box.head("log")
    assert (record.props.appended, record.props.content_type, record.length) == (3, "a/b", 12)
    assert record.ticks > first.ticks
    assert record.created_ticks == first.created_ticks
    assert box.get("log") == b"onetwo!three"


def test_a_reader_keeps_what_it_opened(box: Box) -> None:
    box.put("log", b"start", BlobProps(appended=0))
    with box.store.open("acct", "box", "log") as opened:
        box.append("log", b" and more")
        assert os.pread(opened.fd, opened.record.length, 0) == b"start"


def test_a_linked_file_is_left_alone(box: Box) -> None:
    box.put("log", b"start", BlobProps(appended=0))
    os.link(box.path / "log", box.root / "kept")
    box.append("log", b" and more")
    assert (box.root / "kept").read_bytes() == b"start"
    assert box.get("log") == b"start and more"
    assert box.head("log").props.appended == 1


def test_missing_blob(box: Box) -> None:
    with pytest.raises(BlobMissing):
        box.append("log", b"x")


def test_readers_see_whole_states_while_blocks_come(box: Box) -> None:
    box.put("log", b"", BlobProps(appended=0))
    stop = threading.Event()
    wrong: list[str] = []

    def read() -> None:
        while not stop.is_set():
            with box.store.open("acct", "box", "log") as opened:
                count = opened.record.props.appended
                if opened.record.derived or count is None or opened.record.length != 1000 * count:
                    wrong.append(repr(opened.record))
            listed = box.store.list_blobs("acct", "box").items[0]
            if getattr(listed, "derived", True):
                wrong.append(repr(listed))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(150):
        box.append("log", bytes([number]) * 1000)
    stop.set()
    reader.join()
    assert wrong == []
    assert box.get("log") == b"".join(bytes([number]) * 1000 for number in range(150))


def test_writers_in_threads_lose_nothing(box: Box) -> None:
    box.put("log", b"", BlobProps(appended=0))

    def write(letter: bytes) -> None:
        for _ in range(20):
            box.append("log", letter * 10)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    data = box.get("log")
    assert len(data) == 600
    assert {data[at : at + 10] for at in range(0, 600, 10)} == {b"a" * 10, b"b" * 10, b"c" * 10}
    assert box.head("log").props.appended == 60
