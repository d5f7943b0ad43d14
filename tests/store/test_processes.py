"""Several processes on one tree: exactly one wins, nobody hinders a neighbour, readers see whole states."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from reference_impl.store import BlobMissing, BlobProps, ContainerMissing, ContainerProps, Store

from . import workers
from .conftest import ACCOUNT, CONTAINER, Box, block_id, make_box

_spawn = multiprocessing.get_context("spawn")


def start(target: Callable[..., None], *args: object) -> multiprocessing.process.BaseProcess:
    process = _spawn.Process(target=target, args=args, daemon=True)
    process.start()
    return process


def finish(*processes: multiprocessing.process.BaseProcess) -> None:
    for process in processes:
        process.join(30)
        if process.exitcode is None:
            process.kill()
            process.join(5)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_conditional_commits_lose_no_update(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    with box.store:
        finish(*(start(workers.count_up, tmp_path, 60) for _ in range(3)))
        assert box.get("n") == b"180"


def test_neighbours_come_and_go(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    with box.store:
        finish(*(start(workers.come_and_go, tmp_path, number, 40) for number in range(3)))
        assert box.names() == []


def test_readers_see_whole_states_only(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    with box.store:
        writer = start(workers.overwrite, tmp_path, 150)
        reads = 0
        while writer.is_alive():
            try:
                assert workers.is_whole(box, "hot")
                page = box.store.list_blobs(ACCOUNT, CONTAINER)
                assert [item.name for item in page.items] == ["hot"]
                assert not page.items[0].derived  # type: ignore[union-attr]
                lists = box.store.block_list(ACCOUNT, CONTAINER, "hot")
                assert lists.record is not None
                assert len(lists.committed) == lists.record.block_count
                reads += 1
            except BlobMissing:
                assert reads == 0
        finish(writer)
        assert reads > 20


def test_a_container_that_comes_and_goes(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    with box.store:
        finish(*(start(workers.write_into_a_vanishing_container, tmp_path, 80) for _ in range(3)))
        with suppress(ContainerMissing):
            box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
        assert not box.path.exists()
        assert not (tmp_path / ".blobproof" / ACCOUNT / CONTAINER).exists()
        box.store.create_container(ACCOUNT, CONTAINER, ContainerProps())
        assert box.names(uncommitted=True) == []


@pytest.mark.parametrize("stores", [1, 2])
def test_threads_stage_blocks_side_by_side(tmp_path: Path, stores: int) -> None:
    box = make_box(tmp_path)
    others = [Box(Store(tmp_path, durable=False), tmp_path) for _ in range(stores - 1)]
    boxes = [box, *others]

    def stage(number: int) -> None:
        for block in range(number, 200, 8):
            boxes[number % stores].stage("big", block, b"%05d" % block)

    threads = [threading.Thread(target=stage, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    made = box.commit("big", *range(200))
    assert made.length == 1000
    assert box.get("big") == b"".join(b"%05d" % block for block in range(200))
    for each in boxes:
        each.store.close()


def test_only_one_of_many_threads_creates(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    wins: list[int] = []
    ready = threading.Barrier(8)

    def create(number: int) -> None:
        ready.wait(10)
        try:
            box.put("once", str(number).encode(), check=workers.unless_changed(None))
            wins.append(number)
        except workers.Lost:
            pass

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with box.store:
        assert len(wins) == 1
        assert box.get("once") == str(wins[0]).encode()
        assert box.incoming() == []


def test_a_held_name_does_not_hold_up_others(tmp_path: Path) -> None:
    box = make_box(tmp_path)
    with box.store:

        def meanwhile(_: object) -> None:
            box.put("other", b"2")
            box.stage("third", 1, b"3")
            box.store.update_container(ACCOUNT, CONTAINER, lambda record: record.props)
            box.names()

        box.put("held", b"1", check=meanwhile)
        box.store.commit_blocks(
            ACCOUNT, CONTAINER, "third", [("latest", block_id(1))], BlobProps(), lambda _: None
        )
        assert box.names() == ["held", "other", "third"]
