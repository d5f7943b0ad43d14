"""Writing, reading, changing and deleting blobs; times and ETags; the file that NFS users see."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from reference_impl.store import (
    BlobMissing,
    BlobProps,
    BlobRecord,
    ContainerMissing,
    RootUnusable,
    Store,
    StoreError,
    StoreFault,
    ticks,
)

from .conftest import ACCOUNT, CONTAINER, Box, make_box

FULL = BlobProps(
    content_type="text/plain; charset=utf-8",
    content_encoding="gzip",
    content_language="en",
    content_disposition='attachment; filename="ä.txt"',
    cache_control="no-store",
    content_md5="AQIDBA==",
    metadata=(("Foo", "bar"), ("foo2", "x=y; z")),
    tier="Cool",
    tags=(("k", "v"),),
    extra={"copy-id": "1"},
)


class Refused(Exception):  # noqa: N818
    """What a check raises."""


def refuse(_: object) -> None:
    raise Refused


@pytest.mark.parametrize("durable", [True, False])
def test_what_was_put_is_read(tmp_path: Path, durable: bool) -> None:
    box = make_box(tmp_path, durable=durable)
    with box.store:
        made = box.put("dir/a.bin", b"hello", FULL)
        assert made == box.head("dir/a.bin")
        assert made.props == FULL
        assert (made.length, made.committed, made.derived, made.block_count) == (5, True, False, 0)
        assert made.etag == f"0x{made.ticks:X}"
        assert box.get("dir/a.bin") == b"hello"
    with Store(tmp_path) as again:
        assert again.blob(ACCOUNT, CONTAINER, "dir/a.bin") == made


def test_a_blob_is_a_plain_file_at_its_path_with_its_time(box: Box) -> None:
    made = box.put("models/7b/weights.bin", b"w" * 1000)
    file = box.path / "models" / "7b" / "weights.bin"
    assert file.read_bytes() == b"w" * 1000
    assert ticks.from_ns(file.stat().st_mtime_ns) == made.ticks
    assert box.incoming() == []


def test_overwriting_replaces_all_but_the_creation_time(box: Box) -> None:
    first = box.put("a", b"1", FULL)
    second = box.put("a", b"22")
    assert second.props == BlobProps()
    assert second.created_ticks == first.created_ticks
    assert second.ticks > first.ticks
    assert box.get("a") == b"22"


def test_no_generation_is_left_behind(box: Box) -> None:
    for turn in range(5):
        box.put("a", b"x" * turn)
        box.stage("a", 1, b"y")
        box.commit("a", 1)
    kept = [path for path in (box.root / ".blobproof" / ACCOUNT).rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in kept if "props" in path.parts)[-1] == ".blocks"
    assert len([path for path in kept if "props" in path.parts]) == 2
    box.delete("a")
    kept = [path for path in (box.root / ".blobproof" / ACCOUNT).rglob("*") if path.is_file()]
    assert [path.name for path in kept] == ["container.json"]


def test_etags_rise_even_when_the_clock_goes_back(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time_ns()
    seen = [box.put("a").ticks]
    for back in range(1, 5):
        monkeypatch.setattr(time, "time_ns", lambda back=back: start - back * 10**12)
        seen.append(box.put("a").ticks)
        seen.append(box.store.update_blob(ACCOUNT, CONTAINER, "a", lambda record: record.props).ticks)
    assert seen == sorted(set(seen))
    assert box.head("a").ticks == seen[-1]


def test_changing_properties_keeps_the_data(box: Box) -> None:
    made = box.put("a", b"data")
    touched = box.store.update_blob(ACCOUNT, CONTAINER, "a", lambda _: FULL)
    assert touched.props == FULL
    assert touched.ticks > made.ticks
    quiet = box.store.update_blob(ACCOUNT, CONTAINER, "a", lambda _: BlobProps(tier="Hot"), touch=False)
    assert (quiet.ticks, quiet.created_ticks) == (touched.ticks, made.created_ticks)
    assert box.head("a") == quiet
    assert box.get("a") == b"data"


def test_a_refused_change_changes_nothing(box: Box) -> None:
    made = box.put("a", b"data", FULL)
    with pytest.raises(Refused):
        box.put("a", b"other", check=refuse)
    with pytest.raises(Refused):
        box.store.update_blob(ACCOUNT, CONTAINER, "a", refuse)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        box.store.delete_blob(ACCOUNT, CONTAINER, "a", refuse)
    with pytest.raises(Refused):
        box.put("new", b"x", check=refuse)
    assert box.head("a") == made
    assert box.get("a") == b"data"
    assert box.names() == ["a"]
    assert box.incoming() == []


def test_checks_see_the_current_record(box: Box) -> None:
    seen: list[BlobRecord | None] = []
    made = box.put("a", check=seen.append)
    box.put("a", check=seen.append)
    assert seen == [None, made]


def test_deleting_removes_file_and_empty_folders(box: Box) -> None:
    box.put("x/y/z/a")
    box.put("x/b")
    box.delete("x/y/z/a")
    assert [path.name for path in (box.path / "x").iterdir()] == ["b"]
    with pytest.raises(BlobMissing):
        box.head("x/y/z/a")
    with pytest.raises(BlobMissing):
        box.store.delete_blob(ACCOUNT, CONTAINER, "x/y/z/a", refuse)
    box.delete("x/b")
    assert list(box.path.iterdir()) == []


def test_an_open_blob_stays_whole_while_it_is_replaced(box: Box) -> None:
    first = box.put("a", b"first")
    with box.store.open(ACCOUNT, CONTAINER, "a") as blob:
        box.put("a", b"second!")
        assert os.pread(blob.fd, 100, 0) == b"first"
        assert blob.record == first
        box.delete("a")
        assert os.pread(blob.fd, 100, 0) == b"first"


def test_what_is_missing_is_said_to_be(box: Box) -> None:
    with pytest.raises(BlobMissing):
        box.get("nope")
    for account, container in ((ACCOUNT, "nope"), ("nobody", CONTAINER), ("..", ".."), (ACCOUNT, "../acct")):
        with pytest.raises(ContainerMissing):
            box.store.blob(account, container, "a")
        with pytest.raises(ContainerMissing):
            box.store.upload(account, container)
        with pytest.raises(ContainerMissing):
            box.store.list_blobs(account, container)


def test_uploads_that_nobody_takes_leave_nothing(box: Box) -> None:
    upload = box.store.upload(ACCOUNT, CONTAINER)
    upload.write(b"x" * 100)
    assert upload.size == 100
    assert len(box.incoming()) == 1
    upload.abort()
    upload.abort()
    assert box.incoming() == []
    with pytest.raises(StoreFault):
        upload.write(b"late")


def test_an_upload_can_be_written_through_its_descriptor(box: Box) -> None:
    with box.store.upload(ACCOUNT, CONTAINER) as upload:
        upload.write(memoryview(b"head "))
        os.write(upload.fd, b"tail")
        assert box.store.commit_blob(upload, "a", BlobProps()).length == 9
    assert box.get("a") == b"head tail"


def test_damaged_properties_do_not_hide_the_data(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.put("a", b"data", FULL)
    (kept,) = [path for path in (box.root / ".blobproof").rglob("*") if path.parent.parent.name == "props"]
    kept.write_bytes(b'{"ticks":')
    assert box.head("a").derived
    assert box.get("a") == b"data"
    assert "damaged" in caplog.text


def test_a_root_that_cannot_be_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for root in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(RootUnusable) as caught:
            Store(root)
        assert caught.value.hint
        assert "\n" not in str(caught.value)


def test_errors_are_store_errors_with_hints() -> None:
    assert issubclass(BlobMissing, StoreError)
    assert StoreFault("x").hint


def test_left_overs_of_dead_processes_are_removed_at_start(tmp_path: Path) -> None:
    with Store(tmp_path) as living:
        incoming = tmp_path / ".blobproof" / "_incoming"
        (own,) = incoming.iterdir()
        host = own.name.partition(".")[0]
        old = time.time() - 100_000
        for name in (f"{host}.1.dead", "elsewhere.1.dead"):
            (incoming / name).mkdir()
            (incoming / name / "1").write_bytes(b"x")
            (incoming / name / "alive").write_bytes(b"")
            os.utime(incoming / name, (old, old))
        os.utime(own, (old, old))
        fresh = incoming / f"{host}.2.young"
        fresh.mkdir()
        trash = tmp_path / ".blobproof" / "_trash" / "old" / "a" / "b"
        trash.mkdir(parents=True)
        (trash / "c").write_bytes(b"")
        Store(tmp_path).close()
        assert sorted(incoming.iterdir()) == sorted([own, fresh])
        assert list((tmp_path / ".blobproof" / "_trash").iterdir()) == []
        assert living.containers(ACCOUNT).items == ()
