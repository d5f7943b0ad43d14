"""Snapshots: copies of a moment that outlive overwrites, foreign writes and kills; listed and deleted."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reference_impl.store import (
    BlobMissing,
    BlobProps,
    BlobRecord,
    ContainerMissing,
    ContainerProps,
    HasSnapshots,
    Page,
    Prefix,
    Store,
    StoreFault,
)
from reference_impl.store.assemble import clone

from .conftest import ACCOUNT, CONTAINER, Box, block_id, make_box

REPOSITORY = Path(__file__).parents[2]
PROPS = BlobProps(content_type="a/b", metadata=(("Key", "value"),), tags=(("t", "1"),), lease="kept")
NAMES = ["plain", "folder/blob", "folder", "ends/", "x" * 300, "é\x01"]


def take(box: Box, name: str, *, touch: bool = False) -> BlobRecord:
    return box.store.take_snapshot(
        ACCOUNT, CONTAINER, name, lambda record: replace(record.props, lease=""), touch=touch
    )


def read(box: Box, name: str, moment: int) -> bytes:
    with box.store.open(ACCOUNT, CONTAINER, name, moment) as found:
        return os.pread(found.fd, found.record.length + 1, 0)


def listed(page: Page[BlobRecord | Prefix]) -> list[tuple[str, int]]:
    return [(item.name, 0 if isinstance(item, Prefix) else item.snapshot) for item in page.items]


def walk(box: Box, limit: int) -> list[tuple[str, int]]:
    """A listing with snapshots, page after page."""
    found: list[tuple[str, int]] = []
    marker, since = "", 0
    while True:
        page = box.store.list_blobs(
            ACCOUNT, CONTAINER, marker=marker, since=since, limit=limit, with_snapshots=True
        )
        assert len(page.items) <= limit
        found += listed(page)
        if not page.next_marker:
            return found
        marker, since = page.next_marker, page.next_snapshot


@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_keeps_its_moment(box: Box, name: str) -> None:
    made = box.put(name, b"first", PROPS)
    taken = take(box, name)
    assert taken.snapshot > made.ticks
    assert (taken.etag, taken.created_ticks, taken.length) == (made.etag, made.created_ticks, 5)
    assert taken.props == replace(PROPS, lease="")
    box.put(name, b"second, longer")
    assert read(box, name, taken.snapshot) == b"first"
    assert box.store.blob(ACCOUNT, CONTAINER, name, taken.snapshot) == taken
    assert box.get(name) == b"second, longer"


def test_taking_a_snapshot_leaves_the_blob_alone(box: Box) -> None:
    before = box.put("a", b"x", PROPS)
    take(box, "a")
    assert box.head("a") == before


def test_snapshots_have_times_of_their_own(box: Box) -> None:
    box.put("a", b"x")
    moments = [take(box, "a").snapshot for _ in range(20)]
    assert moments == sorted(set(moments))
    touched = take(box, "a", touch=True)
    assert touched.ticks == touched.snapshot > moments[-1]
    assert box.head("a").ticks < touched.ticks


def test_blocks_are_kept_and_staged_ones_are_not(box: Box) -> None:
    for number in range(3):
        box.stage("a", number, bytes([65 + number]) * (number + 1))
    box.commit("a", 2, 0, 1)
    box.stage("a", 7, b"staged")
    moment = take(box, "a").snapshot
    lists = box.store.block_list(ACCOUNT, CONTAINER, "a", moment)
    assert [(block.id, block.size) for block in lists.committed] == [
        (block_id(2), 3),
        (block_id(0), 1),
        (block_id(1), 2),
    ]
    assert not lists.uncommitted
    box.commit("a", 7)
    assert len(box.store.block_list(ACCOUNT, CONTAINER, "a", moment).committed) == 3
    assert read(box, "a", moment) == b"CCCABB"


def test_a_write_over_nfs_does_not_reach_a_snapshot(box: Box) -> None:
    box.put("a", b"first")
    moment = take(box, "a").snapshot
    with (box.path / "a").open("r+b") as file:
        file.write(b"LOCAL")
    assert box.get("a") == b"LOCAL"
    assert read(box, "a", moment) == b"first"


def test_a_file_written_over_nfs_has_snapshots_too(box: Box) -> None:
    (box.path / "foreign").write_bytes(b"local")
    moment = take(box, "foreign").snapshot
    (box.path / "foreign").write_bytes(b"changed")
    assert read(box, "foreign", moment) == b"local"


def test_snapshots_of_a_file_removed_over_nfs_are_not_lost(box: Box) -> None:
    box.put("a", b"x")
    moment = take(box, "a").snapshot
    (box.path / "a").unlink()
    assert read(box, "a", moment) == b"x"
    assert walk(box, 5) == [("a", moment)]
    with pytest.raises(BlobMissing):
        box.delete("a")
    box.store.delete_blob(ACCOUNT, CONTAINER, "a", None, "include")
    assert walk(box, 5) == []


def test_what_is_not_there_has_no_snapshots(box: Box) -> None:
    with pytest.raises(BlobMissing):
        take(box, "none")
    box.stage("staged", 1, b"x")
    with pytest.raises(BlobMissing):
        take(box, "staged")
    box.put("a", b"x")
    for call in (box.store.blob, box.store.open, box.store.block_list):
        with pytest.raises(BlobMissing):
            call(ACCOUNT, CONTAINER, "a", 17)
        with pytest.raises(ContainerMissing):
            call(ACCOUNT, "no-such", "a", 17)


def test_a_refused_snapshot_leaves_nothing(box: Box) -> None:
    box.put("a", b"x")

    def refuse(record: BlobRecord) -> BlobProps:
        raise LookupError

    with pytest.raises(LookupError):
        box.store.take_snapshot(ACCOUNT, CONTAINER, "a", refuse, touch=False)
    assert walk(box, 5) == [("a", 0)]
    assert not box.incoming()


def test_a_blob_with_snapshots_is_not_deleted_by_chance(box: Box) -> None:
    box.put("a", b"x")
    moment = take(box, "a").snapshot
    with pytest.raises(HasSnapshots):
        box.delete("a")
    assert box.get("a") == b"x"
    box.store.delete_blob(ACCOUNT, CONTAINER, "a", None, "only")
    assert walk(box, 5) == [("a", 0)]
    with pytest.raises(BlobMissing):
        read(box, "a", moment)
    take(box, "a")
    box.store.delete_blob(ACCOUNT, CONTAINER, "a", None, "include")
    assert walk(box, 5) == []
    box.put("a", b"new")
    box.delete("a")


def test_one_snapshot_is_deleted_by_itself(box: Box) -> None:
    box.put("a", b"x")
    first, second = take(box, "a").snapshot, take(box, "a").snapshot
    box.store.delete_snapshot(ACCOUNT, CONTAINER, "a", first, lambda _: None)
    assert walk(box, 5) == [("a", second), ("a", 0)]
    with pytest.raises(BlobMissing):
        box.store.delete_snapshot(ACCOUNT, CONTAINER, "a", first, lambda _: None)
    box.store.delete_snapshot(ACCOUNT, CONTAINER, "a", second, lambda _: None)
    box.delete("a")
    left = [path.name for path in (box.root / ".blobproof" / ACCOUNT / CONTAINER / "snapshots").rglob("*")]
    assert left == []


def test_properties_of_a_snapshot_change_without_its_etag(box: Box) -> None:
    box.put("a", b"x")
    taken = take(box, "a")
    box.store.update_snapshot(
        ACCOUNT, CONTAINER, "a", taken.snapshot, lambda record: replace(record.props, tier="Cool")
    )
    changed = box.store.blob(ACCOUNT, CONTAINER, "a", taken.snapshot)
    assert changed == replace(taken, props=replace(taken.props, tier="Cool"))
    assert box.head("a").props.tier is None


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_snapshots_are_listed_before_their_blob(box: Box, limit: int) -> None:
    expected: list[tuple[str, int]] = []
    for number, name in enumerate(sorted([*NAMES, "a", "z"], key=str.encode)):
        box.put(name, b"x")
        expected += [(name, take(box, name).snapshot) for _ in range(number % 4)]
        expected.append((name, 0))
    assert walk(box, limit) == expected
    assert listed(box.store.list_blobs(ACCOUNT, CONTAINER)) == [item for item in expected if not item[1]]


def test_a_container_goes_with_its_snapshots(box: Box) -> None:
    box.put("a", b"x")
    moment = take(box, "a").snapshot
    box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
    box.store.create_container(ACCOUNT, CONTAINER, ContainerProps())
    box.put("a", b"y")
    with pytest.raises(BlobMissing):
        read(box, "a", moment)
    box.delete("a")


def test_a_file_system_that_shares_no_extents_copies(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(3_000_000)
    box.put("a", data)

    def no_clone(*_: object) -> int:
        raise OSError(95, "not supported")

    monkeypatch.setattr("reference_impl.store.assemble.fcntl.ioctl", no_clone)
    assert read(box, "a", take(box, "a").snapshot) == data


def test_a_file_that_is_written_to_meanwhile_is_copied_again(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.put("a", b"first", PROPS)
    writes = iter([b"FIRST", b"a longer one"])

    def torn(source: int, target: int, size: int) -> None:
        clone(source, target, size)
        for data in writes:
            (box.path / "a").write_bytes(data)
            return

    monkeypatch.setattr("reference_impl.store.snapshots.clone", torn)
    taken = take(box, "a")
    assert (taken.length, taken.etag, taken.props) == (12, box.head("a").etag, BlobProps())
    assert read(box, "a", taken.snapshot) == b"a longer one"


def test_a_file_that_is_always_written_to_is_given_up(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("a", b"first")
    turns = iter(range(1000))

    def torn(source: int, target: int, size: int) -> None:
        clone(source, target, size)
        (box.path / "a").write_bytes(b"x" * next(turns))

    monkeypatch.setattr("reference_impl.store.snapshots.clone", torn)
    with pytest.raises(StoreFault):
        take(box, "a")
    assert [moment for _, moment in walk(box, 5)] == [0]
    assert not box.incoming()


WORKER = """
import os, sys
from pathlib import Path
from reference_impl.store import Store
from tests.store.conftest import ACCOUNT, CONTAINER, Box
with Store(Path(sys.argv[1])) as store:
    box = Box(store, Path(sys.argv[1]))
    for turn in range(10**6):
        data = b"%d " % turn * (1 + turn * 37 % 3000)
        box.put("a", data)
        taken = store.take_snapshot(ACCOUNT, CONTAINER, "a", lambda record: record.props, touch=False)
        os.write(1, b"%d %d\\n" % (turn, taken.snapshot))
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    make_box(tmp_path).store.close()
    acknowledged: dict[int, int] = {}
    for count in (5, 12, 20):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE, cwd=REPOSITORY
        )
        assert worker.stdout is not None
        lines = [worker.stdout.readline() for _ in range(count)]
        worker.kill()
        lines += worker.stdout.readlines()
        worker.stdout.close()
        worker.wait(5)
        for line in lines:
            count_of, moment_of = line.split()
            acknowledged[int(moment_of)] = int(count_of)
    with Store(tmp_path) as store:
        box = Box(store, tmp_path)
        found = [moment for _, moment in walk(box, 7) if moment]
        assert set(found) >= set(acknowledged)
        for moment in found:
            data = read(box, "a", moment)
            turn = int(data.split()[0])
            assert data == b"%d " % turn * (1 + turn * 37 % 3000)
            assert turn == acknowledged.get(moment, turn)
        store.delete_blob(ACCOUNT, CONTAINER, "a", None, "include")
