"""Containers: making, changing, listing, deleting, and what foreign hands made or removed."""

from __future__ import annotations

import pytest

from reference_impl.store import (
    BlobMissing,
    BlobProps,
    ContainerExists,
    ContainerMissing,
    ContainerProps,
    ContainerRecord,
    InvalidName,
)

from .conftest import ACCOUNT, CONTAINER, Box

PROPS = ContainerProps(metadata=(("A", "b"),), public_access="blob", extra={"x": "y"})


def test_a_container_keeps_its_properties(box: Box) -> None:
    made = box.store.create_container(ACCOUNT, "second", PROPS)
    assert box.store.container(ACCOUNT, "second") == made
    assert (made.props, made.derived) == (PROPS, False)
    with pytest.raises(ContainerExists):
        box.store.create_container(ACCOUNT, "second", PROPS)
    changed = box.store.update_container(ACCOUNT, "second", lambda record: ContainerProps())
    assert changed.ticks > made.ticks
    assert changed.created_ticks == made.created_ticks
    assert box.store.container(ACCOUNT, "second") == changed


def test_names_that_are_none_are_refused(box: Box) -> None:
    for account, name in (("..", "abc"), ("", "abc"), (".blobproof", "abc"), (ACCOUNT, ".."), (ACCOUNT, "A")):
        with pytest.raises(InvalidName):
            box.store.create_container(account, name, PROPS)


def test_listing_is_ordered_and_paged(box: Box) -> None:
    for name in ("bbb", "aaa", "bba", "ccc"):
        box.store.create_container(ACCOUNT, name, PROPS)
    (box.root / ACCOUNT / "Not_A_Container").mkdir()
    (box.root / ACCOUNT / "file").write_bytes(b"")
    (box.root / ACCOUNT / "link").symlink_to("/etc")

    def found(**options: object) -> tuple[list[str], str]:
        page = box.store.containers(ACCOUNT, **options)  # type: ignore[arg-type]
        return [record.name for record in page.items], page.next_marker

    assert found() == (["aaa", "bba", "bbb", CONTAINER, "ccc"], "")
    assert found(limit=2) == (["aaa", "bba"], "bbb")
    assert found(marker="bbb", limit=2) == (["bbb", CONTAINER], "ccc")
    assert found(prefix="bb") == (["bba", "bbb"], "")
    assert box.store.containers("nobody").items == ()


def test_deleting_takes_everything_with_it(box: Box) -> None:
    box.put("a/b", b"1")
    box.put("a", b"annex")
    box.stage("s", 1, b"x")

    def refuse(_: ContainerRecord) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        box.store.delete_container(ACCOUNT, CONTAINER, refuse)
    assert box.names() == ["a", "a/b"]
    box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
    for call in (box.names, lambda: box.head("a"), lambda: box.put("x")):
        with pytest.raises(ContainerMissing):
            call()
    with pytest.raises(ContainerMissing):
        box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
    box.store.create_container(ACCOUNT, CONTAINER, PROPS)
    assert box.names(uncommitted=True) == []


def test_an_upload_does_not_bring_a_deleted_container_back(box: Box) -> None:
    for name in ("plain", "deep/er", "annex/"):
        upload = box.store.upload(ACCOUNT, CONTAINER)
        upload.write(b"x")
        box.store.delete_container(ACCOUNT, CONTAINER, lambda _: None)
        with pytest.raises(ContainerMissing):
            box.store.commit_blob(upload, name, BlobProps())
        assert not box.path.exists()
        assert not (box.root / ".blobproof" / ACCOUNT / CONTAINER).exists()
        assert box.incoming() == []
        box.store.create_container(ACCOUNT, CONTAINER, PROPS)
    assert box.names() == []


def test_deleting_while_a_commit_is_under_way(box: Box) -> None:
    """The check runs in the middle of a commit: the container goes away under its feet."""

    def pull_away(_: object) -> None:
        box.path.rename(box.path.with_name("gone"))

    for name in ("plain", "deep/er", "annex/"):
        with pytest.raises(ContainerMissing):
            box.put(name, b"x", check=pull_away)
        assert not box.path.exists()
        box.path.with_name("gone").rename(box.path)


def test_what_a_cut_short_deletion_left_does_not_come_back(box: Box) -> None:
    box.put("annex/", b"x", BlobProps(tier="Hot"))
    box.stage("s", 1, b"x")
    box.path.rename(box.root / "elsewhere")  # as a kill between the two renames of a deletion leaves it
    with pytest.raises(ContainerMissing):
        box.head("annex/")
    box.store.create_container(ACCOUNT, CONTAINER, PROPS)
    assert box.names(uncommitted=True) == []


def test_a_directory_that_somebody_made_is_a_container(box: Box) -> None:
    (box.root / ACCOUNT / "theirs").mkdir()
    record = box.store.container(ACCOUNT, "theirs")
    assert record.derived
    assert record.props == ContainerProps()
    with box.store.upload(ACCOUNT, "theirs") as upload:
        box.store.commit_blob(upload, "annex/", BlobProps(tier="Hot"))
    assert box.store.blob(ACCOUNT, "theirs", "annex/").props.tier == "Hot"
    changed = box.store.update_container(ACCOUNT, "theirs", lambda _: PROPS)
    assert not changed.derived
    assert box.store.container(ACCOUNT, "theirs") == changed
    box.store.delete_container(ACCOUNT, "theirs", lambda _: None)


def test_a_container_that_somebody_removed_is_missing(box: Box) -> None:
    box.path.rmdir()
    with pytest.raises(ContainerMissing):
        box.store.container(ACCOUNT, CONTAINER)
    with pytest.raises(ContainerMissing):
        box.put("a")


def test_a_container_behind_a_symlink_is_none(box: Box) -> None:
    (box.root / "target").mkdir()
    (box.root / "target" / "secret").write_bytes(b"s")
    (box.root / ACCOUNT / "linked").symlink_to(box.root / "target")
    (box.root / "linkacct").symlink_to(box.root / ACCOUNT)
    for account, name in ((ACCOUNT, "linked"), ("linkacct", CONTAINER)):
        with pytest.raises(ContainerMissing):
            box.store.blob(account, name, "secret")
        with pytest.raises(ContainerMissing):
            box.store.container(account, name)
    with pytest.raises(BlobMissing):
        box.head("secret")


def test_accounts_may_be_called_like_our_folders(box: Box) -> None:
    for account in ("trash", "lock", "incoming"):
        box.store.create_container(account, "abc", PROPS)
        assert box.store.container(account, "abc").props == PROPS
