"""Files, folders, links and special files that somebody put into the tree without us."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from reference_impl.store import BlobMissing, BlobProps, fs, ticks

from .conftest import ACCOUNT, CONTAINER, Box

PROPS = BlobProps(content_type="x/y", content_md5="AAAA")


@pytest.fixture(params=["openat2", "walk"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of opening a path without following symlinks."""
    if request.param == "walk":
        monkeypatch.setattr(fs, "_open_deep", fs.walk_open)
    elif fs._open_deep is fs.walk_open:
        pytest.skip("this kernel has no openat2")


def test_a_foreign_file_is_a_blob_with_derived_properties(box: Box) -> None:
    file = box.path / "data" / "x.bin"
    file.parent.mkdir()
    file.write_bytes(b"foreign")
    record = box.head("data/x.bin")
    assert (record.derived, record.length, record.props) == (True, 7, BlobProps())
    assert record.ticks == record.created_ticks == ticks.from_ns(file.stat().st_mtime_ns)
    assert box.get("data/x.bin") == b"foreign"
    assert box.names() == ["data/x.bin"]
    made = box.store.update_blob(ACCOUNT, CONTAINER, "data/x.bin", lambda _: PROPS)
    assert (made.props, made.derived, made.created_ticks) == (PROPS, False, record.ticks)
    assert box.head("data/x.bin") == made
    box.delete("data/x.bin")
    assert not file.parent.exists()


def test_foreign_writes_in_place_drop_the_properties(box: Box) -> None:
    made = box.put("x", b"0123", PROPS)
    file = box.path / "x"
    for data in (b"0123456789", b"4567"):
        file.write_bytes(data)
        record = box.head("x")
        assert (record.derived, record.props, record.length) == (True, BlobProps(), len(data))
        assert record.etag != made.etag
    after = box.put("x", b"mine", PROPS)
    assert after.props == PROPS
    assert after.ticks > record.ticks


def test_a_foreign_file_beats_what_the_annex_has(box: Box) -> None:
    box.put("a", b"file")
    box.put("a/b", b"annex")
    (box.path / "a").unlink()
    (box.path / "a").mkdir()
    (box.path / "a" / "b").write_bytes(b"theirs")
    assert box.get("a/b") == b"theirs"
    assert box.names() == ["a/b"]
    box.delete("a/b")
    assert box.names() == []


@pytest.mark.usefixtures("either")
def test_symlinks_are_never_followed_and_are_no_blobs(box: Box, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_bytes(b"do not read")
    (box.path / "dir").mkdir()
    (box.path / "link").symlink_to(secret / "key")
    (box.path / "dir" / "up").symlink_to(secret)
    (box.path / "loop").symlink_to("loop")
    (box.path / "self").symlink_to(".")
    for name in ("link", "dir/up/key", "loop", "loop/x", "self/dir", "self/self/link"):
        with pytest.raises(BlobMissing):
            box.get(name)
        with pytest.raises(BlobMissing):
            box.delete(name)
    assert box.names() == []
    assert box.names(delimiter="/") == []
    assert box.names(prefix="dir/up/") == []
    box.put("dir/up/new", b"mine")
    box.put("link", b"replaced")
    assert box.get("dir/up/new") == b"mine"
    assert box.get("link") == b"replaced"
    assert sorted(path.name for path in secret.iterdir()) == ["key"]
    assert (secret / "key").read_bytes() == b"do not read"
    assert box.names() == ["dir/up/new", "link"]
    box.delete("dir/up/new")
    assert (box.path / "dir" / "up").is_symlink()


def test_special_files_neither_block_nor_show(box: Box) -> None:
    os.mkfifo(box.path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(box.path)  # the path of a socket must be short
        try:
            listener.bind("sock")
        finally:
            os.chdir(here)
        answers: list[type[BaseException]] = []

        def ask() -> None:
            for name in ("fifo", "sock", "fifo/x", "sock/x"):
                try:
                    box.head(name)
                except BlobMissing as error:
                    answers.append(type(error))

        asker = threading.Thread(target=ask, daemon=True)
        asker.start()
        asker.join(5)
        assert answers == [BlobMissing] * 4
        assert box.names() == []
    box.put("fifo/x", b"1")
    assert box.get("fifo/x") == b"1"


def test_entries_that_no_blob_can_be_called_are_not_listed(box: Box) -> None:
    for raw in (b"bad\xff", b"new\nline", b".nfs0123456789abcdef0123", b"good"):
        (Path(os.fsdecode(bytes(box.path))) / os.fsdecode(raw)).write_bytes(b"")
    assert box.names() == ["good"]


def test_folders_without_blobs_are_no_prefixes(box: Box) -> None:
    (box.path / "empty" / "deep" / "er").mkdir(parents=True)
    box.put("full/x")
    assert box.names(delimiter="/") == ["*full/"]
    assert box.names() == ["full/x"]


def test_file_times_beyond_all_dates_are_kept_within(box: Box) -> None:
    (box.path / "old").write_bytes(b"")
    os.utime(box.path / "old", (-(10**9), -(10**9)))
    (box.path / "late").write_bytes(b"")
    os.utime(box.path / "late", (15 * 10**9, 15 * 10**9))
    assert box.head("old").ticks < ticks.EPOCH
    assert box.head("late").ticks <= ticks.LAST
    before = box.head("late").ticks
    assert box.put("late").ticks > before
    assert ticks.from_ns(10**21) == ticks.LAST
    assert ticks.from_ns(-(10**21)) == 0
    assert ticks.following(ticks.LAST) < ticks.LAST
