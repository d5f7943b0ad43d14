"""Listing: order, paging, delimiters; and that a page reads only what it must."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.store import BlobRecord, ContainerMissing, Prefix

from .conftest import ACCOUNT, CONTAINER, Box, make_box
from .test_awkward_names import rolled


def test_order_is_that_of_utf8_bytes_with_prefixes_between(box: Box) -> None:
    names = ["a", "a-b", "a.b", "a/b", "a0", "b/1", "b/2", "c", "Z", "é", "z", "\U0001d4b3", "\uffee", "~"]
    for name in names:
        box.put(name)
    assert box.names() == sorted(names, key=str.encode)
    assert box.names(delimiter="/") == rolled(sorted(names, key=str.encode), "", "/")
    assert box.names(delimiter="/", limit=1) == box.names(delimiter="/")


def test_the_marker_names_the_next_item(box: Box) -> None:
    for name in ("a", "b/1", "b/2", "c"):
        box.put(name)
    page = box.store.list_blobs(ACCOUNT, CONTAINER, delimiter="/", limit=1)
    assert ([item.name for item in page.items], page.next_marker) == (["a"], "b/")
    page = box.store.list_blobs(ACCOUNT, CONTAINER, delimiter="/", limit=1, marker="b/")
    assert (page.items, page.next_marker) == ([Prefix("b/")], "c")
    page = box.store.list_blobs(ACCOUNT, CONTAINER, limit=2, marker="b/")
    assert ([item.name for item in page.items], page.next_marker) == (["b/1", "b/2"], "c")
    assert box.names(marker="zzz") == []
    box.delete("b/1")  # a marker stays good when its item is gone
    assert box.names(marker="b/1") == ["b/2", "c"]


def test_records_in_a_listing_are_those_of_a_lookup(box: Box) -> None:
    for name in ("plain", "annex/", "deep/er"):
        box.put(name, name.encode())
    (box.path / "foreign").write_bytes(b"f")
    page = box.store.list_blobs(ACCOUNT, CONTAINER)
    assert [box.head(item.name) for item in page.items] == list(page.items)


def test_a_page_among_many_folders_reads_few_of_them(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        folder = box.path / f"d{number:03}" / "sub"
        folder.mkdir(parents=True)
        for leaf in range(3):
            (folder / f"f{leaf}").write_bytes(b"")
    scans = 0
    real = os.scandir

    def counted(path: object) -> object:
        nonlocal scans
        scans += 1
        return real(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", counted)

    def cost(**options: object) -> int:
        nonlocal scans
        scans = 0
        page = box.store.list_blobs(ACCOUNT, CONTAINER, limit=5, **options)  # type: ignore[arg-type]
        assert len(page.items) == 5 or not page.next_marker
        return scans

    assert cost() <= 6
    assert cost(marker="d200/sub/f1") <= 8
    assert cost(prefix="d250/") <= 3
    assert cost(prefix="d250/sub/f") <= 2
    assert cost(delimiter="/") <= 14
    assert cost(delimiter="/", marker="d290/") <= 14
    assert cost(prefix="nowhere/") <= 1
    assert cost(delimiter="0/") <= 60


def test_blobs_that_go_away_under_the_walk_do_no_harm(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{folder}/{leaf}" for folder in "abc" for leaf in "123"] + ["annex/", "top"]
    for name in names:
        box.put(name)
    victims = iter(["a/2", "b/1", "b/2", "b/3", "annex/", "c/1"])
    real = os.stat

    def removing(*args: object, **options: object) -> os.stat_result:
        monkeypatch.setattr(os, "stat", real)
        for victim in victims:
            box.delete(victim)
            break
        monkeypatch.setattr(os, "stat", removing)
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", removing)
    found = box.names()
    monkeypatch.setattr(os, "stat", real)
    survivors = set(names) - {"a/2", "b/1", "b/2", "b/3", "annex/", "c/1"}
    assert survivors <= set(found) <= set(names)
    assert found == sorted(found)


def test_descriptors_are_given_back(box: Box) -> None:
    for number in range(20):
        box.put(f"{number}/x/y/z")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        box.names(limit=3)
        box.names(delimiter="x", limit=2)
        with pytest.raises(ContainerMissing):
            box.store.list_blobs(ACCOUNT, "other")
        box.head("1/x/y/z")
        box.get("2/x/y/z")
        box.store.containers(ACCOUNT)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


PART = st.sampled_from(["a", "b", "ab", "a-", "-", "aa", "é", "0", "a.b", "\U0001d4b3"])


@settings(max_examples=100, deadline=None)
@given(
    names=st.lists(st.lists(PART, min_size=1, max_size=4).map("/".join), max_size=20, unique=True),
    prefix=st.sampled_from(["", "a", "a/", "ab/", "a/b/", "a-", "é/", "x", "a//"]),
    delimiter=st.sampled_from(["", "/", "-", "b", "a/", "/a/", "é"]),
    marker=st.one_of(st.just(""), st.lists(PART, min_size=1, max_size=3).map("/".join)),
    limit=st.integers(1, 6),
)
def test_against_the_simple_model(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    prefix: str,
    delimiter: str,
    marker: str,
    limit: int,
) -> None:
    box = make_box(tmp_path_factory.mktemp("listing"))
    with box.store:
        for name in names:
            box.put(name)
        ordered = [name for name in sorted(names, key=str.encode) if name.encode() >= marker.encode()]
        assert box.names(prefix, delimiter, marker, limit) == rolled(ordered, prefix, delimiter)
        page = box.store.list_blobs(ACCOUNT, CONTAINER, limit=len(names) + 1)
        assert [item.name for item in page.items if isinstance(item, BlobRecord)] == sorted(
            names, key=str.encode
        )
