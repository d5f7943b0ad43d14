"""Staged blocks and what is committed from them."""

from __future__ import annotations

import base64
import os
import time

import pytest

from reference_impl.store import (
    BlobMissing,
    BlobProps,
    Block,
    BlockIdLengthMismatch,
    BlockLists,
    ContainerMissing,
    InvalidName,
    TooManyBlocks,
    UnknownBlock,
    staging,
)

from .conftest import ACCOUNT, CONTAINER, Box, block_id


def lists(box: Box, name: str) -> BlockLists:
    return box.store.block_list(ACCOUNT, CONTAINER, name)


def test_blocks_become_a_blob_in_the_order_of_the_list(box: Box) -> None:
    for number, data in ((3, b"ccc"), (1, b"a"), (2, b"bb")):
        box.stage("x", number, data)
    before = lists(box, "x")
    assert before.record is None
    assert [block.size for block in before.uncommitted] == [1, 2, 3]
    made = box.commit("x", 2, 1, 3, 2, props=BlobProps(content_md5="AA=="))
    assert (made.block_count, made.props.content_md5) == (4, "AA==")
    assert box.get("x") == b"bbacccbb"
    after = lists(box, "x")
    assert after.record == made
    assert after.committed == [Block(block_id(n), s) for n, s in ((2, 2), (1, 1), (3, 3), (2, 2))]
    assert after.uncommitted == []


def test_a_blob_of_staged_blocks_only_is_missing_but_listed_and_deletable(box: Box) -> None:
    box.stage("x", 1, b"a")
    with pytest.raises(BlobMissing):
        box.head("x")
    assert box.names() == []
    page = box.store.list_blobs(ACCOUNT, CONTAINER, uncommitted=True)
    assert [(item.name, item.committed) for item in page.items] == [("x", False)]  # type: ignore[union-attr]
    box.delete("x")
    assert box.names(uncommitted=True) == []
    with pytest.raises(BlobMissing):
        lists(box, "x")
    with pytest.raises(BlobMissing):
        box.delete("x")


def test_the_same_id_replaces(box: Box) -> None:
    box.stage("x", 1, b"old")
    box.stage("x", 1, b"newer")
    assert [block.size for block in lists(box, "x").uncommitted] == [5]
    box.commit("x", 1)
    assert box.get("x") == b"newer"


def test_where_an_entry_is_looked_up(box: Box) -> None:
    box.stage("x", 1, b"committed")
    box.stage("x", 2, b"two")
    box.commit("x", 1, 2)
    box.stage("x", 1, b"staged")
    commit = box.store.commit_blocks
    one = block_id(1)
    with pytest.raises(UnknownBlock):
        commit(ACCOUNT, CONTAINER, "x", [("uncommitted", block_id(2))], BlobProps())
    commit(
        ACCOUNT,
        CONTAINER,
        "x",
        [("committed", one), ("uncommitted", one), ("latest", one), ("latest", block_id(2))],
        BlobProps(),
    )
    assert box.get("x") == b"committedstagedstagedtwo"
    with pytest.raises(UnknownBlock):
        commit(ACCOUNT, CONTAINER, "x", [("uncommitted", one)], BlobProps())


def test_an_unknown_block_changes_nothing(box: Box) -> None:
    box.stage("x", 1, b"a")
    with pytest.raises(UnknownBlock):
        box.commit("x", 1, 9)
    assert len(lists(box, "x").uncommitted) == 1
    assert box.names() == []
    with pytest.raises(UnknownBlock):
        box.commit("never", 1)
    assert box.incoming() == []


def test_an_empty_list_makes_an_empty_blob(box: Box) -> None:
    assert box.commit("fresh").length == 0
    box.stage("x", 1, b"a")
    box.commit("x", 1)
    box.stage("x", 2, b"b")
    assert box.commit("x").length == 0
    assert lists(box, "x").uncommitted == []
    assert box.get("x") == b""


@pytest.mark.parametrize("step", ["put", "commit", "delete", "foreign"])
def test_uncommitted_blocks_go_with_every_new_state(box: Box, step: str) -> None:
    box.put("x", b"base")
    box.stage("x", 1, b"a")
    box.stage("x", 2, b"b")
    if step == "put":
        box.put("x", b"new")
    elif step == "commit":
        box.commit("x", 1)
    elif step == "delete":
        box.delete("x")
        with pytest.raises(BlobMissing):
            lists(box, "x")
        return
    else:
        (box.path / "x").write_bytes(b"by somebody else")
    assert lists(box, "x").uncommitted == []
    box.stage("x", 7, b"c", width=9)


def test_changing_properties_keeps_blocks(box: Box) -> None:
    box.put("x", b"base")
    box.stage("x", 1, b"a")
    box.store.update_blob(ACCOUNT, CONTAINER, "x", lambda _: BlobProps(tier="Hot"))
    box.commit("x", 1)
    assert box.get("x") == b"a"


def test_ids_of_a_blob_have_one_length(box: Box) -> None:
    box.stage("x", 1, b"a")
    with pytest.raises(BlockIdLengthMismatch):
        box.stage("x", 1, b"a", width=6)
    assert len(lists(box, "x").uncommitted) == 1
    assert box.incoming() == []
    box.commit("x", 1)
    box.stage("x", 1, b"a", width=6)  # only uncommitted ids count: another client may replace the blob


def test_ids_that_are_no_base64_are_refused(box: Box) -> None:
    for bad in ("", "a", "a===", "../x", "a/..", "x" * 244, "ab=c", "aé=="):
        with pytest.raises(InvalidName), box.store.upload(ACCOUNT, CONTAINER) as upload:
            box.store.stage_block(upload, "x", bad)
        with pytest.raises(UnknownBlock):
            box.store.commit_blocks(ACCOUNT, CONTAINER, "x", [("latest", bad)], BlobProps())
    assert box.names(uncommitted=True) == []
    longest = base64.b64encode(bytes(range(180, 244))).decode()
    assert "/" in longest or "+" in longest
    with box.store.upload(ACCOUNT, CONTAINER) as upload:
        upload.write(b"x")
        box.store.stage_block(upload, "x", longest)
    assert lists(box, "x").uncommitted == [Block(longest, 1)]


def test_the_number_of_uncommitted_blocks_is_bounded(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MAX_UNCOMMITTED", 40)
    for number in range(40):
        box.stage("x", number, b"a")
    with pytest.raises(TooManyBlocks):
        box.stage("x", 40, b"a")
    box.stage("x", 39, b"again")
    with pytest.raises(TooManyBlocks):
        box.stage("x", 41, b"a")
    box.commit("x", *range(40))
    box.stage("x", 41, b"a")
    assert box.incoming() == []


def test_one_id_many_times(box: Box) -> None:
    box.stage("x", 1, b"z")
    made = box.commit("x", *[1] * 50_000)
    assert (made.length, made.block_count) == (50_000, 50_000)
    assert len(lists(box, "x").committed) == 50_000
    box.commit("x", *[1] * 3)
    assert box.get("x") == b"zzz"


@pytest.mark.parametrize("kernel", [True, False])
def test_large_blocks_are_copied_whole(box: Box, monkeypatch: pytest.MonkeyPatch, kernel: bool) -> None:
    if not kernel:
        monkeypatch.delattr(os, "copy_file_range")
    parts = [bytes([n]) * (1_500_000 + n) for n in range(3)]
    for number, part in enumerate(parts):
        box.stage("x", number, part)
    box.commit("x", 0, 1, 2)
    assert box.get("x") == b"".join(parts)
    box.commit("x", 2, 0)
    assert box.get("x") == parts[2] + parts[0]


def test_blocks_need_a_container(box: Box) -> None:
    with pytest.raises(ContainerMissing):
        box.store.commit_blocks(ACCOUNT, "other", "x", [], BlobProps())
    with pytest.raises(ContainerMissing):
        box.store.block_list(ACCOUNT, "other", "x")
    upload = box.store.upload(ACCOUNT, CONTAINER)
    box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
    with pytest.raises(ContainerMissing):
        box.store.stage_block(upload, "x", block_id(1))
    assert box.incoming() == []


def _age(box: Box, seconds: float) -> None:
    """Make all staged blocks look as if the last one had come so long ago."""
    moment = time.time() - seconds
    for folder in (box.root / ".blobproof").glob("acct/box/blocks/*/*"):
        if folder.is_dir():
            os.utime(folder, (moment, moment))


@pytest.mark.parametrize("committed", [False, True])
def test_blocks_are_kept_for_a_week_and_no_longer(box: Box, committed: bool) -> None:
    if committed:
        box.put("b", b"base")
    box.stage("b", 1, b"one")
    _age(box, staging.KEPT - 100)
    box.stage("b", 2, b"two")  # the week begins again
    _age(box, staging.KEPT - 100)
    assert len(box.store.block_list(ACCOUNT, CONTAINER, "b").uncommitted) == 2
    _age(box, staging.KEPT + 100)
    if committed:
        assert box.store.block_list(ACCOUNT, CONTAINER, "b").uncommitted == []
    else:
        with pytest.raises(BlobMissing):
            box.store.block_list(ACCOUNT, CONTAINER, "b")
        with pytest.raises(BlobMissing):
            box.delete("b")
        assert box.names(uncommitted=True) == []
    with pytest.raises(UnknownBlock):
        box.commit("b", 1)
    box.stage("b", 3, b"three", width=9)  # another length of ids: the old ones count no more
    assert len(box.store.block_list(ACCOUNT, CONTAINER, "b").uncommitted) == 1
